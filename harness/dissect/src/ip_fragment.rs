//! The IPv6 fragment header and reassembly within a minute (RFC 8200 section 4.5).

use alloc::vec::Vec;
use core::time::Duration;

use super::Dissector;
use super::ip::Ends;
use super::model::NoteKind;
use super::reassembly::is_over;
use super::sheet::{Cursor, Sheet, Span};
use wire::Result;
use wire::ipv6::{Ipv6Addr, NextHeader};

/// Incomplete packets that are remembered.
const MAX_PARTIALS: usize = 64;

/// Octets of a fragmentable part that is put together: what one packet can hold.
const MAX_LENGTH: usize = 0xffff;

/// The most that a packet may take from its first fragment to its last (RFC 8200 section 4.5).
const TIMEOUT: Duration = Duration::from_secs(60);

struct Partial {
    begun: Option<Duration>,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    identification: u64,
    /// Of the first fragment, whose next header counts (RFC 8200 section 4.5).
    next_header: Option<NextHeader>,
    pieces: Vec<Piece>,
    total: Option<usize>,
    /// Frames that brought the fragments, and whether all and any of them were secured.
    sources: Vec<u64>,
    all_secured: bool,
    any_secured: bool,
}

struct Piece {
    offset: usize,
    bytes: Vec<u8>,
    number: u64,
}

/// Fragments of IPv6 packets.
#[derive(Default)]
pub(super) struct IpReassembly {
    partials: Vec<Partial>,
}

/// What a fragment did.
enum Outcome {
    Incomplete,
    /// It overlaps others, which were dropped (RFC 5722).
    Conflict,
    Complete(Partial),
}

/// A fragment as its header says.
struct Fragment<'a> {
    ends: Ends,
    identification: u64,
    next_header: NextHeader,
    offset: usize,
    more: bool,
    bytes: &'a [u8],
    secured: bool,
    time: Option<Duration>,
}

impl IpReassembly {
    /// Forgets a packet that will not be whole: a fragment of it was not captured whole.
    fn give_up(&mut self, ends: Ends, identification: u64) {
        let key = (ends.source, ends.destination, identification);
        self.partials.retain(|partial| (partial.source, partial.destination, partial.identification) != key);
    }

    fn accept(&mut self, fragment: &Fragment<'_>, sources: &[u64]) -> Outcome {
        let Fragment { ends: Ends { source, destination }, identification, offset, bytes, .. } = *fragment;
        let is_of_it = |partial: &Partial| {
            (partial.source, partial.destination, partial.identification) == (source, destination, identification)
        };
        self.partials.retain(|partial| !is_of_it(partial) || !is_over(partial.begun, fragment.time, TIMEOUT));
        let index = self.partials.iter().position(is_of_it);
        let index = index.unwrap_or_else(|| {
            if self.partials.len() >= MAX_PARTIALS {
                self.partials.remove(0);
            }
            self.partials.push(Partial {
                begun: fragment.time,
                source,
                destination,
                identification,
                next_header: None,
                pieces: Vec::new(),
                total: None,
                sources: Vec::new(),
                all_secured: true,
                any_secured: false,
            });
            self.partials.len().saturating_sub(1)
        });
        let Some(partial) = self.partials.get_mut(index) else { return Outcome::Conflict };
        let end = offset.saturating_add(bytes.len());
        let piece_end = |piece: &Piece| piece.offset.saturating_add(piece.bytes.len());
        if partial.pieces.iter().any(|piece| piece.offset == offset && piece.bytes == bytes) {
            return Outcome::Incomplete;
        }
        let overlaps = partial.pieces.iter().any(|piece| offset < piece_end(piece) && piece.offset < end);
        let known_end = partial.pieces.iter().map(piece_end).max().unwrap_or_default();
        let beyond = partial.total.is_some_and(|total| end > total || !fragment.more && end != total);
        if overlaps || beyond || end > MAX_LENGTH || !fragment.more && known_end > end {
            self.partials.remove(index);
            return Outcome::Conflict;
        }
        if !fragment.more {
            partial.total = Some(end);
        }
        if offset == 0 {
            partial.next_header = Some(fragment.next_header);
        }
        partial.sources.extend_from_slice(sources);
        partial.all_secured &= fragment.secured;
        partial.any_secured |= fragment.secured;
        let number = sources.last().copied().unwrap_or_default();
        partial.pieces.push(Piece { offset, bytes: bytes.to_vec(), number });
        let held: usize = partial.pieces.iter().map(|piece| piece.bytes.len()).sum();
        if partial.total == Some(held) { Outcome::Complete(self.partials.remove(index)) } else { Outcome::Incomplete }
    }
}

impl Dissector {
    /// Reads a fragment header. The next header, if dissection goes on; with octets of another buffer and its index, if
    /// it goes on there.
    #[allow(clippy::type_complexity, reason = "of one use")]
    pub(super) fn ip_fragment(
        &mut self,
        sheet: &mut Sheet,
        cursor: &mut Cursor<'_>,
        ends: Ends,
    ) -> Result<(Option<NextHeader>, Option<(Vec<u8>, usize)>)> {
        let next_header = NextHeader((cursor.uint(sheet, "ipv6.fraghdr.nxt", 1)? & 0xff) as u8);
        cursor.uint(sheet, "ipv6.fraghdr.reserved_octet", 1)?;
        let bits = cursor.read_uint(2, "ipv6.fraghdr.offset")?;
        let span = cursor.behind(2);
        sheet.number("ipv6.fraghdr.offset", bits >> 3, span);
        sheet.number("ipv6.fraghdr.reserved_bits", bits >> 1 & 3, span);
        sheet.number("ipv6.fraghdr.more", bits & 1, span);
        let identification = cursor.uint(sheet, "ipv6.fraghdr.ident", 4)?;
        let (offset, more) = (usize::try_from(bits >> 3).unwrap_or_default().saturating_mul(8), bits & 1 != 0);
        if offset == 0 && !more {
            return Ok((Some(next_header), None));
        }
        if cursor.is_cut() {
            self.ip_reassembly.give_up(ends, identification);
            self.note_cut_fragment(sheet);
            return Ok((None, None));
        }
        let secured = sheet.dissection.secured();
        let (bytes, time) = (cursor.rest(), self.time);
        let fragment = Fragment { ends, identification, next_header, offset, more, bytes, secured, time };
        match self.ip_reassembly.accept(&fragment, &sheet.dissection.sources) {
            Outcome::Incomplete => {
                sheet.note(NoteKind::FragmentIncomplete, "the packet is not complete yet");
                Ok((None, None))
            }
            Outcome::Conflict => {
                sheet.note(self.contradiction(), "the fragment contradicts others of its packet");
                Ok((None, None))
            }
            Outcome::Complete(whole) => Ok(complete(sheet, whole)),
        }
    }
}

/// Shows a packet that has been put together.
fn complete(sheet: &mut Sheet, mut whole: Partial) -> (Option<NextHeader>, Option<(Vec<u8>, usize)>) {
    whole.pieces.sort_unstable_by_key(|piece| piece.offset);
    let bytes: Vec<u8> = whole.pieces.iter().flat_map(|piece| piece.bytes.iter().copied()).collect();
    let buffer = sheet.buffer("reassembled", &bytes);
    for piece in &whole.pieces {
        let span = Span { buffer, offset: piece.offset, length: piece.bytes.len() };
        sheet.number("ipv6.fragment", piece.number, span);
    }
    let derived = Span { buffer, offset: 0, length: 0 };
    sheet.number("ipv6.fragment.count", whole.pieces.len() as u64, derived);
    sheet.number("ipv6.reassembled.length", bytes.len() as u64, derived);
    sheet.hex("ipv6.reassembled.data", Span { length: bytes.len(), ..derived });
    if whole.any_secured != whole.all_secured {
        sheet.note(NoteKind::MixedProtection, "some fragments were secured, others not");
    }
    sheet.set_secured(whole.all_secured);
    whole.sources.sort_unstable();
    whole.sources.dedup();
    sheet.dissection.sources = whole.sources;
    (whole.next_header, Some((bytes, buffer)))
}
