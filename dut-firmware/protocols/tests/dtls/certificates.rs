//! A small public-key infrastructure for the tests: root, intermediate, leaves, and everything that can be wrong with them.

use std::time::Duration;

use bootrack_protocols::credentials::{Identity, SigningKey, Trust, TrustAnchor};
use bootrack_protocols::dtls::{ClientConfig, ServerConfig};
use bootrack_protocols::tls::{ClientAuthentication, ClientEcdhe, ServerEcdhe};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// 2026-06-01: the time at which all tests play, and their certificates are valid if nothing else is said.
pub(crate) const NOW: Duration = Duration::from_secs(1_780_272_000);

/// A certificate and its key.
pub(crate) struct Certified {
    pub(crate) certificate: Certificate,
    pub(crate) pair: KeyPair,
}

impl Certified {
    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    pub(crate) fn key(&self) -> SigningKey {
        SigningKey::from_der(&self.pair.serialize_der()).unwrap()
    }

    pub(crate) fn identity(&self, issuers: &[&Certified]) -> Identity {
        let chain = std::iter::once(self.der()).chain(issuers.iter().map(|issuer| issuer.der())).collect();
        Identity::x509(self.key(), chain).unwrap()
    }
}

pub(crate) fn authority(name: &str) -> CertificateParams {
    let mut parameters = parameters(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

pub(crate) fn leaf(name: &str) -> CertificateParams {
    parameters(name)
}

fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec![format!("{name}.example")]).unwrap();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    (parameters.not_before, parameters.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
    parameters
}

pub(crate) fn self_signed(parameters: CertificateParams) -> Certified {
    let pair = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&pair).unwrap();
    Certified { certificate, pair }
}

pub(crate) fn issued(parameters: CertificateParams, issuer: &Certified) -> Certified {
    issued_for(KeyPair::generate().unwrap(), parameters, issuer)
}

pub(crate) fn issued_for(pair: KeyPair, parameters: CertificateParams, issuer: &Certified) -> Certified {
    let certificate = parameters.signed_by(&pair, &issuer.certificate, &issuer.pair).unwrap();
    Certified { certificate, pair }
}

/// Root, intermediate, and one leaf a side.
pub(crate) struct Infrastructure {
    pub(crate) root: Certified,
    pub(crate) intermediate: Certified,
    pub(crate) server: Certified,
    pub(crate) client: Certified,
}

impl Infrastructure {
    pub(crate) fn new() -> Self {
        let root = self_signed(authority("root"));
        let intermediate = issued(authority("intermediate"), &root);
        let server = issued(leaf("server"), &intermediate);
        let client = issued(leaf("client"), &intermediate);
        Self { root, intermediate, server, client }
    }

    pub(crate) fn trust(&self) -> Trust {
        trusting(&[&self.root])
    }

    pub(crate) fn client_identity(&self) -> Identity {
        self.client.identity(&[&self.intermediate])
    }

    pub(crate) fn server_identity(&self) -> Identity {
        self.server.identity(&[&self.intermediate])
    }

    pub(crate) fn client_config(&self, shows_itself: bool) -> ClientConfig {
        client(shows_itself.then(|| self.client_identity()), self.trust())
    }

    pub(crate) fn server_config(&self, authentication: ClientAuthentication) -> ServerConfig {
        server(self.server_identity(), authentication, self.trust())
    }
}

pub(crate) fn trusting(anchors: &[&Certified]) -> Trust {
    let anchors = anchors.iter().map(|anchor| TrustAnchor::from_certificate(&anchor.der()).unwrap()).collect();
    Trust { anchors, unix_time_at_zero: NOW, ..Trust::default() }
}

pub(crate) fn client(identity: Option<Identity>, trust: Trust) -> ClientConfig {
    ClientConfig::with_ecdhe(ClientEcdhe::new(identity, trust))
}

pub(crate) fn server(identity: Identity, client_authentication: ClientAuthentication, trust: Trust) -> ServerConfig {
    ServerConfig::with_ecdhe(ServerEcdhe { identity, client_authentication, trust })
}

pub(crate) fn for_purpose(name: &str, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut parameters = leaf(name);
    parameters.extended_key_usages = vec![purpose];
    parameters
}

pub(crate) fn used_for(name: &str, usage: KeyUsagePurpose) -> CertificateParams {
    let mut parameters = leaf(name);
    parameters.key_usages = vec![usage];
    parameters
}
