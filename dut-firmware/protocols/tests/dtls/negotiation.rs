//! What client and server agree on, for every pair of configurations; and what they refuse to agree on.

use bootrack_protocols::credentials::Trust;
use bootrack_protocols::dtls::{ClientConfig, ServerConfig};
use bootrack_protocols::tls::{ClientAuthentication, ConfigError, Limits, Psk, SinglePsk};
use rstest::rstest;
use wire::tls::{
    Alert, AlertDescription, CertificateType, CipherSuite, ClientHello, EcPointFormat, Extension, ExtensionType,
    Handshake, NamedGroup, SignatureAndHash,
};

use super::alerts::{alert_in, clear_record, hello};
use super::certificates::{Infrastructure, client, server};
use super::channel::{Faults, IDENTITY, KEY, World, client_config, server_config};
use super::credentials::{key, raw_client, raw_server, trusting};

const ECDHE: CipherSuite = CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8;
const PSK: CipherSuite = CipherSuite::PSK_WITH_AES_128_CCM_8;

/// What a side has to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kit {
    Psk,
    Raw,
    X509,
    RawAndX509,
    PskAndRaw,
    All,
}

impl Kit {
    fn has_psk(self) -> bool {
        matches!(self, Self::Psk | Self::PskAndRaw | Self::All)
    }

    fn has_raw(self) -> bool {
        matches!(self, Self::Raw | Self::RawAndX509 | Self::PskAndRaw | Self::All)
    }

    fn has_x509(self) -> bool {
        matches!(self, Self::X509 | Self::RawAndX509 | Self::All)
    }

    fn has_ecdhe(self) -> bool {
        self.has_raw() || self.has_x509()
    }

    fn suites(self) -> Vec<CipherSuite> {
        let both = [(ECDHE, self.has_ecdhe()), (PSK, self.has_psk())];
        both.into_iter().filter(|(_, has)| *has).map(|(suite, _)| suite).collect()
    }

    /// Believes everybody in the forms that it knows.
    fn trust(self, right: &Infrastructure) -> Trust {
        let mut trust = if self.has_x509() { right.trust() } else { Trust::default() };
        if self.has_raw() {
            let keys = [right.client.key().public_key(), right.server.key().public_key()];
            trust.raw_public_keys = [keys[0], keys[1], key(1).public_key(), key(2).public_key()].to_vec();
        }
        trust
    }

    fn client(self, right: &Infrastructure) -> ClientConfig {
        let mut config = if !self.has_x509() {
            let mut config = raw_client(true);
            config.tls.ecdhe.as_mut().unwrap().trust = self.trust(right);
            config
        } else {
            let identity = right.client_identity();
            let identity = if self.has_raw() { identity.or_raw_public_key() } else { identity };
            client(Some(identity), self.trust(right))
        };
        config.tls.cipher_suites = self.suites();
        config.tls.ecdhe = config.tls.ecdhe.filter(|_| self.has_ecdhe());
        config.tls.psk = client_config().tls.psk.filter(|_| self.has_psk());
        config
    }

    fn server(self, right: &Infrastructure) -> ServerConfig {
        let authentication = ClientAuthentication::Required;
        let mut config = if !self.has_x509() {
            let mut config = raw_server(authentication);
            config.tls.ecdhe.as_mut().unwrap().trust = self.trust(right);
            config
        } else {
            let identity = right.server_identity();
            let identity = if self.has_raw() { identity.or_raw_public_key() } else { identity };
            server(identity, authentication, self.trust(right))
        };
        config.tls.cipher_suites = self.suites();
        config.tls.ecdhe = config.tls.ecdhe.filter(|_| self.has_ecdhe());
        config.tls.psk_store = server_config().tls.psk_store.filter(|_| self.has_psk());
        config
    }
}

#[rstest]
fn every_pair_that_has_something_in_common_agrees_on_it(
    #[values(Kit::Psk, Kit::Raw, Kit::PskAndRaw)] of_client: Kit,
    #[values(Kit::Psk, Kit::Raw, Kit::PskAndRaw)] of_server: Kit,
) {
    check_pair(of_client, of_server);
}

#[cfg(feature = "x509")]
#[rstest]
fn every_pair_with_chains_that_has_something_in_common_agrees_on_it(
    #[values(Kit::X509, Kit::RawAndX509, Kit::All)] of_one: Kit,
    #[values(Kit::Psk, Kit::Raw, Kit::X509, Kit::RawAndX509, Kit::PskAndRaw, Kit::All)] of_other: Kit,
) {
    check_pair(of_one, of_other);
    check_pair(of_other, of_one);
}

fn check_pair(of_client: Kit, of_server: Kit) {
    let right = Infrastructure::new();
    let mut world = World::new(of_client.client(&right), of_server.server(&right), Faults::default(), 1);
    world.connect();
    world.run();
    let raw = of_client.has_raw() && of_server.has_raw();
    let x509 = of_client.has_x509() && of_server.has_x509();
    let psk = of_client.has_psk() && of_server.has_psk();
    let context = format!("{:?} {:?}", world.client_log.closed, world.server_log.closed);
    if raw || x509 {
        assert!(world.client.is_connected() && world.server.is_connected(), "{context}");
        assert_eq!((world.client.cipher_suite(), world.server.cipher_suite()), (ECDHE, ECDHE));
        // The server prefers its chain to its raw key, and a client's raw key to its chain.
        let shown = world.client.server_certificate().unwrap().certificate_type;
        assert_eq!(shown, if x509 { CertificateType::X509 } else { CertificateType::RAW_PUBLIC_KEY });
        let shown = world.server.client_certificate().unwrap().certificate_type;
        assert_eq!(shown, if raw { CertificateType::RAW_PUBLIC_KEY } else { CertificateType::X509 });
    } else if psk {
        assert!(world.client.is_connected() && world.server.is_connected(), "{context}");
        assert_eq!((world.client.cipher_suite(), world.server.cipher_suite()), (PSK, PSK));
        assert_eq!(world.server.psk_identity(), Some(IDENTITY));
    } else {
        let common_suite = of_client.has_ecdhe() && of_server.has_ecdhe();
        let unsupported = AlertDescription::UnsupportedCertificate;
        let expected = if common_suite { unsupported } else { AlertDescription::HandshakeFailure };
        assert_eq!(world.server_log.closed[0].sent, Some(Alert::fatal(expected)), "{context}");
        assert_eq!(world.client_log.closed[0].received, Some(Alert::fatal(expected)), "{context}");
    }
}

#[rstest]
#[case::raw_keys(Kit::PskAndRaw)]
#[cfg_attr(feature = "x509", case::chains(Kit::All))]
fn preference_of_the_server_decides_on_the_suite(#[case] kit: Kit) {
    let right = Infrastructure::new();
    let mut config = kit.server(&right);
    config.tls.cipher_suites = vec![PSK, ECDHE];
    let mut world = World::new(kit.client(&right), config, Faults::default(), 1);
    world.connect();
    assert_eq!((world.client.cipher_suite(), world.server.cipher_suite()), (PSK, PSK));
}

fn ecdhe_hello() -> ClientHello {
    let types = [CertificateType::RAW_PUBLIC_KEY];
    let extensions = vec![
        Extension::supported_groups(&[NamedGroup::X25519, NamedGroup::SECP256R1]).unwrap(),
        Extension::ec_point_formats(&[EcPointFormat::UNCOMPRESSED]).unwrap(),
        Extension::signature_algorithms(&[SignatureAndHash::ECDSA_SHA1, SignatureAndHash::ECDSA_SHA256]).unwrap(),
        Extension::certificate_types(ExtensionType::CLIENT_CERTIFICATE_TYPE, &types).unwrap(),
        Extension::certificate_types(ExtensionType::SERVER_CERTIFICATE_TYPE, &types).unwrap(),
    ];
    ClientHello { cipher_suites: vec![ECDHE, PSK], extensions, ..hello() }
}

/// The alert that answers a ClientHello, if any.
fn answer(config: ServerConfig, hello: ClientHello) -> (World, Option<Alert>) {
    let mut world = World::new(client_config(), config, Faults::default(), 1);
    world.server.handle(world.now, &clear_record(&Handshake::ClientHello(hello), 0, 0));
    let alert = std::iter::from_fn(|| world.server.poll(world.now)).find_map(|output| match output {
        bootrack_protocols::dtls::Output::Datagram(datagram) => alert_in(&datagram),
        _ => None,
    });
    (world, alert)
}

fn replace(hello: &mut ClientHello, extension_type: ExtensionType, data: Option<&[u8]>) {
    hello.extensions.retain(|extension| extension.extension_type != extension_type);
    hello.extensions.extend(data.map(|data| Extension { extension_type, data: data.to_vec() }));
}

#[rstest]
#[case::another_group(ExtensionType::SUPPORTED_GROUPS, Some(&[0, 2, 0, 29][..]), AlertDescription::HandshakeFailure)]
#[case::no_group(ExtensionType::SUPPORTED_GROUPS, Some(&[0, 0][..]), AlertDescription::DecodeError)]
#[case::half_a_group(ExtensionType::SUPPORTED_GROUPS, Some(&[0, 3, 0, 23, 0][..]), AlertDescription::DecodeError)]
#[case::octets_after_groups(ExtensionType::SUPPORTED_GROUPS, Some(&[0, 2, 0, 23, 0][..]), AlertDescription::DecodeError)]
#[case::compressed_points(ExtensionType::EC_POINT_FORMATS, Some(&[1, 1][..]), AlertDescription::IllegalParameter)]
#[case::no_point_format(ExtensionType::EC_POINT_FORMATS, Some(&[0][..]), AlertDescription::DecodeError)]
#[case::sha1(ExtensionType::SIGNATURE_ALGORITHMS, Some(&[0, 2, 2, 3][..]), AlertDescription::HandshakeFailure)]
#[case::sha1_by_default(ExtensionType::SIGNATURE_ALGORITHMS, None, AlertDescription::HandshakeFailure)]
#[case::no_signature_algorithm(ExtensionType::SIGNATURE_ALGORITHMS, Some(&[0, 0][..]), AlertDescription::DecodeError)]
#[case::openpgp_server(ExtensionType::SERVER_CERTIFICATE_TYPE, Some(&[1, 1][..]), AlertDescription::UnsupportedCertificate)]
#[case::x509_server_by_default(ExtensionType::SERVER_CERTIFICATE_TYPE, None, AlertDescription::UnsupportedCertificate)]
#[case::no_server_type(ExtensionType::SERVER_CERTIFICATE_TYPE, Some(&[0][..]), AlertDescription::DecodeError)]
#[case::openpgp_client(ExtensionType::CLIENT_CERTIFICATE_TYPE, Some(&[1, 1][..]), AlertDescription::UnsupportedCertificate)]
#[case::no_client_type(ExtensionType::CLIENT_CERTIFICATE_TYPE, Some(&[0][..]), AlertDescription::DecodeError)]
fn client_hello_that_leaves_nothing_in_common_is_refused(
    #[case] extension_type: ExtensionType,
    #[case] data: Option<&[u8]>,
    #[case] expected: AlertDescription,
) {
    let mut hello = ecdhe_hello();
    replace(&mut hello, extension_type, data);
    let (world, alert) = answer(raw_server(ClientAuthentication::Required), hello.clone());
    assert_eq!(alert, Some(Alert::fatal(expected)));
    assert!(world.server.is_closed());
    // With a pre-shared key, the same server has something in common with that client.
    let mut config = raw_server(ClientAuthentication::Required);
    config.tls.cipher_suites.push(PSK);
    config.tls.psk_store = server_config().tls.psk_store;
    let (world, alert) = answer(config, hello);
    // What breaks a rule stays an error.
    if matches!(expected, AlertDescription::DecodeError | AlertDescription::IllegalParameter) {
        assert_eq!(alert, Some(Alert::fatal(expected)));
    } else {
        assert_eq!((alert, world.server.cipher_suite()), (None, PSK));
    }
}

#[rstest]
#[case::no_groups_means_any(ExtensionType::SUPPORTED_GROUPS, None)]
#[case::no_formats_means_uncompressed(ExtensionType::EC_POINT_FORMATS, None)]
#[case::no_client_type_means_x509_or_none(ExtensionType::CLIENT_CERTIFICATE_TYPE, None)]
fn client_hello_that_leaves_something_in_common_is_answered(
    #[case] extension_type: ExtensionType,
    #[case] data: Option<&[u8]>,
) {
    let mut hello = ecdhe_hello();
    replace(&mut hello, extension_type, data);
    let (world, alert) = answer(raw_server(ClientAuthentication::Required), hello);
    assert_eq!((alert, world.server.cipher_suite()), (None, ECDHE));
}

#[test]
fn optional_client_without_a_common_type_is_not_asked() {
    let mut hello = ecdhe_hello();
    replace(&mut hello, ExtensionType::CLIENT_CERTIFICATE_TYPE, Some(&[1, 1]));
    let (world, alert) = answer(raw_server(ClientAuthentication::Optional), hello);
    assert_eq!((alert, world.server.is_closed()), (None, false));
}

#[test]
fn configuration_without_credentials_is_refused() {
    let refused = |config: ClientConfig| {
        let entropy = <bootrack_protocols::Entropy as rand_core::SeedableRng>::seed_from_u64(1);
        bootrack_protocols::dtls::Client::new(config, entropy, bootrack_protocols::time::Instant::ZERO).err()
    };
    let mut config = client_config();
    config.tls.cipher_suites.push(ECDHE);
    assert_eq!(refused(config), Some(ConfigError::NoCredentials(ECDHE)));
    let mut config = raw_client(true);
    config.tls.cipher_suites = vec![PSK];
    assert_eq!(refused(config), Some(ConfigError::NoCredentials(PSK)));
    let mut config = client_config();
    config.tls.cipher_suites.clear();
    assert_eq!(refused(config), Some(ConfigError::NoCipherSuite));
    let mut config = client_config();
    config.tls.cipher_suites = vec![CipherSuite(0xc0ac)];
    assert_eq!(refused(config), Some(ConfigError::UnknownCipherSuite(CipherSuite(0xc0ac))));
    let mut config = raw_client(true);
    config.tls.ecdhe.as_mut().unwrap().trust = trusting(&[]);
    assert_eq!(refused(config), Some(ConfigError::NobodyTrusted));
    let mut config = raw_client(true);
    config.tls.limits = Limits { handshake_message: 100, ..Limits::default() };
    assert_eq!(refused(config), Some(ConfigError::LimitTooLow("handshake_message")));
    let config = ServerConfig::new(SinglePsk { identity: IDENTITY.to_vec(), psk: Psk::new(KEY) });
    assert_eq!(config.tls.cipher_suites, [PSK]);
}
