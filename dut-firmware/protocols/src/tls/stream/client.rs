//! The client side of a session over a stream.

use wire::tls::Sender;

use super::config::check_record;
use super::connection::Connection;
use super::{ClientConfig, NotConnected, Output};
use crate::Entropy;
use crate::time::Instant;
use crate::tls::{self, Carrier, ConfigError};

/// A TLS 1.2 client.
pub struct Client {
    engine: tls::Client<Connection>,
}

impl Client {
    /// Starts the handshake: the first `poll` yields the ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ClientConfig, entropy: Entropy, now: Instant) -> Result<Self, ConfigError> {
        check_record(config.record)?;
        let connection = Connection::new(Sender::Client, config.record, config.tls.limits);
        Ok(Self { engine: tls::Client::new(config.tls, entropy, connection, now)? })
    }

    /// Takes octets from the peer, cut anywhere. Never fails: what is invalid ends the session with an alert.
    pub fn handle(&mut self, now: Instant, octets: &[u8]) {
        self.engine.carrier.receive(octets);
        while let Some(message) = self.engine.carrier.next_message(now) {
            if let Err(fault) = self.engine.on_message(now, &message) {
                self.engine.carrier.fail(fault);
            }
        }
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

    tls::client_accessors!();
}
