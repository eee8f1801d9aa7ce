//! What client and server are told at birth: credentials, timers, sizes, and which extensions to insist on.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

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
}

impl Default for Retransmission {
    /// 1 s, doubled up to 60 s, 7 times: gives up after about three minutes.
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), maximum: Duration::from_secs(60), limit: 7 }
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
}

/// A client's configuration.
#[derive(Clone)]
pub struct ClientConfig {
    /// Sent in `ClientKeyExchange`; the server's hint is not relied on (`PROFILE-SEL` 13).
    pub psk_identity: Vec<u8>,
    /// The key of that identity.
    pub psk: Psk,
    /// RFC 7627.
    pub extended_master_secret: ExtendedMasterSecret,
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
}

impl ClientConfig {
    /// Defaults: extended master secret offered, MTU 1280 - 48 octets of IPv6 and UDP header, default timers.
    pub fn new(psk_identity: impl Into<Vec<u8>>, psk: Psk) -> Self {
        Self {
            psk_identity: psk_identity.into(),
            psk,
            extended_master_secret: ExtendedMasterSecret::default(),
            mtu: DEFAULT_MTU,
            retransmission: Retransmission::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_mtu(self.mtu)?;
        check_length("PSK identity", self.psk_identity.len(), 0)?;
        check_length("PSK", self.psk.octets().len(), 1)
    }
}

/// How a server keeps forged source addresses from making it work (RFC 6347 4.2.1).
#[derive(Clone)]
pub struct CookieConfig {
    /// Secret of the HMAC that cookies are made with; change it from time to time.
    pub secret: [u8; 32],
    /// The client's transport address in any fixed form: a cookie is good for that address only.
    pub peer: Vec<u8>,
}

/// A server's configuration.
pub struct ServerConfig {
    /// Sent in `ServerKeyExchange`; without one that message is left out (RFC 4279 2).
    pub psk_identity_hint: Option<Vec<u8>>,
    /// The keys.
    pub psk_store: Box<dyn PskStore + Send + Sync>,
    /// Alert for an unknown identity.
    pub unknown_identity: UnknownIdentity,
    /// With `Some`, a ClientHello without a valid cookie is answered with a HelloVerifyRequest and leaves no state.
    pub cookie: Option<CookieConfig>,
    /// RFC 7627.
    pub extended_master_secret: ExtendedMasterSecret,
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
}

impl ServerConfig {
    /// Defaults: no hint, no cookies, extended master secret taken if offered, MTU 1280 - 48, default timers.
    pub fn new(psk_store: impl PskStore + Send + Sync + 'static) -> Self {
        Self {
            psk_identity_hint: None,
            psk_store: Box::new(psk_store),
            unknown_identity: UnknownIdentity::default(),
            cookie: None,
            extended_master_secret: ExtendedMasterSecret::default(),
            mtu: DEFAULT_MTU,
            retransmission: Retransmission::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_mtu(self.mtu)?;
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
