//! The IETF payload element (RFC 8137) with the 6top protocol (RFC 8480).

use super::super::sheet::{Cursor, Sheet};
use super::elements::{all, read_le};
use super::{bits, mark};
use wire::Result;

/// The sub-ID that RFC 8480 registered, and the one that implementations had taken before.
const SIXTOP: [u8; 2] = [1, 0xc9];

const OCTETS_PER_CELL: usize = 4;

/// Reads an IETF element.
pub(super) fn ietf(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let mut whole = cursor.clone();
    let rest = cursor.take(cursor.rest().len(), "IETF element")?;
    let [sub_id, version, _, _, _, ..] = *rest else { return Ok(()) };
    if !SIXTOP.contains(&sub_id) || version & 0xf != 0 {
        return Ok(());
    }
    sheet.number("wpan.6top", 1u8, whole.ahead(whole.rest().len()));
    whole.uint(sheet, "wpan.ietf_ie.sub_id", 1)?;
    *cursor = whole;
    message(sheet, cursor)
}

fn message(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let flags = cursor.read_uint(1, "6P version, type and flags")?;
    let fields = [("wpan.6top_version", 0, 0xf), ("wpan.6top_type", 4, 3), ("wpan.6top_flags_reserved", 6, 3)];
    bits(sheet, flags, cursor.behind(1), &fields);
    let code = cursor.uint(sheet, "wpan.6top_code", 1)?;
    cursor.uint(sheet, "wpan.6top_sfid", 1)?;
    cursor.uint(sheet, "wpan.6top_seqnum", 1)?;
    match flags >> 4 & 3 {
        0 => request(sheet, cursor, code),
        1 | 2 => response(sheet, cursor, code),
        _ => {
            mark(sheet, "wpan.6top_unsupported_type");
            Ok(())
        }
    }
}

fn request(sheet: &mut Sheet, cursor: &mut Cursor<'_>, code: u64) -> Result<()> {
    match (code, cursor.len()) {
        // ADD, DELETE, RELOCATE
        (1..=3, 4..) => {
            metadata(sheet, cursor)?;
            options(sheet, cursor)?;
            let count = cursor.uint(sheet, "wpan.6top_num_cells", 1)?;
            let left = cursor.len();
            if left == 0 || !left.is_multiple_of(OCTETS_PER_CELL) {
                return Ok(());
            }
            if code != 3 {
                return cells(sheet, cursor, "wpan.6top_cell_list", left);
            }
            let moved = (count as usize).saturating_mul(OCTETS_PER_CELL).min(left);
            let mut relocated = cursor.sub(moved, "relocation list")?;
            // Wireshark's list to relocate is marked as all that follows.
            sheet.number("wpan.6top_rel_cell_list", 1u8, relocated.ahead(left));
            cells_of(sheet, &mut relocated)?;
            cells(sheet, cursor, "wpan.6top_cand_cell_list", left.saturating_sub(moved))
        }
        // COUNT
        (4, 3..) => {
            metadata(sheet, cursor)?;
            options(sheet, cursor)
        }
        // LIST
        (5, 8) => {
            metadata(sheet, cursor)?;
            options(sheet, cursor)?;
            cursor.uint(sheet, "wpan.6top_reserved", 1)?;
            cursor.uint_le(sheet, "wpan.6top_offset", 2)?;
            cursor.uint_le(sheet, "wpan.6top_max_num_cells", 2).map(drop)
        }
        // SIGNAL
        (6, 2..) => {
            metadata(sheet, cursor)?;
            all(sheet, cursor, "wpan.6top_payload")
        }
        // CLEAR
        (7, 2..) => metadata(sheet, cursor),
        (1..=7, _) => Ok(()),
        _ => {
            mark(sheet, "wpan.6top_unsupported_command");
            Ok(())
        }
    }
}

fn response(sheet: &mut Sheet, cursor: &mut Cursor<'_>, code: u64) -> Result<()> {
    let left = cursor.len();
    let has_cells = left > 0 && left.is_multiple_of(OCTETS_PER_CELL);
    match code {
        // SUCCESS
        0 if left == 2 => cursor.uint_le(sheet, "wpan.6top_total_num_cells", 2).map(drop),
        0 if has_cells => cells(sheet, cursor, "wpan.6top_cell_list", left),
        0 => all(sheet, cursor, "wpan.6top_payload"),
        // EOL
        1 if has_cells => cells(sheet, cursor, "wpan.6top_cell_list", left),
        1..=9 => Ok(()),
        _ => {
            mark(sheet, "wpan.6top_unsupported_code");
            Ok(())
        }
    }
}

fn metadata(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    cursor.uint_le(sheet, "wpan.6top_metadata", 2).map(drop)
}

fn options(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let options = cursor.uint(sheet, "wpan.6top_cell_options", 1)?;
    let fields = [
        ("wpan.6top_cell_option_tx", 0, 1),
        ("wpan.6top_cell_option_rx", 1, 1),
        ("wpan.6top_cell_option_shared", 2, 1),
        ("wpan.6top_cell_option_reserved", 3, 0x1f),
    ];
    bits(sheet, options, cursor.behind(1), &fields);
    Ok(())
}

fn cells(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str, length: usize) -> Result<()> {
    let mut list = cursor.sub(length, "cell list")?;
    sheet.number(name, 1u8, list.ahead(length));
    cells_of(sheet, &mut list)
}

fn cells_of(sheet: &mut Sheet, list: &mut Cursor<'_>) -> Result<()> {
    while !list.is_empty() {
        sheet.hex("wpan.6top_cell", list.ahead(OCTETS_PER_CELL));
        let slot = read_le(list)?;
        sheet.number("wpan.6top_cell_slot_offset", slot, list.behind(2));
        let channel = read_le(list)?;
        sheet.number("wpan.6top_channel_offset", channel, list.behind(2));
    }
    Ok(())
}
