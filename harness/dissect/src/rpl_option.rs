//! Options of RPL messages (RFC 6550 section 6.7).

use super::icmpv6_option::prefix;
use super::model::NoteKind;
use super::rpl_metric::metrics;
use super::sheet::{Cursor, Sheet};
use wire::Result;

/// Options to the end of a message.
pub(super) fn rpl_options(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    while !cursor.is_empty() {
        let kind = cursor.uint(sheet, "icmpv6.rpl.opt.type", 1)?;
        if kind == 0 {
            continue;
        }
        let length = usize::try_from(cursor.uint(sheet, "icmpv6.rpl.opt.length", 1)?).unwrap_or(0);
        let mut body = cursor.sub(length, "RPL option")?;
        match (kind, length) {
            (1, _) => {}
            (2, _) => metrics(sheet, body)?,
            (3, 6..) => route_information(sheet, &mut body)?,
            (4, 14..) => configuration(sheet, &mut body)?,
            (5, 2..) => {
                body.take(1, "flags")?;
                body.uint(sheet, "icmpv6.rpl.opt.target.prefix_length", 1)?;
                prefix(sheet, &body, "icmpv6.rpl.opt.target.prefix");
            }
            (6, 4 | 20) => transit(sheet, &mut body)?,
            (7, 19) => solicited(sheet, &mut body)?,
            (8, 30) => prefix_information(sheet, &mut body)?,
            (9, 4) => drop(body.uint(sheet, "icmpv6.rpl.opt.targetdesc.descriptor", 4)?),
            (3..=9, _) => sheet.note(NoteKind::Unknown, "an option's length is none of its type's"),
            // Route discovery (RFC 6997).
            (10, _) => {}
            _ if length > 0 => drop(body.bytes(sheet, "icmpv6.data", length)?),
            _ => {}
        }
    }
    Ok(())
}

fn route_information(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.rpl.opt.route.prefix_length", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.rpl.opt.route.flag", 1)?;
    sheet.bits(
        flags,
        &[("icmpv6.rpl.opt.route.pref", 0x18), ("icmpv6.rpl.opt.route.reserved", 0xe7)],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.opt.route.lifetime", 4)?;
    prefix(sheet, cursor, "icmpv6.rpl.opt.route.prefix");
    Ok(())
}

fn configuration(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let flags = cursor.uint(sheet, "icmpv6.rpl.opt.config.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.rpl.opt.config.reserved", 0xf0),
            ("icmpv6.rpl.opt.config.auth", 0x08),
            ("icmpv6.rpl.opt.config.pcs", 0x07),
        ],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.opt.config.interval_double", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.interval_min", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.redundancy", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.max_rank_inc", 2)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.min_hop_rank_inc", 2)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.ocp", 2)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.rsv", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.def_lifetime", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.config.lifetime_unit", 2)?;
    Ok(())
}

fn transit(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let flags = cursor.uint(sheet, "icmpv6.rpl.opt.transit.flag", 1)?;
    sheet.bits(
        flags,
        &[("icmpv6.rpl.opt.transit.flag.e", 0x80), ("icmpv6.rpl.opt.transit.flag.rsv", 0x7f)],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.opt.transit.pathctl", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.transit.pathseq", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.transit.pathlifetime", 1)?;
    if !cursor.is_empty() {
        cursor.ipv6(sheet, "icmpv6.rpl.opt.transit.parent")?;
    }
    Ok(())
}

fn solicited(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.rpl.opt.solicited.instance", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.rpl.opt.solicited.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.rpl.opt.solicited.flag.v", 0x80),
            ("icmpv6.rpl.opt.solicited.flag.i", 0x40),
            ("icmpv6.rpl.opt.solicited.flag.d", 0x20),
            ("icmpv6.rpl.opt.solicited.flag.rsv", 0x1f),
        ],
        cursor.behind(1),
    );
    cursor.ipv6(sheet, "icmpv6.rpl.opt.solicited.dodagid")?;
    cursor.uint(sheet, "icmpv6.rpl.opt.solicited.version", 1)?;
    Ok(())
}

/// Three of the flags bear the name of another option in Wireshark.
fn prefix_information(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.rpl.opt.prefix.length", 1)?;
    let flags = cursor.uint(sheet, "icmpv6.rpl.opt.prefix.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.rpl.opt.prefix.flag.l", 0x80),
            ("icmpv6.rpl.opt.config.flag.a", 0x40),
            ("icmpv6.rpl.opt.config.flag.r", 0x20),
            ("icmpv6.rpl.opt.config.flag.rsv", 0x1f),
        ],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.opt.prefix.valid_lifetime", 4)?;
    cursor.uint(sheet, "icmpv6.rpl.opt.prefix.preferred_lifetime", 4)?;
    cursor.take(4, "reserved")?;
    cursor.ipv6(sheet, "icmpv6.rpl.opt.prefix")?;
    Ok(())
}
