//! EAP packets (RFC 3748 section 4) as far as the type, and EAPOL (IEEE 802.1X-2010 section 11.3) around them.

use alloc::string::String;

use super::carried::Protocol;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet};
use wire::eap::{Code, HEADER_LENGTH, Type};
use wire::eapol::PacketType;
use wire::ethernet::EtherType;
use wire::ieee802154::KmpId;
use wire::{Error, Result};

/// EAPOL.
pub(super) const EAPOL: Protocol = Protocol {
    name: "eapol",
    ether_types: &[EtherType::EAPOL],
    kmp_ids: &[KmpId::IEEE_802_1X, KmpId::IEEE_802_11_4WH, KmpId::IEEE_802_11_GKH],
    body: |_, sheet, cursor, _| eapol(sheet, cursor),
    ..Protocol::NONE
};

/// An EAPOL packet, over Ethernet or as key management protocol 1 of IEEE 802.15.9.
fn eapol(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("eapol");
    cursor.uint(sheet, "eapol.version", 1)?;
    let packet_type = PacketType((cursor.uint(sheet, "eapol.type", 1)? & 0xff) as u8);
    let length = usize::try_from(cursor.uint(sheet, "eapol.len", 2)?).unwrap_or(usize::MAX);
    let mut body = cursor.sub(length, "eapol.len")?;
    match packet_type {
        PacketType::EAP => eap(sheet, body),
        PacketType::KEY => body.uint(sheet, "eapol.keydes.type", 1).map(drop),
        _ => Ok(()),
    }
}

/// An EAP packet.
pub(super) fn eap(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    sheet.layer("eap");
    let code = Code((cursor.uint(sheet, "eap.code", 1)? & 0xff) as u8);
    cursor.uint(sheet, "eap.id", 1)?;
    let length = usize::try_from(cursor.uint(sheet, "eap.len", 2)?).unwrap_or(usize::MAX);
    let length = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("eap.len"))?;
    let mut data = cursor.sub(length, "eap.len")?;
    if !code.has_type() {
        if !matches!(code, Code::SUCCESS | Code::FAILURE) {
            sheet.note(NoteKind::Unsupported, "an EAP code other than those of RFC 3748");
        }
        return Ok(());
    }
    let eap_type = Type((data.uint(sheet, "eap.type", 1)? & 0xff) as u8);
    match eap_type {
        Type::IDENTITY => text(sheet, data, "eap.identity"),
        Type::NOTIFICATION => text(sheet, data, "eap.notification"),
        Type::NAK => {
            while !data.is_empty() {
                data.uint(sheet, "eap.desired_type", 1)?;
            }
            Ok(())
        }
        Type::EXPANDED => {
            data.uint(sheet, "eap.expanded.vendor_id", 3)?;
            data.uint(sheet, "eap.expanded.vendor_type", 4).map(drop)
        }
        Type::IKEV2 => ikev2(sheet, data),
        _ => Ok(()),
    }
}

/// EAP-IKEv2 (RFC 5106 section 8.1): flags, and the IKEv2 message if it is whole.
fn ikev2(sheet: &mut Sheet, mut cursor: Cursor<'_>) -> Result<()> {
    let flags = cursor.uint(sheet, "eap.ikev2.flags", 1)?;
    let span = cursor.behind(1);
    // The spelling of the first one is Wireshark's.
    sheet.number("eap.ikve2.flags.len_included", flags >> 7 & 1, span);
    sheet.number("eap.ikev2.flags.more_fragments", flags >> 6 & 1, span);
    sheet.number("eap.ikev2.flags.icv_present", flags >> 5 & 1, span);
    if flags >> 7 & 1 == 1 {
        cursor.uint(sheet, "eap.ikev2.len", 4)?;
    }
    let length =
        cursor.rest().get(24..28).map_or(0, |octets| octets.iter().fold(0, |sum, o| sum << 8 | usize::from(*o)));
    // A later fragment, or the first of several.
    if flags >> 6 & 1 == 1 || length < 28 || length > cursor.len() {
        sheet.note(NoteKind::Unsupported, "fragments of EAP-IKEv2 are not put together");
        return Ok(());
    }
    let message = cursor.sub(length, "isakmp.length")?;
    super::isakmp::isakmp(sheet, message)
}

/// All of `cursor` as text.
fn text(sheet: &mut Sheet, mut cursor: Cursor<'_>, name: &'static str) -> Result<()> {
    let octets = cursor.rest();
    if octets.is_empty() {
        return Ok(());
    }
    cursor.take(octets.len(), name)?;
    sheet.text(name, String::from_utf8_lossy(octets), cursor.behind(octets.len()));
    Ok(())
}
