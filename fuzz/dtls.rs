//! DTLS records, fragments, handshake messages, and the protection of records.

use wire::Result;
use wire::dtls::{HandshakeHeader, fragments, open, records, seal};
use wire::reader::Reader;
use wire::tls::{
    Alert, Certificate, ContentType, EcJpakeServerParams, Extension, Handshake, HandshakeType, KeyExchange, KeyKp,
    KeyKpPair, MasterSecret, Sender, Transport,
};

use super::{appended, assert_survives};

/// Octets: round one or two of EC-JPAKE.
pub fn dtls_ecjpake(data: &[u8]) -> bool {
    let mut is_any = false;
    if let Ok(key_kp) = KeyKp::parse(data) {
        is_any = true;
        assert_survives(&key_kp, key_kp.to_vec(), KeyKp::parse);
    }
    if let Ok(pair) = KeyKpPair::parse(data) {
        is_any = true;
        assert_survives(&pair, pair.to_vec(), KeyKpPair::parse);
    }
    if let Ok(server) = EcJpakeServerParams::parse(data) {
        is_any = true;
        assert_survives(&server, server.to_vec(), EcJpakeServerParams::parse);
    }
    is_any
}

/// Octets: a datagram of DTLS records. They emit to the octets that they were read from.
pub fn dtls_records(data: &[u8]) -> bool {
    let mut emitted = Vec::new();
    for record in records(data).map_while(Result::ok) {
        let start = emitted.len();
        assert_eq!(record.emit(&mut emitted), Ok(()));
        assert_eq!(emitted.get(start..), data.get(start..emitted.len()));
        if let (ContentType::Alert, Ok(alert)) = (record.header.content_type, Alert::parse(record.fragment)) {
            assert_eq!(alert.emit().as_slice(), record.fragment);
        }
    }
    !emitted.is_empty()
}

/// Octets: the fragments of handshake messages in a record. They emit to the octets that they were read from.
pub fn dtls_fragments(data: &[u8]) -> bool {
    let Ok(fragments) = fragments(data) else { return false };
    let mut emitted = Vec::new();
    for fragment in fragments {
        fragment.header.emit(&mut emitted);
        emitted.extend_from_slice(fragment.body);
        assert!(!fragment.header.is_whole() || fragment.body.len() as u32 == fragment.header.length);
    }
    assert_eq!(emitted, data);
    let _ = HandshakeHeader::parse(&mut Reader::new(data));
    true
}

/// Octets: a handshake type, the key exchange, the body of the message; read as in datagrams and as in a stream.
pub fn dtls_handshake(data: &[u8]) -> bool {
    let [msg_type, exchange, body @ ..] = data else { return false };
    let msg_type = HandshakeType::from(*msg_type);
    let key_exchange = match exchange % 4 {
        1 | 3 => KeyExchange::Psk,
        2 => KeyExchange::EcdheEcdsa,
        _ => KeyExchange::Other,
    };
    // In a stream, ClientHello has another form; everything else is read alike.
    if let Ok(message) = Handshake::parse(Transport::Stream, msg_type, body, key_exchange) {
        let emitted = appended(|out| message.emit(out));
        assert_survives(&message, emitted, |bytes| Handshake::parse(Transport::Stream, msg_type, bytes, key_exchange));
    }
    let Ok(message) = Handshake::parse(Transport::Datagram, msg_type, body, key_exchange) else { return false };
    assert_eq!(message.msg_type(), msg_type);
    let emitted = appended(|out| message.emit(out));
    assert_survives(&message, emitted, |bytes| Handshake::parse(Transport::Datagram, msg_type, bytes, key_exchange));
    match &message {
        Handshake::ClientHello(hello) => hello.extensions.iter().for_each(dtls_extension),
        Handshake::ServerHello(hello) => hello.extensions.iter().for_each(dtls_extension),
        Handshake::Certificate(certificate) => {
            if let Ok(chain) = certificate.chain() {
                assert_eq!(Certificate::from_chain(&chain).as_ref(), Ok(certificate));
            }
        }
        _ => {}
    }
    true
}

/// Whatever reads as a list is written as the same list.
fn dtls_extension(extension: &Extension) {
    let same = |again: Result<Extension>| assert_eq!(again.map(|again| again.data).as_ref(), Ok(&extension.data));
    if let Ok(groups) = extension.read_supported_groups() {
        same(Extension::supported_groups(&groups));
    }
    if let Ok(formats) = extension.read_ec_point_formats() {
        same(Extension::ec_point_formats(&formats));
    }
    if let Ok(algorithms) = extension.read_signature_algorithms() {
        same(Extension::signature_algorithms(&algorithms));
    }
    if let Ok(types) = extension.read_certificate_types() {
        same(Extension::certificate_types(extension.extension_type, &types));
    }
    if let Ok(selected) = extension.read_certificate_type() {
        same(Ok(Extension::certificate_type(extension.extension_type, selected)));
    }
}

/// Octets: DTLS records, opened under a fixed key; and what they carry, sealed under it, opens to the same.
pub fn dtls_protection(data: &[u8]) -> bool {
    let mut is_any = false;
    let keys = MasterSecret::from_octets([7; 48]).key_block(&[1; 32], &[2; 32]);
    let keys = keys.of(Sender::Client);
    for record in records(data).map_while(Result::ok) {
        is_any = true;
        let _ = open(keys, &record.header, record.fragment);
        if let Ok(sealed) = seal(keys, &record.header, record.fragment) {
            let opened = open(keys, &record.header, &sealed);
            assert_eq!(opened.as_deref(), Ok(record.fragment));
        }
    }
    is_any
}
