//! CoAP message layer and request/response layer (RFC 7252 4, 5) with block-wise transfer (RFC 7959), sans-IO, over any datagram channel: plain UDP or a DTLS
//! session. One [`Client`] or [`Server`] per peer.

mod block_server;
mod block_wise;
mod client;
mod parameters;
mod retransmitter;
mod server;

pub use block_wise::BlockWise;
pub use client::{Client, ClientOutput, Failure, Request, RequestId};
pub use parameters::TransmissionParameters;
pub use server::{ExchangeId, Response, Server, ServerOutput};
