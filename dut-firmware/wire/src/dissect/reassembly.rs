//! Fragments of 6LoWPAN datagrams, without a clock: a new first fragment or lack of room ends an incomplete datagram.

use alloc::vec;
use alloc::vec::Vec;

use crate::ieee802154::LinkAddress;

/// Incomplete datagrams that are remembered.
const MAX_PARTIALS: usize = 64;

/// What makes fragments belong together (RFC 4944 section 5.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) source: LinkAddress,
    pub(super) destination: LinkAddress,
    pub(super) tag: u16,
    pub(super) size: u16,
}

struct Partial {
    key: Key,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// A fragment that was taken.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub(super) offset: usize,
    pub(super) length: usize,
    /// Of its frame.
    pub(super) number: u64,
    /// Whether the link security of its frame was verified.
    verified: bool,
}

/// What a fragment did.
pub(super) enum Outcome {
    Incomplete,
    /// It overlaps others, which were dropped.
    Conflict,
    Complete(Whole),
}

/// A reassembled datagram.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    /// Its fragments in the order of their offsets.
    pub(super) pieces: Vec<Piece>,
}

impl Whole {
    /// Frame numbers in ascending order.
    pub(super) fn sources(&self) -> Vec<u64> {
        let mut sources: Vec<u64> = self.pieces.iter().map(|piece| piece.number).collect();
        sources.sort_unstable();
        sources
    }

    /// Whether each fragment's link security was verified.
    pub(super) fn all_verified(&self) -> bool {
        self.pieces.iter().all(|piece| piece.verified)
    }

    /// Whether that of any was.
    pub(super) fn any_verified(&self) -> bool {
        self.pieces.iter().any(|piece| piece.verified)
    }
}

#[derive(Default)]
pub(super) struct Reassembly {
    partials: Vec<Partial>,
}

impl Reassembly {
    /// Takes the uncompressed octets of a fragment.
    pub(super) fn accept(&mut self, key: Key, offset: usize, bytes: &[u8], number: u64, verified: bool) -> Outcome {
        let index = self.partials.iter().position(|partial| partial.key == key).unwrap_or_else(|| {
            if self.partials.len() >= MAX_PARTIALS {
                self.partials.remove(0);
            }
            self.partials.push(Partial { key, bytes: vec![0; key.size.into()], pieces: Vec::new() });
            self.partials.len().saturating_sub(1)
        });
        let Some(partial) = self.partials.get_mut(index) else { return Outcome::Conflict };
        let end = offset.saturating_add(bytes.len());
        let Some(target) = partial.bytes.get_mut(offset..end) else {
            self.partials.remove(index);
            return Outcome::Conflict;
        };
        let overlaps = |piece: &Piece| offset < piece.offset.saturating_add(piece.length) && piece.offset < end;
        if let Some(piece) = partial.pieces.iter().find(|piece| overlaps(piece)) {
            let is_same = piece.offset == offset && piece.length == bytes.len() && *target == *bytes;
            if is_same {
                return Outcome::Incomplete;
            }
            self.partials.remove(index);
            // A tag that is used again begins with its first fragment.
            if offset == 0 {
                return match self.accept(key, offset, bytes, number, verified) {
                    Outcome::Incomplete => Outcome::Conflict,
                    other => other,
                };
            }
            return Outcome::Conflict;
        }
        target.copy_from_slice(bytes);
        partial.pieces.push(Piece { offset, length: bytes.len(), number, verified });
        if partial.pieces.iter().map(|piece| piece.length).sum::<usize>() < partial.bytes.len() {
            return Outcome::Incomplete;
        }
        let Partial { bytes, mut pieces, .. } = self.partials.remove(index);
        pieces.sort_unstable_by_key(|piece| piece.offset);
        Outcome::Complete(Whole { bytes, pieces })
    }
}
