//! RADIUS packets and attributes (RFC 2865 sections 3 and 5, EAP-Message of RFC 3579 section 3.1).

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// UDP ports: authentication, accounting, dynamic authorization (RFC 5176).
pub const PORTS: [u16; 3] = [1812, 1813, 3799];
/// Octets before the attributes.
pub const HEADER_LENGTH: usize = 20;

/// The code of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub u8);

impl Code {
    /// Access-Request.
    pub const ACCESS_REQUEST: Self = Self(1);
    /// Access-Accept.
    pub const ACCESS_ACCEPT: Self = Self(2);
    /// Access-Reject.
    pub const ACCESS_REJECT: Self = Self(3);
    /// Access-Challenge.
    pub const ACCESS_CHALLENGE: Self = Self(11);
}

/// The type of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttributeType(pub u8);

impl AttributeType {
    /// User-Name.
    pub const USER_NAME: Self = Self(1);
    /// NAS-IP-Address.
    pub const NAS_IP_ADDRESS: Self = Self(4);
    /// Service-Type.
    pub const SERVICE_TYPE: Self = Self(6);
    /// Framed-MTU.
    pub const FRAMED_MTU: Self = Self(12);
    /// State.
    pub const STATE: Self = Self(24);
    /// Vendor-Specific.
    pub const VENDOR_SPECIFIC: Self = Self(26);
    /// Calling-Station-Id.
    pub const CALLING_STATION_ID: Self = Self(31);
    /// NAS-Port-Type.
    pub const NAS_PORT_TYPE: Self = Self(61);
    /// Connect-Info.
    pub const CONNECT_INFO: Self = Self(77);
    /// EAP-Message: all of a packet, in their order, are one EAP packet.
    pub const EAP_MESSAGE: Self = Self(79);
    /// Message-Authenticator.
    pub const MESSAGE_AUTHENTICATOR: Self = Self(80);
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Type.
    pub attribute_type: AttributeType,
    /// Value, at most 253 octets.
    pub value: Vec<u8>,
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Code.
    pub code: Code,
    /// Matches replies with requests.
    pub identifier: u8,
    /// Request or response authenticator.
    pub authenticator: [u8; 16],
    /// Attributes in their order.
    pub attributes: Vec<Attribute>,
}

impl Packet {
    /// Parses a packet; octets after its length are padding and ignored (RFC 2865 section 3).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let code = Code(reader.u8("RADIUS code")?);
        let identifier = reader.u8("RADIUS identifier")?;
        let length = usize::from(reader.u16_be("RADIUS length")?);
        let authenticator = reader.array("RADIUS authenticator")?;
        let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("RADIUS length below 20"))?;
        let mut reader = Reader::new(reader.take(rest, "RADIUS attributes")?);
        let mut attributes = Vec::new();
        while !reader.is_empty() {
            let attribute_type = AttributeType(reader.u8("RADIUS attribute type")?);
            let length = usize::from(reader.u8("RADIUS attribute length")?);
            let length = length.checked_sub(2).ok_or(Error::Malformed("RADIUS attribute length below 2"))?;
            let value = reader.take(length, "RADIUS attribute value")?.to_vec();
            attributes.push(Attribute { attribute_type, value });
        }
        Ok(Self { code, identifier, authenticator, attributes })
    }

    /// The EAP packet in pieces, put together; empty if there is none.
    pub fn eap_message(&self) -> Vec<u8> {
        let pieces = self.attributes.iter().filter(|found| found.attribute_type == AttributeType::EAP_MESSAGE);
        pieces.flat_map(|piece| piece.value.iter().copied()).collect()
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let attributes = self.attributes.iter();
        attributes.fold(HEADER_LENGTH, |sum, found| sum.saturating_add(found.value.len()).saturating_add(2))
    }

    /// Writes the packet.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("RADIUS length above 65535"))?;
        let mut writer = Writer::new(buffer);
        writer.put(&[self.code.0, self.identifier], "RADIUS code")?;
        writer.u16_be(length, "RADIUS length")?;
        writer.put(&self.authenticator, "RADIUS authenticator")?;
        for Attribute { attribute_type, value } in &self.attributes {
            let length = u8::try_from(value.len().saturating_add(2));
            let length = length.map_err(|_| Error::Malformed("RADIUS attribute above 253"))?;
            writer.put(&[attribute_type.0, length], "RADIUS attribute type")?;
            writer.put(value, "RADIUS attribute value")?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eap_messages_are_joined_in_their_order() {
        let piece = |attribute_type, value: &[u8]| Attribute { attribute_type, value: value.to_vec() };
        let packet = Packet {
            code: Code::ACCESS_CHALLENGE,
            identifier: 1,
            authenticator: [7; 16],
            attributes: vec![
                piece(AttributeType::EAP_MESSAGE, &[1, 2, 0]),
                piece(AttributeType::EAP_MESSAGE, &[5, 1]),
                piece(AttributeType::STATE, &[9]),
            ],
        };
        assert_eq!(packet.eap_message(), [1, 2, 0, 5, 1]);
        let bytes = packet.to_vec().unwrap();
        assert_eq!(Packet::parse(&[&bytes[..], &[0]].concat()), Ok(packet));
        assert_eq!(Packet::parse(&[0; 20]), Err(Error::Malformed("RADIUS length below 20")));
    }

    proptest! {
        #[test]
        fn a_packet_survives_emit_and_parse_and_fits_its_buffer_only(
            fields: (u8, u8, [u8; 16]),
            attributes in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..6),
        ) {
            let attributes = attributes.into_iter().map(|(attribute_type, value)| {
                Attribute { attribute_type: AttributeType(attribute_type), value }
            });
            let packet = Packet {
                code: Code(fields.0), identifier: fields.1, authenticator: fields.2, attributes: attributes.collect(),
            };
            let bytes = packet.to_vec().unwrap();
            prop_assert_eq!(Packet::parse(&bytes).unwrap(), packet.clone());
            prop_assert!(packet.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&bytes);
            if bytes.len() >= 20 {
                bytes[2] = 0;
                bytes[3] = bytes.len() as u8;
                let _ = Packet::parse(&bytes);
            }
        }
    }
}
