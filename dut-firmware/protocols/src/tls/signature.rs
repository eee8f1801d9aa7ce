//! Signatures of a handshake: `DigitallySigned` with the one algorithm that is offered (RFC 5246 4.7, 7.4.3, 7.4.8).

use wire::tls::{AlertDescription, DigitallySigned, SignatureAndHash};

use super::Fault;
use crate::credentials::{PublicKey, SigningKey};

/// Signs a hash.
pub(crate) fn sign(key: &SigningKey, hash: &[u8; 32]) -> Result<DigitallySigned, Fault> {
    let signature = key.sign(hash).ok_or(Fault::new(AlertDescription::InternalError, "no signature"))?;
    Ok(DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA256, signature })
}

/// Checks a signature over a hash: the algorithm must be the one that was offered.
pub(crate) fn verify(
    key: &PublicKey,
    hash: &[u8; 32],
    signed: &DigitallySigned,
    what: &'static str,
) -> Result<(), Fault> {
    if signed.algorithm != SignatureAndHash::ECDSA_SHA256 {
        return Err(Fault::new(AlertDescription::IllegalParameter, "signature algorithm that was not offered"));
    }
    if key.verifies(hash, &signed.signature) { Ok(()) } else { Err(Fault::new(AlertDescription::DecryptError, what)) }
}
