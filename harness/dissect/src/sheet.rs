//! A dissection in the making, and a cursor that turns octets into fields of it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::model::{Dissection, Note, NoteKind, QUOTED, Value};
use super::record::{BufferRecord, LayerRecord, Name, Range, Record, Repr};
use super::render;
use wire::ipv6::Ipv6Addr;
use wire::reader::Reader;
use wire::{Error, Eui64, Result};

/// Where a field was read.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) buffer: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

impl Span {
    /// Of what was not read from octets.
    pub(super) const NOWHERE: Self = Self { buffer: 0, offset: 0, length: 0 };
}

/// Packets inside packets that are dissected.
const DEEPEST_QUOTE: u8 = 8;

/// Collects layers, fields and notes.
pub(super) struct Sheet<'d> {
    pub(super) dissection: &'d mut Dissection,
    /// How many packets inside packets the octets at hand are quoted in.
    quoting: u8,
    /// Whether the capture has less of what is being read than there was.
    is_cut: bool,
    /// Whether a part of the packet's addresses was compressed with contexts that nobody told.
    addresses_unknown: bool,
}

impl<'d> Sheet<'d> {
    /// A dissection of `bytes` in the place of `used`.
    pub(super) fn new(used: &'d mut Dissection, number: u64, bytes: &[u8]) -> Self {
        used.sources.clear();
        used.sources.push(number);
        used.notes.clear();
        used.link_source = None;
        used.link_destination = None;
        used.layers.clear();
        used.records.clear();
        used.buffers.clear();
        used.octets.clear();
        used.texts.clear();
        let mut sheet = Self { dissection: used, quoting: 0, is_cut: false, addresses_unknown: false };
        sheet.buffer("frame", bytes);
        sheet
    }

    /// Notes that the packet had `original` octets, of which the capture has `captured`: nothing that ends too early is
    /// held against it.
    pub(super) fn cut(&mut self, captured: usize, original: usize) {
        self.is_cut = true;
        self.note(NoteKind::Cut, format!("cut to {captured} of {original} octets by the capture"));
    }

    /// What is read from now on is at this cursor: if nothing of it was cut, it can be judged though the packet was cut.
    pub(super) fn enter(&mut self, cursor: &Cursor<'_>) {
        // What is quoted may lack octets that nobody cut.
        if !self.is_quoting() {
            self.is_cut = cursor.is_cut();
        }
    }

    /// Adds octets that were not in the frame as such; its index.
    pub(super) fn buffer(&mut self, name: &'static str, bytes: &[u8]) -> usize {
        let range = Range::new(self.dissection.octets.len(), bytes.len());
        self.dissection.octets.extend_from_slice(bytes);
        self.dissection.buffers.push(BufferRecord { name, range });
        self.dissection.buffers.len().saturating_sub(1)
    }

    /// Starts a layer; fields go there from now on. Layers of a quoted packet are all one, [`QUOTED`].
    pub(super) fn layer(&mut self, name: &'static str) {
        if self.quoting > 0 {
            return;
        }
        self.dissection.layers.push(LayerRecord { name, first_record: self.dissection.records.len() });
    }

    /// Starts the layer of a packet inside a packet, unless there are too many inside each other already.
    pub(super) fn start_quote(&mut self) -> bool {
        self.layer(QUOTED);
        let starts = self.quoting < DEEPEST_QUOTE;
        self.quoting = self.quoting.saturating_add(starts.into());
        starts
    }

    /// Ends what [`Self::start_quote`] started.
    pub(super) fn end_quote(&mut self) {
        self.quoting = self.quoting.saturating_sub(1);
    }

    /// Whether the octets at hand are those of a packet inside a packet: nobody sent them to be acted on, and there may
    /// be octets missing.
    pub(super) fn is_quoting(&self) -> bool {
        self.quoting > 0
    }

    /// A part of the packet's addresses is not known.
    pub(super) fn set_addresses_unknown(&mut self) {
        self.addresses_unknown = true;
    }

    /// Whether it cannot be told if what covers the addresses, as checksums do, is right.
    pub(super) fn are_addresses_unknown(&self) -> bool {
        self.addresses_unknown
    }

    fn push(&mut self, name: Name, value: Repr, span: Span) {
        let buffer = u16::try_from(span.buffer).unwrap_or(u16::MAX);
        let range = Range::new(span.offset, span.length);
        self.dissection.records.push(Record { name, value, buffer, range });
    }

    fn keep(&mut self, text: &str) -> Range {
        let range = Range::new(self.dissection.texts.len(), text.len());
        self.dissection.texts.push_str(text);
        range
    }

    /// A field whose value was rendered before; the others cost less.
    #[allow(dead_code, reason = "for layers whose values are of either kind")]
    pub(super) fn field(&mut self, name: &'static str, value: Value, span: Span) {
        match value {
            Value::Number(number) => self.number(name, number, span),
            Value::Text(text) => self.text(name, text, span),
        }
    }

    pub(super) fn number(&mut self, name: &'static str, value: impl Into<u64>, span: Span) {
        self.push(Name::Known(name), Repr::Number(value.into()), span);
    }

    pub(super) fn text(&mut self, name: &'static str, value: impl AsRef<str>, span: Span) {
        let range = self.keep(value.as_ref());
        self.push(Name::Known(name), Repr::Text(range), span);
    }

    /// Bit fields of `value`: a name and a mask each.
    pub(super) fn bits(&mut self, value: u64, fields: &[(&'static str, u64)], span: Span) {
        for (name, mask) in fields {
            self.number(name, (value & mask) >> mask.trailing_zeros(), span);
        }
    }

    /// The octets of the span as hex digits.
    pub(super) fn hex(&mut self, name: &'static str, span: Span) {
        self.push(Name::Known(name), Repr::Hex, span);
    }

    /// The octets of the span as hex digits with colons between octets.
    pub(super) fn colons(&mut self, name: &'static str, span: Span) {
        self.push(Name::Known(name), Repr::Colons, span);
    }

    /// An EUI-64.
    pub(super) fn eui64(&mut self, name: &'static str, value: Eui64, span: Span) {
        self.push(Name::Known(name), Repr::Eui64(value.0), span);
    }

    /// An IPv6 address.
    pub(super) fn ipv6(&mut self, name: &'static str, value: Ipv6Addr, span: Span) {
        self.push(Name::Known(name), Repr::Ipv6(value.octets()), span);
    }

    /// A field `ut.KEY` with its occurrences, unless there is one.
    pub(super) fn open_each<'a>(&mut self, key: &str, values: impl Iterator<Item = &'a str>) {
        let start = self.dissection.texts.len();
        self.dissection.texts.push_str("ut.");
        self.dissection.texts.push_str(key);
        let name = Range::new(start, self.dissection.texts.len().saturating_sub(start));
        let text = self.dissection.texts.get(name.usizes()).unwrap_or_default();
        if self.dissection.field(text).is_some() {
            return;
        }
        for value in values {
            let value = self.keep(value);
            self.push(Name::Open(name), Repr::Text(value), Span::NOWHERE);
        }
    }

    pub(super) fn note(&mut self, kind: NoteKind, text: impl Into<Cow<'static, str>>) {
        let layer = self.dissection.layers.last().map_or("frame", |layer| layer.name);
        if self.is_cut && kind == NoteKind::Malformed {
            // The octets that would tell may be the missing ones.
            let text: Cow<'static, str> = text.into();
            return self.note_on(layer, NoteKind::Cut, format!("cannot be judged, as the capture cut it: {text}"));
        }
        self.note_on(layer, kind, text);
    }

    /// A note on a layer that is not there.
    pub(super) fn note_on(&mut self, layer: &'static str, kind: NoteKind, text: impl Into<Cow<'static, str>>) {
        self.dissection.notes.push(Note { kind, layer, text: text.into() });
    }

    /// Notes why the topmost layer could not be finished.
    pub(super) fn error(&mut self, error: Error) {
        let kind = match error {
            // The note on the cut says why.
            Error::Truncated(_) if self.is_cut => return,
            Error::Unsupported(_) => NoteKind::Unsupported,
            _ => NoteKind::Malformed,
        };
        self.note(kind, error.to_string());
    }

    /// Sets `link.secured`, which the lowest layer holds.
    pub(super) fn set_secured(&mut self, secured: bool) {
        for record in self.dissection.records.iter_mut().filter(|record| record.name == Name::Known("link.secured")) {
            record.value = Repr::Number(secured.into());
        }
    }
}

/// Reads octets of one buffer and makes fields of them.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    reader: Reader<'a>,
    buffer: usize,
    base: usize,
    /// Octets that were there but were not captured, behind those that are here.
    missing: usize,
}

impl<'a> Cursor<'a> {
    /// `bytes` lie in `buffer` from `base` on, and none is missing behind them.
    pub(super) fn new(bytes: &'a [u8], buffer: usize, base: usize) -> Self {
        Self { reader: Reader::new(bytes), buffer, base, missing: 0 }
    }

    /// The same octets, behind which the capture lacks `missing` more.
    pub(super) fn lacking(self, missing: usize) -> Self {
        Self { missing, ..self }
    }

    /// Octets that the capture lacks behind [`Self::rest`].
    pub(super) fn missing(&self) -> usize {
        self.missing
    }

    /// Octets that there were from here on, captured or not: what a length decides, this does.
    pub(super) fn len(&self) -> usize {
        self.rest().len().saturating_add(self.missing)
    }

    /// Whether what is here is not all that there was.
    pub(super) fn is_cut(&self) -> bool {
        self.missing > 0
    }

    pub(super) fn buffer(&self) -> usize {
        self.buffer
    }

    /// The offset of the next octet in the buffer.
    pub(super) fn offset(&self) -> usize {
        self.base.saturating_add(self.reader.offset())
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// The next `length` octets, not consumed: where they lie.
    pub(super) fn ahead(&self, length: usize) -> Span {
        Span { buffer: self.buffer, offset: self.offset(), length }
    }

    /// The last `length` octets: where they lie.
    pub(super) fn behind(&self, length: usize) -> Span {
        Span { buffer: self.buffer, offset: self.offset().saturating_sub(length), length }
    }

    pub(super) fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8]> {
        self.reader.take(length, what)
    }

    /// A cursor over the next `length` octets, which are consumed here; over as many as were captured, if the capture cut
    /// them.
    pub(super) fn sub(&mut self, length: usize, what: &'static str) -> Result<Cursor<'a>> {
        let base = self.offset();
        let lacking = length.saturating_sub(self.rest().len());
        let Some(missing) = self.missing.checked_sub(lacking) else { return Err(Error::Truncated(what)) };
        let bytes = self.reader.take(length.saturating_sub(lacking), what)?;
        self.missing = missing;
        Ok(Cursor { reader: Reader::new(bytes), buffer: self.buffer, base, missing: lacking })
    }

    /// A big-endian integer of `octets` octets, without a field.
    pub(super) fn read_uint(&mut self, octets: usize, what: &'static str) -> Result<u64> {
        Ok(self.reader.take(octets, what)?.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
    }

    /// A big-endian integer field of `octets` octets.
    pub(super) fn uint(&mut self, sheet: &mut Sheet, name: &'static str, octets: usize) -> Result<u64> {
        let value = self.read_uint(octets, name)?;
        sheet.number(name, value, self.behind(octets));
        Ok(value)
    }

    /// A little-endian integer field of `octets` octets.
    pub(super) fn uint_le(&mut self, sheet: &mut Sheet, name: &'static str, octets: usize) -> Result<u64> {
        let taken = self.reader.take(octets, name)?;
        let value = taken.iter().rev().fold(0, |sum, octet| sum << 8 | u64::from(*octet));
        sheet.number(name, value, self.behind(octets));
        Ok(value)
    }

    /// An octet string field.
    pub(super) fn bytes(&mut self, sheet: &mut Sheet, name: &'static str, length: usize) -> Result<&'a [u8]> {
        let taken = self.reader.take(length, name)?;
        sheet.hex(name, self.behind(length));
        Ok(taken)
    }

    /// An EUI-64 in canonical order.
    pub(super) fn eui64(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Eui64> {
        let eui64 = Eui64(self.reader.array(name)?);
        sheet.eui64(name, eui64, self.behind(8));
        Ok(eui64)
    }

    /// An EUI-64 in the order of a MAC header.
    pub(super) fn eui64_le(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Eui64> {
        let eui64 = Eui64::from_mac_order(self.reader.array(name)?);
        sheet.eui64(name, eui64, self.behind(8));
        Ok(eui64)
    }

    pub(super) fn ipv6(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Ipv6Addr> {
        let address = Ipv6Addr::from(self.reader.array::<16>(name)?);
        sheet.ipv6(name, address, self.behind(16));
        Ok(address)
    }
}

/// Lower-case hex digits without separators; [`Sheet::hex`] costs less.
#[allow(dead_code, reason = "for layers whose values lie in no buffer")]
pub(super) fn hex(bytes: &[u8]) -> String {
    rendered(|output| render::hex(output, bytes))
}

/// Hex digits with colons between octets; [`Sheet::colons`] costs less.
#[allow(dead_code, reason = "for layers whose values lie in no buffer")]
pub(super) fn colons(bytes: &[u8]) -> String {
    rendered(|output| render::colons(output, bytes))
}

/// As Wireshark prints one; [`Sheet::eui64`] costs less.
#[allow(dead_code, reason = "for layers whose values lie in no buffer")]
pub(super) fn eui64_text(eui64: Eui64) -> String {
    colons(&eui64.0)
}

fn rendered(render: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut text = Vec::new();
    render(&mut text);
    String::from_utf8(text).unwrap_or_default()
}
