//! 6LoWPAN: dispatch, IPHC, fragments.

use super::Dissector;
use super::model::NoteKind;
use super::reassembly::{Key, Outcome};
use super::sheet::{Cursor, Sheet, Span};
use crate::ieee802154::LinkAddress;
use crate::reader::Reader;
use crate::sixlowpan::{Decompressor, Dispatch, FragmentHeader, Iphc, UdpNhc};
use crate::{Error, Result};

/// What 6LoWPAN needs to know of the frame around it.
#[derive(Clone, Copy)]
pub(super) struct Link {
    pub(super) source: Option<LinkAddress>,
    pub(super) destination: Option<LinkAddress>,
    pub(super) verified: bool,
    pub(super) number: u64,
    pub(super) is_retry: bool,
}

impl Dissector {
    pub(super) fn lowpan(&mut self, sheet: &mut Sheet, cursor: Cursor<'_>, link: Link) -> Result<()> {
        let dispatch = cursor.rest().first().map(|octet| Dispatch::of(*octet));
        let (Some(source), Some(destination)) = (link.source, link.destination) else {
            return Err(Error::Unsupported("data frame without both addresses"));
        };
        match dispatch {
            Some(Dispatch::FirstFragment | Dispatch::NextFragment) => {
                sheet.layer("6lowpan");
                self.fragment(sheet, cursor, link, source, destination)
            }
            Some(Dispatch::Iphc) => {
                sheet.layer("6lowpan");
                iphc(sheet, cursor.clone(), &self.decompressor(source, destination, None))?;
                let packet = self.decompressor(source, destination, None).decompress(cursor.rest())?;
                let buffer = sheet.buffer("decompressed", &packet);
                self.ipv6(sheet, &packet, buffer, 0)
            }
            Some(Dispatch::Ipv6) => {
                sheet.layer("6lowpan");
                sheet.number("6lowpan.pattern", Dispatch::IPV6_OCTET, cursor.ahead(1));
                let packet = cursor.rest().get(1..).unwrap_or(&[]).to_vec();
                self.ipv6(sheet, &packet, cursor.buffer(), cursor.offset().saturating_add(1))
            }
            Some(Dispatch::NotLowpan) | None => Err(Error::Unsupported("payload that is not 6LoWPAN")),
            Some(_) => Err(Error::Unsupported("6LoWPAN dispatch")),
        }
    }

    fn decompressor(
        &self,
        source: LinkAddress,
        destination: LinkAddress,
        datagram_size: Option<usize>,
    ) -> Decompressor<'_> {
        // A dissector shows what is there; whether the checksum may be elided is the upper layers' agreement.
        let accept_elided_checksum = true;
        Decompressor { source, destination, contexts: &self.contexts, datagram_size, accept_elided_checksum }
    }

    fn fragment(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        link: Link,
        source: LinkAddress,
        destination: LinkAddress,
    ) -> Result<()> {
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
        let piece = if is_first {
            let decompressor = self.decompressor(source, destination, Some(size.into()));
            match cursor.rest().first().map(|octet| Dispatch::of(*octet)) {
                Some(Dispatch::Iphc) => iphc(sheet, cursor.clone(), &decompressor)?,
                Some(Dispatch::Ipv6) => sheet.number("6lowpan.pattern", Dispatch::IPV6_OCTET, cursor.ahead(1)),
                _ => {}
            }
            decompressor.decompress(cursor.rest())?
        } else {
            cursor.rest().to_vec()
        };
        if link.is_retry {
            sheet.note(NoteKind::FragmentIncomplete, "a retry of a fragment");
            return Ok(());
        }
        let key = Key { source, destination, tag: header.datagram_tag(), size };
        match self.reassembly.accept(key, header.offset(), &piece, link.number, link.verified) {
            Outcome::Incomplete => {
                sheet.note(NoteKind::FragmentIncomplete, "the datagram is not complete yet");
                Ok(())
            }
            Outcome::Conflict => {
                sheet.note(NoteKind::FragmentConflict, "the fragment contradicts others of its datagram");
                Ok(())
            }
            Outcome::Complete(whole) => {
                let buffer = sheet.buffer("reassembled", &whole.bytes);
                let derived = Span { buffer, offset: 0, length: 0 };
                sheet.number("6lowpan.fragment.count", whole.sources.len() as u64, derived);
                sheet.number("6lowpan.reassembled.length", whole.bytes.len() as u64, derived);
                if whole.any_verified != whole.all_verified {
                    sheet.note(NoteKind::MixedProtection, "some fragments were secured, others not");
                }
                sheet.set_secured(whole.all_verified);
                sheet.dissection.sources = whole.sources;
                self.ipv6(sheet, &whole.bytes, buffer, 0)
            }
        }
    }
}

/// The fields of an IPHC header and of a compressed UDP header behind it.
fn iphc(sheet: &mut Sheet, mut cursor: Cursor<'_>, decompressor: &Decompressor<'_>) -> Result<()> {
    let mut reader = Reader::new(cursor.rest());
    let iphc = Iphc::parse(&mut reader)?;
    sheet.number("6lowpan.pattern", 3u8, cursor.ahead(1));
    let base = cursor.ahead(2);
    sheet.number("6lowpan.iphc.tf", iphc.traffic_mode, base);
    sheet.number("6lowpan.iphc.nh", iphc.next_header.is_none(), base);
    sheet.number("6lowpan.iphc.hlim", iphc.hop_limit_mode, base);
    sheet.number("6lowpan.iphc.cid", iphc.context_extension, base);
    sheet.number("6lowpan.iphc.sac", iphc.source_mode.stateful, base);
    sheet.number("6lowpan.iphc.sam", iphc.source_mode.mode, base);
    sheet.number("6lowpan.iphc.m", iphc.destination_mode.multicast, base);
    sheet.number("6lowpan.iphc.dac", iphc.destination_mode.stateful, base);
    sheet.number("6lowpan.iphc.dam", iphc.destination_mode.mode, base);
    cursor.take(2, "IPHC")?;
    if iphc.context_extension {
        sheet.number("6lowpan.iphc.sci", iphc.source_context, cursor.ahead(1));
        sheet.number("6lowpan.iphc.dci", iphc.destination_context, cursor.ahead(1));
        cursor.take(1, "context identifier extension")?;
    }
    let traffic_len = match iphc.traffic_mode {
        0 => 4,
        1 => 3,
        2 => 1,
        _ => 0,
    };
    cursor.take(traffic_len, "traffic class and flow label")?;
    if iphc.next_header.is_some() {
        cursor.uint(sheet, "6lowpan.next", 1)?;
    }
    if iphc.hop_limit_mode == 0 {
        cursor.uint(sheet, "6lowpan.hops", 1)?;
    }
    let header = decompressor.header(&iphc)?;
    sheet.ipv6("6lowpan.src", header.source, cursor.ahead(iphc.source.len()));
    cursor.take(iphc.source.len(), "source address")?;
    sheet.ipv6("6lowpan.dst", header.destination, cursor.ahead(iphc.destination.len()));
    cursor.take(iphc.destination.len(), "destination address")?;
    if iphc.next_header.is_none() {
        udp_nhc(sheet, cursor)?;
    }
    Ok(())
}

fn udp_nhc(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    let mut reader = Reader::new(cursor.rest());
    let udp = UdpNhc::parse(&mut reader)?;
    sheet.number("6lowpan.nhc.pattern", 0x1eu8, cursor.ahead(1));
    sheet.number("6lowpan.nhc.udp.checksum", udp.checksum.is_none(), cursor.ahead(1));
    sheet.number("6lowpan.nhc.udp.ports", udp.port_mode, cursor.ahead(1));
    cursor.take(1, "next header compression")?;
    let (source_len, destination_len) = match udp.port_mode {
        0 => (2, 2),
        1 => (2, 1),
        2 => (1, 2),
        _ => (1, 0),
    };
    sheet.number("6lowpan.udp.src", udp.source_port, cursor.ahead(source_len));
    cursor.take(source_len, "UDP source port")?;
    // In the shortest form both ports share an octet.
    let span = if destination_len == 0 { cursor.behind(1) } else { cursor.ahead(destination_len) };
    sheet.number("6lowpan.udp.dst", udp.destination_port, span);
    cursor.take(destination_len, "UDP destination port")?;
    if udp.checksum.is_some() {
        cursor.uint(sheet, "6lowpan.udp.checksum", 2)?;
    }
    Ok(())
}
