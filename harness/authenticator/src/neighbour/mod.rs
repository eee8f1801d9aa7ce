//! An emulated neighbour at a tester radio: a node whose state the suite sets (`SEL` 5.3, `PROFILE-SEL` 5 to 9).
//!
//! `order::ORDERS` lists its orders, each ending in exactly one `Done` or `Refused`.
//!
//! An order that sends is done when all its frames were acknowledged (or sent, if broadcast) and refused if one was not.
//! Unless said otherwise a unicast is secured if the link is marked (`SEL` 5.3.3). A keyed neighbour multicasts one plain
//! and one secured copy. Received secured frames are verified, replays refused; plain ones over a marked link are refused.
//! With `answer_ssr=1` a secured SSR marks the link and is answered at most once a second. With `forward=1` it routes
//! packets that are not for it: into the mesh to the node in the interface identifier, all others to its parent; with
//! `answer_nd=1` too it answers router solicitations, with the 6LBR that it heard of itself. Such a router should be
//! announced to its parent first. It acknowledges the DAOs that ask for it, whatever they say.

mod flood;
mod order;
mod receive;
mod rogue;
mod send;
mod tape;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::Entropy;
use protocols::link_security::{LinkKey, LinkSecurity, OutgoingCounter, Policy};
use protocols::lowpan::Reassembler;
use protocols::time::Instant;
use rand_core::Rng;
use record::event::{Because, Key, TransmitStatus};
use record::station::{Attachment, StationInfo};
use wire::Eui64;
use wire::ieee802154::SecurityLevel;

use crate::craft::{CounterState, Destination, Value};
use crate::deviation::{Gate, Hooks, Rule, RuleBook, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput, Refusal};
use crate::selective::CommissioningTool;
use crate::station::{self, Briefing, Kind, Manner, Station};

use flood::Floods;
use order::{Configuration, Order};
use send::Outgoing;
use tape::Tape;

/// An answered SSR is not answered again before this time (`PROFILE-SEL` 5).
const SSR_ANSWER_INTERVAL: Duration = Duration::from_secs(1);

/// The unit of a registration lifetime.
const LIFETIME_UNIT: Duration = Duration::from_secs(60);

/// An emulated neighbour.
pub struct Neighbour {
    node: Option<Node>,
    outputs: VecDeque<MachineOutput>,
    counters: CounterState,
    rules: RuleBook,
    gate: Gate<Outgoing>,
    jobs: BTreeMap<u64, Job>,
    next_id: u64,
    /// Frames on their way, by handle, and the order that waits for them.
    in_flight: BTreeMap<u64, Option<u64>>,
    statistics: Statistics,
    entropy: Entropy,
    floods: Floods,
    /// `flood-end` orders that wait.
    flood_ends: Vec<(String, Option<Instant>)>,
    tape: Tape,
    /// A forged commissioning tool, once an order asked for one.
    tool: Option<Box<CommissioningTool>>,
}

/// Counters for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Packets that were passed up.
    pub received: u32,
    /// Plain frames refused because the link is marked secured.
    pub refused_unsecured: u32,
    /// Secured frames refused: no key, wrong level, wrong integrity code, replay.
    pub refused_secured: u32,
    /// Frames or packets that could not be understood.
    pub malformed: u32,
}

/// What `configure` makes of a neighbour.
struct Node {
    configuration: Configuration,
    security: LinkSecurity,
    reassembler: Reassembler,
    /// Links marked secured, and until when.
    marks: BTreeMap<Eui64, Instant>,
    /// When an SSR was last sent to a node.
    requested: BTreeMap<Eui64, Instant>,
    /// The 6LBR of the last router advertisement, with its version: a router passes it on.
    border_router: Option<(u32, Ipv6Addr)>,
}

/// An order whose frames are on their way.
struct Job {
    order: String,
    /// Messages not yet handed to the radio.
    waiting: usize,
    handles: BTreeSet<u64>,
    failure: Option<String>,
    /// When it is given up.
    ends: Option<Instant>,
}

impl Node {
    fn new(configuration: Configuration) -> Result<Self, String> {
        let policy = Policy {
            minimum_level: SecurityLevel::from_bits(configuration.level),
            transmit_level: SecurityLevel::from_bits(configuration.level),
            ..Policy::default()
        };
        let mut security = LinkSecurity::new(configuration.eui64, policy, OutgoingCounter::from_stored(0));
        if let (Some(key), true) = (configuration.key, configuration.keyed) {
            security.set_key(configuration.index, LinkKey::new(key)).map_err(|error| error.to_string())?;
        }
        let (marks, requested) = (BTreeMap::new(), BTreeMap::new());
        let (reassembler, border_router) = (Reassembler::default(), None);
        Ok(Self { configuration, security, reassembler, marks, requested, border_router })
    }

    fn is_marked(&self, now: Instant, node: Eui64) -> bool {
        self.marks.get(&node).is_some_and(|until| now < *until)
    }

    fn mark(&mut self, now: Instant, node: Eui64, registration_lifetime: u16) {
        if registration_lifetime == 0 {
            self.marks.remove(&node);
        } else {
            self.marks.insert(node, now + LIFETIME_UNIT * u32::from(registration_lifetime));
        }
    }
}

impl Neighbour {
    /// Silent until it is configured.
    pub fn new(mut entropy: Entropy) -> Self {
        Self {
            node: None,
            outputs: VecDeque::new(),
            counters: CounterState::starting_at(entropy.next_u32() as u16),
            rules: RuleBook::default(),
            gate: Gate::default(),
            jobs: BTreeMap::new(),
            next_id: 0,
            in_flight: BTreeMap::new(),
            statistics: Statistics::default(),
            entropy,
            floods: Floods::default(),
            flood_ends: Vec::new(),
            tape: Tape::default(),
            tool: None,
        }
    }

    /// Counters for reports.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Whether it has marked its link with a node as secured.
    pub fn is_link_secured(&self, now: Instant, node: Eui64) -> bool {
        self.node.as_ref().is_some_and(|own| own.is_marked(now, node))
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn take_order(&mut self, now: Instant, line: &str, within: Option<Duration>) -> Result<(), Refusal> {
        let ends = within.map(|within| now + within);
        match Order::parse(line)? {
            Order::Device { eui64, port } => {
                self.floods.serve_at(eui64, port);
                self.done(line);
            }
            Order::Configure(configuration) => {
                let (eui64, pan_id) = (vec![configuration.eui64], configuration.pan_id);
                if let Some(key) = configuration.key {
                    let key = Key::Link { index: configuration.index, key: key.to_vec().into() };
                    self.outputs.push_back(MachineOutput::KeyLearnt(key));
                }
                self.node = Some(Node::new(configuration)?);
                self.outputs.push_back(MachineOutput::Impersonate { eui64, pan_id });
                self.done(line);
            }
            Order::Silent => {
                let pan_id = self.node.take().map_or(0xffff, |node| node.configuration.pan_id);
                self.outputs.push_back(MachineOutput::Impersonate { eui64: Vec::new(), pan_id });
                self.done(line);
            }
            Order::Announce { to, secured } => {
                let is_keyed = self.configured()?.configuration.keyed;
                let secured = self.protection(now, to, secured)?;
                let job = self.begin(line, ends);
                for secured in [false, true].into_iter().filter(|secured| is_keyed || !secured) {
                    self.transmit(now, "nd.rs", Destination::AllNodes, secured, &[], Some(job));
                }
                self.transmit(now, "nd.ns", Destination::Neighbour(to), secured, &[], Some(job));
                self.settle(job);
            }
            Order::SetSecureRequest { to, lifetime, secured } => {
                let secured = self.protection(now, to, Some(secured))?;
                self.configured()?.requested.insert(to, now);
                let job = self.begin(line, ends);
                let lifetime = [("sel.registration_lifetime", Value::Number(lifetime.into()))];
                self.transmit(now, "sel.ssr", Destination::Neighbour(to), secured, &lifetime, Some(job));
                self.settle(job);
            }
            Order::Echo { to, dest, secured, size } => {
                let secured = self.protection(now, to, secured)?;
                let job = self.begin(line, ends);
                let destination = dest
                    .map_or(Destination::Neighbour(to), |address| Destination::Address { address, next_hop: Some(to) });
                let size = [("data.len", Value::Number(size.into()))];
                self.transmit(now, "icmpv6.echo_request", destination, secured, &size, Some(job));
                self.settle(job);
            }
            Order::Flood(order) => {
                self.configured()?;
                self.floods.begin(now, order);
                self.done(line);
            }
            Order::FloodEnd => self.flood_ends.push((line.to_owned(), ends)),
            Order::Record(order) => {
                self.tape.record(order);
                self.done(line);
            }
            Order::RecordEnd => {
                self.tape.stop();
                self.done(line);
            }
            Order::Replay(order) => self.replay(now, order, line, ends)?,
            Order::OfTheTool(order) => self.order_tool(now, &order, within)?,
        }
        Ok(())
    }

    /// Reports the `flood-end` orders once nothing of a flood is on its way.
    fn settle_floods(&mut self) {
        if self.floods.is_over() && self.in_flight.is_empty() {
            for (order, _) in std::mem::take(&mut self.flood_ends) {
                self.outputs.push_back(MachineOutput::Done { order });
            }
        }
    }

    fn configured(&mut self) -> Result<&mut Node, String> {
        self.node.as_mut().ok_or_else(|| "the neighbour is not configured".to_owned())
    }

    /// Whether a unicast to `to` is to be secured: as the order says, else as the link is marked.
    fn protection(&mut self, now: Instant, to: Eui64, secured: Option<bool>) -> Result<bool, String> {
        let node = self.configured()?;
        let secured = secured.unwrap_or_else(|| node.configuration.keyed && node.is_marked(now, to));
        if secured && node.configuration.key.is_none() {
            return Err("the neighbour has no key".to_owned());
        }
        Ok(secured)
    }

    fn done(&mut self, line: &str) {
        self.outputs.push_back(MachineOutput::Done { order: line.to_owned() });
    }

    fn begin(&mut self, line: &str, ends: Option<Instant>) -> u64 {
        let id = self.next_id();
        let job = Job { order: line.to_owned(), waiting: 0, handles: BTreeSet::new(), failure: None, ends };
        self.jobs.insert(id, job);
        id
    }

    /// Reports an order once nothing of it is on its way.
    fn settle(&mut self, id: u64) {
        if self.jobs.get(&id).is_none_or(|job| job.waiting > 0 || !job.handles.is_empty()) {
            return;
        }
        let Some(Job { order, failure, .. }) = self.jobs.remove(&id) else { return };
        self.outputs.push_back(match failure {
            None => MachineOutput::Done { order },
            Some(reason) => MachineOutput::Refused { order, reason, because: Some(Because::Device) },
        });
    }

    /// Ends the orders whose time is over: what is on its way stays there.
    fn give_up(&mut self, now: Instant) {
        let is_over = |ends: &Option<Instant>| ends.is_some_and(|ends| ends <= now);
        let over: Vec<u64> = self.jobs.iter().filter(|(_, job)| is_over(&job.ends)).map(|(id, _)| *id).collect();
        for job in over.into_iter().filter_map(|id| self.jobs.remove(&id)) {
            let reason = match job.handles.len() {
                0 => format!("{} messages were not due yet", job.waiting),
                frames => format!("the radio did not say what became of {frames} frames"),
            };
            // Of its own radio, not of the device.
            self.outputs.push_back(Refusal::unclear(reason).output(job.order));
        }
        let (over, left) = std::mem::take(&mut self.flood_ends).into_iter().partition(|(_, ends)| is_over(ends));
        self.flood_ends = left;
        let over: Vec<(String, Option<Instant>)> = over;
        for (order, _) in over {
            let reason = match self.in_flight.len() {
                0 => "a flood goes on".to_owned(),
                frames => format!("a flood goes on; the radio did not say yet what became of {frames} frames"),
            };
            self.outputs.push_back(Refusal::unclear(reason).output(order));
        }
    }

    fn transmit_done(&mut self, handle: u64, status: TransmitStatus) {
        let Some(Some(id)) = self.in_flight.remove(&handle) else { return };
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.handles.remove(&handle);
        let failure = match status {
            TransmitStatus::Success => None,
            TransmitStatus::NoAck => Some("a frame was not acknowledged"),
            TransmitStatus::ChannelAccessFailure => Some("a frame found no free channel"),
        };
        if let Some(failure) = failure {
            job.failure.get_or_insert_with(|| failure.to_owned());
        }
        self.settle(id);
    }
}

impl Machine for Neighbour {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        match input {
            MachineInput::Order { line, within } => {
                if let Err(refusal) = self.take_order(now, line, within) {
                    self.outputs.push_back(refusal.output(line.to_owned()));
                }
            }
            MachineInput::Received(psdu) => self.receive(now, psdu),
            MachineInput::Overheard(psdu) => self.tape.overhear(psdu),
            MachineInput::TransmitDone { handle, status } => self.transmit_done(handle, status),
            MachineInput::Backbone(_) => {
                self.outputs.push_back(station::has_no(Attachment::Backbone, KIND.info.title));
            }
        }
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        if self.outputs.is_empty() {
            self.advance_floods(now);
            self.advance_tool(now);
            while let Some(outgoing) = self.gate.poll(now) {
                self.hand_to_radio(outgoing);
            }
            self.settle_floods();
            self.give_up(now);
        }
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let tool = self.tool.as_ref().and_then(|tool| tool.deadline());
        let jobs = self.jobs.values().filter_map(|job| job.ends);
        let orders = jobs.chain(self.flood_ends.iter().filter_map(|(_, ends)| *ends));
        [self.gate.deadline(), self.floods.deadline(), tool].into_iter().flatten().chain(orders).min()
    }
}

/// What a neighbour sends itself, and then what it forwards.
const HOOKED: &[&str] = &[
    "sel.ssr",
    "icmpv6.echo_request",
    "icmpv6.echo_reply",
    "nd.rs",
    "nd.ra",
    "nd.ns",
    "nd.na",
    "rpl.dao_ack",
    "sel.jsr",
    "udp.datagram",
    "ipv6.packet",
];
const FORWARDED: &[&str] = &["sel.jsr", "udp.datagram", "ipv6.packet"];

impl Hooks for Neighbour {
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError> {
        let message = rule.message.as_str();
        let fields = match HOOKED.contains(&message) {
            true if FORWARDED.contains(&message) => crate::craft::fields::packet_fields(message),
            true => crate::craft::fields(message),
            false => None,
        };
        let Some(fields) = fields else { return Ok(false) };
        rule.check_fields(&fields)?;
        self.rules.add(rule.clone());
        Ok(true)
    }
}

/// What it is to engine, suites and book.
pub(crate) const KIND: Kind = Kind {
    info: StationInfo {
        name: "tester",
        is_prefix: true,
        title: "emulated neighbour",
        attachment: Attachment::Radio,
        orders: order::ORDERS,
        properties: &[],
        hooked: HOOKED,
    },
    mutants: &[],
    brief,
    check: order::check_order,
    make: |entropy, _| Box::new(Neighbour::new(entropy)),
};

/// A node of the network without its key, which answers no set secure request.
fn brief(briefing: &Briefing<'_>) -> Vec<String> {
    let Briefing { name, security_level, property, .. } = briefing;
    let configure = format!(
        "configure eui64={} pan_id={} key={} index={} level={security_level} keyed=0 answer_ssr=0 answer_nd=1",
        property(name, "eui64"),
        property("case", "pan_id"),
        property("network", "key"),
        property("network", "index"),
    );
    let mut orders = vec![configure];
    if let Some(Manner { eui64, port, identity }) = briefing.manner() {
        orders.push(format!("device eui64={eui64} port={port}"));
        orders.push(format!("{} device eui64={eui64} port={port} identity={identity}", rogue::WORD));
    }
    orders
}

impl Station for Neighbour {
    /// Its sequence numbers and frame counters: whoever crafts a frame in its name takes them from here, so that the
    /// receiver does not see a replay.
    fn counters_mut(&mut self) -> Option<&mut CounterState> {
        Some(&mut self.counters)
    }
}
