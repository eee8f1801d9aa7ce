//! The kinds of stations that there are: a line for each, and whoever asks asks here.

use protocols::Entropy;
use record::station::StationInfo;

use crate::fake::FakeStation;
use crate::station::{Departure, Kind, Making, MutantInfo, Station};

/// Every kind, in the order in which stations are briefed.
pub const KINDS: &[Kind] = &[
    // One a line.
    crate::selective::KIND,
    crate::neighbour::KIND,
    crate::dtls_client::KIND,
    crate::dtls_server::KIND,
];

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use protocols::time::Instant;
    use rand_core::SeedableRng as _;
    use record::station::{Argument, ArgumentKind, Attachment, OrderInfo};

    use super::*;
    use crate::machine::{Machine as _, MachineInput, MachineOutput};
    use crate::station::{Briefing, Fake};

    /// A value of the kind that an argument takes.
    fn sample(argument: &Argument) -> String {
        match argument.kind {
            ArgumentKind::Eui64 => "70b3d5b007000001".to_owned(),
            ArgumentKind::Ipv6 => "fd00::1".to_owned(),
            ArgumentKind::Octets => "00".repeat(16),
            ArgumentKind::Key(octets) => "01".repeat(octets),
            ArgumentKind::Number(_) => "1".to_owned(),
            ArgumentKind::Flag => "0".to_owned(),
            ArgumentKind::Milliseconds => "20ms".to_owned(),
            ArgumentKind::Word(words) => words[0].to_owned(),
            ArgumentKind::Text if argument.name == "pieces" => "0-1".to_owned(),
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

    /// Every order of a table with what it needs, and once more with each key that it may take.
    fn lines(orders: &[OrderInfo]) -> Vec<String> {
        let of_one = |order: &OrderInfo| match order.inner {
            Some(inner) => lines(inner).into_iter().map(|line| format!("{} {line}", order.name)).collect(),
            None => {
                let needed: Vec<&Argument> = order.keys.iter().filter(|key| key.is_needed).collect();
                let more = order.keys.iter().filter(|key| !key.is_needed);
                let with = more.map(|key| line(order, &needed.iter().copied().chain([key]).collect::<Vec<_>>()));
                std::iter::once(line(order, &needed)).chain(with).collect::<Vec<_>>()
            }
        };
        orders.iter().flat_map(of_one).collect()
    }

    #[test]
    fn every_order_that_a_station_lists_is_read_by_it_with_each_of_its_keys() {
        for kind in KINDS {
            for line in lines(kind.info.orders) {
                // An anchor alone is by nothing; all else is an order.
                let taken = (kind.check)(&line)
                    .or_else(|reason| if reason.starts_with("an anchor is one of") { Ok(()) } else { Err(reason) });
                assert_eq!(taken, Ok(()), "{}: {line}", kind.info.name);
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
            "psk_identity_form" => "eui64-octets".to_owned(),
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
