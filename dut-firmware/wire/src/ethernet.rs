//! Ethernet frames with IEEE 802.1Q tags (IEEE 802.3-2018 section 3, IEEE 802.1Q-2018 section 9.6): what a backbone
//! capture begins with. The FCS of Ethernet is never in a capture.

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A 48-bit MAC address in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

/// What a frame carries, from 0x600 on; below that it is a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4.
    pub const IPV4: Self = Self(0x0800);
    /// ARP.
    pub const ARP: Self = Self(0x0806);
    /// IEEE 802.15.4, unofficially: what Wireshark and sniffers of Control4 take it for.
    pub const IEEE802_15_4: Self = Self(0x809a);
    /// An IEEE 802.1Q tag.
    pub const VLAN: Self = Self(0x8100);
    /// IPv6.
    pub const IPV6: Self = Self(0x86dd);
    /// EAP over LAN (IEEE 802.1X).
    pub const EAPOL: Self = Self(0x888e);

    /// Whether this is a length (IEEE 802.3) and no type.
    pub fn is_length(self) -> bool {
        self.0 <= 1500
    }
}

/// The control information of an IEEE 802.1Q tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VlanTag {
    /// Priority code point, 3 bits.
    pub priority: u8,
    /// Drop eligible indicator.
    pub drop_eligible: bool,
    /// VLAN identifier, 12 bits.
    pub identifier: u16,
}

impl VlanTag {
    /// From the two octets behind the tag's EtherType.
    pub fn from_bits(bits: u16) -> Self {
        Self { priority: (bits >> 13) as u8, drop_eligible: bits >> 12 & 1 == 1, identifier: bits & 0xfff }
    }

    /// The two octets, or an error if a value is too wide.
    pub fn bits(self) -> Result<u16> {
        if self.priority > 7 || self.identifier > 0xfff {
            return Err(Error::Malformed("IEEE 802.1Q tag"));
        }
        Ok(u16::from(self.priority) << 13 | u16::from(self.drop_eligible) << 12 | self.identifier)
    }
}

/// A frame without its FCS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Destination.
    pub destination: MacAddress,
    /// Source.
    pub source: MacAddress,
    /// Tags, outermost first.
    pub tags: Vec<VlanTag>,
    /// What the payload is; never [`EtherType::VLAN`].
    pub ether_type: EtherType,
    /// Payload, with padding if there is any.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Parses a frame.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let destination = MacAddress(reader.array("Ethernet destination")?);
        let source = MacAddress(reader.array("Ethernet source")?);
        let mut tags = Vec::new();
        let mut ether_type = EtherType(reader.u16_be("EtherType")?);
        while ether_type == EtherType::VLAN {
            tags.push(VlanTag::from_bits(reader.u16_be("IEEE 802.1Q tag")?));
            ether_type = EtherType(reader.u16_be("EtherType")?);
        }
        Ok(Self { destination, source, tags, ether_type, payload: reader.rest().to_vec() })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.tags.len().saturating_mul(4).saturating_add(self.payload.len()).saturating_add(14)
    }

    /// Writes the frame.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        if self.ether_type == EtherType::VLAN {
            return Err(Error::Malformed("EtherType of a tag without the tag"));
        }
        let mut writer = Writer::new(buffer);
        writer.put(&self.destination.0, "Ethernet destination")?;
        writer.put(&self.source.0, "Ethernet source")?;
        for tag in &self.tags {
            writer.u16_be(EtherType::VLAN.0, "EtherType")?;
            writer.u16_be(tag.bits()?, "IEEE 802.1Q tag")?;
        }
        writer.u16_be(self.ether_type.0, "EtherType")?;
        writer.put(&self.payload, "Ethernet payload")
    }

    /// The frame as bytes.
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

    #[test]
    fn tags_stand_before_the_ether_type() {
        let bytes = [[0x81, 0, 0xb0, 0x05].as_slice(), &[0x81, 0, 0, 9], &[0x88, 0x8e, 1]].concat();
        let frame = Frame::parse(&[[2; 12].as_slice(), &bytes].concat()).unwrap();
        assert_eq!(frame.tags[0], VlanTag { priority: 5, drop_eligible: true, identifier: 5 });
        assert_eq!((frame.tags.len(), frame.ether_type, frame.payload), (2, EtherType::EAPOL, vec![1]));
    }

    proptest! {
        #[test]
        fn a_frame_survives_emit_and_parse_and_fits_its_buffer_only(
            addresses: ([u8; 6], [u8; 6]), tags in proptest::collection::vec(any::<u16>(), 0..4), ether_type: u16,
            payload in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            prop_assume!(ether_type != 0x8100);
            let frame = Frame {
                destination: MacAddress(addresses.0), source: MacAddress(addresses.1),
                tags: tags.into_iter().map(VlanTag::from_bits).collect(), ether_type: EtherType(ether_type), payload,
            };
            let bytes = frame.to_vec().unwrap();
            prop_assert_eq!(Frame::parse(&bytes).unwrap(), frame.clone());
            prop_assert!(frame.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(frame) = Frame::parse(&bytes) {
                prop_assert_eq!(frame.to_vec().unwrap(), bytes);
            }
        }
    }
}
