//! The client side of a session over datagrams: TLS's handshake, and the cookie before it (RFC 6347 4.2.1).

use wire::tls::{AlertDescription, HandshakeType, HelloVerifyRequest, Sender};

use super::config::check_mtu;
use super::connection::{Connection, Event};
use super::inbox::Message;
use super::{ClientConfig, Output, SendError};
use crate::Entropy;
use crate::time::Instant;
use crate::tls::{self, Carrier, ConfigError, Fault};

/// How many cookies a client takes before it believes that it talks to no DTLS server.
const MAX_COOKIES: u32 = 3;

/// A DTLS 1.2 client for one peer.
pub struct Client {
    engine: tls::Client<Connection>,
    cookies: u32,
}

impl Client {
    /// Starts the handshake: the first `poll` yields the ClientHello.
    ///
    /// # Errors
    /// [`ConfigError`] if the configuration cannot work.
    pub fn new(config: ClientConfig, entropy: Entropy, now: Instant) -> Result<Self, ConfigError> {
        check_mtu(config.mtu)?;
        let connection = Connection::new(Sender::Client, config.mtu, config.retransmission, config.tls.limits);
        Ok(Self { engine: tls::Client::new(config.tls, entropy, connection, now)?, cookies: 0 })
    }

    /// Takes one datagram from the peer. Never fails: what is invalid is discarded or answered with an alert.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        self.engine.carrier.receive(datagram);
        while let Some(event) = self.engine.carrier.next_event(now) {
            let Event::Message(message) = event else { continue };
            let is_cookie = message.msg_type == HandshakeType::HelloVerifyRequest && self.engine.awaits_server_hello();
            let outcome = if is_cookie { self.on_cookie(now, &message) } else { self.engine.on_message(now, &message) };
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

    tls::client_accessors!();

    fn on_cookie(&mut self, now: Instant, message: &Message) -> Result<(), Fault> {
        if message.epoch != 0 {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "handshake message in the wrong epoch"));
        }
        let request = HelloVerifyRequest::parse(&message.body).map_err(Fault::decode)?;
        self.cookies += 1;
        if self.cookies > MAX_COOKIES {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "HelloVerifyRequest without end"));
        }
        self.engine.carrier.forget_clear_records();
        self.engine.return_cookie(now, request.cookie)
    }
}
