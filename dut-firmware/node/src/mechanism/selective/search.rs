//! A device that was installed without the address of the commissioning tool looks for it (`SEL` 5.2).

use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp::Datagram;
use wire::upper_tester::{Arguments, Role};

#[cfg(feature = "mutants")]
use super::Mutant;
use super::{Context, Selective};
use crate::stack::{Class, HOP_LIMIT, NextHop, Peer};

impl Selective {
    /// Begins to look for it, if nobody told it.
    pub(super) fn start_search(&mut self, cx: &mut Context<'_>) {
        if cx.given.installation.as_ref().is_some_and(|site| site.find.is_some()) {
            self.finder.start(cx.now);
        }
    }

    /// Asks for the commissioning tool if it is time (`SEL` 5.2); not before there is an address to answer to.
    pub(super) fn send_due_query(&mut self, cx: &mut Context<'_>) {
        let Some(find) = cx.given.installation.as_ref().and_then(|site| site.find) else { return };
        let Some(source) = cx.stack.global() else { return };
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::FindGivesUp) {
            self.finder.give_up();
        }
        let Some(query) = self.finder.take_due(cx.now, find, &mut cx.stack.entropy) else { return };
        let datagram = Datagram {
            source_port: self.mutant.free().query_port(),
            destination_port: query.port,
            payload: query.payload,
        };
        let Ok(payload) = datagram.to_vec(source, query.destination) else { return };
        let header = Header::new(source, query.destination, NextHeader::UDP, HOP_LIMIT);
        let packet = Packet { header, payload };
        if query.destination.is_multicast() && cx.stack.role() == Role::SixLbr {
            cx.stack.send_packet(&packet, NextHop::Backbone, Class::Other);
        } else {
            cx.stack.send_own(&packet, Class::Other);
        }
    }

    /// Takes what came to the port of the questions.
    pub(super) fn receive_answer(&mut self, cx: &mut Context<'_>, peer: Peer, payload: &[u8]) {
        let Some(find) = cx.given.installation.as_ref().and_then(|site| site.find) else { return };
        if let Some(tool) = self.finder.answer(find, peer.address, peer.port, payload, self.mutant) {
            cx.stack.tell.event(cx.now, "tool_found", Arguments::default().with("address", tool));
            self.start_join_requests(cx);
        }
    }
}
