//! The record layer of TLS: content types, and the header of a record in a stream (RFC 5246 6.2.1).

use alloc::vec::Vec;

use super::ProtocolVersion;
use crate::Result;
use crate::reader::Reader;

/// Most octets that a record may carry in the clear (RFC 5246 6.2.1).
pub const MAX_PLAINTEXT: usize = 1 << 14;

/// What a record carries (RFC 5246 6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// 20.
    ChangeCipherSpec,
    /// 21.
    Alert,
    /// 22.
    Handshake,
    /// 23.
    ApplicationData,
    /// Any other number, which a receiver discards.
    Unknown(u8),
}

impl From<u8> for ContentType {
    fn from(number: u8) -> Self {
        match number {
            20 => Self::ChangeCipherSpec,
            21 => Self::Alert,
            22 => Self::Handshake,
            23 => Self::ApplicationData,
            other => Self::Unknown(other),
        }
    }
}

impl From<ContentType> for u8 {
    fn from(content_type: ContentType) -> Self {
        match content_type {
            ContentType::ChangeCipherSpec => 20,
            ContentType::Alert => 21,
            ContentType::Handshake => 22,
            ContentType::ApplicationData => 23,
            ContentType::Unknown(other) => other,
        }
    }
}

/// The five octets before every fragment in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// What the fragment is.
    pub content_type: ContentType,
    /// 3.3 for TLS 1.2; a first ClientHello may bear another 3.x.
    pub version: ProtocolVersion,
    /// Octets of the fragment that follows, explicit nonce and MAC included.
    pub length: u16,
}

impl RecordHeader {
    /// Octets of the header.
    pub const LENGTH: usize = 5;

    /// Reads a header. Any version, content type and length is taken: what to refuse is the engine's business.
    ///
    /// # Errors
    /// [`Error::Truncated`](crate::Error::Truncated) if fewer than five octets are left.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let content_type = ContentType::from(reader.u8("dtls.record.content_type")?);
        let version = ProtocolVersion(reader.u16_be("dtls.record.version")?);
        Ok(Self { content_type, version, length: reader.u16_be("dtls.record.length")? })
    }

    /// Appends the five octets.
    pub fn emit(&self, out: &mut Vec<u8>) {
        out.push(self.content_type.into());
        out.extend_from_slice(&self.version.0.to_be_bytes());
        out.extend_from_slice(&self.length.to_be_bytes());
    }
}
