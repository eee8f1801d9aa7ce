//! What a server chooses from a ClientHello: suite, group, signature algorithm, certificate types (RFC 5246 7.4.1.3,
//! RFC 8422 4, RFC 7250 4.2). The server's preference decides.

use alloc::vec;
use alloc::vec::Vec;

use wire::tls::{
    AlertDescription, CertificateType, CipherSuite, ClientHello, EcPointFormat, Extension, ExtensionType, NamedGroup,
    SignatureAndHash,
};

use super::connection::Fault;
use super::{ClientAuthentication, ServerConfig, ServerEcdhe};
use crate::credentials::Trust;

/// What was chosen.
pub(super) struct Choice {
    pub(super) suite: CipherSuite,
    /// With ECDHE_ECDSA: the form in which the server shows itself.
    pub(super) server_certificate_type: CertificateType,
    /// With ECDHE_ECDSA: the form in which the client is asked to show itself; `None` = it is not asked.
    pub(super) client_certificate_type: Option<CertificateType>,
    /// What the ServerHello answers to the client's extensions of the suite.
    pub(super) extensions: Vec<Extension>,
}

/// Chooses, or says why nothing fits.
pub(super) fn choose(config: &ServerConfig, hello: &ClientHello) -> Result<Choice, Fault> {
    let mut obstacle = Fault::new(AlertDescription::HandshakeFailure, "no common cipher suite");
    for suite in config.cipher_suites.iter().filter(|suite| hello.cipher_suites.contains(suite)) {
        match (*suite, &config.ecdhe) {
            (CipherSuite::PSK_WITH_AES_128_CCM_8, _) => {
                return Ok(Choice {
                    suite: *suite,
                    server_certificate_type: CertificateType::X509,
                    client_certificate_type: None,
                    extensions: Vec::new(),
                });
            }
            (CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8, Some(ecdhe)) => match choose_ecdhe(ecdhe, hello) {
                Ok(choice) => return Ok(choice),
                // What breaks a rule is an error whatever else could be chosen.
                Err(fault)
                    if matches!(fault.alert, AlertDescription::DecodeError | AlertDescription::IllegalParameter) =>
                {
                    return Err(fault);
                }
                Err(fault) => obstacle = fault,
            },
            _ => {}
        }
    }
    Err(obstacle)
}

fn choose_ecdhe(config: &ServerEcdhe, hello: &ClientHello) -> Result<Choice, Fault> {
    let failure = |what| Fault::new(AlertDescription::HandshakeFailure, what);
    // A client that names no groups takes any (RFC 8422 4).
    if let Some(extension) = hello.extension(ExtensionType::SUPPORTED_GROUPS) {
        let groups = extension.read_supported_groups().map_err(Fault::decode)?;
        if !groups.contains(&NamedGroup::SECP256R1) {
            return Err(failure("no common group"));
        }
    }
    let mut extensions = Vec::new();
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
    let suite = CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8;
    Ok(Choice { suite, server_certificate_type, client_certificate_type, extensions })
}

/// In which forms a peer can convince, the smaller first.
pub(super) fn believed_types(trust: &Trust) -> Vec<CertificateType> {
    let mut types = Vec::new();
    if !trust.raw_public_keys.is_empty() {
        types.push(CertificateType::RAW_PUBLIC_KEY);
    }
    if !trust.anchors.is_empty() {
        types.push(CertificateType::X509);
    }
    types
}
