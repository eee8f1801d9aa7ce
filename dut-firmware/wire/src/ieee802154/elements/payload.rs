//! Payload information elements (IEEE 802.15.4-2015 section 7.4.3): eleven bits of length, four of group ID, type 1.

use alloc::vec::Vec;

use super::{Mpx, NestedElement};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

const ESDU: u8 = 0;
const MLME: u8 = 1;
const VENDOR_SPECIFIC: u8 = 2;
const MPX: u8 = 3;
const TERMINATION: u8 = 15;

/// A payload information element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadElement {
    /// 0: an encapsulated service data unit of the next higher layer.
    Esdu(Vec<u8>),
    /// 1: elements of the MAC sublayer's management.
    Mlme(Vec<NestedElement>),
    /// 2
    VendorSpecific {
        /// OUI or CID, octets as on air.
        vendor: [u8; 3],
        /// What the vendor defines.
        content: Vec<u8>,
    },
    /// 3: of IEEE 802.15.9.
    Mpx(Mpx),
    /// 15: ends the list.
    Termination,
    /// Any other, or one whose content its type cannot hold: Wi-SUN (4), IETF (5).
    Opaque {
        /// Group ID, at most 15.
        id: u8,
        /// At most 2047 octets.
        content: Vec<u8>,
    },
}

impl PayloadElement {
    /// Group ID.
    pub fn id(&self) -> u8 {
        match self {
            Self::Esdu(_) => ESDU,
            Self::Mlme(_) => MLME,
            Self::VendorSpecific { .. } => VENDOR_SPECIFIC,
            Self::Mpx(_) => MPX,
            Self::Termination => TERMINATION,
            Self::Opaque { id, .. } => *id,
        }
    }

    fn content_len(&self) -> usize {
        match self {
            Self::Esdu(content) | Self::Opaque { content, .. } => content.len(),
            Self::Mlme(nested) => nested.iter().map(NestedElement::buffer_len).fold(0, usize::saturating_add),
            Self::VendorSpecific { content, .. } => content.len().saturating_add(3),
            Self::Mpx(mpx) => mpx.buffer_len(),
            Self::Termination => 0,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.content_len().saturating_add(2)
    }

    /// Reads one element; [`Error::Malformed`] for a header element.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let head = reader.u16_le("payload element")?;
        if head & 0x8000 == 0 {
            return Err(Error::Malformed("header element among payload elements"));
        }
        let id = (head >> 11 & 0xf) as u8;
        let content = reader.take(usize::from(head & 0x7ff), "content of a payload element")?;
        let typed = match id {
            ESDU => Some(Self::Esdu(content.to_vec())),
            MLME => nested(content).map(Self::Mlme),
            VENDOR_SPECIFIC => content
                .split_first_chunk()
                .map(|(vendor, content)| Self::VendorSpecific { vendor: *vendor, content: content.to_vec() }),
            MPX => Mpx::parse(content).ok().map(Self::Mpx),
            TERMINATION if content.is_empty() => Some(Self::Termination),
            TERMINATION => return Err(Error::Malformed("payload termination with content")),
            _ => None,
        };
        Ok(typed.unwrap_or_else(|| Self::Opaque { id, content: content.to_vec() }))
    }

    /// Writes the element.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let length = u16::try_from(self.content_len()).ok().filter(|length| *length <= 0x7ff);
        let length = length.ok_or(Error::Malformed("payload element above 2047 octets"))?;
        if self.id() > 15 {
            return Err(Error::Malformed("group ID above 15"));
        }
        writer.u16_le(0x8000 | u16::from(self.id()) << 11 | length, "payload element")?;
        match self {
            Self::Esdu(content) => writer.put(content, "encapsulated service data unit"),
            Self::Mlme(nested) => nested.iter().try_for_each(|element| element.emit(writer)),
            Self::VendorSpecific { vendor, content } => {
                writer.put(vendor, "vendor OUI")?;
                writer.put(content, "vendor content")
            }
            Self::Mpx(mpx) => mpx.emit(writer),
            Self::Termination => Ok(()),
            Self::Opaque { id: TERMINATION, .. } => Err(Error::Malformed("payload termination with content")),
            Self::Opaque { content, .. } => writer.put(content, "content of a payload element"),
        }
    }
}

fn nested(content: &[u8]) -> Option<Vec<NestedElement>> {
    let mut reader = Reader::new(content);
    let mut elements = Vec::new();
    while !reader.is_empty() {
        elements.push(NestedElement::parse(&mut reader).ok()?);
    }
    Some(elements)
}
