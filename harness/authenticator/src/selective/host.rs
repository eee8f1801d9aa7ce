//! The tool as an IPv6 host: what arrives at its address, what it sends, and requests without DTLS.

use std::net::Ipv6Addr;

use protocols::coap::{Client, ClientOutput, Request, TransmissionParameters};
use protocols::time::Instant;
use rand_core::SeedableRng;
use wire::icmpv6::{self, Message};
use wire::ipv6::{Header, NextHeader, Packet};
use wire::{Eui64, coap, sel, udp};

use super::tasks::Task;
use super::{CommissioningTool, Mutant, deviate_coap};
use crate::craft::flip;
use crate::deviation::Gate;
use crate::machine::{MachineOutput, Refusal};

const HOP_LIMIT: u8 = 64;

/// A request without DTLS.
pub(super) struct Plain {
    task: Option<u64>,
    /// Done when sent; else done at a response.
    is_done_when_sent: bool,
    address: Ipv6Addr,
    local_port: u16,
    client: Client,
    gate: Gate<(Vec<u8>, Vec<u32>)>,
}

impl Plain {
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.client.deadline(), self.gate.deadline()].into_iter().flatten().min()
    }
}

impl CommissioningTool {
    /// Takes a packet from the backbone; what is not for the tool, or malformed, is ignored.
    pub(super) fn receive(&mut self, now: Instant, packet: &[u8]) {
        let Ok(Packet { header, payload }) = Packet::parse(packet) else { return };
        if self.respond(&header, &payload) || header.destination != self.address {
            return;
        }
        match header.next_header {
            NextHeader::ICMPV6 => self.receive_icmpv6(now, &header, &payload),
            NextHeader::UDP => {
                let Ok(datagram) = udp::Datagram::parse(&payload, header.source, header.destination) else { return };
                self.receive_udp(now, header.source, &datagram);
            }
            _ => {}
        }
    }

    fn receive_icmpv6(&mut self, now: Instant, header: &Header, payload: &[u8]) {
        let parsed = match Message::parse(payload, header.source, header.destination) {
            Err(wire::Error::Integrity(_)) if self.is(Mutant::JsrBadChecksumAccepted) => {
                Message::parse_unverified(payload)
            }
            parsed => parsed,
        };
        match parsed {
            Ok(Message::Sel(message))
                if message.kind == sel::Kind::JoinSecureRequest || self.is(Mutant::SsrTakenForJsr) =>
            {
                let picky = self.is(Mutant::JsrHopLimitChecked) && header.hop_limit != sel::MULTIHOP_HOPLIMIT
                    || self.is(Mutant::JsrReservedChecked) && message.reserved != 0;
                if !picky {
                    self.on_join_secure_request(message.eui64, header.source);
                }
            }
            Ok(Message::EchoRequest(echo)) if !header.source.is_multicast() => {
                let reply = Message::EchoReply(echo).to_vec(self.address, header.source);
                self.send(header.source, NextHeader::ICMPV6, reply, None);
            }
            Ok(Message::EchoReply(echo)) => {
                let is_answered = |(id, task): &(&u64, &Task)| task.is_answered_by(**id, header.source, &echo);
                if let Some(id) = self.tasks.iter().find(is_answered).map(|(id, _)| *id) {
                    self.finish(now, id, Ok(()));
                }
            }
            Ok(Message::Sel(_)) => self.statistics.requests_discarded += 1,
            // Malformed or of a wrong code: discarded silently (`PROFILE-SEL` 1).
            Ok(Message::Other { kind: sel::ICMPV6_TYPE, .. }) => self.statistics.requests_discarded += 1,
            Err(_) if payload.first() == Some(&sel::ICMPV6_TYPE) => self.statistics.requests_discarded += 1,
            _ => {}
        }
    }

    fn on_join_secure_request(&mut self, eui64: Eui64, source: Ipv6Addr) {
        // Nobody could be answered there.
        if source.is_unspecified() || source.is_multicast() {
            self.statistics.requests_discarded += 1;
            return;
        }
        if self.is(Mutant::HandshakeUnselected) {
            self.connect_unasked(eui64, source);
        }
        if self.is(Mutant::ForgetsUnderFlood) {
            self.registry.make_room();
        }
        let tasks = &self.tasks;
        if self.registry.remember(eui64, source, |eui64| tasks.values().any(|task| task.selects(eui64))) {
            self.statistics.requests_taken += 1;
        } else {
            self.statistics.requests_without_room += 1;
            self.log(format!("no room to remember the JSR of {eui64} from {source}"));
        }
    }

    fn receive_udp(&mut self, now: Instant, source: Ipv6Addr, datagram: &udp::Datagram) {
        let (from, to) = (datagram.source_port, datagram.destination_port);
        for session in self.sessions.values_mut() {
            if session.address == source && session.local_port == to && from == coap::SECURE_PORT {
                session.handle(now, &datagram.payload);
            }
        }
        for plain in &mut self.plain {
            if plain.address == source && plain.local_port == to && from == coap::PORT {
                plain.client.handle(now, &datagram.payload);
            }
        }
    }

    pub(super) fn send(
        &mut self,
        destination: Ipv6Addr,
        next_header: NextHeader,
        payload: wire::Result<Vec<u8>>,
        wrong_on_purpose: Option<String>,
    ) {
        let header = Header::new(self.address, destination, next_header, HOP_LIMIT);
        let packet = payload.and_then(|payload| Packet { header, payload }.to_vec());
        self.outputs.push_back(match packet {
            Ok(packet) => MachineOutput::Backbone { packet, wrong_on_purpose },
            Err(error) => MachineOutput::Fault(format!("packet to {destination} not encoded: {error}")),
        });
    }

    pub(super) fn send_udp(&mut self, to: (Ipv6Addr, u16), source_port: u16, payload: Vec<u8>, wrong: Option<String>) {
        let datagram = udp::Datagram { source_port, destination_port: to.1, payload };
        let bytes = datagram.to_vec(self.address, to.0);
        self.send(to.0, NextHeader::UDP, bytes, wrong);
    }

    /// Begins a request without DTLS for `task`.
    pub(super) fn start_plain(&mut self, now: Instant, task: u64, address: Ipv6Addr, request: Request) {
        let mut client = Client::new(TransmissionParameters::default(), self.entropy.fork());
        let is_done_when_sent = !request.confirmable;
        client.request(now, request);
        let local_port = self.next_port();
        let plain = Plain { task: Some(task), is_done_when_sent, address, local_port, client, gate: Gate::default() };
        self.plain.push(plain);
    }

    /// Moves the requests without DTLS on by one output each; whether there was any.
    pub(super) fn poll_plain(&mut self, now: Instant) -> bool {
        let mut moved = false;
        let mut at = 0;
        while let Some(plain) = self.plain.get_mut(at) {
            at += 1;
            let (address, local_port, task) = (plain.address, plain.local_port, plain.task);
            if let Some((mut octets, bits)) = plain.gate.poll(now) {
                moved = true;
                if plain.is_done_when_sent {
                    plain.task = None;
                }
                let is_done = plain.is_done_when_sent;
                bits.iter().for_each(|bit| flip(&mut octets, *bit));
                let wrong = (!bits.is_empty()).then(|| "a bit of the message is flipped".to_owned());
                self.send_udp((address, coap::PORT), local_port, octets, wrong);
                if let (Some(task), true) = (task, is_done) {
                    self.finish(now, task, Ok(()));
                }
                continue;
            }
            let Some(output) = plain.client.poll(now) else { continue };
            moved = true;
            let result = match output {
                ClientOutput::Datagram(octets) => {
                    let (octets, decision, problem) = deviate_coap(octets, &mut self.rules);
                    let bits = decision.corrupt.iter().map(|(_, bit)| *bit).collect();
                    plain.gate.admit(now, (octets, bits), &decision);
                    self.outputs.extend(problem.map(MachineOutput::Fault));
                    // Nothing will be sent, or not before another message is.
                    let is_withheld = decision.drop || decision.reorder;
                    if let (Some(task), true) = (task, is_withheld && plain.is_done_when_sent) {
                        plain.task = None;
                        self.finish(now, task, Ok(()));
                    }
                    continue;
                }
                ClientOutput::Response { message, .. } => {
                    self.log(format!("{address} answered {} without DTLS", message.code));
                    Ok(())
                }
                ClientOutput::Failed { reason, .. } => {
                    Err(Refusal::of_the_device(format!("no response without DTLS: {reason:?}")))
                }
            };
            at -= 1;
            self.plain.remove(at);
            if let Some(task) = task {
                self.finish(now, task, result);
            }
        }
        moved
    }
}

// The ICMPv6 header is part of what the profile counts as the least length of a JSR.
const _: () = assert!(icmpv6::HEADER_LENGTH + sel::BODY_LENGTH == 16);
