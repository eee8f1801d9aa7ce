//! Routing metrics and constraints: the objects of a DAG metric container (RFC 6551 sections 2.1, 3, 4).

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// What an object is about (RFC 6551 section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MetricKind(pub u8);

impl MetricKind {
    /// Node state and attribute.
    pub const NODE_STATE_AND_ATTRIBUTE: Self = Self(1);
    /// Node energy.
    pub const NODE_ENERGY: Self = Self(2);
    /// Hop count.
    pub const HOP_COUNT: Self = Self(3);
    /// Link throughput.
    pub const LINK_THROUGHPUT: Self = Self(4);
    /// Link latency.
    pub const LINK_LATENCY: Self = Self(5);
    /// Link quality level.
    pub const LINK_QUALITY_LEVEL: Self = Self(6);
    /// Expected transmission count, times 128.
    pub const ETX: Self = Self(7);
    /// Link color.
    pub const LINK_COLOR: Self = Self(8);
}

/// An object: its common header, and its body as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// What it is about.
    pub kind: MetricKind,
    /// P flag: a node on the path could not record its part.
    pub partial: bool,
    /// C flag: a constraint, not a metric.
    pub constraint: bool,
    /// O flag: the constraint is optional.
    pub optional: bool,
    /// R flag: the metric is recorded along the path, not aggregated.
    pub recorded: bool,
    /// A field, 0 to 7: 0 additive, 1 maximum, 2 minimum, 3 multiplicative.
    pub aggregation: u8,
    /// Prec field, 0 to 15: 0 is the highest.
    pub precedence: u8,
    /// The body; its layout depends on the kind.
    pub body: Vec<u8>,
}

impl Metric {
    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.body.len().saturating_add(4)
    }

    /// Reads an object; reserved flags are ignored.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let kind = MetricKind(reader.u8("Routing-MC-Type")?);
        let flags = reader.u16_be("metric flags")?;
        let length = reader.u8("metric length")?;
        Ok(Self {
            kind,
            partial: flags >> 10 & 1 == 1,
            constraint: flags >> 9 & 1 == 1,
            optional: flags >> 8 & 1 == 1,
            recorded: flags >> 7 & 1 == 1,
            aggregation: (flags >> 4 & 7) as u8,
            precedence: (flags & 0xf) as u8,
            body: reader.take(length.into(), "metric body")?.to_vec(),
        })
    }

    /// Writes the object.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.aggregation > 7 || self.precedence > 15 {
            return Err(Error::Malformed("aggregation above 7 or precedence above 15"));
        }
        let flags = u16::from(self.partial) << 10
            | u16::from(self.constraint) << 9
            | u16::from(self.optional) << 8
            | u16::from(self.recorded) << 7
            | u16::from(self.aggregation) << 4
            | u16::from(self.precedence);
        writer.u8(self.kind.0, "Routing-MC-Type")?;
        writer.u16_be(flags, "metric flags")?;
        let length = u8::try_from(self.body.len()).map_err(|_| Error::Malformed("metric body above 255 octets"))?;
        writer.u8(length, "metric length")?;
        writer.put(&self.body, "metric body")
    }
}
