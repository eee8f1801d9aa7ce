//! What RPL brings about in the stack: messages, the parent to register with, next hops.

use alloc::string::{String, ToString};
use core::net::Ipv6Addr;

use protocols::time::Instant;
use wire::Eui64;
use wire::icmpv6::Message;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::upper_tester::{Arguments, Routing};

use super::addresses::link_local_of;
use super::admission::Class;
use super::discovery::ND_HOP_LIMIT;
use super::forwarding::NextHop;
use super::rpl::{ALL_RPL_NODES, Emission, Outcome, Rpl};
use super::tell::NONE;
use super::{Site, Stack};

impl Stack {
    /// RPL begins with the radio, if the device was installed with it.
    pub(super) fn install_routing(&mut self, site: Site) {
        let is_wanted = site.routing == Routing::Rpl;
        self.rpl = is_wanted.then(|| Rpl::new(site.role, self.mutant));
    }

    /// The device has its global address.
    pub(super) fn start_routing(&mut self, now: Instant, global: Ipv6Addr) {
        if let Some(rpl) = &mut self.rpl {
            rpl.start(now, global, &mut self.entropy);
        }
    }

    /// Does what is due.
    pub(super) fn run_routing(&mut self, now: Instant) {
        if let Some(rpl) = &mut self.rpl {
            let emissions = rpl.poll(now, &mut self.entropy);
            self.send_routing(&emissions);
        }
    }

    /// Takes a message from the neighbour `from`; `to_all` if it was multicast.
    pub(super) fn receive_routing(&mut self, now: Instant, from: Eui64, to_all: bool, message: &wire::rpl::Message) {
        if let Some(rpl) = &mut self.rpl {
            let outcome = rpl.handle(now, from, to_all, message, &mut self.entropy);
            self.apply_routing(now, &outcome);
        }
    }

    /// Whether a frame to `neighbour` was acknowledged.
    pub(super) fn note_delivery(&mut self, now: Instant, neighbour: Eui64, acknowledged: bool) {
        if let Some(rpl) = &mut self.rpl {
            let outcome = rpl.note_delivery(now, neighbour, acknowledged, &mut self.entropy);
            self.apply_routing(now, &outcome);
        }
    }

    /// The answer to the command `rpl`.
    pub(super) fn routing_status(&self) -> Arguments {
        let Some(rpl) = &self.rpl else {
            let none = Arguments::default().with("rank", NONE).with("parent", NONE).with("dodag", NONE);
            return none.with("routes", 0);
        };
        let or_none = |value: Option<String>| value.unwrap_or_else(|| NONE.into());
        Arguments::default()
            .with("rank", rpl.rank())
            .with("parent", or_none(rpl.parent().map(|parent| parent.to_string())))
            .with("dodag", or_none(rpl.dodag_id().map(|id| id.to_string())))
            .with("routes", rpl.routes())
    }

    /// The parent that RPL chose is the router that the device registers with.
    fn apply_routing(&mut self, now: Instant, outcome: &Outcome) {
        self.send_routing(&outcome.emissions);
        if let Some((parent, rank)) = outcome.parent {
            self.tell.event(now, "rpl_parent", Arguments::default().with("parent", parent).with("rank", rank));
            self.discovery.follow(now, parent);
        }
    }

    /// Sends messages of RPL: link-local, hop limit 255 (RFC 6550 section 6).
    fn send_routing(&mut self, emissions: &[Emission]) {
        for Emission { to, message } in emissions {
            let source = self.discovery.link_local();
            let destination = to.map_or(ALL_RPL_NODES, link_local_of);
            #[cfg(feature = "mutants")]
            let message = &super::otherwise::routed(self.mutant.free(), message);
            let Ok(payload) = Message::Rpl(message.clone()).to_vec(source, destination) else { continue };
            let header = Header::new(source, destination, NextHeader::ICMPV6, ND_HOP_LIMIT);
            let next = to.map_or(NextHop::Multicast, NextHop::Neighbour);
            self.send_packet(&Packet { header, payload }, next, Class::Other);
        }
    }
}
