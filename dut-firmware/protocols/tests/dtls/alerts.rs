//! Handshakes that must fail, and how; closing; renegotiation.

use std::time::Duration;

use bootrack_protocols::dtls::{Retransmission, SendError};
use bootrack_protocols::tls::{CloseReason, ConfigError, ExtendedMasterSecret, Psk, UnknownIdentity};
use rstest::rstest;
use wire::dtls::{Record, RecordHeader, message_bytes, open, records, seal};
use wire::tls::{
    Alert, AlertDescription, CipherSuite, ClientHello, ContentType, Extension, ExtensionType, Handshake, KeyBlock,
    MasterSecret, ProtocolVersion,
};

use super::channel::{Faults, World, client_config, cookies, server_config};

fn failed_with(world: &World, description: AlertDescription) {
    let alert = Some(Alert::fatal(description));
    assert_eq!((world.client_log.connected, world.server_log.connected), (0, 0), "never a session");
    let [server] = world.server_log.closed.as_slice() else { panic!("{:?}", world.server_log.closed) };
    let [client] = world.client_log.closed.as_slice() else { panic!("{:?}", world.client_log.closed) };
    assert!(
        (server.sent == alert && client.received == alert) || (client.sent == alert && server.received == alert),
        "{client:?} {server:?}"
    );
}

#[rstest]
#[case::unknown_identity(UnknownIdentity::Reveal, true, AlertDescription::UnknownPskIdentity)]
#[case::unknown_identity_concealed(UnknownIdentity::Conceal, true, AlertDescription::DecryptError)]
#[case::wrong_key(UnknownIdentity::Reveal, false, AlertDescription::BadRecordMac)]
#[case::wrong_key_concealed(UnknownIdentity::Conceal, false, AlertDescription::DecryptError)]
fn bad_credentials_end_with_the_configured_alert(
    #[case] unknown_identity: UnknownIdentity,
    #[case] is_unknown: bool,
    #[case] expected: AlertDescription,
    #[values(64, 1280)] mtu: usize,
) {
    let mut client = client_config();
    let mut server = server_config();
    (client.mtu, server.mtu) = (mtu, mtu);
    let credential = client.tls.psk.as_mut().unwrap();
    if is_unknown {
        credential.identity = b"stranger".to_vec();
    } else {
        credential.psk = Psk::new([9; 16]);
    }
    server.tls.unknown_identity = unknown_identity;
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    failed_with(&world, expected);
}

#[rstest]
#[case(ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)]
#[case(ExtendedMasterSecret::Never, ExtendedMasterSecret::Require)]
fn required_extended_master_secret_is_insisted_on(
    #[case] client_wants: ExtendedMasterSecret,
    #[case] server_wants: ExtendedMasterSecret,
) {
    let mut client = client_config();
    let mut server = server_config();
    client.tls.extended_master_secret = client_wants;
    server.tls.extended_master_secret = server_wants;
    let mut world = World::new(client, server, Faults::default(), 1);
    world.run();
    failed_with(&world, AlertDescription::HandshakeFailure);
}

pub(crate) fn hello() -> ClientHello {
    ClientHello {
        version: ProtocolVersion::DTLS_1_2,
        random: [3; 32],
        session_id: Vec::new(),
        cookie: Some(Vec::new()),
        cipher_suites: vec![CipherSuite::PSK_WITH_AES_128_CCM_8],
        compression_methods: vec![0],
        extensions: Vec::new(),
    }
}

pub(crate) fn clear_record(message: &Handshake, message_seq: u16, sequence_number: u64) -> Vec<u8> {
    let mut body = Vec::new();
    message.emit(&mut body).unwrap();
    let header = RecordHeader {
        content_type: ContentType::Handshake,
        version: ProtocolVersion::DTLS_1_2,
        epoch: 0,
        sequence_number,
        length: 0,
    };
    let mut out = Vec::new();
    let fragment = message_bytes(message.msg_type(), message_seq, &body).unwrap();
    Record { header, fragment: &fragment }.emit(&mut out).unwrap();
    out
}

pub(crate) fn alert_in(datagram: &[u8]) -> Option<Alert> {
    let record = records(datagram).next()?.ok()?;
    (record.header.content_type == ContentType::Alert).then(|| Alert::parse(record.fragment).unwrap())
}

#[rstest]
#[case::version(|hello: &mut ClientHello| hello.version = ProtocolVersion::DTLS_1_0, AlertDescription::ProtocolVersion)]
#[case::tls_version(|hello: &mut ClientHello| hello.version = ProtocolVersion(0x0303), AlertDescription::ProtocolVersion)]
#[case::suite(|hello: &mut ClientHello| hello.cipher_suites = vec![CipherSuite(0xc0ae)], AlertDescription::HandshakeFailure)]
#[case::compression(|hello: &mut ClientHello| hello.compression_methods = vec![1], AlertDescription::IllegalParameter)]
#[case::no_suites(|hello: &mut ClientHello| hello.cipher_suites.clear(), AlertDescription::DecodeError)]
#[case::no_compression_methods(|hello: &mut ClientHello| hello.compression_methods.clear(), AlertDescription::DecodeError)]
#[case::extension_twice(
    |hello: &mut ClientHello| hello.extensions = vec![Extension::extended_master_secret(); 2],
    AlertDescription::IllegalParameter
)]
#[case::renegotiated(
    |hello: &mut ClientHello| {
        hello.extensions = vec![Extension { extension_type: ExtensionType::RENEGOTIATION_INFO, data: vec![1, 0] }];
    },
    AlertDescription::HandshakeFailure
)]
#[case::extended_master_secret_with_data(
    |hello: &mut ClientHello| {
        hello.extensions = vec![Extension { extension_type: ExtensionType::EXTENDED_MASTER_SECRET, data: vec![0] }];
    },
    AlertDescription::DecodeError
)]
fn server_refuses_a_bad_client_hello(#[case] spoil: fn(&mut ClientHello), #[case] expected: AlertDescription) {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    let mut hello = hello();
    spoil(&mut hello);
    world.server.handle(world.now, &clear_record(&Handshake::ClientHello(hello), 0, 0));
    let outputs: Vec<_> = std::iter::from_fn(|| world.server.poll(world.now)).collect();
    let datagram = outputs.iter().find_map(|output| match output {
        bootrack_protocols::dtls::Output::Datagram(datagram) => Some(datagram),
        _ => None,
    });
    assert_eq!(alert_in(datagram.unwrap()), Some(Alert::fatal(expected)));
    assert!(world.server.is_closed());
}

#[rstest]
#[case::version(|hello: &mut wire::tls::ServerHello| hello.version = ProtocolVersion::DTLS_1_0, AlertDescription::ProtocolVersion)]
#[case::suite(|hello: &mut wire::tls::ServerHello| hello.cipher_suite = CipherSuite(0xc0ae), AlertDescription::IllegalParameter)]
#[case::scsv_is_no_suite(
    |hello: &mut wire::tls::ServerHello| hello.cipher_suite = CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV,
    AlertDescription::IllegalParameter
)]
#[case::compression(|hello: &mut wire::tls::ServerHello| hello.compression_method = 1, AlertDescription::IllegalParameter)]
#[case::not_offered(
    |hello: &mut wire::tls::ServerHello| {
        hello.extensions = vec![Extension { extension_type: ExtensionType::SESSION_TICKET, data: Vec::new() }];
    },
    AlertDescription::UnsupportedExtension
)]
#[case::renegotiated(
    |hello: &mut wire::tls::ServerHello| {
        hello.extensions = vec![Extension { extension_type: ExtensionType::RENEGOTIATION_INFO, data: vec![1, 0] }];
    },
    AlertDescription::HandshakeFailure
)]
fn client_refuses_a_bad_server_hello(
    #[case] spoil: fn(&mut wire::tls::ServerHello),
    #[case] expected: AlertDescription,
) {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    let mut hello = wire::tls::ServerHello {
        version: ProtocolVersion::DTLS_1_2,
        random: [4; 32],
        session_id: Vec::new(),
        cipher_suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
        compression_method: 0,
        extensions: Vec::new(),
    };
    spoil(&mut hello);
    world.client.handle(world.now, &clear_record(&Handshake::ServerHello(hello), 0, 0));
    let alerts: Vec<Alert> = std::iter::from_fn(|| world.client.poll(world.now))
        .filter_map(|output| match output {
            bootrack_protocols::dtls::Output::Datagram(datagram) => alert_in(&datagram),
            _ => None,
        })
        .collect();
    assert_eq!(alerts, [Alert::fatal(expected)]);
    assert!(world.client.is_closed());
}

#[test]
fn message_out_of_place_is_unexpected() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    world.client.handle(world.now, &clear_record(&Handshake::ServerHelloDone, 0, 0));
    while world.client.poll(world.now).is_some() {}
    assert!(world.client.is_closed());
}

#[test]
fn cookie_exchange_leaves_no_state() {
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    for sequence_number in 5..8 {
        let hello = clear_record(&Handshake::ClientHello(hello()), 0, sequence_number);
        world.server.handle(world.now, &hello);
        let Some(bootrack_protocols::dtls::Output::Datagram(datagram)) = world.server.poll(world.now) else {
            panic!("no HelloVerifyRequest")
        };
        let record = records(&datagram).next().unwrap().unwrap();
        assert_eq!(record.header.sequence_number, sequence_number, "the client's number is mirrored");
        assert_eq!(record.fragment[0], 3);
        assert!(world.server.is_idle());
        assert_eq!(world.server.deadline(), None);
    }
}

#[test]
fn cookie_of_another_address_is_not_taken() {
    let mut server = server_config();
    server.cookie =
        cookies().map(|config| bootrack_protocols::dtls::CookieConfig { peer: b"other".to_vec(), ..config });
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    world.server.handle(world.now, &clear_record(&Handshake::ClientHello(hello()), 0, 0));
    let Some(bootrack_protocols::dtls::Output::Datagram(datagram)) = world.server.poll(world.now) else { panic!() };
    let record = records(&datagram).next().unwrap().unwrap();
    let request = wire::tls::HelloVerifyRequest::parse(&record.fragment[12..]).unwrap();
    let mut server = server_config();
    server.cookie = cookies();
    let mut world = World::new(client_config(), server, Faults::default(), 1);
    let returned = ClientHello { cookie: Some(request.cookie), ..hello() };
    world.server.handle(world.now, &clear_record(&Handshake::ClientHello(returned), 1, 1));
    assert!(world.server.is_idle());
}

#[test]
fn close_notify_is_answered() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    world.connect();
    world.client.close(world.now);
    world.run();
    assert_eq!(world.client_log.closed[0].reason, CloseReason::Local);
    assert_eq!(world.server_log.closed[0].reason, CloseReason::Peer);
    let notify = Some(Alert::warning(AlertDescription::CloseNotify));
    assert_eq!(world.server_log.closed[0].received, notify);
    assert_eq!(world.server_log.closed[0].sent, notify);
    assert_eq!(world.client.send(world.now, b"late"), Err(SendError::NotConnected));
}

#[test]
fn cancelled_handshake_ends_both_sides() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    while world.server.is_idle() {
        assert!(world.step());
    }
    world.client.close(world.now);
    world.run();
    assert_eq!(world.client_log.closed.len(), 1);
    assert_eq!(world.server_log.closed[0].reason, CloseReason::Peer);
}

#[test]
fn silence_ends_the_handshake_after_the_last_retransmission() {
    let mut client = client_config();
    client.retransmission = Retransmission {
        initial: Duration::from_secs(1),
        maximum: Duration::from_secs(3),
        limit: 4,
        jitter_percent: 0,
    };
    let faults = Faults { lost: 1000, ..Faults::default() };
    let mut world = World::new(client, server_config(), faults, 1);
    let mut sent_at = Vec::new();
    loop {
        let before = world.client_log.sent.len();
        let more = world.step();
        if world.client_log.sent.len() > before {
            sent_at.push(world.now.0 / 1_000_000_000);
        }
        if !more {
            break;
        }
    }
    // 1 s, then doubled up to 3 s.
    assert_eq!(world.client_log.sent.len(), 5);
    assert_eq!(sent_at, [1, 3, 6, 9]);
    assert_eq!(world.client_log.closed[0].reason, CloseReason::Timeout);
    assert_eq!(world.now.0, 12_000_000_000);
}

#[test]
fn configuration_that_cannot_work_is_refused() {
    let mut client = client_config();
    client.mtu = 63;
    let entropy = || <bootrack_protocols::Entropy as rand_core::SeedableRng>::seed_from_u64(1);
    let now = bootrack_protocols::time::Instant::ZERO;
    let refused = bootrack_protocols::dtls::Client::new(client, entropy(), now).err();
    assert_eq!(refused, Some(ConfigError::TooSmall { what: "an MTU", octets: 63, least: 64 }));
    let mut client = client_config();
    client.tls.psk.as_mut().unwrap().psk = Psk::new([]);
    let refused = bootrack_protocols::dtls::Client::new(client, entropy(), now).err();
    assert_eq!(refused, Some(ConfigError::CredentialLength("PSK")));
}

/// The keys of a connected world, as somebody who has the key log and saw the ServerHello derives them.
fn keys_of(world: &World) -> KeyBlock {
    let keys = world.client_log.keys.last().unwrap();
    let hello = world.server_log.sent.iter().flat_map(|datagram| records(datagram)).find_map(|record| {
        let record = record.unwrap();
        (record.fragment[0] == 2).then(|| wire::tls::ServerHello::parse(&fragment_body(record.fragment)).unwrap())
    });
    MasterSecret::from_octets(keys.master_secret).key_block(&keys.client_random, &hello.unwrap().random)
}

fn fragment_body(record: &[u8]) -> Vec<u8> {
    wire::dtls::fragments(record).unwrap()[0].body.to_vec()
}

#[rstest]
#[case::client_asks_with_a_hello(true)]
#[case::server_asks_with_a_hello_request(false)]
fn renegotiation_is_refused_with_a_warning_and_the_session_lives_on(#[case] to_server: bool) {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    world.connect();
    let keys = keys_of(&world);
    let (message, theirs, ours) = if to_server {
        (Handshake::ClientHello(hello()), &keys.client, &keys.server)
    } else {
        (Handshake::HelloRequest, &keys.server, &keys.client)
    };
    let mut warnings = 0;
    for sequence_number in 10..20 {
        let mut body = Vec::new();
        message.emit(&mut body).unwrap();
        let header = RecordHeader {
            content_type: ContentType::Handshake,
            version: ProtocolVersion::DTLS_1_2,
            epoch: 1,
            sequence_number,
            length: 0,
        };
        let plaintext = message_bytes(message.msg_type(), 0, &body).unwrap();
        let fragment = seal(theirs, &header, &plaintext).unwrap();
        let mut datagram = Vec::new();
        Record { header, fragment: &fragment }.emit(&mut datagram).unwrap();
        let output = if to_server {
            world.server.handle(world.now, &datagram);
            world.server.poll(world.now)
        } else {
            world.client.handle(world.now, &datagram);
            world.client.poll(world.now)
        };
        let Some(bootrack_protocols::dtls::Output::Datagram(answer)) = output else { continue };
        let record = records(&answer).next().unwrap().unwrap();
        let alert = Alert::parse(&open(ours, &record.header, record.fragment).unwrap());
        assert_eq!(alert, Ok(Alert::warning(AlertDescription::NoRenegotiation)));
        warnings += 1;
        let to_peer = !to_server;
        world.carry(to_peer, answer);
    }
    assert!((1..=4).contains(&warnings), "refused, but not without end: {warnings}");
    world.client.send(world.now, b"still here").unwrap();
    world.run();
    assert_eq!(world.server_log.received, [b"still here"]);
    assert!(world.client_log.closed.is_empty() && world.server_log.closed.is_empty());
}

#[test]
fn alert_in_the_clear_does_not_end_an_established_session() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    world.connect();
    let header = RecordHeader {
        content_type: ContentType::Alert,
        version: ProtocolVersion::DTLS_1_2,
        epoch: 0,
        sequence_number: 1000,
        length: 0,
    };
    let mut datagram = Vec::new();
    let fragment = Alert::fatal(AlertDescription::InternalError).emit();
    Record { header, fragment: &fragment }.emit(&mut datagram).unwrap();
    world.client.handle(world.now, &datagram);
    world.server.handle(world.now, &datagram);
    world.run();
    assert!(world.client.is_connected() && world.server.is_connected());
}

#[test]
fn ticket_that_was_not_asked_for_is_unexpected() {
    let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
    let ticket = wire::tls::NewSessionTicket { lifetime_hint: 1, ticket: vec![1] };
    world.client.handle(world.now, &clear_record(&Handshake::NewSessionTicket(ticket), 0, 0));
    world.run();
    let sent = world.client_log.closed[0].sent;
    assert_eq!(sent, Some(Alert::fatal(AlertDescription::UnexpectedMessage)));
}

/// An alert that the server sends under its keys.
fn protected_alert(world: &World, alert: Alert) -> Vec<u8> {
    let header = RecordHeader {
        content_type: ContentType::Alert,
        version: ProtocolVersion::DTLS_1_2,
        epoch: 1,
        sequence_number: 500,
        length: 0,
    };
    let fragment = seal(&keys_of(world).server, &header, &alert.emit()).unwrap();
    let mut datagram = Vec::new();
    Record { header, fragment: &fragment }.emit(&mut datagram).unwrap();
    datagram
}

#[test]
fn every_fatal_alert_ends_a_session_and_every_warning_but_one_does_not() {
    for number in 0..=255u8 {
        let description = AlertDescription::from(number);
        for alert in [Alert::fatal(description), Alert::warning(description)] {
            let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
            world.connect();
            let datagram = protected_alert(&world, alert);
            world.client.handle(world.now, &datagram);
            world.run();
            let ends = alert == Alert::fatal(description) || description == AlertDescription::CloseNotify;
            assert_eq!(world.client.is_closed(), ends, "{alert}");
            let received = world.client_log.closed.first().and_then(|closed| closed.received);
            assert_eq!(received, ends.then_some(alert));
            let answer = world.client_log.closed.first().and_then(|closed| closed.sent);
            let notify = Alert::warning(AlertDescription::CloseNotify);
            assert_eq!(answer, (description == AlertDescription::CloseNotify).then_some(notify));
        }
    }
}

#[test]
fn every_fatal_alert_ends_a_handshake() {
    for number in 1..=255u8 {
        let alert = Alert::fatal(AlertDescription::from(number));
        let mut world = World::new(client_config(), server_config(), Faults::default(), 1);
        let header = RecordHeader {
            content_type: ContentType::Alert,
            version: ProtocolVersion::DTLS_1_2,
            epoch: 0,
            sequence_number: 0,
            length: 0,
        };
        let mut datagram = Vec::new();
        Record { header, fragment: &alert.emit() }.emit(&mut datagram).unwrap();
        world.client.handle(world.now, &datagram);
        world.run();
        assert_eq!(world.client_log.closed[0].received, Some(alert));
        assert_eq!((world.client_log.closed[0].sent, world.client_log.closed[0].reason), (None, CloseReason::Alert));
    }
}
