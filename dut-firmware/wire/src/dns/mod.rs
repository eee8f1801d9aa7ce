//! DNS messages (RFC 1035 section 4) as multicast DNS (RFC 6762) and DNS-based service discovery (RFC 6763) use them.

mod message;
mod name;
mod record;
#[cfg(test)]
mod tests;

pub use message::{Flags, Message, Question};
pub use name::{Labels, MAXIMUM_LABEL_LENGTH, MAXIMUM_LENGTH, Name};
pub use record::{EdnsOption, Record, RecordData, RecordType, StartOfAuthority};

/// UDP port of unicast DNS.
pub const PORT: u16 = 53;

/// UDP port of multicast DNS (RFC 6762 section 3).
pub const MULTICAST_PORT: u16 = 5353;

/// Operation code of stateful operations (RFC 8490 section 5.4): their messages have TLVs and no sections, and are not read.
pub const STATEFUL: u8 = 6;

/// The class of the Internet.
pub const CLASS_IN: u16 = 1;

/// Octets of the header.
pub const HEADER_LENGTH: usize = 12;
