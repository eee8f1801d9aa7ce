//! What the link lets up and down is no rule of the stack: it asks the mechanism that keys the device.

use wire::upper_tester::Role;

use super::kept::KeyId;

/// What the stack knows of one link, for who decides about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// What this device is in its network.
    pub(crate) role: Role,
    /// This device holds a key.
    pub(crate) keyed: bool,
    /// The key that the link with the neighbour was marked by; `None` if the link is not marked.
    pub(crate) marked_by: Option<KeyId>,
    /// It was marked once, and the mark ran out.
    pub(crate) was_marked: bool,
}

impl Link {
    /// Whether the link is marked.
    pub(crate) fn marked(&self) -> bool {
        self.marked_by.is_some()
    }
}

/// How a frame is to be protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    /// Not at all.
    Plain,
    /// By link security.
    Secured,
}

/// What a packet of this device is, as far as rules tell packets apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// What a mechanism sends over a link so that the link becomes secured.
    Bootstrap,
    /// An echo request or reply.
    Echo,
    /// A datagram of the application, or of the upper tester.
    Application,
    /// Anything else, and what is forwarded.
    Other,
}

/// The rules of the mechanism in charge; it hands them in with [`super::Stack::admit`] whenever they change.
pub(crate) trait Admission {
    /// Whether a plain frame of the neighbour is passed up.
    fn takes_plain(&self, link: &Link) -> bool;

    /// Whether a secured frame of the neighbour is worth verifying.
    fn takes_secured(&self, link: &Link) -> bool;

    /// How a packet to the neighbour leaves; `None` if it must not.
    fn unicast(&self, link: &Link, class: Class) -> Option<Copies>;

    /// The copies in which a multicast leaves; `link` says of this device only.
    fn multicast(&self, link: &Link) -> &'static [Copies];
}
