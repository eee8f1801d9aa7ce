//! DTLS: records, alerts, and handshake messages with what is in them.

use wire::dtls::{Fragment, Record, fragments};
use wire::reader::Reader;
use wire::tls::{
    Alert, Certificate, ContentType, ECJPAKE_KEY_KP_PAIR, EcJpakeServerParams, Extension, ExtensionType, Handshake,
    HandshakeType, KeyExchange, KeyKp, KeyKpPair, Transport,
};

use super::Check;

/// Curve types other than a named one have no codec and are not read.
const NAMED_CURVE: u8 = 3;

pub(super) fn dtls(check: &mut Check<'_>, bytes: &[u8]) {
    let Some(record) = check.parsed(Record::parse(&mut Reader::new(bytes))) else { return };
    check.number("dtls.record.content_type", u8::from(record.header.content_type));
    check.number("dtls.record.version", record.header.version.0);
    check.number("dtls.record.epoch", record.header.epoch);
    check.number("dtls.record.sequence_number", record.header.sequence_number);
    check.number("dtls.record.length", record.header.length);
    let mut written = Vec::new();
    let result = record.emit(&mut written);
    check.same_octets(result.map(|()| written), &bytes[..13 + record.fragment.len()]);
    match record.header.content_type {
        _ if record.header.epoch > 0 => {}
        ContentType::Alert => {
            let Some(alert) = check.parsed(Alert::parse(record.fragment)) else { return };
            let octets = alert.emit();
            check.number("dtls.alert_message.level", octets[0]);
            check.number("dtls.alert_message.desc", octets[1]);
            check.same_octets(Ok(octets.to_vec()), record.fragment);
        }
        ContentType::Handshake => {
            let Some(fragments) = check.parsed(fragments(record.fragment)) else { return };
            let headers = || fragments.iter().map(|fragment| fragment.header);
            check.numbers("dtls.handshake.type", headers().map(|header| u8::from(header.msg_type).into()));
            check.numbers("dtls.handshake.length", headers().map(|header| header.length.into()));
            check.numbers("dtls.handshake.message_seq", headers().map(|header| header.message_seq.into()));
            check.numbers("dtls.handshake.fragment_offset", headers().map(|header| header.fragment_offset.into()));
            if let [only] = fragments[..] {
                message(check, only);
            }
        }
        _ => {}
    }
}

/// A message that is alone in its record, if it is there as a whole.
fn message(check: &mut Check<'_>, fragment: Fragment<'_>) {
    if !fragment.header.is_whole() {
        return;
    }
    let (msg_type, body) = (fragment.header.msg_type, fragment.body);
    let has = |name: &str| check.layer.field(name).is_some();
    let is_ecjpake = has("dtls.handshake.xs_len") || has("dtls.handshake.xc_len");
    let key_exchange = if has("dtls.handshake.hint_len") || has("dtls.handshake.identity_len") {
        KeyExchange::Psk
    } else if has("dtls.handshake.server_point_len") || has("dtls.handshake.client_point_len") {
        KeyExchange::EcdheEcdsa
    } else {
        KeyExchange::Other
    };
    let Some(message) = check.parsed(Handshake::parse(Transport::Datagram, msg_type, body, key_exchange)) else {
        return;
    };
    if message.msg_type() != msg_type {
        check.difference("a message is parsed as one of another type");
    }
    let mut written = Vec::new();
    let result = message.emit(&mut written);
    // Extensions that are there and none may be left out as well (RFC 5246 section 7.4.1.2).
    let empty = match &message {
        Handshake::ClientHello(hello) => hello.extensions.is_empty(),
        Handshake::ServerHello(hello) => hello.extensions.is_empty(),
        _ => false,
    };
    if !empty || body.len() != written.len() + 2 {
        check.same_octets(result.map(|()| written), body);
    }
    match &message {
        Handshake::ClientHello(hello) => {
            check.numbers("dtls.handshake.ciphersuite", hello.cipher_suites.iter().map(|suite| suite.0.into()));
            extensions(check, &hello.extensions, true);
        }
        Handshake::ServerHello(hello) => {
            check.number("dtls.handshake.ciphersuite", hello.cipher_suite.0);
            extensions(check, &hello.extensions, false);
        }
        Handshake::HelloVerifyRequest(request) => check.octets("dtls.handshake.cookie", &request.cookie),
        Handshake::NewSessionTicket(ticket) => {
            check.number("dtls.handshake.session_ticket_lifetime_hint", ticket.lifetime_hint);
        }
        Handshake::Certificate(certificate) => chain(check, certificate),
        Handshake::CertificateRequest(request) => {
            check.numbers(
                "dtls.handshake.dname_len",
                request.certificate_authorities.iter().map(|name| name.len() as u64),
            );
        }
        Handshake::Raw { .. } if is_ecjpake && msg_type == HandshakeType::ClientKeyExchange => {
            let Some(share) = check.parsed(KeyKp::parse(body)) else { return };
            check.same_octets(share.to_vec(), body);
        }
        Handshake::Raw { .. } if is_ecjpake && body.first() == Some(&NAMED_CURVE) => {
            let Some(parameters) = check.parsed(EcJpakeServerParams::parse(body)) else { return };
            check.number("dtls.handshake.server_named_curve", parameters.named_curve);
            check.same_octets(parameters.to_vec(), body);
        }
        _ => {}
    }
}

/// The lengths of a chain's certificates; a raw public key is none.
fn chain(check: &mut Check<'_>, certificate: &Certificate) {
    if check.layer.field("dtls.handshake.certificates_length").is_some() {
        let Some(chain) = check.parsed(certificate.chain()) else { return };
        let lengths: Vec<u64> = chain.iter().map(|certificate| certificate.len() as u64).collect();
        check.numbers("dtls.handshake.certificate_length", lengths);
        let again = Certificate::from_chain(&chain);
        check.same_octets(again.map(|again| again.payload), &certificate.payload);
    }
}

fn extensions(check: &mut Check<'_>, extensions: &[Extension], is_of_client: bool) {
    check.numbers(
        "dtls.handshake.extension.type",
        extensions.iter().map(|extension| u64::from(extension.extension_type.0)),
    );
    for extension in extensions {
        let data = &extension.data;
        match extension.extension_type {
            ExtensionType::SUPPORTED_GROUPS => {
                let Some(groups) = check.parsed(extension.read_supported_groups()) else { continue };
                if extensions.iter().filter(|other| other.extension_type == extension.extension_type).count() > 1 {
                    continue;
                }
                check.numbers(
                    "dtls.handshake.extensions_supported_group",
                    groups.iter().map(|group| u64::from(group.0)),
                );
                check.same_octets(Extension::supported_groups(&groups).map(|again| again.data), data);
            }
            ExtensionType::EC_POINT_FORMATS => {
                let Some(formats) = check.parsed(extension.read_ec_point_formats()) else { continue };
                check.same_octets(Extension::ec_point_formats(&formats).map(|again| again.data), data);
            }
            ExtensionType::SIGNATURE_ALGORITHMS => {
                let Some(algorithms) = check.parsed(extension.read_signature_algorithms()) else { continue };
                check.same_octets(Extension::signature_algorithms(&algorithms).map(|again| again.data), data);
            }
            kind @ (ExtensionType::CLIENT_CERTIFICATE_TYPE | ExtensionType::SERVER_CERTIFICATE_TYPE) => {
                if is_of_client {
                    let Some(types) = check.parsed(extension.read_certificate_types()) else { continue };
                    check.same_octets(Extension::certificate_types(kind, &types).map(|again| again.data), data);
                } else {
                    let Some(selected) = check.parsed(extension.read_certificate_type()) else { continue };
                    check.same_octets(Ok(Extension::certificate_type(kind, selected).data), data);
                }
            }
            ECJPAKE_KEY_KP_PAIR if check.layer.field("dtls.ecjpake.x_len").is_some() => {
                let Some(pair) = check.parsed(KeyKpPair::parse(data)) else { continue };
                check.same_octets(pair.to_vec(), data);
            }
            _ => {}
        }
    }
}
