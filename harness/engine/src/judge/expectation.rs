//! Expectations against the PDUs seen so far: the first PDU of the named kind from the named sender decides.

use record::verdict::{FieldMiss, NearestMiss};
use suites::plan::{Expect, Match, Never, Point};

use super::observer::Pdu;
use super::template::{self, Bindings};

/// What the PDUs seen so far say of an expectation.
pub(super) enum Finding {
    /// Met by these PDUs (indices).
    Met(Vec<usize>),
    /// The deciding PDU does not match.
    Missed { pdu: usize, fields: Vec<FieldMiss> },
    /// Nothing decides yet; the nearest miss among skipped PDUs.
    Open { nearest: Option<NearestMiss> },
}

/// Which PDUs an expectation may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Only PDUs completed by a later event.
    pub(super) after: u64,
    /// Only PDUs complete at or before this time (nanoseconds).
    pub(super) until: u64,
}

/// Looks for the PDUs that decide `expect`; `used` PDUs count for nothing.
pub(super) fn find(expect: &Expect, pdus: &[Pdu], window: Window, used: &[usize], bindings: &Bindings) -> Finding {
    let mut met = Vec::new();
    let mut nearest: Option<(usize, NearestMiss)> = None;
    for (index, pdu) in pdus.iter().enumerate() {
        if !in_window(pdu, window) || used.contains(&index) || !names(expect, pdu) {
            continue;
        }
        let fields = template::misses(pdu, &expect.matches, bindings);
        if fields.is_empty() {
            met.push(index);
            if met.len() >= expect.count as usize {
                return Finding::Met(met);
            }
        } else if expect.search {
            let distance = fields.len();
            if nearest.as_ref().is_none_or(|(best, _)| distance <= *best) {
                nearest = Some((distance, NearestMiss { evidence: pdu.events.clone(), fields }));
            }
        } else {
            return Finding::Missed { pdu: index, fields };
        }
    }
    Finding::Open { nearest: nearest.map(|(_, miss)| miss) }
}

/// The first PDU that a `never` step forbids.
pub(super) fn find_forbidden(never: &Never, pdus: &[Pdu], window: Window, bindings: &Bindings) -> Option<usize> {
    pdus.iter().position(|pdu| {
        in_window(pdu, window)
            && looks_at(pdu, never.at, &never.message, never.from.as_deref(), never.to.as_deref())
            && template::misses(pdu, &never.matches, bindings).is_empty()
    })
}

/// Whether `pdu` is one that `expect` speaks of, whatever its fields.
pub(super) fn names(expect: &Expect, pdu: &Pdu) -> bool {
    looks_at(pdu, expect.at, &expect.message, expect.from.as_deref(), expect.to.as_deref())
}

/// Whether `pdu` meets all of `matches`.
pub(super) fn meets(pdu: &Pdu, matches: &[Match], bindings: &Bindings) -> bool {
    template::misses(pdu, matches, bindings).is_empty()
}

fn in_window(pdu: &Pdu, window: Window) -> bool {
    pdu.completed() > window.after && pdu.time <= window.until
}

fn looks_at(pdu: &Pdu, at: Point, message: &str, from: Option<&str>, to: Option<&str>) -> bool {
    pdu.point == at
        && !pdu.retransmission
        && pdu.messages.contains(&message)
        && from.is_none_or(|from| pdu.from.as_deref() == Some(from))
        && to.is_none_or(|to| pdu.to.as_deref() == Some(to))
}
