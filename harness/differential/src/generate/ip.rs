//! IPv6 packets.

use wire::coap;
use wire::dns;
use wire::ieee802154::{LinkAddress, ShortAddress};
use wire::ipv6::{self, Ipv6Addr, NextHeader, Packet, with_extensions};
use wire::udp::Datagram;

use super::Rng;
use super::ip_extension::Ends;

impl Rng {
    pub(super) fn ipv6_address(&mut self, link: LinkAddress) -> Ipv6Addr {
        let prefixes = ["fe80::", "fe80::", "fd00:b007::", "2001:db8:1:2::", "2001:db8:9:8::", "2001:db8:ffff:1::"];
        let prefix: Ipv6Addr = self.pick(&prefixes).parse().unwrap();
        let identifier = match self.below(10) {
            0..3 => link.interface_identifier(),
            // As if made of an EUI-48 (RFC 4291 appendix A).
            3 => [0x02, self.u8(), self.u8(), 0xff, 0xfe, self.u8(), self.u8(), self.u8()],
            4..7 => LinkAddress::Short(ShortAddress(self.u16())).interface_identifier(),
            _ => self.u64().to_be_bytes(),
        };
        ipv6::with_interface_identifier(prefix, identifier)
    }

    pub(super) fn destination(&mut self, link: LinkAddress) -> Ipv6Addr {
        match self.below(12) {
            // A group that is based on a unicast prefix (RFC 3306).
            0 => {
                let group = 0xff35_0040_fd00_b007 << 64 | u128::from(self.u32());
                Ipv6Addr::from_bits(group)
            }
            1..4 => {
                let bits = self.pick(&[8u32, 24, 40, 112]);
                let group = (u128::from(self.u64()) << 64 | u128::from(self.u64())) & ((1 << bits) - 1);
                let scope = self.pick(&[0x02u8, 0x03, 0x05, 0x0e]);
                Ipv6Addr::from_bits(0xff << 120 | u128::from(scope) << 112 | group)
            }
            _ => self.ipv6_address(link),
        }
    }

    /// A packet from a node with `link` as its link-layer address to one with `to`.
    pub fn packet(&mut self, link: LinkAddress, to: LinkAddress) -> Vec<u8> {
        let (mut source, destination) = (self.ipv6_address(link), self.destination(to));
        if self.below(20) == 0 {
            source = Ipv6Addr::UNSPECIFIED;
        }
        let hop_limit = self.pick(&[1, 64, 255, 63, 17]);
        let mut header = ipv6::Header::new(source, destination, NextHeader::UDP, hop_limit);
        if self.below(3) == 0 {
            header.traffic_class = self.pick(&[0, 1, 3, 0xb8, 0xff]);
            header.flow_label = self.pick(&[0, 0x12345, 0xfffff]);
        }
        let mut datagram = Datagram {
            source_port: self.pick(&[0xf0b1, 0xf001, 40000]),
            destination_port: self.pick(&[0xf0b2, 0xf0c1, 40001]),
            payload: Vec::new(),
        };
        let kind = self.below(9);
        match kind {
            0 | 1 => {
                datagram.destination_port = coap::PORT;
                let message = self.coap();
                datagram.payload = self.harm(message);
                // Wireshark links a message to earlier ones of the same ends: other ends each time.
                datagram.source_port = 10000 + self.below(30000) as u16;
            }
            2 => {
                datagram.destination_port = coap::SECURE_PORT;
                let record = self.dtls();
                datagram.payload = self.harm(record);
                datagram.source_port = 10000 + self.below(30000) as u16;
            }
            3 => datagram.payload = self.bytes(0, 300),
            4 => {
                datagram.destination_port = self.pick(&[dns::PORT, dns::MULTICAST_PORT]);
                let message = self.dns();
                datagram.payload = self.harm(message);
                datagram.source_port = 10000 + self.below(30000) as u16;
            }
            _ => header.next_header = NextHeader::ICMPV6,
        }
        if self.below(40) == 0 {
            return self.mobility(header).to_vec().unwrap();
        }
        let mut ends = Ends { source, destination };
        // DTLS sessions are told apart by their addresses: those of the header.
        let headers = if kind > 2 && self.chance() { self.extension_headers(&mut ends) } else { Vec::new() };
        let mut payload = if header.next_header == NextHeader::UDP {
            datagram.to_vec(ends.source, ends.destination).unwrap()
        } else {
            let message = self.icmpv6().to_vec(ends.source, ends.destination).unwrap();
            let mut message = self.harm(message);
            if self.does_harm() && message.len() >= 4 {
                message[2..4].fill(0);
                let sum = ipv6::checksum(ends.source, ends.destination, NextHeader::ICMPV6, &message);
                message[2..4].copy_from_slice(&sum.to_be_bytes());
            }
            message
        };
        if self.below(12) == 0 && kind > 2 && !self.does_harm() {
            let at = if header.next_header == NextHeader::UDP { 6 } else { 2 };
            payload[at] ^= 0x55;
        }
        if self.below(20) == 0 && kind == 3 {
            // IPv6 forbids what means "no checksum" elsewhere.
            payload[6..8].fill(0);
        }
        let (first, payload) = with_extensions(headers, header.next_header, &payload).unwrap();
        let payload = self.harm(payload);
        let packet = Packet { header: ipv6::Header { next_header: first, ..header }, payload }.to_vec().unwrap();
        if kind > 2 && self.below(10) == 0 { self.tunnel(packet, link, to) } else { packet }
    }

    /// A packet, or its fragments.
    pub(super) fn packets(&mut self, link: LinkAddress, to: LinkAddress) -> Vec<Vec<u8>> {
        let packet = self.packet(link, to);
        // The next header of a packet without extension headers: UDP or ICMPv6.
        if matches!(packet[6], 17 | 58) && self.below(5) == 0 { self.ip_fragments(&packet) } else { vec![packet] }
    }
}
