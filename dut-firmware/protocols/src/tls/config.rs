//! What client and server are told at birth, whatever carries the handshake: credentials, limits, and which extensions to
//! insist on.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use wire::tls::CipherSuite;

use super::{Limits, key_exchange};
use crate::credentials::{Identity, Trust};
use crate::liberties::Free;

/// A pre-shared key. No `Debug`: a key must not reach a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Psk(Vec<u8>);

impl Psk {
    /// A key of these octets.
    pub fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Where a server finds the key of an identity.
pub trait PskStore {
    /// The key of the client that calls itself `identity`.
    fn psk(&self, identity: &[u8]) -> Option<Psk>;
}

/// A store of one identity.
#[derive(Clone)]
pub struct SinglePsk {
    /// As `ClientKeyExchange` bears it.
    pub identity: Vec<u8>,
    /// Its key.
    pub psk: Psk,
}

impl PskStore for SinglePsk {
    fn psk(&self, identity: &[u8]) -> Option<Psk> {
        (self.identity == identity).then(|| self.psk.clone())
    }
}

/// What to do about the extended master secret (RFC 7627).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExtendedMasterSecret {
    /// Used if the peer speaks it.
    #[default]
    Offer,
    /// Neither offered nor taken.
    Never,
    /// A handshake without it fails with `handshake_failure` (RFC 7627 5.2, 5.3).
    Require,
}

/// What a server tells a client whose identity it does not know (RFC 4279 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownIdentity {
    /// `unknown_psk_identity` at once.
    #[default]
    Reveal,
    /// The handshake goes on with a random key and ends with `decrypt_error`, as it then does for a wrong key too.
    Conceal,
}

/// Why a configuration was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// What carries the handshake takes too little at once.
    #[error("{what} of {octets} octets is below the minimum of {least}")]
    TooSmall {
        /// What is too small.
        what: &'static str,
        /// As configured.
        octets: usize,
        /// What it takes.
        least: usize,
    },
    /// A record of TLS carries at most 16384 octets (RFC 5246 6.2.1), and an alert takes two.
    #[error("records of {0} octets: 2 to 16384 are possible")]
    RecordSize(usize),
    /// RFC 4279 limits identity, hint and key to what a 16-bit length can say; a key needs at least one octet.
    #[error("the {0} is empty or too long")]
    CredentialLength(&'static str),
    /// A suite needs credentials that are not there, or there is no suite at all.
    #[error("there are no credentials for {0}")]
    NoCredentials(CipherSuite),
    /// None at all.
    #[error("there is no cipher suite")]
    NoCipherSuite,
    /// A suite that this engine does not speak.
    #[error("{0} is not a suite of this engine")]
    UnknownCipherSuite(CipherSuite),
    /// Whoever demands certificates must believe some.
    #[error("peers are to authenticate, but nobody is trusted")]
    NobodyTrusted,
    /// A limit is so low that no handshake can succeed.
    #[error("the limit {0} leaves no room for a handshake")]
    LimitTooLow(&'static str),
}

/// With what a client does `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8`. No `Debug`.
#[derive(Clone)]
pub struct ClientEcdhe {
    /// Shown if the server asks for it; without one, the client says that it has no certificate.
    pub identity: Option<Identity>,
    /// Which servers are believed. Raw public keys are offered if there are any in it, before certificates.
    pub trust: Trust,
    /// Host name for the server, sent as `server_name` (RFC 6066 3). What its certificate must say is `trust.peer_name`.
    pub server_name: Option<String>,
}

impl ClientEcdhe {
    /// Without a server name.
    pub fn new(identity: Option<Identity>, trust: Trust) -> Self {
        Self { identity, trust, server_name: None }
    }
}

/// A client's configuration.
#[derive(Clone)]
pub struct ClientConfig {
    /// What is offered, by preference; every suite needs its credentials below.
    pub cipher_suites: Vec<CipherSuite>,
    /// Identity and key of `TLS_PSK_WITH_AES_128_CCM_8`; the server's hint is not relied on (`PROFILE-SEL` 13).
    pub psk: Option<SinglePsk>,
    /// Credentials of `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8`.
    pub ecdhe: Option<ClientEcdhe>,
    /// RFC 7627.
    pub extended_master_secret: ExtendedMasterSecret,
    /// How much a peer may cost.
    pub limits: Limits,
}

impl ClientConfig {
    /// A pre-shared key and defaults: extended master secret offered.
    pub fn new(psk_identity: impl Into<Vec<u8>>, psk: Psk) -> Self {
        let psk = Some(SinglePsk { identity: psk_identity.into(), psk });
        Self { psk, ecdhe: None, ..Self::with(CipherSuite::PSK_WITH_AES_128_CCM_8) }
    }

    /// Raw public keys or certificates, and the same defaults.
    pub fn with_ecdhe(ecdhe: ClientEcdhe) -> Self {
        Self { psk: None, ecdhe: Some(ecdhe), ..Self::with(CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8) }
    }

    fn with(suite: CipherSuite) -> Self {
        Self {
            cipher_suites: vec![suite],
            psk: None,
            ecdhe: None,
            extended_master_secret: ExtendedMasterSecret::default(),
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        key_exchange::check_client(self)
    }
}

/// Whether clients of the ECDHE_ECDSA suite must show a certificate or raw public key (RFC 5246 7.4.4, 7.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuthentication {
    /// They are not asked.
    None,
    /// They are asked; who has none is served all the same, who shows a bad one is not.
    Optional,
    /// Who has none is refused with `handshake_failure`.
    #[default]
    Required,
}

/// With what a server does `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8`. No `Debug`.
#[derive(Clone)]
pub struct ServerEcdhe {
    /// Shown to every client.
    pub identity: Identity,
    /// Whether clients are asked for theirs.
    pub client_authentication: ClientAuthentication,
    /// Which clients are believed.
    pub trust: Trust,
}

/// A server's configuration. Stores are shared, so that a clone is cheap.
#[derive(Clone)]
pub struct ServerConfig {
    /// What is taken, by preference: the server's preference decides. Every suite needs its credentials below.
    pub cipher_suites: Vec<CipherSuite>,
    /// Sent in `ServerKeyExchange`; without one that message is left out (RFC 4279 2).
    pub psk_identity_hint: Option<Vec<u8>>,
    /// The keys of `TLS_PSK_WITH_AES_128_CCM_8`.
    pub psk_store: Option<Arc<dyn PskStore + Send + Sync>>,
    /// Alert for an unknown identity.
    pub unknown_identity: UnknownIdentity,
    /// Credentials of `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8`.
    pub ecdhe: Option<ServerEcdhe>,
    /// RFC 7627.
    pub extended_master_secret: ExtendedMasterSecret,
    /// How much a peer may cost.
    pub limits: Limits,
    /// Which liberties it takes.
    pub free: Free,
}

impl ServerConfig {
    /// Pre-shared keys and defaults: no hint, extended master secret taken if offered.
    pub fn new(psk_store: impl PskStore + Send + Sync + 'static) -> Self {
        Self { psk_store: Some(Arc::new(psk_store)), ..Self::with(CipherSuite::PSK_WITH_AES_128_CCM_8) }
    }

    /// Raw public keys or certificates, and the same defaults.
    pub fn with_ecdhe(ecdhe: ServerEcdhe) -> Self {
        Self { ecdhe: Some(ecdhe), ..Self::with(CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8) }
    }

    fn with(suite: CipherSuite) -> Self {
        Self {
            cipher_suites: vec![suite],
            psk_identity_hint: None,
            psk_store: None,
            unknown_identity: UnknownIdentity::default(),
            ecdhe: None,
            extended_master_secret: ExtendedMasterSecret::default(),
            limits: Limits::default(),
            free: Free::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        key_exchange::check_server(self)
    }
}

pub(super) fn check_length(what: &'static str, length: usize, least: usize) -> Result<(), ConfigError> {
    if (least..=0xffff).contains(&length) { Ok(()) } else { Err(ConfigError::CredentialLength(what)) }
}

pub(super) fn check_trust(trust: &Trust) -> Result<(), ConfigError> {
    if trust.raw_public_keys.is_empty() && trust.anchors.is_empty() { Err(ConfigError::NobodyTrusted) } else { Ok(()) }
}
