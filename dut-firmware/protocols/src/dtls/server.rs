//! The server side of a session over datagrams: TLS's handshake, cookies before it, and clients that begin anew
//! (RFC 6347 4.2.1, 4.2.8).

use alloc::sync::Arc;

use wire::tls::{
    AlertDescription, ClientHello, Handshake, HelloVerifyRequest, ProtocolVersion, RANDOM_LENGTH, Sender, Transport,
};

use super::connection::{Connection, Event};
use super::inbox::Message;
use super::{CookieConfig, Output, Retransmission, SendError, ServerConfig, cookie};
use crate::Entropy;
use crate::time::Instant;
use crate::tls::{self, Carrier, ConfigError, Fault};
use crate::work::Work;

/// A DTLS 1.2 server for one peer.
pub struct Server {
    engine: tls::Server<Connection>,
    /// For this peer.
    cookie: Option<CookieConfig>,
    /// Names the handshake: the random of the ClientHello that was accepted, and its `message_seq`.
    accepted: Option<([u8; RANDOM_LENGTH], u16)>,
}

impl Server {
    /// Waits for a ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ServerConfig, entropy: Entropy) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self::sharing(Arc::new(config.tls), config.mtu, config.retransmission, config.cookie, entropy))
    }

    /// What a mutant does wrong with records.
    #[cfg(feature = "mutants")]
    pub fn set_wrong(&mut self, wrong: super::record_layer::Wrong) {
        self.engine.carrier.set_wrong(wrong);
    }

    /// A server with a configuration that was checked and is shared.
    pub(super) fn sharing(
        config: Arc<tls::ServerConfig>,
        mtu: usize,
        retransmission: Retransmission,
        cookie: Option<CookieConfig>,
        entropy: Entropy,
    ) -> Self {
        let mut connection = Connection::new(Sender::Server, mtu, retransmission, config.limits);
        connection.set_free(config.free);
        Self { engine: tls::Server::new(config, entropy, connection), cookie, accepted: None }
    }

    /// Takes one datagram from the peer. Never fails: what is invalid is discarded or answered with an alert.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.engine.carrier.receive(datagram);
        while let Some(event) = self.engine.carrier.next_event(now) {
            let outcome = match event {
                Event::ClientHello { message, sequence_number } => self.on_hello(now, &message, sequence_number),
                Event::Message(message) => self.engine.on_message(now, &message),
            };
            if let Err(fault) = outcome {
                self.engine.carrier.fail(fault);
            }
        }
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        self.engine.carrier.poll(now)
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        self.engine.carrier.deadline()
    }

    /// Sends application data as one record.
    ///
    /// # Errors
    /// [`SendError`] before the handshake is complete, after closing, or if the data do not fit into the MTU.
    pub fn send(&mut self, _now: Instant, data: &[u8]) -> Result<(), SendError> {
        self.engine.carrier.send(data)
    }

    /// Ends the session with `close_notify`; a handshake under way is cancelled.
    pub fn close(&mut self, _now: Instant) {
        self.engine.carrier.close();
    }

    tls::server_accessors!();

    /// Whether no ClientHello was accepted yet: nothing is lost if such a server is dropped and made again.
    pub fn is_idle(&self) -> bool {
        self.engine.carrier.is_idle()
    }

    /// Whether it holds nothing at all, not even a piece of a ClientHello.
    pub(super) fn is_blank(&self) -> bool {
        self.engine.carrier.is_blank()
    }

    /// Octets that wait: pieces of messages, the flight that was sent, what is to be handed out.
    pub fn buffered(&self) -> usize {
        self.engine.carrier.buffered()
    }

    fn on_hello(&mut self, now: Instant, message: &Message, sequence_number: u64) -> Result<(), Fault> {
        let connection = &mut self.engine.carrier;
        let idle = connection.is_idle();
        let hello = match ClientHello::parse(Transport::Datagram, &message.body) {
            Ok(hello) => hello,
            // Anybody may write rubbish in the clear; it must not end what others have begun.
            Err(error) if idle => return Err(Fault::decode(error)),
            Err(_) => return Ok(()),
        };
        match self.accepted {
            Some((random, message_seq)) if random == hello.random => {
                let awaits_answer = self.engine.awaits_first_answer() && self.engine.carrier.is_handshaking();
                if message_seq == message.message_seq && awaits_answer {
                    self.engine.carrier.answer_retransmission(now);
                }
                return Ok(());
            }
            // Without cookies nothing shows that a new ClientHello is no forgery (RFC 6347 4.2.8).
            Some(_) if self.engine.carrier.is_connected() && self.cookie.is_none() => return Ok(()),
            _ => {}
        }
        if !hello.version.is_at_least(ProtocolVersion::DTLS_1_2) {
            let fault = Fault::new(AlertDescription::ProtocolVersion, "version of ClientHello");
            return if idle { Err(fault) } else { Ok(()) };
        }
        let mut work = Work::default();
        if let Some(config) = &self.cookie
            && !cookie::is_valid(config, self.engine.free(), now, &hello, &mut work)
        {
            let cookie = cookie::cookie(config, self.engine.free(), now, &hello, &mut work);
            let as_1_2 = self.engine.free().hello_verify_as_1_2();
            let version = if as_1_2 { ProtocolVersion::DTLS_1_2 } else { ProtocolVersion::DTLS_1_0 };
            let request = HelloVerifyRequest { version, cookie };
            self.engine.add_work(work);
            let request = Handshake::HelloVerifyRequest(request);
            self.engine.carrier.send_stateless(&request, version, message.message_seq, sequence_number);
            return Ok(());
        }
        // What an established session has cost is not what the next costs.
        let mut all = if self.engine.carrier.is_connected() { Work::default() } else { self.engine.work() };
        all += work;
        self.engine.carrier.restart(message.message_seq, sequence_number);
        self.accepted = Some((hello.random, message.message_seq));
        self.engine.accept(now, &hello, message, all)
    }
}
