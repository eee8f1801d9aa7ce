//! Nested elements of the MLME payload element (IEEE 802.15.4-2015 section 7.4.4).

use super::super::sheet::{Cursor, Sheet};
use super::elements::{all, read_le};
use super::{bits, mark};
use wire::Result;

const TIMESLOT_DURATIONS: [&str; 10] = [
    "wpan.tsch.timeslot.cca_offset",
    "wpan.tsch.timeslot.cca",
    "wpan.tsch.timeslot.tx_offset",
    "wpan.tsch.timeslot.rx_offset",
    "wpan.tsch.timeslot.rx_ack_delay",
    "wpan.tsch.timeslot.tx_ack_delay",
    "wpan.tsch.timeslot.rx_wait",
    "wpan.tsch.timeslot.ack_wait",
    "wpan.tsch.timeslot.turnaround",
    "wpan.tsch.timeslot.max_ack",
];

/// Reads nested elements to the end.
pub(super) fn elements(sheet: &mut Sheet, cursor: &mut Cursor<'_>) -> Result<()> {
    while cursor.len() > 1 && !cursor.is_empty() {
        let mut whole = cursor.clone();
        let head = read_le(cursor)?;
        let is_long = head & 0x8000 != 0;
        let (id, length) = if is_long { (head >> 11 & 0xf, head & 0x7ff) } else { (head >> 8 & 0x7f, head & 0xff) };
        let mut content = cursor.sub(length as usize, "content of a nested element")?;
        let name = match (is_long, id) {
            (true, 0x9) => "wpan.channel_hopping",
            (false, 0x1a) => "wpan.tsch.time_sync",
            (false, 0x1b) => "wpan.tsch.slotframe",
            (false, 0x1c) => "wpan.tsch.timeslot",
            (false, 0x1e) => "wpan.eb_filter.ie",
            _ => "wpan.mlme.unsupported",
        };
        sheet.number(name, 1u8, whole.ahead((length as usize).saturating_add(2)));
        whole.uint_le(sheet, "wpan.mlme.ie", 2)?;
        sheet.number("wpan.mlme.ie.type", head >> 15, whole.behind(2));
        sheet.number("wpan.mlme.ie.id", id, whole.behind(2));
        sheet.number("wpan.mlme.ie.length", length, whole.behind(2));
        if let Err(error) = content_of(sheet, name, &mut content) {
            sheet.error(error);
        }
    }
    Ok(())
}

fn content_of(sheet: &mut Sheet, name: &'static str, content: &mut Cursor<'_>) -> Result<()> {
    match name {
        "wpan.channel_hopping" => {
            content.uint(sheet, "wpan.tsch.hopping_sequence_id", 1)?;
            if content.len() > 1 {
                all(sheet, content, "wpan.mlme.data")?;
            }
            Ok(())
        }
        "wpan.tsch.time_sync" => {
            content.uint_le(sheet, "wpan.tsch.asn", 5)?;
            content.uint(sheet, "wpan.tsch.join_metric", 1).map(drop)
        }
        "wpan.tsch.slotframe" => slotframes(sheet, content),
        "wpan.tsch.timeslot" => timeslot(sheet, content),
        "wpan.eb_filter.ie" => beacon_filter(sheet, content),
        _ => {
            all(sheet, content, "wpan.mlme.data")?;
            mark(sheet, "wpan.ie_unsupported_id");
            Ok(())
        }
    }
}

fn slotframes(sheet: &mut Sheet, content: &mut Cursor<'_>) -> Result<()> {
    for _ in 0..content.uint(sheet, "wpan.tsch.slotframe_num", 1)? {
        content.uint(sheet, "wpan.tsch.slotframe_handle", 1)?;
        content.uint_le(sheet, "wpan.tsch.slotframe_size", 2)?;
        for _ in 0..content.uint(sheet, "wpan.tsch.nb_links", 1)? {
            sheet.number("wpan.tsch.link_info", 1u8, content.ahead(5));
            content.uint_le(sheet, "wpan.tsch.link_timeslot", 2)?;
            content.uint_le(sheet, "wpan.tsch.channel_offset", 2)?;
            let options = content.uint(sheet, "wpan.tsch.link_options", 1)?;
            let fields = [
                ("wpan.tsch.link_options.tx", 0, 1),
                ("wpan.tsch.link_options.rx", 1, 1),
                ("wpan.tsch.link_options.shared", 2, 1),
                ("wpan.tsch.link_options.timekeeping", 3, 1),
                ("wpan.tsch.link_options.priority", 4, 1),
            ];
            bits(sheet, options, content.behind(1), &fields);
        }
    }
    Ok(())
}

fn timeslot(sheet: &mut Sheet, content: &mut Cursor<'_>) -> Result<()> {
    content.uint(sheet, "wpan.tsch.timeslot.id", 1)?;
    if content.is_empty() {
        return Ok(());
    }
    for name in TIMESLOT_DURATIONS {
        content.uint_le(sheet, name, 2)?;
    }
    let octets = if content.len() > 4 { 3 } else { 2 };
    content.uint_le(sheet, "wpan.tsch.timeslot.max_tx", octets)?;
    content.uint_le(sheet, "wpan.tsch.timeslot.length", octets).map(drop)
}

fn beacon_filter(sheet: &mut Sheet, content: &mut Cursor<'_>) -> Result<()> {
    let filter = content.read_uint(1, "enhanced beacon filter")?;
    let fields = [
        ("wpan.eb_filter.pjoin", 0, 1),
        ("wpan.eb_filter.lqi", 1, 1),
        ("wpan.eb_filter.contains_prob", 2, 1),
        ("wpan.eb_filter.attr_id", 3, 3),
    ];
    bits(sheet, filter, content.behind(1), &fields);
    if filter & 1 << 1 != 0 {
        content.uint(sheet, "wpan.eb_filter.lqi_minimum", 1)?;
    }
    if filter & 1 << 2 != 0 {
        content.uint(sheet, "wpan.eb_filter.prob", 1)?;
    }
    match filter >> 3 & 3 {
        0 => Ok(()),
        octets => content.uint_le(sheet, "wpan.eb_filter.attr_id_bits", octets as usize).map(drop),
    }
}
