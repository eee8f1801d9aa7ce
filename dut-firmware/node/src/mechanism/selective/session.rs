//! The DTLS server with the CoAP server inside: one session at a time, dropped after 60 s of silence (`SEL` 5.4,
//! `PROFILE-SEL` 13 and 14).

mod cost;

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use protocols::Entropy;
use protocols::coap::{self, ExchangeId, Response, ServerOutput, TransmissionParameters};
use protocols::credentials::{Identity, SigningKey};
use protocols::dtls::{self, CookieConfig, Output, Retransmission};
use protocols::time::Instant;
use protocols::tls::{
    ClientAuthentication, CloseReason, ExtendedMasterSecret, Psk, PskStore, ServerConfig, ServerEcdhe, UnknownIdentity,
};
use rand_core::{Rng, SeedableRng};
use wire::Eui64;
use wire::coap::Message;
use wire::ipv6::Ipv6Addr;
use wire::upper_tester::{SecretOctets, to_hex};

use super::mutants::Mutant;
use crate::liberties::Identity as Called;
use crate::life::anchor::{KeyPair, TrustAnchor};
use crate::selected::Selected;
#[cfg(feature = "mutants")]
use crate::slips::{Mutant as Slip, Slips};
use crate::stack::Peer;

/// One thing for the device to do or to tell.
#[derive(Debug)]
pub(crate) enum Event {
    Datagram(Peer, Vec<u8>),
    Established(Peer),
    Closed(Peer, CloseReason),
    Request(ExchangeId, Message),
}

/// What the server is, besides its session.
pub(crate) struct Credentials<'a> {
    pub(crate) eui64: Eui64,
    pub(crate) anchor: &'a TrustAnchor,
    /// Wall time at [`Instant::ZERO`] in seconds since 1970.
    pub(crate) unix_time_at_zero: u64,
    /// The commissioning tool that it was installed with.
    pub(crate) tool: Option<Ipv6Addr>,
}

/// The server.
pub(crate) struct SecureServer {
    cookie_secret: [u8; 32],
    entropy: Entropy,
    mutant: Selected<Mutant>,
    /// How the device slips in what it protects.
    #[cfg(feature = "mutants")]
    slips: Slips,
    session: Option<Session>,
}

struct Session {
    peer: Peer,
    dtls: dtls::Server,
    coap: coap::Server,
    /// A cookie came back, so that there is more to lose than a ClientHello.
    begun: bool,
    /// The handshake is done.
    established: bool,
    /// With the commissioning tool that the device was installed with, as far as an address can tell.
    with_tool: bool,
    active: Instant,
    /// The most octets that waited at once, those of the device below included.
    peak_buffered: usize,
}

impl SecureServer {
    pub(crate) fn new(entropy: &mut Entropy, mutant: Selected<Mutant>) -> Self {
        let mut cookie_secret = [0; 32];
        entropy.fill_bytes(&mut cookie_secret);
        Self {
            cookie_secret,
            entropy: Entropy::from_rng(entropy),
            mutant,
            #[cfg(feature = "mutants")]
            slips: Slips::default(),
            session: None,
        }
    }

    /// The same server, which slips so.
    #[cfg(feature = "mutants")]
    pub(crate) fn slipping(self, slips: Slips) -> Self {
        Self { slips, ..self }
    }

    /// Whether a handshake or a session is under way: JSRs pause (`PROFILE-SEL` 4). The handshake of a stranger who got
    /// no further keeps the device from nothing.
    pub(crate) fn is_busy(&self) -> bool {
        let strangers_count = self.mutant.is(Mutant::StrangerPausesJsr);
        let counts = |session: &Session| session.with_tool || session.established || strangers_count;
        self.session.as_ref().is_some_and(|session| session.begun && counts(session))
    }

    /// Takes a datagram; whom the one session is not with is ignored. Two things give way: a ClientHello that has not
    /// returned its cookie, to anybody; and the unfinished handshake of a stranger, to the commissioning tool.
    pub(crate) fn handle(&mut self, now: Instant, peer: Peer, datagram: &[u8], credentials: &Credentials<'_>) {
        if self
            .session
            .as_ref()
            .is_none_or(|session| session.peer != peer && self.gives_way(session, peer, credentials))
        {
            self.session = self.open(now, peer, credentials);
        }
        if let Some(session) = self.session.as_mut().filter(|session| session.peer == peer) {
            session.dtls.handle(now, datagram);
        }
    }

    /// Whether a response waits for its time.
    #[cfg(feature = "mutants")]
    pub(crate) fn holds_a_response(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.coap.holds_a_response())
    }

    /// Whether a session is established.
    #[cfg(feature = "mutants")]
    pub(crate) fn is_established(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.established)
    }

    fn gives_way(&self, session: &Session, peer: Peer, credentials: &Credentials<'_>) -> bool {
        if !session.begun || self.mutant.is(Mutant::SessionDisplaced) && session.established {
            return true;
        }
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::StrangerHoldsSession) || self.mutant.is(Mutant::HelloFloodBlocks) {
            return false;
        }
        credentials.tool == Some(peer.address) && !session.with_tool && !session.established
    }

    /// Hands the response to a request back.
    pub(crate) fn respond(&mut self, now: Instant, exchange: ExchangeId, response: Response) {
        if let Some(session) = &mut self.session {
            session.coap.respond(now, exchange, response);
        }
    }

    /// The next thing to do; to be called until it returns `None`.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Event> {
        #[cfg(feature = "mutants")]
        let impatient = |session: &mut Session| {
            session.begun && !session.established && session.active + core::time::Duration::from_secs(3) <= now
        };
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::HandshakeImpatient) && self.session.as_mut().is_some_and(impatient) {
            self.session = None;
        }
        let session = self.session.as_mut()?;
        let idles =
            session.active + self.mutant.free().session_idle() <= now && !self.mutant.is(Mutant::SessionNeverIdle);
        if session.begun && idles && !session.dtls.is_closed() {
            session.dtls.close(now);
        }
        loop {
            let peer = session.peer;
            let Some(output) = session.dtls.poll(now) else {
                match session.coap.poll(now) {
                    // A response that does not fit into a record is lost: none of the resources makes one.
                    Some(ServerOutput::Datagram(datagram)) => {
                        #[cfg(feature = "mutants")]
                        let datagram = self.slips.coap(datagram);
                        let _ = session.dtls.send(now, &datagram);
                    }
                    Some(ServerOutput::Request { exchange, message }) => {
                        return Some(Event::Request(exchange, message));
                    }
                    None => break,
                }
                continue;
            };
            match output {
                Output::Datagram(datagram) => {
                    // Retransmissions are no activity: only what the peer proves to have sent counts.
                    if !session.begun && !is_hello_verify_request(&datagram) {
                        (session.begun, session.active) = (true, now);
                    }
                    return Some(Event::Datagram(peer, datagram));
                }
                Output::Connected => {
                    (session.begun, session.established, session.active) = (true, true, now);
                    return Some(Event::Established(peer));
                }
                Output::ApplicationData(data) => {
                    session.active = now;
                    session.coap.handle(now, &data);
                }
                Output::Closed(closed) => {
                    if closed.reason == CloseReason::Superseded {
                        // The client begins anew, with message IDs of its own.
                        session.coap = coap_server(&mut self.entropy, self.mutant);
                        session.peak_buffered = 0;
                    } else {
                        self.session = None;
                    }
                    return Some(Event::Closed(peer, closed.reason));
                }
                Output::KeyLog(_) => {}
            }
        }
        None
    }

    /// When `poll` has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let session = self.session.as_ref()?;
        // A ClientHello that has not returned its cookie gives way to anybody, however old it is.
        let idle = session.begun.then(|| session.active + self.mutant.free().session_idle());
        #[cfg(feature = "mutants")]
        let idle = idle.filter(|_| !self.mutant.is(Mutant::SessionNeverIdle));
        [session.dtls.deadline(), session.coap.deadline(), idle].into_iter().flatten().min()
    }

    fn open(&mut self, now: Instant, peer: Peer, credentials: &Credentials<'_>) -> Option<Session> {
        let mut transport_address = peer.address.octets().to_vec();
        if self.mutant.free().cookie_for_port() {
            transport_address.extend(peer.port.to_be_bytes());
        }
        let cookie = CookieConfig { secret: self.cookie_secret, peer: transport_address };
        let tls = ServerConfig {
            extended_master_secret: self.extended_master_secret(),
            unknown_identity: self.unknown_identity(),
            free: self.engines(),
            ..match credentials.anchor {
                TrustAnchor::Psk(psk) => self.by_shared_key(credentials.eui64, psk),
                TrustAnchor::KeyPair(pair) => self.by_key_pair(pair, credentials.unix_time_at_zero)?,
            }
        };
        #[cfg(feature = "mutants")]
        let tls = match self.mutant.is(Mutant::SuiteMissing) {
            true => ServerConfig { cipher_suites: Vec::new(), ..tls },
            false => tls,
        };
        let config = dtls::ServerConfig {
            tls,
            cookie: (!self.mutant.is(Mutant::NoCookie)).then_some(cookie),
            mtu: self.mutant.free().dtls_mtu(),
            retransmission: self.retransmission(),
        };
        #[cfg(feature = "mutants")]
        if self.slips.is(Slip::DtlsRandomsAlike) {
            self.entropy = Entropy::from_seed([7; 32]);
        }
        #[cfg_attr(not(feature = "mutants"), allow(unused_mut, reason = "only a mutant changes it"))]
        let mut dtls = dtls::Server::new(config, Entropy::from_rng(&mut self.entropy)).ok()?;
        #[cfg(feature = "mutants")]
        dtls.set_wrong(dtls::Wrong {
            unverified: self.mutant.is(Mutant::RecordUnverified),
            nonce_again: self.slips.is(Slip::DtlsNonceAgain),
            ..dtls::Wrong::default()
        });
        let coap = coap_server(&mut self.entropy, self.mutant);
        let with_tool = credentials.tool == Some(peer.address);
        let begun = self.mutant.is(Mutant::HelloFloodBlocks);
        Some(Session { peer, dtls, coap, begun, established: false, with_tool, active: now, peak_buffered: 0 })
    }

    fn engines(&self) -> protocols::liberties::Free {
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::WrongKeySilent) {
            return protocols::liberties::Free::taking(&crate::variants::SILENT);
        }
        self.mutant.engines()
    }

    fn unknown_identity(&self) -> UnknownIdentity {
        if self.mutant.engines().conceals_identity() { UnknownIdentity::Conceal } else { UnknownIdentity::default() }
    }

    fn retransmission(&self) -> Retransmission {
        let usual = Retransmission::default().with_jitter();
        let free = self.mutant.engines();
        let initial = free.flight_timer().unwrap_or(usual.initial);
        #[cfg(feature = "mutants")]
        let usual = match self.slips.is(Slip::DtlsTimerSteady) {
            true => Retransmission { maximum: initial, ..usual },
            false => usual,
        };
        Retransmission { initial, limit: free.gives_up_after().unwrap_or(usual.limit), ..usual }
    }

    fn extended_master_secret(&self) -> ExtendedMasterSecret {
        if self.mutant.is(Mutant::EmsRequired) {
            ExtendedMasterSecret::Require
        } else if self.mutant.is(Mutant::EmsIgnored) {
            ExtendedMasterSecret::Never
        } else {
            ExtendedMasterSecret::default()
        }
    }
}

impl SecureServer {
    /// Both ends prove that they know the key.
    fn by_shared_key(&self, eui64: Eui64, key: &SecretOctets) -> ServerConfig {
        let mut identity = eui64.to_string().into_bytes();
        match self.mutant.free().identity() {
            Called::HexLower => {}
            Called::HexUpper => identity.make_ascii_uppercase(),
            Called::Octets => identity = eui64.0.to_vec(),
        }
        let psk = if self.mutant.is(Mutant::PskFixed) { vec![0; 16] } else { key.0.clone() };
        let any_identity = self.mutant.is(Mutant::PskAny);
        let anchor = Anchor { identity: identity.clone(), psk: Psk::new(psk), any_identity };
        let mut hint = if self.mutant.is(Mutant::PskInClear) { to_hex(&key.0).into_bytes() } else { identity };
        if self.mutant.is(Mutant::HintUpperCase) {
            hint.make_ascii_uppercase();
        }
        let config = ServerConfig { psk_identity_hint: Some(hint), ..ServerConfig::new(anchor) };
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::KeyPairBesidePsk)
            && let Ok(key) = SigningKey::from_scalar(&[7; 32])
        {
            let ecdhe = ServerConfig::with_ecdhe(ServerEcdhe {
                identity: Identity::raw_public_key(key),
                client_authentication: ClientAuthentication::None,
                trust: Default::default(),
            });
            let cipher_suites = [ecdhe.cipher_suites.clone(), config.cipher_suites.clone()].concat();
            return ServerConfig {
                cipher_suites,
                psk_store: config.psk_store,
                psk_identity_hint: config.psk_identity_hint,
                ..ecdhe
            };
        }
        config
    }

    /// The device proves itself by its key; with a root, the tool has to prove itself too.
    fn by_key_pair(&self, pair: &KeyPair, unix_time_at_zero: u64) -> Option<ServerConfig> {
        let now = if self.mutant.is(Mutant::ClockIgnored) { MUTANT_TIME } else { unix_time_at_zero };
        let trust = pair.trust(now);
        let client_authentication = match &trust {
            None if self.mutant.is(Mutant::AlwaysAsksCertificate) => ClientAuthentication::Required,
            None => ClientAuthentication::None,
            Some(_) if self.mutant.is(Mutant::NoCertificateRequest) => ClientAuthentication::None,
            Some(_) if self.mutant.is(Mutant::EmptyCertificateAccepted) => ClientAuthentication::Optional,
            Some(_) => ClientAuthentication::Required,
        };
        let mut trust = trust.unwrap_or_default();
        if self.mutant.is(Mutant::RevocationIgnored) {
            trust.revoked.clear();
        }
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::AnyToolBelieved) {
            trust.everybody = true;
        }
        let mut identity = pair.identity()?;
        if self.mutant.is(Mutant::KeyOfAnother) {
            identity = Identity::raw_public_key(SigningKey::from_scalar(&[7; 32]).ok()?);
        }
        if self.mutant.is(Mutant::IssuerLeftOut) {
            identity = KeyPair { issuer: Vec::new(), ..pair.clone() }.identity()?;
        }
        let config = ServerConfig::with_ecdhe(ServerEcdhe { identity, client_authentication, trust });
        if self.mutant.is(Mutant::PskBesideKeyPair) {
            let zeros = Anchor { identity: Vec::new(), psk: Psk::new([0; 16]), any_identity: true };
            let shared = ServerConfig::new(zeros);
            return Some(ServerConfig {
                cipher_suites: [shared.cipher_suites, config.cipher_suites].concat(),
                psk_store: shared.psk_store,
                ..config
            });
        }
        Some(config)
    }
}

/// 2020-07-01, where a mutant's clock stands.
const MUTANT_TIME: u64 = 1_593_561_600;

fn coap_server(entropy: &mut Entropy, mutant: Selected<Mutant>) -> coap::Server {
    let mut server = coap::Server::new(TransmissionParameters::default(), Entropy::from_rng(entropy));
    server.set_free(mutant.engines());
    server
}

/// The pre-shared key as the DTLS engine asks for it.
struct Anchor {
    identity: Vec<u8>,
    psk: Psk,
    any_identity: bool,
}

impl PskStore for Anchor {
    fn psk(&self, identity: &[u8]) -> Option<Psk> {
        (self.identity == identity || self.any_identity).then(|| self.psk.clone())
    }
}

/// A HelloVerifyRequest leaves no state behind (RFC 6347 4.2.1): content type 22 and, behind the record header, type 3.
fn is_hello_verify_request(datagram: &[u8]) -> bool {
    datagram.first() == Some(&22) && datagram.get(13) == Some(&3)
}
