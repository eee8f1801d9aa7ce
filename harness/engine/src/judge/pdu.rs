//! A protocol data unit as the judge sees it: every field of it, and the events that it was made of.

use std::borrow::Cow;

use dissect::{NoteKind, Value};
use suites::plan::Point;

/// A protocol data unit as it was seen at a point of observation.
#[derive(Debug, Clone)]
pub struct Pdu {
    /// Numbers of all events that it was made of, ascending; the last completed it.
    pub events: Vec<u64>,
    /// Nanoseconds since the case began at which it was complete.
    pub time: u64,
    /// Where it was seen.
    pub point: Point,
    /// Link-layer sender, backbone port or upper tester's board, by name where the case knows one.
    pub from: Option<String>,
    /// Link-layer receiver or backbone port.
    pub to: Option<String>,
    /// Who made the IPv6 packet, by name where the case knows one.
    pub origin: Option<String>,
    /// Every field in order of the layers.
    pub fields: Vec<(Cow<'static, str>, Value)>,
    /// Names of the layers, outermost first.
    pub layers: Vec<&'static str>,
    /// Where the fields of each layer begin in `fields`.
    pub layer_starts: Vec<usize>,
    /// Names of every message that it is, most specific last.
    pub messages: Vec<&'static str>,
    /// A MAC-layer repetition of a frame that was already seen, while its sender may repeat it and without a restart of it
    /// between: the same PDU, not another.
    pub retransmission: bool,
    /// A tester machine made it wrong on purpose: why.
    pub wrong_on_purpose: Option<String>,
    /// What kinds of remarks the dissector made.
    pub note_kinds: Vec<NoteKind>,
    /// What the dissector remarked (malformed, undecryptable, ...).
    pub notes: Vec<String>,
}

impl Pdu {
    /// Every value of the named field.
    pub fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Value> {
        self.fields.iter().filter(move |(name, _)| name == field).map(|(_, value)| value)
    }

    /// The fields of the layer of this number.
    pub fn fields_of(&self, layer: usize) -> &[(Cow<'static, str>, Value)] {
        let start = self.layer_starts.get(layer).copied().unwrap_or(self.fields.len());
        let end = self.layer_starts.get(layer + 1).copied().unwrap_or(self.fields.len());
        self.fields.get(start..end).unwrap_or_default()
    }

    /// The fields of what was sent here: without those of what an ICMPv6 message quotes.
    pub fn sent_fields(&self) -> &[(Cow<'static, str>, Value)] {
        let quoted = self.layers.iter().position(|layer| *layer == "quoted");
        let end = quoted.and_then(|layer| self.layer_starts.get(layer).copied()).unwrap_or(self.fields.len());
        self.fields.get(..end).unwrap_or_default()
    }

    /// The first value of the named field, if that is a number.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.values(field).next()?.number()
    }

    /// The first value of the named field, if that is a text.
    pub fn text<'a>(&'a self, field: &'a str) -> Option<&'a str> {
        self.values(field).next()?.text()
    }

    /// Whether the link layer secured it.
    pub fn secured(&self) -> bool {
        self.values("link.secured").any(|value| matches!(value, Value::Number(1)))
    }

    /// The event that completed it.
    pub fn completed(&self) -> u64 {
        self.events.last().copied().unwrap_or_default()
    }
}
