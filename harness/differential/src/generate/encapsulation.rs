//! Packets of every link type: Ethernet, IPv4, TAP and ZEP around the frames of IEEE 802.15.4, and what else is on a
//! backbone; `cooked` has what operating systems put in front.

use wire::coap;
use wire::ethernet::{EtherType, Frame, MacAddress, VlanTag};
use wire::ieee802154::{FCS_LENGTH, append_fcs, fcs32};
use wire::ipv4::{self, Ipv4Addr};
use wire::ipv6::NextHeader;
use wire::tap::{Header, Tlv, TlvType};
use wire::udp::Datagram;
use wire::{hip, ikev2, pana, radius, zep};

use super::Rng;

impl Rng {
    /// Ethernet frames (link type 1).
    pub fn ethernet(&mut self) -> Vec<Vec<u8>> {
        let (ether_type, payloads) = match self.below(9) {
            8 => {
                // IEEE 802.3 with a length; LLC between service access points that nobody uses.
                let payload = [vec![0x7a, 0x7a, 0x03], self.bytes(46, 60)].concat();
                (EtherType(payload.len() as u16), vec![payload])
            }
            0 => {
                let packet = self.arp();
                (EtherType::ARP, vec![self.harm(packet)])
            }
            1 => {
                let packet = self.eapol();
                (EtherType::EAPOL, vec![self.harm(packet)])
            }
            2 => {
                let (from, to) = (self.link_address(), self.link_address());
                (EtherType::IPV6, vec![self.packet(from, to)])
            }
            _ => (EtherType::IPV4, self.ipv4()),
        };
        let tag_count = if ether_type.is_length() { 0 } else { self.pick(&[0, 0, 0, 1, 2]) };
        let tags = (0..tag_count).map(|_| VlanTag::from_bits(self.u16())).collect::<Vec<_>>();
        let (destination, source) = (self.mac_address(), self.mac_address());
        let frame = |payload| Frame { destination, source, tags: tags.clone(), ether_type, payload };
        let frames: Vec<_> = payloads.into_iter().map(|payload| frame(payload).to_vec().unwrap()).collect();
        frames.into_iter().map(|frame| self.harm(frame)).collect()
    }

    /// IPv4 or IPv6 packets (link type 101).
    pub fn raw(&mut self) -> Vec<Vec<u8>> {
        let packets = if self.chance() {
            self.ipv4()
        } else {
            let (from, to) = (self.link_address(), self.link_address());
            vec![self.packet(from, to)]
        };
        packets.into_iter().map(|packet| self.harm(packet)).collect()
    }

    /// Frames of IEEE 802.15.4 with FCS (link type 195).
    pub fn frames(&mut self) -> Vec<Vec<u8>> {
        let mut psdus = self.mpdus();
        psdus.iter_mut().for_each(append_fcs);
        psdus
    }

    /// Frames of IEEE 802.15.4 without FCS (link type 230).
    pub fn mpdus(&mut self) -> Vec<Vec<u8>> {
        let without = |psdu: Vec<u8>| psdu[..psdu.len() - FCS_LENGTH].to_vec();
        let frames: Vec<_> = self.psdus().into_iter().map(without).collect();
        frames.into_iter().map(|frame| self.harm(frame)).collect()
    }

    /// Frames of IEEE 802.15.4 behind TLVs (link type 283), with every kind of FCS.
    pub fn taps(&mut self) -> Vec<Vec<u8>> {
        let psdus = self.psdus();
        psdus.into_iter().map(|psdu| self.tap(psdu)).collect()
    }

    fn tap(&mut self, psdu: Vec<u8>) -> Vec<u8> {
        let mut mpdu = self.harm(psdu[..psdu.len() - FCS_LENGTH].to_vec());
        let fcs_type = self.below(3) as u8;
        match fcs_type {
            0 => {}
            1 => append_fcs(&mut mpdu),
            _ => mpdu.extend(fcs32(&mpdu).to_le_bytes()),
        }
        let mut tlvs = vec![Tlv { tlv_type: TlvType::FCS_TYPE, value: vec![fcs_type] }];
        for _ in 0..self.below(5) {
            let tlv_type = 1 + self.below(13) as u16;
            let float = |value: f32| value.to_le_bytes().to_vec();
            let value = match TlvType(tlv_type) {
                TlvType::RSS => float(-0.5 * self.below(200) as f32),
                TlvType::BIT_RATE | TlvType::TIMESLOT_LENGTH => self.u32().to_le_bytes().to_vec(),
                TlvType::CHANNEL => vec![11 + self.below(16) as u8, 0, self.below(10) as u8],
                TlvType::SUN_PHY => vec![self.below(14) as u8, self.below(10) as u8, self.below(4) as u8],
                TlvType::LQI => vec![self.u8()],
                TlvType::FREQUENCY => float(self.pick(&[2_405_000.0, 868_300.0, 0.001_25])),
                TlvType::CHANNEL_PLAN => {
                    [float(902_200.0), float(self.pick(&[200.0, 400.5])), self.u16().to_le_bytes().to_vec()].concat()
                }
                TlvType(13) => self.bytes(1, 9),
                // Timestamps and the slot number; Wireshark takes them for signed in places.
                _ => (self.u64() >> 8).to_le_bytes().to_vec(),
            };
            let value = self.value(value);
            tlvs.push(Tlv { tlv_type: TlvType(if tlv_type == 13 { 0x4000 } else { tlv_type }), value });
        }
        let header = Header { tlvs }.to_vec().unwrap();
        if self.does_harm() && self.below(8) == 0 {
            return self.harm(header);
        }
        [header, mpdu].concat()
    }

    pub(super) fn mac_address(&mut self) -> MacAddress {
        let mut octets = [0; 6];
        octets.copy_from_slice(&self.u64().to_be_bytes()[..6]);
        // A source is no group.
        octets[0] &= 0xfe;
        MacAddress(octets)
    }

    fn arp(&mut self) -> Vec<u8> {
        let operation = 1 + self.below(2) as u8;
        [vec![0, 1, 8, 0, 6, 4, 0, operation], self.bytes(20, 20)].concat()
    }

    pub(super) fn ipv4_address(&mut self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 1 + self.below(200) as u8)
    }

    pub(super) fn ipv4(&mut self) -> Vec<Vec<u8>> {
        let (source, destination) = (self.ipv4_address(), self.ipv4_address());
        let mut header = ipv4::Header {
            traffic_class: self.pick(&[0, 0x2e << 2, 3, 0xff]),
            identification: self.u16(),
            dont_fragment: self.chance(),
            more_fragments: false,
            fragment_offset: 0,
            time_to_live: 1 + self.below(255) as u8,
            protocol: NextHeader::UDP.0,
            source,
            destination,
            options: if self.below(8) == 0 { vec![1, 1, 1, 0] } else { Vec::new() },
        };
        let payloads = match self.below(10) {
            0 => {
                header.protocol = 6;
                vec![self.tcp()]
            }
            1 => {
                header.protocol = hip::PROTOCOL;
                vec![self.hip((source, destination))]
            }
            2 => {
                (header.more_fragments, header.fragment_offset) = self.pick(&[(true, 0), (true, 5), (false, 180)]);
                vec![self.bytes(8, 64)]
            }
            _ => self.datagrams((source, destination)),
        };
        // Of a damaged fragment Wireshark dissects the payload.
        let damage = self.below(15) == 0 && !header.is_fragment();
        let payloads: Vec<_> = payloads.into_iter().map(|payload| self.cut(payload)).collect();
        let packet = |payload| {
            let mut bytes = ipv4::Packet { header: header.clone(), payload }.to_vec().unwrap();
            if damage {
                // The low octet of the identification, which the checksum covers.
                bytes[5] ^= 0x10;
            }
            bytes
        };
        payloads.into_iter().map(packet).collect()
    }

    fn tcp(&mut self) -> Vec<u8> {
        let mut segment = Vec::new();
        segment.extend((40_000 + self.below(1000) as u16).to_be_bytes());
        segment.extend((41_000 + self.below(1000) as u16).to_be_bytes());
        segment.extend(self.bytes(8, 8));
        // Data offset 5, ACK.
        segment.extend([0x50, 0x10]);
        segment.extend(self.bytes(6, 6));
        segment
    }

    /// UDP datagrams with what a backbone carries.
    fn datagrams(&mut self, ends: (Ipv4Addr, Ipv4Addr)) -> Vec<Vec<u8>> {
        let source_port = 20_000 + self.below(20_000) as u16;
        let (destination_port, payloads) = match self.below(11) {
            0 => (coap::PORT, vec![self.coap()]),
            1 => (pana::PORT, vec![self.pana(0)]),
            2 => (self.pick(&radius::PORTS), vec![self.radius()]),
            3 => (ikev2::PORT, vec![self.ike()]),
            4 => {
                let message = [vec![0; 4], self.ike()].concat();
                let esp = [vec![1], self.bytes(11, 40)].concat();
                (ikev2::NAT_PORT, vec![message, esp])
            }
            5 => (hip::PORT, vec![[vec![0; 4], self.hip(ends)].concat()]),
            6 => (45_000, vec![self.pana(0)]),
            7 => (46_000, vec![self.bytes(1, 40)]),
            _ => (zep::PORT, self.zep()),
        };
        let no_checksum = self.below(10) == 0;
        // A frame inside ZEP has its own FCS.
        let harm = if destination_port == zep::PORT { Self::cut } else { Self::harm };
        let payloads: Vec<_> = payloads.into_iter().map(|payload| harm(self, payload)).collect();
        let datagram = |payload| {
            let datagram = Datagram { source_port, destination_port, payload };
            let mut bytes = datagram.to_vec(ends.0.to_ipv6_mapped(), ends.1.to_ipv6_mapped()).unwrap();
            if no_checksum {
                bytes[6..8].fill(0);
            }
            bytes
        };
        payloads.into_iter().map(datagram).collect()
    }

    fn zep(&mut self) -> Vec<Vec<u8>> {
        if self.below(8) == 0 {
            return vec![zep::Message::Ack { sequence_number: self.u32() }.to_vec().unwrap()];
        }
        let psdus = self.psdus();
        let message = |mut frame: Vec<u8>| {
            let mode = if self.chance() { zep::Mode::Crc } else { zep::Mode::Lqi(self.u8()) };
            if mode != zep::Mode::Crc {
                let end = frame.len() - FCS_LENGTH;
                frame[end..].copy_from_slice(&[self.u8(), 0x80 | self.u8()]);
            }
            let (channel, device_id) = (11 + self.below(16) as u8, self.u16());
            let message = if self.chance() {
                zep::Message::V1 { channel, device_id, mode, frame }
            } else {
                let (timestamp, sequence_number) = (self.u64(), self.u32());
                if sequence_number % 4 == 0 {
                    let [band, page, ..] = sequence_number.to_be_bytes();
                    zep::Message::V3 { channel, device_id, mode, timestamp, sequence_number, band, page, frame }
                } else {
                    zep::Message::V2 { channel, device_id, mode, timestamp, sequence_number, frame }
                }
            };
            message.to_vec().unwrap()
        };
        psdus.into_iter().map(message).collect()
    }

    pub(super) fn hip(&mut self, ends: (Ipv4Addr, Ipv4Addr)) -> Vec<u8> {
        let parameters = (0..self.below(4)).map(|_| hip::Parameter {
            // None that Wireshark looks into.
            parameter_type: 1001 + self.below(400) as u16 * 2,
            contents: self.bytes(0, 30),
        });
        let parameters = parameters.collect();
        let mut packet = hip::Packet {
            next_header: 59,
            packet_type: hip::PacketType(self.pick(&[1, 2, 3, 4, 16, 17, 18, 19])),
            version: self.pick(&[1, 2]),
            checksum: 0,
            controls: self.below(2) as u16,
            sender: self.bytes(16, 16).try_into().unwrap(),
            receiver: self.bytes(16, 16).try_into().unwrap(),
            parameters,
        };
        let (source, destination) = (ends.0.to_ipv6_mapped(), ends.1.to_ipv6_mapped());
        packet.checksum = hip::checksum(source, destination, &packet.to_vec().unwrap());
        if self.below(6) == 0 {
            packet.checksum ^= 0x0101;
        }
        packet.to_vec().unwrap()
    }
}
