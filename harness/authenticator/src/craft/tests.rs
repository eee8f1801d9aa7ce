//! Every message and every field: what is crafted says, to the codecs of `wire`, what was asked for.

use std::net::Ipv6Addr;

use dissect::FieldKind;
use proptest::prelude::*;
use protocols::lowpan::{Protection as Protected, Reassembler};
use protocols::time::Instant;
use rstest::rstest;
use wire::Eui64;
use wire::icmpv6::Message;
use wire::ieee802154::{
    Content, Frame, KeyIdentifier, LinkAddress, Mpdu, PanId, SecuredFrame, SecurityLevel, fcs, unsecure,
};
use wire::ipv6::Packet;

use super::draft::Draft;
use super::*;
use crate::profile::{CT_ADDRESS, contexts, link_local_address, mesh_address};

const SOURCE: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 5]);
const OTHER: Eui64 = Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, 0, 6]);
const KEY: [u8; 16] = *b"bootrack-netkey!";

fn request(message: &str) -> CraftRequest {
    CraftRequest {
        message: message.to_owned(),
        source: SOURCE,
        destination: Destination::Neighbour(OTHER),
        pan_id: 0xb007,
        protection: None,
        overrides: Default::default(),
    }
}

fn protected(message: &str) -> CraftRequest {
    let protection = Some(Protection { level: 5, key: KEY, index: 1, counter: None });
    CraftRequest { protection, ..request(message) }
}

fn with(mut request: CraftRequest, fields: &[(&str, Value)]) -> CraftRequest {
    request.overrides.extend(fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())));
    request
}

fn crafted(request: &CraftRequest) -> Crafted {
    craft(request, &mut CounterState::default()).unwrap()
}

/// The packet that a receiver with the key makes of the frames.
fn received(crafted: &Crafted) -> Vec<u8> {
    let mut reassembler = Reassembler::default();
    let mut packet = None;
    for CraftedFrame { psdu, .. } in &crafted.frames {
        assert!(psdu.len() <= 125);
        let frame = opened(psdu);
        let Content::Data(payload) = &frame.content else { panic!("no data frame") };
        let (source, destination) = (frame.header.source.link().unwrap(), frame.header.destination.link().unwrap());
        assert!(packet.is_none(), "a frame behind the last one");
        packet = reassembler
            .accept(Instant::ZERO, payload, source, destination, Protected::Plain, &contexts())
            .unwrap()
            .map(|datagram| datagram.packet);
    }
    packet.expect("a whole packet")
}

fn opened(psdu: &[u8]) -> Frame {
    match Mpdu::parse(psdu).unwrap() {
        Mpdu::Plain(frame) => frame,
        Mpdu::Secured(frame) => unsecure(&frame, &KEY, frame.header.source.extended().unwrap()).unwrap(),
    }
}

fn secured(psdu: &[u8]) -> SecuredFrame {
    match Mpdu::parse(psdu).unwrap() {
        Mpdu::Secured(frame) => frame,
        Mpdu::Plain(_) => panic!("not secured"),
    }
}

#[test]
fn every_message_reaches_a_receiver_plain_and_secured() {
    for message in MESSAGES.iter().filter(|message| **message != "wpan.data") {
        for request in [request(message), protected(message)] {
            let crafted = crafted(&request);
            assert_eq!(received(&crafted), crafted.packet, "{message}");
            assert_eq!(crafted.wrong_on_purpose, None, "{message}");
            let names = Draft::parse(&crafted.packet).unwrap().names();
            assert!(names.contains(message), "{message} is taken for {names:?}");
            assert!(dissect::message(message).is_some(), "{message} is in the message table");
        }
    }
}

#[rstest]
#[case("sel.jsr", mesh_address(SOURCE), CT_ADDRESS, 64)]
#[case("sel.ssr", link_local_address(SOURCE), link_local_address(OTHER), 64)]
#[case("icmpv6.echo_request", link_local_address(SOURCE), link_local_address(OTHER), 64)]
#[case("nd.ns", mesh_address(SOURCE), link_local_address(OTHER), 255)]
#[case("nd.na", link_local_address(SOURCE), link_local_address(OTHER), 255)]
fn natural_addresses_and_hop_limits_are_those_of_an_honest_node(
    #[case] message: &str,
    #[case] source: Ipv6Addr,
    #[case] destination: Ipv6Addr,
    #[case] hop_limit: u8,
) {
    let header = Packet::parse(&crafted(&request(message)).packet).unwrap().header;
    assert_eq!((header.source, header.destination, header.hop_limit), (source, destination, hop_limit));
}

#[test]
fn destinations_become_link_layer_addresses() {
    let to = |destination| {
        let request = CraftRequest { destination, ..request("icmpv6.echo_request") };
        craft(&request, &mut CounterState::default()).map(|crafted| {
            let header = opened(&crafted.frames[0].psdu).header;
            (header.destination.link().unwrap(), header.ack_request)
        })
    };
    let address = |address: &str, next_hop| Destination::Address { address: address.parse().unwrap(), next_hop };
    assert_eq!(to(Destination::AllNodes), Ok((LinkAddress::BROADCAST, false)));
    assert_eq!(to(address("ff03::fd", None)), Ok((LinkAddress::BROADCAST, false)));
    assert_eq!(to(Destination::Neighbour(OTHER)), Ok((LinkAddress::Extended(OTHER), true)));
    assert_eq!(to(address("fd00:c0::c7", Some(OTHER))), Ok((LinkAddress::Extended(OTHER), true)));
    let global = Destination::Address { address: mesh_address(OTHER), next_hop: None };
    assert_eq!(to(global), Ok((LinkAddress::Extended(OTHER), true)));
    assert_eq!(to(address("fd00:c0::c7", None)), Err(CraftError::NoNextHop("fd00:c0::c7".parse().unwrap())));
}

/// A value for each field that differs from the natural one.
fn other_value(field: &str) -> Value {
    match field {
        "key" => "000102030405060708090a0b0c0d0e0f".into(),
        "wpan.mic" | "wpan.fcs" => "corrupt".into(),
        "icmpv6.checksum" | "udp.checksum" => 0x1234.into(),
        "wpan.dst16" => 0xffff.into(),
        // 3 is that of a DAO-ACK.
        "icmpv6.code" => 9.into(),
        "fragments" => "0-40".into(),
        "icmpv6.length" => 22.into(),
        "icmpv6.nd.na.flag.r" | "icmpv6.nd.na.flag.s" | "icmpv6.nd.na.flag.o" => 0.into(),
        "wpan.ack_request" => 0.into(),
        "coap.type" => 1.into(),
        "coap.code" => 5.into(),
        "coap.token" => "c0ffee".into(),
        "coap.opt.uri_path" => "/a/b".into(),
        "coap.opt.uri_query" => "rt=core.ky".into(),
        "wpan.aux_sec.sec_level" => 7.into(),
        // Wireshark shows words.
        "coap.opt.content_format" | "coap.opt.accept" => 3.into(),
        // Payloads to fill, which have shorter names than those that are seen.
        "data" | "coap.payload" => "0badcafe".into(),
        _ => match dissect::field(field).map(|info| info.kind) {
            Some(FieldKind::Ipv6) => "fd00::9".into(),
            Some(FieldKind::Eui64) => "0102030405060708".into(),
            Some(FieldKind::Bytes | FieldKind::Text) => "0badcafe".into(),
            Some(FieldKind::Uint { .. } | FieldKind::Bool) | None => 3.into(),
        },
    }
}

#[test]
fn every_field_of_every_message_can_be_set_and_shows_in_the_packet() {
    for message in MESSAGES {
        for field in fields(message).unwrap() {
            let value = other_value(field);
            let request = with(protected(message), &[(field, value.clone())]);
            let crafted = craft(&request, &mut CounterState::default())
                .unwrap_or_else(|error| panic!("{message} {field}: {error}"));
            let natural = craft(&protected(message), &mut CounterState::default()).unwrap();
            assert_ne!(crafted, natural, "{message} {field}");
            let is_read_back = fields::packet_fields(message).unwrap().contains(&field)
                && !["ipv6.plen", "icmpv6.checksum", "icmpv6.length", "udp.checksum", "udp.length", "ipv6.nxt"]
                    .contains(&field)
                && !matches!(field, "icmpv6.type" | "icmpv6.code" | "udp.dstport")
                && *message != "wpan.data";
            if is_read_back {
                let found = Draft::parse(&crafted.packet).unwrap().get(field);
                let found = found.unwrap_or_else(|| panic!("{message} {field} is not there"));
                assert!(found.says_the_same_as(&value), "{message} {field}: {found} is not {value}");
                assert_eq!(received(&crafted), crafted.packet, "{message} {field}");
                let allowed = matches!(field, "coap.code" | "coap.type" | "udp.payload" | "data.len" | "data");
                assert!(crafted.wrong_on_purpose.is_none() || allowed, "{message} {field}: {crafted:?}");
            }
        }
    }
}

#[rstest]
#[case("sel.jsr", "icmpv6.checksum", "corrupt".into(), "ICMPv6 checksum")]
#[case("udp.datagram", "udp.checksum", 0.into(), "UDP checksum")]
#[case("udp.datagram", "udp.length", 9.into(), "UDP datagram")]
#[case("sel.ssr", "ipv6.plen", 4.into(), "payload length")]
#[case("sel.ssr", "ipv6.nxt", 17.into(), "UDP")]
#[case("sel.jsr", "icmpv6.length", 15.into(), "EUI-64")]
#[case("sel.jsr", "wpan.fcs", "corrupt".into(), "frame check sequence")]
#[case("sel.jsr", "wpan.fcs", 0.into(), "frame check sequence")]
#[case("sel.ssr", "wpan.mic", "corrupt".into(), "integrity code")]
#[case("sel.ssr", "wpan.mic", "00:00:00:00".into(), "integrity code")]
fn what_others_would_call_malformed_is_marked(
    #[case] message: &str,
    #[case] field: &str,
    #[case] value: Value,
    #[case] why: &str,
) {
    let wrong = crafted(&with(protected(message), &[(field, value)])).wrong_on_purpose;
    assert!(wrong.as_ref().is_some_and(|wrong| wrong.contains(why)), "{wrong:?}");
}

#[rstest]
#[case("sel.jsr", "sel.status", 9.into())]
#[case("sel.jsr", "icmpv6.code", 9.into())]
#[case("sel.jsr", "icmpv6.length", 40.into())]
#[case("sel.jsr", "ipv6.hlim", 1.into())]
#[case("sel.ssr", "wpan.aux_sec.frame_counter", 0.into())]
#[case("sel.ssr", "key", "00000000000000000000000000000000".into())]
fn what_is_only_unusual_is_not_marked(#[case] message: &str, #[case] field: &str, #[case] value: Value) {
    assert_eq!(crafted(&with(protected(message), &[(field, value)])).wrong_on_purpose, None);
}

#[test]
fn checksums_cover_what_was_overridden() {
    let fields = [("sel.status", 7.into()), ("sel.eui64", "0102030405060708".into()), ("ipv6.src", "fd00::1".into())];
    let crafted = crafted(&with(request("sel.jsr"), &fields));
    let packet = Packet::parse(&crafted.packet).unwrap();
    let message = Message::parse(&packet.payload, packet.header.source, packet.header.destination).unwrap();
    let Message::Sel(message) = message else { panic!("{message:?}") };
    assert_eq!((message.status, message.eui64), (7, Eui64([1, 2, 3, 4, 5, 6, 7, 8])));
}

#[test]
fn a_corrupt_checksum_is_the_only_thing_wrong_with_the_packet() {
    let crafted = crafted(&with(request("sel.jsr"), &[("icmpv6.checksum", "corrupt".into())]));
    assert_eq!(received(&crafted), crafted.packet);
    let packet = Packet::parse(&crafted.packet).unwrap();
    assert!(Message::parse(&packet.payload, packet.header.source, packet.header.destination).is_err());
    assert!(Message::parse_unverified(&packet.payload).is_ok());
}

#[test]
fn a_forced_fcs_goes_to_the_radio() {
    let natural = crafted(&request("sel.jsr"));
    assert!(natural.frames.iter().all(|frame| frame.fcs.is_none()));
    let right = fcs(&natural.frames[0].psdu);
    let forced = crafted(&with(request("sel.jsr"), &[("wpan.fcs", u64::from(right).into())]));
    assert_eq!((forced.frames[0].fcs, forced.wrong_on_purpose), (Some(right), None), "a right one is not wrong");
}

#[test]
fn header_and_security_fields_go_where_they_belong() {
    let fields = [
        ("wpan.seq_no", 77.into()),
        ("wpan.src64", "1112131415161718".into()),
        ("wpan.dst64", "2122232425262728".into()),
        ("wpan.dst_pan", 0xffff.into()),
        ("wpan.aux_sec.frame_counter", 1000.into()),
        ("wpan.aux_sec.key_index", 9.into()),
        ("wpan.aux_sec.sec_level", 6.into()),
    ];
    let crafted = crafted(&with(protected("sel.ssr"), &fields));
    let frame = secured(&crafted.frames[0].psdu);
    assert_eq!(frame.header.sequence_number, Some(77));
    assert_eq!(frame.header.source.extended(), Some("1112131415161718".parse().unwrap()));
    assert_eq!(frame.header.destination.extended(), Some("2122232425262728".parse().unwrap()));
    let pans = (frame.header.destination.pan(), frame.header.source.pan());
    assert_eq!(pans, (Some(PanId(0xffff)), Some(PanId(0xb007))));
    assert_eq!((frame.security.frame_counter, frame.security.level), (Some(1000), SecurityLevel::EncMic64));
    assert_eq!(frame.security.key_identifier, KeyIdentifier::Index(9));
    // The integrity code is right for what the header says: a consistent lie.
    assert_eq!(received(&crafted), crafted.packet);
}

#[test]
fn a_corrupt_integrity_code_does_not_verify_and_nothing_else_changes() {
    let natural = secured(&crafted(&protected("sel.ssr")).frames[0].psdu);
    let corrupt = secured(&crafted(&with(protected("sel.ssr"), &[("wpan.mic", "corrupt".into())])).frames[0].psdu);
    assert!(unsecure(&corrupt, &KEY, SOURCE).is_err());
    let at = natural.payload.len() - 4;
    assert_eq!(natural.payload[..at], corrupt.payload[..at]);
    assert_ne!(natural.payload[at..], corrupt.payload[at..]);
}

#[test]
fn another_key_does_not_verify() {
    let frame = crafted(&with(protected("sel.ssr"), &[("key", "00112233445566778899aabbccddeeff".into())]));
    assert!(unsecure(&secured(&frame.frames[0].psdu), &KEY, SOURCE).is_err());
}

#[test]
fn counters_go_on_for_each_sender_and_above_what_was_set_by_hand() {
    let mut counters = CounterState::default();
    let counter = |request: &CraftRequest, counters: &mut CounterState| {
        secured(&craft(request, counters).unwrap().frames[0].psdu).security.frame_counter.unwrap()
    };
    let other = CraftRequest { source: OTHER, ..protected("sel.ssr") };
    let replay = with(protected("sel.ssr"), &[("wpan.aux_sec.frame_counter", 0.into())]);
    let taken = [&protected("sel.ssr"), &protected("sel.ssr"), &replay, &other, &protected("sel.ssr")];
    assert_eq!(taken.map(|request| counter(request, &mut counters)), [0, 1, 0, 0, 2]);
    assert_eq!(counters.frame_counter(SOURCE), 3);
    let jump = |counter: u64| with(protected("sel.ssr"), &[("wpan.aux_sec.frame_counter", counter.into())]);
    craft(&jump(1000), &mut counters).unwrap();
    assert_eq!(counters.frame_counter(SOURCE), 1001);
    craft(&jump(0xffff_ffff), &mut counters).unwrap();
    assert_eq!(counters.frame_counter(SOURCE), 1001);
    counters.set_frame_counter(SOURCE, u32::MAX);
    let exhausted = craft(&protected("sel.ssr"), &mut counters);
    assert_eq!(exhausted, Err(CraftError::FrameCounterExhausted(SOURCE)));
    let spoofed = with(protected("sel.ssr"), &[("wpan.src64", OTHER.to_string().as_str().into())]);
    assert_eq!(counter(&spoofed, &mut counters), 1, "the counter of whom the frame claims to be from");
}

#[rstest]
#[case("sel.dance", &[], CraftError::UnknownMessage("sel.dance".into()))]
#[case("sel.jsr", &[("udp.srcport", 1.into())], CraftError::UnknownField { message: "sel.jsr".into(), field: "udp.srcport".into() })]
#[case("nd.ns", &[("icmpv6.nd.na.flag.s", 1.into())], CraftError::UnknownField { message: "nd.ns".into(), field: "icmpv6.nd.na.flag.s".into() })]
#[case("wpan.data", &[("ipv6.src", "::".into())], CraftError::UnknownField { message: "wpan.data".into(), field: "ipv6.src".into() })]
#[case("sel.jsr", &[("wpan.mic", "corrupt".into())], CraftError::NeedsProtection("wpan.mic".into()))]
fn what_cannot_be_crafted_says_why(#[case] message: &str, #[case] fields: &[(&str, Value)], #[case] error: CraftError) {
    assert_eq!(craft(&with(request(message), fields), &mut CounterState::default()), Err(error));
}

#[rstest]
#[case("sel.status", 256.into())]
#[case("sel.eui64", "xyz".into())]
#[case("ipv6.src", "nowhere".into())]
#[case("wpan.mic", "00".into())]
#[case("wpan.aux_sec.sec_level", 8.into())]
#[case("key", "00".into())]
fn a_value_that_does_not_fit_is_refused(#[case] field: &str, #[case] value: Value) {
    let result = craft(&with(protected("sel.ssr"), &[(field, value)]), &mut CounterState::default());
    assert!(matches!(&result, Err(CraftError::BadValue { field: named, .. }) if named == field), "{result:?}");
}

#[test]
fn a_refused_key_is_not_shown() {
    let result = craft(&with(protected("sel.ssr"), &[("key", "c0ffee".into())]), &mut CounterState::default());
    assert!(!result.unwrap_err().to_string().contains("c0ffee"));
}

#[test]
fn fields_that_wireshark_has_too_bear_its_names() {
    for message in MESSAGES {
        for field in fields(message).unwrap() {
            // Shorter names for what a table of seen fields cannot have: payloads to fill, forced lengths, keys.
            let ours = [
                "key",
                "data",
                "data.len",
                "fragments",
                "icmpv6.length",
                "icmpv6.opt.linkaddr_eui64",
                "coap.opt.content_format",
                "coap.opt.accept",
                "coap.payload",
            ];
            let known = dissect::FIELDS.iter().any(|info| info.name == field);
            assert!(known || ours.contains(&field), "{field}");
        }
    }
}

proptest! {
    #[test]
    fn long_packets_are_fragmented_and_come_together_again(length in 0u64..1200, is_protected: bool) {
        let base = if is_protected { protected("udp.datagram") } else { request("udp.datagram") };
        let crafted = crafted(&with(base, &[("data.len", length.into())]));
        prop_assert_eq!(received(&crafted), crafted.packet.clone());
        prop_assert_eq!(crafted.packet.len() as u64, 48 + length);
        prop_assert!(crafted.frames.len() > 1 || length < 100);
    }

    #[test]
    fn a_packet_too_long_for_its_length_field_is_fragmented_uncompressed(length in 100u64..600) {
        let crafted = crafted(&with(request("udp.datagram"), &[("data.len", length.into()), ("udp.length", 8.into())]));
        prop_assert_eq!(received(&crafted), crafted.packet.clone());
    }

    #[test]
    fn no_override_makes_it_panic(
        message in proptest::sample::select(MESSAGES.to_vec()), pick: prop::sample::Index, number: u64, text in "\\PC{0,20}",
        is_text: bool,
    ) {
        let fields = fields(message).unwrap();
        let value = if is_text { Value::Text(text) } else { Value::Number(number) };
        let _ = craft(&with(protected(message), &[(fields[pick.index(fields.len())], value)]), &mut CounterState::default());
    }
}
