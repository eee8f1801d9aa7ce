//! The selective bootstrap: what a device owes once its upper tester has said that it holds a key, that a link is marked or that the
//! network is closed. Who says nothing of that is not judged: no state is guessed.

use std::collections::HashMap;

use record::event::{Observation, What};
use suites::plan::{Case, DUT};
use wire::Eui64;
use wire::upper_tester::{Event as Told, Line};

use super::QUEUE;
use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word};

/// What a device that closes may still have in its queue: a flood has nothing to do with it.
const SHORT_QUEUE: u64 = 500_000_000;

/// A join request that was begun before the key came may still leave, in nanoseconds.
const LATE_REQUEST: u64 = 1_000_000_000;

/// What the device says of itself in an event.
fn told(sight: &Sight<'_>) -> Option<Told> {
    let What::Observation(Observation::UpperTester { board, line }) = &sight.event.what else { return None };
    if board != DUT {
        return None;
    }
    match Line::parse(line).ok()? {
        Line::Event(event) => Some(event),
        _ => None,
    }
}

/// Plain unicast frames over links that are marked (`SEL` 5.3.3).
#[derive(Default)]
pub(crate) struct MarkedLinks {
    /// Neighbour -> since when, and by which event.
    marked: HashMap<String, (u64, u64)>,
}

impl MarkedLinks {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for MarkedLinks {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if let Some(told) = told(sight) {
            let neighbour = told.arguments.get("neighbour").and_then(|text| text.parse::<Eui64>().ok());
            match (told.name.as_str(), neighbour) {
                ("link_secured", Some(neighbour)) => {
                    self.marked.insert(neighbour.with_colons(), (sight.event.t, sight.event.n));
                }
                ("link_unsecured", Some(neighbour)) => {
                    self.marked.remove(&neighbour.with_colons());
                }
                // What lasts over a restart is said again, or is not known.
                ("booted" | "unkeyed", _) => self.marked.clear(),
                _ => {}
            }
            return;
        }
        let Some(pdu) = sight.sent_frame().filter(|pdu| pdu.messages.contains(&"wpan.data")) else { return };
        let Some((since, event)) = pdu.text("wpan.dst64").and_then(|to| self.marked.get(to)) else { return };
        if pdu.time <= since.saturating_add(QUEUE) {
            return;
        }
        word.judge();
        if pdu.number("wpan.security") == Some(0) {
            let reason = "a frame left without link security over a link that is marked secured";
            word.violation(reason, [*event, pdu.completed()]);
        }
    }
}

/// Plain frames of a device that is closed (`PROFILE-SEL` 9, 10).
#[derive(Default)]
pub(crate) struct Closed {
    since: Option<(u64, u64)>,
}

impl Closed {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Closed {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if let Some(told) = told(sight) {
            match told.name.as_str() {
                "all_secured" if told.arguments.get("value") == Some("1") => {
                    self.since = Some((sight.event.t, sight.event.n));
                }
                "all_secured" | "booted" | "unkeyed" => self.since = None,
                _ => {}
            }
            return;
        }
        let Some((since, event)) = self.since else { return };
        let Some(pdu) = sight.sent_frame().filter(|pdu| pdu.messages.contains(&"wpan.data")) else { return };
        if pdu.time <= since.saturating_add(SHORT_QUEUE) {
            return;
        }
        word.judge();
        if pdu.number("wpan.security") == Some(0) {
            let reason = "a frame left without link security after the network was closed";
            word.violation(reason, [event, pdu.completed()]);
        }
    }
}

/// Join requests of a device that holds a key (`SEL` 5.3.1).
#[derive(Default)]
pub(crate) struct Joined {
    since: Option<(u64, u64)>,
}

impl Joined {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Joined {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if let Some(told) = told(sight) {
            match told.name.as_str() {
                "keyed" => {
                    self.since.get_or_insert((sight.event.t, sight.event.n));
                }
                "booted" | "unkeyed" => self.since = None,
                _ => {}
            }
            return;
        }
        let Some((since, event)) = self.since else { return };
        let Some(pdu) = sight.made() else { return };
        if pdu.time <= since.saturating_add(LATE_REQUEST) {
            return;
        }
        // Everything that it makes from now on is no join request.
        word.judge();
        if pdu.messages.contains(&"sel.jsr") {
            word.violation("a join secure request left after the device got its key", [event, pdu.completed()]);
        }
    }
}
