//! Every kind of change, on the readable messages of a machine that sends what it is told.

use std::collections::VecDeque;
use std::time::Duration;

use rstest::rstest;
use wire::dtls::{Record, RecordHeader, records};
use wire::icmpv6::{Echo, Message};
use wire::ipv6::{Header, Ipv6Addr, NextHeader, Packet};
use wire::tls::{ContentType, ProtocolVersion};
use wire::udp::Datagram;

use super::*;
use crate::craft::Value;
use crate::craft::draft::Draft;

const SOURCE: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xc7);
const DESTINATION: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 1);

/// Sends the packets that it was given, one `poll` each.
#[derive(Default)]
struct Script(VecDeque<MachineOutput>);

impl Machine for Script {
    fn handle(&mut self, _now: Instant, _input: MachineInput<'_>) {}

    fn poll(&mut self, _now: Instant) -> Option<MachineOutput> {
        self.0.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Hooks for Script {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let datagram = Datagram { source_port: 50000, destination_port: port, payload: payload.to_vec() };
    let payload = datagram.to_vec(SOURCE, DESTINATION).unwrap();
    Packet { header: Header::new(SOURCE, DESTINATION, NextHeader::UDP, 64), payload }.to_vec().unwrap()
}

fn echo_reply(sequence_number: u16) -> Vec<u8> {
    let message = Message::EchoReply(Echo { identifier: 1, sequence_number, data: vec![1, 2, 3] });
    let payload = message.to_vec(SOURCE, DESTINATION).unwrap();
    Packet { header: Header::new(SOURCE, DESTINATION, NextHeader::ICMPV6, 64), payload }.to_vec().unwrap()
}

fn record(content_type: ContentType, epoch: u16, sequence_number: u64, fragment: &[u8]) -> Vec<u8> {
    let length = fragment.len() as u16;
    let header = RecordHeader { content_type, version: ProtocolVersion::DTLS_1_2, epoch, sequence_number, length };
    let mut out = Vec::new();
    Record { header, fragment }.emit(&mut out).unwrap();
    out
}

/// A handshake message of no content but what the offsets need.
fn handshake(msg_type: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![msg_type, 0, 0, body.len() as u8, 0, 0, 0, 0, 0, 0, 0, body.len() as u8];
    message.extend(body);
    message
}

fn client_hello() -> Vec<u8> {
    let mut body = vec![0xfe, 0xfd];
    body.extend([7; 32]);
    body.extend([0, 2, 8, 9, 0, 2, 0xc0, 0xa8, 1, 0]);
    record(ContentType::Handshake, 0, 0, &handshake(1, &body))
}

/// ClientKeyExchange, ChangeCipherSpec and Finished, as a client packs them.
fn last_flight() -> Vec<u8> {
    [
        record(ContentType::Handshake, 0, 2, &handshake(16, &[0, 1, b'x'])),
        record(ContentType::ChangeCipherSpec, 0, 3, &[1]),
        record(ContentType::Handshake, 1, 0, &[9; 40]),
    ]
    .concat()
}

fn rule(message: &str, change: Change) -> Rule {
    Rule { message: message.to_owned(), matches: Vec::new(), change, times: 1 }
}

fn set(field: &str, value: impl Into<Value>) -> Change {
    Change::Override([(field.to_owned(), value.into())].into())
}

fn deviating(rules: impl IntoIterator<Item = Rule>, packets: &[Vec<u8>]) -> Deviating<Script> {
    let output = |packet: &Vec<u8>| MachineOutput::Backbone { packet: packet.clone(), wrong_on_purpose: None };
    let mut machine = Deviating::new(Script(packets.iter().map(output).collect()));
    rules.into_iter().for_each(|rule| machine.deviate(rule).unwrap());
    machine
}

/// Everything that is sent at `now`, and whether it is marked wrong.
fn sent(machine: &mut Deviating<Script>, now: Instant) -> Vec<(Vec<u8>, bool)> {
    std::iter::from_fn(|| machine.poll(now))
        .map(|output| match output {
            MachineOutput::Backbone { packet, wrong_on_purpose } => (packet, wrong_on_purpose.is_some()),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn payload(packet: &[u8]) -> Vec<u8> {
    let packet = Packet::parse(packet).unwrap();
    Datagram::parse(&packet.payload, packet.header.source, packet.header.destination).unwrap().payload
}

#[test]
fn without_rules_nothing_changes() {
    let packets = [echo_reply(1), udp(5684, &client_hello()), vec![1, 2, 3]];
    let sent = sent(&mut deviating([], &packets), Instant::ZERO);
    assert_eq!(sent, packets.map(|packet| (packet, false)));
}

#[test]
fn a_dropped_message_is_not_sent_and_the_next_one_is() {
    let mut machine = deviating([rule("icmpv6.echo_reply", Change::Drop)], &[echo_reply(1), echo_reply(2)]);
    assert_eq!(sent(&mut machine, Instant::ZERO), [(echo_reply(2), false)]);
}

#[test]
fn a_rule_without_limit_applies_always() {
    let always = Rule { times: 0, ..rule("icmpv6.echo_reply", Change::Drop) };
    let mut machine = deviating([always], &[echo_reply(1), echo_reply(2), udp(1, &[1])]);
    assert_eq!(sent(&mut machine, Instant::ZERO), [(udp(1, &[1]), false)]);
}

#[test]
fn a_duplicate_is_the_same_octets() {
    let mut machine = deviating([rule("udp.datagram", Change::Duplicate)], &[udp(1, &[1]), udp(1, &[2])]);
    let expected = [udp(1, &[1]), udp(1, &[1]), udp(1, &[2])].map(|packet| (packet, false));
    assert_eq!(sent(&mut machine, Instant::ZERO), expected);
}

#[test]
fn a_delayed_message_is_sent_when_its_time_comes() {
    let by = Duration::from_millis(700);
    let mut machine = deviating([rule("udp.datagram", Change::Delay(by))], &[udp(1, &[1]), udp(1, &[2])]);
    assert_eq!(sent(&mut machine, Instant::ZERO), [(udp(1, &[2]), false)]);
    assert_eq!(machine.deadline(), Some(Instant::ZERO + by));
    assert_eq!(sent(&mut machine, Instant(699_999_999)), []);
    assert_eq!(sent(&mut machine, Instant::ZERO + by), [(udp(1, &[1]), false)]);
    assert_eq!(machine.deadline(), None);
}

#[test]
fn a_reordered_message_follows_the_next_one() {
    let mut machine = deviating([rule("icmpv6.echo_reply", Change::Reorder)], &[echo_reply(1), echo_reply(2)]);
    assert_eq!(sent(&mut machine, Instant::ZERO), [(echo_reply(2), false), (echo_reply(1), false)]);
}

#[test]
fn an_override_renews_lengths_and_checksums() {
    let rules = [rule("udp.datagram", set("data", "0102030405")), rule("udp.datagram", set("ipv6.hlim", 3))];
    let sent = sent(&mut deviating(rules, &[udp(1, &[9])]), Instant::ZERO);
    assert_eq!((payload(&sent[0].0), sent[0].1), (vec![1, 2, 3, 4, 5], false));
    assert_eq!(Packet::parse(&sent[0].0).unwrap().header.hop_limit, 3);
}

#[test]
fn a_wrong_checksum_is_marked() {
    let mut machine = deviating([rule("icmpv6.echo_reply", set("icmpv6.checksum", "corrupt"))], &[echo_reply(1)]);
    let sent = sent(&mut machine, Instant::ZERO);
    assert!(sent[0].1);
    let packet = Packet::parse(&sent[0].0).unwrap();
    assert!(Message::parse(&packet.payload, SOURCE, DESTINATION).is_err());
}

#[test]
fn a_rule_applies_to_what_it_matches_only() {
    let matches = vec![("icmpv6.echo.sequence_number".to_owned(), Value::Number(2))];
    let second = Rule { matches, ..rule("icmpv6.echo_reply", Change::Drop) };
    let mut machine = deviating([second], &[echo_reply(1), echo_reply(2), echo_reply(3)]);
    assert_eq!(sent(&mut machine, Instant::ZERO), [(echo_reply(1), false), (echo_reply(3), false)]);
}

#[rstest]
#[case::its_first_octet("dtls.client_key_exchange", 0, 0)]
#[case::within_its_record("dtls.finished", 13 * 8, 2)]
#[case::of_the_middle_one("dtls.change_cipher_spec", 13 * 8 + 7, 1)]
fn a_flipped_bit_lies_in_the_named_record(#[case] message: &str, #[case] bit: u32, #[case] number: usize) {
    let mut machine = deviating([rule(message, Change::Corrupt { bit })], &[udp(5684, &last_flight())]);
    let sent = sent(&mut machine, Instant::ZERO);
    assert!(sent[0].1, "marked");
    // The checksum of UDP is right: the device's DTLS gets to see it.
    let (before, after) = (last_flight(), payload(&sent[0].0));
    let differs: Vec<usize> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    let starts = [0, 28, 42];
    assert_eq!(differs, [starts[number] + bit as usize / 8]);
    assert_eq!((before[differs[0]] ^ after[differs[0]]).leading_zeros(), bit % 8);
}

#[rstest]
#[case("dtls.client_hello", "dtls.handshake.ciphersuite", 0xc0ae)]
#[case("dtls.client_hello", "dtls.handshake.version", 0xfeff)]
#[case("dtls.client_hello", "dtls.handshake.message_seq", 5)]
#[case("dtls.client_hello", "dtls.record.version", 0xfeff)]
#[case("dtls.client_hello", "dtls.record.epoch", 1)]
#[case("dtls.client_hello", "dtls.record.sequence_number", 0x0102_0304_0506)]
fn a_field_of_a_record_is_set_and_the_packet_marked(#[case] message: &str, #[case] field: &str, #[case] value: u64) {
    let mut machine = deviating([rule(message, set(field, value))], &[udp(5684, &client_hello())]);
    let sent = sent(&mut machine, Instant::ZERO);
    assert!(sent[0].1);
    assert_eq!(Draft::parse(&sent[0].0).unwrap().get(field), Some(Value::Number(value)));
    let parsed = records(&client_hello()).next().unwrap().unwrap().fragment.len();
    assert_eq!(payload(&sent[0].0).len(), 13 + parsed, "nothing moved");
}

#[test]
fn a_record_deeper_in_the_datagram_is_changed_alone() {
    let mut machine = deviating([rule("dtls.finished", set("dtls.record.epoch", 2))], &[udp(5684, &last_flight())]);
    let sent = sent(&mut machine, Instant::ZERO);
    let payload = payload(&sent[0].0);
    let epochs: Vec<u16> = records(&payload).map(|record| record.unwrap().header.epoch).collect();
    assert_eq!(epochs, [0, 0, 2]);
}

#[test]
fn a_rule_that_fails_to_apply_is_a_fault_of_the_tester() {
    let mut machine = deviating([rule("udp.datagram", set("ipv6.hlim", 300))], &[udp(1, &[9])]);
    assert!(matches!(machine.poll(Instant::ZERO), Some(MachineOutput::Fault(_))));
}

#[rstest]
#[case(rule("coap.put", Change::Drop), "coap.put")]
#[case(rule("udp.datagram", set("sel.status", 1)), "sel.status")]
#[case(rule("dtls.finished", set("dtls.handshake.type", 1)), "dtls.handshake.type")]
#[case(Rule { matches: vec![("udp.checksum".to_owned(), Value::Number(1))], ..rule("udp.datagram", Change::Drop) }, "matched")]
fn a_rule_that_can_never_apply_is_refused(#[case] rule: Rule, #[case] named: &str) {
    let refusal = Deviating::new(Script::default()).deviate(rule).unwrap_err().to_string();
    assert!(refusal.contains(named), "{refusal}");
}

#[test]
fn every_field_that_a_rule_may_name_exists() {
    // Payloads to fill have shorter names than those that are seen.
    let ours = ["data", "data.len"];
    let readable: Vec<_> = crate::craft::messages::all().filter(|message| message.is_readable).collect();
    assert!(readable.len() >= 3 + 6, "sel, nd, udp; dtls");
    for message in readable {
        for field in message.fields() {
            assert!(dissect::field(field).is_some() || ours.contains(&field), "{field}");
        }
        assert!(dissect::message(message.name).is_some(), "{}", message.name);
    }
}
