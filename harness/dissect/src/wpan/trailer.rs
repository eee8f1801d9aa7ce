//! What stands behind the MAC payload: the frame check sequence, or what a capture has in its place.

use alloc::format;

use super::super::sheet::{Cursor, Sheet, Span};
use wire::ieee802154::{Trailer, check_fcs, check_fcs32};

/// The fields behind the MAC payload; whether the frame is right as far as they tell.
pub(super) fn trailer(sheet: &mut Sheet, psdu: Cursor<'_>, mpdu_len: usize, end: Trailer) -> bool {
    let mut cursor = psdu.clone();
    // What was not captured is not wrong.
    if psdu.is_cut() {
        return true;
    }
    if cursor.take(mpdu_len, "wpan.fcs").is_err() || cursor.rest().len() < end.len() {
        return end == Trailer::None;
    }
    match end {
        Trailer::None => true,
        Trailer::Fcs16 | Trailer::Fcs32 => {
            let (name, fcs_ok) = match end {
                Trailer::Fcs32 => ("wpan.fcs32", check_fcs32(psdu.rest()).is_ok()),
                _ => ("wpan.fcs", check_fcs(psdu.rest()).is_ok()),
            };
            if cursor.uint_le(sheet, name, end.len()).is_ok() {
                sheet.number("wpan.fcs_ok", fcs_ok, cursor.behind(end.len()));
            }
            if !fcs_ok {
                sheet.number("wpan.fcs.bad", 1u8, Span::NOWHERE);
            }
            fcs_ok
        }
        Trailer::Cc24xx => {
            let rssi = cursor.read_uint(1, "wpan.rssi").unwrap_or(0);
            // A signed octet, in dBm but for the offset of the radio.
            sheet.text("wpan.rssi", format!("{}", (rssi as u8).cast_signed()), cursor.behind(1));
            let status = cursor.read_uint(1, "wpan.correlation").unwrap_or(0);
            let fcs_ok = status >> 7 == 1;
            sheet.number("wpan.fcs_ok", fcs_ok, cursor.behind(1));
            sheet.number("wpan.correlation", status & 0x7f, cursor.behind(1));
            if !fcs_ok {
                sheet.number("wpan.fcs.bad", 1u8, Span::NOWHERE);
            }
            fcs_ok
        }
    }
}
