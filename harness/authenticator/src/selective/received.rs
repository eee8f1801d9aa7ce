//! What arrives at the tool: join requests, replies to its own echo requests, questions to its responders, and what belongs to
//! its sessions (`SEL` 5.3, `PROFILE-SEL` 1, 18).

use std::net::Ipv6Addr;

use protocols::time::Instant;
use wire::icmpv6::{self, Message};
use wire::ipv6::Header;
use wire::{Eui64, sel};

use super::tasks::Task;
use super::{CommissioningTool, Mutant};
use crate::host::Arrival;

impl CommissioningTool {
    /// Takes a packet from the backbone; what is not for the tool, or malformed, is ignored.
    pub(super) fn receive(&mut self, now: Instant, packet: &[u8]) {
        match self.host.receive(packet, &mut self.outputs) {
            Some(Arrival::Udp { service: Some(responder), from, to, payload }) => {
                let answer = self.respond(responder, &payload);
                self.outputs.extend(answer.map(|answer| self.host.answer(to, from, answer)));
            }
            Some(Arrival::Udp { service: None, from, to, payload }) => {
                self.sessions.values_mut().for_each(|session| session.receive(now, from, to.1, &payload));
                self.plain.iter_mut().for_each(|plain| plain.receive(now, from, to.1, &payload));
            }
            Some(Arrival::Icmpv6 { header, message, octets }) => self.receive_icmpv6(now, &header, message, &octets),
            Some(Arrival::Other(_)) | None => {}
        }
    }

    fn receive_icmpv6(&mut self, now: Instant, header: &Header, message: wire::Result<Message>, octets: &[u8]) {
        let message = match message {
            Err(wire::Error::Integrity(_)) if self.is(Mutant::JsrBadChecksumAccepted) => {
                Message::parse_unverified(octets)
            }
            message => message,
        };
        match message {
            Ok(Message::Sel(message))
                if message.kind == sel::Kind::JoinSecureRequest || self.is(Mutant::SsrTakenForJsr) =>
            {
                let picky = self.is(Mutant::JsrHopLimitChecked) && header.hop_limit != sel::MULTIHOP_HOPLIMIT
                    || self.is(Mutant::JsrReservedChecked) && message.reserved != 0
                    || self.is(Mutant::JsrLifetimeChecked) && message.registration_lifetime != 0;
                if !picky {
                    self.on_join_secure_request(message.eui64, header.source);
                }
            }
            Ok(Message::EchoReply(echo)) => {
                let is_answered = |(id, task): &(&u64, &Task)| task.is_answered_by(**id, header.source, &echo);
                if let Some(id) = self.tasks.iter().find(is_answered).map(|(id, _)| *id) {
                    self.finish(now, id, Ok(()));
                }
            }
            // Malformed or of a wrong code: discarded silently (`PROFILE-SEL` 1).
            _ => {}
        }
    }

    fn on_join_secure_request(&mut self, eui64: Eui64, source: Ipv6Addr) {
        // Nobody could be answered there.
        if source.is_unspecified() || source.is_multicast() {
            return;
        }
        if self.is(Mutant::HandshakeUnselected) || self.is(Mutant::SelectsAgain) && self.secured.contains_key(&eui64) {
            self.connect_unasked(eui64, source);
        }
        if self.is(Mutant::ForgetsUnderFlood) {
            self.registry.make_room();
        }
        let tasks = &self.tasks;
        if !self.registry.remember(eui64, source, |eui64| tasks.values().any(|task| task.selects(eui64))) {
            self.log(format!("no room to remember the JSR of {eui64} from {source}"));
        }
    }
}

// The ICMPv6 header is part of what the profile counts as the least length of a JSR.
const _: () = assert!(icmpv6::HEADER_LENGTH + sel::BODY_LENGTH == 16);
