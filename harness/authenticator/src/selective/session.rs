//! One DTLS session with one claimant, and CoAP inside it (`SEL` 5.4, `PROFILE-SEL` 13).

use std::net::Ipv6Addr;

use protocols::coap::{self, ClientOutput, Failure, Request};
use protocols::dtls;
use protocols::time::Instant;
use protocols::tls::{Closed, KeyLog};
use wire::Eui64;
use wire::coap::Message;

use super::deviations::deviate_coap;
use super::engine::Engine;
use crate::craft::flip;
use crate::deviation::{Gate, RuleBook};
use crate::host::End;

/// What a session tells the tool.
pub(super) enum Event {
    /// To the peer, with what is wrong on purpose.
    Datagram(Vec<u8>, Option<String>),
    KeyLog(KeyLog),
    Connected,
    Response(Message),
    Failed(Failure),
    Closed(Closed),
    Log(String),
    /// A deviation could not be applied.
    Fault(String),
}

/// A session.
pub(super) struct Session {
    pub(super) eui64: Eui64,
    pub(super) address: Ipv6Addr,
    /// The device's.
    pub(super) server_port: u16,
    pub(super) local_port: u16,
    /// The task that waits for it.
    pub(super) task: Option<u64>,
    /// Not closed when its task is done: `connect` opened it.
    pub(super) is_kept: bool,
    /// The handshake was completed.
    pub(super) was_connected: bool,
    /// Something came from the peer.
    pub(super) was_answered: bool,
    dtls: Engine,
    coap: coap::Client,
    /// Sent as soon as the handshake is done.
    first: Option<Request>,
    gate: Gate<Outgoing>,
    /// Bits to flip in the next datagram that DTLS hands out.
    corrupt: Vec<u32>,
}

#[derive(Clone)]
struct Outgoing {
    message: Vec<u8>,
    corrupt: Vec<u32>,
}

impl Session {
    /// Takes a datagram if it is of this session.
    pub(super) fn receive(&mut self, now: Instant, from: End, port: u16, payload: &[u8]) {
        if from == (self.address, self.server_port) && port == self.local_port {
            self.handle(now, payload);
        }
    }

    pub(super) fn new(
        peer: (Eui64, Ipv6Addr),
        (server_port, local_port): (u16, u16),
        dtls: Engine,
        coap: coap::Client,
    ) -> Self {
        Self {
            eui64: peer.0,
            address: peer.1,
            server_port,
            local_port,
            task: None,
            is_kept: false,
            was_connected: false,
            was_answered: false,
            dtls,
            coap,
            first: None,
            gate: Gate::default(),
            corrupt: Vec::new(),
        }
    }

    fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.was_answered = true;
        self.dtls.handle(now, datagram);
    }

    /// Sends a request, at once or after the handshake.
    pub(super) fn request(&mut self, now: Instant, request: Request) {
        if self.dtls.is_connected() {
            self.coap.request(now, request);
        } else {
            self.first = Some(request);
        }
    }

    pub(super) fn close(&mut self, now: Instant) {
        self.dtls.close(now);
    }

    pub(super) fn is_connected(&self) -> bool {
        self.dtls.is_connected()
    }

    /// Whether nothing comes of it any more.
    pub(super) fn is_over(&self) -> bool {
        self.dtls.is_closed()
    }

    pub(super) fn poll(&mut self, now: Instant, rules: &mut RuleBook) -> Option<Event> {
        loop {
            if let Some(output) = self.dtls.poll(now) {
                match self.on_dtls(now, output) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            if let Some(outgoing) = self.gate.poll(now) {
                self.corrupt = outgoing.corrupt;
                if let Err(error) = self.dtls.send(now, &outgoing.message) {
                    self.corrupt.clear();
                    return Some(Event::Log(format!("CoAP message to {} not sent: {error}", self.eui64)));
                }
                continue;
            }
            match self.coap.poll(now)? {
                ClientOutput::Datagram(message) => {
                    if let Some(event) = self.deviate(now, message, rules) {
                        return Some(event);
                    }
                }
                ClientOutput::Response { message, .. } => return Some(Event::Response(message)),
                ClientOutput::Failed { reason, .. } => return Some(Event::Failed(reason)),
            }
        }
    }

    fn on_dtls(&mut self, now: Instant, output: dtls::Output) -> Option<Event> {
        match output {
            dtls::Output::Datagram(mut datagram) => {
                let bits = std::mem::take(&mut self.corrupt);
                bits.iter().for_each(|bit| flip(&mut datagram, *bit));
                let wrong = (!bits.is_empty()).then(|| "a bit of the record is flipped".to_owned());
                Some(Event::Datagram(datagram, wrong))
            }
            dtls::Output::Connected => {
                if let Some(request) = self.first.take() {
                    self.coap.request(now, request);
                }
                Some(Event::Connected)
            }
            dtls::Output::ApplicationData(data) => {
                self.coap.handle(now, &data);
                None
            }
            dtls::Output::Closed(closed) => Some(Event::Closed(closed)),
            dtls::Output::KeyLog(log) => Some(Event::KeyLog(log)),
        }
    }

    /// Applies the rules on CoAP messages, before DTLS protects them.
    fn deviate(&mut self, now: Instant, message: Vec<u8>, rules: &mut RuleBook) -> Option<Event> {
        let (message, decision, problem) = deviate_coap(message, rules);
        let outgoing = Outgoing { message, corrupt: decision.corrupt.iter().map(|(_, bit)| *bit).collect() };
        self.gate.admit(now, outgoing, &decision);
        problem.map(Event::Fault)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.dtls.deadline(), self.coap.deadline(), self.gate.deadline()].into_iter().flatten().min()
    }
}
