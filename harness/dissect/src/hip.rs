//! HIP packets (RFC 7401 section 5.1): the header and the types of the parameters.

use super::carried::{Protocol, Under};
use super::ip::{Ends, UNVERIFIED};
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::hip::{HEADER_LENGTH, PORT, checksum, padding};
use wire::ieee802154::KmpId;
use wire::{Error, Result};

/// HIP; over UDP it lies behind four zero octets.
pub(super) const PROTOCOL: Protocol = Protocol {
    name: "hip",
    udp_ports: &[PORT],
    next_headers: &[139],
    kmp_ids: &[KmpId::HIP],
    body: |_, sheet, mut cursor, under| match under {
        Under::Udp { .. } => {
            marker(&mut cursor)?;
            hip(sheet, cursor, None)
        }
        Under::Ip(ends) => hip(sheet, cursor, Some(ends)),
        Under::Ethernet | Under::Mpx => hip(sheet, cursor, None),
    },
    ..Protocol::NONE
};

/// Four zero octets (RFC 5770 section 5.1).
fn marker(payload: &mut Cursor<'_>) -> Result<()> {
    match payload.take(4, "HIP marker")? {
        [0, 0, 0, 0] => Ok(()),
        _ => Err(Error::Unsupported("ESP on the port of HIP")),
    }
}

/// A HIP packet between `ends`; over UDP, where its checksum is not used, without.
fn hip(sheet: &mut Sheet, mut cursor: Cursor<'_>, ends: Option<Ends>) -> Result<()> {
    sheet.layer("hip");
    let whole = cursor.rest();
    cursor.uint(sheet, "hip.proto", 1)?;
    let units = usize::try_from(cursor.uint(sheet, "hip.hdr_len", 1)?).unwrap_or(usize::MAX);
    let packet_type = cursor.read_uint(1, "hip.packet_type")?;
    let span = cursor.behind(1);
    sheet.number("hip.shim6_fixed_p", packet_type >> 7, span);
    sheet.number("hip.packet_type", packet_type & 0x7f, span);
    let version = cursor.read_uint(1, "hip.version")?;
    let span = cursor.behind(1);
    sheet.number("hip.version", version >> 4, span);
    sheet.number("hip.shim6_fixed_s", version & 1, span);
    if packet_type >> 7 != 0 || version & 1 != 1 {
        sheet.note(NoteKind::Malformed, "HIP fixed bits");
    }
    cursor.uint(sheet, "hip.checksum", 2)?;
    let length = units.saturating_add(1).saturating_mul(8);
    if let Some(Ends { source, destination }) = ends.filter(|_| !sheet.are_addresses_unknown()) {
        let good = whole.get(..length).is_some_and(|packet| checksum(source, destination, packet) == 0);
        let is_cut = cursor.is_cut() && length > whole.len();
        let status = if is_cut { UNVERIFIED } else { good.into() };
        sheet.number("hip.checksum.status", status, Span { length: 0, ..cursor.behind(2) });
        if status == 0 {
            sheet.note(NoteKind::BadChecksum, "the HIP checksum is wrong");
        }
    }
    let controls = cursor.uint(sheet, "hip.controls", 2)?;
    sheet.number(
        "hip.controls.a",
        controls & 1,
        Span { offset: cursor.offset().saturating_sub(1), ..cursor.behind(1) },
    );
    cursor.bytes(sheet, "hip.hit_sndr", 16)?;
    cursor.bytes(sheet, "hip.hit_rcvr", 16)?;
    let rest = length.checked_sub(HEADER_LENGTH).ok_or(Error::Malformed("hip.hdr_len"))?;
    let mut parameters = cursor.sub(rest, "hip.hdr_len")?;
    while !parameters.is_empty() {
        let start = parameters.clone();
        let parameter_type = parameters.read_uint(2, "hip.type")?;
        let length = usize::try_from(parameters.read_uint(2, "hip.parameter.length")?).unwrap_or(usize::MAX);
        let whole = length.saturating_add(4).min(start.rest().len());
        sheet.number("hip.type", parameter_type, start.ahead(whole));
        sheet.number("hip.parameter.length", length as u64, parameters.behind(2));
        parameters.take(length, "hip.parameter.length")?;
        parameters.take(padding(length), "HIP parameter padding")?;
    }
    Ok(())
}
