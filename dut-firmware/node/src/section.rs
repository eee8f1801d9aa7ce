//! What survives a reset belongs to whoever keeps it: a section of the store is records of kinds that are its own.

use core::ops::RangeInclusive;

use wire::Result;
use wire::reader::Reader;

/// What one owner keeps. The kinds of a new mechanism are 16 of their own, from 0x20 on.
pub(crate) trait Section: Default + Clone {
    /// The kinds of its records; no other section has one of them.
    const KINDS: &'static [RangeInclusive<u8>];

    /// Hands out the records, each as kind and value.
    fn encode(&self, record: &mut dyn FnMut(u8, &[u8]));

    /// Takes a record of one of its kinds.
    ///
    /// # Errors
    /// A value that is none, or more of them than a device may hold.
    fn decode(&mut self, kind: u8, value: &mut Reader<'_>) -> Result<()>;
}

/// Whether a record of this kind is the section's.
pub(crate) fn keeps<S: Section>(kind: u8) -> bool {
    S::KINDS.iter().any(|kinds| kinds.contains(&kind))
}
