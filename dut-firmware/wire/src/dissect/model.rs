//! What a dissection is: layers of fields over buffers of octets, with notes on what is wrong.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::messages;
use crate::ieee802154::LinkAddress;

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

/// A field of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, listed in [`super::FIELDS`]; owned only in the open namespace `ut.*`.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: Value,
    /// Index into [`Dissection::buffers`].
    pub buffer: usize,
    /// First octet in that buffer.
    pub offset: usize,
    /// Octets in that buffer; 0 for a derived field.
    pub length: usize,
}

/// A protocol layer. There is one `dtls` layer per record, else one per protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// `wpan`, `6lowpan`, `ipv6`, `udp`, `icmpv6`, `sel`, `dtls`, `coap` or `ut`.
    pub name: &'static str,
    /// Fields in the order of the octets; a name may occur more than once.
    pub fields: Vec<Field>,
}

impl Layer {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// All fields of this name.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name == name)
    }
}

/// Octets that fields point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    /// `frame` (the first one), `decrypted` (link layer), `decompressed`, `reassembled`, `handshake` (reassembled) or
    /// `dtls` (decrypted record).
    pub name: &'static str,
    /// The octets.
    pub bytes: Vec<u8>,
}

/// What kind of thing a [`Note`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// Octets that violate their specification; what follows them is not dissected.
    Malformed,
    /// Legal as far as can be seen but not dissected any deeper.
    Unsupported,
    /// The FCS is wrong; only the MAC header is dissected.
    BadFcs,
    /// A UDP or ICMPv6 checksum is wrong.
    BadChecksum,
    /// Protected, and no key fits by its identifier.
    NoKey,
    /// Protected, and the integrity code matches under no known key.
    WrongKey,
    /// A fragment of a datagram that is not complete yet.
    FragmentIncomplete,
    /// A fragment contradicts others of its datagram; those were dropped.
    FragmentConflict,
    /// The fragments of this datagram were not protected alike.
    MixedProtection,
    /// The same frame again: a MAC retry.
    Retransmission,
}

/// Something to know about a dissection that is no field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What kind.
    pub kind: NoteKind,
    /// The layer it is about.
    pub layer: &'static str,
    /// For a person.
    pub text: String,
}

/// One captured frame or packet, taken apart. The frame that completes a datagram holds all of that datagram.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dissection {
    /// Lowest first.
    pub layers: Vec<Layer>,
    /// What the fields point into; the first one is the frame.
    pub buffers: Vec<Buffer>,
    /// Numbers of all frames that the topmost PDU was made of, in ascending order.
    pub sources: Vec<u64>,
    /// What is wrong or incomplete.
    pub notes: Vec<Note>,
    pub(super) link_source: Option<LinkAddress>,
    pub(super) link_destination: Option<LinkAddress>,
}

impl Dissection {
    /// The first field of this name, in the lowest layer that has it.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.layers.iter().find_map(|layer| layer.field(name))
    }

    /// All fields of this name in all layers.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.layers.iter().flat_map(move |layer| layer.fields(name))
    }

    /// The number in the first field of this name.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.value.number()
    }

    /// The text in the first field of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.field(name)?.value.text()
    }

    /// The first layer of this name.
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }

    /// Whether there is a layer of this name.
    pub fn has_layer(&self, name: &str) -> bool {
        self.layer(name).is_some()
    }

    /// The layer that makes this the message `name` of [`super::MESSAGES`]: a record among several, say.
    pub fn message(&self, name: &str) -> Option<&Layer> {
        let message = messages::message(name)?;
        self.layers.iter().find(|layer| message.matches_layer(layer))
    }

    /// Whether this is, among others, the message `name` of [`super::MESSAGES`].
    pub fn is_message(&self, name: &str) -> bool {
        self.message(name).is_some()
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

    /// The octets that a field was read from; empty for a derived one.
    pub fn bytes_of(&self, field: &Field) -> &[u8] {
        let end = field.offset.saturating_add(field.length);
        self.buffers.get(field.buffer).and_then(|buffer| buffer.bytes.get(field.offset..end)).unwrap_or(&[])
    }
}
