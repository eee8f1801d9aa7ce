//! The client side of a session.

use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::tls::{
    AlertDescription, Certificate, CertificateRequest, CertificateType, CipherSuite, ClientCertificateType,
    ClientHello, EcPointFormat, EcdheServerKeyExchange, Extension, ExtensionType, Handshake, HandshakeType,
    HelloVerifyRequest, KeyExchange, NamedGroup, ProtocolVersion, RANDOM_LENGTH, Sender, ServerHello, SignatureAndHash,
    Transport, psk_premaster_secret,
};

use super::connection::{Connection, Event, Fault};
use super::ecdhe::{self, Ephemeral};
use super::inbox::Message;
use super::negotiation::believed_types;
use super::{
    ClientConfig, ClientEcdhe, ConfigError, ExportError, ExtendedMasterSecret, Output, PeerCertificate, SendError,
    SinglePsk, Statistics, peer,
};
use crate::Entropy;
use crate::credentials::{Identity, Purpose};
use crate::time::Instant;
use crate::work::Work;

/// How many cookies a client takes before it believes that it talks to no DTLS server.
const MAX_COOKIES: u32 = 3;

/// Which message is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ServerHello,
    /// With ECDHE.
    Certificate,
    /// ServerKeyExchange or, with PSK and without a hint, ServerHelloDone.
    ServerKeyExchange,
    /// With ECDHE: CertificateRequest or, if the client is not to show itself, ServerHelloDone.
    CertificateRequest,
    ServerHelloDone,
    Finished,
    Connected,
}

/// A DTLS 1.2 client for one peer.
pub struct Client {
    config: ClientConfig,
    entropy: Entropy,
    connection: Connection,
    state: State,
    hello: ClientHello,
    /// The last ClientHello as it enters the handshake hash: earlier ones do not (RFC 6347 4.2.1).
    hello_bytes: Vec<u8>,
    cookies: u32,
    server_random: [u8; RANDOM_LENGTH],
    extended_master_secret: bool,
    suite: CipherSuite,
    identity_hint: Option<Vec<u8>>,
    server_certificate_type: CertificateType,
    server_certificate: Option<PeerCertificate>,
    /// With ECDHE: the server's point.
    server_point: Vec<u8>,
    client_certificate_type: CertificateType,
    certificate_request: Option<CertificateRequest>,
}

impl Client {
    /// Starts the handshake: the first `poll` yields the ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ClientConfig, mut entropy: Entropy, now: Instant) -> Result<Self, ConfigError> {
        config.check()?;
        let mut random = [0; RANDOM_LENGTH];
        entropy.fill_bytes(&mut random);
        let mut cipher_suites = config.cipher_suites.clone();
        let mut extensions = match config.ecdhe.as_ref().filter(|_| offers_ecdhe(&config)) {
            Some(ecdhe) => ecdhe_extensions(ecdhe).map_err(|_| ConfigError::CredentialLength("server name"))?,
            None => Vec::new(),
        };
        // Secure renegotiation (RFC 5746 3.4) is signalled in the fewest octets, but never by a hello without extensions:
        // that is legal (RFC 5246 7.4.1.2), and yet there are servers that cannot read it.
        if config.extended_master_secret != ExtendedMasterSecret::Never {
            extensions.push(Extension::extended_master_secret());
        }
        if extensions.is_empty() {
            extensions.push(Extension::renegotiation_info());
        } else {
            cipher_suites.push(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
        }
        let hello = ClientHello {
            version: ProtocolVersion::DTLS_1_2,
            random,
            session_id: Vec::new(),
            cookie: Some(Vec::new()),
            cipher_suites,
            compression_methods: vec![0],
            extensions,
        };
        let connection = Connection::new(Sender::Client, config.mtu, config.retransmission, config.limits);
        let mut client = Self {
            config,
            entropy,
            connection,
            state: State::ServerHello,
            hello,
            hello_bytes: Vec::new(),
            cookies: 0,
            server_random: [0; RANDOM_LENGTH],
            extended_master_secret: false,
            suite: CipherSuite::PSK_WITH_AES_128_CCM_8,
            identity_hint: None,
            server_certificate_type: CertificateType::X509,
            server_certificate: None,
            server_point: Vec::new(),
            client_certificate_type: CertificateType::X509,
            certificate_request: None,
        };
        if let Err(fault) = client.send_hello(now) {
            client.connection.fail(fault);
        }
        Ok(client)
    }

    /// Takes one datagram from the peer. Never fails: what is invalid is discarded or answered with an alert.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.connection.receive(datagram);
        while let Some(event) = self.connection.next_event(now) {
            let Event::Message(message) = event else { continue };
            if let Err(fault) = self.on_message(now, &message) {
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

    /// Whether application data may be sent.
    pub fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    /// Whether the session is over and may be dropped.
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// What the server put into `ServerKeyExchange`, if it sent one.
    pub fn identity_hint(&self) -> Option<&[u8]> {
        self.identity_hint.as_deref()
    }

    /// What the server showed; proven to be its own once connected.
    pub fn server_certificate(&self) -> Option<&PeerCertificate> {
        self.server_certificate.as_ref()
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

    fn send_hello(&mut self, now: Instant) -> Result<(), Fault> {
        self.connection.begin_flight();
        self.hello_bytes = self.connection.push_message(&Handshake::ClientHello(self.hello.clone()))?;
        self.connection.send_flight(now, true, &self.hello.random);
        Ok(())
    }

    /// Whether a message of this type has a place in the state.
    fn expects(&self, msg_type: HandshakeType) -> bool {
        let is_psk = self.suite == CipherSuite::PSK_WITH_AES_128_CCM_8;
        match (self.state, msg_type) {
            // RFC 5246 7.4.1.1: ignored while a handshake is under way.
            (_, HandshakeType::HelloRequest)
            | (State::ServerHello, HandshakeType::HelloVerifyRequest | HandshakeType::ServerHello)
            | (State::Certificate, HandshakeType::Certificate)
            | (State::ServerKeyExchange, HandshakeType::ServerKeyExchange)
            | (State::CertificateRequest, HandshakeType::CertificateRequest | HandshakeType::ServerHelloDone)
            | (State::ServerHelloDone, HandshakeType::ServerHelloDone)
            | (State::Finished, HandshakeType::Finished) => true,
            (State::ServerKeyExchange, HandshakeType::ServerHelloDone) => is_psk,
            _ => false,
        }
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
            // Never hashed either (RFC 5246 7.4.1.1).
            (_, Handshake::HelloRequest) => Ok(()),
            (State::ServerHello, Handshake::HelloVerifyRequest(request)) => self.on_cookie(now, request),
            (State::ServerHello, Handshake::ServerHello(hello)) => {
                let first = core::mem::take(&mut self.hello_bytes);
                self.connection.hash(&first);
                self.connection.hash_message(message)?;
                self.on_server_hello(&hello)
            }
            (State::ServerKeyExchange, Handshake::ServerKeyExchangePsk { identity_hint }) => {
                self.connection.hash_message(message)?;
                self.identity_hint = Some(identity_hint);
                self.state = State::ServerHelloDone;
                Ok(())
            }
            (State::Certificate, Handshake::Certificate(certificate)) => {
                self.connection.hash_message(message)?;
                self.on_certificate(now, &certificate)
            }
            (State::ServerKeyExchange, Handshake::ServerKeyExchangeEcdhe(exchange)) => {
                self.connection.hash_message(message)?;
                self.on_server_key_exchange(exchange)
            }
            (State::CertificateRequest, Handshake::CertificateRequest(request)) => {
                self.connection.hash_message(message)?;
                self.certificate_request = Some(request);
                self.state = State::ServerHelloDone;
                Ok(())
            }
            (State::CertificateRequest | State::ServerHelloDone, Handshake::ServerHelloDone) => {
                self.connection.hash_message(message)?;
                self.send_finished(now)
            }
            (State::ServerKeyExchange, Handshake::ServerHelloDone) if is_psk => {
                self.connection.hash_message(message)?;
                self.send_finished(now)
            }
            (State::Finished, Handshake::Finished(verify_data)) => {
                self.connection.verify_finished(message, &verify_data)?;
                self.state = State::Connected;
                self.connection.begin_flight();
                self.connection.connected();
                Ok(())
            }
            _ => Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message out of place")),
        }
    }

    fn on_cookie(&mut self, now: Instant, request: HelloVerifyRequest) -> Result<(), Fault> {
        self.cookies += 1;
        if self.cookies > MAX_COOKIES {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "HelloVerifyRequest without end"));
        }
        self.hello.cookie = Some(request.cookie);
        self.connection.records.forget_clear_records();
        self.send_hello(now)
    }

    fn on_server_hello(&mut self, hello: &ServerHello) -> Result<(), Fault> {
        let fault = |alert, what| Err(Fault::new(alert, what));
        if hello.version != ProtocolVersion::DTLS_1_2 {
            return fault(AlertDescription::ProtocolVersion, "version of ServerHello");
        }
        // The SCSV may be offered but is no suite, so it cannot be selected.
        if !self.config.cipher_suites.contains(&hello.cipher_suite) {
            return fault(AlertDescription::IllegalParameter, "cipher suite that was not offered");
        }
        if hello.compression_method != 0 {
            return fault(AlertDescription::IllegalParameter, "compression that was not offered");
        }
        for (at, extension) in hello.extensions.iter().enumerate() {
            let extension_type = extension.extension_type;
            if hello.extensions.iter().skip(at + 1).any(|other| other.extension_type == extension_type) {
                return fault(AlertDescription::IllegalParameter, "extension twice");
            }
            // Offered always, as the extension or as the SCSV that stands for it (RFC 5746 3.4).
            if extension_type == ExtensionType::RENEGOTIATION_INFO {
                if extension.data != [0] {
                    return fault(AlertDescription::HandshakeFailure, "renegotiation_info not empty");
                }
            } else if self.hello.extension(extension_type).is_none()
                // Offered, but never to be answered (RFC 5246 7.4.1.4.1).
                || extension_type == ExtensionType::SIGNATURE_ALGORITHMS
            {
                return fault(AlertDescription::UnsupportedExtension, "extension that was not offered");
            } else if extension_type == ExtensionType::EXTENDED_MASTER_SECRET && !extension.data.is_empty() {
                return fault(AlertDescription::DecodeError, "extended_master_secret not empty");
            }
        }
        self.extended_master_secret = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some();
        if !self.extended_master_secret && self.config.extended_master_secret == ExtendedMasterSecret::Require {
            return fault(AlertDescription::HandshakeFailure, "no extended master secret");
        }
        self.suite = hello.cipher_suite;
        self.state = State::ServerKeyExchange;
        if self.suite == CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8 {
            self.on_certificate_types(hello)?;
            self.state = State::Certificate;
        }
        self.server_random = hello.random;
        self.connection.records.version = ProtocolVersion::DTLS_1_2;
        Ok(())
    }

    /// What the server says about points and certificate types (RFC 8422 5.2, RFC 7250 4.2).
    fn on_certificate_types(&mut self, hello: &ServerHello) -> Result<(), Fault> {
        if let Some(extension) = hello.extension(ExtensionType::EC_POINT_FORMATS) {
            let formats = extension.read_ec_point_formats().map_err(Fault::decode)?;
            if !formats.contains(&EcPointFormat::UNCOMPRESSED) {
                return Err(Fault::new(AlertDescription::IllegalParameter, "no uncompressed points"));
            }
        }
        let ecdhe = ecdhe_of(&self.config)?;
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

    fn on_certificate(&mut self, now: Instant, certificate: &Certificate) -> Result<(), Fault> {
        if certificate.payload.is_empty() {
            // RFC 5246 7.4.2: a server's list is never empty.
            return Err(Fault::new(AlertDescription::DecodeError, "server shows no certificate"));
        }
        let trust = &ecdhe_of(&self.config)?.trust;
        let limits = &self.config.limits;
        let certificate_type = self.server_certificate_type;
        let judged =
            peer::judge(certificate, certificate_type, trust, Purpose::Server, limits, now, &mut Work::default())?;
        self.server_certificate = Some(judged);
        self.state = State::ServerKeyExchange;
        Ok(())
    }

    fn on_server_key_exchange(&mut self, exchange: EcdheServerKeyExchange) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no server certificate");
        let key = &self.server_certificate.as_ref().ok_or(missing)?.public_key;
        ecdhe::check_server_key_exchange(key, &exchange, &self.hello.random, &self.server_random)?;
        self.server_point = exchange.parameters.point;
        self.state = State::CertificateRequest;
        Ok(())
    }

    /// Everything from Certificate, if asked for, to Finished.
    fn send_finished(&mut self, now: Instant) -> Result<(), Fault> {
        self.connection.begin_flight();
        let shown = if self.suite == CipherSuite::PSK_WITH_AES_128_CCM_8 {
            self.exchange_psk()?;
            None
        } else {
            self.exchange_ecdhe()?
        };
        if let Some(identity) = shown {
            let signed = ecdhe::sign(identity.key(), &self.connection.handshake_hash())?;
            let verify = self.connection.push_message(&Handshake::CertificateVerify(signed))?;
            self.connection.hash(&verify);
        }
        self.connection.push_finished()?;
        self.connection.expect_change_cipher_spec();
        self.connection.send_flight(now, true, &self.hello.random);
        self.state = State::Finished;
        Ok(())
    }

    fn exchange_psk(&mut self) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no PSK");
        let SinglePsk { identity, psk } = self.config.psk.clone().ok_or(missing)?;
        let key_exchange = self.connection.push_message(&Handshake::ClientKeyExchangePsk { identity })?;
        self.connection.hash(&key_exchange);
        let premaster_secret = psk_premaster_secret(psk.octets()).map_err(Fault::internal)?;
        self.derive_keys(&premaster_secret);
        Ok(())
    }

    /// Returns the identity if it was shown and is to be proven.
    fn exchange_ecdhe(&mut self) -> Result<Option<Identity>, Fault> {
        let mut shown = None;
        if let Some(request) = self.certificate_request.take() {
            let fits = request.certificate_types.contains(&ClientCertificateType::ECDSA_SIGN)
                && request.signature_algorithms.contains(&SignatureAndHash::ECDSA_SHA256);
            let identity = ecdhe_of(&self.config)?.identity.clone().filter(|_| fits);
            let certificate = identity.as_ref().and_then(|own| own.certificate(self.client_certificate_type));
            // RFC 5246 7.4.6: without a suitable certificate the message is empty.
            shown = identity.filter(|_| certificate.is_some());
            let certificate = Handshake::Certificate(certificate.unwrap_or_default());
            let certificate = self.connection.push_message(&certificate)?;
            self.connection.hash(&certificate);
        }
        let ephemeral = Ephemeral::generate(&mut self.entropy);
        let secret = ephemeral.agree(&self.server_point)?;
        let point = ephemeral.point();
        let key_exchange = self.connection.push_message(&Handshake::ClientKeyExchangeEcdhe { point })?;
        self.connection.hash(&key_exchange);
        self.derive_keys(secret.raw_secret_bytes());
        Ok(shown)
    }

    fn derive_keys(&mut self, premaster_secret: &[u8]) {
        let extended = self.extended_master_secret;
        self.connection.derive_keys(premaster_secret, &self.hello.random, &self.server_random, extended);
    }
}

fn ecdhe_of(config: &ClientConfig) -> Result<&ClientEcdhe, Fault> {
    config.ecdhe.as_ref().ok_or(Fault::new(AlertDescription::InternalError, "no credentials for ECDHE"))
}

fn offers_ecdhe(config: &ClientConfig) -> bool {
    config.cipher_suites.contains(&CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8)
}

/// What a client with ECDHE_ECDSA says about itself. Certificate types that are X.509 only are left out (RFC 7250 4.1).
fn ecdhe_extensions(ecdhe: &ClientEcdhe) -> wire::Result<Vec<Extension>> {
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
