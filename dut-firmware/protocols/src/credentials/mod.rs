//! What a device proves itself with and whom it believes: P-256 keys, raw or in X.509 certificates (RFC 5280, 5480, 7250),
//! for every protocol that authenticates by signature. No clock: the caller says when "now" is.

mod der;
mod identity;
mod key_usage;
mod keys;
mod signature;
mod subject;
mod trust;

/// Whether chains of certificates are compiled in. Without, none is shown or believed.
const X509: bool = cfg!(feature = "x509");

pub use identity::{CredentialError, Identity};
pub(crate) use keys::point_on_curve;
pub use keys::{KeyError, PublicKey, SIGNATURE_MAX, SigningKey};
pub use trust::{CertificateError, Purpose, Trust, TrustAnchor};
