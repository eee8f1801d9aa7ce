//! Peers that say what no engine of ours would: ECDHE_ECDSA messages that are malformed, out of place, or wrongly chosen.

use bootrack_protocols::dtls::Output;
use bootrack_protocols::tls::ClientAuthentication;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};
use rstest::rstest;
use sha2::{Digest, Sha256};
use wire::dtls::{fragments, records};
use wire::tls::{
    Alert, AlertDescription, Certificate, CertificateRequest, CertificateType, CipherSuite, ClientCertificateType,
    ClientHello, DigitallySigned, EcPointFormat, EcdhParameters, EcdheServerKeyExchange, Extension, ExtensionType,
    Handshake, HandshakeType, HelloVerifyRequest, NamedGroup, ProtocolVersion, ServerHello, SignatureAndHash,
    Transport,
};

use super::alerts::{alert_in, clear_record};
use super::certificates::Infrastructure;
use super::channel::{Faults, World, client_config};
use super::credentials::{key, raw_client, raw_server};

fn server_hello(extensions: Vec<Extension>) -> ServerHello {
    ServerHello {
        version: ProtocolVersion::DTLS_1_2,
        random: [4; 32],
        session_id: Vec::new(),
        cipher_suite: CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8,
        compression_method: 0,
        extensions,
    }
}

fn raw_type(extension_type: ExtensionType) -> Extension {
    Extension::certificate_type(extension_type, CertificateType::RAW_PUBLIC_KEY)
}

fn raw_server_hello() -> Handshake {
    Handshake::ServerHello(server_hello(vec![raw_type(ExtensionType::SERVER_CERTIFICATE_TYPE)]))
}

/// Says all of `messages` to the client; the alert with which it ends.
fn said_to_client(world: &mut World, messages: &[Handshake]) -> Option<Alert> {
    let mut alert = None;
    for (number, message) in (0u16..).zip(messages) {
        world.client.handle(world.now, &clear_record(message, number, u64::from(number)));
        while let Some(output) = world.client.poll(world.now) {
            if let Output::Datagram(datagram) = output {
                alert = alert.or(alert_in(&datagram));
            }
        }
    }
    assert_eq!(alert.is_some(), world.client.is_closed());
    alert
}

fn raw_world() -> World {
    World::new(raw_client(true), raw_server(ClientAuthentication::Required), Faults::default(), 1)
}

#[rstest]
#[case::type_not_offered(
    vec![Extension::certificate_type(ExtensionType::SERVER_CERTIFICATE_TYPE, CertificateType::X509)],
    AlertDescription::IllegalParameter
)]
#[case::own_type_not_offered(
    vec![
        raw_type(ExtensionType::SERVER_CERTIFICATE_TYPE),
        Extension::certificate_type(ExtensionType::CLIENT_CERTIFICATE_TYPE, CertificateType::X509),
    ],
    AlertDescription::IllegalParameter
)]
#[case::two_types(
    vec![Extension { extension_type: ExtensionType::SERVER_CERTIFICATE_TYPE, data: vec![2, 0] }],
    AlertDescription::DecodeError
)]
#[case::server_that_knows_no_raw_keys(Vec::new(), AlertDescription::UnsupportedCertificate)]
#[case::compressed_points(
    vec![Extension::ec_point_formats(&[EcPointFormat(1)]).unwrap()],
    AlertDescription::IllegalParameter
)]
#[case::no_point_format(
    vec![Extension { extension_type: ExtensionType::EC_POINT_FORMATS, data: vec![0] }],
    AlertDescription::DecodeError
)]
#[case::type_twice(vec![raw_type(ExtensionType::SERVER_CERTIFICATE_TYPE); 2], AlertDescription::IllegalParameter)]
#[case::extended_master_secret_with_data(
    vec![Extension { extension_type: ExtensionType::EXTENDED_MASTER_SECRET, data: vec![0] }],
    AlertDescription::DecodeError
)]
#[case::signature_algorithms_answered(
    vec![Extension::signature_algorithms(&[SignatureAndHash::ECDSA_SHA256]).unwrap()],
    AlertDescription::UnsupportedExtension
)]
#[case::ticket_not_offered(
    vec![Extension { extension_type: ExtensionType::SESSION_TICKET, data: Vec::new() }],
    AlertDescription::UnsupportedExtension
)]
fn client_refuses_a_choice_that_it_did_not_offer(
    #[case] extensions: Vec<Extension>,
    #[case] expected: AlertDescription,
) {
    let hello = Handshake::ServerHello(server_hello(extensions));
    assert_eq!(said_to_client(&mut raw_world(), &[hello]), Some(Alert::fatal(expected)));
}

#[test]
fn client_of_one_suite_refuses_the_other() {
    let mut hello = server_hello(Vec::new());
    hello.cipher_suite = CipherSuite::PSK_WITH_AES_128_CCM_8;
    let alert = said_to_client(&mut raw_world(), &[Handshake::ServerHello(hello)]);
    assert_eq!(alert, Some(Alert::fatal(AlertDescription::IllegalParameter)));
}

fn p384_certificate() -> Vec<u8> {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    CertificateParams::default().self_signed(&pair).unwrap().der().to_vec()
}

/// The SubjectPublicKeyInfo of a key on P-384.
fn p384_key() -> Vec<u8> {
    KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().public_key_der()
}

fn raw_payload(spoilt: Option<usize>) -> Vec<u8> {
    let mut der = key(2).public_key().subject_public_key_info();
    if let Some(at) = spoilt {
        der[at] ^= 1;
    }
    der
}

#[rstest]
#[case::empty(Vec::new(), AlertDescription::DecodeError)]
#[case::rubbish(b"rubbish".to_vec(), AlertDescription::UnsupportedCertificate)]
#[case::off_the_curve(raw_payload(Some(90)), AlertDescription::BadCertificate)]
#[case::truncated(raw_payload(None)[..90].to_vec(), AlertDescription::UnsupportedCertificate)]
#[case::another_curve(p384_key(), AlertDescription::UnsupportedCertificate)]
fn client_refuses_a_raw_public_key_that_is_none(#[case] payload: Vec<u8>, #[case] expected: AlertDescription) {
    let messages = [raw_server_hello(), Handshake::Certificate(Certificate { payload })];
    assert_eq!(said_to_client(&mut raw_world(), &messages), Some(Alert::fatal(expected)));
}

#[cfg(feature = "x509")]
#[rstest]
#[case::empty(Vec::new(), AlertDescription::DecodeError)]
#[case::empty_certificate(vec![0, 0, 0], AlertDescription::DecodeError)]
#[case::certificate_past_the_end(vec![0, 0, 2, 1], AlertDescription::DecodeError)]
#[case::rubbish(vec![0, 0, 2, 1, 1], AlertDescription::BadCertificate)]
#[case::another_curve(Certificate::from_chain(&[p384_certificate()]).unwrap().payload, AlertDescription::UnsupportedCertificate)]
fn client_refuses_a_chain_that_is_none(#[case] payload: Vec<u8>, #[case] expected: AlertDescription) {
    let right = Infrastructure::new();
    let server = right.server_config(ClientAuthentication::None);
    let mut world = World::new(right.client_config(false), server, Faults::default(), 1);
    let messages = [Handshake::ServerHello(server_hello(Vec::new())), Handshake::Certificate(Certificate { payload })];
    assert_eq!(said_to_client(&mut world, &messages), Some(Alert::fatal(expected)));
}

/// The random in the ClientHello that the client sent.
fn client_random(world: &mut World) -> [u8; 32] {
    let Some(Output::Datagram(datagram)) = world.client.poll(world.now) else { panic!("no ClientHello") };
    let record = records(&datagram).next().unwrap().unwrap();
    ClientHello::parse(Transport::Datagram, fragments(record.fragment).unwrap()[0].body).unwrap().random
}

/// A ServerKeyExchange with these parameters, signed as it must be.
fn signed(client_random: [u8; 32], parameters: EcdhParameters) -> EcdheServerKeyExchange {
    let mut octets = Vec::new();
    parameters.emit(&mut octets).unwrap();
    let hash = Sha256::new().chain_update(client_random).chain_update([4; 32]).chain_update(octets).finalize();
    let signature = key(2).sign(&hash.into()).unwrap();
    EcdheServerKeyExchange {
        parameters,
        signed: DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA256, signature },
    }
}

fn server_certificate() -> Handshake {
    Handshake::Certificate(Certificate { payload: raw_payload(None) })
}

#[rstest]
#[case::point_off_the_curve(|exchange: &mut EcdheServerKeyExchange| exchange.parameters.point[64] ^= 1, true, AlertDescription::IllegalParameter)]
#[case::compressed_point(|exchange: &mut EcdheServerKeyExchange| {
    exchange.parameters.point.truncate(33);
    exchange.parameters.point[0] = 2;
}, true, AlertDescription::IllegalParameter)]
#[case::another_group(|exchange: &mut EcdheServerKeyExchange| exchange.parameters.group = NamedGroup::X25519, true, AlertDescription::IllegalParameter)]
#[case::another_signature_algorithm(
    |exchange: &mut EcdheServerKeyExchange| exchange.signed.algorithm = SignatureAndHash::ECDSA_SHA1,
    false,
    AlertDescription::IllegalParameter
)]
#[case::signature_of_other_parameters(
    |exchange: &mut EcdheServerKeyExchange| exchange.parameters.point = key(3).public_key().point(),
    false,
    AlertDescription::DecryptError
)]
#[case::signature_that_is_no_der(
    |exchange: &mut EcdheServerKeyExchange| exchange.signed.signature.clear(),
    false,
    AlertDescription::DecryptError
)]
fn client_refuses_a_bad_server_key_exchange(
    #[case] spoil: fn(&mut EcdheServerKeyExchange),
    #[case] is_signed_after: bool,
    #[case] expected: AlertDescription,
) {
    let mut world = raw_world();
    let random = client_random(&mut world);
    let parameters = EcdhParameters { group: NamedGroup::SECP256R1, point: key(5).public_key().point() };
    let mut exchange = signed(random, parameters);
    spoil(&mut exchange);
    if is_signed_after {
        exchange = signed(random, exchange.parameters);
    }
    let messages = [
        raw_server_hello(),
        server_certificate(),
        Handshake::ServerKeyExchangeEcdhe(exchange),
        Handshake::ServerHelloDone,
    ];
    assert_eq!(said_to_client(&mut world, &messages), Some(Alert::fatal(expected)));
}

#[test]
fn client_refuses_explicit_curves() {
    let body = vec![1, 0, 23, 1, 4, 4, 3, 0, 0];
    let exchange = Handshake::Raw { msg_type: HandshakeType::ServerKeyExchange, body };
    let alert = said_to_client(&mut raw_world(), &[raw_server_hello(), server_certificate(), exchange]);
    assert_eq!(alert, Some(Alert::fatal(AlertDescription::IllegalParameter)));
}

fn server_key_exchange() -> Handshake {
    let parameters = EcdhParameters { group: NamedGroup::SECP256R1, point: key(5).public_key().point() };
    Handshake::ServerKeyExchangeEcdhe(signed([3; 32], parameters))
}

fn request() -> Handshake {
    Handshake::CertificateRequest(CertificateRequest {
        certificate_types: vec![ClientCertificateType::ECDSA_SIGN],
        signature_algorithms: vec![SignatureAndHash::ECDSA_SHA256],
        certificate_authorities: Vec::new(),
    })
}

#[rstest]
#[case::no_certificate(vec![raw_server_hello(), Handshake::ServerHelloDone])]
#[case::no_hello(vec![server_key_exchange()])]
#[case::malformed_and_out_of_place(vec![Handshake::Raw { msg_type: HandshakeType::Certificate, body: vec![1] }])]
#[case::finished_at_once(vec![raw_server_hello(), Handshake::Finished([0; 12])])]
#[case::two_hellos(vec![raw_server_hello(), raw_server_hello()])]
#[case::cookie_after_the_hello(vec![
    raw_server_hello(),
    Handshake::HelloVerifyRequest(HelloVerifyRequest { version: ProtocolVersion::DTLS_1_0, cookie: vec![1] }),
])]
#[case::no_key_exchange(vec![raw_server_hello(), server_certificate(), Handshake::ServerHelloDone])]
#[case::request_too_early(vec![raw_server_hello(), server_certificate(), request()])]
#[case::certificate_twice(vec![raw_server_hello(), server_certificate(), server_certificate()])]
fn server_message_out_of_place_is_unexpected(#[case] messages: Vec<Handshake>) {
    let alert = said_to_client(&mut raw_world(), &messages);
    assert_eq!(alert, Some(Alert::fatal(AlertDescription::UnexpectedMessage)));
}

#[rstest]
#[case::certificate(server_certificate())]
#[case::request(request())]
fn certificates_have_no_place_with_a_pre_shared_key(#[case] message: Handshake) {
    let mut world = World::new(client_config(), super::channel::server_config(), Faults::default(), 1);
    let mut hello = server_hello(Vec::new());
    hello.cipher_suite = CipherSuite::PSK_WITH_AES_128_CCM_8;
    let alert = said_to_client(&mut world, &[Handshake::ServerHello(hello), message]);
    assert_eq!(alert, Some(Alert::fatal(AlertDescription::UnexpectedMessage)));
}

#[rstest]
#[case::rsa_keys_only(vec![ClientCertificateType(1)], vec![SignatureAndHash::ECDSA_SHA256])]
#[case::sha1_only(vec![ClientCertificateType::ECDSA_SIGN], vec![SignatureAndHash::ECDSA_SHA1])]
fn client_without_a_suitable_certificate_shows_an_empty_one(
    #[case] certificate_types: Vec<ClientCertificateType>,
    #[case] signature_algorithms: Vec<SignatureAndHash>,
) {
    let mut world = raw_world();
    let random = client_random(&mut world);
    let parameters = EcdhParameters { group: NamedGroup::SECP256R1, point: key(5).public_key().point() };
    let request = CertificateRequest { certificate_types, signature_algorithms, certificate_authorities: Vec::new() };
    let messages = [
        raw_server_hello(),
        server_certificate(),
        Handshake::ServerKeyExchangeEcdhe(signed(random, parameters)),
        Handshake::CertificateRequest(request),
        Handshake::ServerHelloDone,
    ];
    let mut types = Vec::new();
    for (number, message) in (0u16..).zip(&messages) {
        world.client.handle(world.now, &clear_record(message, number, u64::from(number)));
    }
    while let Some(output) = world.client.poll(world.now) {
        let Output::Datagram(datagram) = output else { continue };
        for record in records(&datagram).map(Result::unwrap).filter(|record| record.header.epoch == 0) {
            for fragment in fragments(record.fragment).unwrap_or_default() {
                types.push((fragment.header.msg_type, fragment.body.len()));
            }
        }
    }
    assert_eq!(types[..2], [(HandshakeType::Certificate, 3), (HandshakeType::ClientKeyExchange, 66)]);
    assert!(types.iter().all(|(msg_type, _)| *msg_type != HandshakeType::CertificateVerify));
}

/// Says all of `messages` to a server that has answered a ClientHello; the alert with which it ends.
fn said_to_server(authentication: ClientAuthentication, messages: &[Handshake]) -> Option<Alert> {
    let mut world = World::new(raw_client(true), raw_server(authentication), Faults::default(), 1);
    let Some(Output::Datagram(hello)) = world.client.poll(world.now) else { panic!("no ClientHello") };
    world.server.handle(world.now, &hello);
    let mut alert = None;
    for (number, message) in (1u16..).zip(messages) {
        world.server.handle(world.now, &clear_record(message, number, u64::from(number)));
        while let Some(output) = world.server.poll(world.now) {
            if let Output::Datagram(datagram) = output {
                alert = alert.or(alert_in(&datagram));
            }
        }
    }
    assert_eq!(alert.is_some(), world.server.is_closed());
    alert
}

fn certificate() -> Handshake {
    Handshake::Certificate(Certificate { payload: key(1).public_key().subject_public_key_info() })
}

fn point() -> Handshake {
    Handshake::ClientKeyExchangeEcdhe { point: key(6).public_key().point() }
}

fn verify(signature: Vec<u8>) -> Handshake {
    Handshake::CertificateVerify(DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA256, signature })
}

#[rstest]
#[case::certificate_skipped(vec![point()], AlertDescription::UnexpectedMessage)]
#[case::certificate_twice(vec![certificate(), certificate()], AlertDescription::UnexpectedMessage)]
#[case::verify_before_the_point(vec![certificate(), verify(Vec::new())], AlertDescription::UnexpectedMessage)]
#[case::verify_skipped(vec![certificate(), point(), point()], AlertDescription::UnexpectedMessage)]
#[case::finished_in_the_clear(vec![certificate(), point(), Handshake::Finished([0; 12])], AlertDescription::UnexpectedMessage)]
#[case::signature_of_something_else(
    vec![certificate(), point(), verify(key(1).sign(&[7; 32]).unwrap())],
    AlertDescription::DecryptError
)]
#[case::signature_that_is_no_der(vec![certificate(), point(), verify(Vec::new())], AlertDescription::DecryptError)]
#[case::another_signature_algorithm(
    vec![
        certificate(),
        point(),
        Handshake::CertificateVerify(DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA1, signature: Vec::new() }),
    ],
    AlertDescription::IllegalParameter
)]
#[case::point_off_the_curve(
    vec![certificate(), Handshake::ClientKeyExchangeEcdhe { point: vec![4; 65] }],
    AlertDescription::IllegalParameter
)]
#[case::empty_point(
    vec![certificate(), Handshake::Raw { msg_type: HandshakeType::ClientKeyExchange, body: vec![0] }],
    AlertDescription::DecodeError
)]
#[case::empty_certificate(vec![Handshake::Certificate(Certificate::default())], AlertDescription::HandshakeFailure)]
#[case::key_on_another_curve(
    vec![Handshake::Certificate(Certificate { payload: p384_key() })],
    AlertDescription::UnsupportedCertificate
)]
#[case::certificate_past_the_end(
    vec![Handshake::Raw { msg_type: HandshakeType::Certificate, body: vec![0, 0, 2, 1] }],
    AlertDescription::DecodeError
)]
fn server_refuses_a_bad_client(#[case] messages: Vec<Handshake>, #[case] expected: AlertDescription) {
    assert_eq!(said_to_server(ClientAuthentication::Required, &messages), Some(Alert::fatal(expected)));
}

#[rstest]
#[case::not_asked_for(ClientAuthentication::None, vec![certificate()])]
#[case::verify_without_certificate(
    ClientAuthentication::Optional,
    vec![Handshake::Certificate(Certificate::default()), point(), verify(Vec::new())]
)]
fn client_message_out_of_place_is_unexpected(
    #[case] authentication: ClientAuthentication,
    #[case] messages: Vec<Handshake>,
) {
    let expected = Alert::fatal(AlertDescription::UnexpectedMessage);
    assert_eq!(said_to_server(authentication, &messages), Some(expected));
}
