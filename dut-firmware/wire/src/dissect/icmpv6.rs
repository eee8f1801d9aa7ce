//! ICMPv6, Neighbor Discovery and the bootstrap requests.

use super::Dissector;
use super::ip::Ends;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use crate::ipv6::{Ipv6Addr, NextHeader, checksum, is_link_local};
use crate::sixlowpan::Context;
use crate::{Error, Result, ndp, sel};

impl Dissector {
    pub(super) fn icmpv6(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: Ends) -> Result<()> {
        sheet.layer("icmpv6");
        let good = checksum(ends.source, ends.destination, NextHeader::ICMPV6, cursor.rest()) == 0;
        let kind = (cursor.uint(sheet, "icmpv6.type", 1)? & 0xff) as u8;
        let code = (cursor.uint(sheet, "icmpv6.code", 1)? & 0xff) as u8;
        cursor.uint(sheet, "icmpv6.checksum", 2)?;
        sheet.number("icmpv6.checksum.status", good, Span { length: 0, ..cursor.behind(2) });
        if !good {
            sheet.note(NoteKind::BadChecksum, "the ICMPv6 checksum is wrong");
        }
        match kind {
            1..=4 => error(sheet, cursor, kind),
            128 | 129 => {
                cursor.uint(sheet, "icmpv6.echo.identifier", 2)?;
                cursor.uint(sheet, "icmpv6.echo.sequence_number", 2)?;
                Ok(())
            }
            ndp::ROUTER_SOLICITATION => {
                cursor.take(4, "reserved")?;
                self.options(sheet, cursor, false)
            }
            ndp::ROUTER_ADVERTISEMENT => {
                router_advertisement(sheet, &mut cursor)?;
                self.options(sheet, cursor, good && is_link_local(ends.source))
            }
            ndp::NEIGHBOR_SOLICITATION => {
                cursor.take(4, "reserved")?;
                cursor.ipv6(sheet, "icmpv6.nd.ns.target_address")?;
                self.options(sheet, cursor, false)
            }
            ndp::NEIGHBOR_ADVERTISEMENT => {
                let flags = cursor.read_uint(4, "flags")?;
                sheet.number("icmpv6.nd.na.flag.r", flags >> 31 & 1, cursor.behind(4));
                sheet.number("icmpv6.nd.na.flag.s", flags >> 30 & 1, cursor.behind(4));
                sheet.number("icmpv6.nd.na.flag.o", flags >> 29 & 1, cursor.behind(4));
                cursor.ipv6(sheet, "icmpv6.nd.na.target_address")?;
                self.options(sheet, cursor, false)
            }
            ndp::DUPLICATE_ADDRESS_REQUEST | ndp::DUPLICATE_ADDRESS_CONFIRMATION => {
                cursor.uint(sheet, "icmpv6.6lowpannd.da.status", 1)?;
                cursor.take(1, "reserved")?;
                cursor.uint(sheet, "icmpv6.6lowpannd.da.lifetime", 2)?;
                cursor.eui64(sheet, "icmpv6.6lowpannd.da.eui64")?;
                cursor.ipv6(sheet, "icmpv6.6lowpannd.da.reg_addr")?;
                Ok(())
            }
            sel::ICMPV6_TYPE if sel::Kind::from_code(code).is_some() => selective(sheet, cursor, code),
            _ => Ok(()),
        }
    }

    /// Neighbor Discovery options; contexts are learnt from a router advertisement that is in order.
    fn options(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, learn: bool) -> Result<()> {
        while !cursor.is_empty() {
            let start = cursor.clone();
            let kind = cursor.uint(sheet, "icmpv6.opt.type", 1)?;
            let units = usize::try_from(cursor.uint(sheet, "icmpv6.opt.length", 1)?).unwrap_or(0);
            let body_len = units.saturating_mul(8).checked_sub(2).ok_or(Error::Malformed("option length 0"))?;
            let body = cursor.sub(body_len, "option")?;
            option(sheet, body, kind)?;
            if learn && kind == 34 {
                let bytes = start.rest().get(..body_len.saturating_add(2)).unwrap_or(&[]);
                self.learn_context(bytes);
            }
        }
        Ok(())
    }

    fn learn_context(&mut self, option: &[u8]) {
        let parsed = ndp::NdpOption::parse_all(&mut crate::reader::Reader::new(option));
        for option in parsed.unwrap_or_default() {
            if let ndp::NdpOption::SixLowpanContext { context_length, context_id, valid_lifetime, prefix, .. } = option
            {
                let context = (valid_lifetime > 0).then(|| Context::new(prefix, context_length));
                self.contexts.set(context_id, context);
            }
        }
    }
}

fn error(sheet: &mut Sheet, mut cursor: Cursor<'_>, kind: u8) -> Result<()> {
    let parameter = cursor.uint(sheet, "icmpv6.error.parameter", 4)?;
    match kind {
        2 => sheet.number("icmpv6.mtu", parameter, cursor.behind(4)),
        4 => sheet.number("icmpv6.pointer", parameter, cursor.behind(4)),
        _ => {}
    }
    Ok(())
}

fn router_advertisement(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.nd.ra.cur_hop_limit", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.nd.ra.flag", 1)?;
    sheet.number("icmpv6.nd.ra.flag.m", flags >> 7, cursor.behind(1));
    sheet.number("icmpv6.nd.ra.flag.o", flags >> 6 & 1, cursor.behind(1));
    cursor.uint(sheet, "icmpv6.nd.ra.router_lifetime", 2)?;
    cursor.uint(sheet, "icmpv6.nd.ra.reachable_time", 4)?;
    cursor.uint(sheet, "icmpv6.nd.ra.retrans_timer", 4)?;
    Ok(())
}

fn option(sheet: &mut Sheet, mut cursor: Cursor<'_>, kind: u64) -> Result<()> {
    let length = cursor.rest().len();
    match (kind, length) {
        (1, 14) => {
            cursor.clone().eui64(sheet, "icmpv6.opt.src_linkaddr_eui64")?;
            cursor.bytes(sheet, "icmpv6.opt.src_linkaddr", 8)?;
        }
        // Wireshark has no second form of an extended target address.
        (2, 14) => drop(cursor.eui64(sheet, "icmpv6.opt.target_linkaddr_eui64")?),
        (1, 6) => sheet.colons("icmpv6.opt.src_linkaddr", cursor.ahead(6)),
        (2, 6) => sheet.colons("icmpv6.opt.target_linkaddr", cursor.ahead(6)),
        (3, 30) => {
            cursor.uint(sheet, "icmpv6.opt.prefix.length", 1)?;
            let flags = cursor.read_uint(1, "flags")?;
            sheet.number("icmpv6.opt.prefix.flag.l", flags >> 7, cursor.behind(1));
            sheet.number("icmpv6.opt.prefix.flag.a", flags >> 6 & 1, cursor.behind(1));
            cursor.uint(sheet, "icmpv6.opt.prefix.valid_lifetime", 4)?;
            cursor.uint(sheet, "icmpv6.opt.prefix.preferred_lifetime", 4)?;
            cursor.take(4, "reserved")?;
            cursor.ipv6(sheet, "icmpv6.opt.prefix")?;
        }
        (5, 6) => {
            cursor.take(2, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.mtu", 4)?;
        }
        (33, 14) => {
            cursor.uint(sheet, "icmpv6.opt.aro.status", 1)?;
            cursor.take(3, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.aro.registration_lifetime", 2)?;
            cursor.eui64(sheet, "icmpv6.opt.aro.eui64")?;
        }
        (34, 14 | 22) => {
            cursor.uint(sheet, "icmpv6.opt.6co.context_length", 1)?;
            let flags = cursor.read_uint(1, "flags")?;
            sheet.number("icmpv6.opt.6co.flag.c", flags >> 4 & 1, cursor.behind(1));
            sheet.number("icmpv6.opt.6co.flag.cid", flags & 0xf, cursor.behind(1));
            cursor.take(2, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.6co.valid_lifetime", 2)?;
            let octets = cursor.rest();
            let high = octets.iter().fold(0u128, |sum, octet| sum << 8 | u128::from(*octet));
            let prefix = if octets.len() == 8 { high << 64 } else { high };
            let prefix = Ipv6Addr::from_bits(prefix);
            sheet.ipv6("icmpv6.opt.6co.context_prefix", prefix, cursor.ahead(octets.len()));
        }
        (35, 22) => {
            cursor.uint(sheet, "icmpv6.opt.abro.version_low", 2)?;
            cursor.uint(sheet, "icmpv6.opt.abro.version_high", 2)?;
            cursor.uint(sheet, "icmpv6.opt.abro.valid_lifetime", 2)?;
            cursor.ipv6(sheet, "icmpv6.opt.abro.6lbr_address")?;
        }
        _ => {}
    }
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
