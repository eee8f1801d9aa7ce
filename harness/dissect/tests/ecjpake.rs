//! EC-JPAKE messages: the octets of the Thread specification's test vector, and of a joiner of OpenThread.

use bootrack_dissect::{Dissector, Keys, NoteKind, UdpProtocol};
use differential::captures::{WITH_FCS, capture};
use proptest::prelude::*;
use wire::Error;
use wire::tls::{EcJpakeServerParams, KeyKp, KeyKpPair};

/// The vector's lines that follow `title`.
fn vector(title: &str) -> Vec<u8> {
    let text = include_str!("../../../dut-firmware/wire/tests/vectors/ecjpake-thread.md");
    let mut lines = text.lines().skip_while(|line| !line.starts_with(title)).skip(1);
    hex::decode(lines.next().unwrap()).unwrap()
}

#[test]
fn round_one_of_the_vector_parses_and_emits() {
    for title in ["client round one", "server round one"] {
        let octets = vector(title);
        assert_eq!(octets.len(), 330);
        let pair = KeyKpPair::parse(&octets).unwrap();
        assert!(pair.0.iter().all(|key| (key.x.len(), key.v.len(), key.r.len()) == (65, 65, 32)));
        assert_eq!(pair.to_vec().unwrap(), octets);
        assert_eq!(KeyKpPair::parse(&octets[..329]), Err(Error::Truncated("dtls.ecjpake.r")));
    }
}

#[test]
fn round_two_of_the_vector_parses_and_emits() {
    let octets = vector("server round two");
    let server = EcJpakeServerParams::parse(&octets).unwrap();
    assert_eq!((server.named_curve, server.key_kp.x.len()), (23, 65));
    assert_eq!(server.to_vec().unwrap(), octets);
    let octets = vector("client round two");
    assert_eq!(KeyKp::parse(&octets).unwrap().to_vec().unwrap(), octets);
    let mut longer = octets.clone();
    longer.push(0);
    assert_eq!(KeyKp::parse(&longer), Err(Error::Malformed("octets behind an EC-JPAKE share")));
    let mut explicit = vector("server round two");
    explicit[0] = 1;
    assert_eq!(EcJpakeServerParams::parse(&explicit), Err(Error::Unsupported("dtls.handshake.server_curve_type")));
}

#[test]
fn the_handshake_of_a_thread_joiner_is_read_and_its_records_say_why_they_are_not() {
    let (link_type, frames) = capture("thread-join.pcap");
    let mut dissector = Dissector::new(Keys::new());
    dissector.decode_as(1000, UdpProtocol::named("dtls").unwrap());
    let dissections: Vec<_> =
        (1..).zip(&frames).map(|(number, frame)| dissector.frame(number, frame, link_type == WITH_FCS)).collect();
    let count = |name: &str| dissections.iter().flat_map(|dissection| dissection.fields(name)).count();
    // Two ClientHellos and a ServerHello with two shares each; a share of round two from either side.
    assert_eq!((count("dtls.ecjpake.x"), count("dtls.ecjpake.r")), (6, 6));
    assert_eq!((count("dtls.handshake.xs"), count("dtls.handshake.xc")), (1, 1));
    let protected: Vec<_> =
        dissections.iter().filter(|dissection| dissection.number("dtls.decrypted") == Some(0)).collect();
    assert!(!protected.is_empty());
    assert!(protected.iter().all(|dissection| dissection.has_note(NoteKind::NoKey)));
}

fn key_kps() -> impl Strategy<Value = KeyKp> {
    let part = || prop::collection::vec(any::<u8>(), 1..=255);
    (part(), part(), part()).prop_map(|(x, v, r)| KeyKp { x, v, r })
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse(a in key_kps(), b in key_kps(), named_curve: u16) {
        prop_assert_eq!(KeyKp::parse(&a.to_vec().unwrap()), Ok(a.clone()));
        let server = EcJpakeServerParams { named_curve, key_kp: b.clone() };
        prop_assert_eq!(EcJpakeServerParams::parse(&server.to_vec().unwrap()), Ok(server));
        let pair = KeyKpPair([a, b]);
        prop_assert_eq!(KeyKpPair::parse(&pair.to_vec().unwrap()), Ok(pair));
    }

    #[test]
    fn no_octets_panic_the_parsers(input in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(key_kp) = KeyKp::parse(&input) {
            prop_assert_eq!(key_kp.to_vec(), Ok(input.clone()));
        }
        if let Ok(pair) = KeyKpPair::parse(&input) {
            prop_assert_eq!(pair.to_vec(), Ok(input.clone()));
        }
        if let Ok(server) = EcJpakeServerParams::parse(&input) {
            prop_assert_eq!(server.to_vec(), Ok(input));
        }
    }
}
