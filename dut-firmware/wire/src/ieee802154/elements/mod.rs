//! Information elements of 2015 frames (IEEE 802.15.4-2015 section 7.4): header elements behind the headers, payload
//! elements at the start of the MAC payload, and the elements that end their lists (table 7-6).

mod header;
mod mpx;
mod nested;
mod payload;

use alloc::vec::Vec;

pub use header::{HeaderElement, MAX_TIME_CORRECTION_MICROSECONDS, MIN_TIME_CORRECTION_MICROSECONDS};
pub use mpx::{KMP_MULTIPLEX_ID, KmpId, Mpx, MpxAssembler, MpxProgress, WISUN_MULTIPLEX_ID};
pub use nested::{BeaconFilter, NestedElement, Slotframe, SlotframeLink, TimeslotTemplate};
pub use payload::PayloadElement;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, FRAMES, Result};

const UNSUPPORTED: Error = Error::Unsupported("information elements");

/// The information elements of a frame, those that end a list included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elements {
    /// Header elements; [`HeaderElement::Termination1`] or [`HeaderElement::Termination2`] may stand last only.
    pub header: Vec<HeaderElement>,
    /// Payload elements, which need a [`HeaderElement::Termination1`] before them; [`PayloadElement::Termination`] may
    /// stand last only.
    pub payload: Vec<PayloadElement>,
}

impl Elements {
    /// No elements.
    pub const NONE: Self = Self { header: Vec::new(), payload: Vec::new() };

    /// Adds the elements that end both lists, where the 2015 edition asks for them (table 7-6): `has_content` says
    /// whether anything follows in the frame.
    pub fn terminated(mut header: Vec<HeaderElement>, mut payload: Vec<PayloadElement>, has_content: bool) -> Self {
        if !payload.is_empty() {
            header.push(HeaderElement::Termination1);
            if has_content {
                payload.push(PayloadElement::Termination);
            }
        } else if has_content && !header.is_empty() {
            header.push(HeaderElement::Termination2);
        }
        Self { header, payload }
    }

    /// Whether there are none: what the frame control field says.
    pub fn is_empty(&self) -> bool {
        self.header.is_empty()
    }

    /// Octets of the header elements.
    pub fn header_len(&self) -> usize {
        header_len(&self.header)
    }

    /// Octets of the payload elements.
    pub fn payload_len(&self) -> usize {
        if !FRAMES {
            return 0;
        }
        self.payload.iter().map(PayloadElement::buffer_len).fold(0, usize::saturating_add)
    }

    /// [`Error::Malformed`] if a reader would not find the lists' ends where they are.
    pub(super) fn check(&self, has_content: bool) -> Result<()> {
        if !FRAMES {
            return if self.is_empty() { Ok(()) } else { Err(UNSUPPORTED) };
        }
        check_header(&self.header)?;
        let ends_early = self.payload.iter().rev().skip(1).any(|element| *element == PayloadElement::Termination);
        let is_terminated = self.payload.last() == Some(&PayloadElement::Termination);
        let fits = match self.header.last() {
            Some(HeaderElement::Termination1) => !self.payload.is_empty() && (!has_content || is_terminated),
            Some(HeaderElement::Termination2) | None => self.payload.is_empty(),
            Some(_) => self.payload.is_empty() && !has_content,
        };
        if ends_early || !fits {
            return Err(Error::Malformed("information elements without the termination that they need"));
        }
        Ok(())
    }

    /// Writes the payload elements.
    pub(super) fn emit_payload(&self, writer: &mut Writer<'_>) -> Result<()> {
        if !FRAMES {
            return if self.payload.is_empty() { Ok(()) } else { Err(UNSUPPORTED) };
        }
        self.payload.iter().try_for_each(|element| element.emit(writer))
    }
}

/// Octets of a list of header elements.
pub(super) fn header_len(elements: &[HeaderElement]) -> usize {
    if !FRAMES {
        return 0;
    }
    elements.iter().map(HeaderElement::buffer_len).fold(0, usize::saturating_add)
}

fn check_header(elements: &[HeaderElement]) -> Result<()> {
    if elements.iter().rev().skip(1).any(HeaderElement::is_termination) {
        return Err(Error::Malformed("header elements behind a header termination"));
    }
    Ok(())
}

/// Writes header elements.
pub(super) fn emit_header(elements: &[HeaderElement], writer: &mut Writer<'_>) -> Result<()> {
    if !FRAMES {
        return if elements.is_empty() { Ok(()) } else { Err(UNSUPPORTED) };
    }
    check_header(elements)?;
    elements.iter().try_for_each(|element| element.emit(writer))
}

/// Reads header elements up to and with a termination, or up to the last `mic_len` octets, which belong to no element.
pub(super) fn parse_header(reader: &mut Reader<'_>, mic_len: usize) -> Result<Vec<HeaderElement>> {
    if !FRAMES {
        return Err(UNSUPPORTED);
    }
    let mut elements = Vec::new();
    while reader.remaining() > mic_len {
        let element = HeaderElement::parse(reader)?;
        let is_last = element.is_termination();
        elements.push(element);
        if is_last {
            break;
        }
    }
    if elements.is_empty() { Err(Error::Truncated("information elements")) } else { Ok(elements) }
}

/// Reads payload elements up to and with a termination, or to the end.
pub(super) fn parse_payload(reader: &mut Reader<'_>) -> Result<Vec<PayloadElement>> {
    if !FRAMES {
        return Err(UNSUPPORTED);
    }
    let mut elements = Vec::new();
    while !reader.is_empty() {
        let element = PayloadElement::parse(reader)?;
        let is_last = element == PayloadElement::Termination;
        elements.push(element);
        if is_last {
            break;
        }
    }
    if elements.is_empty() { Err(Error::Truncated("payload information elements")) } else { Ok(elements) }
}
