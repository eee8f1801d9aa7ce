//! IKEv2 messages: the header and the chain of generic payload headers (RFC 7296 sections 3.1 and 3.2).

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// UDP port.
pub const PORT: u16 = 500;
/// UDP port for NAT traversal, where four zeros stand before a message (RFC 7296 section 3.1).
pub const NAT_PORT: u16 = 4500;
/// Octets of the header.
pub const HEADER_LENGTH: usize = 28;

/// The type of a payload; 0 ends the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadType(pub u8);

impl PayloadType {
    /// No next payload.
    pub const NONE: Self = Self(0);
    /// Security Association.
    pub const SECURITY_ASSOCIATION: Self = Self(33);
    /// Key Exchange.
    pub const KEY_EXCHANGE: Self = Self(34);
    /// Nonce.
    pub const NONCE: Self = Self(40);
    /// Notify.
    pub const NOTIFY: Self = Self(41);
    /// Encrypted and Authenticated: its next payload is the first one inside, and it is the last one outside.
    pub const ENCRYPTED: Self = Self(46);
    /// Encrypted fragment (RFC 7383).
    pub const ENCRYPTED_FRAGMENT: Self = Self(53);

    /// Whether what its next payload field names lies inside it, encrypted.
    pub fn encloses(self) -> bool {
        matches!(self, Self::ENCRYPTED | Self::ENCRYPTED_FRAGMENT)
    }
}

/// A payload of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// What it is: from the header or the payload before it.
    pub payload_type: PayloadType,
    /// Whether a receiver that does not know it must reject the message.
    pub critical: bool,
    /// Everything behind its generic header.
    pub body: Vec<u8>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Initiator's SPI.
    pub initiator_spi: u64,
    /// Responder's SPI; 0 in the first message.
    pub responder_spi: u64,
    /// Major version in the upper four bits, minor in the lower.
    pub version: u8,
    /// Exchange type.
    pub exchange_type: u8,
    /// Flags: 0x08 initiator, 0x10 higher version possible, 0x20 response.
    pub flags: u8,
    /// Message ID.
    pub message_id: u32,
    /// Payloads outside encryption, in their order.
    pub payloads: Vec<Payload>,
    /// What the next payload field of the last one says: none, or the first payload inside an encrypted one.
    pub inner: PayloadType,
}

impl Message {
    /// Parses a message; octets after its length are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let initiator_spi = reader.u64_be("IKE initiator SPI")?;
        let responder_spi = reader.u64_be("IKE responder SPI")?;
        let mut next = PayloadType(reader.u8("IKE next payload")?);
        let version = reader.u8("IKE version")?;
        let exchange_type = reader.u8("IKE exchange type")?;
        let flags = reader.u8("IKE flags")?;
        let message_id = reader.u32_be("IKE message ID")?;
        let length = usize::try_from(reader.u32_be("IKE length")?).unwrap_or(usize::MAX);
        let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("IKE length below 28"))?;
        let mut reader = Reader::new(reader.take(rest, "IKE payloads")?);
        let mut payloads = Vec::new();
        while next != PayloadType::NONE {
            let following = PayloadType(reader.u8("IKE next payload")?);
            let critical = reader.u8("IKE critical bit")? >> 7 == 1;
            let length = usize::from(reader.u16_be("IKE payload length")?);
            let length = length.checked_sub(4).ok_or(Error::Malformed("IKE payload length below 4"))?;
            let body = reader.take(length, "IKE payload")?.to_vec();
            let payload_type = next;
            next = following;
            payloads.push(Payload { payload_type, critical, body });
            if payload_type.encloses() {
                break;
            }
        }
        if !reader.is_empty() {
            return Err(Error::Malformed("octets behind the last IKE payload"));
        }
        let inner = next;
        Ok(Self { initiator_spi, responder_spi, version, exchange_type, flags, message_id, payloads, inner })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let payloads = self.payloads.iter();
        payloads.fold(HEADER_LENGTH, |sum, payload| sum.saturating_add(4).saturating_add(payload.body.len()))
    }

    /// Writes the message.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u32::try_from(self.buffer_len()).map_err(|_| Error::Malformed("IKE length"))?;
        let types = self.payloads.iter().map(|payload| payload.payload_type).chain([self.inner]);
        let mut types = types;
        let mut writer = Writer::new(buffer);
        writer.put(&self.initiator_spi.to_be_bytes(), "IKE initiator SPI")?;
        writer.put(&self.responder_spi.to_be_bytes(), "IKE responder SPI")?;
        let first = types.next().unwrap_or(PayloadType::NONE);
        writer.put(&[first.0, self.version, self.exchange_type, self.flags], "IKE header")?;
        writer.u32_be(self.message_id, "IKE message ID")?;
        writer.u32_be(length, "IKE length")?;
        for Payload { critical, body, .. } in &self.payloads {
            let length = u16::try_from(body.len().saturating_add(4));
            let next = types.next().unwrap_or(PayloadType::NONE);
            writer.put(&[next.0, u8::from(*critical) << 7], "IKE next payload")?;
            writer.u16_be(length.map_err(|_| Error::Malformed("IKE payload length"))?, "IKE payload length")?;
            writer.put(body, "IKE payload")?;
        }
        Ok(())
    }

    /// The message as bytes.
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
    fn the_chain_ends_with_an_encrypted_payload() {
        let payload = |payload_type| Payload { payload_type, critical: false, body: vec![1, 2, 3] };
        let message = Message {
            initiator_spi: 1,
            responder_spi: 2,
            version: 0x20,
            exchange_type: 35,
            flags: 0x08,
            message_id: 1,
            payloads: vec![payload(PayloadType::NOTIFY), payload(PayloadType::ENCRYPTED)],
            inner: PayloadType(35),
        };
        let bytes = message.to_vec().unwrap();
        assert_eq!(bytes.len(), 42);
        assert_eq!(Message::parse(&bytes), Ok(message));
    }

    proptest! {
        #[test]
        fn a_message_survives_emit_and_parse_and_fits_its_buffer_only(
            fields: (u64, u64, u8, u8, u8, u32), encrypted: bool, inner: u8,
            payloads in proptest::collection::vec(
                (33..43u8, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..30)), 0..6),
        ) {
            let mut payloads: Vec<Payload> = payloads.into_iter().map(|(payload_type, critical, body)| {
                Payload { payload_type: PayloadType(payload_type), critical, body }
            }).collect();
            if encrypted {
                payloads.push(Payload { payload_type: PayloadType::ENCRYPTED, critical: false, body: vec![0; 20] });
            }
            let message = Message {
                initiator_spi: fields.0, responder_spi: fields.1, version: fields.2, exchange_type: fields.3,
                flags: fields.4, message_id: fields.5, payloads, inner: PayloadType(if encrypted { inner } else { 0 }),
            };
            let bytes = message.to_vec().unwrap();
            prop_assert_eq!(Message::parse(&bytes).unwrap(), message.clone());
            prop_assert!(message.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Message::parse(&bytes);
            if bytes.len() >= 28 {
                let length = bytes.len() as u32;
                bytes[24..28].copy_from_slice(&length.to_be_bytes());
                let _ = Message::parse(&bytes);
            }
        }
    }
}
