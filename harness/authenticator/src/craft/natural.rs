//! What each message looks like when nothing is overridden: who sends to whom.

use std::net::Ipv6Addr;

use wire::Eui64;
use wire::ipv6::is_link_local;

use super::draft::Draft;
use super::layer::{Making, Message, Natural};
use super::{CounterState, CraftError, CraftRequest, Destination};
use crate::profile::{eui64_of, link_local_address, mesh_address};

/// The link-layer receiver of `request`; `None`: broadcast.
pub(super) fn link_destination(request: &CraftRequest) -> Result<Option<Eui64>, CraftError> {
    match request.destination {
        Destination::Neighbour(eui64) => Ok(Some(eui64)),
        Destination::AllNodes => Ok(None),
        Destination::Address { address, .. } if address.is_multicast() => Ok(None),
        Destination::Address { address, next_hop } => {
            next_hop.or_else(|| eui64_of(address)).map(Some).ok_or(CraftError::NoNextHop(address))
        }
    }
}

/// The natural packet of `request`; `None`: a MAC payload that is no packet.
pub(super) fn draft(
    message: &Message,
    request: &CraftRequest,
    counters: &mut CounterState,
) -> Result<Option<Draft>, CraftError> {
    let Natural::Packet(natural) = message.natural else { return Ok(None) };
    let to = destination_address(message, request.destination);
    let from = if is_on_link(to) { link_local_address(request.source) } else { mesh_address(request.source) };
    natural(&mut Making { request, counters, from, to }).map(Some)
}

fn destination_address(message: &Message, destination: Destination) -> Ipv6Addr {
    match (destination, message.always_to) {
        (Destination::Address { address, .. }, _) => address,
        (_, Some(address)) => address,
        (Destination::Neighbour(eui64), None) => link_local_address(eui64),
        (Destination::AllNodes, None) => message.group,
    }
}

/// Link-local unicast or a group of the link (`ff02::/16`).
fn is_on_link(address: Ipv6Addr) -> bool {
    is_link_local(address) || address.segments()[0] == 0xff02
}
