//! EAP packets (RFC 3748 section 4): code, identifier, length, and type with its data. Methods come with their suites.

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Octets before the type.
pub const HEADER_LENGTH: usize = 4;

/// The code of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(pub u8);

impl Code {
    /// Request of an authenticator.
    pub const REQUEST: Self = Self(1);
    /// Response of a peer.
    pub const RESPONSE: Self = Self(2);
    /// Success, without data.
    pub const SUCCESS: Self = Self(3);
    /// Failure, without data.
    pub const FAILURE: Self = Self(4);

    /// Whether packets of this code have a type.
    pub fn has_type(self) -> bool {
        matches!(self, Self::REQUEST | Self::RESPONSE)
    }
}

/// The type of a request or response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Type(pub u8);

impl Type {
    /// Identity.
    pub const IDENTITY: Self = Self(1);
    /// Notification.
    pub const NOTIFICATION: Self = Self(2);
    /// Legacy Nak: a response only.
    pub const NAK: Self = Self(3);
    /// EAP-TLS (RFC 5216).
    pub const TLS: Self = Self(13);
    /// EAP-TTLS (RFC 5281).
    pub const TTLS: Self = Self(21);
    /// EAP-PSK (RFC 4764).
    pub const PSK: Self = Self(47);
    /// EAP-IKEv2 (RFC 5106).
    pub const IKEV2: Self = Self(49);
    /// EAP-GPSK (RFC 5433).
    pub const GPSK: Self = Self(51);
    /// Expanded: vendor and vendor's type follow (RFC 3748 section 5.7).
    pub const EXPANDED: Self = Self(254);
}

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Code.
    pub code: Code,
    /// Matches responses with requests.
    pub identifier: u8,
    /// Type and its data; empty in success and failure.
    pub data: Vec<u8>,
}

impl Packet {
    /// Parses a packet; octets after its length are padding of the lower layer and ignored (RFC 3748 section 4.1).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let code = Code(reader.u8("EAP code")?);
        let identifier = reader.u8("EAP identifier")?;
        let length = usize::from(reader.u16_be("EAP length")?);
        let length = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("EAP length below 4"))?;
        let data = reader.take(length, "EAP data")?.to_vec();
        if code.has_type() && data.is_empty() {
            return Err(Error::Malformed("EAP request or response without a type"));
        }
        Ok(Self { code, identifier, data })
    }

    /// The type of a request or response.
    pub fn eap_type(&self) -> Option<Type> {
        if self.code.has_type() { self.data.first().copied().map(Type) } else { None }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.data.len().saturating_add(HEADER_LENGTH)
    }

    /// Writes the packet.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("EAP length above 65535"))?;
        if self.code.has_type() && self.data.is_empty() {
            return Err(Error::Malformed("EAP request or response without a type"));
        }
        let mut writer = Writer::new(buffer);
        writer.u8(self.code.0, "EAP code")?;
        writer.u8(self.identifier, "EAP identifier")?;
        writer.u16_be(length, "EAP length")?;
        writer.put(&self.data, "EAP data")
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
    fn a_request_without_a_type_is_refused_and_a_success_has_none() {
        assert_eq!(Packet::parse(&[1, 7, 0, 4]), Err(Error::Malformed("EAP request or response without a type")));
        assert_eq!(Packet::parse(&[1, 7, 0, 3]), Err(Error::Malformed("EAP length below 4")));
        assert_eq!(Packet::parse(&[3, 7, 0, 4, 0, 0]).unwrap().eap_type(), None);
        assert_eq!(Packet::parse(&[2, 7, 0, 6, 1, b'a']).unwrap().eap_type(), Some(Type::IDENTITY));
    }

    proptest! {
        #[test]
        fn a_packet_survives_emit_and_parse_and_fits_its_buffer_only(
            code: u8, identifier: u8, data in proptest::collection::vec(any::<u8>(), 1..80),
        ) {
            let packet = Packet { code: Code(code), identifier, data };
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
