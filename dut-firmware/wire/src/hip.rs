//! HIP packets and parameters (RFC 7401 sections 5.1 and 5.2), IP protocol 139.

use alloc::vec;
use alloc::vec::Vec;

use crate::ipv6::{Ipv6Addr, NextHeader, checksum as ipv6_checksum};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// IP protocol and IPv6 next header.
pub const PROTOCOL: u8 = 139;
/// UDP port for NAT traversal.
pub const PORT: u16 = 10500;
/// Octets of the fixed header.
pub const HEADER_LENGTH: usize = 40;

/// The type of a packet, 7 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketType(pub u8);

impl PacketType {
    /// I1: the initiator's trigger.
    pub const I1: Self = Self(1);
    /// R1: the responder's puzzle.
    pub const R1: Self = Self(2);
    /// I2: the initiator's solution.
    pub const I2: Self = Self(3);
    /// R2: the end of the base exchange.
    pub const R2: Self = Self(4);
    /// UPDATE.
    pub const UPDATE: Self = Self(16);
    /// NOTIFY.
    pub const NOTIFY: Self = Self(17);
    /// CLOSE.
    pub const CLOSE: Self = Self(18);
    /// CLOSE_ACK.
    pub const CLOSE_ACK: Self = Self(19);
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Type; the lowest bit says "critical".
    pub parameter_type: u16,
    /// Contents, padding to a multiple of eight octets not counted.
    pub contents: Vec<u8>,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What follows the HIP header; 59 (none) in all packets so far.
    pub next_header: u8,
    /// Packet type.
    pub packet_type: PacketType,
    /// Version, 4 bits.
    pub version: u8,
    /// Checksum as received, or to be sent; see [`checksum`].
    pub checksum: u16,
    /// Controls; the lowest bit says that the sender's identity is anonymous.
    pub controls: u16,
    /// Sender's host identity tag.
    pub sender: [u8; 16],
    /// Receiver's host identity tag; zero in an opportunistic I1.
    pub receiver: [u8; 16],
    /// Parameters in their order.
    pub parameters: Vec<Parameter>,
}

impl Packet {
    /// Parses a packet, without a look at its checksum; octets after its length are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let next_header = reader.u8("HIP next header")?;
        let length = usize::from(reader.u8("HIP header length")?);
        let packet_type = reader.u8("HIP packet type")?;
        let version = reader.u8("HIP version")?;
        // The three bits between are ignored on receipt (RFC 7401 section 5.1).
        if packet_type >> 7 != 0 || version & 1 != 1 {
            return Err(Error::Malformed("HIP fixed bits"));
        }
        let checksum = reader.u16_be("HIP checksum")?;
        let controls = reader.u16_be("HIP controls")?;
        let sender = reader.array("HIP sender")?;
        let receiver = reader.array("HIP receiver")?;
        // In units of eight octets, the first eight not counted.
        let rest = length.checked_sub(4).ok_or(Error::Malformed("HIP header length below 4"))?;
        let mut reader = Reader::new(reader.take(rest.saturating_mul(8), "HIP parameters")?);
        let mut parameters = Vec::new();
        while !reader.is_empty() {
            let parameter_type = reader.u16_be("HIP parameter type")?;
            let length = usize::from(reader.u16_be("HIP parameter length")?);
            let contents = reader.take(length, "HIP parameter contents")?.to_vec();
            reader.take(padding(length), "HIP parameter padding")?;
            parameters.push(Parameter { parameter_type, contents });
        }
        let (packet_type, version) = (PacketType(packet_type), version >> 4);
        Ok(Self { next_header, packet_type, version, checksum, controls, sender, receiver, parameters })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.parameters.iter().fold(HEADER_LENGTH, |sum, parameter| {
            let length = parameter.contents.len();
            sum.saturating_add(4).saturating_add(length).saturating_add(padding(length))
        })
    }

    /// Writes the packet with the checksum that it has.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = self.buffer_len().checked_div(8).and_then(|units| units.checked_sub(1));
        let length = length.and_then(|units| u8::try_from(units).ok()).ok_or(Error::Malformed("HIP length"))?;
        if self.packet_type.0 > 0x7f || self.version > 0xf {
            return Err(Error::Malformed("HIP packet type or version"));
        }
        let mut writer = Writer::new(buffer);
        writer.put(&[self.next_header, length, self.packet_type.0, self.version << 4 | 1], "HIP header")?;
        writer.u16_be(self.checksum, "HIP checksum")?;
        writer.u16_be(self.controls, "HIP controls")?;
        writer.put(&self.sender, "HIP sender")?;
        writer.put(&self.receiver, "HIP receiver")?;
        for Parameter { parameter_type, contents } in &self.parameters {
            let length = u16::try_from(contents.len()).map_err(|_| Error::Malformed("HIP parameter length"))?;
            writer.u16_be(*parameter_type, "HIP parameter type")?;
            writer.u16_be(length, "HIP parameter length")?;
            writer.put(contents, "HIP parameter contents")?;
            writer.put([0; 7].get(..padding(contents.len())).unwrap_or(&[]), "HIP parameter padding")?;
        }
        Ok(())
    }

    /// The packet as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

/// The checksum of a packet between two addresses (RFC 7401 section 5.1.1): what to put into its field if that is zero,
/// and 0 if the packet carries a right one.
pub fn checksum(source: Ipv6Addr, destination: Ipv6Addr, packet: &[u8]) -> u16 {
    ipv6_checksum(source, destination, NextHeader(PROTOCOL), packet)
}

/// Octets behind the contents so that the whole parameter is a multiple of eight.
pub fn padding(length: usize) -> usize {
    length.wrapping_add(4).wrapping_neg() & 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_i1_has_no_parameters() {
        let bytes = [[59, 4, 1, 0x11, 0, 0, 0, 0].as_slice(), &[0x48; 16], &[0x49; 16]].concat();
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.packet_type, packet.version), (PacketType::I1, 1));
        assert!(packet.parameters.is_empty());
        assert_eq!(Packet::parse(&[0x88; 40]), Err(Error::Malformed("HIP fixed bits")));
    }

    proptest! {
        #[test]
        fn a_packet_survives_emit_and_parse_and_fits_its_buffer_only(
            fields: (u8, u16, u16, [u8; 16], [u8; 16]), packet_type in 0..0x80u8, version in 0..0x10u8,
            parameters in proptest::collection::vec((any::<u16>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..6),
        ) {
            let parameters =
                parameters.into_iter().map(|(parameter_type, contents)| Parameter { parameter_type, contents });
            let packet = Packet {
                next_header: fields.0, packet_type: PacketType(packet_type), version, checksum: fields.1,
                controls: fields.2, sender: fields.3, receiver: fields.4, parameters: parameters.collect(),
            };
            let bytes = packet.to_vec().unwrap();
            prop_assert_eq!(Packet::parse(&bytes).unwrap(), packet.clone());
            prop_assert!(packet.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Packet::parse(&bytes);
            if bytes.len() >= 40 {
                let units = (bytes.len() / 8 - 1) as u8;
                bytes[1..4].copy_from_slice(&[units, 3, 0x21]);
                let _ = Packet::parse(&bytes);
            }
        }
    }
}
