//! PANA messages (RFC 5191 sections 6.2 and 6.3): header, AVPs, and the EAP packet inside; the message inside a relayed
//! one (RFC 6345) is a layer of its own.

use alloc::format;
use alloc::string::String;

use super::carried::Protocol;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet};
use wire::ieee802154::KmpId;
use wire::pana::{Avp, AvpCode, Flags, HEADER_LENGTH, PORT, padding};
use wire::{Error, Result};

/// PANA.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "pana",
    udp_ports: &[PORT],
    kmp_ids: &[KmpId::PANA],
    form: Some((looks_like_pana, "taken for PANA by its form: the ports do not tell")),
    body: |_, sheet, cursor, _| pana(sheet, cursor),
    ..Protocol::NONE
};

/// Those of RFC 5191 section 7 and of RFC 6345 section 3.
const MESSAGE_TYPES: core::ops::RangeInclusive<u64> = 1..=5;

/// Whether octets look like a PANA message, all of them: for ports that are not known.
fn looks_like_pana(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<HEADER_LENGTH>() else { return false };
    let [r0, r1, l0, l1, f0, f1, t0, t1, ..] = *header;
    let (reserved, length) = (u16::from_be_bytes([r0, r1]), u16::from_be_bytes([l0, l1]));
    let (flags, message_type) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([t0, t1]));
    reserved == 0
        && usize::from(length) == bytes.len()
        && length & 3 == 0
        && flags & Flags::RESERVED == 0
        && MESSAGE_TYPES.contains(&message_type.into())
}

/// What a message carries for the layer above.
#[derive(Default)]
struct Inner<'a> {
    eap: Option<Cursor<'a>>,
    relayed: Option<Cursor<'a>>,
}

/// A PANA message, and the one that it relays.
fn pana(sheet: &mut Sheet, cursor: Cursor<'_>) -> Result<()> {
    let inner = message(sheet, cursor)?;
    let Some(relayed) = inner.relayed else { return above(sheet, inner) };
    let inner = message(sheet, relayed)?;
    if inner.relayed.is_some() {
        sheet.note(NoteKind::Malformed, "a relayed message inside a relayed one");
    }
    above(sheet, inner)
}

fn above(sheet: &mut Sheet, inner: Inner<'_>) -> Result<()> {
    inner.eap.map_or(Ok(()), |eap| super::eap::eap(sheet, eap))
}

fn message<'a>(sheet: &mut Sheet, mut cursor: Cursor<'a>) -> Result<Inner<'a>> {
    sheet.layer("pana");
    cursor.bytes(sheet, "pana.reserved", 2)?;
    let length = usize::try_from(cursor.uint(sheet, "pana.length", 2)?).unwrap_or(usize::MAX);
    let flags = (cursor.uint(sheet, "pana.flag_bits", 2)? & 0xffff) as u16;
    let span = cursor.behind(2);
    for (name, bit) in [
        ("pana.flag.r", Flags::REQUEST),
        ("pana.flag.s", Flags::START),
        ("pana.flag.c", Flags::COMPLETE),
        ("pana.flag.a", Flags::AUTH),
        ("pana.flag.p", Flags::PING),
        ("pana.flag.i", Flags::IP_RECONFIGURATION),
    ] {
        sheet.number(name, flags & bit != 0, span);
    }
    if !MESSAGE_TYPES.contains(&cursor.uint(sheet, "pana.type", 2)?) {
        sheet.note(NoteKind::Unknown, "the message's type is not known");
    }
    cursor.uint(sheet, "pana.sid", 4)?;
    cursor.uint(sheet, "pana.seq", 4)?;
    let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("pana.length"))?;
    let mut avps = cursor.sub(rest, "pana.length")?;
    let mut inner = Inner::default();
    while !avps.is_empty() {
        avp(sheet, &mut avps, &mut inner)?;
    }
    Ok(inner)
}

fn avp<'a>(sheet: &mut Sheet, cursor: &mut Cursor<'a>, inner: &mut Inner<'a>) -> Result<()> {
    let code = AvpCode((cursor.uint(sheet, "pana.avp.code", 2)? & 0xffff) as u16);
    let flags = (cursor.uint(sheet, "pana.avp.flags", 2)? & 0xffff) as u16;
    sheet.number("pana.avp.flags.v", flags & Avp::VENDOR != 0, cursor.behind(2));
    let length = usize::try_from(cursor.uint(sheet, "pana.avp.data_length", 2)?).unwrap_or(usize::MAX);
    cursor.bytes(sheet, "pana.avp.reserved", 2)?;
    if flags & Avp::VENDOR != 0 {
        cursor.uint(sheet, "pana.avp.vendorid", 4)?;
    }
    let mut value = cursor.sub(length, "pana.avp.data_length")?;
    cursor.take(padding(length), "PANA AVP padding")?;
    if flags & Avp::VENDOR != 0 {
        // A vendor has codes of its own.
        return Ok(());
    }
    match code {
        AvpCode::EAP_PAYLOAD => inner.eap = Some(value),
        AvpCode::AUTH | AvpCode::NONCE | AvpCode::PAC_INFORMATION => {
            value.bytes(sheet, "pana.avp.data.bytes", length)?;
        }
        AvpCode::INTEGRITY_ALGORITHM | AvpCode::PRF_ALGORITHM | AvpCode::SESSION_LIFETIME => {
            value.uint(sheet, "pana.avp.data.uint32", 4)?;
        }
        AvpCode::KEY_ID => signed(sheet, &mut value, "pana.avp.data.int32")?,
        AvpCode::RESULT_CODE => drop(value.uint(sheet, "pana.avp.result_code", 4)?),
        AvpCode::TERMINATION_CAUSE => drop(value.uint(sheet, "pana.avp.termination_cause", 4)?),
        AvpCode::RELAYED_MESSAGE => inner.relayed = Some(value),
        AvpCode(_) => {}
    }
    Ok(())
}

fn signed(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<()> {
    let value = (cursor.read_uint(4, name)? & 0xffff_ffff) as u32;
    let text: String = format!("{}", value.cast_signed());
    sheet.text(name, text, cursor.behind(4));
    Ok(())
}
