//! RPL control messages (RFC 6550 sections 6.1 to 6.6).

use super::model::NoteKind;
use super::rpl_option::rpl_options;
use super::sheet::{Cursor, Sheet};
use wire::reader::Reader;
use wire::rpl::{Kind, SECURE, Security};
use wire::{Error, Result};

/// What follows the checksum of a message with `code`.
pub(super) fn rpl(sheet: &mut Sheet, mut cursor: Cursor<'_>, code: u8) -> Result<()> {
    let Some(kind) = Kind::from_code(code) else {
        return Err(Error::Unsupported("ICMPv6 code is none of RFC 6550"));
    };
    if code & SECURE != 0 {
        let parsed = Security::parse(&mut Reader::new(cursor.rest()));
        security(sheet, &mut cursor)?;
        let security = parsed?;
        if security.encrypts() != Some(false) {
            sheet.note(NoteKind::NoKey, "there are no keys for RPL's own security");
            return Ok(());
        }
        let covered = security.integrity_len().and_then(|length| cursor.len().checked_sub(length));
        let covered = cursor.sub(covered.ok_or(Error::Truncated("MAC or signature"))?, "RPL message")?;
        if !cursor.is_cut() {
            let integrity_len = cursor.rest().len();
            cursor.bytes(sheet, "icmpv6.rpl.secure.mac", integrity_len)?;
        }
        cursor = covered;
    }
    match kind {
        Kind::InformationSolicitation => {
            cursor.uint(sheet, "icmpv6.rpl.dis.flags", 1)?;
            cursor.bytes(sheet, "icmpv6.reserved", 1)?;
        }
        Kind::InformationObject => information_object(sheet, &mut cursor)?,
        Kind::DestinationAdvertisement => {
            cursor.uint(sheet, "icmpv6.rpl.dao.instance", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.rpl.dao.flag", 1)?;
            sheet.bits(
                flags,
                &[("icmpv6.rpl.dao.flag.k", 0x80), ("icmpv6.rpl.dao.flag.d", 0x40), ("icmpv6.rpl.dao.flag.rsv", 0x3f)],
                cursor.behind(1),
            );
            cursor.bytes(sheet, "icmpv6.reserved", 1)?;
            cursor.uint(sheet, "icmpv6.rpl.dao.sequence", 1)?;
            if flags & 0x40 != 0 {
                cursor.ipv6(sheet, "icmpv6.rpl.dao.dodagid")?;
            }
        }
        Kind::DestinationAdvertisementAck => {
            cursor.uint(sheet, "icmpv6.rpl.daoack.instance", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.rpl.daoack.flag", 1)?;
            sheet.bits(
                flags,
                &[("icmpv6.rpl.daoack.flag.d", 0x80), ("icmpv6.rpl.daoack.flag.rsv", 0x7f)],
                cursor.behind(1),
            );
            cursor.uint(sheet, "icmpv6.rpl.daoack.sequence", 1)?;
            cursor.uint(sheet, "icmpv6.rpl.daoack.status", 1)?;
            if flags & 0x80 != 0 {
                cursor.ipv6(sheet, "icmpv6.rpl.daoack.dodagid")?;
            }
        }
        Kind::ConsistencyCheck => {
            cursor.uint(sheet, "icmpv6.rpl.cc.instance", 1)?;
            let flags = cursor.uint(sheet, "icmpv6.rpl.cc.flag", 1)?;
            sheet.bits(flags, &[("icmpv6.rpl.cc.flag.r", 0x80), ("icmpv6.rpl.cc.flag.rsv", 0x7f)], cursor.behind(1));
            cursor.uint(sheet, "icmpv6.rpl.cc.nonce", 2)?;
            cursor.ipv6(sheet, "icmpv6.rpl.cc.dodagid")?;
            cursor.uint(sheet, "icmpv6.rpl.cc.destination_counter", 4)?;
        }
    }
    rpl_options(sheet, cursor)
}

fn information_object(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint(sheet, "icmpv6.rpl.dio.instance", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.dio.version", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.dio.rank", 2)?;
    let flags = cursor.uint(sheet, "icmpv6.rpl.dio.flag", 1)?;
    sheet.bits(
        flags,
        &[
            ("icmpv6.rpl.dio.flag.g", 0x80),
            ("icmpv6.rpl.dio.flag.0", 0x40),
            ("icmpv6.rpl.dio.flag.mop", 0x38),
            ("icmpv6.rpl.dio.flag.preference", 0x07),
        ],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.dio.dtsn", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.dio.flag", 1)?;
    cursor.bytes(sheet, "icmpv6.reserved", 1)?;
    cursor.ipv6(sheet, "icmpv6.rpl.dio.dagid")?;
    Ok(())
}

/// The security section; Wireshark calls three of its octets flags.
fn security(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let flags = cursor.uint(sheet, "icmpv6.rpl.secure.flag", 1)?;
    sheet.bits(flags, &[("icmpv6.rpl.secure.flag.t", 0x80), ("icmpv6.rpl.secure.flag.rsv", 0x7f)], cursor.behind(1));
    cursor.uint(sheet, "icmpv6.rpl.secure.algorithm", 1)?;
    let modes = cursor.uint(sheet, "icmpv6.rpl.secure.flag", 1)?;
    sheet.bits(
        modes,
        &[("icmpv6.rpl.secure.kim", 0xc0), ("icmpv6.rpl.secure.lvl", 0x07), ("icmpv6.rpl.secure.rsv", 0x38)],
        cursor.behind(1),
    );
    cursor.uint(sheet, "icmpv6.rpl.secure.flag", 1)?;
    cursor.uint(sheet, "icmpv6.rpl.secure.counter", 4)?;
    let (has_source, has_index) = match modes >> 6 {
        0 => (false, true),
        1 => (false, false),
        2 => (true, true),
        _ => (modes & 1 == 1, modes & 1 == 1),
    };
    if has_source {
        cursor.bytes(sheet, "icmpv6.rpl.secure.key.source", 8)?;
    }
    if has_index {
        cursor.uint(sheet, "icmpv6.rpl.secure.key.index", 1)?;
    }
    Ok(())
}
