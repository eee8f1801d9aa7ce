//! The client side of CoAP.

use alloc::vec::Vec;

use wire::coap::{Code, Message, Options};

use super::TransmissionParameters;
use crate::Entropy;
use crate::time::Instant;

/// A request before it has a message ID and a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whether it wants an acknowledgement, and is sent again without one.
    pub confirmable: bool,
    /// The method.
    pub code: Code,
    /// Uri-Path and the rest.
    pub options: Options,
    /// May be empty.
    pub payload: Vec<u8>,
}

/// Names a request of this client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Why a request got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No acknowledgement or no response in time.
    Timeout,
    /// The server answered with a Reset.
    Reset,
    /// The request could not be put into a message.
    Unencodable,
    /// The response has a critical option that is not known (RFC 7252 5.4.1).
    BadOption,
}

/// One thing for the owner of a client to do or to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientOutput {
    /// To be sent to the server.
    Datagram(Vec<u8>),
    /// The answer to a request, piggybacked or separate.
    Response {
        /// Which request.
        request: RequestId,
        /// The message that bore the response.
        message: Message,
    },
    /// The request is over without an answer.
    Failed {
        /// Which request.
        request: RequestId,
        /// Why.
        reason: Failure,
    },
}

/// A CoAP client of one server.
pub struct Client {
    parameters: TransmissionParameters,
    entropy: Entropy,
}

impl Client {
    /// A client without requests.
    pub fn new(parameters: TransmissionParameters, entropy: Entropy) -> Self {
        Self { parameters, entropy }
    }

    /// Sends a request; its answer comes out of `poll`.
    pub fn request(&mut self, now: Instant, request: Request) -> RequestId {
        let _ = (now, request, self.parameters, &mut self.entropy);
        RequestId(0)
    }

    /// Takes one datagram from the server.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let _ = (now, datagram);
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<ClientOutput> {
        let _ = now;
        None
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }
}
