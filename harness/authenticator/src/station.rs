//! Stations: what a mechanism adds to the tester. A kind of station is a constant in its file and a line in
//! [`crate::registry::KINDS`]; engine, suites, reports and the book know it from there alone.

use protocols::Entropy;
use protocols::time::Instant;
use record::station::{Attachment, StationInfo};

use crate::craft::CounterState;
use crate::deviation::{Hooks, Rule, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput};

/// A machine as the engine holds it, whatever it plays.
pub trait Station: Machine + Hooks {
    /// Of a station at a radio: the counters that a frame crafted in its name takes.
    fn counters_mut(&mut self) -> Option<&mut CounterState> {
        None
    }
}

/// A kind of station.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name, orders and properties: what others need to know to name it.
    pub info: StationInfo,
    /// How it can be wrong on purpose, in one clause each.
    pub mutants: &'static [MutantInfo],
    /// The orders that it is given before a case begins.
    pub brief: fn(&Briefing<'_>) -> Vec<String>,
    /// Whether it understands an order, beyond what its row says.
    pub check: fn(&str) -> Result<(), String>,
    /// A new one.
    pub make: fn(Entropy, &Making) -> Box<dyn Station>,
}

/// One deliberate departure from a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MutantInfo {
    /// The name that suites and command lines use, in kebab case.
    pub name: &'static str,
    /// The clause of the ledger that it violates.
    pub clause: &'static str,
    /// One sentence: what it does.
    pub description: &'static str,
}

/// What a station is told of the case that it plays in.
#[derive(Clone, Copy)]
pub struct Briefing<'a> {
    /// Its own name there.
    pub name: &'a str,
    /// The boards with firmware, border routers first.
    pub devices: &'a [String],
    /// The level at which the network's key is handed out.
    pub security_level: u8,
    /// The property of a name; empty if there is none.
    pub property: &'a dyn Fn(&str, &str) -> String,
}

/// Where the device under test is not as the profile has it.
pub struct Manner {
    /// Its EUI-64.
    pub eui64: String,
    /// The port of its DTLS server.
    pub port: String,
    /// The word for what its PSK identity is.
    pub identity: String,
}

impl Briefing<'_> {
    /// How the device under test is spoken to, if not as the profile has it.
    pub fn manner(&self) -> Option<Manner> {
        let of_device = |field: &str| (self.property)("dut", field);
        let (port, identity) = (of_device("dtls_port"), of_device("psk_identity_form"));
        let is_stated = !port.is_empty() || !identity.is_empty();
        is_stated.then(|| Manner { eui64: of_device("eui64"), port, identity })
    }

    /// EUI-64 and global address of the device under test, if it has told one that its EUI-64 does not give (RFC 7217).
    pub fn told_address(&self) -> Option<(String, String)> {
        let (eui64, global) = ((self.property)("dut", "eui64"), (self.property)("dut", "global"));
        let natural = eui64.parse::<wire::Eui64>().ok().map(crate::profile::mesh_address)?;
        let told = global.parse::<std::net::Ipv6Addr>().ok()?;
        (told != natural).then_some((eui64, global))
    }
}

/// How a station is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Making {
    /// In which clause it is wrong on purpose.
    pub mutant: Option<MutantInfo>,
    /// Sessions by another engine than ours, where it can.
    pub asks_second_engine: bool,
}

/// How a station is wrong on purpose, to show that a suite notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departure {
    /// In one clause.
    Mutant(MutantInfo),
    /// Altogether.
    Fake(Fake),
}

/// A thing that stands in a station's place and does nothing of what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fake {
    /// Answers no order and sends nothing.
    Dead,
    /// Claims every order done, and sends rubbish to the mesh.
    Babbling,
    /// Refuses every order.
    Refusing,
    /// Claims every order done, and sends nothing.
    Liar,
}

impl Machine for Box<dyn Station> {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        (**self).handle(now, input);
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        (**self).poll(now)
    }

    fn deadline(&self) -> Option<Instant> {
        (**self).deadline()
    }
}

impl Hooks for Box<dyn Station> {
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError> {
        (**self).hook(rule)
    }
}

/// Whether a packet of the backbone is nothing to a station: it has a radio.
pub(crate) fn has_no(attachment: Attachment, title: &str) -> MachineOutput {
    let lacks = match attachment {
        Attachment::Backbone => "backbone port",
        Attachment::Radio => "radio",
    };
    MachineOutput::Fault(format!("the {title} has no {lacks}"))
}
