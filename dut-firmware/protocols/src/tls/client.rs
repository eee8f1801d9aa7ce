//! The client's side of a handshake, over whatever carries it (RFC 5246 7.3).

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::tls::{
    AlertDescription, CipherSuite, ClientHello, Extension, ExtensionType, Handshake, HandshakeType, KeyExchange,
    RANDOM_LENGTH, Sender, ServerHello, Transport,
};

use super::key_exchange::{self, ClientSide};
use super::schedule::Schedule;
use super::{
    Carrier, ClientConfig, ConfigError, ExportError, ExtendedMasterSecret, Fault, PeerCertificate, Randoms, Received,
    signature,
};
use crate::Entropy;
use crate::time::Instant;

/// Which message is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ServerHello,
    /// If the server is to show itself.
    Certificate,
    /// ServerKeyExchange or, where that may be left out, ServerHelloDone.
    ServerKeyExchange,
    /// CertificateRequest or, if the client is not to show itself, ServerHelloDone.
    CertificateRequest,
    ServerHelloDone,
    Finished,
    Connected,
}

/// How the key exchange stands.
enum Exchange {
    /// The client's side of every suite that is offered.
    Offered(Vec<(CipherSuite, Box<dyn ClientSide>)>),
    /// The one that the server chose.
    Chosen(Agreed),
}

/// What ServerHello has settled.
struct Agreed {
    suite: CipherSuite,
    side: Box<dyn ClientSide>,
    randoms: Randoms,
    session_id: Vec<u8>,
    extended_master_secret: bool,
}

/// A client in its handshake, and after it.
pub(crate) struct Client<C> {
    config: ClientConfig,
    entropy: Entropy,
    /// What the messages travel in.
    pub(crate) carrier: C,
    schedule: Schedule,
    state: State,
    hello: ClientHello,
    /// The last ClientHello as it enters the handshake hash: earlier ones do not (RFC 6347 4.2.1).
    hello_bytes: Vec<u8>,
    exchange: Exchange,
}

impl<C: Carrier> Client<C> {
    /// Starts the handshake by a flight with the ClientHello.
    pub(crate) fn new(
        config: ClientConfig,
        mut entropy: Entropy,
        carrier: C,
        now: Instant,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut random = [0; RANDOM_LENGTH];
        entropy.fill_bytes(&mut random);
        let mut cipher_suites = config.cipher_suites.clone();
        let mut extensions = Vec::new();
        let offers = key_exchange::offers(&config, &mut entropy, &mut extensions)?;
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
            version: C::VERSION,
            random,
            session_id: Vec::new(),
            cookie: (C::TRANSPORT == Transport::Datagram).then(Vec::new),
            cipher_suites,
            compression_methods: vec![0],
            extensions,
        };
        let mut client = Self {
            config,
            entropy,
            carrier,
            schedule: Schedule::new(Sender::Client),
            state: State::ServerHello,
            hello,
            hello_bytes: Vec::new(),
            exchange: Exchange::Offered(offers),
        };
        if let Err(fault) = client.send_hello(now) {
            client.carrier.fail(fault);
        }
        Ok(client)
    }

    fn send_hello(&mut self, now: Instant) -> Result<(), Fault> {
        self.carrier.begin_flight();
        self.hello_bytes = self.carrier.push(&Handshake::ClientHello(self.hello.clone()))?;
        self.carrier.send_flight(now, true, &self.hello.random);
        Ok(())
    }

    /// Whether the server has not answered the ClientHello yet.
    pub(crate) fn awaits_server_hello(&self) -> bool {
        self.state == State::ServerHello
    }

    /// Sends the ClientHello again, with the cookie that the server asks for (RFC 6347 4.2.1).
    pub(crate) fn return_cookie(&mut self, now: Instant, cookie: Vec<u8>) -> Result<(), Fault> {
        self.hello.cookie = Some(cookie);
        self.send_hello(now)
    }

    fn agreed(&self) -> Option<&Agreed> {
        match &self.exchange {
            Exchange::Offered(_) => None,
            Exchange::Chosen(agreed) => Some(agreed),
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.carrier.is_connected()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.carrier.is_closed()
    }

    pub(crate) fn cipher_suite(&self) -> CipherSuite {
        self.agreed().map_or(CipherSuite::PSK_WITH_AES_128_CCM_8, |agreed| agreed.suite)
    }

    pub(crate) fn has_extended_master_secret(&self) -> bool {
        self.agreed().is_some_and(|agreed| agreed.extended_master_secret)
    }

    pub(crate) fn session_id(&self) -> &[u8] {
        self.agreed().map_or(&[], |agreed| &agreed.session_id)
    }

    pub(crate) fn randoms(&self) -> Option<Randoms> {
        self.schedule.randoms()
    }

    pub(crate) fn identity_hint(&self) -> Option<&[u8]> {
        self.agreed()?.side.identity_hint()
    }

    pub(crate) fn server_certificate(&self) -> Option<&PeerCertificate> {
        self.agreed()?.side.server_certificate()
    }

    pub(crate) fn export_keying_material(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportError> {
        let is_connected = self.carrier.is_connected();
        if is_connected { self.schedule.export(label, context, out) } else { Err(ExportError::NotConnected) }
    }

    /// Whether a message of this type has a place in the state.
    fn expects(&self, msg_type: HandshakeType) -> bool {
        let may_lack_it = |agreed: &Agreed| agreed.side.may_lack_server_key_exchange();
        match (self.state, msg_type) {
            // RFC 5246 7.4.1.1: ignored while a handshake is under way.
            (_, HandshakeType::HelloRequest)
            | (State::ServerHello, HandshakeType::ServerHello)
            | (State::Certificate, HandshakeType::Certificate)
            | (State::ServerKeyExchange, HandshakeType::ServerKeyExchange)
            | (State::CertificateRequest, HandshakeType::CertificateRequest | HandshakeType::ServerHelloDone)
            | (State::ServerHelloDone, HandshakeType::ServerHelloDone)
            | (State::Finished, HandshakeType::Finished) => true,
            (State::ServerKeyExchange, HandshakeType::ServerHelloDone) => self.agreed().is_some_and(may_lack_it),
            _ => false,
        }
    }

    /// Takes the next message; a fault ends the handshake.
    pub(crate) fn on_message(&mut self, now: Instant, message: &C::Message) -> Result<(), Fault> {
        let msg_type = message.msg_type();
        // What has no place here is not read: its form depends on what was not agreed on yet.
        if !self.expects(msg_type) {
            return Err(Fault::out_of_place());
        }
        if message.is_protected() != (msg_type == HandshakeType::Finished) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message in the wrong epoch"));
        }
        let form = self.agreed().map_or(KeyExchange::Other, |agreed| agreed.side.form());
        let parsed = Handshake::parse(C::TRANSPORT, msg_type, message.body(), form).map_err(Fault::decode)?;
        // Never hashed (RFC 5246 7.4.1.1).
        if matches!(parsed, Handshake::HelloRequest) {
            return Ok(());
        }
        if let Handshake::Finished(verify_data) = parsed {
            self.schedule.verify_finished(message, &verify_data)?;
            self.state = State::Connected;
            self.carrier.begin_flight();
            self.carrier.connected();
            return Ok(());
        }
        if let Handshake::ServerHello(hello) = parsed {
            let first = core::mem::take(&mut self.hello_bytes);
            self.schedule.hash(&first);
            self.schedule.hash_message(message)?;
            return self.on_server_hello(hello);
        }
        self.schedule.hash_message(message)?;
        let Exchange::Chosen(Agreed { side, randoms, .. }) = &mut self.exchange else {
            return Err(Fault::out_of_place());
        };
        match parsed {
            Handshake::Certificate(certificate) => {
                side.on_certificate(&self.config, now, &certificate)?;
                self.state = State::ServerKeyExchange;
            }
            Handshake::CertificateRequest(request) => {
                side.on_certificate_request(request)?;
                self.state = State::ServerHelloDone;
            }
            Handshake::ServerHelloDone => return self.send_finished(now),
            exchange => {
                side.on_server_key_exchange(exchange, randoms)?;
                let may_ask = side.server_shows_itself();
                self.state = if may_ask { State::CertificateRequest } else { State::ServerHelloDone };
            }
        }
        Ok(())
    }

    fn on_server_hello(&mut self, hello: ServerHello) -> Result<(), Fault> {
        let fault = |alert, what| Err(Fault::new(alert, what));
        if hello.version != C::VERSION {
            return fault(AlertDescription::ProtocolVersion, "version of ServerHello");
        }
        let Exchange::Offered(offers) = &mut self.exchange else { return Err(Fault::out_of_place()) };
        // The SCSV may be offered but is no suite, so it cannot be selected.
        let Some(offer) = offers.iter().position(|(suite, _)| *suite == hello.cipher_suite) else {
            return fault(AlertDescription::IllegalParameter, "cipher suite that was not offered");
        };
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
        let extended_master_secret = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some();
        if !extended_master_secret && self.config.extended_master_secret == ExtendedMasterSecret::Require {
            return fault(AlertDescription::HandshakeFailure, "no extended master secret");
        }
        let (suite, mut side) = offers.swap_remove(offer);
        side.on_server_hello(&self.config, &hello)?;
        let shows_itself = side.server_shows_itself();
        self.state = if shows_itself { State::Certificate } else { State::ServerKeyExchange };
        let randoms = Randoms { client: self.hello.random, server: hello.random };
        let session_id = hello.session_id;
        self.exchange = Exchange::Chosen(Agreed { suite, side, randoms, session_id, extended_master_secret });
        self.carrier.agree_on_version();
        Ok(())
    }

    /// Everything from Certificate, if asked for, to Finished.
    fn send_finished(&mut self, now: Instant) -> Result<(), Fault> {
        let Exchange::Chosen(Agreed { side, randoms, extended_master_secret, .. }) = &mut self.exchange else {
            return Err(Fault::out_of_place());
        };
        self.carrier.begin_flight();
        if let Some(certificate) = side.certificate(&self.config)? {
            let certificate = self.carrier.push(&Handshake::Certificate(certificate))?;
            self.schedule.hash(&certificate);
        }
        let (exchange, premaster) = side.client_key_exchange(&self.config, &mut self.entropy)?;
        let exchange = self.carrier.push(&exchange)?;
        self.schedule.hash(&exchange);
        let (keys, secret) = self.schedule.derive_keys(premaster.octets(), *randoms, *extended_master_secret);
        self.carrier.install(keys, secret);
        if let Some(key) = side.signing_key() {
            let signed = signature::sign(key, &self.schedule.handshake_hash())?;
            let verify = self.carrier.push(&Handshake::CertificateVerify(signed))?;
            self.schedule.hash(&verify);
        }
        self.schedule.push_finished(&mut self.carrier)?;
        self.carrier.expect_change_cipher_spec();
        self.carrier.send_flight(now, true, &self.hello.random);
        self.state = State::Finished;
        Ok(())
    }
}
