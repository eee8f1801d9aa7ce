//! The server side of a session.

use super::{ConfigError, Output, SendError, ServerConfig, Statistics};
use crate::Entropy;
use crate::time::Instant;

/// A DTLS 1.2 server for one peer.
pub struct Server {
    config: ServerConfig,
    entropy: Entropy,
}

impl Server {
    /// Waits for a ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ServerConfig, entropy: Entropy) -> Result<Self, ConfigError> {
        config.check()?;

        Ok(Self { config, entropy })
    }

    /// Takes one datagram from the peer. Never fails: what is invalid is discarded or answered with an alert.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        let _ = (now, datagram, &mut self.entropy);
    }

    /// The next thing to do, retransmissions that are due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        let _ = now;
        None
    }

    /// When `poll` must be called next, if nothing is received before.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Sends application data as one record.
    ///
    /// # Errors
    /// [`SendError`] before the handshake is complete, after closing, or if the data do not fit into the MTU.
    pub fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        let _ = (now, data, self.config.mtu);
        Err(SendError::NotConnected)
    }

    /// Ends the session with `close_notify`.
    pub fn close(&mut self, now: Instant) {
        let _ = now;
    }

    /// Whether application data may be sent.
    pub fn is_connected(&self) -> bool {
        false
    }

    /// Whether the session is over and may be dropped.
    pub fn is_closed(&self) -> bool {
        false
    }

    /// Counters for reports.
    pub fn statistics(&self) -> Statistics {
        Statistics::default()
    }
}
