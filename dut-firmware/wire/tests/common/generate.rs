//! Frames of every kind that the dissector knows, from a seed: the same ones at every run.

use bootrack_wire::Eui64;
use bootrack_wire::coap::{self, Code, MessageType, OptionNumber, Options, Token};
use bootrack_wire::dtls::{
    CipherSuite, ClientHello, ContentType, Extension, ExtensionType, HandshakeType, HelloVerifyRequest,
    ProtocolVersion, Record, RecordHeader, ServerHello, message_bytes,
};
use bootrack_wire::icmpv6::{Echo, ErrorKind, Message};
use bootrack_wire::ieee802154::{
    Address, AuxSecurityHeader, Beacon, Command, CommandId, Content, Frame, FrameVersion, GtsDescriptor, Header,
    KeyIdentifier, LinkAddress, PanId, PendingAddress, SecurityLevel, ShortAddress, secure,
};
use bootrack_wire::ipv6::{self, Ipv6Addr, NextHeader, Packet};
use bootrack_wire::ndp::{self, LinkLayerAddress, NdpOption, Registration};
use bootrack_wire::sel;
use bootrack_wire::sixlowpan::{Context, Contexts, Dispatch, FragmentHeader, compress_headers};
use bootrack_wire::udp::Datagram;
use bootrack_wire::writer::Writer;

use super::link_key;

/// Contexts that both dissectors are told, by identifier.
pub const CONTEXTS: [(u8, &str, u8); 3] =
    [(0, "fd00:b007::", 64), (3, "2001:db8:1:2::", 64), (5, "2001:db8:9:8::", 64)];

/// A small generator of pseudo-random numbers (xorshift64*).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    pub fn chance(&mut self) -> bool {
        self.below(2) == 1
    }

    pub fn u8(&mut self) -> u8 {
        self.below(256) as u8
    }

    pub fn u16(&mut self) -> u16 {
        self.below(1 << 16) as u16
    }

    pub fn u32(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    pub fn bytes(&mut self, least: u64, most: u64) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.u8()).collect()
    }

    pub fn word(&mut self) -> String {
        let length = 1 + self.below(14);
        (0..length).map(|_| char::from(b'a' + self.below(26) as u8)).collect()
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    fn eui64(&mut self) -> Eui64 {
        let mut octets = self.next().to_be_bytes();
        octets[0] = 0x02;
        Eui64(octets)
    }

    fn link_address(&mut self) -> LinkAddress {
        // Short addresses from 0x8000 on are multicast in 6LoWPAN (RFC 4944 section 12).
        if self.below(4) == 0 {
            LinkAddress::Short(ShortAddress(self.u16() & 0x7fff))
        } else {
            LinkAddress::Extended(self.eui64())
        }
    }

    fn header(&mut self) -> Header {
        let pan = PanId(self.u16());
        let (source, destination) = (self.link_address(), self.link_address());
        let mut header = Header::new(Address::new(pan, destination), Address::new(pan, source), self.u8());
        header.ack_request = self.chance();
        header.frame_pending = self.chance();
        header.version = if self.chance() { FrameVersion::V2003 } else { FrameVersion::V2006 };
        if self.below(8) == 0 {
            let other = PanId(self.u16());
            header.source = Address::new(other, source);
            header.pan_id_compression = false;
        }
        header
    }

    fn ipv6_address(&mut self, link: LinkAddress) -> Ipv6Addr {
        let prefixes = ["fe80::", "fe80::", "fd00:b007::", "2001:db8:1:2::", "2001:db8:9:8::", "2001:db8:ffff:1::"];
        let prefix: Ipv6Addr = self.pick(&prefixes).parse().unwrap();
        let identifier = match self.below(3) {
            0 => link.interface_identifier(),
            1 => LinkAddress::Short(ShortAddress(self.u16())).interface_identifier(),
            _ => self.next().to_be_bytes(),
        };
        ipv6::with_interface_identifier(prefix, identifier)
    }

    fn destination(&mut self, link: LinkAddress) -> Ipv6Addr {
        match self.below(4) {
            0 => {
                let bits = self.pick(&[8u32, 24, 40, 112]);
                let group = (u128::from(self.next()) << 64 | u128::from(self.next())) & ((1 << bits) - 1);
                let scope = self.pick(&[0x02u8, 0x03, 0x05, 0x0e]);
                Ipv6Addr::from_bits(0xff << 120 | u128::from(scope) << 112 | group)
            }
            _ => self.ipv6_address(link),
        }
    }

    fn ndp_option(&mut self) -> NdpOption {
        let address = self.ipv6_address(LinkAddress::BROADCAST);
        match self.below(10) {
            0 => NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Extended(self.eui64())),
            1 => NdpOption::TargetLinkLayerAddress(LinkLayerAddress::Extended(self.eui64())),
            2 => NdpOption::PrefixInformation {
                prefix_length: self.below(129) as u8,
                on_link: self.chance(),
                autonomous: self.chance(),
                valid_lifetime: self.u32(),
                preferred_lifetime: self.u32(),
                prefix: address,
            },
            3 => NdpOption::Mtu(self.u32()),
            4 => NdpOption::AddressRegistration {
                status: self.u8(),
                registration_lifetime: self.u16(),
                eui64: self.eui64(),
            },
            5 => NdpOption::AuthoritativeBorderRouter { version: self.u32(), valid_lifetime: self.u16(), address },
            6 => NdpOption::SourceLinkLayerAddress(LinkLayerAddress::Ethernet([2, 0, 0, 0, 0, self.u8() | 1])),
            7 => NdpOption::TargetLinkLayerAddress(LinkLayerAddress::Ethernet([2, 0, 0, 0, 0, self.u8() | 1])),
            8 => NdpOption::SixLowpanContext {
                context_length: self.pick(&[0, 16, 64, 65, 128]),
                compression: self.chance(),
                context_id: 9 + self.below(7) as u8,
                valid_lifetime: self.u16(),
                prefix: address,
            },
            _ => NdpOption::Unknown { kind: 200 + self.below(50) as u8, body: self.bytes(6, 6) },
        }
    }

    fn icmpv6(&mut self) -> Message {
        let options = (0..self.below(4)).map(|_| self.ndp_option()).collect();
        let target = self.ipv6_address(LinkAddress::BROADCAST);
        let registration = Registration {
            status: self.u8(),
            registration_lifetime: self.u16(),
            eui64: self.eui64(),
            registered_address: target,
        };
        let echo = Echo { identifier: self.u16(), sequence_number: self.u16(), data: self.bytes(0, 40) };
        match self.below(12) {
            0 => Message::EchoRequest(echo),
            1 => Message::EchoReply(echo),
            2 => Message::Ndp(ndp::Message::RouterSolicitation { options }),
            3 => Message::Ndp(ndp::Message::RouterAdvertisement {
                current_hop_limit: self.u8(),
                managed: self.chance(),
                other_configuration: self.chance(),
                router_lifetime: self.u16(),
                reachable_time: self.u32(),
                retransmission_timer: self.u32(),
                options,
            }),
            4 | 5 => Message::Ndp(ndp::Message::NeighborSolicitation { target, options }),
            6 => Message::Ndp(ndp::Message::NeighborAdvertisement {
                router: self.chance(),
                solicited: self.chance(),
                override_: self.chance(),
                target,
                options,
            }),
            7 => Message::Ndp(ndp::Message::DuplicateAddressRequest(registration)),
            8 => Message::Ndp(ndp::Message::DuplicateAddressConfirmation(registration)),
            9 => Message::Sel(sel::Message::join_secure_request(self.eui64())),
            10 => Message::Sel(sel::Message::set_secure_request(self.eui64(), self.u16())),
            _ => Message::Error {
                kind: self.pick(&[ErrorKind::PacketTooBig, ErrorKind::ParameterProblem, ErrorKind::TimeExceeded]),
                code: self.below(2) as u8,
                parameter: self.u32(),
                invoking: Vec::new(),
            },
        }
    }

    fn coap(&mut self) -> Vec<u8> {
        let code = self.pick(&[
            Code::GET,
            Code::POST,
            Code::PUT,
            Code::DELETE,
            Code::CONTENT,
            Code::CHANGED,
            Code::CREATED,
            Code::NOT_FOUND,
            Code::BAD_REQUEST,
            Code::INTERNAL_SERVER_ERROR,
        ]);
        let mut options = Options::new();
        if code.is_request() {
            (0..self.below(4)).for_each(|_| options.push(OptionNumber::URI_PATH, self.word()));
            (0..self.below(2)).for_each(|_| options.push(OptionNumber::URI_QUERY, self.word()));
            if self.below(4) == 0 {
                options.push(OptionNumber::URI_HOST, self.word());
                options.push_uint(OptionNumber::URI_PORT, self.u16().into());
            }
            match self.below(8) {
                0 => options.push(OptionNumber::IF_MATCH, self.bytes(1, 8)),
                1 => options.push(OptionNumber::PROXY_URI, self.word()),
                2 => options.push(OptionNumber::PROXY_SCHEME, self.word()),
                3 => options.push_uint(OptionNumber::HOP_LIMIT, 1 + self.below(255) as u32),
                4 => options.push_uint(OptionNumber::OBSERVE, self.below(2) as u32),
                5 => options.push_uint(OptionNumber::BLOCK2, self.below(7) as u32),
                _ => {}
            }
        } else {
            (0..self.below(3)).for_each(|_| options.push(OptionNumber::LOCATION_PATH, self.word()));
            (0..self.below(2)).for_each(|_| options.push(OptionNumber::LOCATION_QUERY, self.word()));
            if self.below(3) == 0 {
                options.push(OptionNumber::ETAG, self.bytes(1, 8));
                options.push_uint(OptionNumber::MAX_AGE, self.u32());
            }
        }
        if self.below(4) == 0 {
            options.push_uint(OptionNumber::SIZE1, self.u32());
        }
        let mut payload = Vec::new();
        if self.chance() {
            options.push_uint(OptionNumber::CONTENT_FORMAT, 42);
            payload = self.bytes(1, 60);
        }
        coap::Message {
            message_type: self.pick(&[
                MessageType::Confirmable,
                MessageType::NonConfirmable,
                MessageType::Acknowledgement,
            ]),
            code,
            message_id: self.u16(),
            token: Token::new(&self.bytes(0, 8)).unwrap(),
            options,
            payload,
        }
        .emit()
        .unwrap()
    }

    fn dtls_handshake(&mut self) -> (HandshakeType, Vec<u8>) {
        let mut body = Vec::new();
        let random = core::array::from_fn(|_| self.u8());
        let version = ProtocolVersion(0xfefd);
        let extensions = vec![
            Extension::extended_master_secret(),
            Extension { extension_type: ExtensionType(0x0a0a), data: self.bytes(0, 9) },
        ];
        let msg_type = match self.below(4) {
            0 => {
                ClientHello {
                    version,
                    random,
                    session_id: self.bytes(0, 32),
                    cookie: self.bytes(0, 32),
                    cipher_suites: (0..1 + self.below(4)).map(|_| CipherSuite(self.u16())).collect(),
                    compression_methods: vec![0],
                    extensions,
                }
                .emit(&mut body)
                .unwrap();
                HandshakeType::ClientHello
            }
            1 => {
                let hello = ServerHello {
                    version,
                    random,
                    session_id: self.bytes(0, 32),
                    cipher_suite: CipherSuite(0xc0a8),
                    compression_method: 0,
                    extensions,
                };
                hello.emit(&mut body).unwrap();
                HandshakeType::ServerHello
            }
            2 => {
                HelloVerifyRequest { version, cookie: self.bytes(1, 32) }.emit(&mut body).unwrap();
                HandshakeType::HelloVerifyRequest
            }
            _ => HandshakeType::ServerHelloDone,
        };
        (msg_type, message_bytes(msg_type, self.u16(), &body).unwrap())
    }

    fn dtls(&mut self) -> Vec<u8> {
        let (content_type, fragment) = match self.below(4) {
            0 => (ContentType::Alert, vec![self.pick(&[1, 2]), self.pick(&[0, 20, 40, 51, 115])]),
            1 => (ContentType::ChangeCipherSpec, vec![1]),
            _ => (ContentType::Handshake, self.dtls_handshake().1),
        };
        let sequence_number = self.next() & RecordHeader::MAX_SEQUENCE_NUMBER;
        let header =
            RecordHeader { content_type, version: ProtocolVersion(0xfefd), epoch: 0, sequence_number, length: 0 };
        let mut bytes = Vec::new();
        Record { header, fragment: &fragment }.emit(&mut bytes).unwrap();
        bytes
    }

    /// A packet from a node with `link` as its link-layer address to one with `to`.
    pub fn packet(&mut self, link: LinkAddress, to: LinkAddress) -> Vec<u8> {
        let (source, destination) = (self.ipv6_address(link), self.destination(to));
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
        let kind = self.below(6);
        match kind {
            0 | 1 => {
                datagram.destination_port = coap::PORT;
                datagram.payload = self.coap();
                // Wireshark links a message to earlier ones of the same ends: other ends each time.
                datagram.source_port = 10000 + self.below(30000) as u16;
            }
            2 => {
                datagram.destination_port = coap::SECURE_PORT;
                datagram.payload = self.dtls();
                datagram.source_port = 10000 + self.below(30000) as u16;
            }
            3 => datagram.payload = self.bytes(0, 300),
            _ => header.next_header = NextHeader::ICMPV6,
        }
        let mut payload = if header.next_header == NextHeader::UDP {
            datagram.to_vec(source, destination).unwrap()
        } else {
            self.icmpv6().to_vec(source, destination).unwrap()
        };
        if self.below(12) == 0 && kind > 2 {
            let at = if kind == 3 { 6 } else { 2 };
            payload[at] ^= 0x55;
        }
        Packet { header, payload }.to_vec().unwrap()
    }

    fn security(&mut self) -> AuxSecurityHeader {
        let key_identifier = match self.below(6) {
            0 => KeyIdentifier::Source4([1, 2, 3, self.u8()], 1),
            1 => KeyIdentifier::Source8([1, 2, 3, 4, 5, 6, 7, self.u8()], 1),
            _ => KeyIdentifier::Index(1),
        };
        AuxSecurityHeader {
            level: SecurityLevel::from_bits(1 + self.below(7) as u8),
            frame_counter: self.u32(),
            key_identifier,
        }
    }

    fn emit(&mut self, frame: Frame, secured: bool) -> Vec<u8> {
        match frame.header.source.extended() {
            Some(source) if secured => {
                secure(&frame, &self.security(), &link_key(), source).unwrap().to_psdu().unwrap()
            }
            _ => frame.to_psdu().unwrap(),
        }
    }

    fn beacon(&mut self) -> Frame {
        let header = Header::new(Address::Absent, Address::new(PanId(self.u16()), self.link_address()), self.u8());
        let gts = (0..self.below(3)).map(|_| GtsDescriptor {
            address: ShortAddress(self.u16()),
            starting_slot: self.below(16) as u8,
            length: self.below(16) as u8,
        });
        let gts: Vec<GtsDescriptor> = gts.collect();
        let mut pending: Vec<PendingAddress> =
            (0..self.below(3)).map(|_| PendingAddress::Short(ShortAddress(self.u16()))).collect();
        pending.extend((0..self.below(2)).map(|_| PendingAddress::Extended(self.eui64())));
        let gts_directions = if gts.is_empty() { 0 } else { self.u8() & 0x7f };
        let (superframe, gts_permit) = (self.u16(), self.chance());
        let content = Beacon { superframe, gts_permit, gts_directions, gts, pending, payload: Vec::new() };
        Frame { header, content: Content::Beacon(content) }
    }

    /// One or more PSDUs: a packet whole or in fragments, or another frame.
    pub fn psdus(&mut self) -> Vec<Vec<u8>> {
        match self.below(10) {
            0 => vec![Frame::acknowledgment(self.u8(), self.chance()).to_psdu().unwrap()],
            1 => {
                let frame = self.beacon();
                vec![self.emit(frame, false)]
            }
            2 => {
                let id = CommandId(self.pick(&[4, 5, 6, 7]));
                let frame = Frame { header: self.header(), content: Content::Command(Command { id, body: vec![] }) };
                vec![self.emit(frame, false)]
            }
            _ => self.data(),
        }
    }

    fn data(&mut self) -> Vec<Vec<u8>> {
        let header = self.header();
        let packet = self.packet(header.source.link().unwrap(), header.destination.link().unwrap());
        self.carry(header, &packet)
    }

    /// The PSDUs that carry `packet` on air; none if it does not lend itself to fragments.
    pub fn carry(&mut self, header: Header, packet: &[u8]) -> Vec<Vec<u8>> {
        let (source, destination) = (header.source.link().unwrap(), header.destination.link().unwrap());
        let mut contexts = Contexts::default();
        for (id, prefix, length) in CONTEXTS {
            contexts.set(id, Some(Context::new(prefix.parse().unwrap(), length)));
        }
        let (mut head, covered) = compress_headers(packet, source, destination, &contexts).unwrap();
        let mut rest = &packet[covered..];
        if self.below(10) == 0 {
            head = [&[Dispatch::IPV6_OCTET], &packet[..covered]].concat();
        }
        let secured = self.chance();
        let room = 127 - 2 - header.buffer_len() - if secured { 14 + 16 } else { 0 };
        if head.len() + rest.len() <= room && self.below(8) != 0 {
            let frame = Frame { header, content: Content::Data([&head, rest].concat()) };
            return vec![self.emit(frame, secured)];
        }
        let mut payloads = Vec::new();
        let (size, tag) = (packet.len() as u16, self.u16());
        let mut fragment = |fragment: FragmentHeader, bytes: &[u8]| {
            let mut payload = vec![0; fragment.buffer_len() + bytes.len()];
            let mut writer = Writer::new(&mut payload);
            fragment.emit(&mut writer).unwrap();
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
        if payloads.len() < 2 || payloads.iter().any(|payload| payload.len() > room) {
            return Vec::new();
        }
        let mut frames = Vec::new();
        for (index, payload) in payloads.into_iter().enumerate() {
            let sequence_number = header.sequence_number.wrapping_add(index as u8);
            let frame = Frame { header: Header { sequence_number, ..header }, content: Content::Data(payload) };
            frames.push(self.emit(frame, secured));
        }
        if self.below(3) == 0 {
            frames.reverse();
        }
        frames
    }

    /// A DTLS session in PSDUs: UDP payloads, each with whether the client sent it.
    pub fn session(&mut self, datagrams: &[(bool, Vec<u8>)]) -> Vec<Vec<u8>> {
        let ends = [LinkAddress::Extended(self.eui64()), LinkAddress::Extended(self.eui64())];
        let addresses = ends.map(ipv6::link_local);
        let client_port = 10000 + self.below(30000) as u16;
        let mut psdus = Vec::new();
        for (from_client, payload) in datagrams {
            let (from, to) = if *from_client { (0, 1) } else { (1, 0) };
            let (source, destination) = (addresses[from], addresses[to]);
            let (source_port, destination_port) =
                if *from_client { (client_port, coap::SECURE_PORT) } else { (coap::SECURE_PORT, client_port) };
            let datagram = Datagram { source_port, destination_port, payload: payload.clone() };
            let header = ipv6::Header::new(source, destination, NextHeader::UDP, 64);
            let payload = datagram.to_vec(source, destination).unwrap();
            let packet = Packet { header, payload }.to_vec().unwrap();
            let pan = PanId(0xb007);
            let header = Header::new(Address::new(pan, ends[to]), Address::new(pan, ends[from]), self.u8());
            let carried = core::iter::repeat_with(|| self.carry(header, &packet)).find(|psdus| !psdus.is_empty());
            psdus.extend(carried.unwrap());
        }
        psdus
    }
}
