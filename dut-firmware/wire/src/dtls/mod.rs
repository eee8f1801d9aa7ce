//! DTLS 1.2 on the wire (RFC 6347): records, and the header of handshake messages that may come in fragments. What they
//! carry is TLS's, in [`crate::tls`].

mod handshake;
mod protection;
mod record;

pub use handshake::{Fragment, HandshakeHeader, fragments, message_bytes};
pub use protection::{additional_data, open, seal};
pub use record::{Record, RecordHeader, Records, records};
