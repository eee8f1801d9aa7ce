//! Why a handshake cannot go on, and the alert that says so to the peer (RFC 5246 7.2.2).

use wire::tls::AlertDescription;

/// A handshake that cannot go on: the alert to send, and what was wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) alert: AlertDescription,
    pub(crate) what: &'static str,
}

impl Fault {
    pub(crate) const fn new(alert: AlertDescription, what: &'static str) -> Self {
        Self { alert, what }
    }

    /// The peer's message does not parse.
    pub(crate) fn decode(error: wire::Error) -> Self {
        if let wire::Error::Unsupported(what) = error {
            return Self::new(AlertDescription::IllegalParameter, what);
        }
        let (wire::Error::Truncated(what)
        | wire::Error::Malformed(what)
        | wire::Error::Unsupported(what)
        | wire::Error::Integrity(what)
        | wire::Error::NoRoom(what)) = error;
        Self::new(AlertDescription::DecodeError, what)
    }

    /// A message has no place in the state.
    pub(crate) const fn out_of_place() -> Self {
        Self::new(AlertDescription::UnexpectedMessage, "handshake message out of place")
    }

    /// A message of our own does not fit its length fields.
    pub(crate) fn internal(_: wire::Error) -> Self {
        Self::new(AlertDescription::InternalError, "own message too long")
    }
}
