//! IPv4 (RFC 791) and the head of TCP segments (RFC 9293 section 3.1). Fragments are named and left alone.

use super::Dissector;
use super::carried::Under;
use super::ip::Ends;
use super::model::NoteKind;
use super::packet::ipv4_address;
use super::protocols::of_next_header;
use super::sheet::{Cursor, Sheet, Span};
use wire::{Error, Result, ipv4};

impl Dissector {
    /// An IPv4 packet; octets after its total length are padding of the layer below.
    pub(super) fn ipv4(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
        sheet.layer("ip");
        let whole = cursor.rest();
        let first = cursor.read_uint(1, "ip.version")?;
        let span = cursor.behind(1);
        sheet.number("ip.version", first >> 4, span);
        let header_length = usize::try_from(first & 0xf).unwrap_or(0).saturating_mul(4);
        sheet.number("ip.hdr_len", header_length as u64, span);
        if first >> 4 != 4 {
            return Err(Error::Malformed("IP version is not 4"));
        }
        let class = cursor.uint(sheet, "ip.dsfield", 1)?;
        let span = cursor.behind(1);
        sheet.number("ip.dsfield.dscp", class >> 2, span);
        sheet.number("ip.dsfield.ecn", class & 3, span);
        let total_length = usize::try_from(cursor.uint(sheet, "ip.len", 2)?).unwrap_or(usize::MAX);
        cursor.uint(sheet, "ip.id", 2)?;
        let fragment = cursor.read_uint(2, "ip.frag_offset")?;
        let span = cursor.behind(2);
        let flags = Span { length: 1, ..span };
        sheet.number("ip.flags", fragment >> 13, flags);
        sheet.number("ip.flags.rb", fragment >> 15, flags);
        sheet.number("ip.flags.df", fragment >> 14 & 1, flags);
        sheet.number("ip.flags.mf", fragment >> 13 & 1, flags);
        sheet.number("ip.frag_offset", fragment & 0x1fff, span);
        cursor.uint(sheet, "ip.ttl", 1)?;
        let protocol = cursor.uint(sheet, "ip.proto", 1)?;
        cursor.uint(sheet, "ip.checksum", 2)?;
        // Wireshark's numbers: bad, good, unverified. The checksum is over the whole header.
        let status = whole.get(..header_length).map_or(2u8, |header| u8::from(ipv4::checksum(header) == 0));
        sheet.number("ip.checksum.status", status, Span { length: 0, ..cursor.behind(2) });
        let source = ipv4_address(sheet, &mut cursor, "ip.src")?;
        let destination = ipv4_address(sheet, &mut cursor, "ip.dst")?;
        let options_len = header_length.checked_sub(ipv4::HEADER_LENGTH).ok_or(Error::Malformed("ip.hdr_len"))?;
        if options_len > 0 {
            cursor.bytes(sheet, "ip.options", options_len)?;
        }
        if status == 0 {
            sheet.note(NoteKind::BadChecksum, "the IPv4 header checksum is wrong");
        }
        let payload_len = total_length.checked_sub(header_length).ok_or(Error::Malformed("ip.len"))?;
        let payload = cursor.sub(payload_len, "IPv4 payload")?;
        sheet.enter(&payload);
        if fragment & 0x3fff != 0 {
            sheet.note(NoteKind::FragmentIncomplete, "an IPv4 fragment: fragments of IPv4 are not put together");
            return Ok(());
        }
        // The pseudo-header of mapped addresses has the sum of the one of IPv4.
        let ends = Ends { source: source.to_ipv6_mapped(), destination: destination.to_ipv6_mapped() };
        self.transport(sheet, payload, ends, (protocol & 0xff) as u8)
    }

    /// What an IP packet carries, of the kinds that IPv4 and IPv6 share.
    pub(super) fn transport(&mut self, sheet: &mut Sheet, payload: Cursor<'_>, ends: Ends, protocol: u8) -> Result<()> {
        match protocol {
            6 => tcp(sheet, payload),
            17 => self.udp(sheet, payload, ends),
            other => match of_next_header(other) {
                Some(protocol) => (protocol.body)(self, sheet, payload, Under::Ip(ends)),
                None => Ok(()),
            },
        }
    }
}

/// The fixed header of a TCP segment: a label, no more.
fn tcp(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("tcp");
    cursor.uint(sheet, "tcp.srcport", 2)?;
    cursor.uint(sheet, "tcp.dstport", 2)?;
    cursor.uint(sheet, "tcp.seq_raw", 4)?;
    cursor.uint(sheet, "tcp.ack_raw", 4)?;
    let bits = cursor.read_uint(2, "tcp.flags")?;
    let span = cursor.behind(2);
    sheet.number("tcp.hdr_len", bits >> 12 << 2, Span { length: 1, ..span });
    sheet.number("tcp.flags", bits & 0xfff, span);
    cursor.uint(sheet, "tcp.window_size_value", 2)?;
    cursor.uint(sheet, "tcp.checksum", 2)?;
    cursor.uint(sheet, "tcp.urgent_pointer", 2)?;
    Ok(())
}
