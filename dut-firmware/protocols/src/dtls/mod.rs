//! DTLS 1.2 client and server with `TLS_PSK_WITH_AES_128_CCM_8` (RFC 6347, 5246, 4279, 6655, 7627, 5746), sans-IO: one
//! [`Client`] or [`Server`] per peer, driven by `handle`, `poll` and `deadline`.

mod client;
mod config;
mod connection;
mod cookie;
mod ecdhe;
mod flight;
mod inbox;
mod limits;
mod negotiation;
mod output;
mod peer;
mod record_layer;
mod replay;
mod server;

pub use client::Client;
pub use config::{
    ClientAuthentication, ClientConfig, ClientEcdhe, ConfigError, CookieConfig, ExtendedMasterSecret, MIN_MTU, Psk,
    PskStore, Retransmission, ServerConfig, ServerEcdhe, SinglePsk, UnknownIdentity,
};
pub use limits::Limits;
pub use output::{CloseReason, Closed, ExportError, KeyLog, Output, SendError, Statistics};
pub use peer::PeerCertificate;
pub use server::Server;
