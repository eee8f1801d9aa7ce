//! ICMPv6 messages: RFC 4443 errors and echo, MLD (RFC 2710, 3810), Neighbor Discovery (RFC 4861, 6775, 8505), router
//! renumbering's header (RFC 2894), and the bootstrap requests.

use super::Dissector;
use super::ip::{Ends, UNVERIFIED};
use super::model::NoteKind;
use super::rpl::rpl;
use super::sheet::{Cursor, Sheet, Span};
use wire::icmpv6::mld;
use wire::ipv6::{NextHeader, checksum, is_link_local};
use wire::{Error, Result, ndp, rpl as rpl_codec, sel};

impl Dissector {
    pub(super) fn icmpv6(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: Ends) -> Result<()> {
        sheet.layer("icmpv6");
        let is_whole = !sheet.is_quoting() && !cursor.is_cut();
        let good = is_whole && checksum(ends.source, ends.destination, NextHeader::ICMPV6, cursor.rest()) == 0;
        let kind = (cursor.uint(sheet, "icmpv6.type", 1)? & 0xff) as u8;
        let code = (cursor.uint(sheet, "icmpv6.code", 1)? & 0xff) as u8;
        cursor.uint(sheet, "icmpv6.checksum", 2)?;
        let is_unverified = !is_whole || sheet.are_addresses_unknown();
        let status = if is_unverified { UNVERIFIED } else { good.into() };
        sheet.number("icmpv6.checksum.status", status, Span { length: 0, ..cursor.behind(2) });
        if status == 0 {
            sheet.note(NoteKind::BadChecksum, "the ICMPv6 checksum is wrong");
        }
        match kind {
            1..=4 => self.error(sheet, cursor, kind),
            128 | 129 => echo(sheet, &mut cursor),
            mld::QUERY..=mld::DONE => listener_query(sheet, &mut cursor, kind),
            mld::REPORT_V2 => listener_report(sheet, &mut cursor),
            ndp::ROUTER_SOLICITATION => {
                cursor.bytes(sheet, "icmpv6.reserved", 4)?;
                self.options(sheet, cursor, false)
            }
            ndp::ROUTER_ADVERTISEMENT => {
                router_advertisement(sheet, &mut cursor)?;
                let learn = good && is_link_local(ends.source);
                self.options(sheet, cursor, learn)
            }
            ndp::NEIGHBOR_SOLICITATION => {
                cursor.bytes(sheet, "icmpv6.reserved", 4)?;
                cursor.ipv6(sheet, "icmpv6.nd.ns.target_address")?;
                self.options(sheet, cursor, false)
            }
            ndp::NEIGHBOR_ADVERTISEMENT => {
                let flags = cursor.uint(sheet, "icmpv6.nd.na.flag", 4)?;
                sheet.bits(
                    flags,
                    &[
                        ("icmpv6.nd.na.flag.r", 1 << 31),
                        ("icmpv6.nd.na.flag.s", 1 << 30),
                        ("icmpv6.nd.na.flag.o", 1 << 29),
                        ("icmpv6.nd.na.flag.rsv", 0x1fff_ffff),
                    ],
                    cursor.behind(4),
                );
                cursor.ipv6(sheet, "icmpv6.nd.na.target_address")?;
                self.options(sheet, cursor, false)
            }
            ndp::REDIRECT => {
                cursor.bytes(sheet, "icmpv6.reserved", 4)?;
                cursor.ipv6(sheet, "icmpv6.nd.rd.target_address")?;
                cursor.ipv6(sheet, "icmpv6.rd.na.destination_address")?;
                self.options(sheet, cursor, false)
            }
            ndp::DUPLICATE_ADDRESS_REQUEST | ndp::DUPLICATE_ADDRESS_CONFIRMATION => {
                duplicate_address(sheet, &mut cursor, code)
            }
            138 => router_renumbering(sheet, &mut cursor),
            rpl_codec::ICMPV6_TYPE => rpl(sheet, cursor, code),
            // Types that Wireshark knows and we do not.
            139..=142 | 144..=156 | 159 => Ok(()),
            // Extended echos (RFC 8335): what else they have is not read here.
            160 | 161 => cursor.uint(sheet, "icmpv6.echo.identifier", 2).map(drop),
            _ => {
                if !cursor.is_empty() {
                    sheet.hex("icmpv6.data", cursor.ahead(cursor.rest().len()));
                }
                if kind == sel::ICMPV6_TYPE && sel::Kind::from_code(code).is_some() && !sheet.is_quoting() {
                    return selective(sheet, cursor, code);
                }
                Ok(())
            }
        }
    }

    fn error(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, kind: u8) -> Result<()> {
        let parameter = cursor.clone().uint(sheet, "icmpv6.error.parameter", 4)?;
        match kind {
            2 => drop(cursor.uint(sheet, "icmpv6.mtu", 4)?),
            4 => drop(cursor.uint(sheet, "icmpv6.pointer", 4)?),
            // The length of what is quoted, if there are extensions behind it (RFC 4884 section 4.3).
            _ if parameter >> 24 != 0 => {
                cursor.uint(sheet, "icmpv6.length", 1)?;
                cursor.bytes(sheet, "icmpv6.reserved", 3)?;
            }
            _ => drop(cursor.bytes(sheet, "icmpv6.reserved", 4)?),
        }
        self.quoted(sheet, &cursor)
    }
}

fn echo(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.echo.identifier", 2)?;
    cursor.uint(sheet, "icmpv6.echo.sequence_number", 2)?;
    if !cursor.is_empty() {
        sheet.hex("icmpv6.echo.data", cursor.ahead(cursor.rest().len()));
    }
    Ok(())
}

/// Queries of both versions, told apart by their length, and version 1 reports and dones, which have their layout.
fn listener_query(sheet: &mut Sheet, cursor: &mut Cursor<'_>, kind: u8) -> Result<()> {
    let is_version_2 = kind == mld::QUERY && cursor.len() >= 24;
    let code = (cursor.read_uint(2, "maximum response code")? & 0xffff) as u16;
    match is_version_2 {
        true => sheet.number("icmpv6.mld.maximum_response_code", mld::response_delay(code), cursor.behind(2)),
        false => sheet.number("icmpv6.mld.maximum_response_delay", code, cursor.behind(2)),
    }
    cursor.bytes(sheet, "icmpv6.reserved", 2)?;
    cursor.ipv6(sheet, "icmpv6.mld.multicast_address")?;
    if !is_version_2 {
        // RFC 3810 section 8.1: a query between the lengths of both versions is of none.
        let is_between = kind == mld::QUERY && !cursor.is_empty();
        return if is_between { Err(Error::Malformed("MLD query of 25 to 27 octets")) } else { Ok(()) };
    }
    let flags = cursor.uint(sheet, "icmpv6.mld.flag", 1)?;
    sheet.bits(
        flags,
        &[("icmpv6.mld.flag.s", 0x08), ("icmpv6.mld.flag.qrv", 0x07), ("icmpv6.mld.flag.reserved", 0xf0)],
        cursor.behind(1),
    );
    let code = (cursor.read_uint(1, "QQIC")? & 0xff) as u8;
    sheet.number("icmpv6.mld.qqi", mld::query_interval(code), cursor.behind(1));
    let count = cursor.uint(sheet, "icmpv6.mld.nb_sources", 2)?;
    for _ in 0..count {
        cursor.ipv6(sheet, "icmpv6.mld.source_address")?;
    }
    Ok(())
}

fn listener_report(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.bytes(sheet, "icmpv6.reserved", 2)?;
    let records = cursor.uint(sheet, "icmpv6.mldr.nb_mcast_records", 2)?;
    for _ in 0..records {
        cursor.uint(sheet, "icmpv6.mldr.mar.record_type", 1)?;
        let words = cursor.uint(sheet, "icmpv6.mldr.mar.aux_data_len", 1)?;
        let sources = cursor.uint(sheet, "icmpv6.mldr.mar.nb_sources", 2)?;
        cursor.ipv6(sheet, "icmpv6.mldr.mar.multicast_address")?;
        for _ in 0..sources {
            cursor.ipv6(sheet, "icmpv6.mldr.mar.source_address")?;
        }
        if words > 0 {
            let length = usize::try_from(words).unwrap_or(0).saturating_mul(4);
            cursor.bytes(sheet, "icmpv6.mldr.mar.auxiliary_data", length)?;
        }
    }
    Ok(())
}

fn router_advertisement(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.nd.ra.cur_hop_limit", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.nd.ra.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.nd.ra.flag.m", 0x80),
            ("icmpv6.nd.ra.flag.o", 0x40),
            ("icmpv6.nd.ra.flag.h", 0x20),
            ("icmpv6.nd.ra.flag.prf", 0x18),
            ("icmpv6.nd.ra.flag.p", 0x04),
            ("icmpv6.nd.ra.flag.rsv", 0x03),
        ],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.nd.ra.router_lifetime", 2)?;
    cursor.uint(sheet, "icmpv6.nd.ra.reachable_time", 4)?;
    cursor.uint(sheet, "icmpv6.nd.ra.retrans_timer", 4)?;
    Ok(())
}

/// The code's lower half says how long the verifier is (RFC 8505 section 4.2): 0 and 1 for an EUI-64.
fn duplicate_address(sheet: &mut Sheet, cursor: &mut Cursor<'_>, code: u8) -> Result<()> {
    cursor.uint(sheet, "icmpv6.6lowpannd.da.status", 1)?;
    let transaction_id = cursor.uint(sheet, "icmpv6.6lowpannd.da.rsv", 1)?;
    if code & 0x0f > 0 {
        sheet.number("icmpv6.6lowpannd.da.tid", transaction_id, cursor.behind(1));
    }
    cursor.uint(sheet, "icmpv6.6lowpannd.da.lifetime", 2)?;
    match code & 0x0f {
        0 | 1 => drop(cursor.eui64(sheet, "icmpv6.6lowpannd.da.eui64")?),
        suffix => drop(cursor.bytes(sheet, "icmpv6.6lowpannd.da.rovr", usize::from(suffix).saturating_mul(8))?),
    }
    cursor.ipv6(sheet, "icmpv6.6lowpannd.da.reg_addr")?;
    Ok(())
}

/// The header only: nothing here renumbers.
fn router_renumbering(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.rr.sequence_number", 4)?;
    cursor.uint(sheet, "icmpv6.rr.segment_number", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.rr.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.rr.flag.t", 0x80),
            ("icmpv6.rr.flag.r", 0x40),
            ("icmpv6.rr.flag.a", 0x20),
            ("icmpv6.rr.flag.s", 0x10),
            ("icmpv6.rr.flag.p", 0x08),
            ("icmpv6.rr.flag.rsv", 0x07),
        ],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rr.maxdelay", 2)?;
    cursor.bytes(sheet, "icmpv6.reserved", 4)?;
    Ok(())
}

/// A message that is too short is shown as far as it goes: whoever expects one learns what it lacks.
fn selective(sheet: &mut Sheet, mut cursor: Cursor<'_>, code: u8) -> Result<()> {
    sheet.layer("sel");
    sheet.number("sel.code", code, cursor.ahead(0));
    cursor.uint(sheet, "sel.status", 1)?;
    cursor.uint(sheet, "sel.reserved", 1)?;
    cursor.uint(sheet, "sel.registration_lifetime", 2)?;
    cursor.eui64(sheet, "sel.eui64")?;
    if !cursor.is_empty() {
        sheet.hex("sel.trailing", cursor.ahead(cursor.rest().len()));
    }
    Ok(())
}
