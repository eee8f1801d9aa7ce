//! The tool against devices made of the DTLS and CoAP servers, over a path that loses packets.

mod world;

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use proptest::prelude::*;
use rstest::rstest;
use wire::coap::Code;
use wire::icmpv6::{Echo, Message};
use wire::ipv6::{Header, NextHeader, Packet};
use wire::{sel, udp};

use super::directory::RESOURCE_DIRECTORY;
use super::{CommissioningTool, MAX_REQUESTS};
use crate::craft::Value;
use crate::deviation::{Change, Rule, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput};
use crate::profile::{CT_ADDRESS, mesh_address};
use protocols::Entropy;
use protocols::time::Instant;
use rand_core::SeedableRng;
use record::event::{Because, Key};
use wire::Eui64;
use world::{KEY, TestDevice, World, eui64};

const SECOND: Duration = Duration::from_secs(1);

fn key_payload() -> String {
    format!(r#"{{"1":{{"key":"{KEY}","mode":1,"index":1,"level":5}}}}"#)
}

#[test]
fn a_selected_device_gets_the_key_and_its_session_is_closed() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    let select = format!("select {}", eui64(1));
    world.order(&select);
    world.run(5 * SECOND);
    assert_eq!(world.sent.len(), 0, "no handshake before the device has asked");
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(SECOND);
    assert_eq!(world.done, [select]);
    assert_eq!(world.devices[0].requests, [("/coap-key2".to_owned(), key_payload())]);
    assert_eq!((world.devices[0].connected, world.devices[0].closed), (1, 1));
    assert!(matches!(world.keys.as_slice(), [Key::Link { index: 1, .. }, Key::Dtls { .. }]));
}

#[test]
fn a_request_that_came_before_the_selection_counts() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(60 * SECOND);
    assert!(world.sent.is_empty());
    world.order(&format!("select {}", eui64(1)));
    world.run(SECOND);
    assert_eq!(world.done.len(), 1);
}

#[test]
fn nobody_but_the_selected_device_is_answered() {
    let mut world = World::new(vec![TestDevice::new(1), TestDevice::new(2)], 0, 1);
    world.order(&format!("select {}", eui64(2)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(300 * SECOND);
    assert!(world.sent.is_empty());
    assert!(world.done.is_empty() && world.refused.is_empty());
}

#[rstest]
#[case(10)]
#[case(25)]
fn the_key_arrives_over_a_lossy_path(#[case] loss_percent: u32) {
    for seed in 0..10 {
        let mut world = World::new(vec![TestDevice::new(1)], loss_percent, seed);
        world.order(&format!("select {}", eui64(1)));
        // The device asks again as the profile says.
        for _ in 0..10 {
            world.join_secure_request(eui64(1), mesh_address(eui64(1)));
            world.run(120 * SECOND);
            if !world.done.is_empty() {
                break;
            }
        }
        assert_eq!(world.done.len(), 1, "seed {seed}: {:?}", world.log);
        assert!(world.devices[0].requests.contains(&("/coap-key2".to_owned(), key_payload())));
    }
}

#[test]
fn a_seed_repeats_a_run_packet_by_packet() {
    let run = |seed| {
        let mut world = World::new(vec![TestDevice::new(1)], 20, seed);
        world.order(&format!("select {}", eui64(1)));
        world.join_secure_request(eui64(1), mesh_address(eui64(1)));
        world.run(120 * SECOND);
        world.sent
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn a_forged_claim_does_not_keep_the_honest_device_out() {
    let forged: Ipv6Addr = "fd00:b007::bad".parse().unwrap();
    // One impostor has no key, another never answers.
    let impostor = TestDevice::at(1, forged, [0xee; 16]);
    let mut world = World::new(vec![impostor, TestDevice::new(1)], 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), forged);
    world.join_secure_request(eui64(1), "fd00:b007::dead".parse().unwrap());
    world.run(SECOND);
    assert!(world.done.is_empty() && world.refused.is_empty());
    assert!(world.devices[0].requests.is_empty(), "an impostor gets no key");
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(SECOND);
    assert_eq!(world.done.len(), 1);
    assert_eq!(world.devices[1].requests.len(), 1);
    assert!(world.devices[0].requests.is_empty());
    // The silent impostor is no longer tried either.
    let sent = world.sent.len();
    world.run(100 * SECOND);
    assert_eq!(world.sent.len(), sent);
}

#[test]
fn a_failed_handshake_waits_for_the_next_request() {
    let mut world = World::new(vec![TestDevice::at(1, mesh_address(eui64(1)), [0xee; 16])], 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(100 * SECOND);
    let after_first = world.sent.len();
    assert!(after_first > 0);
    world.run(100 * SECOND);
    assert_eq!(world.sent.len(), after_first, "no attempt without a JSR");
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(100 * SECOND);
    assert!(world.sent.len() > after_first);
    assert!(world.done.is_empty() && world.refused.is_empty());
}

#[test]
fn a_device_that_took_the_key_without_a_word_is_asked_again() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.devices[0].deaf_to = 1;
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(300 * SECOND);
    assert_eq!((world.done.len(), world.devices[0].requests.len(), world.devices[0].connected), (1, 2, 2));
}

#[test]
fn a_request_in_the_middle_of_a_handshake_is_taken_up_after_it() {
    let mut world = World::new(Vec::new(), 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(3 * SECOND);
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.devices.push(TestDevice::new(1));
    // The device has forgotten the first handshake: only a new one gets through.
    world.run(100 * SECOND);
    assert_eq!(world.done.len(), 1);
}

#[test]
fn a_plain_request_that_a_rule_withholds_is_done_all_the_same() {
    for change in [Change::Drop, Change::Reorder] {
        let mut world = World::new(Vec::new(), 0, 1);
        world.tool.deviate(rule("coap.get", change, 1)).unwrap();
        world.order(&format!("plain GET /coap-key2 to={}", eui64(1)));
        assert_eq!((world.done.len(), world.sent.len()), (1, 0));
        world.run(300 * SECOND);
        assert_eq!((world.done.len(), world.refused.len()), (1, 0));
    }
}

#[test]
fn sixty_four_requests_are_remembered_and_the_next_is_not() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    for n in 0..64u8 {
        let other = wire::Eui64([2, 0, 0, 0, 0, 0, 0, n]);
        world.join_secure_request(other, mesh_address(other));
    }
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    assert_eq!(world.tool.machine().remembered_requests(), MAX_REQUESTS);
    world.order(&format!("select {}", eui64(1)));
    world.run(SECOND);
    assert!(world.sent.is_empty(), "the 65th was forgotten");
    // A JSR that is waited for finds room whatever the flood.
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(SECOND);
    assert_eq!(world.done.len(), 1);
    assert_eq!(world.tool.machine().remembered_requests(), MAX_REQUESTS);
}

#[rstest]
#[case::checksum(|payload: &mut Vec<u8>| payload[2] ^= 1)]
#[case::short(|payload: &mut Vec<u8>| { payload.pop(); renew(payload); })]
#[case::code(|payload: &mut Vec<u8>| { payload[1] = 7; renew(payload); })]
#[case::ssr(|payload: &mut Vec<u8>| { payload[1] = 2; renew(payload); })]
#[case::other_type(|payload: &mut Vec<u8>| { payload[0] = 201; renew(payload); })]
fn a_malformed_request_is_discarded(#[case] spoil: impl Fn(&mut Vec<u8>)) {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.packet(&request_packet(64, spoil));
    world.run(100 * SECOND);
    assert!(world.sent.is_empty());
    assert_eq!(world.tool.machine().remembered_requests(), 0);
}

#[rstest]
#[case::far(1, |_: &mut Vec<u8>| {})]
#[case::zero(0, |_: &mut Vec<u8>| {})]
#[case::trailing_octets(64, |payload: &mut Vec<u8>| { payload.extend([1, 2, 3]); renew(payload); })]
#[case::status_and_reserved(64, |payload: &mut Vec<u8>| { payload[4] = 9; payload[5] = 9; renew(payload); })]
fn an_odd_request_is_taken(#[case] hop_limit: u8, #[case] change: impl Fn(&mut Vec<u8>)) {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.packet(&request_packet(hop_limit, change));
    world.run(SECOND);
    assert_eq!(world.done.len(), 1);
}

fn request_packet(hop_limit: u8, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let source = mesh_address(eui64(1));
    let message = Message::Sel(sel::Message::join_secure_request(eui64(1)));
    let mut payload = message.to_vec(source, CT_ADDRESS).unwrap();
    change(&mut payload);
    let header = Header::new(source, CT_ADDRESS, NextHeader::ICMPV6, hop_limit);
    Packet { header, payload }.to_vec().unwrap()
}

fn renew(payload: &mut [u8]) {
    payload[2..4].fill(0);
    let sum = wire::ipv6::checksum(mesh_address(eui64(1)), CT_ADDRESS, NextHeader::ICMPV6, payload);
    payload[2..4].copy_from_slice(&sum.to_be_bytes());
}

#[test]
fn an_echo_request_to_the_tool_is_answered_and_one_to_another_is_not() {
    let mut world = World::new(Vec::new(), 0, 1);
    let source = mesh_address(eui64(1));
    for destination in [CT_ADDRESS, "fd00:c0::1".parse().unwrap()] {
        let echo = Message::EchoRequest(Echo { identifier: 7, sequence_number: 8, data: vec![9; 20] });
        let payload = echo.to_vec(source, destination).unwrap();
        let header = Header::new(source, destination, NextHeader::ICMPV6, 64);
        world.packet(&Packet { header, payload }.to_vec().unwrap());
    }
    assert_eq!(world.sent.len(), 1);
    let reply = Packet::parse(&world.sent[0].1).unwrap();
    assert_eq!((reply.header.source, reply.header.destination), (CT_ADDRESS, source));
    let reply = Message::parse(&reply.payload, CT_ADDRESS, source).unwrap();
    assert_eq!(reply, Message::EchoReply(Echo { identifier: 7, sequence_number: 8, data: vec![9; 20] }));
}

#[test]
fn a_device_that_refuses_the_key_ends_the_selection() {
    let mut device = TestDevice::new(1);
    device.answer = Some(Code::BAD_REQUEST);
    let mut world = World::new(vec![device], 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(SECOND);
    assert_eq!(world.refused, [(format!("select {}", eui64(1)), format!("{} answered 4.00", eui64(1).with_colons()))]);
}

#[test]
fn close_and_open_count_upwards_through_all_secured_devices() {
    let mut world = World::new(vec![TestDevice::new(1), TestDevice::new(2)], 0, 1);
    world.order("close");
    assert_eq!(world.refused.len(), 1, "nobody is secured");
    for n in [1, 2] {
        world.order(&format!("select {}", eui64(n)));
        world.join_secure_request(eui64(n), mesh_address(eui64(n)));
        world.run(SECOND);
    }
    for order in ["close", "open", "close"] {
        world.order(order);
        world.run(SECOND);
    }
    world.order(&format!("forget {}", eui64(1)));
    world.order("open");
    world.run(SECOND);
    assert_eq!(world.done[2..], ["close", "open", "close", &format!("forget {}", eui64(1)), "open"]);
    let all_secured = |device: &TestDevice| -> Vec<String> {
        device
            .requests
            .iter()
            .filter(|(path, _)| path == "/coap-key2/all-secured")
            .map(|(_, json)| json.clone())
            .collect()
    };
    let expected: Vec<String> = [(true, 1), (false, 2), (true, 3), (false, 4)]
        .map(|(value, seq)| format!(r#"{{"all_secured":{value},"seq":{seq}}}"#))
        .to_vec();
    assert_eq!(all_secured(&world.devices[0]), expected[..3]);
    assert_eq!(all_secured(&world.devices[1]), expected);
    assert!(world.devices.iter().all(|device| device.connected == device.closed));
}

#[test]
fn a_close_that_one_device_refuses_is_refused_with_the_reason() {
    let mut world = World::new(vec![TestDevice::new(1), TestDevice::new(2)], 0, 1);
    world.order(&format!("adopt {}", eui64(1)));
    world.order(&format!("adopt {}", eui64(2)));
    world.devices[0].answer = Some(Code::CONFLICT);
    world.order("close");
    world.run(SECOND);
    assert_eq!(world.refused, [("close".to_owned(), format!("{} answered 4.09", eui64(1).with_colons()))]);
    assert_eq!(world.devices[1].requests.len(), 1, "the others are told nevertheless");
}

#[test]
fn a_connected_session_serves_requests_and_stays_open_until_disconnect() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    let device = eui64(1);
    world.order(&format!("connect {device}"));
    world.run(100 * SECOND);
    for order in [
        format!("request {device} PUT /coap-key2 format=256 payload={{\"a b\": 1}}"),
        format!("request {device} GET /.well-known/core?rt=core.ky"),
        format!("request {device} PUT /coap-key2 format=0 type=non payload=0041"),
    ] {
        world.order(&order);
        world.run(SECOND);
    }
    assert_eq!((world.done.len(), world.devices[0].connected, world.devices[0].closed), (4, 1, 0));
    let requests: BTreeMap<usize, _> = world.devices[0].requests.iter().cloned().enumerate().collect();
    assert_eq!(requests[&0], ("/coap-key2".to_owned(), "{\"a b\": 1}".to_owned()));
    assert_eq!(requests[&1], ("/.well-known/core".to_owned(), String::new()));
    assert_eq!(requests[&2], ("/coap-key2".to_owned(), "\0A".to_owned()));
    world.order(&format!("disconnect {device}"));
    world.run(SECOND);
    assert_eq!(world.devices[0].closed, 1);
    world.order(&format!("disconnect {device}"));
    assert_eq!(world.refused.len(), 1);
}

#[test]
fn sessions_with_a_device_come_from_one_port_but_a_second_one_beside_them_does_not() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    let device = eui64(1);
    for _ in 0..2 {
        world.order(&format!("request {device} GET /"));
        world.run(SECOND);
    }
    for _ in 0..2 {
        world.order(&format!("connect {device}"));
        world.run(SECOND);
    }
    let port = |packet: &Vec<u8>| u16::from_be_bytes([packet[40], packet[41]]);
    let mut ports: Vec<u16> = world.sent.iter().map(|(_, packet, _)| port(packet)).collect();
    ports.dedup();
    assert_eq!((ports.len(), world.devices[0].connected, world.done.len()), (2, 4, 4), "{ports:?}");
}

#[rstest]
#[case::wrong_key("psk=00112233445566778899aabbccddeeff", "was ended by its alert bad_record_mac")]
#[case::unknown_identity("identity=nobody", "was ended by its alert unknown_psk_identity")]
#[case::no_device("at=fd00:b007::99", "was never answered")]
fn a_bare_handshake_that_must_fail_says_why(#[case] arguments: &str, #[case] reason: &str) {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order(&format!("connect {} {arguments}", eui64(1)));
    world.run(100 * SECOND);
    assert_eq!((world.done.len(), world.refused.len()), (0, 1), "{:?}", world.log);
    assert!(world.refused[0].1.contains(reason), "{}", world.refused[0].1);
    assert_eq!(world.devices[0].connected, 0);
}

#[test]
fn the_handshake_is_configured_by_order() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order("handshake-config mtu=100 ems=never retransmit=250");
    world.order(&format!("connect {} at=fd00:b007::99", eui64(1)));
    world.run(20 * SECOND);
    let times: Vec<u64> = world.sent.iter().map(|(time, ..)| time.0 / 1_000_000).collect();
    assert_eq!(times, [0, 250, 750, 1750, 3750]);
    for (_, packet, _) in &world.sent {
        assert!(packet.len() <= 40 + 8 + 100);
    }
    world.order("handshake-config mtu=10");
    assert_eq!(world.refused.last().unwrap().0, "handshake-config mtu=10");
}

#[test]
fn a_plain_request_goes_to_the_plain_port_and_is_done_when_sent() {
    let mut world = World::new(Vec::new(), 0, 1);
    let order = format!("plain GET /coap-key2 to={}", eui64(1));
    world.order(&order);
    assert_eq!(world.done, [order]);
    let packet = Packet::parse(&world.sent[0].1).unwrap();
    let datagram = udp::Datagram::parse(&packet.payload, packet.header.source, packet.header.destination).unwrap();
    assert_eq!((packet.header.destination, datagram.destination_port), (mesh_address(eui64(1)), 5683));
    assert_eq!(wire::coap::Message::parse(&datagram.payload).unwrap().options.uri_path(), "/coap-key2");
    world.order(&format!("plain PUT /coap-key2 to={} type=con payload=x", eui64(1)));
    world.run(200 * SECOND);
    assert_eq!((world.done.len(), world.refused.len()), (1, 1), "a confirmable one waits for its response");
}

#[rstest]
#[case("")]
#[case("dance")]
#[case("select")]
#[case("select 1234")]
#[case("select 70b3d5b007000009")]
#[case("network key=00")]
#[case("network key=000102030405060708090a0b0c0d0e0f colour=red")]
#[case("anchor eui64=70b3d5b007000001")]
#[case("request 70b3d5b007000001 PATCH /")]
#[case("connect 70b3d5b007000009")]
#[case("handshake-config ems=perhaps")]
fn an_order_that_makes_no_sense_is_refused_at_once(#[case] order: &str) {
    let mut world = World::new(Vec::new(), 0, 1);
    world.order(order);
    assert_eq!((world.done.len(), world.refused.len()), (0, 1));
    assert_eq!(world.refused[0].0, order);
}

#[test]
fn a_selection_without_a_network_key_is_refused() {
    let mut tool = CommissioningTool::new(Entropy::from_seed([0; 32]));
    tool.handle(Instant::ZERO, MachineInput::Order { line: "anchor eui64=70b3d5b007000001 psk=00", within: None });
    tool.handle(Instant::ZERO, MachineInput::Order { line: "select 70b3d5b007000001", within: None });
    let outputs: Vec<_> = std::iter::from_fn(|| tool.poll(Instant::ZERO)).collect();
    assert!(matches!(outputs.as_slice(), [MachineOutput::Done { .. }, MachineOutput::Refused { .. }]));
}

#[test]
fn deselect_ends_a_selection_and_its_handshake() {
    let mut world = World::new(Vec::new(), 0, 1);
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    assert_eq!(world.sent_to(mesh_address(eui64(1))), 1);
    world.order("deselect");
    assert_eq!(world.refused, [(format!("select {}", eui64(1)), "deselected".to_owned())]);
    assert_eq!(world.done, ["deselect"]);
    let sent = world.sent.len();
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(100 * SECOND);
    assert_eq!(world.sent.len(), sent);
}

fn rule(message: &str, change: Change, times: u32) -> Rule {
    Rule { message: message.to_owned(), matches: Vec::new(), change, times }
}

fn overrides(fields: &[(&str, Value)]) -> Change {
    Change::Override(fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect())
}

#[test]
fn a_rule_changes_the_request_before_dtls_protects_it() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    let change = overrides(&[("coap.payload", "{}".into()), ("coap.opt.content_format", 256.into())]);
    world.tool.deviate(rule("coap.put", change, 1)).unwrap();
    world.order(&format!("adopt {}", eui64(1)));
    world.order("close");
    world.run(SECOND);
    world.order("close");
    world.run(SECOND);
    let payloads: Vec<&str> = world.devices[0].requests.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!(payloads, ["{}", r#"{"all_secured":true,"seq":2}"#]);
    let change = overrides(&[("coap.opt.content_format", 0.into())]);
    world.tool.deviate(rule("coap.put", change, 1)).unwrap();
    world.order("close");
    world.run(SECOND);
    assert_eq!(world.refused.len(), 1, "4.15");
}

#[rstest]
#[case::drop(Change::Drop, 2)]
#[case::delay(Change::Delay(SECOND), 1)]
#[case::duplicate(Change::Duplicate, 0)]
#[case::corrupt(Change::Corrupt { bit: 200 }, 2)]
fn a_request_survives_what_happens_to_its_record(#[case] change: Change, #[case] least_seconds: u64) {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    let is_corrupt = matches!(change, Change::Corrupt { .. });
    world.tool.deviate(rule("coap.put", change, 1)).unwrap();
    world.order(&format!("select {}", eui64(1)));
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(Duration::from_millis(least_seconds * 1000));
    assert_eq!(world.done.len(), 0);
    world.run(5 * SECOND);
    assert_eq!((world.done.len(), world.devices[0].requests.len()), (1, 1), "one request, whatever happens");
    let marked = world.sent.iter().filter(|(_, _, wrong)| wrong.is_some()).count();
    assert_eq!(marked, usize::from(is_corrupt));
}

/// Questions as a device asks them, and what the answer must show of the tool.
#[rstest]
#[case::multicast("multicast", "ff03::fd", 5683, "/.well-known/core", CT_ADDRESS)]
#[case::directory("directory", "fd00:c0::5d", 5683, "/rd-lookup/res", RESOURCE_DIRECTORY)]
fn a_question_for_the_tool_is_answered_once_it_is_served(
    #[case] way: &str,
    #[case] to: Ipv6Addr,
    #[case] port: u16,
    #[case] path: &str,
    #[case] answers: Ipv6Addr,
) {
    let mut options = wire::coap::Options::new();
    options.push_uri_path(path);
    options.push_uri_query("rt=core.ct");
    let request = wire::coap::Message {
        message_type: wire::coap::MessageType::NonConfirmable,
        code: Code::GET,
        message_id: 7,
        token: wire::coap::Token::new(&[1, 2, 3, 4]).unwrap(),
        options,
        payload: Vec::new(),
    };
    let from = mesh_address(eui64(1));
    let datagram = udp::Datagram { source_port: 61617, destination_port: port, payload: request.emit().unwrap() };
    let payload = datagram.to_vec(from, to).unwrap();
    let packet = Packet { header: Header::new(from, to, NextHeader::UDP, 64), payload }.to_vec().unwrap();
    let mut tool = CommissioningTool::new(Entropy::from_seed([1; 32]));
    let ask = |tool: &mut CommissioningTool| {
        tool.handle(Instant::ZERO, MachineInput::Backbone(&packet));
        std::iter::from_fn(|| tool.poll(Instant::ZERO)).find_map(|output| match output {
            MachineOutput::Backbone { packet, .. } => Some(packet),
            _ => None,
        })
    };
    assert_eq!(ask(&mut tool), None, "nothing is served yet");
    for other in ["multicast", "directory", "dns-sd"].into_iter().filter(|other| *other != way) {
        tool.handle(Instant::ZERO, MachineInput::Order { line: &format!("serve {other}"), within: None });
        assert_eq!(ask(&mut tool), None, "{other} is no {way}");
    }
    tool.handle(Instant::ZERO, MachineInput::Order { line: &format!("serve {way}"), within: None });
    let Packet { header, payload } = Packet::parse(&ask(&mut tool).unwrap()).unwrap();
    assert_eq!((header.source, header.destination), (answers, from));
    let datagram = udp::Datagram::parse(&payload, header.source, header.destination).unwrap();
    assert_eq!((datagram.source_port, datagram.destination_port), (port, 61617));
    let answer = wire::coap::Message::parse(&datagram.payload).unwrap();
    assert_eq!((answer.code, answer.token), (Code::CONTENT, request.token));
    let links = wire::coap::Link::parse_document(std::str::from_utf8(&answer.payload).unwrap()).unwrap();
    let mut tools = links.iter().filter(|link| link.matches("rt", "core.ct"));
    assert_eq!(tools.next().map(|link| link.target.as_str()), Some("coaps://[fd00:c0::c7]"));
    assert!(tools.next().is_none() && links.len() == 2);
}

#[test]
fn an_order_to_serve_what_nobody_knows_is_refused() {
    let mut world = World::new(Vec::new(), 0, 1);
    world.order("serve oracle");
    assert_eq!(world.refused.len(), 1);
    assert!(world.refused[0].1.contains("dns-sd"), "{}", world.refused[0].1);
}

#[test]
fn a_rule_that_can_never_apply_is_refused() {
    let mut world = World::new(Vec::new(), 0, 1);
    let unknown = rule("coap.put", overrides(&[("sel.status", 1.into())]), 0);
    assert!(matches!(world.tool.deviate(unknown), Err(RuleError::UnknownField { .. })));
    assert_eq!(
        world.tool.deviate(rule("sel.ssr", Change::Drop, 0)),
        Err(RuleError::UnknownMessage("sel.ssr".to_owned()))
    );
}

proptest! {
    #[test]
    fn no_packet_and_no_order_makes_it_panic(packet: Vec<u8>, order: String, seed: [u8; 32]) {
        let mut tool = CommissioningTool::new(Entropy::from_seed(seed));
        tool.handle(Instant::ZERO, MachineInput::Order { line: &order, within: None });
        tool.handle(Instant::ZERO, MachineInput::Backbone(&packet));
        let ended = std::iter::from_fn(|| tool.poll(Instant::ZERO))
            .filter(|output| matches!(output, MachineOutput::Done { .. } | MachineOutput::Refused { .. }))
            .count();
        prop_assert_eq!(ended, 1);
    }
}

/// What a tool that selects device 1 for 60 s says of a device that asks every ten seconds, if at all.
fn selected(world: &mut World, asks_as: Option<Eui64>) -> (String, Option<Because>) {
    world.order_within(&format!("select {}", eui64(1)), 60 * SECOND);
    for _ in 0..7 {
        if let Some(asking) = asks_as {
            world.join_secure_request(asking, mesh_address(eui64(1)));
        }
        world.run(10 * SECOND);
    }
    assert!(world.tool.deadline().is_none_or(|next| next > world.now), "nothing of it goes on");
    match world.refused.as_slice() {
        [(_, reason)] => (reason.clone(), world.because[0]),
        other => panic!("{other:?}, {:?}", world.done),
    }
}

#[test]
fn a_selection_of_a_device_that_never_asks_ends_in_its_time_and_says_so() {
    for asks_as in [None, Some(eui64(2))] {
        let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
        let (reason, because) = selected(&mut world, asks_as);
        assert_eq!(reason, "no join request of 70:b3:d5:b0:07:00:00:01 came");
        assert_eq!(because, Some(Because::Time));
    }
}

#[test]
fn a_selection_says_how_its_handshakes_ended() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order(&format!("anchor eui64={} psk=00112233445566778899aabbccddeeff", eui64(1)));
    let (reason, because) = selected(&mut world, Some(eui64(1)));
    assert_eq!(reason, "6 handshakes with 70:b3:d5:b0:07:00:00:01 were ended by its alert bad_record_mac");
    assert_eq!(because, Some(Because::Device));
}

#[test]
fn a_selection_of_a_device_that_answers_no_handshake_says_so() {
    let mut world = World::new(Vec::new(), 0, 1);
    let (reason, because) = selected(&mut world, Some(eui64(1)));
    assert!(reason.starts_with("one handshake with 70:b3:d5:b0:07:00:00:01 was never answered"), "{reason}");
    assert_eq!(because, Some(Because::Time));
}

#[test]
fn a_selection_that_succeeds_in_its_time_is_done_and_not_ended_once_more() {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order_within(&format!("select {}", eui64(1)), 60 * SECOND);
    world.join_secure_request(eui64(1), mesh_address(eui64(1)));
    world.run(100 * SECOND);
    assert_eq!((world.done.len(), world.refused.len()), (1, 0));
}

#[rstest]
#[case::not_its_key(
    "identity key=0000000000000000000000000000000000000000000000000000000000000000",
    Some(Because::Order)
)]
#[case::nobody_s_list("select 70b3d5b0070000ff", Some(Because::Order))]
#[case::no_such_order("conect 70b3d5b007000001", Some(Because::Order))]
#[case::nothing_to_close("close", None)]
#[case::nothing_to_end("disconnect 70b3d5b007000001", None)]
fn a_tool_knows_whether_an_order_is_wrong_in_itself(#[case] order: &str, #[case] because: Option<Because>) {
    let mut world = World::new(vec![TestDevice::new(1)], 0, 1);
    world.order(order);
    assert_eq!(world.because, [because], "{:?}", world.refused);
}
