//! What a handshake asks of what carries it: records over datagrams (DTLS) or over a stream of octets (TLS, EAP-TLS).
//!
//! A carrier brings messages in their order and sends flights of them; records, protection, sequence numbers, fragments,
//! repetition, alerts and application data are its own. What is said in a message is the handshake's.

use alloc::vec::Vec;

use wire::tls::{AlertDescription, Handshake, HandshakeType, KeyBlock, ProtocolVersion, RANDOM_LENGTH, Transport};

use super::{Fault, KeyLog};
use crate::time::Instant;
use crate::work::Work;

/// One end of a carrier.
pub(crate) trait Carrier {
    /// Decides on the form of ClientHello.
    const TRANSPORT: Transport;
    /// What a client offers and a server takes: TLS 1.2, by the name that this carrier has for it.
    const VERSION: ProtocolVersion;
    /// A message that came.
    type Message: Received;

    /// Begins to collect a flight; an older one was answered.
    fn begin_flight(&mut self);

    /// Adds a message to the flight; returns its octets as they enter the handshake hash.
    fn push(&mut self, message: &Handshake) -> Result<Vec<u8>, Fault>;

    /// Adds ChangeCipherSpec to the flight: what follows is protected.
    fn push_change_cipher_spec(&mut self);

    /// Sends the flight; `timed` if the peer is to answer it. `noise` is this side's random.
    fn send_flight(&mut self, now: Instant, timed: bool, noise: &[u8; RANDOM_LENGTH]);

    /// Both sides agree on [`Self::VERSION`]: the next record says so.
    fn agree_on_version(&mut self);

    /// From now on the peer may send ChangeCipherSpec.
    fn expect_change_cipher_spec(&mut self);

    /// Takes the keys of both directions into use, each behind its ChangeCipherSpec, and tells the owner of their secret.
    fn install(&mut self, keys: KeyBlock, secret: KeyLog);

    /// What a peer is told whose Finished does not decrypt: it has another key.
    fn set_wrong_key_alert(&mut self, alert: AlertDescription);

    /// Both Finished are verified: application data may flow.
    fn connected(&mut self);

    /// Whether application data may flow.
    fn is_connected(&self) -> bool;

    /// Whether the session is over.
    fn is_closed(&self) -> bool;

    /// Ends the session with a fatal alert.
    fn fail(&mut self, fault: Fault);

    /// What protection has cost.
    fn work(&self) -> Work;
}

/// A whole handshake message, as a carrier brings it.
pub(crate) trait Received {
    /// Which message.
    fn msg_type(&self) -> HandshakeType;

    /// What is behind its header.
    fn body(&self) -> &[u8];

    /// Whether it came under keys.
    fn is_protected(&self) -> bool;

    /// Its octets as they enter the handshake hash.
    fn octets(&self) -> Result<Vec<u8>, Fault>;
}
