//! UDP: datagrams go up to whoever listens to their port, or are shown to the upper tester.

use alloc::vec::Vec;

use protocols::time::Instant;
use wire::Error;
use wire::ipv6::{Header, NextHeader, Packet};
use wire::udp::Datagram;
use wire::upper_tester::{Arguments, MAX_DATA};

use super::Stack;
use super::admission::Class;
use super::counters::count;
use super::input::{Input, Peer};

impl Stack {
    pub(super) fn deliver_udp(&mut self, packet: &Packet) {
        let Header { source, destination, .. } = packet.header;
        match Datagram::parse(&packet.payload, source, destination) {
            Ok(Datagram { source_port, destination_port: port, payload }) => {
                let peer = Peer { address: source, port: source_port, local: destination };
                self.hand_up(Input::Udp { peer, port, payload });
            }
            Err(Error::Integrity(_)) => count(&mut self.counters.dropped_checksum),
            Err(_) => count(&mut self.counters.dropped_malformed),
        }
    }

    /// Takes back what nobody wanted: a datagram is shown to the upper tester.
    pub(crate) fn unclaimed(&mut self, now: Instant, input: &Input) {
        match input {
            Input::Udp { peer, port, payload } => {
                let shown = payload.get(..MAX_DATA).unwrap_or(payload);
                let arguments = Arguments::default()
                    .with("from", peer.address)
                    .with("port", port)
                    .with("size", payload.len())
                    .with("data", wire::upper_tester::to_hex(shown));
                self.tell.event(now, "received", arguments);
            }
            // Silence, not a parameter problem (`PROFILE-SEL` 11).
            Input::Ip { .. } => count(&mut self.counters.dropped_unknown),
            _ => {}
        }
    }

    /// Sends a UDP datagram; `false` without a route.
    pub(crate) fn send_udp(&mut self, peer: Peer, source_port: u16, payload: Vec<u8>, class: Class) -> bool {
        let datagram = Datagram { source_port, destination_port: peer.port, payload };
        let Ok(payload) = datagram.to_vec(peer.local, peer.address) else { return false };
        let header = Header::new(peer.local, peer.address, NextHeader::UDP, self.hop_limit());
        self.send_own(&Packet { header, payload }, class)
    }
}
