//! What the engine refuses of a peer that has all the right keys, and of anybody who can write into the clear.

use std::time::Duration;

use bootrack_protocols::credentials::SigningKey;
use bootrack_protocols::dtls::{Output, ServerConfig};
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::{ClientAuthentication, CloseReason, Psk, PskStore};
use rstest::rstest;
use wire::dtls::{RecordHeader, records};
use wire::tls::{
    Alert, AlertDescription, AlertLevel, Certificate, CertificateType, CipherSuite, ClientHello, ContentType,
    DigitallySigned, Extension, ExtensionType, Handshake, HandshakeType, HelloVerifyRequest, ProtocolVersion, Sender,
    ServerHello, SignatureAndHash, Transport,
};

use super::alerts::{clear_record, hello};
use super::channel::{Faults, IDENTITY, World, client_config, cookies, server_config};
use super::credentials::{key, raw_client, raw_server};
use super::forger::Forger;

fn psk_world() -> World {
    World::new(client_config(), server_config(), Faults::default(), 1)
}

fn raw_world(authentication: ClientAuthentication) -> World {
    World::new(raw_client(true), raw_server(authentication), Faults::default(), 1)
}

fn raw_extensions() -> Vec<Extension> {
    let types = [CertificateType::RAW_PUBLIC_KEY];
    vec![
        Extension::signature_algorithms(&[SignatureAndHash::ECDSA_SHA256]).unwrap(),
        Extension::certificate_types(ExtensionType::CLIENT_CERTIFICATE_TYPE, &types).unwrap(),
        Extension::certificate_types(ExtensionType::SERVER_CERTIFICATE_TYPE, &types).unwrap(),
    ]
}

fn certificate() -> Handshake {
    Handshake::Certificate(Certificate { payload: key(1).public_key().subject_public_key_info() })
}

fn verify(key: &SigningKey, hash: &[u8; 32]) -> Handshake {
    let signature = key.sign(hash).unwrap();
    Handshake::CertificateVerify(DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA256, signature })
}

#[track_caller]
fn refused(forger: &Forger, expected: AlertDescription) {
    assert_eq!(forger.alerts, [Alert::fatal(expected)]);
}

#[test]
fn forger_that_does_all_right_has_a_session() {
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
    let mut world = psk_world();
    let mut forger = Forger::psk_server(&mut world);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
    let mut world = raw_world(ClientAuthentication::Required);
    let mut forger = Forger::ecdhe_client(&mut world, raw_extensions(), Some(certificate()));
    let proof = verify(&key(1), &forger.hash());
    forger.say(&mut world, &[proof]);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
    assert_eq!(world.server.client_certificate().unwrap().public_key, key(1).public_key());
}

#[test]
fn certificate_without_its_proof_is_no_authentication() {
    let mut world = raw_world(ClientAuthentication::Required);
    let mut forger = Forger::ecdhe_client(&mut world, raw_extensions(), Some(certificate()));
    let outputs = forger.finish(&mut world);
    assert!(!outputs.contains(&Output::Connected) && world.server.is_closed());
    refused(&forger, AlertDescription::UnexpectedMessage);
}

#[test]
fn proof_by_another_key_is_no_authentication() {
    let mut world = raw_world(ClientAuthentication::Required);
    let mut forger = Forger::ecdhe_client(&mut world, raw_extensions(), Some(certificate()));
    let proof = verify(&key(3), &forger.hash());
    forger.say(&mut world, &[proof]);
    refused(&forger, AlertDescription::DecryptError);
}

#[test]
fn proof_in_the_wrong_epoch_is_unexpected() {
    let mut world = raw_world(ClientAuthentication::Required);
    let mut forger = Forger::ecdhe_client(&mut world, raw_extensions(), Some(certificate()));
    let proof = verify(&key(1), &forger.hash());
    let change = forger.change_cipher_spec();
    forger.give(&mut world, &change);
    let proof = forger.message(1, &proof);
    forger.give(&mut world, &proof);
    refused(&forger, AlertDescription::UnexpectedMessage);
}

#[rstest]
fn finished_with_other_verify_data_is_a_decrypt_error(#[values(false, true)] to_server: bool) {
    let mut world = psk_world();
    let mut forger = if to_server { Forger::psk_client(&mut world) } else { Forger::psk_server(&mut world) };
    let change = forger.change_cipher_spec();
    forger.give(&mut world, &change);
    let Handshake::Finished(mut verify_data) = forger.finished() else { panic!() };
    verify_data[11] ^= 1;
    let finished = forger.message(1, &Handshake::Finished(verify_data));
    let outputs = forger.give(&mut world, &finished);
    assert!(!outputs.contains(&Output::Connected));
    refused(&forger, AlertDescription::DecryptError);
}

/// Without an extended master secret nothing but Finished covers what was offered (RFC 5246 7.4.9, F.1.4).
#[test]
fn offer_that_was_changed_on_its_way_is_found_by_finished_alone() {
    let mut client = client_config();
    client.tls.extended_master_secret = bootrack_protocols::tls::ExtendedMasterSecret::Never;
    client.tls.cipher_suites = vec![CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8, CipherSuite::PSK_WITH_AES_128_CCM_8];
    client.tls.ecdhe = raw_client(true).tls.ecdhe;
    let mut server = raw_server(ClientAuthentication::Required);
    server.tls.cipher_suites.push(CipherSuite::PSK_WITH_AES_128_CCM_8);
    server.tls.psk_store = server_config().tls.psk_store;
    let mut world = World::new(client, server, Faults::default(), 1);
    world.tamper = Some(Box::new(|to_server, datagram| {
        // 0xc0ae, the stronger suite, becomes one that nobody has.
        let at = datagram.windows(4).position(|window| window == [0xc0, 0xae, 0xc0, 0xa8]).filter(|_| to_server);
        if let Some(at) = at {
            datagram[at + 1] = 0xff;
        }
    }));
    world.run();
    assert_eq!(world.server.cipher_suite(), CipherSuite::PSK_WITH_AES_128_CCM_8, "downgraded, up to here");
    assert_eq!((world.client_log.connected, world.server_log.connected), (0, 0));
    assert_eq!(world.server_log.closed[0].sent, Some(Alert::fatal(AlertDescription::DecryptError)));
}

#[rstest]
fn protected_records_wait_for_change_cipher_spec(#[values(false, true)] to_server: bool) {
    let mut world = psk_world();
    let mut forger = if to_server { Forger::psk_client(&mut world) } else { Forger::psk_server(&mut world) };
    // None of these is one.
    let wrong = forger.record(0, ContentType::ChangeCipherSpec, &[2]);
    let long = forger.record(0, ContentType::ChangeCipherSpec, &[1, 1]);
    let protected = forger.record(1, ContentType::ChangeCipherSpec, &[1]);
    for datagram in [wrong, long, protected] {
        assert_eq!(forger.give(&mut world, &datagram), []);
    }
    let finished = forger.finished();
    let finished = forger.message(1, &finished);
    assert_eq!(forger.give(&mut world, &finished), []);
    let data = forger.data(b"early");
    assert_eq!(forger.give(&mut world, &data), []);
    let change = forger.change_cipher_spec();
    let outputs = forger.give(&mut world, &change);
    assert_eq!(outputs, [Output::Connected, Output::ApplicationData(b"early".to_vec())]);
}

#[test]
fn change_cipher_spec_before_it_is_due_does_not_count() {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Server);
    forger.listen(&mut world);
    let early = forger.change_cipher_spec();
    forger.give(&mut world, &early);
    forger.say(&mut world, &[Forger::server_hello(), Handshake::ServerHelloDone]);
    let finished = forger.finished();
    let finished = forger.message(1, &finished);
    assert_eq!(forger.give(&mut world, &finished), []);
    let change = forger.change_cipher_spec();
    assert_eq!(forger.give(&mut world, &change), [Output::Connected]);
}

#[test]
fn application_data_before_finished_are_not_delivered_before_the_session() {
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    let change = forger.change_cipher_spec();
    forger.give(&mut world, &change);
    for n in 0..20u8 {
        let data = forger.data(&[n]);
        assert_eq!(forger.give(&mut world, &data), []);
    }
    let finished = forger.finished();
    let finished = forger.message(1, &finished);
    let outputs = forger.give(&mut world, &finished);
    let kept: Vec<Output> = (0..8u8).map(|n| Output::ApplicationData(vec![n])).collect();
    assert_eq!((&outputs[0], &outputs[1..]), (&Output::Connected, &kept[..]), "eight are kept, no more");
}

fn header(epoch: u16, version: ProtocolVersion, sequence_number: u64) -> RecordHeader {
    RecordHeader { content_type: ContentType::ApplicationData, version, epoch, sequence_number, length: 0 }
}

#[rstest]
#[case::of_another_epoch(header(2, ProtocolVersion::DTLS_1_2, 50), vec![1])]
#[case::of_another_protocol(header(1, ProtocolVersion(0x0303), 50), vec![1])]
#[case::in_the_clear(header(0, ProtocolVersion::DTLS_1_2, 50), vec![1])]
#[case::of_no_content_type(RecordHeader { content_type: ContentType::Unknown(24), ..header(1, ProtocolVersion::DTLS_1_2, 50) }, vec![1])]
#[case::too_long(header(1, ProtocolVersion::DTLS_1_2, 50), vec![1; (1 << 14) + 1])]
#[case::left_of_the_window(header(1, ProtocolVersion::DTLS_1_2, 36), vec![1])]
#[case::replayed(header(1, ProtocolVersion::DTLS_1_2, 100), vec![1])]
fn record_that_is_none_of_the_session_is_discarded(#[case] header: RecordHeader, #[case] plaintext: Vec<u8>) {
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    forger.finish(&mut world);
    let good = forger.sealed(self::header(1, ProtocolVersion::DTLS_1_2, 100), b"good");
    assert_eq!(forger.give(&mut world, &good), [Output::ApplicationData(b"good".to_vec())]);
    let bad = forger.sealed(header, &plaintext);
    assert_eq!(forger.give(&mut world, &bad), []);
    let good = forger.sealed(self::header(1, ProtocolVersion::DTLS_1_2, 37), &[1; 1 << 14]);
    assert_eq!(forger.give(&mut world, &good).len(), 1, "the window has 64 places, a record 16384 octets");
}

#[rstest]
#[case(Alert::fatal(AlertDescription::InternalError))]
#[case(Alert::warning(AlertDescription::CloseNotify))]
fn alert_does_not_end_what_has_not_begun(#[case] alert: Alert) {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Client);
    let datagram = forger.record(0, ContentType::Alert, &alert.emit());
    assert_eq!(forger.give(&mut world, &datagram), []);
    assert!(world.server.is_idle() && !world.server.is_closed());
}

#[test]
fn alert_in_the_clear_ends_a_handshake_only_before_the_peer_has_changed_its_cipher() {
    let fatal = Alert::fatal(AlertDescription::InternalError).emit();
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    let change = forger.change_cipher_spec();
    forger.give(&mut world, &change);
    let datagram = forger.record(0, ContentType::Alert, &fatal);
    assert_eq!(forger.give(&mut world, &datagram), []);
    let datagram = forger.record(1, ContentType::Alert, &fatal);
    assert!(matches!(forger.give(&mut world, &datagram)[..], [Output::Closed(_)]));

    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    let datagram = forger.record(0, ContentType::Alert, &fatal);
    assert!(matches!(forger.give(&mut world, &datagram)[..], [Output::Closed(_)]));
}

#[test]
fn alert_of_no_level_or_another_length_is_discarded() {
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    forger.finish(&mut world);
    let odd = Alert { level: AlertLevel::Unknown(3), description: AlertDescription::InternalError };
    for fragment in [odd.emit().to_vec(), vec![2], vec![2, 80, 0]] {
        let datagram = forger.record(1, ContentType::Alert, &fragment);
        assert_eq!(forger.give(&mut world, &datagram), []);
    }
    assert!(world.server.is_connected());
}

#[rstest]
#[case::fragment_past_the_message(vec![16, 0, 0, 4, 0, 1, 0, 0, 2, 0, 0, 4, 1, 2, 3, 4])]
#[case::fragment_past_the_record(vec![16, 0, 0, 4, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2])]
#[case::half_a_header(vec![16, 0, 0, 4, 0])]
fn fragment_whose_lengths_lie_is_a_decode_error(#[case] plaintext: Vec<u8>) {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Client);
    forger.say(&mut world, &[Handshake::ClientHello(hello())]);
    let datagram = forger.record(0, ContentType::Handshake, &plaintext);
    forger.give(&mut world, &datagram);
    refused(&forger, AlertDescription::DecodeError);
}

#[test]
fn hello_request_and_finished_in_the_clear_do_nothing_to_a_session() {
    let mut world = psk_world();
    let mut forger = Forger::psk_server(&mut world);
    forger.finish(&mut world);
    let (heard, seq) = (forger.heard.len(), forger.message_seq);
    let request = clear_record(&Handshake::HelloRequest, seq, 50);
    assert_eq!(forger.give(&mut world, &request), []);
    assert_eq!((forger.heard.len(), forger.alerts.len()), (heard, 0));

    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    forger.finish(&mut world);
    world.now = world.now + Duration::from_secs(5);
    let heard = forger.heard.len();
    let finished = clear_record(&Handshake::Finished([0; 12]), forger.message_seq - 1, 50);
    assert_eq!(forger.give(&mut world, &finished), []);
    assert_eq!(forger.heard.len(), heard, "no flight is sent again for who has no keys");
}

#[test]
fn hello_request_during_the_handshake_is_ignored_and_not_hashed() {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Server);
    forger.listen(&mut world);
    let messages =
        [Handshake::HelloRequest, Forger::server_hello(), Handshake::HelloRequest, Handshake::ServerHelloDone];
    forger.say(&mut world, &messages);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
}

#[test]
fn hello_request_in_the_wrong_epoch_is_unexpected() {
    let mut world = psk_world();
    let mut forger = Forger::psk_server(&mut world);
    let change = forger.change_cipher_spec();
    forger.give(&mut world, &change);
    let request = forger.message(1, &Handshake::HelloRequest);
    forger.give(&mut world, &request);
    refused(&forger, AlertDescription::UnexpectedMessage);
}

fn verify_request() -> Handshake {
    Handshake::HelloVerifyRequest(HelloVerifyRequest { version: ProtocolVersion::DTLS_1_0, cookie: vec![9; 20] })
}

#[test]
fn server_that_keeps_no_state_may_number_its_records_anew() {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Server);
    forger.listen(&mut world);
    let request = clear_record(&verify_request(), 0, 0);
    forger.give(&mut world, &request);
    let [.., (HandshakeType::ClientHello, again)] = forger.heard.as_slice() else { panic!("{:?}", forger.heard) };
    assert_eq!(ClientHello::parse(Transport::Datagram, again).unwrap().cookie, Some(vec![9; 20]));
    (forger.message_seq, forger.numbers) = (1, [0; 2]);
    forger.say(&mut world, &[Forger::server_hello(), Handshake::ServerHelloDone]);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
}

#[test]
fn cookies_without_end_are_refused() {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Server);
    forger.listen(&mut world);
    for seq in 0..4 {
        assert_eq!(forger.alerts, []);
        forger.give(&mut world, &clear_record(&verify_request(), seq, u64::from(seq)));
    }
    refused(&forger, AlertDescription::UnexpectedMessage);
}

/// The cookie that the server asks for.
fn cookie_for(world: &mut World, hello: &ClientHello) -> Vec<u8> {
    let mut forger = Forger::new(Sender::Client);
    forger.say(world, &[Handshake::ClientHello(hello.clone())]);
    let [(HandshakeType::HelloVerifyRequest, body)] = forger.heard.as_slice() else { panic!("{:?}", forger.heard) };
    HelloVerifyRequest::parse(body).unwrap().cookie
}

#[rstest]
#[case::same(|_: &mut ClientHello| {}, true)]
#[case::random(|hello: &mut ClientHello| hello.random[31] ^= 1, false)]
#[case::session(|hello: &mut ClientHello| hello.session_id.push(1), false)]
#[case::suites(|hello: &mut ClientHello| hello.cipher_suites.push(CipherSuite(1)), false)]
#[case::compression(|hello: &mut ClientHello| hello.compression_methods.push(1), false)]
#[case::version(|hello: &mut ClientHello| hello.version = ProtocolVersion(0xfefc), false)]
#[case::short_cookie(|hello: &mut ClientHello| hello.cookie.as_mut().unwrap().truncate(15), false)]
#[case::long_cookie(|hello: &mut ClientHello| hello.cookie.as_mut().unwrap().push(0), false)]
#[case::no_cookie(|hello: &mut ClientHello| hello.cookie.as_mut().unwrap().clear(), false)]
fn cookie_is_good_for_its_hello_only(#[case] change: fn(&mut ClientHello), #[case] is_good: bool) {
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    let mut returned = hello();
    returned.cookie = Some(cookie_for(&mut world, &returned));
    change(&mut returned);
    Forger::new(Sender::Client).say(&mut world, &[Handshake::ClientHello(returned)]);
    assert_eq!(world.server.is_idle(), !is_good);
}

#[rstest]
#[case(0, 119, true)]
#[case(119, 239, true)]
#[case(0, 240, false)]
#[case(119, 500, false)]
fn cookie_is_good_for_a_few_minutes_only(#[case] made: u64, #[case] returned: u64, #[case] is_good: bool) {
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    world.now = Instant::ZERO + Duration::from_secs(made);
    let cookie = Some(cookie_for(&mut world, &hello()));
    world.now = Instant::ZERO + Duration::from_secs(returned);
    Forger::new(Sender::Client).say(&mut world, &[Handshake::ClientHello(ClientHello { cookie, ..hello() })]);
    assert_eq!(world.server.is_idle(), !is_good);
}

#[test]
fn client_that_begins_anew_inherits_nothing() {
    let mut server = raw_server(ClientAuthentication::Optional);
    server.tls.cipher_suites = vec![CipherSuite::PSK_WITH_AES_128_CCM_8, CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8];
    (server.tls.psk_store, server.cookie) = (server_config().tls.psk_store, cookies());
    let client_of = |config| World::new(config, server_config(), Faults::default(), 12).client;
    let mut world = World::new(raw_client(true), server, Faults::default(), 1);
    world.connect();
    assert!(world.server.client_certificate().is_some());
    world.client = client_of(raw_client(false));
    world.connect();
    world.run();
    assert_eq!((world.server_log.connected, world.server.client_certificate()), (2, None));
    world.client = World::new(client_config(), server_config(), Faults::default(), 13).client;
    world.connect();
    world.run();
    assert_eq!((world.server_log.connected, world.server.psk_identity()), (3, Some(IDENTITY)));
    world.client = World::new(raw_client(true), server_config(), Faults::default(), 14).client;
    world.connect();
    world.run();
    assert_eq!((world.server_log.connected, world.server.psk_identity()), (4, None));
}

#[rstest]
#[case::rubbish(Handshake::Raw { msg_type: HandshakeType::ClientHello, body: vec![1, 2, 3] })]
#[case::another_version(Handshake::ClientHello(ClientHello {
    version: ProtocolVersion::DTLS_1_0, random: [8; 32], ..hello()
}))]
fn bad_hello_does_not_end_the_handshake_of_another(#[case] message: Handshake) {
    let mut world = psk_world();
    let mut forger = Forger::psk_client(&mut world);
    assert_eq!(forger.give(&mut world, &clear_record(&message, 0, 40)), []);
    assert_eq!(forger.finish(&mut world), [Output::Connected]);
}

#[test]
fn hello_is_answered_again_after_a_while_and_only_while_the_answer_may_be_lost() {
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Client);
    forger.say(&mut world, &[Handshake::ClientHello(hello())]);
    let repeat = |world: &mut World, message_seq| {
        world.server.handle(world.now, &clear_record(&Handshake::ClientHello(hello()), message_seq, 30));
        core::iter::from_fn(|| world.server.poll(world.now)).count()
    };
    assert_eq!(repeat(&mut world, 0), 0, "a copy made on the way");
    world.now = world.now + Duration::from_millis(500);
    assert_eq!(repeat(&mut world, 1), 0, "another message");
    assert_eq!(repeat(&mut world, 0), 1);
    world.now = world.now + Duration::from_millis(400);
    forger.say(&mut world, &[Handshake::ClientKeyExchangePsk { identity: IDENTITY.to_vec() }]);
    assert_eq!(repeat(&mut world, 0), 0, "it was answered by ClientKeyExchange");
}

#[test]
fn cookie_that_is_asked_for_in_a_handshake_sets_its_record_numbers_not_back() {
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    let mut hello = hello();
    hello.cookie = Some(cookie_for(&mut world, &hello));
    let numbers = |world: &mut World| -> Vec<u64> {
        let outputs: Vec<Output> = core::iter::from_fn(|| world.server.poll(world.now)).collect();
        let datagrams = outputs.iter().filter_map(|output| match output {
            Output::Datagram(datagram) => Some(datagram),
            _ => None,
        });
        datagrams.flat_map(|datagram| records(datagram).flatten()).map(|record| record.header.sequence_number).collect()
    };
    world.server.handle(world.now, &clear_record(&Handshake::ClientHello(hello.clone()), 1, 40));
    let flight = numbers(&mut world);
    assert_eq!(flight.first(), Some(&40));
    let other = Handshake::ClientHello(ClientHello { random: [8; 32], cookie: Some(Vec::new()), ..hello });
    world.server.handle(world.now, &clear_record(&other, 0, 3));
    assert_eq!(numbers(&mut world), [3], "a HelloVerifyRequest has the number of what it answers");
    world.now = world.now + Duration::from_secs(2);
    let again = numbers(&mut world);
    assert_eq!(again.len(), flight.len());
    assert!(again.first() > flight.last(), "{again:?} after {flight:?}");
}

#[rstest]
#[case::none(false, false)]
#[case::signalling_suite(true, false)]
#[case::extension(false, true)]
#[case::both(true, true)]
fn secure_renegotiation_is_indicated_to_who_asks(#[case] suite: bool, #[case] extension: bool) {
    let mut hello = hello();
    hello.cipher_suites.extend(suite.then_some(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV));
    hello.extensions.extend(extension.then(Extension::renegotiation_info));
    let mut world = psk_world();
    let mut forger = Forger::new(Sender::Client);
    forger.say(&mut world, &[Handshake::ClientHello(hello)]);
    let answer = ServerHello::parse(&forger.heard[0].1).unwrap();
    let expected = (suite || extension).then(Extension::renegotiation_info);
    assert_eq!(answer.extensions, Vec::from_iter(expected));
}

struct Careless;

impl PskStore for Careless {
    fn psk(&self, _: &[u8]) -> Option<Psk> {
        Some(Psk::new([]))
    }
}

#[test]
fn key_of_no_octets_is_no_key() {
    let mut world = World::new(client_config(), ServerConfig::new(Careless), Faults::default(), 1);
    let mut forger = Forger::new(Sender::Client);
    forger.say(&mut world, &[Handshake::ClientHello(hello())]);
    let outputs = forger.say(&mut world, &[Handshake::ClientKeyExchangePsk { identity: IDENTITY.to_vec() }]);
    refused(&forger, AlertDescription::UnknownPskIdentity);
    assert!(matches!(outputs[..], [Output::Closed(closed)] if matches!(closed.reason, CloseReason::Protocol(_))));
}
