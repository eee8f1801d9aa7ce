//! 6LoWPAN: compressed, uncompressed, in fragments, in a mesh.

use wire::ieee802154::{Content, Frame, Header, LinkAddress};
use wire::ipv6::{self, NextHeader};
use wire::reader::Reader;
use wire::sixlowpan::{
    BroadcastHeader, Compressor, Context, Contexts, Dispatch, FragmentHeader, FrameHeaders, MeshHeader, RecoverableAck,
    RecoverableFragment, UdpNhc,
};
use wire::writer::Writer;

use super::{CONTEXTS, Rng};

/// A prime that keeps seeds small.
const MODULUS: u64 = 0xffff_fffb;

impl Rng {
    pub(super) fn data(&mut self) -> Vec<Vec<u8>> {
        let header = self.header();
        let mut headers = self.frame_headers();
        if headers.mesh.is_none() {
            headers = FrameHeaders::default();
        }
        let (source, destination) = headers.ends(header.source.link().unwrap(), header.destination.link().unwrap());
        if self.below(50) == 0 {
            let frame = Frame::new(header, Content::Data(self.reserved_mode()));
            return vec![self.emit(frame, false)];
        }
        let mut frames = Vec::new();
        for packet in self.packets(source, destination) {
            let sequence_number = header.sequence_number.map(|first| first.wrapping_add(frames.len() as u8));
            frames.extend(self.carry_behind(headers, Header { sequence_number, ..header }, &packet));
        }
        frames
    }

    /// An IPHC header whose destination mode is reserved (RFC 6282 section 3.1.1).
    fn reserved_mode(&mut self) -> Vec<u8> {
        let destination = self.pick(&[0x04, 0x0d, 0x0e, 0x0f]);
        let source = self.pick(&[0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70]);
        [vec![0x7b, source | destination, 58], self.bytes(20, 30)].concat()
    }

    /// The compressed headers without the UDP checksum (RFC 6282 section 4.3.2), if they end with it and it is right.
    fn without_checksum(&self, mut head: Vec<u8>, covered: usize, packet: &[u8]) -> Vec<u8> {
        let Ok(found) = ipv6::extensions(packet) else { return head };
        let datagram = &packet[found.upper_at..];
        let is_right = ipv6::checksum(found.source, found.destination, NextHeader::UDP, datagram) == 0;
        if found.upper != NextHeader::UDP || covered != found.upper_at + 8 || !is_right {
            return head;
        }
        let ports = [0, 2].map(|at| u16::from_be_bytes([datagram[at], datagram[at + 1]]));
        let at = head.len() - UdpNhc::new(ports[0], ports[1], 0).buffer_len();
        head[at] |= 4;
        head.truncate(head.len() - 2);
        head
    }

    /// A mesh header now and then, with or without a broadcast header.
    fn frame_headers(&mut self) -> FrameHeaders {
        if self.below(6) != 0 {
            return FrameHeaders::default();
        }
        let hops_left = self.pick(&[0, 1, 14, 15, 200]);
        let mesh = MeshHeader { hops_left, originator: self.link_address(), final_destination: self.link_address() };
        let broadcast = BroadcastHeader { sequence_number: self.u8() };
        FrameHeaders { mesh: Some(mesh), broadcast: self.chance().then_some(broadcast), fragment: None }
    }

    /// The PSDUs that carry `packet` on air; none if it does not lend itself to fragments.
    pub fn carry(&mut self, header: Header, packet: &[u8]) -> Vec<Vec<u8>> {
        self.carry_behind(FrameHeaders::default(), header, packet)
    }

    /// The same with `front` before each of the fragments.
    fn carry_behind(&mut self, front: FrameHeaders, header: Header, packet: &[u8]) -> Vec<Vec<u8>> {
        let (source, destination) = front.ends(header.source.link().unwrap(), header.destination.link().unwrap());
        let mut contexts = Contexts::default();
        for (id, prefix, length) in CONTEXTS {
            contexts.set(id, Some(Context::new(prefix.parse().unwrap(), length)));
        }
        let secured = self.chance();
        let mut mesh = vec![0; front.buffer_len()];
        front.emit(&mut Writer::new(&mut mesh)).unwrap();
        let room = 127 - 2 - header.buffer_len() - mesh.len() - if secured { 14 + 16 } else { 0 };
        let compressor = Compressor { source, destination, contexts: &contexts, room: room - 4 };
        let (mut head, mut covered) = compressor.headers(packet).unwrap();
        if self.below(10) == 0 {
            head = [&[Dispatch::IPV6_OCTET], &packet[..covered]].concat();
        } else if self.below(10) == 0 {
            (head, covered) = self.hc1(packet, source, destination);
        }
        let mut rest = &packet[covered..];
        let mut is_whole = head.len() + rest.len() <= room;
        if is_whole && self.below(8) == 0 && rest.len() >= 16 {
            is_whole = false;
        }
        if is_whole {
            if head[0] >> 5 == 3 && self.below(10) == 0 {
                head = self.without_checksum(head, covered, packet);
            }
            let frame = Frame::new(header, Content::Data([&mesh, &*head, rest].concat()));
            return vec![self.emit(frame, secured)];
        }
        // Wireshark breaks off at a first fragment that ends within the headers.
        let holds_headers = head.len() <= room - RecoverableFragment::LENGTH && !rest.is_empty();
        // From a seed of their own: what is generated besides does not change.
        let mut own = Self {
            harm: self.harm,
            ..Self::new(packet.iter().fold(1, |sum, octet| sum * 31 % MODULUS + u64::from(*octet)))
        };
        let recoverable = head[0] >> 5 == 3 && holds_headers && own.below(6) == 0;
        let recoverable = recoverable.then(|| {
            let payloads = own.recoverable(&head, rest, room, &mesh);
            own.frames_of(header, payloads, secured)
        });
        let mut payloads = Vec::new();
        let (size, tag) = (packet.len() as u16, self.u16());
        let mut fragment = |fragment: FragmentHeader, bytes: &[u8]| {
            let headers = FrameHeaders { fragment: Some(fragment), ..front };
            let mut payload = vec![0; headers.buffer_len() + bytes.len()];
            let mut writer = Writer::new(&mut payload);
            headers.emit(&mut writer).unwrap();
            writer.put(bytes, "fragment").unwrap();
            payloads.push(payload);
        };
        let first_end = ((covered + room.saturating_sub(4 + head.len()).min(rest.len())) / 8 * 8).max(covered);
        if (first_end - covered) > rest.len() || first_end % 8 != 0 {
            return Vec::new();
        }
        let (front, after) = rest.split_at(first_end - covered);
        fragment(FragmentHeader::First { datagram_size: size, datagram_tag: tag }, &[&head, front].concat());
        let mut offset = first_end;
        rest = after;
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(rest.len().min((room - 5) / 8 * 8));
            let datagram_offset = (offset / 8) as u8;
            fragment(FragmentHeader::Next { datagram_size: size, datagram_tag: tag, datagram_offset }, chunk);
            offset += chunk.len();
            rest = after;
        }
        if payloads.len() < 2 || payloads.iter().any(|payload| payload.len() > room + mesh.len()) {
            return Vec::new();
        }
        let mut frames = self.frames_of(header, payloads, secured);
        if self.below(3) == 0 {
            frames.reverse();
        }
        // Wireshark puts these together only if the last one comes last.
        recoverable.unwrap_or(frames)
    }

    /// A frame for each payload.
    fn frames_of(&mut self, header: Header, payloads: Vec<Vec<u8>>, secured: bool) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        for (index, payload) in payloads.into_iter().enumerate() {
            let sequence_number = header.sequence_number.map(|first| first.wrapping_add(index as u8));
            let frame = Frame::new(Header { sequence_number, ..header }, Content::Data(payload));
            frames.push(self.emit(frame, secured));
        }
        frames
    }

    /// A compressed packet in recoverable fragments (RFC 8931) of `room` octets.
    fn recoverable(&mut self, head: &[u8], rest: &[u8], room: usize, mesh: &[u8]) -> Vec<Vec<u8>> {
        let tag = self.u8();
        let compressed = [head, rest].concat();
        // Wireshark puts nothing together of which there is one fragment.
        let half = compressed.len().div_ceil(2).max(head.len());
        let most = (room - RecoverableFragment::LENGTH).min(half);
        let chunks: Vec<&[u8]> = compressed.chunks(most).collect();
        let mut offset = 0;
        let mut payloads = Vec::new();
        for (sequence, chunk) in (0..).zip(&chunks) {
            let size_or_offset = if sequence == 0 { compressed.len() } else { offset };
            let fragment = RecoverableFragment {
                congestion: self.chance(),
                datagram_tag: tag,
                ack_requested: self.chance(),
                sequence,
                fragment_size: chunk.len() as u16,
                size_or_offset: size_or_offset as u16,
            };
            let mut octets = [0; RecoverableFragment::LENGTH];
            fragment.emit(&mut Writer::new(&mut octets)).unwrap();
            payloads.push([mesh, &octets, chunk].concat());
            offset += chunk.len();
        }
        let ack = RecoverableAck { congestion: self.chance(), datagram_tag: tag, bitmap: !0 << (32 - chunks.len()) };
        let mut octets = [0; RecoverableAck::LENGTH];
        ack.emit(&mut Writer::new(&mut octets)).unwrap();
        payloads.push([mesh, &octets].concat());
        payloads
    }

    /// The HC1 form of a packet's headers (RFC 4944 section 10), and how many octets of `packet` they stand for.
    fn hc1(&mut self, packet: &[u8], source: LinkAddress, destination: LinkAddress) -> (Vec<u8>, usize) {
        let (header, payload_length) = ipv6::Header::parse(&mut Reader::new(packet)).unwrap();
        let mut bits = Bits(Vec::new());
        let mut encoding = 0;
        let ends = [(header.source, source, 6), (header.destination, destination, 4)];
        for (address, link, at) in ends {
            let (prefix, identifier) = ((address.to_bits() >> 64) as u64, address.to_bits() as u64);
            let elides_prefix = prefix == 0xfe80 << 48;
            let elides_identifier = identifier == u64::from_be_bytes(link.interface_identifier());
            encoding |= (u8::from(elides_prefix) << 1 | u8::from(elides_identifier)) << at;
            if !elides_prefix {
                bits.put(prefix, 64);
            }
            if !elides_identifier {
                bits.put(identifier, 64);
            }
        }
        if header.traffic_class == 0 && header.flow_label == 0 {
            encoding |= 8;
        } else {
            bits.put(header.traffic_class.into(), 8);
            bits.put(header.flow_label.into(), 20);
        }
        let is_named = self.below(4) != 0;
        let udp = packet.get(44..46).map(|length| u16::from_be_bytes([length[0], length[1]]));
        match header.next_header {
            NextHeader::UDP if is_named => encoding |= 2,
            NextHeader::ICMPV6 if is_named => encoding |= 4,
            NextHeader(next_header) => bits.put(next_header.into(), 8),
        }
        let mut front = vec![0x42, encoding, header.hop_limit];
        if encoding & 6 == 2 && udp == Some(payload_length) && self.chance() {
            front[1] |= 1;
            let mut udp_encoding = 0;
            for (port, flag) in [(40, 0x80), (42, 0x40)] {
                let port = u16::from_be_bytes([packet[port], packet[port + 1]]);
                if port & 0xfff0 == 0xf0b0 {
                    udp_encoding |= flag;
                    bits.put(u64::from(port & 0xf), 4);
                } else {
                    bits.put(port.into(), 16);
                }
            }
            if self.chance() {
                udp_encoding |= 0x20;
            } else {
                bits.put(payload_length.into(), 16);
            }
            bits.put(u64::from(u16::from_be_bytes([packet[46], packet[47]])), 16);
            front.insert(2, udp_encoding);
            return ([front, bits.octets()].concat(), 48);
        }
        ([front, bits.octets()].concat(), 40)
    }
}

/// Fields of any number of bits, one behind the other.
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u64, bits: u32) {
        self.0.extend((0..bits).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// Octets, zero bits at the end of the last one.
    fn octets(&self) -> Vec<u8> {
        let octet = |bits: &[bool]| (0..8).fold(0, |sum, at| sum << 1 | u8::from(bits.get(at) == Some(&true)));
        self.0.chunks(8).map(octet).collect()
    }
}
