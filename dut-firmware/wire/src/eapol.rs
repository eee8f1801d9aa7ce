//! EAP over LAN: the packet of IEEE 802.1X-2010 section 11.3, over Ethernet (EtherType 888e) and as key management
//! protocol 1 of IEEE 802.15.9.

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Octets before the body.
pub const HEADER_LENGTH: usize = 4;

/// The type of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PacketType(pub u8);

impl PacketType {
    /// The body is an EAP packet.
    pub const EAP: Self = Self(0);
    /// A supplicant asks to begin.
    pub const START: Self = Self(1);
    /// A supplicant leaves.
    pub const LOGOFF: Self = Self(2);
    /// A key descriptor.
    pub const KEY: Self = Self(3);
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Protocol version: 1, 2 or 3.
    pub version: u8,
    /// Packet type.
    pub packet_type: PacketType,
    /// Body.
    pub body: Vec<u8>,
}

impl Packet {
    /// Parses a packet; octets after the body are padding of Ethernet and ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let version = reader.u8("EAPOL version")?;
        let packet_type = PacketType(reader.u8("EAPOL type")?);
        let length = reader.u16_be("EAPOL length")?;
        Ok(Self { version, packet_type, body: reader.take(length.into(), "EAPOL body")?.to_vec() })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.body.len().saturating_add(HEADER_LENGTH)
    }

    /// Writes the packet.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.body.len()).map_err(|_| Error::Malformed("EAPOL body above 65535"))?;
        let mut writer = Writer::new(buffer);
        writer.put(&[self.version, self.packet_type.0], "EAPOL version")?;
        writer.u16_be(length, "EAPOL length")?;
        writer.put(&self.body, "EAPOL body")
    }

    /// The packet as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_packet_survives_emit_and_parse_and_fits_its_buffer_only(
            version: u8, packet_type: u8, body in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let packet = Packet { version, packet_type: PacketType(packet_type), body };
            let bytes = packet.to_vec().unwrap();
            prop_assert_eq!(Packet::parse(&bytes).unwrap(), packet.clone());
            prop_assert!(packet.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Packet::parse(&bytes);
        }
    }
}
