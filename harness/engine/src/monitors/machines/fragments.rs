//! Fragments (RFC 4944 5.3): each datagram that a node cuts has a tag of its own; and all fragments of one are protected alike.

use std::collections::HashMap;

use dissect::NoteKind;
use suites::plan::Case;

use super::counters::is_restart;
use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word};

/// Dispatch of a first fragment, right-aligned (RFC 4944 5.3).
const FIRST: u64 = 0x18;

/// The first fragment of a datagram.
struct Cut {
    tag: u64,
    /// Of its frame: a MAC that tries longer than `macMaxFrameRetries` says sends the same frame once more.
    sequence_number: Option<u64>,
    event: u64,
}

/// Tags of the datagrams that the device has cut, by receiver.
#[derive(Default)]
pub(crate) struct FragmentTags {
    last: HashMap<String, Cut>,
}

impl FragmentTags {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for FragmentTags {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, sight.iut()) {
            self.last.clear();
        }
        let Some(pdu) = sight.sent_frame() else { return };
        if pdu.number("6lowpan.pattern") != Some(FIRST) {
            return;
        }
        let (Some(tag), Some(to)) = (pdu.number("6lowpan.frag.tag"), pdu.to.clone()) else { return };
        let cut = Cut { tag, sequence_number: pdu.number("wpan.seq_no"), event: pdu.completed() };
        if self.last.get(&to).is_some_and(|last| (last.tag, last.sequence_number) == (tag, cut.sequence_number)) {
            return;
        }
        let Some(Cut { tag: before, event, .. }) = self.last.insert(to, cut) else { return };
        word.judge();
        if before == tag {
            let reason = format!("two datagrams in a row to the same receiver were cut under tag {tag}");
            word.violation(reason, [event, pdu.completed()]);
        }
    }
}

/// The protection of the fragments of each datagram.
pub(crate) struct FragmentsAlike;

impl FragmentsAlike {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::new(Self)
    }
}

impl Machine for FragmentsAlike {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let Some(pdu) = sight.sent_frame() else { return };
        if pdu.number("6lowpan.fragment.count").is_none_or(|count| count < 2) {
            return;
        }
        word.judge();
        if pdu.note_kinds.contains(&NoteKind::MixedProtection) {
            word.violation("the fragments of a datagram were not protected alike", pdu.events.iter().copied());
        }
    }
}
