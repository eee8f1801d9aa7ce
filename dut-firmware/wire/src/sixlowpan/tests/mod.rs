//! Frames of another stack (Contiki-NG by way of smoltcp's tests), every mode by table, and properties.

mod extension;
mod ghc;
mod hc1;
mod mesh;

use super::*;
use crate::ieee802154::{Frame, LinkAddress, ShortAddress};
use crate::ipv6::{Header, Ipv6Addr, NextHeader, Packet};
use crate::reader::Reader;
use crate::udp::Datagram;
use crate::{Error, Eui64, icmpv6};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use rstest::rstest;

fn hex(text: &str) -> Vec<u8> {
    ::hex::decode(text).unwrap()
}

fn extended(text: &str) -> LinkAddress {
    LinkAddress::Extended(text.parse().unwrap())
}

fn address(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

const SHORT: LinkAddress = LinkAddress::Short(ShortAddress(0x1234));

#[test]
fn a_foreign_echo_request_decompresses_and_compresses_to_the_same_octets() {
    let frame = Frame::parse(&hex(concat!(
        "41cc3befbe4242424242420b1a623aa63457291c266a330a62173a8000b0e30004000182f282640000000066230c0000000000101112",
        "131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637"
    )))
    .unwrap();
    let (source, destination) = (frame.header.source.link().unwrap(), frame.header.destination.link().unwrap());
    let crate::ieee802154::Content::Data(payload) = frame.content else { panic!("no data frame") };
    let bytes = decompress(&payload, source, destination, &Contexts::default(), None).unwrap();
    let packet = Packet::parse(&bytes).unwrap();
    assert_eq!(packet.header.source, address("fe80::241c:2957:34a6:3a62"));
    assert_eq!(packet.header.destination, address("fe80::180b:4242:4242:4242"));
    assert_eq!((packet.header.flow_label, packet.header.hop_limit), (0xa6217, 64));
    let icmpv6::Message::EchoRequest(echo) =
        icmpv6::Message::parse(&packet.payload, packet.header.source, packet.header.destination).unwrap()
    else {
        panic!("no echo request")
    };
    assert_eq!((echo.identifier, echo.sequence_number), (4, 1));
    assert_eq!(compress(&bytes, source, destination, &Contexts::default()).unwrap(), payload);
}

#[test]
fn a_foreign_first_fragment_decompresses_with_lengths_for_the_whole() {
    let fragment = hex(concat!(
        "c0b0008e6a3305252c3a8000e07100270002a2c22d6300000000d95e0c0000000000101112131415161718191a1b1c1d1e1f20212223",
        "2425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
    ));
    let mut reader = Reader::new(&fragment);
    let header = FragmentHeader::parse(&mut reader).unwrap();
    assert_eq!(header, FragmentHeader::First { datagram_size: 176, datagram_tag: 0x8e });
    let (source, destination) = (extended("4242424242420b1a"), extended("90fc48c2a441fc76"));
    let bytes = decompress(reader.rest(), source, destination, &Contexts::default(), Some(176)).unwrap();
    assert_eq!(bytes.len(), 128);
    let (header, payload_length) = Header::parse(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(payload_length, 136);
    assert_eq!(header.source, address("fe80::4042:4242:4242:b1a"));
    assert_eq!(header.destination, address("fe80::92fc:48c2:a441:fc76"));
    assert_eq!(
        decompress(reader.rest(), source, destination, &Contexts::default(), Some(127)),
        Err(Error::Malformed("fragment is longer than its datagram"))
    );
}

#[rstest]
#[case::next("e0b0008e10", FragmentHeader::Next { datagram_size: 176, datagram_tag: 0x8e, datagram_offset: 16 })]
#[case::first("c7ffffff", FragmentHeader::First { datagram_size: 2047, datagram_tag: 0xffff })]
fn fragment_headers_parse_and_are_reproduced(#[case] bytes: &str, #[case] header: FragmentHeader) {
    assert_eq!(FragmentHeader::parse(&mut Reader::new(&hex(bytes))), Ok(header));
    let mut buffer = vec![0; header.buffer_len()];
    header.emit(&mut crate::writer::Writer::new(&mut buffer)).unwrap();
    assert_eq!(buffer, hex(bytes));
}

fn contexts() -> Contexts {
    let mut contexts = Contexts::default();
    contexts.set(0, Some(Context::new(address("fd00:b007::"), 64)));
    contexts.set(3, Some(Context::new(address("2001:db8:1:2:3::"), 80)));
    contexts.set(5, Some(Context::new(address("fd00:c0::1"), 128)));
    contexts
}

/// The two IPHC octets that each kind of source address gets, with the in-line octets.
#[rstest]
#[case::unspecified("::", "40", "")]
#[case::link_local_from_link("fe80::ff:fe00:1234", "30", "")]
#[case::link_local_short("fe80::ff:fe00:4321", "20", "4321")]
#[case::link_local_64("fe80::1", "10", "0000000000000001")]
#[case::link_local_with_more_prefix("fe80:1::1", "00", "fe800001000000000000000000000001")]
#[case::context_from_link("fd00:b007::ff:fe00:1234", "70", "")]
#[case::context_short("fd00:b007::ff:fe00:4321", "60", "4321")]
#[case::context_64("fd00:b007::1", "50", "0000000000000001")]
#[case::context_three("2001:db8:1:2:3:ff:fe00:1", "e030", "0001")]
#[case::context_three_64("2001:db8:1:2:3:4:5:6", "d030", "0003000400050006")]
#[case::whole_context("fd00:c0::1", "f050", "")]
#[case::global("2001:db8::1", "00", "20010db8000000000000000000000001")]
fn source_addresses_take_the_shortest_form(#[case] source: &str, #[case] base: &str, #[case] inline: &str) {
    let header = Header::new(address(source), address("ff02::1"), NextHeader(58), 255);
    let packet = Packet { header, payload: vec![] }.to_vec().unwrap();
    let bytes = compress(&packet, SHORT, LinkAddress::BROADCAST, &contexts()).unwrap();
    let second = format_second(base, 0x0b);
    assert_eq!(::hex::encode(&bytes), [&*second, "3a", inline, "01"].concat());
    assert_eq!(decompress(&bytes, SHORT, LinkAddress::BROADCAST, &contexts(), None).unwrap(), packet);
}

/// 7b (TF 3, NH in-line, HLIM 255), the second IPHC octet with `destination` bits, the context octet if any.
fn format_second(base: &str, destination: u8) -> alloc::string::String {
    let octets = hex(base);
    let mut text = alloc::format!("7b{:02x}", octets[0] | destination);
    if let Some(contexts) = octets.get(1) {
        text.push_str(&::hex::encode([*contexts]));
    }
    text
}

#[rstest]
#[case::all_nodes("ff02::1", "0b", "01")]
#[case::mesh_local_all_coap("ff03::fd", "0a", "030000fd")]
#[case::solicited_node("ff02::1:ff00:1", "09", "0201ff000001")]
#[case::odd_group("ff02:1::1", "08", "ff020001000000000000000000000001")]
#[case::prefix_based("ff35:40:fd00:b007::1", "0c", "350000000001")]
#[case::link_local_from_link("fe80::ff:fe00:1234", "03", "")]
#[case::context_from_link("fd00:b007::ff:fe00:1234", "07", "")]
#[case::context_short("fd00:b007::ff:fe00:1", "06", "0001")]
#[case::context_64("fd00:b007::1", "05", "0000000000000001")]
#[case::whole_context("fd00:c0::1", "8705", "")]
#[case::unspecified("::", "00", "00000000000000000000000000000000")]
fn destination_addresses_take_the_shortest_form(#[case] destination: &str, #[case] base: &str, #[case] inline: &str) {
    let header = Header::new(address("::"), address(destination), NextHeader(58), 255);
    let packet = Packet { header, payload: vec![] }.to_vec().unwrap();
    let bytes = compress(&packet, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&bytes), [&*format_second(base, 0x40), "3a", inline].concat());
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None).unwrap(), packet);
}

#[rstest]
#[case(0, 0, "7b")]
#[case(0xb9, 0, "736e")]
#[case(0x01, 0x12345, "6b412345")]
#[case(0xb9, 0x12345, "636e012345")]
fn traffic_class_and_flow_label_take_the_shortest_form(
    #[case] traffic_class: u8,
    #[case] flow_label: u32,
    #[case] expected: &str,
) {
    let header =
        Header { traffic_class, flow_label, ..Header::new(address("::"), address("ff02::1"), NextHeader(58), 255) };
    let packet = Packet { header, payload: vec![] }.to_vec().unwrap();
    let bytes = compress(&packet, SHORT, SHORT, &contexts()).unwrap();
    let (first, inline) = expected.split_at(2);
    assert_eq!(::hex::encode(&bytes), [first, "4b", inline, "3a01"].concat());
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None).unwrap(), packet);
}

#[rstest]
#[case::both_short(0xf0b1, 0xf0b2, "f312")]
#[case::source_8(0xf0c1, 5683, "f2c11633")]
#[case::destination_8(5683, 0xf001, "f1163301")]
#[case::in_full(5683, 5684, "f016331634")]
fn udp_ports_take_the_shortest_form(#[case] source_port: u16, #[case] destination_port: u16, #[case] expected: &str) {
    let (source, destination) = (address("fe80::1"), address("fe80::2"));
    let payload = Datagram { source_port, destination_port, payload: b"hello".to_vec() };
    let payload = payload.to_vec(source, destination).unwrap();
    let packet = Packet { header: Header::new(source, destination, NextHeader::UDP, 64), payload };
    let packet = packet.to_vec().unwrap();
    let bytes = compress(&packet, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&bytes[18..18 + expected.len() / 2]), expected);
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None).unwrap(), packet);
}

#[test]
fn an_elided_udp_checksum_is_taken_only_when_asked_for() {
    let (source, destination) = (address("fe80::ff:fe00:1234"), address("fe80::ff:fe00:1234"));
    let datagram = Datagram { source_port: 0xf0b1, destination_port: 0xf0b2, payload: b"hello".to_vec() };
    let header = Header::new(source, destination, NextHeader::UDP, 64);
    let packet = Packet { header, payload: datagram.to_vec(source, destination).unwrap() }.to_vec().unwrap();
    let mut bytes = hex("7e33f712");
    bytes.extend(b"hello");
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None), Err(Error::Unsupported("elided UDP checksum")));
    let contexts = contexts();
    let accepting = Decompressor {
        source: SHORT,
        destination: SHORT,
        contexts: &contexts,
        datagram_size: None,
        accept_elided_checksum: true,
    };
    assert_eq!(accepting.decompress(&bytes).unwrap(), packet);
}

#[rstest]
#[case::nothing("", Error::Truncated("6LoWPAN dispatch"))]
#[case::not_lowpan("00", Error::Malformed("not a 6LoWPAN frame"))]
#[case::mesh("b0", Error::Malformed("6LoWPAN headers out of order"))]
#[case::broadcast("5001", Error::Malformed("6LoWPAN headers out of order"))]
#[case::escape("4000", Error::Unsupported("6LoWPAN dispatch"))]
#[case::page("f1", Error::Unsupported("6LoWPAN dispatch"))]
#[case::hc1("42", Error::Truncated("HC1 encoding"))]
#[case::unset_context("7b73013a", Error::Malformed("IPHC names a context that is not set"))]
#[case::reserved_destination("7b443a", Error::Malformed("IPHC destination mode is reserved"))]
#[case::reserved_multicast("7b4d3a", Error::Malformed("IPHC multicast mode is reserved"))]
#[case::reserved_prefix_based("7b4e3a", Error::Malformed("IPHC multicast mode is reserved"))]
#[case::reserved_prefix_based_8("7b4f3a", Error::Malformed("IPHC multicast mode is reserved"))]
#[case::reserved_nhc("7e3300", Error::Malformed("next header compression is reserved"))]
#[case::reserved_extension_5("7e33ea", Error::Malformed("next header compression is reserved"))]
#[case::reserved_extension_6("7e33ec", Error::Malformed("next header compression is reserved"))]
#[case::no_nhc("7e33", Error::Truncated("next header compression"))]
#[case::extension_cut_off("7e33e0110600", Error::Truncated("compressed extension header"))]
#[case::odd_routing(
    "7e33e2110200000102",
    Error::Malformed("compressed extension header is no multiple of eight octets")
)]
#[case::truncated_address("7b003a00", Error::Truncated("source address"))]
fn payloads_that_cannot_be_decompressed_say_why(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(decompress(&hex(bytes), SHORT, SHORT, &Contexts::default(), None), Err(error));
}

#[test]
fn an_uncompressed_packet_passes_unchanged() {
    let header = Header::new(address("::1"), address("::2"), NextHeader::NONE, 1);
    let packet = Packet { header, payload: vec![] }.to_vec().unwrap();
    let mut bytes = vec![Dispatch::IPV6_OCTET];
    bytes.extend(&packet);
    assert_eq!(decompress(&bytes, SHORT, SHORT, &Contexts::default(), None).unwrap(), packet);
}

/// Strategies shared with other tests of this crate.
pub(crate) mod strategy {
    use super::*;

    pub(crate) fn link_address() -> impl Strategy<Value = LinkAddress> {
        prop_oneof![
            any::<u16>().prop_map(|a| LinkAddress::Short(ShortAddress(a))),
            any::<[u8; 8]>().prop_map(|a| LinkAddress::Extended(Eui64(a))),
        ]
    }

    pub(crate) fn ipv6_address(link: LinkAddress) -> impl Strategy<Value = Ipv6Addr> {
        let identifier = prop_oneof![
            Just(u64::from_be_bytes(link.interface_identifier())),
            any::<u16>().prop_map(|short| 0x0000_00ff_fe00_0000 | u64::from(short)),
            any::<u64>(),
        ];
        let prefix =
            prop::sample::select(vec!["fe80::", "fd00:b007::", "2001:db8:1:2:3::", "fd00:c0::1", "2001:db8::"]);
        let multicast = (any::<u8>(), prop::sample::select(vec![0u32, 8, 24, 32, 40, 112]), any::<u128>()).prop_map(
            |(scope, bits, group)| {
                let group = group & 1u128.checked_shl(bits).map_or(0, |bit| bit - 1);
                Ipv6Addr::from_bits(0xff << 120 | u128::from(scope) << 112 | group)
            },
        );
        prop_oneof![
            1 => Just(Ipv6Addr::UNSPECIFIED),
            8 => (prefix, identifier).prop_map(|(prefix, identifier)| {
                Ipv6Addr::from_bits(address(prefix).to_bits() | u128::from(identifier))
            }),
            3 => multicast,
            1 => any::<u128>().prop_map(Ipv6Addr::from_bits),
        ]
    }

    /// Link-layer source and destination, and a packet between them.
    pub(crate) fn packet() -> impl Strategy<Value = (LinkAddress, LinkAddress, Packet)> {
        (link_address(), link_address()).prop_flat_map(|(link_source, link_destination)| {
            let hop_limit = prop_oneof![prop::sample::select(vec![1u8, 64, 255]), any::<u8>()];
            let class = prop_oneof![Just(0u8), 0..4u8, any::<u8>()];
            let flow = prop_oneof![Just(0u32), 0..=0xf_ffffu32];
            let port = || prop_oneof![any::<u16>(), 0xf000..=0xf0ffu16, 0xf0b0..=0xf0bfu16];
            let addresses = (ipv6_address(link_source), ipv6_address(link_destination));
            let payload = proptest::collection::vec(any::<u8>(), 0..60);
            (hop_limit, class, flow, any::<bool>(), (port(), port()), addresses, payload).prop_map(
                move |(hop_limit, traffic_class, flow_label, is_udp, ports, (source, destination), payload)| {
                    let next_header = if is_udp { NextHeader::UDP } else { NextHeader(58) };
                    let header = Header { traffic_class, flow_label, next_header, hop_limit, source, destination };
                    let datagram = Datagram { source_port: ports.0, destination_port: ports.1, payload };
                    let payload = if is_udp { datagram.to_vec(source, destination).unwrap() } else { datagram.payload };
                    (link_source, link_destination, Packet { header, payload })
                },
            )
        })
    }
}

proptest! {
    #[test]
    fn a_packet_survives_compression((source, destination, packet) in strategy::packet()) {
        let bytes = packet.to_vec().unwrap();
        let compressed = compress(&bytes, source, destination, &contexts()).unwrap();
        prop_assert!(compressed.len() <= bytes.len() + 2);
        prop_assert_eq!(decompress(&compressed, source, destination, &contexts(), None).unwrap(), bytes);
    }

    #[test]
    fn every_iphc_header_that_parses_is_reproduced(base: u8, rest in proptest::collection::vec(any::<u8>(), 1..50)) {
        let mut bytes = vec![0x60 | base & 0x1f];
        bytes.extend(rest);
        let mut reader = Reader::new(&bytes);
        if let Ok(iphc) = Iphc::parse(&mut reader) {
            let mut buffer = vec![0; iphc.buffer_len()];
            iphc.emit(&mut crate::writer::Writer::new(&mut buffer)).unwrap();
            prop_assert_eq!(buffer.len(), reader.offset());
            prop_assert_eq!(Iphc::parse(&mut Reader::new(&buffer)).unwrap(), iphc);
        }
    }

    #[test]
    fn any_bytes_decompress_without_panic(
        base: u8, rest in proptest::collection::vec(any::<u8>(), 0..80), size in proptest::option::of(0..2048usize),
    ) {
        let mut bytes = vec![0x60 | base & 0x1f];
        bytes.extend(rest);
        let _ = decompress(&bytes, SHORT, SHORT, &contexts(), size);
        let _ = FragmentHeader::parse(&mut Reader::new(&bytes[1..]));
    }
}
