//! IEEE 802.15.4 frames of all editions: headers, security, information elements, beacon and command content.

mod beacon;
mod command;
mod elements;
mod header;
mod learned;
mod mpx;
mod nested;
mod security;
mod sixtop;
mod trailer;

pub(super) use learned::{NOT_SEEN, ShortAddresses};
pub(super) use mpx::Transactions;

use alloc::vec::Vec;

use super::Dissector;
use super::lowpan::Link;
use super::model::NoteKind;
use super::sheet::{Cursor, Sheet, Span};
use wire::Result;
use wire::ieee802154::{CommandId, FrameControl, FrameType, FrameVersion, Header, Trailer};

/// The headers of a frame.
#[derive(Clone, Copy)]
struct Head {
    control: FrameControl,
    header: Header,
}

impl Head {
    fn is_2015(&self) -> bool {
        self.control.version == FrameVersion::V2015
    }
}

impl Dissector {
    /// `psdu` is all of a PHY payload, `trailer` what its last octets are.
    pub(super) fn wpan(&mut self, sheet: &mut Sheet, number: u64, psdu: Cursor<'_>, end: Trailer) -> Result<()> {
        sheet.layer("wpan");
        let bytes = psdu.rest();
        // A frame that is shorter than its trailer has none.
        let psdu_len = bytes.len().saturating_add(psdu.missing());
        let mpdu_len = psdu_len.checked_sub(end.len()).unwrap_or(psdu_len);
        let mpdu = bytes.get(..mpdu_len).unwrap_or(bytes);
        let missing = mpdu_len.saturating_sub(mpdu.len());
        sheet.number("wpan.frame_length", mpdu_len as u64, psdu.ahead(0));
        let mut cursor = Cursor::new(mpdu, psdu.buffer(), psdu.offset()).lacking(missing);
        sheet.enter(&cursor);
        let parsed = header::header(sheet, &mut cursor, &self.short_addresses);
        let fcs_ok = trailer::trailer(sheet, psdu.clone(), mpdu_len, end);
        let head = parsed?;
        let source = head.header.source.link();
        sheet.dissection.link_source = source;
        sheet.dissection.link_destination = head.header.destination.link();
        if !fcs_ok {
            sheet.note(NoteKind::BadFcs, "the frame check sequence is wrong");
            return Ok(());
        }
        // Two frames that begin alike are not one.
        let is_whole = missing == 0;
        let (asks_for_ack, time) = (head.control.ack_request, self.time);
        let ends = source.filter(|_| is_whole).map(|source| (source, head.header.destination.link()));
        let is_retry = ends.is_some_and(|ends| self.last_frames.repeats(ends, mpdu, asks_for_ack, time));
        if is_retry {
            sheet.note(NoteKind::Retransmission, "the same frame again");
        }
        let auxiliary = security::auxiliary_header(sheet, &mut cursor, &head)?;
        let mut command = None;
        let mut has_payload_elements = false;
        if head.is_2015() {
            if head.control.elements_present {
                let mic_len = auxiliary.map_or(0, |(security, _)| security.level.mic_len());
                has_payload_elements = elements::header(sheet, &mut cursor, mic_len)?;
            }
        } else {
            match head.control.frame_type {
                FrameType::Beacon => beacon::open_content(sheet, &mut cursor)?,
                FrameType::MacCommand => {
                    let id = command::identifier(sheet, &mut cursor)?;
                    if id == CommandId::DATA_REQUEST {
                        source.into_iter().for_each(|source| self.last_frames.asked_for(source));
                    }
                    command = Some(id);
                }
                FrameType::Data | FrameType::Acknowledgment => {}
            }
        }
        let Some(payload) = self.payload(sheet, &head, auxiliary, psdu.offset(), mpdu, cursor)? else {
            return Ok(());
        };
        let link =
            Link { source, destination: head.header.destination.link(), verified: payload.verified, number, is_retry };
        let mut cursor = payload.cursor();
        let mut upper = Vec::new();
        if has_payload_elements {
            self.payload_elements(sheet, &mut cursor, link, &mut upper)?;
        }
        match head.control.frame_type {
            FrameType::Beacon => elements::all(sheet, &mut cursor, "wpan.bcn_payload")?,
            FrameType::Acknowledgment if head.is_2015() => elements::all(sheet, &mut cursor, "wpan.ack_payload")?,
            FrameType::MacCommand => self.command(sheet, cursor.clone(), &head, command, number)?,
            FrameType::Acknowledgment | FrameType::Data => {}
        }
        for frame in &upper {
            self.upper_layer(sheet, frame, link)?;
        }
        if head.control.frame_type == FrameType::Data && !cursor.is_empty() {
            self.lowpan(sheet, cursor, link)?;
        }
        Ok(())
    }
}

/// Fields of bits: name, lowest bit, mask.
fn bits(sheet: &mut Sheet, value: u64, span: Span, fields: &[(&'static str, u32, u64)]) {
    for (name, shift, mask) in fields {
        sheet.number(name, value >> shift & mask, span);
    }
}

/// A mark without octets and without value, as Wireshark's expert notes are.
fn mark(sheet: &mut Sheet, name: &'static str) {
    sheet.number(name, 1u8, Span::NOWHERE);
}
