//! Fragments of 6LoWPAN datagrams (RFC 4944 section 5.3): put together within a minute, begun anew by what contradicts.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use wire::ieee802154::LinkAddress;

/// Incomplete datagrams that are remembered.
const MAX_PARTIALS: usize = 64;

/// The most that a datagram may take from its first fragment to its last (RFC 4944 section 5.3).
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// Finished datagrams whose late fragments are still recognized, and for how long.
const MAX_RECENT: usize = 16;
const LATE_WITHIN: Duration = Duration::from_secs(5);

/// Whether what began at `begun` has had its time. Without a clock nothing has; one that is put back by more than that
/// time begins another recording.
pub(super) fn is_over(begun: Option<Duration>, now: Option<Duration>, most: Duration) -> bool {
    begun.zip(now).is_some_and(|(begun, now)| now.abs_diff(begun) >= most)
}

/// What makes fragments belong together (RFC 4944 section 5.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) source: LinkAddress,
    pub(super) destination: LinkAddress,
    pub(super) tag: u16,
    pub(super) size: u16,
}

/// A fragment: its octets, uncompressed, and what its frame was like.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) offset: usize,
    pub(super) bytes: &'a [u8],
    /// Of its frame.
    pub(super) number: u64,
    /// Whether the link security of its frame was verified.
    pub(super) verified: bool,
    /// Contexts, a bit each, that it names and that nobody told.
    pub(super) unknown_contexts: u16,
    pub(super) time: Option<Duration>,
}

struct Partial {
    key: Key,
    begun: Option<Duration>,
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
    verified: bool,
    unknown_contexts: u16,
}

/// What a fragment did.
pub(super) enum Outcome {
    Incomplete,
    /// It is another copy of what is there.
    Repeated,
    /// Its datagram is whole already.
    Late,
    /// It overlaps others with other octets. They were discarded, and the datagram begins anew with it.
    Conflict,
    /// It does, but they were secured and it is not: it was passed over.
    Ignored,
    /// It reaches over the end of its datagram, which no receiver takes.
    BeyondEnd,
    /// It is empty, or it ends where no other fragment can begin.
    OddLength,
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

    /// Contexts, a bit each, that are named and that nobody told.
    pub(super) fn unknown_contexts(&self) -> u16 {
        self.pieces.iter().fold(0, |all, piece| all | piece.unknown_contexts)
    }
}

#[derive(Default)]
pub(super) struct Reassembly {
    partials: Vec<Partial>,
    /// Datagrams that are whole, and since when.
    recent: Vec<(Key, Option<Duration>)>,
}

impl Reassembly {
    /// Takes a fragment.
    pub(super) fn accept(&mut self, key: Key, arrival: Arrival<'_>) -> Outcome {
        let Arrival { offset, bytes, time, .. } = arrival;
        let (size, end) = (usize::from(key.size), offset.saturating_add(bytes.len()));
        if end > size {
            return Outcome::BeyondEnd;
        }
        if bytes.is_empty() || end < size && bytes.len() % 8 != 0 {
            return Outcome::OddLength;
        }
        if self.is_late(key, offset, time) {
            return Outcome::Late;
        }
        let Some(index) = self.index(key, time) else { return self.begin(key, arrival) };
        let Some(partial) = self.partials.get_mut(index) else { return Outcome::Incomplete };
        let overlaps = |piece: &&Piece| offset < piece.offset.saturating_add(piece.length) && piece.offset < end;
        if let Some(piece) = partial.pieces.iter().find(overlaps) {
            let is_same_place = piece.offset == offset && piece.length == bytes.len();
            if is_same_place && partial.bytes.get(offset..end) == Some(bytes) {
                return Outcome::Repeated;
            }
            if !arrival.verified && partial.pieces.iter().any(|piece| piece.verified) {
                return Outcome::Ignored;
            }
            self.partials.remove(index);
            return match self.begin(key, arrival) {
                Outcome::Incomplete => Outcome::Conflict,
                other => other,
            };
        }
        self.put(index, arrival)
    }

    /// Forgets a datagram that will not be whole: a fragment of it was not captured whole.
    pub(super) fn give_up(&mut self, key: Key) {
        self.partials.retain(|partial| partial.key != key);
    }

    /// Forgets what a node that starts anew had under way, to it and from it.
    pub(super) fn forget(&mut self, node: LinkAddress) {
        self.partials.retain(|partial| partial.key.source != node && partial.key.destination != node);
        self.recent.retain(|(key, _)| key.source != node && key.destination != node);
    }

    /// Whether this is another copy of a fragment of a datagram that was completed a moment ago. A first fragment with
    /// the same key rather begins another datagram.
    fn is_late(&mut self, key: Key, offset: usize, now: Option<Duration>) -> bool {
        self.recent.retain(|(known, since)| (*known != key || offset > 0) && !is_over(*since, now, LATE_WITHIN));
        self.recent.iter().any(|(known, _)| *known == key)
    }

    /// The datagram under way with this key, unless its time is over.
    fn index(&mut self, key: Key, now: Option<Duration>) -> Option<usize> {
        let index = self.partials.iter().position(|partial| partial.key == key)?;
        if self.partials.get(index).is_some_and(|partial| is_over(partial.begun, now, TIMEOUT)) {
            self.partials.remove(index);
            return None;
        }
        Some(index)
    }

    fn begin(&mut self, key: Key, arrival: Arrival<'_>) -> Outcome {
        if self.partials.len() >= MAX_PARTIALS {
            self.partials.remove(0);
        }
        self.partials.push(Partial { key, begun: arrival.time, bytes: vec![0; key.size.into()], pieces: Vec::new() });
        self.put(self.partials.len().saturating_sub(1), arrival)
    }

    /// Puts a fragment that overlaps no other into its place.
    fn put(&mut self, index: usize, arrival: Arrival<'_>) -> Outcome {
        let Arrival { offset, bytes, number, verified, unknown_contexts, time } = arrival;
        let Some(partial) = self.partials.get_mut(index) else { return Outcome::Incomplete };
        let Some(target) = partial.bytes.get_mut(offset..offset.saturating_add(bytes.len())) else {
            return Outcome::BeyondEnd;
        };
        target.copy_from_slice(bytes);
        partial.pieces.push(Piece { offset, length: bytes.len(), number, verified, unknown_contexts });
        if partial.pieces.iter().map(|piece| piece.length).sum::<usize>() < partial.bytes.len() {
            return Outcome::Incomplete;
        }
        let Partial { key, bytes, mut pieces, .. } = self.partials.remove(index);
        pieces.sort_unstable_by_key(|piece| piece.offset);
        if self.recent.len() >= MAX_RECENT {
            self.recent.remove(0);
        }
        self.recent.push((key, time));
        Outcome::Complete(Whole { bytes, pieces })
    }
}
