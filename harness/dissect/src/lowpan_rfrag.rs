//! Recoverable fragments (RFC 8931): their headers, reassembly of what was cut after compression, acknowledgements.

use alloc::vec::Vec;
use core::time::Duration;

use super::Dissector;
use super::lowpan::{Link, LinkEnds, dispatch};
use super::lowpan_iphc::iphc;
use super::model::NoteKind;
use super::reassembly::{TIMEOUT, is_over};
use super::sheet::{Cursor, Sheet, Span};
use wire::ieee802154::LinkAddress;
use wire::reader::Reader;
use wire::sixlowpan::{Dispatch, RecoverableFragment};
use wire::{Error, Result};

/// Incomplete datagrams, and finished ones whose fragments may come once more, that are remembered.
const MAX_PARTIALS: usize = 64;

/// Datagrams under way, by their ends and tag.
#[derive(Default)]
pub(super) struct Recoverable {
    partials: Vec<Partial>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    source: LinkAddress,
    destination: LinkAddress,
    tag: u8,
}

struct Partial {
    key: Key,
    begun: Option<Duration>,
    /// Octets of the compressed datagram, once its first fragment has come.
    size: Option<usize>,
    pieces: Vec<Piece>,
    is_whole: bool,
}

#[derive(Clone)]
struct Piece {
    offset: usize,
    bytes: Vec<u8>,
    number: u64,
    verified: bool,
}

enum Outcome {
    Incomplete,
    Repeated,
    Conflict,
    BeyondEnd,
    /// Its pieces in the order of their offsets.
    Complete(Vec<Piece>),
}

impl Recoverable {
    fn accept(&mut self, key: Key, size: Option<usize>, piece: Piece, time: Option<Duration>) -> Outcome {
        let end = piece.offset.saturating_add(piece.bytes.len());
        self.partials.retain(|partial| partial.key != key || !is_over(partial.begun, time, TIMEOUT));
        let Some(index) = self.partials.iter().position(|partial| partial.key == key) else {
            return self.begin(key, size, piece, time);
        };
        let Some(partial) = self.partials.get_mut(index) else { return Outcome::Incomplete };
        if size.or(partial.size).is_some_and(|size| end > size) {
            return Outcome::BeyondEnd;
        }
        // A fragment is sent once more as it was; what its sender cuts anew belongs to another datagram.
        let is_copy = |known: &Piece| known.offset == piece.offset && known.bytes == piece.bytes;
        if partial.pieces.iter().any(is_copy) && size.is_none_or(|size| partial.size == Some(size)) {
            return Outcome::Repeated;
        }
        let overlaps =
            |known: &Piece| piece.offset < known.offset.saturating_add(known.bytes.len()) && known.offset < end;
        let contradicts = size.is_some() && partial.size.is_some() || partial.pieces.iter().any(overlaps);
        if contradicts || partial.is_whole {
            let was_whole = partial.is_whole;
            self.partials.remove(index);
            return match self.begin(key, size, piece, time) {
                Outcome::Incomplete if !was_whole => Outcome::Conflict,
                other => other,
            };
        }
        partial.size = partial.size.or(size);
        partial.pieces.push(piece);
        partial.complete()
    }

    fn begin(&mut self, key: Key, size: Option<usize>, piece: Piece, begun: Option<Duration>) -> Outcome {
        if size.is_some_and(|size| piece.bytes.len() > size) {
            return Outcome::BeyondEnd;
        }
        if self.partials.len() >= MAX_PARTIALS {
            self.partials.remove(0);
        }
        self.partials.push(Partial { key, begun, size, pieces: alloc::vec![piece], is_whole: false });
        self.partials.last_mut().map_or(Outcome::Incomplete, Partial::complete)
    }

    /// Forgets a datagram that its sender gives up.
    fn give_up(&mut self, key: Key) {
        self.partials.retain(|partial| partial.key != key);
    }

    /// Forgets what a node that starts anew had under way.
    pub(super) fn forget(&mut self, node: LinkAddress) {
        self.partials.retain(|partial| partial.key.source != node && partial.key.destination != node);
    }
}

impl Partial {
    fn complete(&mut self) -> Outcome {
        if self.size != Some(self.pieces.iter().map(|piece| piece.bytes.len()).sum()) {
            return Outcome::Incomplete;
        }
        self.is_whole = true;
        let mut pieces = self.pieces.clone();
        pieces.sort_unstable_by_key(|piece| piece.offset);
        Outcome::Complete(pieces)
    }
}

impl Dissector {
    /// A recoverable fragment, from its dispatch on.
    pub(super) fn recoverable_fragment(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        link: Link,
        ends: LinkEnds,
    ) -> Result<()> {
        let header = RecoverableFragment::parse(&mut Reader::new(cursor.rest()))?;
        start(sheet, &mut cursor)?;
        let bits = cursor.read_uint(2, "RFRAG sequence and size")?;
        let span = cursor.behind(2);
        sheet.number("6lowpan.rfrag.ack_requested", bits >> 15, span);
        sheet.number("6lowpan.rfrag.sequence", bits >> 10 & 0x1f, span);
        sheet.number("6lowpan.rfrag.size", bits & 0x3ff, span);
        let name = if header.is_first() { "6lowpan.rfrag.datagram_size" } else { "6lowpan.rfrag.offset" };
        cursor.uint(sheet, name, 2)?;
        let key = Key { source: ends.source, destination: ends.destination, tag: header.datagram_tag };
        if header.fragment_size == 0 {
            if header.is_first() {
                self.recoverable.give_up(key);
                sheet.note(NoteKind::FragmentIncomplete, "the sender gives the datagram up");
                return Ok(());
            }
            return Err(Error::Malformed("6lowpan.rfrag.size"));
        }
        let octets = cursor.sub(header.fragment_size.into(), "6lowpan.rfrag.size")?;
        if header.is_first() && dispatch(&octets) == Some(Dispatch::Iphc) {
            // The size of the packet is not known yet: its headers are shown, no packet is made of them.
            let decompressor = self.decompressor(ends, None);
            match iphc(sheet, octets.clone(), &decompressor, &mut 0) {
                // They may go on in the next fragment.
                Ok(()) | Err(Error::Truncated(_)) => {}
                Err(error) => sheet.error(error),
            }
        }
        if octets.is_cut() {
            self.recoverable.give_up(key);
            self.note_cut_fragment(sheet);
            return Ok(());
        }
        if link.is_retry {
            sheet.note(NoteKind::FragmentIncomplete, "a retry of a fragment");
            return Ok(());
        }
        let piece = Piece {
            offset: header.offset(),
            bytes: octets.rest().to_vec(),
            number: link.number,
            verified: link.verified,
        };
        match self.recoverable.accept(key, header.datagram_size().map(usize::from), piece, self.time) {
            Outcome::Incomplete => {
                sheet.note(NoteKind::FragmentIncomplete, "the datagram is not complete yet");
                Ok(())
            }
            Outcome::Repeated => {
                sheet.note(NoteKind::FragmentIncomplete, "another copy of a fragment");
                Ok(())
            }
            Outcome::Conflict => {
                sheet.note(
                    self.contradiction(),
                    "the fragment contradicts others of its datagram, which begins anew with it",
                );
                Ok(())
            }
            Outcome::BeyondEnd => {
                sheet.note(NoteKind::FragmentConflict, "the fragment reaches over the end of its datagram");
                Ok(())
            }
            Outcome::Complete(pieces) => self.recovered(sheet, &pieces, ends),
        }
    }

    /// A compressed datagram that has been put together.
    fn recovered(&mut self, sheet: &mut Sheet, pieces: &[Piece], ends: LinkEnds) -> Result<()> {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
        let buffer = sheet.buffer("reassembled", &bytes);
        for piece in pieces {
            let span = Span { buffer, offset: piece.offset, length: piece.bytes.len() };
            sheet.number("6lowpan.fragment", piece.number, span);
        }
        let derived = Span { buffer, offset: 0, length: 0 };
        sheet.number("6lowpan.fragment.count", pieces.len() as u64, derived);
        sheet.number("6lowpan.reassembled.length", bytes.len() as u64, derived);
        let all = pieces.iter().all(|piece| piece.verified);
        if all != pieces.iter().any(|piece| piece.verified) {
            sheet.note(NoteKind::MixedProtection, "some fragments were secured, others not");
        }
        sheet.set_secured(all);
        sheet.dissection.sources = pieces.iter().map(|piece| piece.number).collect();
        sheet.dissection.sources.sort_unstable();
        self.unfragmented(sheet, Cursor::new(&bytes, buffer, 0), ends)
    }
}

/// An acknowledgement of recoverable fragments.
pub(super) fn recoverable_ack(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    start(sheet, &mut cursor)?;
    cursor.uint(sheet, "6lowpan.rfrag.ack_bitmask", 4)?;
    if cursor.rest().is_empty() { Ok(()) } else { Err(Error::Malformed("octets behind an RFRAG-ACK")) }
}

/// Dispatch, E and the tag.
fn start(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let first = cursor.read_uint(1, "RFRAG")?;
    sheet.number("6lowpan.pattern", first >> 1, cursor.behind(1));
    sheet.number("6lowpan.rfrag.congestion", first & 1, cursor.behind(1));
    cursor.uint(sheet, "6lowpan.rfrag.tag", 1)?;
    Ok(())
}
