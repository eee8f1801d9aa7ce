//! Where a packet goes next: host routes that the testbed configures, registered neighbours, the parent, the backbone.

use wire::Eui64;
use wire::ipv6::{Ipv6Addr, is_link_local};
use wire::upper_tester::Role;

use super::addresses::{global_of, neighbour_of};
use super::discovery::Discovery;
use super::kept::Route;
use super::profile::{BACKBONE_PREFIX, MESH_PREFIX, same_prefix};

/// The next hop of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextHop {
    /// This neighbour.
    Neighbour(Eui64),
    /// Everybody on the link.
    Multicast,
    /// The backbone; 6LBR only.
    Backbone,
}

/// The next hop towards `destination`; `None` if there is no route. Link-local destinations go to the neighbour whose
/// address they are made of.
pub(crate) fn next_hop(destination: Ipv6Addr, role: Role, routes: &[Route], discovery: &Discovery) -> Option<NextHop> {
    if destination.is_multicast() {
        return Some(NextHop::Multicast);
    }
    if is_link_local(destination) {
        return Some(NextHop::Neighbour(neighbour_of(destination)));
    }
    if same_prefix(destination, MESH_PREFIX) {
        let to = |route: &&Route| global_of(MESH_PREFIX, route.dest) == destination;
        if let Some(route) = routes.iter().find(to) {
            return Some(NextHop::Neighbour(route.via));
        }
        if let Some(neighbour) = discovery.registered(destination) {
            return Some(NextHop::Neighbour(neighbour));
        }
    }
    let is_reached = role == Role::SixLr || same_prefix(destination, BACKBONE_PREFIX);
    upwards(role, discovery).filter(|_| is_reached)
}

/// The next hop towards the backbone; `None` for a router without a parent.
pub(crate) fn upwards(role: Role, discovery: &Discovery) -> Option<NextHop> {
    match role {
        Role::SixLr => discovery.parent().map(NextHop::Neighbour),
        Role::SixLbr => Some(NextHop::Backbone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const PARENT: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 1]);
    const VIA: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 3]);
    const BELOW: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 4]);

    #[rstest]
    #[case::routed("fd00:b007::72b3:d5b0:700:4", Role::SixLr, Some(NextHop::Neighbour(VIA)))]
    #[case::unknown_in_the_mesh("fd00:b007::72b3:d5b0:700:5", Role::SixLr, Some(NextHop::Neighbour(PARENT)))]
    #[case::unknown_at_the_border("fd00:b007::72b3:d5b0:700:5", Role::SixLbr, None)]
    #[case::tool("fd00:c0::c7", Role::SixLr, Some(NextHop::Neighbour(PARENT)))]
    #[case::tool_at_the_border("fd00:c0::c7", Role::SixLbr, Some(NextHop::Backbone))]
    #[case::elsewhere("2001:db8::1", Role::SixLr, Some(NextHop::Neighbour(PARENT)))]
    #[case::elsewhere_at_the_border("2001:db8::1", Role::SixLbr, None)]
    #[case::link_local("fe80::72b3:d5b0:700:3", Role::SixLr, Some(NextHop::Neighbour(VIA)))]
    #[case::multicast("ff02::1", Role::SixLr, Some(NextHop::Multicast))]
    fn every_destination_has_its_next_hop(#[case] to: &str, #[case] role: Role, #[case] expected: Option<NextHop>) {
        let discovery = Discovery::new(
            Eui64([0x70, 0xb3, 0xd5, 0xb0, 7, 0, 0, 2]),
            role,
            Some(PARENT),
            crate::selected::Selected::default(),
        );
        let routes = [Route { dest: BELOW, via: VIA }];
        assert_eq!(next_hop(to.parse().unwrap(), role, &routes, &discovery), expected);
    }
}
