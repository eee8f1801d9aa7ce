//! What a session tells its owner, whatever carries it.

use core::fmt;

use wire::tls::Alert;

/// A line of `CLIENT_RANDOM` in a key log. Its `Debug` hides the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyLog {
    /// Names the session.
    pub client_random: [u8; 32],
    /// The session's master secret.
    pub master_secret: [u8; 48],
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog").field("client_random", &self.client_random).finish_non_exhaustive()
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The alert that this side sent, if any.
    pub sent: Option<Alert>,
    /// The alert that the peer sent, if any.
    pub received: Option<Alert>,
    /// Why.
    pub reason: CloseReason,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// `close` was called.
    Local,
    /// The peer sent `close_notify`.
    Peer,
    /// The peer sent a fatal alert.
    Alert,
    /// This side found the peer's message wrong; the text says what.
    Protocol(&'static str),
    /// The stream ended without `close_notify`: what was received may not be all that was sent (RFC 5246 7.2.1).
    Truncated,
    /// The flight was retransmitted as often as configured and not answered, or the handshake took longer than allowed.
    Timeout,
    /// The client began anew and proved its address with a cookie (RFC 6347 4.2.8).
    Superseded,
    /// As many records were sent in one epoch as the limit or the sequence number allows.
    SequenceNumbersExhausted,
    /// The peer proved no life for as long as the limit allows.
    Idle,
}

/// Why keying material was not exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    /// The handshake is not complete, or the session is closed.
    #[error("no session is established")]
    NotConnected,
    /// A context has at most 65535 octets (RFC 5705 4).
    #[error("the context is too long")]
    ContextTooLong,
}
