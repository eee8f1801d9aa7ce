//! Plain CoAP on UDP 5683: silent until ALL_SECURED, then nothing but link discovery (`SEL` 8, `PROFILE-SEL` 15).

use alloc::vec::Vec;

use protocols::Entropy;
use protocols::coap::{ExchangeId, Response, Server, ServerOutput, TransmissionParameters};
use protocols::time::Instant;
use rand_core::SeedableRng;
use wire::coap::Message;

use crate::stack::Peer;

/// The exchanges with the peer that asked last: what it repeats is recognized.
#[derive(Default)]
pub(crate) struct PlainServer {
    current: Option<(Peer, Server)>,
}

/// One thing for the device to do.
pub(crate) enum Event {
    Datagram(Peer, Vec<u8>),
    Request(ExchangeId, Message),
}

impl PlainServer {
    pub(crate) fn handle(&mut self, now: Instant, peer: Peer, datagram: &[u8], entropy: &mut Entropy) {
        if self.current.as_ref().is_none_or(|(known, _)| *known != peer) {
            let server = Server::new(TransmissionParameters::default(), Entropy::from_rng(entropy));
            self.current = Some((peer, server));
        }
        if let Some((_, server)) = &mut self.current {
            server.handle(now, datagram);
        }
    }

    pub(crate) fn respond(&mut self, now: Instant, exchange: ExchangeId, response: Response) {
        if let Some((_, server)) = &mut self.current {
            server.respond(now, exchange, response);
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) -> Option<Event> {
        let (peer, server) = self.current.as_mut()?;
        Some(match server.poll(now)? {
            ServerOutput::Datagram(datagram) => Event::Datagram(*peer, datagram),
            ServerOutput::Request { exchange, message } => Event::Request(exchange, message),
        })
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.current.as_ref().and_then(|(_, server)| server.deadline())
    }
}
