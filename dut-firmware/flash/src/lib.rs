//! The device's store in flash: NOR flash that is erased by pages and wears out.
//!
//! The octets of [`Store::encode`] are cut into pieces, because no item of the map may be longer than a page. Two copies are
//! written in turn, each to keys of its own; a last item says which of them counts. A power cut between two items leaves the
//! copy that counted before. `sequential-storage` uses the pages in a circle, so that all wear alike, and repairs what a cut
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

/// A store's place in flash.
pub struct Place<F: NorFlash> {
    map: MapStorage<u8, F, Cache<Uncached, Uncached, Uncached, u8>>,
    copy: u8,
}

impl<F: NorFlash> Place<F> {
    /// Opens the place in these octets of the flash: whole pages, at least four times as many as a store takes.
    ///
    /// # Errors
    /// [`Error::Flash`] if the range is no whole number of pages, or too small.
    pub async fn open(flash: F, range: Range<u32>) -> Result<(Self, Found), Error> {
        let config = MapConfig::try_new(range).map_err(|_| Error::Flash)?;
        let mut place = Self { map: MapStorage::new(flash, config, Cache::new_uncached()), copy: 0 };
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
        Store::decode(&octets).map_or(Found::Damaged, |store| Found::Store(Box::new(store)))
    }

    /// Writes a store; the one before it counts until this one is written whole.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn save(&mut self, store: &Store) -> Result<(), Error> {
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
        Ok(())
    }
}

/// The key of a piece.
fn key(copy: u8, piece: usize) -> u8 {
    (copy & 1) * PIECES as u8 + piece as u8
}

#[cfg(test)]
mod tests;
