//! IPv6: what is for this device, what is forwarded, ICMPv6 and UDP.

use alloc::vec::Vec;
use core::time::Duration;

use protocols::time::Instant;
use wire::coap::{PORT, SECURE_PORT};
use wire::icmpv6::{Echo, ErrorKind, Message};
use wire::ieee802154::LinkAddress;
use wire::ipv6::{ALL_COAP_NODES_REALM, Header, Ipv6Addr, NextHeader, Packet, is_link_local, link_local};
use wire::udp::Datagram;
use wire::upper_tester::{Arguments, MAX_DATA, Role};
use wire::{Error, Eui64, sel};

use crate::bootstrap_layer::{Class, Protection};
use crate::counters::count;
use crate::device::Device;
use crate::discovery::{self, Emission, ND_HOP_LIMIT};
use crate::forwarding::{NextHop, next_hop, upwards};
use crate::mutants::Mutant;
use crate::profile::{BACKBONE_ADDRESS, BACKBONE_PREFIX, HOP_LIMIT, SSR_LIFETIME_UNITS, same_prefix};
use crate::session::Peer;

/// Where a packet came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A neighbour; whether link security was verified (`PROFILE-SEL` 7).
    Link { neighbour: Eui64, secured: bool },
    /// The backbone.
    Backbone,
}

/// Octets of a JSR or SSR with its ICMPv6 header.
const SEL_OCTETS: usize = 4 + sel::BODY_LENGTH;

impl Device {
    /// Takes a packet off the backbone.
    pub(crate) fn receive_backbone(&mut self, now: Instant, packet: &[u8]) {
        if self.role() == Role::SixLbr {
            self.receive_packet(now, packet, Origin::Backbone);
        }
    }

    /// Delivers a packet or forwards it.
    pub(crate) fn receive_packet(&mut self, now: Instant, bytes: &[u8], origin: Origin) {
        let Ok(packet) = Packet::parse(bytes) else { return count(&mut self.counters.dropped_malformed) };
        let Header { source, destination, .. } = packet.header;
        if source.is_multicast() || source.is_unspecified() {
            return count(&mut self.counters.dropped_malformed);
        }
        // Of oneself nothing comes over a link; what would answer it would send to itself for ever (RFC 4291 section 2.5.3 for the
        // loopback address, RFC 1122 section 3.2.1.3 for the rest).
        if self.is_own(source) || source.is_loopback() || destination.is_loopback() {
            return count(&mut self.counters.dropped_source);
        }
        if self.refuses_as_mutant(&packet, origin) {
            return;
        }
        if self.is_own(destination) {
            return self.deliver(now, &packet, origin);
        }
        if destination.is_multicast() {
            let on_link = matches!(origin, Origin::Link { .. });
            if on_link && destination == ALL_COAP_NODES_REALM {
                return self.forward(packet, origin);
            }
            #[cfg(feature = "rpl")]
            let routing = destination == crate::rpl::ALL_RPL_NODES && self.rpl.is_some();
            #[cfg(not(feature = "rpl"))]
            let routing = false;
            if on_link && (routing || discovery::listens_to(destination, self.addresses().into_iter())) {
                self.deliver(now, &packet, origin);
            }
            return;
        }
        if is_link_local(source) || is_link_local(destination) {
            return count(&mut self.counters.dropped_no_route);
        }
        self.forward(packet, origin);
    }

    fn forward(&mut self, mut packet: Packet, origin: Origin) {
        if packet.header.hop_limit <= 1 && !self.mutant.is(Mutant::RelayForwardsExpired) {
            return count(&mut self.counters.dropped_hop_limit);
        }
        if !self.mutant.is(Mutant::RelayNoHopLimitDecrement) {
            packet.header.hop_limit = packet.header.hop_limit.saturating_sub(1);
        }
        self.tamper_with_join_request(&mut packet);
        let destination = packet.header.destination;
        // A question to all CoAP nodes of the mesh has its answer at the backbone (`PROFILE-SEL`, Discovery): it goes there, to
        // the parent only, so that it cannot go round in circles.
        let next = if destination == ALL_COAP_NODES_REALM {
            upwards(self.role(), &self.discovery)
        } else {
            self.next_hop(destination)
        };
        let back = match origin {
            Origin::Link { neighbour, .. } => NextHop::Neighbour(neighbour),
            Origin::Backbone => NextHop::Backbone,
        };
        match next {
            Some(next) if next != back => self.send_packet(&packet, next, Class::Other),
            _ => count(&mut self.counters.dropped_no_route),
        }
    }

    /// Mutants that lose packets on their way up or on.
    fn refuses_as_mutant(&self, packet: &Packet, origin: Origin) -> bool {
        let Origin::Link { neighbour, secured } = origin else { return false };
        let unmarked = self.store.is_secured() && !self.neighbours.is_secured(neighbour);
        let kind = bootstrap_request(packet);
        let destination = packet.header.destination;
        let transit = !self.is_own(destination) && !destination.is_multicast();
        self.mutant.is(Mutant::RxRefuseSecuredOnUnmarked)
            && unmarked
            && secured
            && kind != Some(sel::Kind::SetSecureRequest)
            || self.mutant.is(Mutant::RelayDropsJsr) && transit && kind == Some(sel::Kind::JoinSecureRequest)
            || self.mutant.is(Mutant::RelayDropsWhenSecured) && transit && unmarked
            || self.mutant.is(Mutant::RelayDropsDtls) && transit && packet.header.next_header == NextHeader::UDP
            || self.mutant.is(Mutant::LbrDropsJsr)
                && self.role() == Role::SixLbr
                && transit
                && kind == Some(sel::Kind::JoinSecureRequest)
    }

    fn tamper_with_join_request(&self, packet: &mut Packet) {
        if !self.mutant.is(Mutant::RelayReoriginatesJsr) {
            return;
        }
        let Header { source, destination, .. } = packet.header;
        if let Ok(Message::Sel(message)) = Message::parse(&packet.payload, source, destination) {
            let message = sel::Message { eui64: self.eui64(), ..message };
            packet.payload = Message::Sel(message).to_vec(source, destination).unwrap_or_default();
        }
    }

    fn deliver(&mut self, now: Instant, packet: &Packet, origin: Origin) {
        match packet.header.next_header {
            NextHeader::ICMPV6 => self.deliver_icmpv6(now, packet, origin),
            NextHeader::UDP => self.deliver_udp(now, packet),
            // Nothing to deliver (RFC 8200 section 4.7).
            NextHeader::NONE => {}
            // Silence, not a parameter problem (`PROFILE-SEL` 11).
            _ => count(&mut self.counters.dropped_unknown),
        }
    }

    fn deliver_icmpv6(&mut self, now: Instant, packet: &Packet, origin: Origin) {
        let Header { source, destination, hop_limit, .. } = packet.header;
        let parsed = match Message::parse(&packet.payload, source, destination) {
            Err(Error::Integrity(_)) if self.mutant.is(Mutant::SsrBadChecksumAccepted) => {
                Message::parse_unverified(&packet.payload)
            }
            parsed => parsed,
        };
        let message = match parsed {
            Ok(message) => message,
            Err(Error::Integrity(_)) => return count(&mut self.counters.dropped_checksum),
            Err(_)
                if self.mutant.is(Mutant::SelShortBodyTaken) && packet.payload.first() == Some(&sel::ICMPV6_TYPE) =>
            {
                if let Origin::Link { neighbour, secured } = origin {
                    let message = sel::Message::set_secure_request(neighbour, SSR_LIFETIME_UNITS);
                    self.receive_secure_request(now, neighbour, secured, &packet.header, &message);
                }
                return;
            }
            Err(_) => return count(&mut self.counters.dropped_malformed),
        };
        match (message, origin) {
            (Message::EchoRequest(echo), _) if !destination.is_multicast() => {
                self.send_icmpv6(destination, source, HOP_LIMIT, &Message::EchoReply(echo));
            }
            (Message::EchoReply(echo), _) if !destination.is_multicast() => {
                let arguments = Arguments::default().with("from", source).with("size", echo.data.len());
                self.event(now, "echo_reply", arguments);
            }
            (Message::Ndp(message), Origin::Link { neighbour, .. }) if hop_limit == ND_HOP_LIMIT => {
                let delay = if destination.is_multicast() {
                    self.random_below(discovery::ADVERTISEMENT_DELAY_MAX)
                } else {
                    Duration::ZERO
                };
                let outcome = self.discovery.handle(now, neighbour, source, &message, delay);
                self.apply_discovery(now, outcome);
            }
            #[cfg(feature = "rpl")]
            (Message::Rpl(message), Origin::Link { neighbour, .. })
                if hop_limit == ND_HOP_LIMIT && is_link_local(source) =>
            {
                self.receive_routing(now, neighbour, destination.is_multicast(), &message);
            }
            (Message::Sel(message), Origin::Link { neighbour, secured })
                if message.kind == sel::Kind::SetSecureRequest =>
            {
                let trailing = packet.payload.len() > SEL_OCTETS;
                if !(trailing && self.mutant.is(Mutant::SsrTrailingRefused)) {
                    self.receive_secure_request(now, neighbour, secured, &packet.header, &message);
                }
            }
            (Message::Other { kind: sel::ICMPV6_TYPE, .. }, Origin::Link { neighbour, secured })
                if self.mutant.is(Mutant::SelUnknownCodeTaken) =>
            {
                let message = sel::Message::set_secure_request(neighbour, SSR_LIFETIME_UNITS);
                self.receive_secure_request(now, neighbour, secured, &packet.header, &message);
            }
            _ => {}
        }
    }

    fn deliver_udp(&mut self, now: Instant, packet: &Packet) {
        let Header { source, destination, .. } = packet.header;
        let datagram = match Datagram::parse(&packet.payload, source, destination) {
            Ok(datagram) => datagram,
            Err(Error::Integrity(_)) => return count(&mut self.counters.dropped_checksum),
            Err(_) => return count(&mut self.counters.dropped_malformed),
        };
        let peer = Peer { address: source, port: datagram.source_port, local: destination };
        match datagram.destination_port {
            SECURE_PORT | PORT if destination.is_multicast() => {}
            #[cfg(feature = "find")]
            crate::finder::PORT => self.receive_answer(now, peer, &datagram.payload),
            SECURE_PORT => self.receive_dtls(now, peer, &datagram.payload),
            PORT => self.receive_plain_coap(now, peer, &datagram.payload),
            port => {
                let shown = datagram.payload.get(..MAX_DATA).unwrap_or(&datagram.payload);
                let arguments = Arguments::default()
                    .with("from", source)
                    .with("port", port)
                    .with("size", datagram.payload.len())
                    .with("data", wire::upper_tester::to_hex(shown));
                self.event(now, "received", arguments);
            }
        }
    }

    /// Sends an ICMPv6 message; `false` without a route.
    pub(crate) fn send_icmpv6(
        &mut self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hop_limit: u8,
        message: &Message,
    ) -> bool {
        let Ok(payload) = message.to_vec(source, destination) else { return false };
        let header = Header::new(source, destination, NextHeader::ICMPV6, hop_limit);
        self.send_own(&Packet { header, payload })
    }

    /// Sends a UDP datagram; `false` without a route.
    pub(crate) fn send_udp(&mut self, peer: Peer, source_port: u16, payload: Vec<u8>) -> bool {
        let datagram = Datagram { source_port, destination_port: peer.port, payload };
        let Ok(payload) = datagram.to_vec(peer.local, peer.address) else { return false };
        let header = Header::new(peer.local, peer.address, NextHeader::UDP, HOP_LIMIT);
        self.send_own(&Packet { header, payload })
    }

    /// Sends a packet of this device; `false` without a route.
    pub(crate) fn send_own(&mut self, packet: &Packet) -> bool {
        let destination = packet.header.destination;
        // There is no loopback interface: what is for the device itself is for nobody on the air.
        let is_for_itself = self.is_own(destination) || destination.is_loopback();
        let Some(next) = self.next_hop(destination).filter(|_| !is_for_itself) else {
            count(&mut self.counters.dropped_no_route);
            return false;
        };
        self.send_packet(packet, next, class(packet));
        true
    }

    /// Sends an echo request; `false` without an address or a route.
    pub(crate) fn send_echo(&mut self, destination: Ipv6Addr, size: u16, identifier: u16) -> bool {
        let Some(source) = self.source_for(destination) else { return false };
        let data = (0..size).map(|octet| octet.to_be_bytes()[1]).collect();
        let echo = Message::EchoRequest(Echo { identifier, sequence_number: 1, data });
        self.send_icmpv6(source, destination, HOP_LIMIT, &echo)
    }

    /// Sends a message of Neighbor Discovery.
    pub(crate) fn send_discovery(&mut self, now: Instant, emission: &Emission) {
        let Emission { source, destination, neighbour, message } = emission;
        let Ok(payload) = Message::Ndp(message.clone()).to_vec(*source, *destination) else { return };
        let header = Header::new(*source, *destination, NextHeader::ICMPV6, ND_HOP_LIMIT);
        let next = neighbour.map_or(NextHop::Multicast, NextHop::Neighbour);
        if let Some(neighbour) = neighbour {
            self.note_neighbour(now, *neighbour);
        }
        self.send_packet(&Packet { header, payload }, next, Class::Other);
    }

    /// The next hop of a packet: by what RPL learnt, else by what was configured and registered.
    fn next_hop(&self, destination: Ipv6Addr) -> Option<NextHop> {
        #[cfg(feature = "rpl")]
        if let Some(neighbour) = self.rpl.as_ref().and_then(|rpl| rpl.next_hop(destination)) {
            return Some(NextHop::Neighbour(neighbour));
        }
        next_hop(destination, self.role(), self.store.routes(), &self.discovery)
    }

    /// What a device must not do: answers a refused packet.
    pub(crate) fn send_refusal(&mut self, to: Eui64) {
        let (source, destination) = (self.discovery.link_local(), link_local(LinkAddress::Extended(to)));
        let kind = ErrorKind::DestinationUnreachable;
        let error = Message::Error { kind, code: 1, parameter: 0, invoking: Vec::new() };
        let Ok(payload) = error.to_vec(source, destination) else { return };
        let header = Header::new(source, destination, NextHeader::ICMPV6, HOP_LIMIT);
        if let Ok(packet) = (Packet { header, payload }).to_vec() {
            self.send_frames(&packet, LinkAddress::Extended(to), Protection::Plain);
        }
    }

    /// The source address for a destination: of the same scope, and on the backbone the backbone's.
    pub(crate) fn source_for(&self, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        let on_link = is_link_local(destination) || destination.is_multicast();
        if on_link {
            Some(self.discovery.link_local())
        } else if self.role() == Role::SixLbr && same_prefix(destination, BACKBONE_PREFIX) {
            Some(BACKBONE_ADDRESS)
        } else {
            self.discovery.global()
        }
    }

    fn addresses(&self) -> Vec<Ipv6Addr> {
        let backbone = (self.role() == Role::SixLbr).then_some(BACKBONE_ADDRESS);
        [Some(self.discovery.link_local()), self.discovery.candidate(), backbone].into_iter().flatten().collect()
    }

    /// Whether `address` is one of this device's.
    pub(crate) fn is_own(&self, address: Ipv6Addr) -> bool {
        self.addresses().contains(&address)
    }
}

/// Which bootstrap request a packet is, if it is one.
fn bootstrap_request(packet: &Packet) -> Option<sel::Kind> {
    match (packet.header.next_header, packet.payload.as_slice()) {
        (NextHeader::ICMPV6, [sel::ICMPV6_TYPE, code, ..]) => sel::Kind::from_code(*code),
        _ => None,
    }
}

/// What a packet of this device is to the bootstrap layer; DTLS and CoAP of its servers are no data of an application.
fn class(packet: &Packet) -> Class {
    let source_port = packet.payload.first_chunk().map(|&[high, low]| u16::from_be_bytes([high, low]));
    #[cfg(feature = "find")]
    if source_port == Some(crate::finder::PORT) {
        return Class::Other;
    }
    match (packet.header.next_header, packet.payload.first()) {
        (NextHeader::ICMPV6, Some(128 | 129)) => Class::Echo,
        (NextHeader::UDP, _) if !matches!(source_port, Some(PORT | SECURE_PORT)) => Class::Data,
        _ => Class::Other,
    }
}
