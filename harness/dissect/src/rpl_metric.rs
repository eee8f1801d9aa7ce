//! Routing metrics and constraints in a DAG metric container (RFC 6551).

use super::sheet::{Cursor, Sheet};
use wire::Result;

/// Objects to the end of a container.
pub(super) fn metrics(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    while !cursor.is_empty() {
        let start = cursor.clone();
        let kind = cursor.read_uint(1, "Routing-MC-Type")?;
        let flags = cursor.read_uint(2, "metric flags")?;
        let flags_span = cursor.behind(2);
        let length = usize::try_from(cursor.read_uint(1, "metric length")?).unwrap_or(0);
        let length_span = cursor.behind(1);
        let body = cursor.sub(length, "metric body")?;
        // Wireshark marks the whole object as its type.
        sheet.number("icmpv6.rpl.opt.metric.type", kind, start.ahead(length.saturating_add(4)));
        sheet.number("icmpv6.rpl.opt.metric.flags", flags, flags_span);
        sheet.bits(
            flags,
            &[
                ("icmpv6.rpl.opt.metric.reserved", 0xf800),
                ("icmpv6.rpl.opt.metric.flag.p", 0x0400),
                ("icmpv6.rpl.opt.metric.flag.c", 0x0200),
                ("icmpv6.rpl.opt.metric.flag.o", 0x0100),
                ("icmpv6.rpl.opt.metric.flag.r", 0x0080),
                ("icmpv6.rpl.opt.metric.flag.a", 0x0070),
                ("icmpv6.rpl.opt.metric.prec", 0x000f),
            ],
            flags_span,
        );
        sheet.number("icmpv6.rpl.opt.metric.length", u64::try_from(length).unwrap_or(0), length_span);
        object(sheet, body, kind, flags)?;
    }
    Ok(())
}

fn object(sheet: &mut Sheet, mut cursor: Cursor<'_>, kind: u64, flags: u64) -> Result<()> {
    match kind {
        1 => node_state(sheet, &mut cursor),
        2 => {
            while !cursor.is_empty() {
                let object = cursor.uint(sheet, "icmpv6.rpl.opt.metric.ne.object", 2)?;
                sheet.bits(
                    object,
                    &[
                        ("icmpv6.rpl.opt.metric.ne.object.flags", 0xf000),
                        ("icmpv6.rpl.opt.metric.ne.object.flag.i", 0x0800),
                        ("icmpv6.rpl.opt.metric.ne.object.type", 0x0600),
                        ("icmpv6.rpl.opt.metric.ne.object.flag.e", 0x0100),
                        ("icmpv6.rpl.opt.metric.ne.object.energy", 0x00ff),
                    ],
                    cursor.behind(2),
                );
            }
            Ok(())
        }
        3 => {
            let object = cursor.uint(sheet, "icmpv6.rpl.opt.metric.hp.object", 2)?;
            sheet.bits(
                object,
                &[
                    ("icmpv6.rpl.opt.metric.hp.object.reserved", 0xf000),
                    ("icmpv6.rpl.opt.metric.hp.object.flags", 0x0f00),
                    ("icmpv6.rpl.opt.metric.hp.object.hp", 0x00ff),
                ],
                cursor.behind(2),
            );
            Ok(())
        }
        4 => repeated(sheet, &mut cursor, "icmpv6.rpl.opt.metric.lt.object.lt", 4),
        5 => repeated(sheet, &mut cursor, "icmpv6.rpl.opt.metric.ll.object.ll", 4),
        6 => {
            cursor.uint(sheet, "icmpv6.rpl.opt.metric.lql.object.res", 1)?;
            while !cursor.is_empty() {
                let object = cursor.uint(sheet, "icmpv6.rpl.opt.metric.lql.object", 1)?;
                sheet.bits(
                    object,
                    &[
                        ("icmpv6.rpl.opt.metric.lql.object.val", 0xe0),
                        ("icmpv6.rpl.opt.metric.lql.object.counter", 0x1f),
                    ],
                    cursor.behind(1),
                );
            }
            Ok(())
        }
        7 => repeated(sheet, &mut cursor, "icmpv6.rpl.opt.metric.etx.object.etx", 2),
        8 => link_color(sheet, &mut cursor, flags),
        _ if cursor.is_empty() => Ok(()),
        _ => {
            sheet.hex("icmpv6.unknown_data", cursor.ahead(cursor.rest().len()));
            Ok(())
        }
    }
}

fn repeated(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str, octets: usize) -> Result<()> {
    while !cursor.is_empty() {
        cursor.uint(sheet, name, octets)?;
    }
    Ok(())
}

/// Node state and attribute (RFC 6551 section 3.1), and its optional TLVs.
fn node_state(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let object = cursor.uint(sheet, "icmpv6.rpl.opt.metric.nsa.object", 2)?;
    sheet.bits(
        object,
        &[
            ("icmpv6.rpl.opt.metric.nsa.object.reserved", 0xff00),
            ("icmpv6.rpl.opt.metric.nsa.object.flags", 0x00fc),
            ("icmpv6.rpl.opt.metric.nsa.object.flag.a", 0x0002),
            ("icmpv6.rpl.opt.metric.nsa.object.flag.o", 0x0001),
        ],
        cursor.behind(2),
    );
    while !cursor.is_empty() {
        let start = cursor.clone();
        let kind = cursor.read_uint(1, "TLV type")?;
        let length = usize::try_from(cursor.read_uint(1, "TLV length")?).unwrap_or(0);
        let mut data = cursor.sub(length, "TLV")?;
        // Wireshark marks the whole TLV as its type, and the type once more.
        let whole = start.ahead(length.saturating_add(2));
        sheet.number("icmpv6.rpl.opt.metric.nsa.object.opttlv.object", kind, whole);
        let mut head = start;
        head.uint(sheet, "icmpv6.rpl.opt.metric.nsa.object.opttlv.object.type", 1)?;
        head.uint(sheet, "icmpv6.rpl.opt.metric.nsa.object.opttlv.object.length", 1)?;
        data.bytes(sheet, "icmpv6.rpl.opt.metric.nsa.object.opttlv.object.data", length)?;
    }
    Ok(())
}

/// Link color (RFC 6551 section 4.4): a constraint has an include flag, a recorded metric a counter.
fn link_color(sheet: &mut Sheet, cursor: &mut Cursor<'_>, flags: u64) -> Result<()> {
    let (constraint, recorded) = (flags & 0x200 != 0, flags & 0x80 != 0);
    cursor.uint(sheet, "icmpv6.rpl.opt.metric.lc.object.res", 1)?;
    while !cursor.is_empty() {
        let object = cursor.read_uint(2, "link color")?;
        let span = cursor.behind(2);
        sheet.bits(object, &[("icmpv6.rpl.opt.metric.lc.object.lc", 0xffc0)], span);
        if constraint {
            let fields = [
                ("icmpv6.rpl.opt.metric.lc.object.reserved", 0x003e),
                ("icmpv6.rpl.opt.metric.lc.object.flag.i", 0x0001),
            ];
            sheet.bits(object, &fields, span);
        } else if recorded {
            sheet.bits(object, &[("icmpv6.rpl.opt.metric.lc.object.counter", 0x003f)], span);
        }
    }
    Ok(())
}
