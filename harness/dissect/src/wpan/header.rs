//! Frame control, sequence number, addressing fields.

use super::super::model::NoteKind;
use super::super::sheet::{Cursor, Sheet, Span};
use super::learned::{NOT_SEEN, ShortAddresses};
use super::{Head, bits, mark};
use wire::ieee802154::{Address, AddressingMode, FrameControl, FrameVersion, Header, LinkAddress, PanId, ShortAddress};
use wire::{Error, Result};

pub(super) fn header(sheet: &mut Sheet, cursor: &mut Cursor<'_>, known: &ShortAddresses) -> Result<Head> {
    let Some(first) = cursor.rest().first().filter(|octet| **octet & 7 > 3) else {
        return standard_header(sheet, cursor, known);
    };
    // Multipurpose, fragment and extended frames have frame control fields of their own.
    sheet.number("wpan.frame_type", first & 7, cursor.ahead(1));
    match FrameControl::from_bits(u16::from(first & 7)) {
        Err(error) => Err(error),
        Ok(_) => Err(Error::Unsupported("IEEE 802.15.4 frame type")),
    }
}

fn standard_header(sheet: &mut Sheet, cursor: &mut Cursor<'_>, known: &ShortAddresses) -> Result<Head> {
    let field = cursor.uint_le(sheet, "wpan.fcf", 2)?;
    let fields = [
        ("wpan.frame_type", 0, 7),
        ("wpan.security", 3, 1),
        ("wpan.pending", 4, 1),
        ("wpan.ack_request", 5, 1),
        ("wpan.pan_id_compression", 6, 1),
        ("wpan.fcf.reserved", 7, 1),
        ("wpan.seqno_suppression", 8, 1),
        ("wpan.ie_present", 9, 1),
        ("wpan.dst_addr_mode", 10, 3),
        ("wpan.version", 12, 3),
        ("wpan.src_addr_mode", 14, 3),
    ];
    bits(sheet, field, cursor.behind(2), &fields);
    let parsed = FrameControl::from_bits((field & 0xffff) as u16);
    // The reserved version and addressing mode do not move the sequence number.
    let is_suppressed = field >> 12 & 3 == 2 && field >> 8 & 1 == 1;
    let sequence_number = if is_suppressed { None } else { Some((cursor.uint(sheet, "wpan.seq_no", 1)? & 0xff) as u8) };
    let control = parsed.inspect_err(|_| {
        let name = match (field >> 10 & 3, field >> 14 & 3) {
            (1, _) => "wpan.dst_invalid",
            (_, 1) => "wpan.src_invalid",
            _ => "wpan.frame_version_unknown",
        };
        mark(sheet, name);
    })?;
    let (to, from) = (control.destination_mode, control.source_mode);
    let (has_pan, has_source_pan) = control
        .version
        .pan_ids_present(to, from, control.pan_id_compression)
        .inspect_err(|_| mark(sheet, "wpan.invalid_panid_compression"))?;
    let pan = if has_pan { Some(pan_id(sheet, cursor, "wpan.dst_pan")?) } else { None };
    let destination = address(sheet, cursor, to, "wpan.dst16", "wpan.dst64")?;
    let own_pan = if has_source_pan { Some(pan_id(sheet, cursor, "wpan.src_pan")?) } else { None };
    let source = address(sheet, cursor, from, "wpan.src16", "wpan.src64")?;
    let source_pan = source.and(own_pan.or(pan));
    if let (Some(LinkAddress::Short(short)), Some(pan)) = (source, source_pan)
        && let Some((eui64, number)) = known.get(pan, short)
    {
        // Not in the frame: what an association response said before, or whoever uses the dissector.
        let mut span = cursor.behind(2);
        span.length = 0;
        sheet.eui64("wpan.src64", eui64, span);
        sheet.eui64("wpan.addr64", eui64, span);
        if number != NOT_SEEN {
            sheet.number("wpan.src64.origin", number, Span::NOWHERE);
        }
    }
    if control.reserved != 0 && control.version != FrameVersion::V2015 {
        sheet.note(NoteKind::Malformed, "reserved bits of the frame control field are set");
    }
    let header = Header {
        version: control.version,
        frame_pending: control.frame_pending,
        ack_request: control.ack_request,
        pan_id_compression: control.pan_id_compression,
        sequence_number,
        destination: Address::from_parts(pan, destination),
        source: Address::from_parts(source_pan, source),
    };
    Ok(Head { control, header })
}

fn pan_id(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<PanId> {
    Ok(PanId((cursor.uint_le(sheet, name, 2)? & 0xffff) as u16))
}

fn address(
    sheet: &mut Sheet,
    cursor: &mut Cursor<'_>,
    mode: AddressingMode,
    short_name: &'static str,
    extended_name: &'static str,
) -> Result<Option<LinkAddress>> {
    Ok(match mode {
        AddressingMode::Absent => None,
        AddressingMode::Short => {
            let address = (cursor.uint_le(sheet, short_name, 2)? & 0xffff) as u16;
            sheet.number("wpan.addr16", address, cursor.behind(2));
            Some(LinkAddress::Short(ShortAddress(address)))
        }
        AddressingMode::Extended => {
            let address = cursor.eui64_le(sheet, extended_name)?;
            sheet.eui64("wpan.addr64", address, cursor.behind(8));
            Some(LinkAddress::Extended(address))
        }
    })
}
