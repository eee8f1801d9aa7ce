//! Header information elements (IEEE 802.15.4-2015 section 7.4.2): seven bits of length, eight of element ID, type 0.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// The latest a frame may have come, by the time correction element.
pub const MAX_TIME_CORRECTION_MICROSECONDS: i16 = 2047;
/// The earliest a frame may have come, by the time correction element.
pub const MIN_TIME_CORRECTION_MICROSECONDS: i16 = -2048;

const VENDOR_SPECIFIC: u8 = 0x00;
const CSL: u8 = 0x1a;
const RIT: u8 = 0x1b;
const RENDEZVOUS_TIME: u8 = 0x1d;
const TIME_CORRECTION: u8 = 0x1e;
const GLOBAL_TIME: u8 = 0x29;
const TERMINATION_1: u8 = 0x7e;
const TERMINATION_2: u8 = 0x7f;

/// A header information element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderElement {
    /// 0x00
    VendorSpecific {
        /// OUI or CID, octets as on air.
        vendor: [u8; 3],
        /// What the vendor defines.
        content: Vec<u8>,
    },
    /// 0x1a: coordinated sampled listening; times in units of ten symbols.
    Csl {
        /// Time to the sender's next sample.
        phase: u16,
        /// Time between two samples.
        period: u16,
        /// Time to the payload frame; wake-up frames only.
        rendezvous_time: Option<u16>,
    },
    /// 0x1b: receiver-initiated transmission.
    Rit {
        /// Time to the first listening, in units of the PIB attribute `macRitTimeToFirstListen`.
        time_to_first_listen: u8,
        /// How often listening is repeated.
        number_of_repeat_listen: u8,
        /// Time between two listenings.
        repeat_listen_interval: u16,
    },
    /// 0x1d: of a CSL wake-up frame; times in units of ten symbols.
    RendezvousTime {
        /// Time to the payload frame.
        rendezvous_time: u16,
        /// Time between two wake-up frames.
        wakeup_interval: Option<u16>,
    },
    /// 0x1e: of an enhanced acknowledgment in TSCH.
    TimeCorrection {
        /// How much too early (positive) the acknowledged frame came, [`MIN_TIME_CORRECTION_MICROSECONDS`] to
        /// [`MAX_TIME_CORRECTION_MICROSECONDS`].
        microseconds: i16,
        /// The frame was received but not taken.
        is_negative: bool,
    },
    /// 0x29: seconds since 1970.
    GlobalTime(u32),
    /// 0x7e: payload elements follow.
    Termination1,
    /// 0x7f: the payload follows.
    Termination2,
    /// Any other, or one whose content its type cannot hold bit by bit: header elements are authenticated as sent.
    Opaque {
        /// Element ID.
        id: u8,
        /// At most 127 octets.
        content: Vec<u8>,
    },
}

impl HeaderElement {
    /// Element ID.
    pub fn id(&self) -> u8 {
        match self {
            Self::VendorSpecific { .. } => VENDOR_SPECIFIC,
            Self::Csl { .. } => CSL,
            Self::Rit { .. } => RIT,
            Self::RendezvousTime { .. } => RENDEZVOUS_TIME,
            Self::TimeCorrection { .. } => TIME_CORRECTION,
            Self::GlobalTime(_) => GLOBAL_TIME,
            Self::Termination1 => TERMINATION_1,
            Self::Termination2 => TERMINATION_2,
            Self::Opaque { id, .. } => *id,
        }
    }

    /// Whether it ends the list.
    pub fn is_termination(&self) -> bool {
        matches!(self.id(), TERMINATION_1 | TERMINATION_2)
    }

    fn content_len(&self) -> usize {
        match self {
            Self::VendorSpecific { content, .. } => content.len().saturating_add(3),
            Self::Csl { rendezvous_time: None, .. } | Self::Rit { .. } | Self::GlobalTime(_) => 4,
            Self::Csl { rendezvous_time: Some(_), .. } => 6,
            Self::RendezvousTime { wakeup_interval: Some(_), .. } => 4,
            Self::RendezvousTime { wakeup_interval: None, .. } | Self::TimeCorrection { .. } => 2,
            Self::Termination1 | Self::Termination2 => 0,
            Self::Opaque { content, .. } => content.len(),
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.content_len().saturating_add(2)
    }

    /// Reads one element; [`Error::Malformed`] for a payload element.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let head = reader.u16_le("header element")?;
        if head & 0x8000 != 0 {
            return Err(Error::Malformed("payload element among header elements"));
        }
        let id = (head >> 7 & 0xff) as u8;
        let content = reader.take(usize::from(head & 0x7f), "content of a header element")?;
        match (id, content.is_empty()) {
            (TERMINATION_1, true) => Ok(Self::Termination1),
            (TERMINATION_2, true) => Ok(Self::Termination2),
            (TERMINATION_1 | TERMINATION_2, false) => Err(Error::Malformed("header termination with content")),
            _ => Ok(typed(id, content).unwrap_or_else(|| Self::Opaque { id, content: content.to_vec() })),
        }
    }

    /// Writes the element.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let length = u16::try_from(self.content_len()).ok().filter(|length| *length <= 0x7f);
        let length = length.ok_or(Error::Malformed("header element above 127 octets"))?;
        writer.u16_le(u16::from(self.id()) << 7 | length, "header element")?;
        match self {
            Self::VendorSpecific { vendor, content } => {
                writer.put(vendor, "vendor OUI")?;
                writer.put(content, "vendor content")
            }
            Self::Csl { phase, period, rendezvous_time } => {
                writer.u16_le(*phase, "CSL phase")?;
                writer.u16_le(*period, "CSL period")?;
                rendezvous_time.map_or(Ok(()), |time| writer.u16_le(time, "rendezvous time"))
            }
            Self::Rit { time_to_first_listen, number_of_repeat_listen, repeat_listen_interval } => {
                writer.u8(*time_to_first_listen, "time to first listen")?;
                writer.u8(*number_of_repeat_listen, "number of repeat listen")?;
                writer.u16_le(*repeat_listen_interval, "repeat listen interval")
            }
            Self::RendezvousTime { rendezvous_time, wakeup_interval } => {
                writer.u16_le(*rendezvous_time, "rendezvous time")?;
                wakeup_interval.map_or(Ok(()), |interval| writer.u16_le(interval, "wake-up interval"))
            }
            Self::TimeCorrection { microseconds, is_negative } => {
                if !(MIN_TIME_CORRECTION_MICROSECONDS..=MAX_TIME_CORRECTION_MICROSECONDS).contains(microseconds) {
                    return Err(Error::Malformed("time correction beyond 12 bits"));
                }
                let info = microseconds.to_le_bytes();
                let info = u16::from_le_bytes(info) & 0x0fff | u16::from(*is_negative) << 15;
                writer.u16_le(info, "time synchronisation information")
            }
            Self::GlobalTime(seconds) => writer.u32_le(*seconds, "global time"),
            Self::Termination1 | Self::Termination2 => Ok(()),
            Self::Opaque { id: TERMINATION_1 | TERMINATION_2, .. } => {
                Err(Error::Malformed("header termination with content"))
            }
            Self::Opaque { content, .. } => writer.put(content, "content of a header element"),
        }
    }
}

/// The typed element, if there is a type and it holds all of `content`.
fn typed(id: u8, content: &[u8]) -> Option<HeaderElement> {
    let mut reader = Reader::new(content);
    let optional = |reader: &mut Reader<'_>| {
        if reader.is_empty() { Some(None) } else { reader.u16_le("optional time").ok().map(Some) }
    };
    let element = match id {
        VENDOR_SPECIFIC => {
            let vendor = reader.array("vendor OUI").ok()?;
            return Some(HeaderElement::VendorSpecific { vendor, content: reader.rest().to_vec() });
        }
        CSL => HeaderElement::Csl {
            phase: reader.u16_le("CSL phase").ok()?,
            period: reader.u16_le("CSL period").ok()?,
            rendezvous_time: optional(&mut reader)?,
        },
        RIT => HeaderElement::Rit {
            time_to_first_listen: reader.u8("time to first listen").ok()?,
            number_of_repeat_listen: reader.u8("number of repeat listen").ok()?,
            repeat_listen_interval: reader.u16_le("repeat listen interval").ok()?,
        },
        RENDEZVOUS_TIME => HeaderElement::RendezvousTime {
            rendezvous_time: reader.u16_le("rendezvous time").ok()?,
            wakeup_interval: optional(&mut reader)?,
        },
        TIME_CORRECTION => {
            let info = reader.u16_le("time synchronisation information").ok().filter(|info| info & 0x7000 == 0)?;
            // Bit 11 is the sign of a 12-bit number in two's complement.
            let sign = if info & 0x0800 == 0 { 0 } else { 0xf000 };
            let microseconds = i16::from_le_bytes((info & 0x0fff | sign).to_le_bytes());
            HeaderElement::TimeCorrection { microseconds, is_negative: info & 0x8000 != 0 }
        }
        GLOBAL_TIME => HeaderElement::GlobalTime(reader.u32_le("global time").ok()?),
        _ => return None,
    };
    reader.is_empty().then_some(element)
}
