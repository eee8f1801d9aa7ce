//! How a dissection keeps its fields: small copies and ranges, nothing that is allocated per field.

use core::ops;

/// A range of octets: 32 bits are more than any frame, datagram or line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Range {
    start: u32,
    length: u32,
}

impl Range {
    /// `length` octets from `start` on.
    pub(super) fn new(start: usize, length: usize) -> Self {
        // What does not fit points behind every buffer: there is nothing to read there.
        let narrow = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { start: narrow(start), length: narrow(length) }
    }

    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    pub(super) fn length(self) -> usize {
        self.length as usize
    }

    pub(super) fn usizes(self) -> ops::Range<usize> {
        self.start()..self.start().saturating_add(self.length())
    }
}

/// The name of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// One of the table.
    Known(&'static str),
    /// One of the open namespace `ut.*`: a range of the dissection's texts.
    Open(Range),
}

/// A value before it is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repr {
    /// An integer or a boolean.
    Number(u64),
    /// The octets of the field in hex digits.
    Hex,
    /// The same with a colon between octets.
    Colons,
    /// An EUI-64 in canonical order.
    Eui64([u8; 8]),
    /// An IPv6 address.
    Ipv6([u8; 16]),
    /// A range of the dissection's texts.
    Text(Range),
}

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) value: Repr,
    /// Index of a buffer.
    pub(super) buffer: u16,
    /// The octets in that buffer.
    pub(super) range: Range,
}

/// A layer and the index of its first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LayerRecord {
    pub(super) name: &'static str,
    pub(super) first_record: usize,
}

/// A buffer: a range of the dissection's octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BufferRecord {
    pub(super) name: &'static str,
    pub(super) range: Range,
}
