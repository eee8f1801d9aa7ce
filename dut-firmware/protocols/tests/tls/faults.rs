//! Streams that are wrong: every fault ends the session with its alert, none panics, and none yields another session.

use std::cell::Cell;
use std::rc::Rc;

use bootrack_protocols::Entropy;
use bootrack_protocols::time::Instant;
use bootrack_protocols::tls::stream::{Client, Output, Server};
use bootrack_protocols::tls::{ClientConfig, CloseReason, ExtendedMasterSecret, Psk, ServerConfig, UnknownIdentity};
use proptest::prelude::*;
use rand_core::SeedableRng;
use rstest::rstest;
use wire::reader::Reader;
use wire::tls::{
    Alert, AlertDescription, AlertLevel, ContentType, HandshakeType, KeyBlock, MasterSecret, ProtocolVersion,
    RecordHeader, Sealed, Sender, message_bytes,
};

use super::pipe::{Pipe, psk, raw_keys};

fn server() -> Server {
    Server::new(psk().1.into(), Entropy::seed_from_u64(1)).unwrap()
}

fn client() -> Client {
    Client::new(psk().0.into(), Entropy::seed_from_u64(2), Instant::ZERO).unwrap()
}

fn record(content_type: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap();
    let mut octets = Vec::new();
    RecordHeader { content_type: content_type.into(), version: ProtocolVersion(version), length }.emit(&mut octets);
    octets.extend_from_slice(fragment);
    octets
}

fn message(msg_type: HandshakeType, body: &[u8]) -> Vec<u8> {
    record(22, 0x0303, &message_bytes(msg_type, body).unwrap())
}

/// The alert in the clear with which a server answers.
fn answer(server: &mut Server, octets: &[u8]) -> Option<Alert> {
    let was_closed = server.is_closed();
    server.handle(Instant::ZERO, octets);
    let mut sent = None;
    while let Some(output) = server.poll(Instant::ZERO) {
        if let Output::Octets(octets) = output {
            assert_eq!(octets[..5], [21, 3, 3, 0, 2]);
            sent = Some(Alert::parse(&octets[5..]).unwrap());
        }
    }
    assert_eq!(sent.is_some(), server.is_closed() && !was_closed);
    sent
}

const FATAL: u8 = 2;

#[rstest]
#[case::another_protocol(b"GET / HTTP/1.1\r\n".to_vec(), AlertDescription::UnexpectedMessage)]
#[case::a_record_of_dtls(record(22, 0xfefd, &[1]), AlertDescription::ProtocolVersion)]
#[case::a_record_of_ssl_2(record(22, 0x0200, &[1]), AlertDescription::ProtocolVersion)]
#[case::an_unknown_type(record(24, 0x0303, &[1]), AlertDescription::UnexpectedMessage)]
#[case::too_long_a_record(vec![22, 3, 3, 0x40, 1], AlertDescription::RecordOverflow)]
#[case::an_empty_record(record(22, 0x0303, &[]), AlertDescription::UnexpectedMessage)]
#[case::an_early_change_of_ciphers(record(20, 0x0303, &[1]), AlertDescription::UnexpectedMessage)]
#[case::application_data(record(23, 0x0303, b"hello"), AlertDescription::UnexpectedMessage)]
#[case::no_application_data(record(23, 0x0303, &[]), AlertDescription::UnexpectedMessage)]
#[case::half_an_alert(record(21, 0x0303, &[FATAL]), AlertDescription::DecodeError)]
#[case::an_alert_and_a_half(record(21, 0x0303, &[FATAL, 40, 1]), AlertDescription::DecodeError)]
#[case::an_alert_of_no_level(record(21, 0x0303, &[3, 40]), AlertDescription::IllegalParameter)]
#[case::another_message(message(HandshakeType::Finished, &[0; 12]), AlertDescription::UnexpectedMessage)]
#[case::a_cookie(message(HandshakeType::HelloVerifyRequest, &[0xfe, 0xff, 0]), AlertDescription::UnexpectedMessage)]
#[case::too_long_a_message(record(22, 0x0303, &[1, 0, 0x10, 1]), AlertDescription::IllegalParameter)]
#[case::a_hello_that_ends_early(message(HandshakeType::ClientHello, &[3, 3]), AlertDescription::DecodeError)]
fn octets_that_are_no_client_hello_are_answered_with_their_alert(
    #[case] octets: Vec<u8>,
    #[case] expected: AlertDescription,
) {
    assert_eq!(answer(&mut server(), &octets), Some(Alert::fatal(expected)));
    // However they are cut.
    let mut server = server();
    let alerts: Vec<Alert> = octets.iter().filter_map(|octet| answer(&mut server, &[*octet])).collect();
    assert_eq!(alerts, [Alert::fatal(expected)]);
}

fn hello_of(config: ClientConfig) -> Vec<u8> {
    let mut client = Client::new(config.into(), Entropy::seed_from_u64(2), Instant::ZERO).unwrap();
    let Some(Output::Octets(hello)) = client.poll(Instant::ZERO) else { panic!("no ClientHello") };
    hello
}

#[test]
fn client_of_an_older_version_is_refused_and_of_a_later_one_is_not() {
    let mut hello = hello_of(psk().0);
    // Behind the headers of record and message.
    assert_eq!(hello[9..11], [3, 3]);
    hello[10] = 2;
    assert_eq!(answer(&mut server(), &hello), Some(Alert::fatal(AlertDescription::ProtocolVersion)));
    hello[10] = 4;
    let mut server = server();
    server.handle(Instant::ZERO, &hello);
    let Some(Output::Octets(octets)) = server.poll(Instant::ZERO) else { panic!("no ServerHello") };
    assert_eq!((octets[0], &octets[9..11]), (22, &[3, 3][..]), "TLS 1.2 is what it speaks");
}

#[test]
fn second_client_hello_in_a_handshake_is_unexpected() {
    let hello = hello_of(psk().0);
    let mut server = server();
    server.handle(Instant::ZERO, &hello);
    while server.poll(Instant::ZERO).is_some() {}
    let mut again = hello.clone();
    again[2] = 3;
    assert_eq!(answer(&mut server, &again), Some(Alert::fatal(AlertDescription::UnexpectedMessage)));
}

#[rstest]
#[case::unknown_identity(UnknownIdentity::Reveal, true, AlertDescription::UnknownPskIdentity)]
#[case::unknown_identity_concealed(UnknownIdentity::Conceal, true, AlertDescription::DecryptError)]
#[case::wrong_key(UnknownIdentity::Reveal, false, AlertDescription::BadRecordMac)]
#[case::wrong_key_concealed(UnknownIdentity::Conceal, false, AlertDescription::DecryptError)]
fn bad_credentials_end_with_the_configured_alert(
    #[case] unknown_identity: UnknownIdentity,
    #[case] other_identity: bool,
    #[case] expected: AlertDescription,
) {
    let (mut client, mut server) = psk();
    server.unknown_identity = unknown_identity;
    let shared = client.psk.as_mut().unwrap();
    if other_identity {
        shared.identity = b"stranger".to_vec();
    } else {
        shared.psk = Psk::new([8; 16]);
    }
    let mut pipe = Pipe::new((client, server));
    pipe.run();
    let expected = Some(Alert::fatal(expected));
    assert_eq!((pipe.server_log.closed[0].sent, pipe.client_log.closed[0].received), (expected, expected));
    assert_eq!(pipe.client_log.closed[0].reason, CloseReason::Alert);
}

#[test]
fn required_extended_master_secret_is_insisted_on() {
    for of_client in [false, true] {
        let (mut client, mut server) = raw_keys();
        (client.extended_master_secret, server.extended_master_secret) = if of_client {
            (ExtendedMasterSecret::Require, ExtendedMasterSecret::Never)
        } else {
            (ExtendedMasterSecret::Never, ExtendedMasterSecret::Require)
        };
        let mut pipe = Pipe::new((client, server));
        pipe.run();
        let failure = Some(Alert::fatal(AlertDescription::HandshakeFailure));
        let judge = if of_client { &pipe.client_log } else { &pipe.server_log };
        assert_eq!(judge.closed[0].sent, failure);
    }
}

fn any_configs(raw: bool) -> (ClientConfig, ServerConfig) {
    if raw { raw_keys() } else { psk() }
}

/// Every octet of a handshake, changed: it fails on both sides, or one view of it is shared.
#[rstest]
fn no_changed_octet_yields_a_session(#[values(false, true)] raw: bool) {
    let mut whole = Pipe::new(any_configs(raw));
    whole.run();
    let octets = |sent: &[Vec<u8>]| sent.iter().map(Vec::len).sum::<usize>();
    let ways = [(true, octets(&whole.client_log.sent)), (false, octets(&whole.server_log.sent))];
    for (of_client, length) in ways {
        for at in 0..length {
            let mut pipe = Pipe::new(any_configs(raw));
            let mut before = 0;
            pipe.tamper = Some(Box::new(move |to_server, octets| {
                if to_server == of_client {
                    if let Some(octet) = at.checked_sub(before).and_then(|at| octets.get_mut(at)) {
                        *octet ^= 1;
                    }
                    before += octets.len();
                }
            }));
            pipe.run();
            // The version of the record that bears a side's first message says nothing that matters.
            if at == 2 {
                assert!(pipe.are_connected());
                continue;
            }
            assert!(!pipe.are_connected(), "octet {at} of {length}, by the client: {of_client}");
            // Whoever waits for octets that a changed length promises is woken by the end of the stream.
            pipe.client.end_of_stream();
            pipe.server.end_of_stream();
            pipe.run();
            assert!(pipe.client.is_closed() && pipe.server.is_closed());
            let first =
                pipe.client_log.closed.iter().chain(&pipe.server_log.closed).find(|closed| closed.sent.is_some());
            let waits = pipe.client_log.closed[0].reason == CloseReason::Truncated;
            assert!(waits || first.is_some(), "octet {at}: {:?} {:?}", pipe.client_log.closed, pipe.server_log.closed);
        }
    }
}

/// Cut off anywhere, a stream ends a session as cut off, in the handshake and behind it.
#[rstest]
fn stream_that_is_cut_off_is_noticed(#[values(false, true)] raw: bool) {
    let mut whole = Pipe::new(any_configs(raw));
    whole.run();
    let length: usize = whole.client_log.sent.iter().map(Vec::len).sum();
    for end in 0..=length {
        let mut pipe = Pipe::new(any_configs(raw));
        let left = Rc::new(Cell::new(end));
        let of_tamper = Rc::clone(&left);
        pipe.tamper = Some(Box::new(move |to_server, octets| {
            if to_server {
                octets.truncate(of_tamper.get());
                of_tamper.set(of_tamper.get() - octets.len());
            }
        }));
        pipe.run();
        assert_eq!(pipe.server.is_connected(), end == length);
        pipe.server.end_of_stream();
        pipe.client.end_of_stream();
        pipe.run();
        let [closed] = pipe.server_log.closed.as_slice() else { panic!("{:?}", pipe.server_log) };
        assert_eq!((closed.reason, closed.sent, closed.received), (CloseReason::Truncated, None, None));
    }
}

/// An established session, and what its peer would need to write records into it.
fn established() -> (Pipe, KeyBlock) {
    let mut pipe = Pipe::new(psk());
    pipe.run();
    assert!(pipe.are_connected());
    let randoms = pipe.client.randoms().unwrap();
    let secret = MasterSecret::from_octets(pipe.client_log.keys[0].master_secret);
    let keys = secret.key_block(&randoms.client, &randoms.server);
    (pipe, keys)
}

/// The `number`-th protected record of a side; Finished was the first.
fn protected(keys: &KeyBlock, side: Sender, number: u64, content_type: ContentType, plaintext: &[u8]) -> Vec<u8> {
    let version = ProtocolVersion::TLS_1_2;
    let fragment = Sealed { sequence_number: number, content_type, version }.seal(keys.of(side), plaintext).unwrap();
    record(content_type.into(), version.0, &fragment)
}

#[test]
fn record_that_is_changed_repeated_or_in_the_clear_ends_the_session() {
    let data = |keys: &KeyBlock, number| protected(keys, Sender::Client, number, ContentType::ApplicationData, b"x");
    let changed = |keys: &KeyBlock| {
        let mut octets = data(keys, 1);
        *octets.last_mut().unwrap() ^= 1;
        octets
    };
    type Forge<'a> = &'a dyn Fn(&KeyBlock) -> Vec<u8>;
    let forgeries: [Forge<'_>; 5] = [
        &changed,
        &|keys| [data(keys, 1), data(keys, 1)].concat(),
        &|keys| data(keys, 2),
        &|_| record(23, 0x0303, b"in the clear"),
        &|_| record(21, 0x0303, &[FATAL, 40]),
    ];
    for (number, forge) in forgeries.iter().enumerate() {
        let (mut pipe, keys) = established();
        pipe.server.handle(pipe.now, &forge(&keys));
        pipe.run();
        assert_eq!(pipe.server_log.received, if number == 1 { &b"x"[..] } else { b"" });
        let sent = pipe.server_log.closed[0].sent;
        assert_eq!(sent, Some(Alert::fatal(AlertDescription::BadRecordMac)), "forgery {number}");
        assert_eq!(pipe.client_log.closed[0].received, sent);
    }
}

#[rstest]
#[case::a_client_asks(Sender::Client, HandshakeType::ClientHello)]
#[case::a_server_asks(Sender::Server, HandshakeType::HelloRequest)]
fn renegotiation_is_refused_with_a_warning_and_not_for_ever(#[case] side: Sender, #[case] msg_type: HandshakeType) {
    let (mut pipe, keys) = established();
    let asks = message_bytes(msg_type, &[]).unwrap();
    let mut warnings = 0;
    for number in 1..=33 {
        let octets = protected(&keys, side, number, ContentType::Handshake, &asks);
        let (sent, is_closed) = match side {
            Sender::Client => {
                pipe.server.handle(pipe.now, &octets);
                let before = pipe.server_log.sent.len();
                pipe.drain();
                (pipe.server_log.sent.len() - before, pipe.server.is_closed())
            }
            Sender::Server => {
                pipe.client.handle(pipe.now, &octets);
                let before = pipe.client_log.sent.len();
                pipe.drain();
                (pipe.client_log.sent.len() - before, pipe.client.is_closed())
            }
        };
        warnings += usize::from(!is_closed) * sent;
        assert_eq!(is_closed, number == 33);
    }
    assert_eq!(warnings, 4);
}

#[rstest]
#[case::message_out_of_place(ContentType::Handshake, message_bytes(HandshakeType::Finished, &[0; 12]).unwrap())]
#[case::change_of_ciphers(ContentType::ChangeCipherSpec, vec![1])]
#[case::empty_record(ContentType::Handshake, Vec::new())]
fn what_has_no_place_in_a_session_is_unexpected(#[case] content_type: ContentType, #[case] plaintext: Vec<u8>) {
    let (mut pipe, keys) = established();
    pipe.server.handle(pipe.now, &protected(&keys, Sender::Client, 1, content_type, &plaintext));
    pipe.run();
    let unexpected = Some(Alert::fatal(AlertDescription::UnexpectedMessage));
    assert_eq!((pipe.server_log.closed[0].sent, pipe.client_log.closed[0].received), (unexpected, unexpected));
}

#[test]
fn fatal_alert_ends_a_session_and_warnings_do_not_until_there_are_too_many() {
    let (mut pipe, keys) = established();
    let alert = |level, number| {
        let alert = Alert { level, description: AlertDescription::UserCanceled };
        protected(&keys, Sender::Client, number, ContentType::Alert, &alert.emit())
    };
    for number in 1..=32 {
        pipe.server.handle(pipe.now, &alert(AlertLevel::Warning, number));
    }
    assert!(pipe.server.is_connected());
    pipe.server.handle(pipe.now, &alert(AlertLevel::Fatal, 33));
    pipe.run();
    assert_eq!((pipe.server_log.closed[0].sent, pipe.server_log.closed[0].reason), (None, CloseReason::Alert));
    let (mut pipe, keys) = established();
    for number in 1..=33 {
        let empty = protected(&keys, Sender::Client, number, ContentType::ApplicationData, &[]);
        assert!(pipe.server.is_connected());
        pipe.server.handle(pipe.now, &empty);
    }
    assert!(pipe.server.is_closed(), "records that say nothing have an end");
}

#[test]
fn no_message_lies_on_both_sides_of_a_change_of_keys() {
    let mut pipe = Pipe::with_records(psk(), 1 << 14, 1);
    // The first two octets of Finished come before the change of ciphers, in the clear.
    pipe.tamper = Some(Box::new(|to_server, octets| {
        let mut reader = Reader::new(octets);
        let mut at = 0;
        while let Ok(header) = RecordHeader::parse(&mut reader) {
            if header.content_type == ContentType::ChangeCipherSpec && to_server {
                octets.splice(at..at, record(22, 0x0303, &[20, 0]));
                return;
            }
            reader.take(usize::from(header.length), "fragment").unwrap();
            at += RecordHeader::LENGTH + usize::from(header.length);
        }
    }));
    pipe.run();
    assert_eq!(pipe.server_log.closed[0].sent, Some(Alert::fatal(AlertDescription::UnexpectedMessage)));
}

/// Octets that look like TLS: records that may lie, around messages that may lie.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(any::<u8>(), 0..80);
    let handshake = (0u8..24, 0u8..2, body.clone())
        .prop_map(|(kind, high, body)| [&[kind, 0, high, u8::try_from(body.len()).unwrap()][..], &body].concat());
    let content = prop_oneof![body, handshake];
    let one = (19u8..25, content, any::<bool>()).prop_map(|(kind, content, lies)| {
        let mut octets = record(kind, 0x0303, &content);
        octets[4] = octets[4].wrapping_add(u8::from(lies));
        octets
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(one, 1..5).prop_map(|records| records.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_stream_panics_a_machine(stream in streams(), raw: bool, steps in 0usize..4, of_client: bool) {
        let mut pipe = Pipe::new(any_configs(raw));
        // Every so many octets of the handshake let through, then something else.
        let mut left = steps;
        let (spoilt, replacement) = (of_client, stream.clone());
        pipe.tamper = Some(Box::new(move |to_server, octets| {
            if to_server == spoilt {
                if left == 0 {
                    octets.clone_from(&replacement);
                }
                left = left.saturating_sub(1);
            }
        }));
        pipe.run();
        pipe.client.handle(pipe.now, &stream);
        pipe.server.handle(pipe.now, &stream);
        pipe.run();
        prop_assert!(pipe.client.buffered() <= (1 << 14) + 32 + stream.len());
    }

    #[test]
    fn no_octets_panic_a_machine_alone(stream in streams()) {
        let (mut client, mut server) = (client(), server());
        client.handle(Instant::ZERO, &stream);
        server.handle(Instant::ZERO, &stream);
        client.end_of_stream();
        server.end_of_stream();
        prop_assert!(client.is_closed() && server.is_closed());
    }
}
