//! TLS in a stream: the form of ClientHello without a cookie, messages behind four octets, records behind five.

use bootrack_wire::reader::Reader;
use bootrack_wire::tls::{
    CipherSuite, ClientHello, ContentType, Extension, Handshake, HandshakeType, KeyExchange, MasterSecret,
    ProtocolVersion, RecordHeader, Sealed, Sender, Transport, first_message, message_bytes,
};
use proptest::prelude::*;

fn hello(session_id: Vec<u8>) -> ClientHello {
    ClientHello {
        version: ProtocolVersion::TLS_1_2,
        random: [7; 32],
        session_id,
        cookie: None,
        cipher_suites: vec![CipherSuite::PSK_WITH_AES_128_CCM_8, CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV],
        compression_methods: vec![0],
        extensions: vec![Extension::extended_master_secret()],
    }
}

#[test]
fn client_hello_has_a_cookie_in_datagrams_only() {
    let mut stream = Vec::new();
    hello(vec![1; 32]).emit(&mut stream).unwrap();
    assert_eq!(ClientHello::parse(Transport::Stream, &stream), Ok(hello(vec![1; 32])));
    // RFC 5246 7.4.1.2: version, random, session id, then the suites.
    assert_eq!(stream[2 + 32..2 + 32 + 1 + 32 + 2], [&[32][..], &[1; 32], &[0, 4]].concat());
    let mut datagram = Vec::new();
    ClientHello { cookie: Some(Vec::new()), ..hello(vec![1; 32]) }.emit(&mut datagram).unwrap();
    assert_eq!(datagram.len(), stream.len() + 1);
    assert_ne!(ClientHello::parse(Transport::Datagram, &stream), Ok(hello(vec![1; 32])));
    let raw = Handshake::parse(Transport::Stream, HandshakeType::HelloVerifyRequest, &[0xfe], KeyExchange::Psk);
    assert_eq!(raw.map(|message| message.msg_type()), Ok(HandshakeType::HelloVerifyRequest), "not a message of TLS");
}

#[test]
fn messages_follow_each_other_in_a_stream() {
    let mut stream = message_bytes(HandshakeType::ServerHelloDone, &[]).unwrap();
    assert_eq!(stream, [14, 0, 0, 0]);
    stream.extend(message_bytes(HandshakeType::Finished, &[9; 12]).unwrap());
    assert_eq!(first_message(&stream), Some((HandshakeType::ServerHelloDone, &[][..])));
    assert_eq!(first_message(&stream[4..]), Some((HandshakeType::Finished, &[9; 12][..])));
    for end in 4..stream.len() {
        assert_eq!(first_message(&stream[4..end]), None, "not all of it is there");
    }
}

#[test]
fn versions_of_one_family_are_compared_and_of_two_are_not() {
    let (dtls, tls) = (ProtocolVersion::DTLS_1_2, ProtocolVersion::TLS_1_2);
    assert!(ProtocolVersion(0xfefc).is_at_least(dtls) && !ProtocolVersion::DTLS_1_0.is_at_least(dtls));
    assert!(ProtocolVersion(0x0304).is_at_least(tls) && !ProtocolVersion(0x0302).is_at_least(tls));
    assert!(!tls.is_at_least(dtls) && !dtls.is_at_least(tls));
}

proptest! {
    #[test]
    fn record_header_survives(kind: u8, version: u16, length: u16) {
        let header = RecordHeader { content_type: kind.into(), version: ProtocolVersion(version), length };
        let mut octets = Vec::new();
        header.emit(&mut octets);
        prop_assert_eq!(octets.len(), RecordHeader::LENGTH);
        prop_assert_eq!(RecordHeader::parse(&mut Reader::new(&octets)), Ok(header));
    }

    /// Number, type and version are not in the fragment, and yet no other will do.
    #[test]
    fn sealed_record_opens_as_itself_only(plaintext in prop::collection::vec(any::<u8>(), 0..64), number: u64) {
        let keys = MasterSecret::from_octets([5; 48]).key_block(&[1; 32], &[2; 32]);
        let sealed = Sealed {
            sequence_number: number,
            content_type: ContentType::ApplicationData,
            version: ProtocolVersion::TLS_1_2,
        };
        let fragment = sealed.seal(keys.of(Sender::Client), &plaintext).unwrap();
        prop_assert_eq!(&fragment[..8], number.to_be_bytes());
        prop_assert_eq!(sealed.open(keys.of(Sender::Client), &fragment), Ok(plaintext));
        prop_assert!(sealed.open(keys.of(Sender::Server), &fragment).is_err());
        for other in [
            Sealed { sequence_number: number ^ 1, ..sealed },
            Sealed { content_type: ContentType::Handshake, ..sealed },
            Sealed { version: ProtocolVersion::TLS_1_0, ..sealed },
        ] {
            prop_assert!(other.open(keys.of(Sender::Client), &fragment).is_err());
        }
    }

    #[test]
    fn no_octets_panic(input in prop::collection::vec(any::<u8>(), 0..200), kind: u8) {
        let _ = first_message(&input);
        let _ = ClientHello::parse(Transport::Stream, &input);
        let _ = Handshake::parse(Transport::Stream, kind.into(), &input, KeyExchange::EcdheEcdsa);
    }
}
