//! What is to be crafted, and what comes out.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use wire::Eui64;

/// One message to be crafted.
///
/// `message` is one of [`super::MESSAGES`]. `overrides` maps field names to values; each is applied at its layer before
/// protection, and lengths, checksums and integrity codes are recomputed unless they are overridden themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CraftRequest {
    /// Message name.
    pub message: String,
    /// Who sends: link-layer source, and the IPv6 source derived from it.
    pub source: Eui64,
    /// To whom.
    pub destination: Destination,
    /// PAN identifier of the network.
    pub pan_id: u16,
    /// Link-layer security; `None`: a plain frame.
    pub protection: Option<Protection>,
    /// Fields set to other than their natural values.
    pub overrides: BTreeMap<String, Value>,
}

/// Link-layer and IPv6 destination of a crafted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// A neighbour: its link-local address at its extended address. A JSR goes to the commissioning tool's address by
    /// way of this neighbour.
    Neighbour(Eui64),
    /// All nodes on the link (`ff02::1`), broadcast at the link layer.
    AllNodes,
    /// Any address; multicast is broadcast at the link layer.
    Address {
        /// IPv6 destination.
        address: Ipv6Addr,
        /// Link-layer destination of a unicast; `None`: the EUI-64 in the interface identifier.
        next_hop: Option<Eui64>,
    },
}

/// Link-layer security of a crafted frame, key identifier mode 1.
#[derive(Clone, PartialEq, Eq)]
pub struct Protection {
    /// Security level, 1 to 7.
    pub level: u8,
    /// Link key.
    pub key: [u8; 16],
    /// Key index.
    pub index: u8,
    /// Frame counter of the first frame; `None`: the sender's next one from [`CounterState`], which goes on above any that
    /// was set by hand, 0xffffffff excepted.
    pub counter: Option<u32>,
}

impl std::fmt::Debug for Protection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { level, index, counter, .. } = self;
        write!(f, "Protection {{ level: {level}, index: {index}, counter: {counter:?}, .. }}")
    }
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Text as `tshark -T fields` prints the field: addresses, hex octets, decimal or `0x` numbers.
    Text(String),
}

/// Sequence numbers, frame counters and datagram tags of every sender that frames were crafted for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CounterState {
    senders: BTreeMap<Eui64, Counters>,
    /// First datagram tag and sequence number of every sender.
    first: u16,
}

/// The counters of one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counters {
    sequence_number: u8,
    frame_counter: u32,
    datagram_tag: u16,
    message_id: u16,
}

impl CounterState {
    /// Sequence numbers and datagram tags that begin at `first`, frame counters at 0: a machine that begins anew must not
    /// repeat the tags of datagrams that a device may still be putting together.
    pub fn starting_at(first: u16) -> Self {
        Self { senders: BTreeMap::new(), first }
    }

    /// The frame counter that the sender's next secured frame will bear.
    pub fn frame_counter(&self, sender: Eui64) -> u32 {
        self.senders.get(&sender).map_or(0, |counters| counters.frame_counter)
    }

    /// Sets the frame counter of the sender's next secured frame, e.g. beyond what an earlier run has used.
    pub fn set_frame_counter(&mut self, sender: Eui64, frame_counter: u32) {
        self.of(sender).frame_counter = frame_counter;
    }

    pub(crate) fn next_sequence_number(&mut self, sender: Eui64) -> u8 {
        let counter = &mut self.of(sender).sequence_number;
        std::mem::replace(counter, counter.wrapping_add(1))
    }

    /// 0xffffffff is never used: the key is at its end (IEEE 802.15.4-2006 section 7.5.8.2.1).
    pub(crate) fn next_frame_counter(&mut self, sender: Eui64) -> Result<u32, CraftError> {
        let counter = &mut self.of(sender).frame_counter;
        let next = counter.checked_add(1).ok_or(CraftError::FrameCounterExhausted(sender))?;
        Ok(std::mem::replace(counter, next))
    }

    /// Takes note of a counter that was set by hand: the sender goes on above it, or its next frame would be a replay.
    pub(crate) fn skip_frame_counter(&mut self, sender: Eui64, taken: u32) {
        let counter = &mut self.of(sender).frame_counter;
        *counter = (*counter).max(taken.checked_add(1).unwrap_or(0));
    }

    pub(crate) fn next_datagram_tag(&mut self, sender: Eui64) -> u16 {
        let counter = &mut self.of(sender).datagram_tag;
        std::mem::replace(counter, counter.wrapping_add(1))
    }

    /// For CoAP message IDs and echo sequence numbers alike.
    pub(crate) fn next_message_id(&mut self, sender: Eui64) -> u16 {
        let counter = &mut self.of(sender).message_id;
        *counter = counter.wrapping_add(1);
        *counter
    }

    fn of(&mut self, sender: Eui64) -> &mut Counters {
        let first = Counters { sequence_number: self.first as u8, datagram_tag: self.first, ..Counters::default() };
        self.senders.entry(sender).or_insert(first)
    }
}

/// What was crafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crafted {
    /// The frames in order: more than one if the packet had to be fragmented.
    pub frames: Vec<CraftedFrame>,
    /// The IPv6 packet that the frames carry; empty for `wpan.data`.
    pub packet: Vec<u8>,
    /// Why independent programs would call a frame or the packet malformed, if an override made it so.
    pub wrong_on_purpose: Option<String>,
}

/// One frame, ready for the tester radio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CraftedFrame {
    /// PSDU without FCS.
    pub psdu: Vec<u8>,
    /// `None`: the radio computes the FCS.
    pub fcs: Option<u16>,
}

/// Why a message could not be crafted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CraftError {
    /// No message of this name can be crafted.
    #[error("no message `{0}` can be crafted")]
    UnknownMessage(String),
    /// The message has no such field, or it cannot be set.
    #[error("`{field}` is no field of `{message}` that can be set")]
    UnknownField {
        /// Message name.
        message: String,
        /// Field name.
        field: String,
    },
    /// The value does not fit the field.
    #[error("`{value}` is no value for `{field}`: {expected}")]
    BadValue {
        /// Field name.
        field: String,
        /// The value as given.
        value: String,
        /// What the field takes.
        expected: &'static str,
    },
    /// A field of link-layer security was set but the frame is plain.
    #[error("`{0}` needs a protected frame")]
    NeedsProtection(String),
    /// The link-layer destination of a unicast address is not known.
    #[error("no link-layer destination is known for {0}: name the next hop")]
    NoNextHop(Ipv6Addr),
    /// The sender has used up its frame counter.
    #[error("the frame counter of {0} is exhausted")]
    FrameCounterExhausted(Eui64),
    /// The result does not fit its encoding.
    #[error("cannot be encoded: {0}")]
    Encoding(#[from] wire::Error),
}
