//! A device that was installed without the address of the commissioning tool looks for it (`SEL` 5.2).

use core::net::Ipv6Addr;

use protocols::time::Instant;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp::Datagram;
use wire::upper_tester::{Arguments, Role};

use crate::bootstrap_layer::Class;
use crate::device::Device;
use crate::finder;
use crate::forwarding::NextHop;
use crate::profile::HOP_LIMIT;
use crate::session::Peer;

impl Device {
    /// The tool's address, once it is found.
    pub(crate) fn found_tool(&self) -> Option<Ipv6Addr> {
        self.finder.found()
    }

    /// Begins to look for it, if nobody told it.
    pub(crate) fn start_search(&mut self, now: Instant) {
        if self.store.installation().is_some_and(|site| site.find.is_some()) {
            self.finder.start(now);
        }
    }

    /// Asks for the commissioning tool if it is time (`SEL` 5.2); not before there is an address to answer to.
    pub(crate) fn send_due_query(&mut self, now: Instant) {
        let Some(find) = self.store.installation().and_then(|site| site.find) else { return };
        let Some(source) = self.discovery.global() else { return };
        let Some(query) = self.finder.take_due(now, find, &mut self.entropy) else { return };
        let datagram = Datagram { source_port: finder::PORT, destination_port: query.port, payload: query.payload };
        let Ok(payload) = datagram.to_vec(source, query.destination) else { return };
        let header = Header::new(source, query.destination, NextHeader::UDP, HOP_LIMIT);
        let packet = Packet { header, payload };
        if query.destination.is_multicast() && self.role() == Role::SixLbr {
            self.send_packet(&packet, NextHop::Backbone, Class::Other);
        } else {
            self.send_own(&packet);
        }
    }

    /// Takes what came to the port of the questions.
    pub(crate) fn receive_answer(&mut self, now: Instant, peer: Peer, payload: &[u8]) {
        let Some(find) = self.store.installation().and_then(|site| site.find) else { return };
        if let Some(tool) = self.finder.answer(find, peer.address, peer.port, payload, self.mutant) {
            self.event(now, "tool_found", Arguments::default().with("address", tool));
            self.start_join_requests(now);
        }
    }
}
