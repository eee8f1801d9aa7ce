//! The server side of a session.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::tls::{
    AlertDescription, Certificate, CertificateRequest, CertificateType, CipherSuite, ClientCertificateType,
    ClientHello, DigitallySigned, Extension, ExtensionType, Handshake, HandshakeType, HelloVerifyRequest, KeyExchange,
    ProtocolVersion, RANDOM_LENGTH, Sender, ServerHello, SignatureAndHash, Transport, psk_premaster_secret,
};

use super::connection::{Connection, Event, Fault};
use super::ecdhe::{self, Ephemeral};
use super::inbox::Message;
use super::negotiation::{Choice, choose};
use super::{
    ClientAuthentication, ConfigError, CookieConfig, ExportError, ExtendedMasterSecret, Output, PeerCertificate, Psk,
    SendError, ServerConfig, Statistics, UnknownIdentity, cookie, peer,
};
use crate::Entropy;
use crate::credentials::Purpose;
use crate::time::Instant;
use crate::work::Work;

/// Which message is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ClientHello,
    /// The client was asked for one.
    Certificate,
    ClientKeyExchange,
    /// The client showed a certificate.
    CertificateVerify,
    Finished,
    Connected,
}

/// A DTLS 1.2 server for one peer.
pub struct Server {
    /// What all sessions of a listener share.
    config: Arc<ServerConfig>,
    /// For this peer.
    cookie: Option<CookieConfig>,
    entropy: Entropy,
    connection: Connection,
    state: State,
    /// Names the handshake: the random of the ClientHello that was accepted, and its `message_seq`.
    accepted: Option<([u8; RANDOM_LENGTH], u16)>,
    server_random: [u8; RANDOM_LENGTH],
    extended_master_secret: bool,
    suite: CipherSuite,
    psk_identity: Option<Vec<u8>>,
    /// With ECDHE: the key of this handshake, until it is used.
    ephemeral: Option<Ephemeral>,
    /// What the client was asked to show.
    client_certificate_type: CertificateType,
    client_certificate: Option<PeerCertificate>,
}

impl Server {
    /// Waits for a ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ServerConfig, entropy: Entropy) -> Result<Self, ConfigError> {
        config.check()?;
        let cookie = config.cookie.clone();
        Ok(Self::sharing(Arc::new(config), cookie, entropy))
    }

    /// A server with a configuration that was checked and is shared, but for its cookie.
    pub(super) fn sharing(config: Arc<ServerConfig>, cookie: Option<CookieConfig>, entropy: Entropy) -> Self {
        let connection = Connection::new(Sender::Server, config.mtu, config.retransmission, config.limits);
        Self {
            config,
            cookie,
            entropy,
            connection,
            state: State::ClientHello,
            accepted: None,
            server_random: [0; RANDOM_LENGTH],
            extended_master_secret: false,
            suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
            psk_identity: None,
            ephemeral: None,
            client_certificate_type: CertificateType::X509,
            client_certificate: None,
        }
    }

    /// Takes one datagram from the peer. Never fails: what is invalid is discarded or answered with an alert.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.connection.receive(datagram);
        while let Some(event) = self.connection.next_event(now) {
            let outcome = match event {
                Event::ClientHello { message, sequence_number } => self.on_hello(now, &message, sequence_number),
                Event::Message(message) => self.on_message(now, &message),
            };
            if let Err(fault) = outcome {
                self.connection.fail(fault);
            }
        }
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        self.connection.poll(now)
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        self.connection.deadline()
    }

    /// Sends application data as one record.
    ///
    /// # Errors
    /// [`SendError`] before the handshake is complete, after closing, or if the data do not fit into the MTU.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        self.connection.send(now, data)
    }

    /// Ends the session with `close_notify`; a handshake under way is cancelled.
    pub fn close(&mut self, _now: Instant) {
        self.connection.close();
    }

    /// Whether no ClientHello was accepted yet: nothing is lost if such a server is dropped and made again.
    pub fn is_idle(&self) -> bool {
        self.connection.is_idle()
    }

    /// Whether it holds nothing at all, not even a piece of a ClientHello.
    pub(super) fn is_blank(&self) -> bool {
        self.connection.is_blank()
    }

    /// Whether application data may be sent.
    pub fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    /// Whether the session is over and may be dropped.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// What the client calls itself; verified once connected.
    pub fn psk_identity(&self) -> Option<&[u8]> {
        self.psk_identity.as_deref()
    }

    /// What the client showed; proven to be its own once connected. `None` if it was not asked, or has none.
    pub fn client_certificate(&self) -> Option<&PeerCertificate> {
        self.client_certificate.as_ref()
    }

    /// The suite that was selected; of meaning once connected.
    pub fn cipher_suite(&self) -> CipherSuite {
        self.suite
    }

    /// Keying material for another protocol (RFC 5705 4): fills `out`.
    ///
    /// # Errors
    /// [`ExportError`] unless connected, or if the context is too long.
    pub fn export_keying_material(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportError> {
        self.connection.export_keying_material(label, context, out)
    }

    /// Whether the master secret is an extended one; of meaning once connected.
    pub fn has_extended_master_secret(&self) -> bool {
        self.extended_master_secret
    }

    /// Counters for reports.
    pub fn statistics(&self) -> Statistics {
        self.connection.statistics()
    }

    /// What cryptography has cost since the first ClientHello of the session, cookies included.
    pub fn work(&self) -> Work {
        self.connection.work()
    }

    /// Octets that wait: pieces of messages, the flight that was sent, what is to be handed out.
    pub fn buffered(&self) -> usize {
        self.connection.buffered()
    }

    fn on_hello(&mut self, now: Instant, message: &Message, sequence_number: u64) -> Result<(), Fault> {
        let hello = match ClientHello::parse(Transport::Datagram, &message.body) {
            Ok(hello) => hello,
            // Anybody may write rubbish in the clear; it must not end what others have begun.
            Err(error) if self.connection.is_idle() => return Err(Fault::decode(error)),
            Err(_) => return Ok(()),
        };
        match self.accepted {
            Some((random, message_seq)) if random == hello.random => {
                let is_first = matches!(self.state, State::Certificate | State::ClientKeyExchange);
                let awaits_answer = is_first && self.connection.is_handshaking();
                if message_seq == message.message_seq && awaits_answer {
                    self.connection.answer_retransmission(now);
                }
                return Ok(());
            }
            // Without cookies nothing shows that a new ClientHello is no forgery (RFC 6347 4.2.8).
            Some(_) if self.connection.is_connected() && self.cookie.is_none() => return Ok(()),
            _ => {}
        }
        let idle = self.connection.is_idle();
        let mut work = Work::default();
        if !hello.version.is_at_least(ProtocolVersion::DTLS_1_2) {
            let fault = Fault::new(AlertDescription::ProtocolVersion, "version of ClientHello");
            return if idle { Err(fault) } else { Ok(()) };
        }
        let mut valid = true;
        if let Some(config) = &self.cookie {
            valid = cookie::is_valid(config, now, &hello, &mut work);
        }
        if let Some(config) = self.cookie.as_ref().filter(|_| !valid) {
            let request = HelloVerifyRequest {
                version: ProtocolVersion::DTLS_1_0,
                cookie: cookie::cookie(config, now, &hello, &mut work),
            };
            let version = core::mem::replace(&mut self.connection.records.version, ProtocolVersion::DTLS_1_0);
            let request = Handshake::HelloVerifyRequest(request);
            self.connection.add_work(work);
            self.connection.send_stateless(&request, message.message_seq, sequence_number);
            self.connection.records.version = version;
            return Ok(());
        }
        self.connection.restart(message.message_seq, sequence_number);
        self.connection.add_work(work);
        self.accepted = Some((hello.random, message.message_seq));
        self.psk_identity = None;
        self.ephemeral = None;
        self.client_certificate = None;
        self.connection.hash_message(message)?;
        self.connection.records.version = ProtocolVersion::DTLS_1_2;
        self.send_server_hello(now, &hello)
    }

    fn send_server_hello(&mut self, now: Instant, hello: &ClientHello) -> Result<(), Fault> {
        let fault = |alert, what| Err(Fault::new(alert, what));
        if hello.cipher_suites.is_empty() || hello.compression_methods.is_empty() {
            return fault(AlertDescription::DecodeError, "empty list in ClientHello");
        }
        if !hello.compression_methods.contains(&0) {
            return fault(AlertDescription::IllegalParameter, "null compression not offered");
        }
        for (at, extension) in hello.extensions.iter().enumerate() {
            let rest = hello.extensions.iter().skip(at + 1);
            if rest.clone().any(|other| other.extension_type == extension.extension_type) {
                return fault(AlertDescription::IllegalParameter, "extension twice");
            }
        }
        let mut choice = choose(&self.config, hello)?;
        self.suite = choice.suite;
        let mut extensions = Vec::new();
        let renegotiation_info = hello.extension(ExtensionType::RENEGOTIATION_INFO);
        if renegotiation_info.is_some_and(|extension| extension.data != [0]) {
            return fault(AlertDescription::HandshakeFailure, "renegotiation_info not empty");
        }
        let signals = hello.cipher_suites.contains(&CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
        if signals || renegotiation_info.is_some() {
            extensions.push(Extension::renegotiation_info());
        }
        let offered = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET);
        if offered.is_some_and(|extension| !extension.data.is_empty()) {
            return fault(AlertDescription::DecodeError, "extended_master_secret not empty");
        }
        self.extended_master_secret = match (self.config.extended_master_secret, offered) {
            (ExtendedMasterSecret::Require, None) => {
                return fault(AlertDescription::HandshakeFailure, "no extended master secret");
            }
            (ExtendedMasterSecret::Never, _) | (_, None) => false,
            (_, Some(_)) => true,
        };
        if self.extended_master_secret {
            extensions.push(Extension::extended_master_secret());
        }
        extensions.append(&mut choice.extensions);
        self.entropy.fill_bytes(&mut self.server_random);
        let mut messages = vec![Handshake::ServerHello(ServerHello {
            version: ProtocolVersion::DTLS_1_2,
            random: self.server_random,
            session_id: Vec::new(),
            cipher_suite: choice.suite,
            compression_method: 0,
            extensions,
        })];
        self.state = State::ClientKeyExchange;
        if choice.suite == CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8 {
            self.add_ecdhe(&choice, &hello.random, &mut messages)?;
        } else if let Some(identity_hint) = self.config.psk_identity_hint.clone() {
            messages.push(Handshake::ServerKeyExchangePsk { identity_hint });
        }
        messages.push(Handshake::ServerHelloDone);
        self.connection.begin_flight();
        for message in &messages {
            let bytes = self.connection.push_message(message)?;
            self.connection.hash(&bytes);
        }
        self.connection.expect_change_cipher_spec();
        self.connection.send_flight(now, true, &self.server_random);
        Ok(())
    }

    /// Certificate, ServerKeyExchange and, if the client is to show itself, CertificateRequest.
    fn add_ecdhe(
        &mut self,
        choice: &Choice,
        client_random: &[u8; RANDOM_LENGTH],
        messages: &mut Vec<Handshake>,
    ) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no credentials for ECDHE");
        let identity = &self.config.ecdhe.as_ref().ok_or(missing)?.identity;
        messages.push(Handshake::Certificate(identity.certificate(choice.server_certificate_type).ok_or(missing)?));
        let ephemeral = Ephemeral::generate(&mut self.entropy);
        let exchange = ecdhe::server_key_exchange(identity.key(), &ephemeral, client_random, &self.server_random)?;
        messages.push(Handshake::ServerKeyExchangeEcdhe(exchange));
        self.connection.add_work(Work::sha256(ecdhe::PARAMETERS_LENGTH));
        self.connection.add_work(Work::MULTIPLICATION);
        self.connection.add_work(Work::MULTIPLICATION);
        self.ephemeral = Some(ephemeral);
        if let Some(certificate_type) = choice.client_certificate_type {
            self.client_certificate_type = certificate_type;
            self.state = State::Certificate;
            messages.push(Handshake::CertificateRequest(CertificateRequest {
                certificate_types: vec![ClientCertificateType::ECDSA_SIGN],
                signature_algorithms: vec![SignatureAndHash::ECDSA_SHA256],
                // RFC 5246 7.4.4: none named, any may be sent. Names are long, and frames are short.
                certificate_authorities: Vec::new(),
            }));
        }
        Ok(())
    }

    /// Whether a message of this type has a place in the state.
    fn expects(&self, msg_type: HandshakeType) -> bool {
        let expected = match self.state {
            State::ClientHello | State::Connected => return false,
            State::Certificate => HandshakeType::Certificate,
            State::ClientKeyExchange => HandshakeType::ClientKeyExchange,
            State::CertificateVerify => HandshakeType::CertificateVerify,
            State::Finished => HandshakeType::Finished,
        };
        msg_type == expected
    }

    fn on_message(&mut self, now: Instant, message: &Message) -> Result<(), Fault> {
        let is_psk = self.suite == CipherSuite::PSK_WITH_AES_128_CCM_8;
        let key_exchange = if is_psk { KeyExchange::Psk } else { KeyExchange::EcdheEcdsa };
        // What has no place here is not read: its form depends on what was not agreed on yet.
        if !self.expects(message.msg_type) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message out of place"));
        }
        if message.epoch != u16::from(message.msg_type == HandshakeType::Finished) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message in the wrong epoch"));
        }
        let parsed = Handshake::parse(Transport::Datagram, message.msg_type, &message.body, key_exchange)
            .map_err(Fault::decode)?;
        match (self.state, parsed) {
            (State::ClientKeyExchange, Handshake::ClientKeyExchangePsk { identity }) => {
                self.connection.hash_message(message)?;
                self.on_identity(identity)
            }
            (State::Certificate, Handshake::Certificate(certificate)) => {
                self.connection.hash_message(message)?;
                self.on_certificate(now, &certificate)
            }
            (State::ClientKeyExchange, Handshake::ClientKeyExchangeEcdhe { point }) => {
                self.connection.hash_message(message)?;
                self.on_point(&point)
            }
            (State::CertificateVerify, Handshake::CertificateVerify(signed)) => {
                self.on_certificate_verify(&signed)?;
                self.connection.hash_message(message)?;
                self.state = State::Finished;
                Ok(())
            }
            (State::Finished, Handshake::Finished(verify_data)) => {
                self.connection.verify_finished(message, &verify_data)?;
                self.connection.begin_flight();
                self.connection.push_finished()?;
                self.connection.send_flight(now, false, &self.server_random);
                self.state = State::Connected;
                self.connection.connected();
                Ok(())
            }
            _ => Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message out of place")),
        }
    }

    fn on_identity(&mut self, identity: Vec<u8>) -> Result<(), Fault> {
        let conceals = self.config.unknown_identity == UnknownIdentity::Conceal;
        if conceals {
            self.connection.wrong_key_alert = AlertDescription::DecryptError;
        }
        let known = self.config.psk_store.as_ref().and_then(|store| store.psk(&identity));
        // A store that answers with no octets knows no key: anybody could guess that one.
        let psk = match known.filter(|psk| !psk.octets().is_empty()) {
            Some(psk) => psk,
            None if conceals => {
                let mut octets = [0; 16];
                self.entropy.fill_bytes(&mut octets);
                Psk::new(octets)
            }
            None => return Err(Fault::new(AlertDescription::UnknownPskIdentity, "PSK identity not known")),
        };
        self.psk_identity = Some(identity);
        let premaster_secret = psk_premaster_secret(psk.octets()).map_err(Fault::internal)?;
        self.derive_keys(&premaster_secret);
        self.state = State::Finished;
        Ok(())
    }

    fn on_certificate(&mut self, now: Instant, certificate: &Certificate) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no credentials for ECDHE");
        let config = self.config.ecdhe.as_ref().ok_or(missing)?;
        if certificate.payload.is_empty() {
            // RFC 5246 7.4.6: who has none shows an empty one.
            if config.client_authentication == ClientAuthentication::Required {
                return Err(Fault::new(AlertDescription::HandshakeFailure, "client shows no certificate"));
            }
        } else {
            let limits = &self.config.limits;
            let certificate_type = self.client_certificate_type;
            let mut work = Work::default();
            let judged =
                peer::judge(certificate, certificate_type, &config.trust, Purpose::Client, limits, now, &mut work);
            self.connection.add_work(work);
            self.client_certificate = Some(judged?);
        }
        self.state = State::ClientKeyExchange;
        Ok(())
    }

    fn on_point(&mut self, point: &[u8]) -> Result<(), Fault> {
        let ephemeral = self.ephemeral.take();
        let ephemeral = ephemeral.ok_or(Fault::new(AlertDescription::InternalError, "no ephemeral key"))?;
        self.connection.add_work(Work::MULTIPLICATION);
        let secret = ephemeral.agree(point)?;
        self.derive_keys(secret.raw_secret_bytes());
        let is_shown = self.client_certificate.is_some();
        self.state = if is_shown { State::CertificateVerify } else { State::Finished };
        Ok(())
    }

    /// The signature is over all messages before it (RFC 5246 7.4.8).
    fn on_certificate_verify(&mut self, signed: &DigitallySigned) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no client certificate");
        let key = &self.client_certificate.as_ref().ok_or(missing)?.public_key;
        let hash = self.connection.handshake_hash();
        self.connection.add_work(Work::VERIFICATION);
        ecdhe::verify(key, &hash, signed, "signature of CertificateVerify")
    }

    fn derive_keys(&mut self, premaster_secret: &[u8]) {
        let client_random = self.accepted.map_or([0; RANDOM_LENGTH], |(random, _)| random);
        let extended = self.extended_master_secret;
        self.connection.derive_keys(premaster_secret, &client_random, &self.server_random, extended);
    }
}
