//! How a mutant of a mechanism reaches into the stack: the stack knows the places, not the mutants.

use wire::icmpv6::Message;
use wire::ieee802154::Frame;
use wire::ipv6::Packet;
use wire::{Error, Eui64};

use super::admission::Link;

/// How a packet came off a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crossing {
    pub(crate) link: Link,
    /// Its frames were secured.
    pub(crate) secured: bool,
    /// It is for somebody else.
    pub(crate) transit: bool,
}

/// What is done wrong in the stack; nothing, unless said otherwise.
pub(crate) trait Tamper {
    /// Whether a packet off a link is lost before anybody looks at it.
    fn loses(&self, _: &Packet, _: &Crossing) -> bool {
        false
    }

    /// Changes a packet that is forwarded by the device `own`.
    fn forwards(&self, _: &mut Packet, _own: Eui64) {}

    /// Whether what is forwarded over a marked link leaves plain.
    fn forwards_plain(&self) -> bool {
        false
    }

    /// The message that an ICMPv6 packet of a neighbour is taken for, though it could not be understood.
    fn rescues(&self, _: &Packet, _from: Option<Eui64>, _: Error) -> Option<Message> {
        None
    }

    /// Whether a frame, decrypted, is taken though its integrity code is wrong.
    fn takes_unverified(&self, _: &Frame) -> bool {
        false
    }

    /// Whether a frame is taken though its frame counter is not fresh.
    fn takes_replayed(&self, _: &Frame) -> bool {
        false
    }
}
