//! What Neighbor Discovery brings about in the stack.

use protocols::time::Instant;
use wire::icmpv6::Message;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::sixlowpan::Context;
use wire::upper_tester::Arguments;

use super::Stack;
use super::admission::Class;
use super::discovery::{Emission, ND_HOP_LIMIT, Outcome};
use super::forwarding::NextHop;
use super::input::Input;

impl Stack {
    pub(super) fn apply_discovery(&mut self, now: Instant, outcome: Outcome) {
        if let Some((id, prefix, length)) = outcome.context {
            self.contexts.set(id, Some(Context::new(prefix, length)));
        }
        for emission in outcome.emissions {
            self.send_discovery(emission);
        }
        if let Some(global) = outcome.registered {
            self.tell.event(now, "address", Arguments::default().with("global", global));
            #[cfg(feature = "rpl")]
            self.start_routing(now, global);
            self.hand_up(Input::Address(global));
        }
    }

    /// Sends a message of Neighbor Discovery.
    pub(super) fn send_discovery(&mut self, emission: Emission) {
        #[cfg(feature = "mutants")]
        let emission = super::otherwise::told(self.mutant.free(), emission);
        let Emission { source, destination, neighbour, message } = emission;
        let Ok(payload) = Message::Ndp(message).to_vec(source, destination) else { return };
        let header = Header::new(source, destination, NextHeader::ICMPV6, ND_HOP_LIMIT);
        let next = neighbour.map_or(NextHop::Multicast, NextHop::Neighbour);
        self.send_packet(&Packet { header, payload }, next, Class::Other);
    }
}
