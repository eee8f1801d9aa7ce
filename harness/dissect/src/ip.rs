//! IPv6 and UDP.

use super::Dissector;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::ipv6::{Ipv6Addr, NextHeader, checksum};
use wire::{Error, Result};

/// What a checksum's status is if not all of what it covers is there.
pub(super) const UNVERIFIED: u64 = 2;

/// IPv6 packets in IPv6 packets that are followed.
const MAX_NESTING: usize = 8;

/// Both ends of a packet: the destination is the last one of a route (RFC 8200 section 8.1).
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
}

impl Dissector {
    /// The IPv6 packet at the cursor.
    pub(super) fn ipv6(&mut self, sheet: &mut Sheet, cursor: Cursor<'_>) -> Result<()> {
        self.ipv6_within(sheet, cursor, 0)
    }

    fn ipv6_within(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, nesting: usize) -> Result<()> {
        sheet.layer("ipv6");
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
        let mut next_header = NextHeader((cursor.uint(sheet, "ipv6.nxt", 1)? & 0xff) as u8);
        cursor.uint(sheet, "ipv6.hlim", 1)?;
        let source = cursor.ipv6(sheet, "ipv6.src")?;
        slaac_mac(sheet, "ipv6.src_slaac_mac", source, cursor.behind(8));
        let destination = cursor.ipv6(sheet, "ipv6.dst")?;
        slaac_mac(sheet, "ipv6.dst_slaac_mac", destination, cursor.behind(8));
        let mut ends = Ends { source, destination };
        let is_cut = sheet.is_quoting() && payload_length > cursor.rest().len();
        let present = if is_cut { cursor.rest().len() } else { payload_length };
        let mut payload = cursor.sub(present, "IPv6 payload")?;
        sheet.enter(&payload);
        let mut is_first = true;
        loop {
            next_header = match next_header {
                NextHeader::HOP_BY_HOP if !is_first => {
                    return Err(Error::Malformed("hop-by-hop options are not first"));
                }
                NextHeader::HOP_BY_HOP | NextHeader::DESTINATION_OPTIONS => {
                    super::ip_option::options_header(sheet, &mut payload, next_header, &mut ends)?
                }
                NextHeader::ROUTING => super::ip_routing::routing_header(sheet, &mut payload, &mut ends)?,
                // What is quoted is not put together with what was sent.
                NextHeader::FRAGMENT if sheet.is_quoting() => return Ok(()),
                NextHeader::FRAGMENT => {
                    let (next_header, whole) = self.ip_fragment(sheet, &mut payload, ends)?;
                    if let Some((bytes, buffer)) = whole {
                        // The fragmentable part may begin with extension headers: the chain goes on in it.
                        return self.upper(sheet, Cursor::new(&bytes, buffer, 0), next_header, ends, nesting);
                    }
                    match next_header {
                        Some(next_header) => next_header,
                        None => return Ok(()),
                    }
                }
                _ => return self.upper(sheet, payload, Some(next_header), ends, nesting),
            };
            is_first = false;
        }
    }

    /// What follows the extension headers.
    fn upper(
        &mut self,
        sheet: &mut Sheet,
        mut cursor: Cursor<'_>,
        next_header: Option<NextHeader>,
        mut ends: Ends,
        nesting: usize,
    ) -> Result<()> {
        let Some(mut next_header) = next_header else { return Ok(()) };
        // Extension headers that were in fragments.
        loop {
            next_header = match next_header {
                NextHeader::DESTINATION_OPTIONS => {
                    super::ip_option::options_header(sheet, &mut cursor, next_header, &mut ends)?
                }
                NextHeader::ROUTING => super::ip_routing::routing_header(sheet, &mut cursor, &mut ends)?,
                NextHeader::IPV6 if nesting < MAX_NESTING => {
                    return self.ipv6_within(sheet, cursor, nesting.saturating_add(1));
                }
                NextHeader::IPV6 => return Err(Error::Unsupported("more than eight IPv6 packets in each other")),
                NextHeader::ICMPV6 => return self.icmpv6(sheet, cursor, ends),
                NextHeader(other) => return self.transport(sheet, cursor, ends, other),
            };
        }
    }

    pub(super) fn udp(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: Ends) -> Result<()> {
        sheet.layer("udp");
        let whole = cursor.rest();
        let source_port = (cursor.uint(sheet, "udp.srcport", 2)? & 0xffff) as u16;
        let destination_port = (cursor.uint(sheet, "udp.dstport", 2)? & 0xffff) as u16;
        let length = usize::try_from(cursor.uint(sheet, "udp.length", 2)?).unwrap_or(usize::MAX);
        let received = cursor.uint(sheet, "udp.checksum", 2)?;
        let whole_len = whole.len().saturating_add(cursor.missing());
        let is_cut = length > whole.len() && (sheet.is_quoting() || length <= whole_len);
        let covered = whole.get(..if is_cut { whole.len() } else { length });
        let covered = covered.ok_or(Error::Truncated("UDP datagram"))?;
        let payload_len = length.checked_sub(8).ok_or(Error::Malformed("UDP length below 8"))?;
        let difference = checksum(ends.source, ends.destination, NextHeader::UDP, covered);
        let good = received != 0 && difference == 0;
        let is_unverified = is_cut || sheet.are_addresses_unknown();
        if received != 0 && !is_unverified {
            // What the field ought to hold, in the arithmetic of ones' complement.
            let sum = received.saturating_add(difference.into());
            sheet.number("udp.checksum_calculated", (sum & 0xffff).saturating_add(sum >> 16), cursor.behind(2));
        }
        // 3 says that there is none, 4 that IPv6 forbids that (RFC 768, RFC 8200 section 8.1).
        let is_absent = received == 0 && ends.source.to_ipv4_mapped().is_some();
        match received {
            0 if is_absent => sheet.number("udp.checksum.status", 3u8, cursor.behind(2)),
            0 => sheet.number("udp.checksum.status", 4u8, cursor.behind(2)),
            _ if is_unverified => {
                sheet.number("udp.checksum.status", UNVERIFIED, Span { length: 0, ..cursor.behind(2) })
            }
            _ => sheet.number("udp.checksum.status", good, Span { length: 0, ..cursor.behind(2) }),
        }
        let is_forbidden = received == 0 && !is_absent && !is_cut;
        if is_forbidden || received != 0 && !good && !is_unverified {
            sheet.note(NoteKind::BadChecksum, "the UDP checksum is wrong");
        }
        let payload_len = if sheet.is_quoting() { covered.len().saturating_sub(8) } else { payload_len };
        let payload = cursor.sub(payload_len, "UDP payload")?;
        if payload.is_empty() {
            return Ok(());
        }
        payload.clone().bytes(sheet, "udp.payload", payload.rest().len())?;
        self.udp_payload(sheet, payload, (ends.source, source_port), (ends.destination, destination_port))
    }
}

/// The EUI-48 in an interface identifier that was made of one (RFC 4291 appendix A): with ff:fe in its middle, and
/// universal.
fn slaac_mac(sheet: &mut Sheet, name: &'static str, address: Ipv6Addr, span: Span) {
    let [_, _, _, _, _, _, _, _, a, b, c, 0xff, 0xfe, d, e, f] = address.octets() else { return };
    if a & 2 != 0 {
        let octets = [a ^ 2, b, c, d, e, f];
        let mut text = alloc::string::String::with_capacity(17);
        for (index, octet) in octets.iter().enumerate() {
            use core::fmt::Write as _;
            let separator = if index > 0 { ":" } else { "" };
            // Writing to a string does not fail.
            let _ = write!(text, "{separator}{octet:02x}");
        }
        sheet.text(name, text, span);
    }
}
