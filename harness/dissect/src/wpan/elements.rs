//! Header and payload information elements (IEEE 802.15.4-2015 section 7.4).

use alloc::format;
use alloc::vec::Vec;

use super::super::Dissector;
use super::super::lowpan::Link;
use super::super::model::NoteKind;
use super::super::sheet::{Cursor, Sheet};
use super::mpx::UpperFrame;
use super::{bits, mark, nested, sixtop};
use wire::{Error, Result};

/// Reads header elements up to a termination or to the last `mic_len` octets; whether payload elements follow.
pub(super) fn header(sheet: &mut Sheet, cursor: &mut Cursor<'_>, mic_len: usize) -> Result<bool> {
    sheet.number("wpan.header_ie", 1u8, cursor.ahead(list_len(cursor.rest(), mic_len, 0x7f, is_header_termination)));
    loop {
        let mut whole = cursor.clone();
        let head = read_le(cursor)?;
        let length = (head & 0x7f) as usize;
        let mut content = cursor.sub(length, "content of a header element")?;
        let id = head >> 7 & 0xff;
        let name = match id {
            0x00 => "wpan.header_ie.vendor_specific",
            0x1a => "wpan.header_ie.csl",
            0x1d => "wpan.header_ie.rdv",
            0x1e => "wpan.header_ie.time_correction",
            0x29 => "wpan.header_ie.global_time",
            0x7e => "wpan.header_ie.ht1",
            0x7f => "wpan.header_ie.ht2",
            _ => "wpan.header_ie.unsupported",
        };
        sheet.number(name, 1u8, whole.ahead(length.saturating_add(2)));
        whole.uint_le(sheet, "wpan.header_ie_tlv", 2)?;
        let fields =
            [("wpan.header_ie.type", 15, 1), ("wpan.header_ie.id", 7, 0xff), ("wpan.header_ie.length", 0, 0x7f)];
        bits(sheet, head, whole.behind(2), &fields);
        // One malformed element does not hide the others: its length is known.
        match header_content(sheet, id, head & 0x8000 != 0, &mut content) {
            Ok(()) => {
                extra_content(sheet, &mut content)?;
                if head & 0x8000 != 0 {
                    sheet.error(Error::Malformed("payload element among header elements"));
                }
            }
            Err(error) => sheet.error(error),
        }
        if is_header_termination(head) {
            if length > 0 {
                sheet.error(Error::Malformed("header termination with content"));
            }
            return Ok(id == 0x7e);
        }
        if cursor.len() <= mic_len {
            return Ok(false);
        }
    }
}

fn is_header_termination(head: u64) -> bool {
    matches!(head >> 7 & 0xff, 0x7e | 0x7f)
}

fn is_payload_termination(head: u64) -> bool {
    head >> 11 & 0xf == 0xf
}

fn header_content(sheet: &mut Sheet, id: u64, is_payload: bool, content: &mut Cursor<'_>) -> Result<()> {
    match id {
        0x00 => {
            content.uint_le(sheet, "wpan.header_ie.vendor_specific.vendor_oui", 3)?;
            all(sheet, content, "wpan.header_ie.vendor_specific.content")
        }
        0x1a => {
            content.uint_le(sheet, "wpan.header_ie.csl.phase", 2)?;
            content.uint_le(sheet, "wpan.header_ie.csl.period", 2)?;
            if content.len() >= 2 {
                content.uint_le(sheet, "wpan.header_ie.csl.rendezvous_time", 2)?;
            }
            Ok(())
        }
        0x1d => {
            content.uint_le(sheet, "wpan.header_ie.csl.rendezvous_time", 2)?;
            if content.len() >= 2 {
                content.uint_le(sheet, "wpan.header_ie.csl.wakeup_interval", 2)?;
            }
            Ok(())
        }
        0x1e => time_correction(sheet, content),
        0x29 => content.uint_le(sheet, "wpan.header_ie.global_time.seconds", 4).map(drop),
        0x7e | 0x7f => Ok(()),
        _ => {
            let span = content.ahead(content.rest().len());
            if id == 0x1b && content.len() == 4 {
                let mut rit = content.clone();
                rit.uint(sheet, "wpan.header_ie.rit.time_to_first_listen", 1)?;
                rit.uint(sheet, "wpan.header_ie.rit.number_of_repeat_listen", 1)?;
                rit.uint_le(sheet, "wpan.header_ie.rit.repeat_listen_interval", 2)?;
            }
            if span.length > 0 {
                all(sheet, content, "wpan.ie.unknown_content")?;
            }
            if is_payload {
                mark(sheet, "wpan.payload_ie.in_header");
                return Err(Error::Malformed("payload element among header elements"));
            }
            mark(sheet, "wpan.ie_unsupported_id");
            Ok(())
        }
    }
}

fn time_correction(sheet: &mut Sheet, content: &mut Cursor<'_>) -> Result<()> {
    let info = content.uint_le(sheet, "wpan.header_ie.time_correction.time_sync_info", 2)?;
    let span = content.behind(2);
    // Twelve bits in two's complement.
    let microseconds = ((info << 4 & 0xffff) as u16).cast_signed() >> 4;
    sheet.text("wpan.header_ie.time_correction.value", format!("{microseconds}"), span);
    sheet.number("wpan.nack", info >> 15, span);
    if info & 0x7000 != 0 {
        mark(sheet, "wpan.time_correction.error");
        sheet.note(NoteKind::Malformed, "reserved bits of a time correction are set");
    }
    Ok(())
}

impl Dissector {
    /// Reads payload elements up to a termination or to the end.
    /// What an MPX element carries goes to `upper`.
    pub(super) fn payload_elements(
        &mut self,
        sheet: &mut Sheet,
        cursor: &mut Cursor<'_>,
        link: Link,
        upper: &mut Vec<UpperFrame>,
    ) -> Result<()> {
        if cursor.rest().len() < 2 && cursor.is_cut() {
            return Err(Error::Truncated("payload elements"));
        }
        if cursor.rest().len() < 2 {
            mark(sheet, "wpan.payload_ie.missing");
            return Err(Error::Malformed("no payload elements behind the header termination that announces them"));
        }
        sheet.number("wpan.payload_ie", 1u8, cursor.ahead(list_len(cursor.rest(), 0, 0x7ff, is_payload_termination)));
        // Without a termination they go on to the end of the payload (IEEE 802.15.4-2015 section 7.4.1).
        while !cursor.is_empty() {
            let mut whole = cursor.clone();
            let head = read_le(cursor)?;
            let length = (head & 0x7ff) as usize;
            let mut content = cursor.sub(length, "content of a payload element")?;
            let id = head >> 11 & 0xf;
            let name = match id {
                1 => "wpan.mlme",
                2 => "wpan.payload_ie.vendor",
                3 => "wpan.mpx",
                5 => "wpan.payload_ie.ietf",
                15 => "wpan.payload_ie.termination",
                _ => "wpan.payload_ie.unknown",
            };
            sheet.number(name, 1u8, whole.ahead(length.saturating_add(2)));
            whole.uint_le(sheet, "wpan.payload_ie_tlv", 2)?;
            let fields = [
                ("wpan.payload_ie.type", 15, 1),
                ("wpan.payload_ie.id", 11, 0xf),
                ("wpan.payload_ie.length", 0, 0x7ff),
            ];
            bits(sheet, head, whole.behind(2), &fields);
            if head & 0x8000 == 0 {
                // IEEE 802.15.4-2015 section 7.4.3: the type of a payload element is 1. Wireshark does not look at it.
                sheet.error(Error::Malformed("header element among payload elements"));
            }
            match self.payload_content(sheet, id, &mut content, link, upper) {
                Ok(()) => extra_content(sheet, &mut content)?,
                Err(error) => sheet.error(error),
            }
            if is_payload_termination(head) {
                if length > 0 {
                    sheet.error(Error::Malformed("payload termination with content"));
                }
                break;
            }
        }
        Ok(())
    }

    fn payload_content(
        &mut self,
        sheet: &mut Sheet,
        id: u64,
        content: &mut Cursor<'_>,
        link: Link,
        upper: &mut Vec<UpperFrame>,
    ) -> Result<()> {
        match id {
            1 => nested::elements(sheet, content),
            2 => {
                content.uint_le(sheet, "wpan.payload_ie.vendor.oui", 3)?;
                all(sheet, content, "wpan.payload_ie.vendor.content")
            }
            3 => self.mpx(sheet, content, link, upper),
            5 => sixtop::ietf(sheet, content),
            15 => Ok(()),
            _ => {
                all(sheet, content, "wpan.ie.unknown_content")?;
                mark(sheet, "wpan.ie_unsupported_id");
                Ok(())
            }
        }
    }
}

/// What is left of an element behind the content that its identifier calls for.
fn extra_content(sheet: &mut Sheet, content: &mut Cursor<'_>) -> Result<()> {
    if content.is_cut() {
        return Err(Error::Truncated("content of an element"));
    }
    if !content.is_empty() {
        all(sheet, content, "wpan.ie.unknown_content")?;
        mark(sheet, "wpan.ie_unknown_extra_content");
    }
    Ok(())
}

/// All that is left as one field; nothing if nothing is left.
pub(super) fn all(sheet: &mut Sheet, cursor: &mut Cursor<'_>, name: &'static str) -> Result<()> {
    match cursor.rest().len() {
        0 => Ok(()),
        length => cursor.bytes(sheet, name, length).map(drop),
    }
}

/// The 16 bits that an element begins with.
pub(super) fn read_le(cursor: &mut Cursor<'_>) -> Result<u64> {
    Ok(cursor.read_uint(1, "information element")? | cursor.read_uint(1, "information element")? << 8)
}

/// Octets of the list of elements that `bytes` begins with, as far as they are there.
fn list_len(bytes: &[u8], mic_len: usize, mask: usize, is_last: fn(u64) -> bool) -> usize {
    let mut length = 0usize;
    while let Some([low, high, ..]) = bytes.get(length..) {
        let head = usize::from(u16::from_le_bytes([*low, *high]));
        length = length.saturating_add(2).saturating_add(head & mask).min(bytes.len());
        if is_last(head as u64) || bytes.len().saturating_sub(length) <= mic_len {
            break;
        }
    }
    length
}
