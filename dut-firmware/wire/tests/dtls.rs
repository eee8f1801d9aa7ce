//! The DTLS codec and key schedule against handshakes recorded from OpenSSL, published vectors, and properties.

use bootrack_wire::Error;
use bootrack_wire::dtls::{
    HandshakeHeader, Record, RecordHeader, additional_data, fragments, message_bytes, open, records, seal,
};
use bootrack_wire::tls::{
    Alert, AlertDescription, AlertLevel, CipherSuite, ClientHello, ContentType, EcPointFormat, Extension,
    ExtensionType, Handshake, HandshakeType, HelloVerifyRequest, KeyExchange, MasterSecret, NamedGroup,
    NewSessionTicket, ProtocolVersion, Sender, ServerHello, SignatureAndHash, Transport, nonce, prf,
    psk_premaster_secret,
};
use proptest::prelude::*;
use rstest::rstest;
use sha2::{Digest, Sha256};

const VECTORS: &str = include_str!("vectors/dtls12-ccm8.md");

/// One epoch-1 record as the vector file explains it.
struct Protected {
    sender: Sender,
    content_type: u8,
    nonce: Vec<u8>,
    aad: Vec<u8>,
    plaintext: Vec<u8>,
    handshake_hash: Option<Vec<u8>>,
}

/// One section of the vector file.
struct Vector {
    datagrams: Vec<(Sender, Vec<u8>)>,
    client_random: [u8; 32],
    server_random: [u8; 32],
    psk: Option<Vec<u8>>,
    premaster: Option<Vec<u8>>,
    extended: bool,
    master_secret: [u8; 48],
    key_block: Vec<u8>,
    protected: Vec<Protected>,
}

fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(&format!("{name}="))? + name.len() + 1;
    text[at..].split_whitespace().next()
}

fn bytes(text: &str, name: &str) -> Option<Vec<u8>> {
    value(text, name).map(|digits| hex::decode(digits).unwrap())
}

fn sender(line: &str) -> Sender {
    if line.contains("C->S") { Sender::Client } else { Sender::Server }
}

fn vector(section: usize) -> Vector {
    let text = VECTORS.split("\n## ").nth(section).unwrap();
    let datagram = |line: &str| {
        let digits = line.strip_prefix("- C->S: ").or_else(|| line.strip_prefix("- S->C: "))?;
        Some((sender(line), hex::decode(digits).unwrap()))
    };
    let protected = |line: &str| Protected {
        sender: sender(line),
        content_type: value(line, "content_type").unwrap().parse().unwrap(),
        nonce: bytes(line, "nonce").unwrap(),
        aad: bytes(line, "aad").unwrap(),
        plaintext: bytes(line, "plaintext").unwrap(),
        handshake_hash: bytes(line, "handshake_hash"),
    };
    Vector {
        datagrams: text.lines().filter_map(datagram).collect(),
        client_random: bytes(text, "client_random").unwrap().try_into().unwrap(),
        server_random: bytes(text, "server_random").unwrap().try_into().unwrap(),
        psk: bytes(text, "PSK"),
        premaster: bytes(text, "premaster"),
        extended: value(text, "extended_master_secret") == Some("True"),
        master_secret: bytes(text, "\nmaster_secret").unwrap().try_into().unwrap(),
        key_block: bytes(text, "key_block(40)").unwrap(),
        protected: text.lines().filter(|line| line.starts_with("- epoch 1")).map(protected).collect(),
    }
}

fn all_records(vector: &Vector) -> Vec<(Sender, Record<'_>)> {
    let mut all = Vec::new();
    for (sender, datagram) in &vector.datagrams {
        all.extend(records(datagram).map(|record| (*sender, record.unwrap())));
    }
    all
}

fn key_exchange(vector: &Vector) -> KeyExchange {
    if vector.psk.is_some() { KeyExchange::Psk } else { KeyExchange::EcdheEcdsa }
}

#[rstest]
fn recorded_records_and_messages_survive_parse_and_emit(#[values(1, 2, 3)] section: usize) {
    let vector = vector(section);
    assert_eq!(vector.datagrams.len(), 9);
    for (_, datagram) in &vector.datagrams {
        let mut again = Vec::new();
        records(datagram).for_each(|record| record.unwrap().emit(&mut again).unwrap());
        assert_eq!(&again, datagram);
    }
    let mut types = Vec::new();
    for (_, record) in all_records(&vector) {
        if record.header.epoch != 0 || record.header.content_type != ContentType::Handshake {
            continue;
        }
        for fragment in fragments(record.fragment).unwrap() {
            assert!(fragment.header.is_whole());
            let message =
                Handshake::parse(Transport::Datagram, fragment.header.msg_type, fragment.body, key_exchange(&vector))
                    .unwrap();
            let mut body = Vec::new();
            message.emit(&mut body).unwrap();
            assert_eq!(body, fragment.body);
            assert_eq!(message.msg_type(), fragment.header.msg_type);
            let whole = message_bytes(message.msg_type(), fragment.header.message_seq, &body).unwrap();
            assert_eq!(whole, record.fragment);
            types.push(message.msg_type());
        }
    }
    let expected_first = [HandshakeType::ClientHello, HandshakeType::HelloVerifyRequest, HandshakeType::ClientHello];
    assert_eq!(types[..3], expected_first);
    assert_eq!(types[3], HandshakeType::ServerHello);
    assert!(types.contains(&HandshakeType::ClientKeyExchange));
}

#[test]
fn recorded_ecdhe_handshake_says_what_openssl_offered_and_chose() {
    let vector = vector(3);
    let mut messages = Vec::new();
    for (_, record) in all_records(&vector) {
        if record.header.epoch == 0 && record.header.content_type == ContentType::Handshake {
            let fragment = fragments(record.fragment).unwrap()[0];
            messages.push(
                Handshake::parse(Transport::Datagram, fragment.header.msg_type, fragment.body, KeyExchange::EcdheEcdsa)
                    .unwrap(),
            );
        }
    }
    let [_, _, client, server, certificate, exchange, _, answer] = messages.as_slice() else { panic!("{messages:?}") };
    let Handshake::ClientHello(hello) = client else { panic!("{client:?}") };
    let groups = hello.extension(ExtensionType::SUPPORTED_GROUPS).unwrap().read_supported_groups().unwrap();
    assert_eq!(groups[..2], [NamedGroup::X25519, NamedGroup::SECP256R1]);
    let formats = hello.extension(ExtensionType::EC_POINT_FORMATS).unwrap().read_ec_point_formats().unwrap();
    assert_eq!(formats[0], EcPointFormat::UNCOMPRESSED);
    let algorithms = hello.extension(ExtensionType::SIGNATURE_ALGORITHMS).unwrap();
    assert_eq!(algorithms.read_signature_algorithms().unwrap()[0], SignatureAndHash::ECDSA_SHA256);
    let Handshake::ServerHello(hello) = server else { panic!("{server:?}") };
    assert_eq!(hello.cipher_suite, CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8);
    let Handshake::Certificate(certificate) = certificate else { panic!("{certificate:?}") };
    assert_eq!(certificate.chain().unwrap().iter().map(|one| one.len()).collect::<Vec<_>>(), [285]);
    let Handshake::ServerKeyExchangeEcdhe(exchange) = exchange else { panic!("{exchange:?}") };
    assert_eq!((exchange.parameters.group, exchange.parameters.point.len()), (NamedGroup::X25519, 32));
    assert_eq!((exchange.signed.algorithm, exchange.signed.signature.len()), (SignatureAndHash::ECDSA_SHA256, 70));
    let Handshake::ClientKeyExchangeEcdhe { point } = answer else { panic!("{answer:?}") };
    assert_eq!(point.len(), 32);
}

#[rstest]
fn recorded_hellos_say_what_openssl_offered(#[values(1, 2)] section: usize) {
    let vector = vector(section);
    let mut hellos = Vec::new();
    let mut server_hello = None;
    let mut identity = None;
    let mut hint = None;
    for (_, record) in all_records(&vector).iter().filter(|(_, record)| record.header.epoch == 0) {
        if record.header.content_type != ContentType::Handshake {
            continue;
        }
        for fragment in fragments(record.fragment).unwrap() {
            match Handshake::parse(Transport::Datagram, fragment.header.msg_type, fragment.body, KeyExchange::Psk)
                .unwrap()
            {
                Handshake::ClientHello(hello) => hellos.push(hello),
                Handshake::ServerHello(hello) => server_hello = Some(hello),
                Handshake::ClientKeyExchangePsk { identity: sent } => identity = Some(sent),
                Handshake::ServerKeyExchangePsk { identity_hint } => hint = Some(identity_hint),
                Handshake::NewSessionTicket(ticket) => assert_eq!(ticket.lifetime_hint, 0x1c20),
                _ => {}
            }
        }
    }
    let cookie = |hello: &ClientHello| hello.cookie.as_ref().map(Vec::len);
    assert_eq!((cookie(&hellos[0]), cookie(&hellos[1])), (Some(0), Some(20)));
    assert_eq!(hellos[0].random, vector.client_random);
    let suites = [CipherSuite::PSK_WITH_AES_128_CCM_8, CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV];
    assert_eq!(hellos[1].cipher_suites, suites);
    assert_eq!(hellos[1].extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some(), vector.extended);
    let server_hello = server_hello.unwrap();
    assert_eq!(server_hello.random, vector.server_random);
    assert_eq!(server_hello.cipher_suite, CipherSuite::PSK_WITH_AES_128_CCM_8);
    assert_eq!(server_hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some(), vector.extended);
    assert_eq!(server_hello.extension(ExtensionType::RENEGOTIATION_INFO).unwrap(), &Extension::renegotiation_info());
    assert_eq!(identity.unwrap(), b"dev1");
    assert_eq!(hint.unwrap(), b"hint1");
}

/// The hash of the handshake through the message `through`, then `finished`, then a ticket if one was sent behind it.
fn transcript(vector: &Vector, finished: &[Vec<u8>], through: HandshakeType) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut ticket = None;
    let mut hellos = 0;
    for (_, record) in all_records(vector) {
        if record.header.epoch != 0 || record.header.content_type != ContentType::Handshake {
            continue;
        }
        let msg_type = HandshakeType::from(record.fragment[0]);
        hellos += usize::from(msg_type == HandshakeType::ClientHello);
        if hellos < 2 || msg_type == HandshakeType::HelloVerifyRequest {
            continue;
        }
        if msg_type == HandshakeType::NewSessionTicket {
            ticket = Some(record.fragment);
            continue;
        }
        hash.update(record.fragment);
        if msg_type == through && finished.is_empty() {
            break;
        }
    }
    // A ticket comes behind the client's Finished, and before the server's.
    finished.iter().for_each(|message| hash.update(message));
    hash.update(ticket.unwrap_or_default());
    hash.finalize().into()
}

#[rstest]
fn recorded_psk_handshake_has_the_secret_we_compute(#[values(1, 2)] section: usize) {
    let vector = vector(section);
    let premaster = psk_premaster_secret(vector.psk.as_ref().unwrap()).unwrap();
    assert_eq!(&premaster, vector.premaster.as_ref().unwrap());
    let master_secret = if vector.extended {
        let session_hash = transcript(&vector, &[], HandshakeType::ClientKeyExchange);
        assert_eq!(Some(session_hash.to_vec()), bytes(VECTORS, "session_hash"));
        MasterSecret::derive_extended(&premaster, &session_hash)
    } else {
        MasterSecret::derive(&premaster, &vector.client_random, &vector.server_random)
    };
    assert_eq!(master_secret.octets(), &vector.master_secret);
    let client_finished = &vector.protected[0];
    let server_finished = &vector.protected[1];
    let hash = transcript(&vector, &[], HandshakeType::ClientKeyExchange);
    assert_eq!(Some(hash.to_vec()), client_finished.handshake_hash);
    assert_eq!(master_secret.verify_data(Sender::Client, &hash), client_finished.plaintext[12..]);
    let finished = [client_finished.plaintext.clone()];
    let hash = transcript(&vector, &finished, HandshakeType::ClientKeyExchange);
    assert_eq!(Some(hash.to_vec()), server_finished.handshake_hash);
    assert_eq!(master_secret.verify_data(Sender::Server, &hash), server_finished.plaintext[12..]);
}

#[rstest]
fn recorded_protected_records_open_and_seal_to_the_same_octets(#[values(1, 2, 3)] section: usize) {
    let vector = vector(section);
    let master_secret = MasterSecret::from_octets(vector.master_secret);
    let keys = master_secret.key_block(&vector.client_random, &vector.server_random);
    let block = [&keys.client.key[..], &keys.server.key, &keys.client.iv, &keys.server.iv].concat();
    assert_eq!(block, vector.key_block);
    let protected: Vec<_> = all_records(&vector).into_iter().filter(|(_, record)| record.header.epoch == 1).collect();
    assert_eq!(protected.len(), vector.protected.len());
    for ((sender, record), expected) in protected.iter().zip(&vector.protected) {
        assert_eq!(*sender, expected.sender);
        assert_eq!(record.header.content_type, ContentType::from(expected.content_type));
        let write_keys = keys.of(*sender);
        let explicit = record.fragment[..8].try_into().unwrap();
        assert_eq!(nonce(&write_keys.iv, &explicit)[..], expected.nonce);
        let length = u16::try_from(expected.plaintext.len()).unwrap();
        assert_eq!(additional_data(&record.header, length)[..], expected.aad);
        let plaintext = open(write_keys, &record.header, record.fragment).unwrap();
        assert_eq!(plaintext, expected.plaintext);
        // OpenSSL's explicit nonce is epoch and sequence number too, so sealing gives the very same record.
        assert_eq!(seal(write_keys, &record.header, &plaintext).unwrap(), record.fragment);
        if let Some(hash) = &expected.handshake_hash {
            let verify_data = master_secret.verify_data(*sender, hash.as_slice().try_into().unwrap());
            assert_eq!(verify_data, plaintext[12..]);
        }
    }
}

#[test]
fn prf_agrees_with_the_published_vector() {
    let secret = hex::decode("9bbe436ba940f017b17652849a71db35").unwrap();
    let seed = hex::decode("a0ba9f936cda311827a6f796ffd5198c").unwrap();
    let mut out = [0; 100];
    prf(&secret, b"test label", &[&seed], &mut out);
    let expected = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af\
                    0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701\
                    87347b66";
    assert_eq!(hex::encode(out), expected);
}

#[rstest]
#[case::header(0)]
#[case::explicit_nonce(13)]
#[case::ciphertext(21)]
#[case::mac(40)]
fn tampering_with_any_part_of_a_record_is_noticed(#[case] at: usize) {
    let keys = MasterSecret::from_octets([1; 48]).key_block(&[2; 32], &[3; 32]).client;
    let header = RecordHeader {
        content_type: ContentType::ApplicationData,
        version: ProtocolVersion::DTLS_1_2,
        epoch: 1,
        sequence_number: 5,
        length: 0,
    };
    let fragment = seal(&keys, &header, b"twelve octet").unwrap();
    let mut datagram = Vec::new();
    Record { header, fragment: &fragment }.emit(&mut datagram).unwrap();
    datagram[at] ^= 1;
    let record = records(&datagram).next().unwrap().unwrap();
    assert_eq!(open(&keys, &record.header, record.fragment), Err(Error::Integrity("CCM tag")));
}

#[rstest]
#[case::u24_length("0100000100000000000000", Error::Truncated("dtls.handshake.fragment_length"))]
#[case::fragment_past_the_end("010000010000000001000001", Error::Malformed("dtls.handshake.fragment_length"))]
#[case::body_missing("010000010000000000000001", Error::Truncated("dtls.handshake.fragment"))]
fn bad_handshake_headers_are_errors(#[case] digits: &str, #[case] expected: Error) {
    assert_eq!(fragments(&hex::decode(digits).unwrap()), Err(expected));
}

#[rstest]
#[case::session_id_of_33(HandshakeType::ClientHello, &[&[0xfe, 0xfd][..], &[0; 32], &[33], &[0; 40]].concat())]
#[case::odd_suites(HandshakeType::ClientHello, &[&[0xfe, 0xfd][..], &[0; 32], &[0, 0, 0, 3, 1, 2, 3, 1, 0]].concat())]
#[case::octets_after_extensions(
    HandshakeType::ClientHello,
    &[&[0xfe, 0xfd][..], &[0; 32], &[0, 0, 0, 2, 1, 2, 1, 0, 0, 0, 9]].concat()
)]
#[case::extension_past_the_end(
    HandshakeType::ServerHello,
    &[&[0xfe, 0xfd][..], &[0; 32], &[0, 0xc0, 0xa8, 0, 0, 4, 0, 23, 0, 1]].concat()
)]
#[case::octets_after_done(HandshakeType::ServerHelloDone, &[0])]
#[case::short_finished(HandshakeType::Finished, &[0; 11])]
#[case::long_finished(HandshakeType::Finished, &[0; 13])]
#[case::identity_past_the_end(HandshakeType::ClientKeyExchange, &[0, 5, b'a'])]
#[case::octets_after_identity(HandshakeType::ClientKeyExchange, &[0, 1, b'a', b'b'])]
fn bad_bodies_are_errors(#[case] msg_type: HandshakeType, #[case] body: &[u8]) {
    assert!(Handshake::parse(Transport::Datagram, msg_type, body, KeyExchange::Psk).is_err());
}

#[test]
fn hello_without_extensions_block_is_legal() {
    let body = [&[0xfe, 0xfd][..], &[0; 32], &[0, 0, 0, 2, 0xc0, 0xa8, 1, 0]].concat();
    assert!(ClientHello::parse(Transport::Datagram, &body).unwrap().extensions.is_empty());
}

#[test]
fn datagram_with_a_short_last_record_yields_the_others_then_an_error() {
    let vector = vector(1);
    let datagram = &vector.datagrams[3].1;
    let cut = &datagram[..datagram.len() - 1];
    let walked: Vec<_> = records(cut).map(|record| record.is_ok()).collect();
    assert_eq!(walked, [true, true, false]);
}

#[rstest]
#[case(AlertDescription::CloseNotify, 0, "close_notify")]
#[case(AlertDescription::BadRecordMac, 20, "bad_record_mac")]
#[case(AlertDescription::DecryptError, 51, "decrypt_error")]
#[case(AlertDescription::NoRenegotiation, 100, "no_renegotiation")]
#[case(AlertDescription::UnknownPskIdentity, 115, "unknown_psk_identity")]
fn alerts_have_their_registered_numbers(#[case] description: AlertDescription, #[case] number: u8, #[case] name: &str) {
    assert_eq!(u8::from(description), number);
    assert_eq!(description.to_string(), name);
    assert_eq!(Alert::parse(&[2, number]), Ok(Alert::fatal(description)));
    assert_eq!(Alert::parse(&[2, number, 0]), Err(Error::Malformed("dtls.alert_message")));
}

#[test]
fn every_number_of_every_registry_survives() {
    for number in 0..=255u8 {
        assert_eq!(u8::from(ContentType::from(number)), number);
        assert_eq!(u8::from(HandshakeType::from(number)), number);
        assert_eq!(u8::from(AlertDescription::from(number)), number);
        assert_eq!(u8::from(AlertLevel::from(number)), number);
    }
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn extensions() -> impl Strategy<Value = Vec<Extension>> {
    let extension =
        (any::<u16>(), octets(20)).prop_map(|(number, data)| Extension { extension_type: ExtensionType(number), data });
    prop::collection::vec(extension, 0..4)
}

fn messages() -> impl Strategy<Value = Handshake> {
    let client_hello = (
        (any::<u16>(), any::<[u8; 32]>(), octets(33), octets(256)),
        (prop::collection::vec(any::<u16>(), 0..20), octets(5), extensions()),
    )
        .prop_map(|((version, random, session_id, cookie), (suites, compression_methods, extensions))| {
            Handshake::ClientHello(ClientHello {
                version: ProtocolVersion(version),
                random,
                session_id,
                cookie: Some(cookie),
                cipher_suites: suites.into_iter().map(CipherSuite).collect(),
                compression_methods,
                extensions,
            })
        });
    let server_hello = (any::<u16>(), any::<[u8; 32]>(), octets(33), any::<u16>(), any::<u8>(), extensions()).prop_map(
        |(version, random, session_id, suite, compression_method, extensions)| {
            Handshake::ServerHello(ServerHello {
                version: ProtocolVersion(version),
                random,
                session_id,
                cipher_suite: CipherSuite(suite),
                compression_method,
                extensions,
            })
        },
    );
    prop_oneof![
        Just(Handshake::HelloRequest),
        Just(Handshake::ServerHelloDone),
        client_hello,
        server_hello,
        (any::<u16>(), octets(256)).prop_map(|(version, cookie)| {
            Handshake::HelloVerifyRequest(HelloVerifyRequest { version: ProtocolVersion(version), cookie })
        }),
        (any::<u32>(), octets(100)).prop_map(|(lifetime_hint, ticket)| {
            Handshake::NewSessionTicket(NewSessionTicket { lifetime_hint, ticket })
        }),
        octets(100).prop_map(|identity_hint| Handshake::ServerKeyExchangePsk { identity_hint }),
        octets(100).prop_map(|identity| Handshake::ClientKeyExchangePsk { identity }),
        any::<[u8; 12]>().prop_map(Handshake::Finished),
        octets(100).prop_map(|body| Handshake::Raw { msg_type: HandshakeType::Unknown(21), body }),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse(message in messages()) {
        let mut body = Vec::new();
        message.emit(&mut body).unwrap();
        prop_assert_eq!(Handshake::parse(Transport::Datagram, message.msg_type(), &body, KeyExchange::Psk), Ok(message));
    }

    #[test]
    fn every_record_survives_emit_and_parse(
        kind: u8, version: u16, epoch: u16, sequence_number in 0..=RecordHeader::MAX_SEQUENCE_NUMBER, body in octets(50)
    ) {
        let header = RecordHeader {
            content_type: kind.into(),
            version: ProtocolVersion(version),
            epoch,
            sequence_number,
            length: u16::try_from(body.len()).unwrap(),
        };
        let record = Record { header, fragment: &body };
        let mut datagram = Vec::new();
        record.emit(&mut datagram).unwrap();
        prop_assert_eq!(records(&datagram).collect::<Vec<_>>(), vec![Ok(record)]);
    }

    #[test]
    fn every_handshake_header_survives_emit_and_parse(
        kind: u8, message_seq: u16, length in 0u32..1 << 24, a in 0u32..1 << 24, b in 0u32..1 << 24
    ) {
        let fragment_offset = a % (length + 1);
        let fragment_length = b % (length - fragment_offset + 1);
        let header = HandshakeHeader { msg_type: kind.into(), length, message_seq, fragment_offset, fragment_length };
        let mut bytes = Vec::new();
        header.emit(&mut bytes);
        prop_assert_eq!(HandshakeHeader::parse(&mut bootrack_wire::reader::Reader::new(&bytes)), Ok(header));
    }

    #[test]
    fn no_octets_panic_a_parser(input in octets(300), kind: u8) {
        let keys = MasterSecret::from_octets([1; 48]).key_block(&[2; 32], &[3; 32]).client;
        for record in records(&input).flatten() {
            let _ = fragments(record.fragment);
            let _ = Alert::parse(record.fragment);
            let _ = open(&keys, &record.header, record.fragment);
        }
        let _ = fragments(&input);
        let _ = Handshake::parse(Transport::Datagram, kind.into(), &input, KeyExchange::Psk);
        let _ = Handshake::parse(Transport::Datagram, (kind % 21).into(), &input, KeyExchange::Psk);
        let _ = Handshake::parse(Transport::Datagram, (kind % 21).into(), &input, KeyExchange::EcdheEcdsa);
    }

    #[test]
    fn sealed_records_open(text in octets(200), sequence_number in 0..=RecordHeader::MAX_SEQUENCE_NUMBER) {
        let keys = MasterSecret::from_octets([1; 48]).key_block(&[2; 32], &[3; 32]).server;
        let header = RecordHeader {
            content_type: ContentType::ApplicationData,
            version: ProtocolVersion::DTLS_1_2,
            epoch: 1,
            sequence_number,
            length: 0,
        };
        let fragment = seal(&keys, &header, &text).unwrap();
        prop_assert_eq!(open(&keys, &header, &fragment), Ok(text));
    }
}
