//! Neighbor Discovery options: RFC 4861 section 4.6, RFC 3971 section 5.3.2, RFC 4191, RFC 6775 section 4, RFC 7400
//! section 3.3, RFC 8106 section 5 and RFC 8505 section 4.

use super::Dissector;
use super::dns_record::name_text;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::dns::Name;
use wire::ipv6::Ipv6Addr;
use wire::ndp::NdpOption;
use wire::reader::Reader;
use wire::sixlowpan::Context;
use wire::{Error, Result};

impl Dissector {
    /// Options to the end of a message; contexts are learnt if `learn` says that the message is in order.
    pub(super) fn options(&mut self, sheet: &mut Sheet, mut cursor: Cursor<'_>, learn: bool) -> Result<()> {
        let mut redirected = None;
        while !cursor.is_empty() {
            let start = cursor.clone();
            let kind = cursor.uint(sheet, "icmpv6.opt.type", 1)?;
            let units = usize::try_from(cursor.uint(sheet, "icmpv6.opt.length", 1)?).unwrap_or(0);
            let body_len = units.saturating_mul(8).checked_sub(2).ok_or(Error::Malformed("option length 0"))?;
            let mut body = cursor.sub(body_len, "option")?;
            if kind == 4 {
                body.take(6, "reserved")?;
                redirected = Some(body);
                continue;
            }
            option(sheet, &mut body, kind)?;
            if learn && kind == 34 {
                self.learn_context(start.rest().get(..body_len.saturating_add(2)).unwrap_or(&[]));
            }
        }
        // Last, because fields after it are in its layer.
        redirected.map_or(Ok(()), |redirected| self.redirected(sheet, &redirected))
    }

    /// The packet of a redirected header option, and the padding after it.
    fn redirected(&mut self, sheet: &mut Sheet, cursor: &Cursor<'_>) -> Result<()> {
        let mut rest = cursor.clone();
        let payload_length = match cursor.rest() {
            [_, _, _, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        let packet_len = payload_length.saturating_add(wire::ipv6::HEADER_LENGTH);
        if rest.take(packet_len, "redirected packet").is_ok() && !rest.is_empty() {
            sheet.hex("icmpv6.unknown_data", rest.ahead(rest.rest().len()));
        }
        self.quoted(sheet, cursor)
    }

    fn learn_context(&mut self, option: &[u8]) {
        let parsed = NdpOption::parse_all(&mut Reader::new(option));
        for option in parsed.unwrap_or_default() {
            if let NdpOption::SixLowpanContext { context_length, context_id, valid_lifetime, prefix, .. } = option {
                let context = (valid_lifetime > 0).then(|| Context::new(prefix, context_length));
                self.contexts.set(context_id, context);
            }
        }
    }
}

fn option(sheet: &mut Sheet, cursor: &mut Cursor<'_>, kind: u64) -> Result<()> {
    let length = cursor.len();
    match (kind, length) {
        (1 | 2, 6 | 14) => link_layer_address(sheet, cursor, kind),
        (3, 30) => {
            cursor.uint(sheet, "icmpv6.opt.prefix.length", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.opt.prefix.flag", 1)?;
            sheet.bits(
                flags,
                &[
                    ("icmpv6.opt.prefix.flag.l", 0x80),
                    ("icmpv6.opt.prefix.flag.a", 0x40),
                    ("icmpv6.opt.prefix.flag.r", 0x20),
                    ("icmpv6.opt.prefix.flag.reserved", 0x1f),
                ],
                cursor.behind(1),
            );
            cursor.uint(sheet, "icmpv6.opt.prefix.valid_lifetime", 4)?;
            cursor.uint(sheet, "icmpv6.opt.prefix.preferred_lifetime", 4)?;
            cursor.take(4, "reserved")?;
            cursor.ipv6(sheet, "icmpv6.opt.prefix")?;
            Ok(())
        }
        (5, 6) => {
            cursor.take(2, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.mtu", 4).map(drop)
        }
        (14, _) => cursor.bytes(sheet, "icmpv6.opt.nonce", length).map(drop),
        (24, 6 | 14 | 22) => {
            cursor.uint(sheet, "icmpv6.opt.prefix.length", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.opt.route_info.flag", 1)?;
            sheet.bits(
                flags,
                &[("icmpv6.opt.route_info.flag.route_preference", 0x18), ("icmpv6.opt.route_info.flag.reserved", 0xe7)],
                cursor.behind(1),
            );
            cursor.uint(sheet, "icmpv6.opt.route_lifetime", 4)?;
            prefix(sheet, cursor, "icmpv6.opt.prefix");
            Ok(())
        }
        (25, 22..) => {
            cursor.take(2, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.rdnss.lifetime", 4)?;
            while !cursor.is_empty() {
                cursor.ipv6(sheet, "icmpv6.opt.rdnss")?;
            }
            Ok(())
        }
        (31, 14..) => search_list(sheet, cursor),
        (33, 14 | 22 | 30 | 38) => registration(sheet, cursor),
        (34, 14 | 22) => {
            cursor.uint(sheet, "icmpv6.opt.6co.context_length", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.opt.6co.flag", 1)?;
            sheet.bits(
                flags,
                &[
                    ("icmpv6.opt.6co.flag.c", 0x10),
                    ("icmpv6.opt.6co.flag.cid", 0x0f),
                    ("icmpv6.opt.6co.flag.reserved", 0xe0),
                ],
                cursor.behind(1),
            );
            cursor.take(2, "reserved")?;
            cursor.uint(sheet, "icmpv6.opt.6co.valid_lifetime", 2)?;
            prefix(sheet, cursor, "icmpv6.opt.6co.context_prefix");
            Ok(())
        }
        (35, 22) => {
            cursor.uint(sheet, "icmpv6.opt.abro.version_low", 2)?;
            cursor.uint(sheet, "icmpv6.opt.abro.version_high", 2)?;
            cursor.uint(sheet, "icmpv6.opt.abro.valid_lifetime", 2)?;
            cursor.ipv6(sheet, "icmpv6.opt.abro.6lbr_address").map(drop)
        }
        (36, 6) => capabilities(sheet, cursor),
        (1..=3 | 5 | 24 | 25 | 31 | 33..=36, _) => {
            sheet.note(NoteKind::Unknown, "an option's length is none of its type's");
            Ok(())
        }
        // Types that Wireshark knows and we do not.
        (4..=20 | 23..=38, _) => Ok(()),
        _ => cursor.bytes(sheet, "icmpv6.data", length).map(drop),
    }
}

/// Source or target: an EUI-64 and padding, or what fits into six octets.
fn link_layer_address(sheet: &mut Sheet, cursor: &mut Cursor<'_>, kind: u64) -> Result<()> {
    match (kind, cursor.len()) {
        (1, 14) => {
            cursor.clone().eui64(sheet, "icmpv6.opt.linkaddr_eui64")?;
            cursor.clone().eui64(sheet, "icmpv6.opt.src_linkaddr_eui64")?;
            cursor.clone().bytes(sheet, "icmpv6.opt.linkaddr", 8)?;
            cursor.bytes(sheet, "icmpv6.opt.src_linkaddr", 8)?;
        }
        // Wireshark has no second form of an extended target address.
        (_, 14) => {
            cursor.clone().eui64(sheet, "icmpv6.opt.linkaddr_eui64")?;
            cursor.eui64(sheet, "icmpv6.opt.target_linkaddr_eui64")?;
        }
        (1, _) => {
            sheet.colons("icmpv6.opt.linkaddr", cursor.ahead(6));
            sheet.colons("icmpv6.opt.src_linkaddr", cursor.ahead(6));
        }
        _ => {
            sheet.colons("icmpv6.opt.linkaddr", cursor.ahead(6));
            sheet.colons("icmpv6.opt.target_linkaddr", cursor.ahead(6));
        }
    }
    Ok(())
}

fn search_list(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.take(2, "reserved")?;
    cursor.uint(sheet, "icmpv6.opt.dnssl.lifetime", 4)?;
    while cursor.rest().first().is_some_and(|octet| *octet != 0) {
        let (name, length) = Name::parse_uncompressed(cursor.rest())?;
        cursor.take(length, "domain name")?;
        sheet.text("icmpv6.opt.dnssl", name_text(&name), cursor.behind(length));
    }
    Ok(())
}

/// ARO and EARO: the longer one has a verifier that is no EUI-64.
fn registration(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.opt.aro.status", 1)?;
    let extended = cursor.rest().get(1).is_some_and(|flags| flags & 0x0f != 0) || cursor.len() > 13;
    if extended {
        cursor.uint(sheet, "icmpv6.opt.earo.opaque", 1)?;
        let flags = cursor.read_uint(1, "flags")?;
        sheet.bits(
            flags,
            &[("icmpv6.opt.earo.flag.i", 0x0c), ("icmpv6.opt.earo.flag.r", 0x02), ("icmpv6.opt.earo.flag.t", 0x01)],
            cursor.behind(1),
        );
        cursor.uint(sheet, "icmpv6.opt.earo.tid", 1)?;
    } else {
        cursor.take(3, "reserved")?;
    }
    cursor.uint(sheet, "icmpv6.opt.aro.registration_lifetime", 2)?;
    match cursor.len() {
        8 => cursor.eui64(sheet, "icmpv6.opt.aro.eui64").map(drop),
        length => cursor.bytes(sheet, "icmpv6.opt.earo.rovr", length).map(drop),
    }
}

fn capabilities(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let flags = cursor.read_uint(2, "capability bits")?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.opt.6cio.unassigned1", 0xfffe),
            ("icmpv6.opt.6cio.flag_g", 0x0001),
            ("icmpv6.opt.6cio.flag_d", 0x0020),
            ("icmpv6.opt.6cio.flag_l", 0x0010),
            ("icmpv6.opt.6cio.flag_b", 0x0008),
            ("icmpv6.opt.6cio.flag_p", 0x0004),
            ("icmpv6.opt.6cio.flag_e", 0x0002),
        ],
        cursor.behind(2),
    );
    cursor.uint(sheet, "icmpv6.opt.6cio.unassigned2", 4).map(drop)
}

/// What is left is the front of an address; nothing is left of a prefix of no bits.
pub(super) fn prefix(sheet: &mut Sheet, cursor: &Cursor<'_>, name: &'static str) {
    let octets = cursor.rest();
    if octets.is_empty() {
        return;
    }
    let mut address = [0; 16];
    for (to, from) in address.iter_mut().zip(octets) {
        *to = *from;
    }
    sheet.ipv6(name, Ipv6Addr::from(address), Span { length: octets.len(), ..cursor.ahead(0) });
}
