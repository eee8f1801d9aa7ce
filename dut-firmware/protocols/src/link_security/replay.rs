//! Frame counters of neighbours (IEEE 802.15.4-2006 section 7.5.8.2.3): the lowest one that will still be taken, per
//! neighbour and key.

use alloc::vec::Vec;

use wire::Eui64;

/// What is remembered of a neighbour under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingCounter {
    /// Extended address of the neighbour.
    pub source: Eui64,
    /// Key index.
    pub key_index: u8,
    /// The lowest frame counter that is taken.
    pub expected: u32,
}

/// A bounded table of [`IncomingCounter`]. It never evicts: an evicted neighbour's frames could be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayTable {
    entries: Vec<IncomingCounter>,
    capacity: usize,
}

impl ReplayTable {
    /// An empty table for at most `capacity` pairs of neighbour and key.
    pub fn new(capacity: usize) -> Self {
        Self { entries: Vec::new(), capacity }
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = &IncomingCounter> {
        self.entries.iter()
    }

    /// Puts back a persisted entry; whether there was room. An entry never goes backwards.
    pub fn restore(&mut self, entry: IncomingCounter) -> bool {
        let same = |known: &&mut IncomingCounter| known.source == entry.source && known.key_index == entry.key_index;
        if let Some(known) = self.entries.iter_mut().find(same) {
            known.expected = known.expected.max(entry.expected);
            return true;
        }
        let room = self.entries.len() < self.capacity;
        if room {
            self.entries.push(entry);
        }
        room
    }

    pub(super) fn forget_key(&mut self, key_index: u8) {
        self.entries.retain(|entry| entry.key_index != key_index);
    }

    pub(super) fn expected(&self, source: Eui64, key_index: u8) -> u32 {
        let found = self.entries.iter().find(|entry| entry.source == source && entry.key_index == key_index);
        found.map_or(0, |entry| entry.expected)
    }

    /// Takes note of an authentic counter; whether there was room.
    pub(super) fn note(&mut self, source: Eui64, key_index: u8, counter: u32) -> bool {
        self.restore(IncomingCounter { source, key_index, expected: counter.saturating_add(1) })
    }
}
