//! A dissection in the making, and a cursor that turns octets into fields of it.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::model::{Buffer, Dissection, Field, Layer, Note, NoteKind, Value};
use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::{Error, Eui64, Result};

/// Where a field was read.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) buffer: usize,
    pub(super) offset: usize,
    pub(super) length: usize,
}

/// Collects layers, fields and notes.
pub(super) struct Sheet {
    pub(super) dissection: Dissection,
}

impl Sheet {
    pub(super) fn new(number: u64, bytes: &[u8]) -> Self {
        let buffers = vec![Buffer { name: "frame", bytes: bytes.to_vec() }];
        Self { dissection: Dissection { buffers, sources: vec![number], ..Dissection::default() } }
    }

    /// Adds octets that were not in the frame as such; its index.
    pub(super) fn buffer(&mut self, name: &'static str, bytes: &[u8]) -> usize {
        self.dissection.buffers.push(Buffer { name, bytes: bytes.to_vec() });
        self.dissection.buffers.len().saturating_sub(1)
    }

    /// Starts a layer; fields go there from now on.
    pub(super) fn layer(&mut self, name: &'static str) {
        self.dissection.layers.push(Layer { name, fields: Vec::new() });
    }

    pub(super) fn field(&mut self, name: &'static str, value: Value, span: Span) {
        let Span { buffer, offset, length } = span;
        if let Some(layer) = self.dissection.layers.last_mut() {
            layer.fields.push(Field { name: Cow::Borrowed(name), value, buffer, offset, length });
        }
    }

    pub(super) fn number(&mut self, name: &'static str, value: impl Into<u64>, span: Span) {
        self.field(name, Value::Number(value.into()), span);
    }

    pub(super) fn text(&mut self, name: &'static str, value: impl Into<String>, span: Span) {
        self.field(name, Value::Text(value.into()), span);
    }

    pub(super) fn note(&mut self, kind: NoteKind, text: impl Into<String>) {
        let layer = self.dissection.layers.last().map_or("frame", |layer| layer.name);
        self.dissection.notes.push(Note { kind, layer, text: text.into() });
    }

    /// Notes why the topmost layer could not be finished.
    pub(super) fn error(&mut self, error: Error) {
        let kind = match error {
            Error::Unsupported(_) => NoteKind::Unsupported,
            _ => NoteKind::Malformed,
        };
        self.note(kind, error.to_string());
    }

    /// Sets `link.secured`, which the lowest layer holds.
    pub(super) fn set_secured(&mut self, secured: bool) {
        let fields = self.dissection.layers.iter_mut().flat_map(|layer| &mut layer.fields);
        for field in fields.filter(|field| field.name == "link.secured") {
            field.value = Value::Number(secured.into());
        }
    }
}

/// Reads octets of one buffer and makes fields of them.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    reader: Reader<'a>,
    buffer: usize,
    base: usize,
}

impl<'a> Cursor<'a> {
    /// `bytes` lie in `buffer` from `base` on.
    pub(super) fn new(bytes: &'a [u8], buffer: usize, base: usize) -> Self {
        Self { reader: Reader::new(bytes), buffer, base }
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

    /// A cursor over the next `length` octets, which are consumed here.
    pub(super) fn sub(&mut self, length: usize, what: &'static str) -> Result<Cursor<'a>> {
        let base = self.offset();
        Ok(Cursor { reader: Reader::new(self.reader.take(length, what)?), buffer: self.buffer, base })
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
        sheet.text(name, hex(taken), self.behind(length));
        Ok(taken)
    }

    /// An EUI-64 in canonical order.
    pub(super) fn eui64(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Eui64> {
        let eui64 = Eui64(self.reader.array(name)?);
        sheet.text(name, eui64_text(eui64), self.behind(8));
        Ok(eui64)
    }

    /// An EUI-64 in the order of a MAC header.
    pub(super) fn eui64_le(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Eui64> {
        let eui64 = Eui64::from_mac_order(self.reader.array(name)?);
        sheet.text(name, eui64_text(eui64), self.behind(8));
        Ok(eui64)
    }

    pub(super) fn ipv6(&mut self, sheet: &mut Sheet, name: &'static str) -> Result<Ipv6Addr> {
        let address = Ipv6Addr::from(self.reader.array::<16>(name)?);
        sheet.text(name, address.to_string(), self.behind(16));
        Ok(address)
    }
}

/// Lower-case hex digits without separators.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len().saturating_mul(2)), |mut text, octet| {
        // Writing to a string does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// As Wireshark prints one.
pub(super) fn eui64_text(eui64: Eui64) -> String {
    colons(&eui64.0)
}

/// Hex digits with colons between octets.
pub(super) fn colons(bytes: &[u8]) -> String {
    let octets: Vec<String> = bytes.iter().map(|octet| format!("{octet:02x}")).collect();
    octets.join(":")
}
