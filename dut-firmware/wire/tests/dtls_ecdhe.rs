//! The messages and extensions of ECDHE_ECDSA with raw public keys and certificates: what is malformed does not parse, and
//! what is emitted parses to the same.

use bootrack_wire::tls::{
    Certificate, CertificateRequest, CertificateType, ClientCertificateType, DigitallySigned, EcPointFormat,
    EcdhParameters, EcdheServerKeyExchange, Extension, ExtensionType, Handshake, HandshakeType, KeyExchange,
    NamedGroup, SignatureAndHash, Transport,
};
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case::no_certificate_type(HandshakeType::CertificateRequest, &[0, 0, 2, 4, 3, 0, 0])]
#[case::no_signature_algorithm(HandshakeType::CertificateRequest, &[1, 64, 0, 0, 0, 0])]
#[case::odd_signature_algorithms(HandshakeType::CertificateRequest, &[1, 64, 0, 1, 4, 0, 0])]
#[case::empty_name(HandshakeType::CertificateRequest, &[1, 64, 0, 2, 4, 3, 0, 2, 0, 0])]
#[case::octets_after_the_names(HandshakeType::CertificateRequest, &[1, 64, 0, 2, 4, 3, 0, 0, 0])]
#[case::chain_past_the_end(HandshakeType::Certificate, &[0, 0, 2, 1])]
#[case::octets_after_the_chain(HandshakeType::Certificate, &[0, 0, 0, 1])]
#[case::explicit_curve(HandshakeType::ServerKeyExchange, &[1, 0, 23, 1, 4, 4, 3, 0, 0])]
#[case::no_point(HandshakeType::ServerKeyExchange, &[3, 0, 23, 0, 4, 3, 0, 0])]
#[case::no_signature(HandshakeType::ServerKeyExchange, &[3, 0, 23, 1, 4])]
#[case::empty_point(HandshakeType::ClientKeyExchange, &[0])]
#[case::octets_after_the_point(HandshakeType::ClientKeyExchange, &[1, 4, 4])]
#[case::signature_past_the_end(HandshakeType::CertificateVerify, &[4, 3, 0, 2, 1])]
fn malformed_ecdhe_messages_do_not_parse(#[case] msg_type: HandshakeType, #[case] body: &[u8]) {
    assert!(Handshake::parse(Transport::Datagram, msg_type, body, KeyExchange::EcdheEcdsa).is_err());
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn signed() -> impl Strategy<Value = DigitallySigned> {
    (any::<u16>(), octets(80))
        .prop_map(|(algorithm, signature)| DigitallySigned { algorithm: SignatureAndHash(algorithm), signature })
}

fn ecdhe_messages() -> impl Strategy<Value = Handshake> {
    let point = || prop::collection::vec(any::<u8>(), 1..256);
    prop_oneof![
        octets(300).prop_map(|payload| Handshake::Certificate(Certificate { payload })),
        (
            prop::collection::vec(any::<u8>(), 1..5),
            prop::collection::vec(any::<u16>(), 1..5),
            prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..4),
        )
            .prop_map(|(types, algorithms, certificate_authorities)| {
                Handshake::CertificateRequest(CertificateRequest {
                    certificate_types: types.into_iter().map(ClientCertificateType).collect(),
                    signature_algorithms: algorithms.into_iter().map(SignatureAndHash).collect(),
                    certificate_authorities,
                })
            }),
        signed().prop_map(Handshake::CertificateVerify),
        point().prop_map(|point| Handshake::ClientKeyExchangeEcdhe { point }),
        (any::<u16>(), point(), signed()).prop_map(|(group, point, signed)| {
            let parameters = EcdhParameters { group: NamedGroup(group), point };
            Handshake::ServerKeyExchangeEcdhe(EcdheServerKeyExchange { parameters, signed })
        }),
    ]
}

proptest! {
    #[test]
    fn every_ecdhe_message_survives_emit_and_parse(message in ecdhe_messages()) {
        let mut body = Vec::new();
        message.emit(&mut body).unwrap();
        prop_assert_eq!(Handshake::parse(Transport::Datagram, message.msg_type(), &body, KeyExchange::EcdheEcdsa), Ok(message));
    }

    #[test]
    fn every_chain_survives(chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..400), 0..5)) {
        let certificate = Certificate::from_chain(&chain).unwrap();
        prop_assert_eq!(certificate.chain().unwrap(), chain.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn every_list_in_an_extension_survives(
        wide in prop::collection::vec(any::<u16>(), 1..20),
        narrow in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let groups: Vec<NamedGroup> = wide.iter().copied().map(NamedGroup).collect();
        prop_assert_eq!(Extension::supported_groups(&groups).unwrap().read_supported_groups(), Ok(groups));
        let algorithms: Vec<SignatureAndHash> = wide.iter().copied().map(SignatureAndHash).collect();
        let extension = Extension::signature_algorithms(&algorithms).unwrap();
        prop_assert_eq!(extension.read_signature_algorithms(), Ok(algorithms));
        let formats: Vec<EcPointFormat> = narrow.iter().copied().map(EcPointFormat).collect();
        prop_assert_eq!(Extension::ec_point_formats(&formats).unwrap().read_ec_point_formats(), Ok(formats));
        let types: Vec<CertificateType> = narrow.iter().copied().map(CertificateType).collect();
        let extension = Extension::certificate_types(ExtensionType::SERVER_CERTIFICATE_TYPE, &types).unwrap();
        prop_assert_eq!(extension.read_certificate_types(), Ok(types.clone()));
        let selected = Extension::certificate_type(ExtensionType::CLIENT_CERTIFICATE_TYPE, types[0]);
        prop_assert_eq!(selected.read_certificate_type(), Ok(types[0]));
    }

    #[test]
    fn no_octets_panic_a_reader_of_extensions(data in octets(60)) {
        let extension = Extension { extension_type: ExtensionType::SUPPORTED_GROUPS, data: data.clone() };
        let _ = extension.read_supported_groups();
        let _ = extension.read_ec_point_formats();
        let _ = extension.read_signature_algorithms();
        let _ = extension.read_certificate_types();
        let _ = extension.read_certificate_type();
        let _ = Certificate { payload: data }.chain();
    }

    #[test]
    fn no_octets_panic_a_parser(input in octets(300), kind in 0u8..21) {
        let _ = Handshake::parse(Transport::Datagram, kind.into(), &input, KeyExchange::EcdheEcdsa);
    }
}
