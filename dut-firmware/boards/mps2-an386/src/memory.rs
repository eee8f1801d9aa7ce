//! Memory that outlives the power: the PSRAM of the board, which is a file of the host.
//!
//! | offset | octets | what |
//! |---|---|---|
//! | 0 | 4 | `BTHW` |
//! | 4 | 8 | EUI-64 |
//! | 12 | 32 | entropy: each boot replaces it |
//! | 0x1000, 0x11000 | 65536 each | two places for the store, written in turn |
//!
//! A place is a sequence number (u32), the length (u32), a mark (u32), and the octets of `Store::encode`; big-endian. The mark,
//! the sequence number with all its bits turned over, is written last: a place that the power went away from is not taken.

use alloc::vec::Vec;
use core::ptr;

use node::Store;
use sha2::{Digest, Sha256};
use wire::Eui64;

const BASE: usize = 0x2100_0000;
const MAGIC: [u8; 4] = *b"BTHW";
const EUI64: usize = 4;
const ENTROPY: usize = 12;
const PLACES: [usize; 2] = [0x1000, 0x1_1000];
const PLACE_OCTETS: usize = 0x1_0000;
const HEADER: usize = 12;

/// The memory, and where the store was written last.
pub struct Memory {
    sequence: u32,
    place: usize,
}

fn read(offset: usize, octets: usize) -> Vec<u8> {
    // SAFETY: inside the PSRAM.
    (offset..offset + octets).map(|at| unsafe { ptr::read_volatile((BASE + at) as *const u8) }).collect()
}

fn write(offset: usize, octets: &[u8]) {
    for (at, octet) in (offset..).zip(octets) {
        // SAFETY: inside the PSRAM.
        unsafe { ptr::write_volatile((BASE + at) as *mut u8, *octet) };
    }
    cortex_m::asm::dmb();
}

fn word(offset: usize) -> u32 {
    read(offset, 4).try_into().map_or(0, u32::from_be_bytes)
}

impl Memory {
    /// Looks at what is there.
    pub fn open() -> Self {
        Self { sequence: 0, place: 0 }
    }

    /// The board's address, and entropy that no other boot has.
    ///
    /// # Panics
    /// If the host has not written any.
    pub fn identity(&self) -> (Eui64, [u8; 32]) {
        assert!(read(0, 4) == MAGIC, "the memory has no identity: start this board by the rack");
        let pool = read(ENTROPY, 32);
        let derive =
            |label: u8| -> [u8; 32] { Sha256::new().chain_update(&pool).chain_update([label]).finalize().into() };
        write(ENTROPY, &derive(0));
        let eui64 = read(EUI64, 8).try_into().map_or(Eui64([0; 8]), Eui64);
        (eui64, derive(1))
    }

    /// The store that was written last, and whether there is only a damaged one.
    pub fn load(&mut self) -> (Store, bool) {
        let mut found: Option<(u32, usize, Store)> = None;
        let mut is_damaged = false;
        for place in PLACES {
            let (sequence, length, mark) = (word(place), word(place + 4) as usize, word(place + 8));
            if sequence == 0 || mark != !sequence {
                continue;
            }
            match Some(length)
                .filter(|length| *length <= PLACE_OCTETS - HEADER)
                .map(|length| Store::decode(&read(place + HEADER, length)))
            {
                Some(Ok(store)) if found.as_ref().is_none_or(|(newest, ..)| *newest < sequence) => {
                    found = Some((sequence, place, store));
                }
                Some(Ok(_)) => {}
                _ => is_damaged = true,
            }
        }
        match found {
            Some((sequence, place, store)) => {
                (self.sequence, self.place) = (sequence, place);
                (store, false)
            }
            None => (Store::default(), is_damaged),
        }
    }

    /// Writes the store where the last one is not.
    ///
    /// # Panics
    /// If it is longer than its place: its bounds are far below.
    pub fn save(&mut self, store: &Store) {
        let octets = store.encode();
        assert!(octets.len() <= PLACE_OCTETS - HEADER, "a store of {} octets", octets.len());
        self.place = if self.place == PLACES[0] { PLACES[1] } else { PLACES[0] };
        self.sequence += 1;
        write(self.place + 8, &[0; 4]);
        write(self.place, &self.sequence.to_be_bytes());
        write(self.place + 4, &(octets.len() as u32).to_be_bytes());
        write(self.place + HEADER, &octets);
        write(self.place + 8, &(!self.sequence).to_be_bytes());
    }
}
