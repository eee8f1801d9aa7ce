//! RPL (RFC 6550): a router passes on the DODAG that it heard of, at a greater rank; trickle paces it; sequence counters are
//! counted as such; acknowledgements have a question.

use std::collections::{BTreeMap, HashMap};

use suites::plan::{Case, DUT, Role};

use super::answers::{ANSWER, is_unreadable};
use super::counters::is_restart;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

const INFINITE_RANK: u64 = 0xffff;
/// What was heard before may still stand in a DIO that waited for the radio, for so long in nanoseconds.
const QUEUE: u64 = 2_000_000_000;
/// Numbers of sequence counters that may be missing: messages that a full queue dropped.
const MISSING: usize = 4;
/// SEQUENCE_WINDOW: what may have been new in between, and told by no message.
const WINDOW: usize = 16;

/// What a router passes on of a DODAG as it got it (sections 6.3.1 and 6.7.6).
const PASSED_ON: &[&str] = &[
    "icmpv6.rpl.dio.instance",
    "icmpv6.rpl.dio.version",
    "icmpv6.rpl.dio.flag.g",
    "icmpv6.rpl.dio.flag.mop",
    "icmpv6.rpl.dio.flag.preference",
];
/// What it passes on if it is there.
const CONFIGURED: &[&str] = &[
    "icmpv6.rpl.opt.config.auth",
    "icmpv6.rpl.opt.config.pcs",
    "icmpv6.rpl.opt.config.interval_double",
    "icmpv6.rpl.opt.config.interval_min",
    "icmpv6.rpl.opt.config.redundancy",
    "icmpv6.rpl.opt.config.max_rank_inc",
    "icmpv6.rpl.opt.config.min_hop_rank_inc",
    "icmpv6.rpl.opt.config.ocp",
    "icmpv6.rpl.opt.config.def_lifetime",
    "icmpv6.rpl.opt.config.lifetime_unit",
];

/// A DIO that came.
#[derive(Clone)]
struct Heard {
    dodag: String,
    rank: u64,
    passed_on: Vec<Option<u64>>,
    /// Without a configuration option: nothing.
    configured: Vec<Option<u64>>,
    min_hop_rank_increase: Option<u64>,
    event: u64,
    /// When another one of this neighbour came after it.
    until: Option<u64>,
}

impl Heard {
    fn of(pdu: &Pdu) -> Option<Self> {
        let numbers = |fields: &[&str]| fields.iter().map(|field| pdu.number(field)).collect::<Vec<_>>();
        Some(Self {
            dodag: pdu.text("icmpv6.rpl.dio.dagid")?.to_owned(),
            rank: pdu.number("icmpv6.rpl.dio.rank")?,
            passed_on: numbers(PASSED_ON),
            configured: numbers(CONFIGURED),
            min_hop_rank_increase: pdu.number("icmpv6.rpl.opt.config.min_hop_rank_inc"),
            event: pdu.completed(),
            until: None,
        })
    }

    fn is_above(&self, own: &Self) -> bool {
        let least = self.min_hop_rank_increase.or(own.min_hop_rank_increase).unwrap_or(1);
        self.dodag == own.dodag && self.rank + least <= own.rank
    }

    fn is_passed_on(&self, own: &Self) -> bool {
        let is_same = |(one, other): (&Option<u64>, &Option<u64>)| one.is_none() || other.is_none() || one == other;
        self.dodag == own.dodag
            && self.passed_on == own.passed_on
            && self.configured.iter().zip(&own.configured).all(is_same)
    }
}

/// The DODAG that the device passes on.
#[derive(Default)]
pub(crate) struct Ranks {
    heard: BTreeMap<String, Vec<Heard>>,
    /// Lowest rank that the device advertised, by DODAG and version.
    lowest: HashMap<(String, Option<u64>), u64>,
    is_root: bool,
}

impl Ranks {
    pub(crate) fn make(case: &Case, _: &Environment) -> Box<dyn Machine> {
        let is_root = case.topology.boards.iter().any(|board| board.name == DUT && board.role == Role::BorderRouter);
        Box::new(Self { is_root, ..Self::default() })
    }
}

impl Machine for Ranks {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if let Some(pdu) = sight.came().filter(|pdu| pdu.messages.contains(&"rpl.dio"))
            && let (Some(from), Some(object)) = (&pdu.from, Heard::of(pdu))
        {
            let known = self.heard.entry(from.clone()).or_default();
            known.retain(|old| old.until.is_none_or(|until| pdu.time.saturating_sub(until) <= QUEUE));
            for old in known.iter_mut().filter(|old| old.until.is_none()) {
                old.until = Some(pdu.time);
            }
            known.push(object);
        }
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"rpl.dio")) else { return };
        let Some(own) = Heard::of(pdu) else { return };
        if own.rank == INFINITE_RANK {
            return word.judge();
        }
        if self.is_root {
            word.judge();
            if own.min_hop_rank_increase.is_some_and(|least| least != own.rank) {
                word.violation(format!("the rank of the root is {}", own.rank), [own.event]);
            }
            return;
        }
        if sight.loses_frames {
            return word.pass_over();
        }
        word.judge();
        let fresh = |old: &&Heard| old.until.is_none_or(|until| pdu.time.saturating_sub(until) <= QUEUE);
        let heard: Vec<&Heard> = self.heard.values().flatten().filter(fresh).collect();
        let evidence = || heard.iter().map(|heard| heard.event).chain([own.event]);
        if !heard.iter().any(|heard| heard.is_above(&own)) {
            let reason = format!("rank {} is not below that of any neighbour that was heard of this DODAG", own.rank);
            word.violation(reason, evidence());
        } else if !heard.iter().any(|heard| heard.is_passed_on(&own)) {
            word.violation("version, mode, flags or configuration are nobody's that was heard", evidence());
        }
        let version = own.passed_on.get(1).copied().flatten();
        let lowest = self.lowest.entry((own.dodag.clone(), version)).or_insert(own.rank);
        *lowest = (*lowest).min(own.rank);
        let most = pdu.number("icmpv6.rpl.opt.config.max_rank_inc").filter(|most| *most > 0);
        if let Some(most) = most.filter(|most| own.rank > *lowest + most) {
            let reason = format!("rank {} is more than {most} above {lowest}, the lowest in this version", own.rank);
            word.violation(reason, [own.event]);
        }
    }
}

/// When the device sent its last DIO to all, protected and not: time and event.
#[derive(Default)]
pub(crate) struct Pace {
    last: BTreeMap<bool, (u64, u64)>,
}

impl Pace {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Pace {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, DUT) {
            self.last.clear();
        }
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"rpl.dio")) else { return };
        let to_all = pdu.text("ipv6.dst").is_some_and(|text| text == "ff02::1a");
        let rank = pdu.number("icmpv6.rpl.dio.rank");
        // Poison is told at once.
        if !to_all || rank == Some(INFINITE_RANK) {
            return;
        }
        word.judge();
        let Some(exponent) = pdu.number("icmpv6.rpl.opt.config.interval_min").filter(|exponent| *exponent < 40) else {
            return;
        };
        let event = pdu.completed();
        if let Some((before, earlier)) = self.last.insert(pdu.secured(), (pdu.time, event)) {
            // Half of Imin, less what the one before may have waited for the channel.
            let least = (1_000_000_u64 << exponent) / 2;
            let least = (least - least / 5).saturating_sub(100_000_000);
            let gap = pdu.time.saturating_sub(before);
            if gap < least {
                let reason =
                    format!("a DIO for all {} ms after the one before, Imin is 2^{exponent} ms", gap / 1_000_000);
                word.violation(reason, [earlier, event]);
            }
        }
    }
}

/// The sequence counters of the device's DAOs, and the DAOs that came to it.
#[derive(Default)]
pub(crate) struct Advertisements {
    /// The last DAOSequence, with what was said under it and the event.
    last: Option<(u64, String, u64)>,
    /// The device's address, and the last path sequence that it told of it.
    own: String,
    path: Option<(u64, u64)>,
    /// Something came that nobody else can read, and that may have asked: until when it may be answered.
    murky_until: u64,
    /// The greatest PCS that came or that the device passed on.
    path_control_size: Option<u64>,
    /// Asked and answered, by neighbour and sequence.
    asked: HashMap<(String, u64), (u64, u64)>,
}

impl Advertisements {
    pub(crate) fn make(_: &Case, environment: &Environment) -> Box<dyn Machine> {
        let own = environment.get(DUT, "global").unwrap_or_default().to_owned();
        Box::new(Self { own, ..Self::default() })
    }

    fn judge_sequence(&mut self, pdu: &Pdu, word: &mut Word) {
        let Some(sequence) = pdu.number("icmpv6.rpl.dao.sequence") else { return };
        let event = pdu.completed();
        let said =
            ["icmpv6.rpl.opt.target.prefix", "icmpv6.rpl.opt.transit.pathseq", "icmpv6.rpl.opt.transit.pathlifetime"];
        let said: Vec<String> =
            said.iter().flat_map(|field| pdu.values(field).map(|value| format!("{value:?}"))).collect();
        let said = format!("{:?} {}", pdu.to, said.join(" "));
        if let Some((before, what, earlier)) = &self.last {
            let is_next = following(*before).take(MISSING).any(|next| next == sequence);
            if !(is_next || *before == sequence && *what == said) {
                let reason = format!("DAOSequence {sequence} comes after {before}");
                word.violation(reason, [*earlier, event]);
            }
        }
        self.last = Some((sequence, said, event));
    }

    /// Section 9.9, rule 1: no bit is set that the path control size leaves inactive. Section 6.7.8: a node's own address is no
    /// target that it has learnt by another protocol.
    fn judge_transit(&self, pdu: &Pdu, word: &mut Word) {
        if let Some(size) = self.path_control_size.filter(|size| *size < 8) {
            for bits in pdu.values("icmpv6.rpl.opt.transit.pathctl").filter_map(dissect::Value::number) {
                if bits & (0x7f >> size) != 0 {
                    let reason = format!("path control {bits:#04x} has bits beyond the {} that are active", size + 1);
                    word.violation(reason, [pdu.completed()]);
                }
            }
        }
        let mut targets = pdu.values("icmpv6.rpl.opt.target.prefix");
        let is_own = pdu.text("icmpv6.rpl.opt.target.prefix").is_some_and(|target| target == self.own);
        if is_own && targets.nth(1).is_none() && pdu.number("icmpv6.rpl.opt.transit.flag.e") == Some(1) {
            word.violation("the device's own address is told as an external target", [pdu.completed()]);
        }
    }

    fn judge_path(&mut self, pdu: &Pdu, word: &mut Word) {
        // With one target there is no doubt which path sequence is whose.
        let mut targets = pdu.values("icmpv6.rpl.opt.target.prefix");
        let (Some(_), None) = (targets.next(), targets.next()) else { return };
        let Some(sequence) = pdu.number("icmpv6.rpl.opt.transit.pathseq") else { return };
        let event = pdu.completed();
        if let Some((before, earlier)) = self.path.replace((sequence, event))
            && before != sequence
            && !following(before).take(WINDOW).any(|next| next == sequence)
        {
            let reason = format!("the device's path sequence {sequence} comes after {before}");
            word.violation(reason, [earlier, event]);
        }
    }
}

impl Machine for Advertisements {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, DUT) {
            (self.last, self.path) = (None, None);
        }
        if let Some(pdu) = sight.came().filter(|pdu| is_unreadable(pdu)) {
            self.murky_until = pdu.time.saturating_add(ANSWER);
        }
        if let Some(pdu) = sight.came().filter(|pdu| pdu.messages.contains(&"rpl.dao"))
            && let (Some(from), Some(sequence)) = (&pdu.from, pdu.number("icmpv6.rpl.dao.sequence"))
        {
            let wanted = u64::from(pdu.number("icmpv6.rpl.dao.flag.k") == Some(1));
            self.asked.entry((from.clone(), sequence)).or_default().0 += wanted;
        }
        let object = sight.came().or_else(|| sight.made()).filter(|pdu| pdu.messages.contains(&"rpl.dio"));
        let size = object.and_then(|pdu| pdu.number("icmpv6.rpl.opt.config.pcs"));
        self.path_control_size = self.path_control_size.max(size);
        let Some(pdu) = sight.made() else { return };
        if pdu.messages.contains(&"rpl.dao") {
            if sight.loses_frames {
                return word.pass_over();
            }
            word.judge();
            self.judge_transit(pdu, word);
            self.judge_sequence(pdu, word);
            if pdu.text("icmpv6.rpl.opt.target.prefix").is_some_and(|target| target == self.own) {
                self.judge_path(pdu, word);
            }
        } else if pdu.messages.contains(&"rpl.dao_ack") {
            let (Some(to), Some(sequence)) = (&pdu.to, pdu.number("icmpv6.rpl.daoack.sequence")) else { return };
            if sight.loses_frames || pdu.time <= self.murky_until {
                return word.pass_over();
            }
            word.judge();
            let (asked, answered) = self.asked.entry((to.clone(), sequence)).or_default();
            *answered += 1;
            if answered > asked {
                let reason = format!(
                    "{to} asked {asked} times for an acknowledgement of DAO {sequence}, this is number {answered}"
                );
                word.violation(reason, [pdu.completed()]);
            }
        }
    }
}

/// The numbers after `value`: round the circle of 7 bits, or along the line above it into the circle (section 7.2).
fn following(value: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(value), |value| {
        Some(match value {
            127 | 255 => 0,
            value => value + 1,
        })
    })
    .skip(1)
}
