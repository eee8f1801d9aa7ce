//! The neighbour list: who is there, and by which key the link is marked as secured.
//!
//! Bounded; an entry without a mark never evicts one with a mark (`PROFILE-SEL` 8).

use alloc::vec::Vec;

use protocols::time::Instant;
use wire::Eui64;

use super::kept::KeyId;
use super::mutants::Mutant;
use crate::selected::Selected;

/// That a link is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Until when.
    pub(super) until: Instant,
    /// By which key.
    pub(super) key: KeyId,
}

/// A neighbour.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    /// Its link-layer address.
    pub(crate) eui64: Eui64,
    /// The mark of the link, if it has one.
    pub(crate) mark: Option<Mark>,
    /// The link had a mark that ran out.
    pub(crate) was_marked: bool,
    /// When a frame of it was last taken.
    pub(crate) heard: Instant,
    /// Sequence number, checksum and time of its last plain frame: tells a repetition by its MAC.
    pub(crate) last_plain: Option<(Option<u8>, u16, Instant)>,
}

/// What [`NeighbourList::note`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It was in the list.
    Known,
    /// It is now.
    Added { instead_of: Option<Eui64> },
    /// The list is full of entries that must stay.
    NoRoom,
}

/// The list.
#[derive(Debug, Default)]
pub(crate) struct NeighbourList {
    entries: Vec<Neighbour>,
}

impl NeighbourList {
    /// Notes that `eui64` was heard. `pinned` (the parent) is not evicted either.
    pub(crate) fn note(
        &mut self,
        eui64: Eui64,
        now: Instant,
        pinned: Option<Eui64>,
        mutant: Selected<Mutant>,
    ) -> Noted {
        if let Some(neighbour) = self.get_mut(eui64) {
            neighbour.heard = now;
            return Noted::Known;
        }
        let mut instead_of = None;
        let bound = if mutant.is(Mutant::NeighbourListUnbounded) { 1000 } else { mutant.free().neighbours() };
        if self.entries.len() >= bound {
            let evictable = |entry: &&Neighbour| {
                entry.mark.is_none() && Some(entry.eui64) != pinned || mutant.is(Mutant::NeighbourEvictsSecured)
            };
            let Some(victim) = self.entries.iter().filter(evictable).min_by_key(|entry| entry.heard) else {
                return Noted::NoRoom;
            };
            let victim = victim.eui64;
            self.entries.retain(|entry| entry.eui64 != victim);
            instead_of = Some(victim);
        }
        self.entries.push(Neighbour { eui64, mark: None, was_marked: false, heard: now, last_plain: None });
        Noted::Added { instead_of }
    }

    pub(crate) fn get(&self, eui64: Eui64) -> Option<&Neighbour> {
        self.entries.iter().find(|entry| entry.eui64 == eui64)
    }

    pub(crate) fn get_mut(&mut self, eui64: Eui64) -> Option<&mut Neighbour> {
        self.entries.iter_mut().find(|entry| entry.eui64 == eui64)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Neighbour> {
        self.entries.iter()
    }

    /// The mark of the link; one with somebody who is not in the list has none (`PROFILE-SEL` 8).
    pub(crate) fn mark_of(&self, eui64: Eui64) -> Option<Mark> {
        self.get(eui64)?.mark
    }

    /// Marks the link; `true` if it was unmarked.
    pub(crate) fn mark(&mut self, eui64: Eui64, mark: Mark) -> bool {
        self.get_mut(eui64).is_some_and(|entry| entry.mark.replace(mark).is_none())
    }

    /// Drops the mark; `true` if there was one.
    pub(crate) fn unmark(&mut self, eui64: Eui64) -> bool {
        self.get_mut(eui64).is_some_and(|entry| entry.mark.take().is_some())
    }

    /// Drops the marks whose lifetime is over; says whose.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Eui64> {
        let mut expired = Vec::new();
        for entry in &mut self.entries {
            if entry.mark.is_some_and(|mark| mark.until <= now) {
                (entry.mark, entry.was_marked) = (None, true);
                expired.push(entry.eui64);
            }
        }
        expired
    }

    /// All neighbours whose link is marked.
    pub(crate) fn marked(&self) -> Vec<Eui64> {
        self.entries.iter().filter(|entry| entry.mark.is_some()).map(|entry| entry.eui64).collect()
    }

    /// Entries in the list.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// When the next mark expires.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.entries.iter().filter_map(|entry| entry.mark.map(|mark| mark.until)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds;
    use crate::stack::Domain;
    use core::time::Duration;

    fn sound() -> Selected<Mutant> {
        Selected::default()
    }

    fn eui64(number: u8) -> Eui64 {
        Eui64([2, 0, 0, 0, 0, 0, 0, number])
    }

    fn until(end: u64) -> Mark {
        let key = KeyId { domain: Domain::default(), index: 1 };
        Mark { until: at(end), key }
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn an_unsecured_entry_never_evicts_a_secured_one() {
        let mut list = NeighbourList::default();
        for number in 0..32 {
            assert_eq!(list.note(eui64(number), at(number.into()), None, sound()), Noted::Added { instead_of: None });
        }
        for number in 0..31 {
            assert!(list.mark(eui64(number), until(1000)));
        }
        let noted = list.note(eui64(100), at(100), None, sound());
        assert_eq!(noted, Noted::Added { instead_of: Some(eui64(31)) });
        assert!(list.get(eui64(31)).is_none(), "the only unsecured entry had to go");
        assert!(list.mark(eui64(100), until(1000)));
        assert_eq!(list.note(eui64(101), at(101), None, sound()), Noted::NoRoom);
        assert_eq!(list.len(), bounds::NEIGHBOURS);
        assert_eq!(list.marked().len(), bounds::NEIGHBOURS);
    }

    #[test]
    fn the_parent_is_not_evicted_by_strangers() {
        let mut list = NeighbourList::default();
        for number in 0..200 {
            list.note(eui64(number), at(number.into()), Some(eui64(0)), sound());
        }
        assert!(list.get(eui64(0)).is_some() && list.get(eui64(199)).is_some() && list.get(eui64(1)).is_none());
    }

    #[test]
    fn a_mark_ends_with_its_lifetime() {
        let mut list = NeighbourList::default();
        list.note(eui64(1), at(0), None, sound());
        list.mark(eui64(1), until(60));
        assert!(list.expire(at(59)).is_empty() && list.mark_of(eui64(1)).is_some());
        assert_eq!(list.deadline(), Some(at(60)));
        assert_eq!(list.expire(at(60)), [eui64(1)]);
        assert!(list.mark_of(eui64(1)).is_none());
    }
}
