//! The device's store in flash: NOR flash that is erased by pages and wears out.
//!
//! The octets of [`Store::encode`] are cut into pieces, because no item of the map may be longer than a page. Two copies are
//! written in turn, each to keys of its own; a last item says which of them counts. A power cut between two items leaves the
//! copy that counted before. Frame counters of neighbours change with the traffic: between two copies each is an item of its own, a
//! few words, that counts for the copy it was written for and no other. `sequential-storage` uses the pages in a circle, so that all wear alike, and repairs what a cut
//! left half written.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use node::Store;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

/// Octets of a piece.
const PIECE: usize = 1024;
/// Octets of a piece with what the map adds, rounded up to words.
const BUFFER: usize = PIECE + 16;
/// Pieces of a copy at most. The bounds of a device (`node::bounds`) keep its store far below.
const PIECES: usize = 16;
/// The item that says which copy counts: its number (u8) and its length (u32, big-endian).
const COMMITTED: u8 = 0xff;
/// The item of the first frame counter; the others follow in the order of [`Store::incoming`].
const COUNTERS: u8 = 2 * PIECES as u8;
/// The hash of the copy that it counts for (u64), [`Store::writes`] when it was written (u64), and the counter (u32), big-endian.
const COUNTER_OCTETS: usize = 20;

/// Why a store was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The flash refused, or is full.
    #[error("the flash does not take the store")]
    Flash,
    /// More octets than a copy can have.
    #[error("the store is longer than its place")]
    TooLong,
}

/// What a place holds when it is opened.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// No store was ever written.
    Nothing,
    /// The one that was written last.
    Store(Box<Store>),
    /// A store that cannot be read any more.
    Damaged,
}

/// A copy, as hashes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Copied {
    octets: u64,
    structure: u64,
}

impl Copied {
    fn of(octets: &[u8], store: &Store) -> Self {
        Self { octets: hash(octets), structure: hash(&store.encode_structure()) }
    }
}

/// A store's place in flash.
pub struct Place<F: NorFlash> {
    map: MapStorage<u8, F, Cache<Uncached, Uncached, Uncached, u8>>,
    copy: u8,
    /// Hashes of the copy that counts, and of what it holds besides frame counters; `None` if there is none, or a damaged one.
    copied: Option<Copied>,
    /// The frame counters as they are written, in the order of [`Store::incoming`].
    counters: Vec<u32>,
}

impl<F: NorFlash> Place<F> {
    /// Opens the place in these octets of the flash: whole pages, at least four times as many as a store takes.
    ///
    /// # Errors
    /// [`Error::Flash`] if the range is no whole number of pages, or too small.
    pub async fn open(flash: F, range: Range<u32>) -> Result<(Self, Found), Error> {
        let config = MapConfig::try_new(range).map_err(|_| Error::Flash)?;
        let mut place = Self {
            map: MapStorage::new(flash, config, Cache::new_uncached()),
            copy: 0,
            copied: None,
            counters: Vec::new(),
        };
        let found = place.load().await;
        Ok((place, found))
    }

    async fn load(&mut self) -> Found {
        let mut buffer = [0; BUFFER];
        let committed = self.map.fetch_item::<&[u8]>(&mut buffer, &COMMITTED).await;
        let (copy, length) = match committed {
            Ok(None) => return Found::Nothing,
            Ok(Some([copy, length @ ..])) => (*copy, length.try_into().map_or(0, u32::from_be_bytes) as usize),
            Ok(Some([])) | Err(_) => return Found::Damaged,
        };
        self.copy = copy;
        let mut octets = Vec::new();
        for piece in 0..length.div_ceil(PIECE).min(PIECES) {
            match self.map.fetch_item::<&[u8]>(&mut buffer, &key(copy, piece)).await {
                Ok(Some(part)) => octets.extend_from_slice(part),
                _ => return Found::Damaged,
            }
        }
        octets.truncate(length);
        let Ok(mut store) = Store::decode(&octets) else { return Found::Damaged };
        let copied = Copied::of(&octets, &store);
        for place in 0..store.incoming().len() {
            match self.map.fetch_item::<&[u8]>(&mut buffer, &counter_key(place)).await {
                Ok(Some(item)) => {
                    if let Some((writes, expected)) = read_counter(item, copied.octets) {
                        store.restore_incoming(place, expected, writes);
                    }
                }
                Ok(None) => {}
                Err(_) => return Found::Damaged,
            }
        }
        (self.copied, self.counters) = (Some(copied), counters(&store));
        Found::Store(Box::new(store))
    }

    /// Writes a store; the one before it counts until this one is written whole.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn save(&mut self, store: &Store) -> Result<(), Error> {
        let structure = hash(&store.encode_structure());
        match self.copied.filter(|copied| copied.structure == structure) {
            Some(copied) => self.save_counters(store, copied.octets).await,
            None => self.save_copy(store).await,
        }
    }

    /// Writes the frame counters that changed since the copy was written.
    async fn save_counters(&mut self, store: &Store, copied: u64) -> Result<(), Error> {
        let mut buffer = [0; BUFFER];
        for (place, expected) in counters(store).into_iter().enumerate() {
            if self.counters.get(place) == Some(&expected) {
                continue;
            }
            let mut item = [0; COUNTER_OCTETS];
            let parts =
                copied.to_be_bytes().into_iter().chain(store.writes().to_be_bytes()).chain(expected.to_be_bytes());
            item.iter_mut().zip(parts).for_each(|(octet, part)| *octet = part);
            let item = item.as_slice();
            self.map.store_item(&mut buffer, &counter_key(place), &item).await.map_err(|_| Error::Flash)?;
            if let Some(known) = self.counters.get_mut(place) {
                *known = expected;
            }
        }
        Ok(())
    }

    async fn save_copy(&mut self, store: &Store) -> Result<(), Error> {
        let octets = store.encode();
        if octets.len() > PIECE * PIECES {
            return Err(Error::TooLong);
        }
        let copy = self.copy ^ 1;
        let mut buffer = [0; BUFFER];
        for (piece, part) in octets.chunks(PIECE).enumerate() {
            self.map.store_item(&mut buffer, &key(copy, piece), &part).await.map_err(|_| Error::Flash)?;
        }
        let [a, b, c, d] = (octets.len() as u32).to_be_bytes();
        let committed = [copy, a, b, c, d];
        self.map.store_item(&mut buffer, &COMMITTED, &committed.as_slice()).await.map_err(|_| Error::Flash)?;
        self.copy = copy;
        (self.copied, self.counters) = (Some(Copied::of(&octets, store)), counters(store));
        Ok(())
    }
}

/// FNV-1a.
fn hash(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

fn counters(store: &Store) -> Vec<u32> {
    store.incoming().iter().map(|entry| entry.expected).collect()
}

/// The writes of the store and the frame counter of an item, if it was written for the copy of this hash.
fn read_counter(item: &[u8], copied: u64) -> Option<(u64, u32)> {
    let (of, rest) = item.split_first_chunk()?;
    let (writes, rest) = rest.split_first_chunk()?;
    let expected = u32::from_be_bytes(rest.try_into().ok()?);
    (u64::from_be_bytes(*of) == copied).then_some((u64::from_be_bytes(*writes), expected))
}

/// The key of a frame counter. There are no more of them than `node::bounds::NEIGHBOURS`.
fn counter_key(place: usize) -> u8 {
    COUNTERS.saturating_add(u8::try_from(place).unwrap_or(u8::MAX)).min(COMMITTED - 1)
}

/// The key of a piece.
fn key(copy: u8, piece: usize) -> u8 {
    (copy & 1) * PIECES as u8 + piece as u8
}

#[cfg(test)]
mod tests;
