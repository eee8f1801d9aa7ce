//! The form of what a device sends: what another program would call malformed, or under a context that nobody has told.

use dissect::NoteKind;
use suites::plan::Case;

use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word, is_own};

/// Whether everything that the device makes can be read.
pub(crate) struct WellFormed;

impl WellFormed {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::new(Self)
    }
}

impl Machine for WellFormed {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        // Beacons and commands have forms of their own in every network.
        let Some(pdu) = sight.sent_frame().filter(|pdu| pdu.messages.contains(&"wpan.data")) else { return };
        // A reserved bit of the frame control field is none of the form: whoever receives it ignores it, and another monitor looks.
        let unformed = pdu.note_kinds.iter().filter(|kind| **kind == NoteKind::Malformed).count();
        let is_malformed = unformed > usize::from(pdu.number("wpan.fcf.reserved") == Some(1));
        // What is wrong above the link layer of a packet that it sends on is somebody else's doing.
        if pdu.text("ipv6.src").is_some() && (!is_own(pdu, sight.iut()) || sight.is_impersonated) {
            return;
        }
        word.judge();
        if is_malformed {
            let mut notes = pdu.note_kinds.iter().zip(&pdu.notes);
            let note = notes.find(|(kind, _)| **kind == NoteKind::Malformed).map(|(_, note)| note.as_str());
            let reason = format!("a frame is malformed: {}", note.unwrap_or_default());
            word.violation(reason, pdu.events.iter().copied());
        }
    }
}
