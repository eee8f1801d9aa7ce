//! Key exchanges: how client and server come to a premaster secret, and how each knows the other.
//!
//! One is a file with its two sides and a line in [`CLIENTS`] and in [`SERVERS`]. Two lists, so that an image with a server
//! only holds no client. The state machines know none by name.

mod ecdhe;
mod ecdhe_ecdsa;
mod psk;

use alloc::boxed::Box;
use alloc::vec::Vec;

use wire::tls::{
    AlertDescription, Certificate, CertificateRequest, CipherSuite, ClientHello, Extension, Handshake, KeyExchange,
    ServerHello,
};

use super::{ClientConfig, ConfigError, Fault, PeerCertificate, Randoms, ServerConfig};
use crate::Entropy;
use crate::credentials::SigningKey;
use crate::time::Instant;
use crate::work::Work;

/// The clients' sides, in the order in which ClientHello speaks for them.
const CLIENTS: &[ClientKind] = &[ecdhe_ecdsa::CLIENT, psk::CLIENT];

/// The servers' sides.
const SERVERS: &[ServerKind] = &[ecdhe_ecdsa::SERVER, psk::SERVER];

/// Begins a client's side: what ClientHello says for it is added to the extensions.
type Offer = fn(&ClientConfig, &mut Entropy, &mut Vec<Extension>) -> Result<Box<dyn ClientSide>, ConfigError>;

/// Begins a server's side with this client, or says why nothing fits. What ServerHello answers is added to the extensions.
type Choose = fn(&ServerConfig, &mut Entropy, &ClientHello, &mut Vec<Extension>) -> Result<Box<dyn ServerSide>, Fault>;

/// The client's side of a suite that is offered.
pub(super) type Offered = (CipherSuite, Box<dyn ClientSide>);

/// A key exchange that a client can do.
pub(super) struct ClientKind {
    /// Its suite.
    suite: CipherSuite,
    /// Whether the configuration has what it takes; an error if that cannot work.
    has_credentials: fn(&ClientConfig) -> Result<bool, ConfigError>,
    offer: Offer,
}

/// A key exchange that a server can do.
pub(super) struct ServerKind {
    /// Its suite.
    suite: CipherSuite,
    /// Whether the configuration has what it takes; an error if that cannot work.
    has_credentials: fn(&ServerConfig) -> Result<bool, ConfigError>,
    choose: Choose,
}

/// Octets that a master secret is made from; wiped when they are dropped.
pub(super) struct Premaster(Vec<u8>);

impl Premaster {
    pub(super) fn new(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    pub(super) fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Premaster {
    fn drop(&mut self) {
        self.0.fill(0);
        core::hint::black_box(&self.0);
    }
}

/// A client's side, from its ClientHello to its ClientKeyExchange.
pub(super) trait ClientSide {
    /// How the key exchange messages are read.
    fn form(&self) -> KeyExchange;

    /// Whether the server shows itself with a Certificate, and may ask the client to.
    fn server_shows_itself(&self) -> bool {
        false
    }

    /// Whether the server may leave ServerKeyExchange out.
    fn may_lack_server_key_exchange(&self) -> bool {
        false
    }

    /// The server chose this suite, and says this about it.
    fn on_server_hello(&mut self, _config: &ClientConfig, _hello: &ServerHello) -> Result<(), Fault> {
        Ok(())
    }

    /// The server shows itself.
    fn on_certificate(&mut self, _: &ClientConfig, _now: Instant, _: &Certificate) -> Result<(), Fault> {
        Err(Fault::out_of_place())
    }

    /// ServerKeyExchange, read as [`Self::form`] says.
    fn on_server_key_exchange(&mut self, exchange: Handshake, randoms: &Randoms) -> Result<(), Fault>;

    /// The client is to show itself.
    fn on_certificate_request(&mut self, _request: CertificateRequest) -> Result<(), Fault> {
        Err(Fault::out_of_place())
    }

    /// The client's Certificate, if it is to send one.
    fn certificate(&mut self, _config: &ClientConfig) -> Result<Option<Certificate>, Fault> {
        Ok(None)
    }

    /// ClientKeyExchange, and the secret that it leads to.
    fn client_key_exchange(&mut self, _: &ClientConfig, _: &mut Entropy) -> Result<(Handshake, Premaster), Fault>;

    /// With what the client signs, if it has shown itself.
    fn signing_key(&self) -> Option<&SigningKey> {
        None
    }

    /// What the server showed.
    fn server_certificate(&self) -> Option<&PeerCertificate> {
        None
    }

    /// What the server said of pre-shared keys.
    fn identity_hint(&self) -> Option<&[u8]> {
        None
    }
}

/// A server's side, from its ServerHello to the client's ClientKeyExchange.
pub(super) trait ServerSide {
    /// How the key exchange messages are read.
    fn form(&self) -> KeyExchange;

    /// Adds what is between ServerHello and ServerHelloDone.
    fn add_messages(
        &mut self,
        config: &ServerConfig,
        randoms: &Randoms,
        entropy: &mut Entropy,
        work: &mut Work,
        messages: &mut Vec<Handshake>,
    ) -> Result<(), Fault>;

    /// Whether those ask the client to show itself.
    fn asks_for_certificate(&self) -> bool {
        false
    }

    /// The client shows itself.
    fn on_certificate(
        &mut self,
        _config: &ServerConfig,
        _now: Instant,
        _certificate: &Certificate,
        _work: &mut Work,
    ) -> Result<(), Fault> {
        Err(Fault::out_of_place())
    }

    /// ClientKeyExchange, read as [`Self::form`] says, and the secret that it leads to.
    fn on_client_key_exchange(
        &mut self,
        config: &ServerConfig,
        entropy: &mut Entropy,
        exchange: Handshake,
        work: &mut Work,
    ) -> Result<Premaster, Fault>;

    /// What a client is told whose Finished does not decrypt.
    fn wrong_key_alert(&self, _config: &ServerConfig) -> AlertDescription {
        AlertDescription::BadRecordMac
    }

    /// What the client showed; it has to prove that with CertificateVerify.
    fn client_certificate(&self) -> Option<&PeerCertificate> {
        None
    }

    /// What the client calls itself.
    fn psk_identity(&self) -> Option<&[u8]> {
        None
    }
}

/// The client's side of every suite that is offered; what ClientHello says for them is added to the extensions.
pub(super) fn offers(
    config: &ClientConfig,
    entropy: &mut Entropy,
    extensions: &mut Vec<Extension>,
) -> Result<Vec<Offered>, ConfigError> {
    let offered = CLIENTS.iter().filter(|kind| config.cipher_suites.contains(&kind.suite));
    offered.map(|kind| Ok((kind.suite, (kind.offer)(config, entropy, extensions)?))).collect()
}

/// What a server chose.
pub(super) struct Choice {
    pub(super) suite: CipherSuite,
    pub(super) side: Box<dyn ServerSide>,
    /// What ServerHello answers to the client's extensions of the suite.
    pub(super) extensions: Vec<Extension>,
}

/// Chooses by the server's preference (RFC 5246 7.4.1.3), or says why nothing fits.
pub(super) fn choose(config: &ServerConfig, entropy: &mut Entropy, hello: &ClientHello) -> Result<Choice, Fault> {
    let mut obstacle = Fault::new(AlertDescription::HandshakeFailure, "no common cipher suite");
    for suite in config.cipher_suites.iter().copied().filter(|suite| hello.cipher_suites.contains(suite)) {
        let Some(kind) = SERVERS.iter().find(|kind| kind.suite == suite) else { continue };
        let mut extensions = Vec::new();
        match (kind.choose)(config, entropy, hello, &mut extensions) {
            Ok(side) => return Ok(Choice { suite, side, extensions }),
            // What breaks a rule is an error whatever else could be chosen.
            Err(fault) if matches!(fault.alert, AlertDescription::DecodeError | AlertDescription::IllegalParameter) => {
                return Err(fault);
            }
            Err(fault) => obstacle = fault,
        }
    }
    Err(obstacle)
}

/// Whether a client has credentials for every suite that it is to offer, and those can work.
pub(super) fn check_client(config: &ClientConfig) -> Result<(), ConfigError> {
    check(config, &config.cipher_suites, CLIENTS.iter().map(|kind| (kind.suite, kind.has_credentials)))
}

/// Whether a server has credentials for every suite that it is to take, and those can work.
pub(super) fn check_server(config: &ServerConfig) -> Result<(), ConfigError> {
    check(config, &config.cipher_suites, SERVERS.iter().map(|kind| (kind.suite, kind.has_credentials)))
}

type HasCredentials<C> = fn(&C) -> Result<bool, ConfigError>;

fn check<C>(
    config: &C,
    suites: &[CipherSuite],
    mut kinds: impl Iterator<Item = (CipherSuite, HasCredentials<C>)> + Clone,
) -> Result<(), ConfigError> {
    if suites.is_empty() {
        return Err(ConfigError::NoCipherSuite);
    }
    for suite in suites {
        let kind = kinds.clone().find(|(known, _)| known == suite);
        let (_, has_credentials) = kind.ok_or(ConfigError::UnknownCipherSuite(*suite))?;
        if !has_credentials(config)? {
            return Err(ConfigError::NoCredentials(*suite));
        }
    }
    // What is there can work, whether a suite wants it or not.
    kinds.try_for_each(|(_, has_credentials)| has_credentials(config).map(drop))
}
