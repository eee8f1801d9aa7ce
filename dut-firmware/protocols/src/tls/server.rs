//! The server's side of a handshake, over whatever carries it (RFC 5246 7.3).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use rand_core::Rng;
use wire::tls::{
    AlertDescription, CipherSuite, ClientHello, DigitallySigned, Extension, ExtensionType, Handshake, HandshakeType,
    KeyExchange, RANDOM_LENGTH, Sender, ServerHello,
};

use super::key_exchange::{self, ServerSide};
use super::schedule::Schedule;
use super::{
    Carrier, ExportError, ExtendedMasterSecret, Fault, PeerCertificate, Randoms, Received, ServerConfig, signature,
};
use crate::Entropy;
use crate::liberties::Free;
use crate::time::Instant;
use crate::work::Work;

/// 2026-01-01: where a clock stands that counts from boot.
const LIKELY_DAY: u32 = 1_767_225_600;

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

/// What the hellos have settled.
struct Agreed {
    suite: CipherSuite,
    side: Box<dyn ServerSide>,
    randoms: Randoms,
    extended_master_secret: bool,
}

/// A server in its handshake, before it and after it.
pub(crate) struct Server<C> {
    /// What all sessions of a listener share.
    config: Arc<ServerConfig>,
    entropy: Entropy,
    /// What the messages travel in.
    pub(crate) carrier: C,
    schedule: Schedule,
    state: State,
    agreed: Option<Agreed>,
}

impl<C: Carrier> Server<C> {
    /// Waits for a ClientHello, with a configuration that was checked.
    pub(crate) fn new(config: Arc<ServerConfig>, entropy: Entropy, carrier: C) -> Self {
        let schedule = Schedule::new(Sender::Server);
        Self { config, entropy, carrier, schedule, state: State::ClientHello, agreed: None }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.carrier.is_connected()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.carrier.is_closed()
    }

    pub(crate) fn cipher_suite(&self) -> CipherSuite {
        self.agreed.as_ref().map_or(CipherSuite::PSK_WITH_AES_128_CCM_8, |agreed| agreed.suite)
    }

    pub(crate) fn has_extended_master_secret(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.extended_master_secret)
    }

    /// Always empty: no session is resumed.
    pub(crate) fn session_id(&self) -> &[u8] {
        &[]
    }

    pub(crate) fn randoms(&self) -> Option<Randoms> {
        self.schedule.randoms()
    }

    pub(crate) fn psk_identity(&self) -> Option<&[u8]> {
        self.agreed.as_ref()?.side.psk_identity()
    }

    pub(crate) fn client_certificate(&self) -> Option<&PeerCertificate> {
        self.agreed.as_ref()?.side.client_certificate()
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

    /// What cryptography has cost since the first ClientHello, of an earlier session with the same peer not.
    pub(crate) fn work(&self) -> Work {
        let mut work = self.schedule.work();
        work += self.carrier.work();
        work
    }

    /// Which liberties it takes.
    pub(crate) fn free(&self) -> Free {
        self.config.free
    }

    /// Adds what was done outside.
    pub(crate) fn add_work(&mut self, work: Work) {
        self.schedule.add_work(work);
    }

    /// Whether the answer to the ClientHello was not answered yet.
    pub(crate) fn awaits_first_answer(&self) -> bool {
        matches!(self.state, State::Certificate | State::ClientKeyExchange)
    }

    /// Begins the handshake with a client, whatever was before; `work` was done for it already. The version of its
    /// ClientHello is one that this server speaks.
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        hello: &ClientHello,
        message: &C::Message,
        work: Work,
    ) -> Result<(), Fault> {
        self.schedule = Schedule::new(Sender::Server);
        self.schedule.add_work(work);
        self.agreed = None;
        self.schedule.hash_message(message)?;
        self.carrier.agree_on_version();
        self.send_server_hello(now, hello)
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
        let mut choice = key_exchange::choose(&self.config, &mut self.entropy, hello)?;
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
        let extended_master_secret = match (self.config.extended_master_secret, offered) {
            (ExtendedMasterSecret::Require, None) => {
                return fault(AlertDescription::HandshakeFailure, "no extended master secret");
            }
            (ExtendedMasterSecret::Never, _) | (_, None) => false,
            (_, Some(_)) => true,
        };
        if extended_master_secret {
            extensions.push(Extension::extended_master_secret());
        }
        extensions.append(&mut choice.extensions);
        let mut randoms = Randoms { client: hello.random, server: [0; RANDOM_LENGTH] };
        self.entropy.fill_bytes(&mut randoms.server);
        let free = self.config.free;
        if free.random_begins_with_time() {
            let seconds = u32::try_from(now.since(Instant::ZERO).as_secs()).unwrap_or(u32::MAX);
            let time = LIKELY_DAY.saturating_add(seconds).to_be_bytes();
            randoms.server.iter_mut().zip(time).for_each(|(octet, of_time)| *octet = of_time);
        }
        if free.extensions_reversed() {
            extensions.reverse();
        }
        let mut session_id = vec![0; free.session_id_octets()];
        self.entropy.fill_bytes(&mut session_id);
        let (suite, mut side) = (choice.suite, choice.side);
        let mut messages = vec![Handshake::ServerHello(ServerHello {
            version: C::VERSION,
            random: randoms.server,
            session_id,
            cipher_suite: suite,
            compression_method: 0,
            extensions,
        })];
        let mut work = Work::default();
        side.add_messages(&self.config, &randoms, &mut self.entropy, &mut work, &mut messages)?;
        self.schedule.add_work(work);
        messages.push(Handshake::ServerHelloDone);
        self.state = if side.asks_for_certificate() { State::Certificate } else { State::ClientKeyExchange };
        self.agreed = Some(Agreed { suite, side, randoms, extended_master_secret });
        self.carrier.begin_flight();
        for message in &messages {
            let bytes = self.carrier.push(message)?;
            self.schedule.hash(&bytes);
        }
        self.carrier.expect_change_cipher_spec();
        self.carrier.send_flight(now, true, &randoms.server);
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

    /// Takes the next message, but for a ClientHello; a fault ends the handshake.
    pub(crate) fn on_message(&mut self, now: Instant, message: &C::Message) -> Result<(), Fault> {
        let msg_type = message.msg_type();
        // What has no place here is not read: its form depends on what was not agreed on yet.
        if !self.expects(msg_type) {
            return Err(Fault::out_of_place());
        }
        if message.is_protected() != (msg_type == HandshakeType::Finished) {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message in the wrong epoch"));
        }
        let Some(agreed) = &mut self.agreed else { return Err(Fault::out_of_place()) };
        let form: KeyExchange = agreed.side.form();
        let parsed = Handshake::parse(C::TRANSPORT, msg_type, message.body(), form).map_err(Fault::decode)?;
        match parsed {
            Handshake::Finished(verify_data) => {
                self.schedule.verify_finished(message, &verify_data)?;
                self.carrier.begin_flight();
                self.schedule.push_finished(&mut self.carrier)?;
                self.carrier.send_flight(now, false, &agreed.randoms.server);
                self.state = State::Connected;
                self.carrier.connected();
                Ok(())
            }
            Handshake::CertificateVerify(signed) => {
                self.on_certificate_verify(&signed)?;
                self.schedule.hash_message(message)?;
                self.state = State::Finished;
                Ok(())
            }
            Handshake::Certificate(certificate) => {
                self.schedule.hash_message(message)?;
                let mut work = Work::default();
                let judged = agreed.side.on_certificate(&self.config, now, &certificate, &mut work);
                self.schedule.add_work(work);
                judged?;
                self.state = State::ClientKeyExchange;
                Ok(())
            }
            exchange => {
                self.schedule.hash_message(message)?;
                self.on_client_key_exchange(exchange)
            }
        }
    }

    fn on_client_key_exchange(&mut self, exchange: Handshake) -> Result<(), Fault> {
        let Some(agreed) = &mut self.agreed else { return Err(Fault::out_of_place()) };
        self.carrier.set_wrong_key_alert(agreed.side.wrong_key_alert(&self.config));
        let mut work = Work::default();
        let premaster = agreed.side.on_client_key_exchange(&self.config, &mut self.entropy, exchange, &mut work);
        self.schedule.add_work(work);
        let (keys, secret) =
            self.schedule.derive_keys(premaster?.octets(), agreed.randoms, agreed.extended_master_secret);
        self.carrier.install(keys, secret);
        let is_shown = agreed.side.client_certificate().is_some();
        self.state = if is_shown { State::CertificateVerify } else { State::Finished };
        Ok(())
    }

    /// The signature is over all messages before it (RFC 5246 7.4.8).
    fn on_certificate_verify(&mut self, signed: &DigitallySigned) -> Result<(), Fault> {
        let missing = Fault::new(AlertDescription::InternalError, "no client certificate");
        let key = self.client_certificate().ok_or(missing)?.public_key;
        let hash = self.schedule.handshake_hash();
        self.schedule.add_work(Work::VERIFICATION);
        signature::verify(&key, &hash, signed, "signature of CertificateVerify")
    }
}
