//! The ephemeral half of ECDHE_ECDSA on P-256 (RFC 8422 5.4, 5.7, 5.10): fresh keys, the agreed secret, what is signed.

use alloc::vec::Vec;

use p256::PublicKey;
use p256::ecdh::{EphemeralSecret, SharedSecret};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::sec1::ToSec1Point;
use sha2::{Digest, Sha256};
use wire::dtls::{
    AlertDescription, DigitallySigned, EcdhParameters, EcdheServerKeyExchange, NamedGroup, RANDOM_LENGTH,
    SignatureAndHash,
};

use super::connection::Fault;
use crate::Entropy;
use crate::credentials::SigningKey;

/// An ephemeral private key, for one handshake; its octets are wiped when it is dropped.
pub(super) struct Ephemeral(EphemeralSecret);

impl Ephemeral {
    pub(super) fn generate(entropy: &mut Entropy) -> Self {
        Self(EphemeralSecret::generate_from_rng(entropy))
    }

    /// The public half, uncompressed.
    pub(super) fn point(&self) -> Vec<u8> {
        self.0.public_key().to_sec1_point(false).as_bytes().to_vec()
    }

    /// The premaster secret: the x coordinate, leading zeros included (RFC 8422 5.10).
    pub(super) fn agree(&self, peer: &[u8]) -> Result<SharedSecret, Fault> {
        // RFC 8422 5.10 with 5.4.1: only uncompressed points, and only those that are on the curve.
        let is_uncompressed = peer.first() == Some(&4);
        let peer = Some(peer).filter(|_| is_uncompressed).and_then(|peer| PublicKey::from_sec1_bytes(peer).ok());
        let peer = peer.ok_or(Fault::new(AlertDescription::IllegalParameter, "ECDH point is not on the curve"))?;
        Ok(self.0.diffie_hellman(&peer))
    }
}

/// The SHA-256 hash of what a server signs (RFC 8422 5.4): both randoms and its parameters.
fn parameters_hash(
    client_random: &[u8; RANDOM_LENGTH],
    server_random: &[u8; RANDOM_LENGTH],
    parameters: &EcdhParameters,
) -> Result<[u8; 32], Fault> {
    let mut octets = Vec::new();
    parameters.emit(&mut octets).map_err(Fault::internal)?;
    Ok(Sha256::new().chain_update(client_random).chain_update(server_random).chain_update(octets).finalize().into())
}

/// A server's ServerKeyExchange.
pub(super) fn server_key_exchange(
    key: &SigningKey,
    ephemeral: &Ephemeral,
    client_random: &[u8; RANDOM_LENGTH],
    server_random: &[u8; RANDOM_LENGTH],
) -> Result<EcdheServerKeyExchange, Fault> {
    let parameters = EcdhParameters { group: NamedGroup::SECP256R1, point: ephemeral.point() };
    let signed = sign(key, &parameters_hash(client_random, server_random, &parameters)?)?;
    Ok(EcdheServerKeyExchange { parameters, signed })
}

/// Checks a ServerKeyExchange with the key of the server's certificate.
pub(super) fn check_server_key_exchange(
    key: &crate::credentials::PublicKey,
    exchange: &EcdheServerKeyExchange,
    client_random: &[u8; RANDOM_LENGTH],
    server_random: &[u8; RANDOM_LENGTH],
) -> Result<(), Fault> {
    if exchange.parameters.group != NamedGroup::SECP256R1 {
        return Err(Fault::new(AlertDescription::IllegalParameter, "group that was not offered"));
    }
    let hash = parameters_hash(client_random, server_random, &exchange.parameters)?;
    verify(key, &hash, &exchange.signed, "signature of ServerKeyExchange")
}

/// Signs a hash.
pub(super) fn sign(key: &SigningKey, hash: &[u8; 32]) -> Result<DigitallySigned, Fault> {
    let signature = key.sign(hash).ok_or(Fault::new(AlertDescription::InternalError, "no signature"))?;
    Ok(DigitallySigned { algorithm: SignatureAndHash::ECDSA_SHA256, signature })
}

/// Checks a signature over a hash (RFC 5246 7.4.3, 7.4.8): the algorithm must be the one that was offered.
pub(super) fn verify(
    key: &crate::credentials::PublicKey,
    hash: &[u8; 32],
    signed: &DigitallySigned,
    what: &'static str,
) -> Result<(), Fault> {
    if signed.algorithm != SignatureAndHash::ECDSA_SHA256 {
        return Err(Fault::new(AlertDescription::IllegalParameter, "signature algorithm that was not offered"));
    }
    if key.verifies(hash, &signed.signature) { Ok(()) } else { Err(Fault::new(AlertDescription::DecryptError, what)) }
}
