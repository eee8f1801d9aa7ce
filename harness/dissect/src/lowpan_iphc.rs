//! IPHC and the next header compressions behind it.

use super::sheet::{Cursor, Sheet, Span};
use wire::Result;
use wire::reader::Reader;
use wire::sixlowpan::{Context, Decompressor, Encapsulation, ExtensionId, ExtensionNhc, Iphc, NhcKind, UdpNhc};

/// The prefix that stateless compression goes by.
const LINK_LOCAL: core::net::Ipv6Addr = core::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0);

/// What stands for a context that nobody told: no bit of an address comes from it.
pub(super) const UNKNOWN_CONTEXT: Context =
    Context { prefix: core::net::Ipv6Addr::UNSPECIFIED, length: 0, compression: false };

/// IPv6 headers in IPv6 headers whose fields are shown; the decompressor refuses more.
const MAX_NESTING: usize = 8;

/// The fields of an IPHC header and of the compressed headers behind it. `unknown` gets a bit for each context that is
/// named and not known.
pub(super) fn iphc(
    sheet: &mut Sheet,
    mut cursor: Cursor<'_>,
    decompressor: &Decompressor<'_>,
    unknown: &mut u16,
) -> Result<()> {
    let mut encapsulation = Encapsulation::of_link(decompressor.source, decompressor.destination);
    for _ in 0..MAX_NESTING {
        let (is_next_compressed, inner) = header(sheet, &mut cursor, decompressor, encapsulation, unknown)?;
        if !is_next_compressed || !next_headers(sheet, &mut cursor)? {
            break;
        }
        encapsulation = inner;
    }
    Ok(())
}

/// An IPHC header; whether the next header is compressed, and what a header within this one derives its addresses from.
fn header(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    decompressor: &Decompressor<'_>,
    encapsulation: Encapsulation,
    unknown: &mut u16,
) -> Result<(bool, Encapsulation)> {
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
    traffic(sheet, cursor, &iphc, base)?;
    if iphc.next_header.is_some() {
        cursor.uint(sheet, "6lowpan.next", 1)?;
    }
    if iphc.hop_limit_mode == 0 {
        cursor.uint(sheet, "6lowpan.hops", 1)?;
    }
    let contexts = decompressor.contexts;
    let mode = iphc.source_mode;
    if mode.stateful && mode.mode & 3 != 0 && contexts.get(iphc.source_context).is_none() {
        *unknown |= 1 << (iphc.source_context & 0xf);
    }
    let context = |id| contexts.get(id).or(Some(&UNKNOWN_CONTEXT));
    let source = mode.resolve(&iphc.source, encapsulation.source, context(iphc.source_context))?;
    let prefix = |stateful, mode: u8, multicast, id| match (stateful, mode & 3, multicast) {
        (true, 0, false) | (false, 0, false) => None,
        (false, ..) => Some(LINK_LOCAL),
        (true, ..) => contexts.get(id).filter(|context| context.length > 0).map(|context| context.prefix),
    };
    let derived = Span { length: 0, ..base };
    if let Some(prefix) = prefix(iphc.source_mode.stateful, iphc.source_mode.mode, false, iphc.source_context) {
        sheet.ipv6("6lowpan.iphc.sctx.prefix", prefix, derived);
    }
    sheet.ipv6("6lowpan.src", source, cursor.ahead(iphc.source.len()));
    cursor.take(iphc.source.len(), "source address")?;
    let mode = iphc.destination_mode;
    // Reserved modes end here.
    let destination = mode.resolve(&iphc.destination, encapsulation.destination, context(iphc.destination_context))?;
    if mode.stateful && contexts.get(iphc.destination_context).is_none() {
        *unknown |= 1 << (iphc.destination_context & 0xf);
    }
    if let Some(prefix) = prefix(mode.stateful, mode.mode, mode.multicast, iphc.destination_context) {
        sheet.ipv6("6lowpan.iphc.dctx.prefix", prefix, derived);
    }
    sheet.ipv6("6lowpan.dst", destination, cursor.ahead(iphc.destination.len()));
    cursor.take(iphc.destination.len(), "destination address")?;
    Ok((iphc.next_header.is_none(), Encapsulation::of_addresses(source, destination)))
}

/// Traffic class and flow label in-line.
fn traffic(sheet: &mut Sheet, cursor: &mut Cursor<'_>, iphc: &Iphc, base: Span) -> Result<()> {
    let mode = iphc.traffic_mode & 3;
    if mode == 3 {
        return Ok(());
    }
    sheet.number("6lowpan.ecn", iphc.traffic_class & 3, cursor.ahead(1));
    if mode != 1 {
        sheet.number("6lowpan.dscp", iphc.traffic_class >> 2, cursor.ahead(1));
        cursor.take(1, "traffic class")?;
    }
    if iphc.traffic_class != 0 {
        sheet.number("6lowpan.class", iphc.traffic_class, Span { length: 0, ..base });
    }
    if mode == 2 {
        return Ok(());
    }
    let first = cursor.rest().first().copied().unwrap_or_default();
    let padding = if mode == 0 { first >> 4 } else { first >> 4 & 3 };
    sheet.number("6lowpan.padding", padding, cursor.ahead(1));
    sheet.number("6lowpan.flow", iphc.flow_label, cursor.ahead(3));
    cursor.take(3, "flow label")?;
    Ok(())
}

/// Next header compressions; whether an IPHC header follows them.
fn next_headers(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<bool> {
    loop {
        match cursor.rest().first().map(|octet| NhcKind::of(*octet)) {
            Some(NhcKind::Ipv6) => {
                extension_octet(sheet, cursor);
                cursor.take(1, "next header compression")?;
                return Ok(true);
            }
            Some(NhcKind::Udp) => {
                udp(sheet, cursor)?;
                return Ok(false);
            }
            Some(NhcKind::Extension) => {
                if !extension(sheet, cursor)? {
                    return Ok(false);
                }
            }
            Some(NhcKind::GhcExtension | NhcKind::GhcUdp | NhcKind::GhcIcmpv6) => {
                let octet = cursor.rest().first().copied().unwrap_or_default();
                sheet.number("6lowpan.nhc.ghc", octet, cursor.ahead(1));
                return Ok(false);
            }
            _ => return Ok(false),
        }
    }
}

fn extension_octet(sheet: &mut Sheet, cursor: &Cursor<'_>) {
    let octet = cursor.rest().first().copied().unwrap_or_default();
    sheet.number("6lowpan.nhc.pattern", octet >> 4, cursor.ahead(1));
    sheet.number("6lowpan.nhc.ext.eid", octet >> 1 & 7, cursor.ahead(1));
    sheet.number("6lowpan.nhc.ext.nh", octet & 1, cursor.ahead(1));
}

/// A compressed extension header; whether another next header compression follows.
fn extension(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<bool> {
    let nhc = ExtensionNhc::parse(&mut Reader::new(cursor.rest()))?;
    extension_octet(sheet, cursor);
    cursor.take(1, "next header compression")?;
    if nhc.next_header.is_some() {
        cursor.uint(sheet, "6lowpan.nhc.ext.next", 1)?;
    }
    let second = if nhc.id == ExtensionId::Fragment { "6lowpan.nhc.ext.reserved" } else { "6lowpan.nhc.ext.length" };
    cursor.uint(sheet, second, 1)?;
    cursor.take(nhc.length.into(), "compressed extension header")?;
    Ok(nhc.next_header.is_none())
}

fn udp(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let udp = UdpNhc::parse(&mut Reader::new(cursor.rest()))?;
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
