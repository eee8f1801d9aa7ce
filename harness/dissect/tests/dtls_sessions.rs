//! The dissector over DTLS handshakes of OpenSSL: records of epoch 1 are read with a pre-shared key or a key log.

use bootrack_dissect::{Dissection, Dissector, Keys, NoteKind};
use differential::{PSK, Session, session};
use rstest::rstest;
use wire::ccm;
use wire::dtls::{Record, RecordHeader, additional_data, message_bytes};
use wire::ipv6::{Header, Ipv6Addr, NextHeader, Packet};
use wire::tls::{
    CipherSuite, ClientHello, ContentType, Extension, ExtensionType, HandshakeType, MasterSecret, ProtocolVersion,
    RANDOM_LENGTH, ServerHello, nonce,
};
use wire::udp::Datagram;

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
    keys.add_dtls_master_secret(session.client_random, session.master_secret);
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

/// A session whose ServerHello selects `suite` and raw public keys, with a key log, and a record of the client under a
/// MAC of `mac_length` octets.
fn session_under(suite: u16, mac_length: usize) -> Vec<Dissection> {
    let (client_random, server_random, master_secret) = ([1; RANDOM_LENGTH], [2; RANDOM_LENGTH], [3; 48]);
    let version = ProtocolVersion(0xfefd);
    let mut hello = Vec::new();
    let client_hello = ClientHello {
        version,
        random: client_random,
        session_id: Vec::new(),
        cookie: Some(Vec::new()),
        cipher_suites: vec![CipherSuite(suite)],
        compression_methods: vec![0],
        extensions: Vec::new(),
    };
    client_hello.emit(&mut hello).unwrap();
    let raw = |extension_type| Extension { extension_type, data: vec![2] };
    let server_hello = ServerHello {
        version,
        random: server_random,
        session_id: Vec::new(),
        cipher_suite: CipherSuite(suite),
        compression_method: 0,
        extensions: vec![raw(ExtensionType::SERVER_CERTIFICATE_TYPE), raw(ExtensionType::CLIENT_CERTIFICATE_TYPE)],
    };
    let mut answer = Vec::new();
    server_hello.emit(&mut answer).unwrap();
    let record = |content_type, epoch, fragment: &[u8]| {
        let header = RecordHeader { content_type, version, epoch, sequence_number: 0, length: 0 };
        let mut bytes = Vec::new();
        Record { header, fragment }.emit(&mut bytes).unwrap();
        bytes
    };
    let message = |msg_type, sequence, body: &[u8]| {
        record(ContentType::Handshake, 0, &message_bytes(msg_type, sequence, body).unwrap())
    };
    let key_info = [&[0, 0, 91][..], &[0x30; 91]].concat();
    let flight = [message(HandshakeType::ServerHello, 0, &answer), message(HandshakeType::Certificate, 1, &key_info)];
    let keys = MasterSecret::from_octets(master_secret).key_block(&client_random, &server_random).client;
    let plaintext = hex::decode("40017d34bb74656d7065726174757265").unwrap();
    let header =
        RecordHeader { content_type: ContentType::ApplicationData, version, epoch: 1, sequence_number: 0, length: 0 };
    let explicit = header.epoch_and_sequence_number().to_be_bytes();
    let aad = additional_data(&header, plaintext.len() as u16);
    let sealed = ccm::seal(&keys.key, &nonce(&keys.iv, &explicit), &aad, &plaintext, mac_length).unwrap();
    let data = record(ContentType::ApplicationData, 1, &[&explicit[..], &sealed].concat());
    let datagrams = [
        (true, message(HandshakeType::ClientHello, 0, &hello)),
        (false, flight.concat()),
        (true, message(HandshakeType::Certificate, 1, &key_info)),
        (true, data),
    ];
    let mut keys = Keys::new();
    keys.add_dtls_master_secret(client_random, master_secret);
    let mut dissector = Dissector::new(keys);
    datagrams.map(|(from_client, payload)| dissector.ipv6_packet(0, &packet(from_client, payload))).to_vec()
}

#[rstest]
#[case::psk_ccm_8(0xc0a8, 8)]
#[case::psk_ccm(0xc0a4, 16)]
#[case::ecdhe_ecdsa_ccm_8(0xc0ae, 8)]
#[case::ecdhe_ecdsa_ccm(0xc0ac, 16)]
#[case::ecjpake_ccm_8(0xc0ff, 8)]
fn a_key_log_opens_every_suite_of_aes_128_ccm(#[case] suite: u16, #[case] mac_length: usize) {
    let dissections = session_under(suite, mac_length);
    let data = &dissections[3];
    assert_eq!(data.number("dtls.decrypted"), Some(1));
    assert_eq!(data.text("coap.opt.uri_path_recon").as_deref(), Some("/temperature"));
}

#[rstest]
#[case::aes_256_ccm_8(0xc0af)]
#[case::aes_128_gcm(0xc02b)]
fn a_suite_that_cannot_be_decrypted_says_so(#[case] suite: u16) {
    let data = &session_under(suite, 8)[3];
    assert_eq!(data.number("dtls.decrypted"), Some(0));
    assert!(data.has_note(NoteKind::Unsupported) && !data.has_note(NoteKind::WrongKey));
    assert!(!data.has_layer("coap"));
}

#[test]
fn raw_public_keys_are_read_from_both_sides_once_the_hellos_select_them() {
    let dissections = session_under(0xc0ae, 8);
    for side in [1, 2] {
        assert_eq!(dissections[side].number("dtls.handshake.certificate_length"), Some(91));
        assert_eq!(dissections[side].field("dtls.handshake.certificates_length"), None);
        assert!(dissections[side].notes.is_empty());
    }
}
