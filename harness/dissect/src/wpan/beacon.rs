//! Beacons up to 2006: superframe specification, guaranteed time slots, pending addresses.

use super::super::sheet::{Cursor, Sheet};
use super::bits;
use wire::Result;

/// What encryption leaves open.
pub(super) fn open_content(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    let low = cursor.read_uint(1, "superframe specification")?;
    let superframe = low | cursor.read_uint(1, "superframe specification")? << 8;
    let fields = [
        ("wpan.beacon_order", 0, 0xf),
        ("wpan.superframe_order", 4, 0xf),
        ("wpan.cap", 8, 0xf),
        ("wpan.battery_ext", 12, 1),
        ("wpan.bcn_coord", 14, 1),
        ("wpan.assoc_permit", 15, 1),
    ];
    bits(sheet, superframe, cursor.behind(2), &fields);
    let gts = cursor.read_uint(1, "GTS specification")?;
    bits(sheet, gts, cursor.behind(1), &[("wpan.gts.count", 0, 7), ("wpan.gts.permit", 7, 1)]);
    if gts & 7 != 0 {
        let directions = cursor.read_uint(1, "GTS directions")?;
        for slot in 0..gts & 7 {
            sheet.number("wpan.gts.direction", directions >> slot & 1, cursor.behind(1));
        }
        for _ in 0..gts & 7 {
            let address = cursor.read_uint(1, "GTS descriptor")? | cursor.read_uint(1, "GTS descriptor")? << 8;
            let slots = cursor.read_uint(1, "GTS descriptor")?;
            sheet.number("wpan.gts.address", address, cursor.behind(3));
            bits(sheet, slots, cursor.behind(1), &[("wpan.gts.slot", 0, 0xf), ("wpan.gts.length", 4, 0xf)]);
        }
    }
    let pending = cursor.read_uint(1, "pending address specification")?;
    for _ in 0..pending & 7 {
        cursor.uint_le(sheet, "wpan.pending16", 2)?;
    }
    for _ in 0..pending >> 4 & 7 {
        cursor.eui64_le(sheet, "wpan.pending64")?;
    }
    Ok(())
}
