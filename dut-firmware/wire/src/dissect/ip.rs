//! IPv6 and UDP.

use super::Dissector;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use crate::ipv6::{Ipv6Addr, NextHeader, checksum};
use crate::{Error, Result, coap};

/// Both ends of a packet.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
}

impl Dissector {
    /// `bytes` is an IPv6 packet that lies in `buffer` from `base` on.
    pub(super) fn ipv6(&mut self, sheet: &mut Sheet, bytes: &[u8], buffer: usize, base: usize) -> Result<()> {
        sheet.layer("ipv6");
        let mut cursor = Cursor::new(bytes, buffer, base);
        let start = cursor.ahead(4);
        let first = cursor.read_uint(4, "ipv6.version")?;
        sheet.number("ipv6.version", first >> 28, Span { length: 1, ..start });
        if first >> 28 != 6 {
            return Err(Error::Malformed("IP version is not 6"));
        }
        sheet.number("ipv6.tclass", first >> 20 & 0xff, start);
        sheet.number("ipv6.tclass.dscp", first >> 22 & 0x3f, start);
        sheet.number("ipv6.tclass.ecn", first >> 20 & 3, start);
        sheet.number("ipv6.flow", first & 0xf_ffff, cursor.behind(3));
        let payload_length = usize::try_from(cursor.uint(sheet, "ipv6.plen", 2)?).unwrap_or(usize::MAX);
        let mut next_header = cursor.uint(sheet, "ipv6.nxt", 1)?;
        cursor.uint(sheet, "ipv6.hlim", 1)?;
        let source = cursor.ipv6(sheet, "ipv6.src")?;
        let destination = cursor.ipv6(sheet, "ipv6.dst")?;
        let mut payload = cursor.sub(payload_length, "IPv6 payload")?;
        // Hop-by-hop options, routing and destination options share their shape (RFC 8200 section 4).
        while matches!(next_header, 0 | 43 | 60) {
            next_header = payload.read_uint(1, "extension header")?;
            let units = usize::try_from(payload.read_uint(1, "extension header")?).unwrap_or(usize::MAX);
            payload.take(units.saturating_mul(8).saturating_add(6), "extension header")?;
        }
        let ends = Ends { source, destination };
        match next_header {
            17 => self.udp(sheet, payload, ends),
            58 => self.icmpv6(sheet, payload, ends),
            _ => Ok(()),
        }
    }

    fn udp(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: Ends) -> Result<()> {
        sheet.layer("udp");
        let whole = cursor.rest();
        let source_port = (cursor.uint(sheet, "udp.srcport", 2)? & 0xffff) as u16;
        let destination_port = (cursor.uint(sheet, "udp.dstport", 2)? & 0xffff) as u16;
        let length = usize::try_from(cursor.uint(sheet, "udp.length", 2)?).unwrap_or(usize::MAX);
        let received = cursor.uint(sheet, "udp.checksum", 2)?;
        let covered = whole.get(..length).ok_or(Error::Truncated("UDP datagram"))?;
        let payload_len = length.checked_sub(8).ok_or(Error::Malformed("UDP length below 8"))?;
        let good = received != 0 && checksum(ends.source, ends.destination, NextHeader::UDP, covered) == 0;
        sheet.number("udp.checksum.status", good, Span { length: 0, ..cursor.behind(2) });
        if !good {
            sheet.note(NoteKind::BadChecksum, "the UDP checksum is wrong");
        }
        if payload_len == 0 {
            return Ok(());
        }
        let mut payload = cursor.sub(payload_len, "UDP payload")?;
        payload.clone().bytes(sheet, "udp.payload", payload_len)?;
        if self.dtls_ports.iter().any(|port| [source_port, destination_port].contains(port)) {
            let (from, to) = ((ends.source, source_port), (ends.destination, destination_port));
            return self.dtls(sheet, &mut payload, from, to);
        }
        if [source_port, destination_port].contains(&coap::PORT) {
            return super::coap::coap(sheet, payload);
        }
        Ok(())
    }
}
