//! The dissector over DTLS handshakes of OpenSSL: records of epoch 1 are read with a pre-shared key or a key log.

use bootrack_wire::dissect::{Dissection, Dissector, Keys, NoteKind};
use bootrack_wire::dtls::MasterSecret;
use bootrack_wire::ipv6::{Header, Ipv6Addr, NextHeader, Packet};
use bootrack_wire::udp::Datagram;
use differential::{PSK, Session, session};
use rstest::rstest;

fn packets(session: &Session) -> Vec<Vec<u8>> {
    session.datagrams.iter().map(|(from_client, payload)| packet(*from_client, payload.clone())).collect()
}

fn packet(from_client: bool, payload: Vec<u8>) -> Vec<u8> {
    let client: (Ipv6Addr, u16) = ("fd00:c0::1".parse().unwrap(), 40000);
    let server: (Ipv6Addr, u16) = ("fd00:b007::2".parse().unwrap(), 5684);
    let (from, to) = if from_client { (client, server) } else { (server, client) };
    let datagram = Datagram { source_port: from.1, destination_port: to.1, payload };
    let header = Header::new(from.0, to.0, NextHeader::UDP, 64);
    Packet { header, payload: datagram.to_vec(from.0, to.0).unwrap() }.to_vec().unwrap()
}

fn dissect(session: &Session, keys: Keys) -> Vec<Dissection> {
    let mut dissector = Dissector::new(keys);
    (1..).zip(&packets(session)).map(|(number, packet)| dissector.ipv6_packet(number, packet)).collect()
}

fn psk() -> Keys {
    let mut keys = Keys::new();
    keys.add_psk(b"a key of another device");
    keys.add_psk(&hex::decode(PSK).unwrap());
    keys
}

fn key_log(session: &Session) -> Keys {
    let mut keys = Keys::new();
    keys.add_dtls_master_secret(session.client_random, MasterSecret::from_octets(session.master_secret));
    keys
}

fn count(dissections: &[Dissection], message: &str) -> usize {
    dissections.iter().filter(|dissection| dissection.is_message(message)).count()
}

fn assert_decrypted(dissections: &[Dissection]) {
    let protected = dissections.iter().flat_map(|dissection| dissection.fields("dtls.decrypted"));
    let decrypted: Vec<Option<u64>> = protected.map(|field| field.number()).collect();
    assert_eq!(decrypted, [Some(1); 5]);
    assert_eq!(count(dissections, "dtls.finished"), 2);
    assert_eq!(count(dissections, "dtls.alert"), 2);
    let alerts: Vec<u64> =
        dissections.iter().filter_map(|dissection| dissection.number("dtls.alert_message.desc")).collect();
    assert_eq!(alerts, [0, 0]);
    let data = dissections.iter().flat_map(|dissection| dissection.buffers());
    assert!(data.into_iter().any(|buffer| buffer.name == "dtls" && buffer.bytes == b"hello dtls\n"));
}

#[rstest]
#[case::master_secret("psk")]
#[case::extended_master_secret("psk-ems")]
fn a_pre_shared_key_opens_its_sessions(#[case] name: &str) {
    let session = session(name);
    let dissections = dissect(&session, psk());
    assert_decrypted(&dissections);
    let text = |name: &str| dissections.iter().find_map(|dissection| dissection.text(name));
    assert_eq!((text("dtls.hint_text"), text("dtls.identity_text")), (Some("hint1".into()), Some("dev1".into())));
}

#[rstest]
#[case("psk")]
#[case("psk-ems")]
#[case("ecdhe")]
fn a_key_log_opens_its_session(#[case] name: &str) {
    let session = session(name);
    assert_decrypted(&dissect(&session, key_log(&session)));
}

#[test]
fn without_keys_the_handshake_is_readable_and_the_rest_says_why_not() {
    let dissections = dissect(&session("psk"), Keys::new());
    for message in ["dtls.client_hello", "dtls.hello_verify_request", "dtls.server_hello", "dtls.server_hello_done"] {
        assert!(count(&dissections, message) > 0, "{message}");
    }
    assert_eq!(count(&dissections, "dtls.client_hello"), 2);
    assert_eq!(count(&dissections, "dtls.finished"), 0);
    assert!(dissections.last().unwrap().has_note(NoteKind::NoKey));
}

#[test]
fn a_wrong_pre_shared_key_is_told_from_no_key() {
    let mut keys = Keys::new();
    keys.add_psk(b"a key of another device");
    let dissections = dissect(&session("psk"), keys);
    assert!(dissections.last().unwrap().has_note(NoteKind::WrongKey));
}

#[test]
fn a_forged_client_hello_does_not_make_a_running_session_unreadable() {
    let packets = packets(&session("psk"));
    let mut dissector = Dissector::new(psk());
    for packet in &packets[..6] {
        dissector.ipv6_packet(0, packet);
    }
    let mut forged = packets[0].clone();
    // The random begins 27 octets into the UDP payload; the checksum is not what a dissector stops at.
    forged[48 + 27] ^= 1;
    assert!(dissector.ipv6_packet(0, &forged).has_note(NoteKind::BadChecksum));
    let data = dissector.ipv6_packet(0, &packets[6]);
    assert_eq!(data.number("dtls.decrypted"), Some(1));
}

#[test]
fn a_hello_in_dtls_fragments_is_put_together() {
    let session = session("psk");
    let hello = &packets(&session)[0][48..].to_vec();
    let (record, body) = hello.split_at(13);
    let (header, body) = body.split_at(12);
    let mut dissector = Dissector::new(Keys::new());
    let middle = 40;
    let mut see = |from: usize, to: usize| {
        let length = (to - from) as u32;
        let mut fragment = header[..6].to_vec();
        fragment.extend(&(from as u32).to_be_bytes()[1..]);
        fragment.extend(&length.to_be_bytes()[1..]);
        fragment.extend(&body[from..to]);
        let mut payload = record[..11].to_vec();
        payload.extend((fragment.len() as u16).to_be_bytes());
        payload.extend(fragment);
        dissector.ipv6_packet(0, &packet(true, payload))
    };
    let second = see(middle, body.len());
    assert!(second.has_note(NoteKind::FragmentIncomplete));
    assert_eq!(second.field("dtls.handshake.random"), None);
    let first = see(0, middle);
    assert_eq!(first.text("dtls.handshake.random"), Some(hex::encode(session.client_random).into()));
    assert!(first.buffers().any(|buffer| buffer.name == "handshake" && buffer.bytes == body));
}
