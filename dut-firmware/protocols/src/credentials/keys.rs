//! Keys on P-256: ECDSA with SHA-256 (FIPS 186-4, deterministic by RFC 6979), and the SubjectPublicKeyInfo of RFC 5480.

use alloc::vec::Vec;
use core::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest, Sha256};

use super::signature;
use crate::Entropy;

/// Octets of the longest signature: two integers of 33 octets in DER.
pub const SIGNATURE_MAX: usize = 72;

/// SubjectPublicKeyInfo of an uncompressed point on P-256, up to the point (RFC 5480 2); DER knows no other spelling.
const SUBJECT_PUBLIC_KEY_INFO: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Octets of an uncompressed point, its leading 0x04 included.
const POINT: usize = 65;

/// Why octets are no key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not the DER that it should be.
    #[error("the key is malformed")]
    Malformed,
    /// A key of another algorithm or curve, a compressed point, or none at all: what is no key of ours is not looked into.
    #[error("the key is not an uncompressed one on P-256")]
    Unsupported,
    /// The numbers are no point, or no scalar, of the curve.
    #[error("the key is not on the curve")]
    NotOnCurve,
}

/// A private key. No `Debug`; its octets are wiped when it is dropped.
#[derive(Clone)]
pub struct SigningKey(p256::ecdsa::SigningKey);

impl SigningKey {
    /// A fresh key.
    pub fn generate(entropy: &mut Entropy) -> Self {
        Self(SecretKey::generate_from_rng(entropy).into())
    }

    /// The key with this private scalar, big-endian.
    ///
    /// # Errors
    /// [`KeyError::NotOnCurve`] if it is 0 or not below the order of the group.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, KeyError> {
        p256::ecdsa::SigningKey::from_slice(scalar).map(Self).map_err(|_| KeyError::NotOnCurve)
    }

    /// A key as programs write it: `PrivateKeyInfo` (RFC 5208) or `ECPrivateKey` (RFC 5915) in DER.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] if it is neither, or not on P-256.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = SecretKey::from_pkcs8_der(der).ok().or_else(|| SecretKey::from_sec1_der(der).ok());
        key.map(|key| Self(key.into())).ok_or(KeyError::Malformed)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// Signs a SHA-256 hash; the same hash gives the same signature. `Ecdsa-Sig-Value` in DER, at most
    /// [`SIGNATURE_MAX`] octets. `None` cannot happen but for a broken curve library.
    pub fn sign(&self, sha256: &[u8; 32]) -> Option<Vec<u8>> {
        let signature: Signature = self.0.sign_prehash(sha256).ok()?;
        Some(signature::emit(&signature))
    }
}

/// A public key on P-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5480 2).
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_subject_public_key_info(der: &[u8]) -> Result<Self, KeyError> {
        let Some(point) = der.strip_prefix(&SUBJECT_PUBLIC_KEY_INFO).filter(|point| point.len() == POINT) else {
            return Err(KeyError::Unsupported);
        };
        Self::from_point(point)
    }

    /// Reads an uncompressed point: 65 octets, the first of them 0x04 (SEC 1 2.3.4).
    ///
    /// # Errors
    /// [`KeyError::NotOnCurve`] if it is anything else.
    pub fn from_point(point: &[u8]) -> Result<Self, KeyError> {
        point_on_curve(point).map(|key| Self(key.into())).ok_or(KeyError::NotOnCurve)
    }

    /// The uncompressed point: 65 octets.
    pub fn point(&self) -> Vec<u8> {
        self.0.to_sec1_point(false).as_bytes().to_vec()
    }

    /// The SubjectPublicKeyInfo in DER: 91 octets.
    pub fn subject_public_key_info(&self) -> Vec<u8> {
        let mut der = SUBJECT_PUBLIC_KEY_INFO.to_vec();
        der.extend_from_slice(&self.point());
        der
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the name by which a key is revoked, and a hash that can be printed on a device.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.subject_public_key_info()).into()
    }

    /// Whether `signature`, an `Ecdsa-Sig-Value` in DER, is one of this key over this SHA-256 hash.
    pub fn verifies(&self, sha256: &[u8; 32], signature: &[u8]) -> bool {
        signature::parse(signature).is_some_and(|signature| self.0.verify_prehash(sha256, &signature).is_ok())
    }
}

/// The point of the curve that 65 octets are, the first of them 0x04 (SEC 1 2.3.4). A compressed one, which nobody may send
/// (RFC 8422 5.4.1), is not read, and a board need not hold the square roots for it.
pub(crate) fn point_on_curve(point: &[u8]) -> Option<p256::PublicKey> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
    let point = p256::AffinePoint::from_coordinates(x.try_into().ok()?, y.try_into().ok()?);
    p256::PublicKey::from_affine(Option::from(point)?).ok()
}

/// The first octets of the point, as a name for people.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        for octet in self.point().iter().skip(1).take(4) {
            write!(f, "{octet:02x}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use rstest::rstest;
    use sha2::{Digest, Sha256};

    use super::{KeyError, PublicKey, SigningKey};

    /// RFC 6979 A.2.5.
    fn rfc6979() -> SigningKey {
        let scalar = hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
        SigningKey::from_scalar(&scalar.try_into().unwrap()).unwrap()
    }

    #[test]
    fn signature_is_that_of_rfc_6979_and_verifies() {
        let hash: [u8; 32] = Sha256::digest(b"sample").into();
        let signature = rfc6979().sign(&hash).unwrap();
        let expected = "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
                        022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
        assert_eq!(hex::encode(&signature), expected);
        assert!(rfc6979().public_key().verifies(&hash, &signature));
        assert!(!rfc6979().public_key().verifies(&[0; 32], &signature));
    }

    #[test]
    fn public_key_survives_its_subject_public_key_info() {
        let key = rfc6979().public_key();
        let der = key.subject_public_key_info();
        assert_eq!(der.len(), 91);
        assert_eq!(PublicKey::from_subject_public_key_info(&der), Ok(key));
    }

    fn spoilt(at: usize) -> Vec<u8> {
        let mut der = rfc6979().public_key().subject_public_key_info();
        der[at] ^= 1;
        der
    }

    #[rstest]
    #[case::not_on_the_curve(spoilt(90), KeyError::NotOnCurve)]
    #[case::another_curve(spoilt(22), KeyError::Unsupported)]
    #[case::another_algorithm(spoilt(12), KeyError::Unsupported)]
    #[case::no_sequence(spoilt(0), KeyError::Unsupported)]
    #[case::another_length(spoilt(1), KeyError::Unsupported)]
    #[case::nothing(Vec::new(), KeyError::Unsupported)]
    fn key_that_is_none_of_ours_is_refused(#[case] der: Vec<u8>, #[case] expected: KeyError) {
        assert_eq!(PublicKey::from_subject_public_key_info(&der), Err(expected));
    }

    #[test]
    fn scalar_out_of_range_is_no_key() {
        assert_eq!(SigningKey::from_scalar(&[0; 32]).err(), Some(KeyError::NotOnCurve));
        assert_eq!(SigningKey::from_scalar(&[0xff; 32]).err(), Some(KeyError::NotOnCurve));
    }
}
