//! Contents in packets whose lengths and checksums around them are right: what a fuzzer changes arrives at the parser that it
//! is for. The fuzz target `readers` and the differential test take the same inputs.

use dissect::LinkType;
use wire::dtls::{HandshakeHeader, Record, RecordHeader, additional_data};
use wire::ethernet::{EtherType, Frame as EthernetFrame, MacAddress};
use wire::ieee802154::{
    Address, AuxSecurityHeader, Content, Elements, Frame, Header, KeyIdentifier, LinkAddress, Mpx, PanId,
    PayloadElement, SecurityLevel, append_fcs, secure_in_slot,
};
use wire::ipv6::{self, NextHeader, Packet};
use wire::tls::{
    CipherSuite, ClientHello, ContentType, HandshakeType, MasterSecret, ProtocolVersion, ServerHello, WriteKeys, nonce,
    psk_premaster_secret,
};
use wire::udp::Datagram;
use wire::{Eui64, ccm, coap, dns, hip, ikev2, pana, radius, zep};

use crate::captures::{WITH_FCS, WITHOUT_FCS};
use crate::{PSK, codecs, compare, link_key};

/// IPv6 packets as they are.
const RAW: u32 = LinkType::RAW.0;
const ETHERNET: u32 = LinkType::ETHERNET.0;
const TAP: u32 = LinkType::IEEE802_15_4_TAP.0;

/// Ports whose payloads are read.
const PORTS: [u16; 9] = [
    coap::PORT,
    coap::SECURE_PORT,
    dns::MULTICAST_PORT,
    zep::PORT,
    pana::PORT,
    radius::PORTS[0],
    ikev2::PORT,
    ikev2::NAT_PORT,
    hip::PORT,
];

/// Next headers whose contents are read. ICMPv6 and HIP have checksums, which are made right.
const NEXT_HEADERS: [NextHeader; 9] = [
    NextHeader::HOP_BY_HOP,
    NextHeader::ROUTING,
    NextHeader::FRAGMENT,
    NextHeader::DESTINATION_OPTIONS,
    NextHeader::MOBILITY,
    NextHeader::IPV6,
    NextHeader::ICMPV6,
    NextHeader(hip::PROTOCOL),
    NextHeader::UDP,
];

/// Suites of handshakes: PSK, certificates, EC-JPAKE, one of another key exchange.
const SUITES: [u16; 4] = [0xc0a8, 0xc0ae, 0xc0ff, 0x002f];

const VERSION: ProtocolVersion = ProtocolVersion(0xfefd);

/// Devices whose addresses no other input has.
struct Devices {
    ends: [Eui64; 2],
    /// The source port of UDP, and the number of the next record.
    port: u16,
    record: u64,
}

impl Devices {
    fn new(number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        let eui64 = |last| Eui64([0x02, 0, 0, 0xca, high, low, 0, last]);
        Self { ends: [eui64(1), eui64(2)], port: 20_000 + number % 10_000, record: 0 }
    }

    fn addresses(&self) -> [ipv6::Ipv6Addr; 2] {
        self.ends.map(|eui64| ipv6::link_local(LinkAddress::Extended(eui64)))
    }

    fn packet(&self, next_header: NextHeader, payload: Vec<u8>, reversed: bool) -> Vec<u8> {
        let mut ends = self.addresses();
        if reversed {
            ends.reverse();
        }
        let header = ipv6::Header::new(ends[0], ends[1], next_header, 255);
        Packet { header, payload }.to_vec().unwrap_or_default()
    }

    fn datagram(&self, port: u16, payload: Vec<u8>, reversed: bool) -> Vec<u8> {
        let (mut ends, mut ports) = (self.addresses(), [self.port, port]);
        if reversed {
            ends.reverse();
            ports.reverse();
        }
        let datagram = Datagram { source_port: ports[0], destination_port: ports[1], payload };
        let payload = datagram.to_vec(ends[0], ends[1]).unwrap_or_default();
        self.packet(NextHeader::UDP, payload, reversed)
    }

    /// A payload of IPv6 whose checksum is right.
    fn summed(&self, next_header: NextHeader, content: &[u8]) -> Vec<u8> {
        let ends = self.addresses();
        let mut payload = content.to_vec();
        let at = match next_header {
            NextHeader::ICMPV6 => Some(2),
            NextHeader(hip::PROTOCOL) => Some(4),
            _ => None,
        };
        if let Some(at) = at.filter(|at| payload.len() >= at + 2) {
            payload[at..at + 2].fill(0);
            let sum = ipv6::checksum(ends[0], ends[1], next_header, &payload);
            payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
        }
        self.packet(next_header, payload, false)
    }

    fn record(&mut self, content_type: ContentType, epoch: u16, fragment: &[u8]) -> Vec<u8> {
        let header = RecordHeader { content_type, version: VERSION, epoch, sequence_number: self.record, length: 0 };
        self.record += 1;
        let mut bytes = Vec::new();
        let _ = Record { header, fragment }.emit(&mut bytes);
        bytes
    }

    fn message(&mut self, message_seq: u16, msg_type: HandshakeType, body: &[u8]) -> Vec<u8> {
        let length = body.len() as u32;
        let header = HandshakeHeader { msg_type, length, message_seq, fragment_offset: 0, fragment_length: length };
        let mut message = Vec::new();
        header.emit(&mut message);
        message.extend(body);
        self.record(ContentType::Handshake, 0, &message)
    }

    /// ClientHello and ServerHello of a suite, as IPv6 packets.
    fn hellos(&mut self, suite: u16) -> Vec<Vec<u8>> {
        let hello = ClientHello {
            version: VERSION,
            random: [1; 32],
            session_id: vec![],
            cookie: Some(vec![7; 8]),
            cipher_suites: vec![CipherSuite(suite)],
            compression_methods: vec![0],
            extensions: vec![],
        };
        let mut body = Vec::new();
        let _ = hello.emit(&mut body);
        let client = self.message(0, HandshakeType::ClientHello, &body);
        let hello = ServerHello {
            version: VERSION,
            random: [2; 32],
            session_id: vec![],
            cipher_suite: CipherSuite(suite),
            compression_method: 0,
            extensions: vec![],
        };
        let mut body = Vec::new();
        let _ = hello.emit(&mut body);
        let server = self.message(0, HandshakeType::ServerHello, &body);
        vec![self.datagram(coap::SECURE_PORT, client, false), self.datagram(coap::SECURE_PORT, server, true)]
    }

    /// A record of epoch 1 under the pre-shared key of the recorded sessions.
    fn protected(&mut self, content_type: ContentType, plaintext: &[u8]) -> Option<Vec<u8>> {
        let premaster = psk_premaster_secret(&hex::decode(PSK).ok()?).ok()?;
        let keys: WriteKeys = MasterSecret::derive(&premaster, &[1; 32], &[2; 32]).key_block(&[1; 32], &[2; 32]).client;
        let header = RecordHeader { content_type, version: VERSION, epoch: 1, sequence_number: self.record, length: 0 };
        let explicit = header.epoch_and_sequence_number().to_be_bytes();
        let aad = additional_data(&header, u16::try_from(plaintext.len()).ok()?);
        let sealed = ccm::seal(&keys.key, &nonce(&keys.iv, &explicit), &aad, plaintext, 8).ok()?;
        Some(self.record(content_type, 1, &[&explicit[..], &sealed].concat()))
    }

    fn header(&self) -> Header {
        let address = |address| Address::Extended { pan: PanId(0xca77), address };
        Header::new_2015(address(self.ends[1]), address(self.ends[0]), Some(self.record as u8))
    }

    fn frame(&mut self, content: Vec<u8>, level: u8) -> Option<Vec<u8>> {
        let pan = PanId(0xca77);
        let end = |end: Eui64| Address::new(pan, LinkAddress::Extended(end));
        self.record += 1;
        let header = Header::new(end(self.ends[1]), end(self.ends[0]), self.record as u8);
        let frame = Frame::new(header, Content::Data(content));
        match level {
            0 => frame.to_psdu().ok(),
            _ => {
                let security = AuxSecurityHeader::new(
                    SecurityLevel::from_bits(level),
                    self.record as u32,
                    KeyIdentifier::Index(1),
                );
                secure_in_slot(&frame, &security, &link_key(), self.ends[0], 0).ok()?.to_psdu().ok()
            }
        }
    }

    /// A frame of 2015 with octets where its elements are.
    fn elements(&mut self, octets: &[u8]) -> Option<Vec<u8>> {
        self.record += 1;
        let frame = Frame { header: self.header(), elements: Elements::default(), content: Content::Data(vec![]) };
        let mut mpdu = frame.to_vec().ok()?;
        // IE Present (IEEE 802.15.4-2015 section 7.2.2.8).
        *mpdu.get_mut(1)? |= 0x02;
        mpdu.extend(octets);
        append_fcs(&mut mpdu);
        Some(mpdu)
    }

    fn mpx(&mut self, multiplex_id: u16, frame: Vec<u8>) -> Option<Vec<u8>> {
        self.record += 1;
        let mpx = Mpx::FullFrame { transaction_id: 0, multiplex_id, frame };
        let elements = Elements::terminated(vec![], vec![PayloadElement::Mpx(mpx)], false);
        Frame { header: self.header(), elements, content: Content::Data(Vec::new()) }.to_psdu().ok()
    }
}

/// How many carriers there are: an input's first octet is taken modulo this.
pub const CARRIERS: u8 = 40;

/// Carriers for the inputs of the parsers' own targets: the target, and how many octets of an input are not content.
pub const CORPORA: [(u8, &str, usize); 29] = [
    (1, "mac_frame", 0),
    (2, "tap_header", 0),
    (3, "ipv6_packet", 0),
    (4, "ethernet_frame", 0),
    (5, "coap_message", 0),
    (6, "dtls_records", 0),
    (7, "dns_message", 0),
    (8, "zep_message", 0),
    (9, "pana_message", 0),
    (10, "radius_packet", 0),
    (11, "ikev2_message", 0),
    (13, "hip_packet", 0),
    (14, "ipv6_extension", 1),
    (15, "ipv6_extension", 1),
    (16, "ipv6_extension", 1),
    (17, "ipv6_extension", 1),
    (18, "ipv6_extension", 1),
    (20, "icmpv6_message", 0),
    (21, "hip_packet", 0),
    (22, "udp_datagram", 0),
    (23, "dtls_handshake", 0),
    (24, "dtls_handshake", 0),
    (25, "dtls_handshake", 0),
    (27, "dtls_handshake", 0),
    (29, "sixlowpan_packet", 2),
    (29, "sixlowpan_chain", 0),
    (29, "ghc_payload", 0),
    (31, "mac_parts", 0),
    (32, "eapol_packet", 0),
];

/// The packets of an input, each with its link type: sequences of an octet that chooses the carrier, two octets of length, and
/// that many octets of content. `number` makes the addresses those of no other input.
///
/// Carriers 0 to 4 are link types, whose packet the content is; 5 to 13 ports of UDP; 14 to 22 next headers; 23 to 26 a
/// handshake message (its type, its body) behind the hellos of a suite; 27 a record of DTLS (its type, its plaintext) under a
/// key that is known, 28 one without protection; 29 to 31 a payload of a frame, plain, secured, and as elements; 32 to 34 the
/// frame of an MPX element (EAPOL, IPv6, 6LoWPAN); 35 EAPOL in Ethernet; 36 to 39 commands and beacons.
pub fn carried(input: &[u8], number: u16) -> Vec<(LinkType, Vec<u8>)> {
    let mut devices = Devices::new(number);
    let mut packets = Vec::new();
    let mut rest = input;
    while let [carrier, high, low, following @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (content, after) = following.split_at(following.len().min(length));
        rest = after;
        packets.extend(carry(&mut devices, carrier % CARRIERS, content).unwrap_or_default());
    }
    packets.into_iter().map(|(link_type, packet)| (LinkType(link_type), packet)).collect()
}

fn carry(devices: &mut Devices, carrier: u8, content: &[u8]) -> Option<Vec<(u32, Vec<u8>)>> {
    let all = content.to_vec();
    let split = || content.split_first().map(|(first, rest)| (*first, rest));
    Some(match carrier {
        0 => {
            let mut frame = all;
            append_fcs(&mut frame);
            vec![(WITH_FCS, frame)]
        }
        1 => vec![(WITHOUT_FCS, all)],
        2 => vec![(TAP, all)],
        3 => vec![(RAW, all)],
        4 => vec![(ETHERNET, all)],
        5..14 => vec![(RAW, devices.datagram(PORTS[usize::from(carrier - 5)], all, false))],
        14..23 => vec![(RAW, devices.summed(NEXT_HEADERS[usize::from(carrier - 14)], content))],
        23..27 => {
            let (msg_type, body) = split()?;
            let mut packets = devices.hellos(SUITES[usize::from(carrier - 23)]);
            let message = devices.message(1, HandshakeType::from(msg_type & 0x7f), body);
            packets.push(devices.datagram(coap::SECURE_PORT, message, msg_type & 0x80 != 0));
            packets.into_iter().map(|packet| (RAW, packet)).collect()
        }
        27 => {
            let (content_type, plaintext) = split()?;
            let mut packets = devices.hellos(SUITES[0]);
            let change = devices.record(ContentType::ChangeCipherSpec, 0, &[1]);
            packets.push(devices.datagram(coap::SECURE_PORT, change, false));
            let record = devices.protected(ContentType::from(content_type), plaintext)?;
            packets.push(devices.datagram(coap::SECURE_PORT, record, false));
            packets.into_iter().map(|packet| (RAW, packet)).collect()
        }
        28 => {
            let (content_type, fragment) = split()?;
            let record = devices.record(ContentType::from(content_type), 0, fragment);
            vec![(RAW, devices.datagram(coap::SECURE_PORT, record, false))]
        }
        29 => vec![(WITH_FCS, devices.frame(all, 0)?)],
        30 => {
            let (level, rest) = split()?;
            vec![(WITH_FCS, devices.frame(rest.to_vec(), level & 7)?)]
        }
        31 => vec![(WITH_FCS, devices.elements(content)?)],
        32..35 => vec![(WITH_FCS, devices.mpx([1, 0x86dd, 2][usize::from(carrier - 32)], all)?)],
        35 => {
            let mac = |last| MacAddress([2, 0, 0, 0, 0, last]);
            let (destination, source) = (mac(1), mac(2));
            let frame = EthernetFrame { destination, source, tags: vec![], ether_type: EtherType::EAPOL, payload: all };
            vec![(ETHERNET, frame.to_vec().ok()?)]
        }
        _ => {
            // A command, or a beacon, plain and of 2015.
            let kind = [0x43, 0x40][usize::from(carrier & 1)];
            let version = [0x00, 0x20][usize::from(carrier >> 1 & 1)];
            let ends = devices.ends.map(|Eui64(mut octets)| {
                octets.reverse();
                octets
            });
            let mut mpdu = vec![kind, 0xcc | version, 1, 0x77, 0xca];
            mpdu.extend(ends[1]);
            mpdu.extend(ends[0]);
            mpdu.extend(content);
            append_fcs(&mut mpdu);
            vec![(WITH_FCS, mpdu)]
        }
    })
}

/// Reads the packets of an input with the dissector and with the codecs; the most layers that one of them has.
pub fn compare_readers(input: &[u8], number: u16, findings: &mut codecs::Findings) -> usize {
    let mut dissector = compare::known_dissector();
    let mut layers = 0;
    for (at, (link_type, packet)) in (1..).zip(carried(input, number)) {
        let dissection = dissector.packet(at, link_type, &packet);
        layers = layers.max(dissection.layers().len());
        codecs::compare(&dissection, findings);
    }
    findings.next_capture();
    layers
}

/// Octets: an input of [`carried`], which the dissector and the codecs read.
///
/// # Panics
/// If they do not read the same.
pub fn readers(input: &[u8]) -> bool {
    let mut findings = codecs::Findings::default();
    let layers = compare_readers(input, 0, &mut findings);
    compare::assert_no_differences(&findings.differences);
    layers > 1
}
