//! CoAP on the wire (RFC 7252 3): header, token, options, payload; bodies in blocks (RFC 7959); the links of
//! `/.well-known/core` (RFC 6690).

mod block;
mod code;
mod content_format;
mod link_format;
mod message;
mod option;
mod oscore;

pub use block::{Assembler, Block, BlockError, BlockSize, slice};
pub use code::Code;
pub use content_format::ContentFormat;
pub use link_format::Link;
pub use message::{Message, MessageType, PAYLOAD_MARKER, Token};
pub use option::{CoapOption, OptionNumber, Options};
pub use oscore::OscoreOption;

/// The UDP port of plain CoAP.
pub const PORT: u16 = 5683;
/// The UDP port of CoAP over DTLS.
pub const SECURE_PORT: u16 = 5684;
