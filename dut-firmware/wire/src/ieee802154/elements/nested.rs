//! Nested elements of the MLME payload element (IEEE 802.15.4-2015 section 7.4.4): short ones with eight bits of length
//! and seven of sub-ID, long ones with eleven and four.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

const CHANNEL_HOPPING: u8 = 0x9;
const TSCH_SYNCHRONIZATION: u8 = 0x1a;
const TSCH_SLOTFRAME_AND_LINK: u8 = 0x1b;
const TSCH_TIMESLOT: u8 = 0x1c;
const ENHANCED_BEACON_FILTER: u8 = 0x1e;

/// A nested element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NestedElement {
    /// Long, 0x9.
    ChannelHopping {
        /// Hopping sequence ID.
        sequence_id: u8,
        /// The sequence itself, from the channel page on; empty if the ID says it all.
        details: Vec<u8>,
    },
    /// Short, 0x1a.
    TschSynchronization {
        /// Absolute slot number, 40 bits.
        absolute_slot_number: u64,
        /// Join metric.
        join_metric: u8,
    },
    /// Short, 0x1b.
    TschSlotframeAndLink(Vec<Slotframe>),
    /// Short, 0x1c.
    TschTimeslot {
        /// Timeslot template ID.
        id: u8,
        /// The template; not there if the ID says it all.
        template: Option<TimeslotTemplate>,
    },
    /// Short, 0x1e: who shall answer an enhanced beacon request.
    EnhancedBeaconFilter(BeaconFilter),
    /// Any other, or one whose content its type cannot hold.
    Opaque {
        /// Whether it has the long format.
        is_long: bool,
        /// Sub-ID: at most 0x7f in the short format, at most 0xf in the long one.
        id: u8,
        /// At most 255 octets in the short format, at most 2047 in the long one.
        content: Vec<u8>,
    },
}

/// A slotframe of a TSCH network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slotframe {
    /// Slotframe handle.
    pub handle: u8,
    /// Timeslots in it.
    pub size: u16,
    /// At most 255 links.
    pub links: Vec<SlotframeLink>,
}

/// A link of a slotframe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotframeLink {
    /// Timeslot within the slotframe.
    pub timeslot: u16,
    /// Channel offset.
    pub channel_offset: u16,
    /// Link options: transmit (bit 0), receive (1), shared (2), timekeeping (3), priority (4).
    pub options: u8,
}

/// Durations within a timeslot, in microseconds (2015 section 7.4.4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeslotTemplate {
    /// `macTsCcaOffset`, `macTsCca`, `macTsTxOffset`, `macTsRxOffset`, `macTsRxAckDelay`, `macTsTxAckDelay`,
    /// `macTsRxWait`, `macTsAckWait`, `macTsRxTx`, `macTsMaxAck`.
    pub durations: [u16; 10],
    /// `macTsMaxTx`.
    pub max_tx: u32,
    /// `macTsTimeslotLength`.
    pub length: u32,
    /// The last two have three octets each, else two.
    pub is_long: bool,
}

/// The content of an enhanced beacon filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeaconFilter {
    /// Only coordinators that permit joining answer.
    pub permit_joining_on: bool,
    /// Only who receives the request with at least this link quality answers.
    pub minimum_link_quality: Option<u8>,
    /// The percentage of requests that are answered.
    pub response_percentage: Option<u8>,
    /// Identifiers of the PIB attributes that the beacon shall tell, as a bitmap of at most three octets.
    pub attributes: Vec<u8>,
}

impl NestedElement {
    /// Whether it has the long format.
    pub fn is_long(&self) -> bool {
        matches!(self, Self::ChannelHopping { .. } | Self::Opaque { is_long: true, .. })
    }

    /// Sub-ID.
    pub fn id(&self) -> u8 {
        match self {
            Self::ChannelHopping { .. } => CHANNEL_HOPPING,
            Self::TschSynchronization { .. } => TSCH_SYNCHRONIZATION,
            Self::TschSlotframeAndLink(_) => TSCH_SLOTFRAME_AND_LINK,
            Self::TschTimeslot { .. } => TSCH_TIMESLOT,
            Self::EnhancedBeaconFilter(_) => ENHANCED_BEACON_FILTER,
            Self::Opaque { id, .. } => *id,
        }
    }

    fn content_len(&self) -> usize {
        match self {
            Self::ChannelHopping { details, .. } => details.len().saturating_add(1),
            Self::TschSynchronization { .. } => 6,
            Self::TschSlotframeAndLink(slotframes) => {
                let len = |slotframe: &Slotframe| slotframe.links.len().saturating_mul(5).saturating_add(4);
                slotframes.iter().map(len).fold(1, usize::saturating_add)
            }
            Self::TschTimeslot { template: None, .. } => 1,
            Self::TschTimeslot { template: Some(template), .. } => {
                if template.is_long {
                    27
                } else {
                    25
                }
            }
            Self::EnhancedBeaconFilter(filter) => {
                let optional = usize::from(filter.minimum_link_quality.is_some())
                    + usize::from(filter.response_percentage.is_some());
                filter.attributes.len().saturating_add(1 + optional)
            }
            Self::Opaque { content, .. } => content.len(),
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.content_len().saturating_add(2)
    }

    /// Reads one element.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let head = reader.u16_le("nested element")?;
        let is_long = head & 0x8000 != 0;
        let (id, length) = if is_long { (head >> 11 & 0xf, head & 0x7ff) } else { (head >> 8 & 0x7f, head & 0xff) };
        let id = (id & 0x7f) as u8;
        let content = reader.take(usize::from(length), "content of a nested element")?;
        let typed = if is_long { typed_long(id, content) } else { typed_short(id, content) };
        Ok(typed.unwrap_or_else(|| Self::Opaque { is_long, id, content: content.to_vec() }))
    }

    /// Writes the element.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let is_long = self.is_long();
        let (most, most_id) = if is_long { (0x7ff, 0xf) } else { (0xff, 0x7f) };
        let length = u16::try_from(self.content_len()).ok().filter(|length| *length <= most);
        let length = length.ok_or(Error::Malformed("nested element too long for its format"))?;
        if self.id() > most_id {
            return Err(Error::Malformed("sub-ID too large for its format"));
        }
        let id = u16::from(self.id());
        writer.u16_le(if is_long { 0x8000 | id << 11 } else { id << 8 } | length, "nested element")?;
        match self {
            Self::ChannelHopping { sequence_id, details } => {
                writer.u8(*sequence_id, "hopping sequence ID")?;
                writer.put(details, "hopping sequence")
            }
            Self::TschSynchronization { absolute_slot_number, join_metric } => {
                let [number @ .., 0, 0, 0] = absolute_slot_number.to_le_bytes() else {
                    return Err(Error::Malformed("absolute slot number above 40 bits"));
                };
                writer.put(&number, "absolute slot number")?;
                writer.u8(*join_metric, "join metric")
            }
            Self::TschSlotframeAndLink(slotframes) => {
                let count = u8::try_from(slotframes.len()).map_err(|_| Error::Malformed("more than 255 slotframes"))?;
                writer.u8(count, "number of slotframes")?;
                slotframes.iter().try_for_each(|slotframe| slotframe.emit(writer))
            }
            Self::TschTimeslot { id, template } => {
                writer.u8(*id, "timeslot ID")?;
                template.map_or(Ok(()), |template| template.emit(writer))
            }
            Self::EnhancedBeaconFilter(filter) => filter.emit(writer),
            Self::Opaque { content, .. } => writer.put(content, "content of a nested element"),
        }
    }
}

impl Slotframe {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let (handle, size) = (reader.u8("slotframe handle")?, reader.u16_le("slotframe size")?);
        let mut links = Vec::new();
        for _ in 0..reader.u8("number of links")? {
            links.push(SlotframeLink {
                timeslot: reader.u16_le("timeslot")?,
                channel_offset: reader.u16_le("channel offset")?,
                options: reader.u8("link options")?,
            });
        }
        Ok(Self { handle, size, links })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let count = u8::try_from(self.links.len()).map_err(|_| Error::Malformed("more than 255 links"))?;
        writer.u8(self.handle, "slotframe handle")?;
        writer.u16_le(self.size, "slotframe size")?;
        writer.u8(count, "number of links")?;
        for link in &self.links {
            writer.u16_le(link.timeslot, "timeslot")?;
            writer.u16_le(link.channel_offset, "channel offset")?;
            writer.u8(link.options, "link options")?;
        }
        Ok(())
    }
}

impl TimeslotTemplate {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let mut durations = [0; 10];
        for duration in &mut durations {
            *duration = reader.u16_le("timeslot template")?;
        }
        let is_long = reader.remaining() > 4;
        let last = |reader: &mut Reader<'_>| -> Result<u32> {
            let low = u32::from(reader.u16_le("timeslot template")?);
            Ok(if is_long { low | u32::from(reader.u8("timeslot template")?) << 16 } else { low })
        };
        Ok(Self { durations, max_tx: last(reader)?, length: last(reader)?, is_long })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        for duration in self.durations {
            writer.u16_le(duration, "timeslot template")?;
        }
        for last in [self.max_tx, self.length] {
            match (last.to_le_bytes(), self.is_long) {
                ([low, high, 0, 0], false) => writer.put(&[low, high], "timeslot template")?,
                ([low, middle, high, 0], true) => writer.put(&[low, middle, high], "timeslot template")?,
                _ => return Err(Error::Malformed("timeslot duration too long for its format")),
            }
        }
        Ok(())
    }
}

impl BeaconFilter {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let flags = reader.u8("enhanced beacon filter")?;
        if flags & 0xe0 != 0 {
            return Err(Error::Malformed("reserved bits of an enhanced beacon filter"));
        }
        let optional = |flag, reader: &mut Reader<'_>| -> Result<Option<u8>> {
            Ok(if flags & flag == 0 { None } else { Some(reader.u8("enhanced beacon filter")?) })
        };
        let minimum_link_quality = optional(1 << 1, reader)?;
        let response_percentage = optional(1 << 2, reader)?;
        let attributes = reader.take(usize::from(flags >> 3 & 3), "attribute identifiers")?.to_vec();
        Ok(Self { permit_joining_on: flags & 1 != 0, minimum_link_quality, response_percentage, attributes })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let count = u8::try_from(self.attributes.len()).ok().filter(|count| *count <= 3);
        let count = count.ok_or(Error::Malformed("more than three octets of attribute identifiers"))?;
        let flags = u8::from(self.permit_joining_on)
            | u8::from(self.minimum_link_quality.is_some()) << 1
            | u8::from(self.response_percentage.is_some()) << 2
            | count << 3;
        writer.u8(flags, "enhanced beacon filter")?;
        for octet in [self.minimum_link_quality, self.response_percentage].into_iter().flatten() {
            writer.u8(octet, "enhanced beacon filter")?;
        }
        writer.put(&self.attributes, "attribute identifiers")
    }
}

fn typed_long(id: u8, content: &[u8]) -> Option<NestedElement> {
    let (sequence_id, details) = content.split_first().filter(|_| id == CHANNEL_HOPPING)?;
    Some(NestedElement::ChannelHopping { sequence_id: *sequence_id, details: details.to_vec() })
}

/// The typed element, if there is a type and it holds all of `content`.
fn typed_short(id: u8, content: &[u8]) -> Option<NestedElement> {
    let mut reader = Reader::new(content);
    let element = match id {
        TSCH_SYNCHRONIZATION => {
            let [a, b, c, d, e] = reader.array("absolute slot number").ok()?;
            let absolute_slot_number = u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]);
            NestedElement::TschSynchronization { absolute_slot_number, join_metric: reader.u8("join metric").ok()? }
        }
        TSCH_SLOTFRAME_AND_LINK => {
            let mut slotframes = Vec::new();
            for _ in 0..reader.u8("number of slotframes").ok()? {
                slotframes.push(Slotframe::parse(&mut reader).ok()?);
            }
            NestedElement::TschSlotframeAndLink(slotframes)
        }
        TSCH_TIMESLOT => {
            let id = reader.u8("timeslot ID").ok()?;
            let template = if reader.is_empty() { None } else { Some(TimeslotTemplate::parse(&mut reader).ok()?) };
            NestedElement::TschTimeslot { id, template }
        }
        ENHANCED_BEACON_FILTER => NestedElement::EnhancedBeaconFilter(BeaconFilter::parse(&mut reader).ok()?),
        _ => return None,
    };
    reader.is_empty().then_some(element)
}
