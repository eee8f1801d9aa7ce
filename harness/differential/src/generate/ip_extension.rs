//! Extension headers with every option and routing type, IPv6 fragments, and packets in packets.

use wire::ieee802154::LinkAddress;
use wire::ipv6::{
    self, ExtensionHeader, FragmentHeader, Header, Ipv6Addr, Ipv6Option, MobilityHeader, NextHeader, OptionKind,
    OptionsHeader, Packet, Route, RoutingHeader, RplOption, RplSourceRoute, with_extensions,
};

use super::Rng;

/// Addresses that an upper-layer checksum covers.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
}

impl Rng {
    fn option(&mut self, ends: &mut Ends) -> Ipv6Option {
        let kind = self.pick(&[
            0x00, 0x01, 0x04, 0x05, 0x07, 0x08, 0x0f, 0x1e, 0x23, 0x26, 0x30, 0x63, 0x63, 0x6d, 0x8b, 0x8c, 0x9a, 0xc2,
            0xc9, 0xde, 0xee,
        ]);
        let data = match kind {
            0x00 => return Ipv6Option::Pad1,
            0x01 => return Ipv6Option::PadN(self.below(6) as u8),
            0x04 => return Ipv6Option::TunnelEncapsulationLimit(self.u8()),
            0x05 => return Ipv6Option::RouterAlert(self.u16()),
            0x63 => {
                let sub_tlvs = if self.below(4) == 0 { self.bytes(1, 4) } else { Vec::new() };
                return Ipv6Option::Rpl(RplOption {
                    skippable: false,
                    down: self.chance(),
                    rank_error: self.chance(),
                    forwarding_error: self.chance(),
                    instance_id: self.u8(),
                    sender_rank: self.u16(),
                    sub_tlvs,
                });
            }
            // A bitmap of as many units of four octets as the fifth octet says.
            0x07 => [self.bytes(4, 4), vec![1], self.bytes(7, 7)].concat(),
            0x08 => match self.below(4) {
                0 => [vec![0x80 | self.u8()], self.bytes(2, 5)].concat(),
                1 => [vec![0x00], self.bytes(2, 5)].concat(),
                2 => [vec![0x23], self.bytes(6, 8)].concat(),
                _ => [vec![0x3f], self.bytes(18, 20)].concat(),
            },
            0x0f => self.bytes(10, 10),
            0x26 => {
                let function = self.pick(&[0x00, 0x80]);
                [vec![function | self.u8() & 0xf], self.bytes(5, 5)].concat()
            }
            0x30 | 0xc2 => self.bytes(4, 4),
            0x6d => {
                let (mode, length) = self.pick(&[(0x00, 0), (0x40, 2), (0x80, 8), (0xc0, 16)]);
                [vec![mode | self.u8() & 0x3f, self.u8()], self.bytes(length, length)].concat()
            }
            0x8c => {
                let line = self.word();
                [&[line.len() as u8], line.as_bytes()].concat()
            }
            0xc9 => {
                ends.source = self.ipv6_address(LinkAddress::BROADCAST);
                ends.source.octets().to_vec()
            }
            0xee => self.bytes(3, 3),
            _ => self.bytes(1, 9),
        };
        Ipv6Option::Unknown { kind: OptionKind(kind), data }
    }

    fn options(&mut self, ends: &mut Ends) -> OptionsHeader {
        let options = (0..self.below(4)).map(|_| self.option(ends)).collect();
        OptionsHeader::padded(NextHeader::NONE, options)
    }

    fn routing(&mut self, ends: &mut Ends) -> RoutingHeader {
        let destination = ends.destination;
        let hops: Vec<Ipv6Addr> = (0..1 + self.below(3))
            .map(|_| {
                let near = Ipv6Addr::from_bits(destination.to_bits() ^ u128::from(1 + self.u64() % 0xffff));
                if self.below(4) == 0 { self.ipv6_address(LinkAddress::BROADCAST) } else { near }
            })
            .collect();
        let route = match self.below(6) {
            0 => Route::Type0 { addresses: hops.clone() },
            1 => Route::Unknown { kind: 2, data: [&[0; 4], &hops[0].octets()[..]].concat() },
            2 => {
                let data = [vec![0, self.u8()], self.bytes(2, 2), hops[0].octets().to_vec()].concat();
                Route::Unknown { kind: 4, data }
            }
            3 => Route::Unknown { kind: 200, data: self.bytes(12, 12) },
            _ => Route::Rpl(RplSourceRoute::new(destination, &hops)),
        };
        let count = hops.len() as u64;
        let segments_left = match route {
            Route::Unknown { .. } => self.below(2),
            _ => self.below(count + 1),
        } as u8;
        let is_route = segments_left > 0;
        match &route {
            Route::Unknown { kind: 2 | 4, .. } if is_route => ends.destination = hops[0],
            Route::Type0 { .. } | Route::Rpl(_) if is_route => ends.destination = hops[hops.len() - 1],
            _ => {}
        }
        RoutingHeader { next_header: NextHeader::NONE, segments_left, route }
    }

    /// Extension headers of a packet; `ends` becomes what the upper layer's checksum covers.
    pub(super) fn extension_headers(&mut self, ends: &mut Ends) -> Vec<ExtensionHeader> {
        let mut headers = Vec::new();
        if self.chance() {
            headers.push(ExtensionHeader::HopByHop(self.options(ends)));
        }
        if self.below(3) == 0 {
            headers.push(ExtensionHeader::Destination(self.options(ends)));
        }
        // The destination of a packet with a source route is not multicast (RFC 6554 section 3).
        if self.below(3) == 0 && !ends.destination.is_multicast() {
            headers.push(ExtensionHeader::Routing(self.routing(ends)));
        }
        if self.below(8) == 0 {
            let identification = self.u32();
            let atomic = FragmentHeader { next_header: NextHeader::NONE, offset: 0, more: false, identification };
            headers.push(ExtensionHeader::Fragment(atomic));
        }
        if self.below(4) == 0 {
            headers.push(ExtensionHeader::Destination(self.options(ends)));
        }
        headers
    }

    /// A packet with nothing but a mobility header (RFC 6275 section 6.1.2: a binding refresh request).
    pub(super) fn mobility(&mut self, header: Header) -> Packet {
        let mut mobility = MobilityHeader { next_header: NextHeader::NONE, kind: 0, checksum: 0, data: vec![0; 2] };
        let header = Header { next_header: NextHeader::MOBILITY, ..header };
        let bytes = ExtensionHeader::Mobility(mobility.clone()).to_vec().unwrap();
        mobility.checksum = ipv6::checksum(header.source, header.destination, NextHeader::MOBILITY, &bytes);
        Packet { header, payload: ExtensionHeader::Mobility(mobility).to_vec().unwrap() }
    }

    /// `packet` in another one between two nodes of the link.
    pub(super) fn tunnel(&mut self, packet: Vec<u8>, link: LinkAddress, to: LinkAddress) -> Vec<u8> {
        let mut ends = Ends { source: self.ipv6_address(link), destination: self.ipv6_address(to) };
        let header = Header::new(ends.source, ends.destination, NextHeader::IPV6, 64);
        let headers = if self.chance() { self.extension_headers(&mut ends) } else { Vec::new() };
        let (first, payload) = with_extensions(headers, NextHeader::IPV6, &packet).unwrap();
        Packet { header: Header { next_header: first, ..header }, payload }.to_vec().unwrap()
    }

    /// The fragments of a packet without extension headers (RFC 8200 section 4.5), in any order; the packet itself if it
    /// is too short.
    pub(super) fn ip_fragments(&mut self, packet: &[u8]) -> Vec<Vec<u8>> {
        let Packet { header, payload } = Packet::parse(packet).unwrap();
        let size = 8 * (1 + self.below(20) as usize);
        if payload.len() <= size || payload.len() / size > 6 {
            return vec![packet.to_vec()];
        }
        let (identification, has_options) = (self.u32(), self.below(3) == 0);
        let mut packets = Vec::new();
        for (index, piece) in payload.chunks(size).enumerate() {
            let (offset, more) = ((index * size / 8) as u16, (index + 1) * size < payload.len());
            let mut headers = Vec::new();
            if has_options {
                headers.push(ExtensionHeader::HopByHop(OptionsHeader::padded(NextHeader::NONE, Vec::new())));
            }
            let next_header = NextHeader::NONE;
            headers.push(ExtensionHeader::Fragment(FragmentHeader { next_header, offset, more, identification }));
            let (first, payload) = with_extensions(headers, header.next_header, piece).unwrap();
            packets.push(Packet { header: Header { next_header: first, ..header }, payload }.to_vec().unwrap());
        }
        if self.below(3) == 0 {
            packets.reverse();
        }
        packets
    }
}
