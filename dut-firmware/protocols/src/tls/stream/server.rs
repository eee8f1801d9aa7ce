//! The server side of a session over a stream.

use alloc::sync::Arc;

use wire::tls::{AlertDescription, ClientHello, HandshakeType, ProtocolVersion, Sender, Transport};

use super::config::check_record;
use super::connection::{Connection, Message};
use super::{NotConnected, Output, ServerConfig};
use crate::Entropy;
use crate::time::Instant;
use crate::tls::{self, Carrier, ConfigError, Fault, Received};
use crate::work::Work;

/// A TLS 1.2 server for one peer.
pub struct Server {
    engine: tls::Server<Connection>,
}

impl Server {
    /// Waits for a ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ServerConfig, entropy: Entropy) -> Result<Self, ConfigError> {
        check_record(config.record)?;
        config.tls.check()?;
        let connection = Connection::new(Sender::Server, config.record, config.tls.limits);
        Ok(Self { engine: tls::Server::new(Arc::new(config.tls), entropy, connection) })
    }

    /// Takes octets from the peer, cut anywhere. Never fails: what is invalid ends the session with an alert.
    pub fn handle(&mut self, now: Instant, octets: &[u8]) {
        self.engine.carrier.receive(octets);
        while let Some(message) = self.engine.carrier.next_message(now) {
            let begins = message.msg_type() == HandshakeType::ClientHello && self.engine.carrier.is_idle();
            let outcome = if begins { self.on_hello(now, &message) } else { self.engine.on_message(now, &message) };
            if let Err(fault) = outcome {
                self.engine.carrier.fail(fault);
            }
        }
    }

    fn on_hello(&mut self, now: Instant, message: &Message) -> Result<(), Fault> {
        let hello = ClientHello::parse(Transport::Stream, message.body()).map_err(Fault::decode)?;
        // A client that speaks later versions too says 1.2 here (RFC 8446 4.1.2).
        if !hello.version.is_at_least(ProtocolVersion::TLS_1_2) {
            return Err(Fault::new(AlertDescription::ProtocolVersion, "version of ClientHello"));
        }
        self.engine.carrier.begin();
        self.engine.accept(now, &hello, message, Work::default())
    }

    /// Nothing more will come. Without `close_notify` before it, the session ends as cut off (RFC 5246 7.2.1).
    pub fn end_of_stream(&mut self) {
        self.engine.carrier.end_of_stream();
    }

    /// The next thing to do; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        self.engine.carrier.poll(now)
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        self.engine.carrier.deadline()
    }

    /// Sends application data in as many records as they take.
    ///
    /// # Errors
    /// [`NotConnected`] before the handshake is complete, or after closing.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), NotConnected> {
        self.engine.carrier.send(now, data)
    }

    /// Ends the session with `close_notify`; a handshake under way is cancelled.
    pub fn close(&mut self, _now: Instant) {
        self.engine.carrier.close();
    }

    /// Octets that wait: pieces of records and messages, what is to be handed out.
    pub fn buffered(&self) -> usize {
        self.engine.carrier.buffered()
    }

    tls::server_accessors!();
}
