//! A protocol data unit as the judge sees it: every field of it, and the events that it was made of.

use std::borrow::Cow;

use dissect::{Dissection, Layer, NoteKind, Value};
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
    /// What a dissection of event `number` at `time` (nanoseconds) says; whose it is the caller knows.
    pub(crate) fn of(number: u64, time: u64, point: Point, dissection: &Dissection) -> Self {
        let mut events = dissection.sources.clone();
        if !events.contains(&number) {
            events.push(number);
        }
        events.sort_unstable();
        // Nobody who lacks the context can read the packet: it is shown, but it is no message that was sent to anybody.
        let is_readable = !dissection.has_note(NoteKind::UnknownContext);
        let mut count = 0;
        let begins = |layer: Layer<'_>| {
            let start = count;
            count += layer.all_fields().count();
            start
        };
        let layer_starts = dissection.layers().map(begins).collect();
        Self {
            layer_starts,
            events,
            time,
            point,
            from: None,
            to: None,
            origin: None,
            fields: dissection
                .all_fields()
                .map(|field| {
                    (field.known_name().map_or_else(|| field.name().to_owned().into(), Cow::Borrowed), field.value())
                })
                .collect(),
            layers: dissection.layers().map(|layer| layer.name).collect(),
            messages: dissection
                .messages()
                .filter(|message| is_readable || message.layer == "wpan")
                .map(|message| message.name)
                .collect(),
            retransmission: dissection.has_note(NoteKind::Retransmission),
            wrong_on_purpose: None,
            note_kinds: dissection.notes.iter().map(|note| note.kind).collect(),
            notes: dissection.notes.iter().map(|note| format!("{}: {}", note.layer, note.text)).collect(),
        }
    }

    /// Every value of the named field.
    pub fn values<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Value> {
        self.fields.iter().filter(move |(name, _)| name == field).map(|(_, value)| value)
    }

    /// Leaves out what stands below the layer of this name, if there is one.
    pub(crate) fn begin_at(&mut self, layer: &str) {
        let Some(first) = self.layers.iter().position(|name| *name == layer) else { return };
        let start = self.layer_starts.get(first).copied().unwrap_or_default();
        self.layers.drain(..first);
        self.layer_starts.drain(..first);
        self.layer_starts.iter_mut().for_each(|begin| *begin -= start);
        self.fields.drain(..start);
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
