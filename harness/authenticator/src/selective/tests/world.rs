//! A backbone with the tool, devices behind it, and a path that loses and delays packets by seed.

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::Entropy;
use protocols::coap::{self, Response, ServerOutput, TransmissionParameters};
use protocols::dtls::{self, CookieConfig, Output, ServerConfig};
use protocols::time::Instant;
use protocols::tls::{Psk, SinglePsk};
use rand_core::{Rng, SeedableRng};
use record::event::{Because, Key};
use wire::Eui64;
use wire::coap::{Code, Message};
use wire::icmpv6;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::{sel, udp};

use crate::deviation::Deviating;
use crate::machine::{Machine, MachineInput, MachineOutput};
use crate::profile::{CT_ADDRESS, mesh_address};
use crate::selective::CommissioningTool;

pub(super) const KEY: &str = "000102030405060708090a0b0c0d0e0f";

pub(super) fn eui64(n: u8) -> Eui64 {
    Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, n])
}

pub(super) fn psk(n: u8) -> [u8; 16] {
    [n; 16]
}

/// A device as the tool sees it: a DTLS and CoAP server on port 5684, and a plain one on 5683.
pub(super) struct TestDevice {
    pub(super) address: Ipv6Addr,
    pub(super) eui64: Eui64,
    psk: [u8; 16],
    entropy: Entropy,
    servers: BTreeMap<u16, (dtls::Server, coap::Server)>,
    /// Requests in the order of their arrival: path and payload.
    pub(super) requests: Vec<(String, String)>,
    /// Answers to everything, if set.
    pub(super) answer: Option<Code>,
    /// How many requests more are left without an answer.
    pub(super) deaf_to: usize,
    /// Sessions that were established, and that the tool closed.
    pub(super) connected: usize,
    pub(super) closed: usize,
}

impl TestDevice {
    pub(super) fn new(n: u8) -> Self {
        Self::at(n, mesh_address(eui64(n)), psk(n))
    }

    pub(super) fn at(n: u8, address: Ipv6Addr, psk: [u8; 16]) -> Self {
        let entropy = Entropy::from_seed([n; 32]);
        let servers = BTreeMap::new();
        let eui64 = eui64(n);
        let requests = Vec::new();
        Self { address, eui64, psk, entropy, servers, requests, answer: None, deaf_to: 0, connected: 0, closed: 0 }
    }

    fn receive(&mut self, now: Instant, datagram: &udp::Datagram) {
        let port = datagram.source_port;
        if datagram.destination_port != 5684 {
            return;
        }
        // One that is over gives way to the next session from the same port.
        if self.servers.get(&port).is_none_or(|(dtls, _)| dtls.is_closed()) {
            let identity = self.eui64.to_string().into_bytes();
            let mut config = ServerConfig::new(SinglePsk { identity, psk: Psk::new(self.psk.to_vec()) });
            config.cookie = Some(CookieConfig { secret: [8; 32], peer: port.to_be_bytes().to_vec() });
            let dtls = dtls::Server::new(config, self.entropy.fork()).unwrap();
            self.servers
                .insert(port, (dtls, coap::Server::new(TransmissionParameters::default(), self.entropy.fork())));
        }
        if let Some((dtls, _)) = self.servers.get_mut(&port) {
            dtls.handle(now, &datagram.payload);
        }
    }

    fn poll(&mut self, now: Instant) -> Vec<(u16, Vec<u8>)> {
        let Self { servers, entropy, requests, answer, deaf_to, connected, closed, .. } = self;
        let mut sent = Vec::new();
        for (port, (dtls, coap)) in servers {
            loop {
                match dtls.poll(now) {
                    Some(Output::Datagram(datagram)) => sent.push((*port, datagram)),
                    Some(Output::Connected) => *connected += 1,
                    Some(Output::ApplicationData(data)) => coap.handle(now, &data),
                    Some(Output::Closed(how)) => {
                        *closed += usize::from(how.reason == protocols::tls::CloseReason::Peer);
                        *coap = coap::Server::new(TransmissionParameters::default(), entropy.fork());
                    }
                    Some(Output::KeyLog(_)) => {}
                    None => match coap.poll(now) {
                        Some(ServerOutput::Datagram(message)) => {
                            let _ = dtls.send(now, &message);
                        }
                        Some(ServerOutput::Request { exchange, message }) => {
                            let code = answer.unwrap_or_else(|| answer_to(&message));
                            requests.push((message.options.uri_path(), String::from_utf8(message.payload).unwrap()));
                            if *deaf_to == 0 {
                                coap.respond(now, exchange, Response::new(code));
                            }
                            *deaf_to = deaf_to.saturating_sub(1);
                        }
                        None => break,
                    },
                }
            }
        }
        sent
    }

    fn deadline(&self) -> Option<Instant> {
        self.servers.values().flat_map(|(dtls, coap)| [dtls.deadline(), coap.deadline()]).flatten().min()
    }
}

fn answer_to(message: &Message) -> Code {
    match (message.code, message.options.content_format()) {
        (Code::PUT, Some(wire::coap::ContentFormat::COAP_GROUP_JSON)) => Code::CHANGED,
        (Code::PUT, _) => Code::UNSUPPORTED_CONTENT_FORMAT,
        _ => Code::NOT_FOUND,
    }
}

/// Everything together.
pub(super) struct World {
    pub(super) now: Instant,
    pub(super) tool: Deviating<CommissioningTool>,
    pub(super) devices: Vec<TestDevice>,
    pub(super) done: Vec<String>,
    pub(super) refused: Vec<(String, String)>,
    /// Whose doing each refusal is.
    pub(super) because: Vec<Option<Because>>,
    pub(super) keys: Vec<Key>,
    pub(super) log: Vec<String>,
    /// Every packet that the tool sent, lost ones included.
    pub(super) sent: Vec<(Instant, Vec<u8>, Option<String>)>,
    in_flight: VecDeque<(Instant, Vec<u8>)>,
    loss_percent: u32,
    chance: Entropy,
}

const DELAY: Duration = Duration::from_millis(10);

impl World {
    pub(super) fn new(devices: Vec<TestDevice>, loss_percent: u32, seed: u8) -> Self {
        let mut world = Self {
            now: Instant::ZERO,
            tool: Deviating::new(CommissioningTool::new(Entropy::from_seed([seed; 32]))),
            devices,
            done: Vec::new(),
            refused: Vec::new(),
            because: Vec::new(),
            keys: Vec::new(),
            log: Vec::new(),
            sent: Vec::new(),
            in_flight: VecDeque::new(),
            loss_percent,
            chance: Entropy::from_seed([seed ^ 0xff; 32]),
        };
        world.order(&format!("network key={KEY}"));
        for n in 1..=3 {
            world.order(&format!("anchor eui64={} psk={}", eui64(n), hex::encode(psk(n))));
        }
        world.done.clear();
        world
    }

    pub(super) fn order(&mut self, order: &str) {
        self.tool.handle(self.now, MachineInput::Order { line: order, within: None });
        self.settle();
    }

    /// An order that has so much time.
    pub(super) fn order_within(&mut self, order: &str, within: Duration) {
        self.tool.handle(self.now, MachineInput::Order { line: order, within: Some(within) });
        self.settle();
    }

    /// A JSR of `eui64` from `address` reaches the tool.
    pub(super) fn join_secure_request(&mut self, eui64: Eui64, address: Ipv6Addr) {
        let message = icmpv6::Message::Sel(sel::Message::join_secure_request(eui64));
        let payload = message.to_vec(address, CT_ADDRESS).unwrap();
        let header = Header::new(address, CT_ADDRESS, NextHeader::ICMPV6, 63);
        self.packet(&Packet { header, payload }.to_vec().unwrap());
    }

    pub(super) fn packet(&mut self, packet: &[u8]) {
        self.tool.handle(self.now, MachineInput::Backbone(packet));
        self.settle();
    }

    /// Lets everybody send what they have.
    fn settle(&mut self) {
        while let Some(output) = self.tool.poll(self.now) {
            match output {
                MachineOutput::Backbone { packet, wrong_on_purpose } => {
                    self.sent.push((self.now, packet.clone(), wrong_on_purpose));
                    self.transmit(packet);
                }
                MachineOutput::KeyLearnt(key) => self.keys.push(key),
                MachineOutput::Done { order } => self.done.push(order),
                MachineOutput::Refused { order, reason, because } => {
                    self.refused.push((order, reason));
                    self.because.push(because);
                }
                MachineOutput::Log(text) => self.log.push(text),
                other => panic!("{other:?}"),
            }
        }
        for at in 0..self.devices.len() {
            let from = self.devices[at].address;
            for (port, payload) in self.devices[at].poll(self.now) {
                let datagram = udp::Datagram { source_port: 5684, destination_port: port, payload };
                let header = Header::new(from, CT_ADDRESS, NextHeader::UDP, 64);
                let payload = datagram.to_vec(from, CT_ADDRESS).unwrap();
                self.transmit(Packet { header, payload }.to_vec().unwrap());
            }
        }
    }

    fn transmit(&mut self, packet: Vec<u8>) {
        if self.chance.next_u32() % 100 >= self.loss_percent {
            self.in_flight.push_back((self.now + DELAY, packet));
        }
    }

    /// Runs until `until` or until nothing is left to happen.
    pub(super) fn run(&mut self, duration: Duration) {
        let until = self.now + duration;
        self.settle();
        loop {
            let flight = self.in_flight.front().map(|(due, _)| *due);
            let timers = self.devices.iter().filter_map(TestDevice::deadline).chain(self.tool.deadline());
            let Some(next) = timers.chain(flight).min().filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            while let Some((_, packet)) = self.in_flight.pop_front_if(|(due, _)| *due <= self.now) {
                self.deliver(&packet);
            }
            self.settle();
        }
        self.now = until;
    }

    fn deliver(&mut self, packet: &[u8]) {
        let Packet { header, payload } = Packet::parse(packet).unwrap();
        if header.destination == CT_ADDRESS {
            self.tool.handle(self.now, MachineInput::Backbone(packet));
        } else if let Ok(datagram) = udp::Datagram::parse(&payload, header.source, header.destination) {
            let device = self.devices.iter_mut().find(|device| device.address == header.destination);
            device.into_iter().for_each(|device| device.receive(self.now, &datagram));
        }
    }

    /// Packets of the tool to `address`.
    pub(super) fn sent_to(&self, address: Ipv6Addr) -> usize {
        self.sent.iter().filter(|(_, packet, _)| Packet::parse(packet).unwrap().header.destination == address).count()
    }
}
