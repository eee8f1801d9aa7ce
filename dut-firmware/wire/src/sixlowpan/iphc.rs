//! The LOWPAN_IPHC encoding (RFC 6282 section 3.1): base octets, context identifiers and in-line fields.

use alloc::vec::Vec;

use super::{DestinationMode, Dispatch, SourceMode};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// An IPHC header with its fields still compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Iphc {
    /// TF, two bits: 3 elides traffic class and flow label, 2 the flow label, 1 the DSCP.
    pub traffic_mode: u8,
    /// Traffic class (in IPv6's bit order, DSCP above ECN).
    pub traffic_class: u8,
    /// Flow label, 20 bits.
    pub flow_label: u32,
    /// In-line next header; `None` if a next header compression octet follows (NH = 1).
    pub next_header: Option<u8>,
    /// HLIM, two bits: 0 in-line, else 1, 64 or 255.
    pub hop_limit_mode: u8,
    /// Hop limit.
    pub hop_limit: u8,
    /// CID: the context identifier octet is present.
    pub context_extension: bool,
    /// Source context identifier, 0 without the extension.
    pub source_context: u8,
    /// Destination context identifier, 0 without the extension.
    pub destination_context: u8,
    /// SAC and SAM.
    pub source_mode: SourceMode,
    /// M, DAC and DAM.
    pub destination_mode: DestinationMode,
    /// In-line octets of the source address.
    pub source: Vec<u8>,
    /// In-line octets of the destination address.
    pub destination: Vec<u8>,
}

impl Iphc {
    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        2 + usize::from(self.context_extension)
            + traffic_len(self.traffic_mode)
            + usize::from(self.next_header.is_some())
            + usize::from(self.hop_limit_mode & 3 == 0)
            + self.source.len()
            + self.destination.len()
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let first = reader.u8("IPHC")?;
        if Dispatch::of(first) != Dispatch::Iphc {
            return Err(Error::Malformed("dispatch is not IPHC"));
        }
        let second = reader.u8("IPHC")?;
        let context_extension = second & 0x80 != 0;
        let contexts = if context_extension { reader.u8("context identifier extension")? } else { 0 };
        let traffic_mode = first >> 3 & 3;
        let traffic = reader.take(traffic_len(traffic_mode), "traffic class and flow label")?;
        let (traffic_class, flow_label) = parse_traffic(traffic_mode, traffic);
        let next_header = if first & 4 == 0 { Some(reader.u8("next header")?) } else { None };
        let hop_limit_mode = first & 3;
        let hop_limit = match hop_limit_mode {
            0 => reader.u8("hop limit")?,
            1 => 1,
            2 => 64,
            _ => 255,
        };
        let source_mode = SourceMode { stateful: second & 0x40 != 0, mode: second >> 4 & 3 };
        let destination_mode =
            DestinationMode { multicast: second & 0x08 != 0, stateful: second & 0x04 != 0, mode: second & 3 };
        let source = reader.take(source_mode.inline_len(), "source address")?.to_vec();
        let destination = reader.take(destination_mode.inline_len(), "destination address")?.to_vec();
        Ok(Self {
            traffic_mode,
            traffic_class,
            flow_label,
            next_header,
            hop_limit_mode,
            hop_limit,
            context_extension,
            source_context: contexts >> 4,
            destination_context: contexts & 0xf,
            source_mode,
            destination_mode,
            source,
            destination,
        })
    }

    /// Writes the header.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.source.len() != self.source_mode.inline_len()
            || self.destination.len() != self.destination_mode.inline_len()
        {
            return Err(Error::Malformed("in-line address does not fit its mode"));
        }
        let no_next_header = u8::from(self.next_header.is_none());
        writer.u8(0x60 | (self.traffic_mode & 3) << 3 | no_next_header << 2 | self.hop_limit_mode & 3, "IPHC")?;
        writer.u8(
            u8::from(self.context_extension) << 7
                | u8::from(self.source_mode.stateful) << 6
                | (self.source_mode.mode & 3) << 4
                | u8::from(self.destination_mode.multicast) << 3
                | u8::from(self.destination_mode.stateful) << 2
                | self.destination_mode.mode & 3,
            "IPHC",
        )?;
        if self.context_extension {
            writer.u8(self.source_context << 4 | self.destination_context & 0xf, "context identifier extension")?;
        }
        // ECN moves in front of DSCP (section 3.2.1).
        let ecn_first = self.traffic_class.rotate_right(2);
        let [_, flow_high, flow_mid, flow_low] = self.flow_label.to_be_bytes();
        let what = "traffic class and flow label";
        match self.traffic_mode & 3 {
            0 => writer.put(&[ecn_first, flow_high & 0xf, flow_mid, flow_low], what)?,
            1 => writer.put(&[ecn_first & 0xc0 | flow_high & 0xf, flow_mid, flow_low], what)?,
            2 => writer.put(&[ecn_first], what)?,
            _ => {}
        }
        if let Some(next_header) = self.next_header {
            writer.u8(next_header, "next header")?;
        }
        if self.hop_limit_mode & 3 == 0 {
            writer.u8(self.hop_limit, "hop limit")?;
        }
        writer.put(&self.source, "source address")?;
        writer.put(&self.destination, "destination address")
    }
}

/// Octets in-line for a TF value.
fn traffic_len(mode: u8) -> usize {
    match mode & 3 {
        0 => 4,
        1 => 3,
        2 => 1,
        _ => 0,
    }
}

/// Traffic class and flow label from the in-line octets.
fn parse_traffic(mode: u8, inline: &[u8]) -> (u8, u32) {
    match (mode & 3, inline) {
        (0, &[class, high, mid, low]) => (class.rotate_left(2), u32::from_be_bytes([0, high & 0xf, mid, low])),
        (1, &[high, mid, low]) => (high >> 6, u32::from_be_bytes([0, high & 0xf, mid, low])),
        (2, &[class]) => (class.rotate_left(2), 0),
        _ => (0, 0),
    }
}
