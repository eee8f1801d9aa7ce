//! Separate responses (RFC 7252 5.2.2): what happens if the owner does not answer at once. An acknowledgement leaves first, and
//! a confirmable response is sent again until it is acknowledged (4.2).

use alloc::vec::Vec;

use wire::coap::{Message, MessageType};

use super::{Progress, Server, ServerOutput};
use crate::coap::retransmitter::{Expiry, Retransmitter};
use crate::time::Instant;

/// A response that waits for its acknowledgement.
pub(super) struct Unacknowledged {
    message_id: u16,
    datagram: Vec<u8>,
    retransmitter: Retransmitter,
}

impl Server {
    /// A response left that the client has to acknowledge.
    pub(super) fn await_acknowledgement(&mut self, now: Instant, message_id: u16, datagram: &[u8]) {
        let retransmitter = Retransmitter::start(now, &self.parameters, &mut self.entropy);
        self.unacknowledged.push(Unacknowledged { message_id, datagram: datagram.to_vec(), retransmitter });
    }

    /// The client acknowledged a response, or will have none of it.
    pub(super) fn on_acknowledgement(&mut self, message_id: u16) {
        self.unacknowledged.retain(|response| response.message_id != message_id);
    }

    /// Acknowledges what was not answered in time, and sends responses again.
    pub(super) fn expire(&mut self, now: Instant) {
        let Self { exchanges, unacknowledged, outputs, .. } = self;
        for exchange in exchanges {
            if matches!(exchange.progress, Progress::Waiting { acknowledge_at } if now >= acknowledge_at) {
                exchange.progress = Progress::Separate;
                exchange.reply = Message::empty(MessageType::Acknowledgement, exchange.message_id).emit().ok();
                outputs.extend(exchange.reply.clone().map(ServerOutput::Datagram));
            }
        }
        unacknowledged.retain_mut(|response| {
            let expiry = response.retransmitter.expire(now);
            if expiry == Expiry::Due {
                outputs.push_back(ServerOutput::Datagram(response.datagram.clone()));
            }
            expiry != Expiry::GiveUp
        });
    }

    /// When [`Server::expire`] has something to do.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        let acknowledgements = self.exchanges.iter().filter_map(|exchange| match exchange.progress {
            Progress::Waiting { acknowledge_at } => Some(acknowledge_at),
            _ => None,
        });
        let retransmissions = self.unacknowledged.iter().map(|response| response.retransmitter.deadline());
        #[cfg(feature = "mutants")]
        let retransmissions = retransmissions.chain(self.held.iter().map(|(at, ..)| *at));
        acknowledgements.chain(retransmissions).min()
    }

    /// Octets of responses that wait for their acknowledgements.
    pub(super) fn unacknowledged_octets(&self) -> usize {
        self.unacknowledged.iter().map(|response| response.datagram.len()).sum()
    }
}
