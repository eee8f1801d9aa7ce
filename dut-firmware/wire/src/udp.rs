//! UDP over IPv6 (RFC 768, RFC 8200 section 8.1): the checksum is mandatory.

use alloc::vec;
use alloc::vec::Vec;

use crate::ipv6::{Ipv6Addr, NextHeader, checksum};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Octets of the header.
pub const HEADER_LENGTH: usize = 8;

/// A datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Payload.
    pub payload: Vec<u8>,
}

impl Datagram {
    /// Parses a datagram between two addresses and verifies its checksum; octets after the length are ignored.
    pub fn parse(bytes: &[u8], source: Ipv6Addr, destination: Ipv6Addr) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let source_port = reader.u16_be("UDP source port")?;
        let destination_port = reader.u16_be("UDP destination port")?;
        let length = usize::from(reader.u16_be("UDP length")?);
        let received = reader.u16_be("UDP checksum")?;
        let covered = bytes.get(..length).ok_or(Error::Truncated("UDP datagram"))?;
        let payload = covered.get(HEADER_LENGTH..).ok_or(Error::Malformed("UDP length below 8"))?.to_vec();
        if received == 0 || checksum(source, destination, NextHeader::UDP, covered) != 0 {
            return Err(Error::Integrity("UDP checksum"));
        }
        Ok(Self { source_port, destination_port, payload })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.payload.len().saturating_add(HEADER_LENGTH)
    }

    /// Writes the datagram with its checksum.
    pub fn emit(&self, source: Ipv6Addr, destination: Ipv6Addr, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("UDP length above 65535"))?;
        let mut writer = Writer::new(buffer);
        writer.u16_be(self.source_port, "UDP source port")?;
        writer.u16_be(self.destination_port, "UDP destination port")?;
        writer.u16_be(length, "UDP length")?;
        writer.u16_be(0, "UDP checksum")?;
        writer.put(&self.payload, "UDP payload")?;
        // A computed zero is sent as all ones: zero would mean that there is no checksum.
        let sum = match checksum(source, destination, NextHeader::UDP, writer.finish()) {
            0 => 0xffff,
            sum => sum,
        };
        let field = buffer.get_mut(6..8).ok_or(Error::NoRoom("UDP checksum"))?;
        field.copy_from_slice(&sum.to_be_bytes());
        Ok(())
    }

    /// The datagram as bytes.
    pub fn to_vec(&self, source: Ipv6Addr, destination: Ipv6Addr) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(source, destination, &mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipv6::ALL_NODES;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::zero_checksum(&[0, 1, 0, 2, 0, 8, 0, 0], Error::Integrity("UDP checksum"))]
    #[case::short_length(&[0, 1, 0, 2, 0, 7, 0, 1], Error::Malformed("UDP length below 8"))]
    #[case::long_length(&[0, 1, 0, 2, 0, 9, 0, 1], Error::Truncated("UDP datagram"))]
    #[case::no_header(&[0, 1, 0, 2], Error::Truncated("UDP length"))]
    fn wrong_datagrams_are_refused(#[case] bytes: &[u8], #[case] error: Error) {
        assert_eq!(Datagram::parse(bytes, ALL_NODES, ALL_NODES), Err(error));
    }

    proptest! {
        #[test]
        fn a_datagram_survives_emit_and_parse_and_no_flipped_bit_does(
            ports: (u16, u16), addresses: (u128, u128), payload in proptest::collection::vec(any::<u8>(), 0..100),
            position: prop::sample::Index, bit in 0..8u8,
        ) {
            let (source, destination) = (Ipv6Addr::from_bits(addresses.0), Ipv6Addr::from_bits(addresses.1));
            let datagram = Datagram { source_port: ports.0, destination_port: ports.1, payload };
            let mut bytes = datagram.to_vec(source, destination).unwrap();
            prop_assert_eq!(Datagram::parse(&bytes, source, destination).unwrap(), datagram);
            let at = position.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(Datagram::parse(&bytes, source, destination).is_err());
        }
    }
}
