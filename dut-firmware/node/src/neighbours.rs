//! The neighbour list of the bootstrap layer (`SEL` 5.3): who is there, and whether the link is marked secured.
//!
//! Bounded; an unsecured entry never evicts a secured one (`PROFILE-SEL` 8).

use alloc::vec::Vec;

use protocols::time::Instant;
use wire::Eui64;

use crate::bounds;
use crate::mutants::{Mutant, Selected};
use crate::secure_request::Series;

/// A neighbour.
#[derive(Debug, Clone)]
pub(crate) struct Neighbour {
    /// Its link-layer address.
    pub(crate) eui64: Eui64,
    /// Until when the link is marked secured; `None` if it is not.
    pub(crate) secured_until: Option<Instant>,
    /// The link was marked before: only for a mutant that never forgets it.
    pub(crate) was_secured: bool,
    /// When a frame of it was last taken.
    pub(crate) heard: Instant,
    /// The SSRs exchanged with it.
    pub(crate) series: Series,
    /// Sequence number, hash and time of its last plain frame: tells a repetition by its MAC.
    pub(crate) last_plain: Option<(Option<u8>, u32, Instant)>,
}

/// What [`NeighbourList::note`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It was in the list.
    Known,
    /// It is now.
    Added,
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
    pub(crate) fn note(&mut self, eui64: Eui64, now: Instant, pinned: Option<Eui64>, mutant: Selected) -> Noted {
        if let Some(neighbour) = self.get_mut(eui64) {
            neighbour.heard = now;
            return Noted::Known;
        }
        let bound = if mutant.is(Mutant::NeighbourListUnbounded) { 1000 } else { bounds::NEIGHBOURS };
        if self.entries.len() >= bound {
            let evictable = |entry: &&Neighbour| {
                entry.secured_until.is_none() && Some(entry.eui64) != pinned
                    || mutant.is(Mutant::NeighbourEvictsSecured)
            };
            let Some(victim) = self.entries.iter().filter(evictable).min_by_key(|entry| entry.heard) else {
                return Noted::NoRoom;
            };
            let victim = victim.eui64;
            self.entries.retain(|entry| entry.eui64 != victim);
        }
        let series = Series::default();
        self.entries.push(Neighbour {
            eui64,
            secured_until: None,
            was_secured: false,
            heard: now,
            series,
            last_plain: None,
        });
        Noted::Added
    }

    pub(crate) fn get(&self, eui64: Eui64) -> Option<&Neighbour> {
        self.entries.iter().find(|entry| entry.eui64 == eui64)
    }

    pub(crate) fn get_mut(&mut self, eui64: Eui64) -> Option<&mut Neighbour> {
        self.entries.iter_mut().find(|entry| entry.eui64 == eui64)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Neighbour> {
        self.entries.iter_mut()
    }

    /// Whether the link is marked; one that is not in the list is not (`PROFILE-SEL` 8).
    pub(crate) fn is_secured(&self, eui64: Eui64) -> bool {
        self.get(eui64).is_some_and(|entry| entry.secured_until.is_some())
    }

    /// Marks the link until `until`; `true` if it was unmarked.
    pub(crate) fn mark(&mut self, eui64: Eui64, until: Instant) -> bool {
        self.get_mut(eui64).is_some_and(|entry| entry.secured_until.replace(until).is_none())
    }

    /// Drops the mark; `true` if there was one.
    pub(crate) fn unmark(&mut self, eui64: Eui64) -> bool {
        self.get_mut(eui64).is_some_and(|entry| entry.secured_until.take().is_some())
    }

    /// Drops the marks whose lifetime is over; says whose.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<Eui64> {
        let mut expired = Vec::new();
        for entry in &mut self.entries {
            if entry.secured_until.is_some_and(|until| until <= now) {
                (entry.secured_until, entry.was_secured) = (None, true);
                expired.push(entry.eui64);
            }
        }
        expired
    }

    /// All neighbours whose link is marked.
    pub(crate) fn secured(&self) -> Vec<Eui64> {
        self.entries.iter().filter(|entry| entry.secured_until.is_some()).map(|entry| entry.eui64).collect()
    }

    /// Entries in the list.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The next expiry or SSR.
    pub(crate) fn deadline(&self, keyed: bool) -> Option<Instant> {
        let due = |entry: &Neighbour| if keyed { entry.series.next() } else { None };
        self.entries.iter().flat_map(|entry| [entry.secured_until, due(entry)]).flatten().min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::time::Duration;

    fn sound() -> Selected {
        Selected::default()
    }

    fn eui64(number: u8) -> Eui64 {
        Eui64([2, 0, 0, 0, 0, 0, 0, number])
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(seconds)
    }

    #[test]
    fn an_unsecured_entry_never_evicts_a_secured_one() {
        let mut list = NeighbourList::default();
        for number in 0..32 {
            assert_eq!(list.note(eui64(number), at(number.into()), None, sound()), Noted::Added);
        }
        for number in 0..31 {
            assert!(list.mark(eui64(number), at(1000)));
        }
        assert_eq!(list.note(eui64(100), at(100), None, sound()), Noted::Added);
        assert!(list.get(eui64(31)).is_none(), "the only unsecured entry had to go");
        assert!(list.mark(eui64(100), at(1000)));
        assert_eq!(list.note(eui64(101), at(101), None, sound()), Noted::NoRoom);
        assert_eq!(list.len(), bounds::NEIGHBOURS);
        assert_eq!(list.secured().len(), bounds::NEIGHBOURS);
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
        list.mark(eui64(1), at(60));
        assert!(list.expire(at(59)).is_empty() && list.is_secured(eui64(1)));
        assert_eq!(list.deadline(true), Some(at(60)));
        assert_eq!(list.expire(at(60)), [eui64(1)]);
        assert!(!list.is_secured(eui64(1)));
    }
}
