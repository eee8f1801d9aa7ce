//! The fragment header (RFC 8200 section 4.5) and the reassembly of one packet, which refuses overlapping fragments
//! (RFC 5722). Clocks and tables belong to those who use it.

use alloc::vec::Vec;

use super::{HEADER_LENGTH, NextHeader, extensions};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A fragment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FragmentHeader {
    /// Next header: what the fragmentable part of the original packet begins with.
    pub next_header: NextHeader,
    /// Offset of this fragment in units of eight octets, 13 bits.
    pub offset: u16,
    /// M: more fragments follow.
    pub more: bool,
    /// Identification.
    pub identification: u32,
}

impl FragmentHeader {
    /// Octets that [`Self::emit`] writes.
    pub const LENGTH: usize = 8;

    /// Reads the header; reserved fields are ignored.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let next_header = NextHeader(reader.u8("next header")?);
        reader.u8("fragment header reserved octet")?;
        let offset = reader.u16_be("fragment offset")?;
        let identification = reader.u32_be("fragment identification")?;
        Ok(Self { next_header, offset: offset >> 3, more: offset & 1 != 0, identification })
    }

    /// Writes the header; [`Error::Malformed`] if the offset exceeds 13 bits.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.offset > 0x1fff {
            return Err(Error::Malformed("fragment offset above 13 bits"));
        }
        writer.u8(self.next_header.0, "next header")?;
        writer.u8(0, "fragment header reserved octet")?;
        writer.u16_be(self.offset << 3 | u16::from(self.more), "fragment offset")?;
        writer.u32_be(self.identification, "fragment identification")
    }

    /// Offset in octets.
    pub fn octets(&self) -> usize {
        usize::from(self.offset).saturating_mul(8)
    }

    /// Whether the packet is all of the original one (an atomic fragment, RFC 6946).
    pub fn is_atomic(&self) -> bool {
        self.offset == 0 && !self.more
    }
}

/// Fragments of one packet: same source, destination and identification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reassembly {
    /// The headers before the fragment header of the first fragment, its next header already put in.
    front: Option<Vec<u8>>,
    /// Offset and octets of every fragment.
    pieces: Vec<(usize, Vec<u8>)>,
    /// Octets of the fragmentable part, known from its last fragment.
    total: Option<usize>,
}

impl Reassembly {
    /// Octets that are held.
    pub fn held(&self) -> usize {
        self.pieces.iter().map(|(_, piece)| piece.len()).fold(0, usize::saturating_add)
    }

    /// Takes a packet with a fragment header; the whole packet if this completes it.
    ///
    /// `max_len` bounds the whole packet in octets. After an error all that was collected has to be discarded: for an
    /// overlap RFC 5722 asks for it, including fragments that are still to come. A copy of a fragment is ignored.
    pub fn accept(&mut self, packet: &[u8], max_len: usize) -> Result<Option<Vec<u8>>> {
        let chain = extensions(packet)?;
        let found = chain.fragment.ok_or(Error::Malformed("packet without fragment header"))?;
        let header = found.header;
        let piece = packet
            .get(found.at.saturating_add(FragmentHeader::LENGTH)..chain.end)
            .ok_or(Error::Truncated("IPv6 fragment"))?;
        if header.more && piece.len() % 8 != 0 {
            return Err(Error::Malformed("IPv6 fragment is no multiple of eight octets"));
        }
        let (start, end) = (header.octets(), header.octets().saturating_add(piece.len()));
        let front_len = self.front.as_ref().map_or(HEADER_LENGTH, Vec::len);
        if end > 0xffff || end.saturating_add(front_len) > max_len {
            return Err(Error::Malformed("IPv6 fragment reaches over the end of its packet"));
        }
        if self.pieces.iter().any(|(offset, known)| *offset == start && known == piece) && !piece.is_empty() {
            return Ok(None);
        }
        let overlaps = |offset: usize, length: usize| start < offset.saturating_add(length) && offset < end;
        if self.pieces.iter().any(|(offset, known)| overlaps(*offset, known.len())) {
            return Err(Error::Malformed("IPv6 fragment overlaps another one"));
        }
        let known_end = self.pieces.iter().map(|(offset, known)| offset.saturating_add(known.len())).max().unwrap_or(0);
        let beyond_total = self.total.is_some_and(|total| end > total || !header.more && end != total);
        if beyond_total || !header.more && known_end > end {
            return Err(Error::Malformed("IPv6 fragment contradicts the end of its packet"));
        }
        if !header.more {
            self.total = Some(end);
        }
        if start == 0 && self.front.is_none() {
            let mut front = packet.get(..found.at).unwrap_or(&[]).to_vec();
            if let Some(field) = front.get_mut(found.next_header_at) {
                *field = header.next_header.0;
            }
            self.front = Some(front);
        }
        self.pieces.push((start, piece.to_vec()));
        if self.total == Some(self.held()) { self.join().map(Some) } else { Ok(None) }
    }

    fn join(&mut self) -> Result<Vec<u8>> {
        let mut packet = self.front.take().ok_or(Error::Malformed("IPv6 fragments without a first one"))?;
        self.pieces.sort_unstable_by_key(|(offset, _)| *offset);
        for (_, piece) in core::mem::take(&mut self.pieces) {
            packet.extend(piece);
        }
        let length = u16::try_from(packet.len().saturating_sub(HEADER_LENGTH))
            .map_err(|_| Error::Malformed("IPv6 payload above 65535"))?;
        let field = packet.get_mut(4..6).ok_or(Error::Truncated("IPv6 payload length"))?;
        field.copy_from_slice(&length.to_be_bytes());
        Ok(packet)
    }
}
