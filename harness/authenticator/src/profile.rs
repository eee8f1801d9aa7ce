//! Addresses of the network under test (`PROFILE-SEL`, "Addresses"): the one place of the tester that knows how an address
//! follows from an EUI-64, and an EUI-64 from an address.

use std::net::Ipv6Addr;

use wire::Eui64;
use wire::ipv6::with_interface_identifier;
use wire::sixlowpan::{Context, Contexts};

/// The commissioning tool's address on the backbone.
pub const CT_ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xc7);

/// The mesh prefix, 64 bits, 6LoWPAN context 0.
pub const MESH_PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);

/// Most octets of an IPv6 packet in a 6LoWPAN (RFC 4944 section 4).
pub const MTU: usize = 1280;

/// The address of a node in the mesh: the prefix and its modified EUI-64.
pub fn mesh_address(eui64: Eui64) -> Ipv6Addr {
    with_interface_identifier(MESH_PREFIX, eui64.interface_identifier())
}

/// The link-local address of a node.
pub fn link_local_address(eui64: Eui64) -> Ipv6Addr {
    wire::ipv6::link_local(wire::ieee802154::LinkAddress::Extended(eui64))
}

/// The EUI-64 behind an address of the mesh or the link, if it was made of one.
pub fn eui64_of(address: Ipv6Addr) -> Option<Eui64> {
    let is_derived = [MESH_PREFIX, Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)]
        .iter()
        .any(|prefix| prefix.segments()[..4] == address.segments()[..4]);
    let [.., a, b, c, d, e, f, g, h] = address.octets();
    is_derived.then(|| Eui64::from_interface_identifier([a, b, c, d, e, f, g, h]))
}

/// The 6LoWPAN contexts of the network.
pub fn contexts() -> Contexts {
    let mut contexts = Contexts::default();
    contexts.set(0, Some(Context::new(MESH_PREFIX, 64)));
    contexts
}
