//! A capture of a network at work, of any length: what a campaign's sniffer sees, from a seed.
//!
//! Two dozen devices and a border router exchange CoAP messages, register their addresses, ping each other with datagrams
//! that need fragments, and speak DTLS sessions that were recorded and go on under their keys. All of that is secured at
//! level 5 with key index 1. Beacons, commands, and frames of every kind from the differential test's generator lie
//! between; a part of the frames is acknowledged. Every frame but the acknowledgements is another.

use std::collections::{BTreeMap, HashSet};

use differential::generate::{CONTEXTS, Rng};
use differential::{link_key, session};
use wire::Eui64;
use wire::coap::{self, Code, ContentFormat, MessageType, Options, Token};
use wire::dtls::{Record, RecordHeader, seal};
use wire::icmpv6::{self, Echo};
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Frame, FrameType, Header, KeyIdentifier, LinkAddress, PanId, SecurityLevel,
    ShortAddress, secure,
};
use wire::ipv6::{self, Ipv6Addr, NextHeader, Packet};
use wire::ndp::{self, NdpOption};
use wire::sixlowpan::{Context, Contexts, FragmentHeader, compress_headers};
use wire::tls::{ContentType, MasterSecret, ProtocolVersion, Sender, ServerHello};
use wire::udp::Datagram;
use wire::writer::Writer;

/// Devices besides the border router.
const DEVICES: usize = 24;

const PAN: PanId = PanId(0xb007);

/// Octets of a secured MAC payload at most: 127 less header, auxiliary header, integrity code and FCS.
const ROOM: usize = 127 - 21 - 6 - 4 - 2;

/// Frames with what they are.
pub struct Traffic {
    /// PSDUs in order.
    pub frames: Vec<Vec<u8>>,
    /// How many there are of each kind.
    pub kinds: BTreeMap<&'static str, usize>,
}

/// `count` frames.
///
/// # Panics
/// If a message cannot be encoded: a mistake here.
pub fn traffic(count: usize) -> Traffic {
    let mut network = Network::new();
    let mut traffic = Traffic { frames: Vec::with_capacity(count), kinds: BTreeMap::new() };
    let mut seen = HashSet::with_capacity(count);
    while traffic.frames.len() < count {
        let (kind, frames) = network.event();
        for frame in frames {
            let acknowledged = frame[0] & 0x20 != 0 && network.rng.below(8) == 0;
            let sequence_number = frame[2];
            if traffic.frames.len() < count && seen.insert(frame.clone()) {
                traffic.frames.push(frame);
                *traffic.kinds.entry(kind).or_default() += 1;
            }
            if acknowledged && traffic.frames.len() < count {
                let pending = network.rng.chance();
                traffic.frames.push(Frame::acknowledgment(sequence_number, pending).to_psdu().unwrap());
                *traffic.kinds.entry("acknowledgements").or_default() += 1;
            }
        }
    }
    traffic
}

struct Network {
    rng: Rng,
    contexts: Contexts,
    /// The border router first.
    devices: Vec<Device>,
    message_id: u16,
    session: Option<Session>,
}

struct Device {
    eui64: Eui64,
    sequence_number: u8,
    frame_counter: u32,
}

/// A DTLS session between a device and the border router whose handshake was seen.
struct Session {
    client: usize,
    port: u16,
    keys: wire::tls::KeyBlock,
    sequence_number: u64,
    left: usize,
}

/// What an event was and the frames that it took.
type Event = (&'static str, Vec<Vec<u8>>);

impl Network {
    fn new() -> Self {
        let mut contexts = Contexts::default();
        for (id, prefix, length) in CONTEXTS {
            contexts.set(id, Some(Context::new(prefix.parse().unwrap(), length)));
        }
        let device = |number: u8| {
            let eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, number]);
            Device { eui64, sequence_number: number.wrapping_mul(37), frame_counter: 0 }
        };
        let devices = (0..=DEVICES as u8).map(device).collect();
        Self { rng: Rng::new(0xb007_7ac4), contexts, devices, message_id: 0, session: None }
    }

    fn event(&mut self) -> Event {
        let device = 1 + self.rng.below(DEVICES as u64) as usize;
        let ends = if self.rng.chance() { (device, 0) } else { (0, device) };
        match self.rng.below(100) {
            0..40 => ("CoAP", self.exchange(ends)),
            40..55 => ("Neighbor Discovery", self.registration(device)),
            55..67 => ("ICMPv6 echo in fragments", self.echo(ends)),
            67..87 => self.dtls(device),
            87..90 => ("beacons and commands", self.beacon()),
            _ => ("of every kind", self.rng.psdus()),
        }
    }

    /// A global address in the network's prefix, or a link-local one.
    fn address(&self, device: usize, is_global: bool) -> Ipv6Addr {
        let link = LinkAddress::Extended(self.devices[device].eui64);
        if is_global {
            ipv6::with_interface_identifier("fd00:b007::".parse().unwrap(), link.interface_identifier())
        } else {
            ipv6::link_local(link)
        }
    }

    fn exchange(&mut self, (client, server): (usize, usize)) -> Vec<Vec<u8>> {
        self.message_id = self.message_id.wrapping_add(1);
        let (request, response) = self.coap();
        let port = 0xf0b0 + self.rng.below(16) as u16;
        let mut frames = self.udp((client, server), (port, coap::PORT), request);
        frames.extend(self.udp((server, client), (coap::PORT, port), response));
        frames
    }

    fn coap(&mut self) -> (Vec<u8>, Vec<u8>) {
        let token = Token::new(&self.rng.bytes(2, 4)).unwrap();
        let mut request = coap::Message {
            message_type: MessageType::Confirmable,
            code: self.rng.pick(&[Code::GET, Code::PUT, Code::POST]),
            message_id: self.rng.u16(),
            token,
            options: Options::new(),
            payload: Vec::new(),
        };
        request.options.push_uri_path(self.rng.pick(&["c/rs", "coap-key2", ".well-known/core", "s/t"]));
        if request.code == Code::GET {
            request.options.push_uri_query("rt=sensor");
        } else {
            request.options.push_content_format(ContentFormat(42));
            request.payload = self.rng.bytes(8, 30);
        }
        let mut response = coap::Message { message_type: MessageType::Acknowledgement, ..request.clone() };
        response.options = Options::new();
        response.code = if request.code == Code::GET { Code::CONTENT } else { Code::CHANGED };
        response.payload = if request.code == Code::GET { self.rng.bytes(8, 30) } else { Vec::new() };
        (request.emit().unwrap(), response.emit().unwrap())
    }

    fn registration(&mut self, device: usize) -> Vec<Vec<u8>> {
        let (host, router) = (self.address(device, true), self.address(0, false));
        let registration = NdpOption::AddressRegistration {
            status: 0,
            registration_lifetime: self.rng.u16(),
            eui64: self.devices[device].eui64,
        };
        let link = ndp::LinkLayerAddress::Extended(self.devices[device].eui64);
        let solicitation = ndp::Message::NeighborSolicitation {
            target: router,
            options: vec![NdpOption::SourceLinkLayerAddress(link), registration.clone()],
        };
        let advertisement = ndp::Message::NeighborAdvertisement {
            router: true,
            solicited: true,
            override_: false,
            target: router,
            options: vec![registration],
        };
        let mut frames = Vec::new();
        for (from, to, source, destination, message) in
            [(device, 0, host, router, solicitation), (0, device, router, host, advertisement)]
        {
            let payload = icmpv6::Message::Ndp(message).to_vec(source, destination).unwrap();
            let header = ipv6::Header::new(source, destination, NextHeader::ICMPV6, 255);
            frames.extend(self.carry((from, to), &Packet { header, payload }.to_vec().unwrap()));
        }
        frames
    }

    fn echo(&mut self, (from, to): (usize, usize)) -> Vec<Vec<u8>> {
        let (source, destination) = (self.address(from, true), self.address(to, true));
        let echo = Echo { identifier: self.rng.u16(), sequence_number: self.rng.u16(), data: self.rng.bytes(120, 480) };
        let payload = icmpv6::Message::EchoRequest(echo).to_vec(source, destination).unwrap();
        let header = ipv6::Header::new(source, destination, NextHeader::ICMPV6, 64);
        self.carry((from, to), &Packet { header, payload }.to_vec().unwrap())
    }

    /// A message of the session that there is, or the handshake of a new one.
    fn dtls(&mut self, device: usize) -> Event {
        match self.session.take() {
            Some(mut session) if session.left > 0 => {
                session.left -= 1;
                let (request, response) = self.coap();
                let mut frames = Vec::new();
                for (sender, message) in [(Sender::Client, request), (Sender::Server, response)] {
                    session.sequence_number += 1;
                    let header = RecordHeader {
                        content_type: ContentType::ApplicationData,
                        version: ProtocolVersion(0xfefd),
                        epoch: 1,
                        sequence_number: session.sequence_number,
                        length: 0,
                    };
                    let fragment = seal(session.keys.of(sender), &header, &message).unwrap();
                    let mut record = Vec::new();
                    Record { header, fragment: &fragment }.emit(&mut record).unwrap();
                    frames.extend(self.datagram(&session, sender == Sender::Client, record));
                }
                self.session = Some(session);
                ("CoAP over DTLS", frames)
            }
            _ => {
                let recorded = session("psk");
                let hello = recorded.datagrams.iter().find(|(_, datagram)| datagram.get(13) == Some(&2)).unwrap();
                let server_random = ServerHello::parse(&hello.1[25..][..length(&hello.1[14..17])]).unwrap().random;
                let secret = MasterSecret::from_octets(recorded.master_secret);
                let session = Session {
                    client: device,
                    port: 10_000 + self.rng.below(50_000) as u16,
                    keys: secret.key_block(&recorded.client_random, &server_random),
                    sequence_number: 16,
                    left: 60,
                };
                let mut frames = Vec::new();
                // All but the alerts that end it.
                let until = recorded.datagrams.len() - 2;
                for (from_client, datagram) in &recorded.datagrams[..until] {
                    frames.extend(self.datagram(&session, *from_client, datagram.clone()));
                }
                self.session = Some(session);
                ("DTLS handshakes", frames)
            }
        }
    }

    fn datagram(&mut self, session: &Session, from_client: bool, payload: Vec<u8>) -> Vec<Vec<u8>> {
        if from_client {
            self.udp((session.client, 0), (session.port, coap::SECURE_PORT), payload)
        } else {
            self.udp((0, session.client), (coap::SECURE_PORT, session.port), payload)
        }
    }

    fn udp(&mut self, ends: (usize, usize), ports: (u16, u16), payload: Vec<u8>) -> Vec<Vec<u8>> {
        let (source, destination) = (self.address(ends.0, true), self.address(ends.1, true));
        let payload =
            Datagram { source_port: ports.0, destination_port: ports.1, payload }.to_vec(source, destination).unwrap();
        let header = ipv6::Header::new(source, destination, NextHeader::UDP, 64);
        self.carry(ends, &Packet { header, payload }.to_vec().unwrap())
    }

    /// The frames that carry a packet, in fragments if it needs some.
    fn carry(&mut self, ends: (usize, usize), packet: &[u8]) -> Vec<Vec<u8>> {
        let [from, to] = [ends.0, ends.1].map(|device| LinkAddress::Extended(self.devices[device].eui64));
        let (head, covered) = compress_headers(packet, from, to, &self.contexts).unwrap();
        let mut rest = &packet[covered..];
        if head.len() + rest.len() <= ROOM {
            return vec![self.secured(ends, [&head, rest].concat())];
        }
        let (datagram_size, datagram_tag) = (packet.len() as u16, self.rng.u16());
        let mut frames = Vec::new();
        let mut offset = 0;
        while !rest.is_empty() {
            let (header, before) = if offset == 0 {
                (FragmentHeader::First { datagram_size, datagram_tag }, head.as_slice())
            } else {
                let datagram_offset = (offset / 8) as u8;
                (FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset }, &[][..])
            };
            let start = if offset == 0 { covered } else { offset };
            let room = ROOM - header.buffer_len() - before.len();
            // All but the last fragment end on a multiple of eight octets of the datagram.
            let length = if rest.len() <= room { rest.len() } else { (start + room) / 8 * 8 - start };
            let (piece, after) = rest.split_at(length);
            let mut payload = vec![0; header.buffer_len()];
            header.emit(&mut Writer::new(&mut payload)).unwrap();
            payload.extend_from_slice(before);
            payload.extend_from_slice(piece);
            frames.push(self.secured(ends, payload));
            offset = start + length;
            rest = after;
        }
        frames
    }

    fn secured(&mut self, (from, to): (usize, usize), payload: Vec<u8>) -> Vec<u8> {
        let destination = Address::new(PAN, LinkAddress::Extended(self.devices[to].eui64));
        let device = &mut self.devices[from];
        device.sequence_number = device.sequence_number.wrapping_add(1);
        device.frame_counter += 1;
        let source = Address::new(PAN, LinkAddress::Extended(device.eui64));
        let mut header = Header::new(destination, source, device.sequence_number);
        header.ack_request = true;
        let frame = Frame::new(header, Content::Data(payload));
        let security = AuxSecurityHeader::new(SecurityLevel::EncMic32, device.frame_counter, KeyIdentifier::Index(1));
        secure(&frame, &security, &link_key(), device.eui64).unwrap().to_psdu().unwrap()
    }

    fn beacon(&mut self) -> Vec<Vec<u8>> {
        let device = self.rng.below(self.devices.len() as u64) as usize;
        let mut beacon = vec![0xff, 0xcf, 0x00, 0x00];
        beacon.extend(self.rng.bytes(4, 20));
        let short = LinkAddress::Short(ShortAddress(device as u16));
        let header = Header::new(Address::Absent, Address::new(PAN, short), self.rng.u8());
        let content = Content::parse(FrameType::Beacon, header.version, &beacon).unwrap();
        vec![Frame::new(header, content).to_psdu().unwrap()]
    }
}

fn length(octets: &[u8]) -> usize {
    octets.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet))
}
