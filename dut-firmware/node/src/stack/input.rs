//! What the stack hands up: to the mechanism that keys the device first, then to services.

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use protocols::lowpan::Protection;
use wire::Eui64;
use wire::icmpv6::Message;
use wire::ipv6::Packet;

/// Both ends of an exchange of datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) address: Ipv6Addr,
    pub(crate) port: u16,
    /// The address of this device that the peer talks to.
    pub(crate) local: Ipv6Addr,
}

/// Where a packet came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A neighbour, and how its frames were protected (`PROFILE-SEL` 7).
    Link { neighbour: Eui64, protection: Protection },
    /// The backbone.
    Backbone,
}

impl Origin {
    /// The neighbour, if it is one.
    #[cfg(feature = "mutants")]
    pub(crate) fn neighbour(&self) -> Option<Eui64> {
        match self {
            Self::Link { neighbour, .. } => Some(*neighbour),
            Self::Backbone => None,
        }
    }
}

/// Something that happened in the stack, in the order in which it did.
#[derive(Debug)]
#[allow(dead_code, reason = "each mechanism reads what it needs")]
pub(crate) enum Input {
    /// A neighbour is new in the list.
    Neighbour(Eui64),
    /// A neighbour had to make room for it.
    Gone(Eui64),
    /// A frame of a neighbour was taken; what it carries comes later, if it makes a datagram.
    Frame { from: Eui64, protection: Protection, to_all: bool },
    /// A frame was refused by the rules of the mechanism.
    #[cfg(feature = "mutants")]
    Refused { from: Eui64 },
    /// Whether a frame for one neighbour was acknowledged at last.
    Delivered { to: Eui64, acknowledged: bool },
    /// The device has its global address.
    Address(Ipv6Addr),
    /// An ICMPv6 message that the stack has no use for.
    Icmpv6 { packet: Packet, message: Message, origin: Origin },
    /// A datagram.
    Udp { peer: Peer, port: u16, payload: Vec<u8> },
    /// A packet of a protocol that the stack does not know.
    Ip { packet: Packet },
}

/// What waits on its way up.
pub(super) enum Upward {
    /// For who is above.
    Input(Input),
    /// For the stack itself, once who is above has heard of the frames that it came in.
    Packet(Vec<u8>, Origin),
}
