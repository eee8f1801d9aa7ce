//! TLS 1.2 over a stream of octets (RFC 5246 6), sans-IO: [`Client`] and [`Server`], driven by `handle`, `poll` and
//! `deadline`. The stream may be TCP, or the fragments of EAP-TLS (RFC 5216 2.1.5), which takes its keys from
//! `export_keying_material`, its Session-Id from `randoms`, and the peer's identity from what it showed.
//!
//! A flight is handed out as one piece, whatever records it takes: handshake messages share records and are cut where a record
//! is full. Nothing is repeated, and what does not belong ends the session: whoever carries the octets carries all of them, in
//! their order.

mod client;
mod config;
mod connection;
mod records;
mod server;

use alloc::vec::Vec;

pub use client::Client;
pub use config::{ClientConfig, ServerConfig};
pub use server::Server;

use super::{Closed, KeyLog};

/// One thing for the owner of a session to do or to know; drained with `poll` until it returns `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To be sent to the peer, behind what was sent before.
    Octets(Vec<u8>),
    /// Both Finished messages are verified: application data may flow.
    Connected,
    /// What the peer sent in one record.
    ApplicationData(Vec<u8>),
    /// The session is over; it sends nothing after the octets already handed out.
    Closed(Closed),
    /// For a key log or a decryption-secrets block; emitted as soon as the secret exists, also for handshakes that fail.
    KeyLog(KeyLog),
}

/// The handshake is not complete, or the session is closed: application data were not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no session is established")]
pub struct NotConnected;
