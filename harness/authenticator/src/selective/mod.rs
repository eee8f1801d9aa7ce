//! The reference commissioning tool (`SEL` 5.3.2, 5.4, 6; `PROFILE-SEL` 13 to 18).
//!
//! It lives at a backbone port, remembers who asked to be secured, and hands keys to the one device that an operator
//! selects. Each order ends in exactly one `Done` or `Refused`:
//! `order::ORDERS` lists them; `payload=` takes the rest of the line: pairs of hex digits are octets, anything else is text.
//!
//! A session that an order opened is closed with `close_notify` when the order is done, since a device takes one session
//! at a time. An order that has a time ends with it, and says what it waited for and how each try ended. A session of `connect` serves later orders to its device and stays open until `disconnect`: the tool does
//! not end it for idleness, so that a case can see what the device does.

mod begin;
mod credentials;
mod deviations;
mod directory;
mod engine;
mod kind;
mod mutants;
mod name_server;
#[cfg(not(feature = "second-engine"))]
mod no_second_engine;
mod order;
mod plain;
mod reach;
mod received;
mod registry;
#[cfg(feature = "second-engine")]
mod second_engine;
mod session;
mod tasks;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use kind::KIND;
pub use mutants::Mutant;
pub(crate) use order::{ORDERS, check_order};
pub use registry::MAX_REQUESTS;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;

use protocols::Entropy;
use protocols::dtls::Retransmission;
use protocols::time::Instant;
use protocols::tls::ExtendedMasterSecret;
use record::station::Attachment;
use wire::Eui64;

use crate::deviation::RuleBook;
use crate::host::Host;
use crate::machine::{Machine, MachineInput, MachineOutput, Refusal};
use crate::manner::Manners;
use crate::profile::CT_ADDRESS;
use crate::station::{self, MutantInfo, Station};

use credentials::{DeviceAnchor, Keyring};
use directory::Responder;
use order::{NetworkKey, Order};
use plain::Plain;
use registry::Registry;
use session::Session;
use tasks::Task;

/// The commissioning tool.
pub struct CommissioningTool {
    host: Host<Responder>,
    mutant: Option<MutantInfo>,
    entropy: Entropy,
    outputs: VecDeque<MachineOutput>,
    rules: RuleBook,
    network: Option<NetworkKey>,
    /// The manufacturer's list.
    anchors: BTreeMap<Eui64, DeviceAnchor>,
    /// Devices that are spoken to in another manner than the profile's.
    manners: Manners,
    keyring: Keyring,
    registry: Registry,
    /// Secured devices and where they were reached.
    secured: BTreeMap<Eui64, Ipv6Addr>,
    /// The last sequence number of `close` and `open` in this domain.
    close_seq: u32,
    handshake: HandshakeConfig,
    /// Sessions by another engine than ours, where it can.
    asks_second_engine: bool,
    tasks: BTreeMap<u64, Task>,
    sessions: BTreeMap<u64, Session>,
    plain: Vec<Plain>,
    next_id: u64,
    /// The local port for sessions with each device at each address.
    session_ports: BTreeMap<(Eui64, Ipv6Addr), u16>,
}

/// What `handshake-config` sets.
#[derive(Debug, Clone, Copy)]
struct HandshakeConfig {
    mtu: Option<usize>,
    extended_master_secret: ExtendedMasterSecret,
    retransmission: Retransmission,
}

impl Default for HandshakeConfig {
    /// Gives up after 31 to 47 s: another claimant may be waiting.
    fn default() -> Self {
        Self {
            mtu: None,
            extended_master_secret: ExtendedMasterSecret::Offer,
            retransmission: Retransmission { limit: 4, ..Retransmission::default() }.with_jitter(),
        }
    }
}

impl CommissioningTool {
    /// At the profile's address; idle until its first order.
    pub fn new(entropy: Entropy) -> Self {
        Self::at(CT_ADDRESS, entropy)
    }

    /// At another backbone address.
    pub fn at(address: Ipv6Addr, entropy: Entropy) -> Self {
        Self {
            host: Host::new(address),
            mutant: None,
            entropy,
            outputs: VecDeque::new(),
            rules: RuleBook::default(),
            network: None,
            anchors: BTreeMap::new(),
            manners: Manners::default(),
            keyring: Keyring::default(),
            registry: Registry::default(),
            secured: BTreeMap::new(),
            close_seq: 0,
            handshake: HandshakeConfig::default(),
            asks_second_engine: false,
            tasks: BTreeMap::new(),
            sessions: BTreeMap::new(),
            plain: Vec::new(),
            next_id: 0,
            session_ports: BTreeMap::new(),
        }
    }

    /// The same tool, wrong in one clause.
    #[must_use]
    pub fn departing(mut self, mutant: Option<MutantInfo>) -> Self {
        self.mutant = mutant;
        self
    }

    /// The same tool with the crate `dtls` for sessions with pre-shared keys. For racks in real time only: the crate has a
    /// clock of its own.
    #[must_use]
    pub fn with_second_engine(mut self, asks: bool) -> Self {
        self.asks_second_engine = asks;
        self
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant.is_some_and(|chosen| chosen.name == mutant.name())
    }

    /// How many claims to be secured are remembered.
    #[cfg(test)]
    fn remembered_requests(&self) -> usize {
        self.registry.len()
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// The port of sessions with a device. It stays the same, so that a new ClientHello supersedes a session whose
    /// `close_notify` was lost (RFC 6347 4.2.8): a device takes one session at a time. A second session beside one that
    /// is open, as a case may want to see refused, comes from another port.
    fn session_port(&mut self, peer: (Eui64, Ipv6Addr)) -> u16 {
        let is_taken = |port| self.sessions.values().any(|session| session.local_port == port && !session.is_over());
        if let Some(port) = self.session_ports.get(&peer).copied().filter(|port| !is_taken(*port)) {
            return port;
        }
        let port = self.host.next_port();
        self.session_ports.insert(peer, port);
        port
    }

    fn log(&mut self, text: impl Into<String>) {
        self.outputs.push_back(MachineOutput::Log(text.into()));
    }
}

impl Station for CommissioningTool {}

impl Machine for CommissioningTool {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        match input {
            MachineInput::Order { line, within } => match Order::parse(line) {
                Ok(order) => self.take_order(now, line, order, within.map(|within| now + within)),
                Err(reason) => self.outputs.push_back(Refusal::from(reason).output(line.to_owned())),
            },
            MachineInput::Backbone(packet) => self.receive(now, packet),
            MachineInput::Received(_) | MachineInput::Overheard(_) | MachineInput::TransmitDone { .. } => {
                self.outputs.push_back(station::has_no(Attachment::Radio, KIND.info.title));
            }
        }
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            self.advance(now);
            if !self.poll_sessions(now) && !self.poll_plain(now) && self.outputs.is_empty() {
                return None;
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let sessions = self.sessions.values().filter_map(Session::deadline);
        let tasks = self.tasks.values().filter_map(Task::deadline);
        sessions.chain(self.plain.iter().filter_map(Plain::deadline)).chain(tasks).min()
    }
}
