//! What a neighbour does with what it hears.

use protocols::lowpan::{Datagram, Protection};
use protocols::time::Instant;
use wire::icmpv6::Message;
use wire::ieee802154::{Content, LinkAddress, Mpdu, PanId};
use wire::ipv6::{ALL_NODES, ALL_ROUTERS, Header, NextHeader, Packet, solicited_node};
use wire::ndp::{self, NdpOption};
use wire::{Eui64, rpl, sel, udp};

use super::{Neighbour, SSR_ANSWER_INTERVAL};
use crate::craft::{Destination, Value};
use crate::profile::{MESH_PREFIX, contexts, eui64_of, link_local_address, mesh_address};

impl Neighbour {
    /// Takes a frame off the air.
    pub(super) fn receive(&mut self, now: Instant, psdu: &[u8]) {
        let Some(datagram) = self.accept(now, psdu) else { return };
        let Ok(packet) = Packet::parse(&datagram.packet) else {
            self.statistics.malformed += 1;
            return;
        };
        let (Some(from), Some(own)) = (datagram.source.extended(), self.own()) else { return };
        self.statistics.received += 1;
        let secured = datagram.protection.is_secured();
        if is_for(own, &packet.header) {
            self.show_tool(now, &datagram.packet);
            self.consume(now, from, secured, &packet);
        } else if !packet.header.destination.is_multicast() {
            self.forward(now, packet);
        }
    }

    fn own(&self) -> Option<Eui64> {
        self.node.as_ref().map(|node| node.configuration.eui64)
    }

    /// MAC, link security and 6LoWPAN; a whole packet if this frame completes one.
    fn accept(&mut self, now: Instant, psdu: &[u8]) -> Option<Datagram> {
        let node = self.node.as_mut()?;
        let Ok(mpdu) = Mpdu::parse(psdu) else {
            self.statistics.malformed += 1;
            return None;
        };
        let header = *mpdu.header();
        let is_own_pan =
            [PanId(node.configuration.pan_id), PanId::BROADCAST].map(Some).contains(&header.destination.pan());
        let to = header.destination.link().filter(|_| is_own_pan)?;
        if to != LinkAddress::BROADCAST && to != LinkAddress::Extended(node.configuration.eui64) {
            return None;
        }
        let from = header.source.extended()?;
        let (frame, protection) = match mpdu {
            Mpdu::Plain(frame) => {
                if node.is_marked(now, from) && matches!(frame.content, Content::Data(_)) {
                    self.statistics.refused_unsecured += 1;
                    return None;
                }
                (frame, Protection::Plain)
            }
            Mpdu::Secured(secured) => match node.security.unsecure_frame(&secured) {
                Ok(frame) => {
                    let (level, index) = (secured.security.level, secured.security.key_identifier.index());
                    (frame, Protection::Secured { level, key_index: index.unwrap_or_default() })
                }
                Err(_) => {
                    self.statistics.refused_secured += 1;
                    return None;
                }
            },
        };
        let Content::Data(payload) = &frame.content else { return None };
        let source = LinkAddress::Extended(from);
        match node.reassembler.accept(now, payload, source, to, protection, &contexts()) {
            Ok(datagram) => datagram,
            Err(_) => {
                self.statistics.malformed += 1;
                None
            }
        }
    }

    fn consume(&mut self, now: Instant, from: Eui64, secured: bool, packet: &Packet) {
        let header = &packet.header;
        if header.next_header == NextHeader::UDP {
            if let Ok(datagram) = udp::Datagram::parse(&packet.payload, header.source, header.destination)
                && datagram.source_port == self.floods.server_of(from)
            {
                self.take_cookie(now, datagram.destination_port, &datagram.payload);
            }
            return;
        }
        if header.next_header != NextHeader::ICMPV6 {
            return;
        }
        let Ok(message) = Message::parse(&packet.payload, header.source, header.destination) else {
            self.statistics.malformed += 1;
            return;
        };
        match message {
            Message::EchoRequest(echo) => {
                let secured = secured || self.node.as_ref().is_some_and(|node| node.is_marked(now, from));
                let fields = [
                    ("ipv6.src", reply_source(header, self.own().unwrap_or(from)).to_string().as_str().into()),
                    ("icmpv6.echo.identifier", Value::Number(echo.identifier.into())),
                    ("icmpv6.echo.sequence_number", Value::Number(echo.sequence_number.into())),
                    // With the prefix it is octets even if it is empty.
                    ("data", Value::Text(format!("0x{}", hex::encode(&echo.data)))),
                ];
                let destination = Destination::Address { address: header.source, next_hop: Some(from) };
                self.transmit(now, "icmpv6.echo_reply", destination, secured, &fields, None);
            }
            Message::Ndp(ndp::Message::NeighborSolicitation { target, options }) => {
                let is_answering = self.node.as_ref().is_some_and(|node| node.configuration.answer_nd);
                // ND is for one link only: anything but 255 came from farther away (RFC 4861 section 7.1.1).
                let is_asked =
                    self.own().is_some_and(|own| [link_local_address(own), mesh_address(own)].contains(&target));
                if is_answering && is_asked && header.hop_limit == 255 && !header.source.is_unspecified() {
                    self.advertise(now, from, secured, header, &target.to_string(), &options);
                }
            }
            Message::Ndp(ndp::Message::RouterSolicitation { .. }) if header.hop_limit == 255 => {
                self.advertise_router(now, from, secured, header);
            }
            Message::Ndp(ndp::Message::RouterAdvertisement { options, .. }) if header.hop_limit == 255 => {
                let found = options.iter().find_map(|option| match option {
                    NdpOption::AuthoritativeBorderRouter { version, address, .. } => Some((*version, *address)),
                    _ => None,
                });
                if let Some(node) = &mut self.node {
                    node.border_router = found.or(node.border_router);
                }
            }
            Message::Rpl(rpl::Message::DestinationAdvertisement(advertisement)) if advertisement.acknowledgement => {
                let is_router = self.node.as_ref().is_some_and(|node| node.configuration.forward);
                if is_router {
                    let sequence = Value::Number(advertisement.sequence.into());
                    let secured = secured || self.node.as_ref().is_some_and(|node| node.is_marked(now, from));
                    let fields = [("icmpv6.rpl.daoack.sequence", sequence)];
                    self.transmit(now, "rpl.dao_ack", Destination::Neighbour(from), secured, &fields, None);
                }
            }
            Message::Sel(message) if message.kind == sel::Kind::SetSecureRequest => {
                self.on_set_secure_request(now, from, secured, &message);
            }
            _ => {}
        }
    }

    fn advertise(
        &mut self,
        now: Instant,
        from: Eui64,
        secured: bool,
        header: &Header,
        target: &str,
        options: &[NdpOption],
    ) {
        let mut fields = vec![("icmpv6.nd.na.target_address", Value::from(target))];
        for option in options {
            if let NdpOption::AddressRegistration { registration_lifetime, eui64, .. } = option {
                fields.push(("icmpv6.opt.aro.eui64", Value::Text(eui64.to_string())));
                fields.push(("icmpv6.opt.aro.registration_lifetime", Value::Number(u64::from(*registration_lifetime))));
            }
        }
        let secured = secured || self.node.as_ref().is_some_and(|node| node.is_marked(now, from));
        let destination = Destination::Address { address: header.source, next_hop: Some(from) };
        self.transmit(now, "nd.na", destination, secured, &fields, None);
    }

    fn advertise_router(&mut self, now: Instant, from: Eui64, secured: bool, header: &Header) {
        let Some(node) = &self.node else { return };
        if !(node.configuration.forward && node.configuration.answer_nd) {
            return;
        }
        let (version, address) = node.border_router.unwrap_or((1, mesh_address(node.configuration.eui64)));
        let fields = [
            ("icmpv6.opt.abro.version_low", Value::Number(u64::from(version & 0xffff))),
            ("icmpv6.opt.abro.version_high", Value::Number(u64::from(version >> 16))),
            ("icmpv6.opt.abro.6lbr_address", Value::Text(address.to_string())),
        ];
        let secured = secured || node.is_marked(now, from);
        let destination = if header.source.is_unspecified() {
            Destination::AllNodes
        } else {
            Destination::Address { address: header.source, next_hop: Some(from) }
        };
        self.transmit(now, "nd.ra", destination, secured, &fields, None);
    }

    /// `SEL` 5.3.4: a secured SSR marks the link and is answered; a plain one counts for nothing.
    fn on_set_secure_request(&mut self, now: Instant, from: Eui64, secured: bool, message: &sel::Message) {
        let Some(node) = &mut self.node else { return };
        if !secured || !node.configuration.keyed || message.eui64 != from {
            return;
        }
        let last = node.requested.get(&from).copied();
        // One that was asked for marks the link even if this neighbour is told not to answer.
        if !node.configuration.answer_ssr && last.is_none() {
            return;
        }
        node.mark(now, from, message.registration_lifetime);
        let is_recent = last.is_some_and(|last| now.since(last) < SSR_ANSWER_INTERVAL);
        if message.registration_lifetime == 0 || is_recent || !node.configuration.answer_ssr {
            return;
        }
        node.requested.insert(from, now);
        self.transmit(now, "sel.ssr", Destination::Neighbour(from), true, &[], None);
    }

    /// Routes a packet as a 6LR would.
    fn forward(&mut self, now: Instant, mut packet: Packet) {
        let Some(node) = &self.node else { return };
        let destination = packet.header.destination;
        let is_in_mesh = destination.segments()[..4] == MESH_PREFIX.segments()[..4];
        let next_hop = if is_in_mesh { eui64_of(destination) } else { node.configuration.parent };
        let (Some(next_hop), true) = (next_hop, node.configuration.forward && packet.header.hop_limit > 1) else {
            return;
        };
        let secured = node.configuration.keyed && node.is_marked(now, next_hop);
        packet.header.hop_limit -= 1;
        if let Ok(packet) = packet.to_vec() {
            self.transmit_packet(now, &packet, next_hop, secured);
        }
    }
}

fn is_for(own: Eui64, header: &Header) -> bool {
    let (link_local, global) = (link_local_address(own), mesh_address(own));
    [link_local, global, ALL_NODES, ALL_ROUTERS, solicited_node(link_local), solicited_node(global)]
        .contains(&header.destination)
}

/// The address that was asked, or one of the same scope if a group was.
fn reply_source(header: &Header, own: Eui64) -> std::net::Ipv6Addr {
    if !header.destination.is_multicast() {
        header.destination
    } else if wire::ipv6::is_link_local(header.source) {
        link_local_address(own)
    } else {
        mesh_address(own)
    }
}
