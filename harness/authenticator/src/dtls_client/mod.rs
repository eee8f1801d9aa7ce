//! A DTLS client whose every record a suite writes: the stimuli that no right client gives, for judging servers (RFC 6347, 5246).
//!
//! It keeps what a client must know (cookie, transcript, keys, numbers) and decides nothing: what is sent, in which order, in which pieces and with
//! which numbers the orders say, one at a time, and what the server says to it a case looks at between them. It repeats nothing by
//! itself and answers nothing. Pre-shared keys only: with another suite it can speak until the keys would be agreed on.

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

use crate::deviation::{Hooks, Rule, RuleError};
use crate::dtls_writing::Outbox;
use crate::host::{Arrival, Host};
use crate::machine::{Machine, MachineInput, MachineOutput, Refusal};
use crate::manner::{self, Manners};
use crate::station::{self, Kind, Station};

use order::{Begin, ORDERS, Order, Port, Send};
use session::Session;

/// Its address on the backbone.
const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xdc);

/// The client.
pub struct DtlsClient {
    host: Host<()>,
    entropy: Entropy,
    outputs: VecDeque<MachineOutput>,
    /// Devices that are spoken to in another manner than the profile's.
    manners: Manners,
    session: Option<Session>,
    local_port: Option<u16>,
    outbox: Outbox,
    /// An order that waits for what the server has to say first, and until when.
    waiting: Option<(String, Box<Send>, Option<Instant>)>,
}

/// What it is to engine, suites and book.
pub(crate) const KIND: Kind = Kind {
    info: StationInfo {
        name: "client",
        is_prefix: false,
        title: "DTLS client that sends what a case writes",
        attachment: Attachment::Backbone,
        orders: ORDERS,
        properties: &[Property { name: "address", value: PropertyValue::Address(ADDRESS) }],
        hooked: &[],
    },
    mutants: &[],
    brief: manner::brief,
    check: |line| Order::parse(line).map(drop),
    make: |entropy, _| Box::new(DtlsClient::new(entropy)),
};

impl DtlsClient {
    /// With nothing to say until its first order.
    pub fn new(entropy: Entropy) -> Self {
        Self {
            host: Host::new(ADDRESS),
            entropy,
            outputs: VecDeque::new(),
            manners: Manners::default(),
            session: None,
            local_port: None,
            outbox: Outbox::default(),
            waiting: None,
        }
    }

    /// Carries an order out, or has it wait for the server's word.
    fn order(&mut self, line: &str, ends: Option<Instant>) {
        let outcome = match Order::parse(line).map_err(Refusal::from) {
            Ok(Order::Send(send)) if self.session.as_ref().is_some_and(|session| !session.is_ready(&send)) => {
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

    /// Carries out what waited for the server's word, or gives it up.
    fn look_at_waiting(&mut self, now: Instant) {
        let Some((line, send, ends)) = self.waiting.take() else { return };
        if self.session.as_ref().is_some_and(|session| session.is_ready(&send)) {
            let outcome = self.send(&send);
            self.end(line, outcome);
        } else if ends.is_some_and(|ends| now >= ends) {
            self.end(line, Err(Refusal::of_time("the server has not said what comes before")));
        } else {
            self.waiting = Some((line, send, ends));
        }
    }

    fn take(&mut self, order: Order) -> Result<(), Refusal> {
        match order {
            Order::Device(told) => self.manners.learn(told),
            Order::Begin(begin) => self.begin(begin),
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

    fn begin(&mut self, begin: Begin) {
        let manner = self.manners.of(begin.eui64);
        let address = begin.at.unwrap_or_else(|| manner.address());
        let identity = begin.identity.unwrap_or_else(|| manner.identity());
        let port = match (begin.port, self.local_port) {
            (Port::Same, Some(port)) => port,
            _ => self.host.next_port(),
        };
        self.local_port = Some(port);
        let server = (address, manner.port);
        let session = Session::new(server, identity, begin.psk, self.entropy.fork());
        let former = self.session.as_ref().map(Session::former).unwrap_or_default();
        self.session = Some(session.knowing(former));
        self.outbox = Outbox::default();
    }

    fn send(&mut self, send: &Send) -> Result<(), Refusal> {
        let session = self.session.as_mut().ok_or("nothing was begun")?;
        for record in session.write(send)? {
            if let Some(datagram) = self.outbox.put(record, &send.how) {
                self.transmit(datagram)?;
            }
        }
        self.tell_key();
        Ok(())
    }

    fn transmit(&mut self, datagram: Vec<u8>) -> Result<(), Refusal> {
        let (Some(session), Some(port)) = (&self.session, self.local_port) else {
            return Err("nothing was begun".into());
        };
        let wrong = Some("it is what the case wrote".to_owned());
        self.outputs.push_back(self.host.datagram(port, session.server, datagram, wrong));
        Ok(())
    }

    fn tell_key(&mut self) {
        let told = self.session.as_mut().and_then(Session::take_secret);
        self.outputs.extend(told.map(|(client_random, master_secret)| {
            MachineOutput::KeyLearnt(Key::Dtls {
                client_random: record::Octets(client_random.to_vec()),
                master_secret: record::Octets(master_secret.to_vec()),
            })
        }));
    }
}

impl Machine for DtlsClient {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        match input {
            MachineInput::Order { line, within } => self.order(line, within.map(|within| now + within)),
            MachineInput::Backbone(packet) => {
                if let Some(Arrival::Udp { from, to, payload, .. }) = self.host.receive(packet, &mut self.outputs)
                    && Some(to.1) == self.local_port
                    && let Some(session) = self.session.as_mut().filter(|session| session.server == from)
                {
                    session.receive(&payload);
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

impl Hooks for DtlsClient {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}

impl Station for DtlsClient {}
