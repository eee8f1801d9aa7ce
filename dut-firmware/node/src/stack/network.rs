//! IPv6: what is for this device, what is forwarded, ICMPv6.

use alloc::vec::Vec;
use core::time::Duration;

use protocols::time::Instant;
use wire::Error;
use wire::icmpv6::{Echo, Message};
#[cfg(feature = "mutants")]
use wire::ieee802154::LinkAddress;
use wire::ipv6::{ALL_COAP_NODES_REALM, Header, Ipv6Addr, NextHeader, Packet, is_link_local};
use wire::upper_tester::{Arguments, Role};

use super::Stack;
use super::admission::Class;
#[cfg(feature = "mutants")]
use super::admission::Copies;
use super::counters::count;
use super::discovery::{self, ND_HOP_LIMIT};
use super::forwarding::{NextHop, next_hop, upwards};
use super::input::{Input, Origin};
use super::mutants::Mutant;
use super::profile::BACKBONE_ADDRESS;
use super::random::random_below;

impl Stack {
    /// Takes a packet off the backbone.
    pub(crate) fn receive_backbone(&mut self, now: Instant, packet: &[u8]) {
        if self.role() == Role::SixLbr {
            self.receive_packet(now, packet, Origin::Backbone);
        }
    }

    /// Delivers a packet or forwards it.
    pub(super) fn receive_packet(&mut self, now: Instant, bytes: &[u8], origin: Origin) {
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
        #[cfg(feature = "mutants")]
        if self.is_lost(&packet, origin) {
            return;
        }
        if self.is_own(destination) {
            return self.deliver(now, packet, origin);
        }
        if destination.is_multicast() {
            let on_link = matches!(origin, Origin::Link { .. });
            if on_link && destination == ALL_COAP_NODES_REALM {
                return self.forward(packet, origin);
            }
            #[cfg(feature = "rpl")]
            let routing = destination == super::rpl::ALL_RPL_NODES && self.rpl.is_some();
            #[cfg(not(feature = "rpl"))]
            let routing = false;
            if on_link && (routing || discovery::listens_to(destination, self.addresses().into_iter())) {
                self.deliver(now, packet, origin);
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
        #[cfg(feature = "mutants")]
        if let Some(tamper) = &self.tamper {
            tamper.forwards(&mut packet, self.eui64);
        }
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
        #[cfg(feature = "mutants")]
        if let (Some(NextHop::Neighbour(neighbour)), Some(tamper)) = (next, &self.tamper)
            && tamper.forwards_plain()
            && self.is_marked(neighbour)
            && let Ok(octets) = packet.to_vec()
        {
            return self.send_frames(&octets, LinkAddress::Extended(neighbour), Copies::Plain);
        }
        match next {
            Some(next) if next != back => self.send_packet(&packet, next, Class::Other),
            _ => count(&mut self.counters.dropped_no_route),
        }
    }

    /// Whether a mutant loses it.
    #[cfg(feature = "mutants")]
    fn is_lost(&self, packet: &Packet, origin: Origin) -> bool {
        let (Origin::Link { neighbour, protection }, Some(tamper)) = (origin, &self.tamper) else { return false };
        let destination = packet.header.destination;
        let transit = !self.is_own(destination) && !destination.is_multicast();
        let secured = protection.is_secured();
        tamper.loses(packet, &super::Crossing { link: self.link_with(Some(neighbour)), secured, transit })
    }

    fn deliver(&mut self, now: Instant, packet: Packet, origin: Origin) {
        match packet.header.next_header {
            NextHeader::ICMPV6 => self.deliver_icmpv6(now, packet, origin),
            NextHeader::UDP => self.deliver_udp(&packet),
            // Nothing to deliver (RFC 8200 section 4.7).
            NextHeader::NONE => {}
            _ => self.hand_up(Input::Ip { packet }),
        }
    }

    fn deliver_icmpv6(&mut self, now: Instant, packet: Packet, origin: Origin) {
        let Header { source, destination, hop_limit, .. } = packet.header;
        let parsed = Message::parse(&packet.payload, source, destination);
        #[cfg(feature = "mutants")]
        let parsed = parsed.or_else(|fault| {
            let tamper = self.tamper.as_ref();
            tamper.and_then(|tamper| tamper.rescues(&packet, origin.neighbour(), fault)).ok_or(fault)
        });
        let message = match parsed {
            Ok(message) => message,
            Err(Error::Integrity(_)) => return count(&mut self.counters.dropped_checksum),
            Err(_) => return count(&mut self.counters.dropped_malformed),
        };
        match (message, origin) {
            (Message::EchoRequest(echo), _) => {
                if !destination.is_multicast() {
                    #[cfg(feature = "mutants")]
                    if !self.mutant.free().echo_delay().is_zero() {
                        return self.chatter.reply_later(
                            now + self.mutant.free().echo_delay(),
                            destination,
                            source,
                            echo,
                        );
                    }
                    let hop_limit = self.hop_limit();
                    self.send_icmpv6(destination, source, hop_limit, &Message::EchoReply(echo), Class::Echo);
                }
            }
            (Message::EchoReply(echo), _) => {
                let arguments = Arguments::default().with("from", source).with("size", echo.data.len());
                self.tell.event(now, "echo_reply", arguments);
            }
            (Message::Ndp(wire::ndp::Message::RouterSolicitation { .. }), _)
                if destination.is_multicast()
                    && self.kept.is_keyed()
                    && self.mutant.is(Mutant::KeyedDeafToSolicitations) => {}
            (Message::Ndp(message), Origin::Link { neighbour, .. }) if hop_limit == ND_HOP_LIMIT => {
                let delay = if destination.is_multicast() {
                    random_below(self.mutant.free().advertisement_delay(), &mut self.entropy)
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
            (message, _) => self.hand_up(Input::Icmpv6 { packet, message, origin }),
        }
    }

    /// Hop limit of packets that no other rule covers.
    pub(super) fn hop_limit(&self) -> u8 {
        self.mutant.free().echo_hop_limit()
    }

    /// Sends an ICMPv6 message; `false` without a route.
    pub(super) fn send_icmpv6(
        &mut self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hop_limit: u8,
        message: &Message,
        class: Class,
    ) -> bool {
        let Ok(payload) = message.to_vec(source, destination) else { return false };
        let header = Header::new(source, destination, NextHeader::ICMPV6, hop_limit);
        self.send_own(&Packet { header, payload }, class)
    }

    /// Sends a packet of this device; `false` without a route.
    pub(crate) fn send_own(&mut self, packet: &Packet, class: Class) -> bool {
        let destination = packet.header.destination;
        // There is no loopback interface: what is for the device itself is for nobody on the air.
        let is_for_itself = self.is_own(destination) || destination.is_loopback();
        let Some(next) = self.next_hop(destination).filter(|_| !is_for_itself) else {
            count(&mut self.counters.dropped_no_route);
            return false;
        };
        self.send_packet(packet, next, class);
        true
    }

    /// Sends an echo request; `false` without an address or a route.
    pub(crate) fn send_echo(&mut self, destination: Ipv6Addr, size: u16, identifier: u16) -> bool {
        let Some(source) = self.source_for(destination) else { return false };
        let data = (0..=u8::MAX).cycle().take(size.into()).collect();
        let echo = Message::EchoRequest(Echo { identifier, sequence_number: 1, data });
        self.send_icmpv6(source, destination, self.hop_limit(), &echo, Class::Echo)
    }

    /// The next hop of a packet: by what RPL learnt, else by what was configured and registered.
    fn next_hop(&self, destination: Ipv6Addr) -> Option<NextHop> {
        #[cfg(feature = "rpl")]
        if let Some(neighbour) = self.rpl.as_ref().and_then(|rpl| rpl.next_hop(destination)) {
            return Some(NextHop::Neighbour(neighbour));
        }
        next_hop(destination, self.role(), self.kept.routes(), &self.discovery)
    }

    /// The source address for a destination: of the same scope.
    pub(crate) fn source_for(&self, destination: Ipv6Addr) -> Option<Ipv6Addr> {
        let on_link = is_link_local(destination) || destination.is_multicast();
        if on_link { Some(self.link_local()) } else { self.discovery.global() }
    }

    fn addresses(&self) -> Vec<Ipv6Addr> {
        let backbone = (self.role() == Role::SixLbr).then_some(BACKBONE_ADDRESS);
        let own = [Some(self.link_local()), self.discovery.candidate(), backbone].into_iter();
        #[cfg(feature = "mutants")]
        let own = own.chain([self.discovery.second()]);
        own.flatten().collect()
    }

    /// Whether `address` is one of this device's.
    pub(crate) fn is_own(&self, address: Ipv6Addr) -> bool {
        self.addresses().contains(&address)
    }
}
