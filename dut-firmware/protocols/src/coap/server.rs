//! The server side of CoAP.

use alloc::vec::Vec;

use wire::coap::{Code, Message, Options};

use super::TransmissionParameters;
use crate::Entropy;
use crate::time::Instant;

/// A response before it has a message ID and a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The response code.
    pub code: Code,
    /// Content-Format and the rest.
    pub options: Options,
    /// May be empty.
    pub payload: Vec<u8>,
}

/// Names a request that waits for its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// One thing for the owner of a server to do or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerOutput {
    /// To be sent to the client.
    Datagram(Vec<u8>),
    /// A new request, duplicates excluded; to be answered with [`Server::respond`].
    Request {
        /// Names it.
        exchange: ExchangeId,
        /// The message that bore it.
        message: Message,
    },
}

/// A CoAP server for one client.
pub struct Server {
    parameters: TransmissionParameters,
    entropy: Entropy,
}

impl Server {
    /// A server without exchanges.
    pub fn new(parameters: TransmissionParameters, entropy: Entropy) -> Self {
        Self { parameters, entropy }
    }

    /// Takes one datagram from the client.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let _ = (now, datagram, self.parameters, &mut self.entropy);
    }

    /// Answers a request: piggybacked if it was not acknowledged yet, else in a message of its own.
    pub fn respond(&mut self, now: Instant, exchange: ExchangeId, response: Response) {
        let _ = (now, exchange, response);
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<ServerOutput> {
        let _ = now;
        None
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }
}
