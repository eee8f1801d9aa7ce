//! The IPv4 header (RFC 791 section 3.1), as met on a backbone: fragments are named, not put together.
//!
//! The pseudo-header checksum of UDP over IPv4 needs no code of its own: [`crate::ipv6::checksum`] over IPv4-mapped
//! addresses is the same, since each `ffff` of a mapped address adds zero to a one's complement sum.

use alloc::vec;
use alloc::vec::Vec;
pub use core::net::Ipv4Addr;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Octets of the header without options.
pub const HEADER_LENGTH: usize = 20;
const MAX_OPTIONS: usize = 40;

/// The header without version, lengths and checksum, which follow from the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
    /// Identification, equal in all fragments of a datagram.
    pub identification: u16,
    /// Don't fragment.
    pub dont_fragment: bool,
    /// More fragments.
    pub more_fragments: bool,
    /// Fragment offset in units of eight octets, 13 bits.
    pub fragment_offset: u16,
    /// Time to live.
    pub time_to_live: u8,
    /// Protocol, of the same number space as IPv6's next header.
    pub protocol: u8,
    /// Source.
    pub source: Ipv4Addr,
    /// Destination.
    pub destination: Ipv4Addr,
    /// Options, a multiple of four octets, at most 40.
    pub options: Vec<u8>,
}

impl Header {
    /// Octets of the header with its options.
    pub fn len(&self) -> usize {
        self.options.len().saturating_add(HEADER_LENGTH)
    }

    /// A header always has octets.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether the packet is a part of a datagram.
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Header.
    pub header: Header,
    /// Everything that the total length counts behind the header.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Parses a packet and verifies its header checksum; octets after the total length are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8("IPv4 version")?;
        if first >> 4 != 4 {
            return Err(Error::Malformed("IP version is not 4"));
        }
        let header_length = usize::from(first & 0xf).saturating_mul(4);
        let traffic_class = reader.u8("IPv4 traffic class")?;
        let total_length = usize::from(reader.u16_be("IPv4 total length")?);
        let identification = reader.u16_be("IPv4 identification")?;
        let fragment = reader.u16_be("IPv4 fragment offset")?;
        let time_to_live = reader.u8("IPv4 time to live")?;
        let protocol = reader.u8("IPv4 protocol")?;
        reader.u16_be("IPv4 checksum")?;
        let source = Ipv4Addr::from(reader.array::<4>("IPv4 source")?);
        let destination = Ipv4Addr::from(reader.array::<4>("IPv4 destination")?);
        let options_len = header_length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("IPv4 header below 20"))?;
        let options = reader.take(options_len, "IPv4 options")?.to_vec();
        let payload_len = total_length.checked_sub(header_length).ok_or(Error::Malformed("IPv4 total length"))?;
        let payload = reader.take(payload_len, "IPv4 payload")?.to_vec();
        if checksum(bytes.get(..header_length).unwrap_or(&[])) != 0 {
            return Err(Error::Integrity("IPv4 header checksum"));
        }
        if fragment >> 15 == 1 {
            return Err(Error::Malformed("IPv4 reserved flag"));
        }
        let header = Header {
            traffic_class,
            identification,
            dont_fragment: fragment >> 14 & 1 == 1,
            more_fragments: fragment >> 13 & 1 == 1,
            fragment_offset: fragment & 0x1fff,
            time_to_live,
            protocol,
            source,
            destination,
            options,
        };
        Ok(Self { header, payload })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.header.len().saturating_add(self.payload.len())
    }

    /// Writes the packet with its header checksum.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let Header { options, .. } = &self.header;
        if options.len() > MAX_OPTIONS || options.len() & 3 != 0 || self.header.fragment_offset > 0x1fff {
            return Err(Error::Malformed("IPv4 header"));
        }
        let header_length = self.header.len();
        let total = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("IPv4 total length above 65535"))?;
        let flags = u16::from(self.header.dont_fragment) << 14 | u16::from(self.header.more_fragments) << 13;
        let mut writer = Writer::new(buffer);
        writer.u8(0x40 | (header_length >> 2) as u8, "IPv4 version")?;
        writer.u8(self.header.traffic_class, "IPv4 traffic class")?;
        writer.u16_be(total, "IPv4 total length")?;
        writer.u16_be(self.header.identification, "IPv4 identification")?;
        writer.u16_be(flags | self.header.fragment_offset, "IPv4 fragment offset")?;
        writer.u8(self.header.time_to_live, "IPv4 time to live")?;
        writer.u8(self.header.protocol, "IPv4 protocol")?;
        writer.u16_be(0, "IPv4 checksum")?;
        writer.put(&self.header.source.octets(), "IPv4 source")?;
        writer.put(&self.header.destination.octets(), "IPv4 destination")?;
        writer.put(options, "IPv4 options")?;
        writer.put(&self.payload, "IPv4 payload")?;
        let sum = checksum(buffer.get(..header_length).unwrap_or(&[]));
        let field = buffer.get_mut(10..12).ok_or(Error::NoRoom("IPv4 checksum"))?;
        field.copy_from_slice(&sum.to_be_bytes());
        Ok(())
    }

    /// The packet as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

/// The checksum over a header: what to put into its field if that is zero, and 0 if the header carries a right one.
pub fn checksum(header: &[u8]) -> u16 {
    let mut sum = header.chunks(2).fold(0u64, |sum, pair| {
        let high = pair.first().copied().unwrap_or_default();
        let low = pair.get(1).copied().unwrap_or_default();
        sum.wrapping_add(u64::from(u16::from_be_bytes([high, low])))
    });
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipv6::{self, NextHeader};
    use proptest::prelude::*;

    #[test]
    fn udp_over_ipv4_is_summed_over_mapped_addresses() {
        // A datagram 192.0.2.1:1 to 192.0.2.2:2 with payload "hi": the sum of the pseudo-header of RFC 768 by hand.
        let mut datagram = [0, 1, 0, 2, 0, 10, 0, 0, b'h', b'i'];
        let words = [0xc000u32, 0x0201, 0xc000, 0x0202, 17, 10, 1, 2, 10, 0x6869];
        let sum = words.iter().sum::<u32>();
        let expected = !((sum >> 16) as u16 + sum as u16);
        let (source, destination) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        let ends = (source.to_ipv6_mapped(), destination.to_ipv6_mapped());
        assert_eq!(ipv6::checksum(ends.0, ends.1, NextHeader::UDP, &datagram), expected);
        datagram[6..8].copy_from_slice(&expected.to_be_bytes());
        assert_eq!(ipv6::checksum(ends.0, ends.1, NextHeader::UDP, &datagram), 0);
    }

    #[test]
    fn a_damaged_header_is_refused() {
        // Of a datagram of 115 octets from 192.168.0.1 to 192.168.0.199, the sum worked out by hand.
        let mut header = hex::decode("45000073000040004011b861c0a80001c0a800c7").unwrap();
        assert_eq!(checksum(&header), 0);
        header.resize(0x73, 0);
        assert!(Packet::parse(&header).is_ok());
        let mut damaged = header.clone();
        damaged[8] ^= 1;
        assert_eq!(Packet::parse(&damaged), Err(Error::Integrity("IPv4 header checksum")));
        assert_eq!(Packet::parse(&[0x44; 20]), Err(Error::Malformed("IPv4 header below 20")));
        assert_eq!(Packet::parse(&[0x60; 20]), Err(Error::Malformed("IP version is not 4")));
    }

    proptest! {
        #[test]
        fn a_packet_survives_emit_and_parse_and_fits_its_buffer_only(
            fields: (u8, u16, bool, bool, u8, u8, u32, u32), fragment_offset in 0..0x2000u16, words in 0..=10usize,
            payload in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let header = Header {
                traffic_class: fields.0, identification: fields.1, dont_fragment: fields.2, more_fragments: fields.3,
                fragment_offset, time_to_live: fields.4, protocol: fields.5, source: Ipv4Addr::from_bits(fields.6),
                destination: Ipv4Addr::from_bits(fields.7), options: vec![1; words * 4],
            };
            let packet = Packet { header, payload };
            let bytes = packet.to_vec().unwrap();
            prop_assert_eq!(Packet::parse(&bytes).unwrap(), packet.clone());
            prop_assert!(packet.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
        }
    }
}
