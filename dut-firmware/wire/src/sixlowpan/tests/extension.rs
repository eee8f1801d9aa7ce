//! Compressed extension headers and packets in packets: every identifier, padding, room, and properties.

use super::*;
use crate::ipv6::{
    ExtensionHeader, FragmentHeader as Ipv6Fragment, Ipv6Option, MobilityHeader, OptionKind, OptionsHeader, Route,
    RoutingHeader, RplSourceRoute, extensions, with_extensions,
};
use crate::writer::Writer;
use crate::{ipv6, udp};

const SOURCE: &str = "fe80::ff:fe00:1234";
const DESTINATION: &str = "fe80::ff:fe00:1234";

fn options(options: Vec<Ipv6Option>) -> OptionsHeader {
    OptionsHeader::padded(NextHeader::NONE, options)
}

fn unknown(length: usize) -> Ipv6Option {
    Ipv6Option::Unknown { kind: OptionKind(0x1e), data: vec![7; length] }
}

/// A packet from and to the address of [`SHORT`], hop limit 64: two octets of IPHC if nothing is in-line.
fn packet(headers: Vec<ExtensionHeader>, upper: NextHeader, payload: &[u8]) -> Vec<u8> {
    let (first, payload) = with_extensions(headers, upper, payload).unwrap();
    Packet { header: Header::new(address(SOURCE), address(DESTINATION), first, 64), payload }.to_vec().unwrap()
}

fn datagram() -> Vec<u8> {
    let datagram = Datagram { source_port: 0xf0b1, destination_port: 0xf0b2, payload: b"hello".to_vec() };
    datagram.to_vec(address(SOURCE), address(DESTINATION)).unwrap()
}

fn routing(segments_left: u8) -> ExtensionHeader {
    let route = RplSourceRoute::new(address(DESTINATION), &[address("fe80::ff:fe00:5678")]);
    ExtensionHeader::Routing(RoutingHeader { next_header: NextHeader::NONE, segments_left, route: Route::Rpl(route) })
}

fn fragment(offset: u16) -> ExtensionHeader {
    let next_header = NextHeader::NONE;
    ExtensionHeader::Fragment(Ipv6Fragment { next_header, offset, more: false, identification: 0x01020304 })
}

/// Octets up to the compressed UDP header f3 12.
#[rstest]
#[case::hop_by_hop(ExtensionHeader::HopByHop(options(vec![Ipv6Option::RouterAlert(0)])), "e10405020000")]
#[case::hop_by_hop_all_padding(ExtensionHeader::HopByHop(options(vec![])), "e100")]
#[case::without_padding(ExtensionHeader::HopByHop(options(vec![unknown(4)])), "e1061e0407070707")]
#[case::pad1_elided(ExtensionHeader::Destination(options(vec![unknown(3)])), "e7051e03070707")]
#[case::padn_elided(ExtensionHeader::Destination(options(vec![unknown(5)])), "e7071e050707070707")]
#[case::inner_padding_kept(
    ExtensionHeader::Destination(options(vec![Ipv6Option::Pad1, unknown(1)])),
    "e704001e0107"
)]
#[case::two_paddings_kept(
    ExtensionHeader::Destination(options(vec![unknown(1), Ipv6Option::PadN(0)])),
    "e7061e0107010000"
)]
#[case::routing(routing(0), "e30e03 00 ee 60 0000 5678 000000000000")]
#[case::fragment(fragment(0), "e500000001020304")]
#[case::mobility(
    ExtensionHeader::Mobility(MobilityHeader { next_header: NextHeader::NONE, kind: 1, checksum: 2, data: vec![3, 4] }),
    "e906010000020304"
)]
fn an_extension_header_takes_the_shortest_form(#[case] header: ExtensionHeader, #[case] expected: &str) {
    let packet = packet(vec![header], NextHeader::UDP, &datagram());
    let bytes = compress(&packet, SHORT, SHORT, &contexts()).unwrap();
    let expected = expected.replace(' ', "");
    assert_eq!(::hex::encode(&bytes[..2]), "7e33");
    assert_eq!(::hex::encode(&bytes[2..2 + expected.len() / 2]), expected);
    assert_eq!(::hex::encode(&bytes[2 + expected.len() / 2..][..2]), "f312");
    assert_eq!(decompress(&bytes, SHORT, SHORT, &contexts(), None).unwrap(), packet);
}

#[test]
fn padding_that_is_not_zero_is_kept() {
    let mut bytes = packet(vec![ExtensionHeader::HopByHop(options(vec![]))], NextHeader::UDP, &datagram());
    bytes[45] = 0xff;
    let compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&compressed[2..10]), "e106010400ff0000");
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), bytes);
}

#[test]
fn a_header_that_is_not_compressed_ends_the_compression_with_its_next_header_in_line() {
    let bytes = packet(vec![ExtensionHeader::HopByHop(options(vec![]))], NextHeader::ICMPV6, b"echo");
    let compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&compressed), "7e33e03a006563686f");
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), bytes);
}

/// Section 4.2: more than 255 octets after the length cannot be said.
#[test]
fn an_extension_header_above_255_octets_stays_as_it_is() {
    let header = |length| vec![ExtensionHeader::Destination(options(vec![unknown(length), unknown(20)]))];
    let longest = packet(header(231), NextHeader::UDP, &datagram());
    let compressed = compress(&longest, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(compressed[..4], hex("7e33e7ff"));
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), longest);
    let longer = packet(header(232), NextHeader::UDP, &datagram());
    let compressed = compress(&longer, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(compressed[..4], hex("7a333c11"));
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), longer);
}

#[test]
fn behind_the_header_of_a_later_fragment_nothing_is_compressed() {
    let bytes = packet(vec![fragment(3)], NextHeader::UDP, &datagram());
    let compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&compressed[..11]), "7e33e41100001801020304");
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), bytes);
}

/// Section 4.2: what is no length is carried unmodified.
#[test]
fn the_reserved_octet_of_a_fragment_header_is_carried() {
    let mut bytes = packet(vec![fragment(0)], NextHeader::UDP, &datagram());
    bytes[41] = 0xf4;
    let compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&compressed[2..10]), "e5f4000001020304");
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), bytes);
}

/// Section 4.2: EID 7, then IPHC, whose elided interface identifiers come from the header around it (section 3.1.1).
#[test]
fn a_packet_in_a_packet_derives_its_addresses_from_the_outer_one() {
    let inner = packet(vec![], NextHeader::UDP, &datagram());
    let (outer_source, outer_destination) = (address("fd00:b007::ff:fe00:1234"), address("fd00:b007::ff:fe00:1234"));
    let header = Header::new(outer_source, outer_destination, NextHeader::IPV6, 255);
    let outer = Packet { header, payload: inner }.to_vec().unwrap();
    let compressed = compress(&outer, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(::hex::encode(&compressed[..7]), "7f77ee7e33f312");
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), outer);
}

#[test]
fn more_than_four_headers_in_each_other_are_refused() {
    let nested = |count: usize| hex(&["7e33", &"ee7e33".repeat(count), "f31200000000"].concat());
    assert!(decompress(&nested(3), SHORT, SHORT, &contexts(), None).is_ok());
    assert_eq!(
        decompress(&nested(4), SHORT, SHORT, &contexts(), None),
        Err(Error::Unsupported("more than four IPv6 headers in each other"))
    );
}

#[test]
fn an_elided_checksum_covers_the_end_of_the_route() {
    let last = address("fe80::ff:fe00:5678");
    let upper = Datagram { source_port: 0xf0b1, destination_port: 0xf0b2, payload: b"hello".to_vec() };
    let bytes = packet(vec![routing(1)], NextHeader::UDP, &upper.to_vec(address(SOURCE), last).unwrap());
    let mut compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    let udp_at = compressed.len() - b"hello".len() - 4;
    assert_eq!(compressed[udp_at..udp_at + 2], [0xf3, 0x12]);
    compressed[udp_at] |= 4;
    compressed.drain(udp_at + 2..udp_at + 4);
    let contexts = contexts();
    let accepting = Decompressor {
        source: SHORT,
        destination: SHORT,
        contexts: &contexts,
        datagram_size: None,
        accept_elided_checksum: true,
    };
    assert_eq!(accepting.decompress(&compressed).unwrap(), bytes);
}

#[test]
fn a_long_chain_of_headers_takes_no_stack() {
    let headers = vec![ExtensionHeader::Destination(options(vec![])); 5000];
    let bytes = packet(headers, NextHeader::UDP, &datagram());
    let compressed = compress(&bytes, SHORT, SHORT, &contexts()).unwrap();
    assert_eq!(compressed[2..18], hex("e700e700e700e700e700e700e700e63c"));
    assert_eq!(decompress(&compressed, SHORT, SHORT, &contexts(), None).unwrap(), bytes);
    assert_eq!(extensions(&bytes).unwrap().headers.len(), 5000);
}

/// RFC 6282 section 2: what does not fit into the first fragment must not be compressed.
#[test]
fn headers_that_do_not_fit_stay_uncompressed() {
    let bytes = packet(vec![ExtensionHeader::HopByHop(options(vec![unknown(4)]))], NextHeader::UDP, &datagram());
    let contexts = contexts();
    let within = |room| {
        let (head, covered) =
            Compressor { source: SHORT, destination: SHORT, contexts: &contexts, room }.headers(&bytes).unwrap();
        assert_eq!(
            decompress(&[&head, &bytes[covered..]].concat(), SHORT, SHORT, &contexts, None).unwrap(),
            bytes,
            "room {room}"
        );
        (head.len(), covered)
    };
    assert_eq!(within(14), (14, 56));
    assert_eq!(within(13), (11, 48));
    assert_eq!(within(11), (11, 48));
    assert_eq!(within(10), (3, 40));
    assert_eq!(within(0), (3, 40));
}

proptest! {
    #[test]
    fn a_packet_with_extension_headers_survives_compression(
        (source, destination, mut packet) in strategy::packet(),
        headers in proptest::collection::vec(ipv6::tests::strategy::extension(), 0..4),
        tunnel in proptest::option::of((strategy::link_address(), strategy::link_address())), room in 0..200usize,
    ) {
        let (first, payload) = with_extensions(headers, packet.header.next_header, &packet.payload).unwrap();
        packet.header.next_header = first;
        packet.payload = payload;
        if let Some((from, to)) = tunnel {
            let header = Header::new(ipv6::link_local(from), ipv6::link_local(to), NextHeader::IPV6, 64);
            packet = Packet { header, payload: packet.to_vec().unwrap() };
        }
        let bytes = packet.to_vec().unwrap();
        let compressed = compress(&bytes, source, destination, &contexts()).unwrap();
        prop_assert!(compressed.len() <= bytes.len() + 2);
        prop_assert_eq!(decompress(&compressed, source, destination, &contexts(), None).unwrap(), &*bytes);
        let contexts = contexts();
        let (mut head, covered) = Compressor { source, destination, contexts: &contexts, room }.headers(&bytes).unwrap();
        head.extend_from_slice(&bytes[covered..]);
        prop_assert_eq!(decompress(&head, source, destination, &contexts, None).unwrap(), bytes);
    }

    #[test]
    fn any_next_header_compression_is_taken_without_panic(
        rest in proptest::collection::vec(prop_oneof![any::<u8>(), 0xe0..=0xf7u8, 0..10u8], 0..80),
        size in proptest::option::of(0..2048usize),
    ) {
        let mut bytes = vec![0x7e, 0x33];
        bytes.extend(rest);
        if let Ok(packet) = decompress(&bytes, SHORT, SHORT, &contexts(), size) {
            let _ = extensions(&packet);
        }
    }

    #[test]
    fn the_front_of_a_compressed_extension_header_survives_emit_and_parse(
        kind in prop::sample::select(vec![0u8, 43, 44, 60, 135]), next_header in proptest::option::of(any::<u8>()), octet: u8,
    ) {
        let id = ExtensionId::of(NextHeader(kind)).unwrap();
        prop_assert_eq!(id.next_header(), NextHeader(kind));
        let is_fragment = id == ExtensionId::Fragment;
        let (length, reserved) = if is_fragment { (ExtensionNhc::FRAGMENT_LENGTH, octet) } else { (octet, 0) };
        let nhc = ExtensionNhc { id, next_header: next_header.map(NextHeader), length, reserved };
        let mut bytes = vec![0; nhc.buffer_len()];
        nhc.emit(&mut Writer::new(&mut bytes)).unwrap();
        prop_assert_eq!(ExtensionNhc::parse(&mut Reader::new(&bytes)), Ok(nhc));
    }

    #[test]
    fn a_compressed_udp_header_survives_emit_and_parse(ports: (u16, u16), checksum: u16, elided: bool) {
        let mut nhc = UdpNhc::new(ports.0, ports.1, checksum);
        if elided {
            nhc.checksum = None;
        }
        let mut bytes = vec![0; nhc.buffer_len()];
        nhc.emit(&mut Writer::new(&mut bytes)).unwrap();
        prop_assert!(bytes.len() < udp::HEADER_LENGTH);
        prop_assert_eq!(UdpNhc::parse(&mut Reader::new(&bytes)), Ok(nhc));
    }
}
