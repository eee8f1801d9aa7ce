//! A DTLS server whose every record a suite writes: the stimuli that no right device gives, for judging clients and commissioning tools (RFC
//! 6347, 5246, and CoAP within it, RFC 7252).
//!
//! The other side of [`crate::dtls_client`]: it keeps what a server must know (the client's hello, transcript, keys, numbers, the last request)
//! and decides nothing. It repeats nothing by itself and answers nothing, and a ClientHello with another random begins anew. Pre-shared keys only: with another suite it can
//! speak until the keys would be agreed on. It asks to be commissioned by a JSR from its own address, so that no mesh stands between.

mod order;
mod session;
mod what;

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use protocols::Entropy;
use protocols::time::Instant;
use rand_core::SeedableRng as _;
use record::event::Key;
use record::station::{Attachment, Property, PropertyValue, StationInfo};
use wire::icmpv6::Message;
use wire::ipv6::NextHeader;
use wire::{Eui64, sel};

use crate::deviation::{Hooks, Rule, RuleError};
use crate::dtls_writing::Outbox;
use crate::host::{Arrival, End, Host};
use crate::machine::{Machine, MachineInput, MachineOutput, Refusal};
use crate::profile::CT_ADDRESS;
use crate::station::{self, Kind, Station};

use order::{ORDERS, Order, Send};
use session::Session;

/// Its address on the backbone.
const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xd5);

/// The server.
pub struct DtlsServer {
    host: Host<()>,
    entropy: Entropy,
    outputs: VecDeque<MachineOutput>,
    psk: Vec<u8>,
    port: Option<u16>,
    /// With the client of the last ClientHello.
    session: Option<(End, Session)>,
    outbox: Outbox,
    /// An order that waits for what the client has to say first, and until when.
    waiting: Option<(String, Box<Send>, Option<Instant>)>,
}

/// What it is to engine, suites and book.
pub(crate) const KIND: Kind = Kind {
    info: StationInfo {
        name: "server",
        is_prefix: false,
        title: "DTLS server that sends what a case writes",
        attachment: Attachment::Backbone,
        orders: ORDERS,
        properties: &[Property { name: "address", value: PropertyValue::Address(ADDRESS) }],
        hooked: &[],
    },
    mutants: &[],
    brief: |_| Vec::new(),
    check: |line| Order::parse(line).map(drop),
    make: |entropy, _| Box::new(DtlsServer::new(entropy)),
};

impl DtlsServer {
    /// With nothing to say until its first order.
    pub fn new(entropy: Entropy) -> Self {
        Self {
            host: Host::new(ADDRESS),
            entropy,
            outputs: VecDeque::new(),
            psk: Vec::new(),
            port: None,
            session: None,
            outbox: Outbox::default(),
            waiting: None,
        }
    }

    fn is_ready(&self, send: &Send) -> bool {
        self.session.as_ref().is_some_and(|(_, session)| session.is_ready(send))
    }

    /// Carries an order out, or has it wait for the client's word.
    fn order(&mut self, line: &str, ends: Option<Instant>) {
        let outcome = match Order::parse(line).map_err(Refusal::from) {
            Ok(Order::Send(_)) if self.port.is_none() => Err("nothing was begun".into()),
            Ok(Order::Send(send)) if !self.is_ready(&send) => {
                self.waiting = Some((line.to_owned(), send, ends));
                return;
            }
            parsed => parsed.and_then(|order| self.take(order)),
        };
        self.end(line.to_owned(), outcome);
    }

    fn end(&mut self, order: String, outcome: Result<(), Refusal>) {
        self.outputs.push_back(match outcome {
            Ok(()) => MachineOutput::Done { order },
            Err(refusal) => refusal.output(order),
        });
    }

    /// Carries out what waited for the client's word, or gives it up.
    fn look_at_waiting(&mut self, now: Instant) {
        let Some((line, send, ends)) = self.waiting.take() else { return };
        if self.is_ready(&send) {
            let outcome = self.send(&send);
            self.end(line, outcome);
        } else if ends.is_some_and(|ends| now >= ends) {
            self.end(line, Err(Refusal::of_time("the client has not said what comes before")));
        } else {
            self.waiting = Some((line, send, ends));
        }
    }

    fn take(&mut self, order: Order) -> Result<(), Refusal> {
        match order {
            Order::Begin { psk, port } => {
                self.psk = psk;
                self.port = Some(port);
                self.forget();
            }
            Order::Ask(eui64) => self.ask(eui64),
            Order::Send(send) => self.send(&send)?,
            Order::Again { back, times } => {
                let datagram = self.outbox.back(back)?;
                for _ in 0..times {
                    self.transmit(datagram.clone())?;
                }
            }
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.session = None;
        self.outbox = Outbox::default();
    }

    fn ask(&mut self, eui64: Eui64) {
        let message = Message::Sel(sel::Message::join_secure_request(eui64)).to_vec(ADDRESS, CT_ADDRESS);
        self.outputs.push_back(self.host.packet(CT_ADDRESS, NextHeader::ICMPV6, message, None));
    }

    fn send(&mut self, send: &Send) -> Result<(), Refusal> {
        let (_, session) = self.session.as_mut().ok_or("no client is there")?;
        for record in session.write(send)? {
            if let Some(datagram) = self.outbox.put(record, &send.how) {
                self.transmit(datagram)?;
            }
        }
        Ok(())
    }

    fn transmit(&mut self, datagram: Vec<u8>) -> Result<(), Refusal> {
        let (Some((client, _)), Some(port)) = (&self.session, self.port) else {
            return Err("no client is there".into());
        };
        let wrong = Some("it is what the case wrote".to_owned());
        self.outputs.push_back(self.host.datagram(port, *client, datagram, wrong));
        Ok(())
    }

    /// Takes what a client says: a ClientHello of another handshake begins anew.
    fn receive(&mut self, from: End, datagram: &[u8]) {
        let begins = session::random_of_hello(datagram);
        let goes_on =
            |(client, session): &(End, Session)| *client == from && begins.is_none_or(|random| session.is_of(&random));
        if !self.session.as_ref().is_some_and(goes_on) {
            let Some(random) = begins else { return };
            self.forget();
            self.session = Some((from, Session::new(random, self.psk.clone(), self.entropy.fork())));
        }
        let Some((_, session)) = &mut self.session else { return };
        session.receive(datagram);
        let told = session.take_secret();
        self.outputs.extend(told.map(|(client_random, master_secret)| {
            MachineOutput::KeyLearnt(Key::Dtls {
                client_random: record::Octets(client_random.to_vec()),
                master_secret: record::Octets(master_secret.to_vec()),
            })
        }));
    }
}

impl Machine for DtlsServer {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        match input {
            MachineInput::Order { line, within } => self.order(line, within.map(|within| now + within)),
            MachineInput::Backbone(packet) => {
                if let Some(Arrival::Udp { from, to, payload, .. }) = self.host.receive(packet, &mut self.outputs)
                    && Some(to.1) == self.port
                {
                    self.receive(from, &payload);
                    self.look_at_waiting(now);
                }
            }
            MachineInput::Received(_) | MachineInput::Overheard(_) | MachineInput::TransmitDone { .. } => {
                self.outputs.push_back(station::has_no(Attachment::Radio, KIND.info.title));
            }
        }
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        self.look_at_waiting(now);
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.waiting.as_ref().and_then(|(_, _, ends)| *ends)
    }
}

impl Hooks for DtlsServer {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}

impl Station for DtlsServer {}
