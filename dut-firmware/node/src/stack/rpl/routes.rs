//! Downward routes, as DAOs bring and take them (RFC 6550 section 9.2).

use alloc::vec::Vec;
use core::net::Ipv6Addr;

use protocols::time::Instant;
use wire::Eui64;

use super::sequence;
use crate::bounds;

/// A downward route.
#[derive(Debug, Clone, Copy)]
pub(super) struct DownwardRoute {
    pub(super) target: Ipv6Addr,
    pub(super) via: Eui64,
    pub(super) path_sequence: u8,
    pub(super) until: Instant,
}

/// What came of a route in a DAO.
pub(super) enum Taken {
    News,
    Nothing,
    Full,
}

/// Takes a route in, or out with lifetime 0; what is older than what is known counts for nothing (section 9.2.2).
pub(super) fn take(routes: &mut Vec<DownwardRoute>, route: DownwardRoute, lifetime: u8) -> Taken {
    let known = routes.iter().position(|known| known.target == route.target);
    let old = known.and_then(|at| routes.get(at)).copied();
    if old.is_some_and(|old| sequence::is_newer(old.path_sequence, route.path_sequence)) {
        return Taken::Nothing;
    }
    if lifetime == 0 {
        // Only those who gave the route take it back.
        return match known.filter(|_| old.is_some_and(|old| old.via == route.via)) {
            Some(at) => {
                routes.remove(at);
                Taken::News
            }
            None => Taken::Nothing,
        };
    }
    if known.is_none() && routes.len() >= bounds::ROUTES {
        return Taken::Full;
    }
    routes.retain(|known| known.target != route.target);
    routes.push(route);
    Taken::News
}
