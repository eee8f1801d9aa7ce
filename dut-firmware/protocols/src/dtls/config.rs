//! What client and server over datagrams are told at birth: sizes, timers and cookies, beside what the handshake is told.

use alloc::vec::Vec;
use core::time::Duration;

use crate::tls::{self, ClientEcdhe, ConfigError, Psk, PskStore, ServerEcdhe};

/// Least MTU of a session, in octets of a datagram: room for every record header plus a useful fragment.
pub const MIN_MTU: usize = 64;

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

/// A client's configuration.
#[derive(Clone)]
pub struct ClientConfig {
    /// What is offered and proven.
    pub tls: tls::ClientConfig,
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
}

impl ClientConfig {
    /// A pre-shared key and defaults: as [`tls::ClientConfig::new`], MTU 1280 - 48 octets of IPv6 and UDP header.
    pub fn new(psk_identity: impl Into<Vec<u8>>, psk: Psk) -> Self {
        tls::ClientConfig::new(psk_identity, psk).into()
    }

    /// Raw public keys or certificates, and the same defaults.
    pub fn with_ecdhe(ecdhe: ClientEcdhe) -> Self {
        tls::ClientConfig::with_ecdhe(ecdhe).into()
    }
}

impl From<tls::ClientConfig> for ClientConfig {
    fn from(tls: tls::ClientConfig) -> Self {
        Self { tls, mtu: DEFAULT_MTU, retransmission: Retransmission::default() }
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

/// A server's configuration. Stores are shared, so that a clone is cheap.
#[derive(Clone)]
pub struct ServerConfig {
    /// What is taken and proven.
    pub tls: tls::ServerConfig,
    /// With `Some`, a ClientHello without a valid cookie is answered with a HelloVerifyRequest and leaves no state.
    pub cookie: Option<CookieConfig>,
    /// Most octets of a datagram (UDP payload); no record and no datagram is longer.
    pub mtu: usize,
    /// Timer of flights.
    pub retransmission: Retransmission,
}

impl ServerConfig {
    /// Pre-shared keys and defaults: as [`tls::ServerConfig::new`], no cookies, MTU 1280 - 48.
    pub fn new(psk_store: impl PskStore + Send + Sync + 'static) -> Self {
        tls::ServerConfig::new(psk_store).into()
    }

    /// Raw public keys or certificates, and the same defaults.
    pub fn with_ecdhe(ecdhe: ServerEcdhe) -> Self {
        tls::ServerConfig::with_ecdhe(ecdhe).into()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_mtu(self.mtu)?;
        self.tls.check()
    }
}

impl From<tls::ServerConfig> for ServerConfig {
    fn from(tls: tls::ServerConfig) -> Self {
        Self { tls, cookie: None, mtu: DEFAULT_MTU, retransmission: Retransmission::default() }
    }
}

/// The IPv6 minimum MTU without IPv6 and UDP header.
const DEFAULT_MTU: usize = 1280 - 48;

pub(super) fn check_mtu(mtu: usize) -> Result<(), ConfigError> {
    let too_small = ConfigError::TooSmall { what: "an MTU", octets: mtu, least: MIN_MTU };
    if mtu < MIN_MTU { Err(too_small) } else { Ok(()) }
}
