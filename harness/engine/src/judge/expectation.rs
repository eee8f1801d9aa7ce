//! Which PDUs an expectation or a `never` speaks of, and whether one meets its constraints.

use suites::plan::{Expect, Match, Never, Point};

use dissect::NoteKind;

use super::pdu::Pdu;
use super::template::{self, Bindings};

/// Which PDUs an expectation may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Only PDUs completed by a later event.
    pub(super) after: u64,
    /// Only PDUs complete at or before this time (nanoseconds).
    pub(super) until: u64,
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
        // Damaged on its way to the sniffer: nobody can say what it was.
        && !pdu.note_kinds.contains(&NoteKind::BadFcs)
        && pdu.messages.contains(&message)
        && from.is_none_or(|from| pdu.from.as_deref() == Some(from))
        && to.is_none_or(|to| pdu.to.as_deref() == Some(to))
}
