//! DTLS 1.2 (RFC 6347), sans-IO: one [`Client`] or [`Server`] per peer, driven by `handle`, `poll` and `deadline`; a
//! [`Listener`] for many peers. It carries the handshake of [`tls`](crate::tls), where suites, credentials and alerts are:
//! here are records, flights and their repetition, fragments, replays and cookies.
//!
//! # Alerts
//!
//! As [`tls`](crate::tls) lists them, with two differences. A record that is invalid is discarded silently (RFC 6347 4.1.2.7),
//! but for a Finished that does not decrypt. Once the peer has changed its cipher, an alert in the clear is discarded: anybody
//! could have written it.
//!
//! # Who can do what
//!
//! Until the peer has changed its cipher nothing that arrives is authenticated, so whoever can write into the path can end a handshake, by an alert or by
//! a message that is wrong, as RFC 6347 4.1.2.7 leaves open; he cannot change what is agreed on (Finished), and cannot end or
//! enter an established session. One exception is the standard's (RFC 6347 4.2.8): a client that returns a cookie replaces its
//! older session, so whoever has seen a cookie can do that for the few minutes that it is good. A ClientHello beyond 2048 octets
//! is discarded. A listener bounds what unfinished handshakes cost, not for how long peers with addresses of their own can
//! hold all places of [`ListenerLimits::handshakes`]: that is up to
//! [`Limits::handshake_timeout`](crate::tls::Limits::handshake_timeout).

mod client;
mod config;
mod connection;
mod cookie;
mod flight;
mod inbox;
mod listener;
mod output;
mod record_layer;
mod replay;
mod server;

pub use client::Client;
pub use config::{ClientConfig, CookieConfig, MIN_MTU, Retransmission, ServerConfig};
pub use listener::{Listener, ListenerLimits, ListenerStatistics};
pub use output::{Output, SendError};
#[cfg(feature = "mutants")]
pub use record_layer::Wrong;
pub use server::Server;
