//! Which PDUs meet which expectations of a step: every PDU that an expectation names must meet one of those that name it,
//! and each PDU serves one expectation only. All assignments are followed side by side, so that the order in which a
//! suite lists two expectations that could meet the same PDU does not matter.

use record::verdict::{FieldMiss, NearestMiss};
use suites::plan::Expect;

use super::expectation::names;
use super::pdu::Pdu;
use super::template::{self, Bindings};
use super::times::nanoseconds;

/// For each expectation the PDUs (indices) that it took, in order.
pub(super) type Assignment = Vec<Vec<usize>>;

/// What the PDUs seen so far say of a set of expectations.
pub(super) enum Matching {
    /// All met.
    Met(Assignment),
    /// This PDU is named by an open expectation and meets none.
    Missed {
        /// The expectation (index) that it misses by the fewest fields.
        expect: usize,
        /// The PDU (index).
        pdu: usize,
        /// The fields.
        fields: Vec<FieldMiss>,
        /// What was taken before it.
        before: Assignment,
    },
    /// Not all met yet: the assignment that got furthest.
    Open(Assignment),
}

/// How many PDUs an expectation takes.
pub(super) fn wanted(expect: &Expect) -> usize {
    expect.count.max(1) as usize
}

/// Matches PDUs completed after event `after` with `expects`, whose time runs from `since` (nanoseconds).
pub(super) fn assign(expects: &[&Expect], pdus: &[Pdu], after: u64, since: u64, bindings: &Bindings) -> Matching {
    let mut states: Vec<Assignment> = vec![vec![Vec::new(); expects.len()]];
    let begin = pdus.partition_point(|pdu| pdu.completed() <= after);
    for (index, pdu) in pdus.iter().enumerate().skip(begin) {
        let named: Vec<(usize, Vec<FieldMiss>)> = expects
            .iter()
            .enumerate()
            .filter(|(_, expect)| in_time(expect, pdu, since) && names(expect, pdu))
            .map(|(position, expect)| (position, template::misses(pdu, &expect.matches, bindings)))
            .collect();
        if named.is_empty() {
            continue;
        }
        let mut next: Vec<Assignment> = Vec::new();
        for state in &states {
            let open = |position: usize| state[position].len() < wanted(expects[position]);
            for (position, _) in named.iter().filter(|(position, fields)| fields.is_empty() && open(*position)) {
                let mut taken = state.clone();
                taken[*position].push(index);
                keep(&mut next, taken);
            }
            // Passed over only where nobody who still waits insists on the first PDU.
            if named.iter().all(|(position, _)| !open(*position) || expects[*position].search) {
                keep(&mut next, state.clone());
            }
        }
        if next.is_empty() {
            return missed(expects, &states, index, named);
        }
        if let Some(met) = next.iter().find(|state| missing(expects, state).is_empty()) {
            return Matching::Met(met.clone());
        }
        states = next;
    }
    let furthest = states.into_iter().reduce(|best, state| if taken(&state) > taken(&best) { state } else { best });
    Matching::Open(furthest.unwrap_or_default())
}

/// The expectations (indices) that lack a PDU.
pub(super) fn missing(expects: &[&Expect], assignment: &Assignment) -> Vec<usize> {
    (0..expects.len()).filter(|position| assignment[*position].len() < wanted(expects[*position])).collect()
}

/// The PDU that comes nearest to `expect` of those that nothing took. Another event of the upper tester is no near miss
/// of an event that did not come: it is another event.
pub(super) fn nearest(
    expect: &Expect,
    pdus: &[Pdu],
    after: u64,
    since: u64,
    taken: &Assignment,
    bindings: &Bindings,
) -> Option<NearestMiss> {
    pdus.iter()
        .enumerate()
        .skip(pdus.partition_point(|pdu| pdu.completed() <= after))
        .filter(|(index, pdu)| {
            in_time(expect, pdu, since) && names(expect, pdu) && !taken.iter().flatten().any(|used| used == index)
        })
        .map(|(_, pdu)| (pdu, template::misses(pdu, &expect.matches, bindings)))
        .filter(|(_, fields)| !fields.is_empty() && fields.iter().all(|miss| miss.field != "ut.event"))
        // The latest of equals: `min_by_key` keeps the first.
        .rev()
        .min_by_key(|(_, fields)| fields.len())
        .map(|(pdu, fields)| NearestMiss { evidence: pdu.events.clone(), fields })
}

fn in_time(expect: &Expect, pdu: &Pdu, since: u64) -> bool {
    pdu.time <= since.saturating_add(nanoseconds(expect.within))
}

fn taken(assignment: &Assignment) -> usize {
    assignment.iter().map(Vec::len).sum()
}

/// Two assignments that leave the same places open have the same future: the first is as good as the other.
fn keep(states: &mut Vec<Assignment>, state: Assignment) {
    let same = |other: &Assignment| other.iter().zip(&state).all(|(a, b)| a.len() == b.len());
    if !states.iter().any(same) {
        states.push(state);
    }
}

fn missed(expects: &[&Expect], states: &[Assignment], pdu: usize, named: Vec<(usize, Vec<FieldMiss>)>) -> Matching {
    let before = states.first().cloned().unwrap_or_default();
    let open = |position: usize| {
        !expects[position].search && states.iter().any(|state| state[position].len() < wanted(expects[position]))
    };
    let nearest = named.into_iter().filter(|(position, _)| open(*position)).min_by_key(|(_, fields)| fields.len());
    match nearest {
        Some((expect, fields)) => Matching::Missed { expect, pdu, fields, before },
        None => Matching::Open(before),
    }
}
