//! PANA messages and AVPs (RFC 5191 sections 6.2 and 6.3), with the relay of RFC 6345.

use alloc::vec;
use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// UDP port.
pub const PORT: u16 = 716;
/// Octets before the AVPs.
pub const HEADER_LENGTH: usize = 16;

/// The type of a message; request and answer share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(pub u16);

impl MessageType {
    /// PANA-Client-Initiation.
    pub const CLIENT_INITIATION: Self = Self(1);
    /// PANA-Auth-Request and -Answer.
    pub const AUTH: Self = Self(2);
    /// PANA-Termination-Request and -Answer.
    pub const TERMINATION: Self = Self(3);
    /// PANA-Notification-Request and -Answer.
    pub const NOTIFICATION: Self = Self(4);
    /// PANA-Relay (RFC 6345 section 4).
    pub const RELAY: Self = Self(5);
}

/// Flags of a message, 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// R: a request, else an answer.
    pub const REQUEST: u16 = 0x8000;
    /// S: start.
    pub const START: u16 = 0x4000;
    /// C: complete.
    pub const COMPLETE: u16 = 0x2000;
    /// A: re-authentication.
    pub const AUTH: u16 = 0x1000;
    /// P: ping.
    pub const PING: u16 = 0x0800;
    /// I: IP reconfiguration.
    pub const IP_RECONFIGURATION: u16 = 0x0400;
    /// Bits that must be zero.
    pub const RESERVED: u16 = 0x03ff;
}

/// The code of an AVP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AvpCode(pub u16);

impl AvpCode {
    /// AUTH: a keyed hash.
    pub const AUTH: Self = Self(1);
    /// EAP-Payload.
    pub const EAP_PAYLOAD: Self = Self(2);
    /// Integrity-Algorithm.
    pub const INTEGRITY_ALGORITHM: Self = Self(3);
    /// Key-Id.
    pub const KEY_ID: Self = Self(4);
    /// Nonce.
    pub const NONCE: Self = Self(5);
    /// PRF-Algorithm.
    pub const PRF_ALGORITHM: Self = Self(6);
    /// Result-Code.
    pub const RESULT_CODE: Self = Self(7);
    /// Session-Lifetime in seconds.
    pub const SESSION_LIFETIME: Self = Self(8);
    /// Termination-Cause.
    pub const TERMINATION_CAUSE: Self = Self(9);
    /// PaC-Information: address and port (RFC 6345 section 4.1).
    pub const PAC_INFORMATION: Self = Self(10);
    /// Relayed-Message (RFC 6345 section 4.2).
    pub const RELAYED_MESSAGE: Self = Self(11);
}

/// An AVP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Avp {
    /// Code.
    pub code: AvpCode,
    /// Vendor, if the V flag is set.
    pub vendor: Option<u32>,
    /// Value, its padding not counted.
    pub value: Vec<u8>,
}

impl Avp {
    /// The V flag.
    pub const VENDOR: u16 = 0x8000;

    /// An AVP of RFC 5191.
    pub fn new(code: AvpCode, value: Vec<u8>) -> Self {
        Self { code, vendor: None, value }
    }

    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let code = AvpCode(reader.u16_be("PANA AVP code")?);
        let flags = reader.u16_be("PANA AVP flags")?;
        let length = usize::from(reader.u16_be("PANA AVP length")?);
        reader.u16_be("PANA AVP reserved")?;
        let vendor = if flags & Self::VENDOR != 0 { Some(reader.u32_be("PANA AVP vendor")?) } else { None };
        let value = reader.take(length, "PANA AVP value")?.to_vec();
        reader.take(padding(length), "PANA AVP padding")?;
        Ok(Self { code, vendor, value })
    }

    fn len(&self) -> usize {
        let header = if self.vendor.is_some() { 12usize } else { 8 };
        header.saturating_add(self.value.len()).saturating_add(padding(self.value.len()))
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let length = u16::try_from(self.value.len()).map_err(|_| Error::Malformed("PANA AVP above 65535"))?;
        writer.u16_be(self.code.0, "PANA AVP code")?;
        writer.u16_be(if self.vendor.is_some() { Self::VENDOR } else { 0 }, "PANA AVP flags")?;
        writer.u16_be(length, "PANA AVP length")?;
        writer.u16_be(0, "PANA AVP reserved")?;
        if let Some(vendor) = self.vendor {
            writer.u32_be(vendor, "PANA AVP vendor")?;
        }
        writer.put(&self.value, "PANA AVP value")?;
        writer.put([0; 3].get(..padding(self.value.len())).unwrap_or(&[]), "PANA AVP padding")
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Flags.
    pub flags: Flags,
    /// Message type.
    pub message_type: MessageType,
    /// Session identifier; 0 before a session.
    pub session_id: u32,
    /// Sequence number.
    pub sequence_number: u32,
    /// AVPs in their order.
    pub avps: Vec<Avp>,
}

impl Message {
    /// Parses a message; octets after its length are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.u16_be("PANA reserved")?;
        let length = usize::from(reader.u16_be("PANA length")?);
        let flags = Flags(reader.u16_be("PANA flags")?);
        let message_type = MessageType(reader.u16_be("PANA type")?);
        let session_id = reader.u32_be("PANA session identifier")?;
        let sequence_number = reader.u32_be("PANA sequence number")?;
        let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("PANA length below 16"))?;
        let mut reader = Reader::new(reader.take(rest, "PANA AVPs")?);
        let mut avps = Vec::new();
        while !reader.is_empty() {
            avps.push(Avp::parse(&mut reader)?);
        }
        Ok(Self { flags, message_type, session_id, sequence_number, avps })
    }

    /// The first AVP of this code.
    pub fn avp(&self, code: AvpCode) -> Option<&Avp> {
        self.avps.iter().find(|avp| avp.code == code && avp.vendor.is_none())
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.avps.iter().fold(HEADER_LENGTH, |sum, avp| sum.saturating_add(avp.len()))
    }

    /// Writes the message.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.buffer_len()).map_err(|_| Error::Malformed("PANA length above 65535"))?;
        let mut writer = Writer::new(buffer);
        writer.u16_be(0, "PANA reserved")?;
        writer.u16_be(length, "PANA length")?;
        writer.u16_be(self.flags.0, "PANA flags")?;
        writer.u16_be(self.message_type.0, "PANA type")?;
        writer.u32_be(self.session_id, "PANA session identifier")?;
        writer.u32_be(self.sequence_number, "PANA sequence number")?;
        self.avps.iter().try_for_each(|avp| avp.emit(&mut writer))
    }

    /// The message as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

/// Octets from `length` to the next multiple of four.
pub fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_messages_of_a_session_parse() {
        // OpenPANA: PCI, then PAR with S and the algorithms.
        let pci = Message::parse(&hex::decode("00000010000000010000000000000000").unwrap()).unwrap();
        assert_eq!((pci.message_type, pci.flags, pci.avps.len()), (MessageType::CLIENT_INITIATION, Flags(0), 0));
        let text = "00000028c0000002a396176f0b07f1b9000300000004000000000007000600000004000000000002";
        let request = Message::parse(&hex::decode(text).unwrap()).unwrap();
        assert_eq!(request.flags, Flags(Flags::REQUEST | Flags::START));
        assert_eq!(request.avp(AvpCode::PRF_ALGORITHM).unwrap().value, [0, 0, 0, 2]);
        assert_eq!(hex::encode(request.to_vec().unwrap()), text);
    }

    proptest! {
        #[test]
        fn a_message_survives_emit_and_parse_and_fits_its_buffer_only(
            fields: (u16, u16, u32, u32),
            avps in proptest::collection::vec(
                (any::<u16>(), any::<Option<u32>>(), proptest::collection::vec(any::<u8>(), 0..20)), 0..6),
        ) {
            let avps = avps.into_iter().map(|(code, vendor, value)| Avp { code: AvpCode(code), vendor, value });
            let message = Message {
                flags: Flags(fields.0), message_type: MessageType(fields.1), session_id: fields.2,
                sequence_number: fields.3, avps: avps.collect(),
            };
            let bytes = message.to_vec().unwrap();
            prop_assert_eq!(Message::parse(&bytes).unwrap(), message.clone());
            prop_assert!(message.emit(&mut vec![0; bytes.len() - 1]).is_err());
        }

        #[test]
        fn no_octets_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Message::parse(&bytes);
            if bytes.len() >= 16 {
                bytes[2] = 0;
                bytes[3] = bytes.len() as u8;
                let _ = Message::parse(&bytes);
            }
        }
    }
}
