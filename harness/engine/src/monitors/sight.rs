//! What a monitor that needs memory sees, and how it says what it found.

use record::event::Event;
use record::verdict::FieldMiss;
use suites::plan::{Case, Point, Role};

use crate::judge::Pdu;

/// The broadcast address of IEEE 802.15.4 as the observer writes it.
const FOR_ALL: &str = "0xffff";

/// A monitor that needs memory.
pub(crate) trait Machine: Send {
    /// Takes the next event of the log.
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word);
}

/// An event, and what became of it.
pub(crate) struct Sight<'a> {
    /// The event.
    pub(crate) event: &'a Event,
    /// The PDU that it completed, if any.
    pub(crate) pdu: Option<&'a Pdu>,
    /// The case.
    pub(crate) case: &'a Case,
    /// Whether frames may be lost although nothing disturbs them: then nothing can be inferred from what was not seen.
    pub(crate) loses_frames: bool,
    /// Somebody sends in the name of what is under test: a global source address proves nothing any more.
    pub(crate) is_impersonated: bool,
}

impl<'a> Sight<'a> {
    /// The name of what is under test.
    pub(crate) fn iut(&self) -> &'a str {
        self.case.iut.name()
    }

    /// A frame on the air that is no repetition, whole, and of nobody's making but its sender's.
    pub(crate) fn frame(&self) -> Option<&'a Pdu> {
        self.pdu.filter(|pdu| pdu.point == Point::Air && template_speaks_of(pdu))
    }

    /// A frame that what is under test has sent, its own or forwarded.
    pub(crate) fn sent_frame(&self) -> Option<&'a Pdu> {
        self.frame().filter(|pdu| pdu.from.as_deref() == Some(self.iut()))
    }

    /// A packet that what is under test has made and sent, where it leaves it: on the air, or at the backbone if it is there.
    pub(crate) fn made(&self) -> Option<&'a Pdu> {
        let pdu = self.pdu.filter(|pdu| template_speaks_of(pdu) && pdu.from.as_deref() == Some(self.iut()))?;
        (self.is_at_its_end(pdu) && is_own(pdu, self.iut()) && !self.is_impersonated).then_some(pdu)
    }

    /// A packet that has just come to what is under test, for it or to be sent on: over the last link, or at the backbone if it is
    /// there.
    pub(crate) fn came(&self) -> Option<&'a Pdu> {
        let pdu = self.pdu.filter(|pdu| pdu.from.as_deref() != Some(self.iut()) && self.is_at_its_end(pdu))?;
        let is_for_all = pdu.point == Point::Air && pdu.to.as_deref() == Some(FOR_ALL);
        (is_for_all || pdu.to.as_deref() == Some(self.iut())).then_some(pdu)
    }

    fn is_at_its_end(&self, pdu: &Pdu) -> bool {
        let role = self.case.topology.boards.iter().find(|board| board.name == self.iut()).map(|board| board.role);
        match pdu.point {
            Point::Air => role.is_some_and(Role::has_radio),
            Point::Backbone => role.is_some_and(Role::is_at_backbone),
            Point::UpperTester => false,
        }
    }
}

/// Whether anything can be said of this PDU at all.
pub(super) fn template_speaks_of(pdu: &Pdu) -> bool {
    !pdu.retransmission && pdu.wrong_on_purpose.is_none() && !pdu.note_kinds.contains(&dissect::NoteKind::BadFcs)
}

/// Whether `iut` has made this packet: by its source address, the unspecified one included, which nobody forwards.
pub(super) fn is_own(pdu: &Pdu, iut: &str) -> bool {
    matches!(pdu.origin.as_deref(), Some(origin) if origin == iut || origin == "::")
}

/// What a machine has to say.
#[derive(Debug, Default)]
pub(crate) struct Word {
    pub(super) named: u64,
    pub(super) judged: u64,
    pub(super) found: Vec<Found>,
}

/// A violation.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) reason: String,
    pub(super) evidence: Vec<u64>,
    pub(super) fields: Vec<FieldMiss>,
}

impl Word {
    /// One more that it speaks of, and that was judged.
    pub(crate) fn judge(&mut self) {
        self.named += 1;
        self.judged += 1;
    }

    /// One more that it speaks of, and that cannot be judged.
    pub(crate) fn pass_over(&mut self) {
        self.named += 1;
    }

    /// The one that was judged last is wrong: why, in a sentence, and by which events.
    pub(crate) fn violation(&mut self, reason: impl Into<String>, evidence: impl IntoIterator<Item = u64>) {
        let mut evidence: Vec<u64> = evidence.into_iter().collect();
        evidence.sort_unstable();
        evidence.dedup();
        self.found.push(Found { reason: reason.into(), evidence, fields: Vec::new() });
    }
}
