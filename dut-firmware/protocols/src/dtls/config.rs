//! What client and server are told at birth: credentials, timers, sizes, and which extensions to insist on.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use wire::tls::CipherSuite;

use super::Limits;
use crate::credentials::{Identity, Trust};

/// Least MTU of a session, in octets of a datagram: room for every record header plus a useful fragment.
pub const MIN_MTU: usize = 64;

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

/// Timer of flights (RFC 6347 4.2.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retransmission {
    /// Wait before the first retransmission; doubled after each.
    pub initial: Duration,
    /// The wait never grows beyond this.
    pub maximum: Duration,
    /// How often a flight is sent again before the handshake is given up.
    pub limit: u32,
    /// Each wait is longer by a random part of it, of at most so many percent. RFC 6347 has none; but where both sides are
    /// waiting their repeated flights meet on a slow link, again and again, as long as both wait equally long.
    pub jitter_percent: u32,
}

impl Default for Retransmission {
    /// 1 s, doubled up to 60 s, 7 times: gives up after about three minutes. No jitter.
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), maximum: Duration::from_secs(60), limit: 7, jitter_percent: 0 }
    }
}

impl Retransmission {
    /// With the jitter of CoAP's timer (RFC 7252 4.8, `ACK_RANDOM_FACTOR`).
    pub fn with_jitter(self) -> Self {
        Self { jitter_percent: 50, ..self }
    }
}

/// Why a configuration was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Datagrams of [`MIN_MTU`] octets are the least this engine can do.
    #[error("an MTU of {0} octets is below the minimum of {MIN_MTU}")]
    MtuTooSmall(usize),
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
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
    /// How much a peer may cost.
    pub limits: Limits,
}

impl ClientConfig {
    /// A pre-shared key and defaults: extended master secret offered, MTU 1280 - 48 octets of IPv6 and UDP header.
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
            mtu: DEFAULT_MTU,
            retransmission: Retransmission::default(),
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_mtu(self.mtu)?;
        self.limits.check()?;
        check_suites(&self.cipher_suites, self.psk.is_some(), self.ecdhe.is_some())?;
        if let Some(psk) = &self.psk {
            check_length("PSK identity", psk.identity.len(), 0)?;
            check_length("PSK", psk.psk.octets().len(), 1)?;
        }
        if let Some(ecdhe) = &self.ecdhe {
            check_trust(&ecdhe.trust)?;
            check_length("server name", ecdhe.server_name.as_ref().map_or(1, String::len), 1)?;
        }
        Ok(())
    }
}

/// How a server keeps forged source addresses from making it work (RFC 6347 4.2.1).
#[derive(Clone)]
pub struct CookieConfig {
    /// Secret of the HMAC that cookies are made with. A cookie is good for two to four minutes.
    pub secret: [u8; 32],
    /// The client's transport address in any fixed form: a cookie is good for that address only.
    pub peer: Vec<u8>,
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
    /// With `Some`, a ClientHello without a valid cookie is answered with a HelloVerifyRequest and leaves no state.
    pub cookie: Option<CookieConfig>,
    /// RFC 7627.
    pub extended_master_secret: ExtendedMasterSecret,
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
    /// How much a peer may cost.
    pub limits: Limits,
}

impl ServerConfig {
    /// Pre-shared keys and defaults: no hint, no cookies, extended master secret taken if offered, MTU 1280 - 48.
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
            cookie: None,
            extended_master_secret: ExtendedMasterSecret::default(),
            mtu: DEFAULT_MTU,
            retransmission: Retransmission::default(),
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_mtu(self.mtu)?;
        self.limits.check()?;
        check_suites(&self.cipher_suites, self.psk_store.is_some(), self.ecdhe.is_some())?;
        if let Some(ecdhe) = &self.ecdhe
            && ecdhe.client_authentication != ClientAuthentication::None
        {
            check_trust(&ecdhe.trust)?;
        }
        check_length("PSK identity hint", self.psk_identity_hint.as_ref().map_or(0, Vec::len), 0)
    }
}

/// The IPv6 minimum MTU without IPv6 and UDP header.
const DEFAULT_MTU: usize = 1280 - 48;

fn check_mtu(mtu: usize) -> Result<(), ConfigError> {
    if mtu < MIN_MTU { Err(ConfigError::MtuTooSmall(mtu)) } else { Ok(()) }
}

fn check_length(what: &'static str, length: usize, least: usize) -> Result<(), ConfigError> {
    if (least..=0xffff).contains(&length) { Ok(()) } else { Err(ConfigError::CredentialLength(what)) }
}

fn check_suites(suites: &[CipherSuite], psk: bool, ecdhe: bool) -> Result<(), ConfigError> {
    if suites.is_empty() {
        return Err(ConfigError::NoCipherSuite);
    }
    for suite in suites {
        let has_credentials = match *suite {
            CipherSuite::PSK_WITH_AES_128_CCM_8 => psk,
            CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8 => ecdhe,
            other => return Err(ConfigError::UnknownCipherSuite(other)),
        };
        if !has_credentials {
            return Err(ConfigError::NoCredentials(*suite));
        }
    }
    Ok(())
}

fn check_trust(trust: &Trust) -> Result<(), ConfigError> {
    if trust.raw_public_keys.is_empty() && trust.anchors.is_empty() { Err(ConfigError::NobodyTrusted) } else { Ok(()) }
}
