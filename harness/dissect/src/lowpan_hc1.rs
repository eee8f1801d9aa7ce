//! HC1 and HC_UDP (RFC 4944 section 10), whose fields lie at any bit.

use super::sheet::{Cursor, Sheet, Span};
use wire::Result;
use wire::ieee802154::LinkAddress;
use wire::reader::Reader;
use wire::sixlowpan::{Encapsulation, Hc1, Hc1Udp};

/// A position in bits.
struct Place<'a> {
    cursor: &'a Cursor<'a>,
    bit: usize,
}

impl Place<'_> {
    /// The octets that the next `bits` bits touch, which are then behind.
    fn next(&mut self, bits: usize) -> Span {
        let (first, end) = (self.bit / 8, self.bit.saturating_add(bits).div_ceil(8));
        self.bit = self.bit.saturating_add(bits);
        let ahead = self.cursor.ahead(end.saturating_sub(first));
        Span { offset: ahead.offset.saturating_add(first), ..ahead }
    }
}

/// The fields of a HC1 header, dispatch included, and of a compressed UDP header behind it.
pub(super) fn hc1(sheet: &mut Sheet, cursor: &Cursor<'_>, source: LinkAddress, destination: LinkAddress) -> Result<()> {
    let hc1 = Hc1::parse(&mut Reader::new(cursor.rest()))?;
    let mut place = Place { cursor, bit: 0 };
    sheet.number("6lowpan.pattern", 0x42u8, place.next(8));
    let span = place.next(8);
    let flag = |bit: u32| hc1.encoding >> bit & 1;
    sheet.number("6lowpan.hc1.encoding", hc1.encoding, span);
    sheet.number("6lowpan.hc1.src_prefix", flag(7), span);
    sheet.number("6lowpan.hc1.src_ifc", flag(6), span);
    sheet.number("6lowpan.hc1.dst_prefix", flag(5), span);
    sheet.number("6lowpan.hc1.dst_ifc", flag(4), span);
    sheet.number("6lowpan.hc1.class", flag(3), span);
    sheet.number("6lowpan.hc1.next", hc1.encoding >> 1 & 3, span);
    sheet.number("6lowpan.hc1.more", flag(0), span);
    if let Some(udp) = hc1.udp {
        let span = place.next(8);
        sheet.number("6lowpan.hc2.udp.encoding", udp.encoding, span);
        sheet.number("6lowpan.hc2.udp.src", udp.encoding >> 7, span);
        sheet.number("6lowpan.hc2.udp.dst", udp.encoding >> 6 & 1, span);
        sheet.number("6lowpan.hc2.udp.length", udp.encoding >> 5 & 1, span);
    }
    sheet.number("6lowpan.hops", hc1.hop_limit, place.next(8));
    let header = hc1.header(Encapsulation::of_link(source, destination));
    let inline = |parts: [Option<u64>; 2]| parts.into_iter().flatten().count().saturating_mul(64);
    sheet.ipv6("6lowpan.src", header.source, place.next(inline([hc1.source_prefix, hc1.source_identifier])));
    let bits = inline([hc1.destination_prefix, hc1.destination_identifier]);
    sheet.ipv6("6lowpan.dst", header.destination, place.next(bits));
    if let Some((class, flow)) = hc1.traffic {
        sheet.number("6lowpan.class", class, place.next(8));
        sheet.number("6lowpan.flow", flow, place.next(20));
    }
    if hc1.encoding >> 1 & 3 == 0 {
        sheet.number("6lowpan.next", hc1.next_header.0, place.next(8));
    }
    if let Some(udp) = hc1.udp {
        hc_udp(sheet, &udp, &mut place);
    }
    Ok(())
}

fn hc_udp(sheet: &mut Sheet, udp: &Hc1Udp, place: &mut Place<'_>) {
    let port_bits = |bit: u8| if udp.encoding & bit != 0 { 4 } else { 16 };
    sheet.number("6lowpan.udp.src", udp.source_port, place.next(port_bits(0x80)));
    sheet.number("6lowpan.udp.dst", udp.destination_port, place.next(port_bits(0x40)));
    if let Some(length) = udp.length {
        sheet.number("6lowpan.udp.length", length, place.next(16));
    }
    sheet.number("6lowpan.udp.checksum", udp.checksum, place.next(16));
}
