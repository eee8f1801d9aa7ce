//! The reference commissioning tool (`SEL` 5.3.2, 5.4, 6; `PROFILE-SEL` 13 to 18).
//!
//! It lives at a backbone port, remembers who asked to be secured, and hands keys to the one device that an operator
//! selects. Orders, each ending in exactly one `Done` or `Refused`:
//!
//! | order | what it does; when it is done |
//! |---|---|
//! | `network key=32hex [index=1] [level=5]` | sets the link key that devices are given |
//! | `anchor eui64=16hex psk=hex\|public_key=hex\|root=hex` | enters a device in the manufacturer's list: by its pre-shared key, its raw public key, or its manufacturer's root certificate |
//! | `device eui64=16hex [port=N] [identity=WORD]` | how a device is spoken to, where not as the profile has it: the port of its server, and what its PSK identity is (`eui64-hex-lower`, `eui64-hex-upper`, `eui64-octets`) |
//! | `identity [key=hex] [certificate=hex] [issuer=hex]` | the tool's own key, raw or certified; without arguments none |
//! | `clock now=seconds` | the wall time since 1970 |
//! | `revoke hash=64hex` | a key (SHA-256 of its SubjectPublicKeyInfo) that is believed no more |
//! | `select EUI64` | as soon as a JSR of it is known: handshake, PUT of the key; done at 2.01 or 2.04, refused at any other response. A failed handshake does not end it: other claimants and later JSRs are tried until its time is over |
//! | `deselect [EUI64]` | ends selections; their `select` is refused |
//! | `close [to=EUI64]`, `open [to=EUI64]` | PUT of `all_secured` with the domain's next sequence number to every secured device, again after the others to one that was not reached; done if all changed |
//! | `reach EUI64 [tries=10]` | echo requests to the device, every 3 s; done at the first reply |
//! | `adopt EUI64` | counts a device as secured that was keyed by other means |
//! | `forget EUI64` | forgets that a device was secured, its JSRs and its session |
//! | `connect EUI64 [psk=hex] [identity=text] [at=IPv6]` | a handshake alone; its session stays open |
//! | `disconnect EUI64` | closes such sessions with `close_notify` |
//! | `request EUI64 METHOD PATH [format=N] [accept=N] [type=con\|non] [payload=...]` | a request inside DTLS; done at any response |
//! | `plain METHOD PATH to=EUI64 [format=N] [accept=N] [type=con\|non] [payload=...]` | a request without DTLS to port 5683; done when sent, or with `type=con` at any response |
//! | `serve multicast`, `dns-sd` or `directory` | lets devices find the tool this way from now on |
//! | `handshake-config [mtu=N] [ems=offer\|never\|require] [retransmit=ms]` | for handshakes from now on |
//!
//! `payload=` takes the rest of the line: pairs of hex digits are octets, anything else is text.
//!
//! A session that an order opened is closed with `close_notify` when the order is done, since a device takes one session
//! at a time. An order that has a time ends with it, and says what it waited for and how each try ended. A session of `connect` serves later orders to its device and stays open until `disconnect`: the tool does
//! not end it for idleness, so that a case can see what the device does.

mod credentials;
mod directory;
mod fakes;
mod host;
mod mutants;
mod order;
mod reach;
mod registry;
mod second_engine;
mod session;
mod tasks;
#[cfg(test)]
mod tests;

pub use directory::{DNS_SERVER, RESOURCE_DIRECTORY};
pub use fakes::Fake;
pub use mutants::Mutant;
pub use order::check_order;
pub use registry::MAX_REQUESTS;

use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv6Addr;

use protocols::Entropy;
use protocols::dtls::Retransmission;
use protocols::time::Instant;
use protocols::tls::ExtendedMasterSecret;
use wire::Eui64;
use wire::coap::Message;

use crate::craft::coap_fields;
use crate::deviation::{Decision, Hooks, Rule, RuleBook, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput, Refusal};
use crate::profile::CT_ADDRESS;

use credentials::{DeviceAnchor, Keyring, Manner};
use directory::Responders;
use host::Plain;
use order::{NetworkKey, Order};
use registry::Registry;
use session::Session;
use tasks::Task;

/// The commissioning tool.
pub struct CommissioningTool {
    address: Ipv6Addr,
    departure: Option<Departure>,
    entropy: Entropy,
    outputs: VecDeque<MachineOutput>,
    rules: RuleBook,
    network: Option<NetworkKey>,
    /// The manufacturer's list.
    anchors: BTreeMap<Eui64, DeviceAnchor>,
    /// Devices that are spoken to in another manner than the profile's.
    manners: BTreeMap<Eui64, Manner>,
    keyring: Keyring,
    registry: Registry,
    /// Secured devices and where they were reached.
    secured: BTreeMap<Eui64, Ipv6Addr>,
    /// The last sequence number of `close` and `open` in this domain.
    close_seq: u32,
    handshake: HandshakeConfig,
    /// Sessions by another engine than ours, where it can.
    asks_second_engine: bool,
    responders: Responders,
    tasks: BTreeMap<u64, Task>,
    sessions: BTreeMap<u64, Session>,
    plain: Vec<Plain>,
    next_id: u64,
    next_port: u16,
    /// The local port for sessions with each device at each address.
    session_ports: BTreeMap<(Eui64, Ipv6Addr), u16>,
    statistics: Statistics,
}

/// How a tool is wrong on purpose, to show that a suite notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// In one clause.
    Mutant(Mutant),
    /// Altogether.
    Fake(Fake),
}

/// Counters for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// JSRs that were taken.
    pub requests_taken: u32,
    /// Messages of the bootstrap protocol that were discarded silently: malformed, wrong checksum, not a JSR.
    pub requests_discarded: u32,
    /// JSRs that were not remembered for want of room.
    pub requests_without_room: u32,
    /// Handshakes begun.
    pub handshakes_begun: u32,
    /// Handshakes that came to nothing.
    pub handshakes_failed: u32,
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
            address,
            departure: None,
            entropy,
            outputs: VecDeque::new(),
            rules: RuleBook::default(),
            network: None,
            anchors: BTreeMap::new(),
            manners: BTreeMap::new(),
            keyring: Keyring::default(),
            registry: Registry::default(),
            secured: BTreeMap::new(),
            close_seq: 0,
            handshake: HandshakeConfig::default(),
            asks_second_engine: false,
            responders: Responders::new(),
            tasks: BTreeMap::new(),
            sessions: BTreeMap::new(),
            plain: Vec::new(),
            next_id: 0,
            next_port: FIRST_PORT,
            session_ports: BTreeMap::new(),
            statistics: Statistics::default(),
        }
    }

    /// The same tool, wrong on purpose.
    pub fn departing(mut self, departure: Option<Departure>) -> Self {
        self.departure = departure;
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
        self.departure == Some(Departure::Mutant(mutant))
    }

    /// Counters for reports.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// How many claims to be secured are remembered.
    pub fn remembered_requests(&self) -> usize {
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
        let port = self.next_port();
        self.session_ports.insert(peer, port);
        port
    }

    /// A port that nothing else uses.
    fn next_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_PORT);
        port
    }

    fn log(&mut self, text: impl Into<String>) {
        self.outputs.push_back(MachineOutput::Log(text.into()));
    }
}

/// First of the dynamic ports (RFC 6335 section 6).
const FIRST_PORT: u16 = 49152;

impl Machine for CommissioningTool {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        if let Some(Departure::Fake(fake)) = self.departure {
            return self.pretend(fake, input);
        }
        match input {
            MachineInput::Order { line, within } => match Order::parse(line) {
                Ok(order) => self.take_order(now, line, order, within.map(|within| now + within)),
                Err(reason) => self.outputs.push_back(Refusal::from(reason).output(line.to_owned())),
            },
            MachineInput::Backbone(packet) => self.receive(now, packet),
            MachineInput::Received(_) | MachineInput::Overheard(_) | MachineInput::TransmitDone { .. } => {
                self.outputs.push_back(MachineOutput::Fault("the commissioning tool has no radio".to_owned()));
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

/// Messages that the tool applies rules to itself, before DTLS protects them.
const HOOKED: &[&str] = &["coap.get", "coap.put", "coap.post", "coap.delete", "coap.empty"];

impl Hooks for CommissioningTool {
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError> {
        if !HOOKED.contains(&rule.message.as_str()) {
            return Ok(false);
        }
        rule.check_fields(coap_fields::FIELDS)?;
        self.rules.add(rule.clone());
        Ok(true)
    }
}

/// What the rules make of a CoAP message, and what went wrong in making it.
fn deviate_coap(mut octets: Vec<u8>, rules: &mut RuleBook) -> (Vec<u8>, Decision, Option<String>) {
    if rules.is_empty() {
        return (octets, Decision::default(), None);
    }
    let mut message = match Message::parse(&octets) {
        Ok(message) => message,
        Err(error) => return (octets, Decision::default(), Some(format!("own CoAP message not understood: {error}"))),
    };
    let decision = rules.decide(&[coap_fields::name(&message)], |field| coap_fields::get(&message, field));
    let mut problem = None;
    for (_, field, value) in &decision.overrides {
        if let Err(error) = coap_fields::set(&mut message, field, value) {
            problem = Some(format!("deviation not applied: {error}"));
        }
    }
    if !decision.overrides.is_empty() {
        match message.emit() {
            Ok(changed) => octets = changed,
            Err(error) => problem = Some(format!("deviation not applied: {error}")),
        }
    }
    (octets, decision, problem)
}
