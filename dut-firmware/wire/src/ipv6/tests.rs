//! Headers, options and routes by table, reassembly by its rules, and properties.

use super::*;
use crate::reader::Reader;
use proptest::prelude::*;
use rstest::rstest;

#[test]
fn link_local_addresses_follow_rfc4944() {
    let extended = LinkAddress::Extended("4242424242420b1a".parse().unwrap());
    assert_eq!(link_local(extended), "fe80::4042:4242:4242:b1a".parse::<Ipv6Addr>().unwrap());
    let short = LinkAddress::Short(crate::ieee802154::ShortAddress(0x1234));
    assert_eq!(link_local(short), "fe80::ff:fe00:1234".parse::<Ipv6Addr>().unwrap());
    assert!(is_link_local(link_local(short)));
    assert!(!is_link_local("fd00:b007::1".parse().unwrap()));
}

#[test]
fn the_solicited_node_group_takes_the_low_24_bits() {
    let address = "fd00::0203:0405:06aa:bbcc".parse().unwrap();
    assert_eq!(solicited_node(address), "ff02::1:ffaa:bbcc".parse::<Ipv6Addr>().unwrap());
}

#[test]
fn a_truncated_payload_is_refused() {
    let header = Header::new(ALL_NODES, ALL_NODES, NextHeader::NONE, 1);
    let bytes = Packet { header, payload: vec![1, 2, 3] }.to_vec().unwrap();
    assert_eq!(Packet::parse(&bytes[..42]), Err(Error::Truncated("IPv6 payload")));
    assert_eq!(Packet::parse(&[0x40; 40]), Err(Error::Malformed("IP version is not 6")));
}

fn hex(text: &str) -> Vec<u8> {
    ::hex::decode(text).unwrap()
}

fn address(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

#[rstest]
#[case::pad1("00", Ipv6Option::Pad1)]
#[case::padn("010400000000", Ipv6Option::PadN(4))]
#[case::router_alert("05020000", Ipv6Option::RouterAlert(0))]
#[case::tunnel("040105", Ipv6Option::TunnelEncapsulationLimit(5))]
#[case::rpl_down("6304801e0100", rpl(false, 0x80))]
#[case::rpl_rank_error("6304401e0100", rpl(false, 0x40))]
#[case::rpl_forwarding_error("6304201e0100", rpl(false, 0x20))]
#[case::rpl_of_rfc9008("2304e01e0100", rpl(true, 0xe0))]
#[case::unknown("1e03010203", Ipv6Option::Unknown { kind: OptionKind(0x1e), data: vec![1, 2, 3] })]
fn options_parse_and_are_reproduced(#[case] bytes: &str, #[case] option: Ipv6Option) {
    assert_eq!(Ipv6Option::parse(&mut Reader::new(&hex(bytes))), Ok(option.clone()));
    let mut buffer = vec![0; option.buffer_len()];
    option.emit(&mut Writer::new(&mut buffer)).unwrap();
    assert_eq!(buffer, hex(bytes));
}

fn rpl(skippable: bool, flags: u8) -> Ipv6Option {
    Ipv6Option::Rpl(RplOption {
        skippable,
        down: flags & 0x80 != 0,
        rank_error: flags & 0x40 != 0,
        forwarding_error: flags & 0x20 != 0,
        instance_id: 0x1e,
        sender_rank: 0x0100,
        sub_tlvs: vec![],
    })
}

#[rstest]
#[case::jumbo("c20400010000", Error::Unsupported("jumbo payload"))]
#[case::router_alert_of_three("0503000000", Error::Malformed("router alert is not two octets"))]
#[case::tunnel_of_two("04020000", Error::Malformed("tunnel encapsulation limit is not an octet"))]
#[case::short_rpl("630480001e", Error::Truncated("IPv6 option data"))]
#[case::rpl_without_rank("6302801e", Error::Truncated("SenderRank"))]
#[case::data_cut_off("1e0301", Error::Truncated("IPv6 option data"))]
#[case::no_length("01", Error::Truncated("IPv6 option length"))]
fn wrong_options_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(Ipv6Option::parse(&mut Reader::new(&hex(bytes))), Err(error));
}

#[rstest]
#[case(0x00, UnknownAction::Skip, false)]
#[case(0x23, UnknownAction::Skip, true)]
#[case(0x63, UnknownAction::Discard, true)]
#[case(0x8a, UnknownAction::Report, false)]
#[case(0xc2, UnknownAction::ReportUnlessMulticast, false)]
fn option_types_say_what_to_do_when_unknown(#[case] kind: u8, #[case] action: UnknownAction, #[case] may_change: bool) {
    assert_eq!((OptionKind(kind).action(), OptionKind(kind).may_change()), (action, may_change));
}

/// Example addresses of a RPL domain: eight octets are shared.
#[test]
fn a_rpl_source_route_elides_what_addresses_share_with_the_destination() {
    let destination = address("fd00:b007::1");
    let hops = [address("fd00:b007::ff:fe00:2"), address("fd00:b007::ff:fe00:3"), address("fd00:b007::4")];
    let route = RplSourceRoute::new(destination, &hops);
    assert_eq!((route.elided_intermediate, route.elided_last, route.pad), (11, 15, 5));
    assert_eq!(route.full_addresses(destination).collect::<Vec<_>>(), hops);
    let header = RoutingHeader { next_header: NextHeader::UDP, segments_left: 3, route: Route::Rpl(route) };
    let bytes = ExtensionHeader::Routing(header.clone()).to_vec().unwrap();
    assert_eq!(::hex::encode(&bytes), "11020303bf500000fffe000002fffe0000030400000000 00".replace(' ', ""));
    assert_eq!(RoutingHeader::parse(&mut Reader::new(&bytes)), Ok(header.clone()));
    assert_eq!(header.final_destination(destination), hops[2]);
    assert_eq!(RoutingHeader { segments_left: 0, ..header }.final_destination(destination), destination);
}

#[rstest]
#[case::pad_beyond("3b0003018ff00000", Error::Malformed("RPL source route pad exceeds the header"))]
#[case::pad_of_whole_addresses(
    "3b00030100100000",
    Error::Malformed("RPL source route with whole addresses and padding")
)]
#[case::no_sum(
    "3b010301a90000000102030405060708",
    Error::Malformed("RPL source route length is no sum of its addresses")
)]
#[case::half_an_address(
    "3b010001000000000102030405060708",
    Error::Malformed("type 0 routing header has half an address")
)]
#[case::cut_off("3b0100010000000001020304050607", Error::Truncated("extension header"))]
fn wrong_routing_headers_are_refused(#[case] bytes: &str, #[case] error: Error) {
    assert_eq!(RoutingHeader::parse(&mut Reader::new(&hex(bytes))), Err(error));
}

#[test]
fn a_chain_of_extension_headers_leads_to_the_upper_layer() {
    let (source, destination) = (address("fd00:b007::9"), address("fd00:b007::1"));
    let headers = vec![
        ExtensionHeader::HopByHop(OptionsHeader::padded(NextHeader::NONE, vec![rpl(false, 0x80)])),
        ExtensionHeader::Routing(RoutingHeader {
            next_header: NextHeader::NONE,
            segments_left: 1,
            route: Route::Type0 { addresses: vec![address("fd00:b007::2")] },
        }),
        ExtensionHeader::Destination(OptionsHeader::padded(NextHeader::NONE, vec![])),
    ];
    let (first, payload) = with_extensions(headers, NextHeader::UDP, b"datagram").unwrap();
    assert_eq!(first, NextHeader::HOP_BY_HOP);
    assert_eq!(&payload[..8], hex("2b006304801e0100"));
    assert_eq!(&payload[32..40], hex("1100010400000000"));
    let packet = Packet { header: Header::new(source, destination, first, 64), payload }.to_vec().unwrap();
    let found = extensions(&packet).unwrap();
    assert_eq!((found.upper, found.upper_at, found.end), (NextHeader::UDP, 80, 88));
    assert_eq!((found.source, found.destination), (source, address("fd00:b007::2")));
    assert_eq!(found.headers.len(), 3);
}

#[test]
fn hop_by_hop_options_have_to_be_first() {
    let options = || OptionsHeader::padded(NextHeader::NONE, vec![]);
    let headers = vec![ExtensionHeader::Destination(options()), ExtensionHeader::HopByHop(options())];
    let (first, payload) = with_extensions(headers, NextHeader::NONE, &[]).unwrap();
    let packet = Packet { header: Header::new(ALL_NODES, ALL_NODES, first, 64), payload }.to_vec().unwrap();
    assert_eq!(extensions(&packet), Err(Error::Malformed("hop-by-hop options are not first")));
}

/// Fragments of a packet with 100 octets of UDP behind destination options; each as (offset in octets, end).
fn fragments(cuts: &[(usize, usize)]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let upper: Vec<u8> = (0..100).collect();
    let packet = |headers, payload: &[u8]| {
        let (first, payload) = with_extensions(headers, NextHeader::UDP, payload).unwrap();
        Packet { header: Header::new(address("fd00::1"), address("fd00::2"), first, 64), payload }.to_vec().unwrap()
    };
    let options = ExtensionHeader::Destination(OptionsHeader::padded(NextHeader::NONE, vec![]));
    let pieces = cuts.iter().map(|(start, end)| {
        let (offset, more) = ((start / 8) as u16, *end != upper.len());
        let fragment = FragmentHeader { next_header: NextHeader::NONE, offset, more, identification: 7 };
        packet(vec![options.clone(), ExtensionHeader::Fragment(fragment)], &upper[*start..*end])
    });
    (packet(vec![options.clone()], &upper), pieces.collect())
}

#[rstest]
#[case::in_order(&[(0, 40), (40, 80), (80, 100)])]
#[case::backwards(&[(80, 100), (40, 80), (0, 40)])]
#[case::with_copies(&[(40, 80), (40, 80), (80, 100), (80, 100), (0, 40)])]
#[case::atomic(&[(0, 100)])]
fn fragments_make_up_the_packet(#[case] cuts: &[(usize, usize)]) {
    let (packet, pieces) = fragments(cuts);
    let mut reassembly = Reassembly::default();
    let (last, before) = pieces.split_last().unwrap();
    for piece in before {
        assert_eq!(reassembly.accept(piece, 1280), Ok(None));
    }
    assert_eq!(reassembly.accept(last, 1280), Ok(Some(packet)));
}

#[rstest]
#[case::overlap(&[(0, 40), (32, 80)], "IPv6 fragment overlaps another one")]
#[case::overlap_inside(&[(0, 80), (32, 40)], "IPv6 fragment overlaps another one")]
#[case::longer_copy(&[(0, 40), (0, 48)], "IPv6 fragment overlaps another one")]
#[case::odd_length(&[(0, 36)], "IPv6 fragment is no multiple of eight octets")]
fn fragments_that_contradict_each_other_are_refused(#[case] cuts: &[(usize, usize)], #[case] why: &'static str) {
    let (_, pieces) = fragments(cuts);
    let mut reassembly = Reassembly::default();
    let (last, before) = pieces.split_last().unwrap();
    for piece in before {
        assert_eq!(reassembly.accept(piece, 1280), Ok(None));
    }
    assert_eq!(reassembly.accept(last, 1280), Err(Error::Malformed(why)));
}

#[test]
fn a_fragment_behind_the_last_one_is_refused_and_so_is_a_packet_above_the_bound() {
    let (_, pieces) = fragments(&[(0, 100), (0, 40)]);
    let mut behind = pieces[1].clone();
    // The offset and the M bit of the second one: 104 octets on, and more to come.
    behind[50..52].copy_from_slice(&(13u16 << 3 | 1).to_be_bytes());
    let mut early_end = pieces[1].clone();
    early_end[50..52].copy_from_slice(&0u16.to_be_bytes());
    let mut reassembly = Reassembly::default();
    assert_eq!(reassembly.accept(&behind, 1280), Ok(None));
    let contradicts = Error::Malformed("IPv6 fragment contradicts the end of its packet");
    assert_eq!(reassembly.accept(&early_end, 1280), Err(contradicts));
    let too_long = Error::Malformed("IPv6 fragment reaches over the end of its packet");
    assert_eq!(Reassembly::default().accept(&behind, 100), Err(too_long));
}

/// Strategies shared with other tests of this crate.
pub(crate) mod strategy {
    use super::*;

    pub(crate) fn option() -> impl Strategy<Value = Ipv6Option> {
        let rpl = (any::<(bool, bool, bool, bool, u8, u16)>(), proptest::collection::vec(any::<u8>(), 0..4)).prop_map(
            |((skippable, down, rank_error, forwarding_error, instance_id, sender_rank), sub_tlvs)| {
                let rpl =
                    RplOption { skippable, down, rank_error, forwarding_error, instance_id, sender_rank, sub_tlvs };
                Ipv6Option::Rpl(rpl)
            },
        );
        let known = [0x00, 0x01, 0x04, 0x05, 0x23, 0x63, 0xc2];
        let unknown = (
            any::<u8>().prop_filter("known", move |kind| !known.contains(kind)),
            proptest::collection::vec(any::<u8>(), 0..20),
        )
            .prop_map(|(kind, data)| Ipv6Option::Unknown { kind: OptionKind(kind), data });
        prop_oneof![
            Just(Ipv6Option::Pad1),
            (0..12u8).prop_map(Ipv6Option::PadN),
            any::<u16>().prop_map(Ipv6Option::RouterAlert),
            any::<u8>().prop_map(Ipv6Option::TunnelEncapsulationLimit),
            rpl,
            unknown,
        ]
    }

    fn options_header() -> impl Strategy<Value = OptionsHeader> {
        proptest::collection::vec(option(), 0..5).prop_map(|options| OptionsHeader::padded(NextHeader::NONE, options))
    }

    fn addresses() -> impl Strategy<Value = Vec<Ipv6Addr>> {
        let near = (0..16u32, any::<u128>())
            .prop_map(|(octets, bits)| (address("fd00:b007::1").to_bits() ^ bits >> (8 * octets)).into());
        proptest::collection::vec(near, 0..5)
    }

    fn routing() -> impl Strategy<Value = RoutingHeader> {
        let data = (0..3usize).prop_flat_map(|units| proptest::collection::vec(any::<u8>(), 4 + 8 * units));
        let route = prop_oneof![
            addresses().prop_map(|addresses| Route::Type0 { addresses }),
            addresses().prop_map(|addresses| Route::Rpl(RplSourceRoute::new(address("fd00:b007::1"), &addresses))),
            (4..=255u8, data).prop_map(|(kind, data)| Route::Unknown { kind, data }),
        ];
        (route, any::<u8>()).prop_map(|(route, segments_left)| RoutingHeader {
            next_header: NextHeader::NONE,
            segments_left,
            route,
        })
    }

    pub(crate) fn extension() -> impl Strategy<Value = ExtensionHeader> {
        let fragment = (0..0x2000u16, any::<(bool, u32)>()).prop_map(|(offset, (more, identification))| {
            FragmentHeader { next_header: NextHeader::NONE, offset, more, identification }
        });
        let mobility =
            (any::<(u8, u16)>(), proptest::collection::vec(any::<u8>(), 2..=2)).prop_map(|((kind, checksum), data)| {
                MobilityHeader { next_header: NextHeader::NONE, kind, checksum, data }
            });
        prop_oneof![
            options_header().prop_map(ExtensionHeader::HopByHop),
            options_header().prop_map(ExtensionHeader::Destination),
            routing().prop_map(ExtensionHeader::Routing),
            fragment.prop_map(ExtensionHeader::Fragment),
            mobility.prop_map(ExtensionHeader::Mobility),
        ]
    }
}

proptest! {
    #[test]
    fn an_extension_header_survives_emit_and_parse(header in strategy::extension()) {
        let bytes = header.to_vec().unwrap();
        prop_assert_eq!(bytes.len(), header.buffer_len());
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(ExtensionHeader::parse(header.kind(), &mut reader), Ok(Some(header.clone())));
        prop_assert!(reader.is_empty());
        for room in 0..bytes.len() {
            prop_assert!(header.emit(&mut Writer::new(&mut bytes.clone()[..room])).is_err());
        }
    }

    #[test]
    fn a_source_route_keeps_its_addresses(
        destination: u128, octets in 0..=16u32, addresses in proptest::collection::vec(any::<u128>(), 0..6),
    ) {
        let destination = Ipv6Addr::from_bits(destination);
        let near = addresses.iter().map(|bits| destination.to_bits() ^ bits.checked_shr(8 * octets).unwrap_or(0));
        let addresses: Vec<Ipv6Addr> = near.map(Ipv6Addr::from_bits).collect();
        let route = RplSourceRoute::new(destination, &addresses);
        prop_assert_eq!(route.full_addresses(destination).collect::<Vec<_>>(), addresses);
        let header = RoutingHeader { next_header: NextHeader::UDP, segments_left: 0, route: Route::Rpl(route) };
        let bytes = ExtensionHeader::Routing(header.clone()).to_vec().unwrap();
        prop_assert_eq!(RoutingHeader::parse(&mut Reader::new(&bytes)), Ok(header));
    }

    #[test]
    fn any_bytes_are_taken_without_panic(
        kind in prop::sample::select(vec![0u8, 43, 44, 60, 135]), payload in proptest::collection::vec(any::<u8>(), 0..120),
        later in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut reassembly = Reassembly::default();
        for payload in [payload, later] {
            let header = Header::new(ALL_NODES, ALL_NODES, NextHeader(kind), 1);
            let packet = Packet { header, payload }.to_vec().unwrap();
            let _ = extensions(&packet);
            let _ = reassembly.accept(&packet, 1280);
        }
    }

    #[test]
    fn what_parses_as_an_extension_header_is_reproduced(
        kind in prop::sample::select(vec![0u8, 43, 44, 60, 135]), mut bytes in proptest::collection::vec(any::<u8>(), 8..40),
    ) {
        bytes[1] %= 4;
        if let Ok(Some(header)) = ExtensionHeader::parse(NextHeader(kind), &mut Reader::new(&bytes)) {
            let again = header.to_vec().unwrap();
            prop_assert_eq!(ExtensionHeader::parse(NextHeader(kind), &mut Reader::new(&again)), Ok(Some(header)));
        }
    }

    #[test]
    fn a_packet_survives_emit_and_parse(
        fields: (u8, u8, u8, u128, u128), flow_label in 0..=0xf_ffffu32,
        payload in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let (traffic_class, next_header, hop_limit, source, destination) = fields;
        let header = Header {
            traffic_class, flow_label, next_header: NextHeader(next_header), hop_limit,
            source: Ipv6Addr::from_bits(source), destination: Ipv6Addr::from_bits(destination),
        };
        let packet = Packet { header, payload };
        prop_assert_eq!(Packet::parse(&packet.to_vec().unwrap()).unwrap(), packet);
    }

    #[test]
    fn inserting_the_checksum_makes_the_sum_zero(
        source: u128, destination: u128, mut bytes in proptest::collection::vec(any::<u8>(), 4..100),
    ) {
        let (source, destination) = (Ipv6Addr::from_bits(source), Ipv6Addr::from_bits(destination));
        bytes[2..4].fill(0);
        let sum = checksum(source, destination, NextHeader::ICMPV6, &bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        prop_assert_eq!(checksum(source, destination, NextHeader::ICMPV6, &bytes), 0);
    }
}
