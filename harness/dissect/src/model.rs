//! What a dissection is: layers of fields over buffers of octets, with notes on what is wrong.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::messages::{self, MESSAGES, MessageInfo};
use super::record::{BufferRecord, LayerRecord, Name, Record, Repr};
use super::render;
use wire::ieee802154::LinkAddress;

/// The layer of what an ICMPv6 error or a redirect quotes.
pub(super) const QUOTED: &str = "quoted";

/// The value of a field as `tshark -T fields` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Integers and booleans.
    Number(u64),
    /// Everything else.
    Text(String),
}

impl Value {
    /// The number, if it is one.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A field of a layer. Its value is rendered when it is asked for.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    dissection: &'a Dissection,
    record: &'a Record,
}

impl<'a> Field<'a> {
    /// Its name, listed in [`super::FIELDS`].
    pub fn name(self) -> &'a str {
        match self.record.name {
            Name::Known(name) => name,
            Name::Open(range) => self.dissection.texts.get(range.usizes()).unwrap_or_default(),
        }
    }

    /// Its name in the table; none for a field of the open namespace.
    pub fn known_name(self) -> Option<&'static str> {
        match self.record.name {
            Name::Known(name) => Some(name),
            Name::Open(_) => None,
        }
    }

    /// Its value.
    pub fn value(self) -> Value {
        match self.number() {
            Some(number) => Value::Number(number),
            None => Value::Text(self.rendered()),
        }
    }

    /// The number, if the value is one.
    pub fn number(self) -> Option<u64> {
        match self.record.value {
            Repr::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text, unless the value is a number.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self.record.value {
            Repr::Number(_) => None,
            Repr::Text(range) => Some(Cow::Borrowed(self.dissection.texts.get(range.usizes()).unwrap_or_default())),
            _ => Some(Cow::Owned(self.rendered())),
        }
    }

    /// Appends the value, number or text, in UTF-8: what [`fmt::Display`] writes, sooner.
    pub fn append_to(self, output: &mut Vec<u8>) {
        match &self.record.value {
            Repr::Number(number) => render::decimal(output, *number),
            Repr::Hex => render::hex(output, self.bytes()),
            Repr::Colons => render::colons(output, self.bytes()),
            Repr::Eui64(octets) => render::colons(output, octets),
            Repr::Ipv6(octets) => render::ipv6(output, octets),
            Repr::Text(range) => {
                output.extend_from_slice(self.dissection.texts.get(range.usizes()).unwrap_or_default().as_bytes());
            }
        }
    }

    /// Index of its buffer, for [`Dissection::buffer`].
    pub fn buffer(self) -> usize {
        self.record.buffer.into()
    }

    /// First octet in that buffer.
    pub fn offset(self) -> usize {
        self.record.range.start()
    }

    /// Octets in that buffer; 0 for a derived field.
    pub fn length(self) -> usize {
        self.record.range.length()
    }

    /// The octets that it was read from; empty for a derived one.
    pub fn bytes(self) -> &'a [u8] {
        let buffer = self.dissection.buffers.get(self.buffer());
        let bytes = buffer.and_then(|buffer| self.dissection.octets.get(buffer.range.usizes()));
        bytes.and_then(|bytes| bytes.get(self.record.range.usizes())).unwrap_or(&[])
    }

    fn rendered(self) -> String {
        let mut text = Vec::new();
        self.append_to(&mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {self} ({} octets at {}:{})", self.name(), self.length(), self.buffer(), self.offset())
    }
}

/// Names, values and positions are the same.
impl PartialEq for Field<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.name(), self.value(), self.buffer(), self.record.range)
            == (other.name(), other.value(), other.buffer(), other.record.range)
    }
}

impl Eq for Field<'_> {}

/// A protocol layer. There is one `dtls` layer per record, else one per protocol.
#[derive(Clone, Copy)]
pub struct Layer<'a> {
    /// Wireshark's name of the protocol: `eth`, `wpan-tap`, `wpan`, `6lowpan`, `ipv6`, `udp`, `dtls`, `coap`, `pana`, `eap`,
    /// `data` (decrypted, and nobody says what it is) and others; ours are `sel`, `ut` and, last of all, what
    /// an ICMPv6 message quotes: `quoted`, all of its layers in one.
    pub name: &'static str,
    dissection: &'a Dissection,
    records: &'a [Record],
}

impl MessageInfo {
    /// Whether `layer` is this message.
    pub fn matches_layer(&self, layer: &Layer<'_>) -> bool {
        let has = |(name, number): &(&str, u64)| layer.fields(name).any(|field| field.number() == Some(*number));
        layer.name == self.layer && self.matches.iter().all(has)
    }
}

impl<'a> Layer<'a> {
    /// Fields in the order of the octets; a name may occur more than once.
    pub fn all_fields(self) -> impl Iterator<Item = Field<'a>> {
        self.records.iter().map(move |record| Field { dissection: self.dissection, record })
    }

    /// The first field of this name.
    pub fn field(self, name: &str) -> Option<Field<'a>> {
        self.all_fields().find(|field| field.name() == name)
    }

    /// All fields of this name.
    pub fn fields(self, name: &str) -> impl Iterator<Item = Field<'a>> {
        self.all_fields().filter(move |field| field.name() == name)
    }
}

impl fmt::Debug for Layer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        f.debug_list().entries(self.all_fields()).finish()
    }
}

/// Octets that fields point into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer<'a> {
    /// `frame` (the first one), `decrypted` (link layer), `decompressed`, `reassembled`, `handshake` (reassembled),
    /// `dtls` (decrypted record), `blocks` (a body of CoAP) or `eap` (from the attributes of RADIUS).
    pub name: &'static str,
    /// The octets.
    pub bytes: &'a [u8],
}

/// What kind of thing a [`Note`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// Octets that violate their specification; what follows them is not dissected.
    Malformed,
    /// Legal as far as can be seen but not dissected any deeper.
    Unsupported,
    /// A value, or a length of it, that its specification does not define: receivers pass over what bears it.
    Unknown,
    /// The FCS is wrong; only the MAC header is dissected.
    BadFcs,
    /// A checksum of IPv4, UDP, ICMPv6 or HIP is wrong.
    BadChecksum,
    /// Protected, and what unsecures it was not given: a key by its identifier, or what the nonce is made of.
    NoKey,
    /// Protected, and the integrity code matches under no known key.
    WrongKey,
    /// A fragment of a datagram that is not complete yet.
    FragmentIncomplete,
    /// A part of the addresses is compressed with a 6LoWPAN context that nobody told: it is zero, and what covers the
    /// addresses is not verified. A receiver without that context cannot read the packet.
    UnknownContext,
    /// A fragment contradicts others of its datagram; those were dropped, unless it could not be taken at all.
    FragmentConflict,
    /// The fragments of this datagram were not protected alike.
    MixedProtection,
    /// The same frame again, while its sender may repeat it and without a restart between: a MAC retry, or a strobe.
    Retransmission,
    /// Taken for a protocol by its form, since nothing else tells.
    Heuristic,
    /// The capture has less of the packet than there was: what is not here is held against nobody, and what cannot be judged
    /// without it is told as such.
    Cut,
}

/// Something to know about a dissection that is no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// The layer it is about.
    pub layer: &'static str,
    /// For a person.
    pub text: Cow<'static, str>,
}

/// One captured frame or packet, taken apart. The frame that completes a datagram holds all of that datagram.
///
/// One value can take dissection after dissection ([`super::Dissector::frame_into`]): its memory is used again.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Dissection {
    /// Numbers of all frames that the topmost PDU was made of, in ascending order.
    pub sources: Vec<u64>,
    /// What is wrong or incomplete.
    pub notes: Vec<Note>,
    pub(super) link_source: Option<LinkAddress>,
    pub(super) link_destination: Option<LinkAddress>,
    /// Lowest first; the records of each begin where it says and end where the next layer's begin.
    pub(super) layers: Vec<LayerRecord>,
    pub(super) records: Vec<Record>,
    pub(super) buffers: Vec<BufferRecord>,
    /// What the buffers are ranges of.
    pub(super) octets: Vec<u8>,
    /// What values that are text are ranges of.
    pub(super) texts: String,
}

impl Dissection {
    /// The layers, lowest first.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = Layer<'_>> + ExactSizeIterator {
        self.layers.iter().enumerate().map(|(index, layer)| {
            let next = self.layers.get(index.saturating_add(1));
            let end = next.map_or(self.records.len(), |next| next.first_record);
            let records = self.records.get(layer.first_record..end).unwrap_or(&[]);
            Layer { name: layer.name, dissection: self, records }
        })
    }

    /// What the fields point into; the first one is the frame.
    pub fn buffers(&self) -> impl ExactSizeIterator<Item = Buffer<'_>> {
        self.buffers.iter().map(|buffer| {
            let bytes = self.octets.get(buffer.range.usizes()).unwrap_or(&[]);
            Buffer { name: buffer.name, bytes }
        })
    }

    /// The buffer of [`Field::buffer`].
    pub fn buffer(&self, index: usize) -> Option<Buffer<'_>> {
        self.buffers().nth(index)
    }

    /// Every field of every layer.
    pub fn all_fields(&self) -> impl Iterator<Item = Field<'_>> {
        self.records.iter().map(|record| Field { dissection: self, record })
    }

    /// The first field of this name, in the lowest layer that has it, but not in the layer `quoted`: what an ICMPv6 error
    /// or a redirect quotes was not sent here.
    pub fn field(&self, name: &str) -> Option<Field<'_>> {
        let records = match self.layers.last() {
            Some(layer) if layer.name == QUOTED => self.records.get(..layer.first_record).unwrap_or_default(),
            _ => &self.records,
        };
        records.iter().map(|record| Field { dissection: self, record }).find(|field| field.name() == name)
    }

    /// All fields of this name in all layers, `quoted` among them.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = Field<'_>> {
        self.all_fields().filter(move |field| field.name() == name)
    }

    /// The number in the first field of this name.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.number()
    }

    /// The text in the first field of this name.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.field(name)?.text()
    }

    /// The first layer of this name.
    pub fn layer(&self, name: &str) -> Option<Layer<'_>> {
        self.layers().find(|layer| layer.name == name)
    }

    /// Whether there is a layer of this name.
    pub fn has_layer(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| layer.name == name)
    }

    /// The layer that makes this the message `name` of [`super::MESSAGES`]: a record among several, say.
    pub fn message(&self, name: &str) -> Option<Layer<'_>> {
        let message = messages::message(name)?;
        self.layers().find(|layer| message.matches_layer(layer))
    }

    /// Whether this is, among others, the message `name` of [`super::MESSAGES`].
    pub fn is_message(&self, name: &str) -> bool {
        self.message(name).is_some()
    }

    /// All that this is of [`super::MESSAGES`], in their order.
    pub fn messages(&self) -> impl Iterator<Item = &'static MessageInfo> {
        MESSAGES.iter().filter(|message| self.layers().any(|layer| message.matches_layer(&layer)))
    }

    /// Link-layer source; `None` on the backbone and in frames without one.
    pub fn link_source(&self) -> Option<LinkAddress> {
        self.link_source
    }

    /// Link-layer destination; `None` on the backbone and in frames without one.
    pub fn link_destination(&self) -> Option<LinkAddress> {
        self.link_destination
    }

    /// Whether every frame of this was protected by link security and verified under a known key: `link.secured`.
    pub fn secured(&self) -> bool {
        self.number("link.secured") == Some(1)
    }

    /// Whether there is a note of this kind.
    pub fn has_note(&self, kind: NoteKind) -> bool {
        self.notes.iter().any(|note| note.kind == kind)
    }
}

impl fmt::Debug for Dissection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.layers()).entries(&self.notes).finish()
    }
}
