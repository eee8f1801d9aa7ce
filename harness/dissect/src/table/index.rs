//! From a name to its place in the table: a hash table that the compiler fills.

use super::FIELDS;

/// A power of two, at least twice as many as there are fields: few names meet.
const SLOTS: usize = (FIELDS.len() * 2).next_power_of_two();

/// What an empty slot holds.
const EMPTY: u16 = u16::MAX;

#[allow(clippy::indexing_slicing, reason = "at compile time only")]
static PLACES: [u16; SLOTS] = {
    assert!(FIELDS.len() < EMPTY as usize);
    let (mut places, mut field) = ([EMPTY; SLOTS], 0);
    while field < FIELDS.len() {
        let mut slot = first_slot(FIELDS[field].name);
        while places[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        places[slot] = field as u16;
        field += 1;
    }
    places
};

/// FNV-1a, 32 bits.
const fn first_slot(name: &str) -> usize {
    let mut hash = 0x811c_9dc5_u32;
    let mut rest = name.as_bytes();
    while let [first, others @ ..] = rest {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        rest = others;
    }
    hash as usize % SLOTS
}

/// The place of a name in [`FIELDS`].
pub(super) fn position(name: &str) -> Option<usize> {
    let start = first_slot(name);
    let slots = PLACES.iter().cycle().skip(start).take(SLOTS);
    let filled = slots.map(|place| usize::from(*place)).take_while(|place| *place != usize::from(EMPTY));
    filled.into_iter().find(|place| FIELDS.get(*place).is_some_and(|field| field.name == name))
}
