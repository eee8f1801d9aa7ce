//! Packets that chance does not bring: contradicting and repeated fragments, versions and types that nobody reads, attributes
//! that only some messages have.

use wire::ethernet::{EtherType, Frame as EthernetFrame};
use wire::icmpv6::{ErrorKind, Message};
use wire::ieee802154::{
    Address, Command, Content, Elements, Frame, Header, LinkAddress, Mpx, PanId, PayloadElement, ShortAddress,
    append_fcs,
};
use wire::ikev2::{self, Payload, PayloadType};
use wire::ipv4;
use wire::ipv6::{
    self, ExtensionHeader, FragmentHeader, NextHeader, OptionsHeader, Packet, Route, RoutingHeader, with_extensions,
};
use wire::pana::{self, Avp, AvpCode, Flags, MessageType};
use wire::sixlowpan::FragmentHeader as LowpanFragment;
use wire::udp::Datagram;
use wire::writer::Writer;
use wire::{coap, zep};

use super::Rng;

impl Rng {
    /// IPv6 packets (link type 101).
    pub fn special_packets(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        for payload in [self.other_coap(), self.oscore_with_more()] {
            packets.push(self.datagram(coap::PORT, payload));
        }
        for attribute in [&[0x80, 14, 1, 0][..], &[0x80, 9, 1, 2], &[0, 9, 0, 3, 1, 2, 3], &[0, 14, 0, 2, 0, 128]] {
            let message = self.ike_with(attribute);
            packets.push(self.datagram(ikev2::PORT, message));
        }
        for value in 1u32..5 {
            let avps = vec![Avp::new(AvpCode::TERMINATION_CAUSE, value.to_be_bytes().to_vec())];
            let (flags, message_type) = (Flags(0), MessageType::TERMINATION);
            let message = pana::Message { flags, message_type, session_id: self.u32(), sequence_number: value, avps };
            packets.push(self.datagram(pana::PORT, message.to_vec().unwrap()));
        }
        packets.push(self.datagram(ikev2::NAT_PORT, vec![0xff]));
        let relayed = self.relayed(self.relayed(self.relayed(vec![])));
        packets.push(self.datagram(pana::PORT, relayed));
        packets.extend(self.rare_packets());
        packets.extend(self.contradicting_packets());
        packets
    }

    /// A PANA message that relays another one, or is an empty one.
    fn relayed(&self, message: Vec<u8>) -> Vec<u8> {
        let (message_type, avps) = match message.is_empty() {
            true => (MessageType::CLIENT_INITIATION, vec![]),
            false => {
                let relayed = Avp::new(AvpCode::RELAYED_MESSAGE, message);
                (MessageType::RELAY, vec![Avp::new(AvpCode::PAC_INFORMATION, vec![0; 18]), relayed])
            }
        };
        pana::Message { flags: Flags(0), message_type, session_id: 0, sequence_number: 0, avps }.to_vec().unwrap()
    }

    /// An IPv4-mapped source; packets in each other; an error without a parameter; extension headers behind a fragment header.
    fn rare_packets(&mut self) -> Vec<Vec<u8>> {
        let ends = [self.eui64(), self.eui64()].map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)));
        let packet = |source, next_header, payload: &[u8]| {
            let header = ipv6::Header::new(source, ends[1], next_header, 64);
            Packet { header, payload: payload.to_vec() }.to_vec().unwrap()
        };
        let mapped = ipv4::Ipv4Addr::new(192, 0, 2, 7).to_ipv6_mapped();
        let empty = packet(mapped, NextHeader::NONE, &[]);
        let mut nested = empty.clone();
        for _ in 0..10 {
            nested = packet(ends[0], NextHeader::IPV6, &nested);
        }
        let error = Message::Error { kind: ErrorKind::TimeExceeded, code: 0, parameter: 0, invoking: empty.clone() };
        let error = packet(ends[0], NextHeader::ICMPV6, &error.to_vec(ends[0], ends[1]).unwrap());
        let options = || OptionsHeader::padded(NextHeader::NONE, vec![]);
        let route = Route::Type0 { addresses: vec![ends[1]] };
        let routing = RoutingHeader { next_header: NextHeader::NONE, segments_left: 0, route };
        let headers = vec![ExtensionHeader::Destination(options()), ExtensionHeader::Routing(routing)];
        let (first, payload) = with_extensions(headers, NextHeader::NONE, &[]).unwrap();
        let fragments = self.two_fragments(&packet(ends[0], first, &payload));
        [vec![empty, nested, error], fragments].concat()
    }

    fn datagram(&mut self, destination_port: u16, payload: Vec<u8>) -> Vec<u8> {
        let ends = [self.eui64(), self.eui64()].map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)));
        let source_port = 10_000 + self.below(30_000) as u16;
        let payload = Datagram { source_port, destination_port, payload }.to_vec(ends[0], ends[1]).unwrap();
        Packet { header: ipv6::Header::new(ends[0], ends[1], NextHeader::UDP, 64), payload }.to_vec().unwrap()
    }

    /// CoAP of version 2.
    fn other_coap(&mut self) -> Vec<u8> {
        vec![0x80, 1, self.u8(), self.u8()]
    }

    /// An OSCORE option whose flags tell of less than is there.
    fn oscore_with_more(&mut self) -> Vec<u8> {
        vec![0x40, 2, self.u8(), self.u8(), 0x93, 1, 5, 6, 0xff, 1]
    }

    /// A proposal with one transform that has this attribute (RFC 7296 section 3.3.5).
    fn ike_with(&mut self, attribute: &[u8]) -> Vec<u8> {
        let length = 8 + attribute.len() as u8;
        let transform = [&[0, 0, 0, length, 1, 0, 0, 12][..], attribute].concat();
        let body = [&[0, 0, 0, 8 + length, 1, 1, 0, 1][..], &transform].concat();
        let payloads = vec![Payload { payload_type: PayloadType::SECURITY_ASSOCIATION, critical: false, body }];
        let (initiator_spi, responder_spi, inner) = (self.u64(), 0, PayloadType::NONE);
        let (version, exchange_type, flags, message_id) = (0x20, 34, 8, 0);
        let message =
            ikev2::Message { initiator_spi, responder_spi, version, exchange_type, flags, message_id, payloads, inner };
        message.to_vec().unwrap()
    }

    /// IPv6 fragments that overlap with other octets, reach over the end, or come twice (RFC 5722, RFC 8200 section 4.5).
    fn contradicting_packets(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        // Offset in units of eight octets, whether more follow, length.
        let runs: [&[(u16, bool, u64)]; 4] = [
            &[(0, true, 32), (6, false, 8), (2, true, 32)],
            &[(0, true, 16), (0, true, 24)],
            &[(4, false, 8), (5, true, 16)],
            &[(0, true, 16), (4, false, 8), (2, false, 8)],
        ];
        for run in runs {
            let ends = [self.eui64(), self.eui64()].map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)));
            let identification = self.u32();
            for &(offset, more, length) in run {
                let header = ipv6::Header::new(ends[0], ends[1], NextHeader::UDP, 64);
                let fragment = FragmentHeader { next_header: NextHeader::NONE, offset, more, identification };
                let headers = vec![ExtensionHeader::Fragment(fragment)];
                let payload = self.bytes(length, length);
                let (first, payload) = with_extensions(headers, header.next_header, &payload).unwrap();
                packets
                    .push(Packet { header: ipv6::Header { next_header: first, ..header }, payload }.to_vec().unwrap());
            }
        }
        // The same fragment twice, then the rest.
        let packet = self.datagram(40_000, vec![7; 40]);
        let [first, last] = &self.two_fragments(&packet)[..] else { return packets };
        packets.extend([first.clone(), first.clone(), last.clone()]);
        packets
    }

    fn two_fragments(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let Packet { header, payload } = Packet::parse(packet).unwrap();
        let identification = self.u32();
        let piece = |offset: u16, more: bool, piece: &[u8]| {
            let fragment = FragmentHeader { next_header: NextHeader::NONE, offset, more, identification };
            let headers = vec![ExtensionHeader::Fragment(fragment)];
            let (first, payload) = with_extensions(headers, header.next_header, piece).unwrap();
            Packet { header: ipv6::Header { next_header: first, ..header }, payload }.to_vec().unwrap()
        };
        vec![piece(0, true, &payload[..24]), piece(3, false, &payload[24..])]
    }

    /// Frames of IEEE 802.15.4 with FCS (link type 195).
    pub fn special_frames(&mut self) -> Vec<Vec<u8>> {
        let mut frames = self.contradicting_fragments();
        let (to, from) = (LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64()));
        let pan = PanId(self.u16());
        let header = Header::new(Address::new(pan, to), Address::new(pan, from), self.u8());
        // The MAC sends the same frame again.
        let packet = [vec![0x41, 0x60, 0, 0, 0, 0, 0, 59, 64], self.bytes(32, 32)].concat();
        let frame = Frame::new(header, Content::Data(packet)).to_psdu().unwrap();
        frames.extend([frame.clone(), frame]);
        // A device that is given its short address again: realignment to its extended address.
        let realignment = Command::CoordinatorRealignment {
            pan,
            coordinator: ShortAddress(self.u16() & 0x7fff),
            channel: 15,
            address: ShortAddress(self.u16() & 0x7fff),
            channel_page: None,
        };
        let everywhere = PanId::BROADCAST;
        let header = Header::new(Address::new(everywhere, to), Address::new(everywhere, from), self.u8());
        frames.push(Frame::new(header, Content::Command(realignment)).to_psdu().unwrap());
        frames.extend(self.repeated_fragments_of_mpx());
        frames.extend(self.packets_in_mpx());
        // A frame of 2015 without addresses: header termination 1, and a payload termination of the type of header elements.
        let mut element = vec![0x01, 0x23, 0x00, 0x3f, 0x00, 0x78];
        append_fcs(&mut element);
        frames.push(element);
        frames
    }

    /// 6LoWPAN fragments that overlap with other octets, of a tag and size that come again; and one that comes twice
    /// (RFC 4944 section 5.3).
    fn contradicting_fragments(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let first = |size| LowpanFragment::First { datagram_size: size, datagram_tag: 7 };
        let next =
            |size, datagram_offset| LowpanFragment::Next { datagram_size: size, datagram_tag: 7, datagram_offset };
        let runs: [&[(LowpanFragment, u64)]; 5] = [
            &[(next(104, 5), 32), (next(104, 7), 32)],
            &[(next(104, 5), 32), (next(104, 5), 40)],
            &[(next(48, 5), 32)],
            // The same octets: a retry.
            &[(next(104, 5), 0), (next(104, 5), 0)],
            &[(first(104), 60), (next(104, 2), 32)],
        ];
        for run in runs {
            let (to, from) = (LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64()));
            let pan = PanId(self.u16());
            for &(fragment, length) in run {
                let octets = match fragment {
                    // An uncompressed packet.
                    LowpanFragment::First { .. } => {
                        [vec![0x41, 0x60, 0, 0, 0, 0, 64, 59, 64], self.bytes(length, length)].concat()
                    }
                    LowpanFragment::Next { .. } if length == 0 => vec![7; 32],
                    LowpanFragment::Next { .. } => self.bytes(length, length),
                };
                let mut payload = vec![0; fragment.buffer_len()];
                fragment.emit(&mut Writer::new(&mut payload)).unwrap();
                payload.extend(octets);
                let header = Header::new(Address::new(pan, to), Address::new(pan, from), self.u8());
                frames.push(Frame::new(header, Content::Data(payload)).to_psdu().unwrap());
            }
        }
        frames
    }

    /// Fragments of an upper-layer frame in MPX, one of which comes twice, and one contradicts (IEEE 802.15.9 section 7.2).
    fn repeated_fragments_of_mpx(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let message = self.bytes(70, 70);
        let pieces = Mpx::fragments(9, 1000, &message, 24).unwrap();
        let (to, from, pan) = (self.eui64(), self.eui64(), PanId(self.u16()));
        for index in [0, 1, 1, 2] {
            let address = |address| Address::Extended { pan, address };
            let header = Header::new_2015(address(to), address(from), Some(self.u8()));
            let mut mpx = pieces[index].clone();
            if let (Mpx::NextFragment { fragment, .. }, 3) = (&mut mpx, frames.len()) {
                fragment.truncate(4);
            }
            let elements = Elements::terminated(vec![], vec![PayloadElement::Mpx(mpx)], false);
            frames.push(Frame { header, elements, content: Content::Data(Vec::new()) }.to_psdu().unwrap());
        }
        frames
    }

    /// IPv6 in MPX, by its EtherType and compressed by that of Wi-SUN.
    fn packets_in_mpx(&mut self) -> Vec<Vec<u8>> {
        let (to, from, pan) = (self.eui64(), self.eui64(), PanId(self.u16()));
        let packet = [&[0x60, 0, 0, 0, 0, 0, 59, 64][..], &self.bytes(32, 32)].concat();
        let frames = [(0x86dd, packet.clone()), (2, [&[1, 0x41][..], &packet].concat())];
        let psdu = |(multiplex_id, frame)| {
            let address = |address| Address::Extended { pan, address };
            let header = Header::new_2015(address(to), address(from), Some(1));
            let mpx = Mpx::FullFrame { transaction_id: 0, multiplex_id, frame };
            let elements = Elements::terminated(vec![], vec![PayloadElement::Mpx(mpx)], false);
            Frame { header, elements, content: Content::Data(Vec::new()) }.to_psdu().unwrap()
        };
        frames.map(psdu).to_vec()
    }

    /// Ethernet frames (link type 1).
    pub fn special_ethernet(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let (destination, source) = (self.mac_address(), self.mac_address());
        // IPv4 and IPv6 headers of another version, and an EtherType of nobody (IEEE Std 802: local experiments).
        let mut other_4 = [&[0x65][..], &self.bytes(19, 19)].concat();
        other_4.resize(46, 0);
        let mut other_6 = [&[0x45][..], &self.bytes(39, 39)].concat();
        other_6.resize(46, 0);
        let kinds = [(EtherType::IPV4, other_4), (EtherType::IPV6, other_6), (EtherType(0x88b5), vec![0; 46])];
        for (ether_type, payload) in kinds {
            frames.push(EthernetFrame { destination, source, tags: vec![], ether_type, payload }.to_vec().unwrap());
        }
        for payload in [vec![b'E', b'Y', 2, 1], vec![b'E', b'X', 3, 1]] {
            let packet = self.ipv4_datagram(zep::PORT, payload);
            let ether_type = EtherType::IPV4;
            frames.push(
                EthernetFrame { destination, source, tags: vec![], ether_type, payload: packet }.to_vec().unwrap(),
            );
        }
        // Hop-by-hop options behind destination options.
        let ends = [self.eui64(), self.eui64()].map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)));
        let options = || OptionsHeader::padded(NextHeader::NONE, vec![]);
        let headers = vec![ExtensionHeader::Destination(options()), ExtensionHeader::Destination(options())];
        let (first, mut payload) = with_extensions(headers, NextHeader::NONE, &[]).unwrap();
        payload[0] = NextHeader::HOP_BY_HOP.0;
        let header = ipv6::Header::new(ends[0], ends[1], first, 64);
        let payload = Packet { header, payload }.to_vec().unwrap();
        let ether_type = EtherType::IPV6;
        frames.push(EthernetFrame { destination, source, tags: vec![], ether_type, payload }.to_vec().unwrap());
        frames
    }

    fn ipv4_datagram(&mut self, destination_port: u16, payload: Vec<u8>) -> Vec<u8> {
        let ends = [self.ipv4_address(), self.ipv4_address()];
        let datagram = Datagram { source_port: 20_000, destination_port, payload };
        let header = ipv4::Header {
            traffic_class: 0,
            identification: self.u16(),
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: 0,
            time_to_live: 64,
            protocol: NextHeader::UDP.0,
            source: ends[0],
            destination: ends[1],
            options: Vec::new(),
        };
        let payload = datagram.to_vec(ends[0].to_ipv6_mapped(), ends[1].to_ipv6_mapped()).unwrap();
        ipv4::Packet { header, payload }.to_vec().unwrap()
    }

    /// Frames behind TLVs (link type 283): another version, an FCS of no known kind.
    pub fn special_taps(&mut self) -> Vec<Vec<u8>> {
        let mut mpdu = vec![0x41, 0x88, 1, 2, 3, 4, 5, 6, 7];
        append_fcs(&mut mpdu);
        let heads: [&[u8]; 2] = [&[1, 0, 4, 0], &[0, 0, 12, 0, 0, 0, 1, 0, 3, 0, 0, 0]];
        heads.map(|head| [head, &mpdu].concat()).to_vec()
    }
}
