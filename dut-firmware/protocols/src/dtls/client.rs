//! The client side of a session.

use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::dtls::{
    AlertDescription, CipherSuite, ClientHello, Extension, ExtensionType, Handshake, HelloVerifyRequest, KeyExchange,
    ProtocolVersion, RANDOM_LENGTH, Sender, ServerHello, psk_premaster_secret,
};

use super::connection::{Connection, Event, Fault};
use super::inbox::Message;
use super::{ClientConfig, ConfigError, ExtendedMasterSecret, Output, SendError, SinglePsk, Statistics};
use crate::Entropy;
use crate::time::Instant;

/// How many cookies a client takes before it believes that it talks to no DTLS server.
const MAX_COOKIES: u32 = 3;

/// Which message is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ServerHello,
    /// ServerKeyExchange or, without a hint, ServerHelloDone.
    ServerKeyExchange,
    ServerHelloDone,
    Finished,
    Connected,
}

/// A DTLS 1.2 client for one peer.
pub struct Client {
    config: ClientConfig,
    connection: Connection,
    state: State,
    hello: ClientHello,
    /// The last ClientHello as it enters the handshake hash: earlier ones do not (RFC 6347 4.2.1).
    hello_bytes: Vec<u8>,
    cookies: u32,
    server_random: [u8; RANDOM_LENGTH],
    extended_master_secret: bool,
    identity_hint: Option<Vec<u8>>,
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
        let mut cipher_suites = vec![CipherSuite::PSK_WITH_AES_128_CCM_8];
        // Secure renegotiation (RFC 5746 3.4) is signalled in the fewest octets, but never by a hello without extensions:
        // that is legal (RFC 5246 7.4.1.2), and yet there are servers that cannot read it.
        let extensions = if config.extended_master_secret == ExtendedMasterSecret::Never {
            vec![Extension::renegotiation_info()]
        } else {
            cipher_suites.push(CipherSuite::EMPTY_RENEGOTIATION_INFO_SCSV);
            vec![Extension::extended_master_secret()]
        };
        let hello = ClientHello {
            version: ProtocolVersion::DTLS_1_2,
            random,
            session_id: Vec::new(),
            cookie: Vec::new(),
            cipher_suites,
            compression_methods: vec![0],
            extensions,
        };
        let connection = Connection::new(Sender::Client, config.mtu, config.retransmission);
        let mut client = Self {
            config,
            connection,
            state: State::ServerHello,
            hello,
            hello_bytes: Vec::new(),
            cookies: 0,
            server_random: [0; RANDOM_LENGTH],
            extended_master_secret: false,
            identity_hint: None,
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
    pub fn send(&mut self, _now: Instant, data: &[u8]) -> Result<(), SendError> {
        self.connection.send(data)
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
        self.connection.send_flight(now, true);
        Ok(())
    }

    fn on_message(&mut self, now: Instant, message: &Message) -> Result<(), Fault> {
        let parsed = Handshake::parse(message.msg_type, &message.body, KeyExchange::Psk).map_err(Fault::decode)?;
        if message.epoch != u16::from(matches!(parsed, Handshake::Finished(_))) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message in the wrong epoch"));
        }
        match (self.state, parsed) {
            // RFC 5246 7.4.1.1: ignored while a handshake is under way, and never hashed.
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
            (State::ServerKeyExchange | State::ServerHelloDone, Handshake::ServerHelloDone) => {
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
        self.hello.cookie = request.cookie;
        self.connection.records.forget_clear_records();
        self.send_hello(now)
    }

    fn on_server_hello(&mut self, hello: &ServerHello) -> Result<(), Fault> {
        let fault = |alert, what| Err(Fault::new(alert, what));
        if hello.version != ProtocolVersion::DTLS_1_2 {
            return fault(AlertDescription::ProtocolVersion, "version of ServerHello");
        }
        // The SCSV may be offered but is no suite, so it cannot be selected.
        if hello.cipher_suite != CipherSuite::PSK_WITH_AES_128_CCM_8 {
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
            } else if self.hello.extension(extension_type).is_none() {
                return fault(AlertDescription::UnsupportedExtension, "extension that was not offered");
            } else if extension_type == ExtensionType::EXTENDED_MASTER_SECRET && !extension.data.is_empty() {
                return fault(AlertDescription::DecodeError, "extended_master_secret not empty");
            }
        }
        self.extended_master_secret = hello.extension(ExtensionType::EXTENDED_MASTER_SECRET).is_some();
        if !self.extended_master_secret && self.config.extended_master_secret == ExtendedMasterSecret::Require {
            return fault(AlertDescription::HandshakeFailure, "no extended master secret");
        }
        self.server_random = hello.random;
        self.connection.records.version = ProtocolVersion::DTLS_1_2;
        self.state = State::ServerKeyExchange;
        Ok(())
    }

    fn send_finished(&mut self, now: Instant) -> Result<(), Fault> {
        self.connection.begin_flight();
        let Some(SinglePsk { identity, psk }) = self.config.psk.clone() else {
            return Err(Fault::new(AlertDescription::InternalError, "no PSK"));
        };
        let key_exchange = self.connection.push_message(&Handshake::ClientKeyExchangePsk { identity })?;
        self.connection.hash(&key_exchange);
        let premaster_secret = psk_premaster_secret(psk.octets()).map_err(Fault::internal)?;
        self.connection.derive_keys(
            &premaster_secret,
            &self.hello.random,
            &self.server_random,
            self.extended_master_secret,
        );
        self.connection.push_finished()?;
        self.connection.expect_change_cipher_spec();
        self.connection.send_flight(now, true);
        self.state = State::Finished;
        Ok(())
    }
}
