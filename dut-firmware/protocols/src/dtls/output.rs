//! What a session over datagrams hands back to its owner.

use alloc::vec::Vec;

use crate::tls::{Closed, KeyLog};

/// One thing for the owner of a session to do or to know; drained with `poll` until it returns `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To be sent to the peer; no longer than the configured MTU.
    Datagram(Vec<u8>),
    /// Both Finished messages are verified: application data may flow.
    Connected,
    /// What the peer sent in one record.
    ApplicationData(Vec<u8>),
    /// The session is over; it sends nothing after the datagrams already handed out. A server that closes an established
    /// session because its client proved a fresh start goes on with the new handshake; any other session is done.
    Closed(Closed),
    /// For a key log or a decryption-secrets block; emitted as soon as the secret exists, also for handshakes that fail.
    KeyLog(KeyLog),
}

/// Why application data was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The handshake is not complete, or the session is closed.
    #[error("no session is established")]
    NotConnected,
    /// A record is never split over datagrams (RFC 6347 4.1.1).
    #[error("{length} octets do not fit into a record: the MTU leaves {maximum}")]
    TooLong {
        /// Octets given.
        length: usize,
        /// Octets that one record can carry.
        maximum: usize,
    },
}
