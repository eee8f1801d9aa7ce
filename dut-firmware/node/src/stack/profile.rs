//! The numbers of the addressing plan and of link security that the specifications leave open.

use core::net::Ipv6Addr;

use wire::ieee802154::SecurityLevel;

/// Minimum security level taken (`PROFILE-SEL` 7).
pub(crate) const MINIMUM_LEVEL: SecurityLevel = SecurityLevel::EncMic32;
/// Hop limit of packets that no other rule covers.
pub(crate) const HOP_LIMIT: u8 = 64;
/// Prefix of the mesh, 64 bits, in context 0.
pub(crate) const MESH_PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);
/// Prefix of the backbone, 64 bits.
pub(crate) const BACKBONE_PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0);
/// The 6LBR's address on the backbone.
pub(crate) const BACKBONE_ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 1);

/// Whether two addresses share their first 64 bits.
pub(crate) fn same_prefix(one: Ipv6Addr, other: Ipv6Addr) -> bool {
    one.to_bits() >> 64 == other.to_bits() >> 64
}
