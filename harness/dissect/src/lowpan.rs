//! 6LoWPAN: mesh, broadcast and fragment headers in front of a packet, and reassembly.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Dissector;
use super::lowpan_hc1::hc1;
use super::lowpan_iphc::{UNKNOWN_CONTEXT, iphc};
use super::lowpan_rfrag::recoverable_ack;
use super::model::NoteKind;
use super::reassembly::{Arrival, Key, Outcome};
use super::sheet::{Cursor, Sheet, Span};
use wire::ieee802154::LinkAddress;
use wire::reader::Reader;
use wire::sixlowpan::{Decompressor, Dispatch, FragmentHeader, MeshHeader, UNSET_CONTEXT};
use wire::{Error, Result};

/// What 6LoWPAN needs to know of the frame around it.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) source: Option<LinkAddress>,
    pub(super) destination: Option<LinkAddress>,
    pub(super) verified: bool,
    pub(super) number: u64,
    pub(super) is_retry: bool,
}

/// Between whom a packet passes: the ends of the frame, or of its mesh header.
#[derive(Clone, Copy)]
pub(super) struct LinkEnds {
    pub(super) source: LinkAddress,
    pub(super) destination: LinkAddress,
}

/// A packet without its compression.
struct Uncompressed {
    packet: Vec<u8>,
    /// Contexts, a bit each, that it names and that nobody told: their part of the addresses is zero.
    unknown_contexts: u16,
}

pub(super) fn dispatch(cursor: &Cursor<'_>) -> Option<Dispatch> {
    cursor.rest().first().map(|octet| Dispatch::of(*octet))
}

impl Dissector {
    pub(super) fn lowpan(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, link: Link) -> Result<()> {
        let (Some(source), Some(destination)) = (link.source, link.destination) else {
            return Err(Error::Unsupported("data frame without both addresses"));
        };
        match dispatch(&cursor) {
            None | Some(Dispatch::NotLowpan) => return Err(Error::Unsupported("payload that is not 6LoWPAN")),
            Some(Dispatch::Escape | Dispatch::Reserved) => return Err(Error::Unsupported("6LoWPAN dispatch")),
            Some(_) => sheet.layer("6lowpan"),
        }
        let mut ends = LinkEnds { source, destination };
        if dispatch(&cursor) == Some(Dispatch::Mesh) {
            let mesh = mesh(sheet, &mut cursor)?;
            ends = LinkEnds { source: mesh.originator, destination: mesh.final_destination };
        }
        if dispatch(&cursor) == Some(Dispatch::Broadcast) {
            cursor.uint(sheet, "6lowpan.pattern", 1)?;
            cursor.uint(sheet, "6lowpan.bcast.seqnum", 1)?;
        }
        match dispatch(&cursor) {
            Some(Dispatch::FirstFragment | Dispatch::NextFragment) => self.fragment(sheet, cursor, link, ends),
            Some(Dispatch::RecoverableFragment) => self.recoverable_fragment(sheet, cursor, link, ends),
            Some(Dispatch::RecoverableAck) => recoverable_ack(sheet, cursor),
            _ => self.unfragmented(sheet, cursor, ends),
        }
    }

    /// A packet from its dispatch on, whole.
    pub(super) fn unfragmented(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: LinkEnds) -> Result<()> {
        if dispatch(&cursor) == Some(Dispatch::Ipv6) {
            cursor.uint(sheet, "6lowpan.pattern", 1)?;
            return self.ipv6(sheet, cursor);
        }
        let missing = cursor.missing();
        let Uncompressed { mut packet, unknown_contexts } = self.decompressed(sheet, &cursor, ends, None)?;
        if missing > 0 {
            // Elided lengths are those of the whole packet.
            let whole = packet.len().saturating_add(missing);
            packet = self.decompress(&cursor, &self.decompressor(ends, Some(whole)), unknown_contexts)?;
        }
        note_unknown_contexts(sheet, unknown_contexts);
        let buffer = sheet.buffer("decompressed", &packet);
        self.ipv6(sheet, Cursor::new(&packet, buffer, 0).lacking(missing))
    }

    pub(super) fn decompressor(&self, ends: LinkEnds, datagram_size: Option<usize>) -> Decompressor<'_> {
        // A dissector shows what is there; whether the checksum may be elided is the upper layers' agreement.
        let accept_elided_checksum = true;
        let LinkEnds { source, destination } = ends;
        Decompressor { source, destination, contexts: &self.contexts, datagram_size, accept_elided_checksum }
    }

    /// The fields of a packet behind all other headers, and the packet, decompressed.
    fn decompressed(
        &self,
        sheet: &mut Sheet,
        cursor: &Cursor<'_>,
        ends: LinkEnds,
        datagram_size: Option<usize>,
    ) -> Result<Uncompressed> {
        let decompressor = self.decompressor(ends, datagram_size);
        let mut unknown_contexts = 0;
        match dispatch(cursor) {
            Some(Dispatch::Iphc) => iphc(sheet, cursor.clone(), &decompressor, &mut unknown_contexts)?,
            Some(Dispatch::Hc1) => hc1(sheet, cursor, ends.source, ends.destination)?,
            Some(Dispatch::Ipv6) => sheet.number("6lowpan.pattern", Dispatch::IPV6_OCTET, cursor.ahead(1)),
            _ => {}
        }
        let packet = self.decompress(cursor, &decompressor, unknown_contexts)?;
        Ok(Uncompressed { packet, unknown_contexts })
    }

    /// A packet, decompressed, in which what these contexts (bits, by number) would add is not known.
    fn decompress(&self, cursor: &Cursor<'_>, by: &Decompressor<'_>, unknown_contexts: u16) -> Result<Vec<u8>> {
        match by.decompress(cursor.rest()) {
            Err(UNSET_CONTEXT) if unknown_contexts != 0 => {
                let mut contexts = self.contexts.clone();
                for id in (0..16).filter(|id| unknown_contexts >> id & 1 != 0) {
                    contexts.set(id, Some(UNKNOWN_CONTEXT));
                }
                let Decompressor { source, destination, datagram_size, accept_elided_checksum, .. } = *by;
                let contexts = &contexts;
                Decompressor { source, destination, contexts, datagram_size, accept_elided_checksum }
                    .decompress(cursor.rest())
            }
            other => other,
        }
    }

    fn fragment(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, link: Link, ends: LinkEnds) -> Result<()> {
        let mut reader = Reader::new(cursor.rest());
        let header = FragmentHeader::parse(&mut reader)?;
        let is_first = matches!(header, FragmentHeader::First { .. });
        let size = header.datagram_size();
        sheet.number("6lowpan.pattern", if is_first { 0x18u8 } else { 0x1c }, cursor.ahead(1));
        sheet.number("6lowpan.frag.size", size, cursor.ahead(2));
        cursor.take(2, "fragment header")?;
        cursor.uint(sheet, "6lowpan.frag.tag", 2)?;
        if !is_first {
            cursor.take(1, "datagram offset")?;
            sheet.number("6lowpan.frag.offset", header.offset() as u64, cursor.behind(1));
        }
        if !is_first && header.offset() == 0 {
            return Err(Error::Malformed("subsequent fragment at offset 0"));
        }
        let Uncompressed { packet: piece, unknown_contexts } = if is_first {
            self.decompressed(sheet, &cursor, ends, Some(size.into()))?
        } else {
            Uncompressed { packet: cursor.rest().to_vec(), unknown_contexts: 0 }
        };
        if link.is_retry {
            sheet.note(NoteKind::FragmentIncomplete, "a retry of a fragment");
            return Ok(());
        }
        let key = Key { source: ends.source, destination: ends.destination, tag: header.datagram_tag(), size };
        if cursor.is_cut() {
            self.reassembly.give_up(key);
            self.note_cut_fragment(sheet);
            return Ok(());
        }
        let Link { number, verified, .. } = link;
        let arrival =
            Arrival { offset: header.offset(), bytes: &piece, number, verified, unknown_contexts, time: self.time };
        match self.reassembly.accept(key, arrival) {
            Outcome::Incomplete => {
                sheet.note(NoteKind::FragmentIncomplete, "the datagram is not complete yet");
                Ok(())
            }
            Outcome::Repeated => {
                sheet.note(NoteKind::FragmentIncomplete, "another copy of a fragment");
                Ok(())
            }
            Outcome::Late => {
                sheet.note(NoteKind::FragmentIncomplete, "a fragment of a datagram that is whole already");
                Ok(())
            }
            Outcome::Conflict => {
                sheet.note(
                    self.contradiction(),
                    "the fragment contradicts others of its datagram, which begins anew with it",
                );
                Ok(())
            }
            Outcome::Ignored => {
                sheet.note(self.contradiction(), "the fragment contradicts secured ones of its datagram");
                Ok(())
            }
            Outcome::BeyondEnd => {
                sheet.note(NoteKind::FragmentConflict, "the fragment reaches over the end of its datagram");
                Ok(())
            }
            Outcome::OddLength => Err(Error::Malformed("fragment length is no multiple of eight")),
            Outcome::Complete(whole) => {
                let buffer = sheet.buffer("reassembled", &whole.bytes);
                for piece in &whole.pieces {
                    let span = Span { buffer, offset: piece.offset, length: piece.length };
                    sheet.number("6lowpan.fragment", piece.number, span);
                }
                let derived = Span { buffer, offset: 0, length: 0 };
                sheet.number("6lowpan.fragment.count", whole.pieces.len() as u64, derived);
                sheet.number("6lowpan.reassembled.length", whole.bytes.len() as u64, derived);
                if whole.any_verified() != whole.all_verified() {
                    sheet.note(NoteKind::MixedProtection, "some fragments were secured, others not");
                }
                sheet.set_secured(whole.all_verified());
                sheet.dissection.sources = whole.sources();
                note_unknown_contexts(sheet, whole.unknown_contexts());
                self.ipv6(sheet, Cursor::new(&whole.bytes, buffer, 0))
            }
        }
    }
}

/// Names the contexts that are missing. What is made of addresses, checksums for one, cannot be told then.
fn note_unknown_contexts(sheet: &mut Sheet, unknown_contexts: u16) {
    if unknown_contexts == 0 {
        return;
    }
    let ids = (0..16).filter(|id| unknown_contexts >> id & 1 != 0);
    let names: Vec<String> = ids.map(|id| format!("{id}")).collect();
    let (noun, verb) = if names.len() == 1 { ("context", "is") } else { ("contexts", "are") };
    sheet.set_addresses_unknown();
    sheet.note(
        NoteKind::UnknownContext,
        format!("{noun} {} {verb} not known: addresses lack what it stands for", names.join(" and ")),
    );
}

/// The fields of a mesh header.
fn mesh(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<MeshHeader> {
    let header = MeshHeader::parse(&mut Reader::new(cursor.rest()))?;
    let span = cursor.ahead(1);
    let first = cursor.read_uint(1, "6lowpan.mesh.v")?;
    sheet.number("6lowpan.pattern", first >> 6, span);
    sheet.number("6lowpan.mesh.v", first >> 5 & 1, span);
    sheet.number("6lowpan.mesh.f", first >> 4 & 1, span);
    sheet.number("6lowpan.mesh.hops", first & 0xf, span);
    if first & 0xf == 0xf {
        cursor.uint(sheet, "6lowpan.mesh.hops8", 1)?;
    }
    match header.originator {
        LinkAddress::Short(_) => cursor.uint(sheet, "6lowpan.mesh.orig16", 2)?,
        LinkAddress::Extended(_) => cursor.uint(sheet, "6lowpan.mesh.orig64", 8)?,
    };
    match header.final_destination {
        LinkAddress::Short(_) => cursor.uint(sheet, "6lowpan.mesh.dest16", 2)?,
        LinkAddress::Extended(_) => cursor.uint(sheet, "6lowpan.mesh.dest64", 8)?,
    };
    Ok(header)
}
