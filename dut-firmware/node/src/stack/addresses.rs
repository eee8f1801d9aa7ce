//! How addresses and neighbours go together: the one place of the device that makes an address of an EUI-64, or finds the
//! neighbour behind an address (RFC 6775 section 5.6: link-local next hops are never resolved).

use core::net::Ipv6Addr;

use wire::Eui64;
use wire::ieee802154::LinkAddress;
use wire::ipv6::{link_local, with_interface_identifier};

/// The link-local address of a neighbour.
pub(crate) fn link_local_of(neighbour: Eui64) -> Ipv6Addr {
    link_local(LinkAddress::Extended(neighbour))
}

/// The address that a device makes for itself of a prefix of 64 bits.
pub(crate) fn global_of(prefix: Ipv6Addr, device: Eui64) -> Ipv6Addr {
    with_interface_identifier(prefix, device.interface_identifier())
}

/// The neighbour that a link-local address is of.
pub(crate) fn neighbour_of(link_local: Ipv6Addr) -> Eui64 {
    let [.., a, b, c, d, e, f, g, h] = link_local.octets();
    Eui64::from_interface_identifier([a, b, c, d, e, f, g, h])
}
