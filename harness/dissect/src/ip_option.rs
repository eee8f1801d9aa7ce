//! Hop-by-hop and destination options: a table says what fields each option has.

use super::ip::Ends;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::Result;
use wire::ipv6::{Ipv6Addr, NextHeader, OptionKind};

/// How a part of an option is read.
enum Part {
    /// An integer of that many octets, and fields of its bits: name, shift, mask.
    Uint(usize, &'static [(&'static str, u32, u64)]),
    /// That many octets.
    Octets(usize, &'static str),
    /// All that is left, unless nothing is.
    Rest(&'static str),
    /// All that is left, as text.
    Text(&'static str),
    /// An IPv6 address.
    Address(&'static str),
}

use Part::{Address, Octets, Rest, Text, Uint};

const ALL: u64 = u64::MAX;

/// The parts of an option; `first` is its first octet, which some lay their rest out by.
fn parts(kind: OptionKind, first: u8) -> &'static [Part] {
    match kind.0 {
        // RFC 2473 section 4.1.1.
        0x04 => &[Uint(1, &[("ipv6.opt.tel", 0, ALL)])],
        // RFC 2711.
        0x05 => &[Uint(2, &[("ipv6.opt.router_alert", 0, ALL)])],
        // RFC 5570.
        0x07 => &[
            Uint(4, &[("ipv6.opt.calipso.doi", 0, ALL)]),
            Uint(1, &[("ipv6.opt.calipso.cmpt.length", 0, ALL)]),
            Uint(1, &[("ipv6.opt.calipso.sens_level", 0, ALL)]),
            Uint(2, &[("ipv6.opt.calipso.checksum", 0, ALL)]),
            Rest("ipv6.opt.calipso.cmpt_bitmap"),
        ],
        // RFC 8250.
        0x0f => &[
            Uint(1, &[("ipv6.opt.pdm.scale_dtlr", 0, ALL)]),
            Uint(1, &[("ipv6.opt.pdm.scale_dtls", 0, ALL)]),
            Uint(2, &[("ipv6.opt.pdm.psn_this_pkt", 0, ALL)]),
            Uint(2, &[("ipv6.opt.pdm.psn_last_recv", 0, ALL)]),
            Uint(2, &[("ipv6.opt.pdm.delta_last_recv", 0, ALL)]),
            Uint(2, &[("ipv6.opt.pdm.delta_last_sent", 0, ALL)]),
        ],
        // RFC 4782: function 8 reports an approved rate and has no TTL.
        0x26 if first >> 4 == 8 => &[
            Uint(1, &[("ipv6.opt.qs_func", 4, 0xf), ("ipv6.opt.qs_rate", 0, 0xf)]),
            Uint(1, &[("ipv6.opt.qs_unused", 0, ALL)]),
            Uint(4, &[("ipv6.opt.qs_nonce", 2, ALL), ("ipv6.opt.qs_reserved", 0, 3)]),
        ],
        0x26 => &[
            Uint(1, &[("ipv6.opt.qs_func", 4, 0xf), ("ipv6.opt.qs_rate", 0, 0xf)]),
            Uint(1, &[("ipv6.opt.qs_ttl", 0, ALL)]),
            Uint(4, &[("ipv6.opt.qs_nonce", 2, ALL), ("ipv6.opt.qs_reserved", 0, 3)]),
        ],
        // RFC 9268.
        0x30 => &[Uint(2, &[("ipv6.opt.pmtu.min", 0, ALL)]), Uint(2, &[("ipv6.opt.pmtu.rtn", 0, 0xfffe)])],
        // RFC 6553 section 3.
        0x63 => &[
            Uint(
                1,
                &[
                    ("ipv6.opt.rpl.flag", 0, ALL),
                    ("ipv6.opt.rpl.flag.o", 7, 1),
                    ("ipv6.opt.rpl.flag.r", 6, 1),
                    ("ipv6.opt.rpl.flag.f", 5, 1),
                    ("ipv6.opt.rpl.flag.rsv", 0, 0x1f),
                ],
            ),
            Uint(1, &[("ipv6.opt.rpl.instance_id", 0, ALL)]),
            Uint(2, &[("ipv6.opt.rpl.sender_rank", 0, ALL)]),
            Rest("ipv6.opt_unknown_data"),
        ],
        // RFC 7731 section 6.1: the first two bits say how long the seed identifier is.
        0x6d => &[
            Uint(
                1,
                &[
                    ("ipv6.opt.mpl.flag", 0, ALL),
                    ("ipv6.opt.mpl.flag.s", 6, 3),
                    ("ipv6.opt.mpl.flag.m", 5, 1),
                    ("ipv6.opt.mpl.flag.v", 4, 1),
                    ("ipv6.opt.mpl.flag.rsv", 0, 0xf),
                ],
            ),
            Uint(1, &[("ipv6.opt.mpl.sequence", 0, ALL)]),
            Rest("ipv6.opt.mpl.seed_id"),
        ],
        // RFC 6744.
        0x8b => &[Rest("ipv6.opt.ilnp_nonce")],
        // RFC 6788.
        0x8c => &[Uint(1, &[("ipv6.opt.lio.length", 0, ALL)]), Text("ipv6.opt.lio.line_id")],
        // RFC 2675.
        0xc2 => &[Uint(4, &[("ipv6.opt.jumbo", 0, ALL)])],
        // RFC 6275 section 6.3.
        0xc9 => &[Address("ipv6.opt.mipv6.home_address")],
        // RFC 6971.
        0xee => &[
            Uint(
                1,
                &[
                    ("ipv6.opt.dff.flags", 0, ALL),
                    ("ipv6.opt.dff.flag.ver", 6, 3),
                    ("ipv6.opt.dff.flag.dup", 5, 1),
                    ("ipv6.opt.dff.flag.ret", 4, 1),
                    ("ipv6.opt.dff.flag.rsv", 0, 0xf),
                ],
            ),
            Uint(2, &[("ipv6.opt.dff.sequence_number", 0, ALL)]),
        ],
        // RFC 3692 and RFC 4727: for experiments.
        0x1e | 0x3e | 0x5e | 0x7e | 0x9e | 0xbe | 0xde | 0xfe => &[Rest("ipv6.opt.experimental")],
        // RFC 6621 section 6.1.1: a hash assist value, or a tagger identifier and an identifier.
        0x08 => match (first >> 7, first >> 4 & 7, first & 0xf) {
            (1, ..) => &[Rest("ipv6.opt.smf_dpd.hav")],
            (_, 0, _) => &[SMF_FLAGS, Rest("ipv6.opt.smf_dpd.ident")],
            (_, _, 3) => &[SMF_FLAGS, Octets(4, "ipv6.opt.smf_dpd.tagger_id"), Rest("ipv6.opt.smf_dpd.ident")],
            (_, _, 15) => &[SMF_FLAGS, Octets(16, "ipv6.opt.smf_dpd.tagger_id"), Rest("ipv6.opt.smf_dpd.ident")],
            _ => &[Rest("ipv6.opt.unknown")],
        },
        _ => &[Rest("ipv6.opt.unknown")],
    }
}

const SMF_FLAGS: Part = Uint(
    1,
    &[("ipv6.opt.smf_dpd.hash_bit", 7, 1), ("ipv6.opt.smf_dpd.tid_type", 4, 7), ("ipv6.opt.smf_dpd.tid_len", 0, 0xf)],
);

/// Reads an options header; the next header. A home address takes the place of the source (RFC 6275 section 9.3.1).
pub(super) fn options_header(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    kind: NextHeader,
    ends: &mut Ends,
) -> Result<NextHeader> {
    let (next, len, len_oct) = if kind == NextHeader::HOP_BY_HOP {
        ("ipv6.hopopts.nxt", "ipv6.hopopts.len", "ipv6.hopopts.len_oct")
    } else {
        ("ipv6.dstopts.nxt", "ipv6.dstopts.len", "ipv6.dstopts.len_oct")
    };
    let next_header = NextHeader((cursor.uint(sheet, next, 1)? & 0xff) as u8);
    let units = cursor.uint(sheet, len, 1)?;
    let length = units.saturating_add(1).saturating_mul(8);
    sheet.number(len_oct, length, cursor.behind(1));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut options = cursor.sub(length.saturating_sub(2), "extension header")?;
    while !options.is_empty() {
        if let Some(home) = option(sheet, &mut options)? {
            ends.source = home;
        }
    }
    Ok(next_header)
}

/// Reads an option; the home address, if it is one.
fn option(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<Option<Ipv6Addr>> {
    let kind = OptionKind((cursor.uint(sheet, "ipv6.opt.type", 1)? & 0xff) as u8);
    if kind == OptionKind::PAD1 {
        return Ok(None);
    }
    let span = cursor.behind(1);
    sheet.number("ipv6.opt.type.action", kind.0 >> 6, span);
    sheet.number("ipv6.opt.type.change", kind.may_change(), span);
    sheet.number("ipv6.opt.type.rest", kind.0 & 0x1f, span);
    let length = usize::try_from(cursor.uint(sheet, "ipv6.opt.length", 1)?).unwrap_or(usize::MAX);
    let mut data = cursor.sub(length, "IPv6 option data")?;
    if kind == OptionKind::PADN {
        data.bytes(sheet, "ipv6.opt.padn", length)?;
        return Ok(None);
    }
    if kind == OptionKind::JUMBO {
        sheet.note(NoteKind::Malformed, "jumbo payload in a packet with a payload length (RFC 2675 section 3)");
    }
    let first = data.rest().first().copied().unwrap_or_default();
    let mut home = None;
    for part in parts(kind, first) {
        match part {
            Uint(octets, fields) => {
                let span = data.ahead(*octets);
                let value = data.read_uint(*octets, "IPv6 option field")?;
                for (name, shift, mask) in *fields {
                    sheet.number(name, value >> shift & mask, span);
                }
                if kind.0 == 0x30 && fields.iter().any(|(name, ..)| *name == "ipv6.opt.pmtu.rtn") {
                    let last = Span { offset: span.offset.saturating_add(1), length: 1, ..span };
                    sheet.number("ipv6.opt.pmtu.r_flag", value & 1, last);
                }
            }
            Octets(octets, name) => drop(data.bytes(sheet, name, *octets)?),
            Rest(name) => {
                // A hash assist value includes the bit that announces it.
                if *name == "ipv6.opt.smf_dpd.hav" {
                    sheet.number("ipv6.opt.smf_dpd.hash_bit", 1u8, data.ahead(1));
                }
                if !data.is_empty() {
                    data.bytes(sheet, name, data.rest().len())?;
                }
            }
            Text(name) => {
                let span = data.ahead(data.rest().len());
                let octets = data.take(data.rest().len(), name)?;
                sheet.text(name, alloc::string::String::from_utf8_lossy(octets), span);
            }
            Address(name) => home = Some(data.ipv6(sheet, name)?),
        }
    }
    Ok(home)
}
