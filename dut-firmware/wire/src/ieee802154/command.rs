//! MAC command content (IEEE 802.15.4-2006 section 7.3): a command frame identifier and its body.

use alloc::vec::Vec;

/// The MAC payload of a command frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Command frame identifier: stays open under encryption.
    pub id: CommandId,
    /// What follows the identifier.
    pub body: Vec<u8>,
}

/// A command frame identifier (table 82).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandId(pub u8);

impl CommandId {
    /// Association request.
    pub const ASSOCIATION_REQUEST: Self = Self(1);
    /// Association response.
    pub const ASSOCIATION_RESPONSE: Self = Self(2);
    /// Disassociation notification.
    pub const DISASSOCIATION_NOTIFICATION: Self = Self(3);
    /// Data request.
    pub const DATA_REQUEST: Self = Self(4);
    /// PAN ID conflict notification.
    pub const PAN_ID_CONFLICT_NOTIFICATION: Self = Self(5);
    /// Orphan notification.
    pub const ORPHAN_NOTIFICATION: Self = Self(6);
    /// Beacon request.
    pub const BEACON_REQUEST: Self = Self(7);
    /// Coordinator realignment.
    pub const COORDINATOR_REALIGNMENT: Self = Self(8);
    /// GTS request.
    pub const GTS_REQUEST: Self = Self(9);
}
