//! What a message and the fields of a layer are to who crafts and changes them. `messages` has a file of them for each protocol.

use std::net::Ipv6Addr;

use wire::Eui64;
use wire::ipv6::ALL_NODES;

use super::draft::Draft;
use super::icmpv6_body::Layout;
use super::{CounterState, CraftError, CraftRequest, Value};

/// A UDP port and what payloads to it must be.
pub(crate) type WellFormed = (u16, fn(&[u8]) -> wire::Result<()>);

/// Fields that come together.
pub(crate) struct Layer {
    /// Their names.
    pub(crate) fields: &'static [&'static str],
    /// Whether they say where other fields lie or what those mean: they are set after those.
    pub(crate) is_outer: bool,
    /// Who has written them by the time that a rule changes them, if that is too late for what they say to be true.
    pub(crate) written_by: Option<&'static str>,
    /// What a field holds; `None`: absent.
    pub(crate) get: fn(&Draft, &str) -> Option<Value>,
    /// Sets a field of the message of this name; `false`: the draft has no such field.
    pub(crate) set: fn(&mut Draft, &str, &str, &Value) -> Result<bool, CraftError>,
    /// UDP payloads to this port must be such.
    pub(crate) well_formed: Option<WellFormed>,
}

impl Layer {
    /// No fields: for what a layer does not say.
    pub(crate) const NONE: Self = Self {
        fields: &[],
        is_outer: false,
        written_by: None,
        get: |_, _| None,
        set: |_, _, _, _| Ok(false),
        well_formed: None,
    };
}

/// A message that can be crafted, changed, or both.
pub(crate) struct Message {
    /// Its name in the dissector's table.
    pub(crate) name: &'static str,
    /// Above the link layer, outermost first.
    pub(crate) layers: &'static [&'static Layer],
    /// What it looks like when nothing is overridden.
    pub(crate) natural: Natural,
    /// Whether a draft is one.
    pub(crate) is: fn(&Draft) -> bool,
    /// Whom one to a neighbour or to all nodes is for, if that is always the same.
    pub(crate) always_to: Option<Ipv6Addr>,
    /// The group that one to all nodes goes to.
    pub(crate) group: Ipv6Addr,
    /// Of an ICMPv6 message: which fields its body has.
    pub(crate) layout: Option<&'static Layout>,
    /// Whether a machine at the backbone sends it so that rules can change it outside of the machine.
    pub(crate) is_readable: bool,
    /// Where its first bit lies.
    pub(crate) begins: Begins,
}

impl Message {
    /// What no draft is: for what a message does not say.
    pub(crate) const NONE: Self = Self {
        name: "",
        layers: &[],
        natural: Natural::Nothing,
        is: |_| false,
        always_to: None,
        group: ALL_NODES,
        layout: None,
        is_readable: false,
        begins: Begins::Upper,
    };

    /// The fields above the link layer.
    pub(crate) fn fields(&self) -> Vec<&'static str> {
        self.layers.iter().flat_map(|layer| layer.fields).copied().collect()
    }

    /// Whether it can be crafted.
    pub(crate) const fn can_be_crafted(&self) -> bool {
        !matches!(self.natural, Natural::Nothing)
    }
}

/// How a message is crafted.
#[derive(Clone, Copy)]
pub(crate) enum Natural {
    /// As an IPv6 packet.
    Packet(fn(&mut Making<'_>) -> Result<Draft, CraftError>),
    /// As a MAC payload of octets that the case says.
    Payload,
    /// Not at all: it is only recognized in what a machine sends.
    Nothing,
}

/// Where the first bit of a message lies.
#[derive(Clone, Copy)]
pub(crate) enum Begins {
    /// At the first octet of the packet.
    Packet,
    /// Behind the IPv6 header.
    Upper,
    /// That many octets into the UDP payload, whose checksum is computed after it is changed.
    Payload(fn(&[u8], &str) -> Option<usize>),
}

/// What a natural message is made of.
pub(crate) struct Making<'a> {
    pub(crate) request: &'a CraftRequest,
    pub(crate) counters: &'a mut CounterState,
    /// Of the packet: as the destination has it, link-local or of the mesh.
    pub(crate) from: Ipv6Addr,
    pub(crate) to: Ipv6Addr,
}

impl Making<'_> {
    /// Who sends.
    pub(crate) fn source(&self) -> Eui64 {
        self.request.source
    }

    /// A number that the sender has not used yet: a CoAP message ID, an echo sequence number.
    pub(crate) fn next_message_id(&mut self) -> u16 {
        self.counters.next_message_id(self.request.source)
    }
}
