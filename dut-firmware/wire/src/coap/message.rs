//! The message: four fixed octets, token, options, payload (RFC 7252 3).

use alloc::vec::Vec;

use super::{Code, Options};
use crate::reader::Reader;
use crate::{Error, Result};

/// Between options and payload.
pub const PAYLOAD_MARKER: u8 = 0xff;

const VERSION: u8 = 1;

/// T in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 0: wants an acknowledgement.
    Confirmable,
    /// 1.
    NonConfirmable,
    /// 2: empty or with a piggybacked response.
    Acknowledgement,
    /// 3: the message was received but its context is missing.
    Reset,
}

impl From<MessageType> for u8 {
    fn from(message_type: MessageType) -> Self {
        match message_type {
            MessageType::Confirmable => 0,
            MessageType::NonConfirmable => 1,
            MessageType::Acknowledgement => 2,
            MessageType::Reset => 3,
        }
    }
}

/// 0 to 8 octets that match a response to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Token {
    octets: [u8; 8],
    length: u8,
}

impl Token {
    /// The empty token.
    pub const EMPTY: Self = Self { octets: [0; 8], length: 0 };

    /// A token of these octets.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more than eight.
    pub fn new(octets: &[u8]) -> Result<Self> {
        let length = u8::try_from(octets.len()).ok().filter(|length| *length <= 8);
        let length = length.ok_or(Error::Malformed("coap.token_len"))?;
        let mut token = Self { octets: [0; 8], length };
        token.octets.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
        Ok(token)
    }

    /// Its octets.
    pub fn as_slice(&self) -> &[u8] {
        self.octets.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// A CoAP message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// T.
    pub message_type: MessageType,
    /// Method or response.
    pub code: Code,
    /// Matches acknowledgements and detects duplicates.
    pub message_id: u16,
    /// Matches responses.
    pub token: Token,
    /// Sorted by number.
    pub options: Options,
    /// What follows the marker; empty = no marker.
    pub payload: Vec<u8>,
}

impl Message {
    /// An empty message: an acknowledgement, a reset, or (confirmable) a ping (RFC 7252 4.1).
    pub fn empty(message_type: MessageType, message_id: u16) -> Self {
        Self {
            message_type,
            code: Code::EMPTY,
            message_id,
            token: Token::EMPTY,
            options: Options::new(),
            payload: Vec::new(),
        }
    }

    /// Reads type, code and message ID alone, for the Reset that answers a message with a format error (RFC 7252 4.2).
    ///
    /// # Errors
    /// [`Error::Truncated`] below four octets, [`Error::Unsupported`] if the version is not 1: both are ignored silently.
    pub fn parse_header(bytes: &[u8]) -> Result<(MessageType, Code, u16)> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8("coap.version")?;
        let code = Code(reader.u8("coap.code")?);
        let message_id = reader.u16_be("coap.mid")?;
        if first >> 6 != VERSION {
            return Err(Error::Unsupported("coap.version"));
        }
        let message_type = match first >> 4 & 3 {
            0 => MessageType::Confirmable,
            1 => MessageType::NonConfirmable,
            2 => MessageType::Acknowledgement,
            _ => MessageType::Reset,
        };
        Ok((message_type, code, message_id))
    }

    /// Reads a whole datagram.
    ///
    /// # Errors
    /// [`Error`] for each message format error of RFC 7252 3: version, token length 9 to 15, an option that does not fit,
    /// a marker without payload, an empty message with more than four octets.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (message_type, code, message_id) = Self::parse_header(bytes)?;
        let mut reader = Reader::new(bytes);
        let token_length = reader.u8("coap.token_len")? & 0x0f;
        reader.take(3, "coap.mid")?;
        if token_length > 8 {
            return Err(Error::Malformed("coap.token_len"));
        }
        if code == Code::EMPTY && (token_length != 0 || !reader.is_empty()) {
            return Err(Error::Malformed("octets in an empty CoAP message"));
        }
        let token = Token::new(reader.take(usize::from(token_length), "coap.token")?)?;
        let (options, has_payload) = Options::parse(&mut reader)?;
        if has_payload && reader.is_empty() {
            return Err(Error::Malformed("payload marker without payload"));
        }
        Ok(Self { message_type, code, message_id, token, options, payload: reader.rest().to_vec() })
    }

    /// The datagram.
    ///
    /// # Errors
    /// [`Error::Malformed`] if an option is longer than its length can say, or an empty message is not empty.
    pub fn emit(&self) -> Result<Vec<u8>> {
        let is_bare = self.token == Token::EMPTY && self.options.is_empty() && self.payload.is_empty();
        if self.code == Code::EMPTY && !is_bare {
            return Err(Error::Malformed("octets in an empty CoAP message"));
        }
        let mut out = Vec::with_capacity(16 + self.payload.len());
        out.push(VERSION << 6 | u8::from(self.message_type) << 4 | self.token.length);
        out.push(self.code.0);
        out.extend_from_slice(&self.message_id.to_be_bytes());
        out.extend_from_slice(self.token.as_slice());
        self.options.emit(&mut out)?;
        if !self.payload.is_empty() {
            out.push(PAYLOAD_MARKER);
            out.extend_from_slice(&self.payload);
        }
        Ok(out)
    }
}
