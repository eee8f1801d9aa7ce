//! Stations: what a mechanism adds to the tester. A kind of station is a constant in its file and a line in [`KINDS`]; engine,
//! suites, reports and the book know it from there alone.

use protocols::Entropy;
use protocols::time::Instant;
use record::station::{Attachment, StationInfo};

use crate::craft::CounterState;
use crate::deviation::{Hooks, Rule, RuleError};
use crate::fake::FakeStation;
use crate::machine::{Machine, MachineInput, MachineOutput};
use crate::{neighbour, selective};

pub use crate::fake::Fake;

/// Every kind, in the order in which stations are briefed.
pub const KINDS: &[Kind] = &[selective::KIND, neighbour::KIND];

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

impl Kind {
    /// A new station of this kind. A fake stands in the place of any.
    pub fn station(
        &self,
        entropy: Entropy,
        departure: Option<Departure>,
        asks_second_engine: bool,
    ) -> Box<dyn Station> {
        match departure {
            Some(Departure::Fake(fake)) => Box::new(FakeStation::new(fake, self.info, entropy)),
            Some(Departure::Mutant(mutant)) => {
                (self.make)(entropy, &Making { mutant: Some(mutant), asks_second_engine })
            }
            None => (self.make)(entropy, &Making { mutant: None, asks_second_engine }),
        }
    }
}

/// The kinds of stations that a run knows: [`KINDS`], unless somebody brings others.
#[derive(Debug, Clone, Copy)]
pub struct Registry(&'static [Kind]);

impl Default for Registry {
    fn default() -> Self {
        Self(KINDS)
    }
}

impl Registry {
    /// These kinds alone.
    pub const fn of(kinds: &'static [Kind]) -> Self {
        Self(kinds)
    }

    /// Every kind.
    pub fn kinds(self) -> &'static [Kind] {
        self.0
    }

    /// What others need to know of every kind.
    pub fn infos(self) -> impl Iterator<Item = &'static StationInfo> {
        self.0.iter().map(|kind| &kind.info)
    }

    /// The kind of the station that a topology calls `name`.
    pub fn kind(self, name: &str) -> Option<&'static Kind> {
        self.0.iter().find(|kind| kind.info.is_named(name))
    }

    /// Every mutant with the kind that it is of.
    pub fn mutants(self) -> impl Iterator<Item = (&'static Kind, &'static MutantInfo)> {
        self.0.iter().flat_map(|kind| kind.mutants.iter().map(move |mutant| (kind, mutant)))
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_core::SeedableRng as _;
    use record::station::{Argument, ArgumentKind, OrderInfo};

    use super::*;

    /// A value of the kind that an argument takes.
    fn sample(argument: &Argument) -> String {
        match argument.kind {
            ArgumentKind::Eui64 => "70b3d5b007000001".to_owned(),
            ArgumentKind::Ipv6 => "fd00::1".to_owned(),
            ArgumentKind::Octets => "00".repeat(16),
            ArgumentKind::Key(octets) => "01".repeat(octets),
            ArgumentKind::Number(_) | ArgumentKind::Flag => "1".to_owned(),
            ArgumentKind::Milliseconds => "20ms".to_owned(),
            ArgumentKind::Word(words) => words[0].to_owned(),
            ArgumentKind::Text => "/x".to_owned(),
        }
    }

    /// The order with all bare arguments, and these keys.
    fn line(order: &OrderInfo, keys: &[&Argument]) -> String {
        let bare = order.bare.iter().map(sample);
        let keys = keys.iter().map(|key| format!("{}={}", key.name, sample(key)));
        let words: Vec<String> = std::iter::once(order.name.to_owned()).chain(bare).chain(keys).collect();
        words.join(" ")
    }

    #[test]
    fn every_order_that_a_station_lists_is_read_by_it_with_each_of_its_keys() {
        for kind in KINDS {
            for order in kind.info.orders {
                let mut lines = Vec::new();
                match order.inner {
                    Some(inner) => {
                        lines.extend(inner.iter().map(|inner| format!("{} {}", order.name, line(inner, &[]))))
                    }
                    None => {
                        let needed: Vec<&Argument> = order.keys.iter().filter(|key| key.is_needed).collect();
                        lines.push(line(order, &needed));
                        for key in order.keys.iter().filter(|key| !key.is_needed) {
                            lines.push(line(order, &needed.iter().copied().chain([key]).collect::<Vec<_>>()));
                        }
                    }
                }
                for line in lines {
                    if let Err(reason) = (kind.check)(&line) {
                        let own = ["an anchor is one of", "eui64= is missing", "hash= is missing", "now= is missing"];
                        let own = own.iter().chain(&["key= is missing", "to= is missing"]);
                        assert!(
                            own.into_iter().any(|own| reason.starts_with(own)),
                            "{}: {line}: {reason}",
                            kind.info.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn names_of_stations_and_mutants_are_told_apart() {
        let registry = Registry::default();
        for kind in KINDS {
            let named: Vec<&str> =
                registry.infos().filter(|info| info.is_named(kind.info.name)).map(|info| info.name).collect();
            assert_eq!(named, [kind.info.name]);
            assert!(kind.info.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
            assert!(
                !kind.info.is_prefix || kind.info.attachment == Attachment::Radio,
                "one place on the backbone each"
            );
        }
        let mutants: BTreeSet<&str> = registry.mutants().map(|(_, mutant)| mutant.name).collect();
        assert_eq!(mutants.len(), registry.mutants().count());
        assert!(registry.kind("tester2").is_some() && registry.kind("router").is_none());
    }

    #[test]
    fn every_kind_is_made_takes_its_brief_and_can_be_faked() {
        let property = |_: &str, field: &str| match field {
            "psk" | "key" => "00".repeat(16),
            "eui64" => "70b3d5b007000001".to_owned(),
            "index" => "1".to_owned(),
            _ => "0xb007".to_owned(),
        };
        for kind in KINDS {
            let devices = ["lbr".to_owned(), "dut".to_owned()];
            let briefing = Briefing { name: kind.info.name, devices: &devices, security_level: 5, property: &property };
            let orders = (kind.brief)(&briefing);
            for fake in [None, Some(Departure::Fake(Fake::Liar))] {
                let mut station = kind.station(Entropy::from_seed([7; 32]), fake, false);
                for line in &orders {
                    station.handle(Instant::ZERO, MachineInput::Order { line, within: None });
                }
                let outputs: Vec<_> = std::iter::from_fn(|| station.poll(Instant::ZERO)).collect();
                let done = outputs.iter().filter(|output| matches!(output, MachineOutput::Done { .. })).count();
                assert_eq!(done, orders.len(), "{}: {outputs:?}", kind.info.name);
            }
        }
    }
}
