//! The header of handshake messages in datagrams, with fragment offset and length (RFC 6347 4.2.2); what is behind it is
//! TLS's ([`crate::tls`]).

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::tls::HandshakeType;
use crate::{Error, Result};

/// The 12 octets before every handshake message or fragment of one (RFC 6347 4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandshakeHeader {
    /// Which message.
    pub msg_type: HandshakeType,
    /// Octets of the whole body, 24 bits.
    pub length: u32,
    /// Counts the messages of one sender in a handshake.
    pub message_seq: u16,
    /// Octets of the body before this fragment, 24 bits.
    pub fragment_offset: u32,
    /// Octets of the body in this fragment, 24 bits.
    pub fragment_length: u32,
}

impl HandshakeHeader {
    /// Octets of the header.
    pub const LENGTH: usize = 12;

    /// Reads a header.
    ///
    /// # Errors
    /// [`Error::Truncated`], or [`Error::Malformed`] if the fragment reaches past the message.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let header = Self {
            msg_type: reader.u8("dtls.handshake.type")?.into(),
            length: reader.u24_be("dtls.handshake.length")?,
            message_seq: reader.u16_be("dtls.handshake.message_seq")?,
            fragment_offset: reader.u24_be("dtls.handshake.fragment_offset")?,
            fragment_length: reader.u24_be("dtls.handshake.fragment_length")?,
        };
        if header.fragment_offset + header.fragment_length > header.length {
            return Err(Error::Malformed("dtls.handshake.fragment_length"));
        }
        Ok(header)
    }

    /// Appends the 12 octets; lengths are cut to 24 bits.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let u24 = |value: u32| value.to_be_bytes().into_iter().skip(1);
        out.push(self.msg_type.into());
        out.extend(u24(self.length));
        out.extend_from_slice(&self.message_seq.to_be_bytes());
        out.extend(u24(self.fragment_offset));
        out.extend(u24(self.fragment_length));
    }

    /// Whether the fragment is the whole message.
    pub fn is_whole(&self) -> bool {
        self.fragment_offset == 0 && self.fragment_length == self.length
    }
}

/// A handshake message or a piece of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Its header.
    pub header: HandshakeHeader,
    /// `header.fragment_length` octets.
    pub body: &'a [u8],
}

/// All fragments in one (clear or decrypted) handshake record; several messages may share a record.
///
/// # Errors
/// [`Error`] if a header or body does not fit.
pub fn fragments(record: &[u8]) -> Result<Vec<Fragment<'_>>> {
    let mut reader = Reader::new(record);
    let mut fragments = Vec::new();
    while !reader.is_empty() {
        let header = HandshakeHeader::parse(&mut reader)?;
        let length = usize::try_from(header.fragment_length).map_err(|_| Error::Truncated("dtls.handshake"))?;
        fragments.push(Fragment { header, body: reader.take(length, "dtls.handshake.fragment")? });
    }
    Ok(fragments)
}

/// A whole message as it enters the handshake hash: header as if it had never been fragmented, then the body
/// (RFC 6347 4.2.6).
///
/// # Errors
/// [`Error::Malformed`] if the body is longer than 24 bits can say.
pub fn message_bytes(msg_type: HandshakeType, message_seq: u16, body: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(body.len()).ok().filter(|length| *length < 1 << 24);
    let length = length.ok_or(Error::Malformed("dtls.handshake.length"))?;
    let mut bytes = Vec::with_capacity(HandshakeHeader::LENGTH + body.len());
    HandshakeHeader { msg_type, length, message_seq, fragment_offset: 0, fragment_length: length }.emit(&mut bytes);
    bytes.extend_from_slice(body);
    Ok(bytes)
}
