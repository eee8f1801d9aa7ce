//! Routing headers: type 0 (deprecated), 2 (Mobile IPv6), 3 (RPL, RFC 6554), 4 (segment routing), others as octets.

use super::ip::Ends;
use super::sheet::{Cursor, Sheet, Span};
use wire::ipv6::{Ipv6Addr, NextHeader, Route, RoutingHeader};
use wire::reader::Reader;
use wire::{Error, Result};

/// Reads a routing header; the next header. With segments left the packet is bound for the last one of them.
pub(super) fn routing_header(sheet: &mut Sheet, cursor: &mut Cursor<'_>, ends: &mut Ends) -> Result<NextHeader> {
    let whole = cursor.rest();
    let next_header = NextHeader((cursor.uint(sheet, "ipv6.routing.nxt", 1)? & 0xff) as u8);
    let units = cursor.uint(sheet, "ipv6.routing.len", 1)?;
    let length = units.saturating_add(1).saturating_mul(8);
    sheet.number("ipv6.routing.len_oct", length, cursor.behind(1));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut header = cursor.sub(length.saturating_sub(2), "routing header")?;
    let kind = header.uint(sheet, "ipv6.routing.type", 1)?;
    let segments_left = header.uint(sheet, "ipv6.routing.segleft", 1)?;
    let mut last = None;
    match kind {
        0 => {
            header.bytes(sheet, "ipv6.routing.src.reserved", 4)?;
            while !header.is_empty() {
                last = Some(header.ipv6(sheet, "ipv6.routing.src.addr")?);
            }
        }
        2 => {
            header.bytes(sheet, "ipv6.routing.mipv6.reserved", 4)?;
            last = Some(header.ipv6(sheet, "ipv6.routing.mipv6.home_address")?);
        }
        3 => last = rpl(sheet, header, whole, ends.destination)?,
        4 => {
            let last_entry = header.uint(sheet, "ipv6.routing.srh.last_entry", 1)?;
            header.uint(sheet, "ipv6.routing.srh.flags", 1)?;
            header.bytes(sheet, "ipv6.routing.srh.tag", 2)?;
            // The list begins with the last segment (RFC 8754 section 2), and TLVs may follow it.
            for _ in 0..=last_entry {
                let segment = header.ipv6(sheet, "ipv6.routing.srh.addr")?;
                last = last.or(Some(segment));
            }
        }
        _ => drop(header.bytes(sheet, "ipv6.routing.unknown_data", header.rest().len())?),
    }
    if let (true, Some(last)) = (segments_left > 0, last) {
        ends.destination = last;
    }
    Ok(next_header)
}

/// The fields of a RPL source route; its last address. `whole` begins with the routing header.
fn rpl(sheet: &mut Sheet, mut cursor: Cursor<'_>, whole: &[u8], destination: Ipv6Addr) -> Result<Option<Ipv6Addr>> {
    let span = cursor.ahead(4);
    let first = cursor.read_uint(4, "ipv6.routing.rpl.cmprI")?;
    sheet.number("ipv6.routing.rpl.cmprI", first >> 28, span);
    sheet.number("ipv6.routing.rpl.cmprE", first >> 24 & 0xf, span);
    sheet.number("ipv6.routing.rpl.pad", first >> 20 & 0xf, span);
    sheet.number("ipv6.routing.rpl.reserved", first & 0xf_ffff, span);
    let RoutingHeader { route: Route::Rpl(route), .. } = RoutingHeader::parse(&mut Reader::new(whole))? else {
        return Err(Error::Malformed("routing header is no RPL source route"));
    };
    let count = route.addresses.len();
    sheet.number("ipv6.routing.rpl.addr_count", count as u64, Span { length: 2, ..span });
    let mut last = None;
    for (number, address) in (1..).zip(route.full_addresses(destination)) {
        let elided = if number == count { route.elided_last } else { route.elided_intermediate };
        let size = 16usize.saturating_sub(elided.into());
        sheet.ipv6("ipv6.routing.rpl.full_address", address, cursor.ahead(size));
        cursor.bytes(sheet, "ipv6.routing.rpl.address", size)?;
        last = Some(address);
    }
    Ok(last)
}
