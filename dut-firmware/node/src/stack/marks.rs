//! The neighbour list as the stack's other parts and mechanisms see it: who is there, and which links are marked by what key.

use alloc::vec::Vec;

use protocols::lowpan::Protection;
use protocols::time::Instant;
use wire::Eui64;
use wire::upper_tester::Arguments;

use super::admission::Link;
use super::input::Input;
use super::kept::KeyId;
use super::neighbours::{Mark, Noted};
use super::{NetworkKey, Stack};

impl Stack {
    /// Puts a neighbour into the list.
    pub(super) fn note_neighbour(&mut self, now: Instant, eui64: Eui64) {
        let noted = self.neighbours.note(eui64, now, self.discovery.parent(), self.mutant);
        if let Noted::Added { instead_of } = noted {
            if let Some(gone) = instead_of {
                self.hand_up(Input::Gone(gone));
            }
            self.hand_up(Input::Neighbour(eui64));
        }
    }

    /// All neighbours, in the order of the list.
    pub(crate) fn neighbours(&self) -> impl Iterator<Item = Eui64> {
        self.neighbours.iter().map(|neighbour| neighbour.eui64)
    }

    /// Whether it is in the list.
    pub(crate) fn knows(&self, neighbour: Eui64) -> bool {
        self.neighbours.get(neighbour).is_some()
    }

    /// Whether the link is marked; one with somebody who is not in the list is not (`PROFILE-SEL` 8).
    pub(crate) fn is_marked(&self, neighbour: Eui64) -> bool {
        self.neighbours.mark_of(neighbour).is_some()
    }

    /// All neighbours whose link is marked.
    pub(crate) fn marked(&self) -> Vec<Eui64> {
        self.neighbours.marked()
    }

    /// Marks a link as secured by this key until then.
    pub(crate) fn mark(&mut self, now: Instant, neighbour: Eui64, key: KeyId, until: Instant) {
        if self.neighbours.mark(neighbour, Mark { until, key }) {
            self.tell.event(now, "link_secured", Arguments::default().with("neighbour", neighbour));
        }
    }

    /// Drops the mark of a link.
    pub(crate) fn unmark(&mut self, now: Instant, neighbour: Eui64) {
        if self.neighbours.unmark(neighbour) {
            self.tell.event(now, "link_unsecured", Arguments::default().with("neighbour", neighbour));
        }
    }

    /// Drops the marks whose time is over.
    pub(super) fn expire_marks(&mut self, now: Instant) {
        for eui64 in self.neighbours.expire(now) {
            self.tell.event(now, "link_unsecured", Arguments::default().with("neighbour", eui64));
        }
    }

    /// The key that a frame came under; of one that was plain, the key to send with.
    pub(crate) fn key_behind(&self, protection: Protection) -> Option<KeyId> {
        let key = match protection {
            Protection::Secured { key_index, .. } => self.kept.keys().iter().find(|key| key.index == key_index),
            Protection::Plain => None,
        };
        key.or(self.kept.transmit_key()).map(NetworkKey::id)
    }

    /// The link with a neighbour, or without one what is true of every link.
    pub(super) fn link_with(&self, neighbour: Option<Eui64>) -> Link {
        let known = neighbour.and_then(|neighbour| self.neighbours.get(neighbour));
        Link {
            role: self.role(),
            keyed: self.kept.is_keyed(),
            marked_by: known.and_then(|known| known.mark).map(|mark| mark.key),
            was_marked: known.is_some_and(|known| known.was_marked),
        }
    }
}
