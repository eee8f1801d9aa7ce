//! The one error of this crate: why a byte string is not a message of the protocol, or why one cannot be emitted.

/// Why bytes could not be parsed or a value could not be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The input ends before the named field does.
    #[error("truncated: {0} does not fit into what is left")]
    Truncated(&'static str),
    /// The named field has a value that its specification forbids.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The named feature is legal but not implemented here.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
    /// A checksum, FCS or message integrity code does not match.
    #[error("integrity check failed: {0}")]
    Integrity(&'static str),
    /// The output buffer is too small for the named field.
    #[error("no room: {0} does not fit into the output buffer")]
    NoRoom(&'static str),
}

/// `core::result::Result` with this crate's [`Error`].
pub type Result<T> = core::result::Result<T, Error>;
