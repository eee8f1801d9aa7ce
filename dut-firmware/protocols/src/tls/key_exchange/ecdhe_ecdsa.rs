//! Ephemeral keys on P-256, signed by the server, who shows a raw public key or a chain of certificates and may ask the
//! client for one (RFC 8422, RFC 7251, RFC 7250 4).

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use wire::tls::{
    AlertDescription, Certificate, CertificateRequest, CertificateType, CipherSuite, ClientCertificateType,
    ClientHello, EcPointFormat, Extension, ExtensionType, Handshake, KeyExchange, NamedGroup, ServerHello,
    SignatureAndHash,
};

use super::ecdhe::{self, Ephemeral};
use super::{ClientKind, ClientSide, Premaster, ServerKind, ServerSide};
use crate::Entropy;
use crate::credentials::{Identity, Purpose, SigningKey, Trust};
use crate::time::Instant;
use crate::tls::config::{check_length, check_trust};
use crate::tls::{
    ClientAuthentication, ClientConfig, ClientEcdhe, ConfigError, Fault, PeerCertificate, Randoms, ServerConfig,
    ServerEcdhe, peer,
};
use crate::work::Work;

const SUITE: CipherSuite = CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8;

pub(super) const CLIENT: ClientKind = ClientKind {
    suite: SUITE,
    has_credentials: |config| {
        if let Some(ecdhe) = &config.ecdhe {
            check_trust(&ecdhe.trust)?;
            check_length("server name", ecdhe.server_name.as_ref().map_or(1, String::len), 1)?;
        }
        Ok(config.ecdhe.is_some())
    },
    offer: |config, _, extensions| {
        let ecdhe = config.ecdhe.as_ref().ok_or(ConfigError::NoCredentials(SUITE))?;
        extensions.append(&mut offered(ecdhe).map_err(|_| ConfigError::CredentialLength("server name"))?);
        Ok(Box::new(Client {
            server_certificate_type: CertificateType::X509,
            server_certificate: None,
            server_point: Vec::new(),
            client_certificate_type: CertificateType::X509,
            request: None,
            shown: None,
        }))
    },
};

pub(super) const SERVER: ServerKind = ServerKind {
    suite: SUITE,
    has_credentials: |config| {
        if let Some(ecdhe) = &config.ecdhe
            && ecdhe.client_authentication != ClientAuthentication::None
        {
            check_trust(&ecdhe.trust)?;
        }
        Ok(config.ecdhe.is_some())
    },
    choose: |config, _, hello, extensions| Ok(Box::new(choose(ecdhe_of(&config.ecdhe)?, hello, extensions)?)),
};

fn ecdhe_of<T>(credentials: &Option<T>) -> Result<&T, Fault> {
    credentials.as_ref().ok_or(Fault::new(AlertDescription::InternalError, "no credentials for ECDHE"))
}

/// What a client says about itself. Certificate types that are X.509 only are left out (RFC 7250 4.1).
fn offered(ecdhe: &ClientEcdhe) -> wire::Result<Vec<Extension>> {
    let mut extensions = vec![
        Extension::supported_groups(&[NamedGroup::SECP256R1])?,
        Extension::ec_point_formats(&[EcPointFormat::UNCOMPRESSED])?,
        Extension::signature_algorithms(&[SignatureAndHash::ECDSA_SHA256])?,
    ];
    let own_types: &[CertificateType] = ecdhe.identity.as_ref().map_or(&[], Identity::certificate_types);
    let believed = believed_types(&ecdhe.trust);
    for (extension_type, types) in [
        (ExtensionType::CLIENT_CERTIFICATE_TYPE, own_types),
        (ExtensionType::SERVER_CERTIFICATE_TYPE, believed.as_slice()),
    ] {
        if types.contains(&CertificateType::RAW_PUBLIC_KEY) {
            extensions.push(Extension::certificate_types(extension_type, types)?);
        }
    }
    if let Some(name) = &ecdhe.server_name {
        extensions.push(Extension::server_name(name)?);
    }
    Ok(extensions)
}

/// In which forms a peer can convince, the smaller first.
fn believed_types(trust: &Trust) -> Vec<CertificateType> {
    let mut types = Vec::new();
    if !trust.raw_public_keys.is_empty() {
        types.push(CertificateType::RAW_PUBLIC_KEY);
    }
    if !trust.anchors.is_empty() {
        types.push(CertificateType::X509);
    }
    types
}

/// The client's side.
struct Client {
    server_certificate_type: CertificateType,
    server_certificate: Option<PeerCertificate>,
    server_point: Vec<u8>,
    client_certificate_type: CertificateType,
    request: Option<CertificateRequest>,
    /// What was shown, and is to be proven.
    shown: Option<Identity>,
}

impl ClientSide for Client {
    fn form(&self) -> KeyExchange {
        KeyExchange::EcdheEcdsa
    }

    fn server_shows_itself(&self) -> bool {
        true
    }

    /// What the server says about points and certificate types (RFC 8422 5.2, RFC 7250 4.2).
    fn on_server_hello(&mut self, config: &ClientConfig, hello: &ServerHello) -> Result<(), Fault> {
        if let Some(extension) = hello.extension(ExtensionType::EC_POINT_FORMATS) {
            let formats = extension.read_ec_point_formats().map_err(Fault::decode)?;
            if !formats.contains(&EcPointFormat::UNCOMPRESSED) {
                return Err(Fault::new(AlertDescription::IllegalParameter, "no uncompressed points"));
            }
        }
        let ecdhe = ecdhe_of(&config.ecdhe)?;
        let own_types: &[CertificateType] = ecdhe.identity.as_ref().map_or(&[], Identity::certificate_types);
        let selected = |extension_type, offered: &[CertificateType]| match hello.extension(extension_type) {
            None => Ok(CertificateType::X509),
            Some(extension) => {
                let selected = extension.read_certificate_type().map_err(Fault::decode)?;
                let what = "certificate type that was not offered";
                let is_offered = offered.contains(&selected);
                if is_offered { Ok(selected) } else { Err(Fault::new(AlertDescription::IllegalParameter, what)) }
            }
        };
        let believed = believed_types(&ecdhe.trust);
        self.server_certificate_type = selected(ExtensionType::SERVER_CERTIFICATE_TYPE, &believed)?;
        self.client_certificate_type = selected(ExtensionType::CLIENT_CERTIFICATE_TYPE, own_types)?;
        if believed.contains(&self.server_certificate_type) {
            Ok(())
        } else {
            // The server does not know RFC 7250 (4.2, outcome 1), and X.509 cannot convince.
            Err(Fault::new(AlertDescription::UnsupportedCertificate, "server shows no raw public key"))
        }
    }

    fn on_certificate(&mut self, config: &ClientConfig, now: Instant, certificate: &Certificate) -> Result<(), Fault> {
        if certificate.payload.is_empty() {
            // RFC 5246 7.4.2: a server's list is never empty.
            return Err(Fault::new(AlertDescription::DecodeError, "server shows no certificate"));
        }
        let (trust, limits) = (&ecdhe_of(&config.ecdhe)?.trust, &config.limits);
        let (form, purpose) = (self.server_certificate_type, Purpose::Server);
        let judged = peer::judge(certificate, form, trust, purpose, limits, now, &mut Work::default())?;
        self.server_certificate = Some(judged);
        Ok(())
    }

    fn on_server_key_exchange(&mut self, exchange: Handshake, randoms: &Randoms) -> Result<(), Fault> {
        let Handshake::ServerKeyExchangeEcdhe(exchange) = exchange else { return Err(Fault::out_of_place()) };
        let missing = Fault::new(AlertDescription::InternalError, "no server certificate");
        let key = &self.server_certificate.as_ref().ok_or(missing)?.public_key;
        ecdhe::check_server_key_exchange(key, &exchange, randoms)?;
        self.server_point = exchange.parameters.point;
        Ok(())
    }

    fn on_certificate_request(&mut self, request: CertificateRequest) -> Result<(), Fault> {
        self.request = Some(request);
        Ok(())
    }

    fn certificate(&mut self, config: &ClientConfig) -> Result<Option<Certificate>, Fault> {
        let Some(request) = self.request.take() else { return Ok(None) };
        let fits = request.certificate_types.contains(&ClientCertificateType::ECDSA_SIGN)
            && request.signature_algorithms.contains(&SignatureAndHash::ECDSA_SHA256);
        let identity = ecdhe_of(&config.ecdhe)?.identity.clone().filter(|_| fits);
        let certificate = identity.as_ref().and_then(|own| own.certificate(self.client_certificate_type));
        // RFC 5246 7.4.6: without a suitable certificate the message is empty.
        self.shown = identity.filter(|_| certificate.is_some());
        Ok(Some(certificate.unwrap_or_default()))
    }

    fn client_key_exchange(
        &mut self,
        _: &ClientConfig,
        entropy: &mut Entropy,
    ) -> Result<(Handshake, Premaster), Fault> {
        let ephemeral = Ephemeral::generate(entropy);
        let secret = ephemeral.agree(&self.server_point)?;
        Ok((Handshake::ClientKeyExchangeEcdhe { point: ephemeral.point() }, secret))
    }

    fn signing_key(&self) -> Option<&SigningKey> {
        self.shown.as_ref().map(Identity::key)
    }

    fn server_certificate(&self) -> Option<&PeerCertificate> {
        self.server_certificate.as_ref()
    }
}

/// The server's side.
struct Server {
    /// The form in which the server shows itself.
    server_certificate_type: CertificateType,
    /// The form in which the client is asked to show itself; `None` = it is not asked.
    client_certificate_type: Option<CertificateType>,
    client_certificate: Option<PeerCertificate>,
    /// The key of this handshake, until it is used.
    ephemeral: Option<Ephemeral>,
}

/// Chooses group, signature algorithm and certificate types (RFC 8422 4, RFC 7250 4.2), or says why nothing fits.
fn choose(config: &ServerEcdhe, hello: &ClientHello, extensions: &mut Vec<Extension>) -> Result<Server, Fault> {
    let failure = |what| Fault::new(AlertDescription::HandshakeFailure, what);
    // A client that names no groups takes any (RFC 8422 4).
    if let Some(extension) = hello.extension(ExtensionType::SUPPORTED_GROUPS) {
        let groups = extension.read_supported_groups().map_err(Fault::decode)?;
        if !groups.contains(&NamedGroup::SECP256R1) {
            return Err(failure("no common group"));
        }
    }
    if let Some(extension) = hello.extension(ExtensionType::EC_POINT_FORMATS) {
        let formats = extension.read_ec_point_formats().map_err(Fault::decode)?;
        if !formats.contains(&EcPointFormat::UNCOMPRESSED) {
            return Err(Fault::new(AlertDescription::IllegalParameter, "no uncompressed points"));
        }
        extensions.push(Extension::ec_point_formats(&[EcPointFormat::UNCOMPRESSED]).map_err(Fault::internal)?);
    }
    // A client that names no algorithms means SHA-1 (RFC 5246 7.4.1.4.1), which this server does not sign with.
    let algorithms = match hello.extension(ExtensionType::SIGNATURE_ALGORITHMS) {
        Some(extension) => extension.read_signature_algorithms().map_err(Fault::decode)?,
        None => vec![SignatureAndHash::ECDSA_SHA1],
    };
    if !algorithms.contains(&SignatureAndHash::ECDSA_SHA256) {
        return Err(failure("no common signature algorithm"));
    }

    let listed = |extension_type| {
        let extension: Option<&Extension> = hello.extension(extension_type);
        extension.map(Extension::read_certificate_types).transpose().map_err(Fault::decode)
    };
    let unsupported = |what| Fault::new(AlertDescription::UnsupportedCertificate, what);
    let server_types = listed(ExtensionType::SERVER_CERTIFICATE_TYPE)?;
    let offered = server_types.as_deref().unwrap_or(&[CertificateType::X509]);
    let server_certificate_type = config.identity.certificate_types().iter().find(|own| offered.contains(own)).copied();
    let server_certificate_type = server_certificate_type.ok_or(unsupported("no common type of server certificate"))?;
    if server_types.is_some() {
        let extension_type = ExtensionType::SERVER_CERTIFICATE_TYPE;
        extensions.push(Extension::certificate_type(extension_type, server_certificate_type));
    }

    let client_types = listed(ExtensionType::CLIENT_CERTIFICATE_TYPE)?;
    let client_certificate_type = match (config.client_authentication, &client_types) {
        (ClientAuthentication::None, _) => None,
        // The client may have no certificate at all, and says so by an empty one.
        (_, None) => Some(CertificateType::X509),
        (authentication, Some(offered)) => {
            let common = believed_types(&config.trust).into_iter().find(|own| offered.contains(own));
            if common.is_none() && authentication == ClientAuthentication::Required {
                return Err(unsupported("no common type of client certificate"));
            }
            common
        }
    };
    if let Some(selected) = client_certificate_type.filter(|_| client_types.is_some()) {
        extensions.push(Extension::certificate_type(ExtensionType::CLIENT_CERTIFICATE_TYPE, selected));
    }
    Ok(Server { server_certificate_type, client_certificate_type, client_certificate: None, ephemeral: None })
}

impl ServerSide for Server {
    fn form(&self) -> KeyExchange {
        KeyExchange::EcdheEcdsa
    }

    fn add_messages(
        &mut self,
        config: &ServerConfig,
        randoms: &Randoms,
        entropy: &mut Entropy,
        work: &mut Work,
        messages: &mut Vec<Handshake>,
    ) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no credentials for ECDHE");
        let identity = &ecdhe_of(&config.ecdhe)?.identity;
        messages.push(Handshake::Certificate(identity.certificate(self.server_certificate_type).ok_or(missing)?));
        let ephemeral = Ephemeral::generate(entropy);
        let exchange = ecdhe::server_key_exchange(identity.key(), &ephemeral, randoms)?;
        messages.push(Handshake::ServerKeyExchangeEcdhe(exchange));
        *work += Work::sha256(ecdhe::PARAMETERS_LENGTH);
        *work += Work::MULTIPLICATION;
        *work += Work::MULTIPLICATION;
        self.ephemeral = Some(ephemeral);
        if self.client_certificate_type.is_some() {
            messages.push(Handshake::CertificateRequest(CertificateRequest {
                certificate_types: vec![ClientCertificateType::ECDSA_SIGN],
                signature_algorithms: vec![SignatureAndHash::ECDSA_SHA256],
                // RFC 5246 7.4.4: none named, any may be sent. Names are long, and frames are short.
                certificate_authorities: Vec::new(),
            }));
        }
        Ok(())
    }

    fn asks_for_certificate(&self) -> bool {
        self.client_certificate_type.is_some()
    }

    fn on_certificate(
        &mut self,
        config: &ServerConfig,
        now: Instant,
        certificate: &Certificate,
        work: &mut Work,
    ) -> Result<(), Fault> {
        let ServerEcdhe { client_authentication, trust, .. } = ecdhe_of(&config.ecdhe)?;
        let form = self.client_certificate_type.ok_or(Fault::out_of_place())?;
        if certificate.payload.is_empty() {
            // RFC 5246 7.4.6: who has none shows an empty one.
            if *client_authentication == ClientAuthentication::Required {
                return Err(Fault::new(AlertDescription::HandshakeFailure, "client shows no certificate"));
            }
            return Ok(());
        }
        let judged = peer::judge(certificate, form, trust, Purpose::Client, &config.limits, now, work)?;
        self.client_certificate = Some(judged);
        Ok(())
    }

    fn on_client_key_exchange(
        &mut self,
        _: &ServerConfig,
        _: &mut Entropy,
        exchange: Handshake,
        work: &mut Work,
    ) -> Result<Premaster, Fault> {
        let Handshake::ClientKeyExchangeEcdhe { point } = exchange else { return Err(Fault::out_of_place()) };
        let ephemeral = self.ephemeral.take();
        let ephemeral = ephemeral.ok_or(Fault::new(AlertDescription::InternalError, "no ephemeral key"))?;
        *work += Work::MULTIPLICATION;
        ephemeral.agree(&point)
    }

    fn client_certificate(&self) -> Option<&PeerCertificate> {
        self.client_certificate.as_ref()
    }
}
