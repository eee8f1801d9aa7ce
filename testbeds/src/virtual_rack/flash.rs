//! What a virtual board's flash holds, and how it is written there: as on the other boards (`dut-firmware/flash`), a copy of the store, and
//! beside it the frame counters of neighbours, which change with the traffic.

use node::Store;

/// The flash of a board.
#[derive(Default)]
pub(super) struct Flash {
    /// The copy that counts; nothing on a board that is new.
    copy: Vec<u8>,
    /// What it holds besides frame counters.
    structure: Vec<u8>,
    /// The frame counters that were written since then, in the order of [`Store::incoming`], and [`Store::writes`] with them.
    counters: Option<(Vec<u32>, u64)>,
}

impl Flash {
    /// Writes a store: the frame counters alone, if nothing else has changed.
    pub(super) fn save(&mut self, store: &Store) {
        let structure = store.encode_structure();
        if structure == self.structure {
            let counters = store.incoming().iter().map(|entry| entry.expected).collect();
            self.counters = Some((counters, store.writes()));
        } else {
            *self = Self { copy: store.encode(), structure, counters: None };
        }
    }

    /// Reads it again. A device that cannot read what it wrote is as one that wrote nothing, on every board.
    pub(super) fn load(&self) -> Store {
        let mut store = Store::decode(&self.copy).unwrap_or_default();
        if let Some((counters, writes)) = &self.counters {
            for (place, expected) in counters.iter().enumerate() {
                store.restore_incoming(place, *expected, *writes);
            }
        }
        store
    }
}
