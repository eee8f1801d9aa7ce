//! The trust anchor that manufacture puts into the device (`SEL` 5.4), and the parts of one that is being put together.

use alloc::vec::Vec;

use protocols::credentials::{Identity, PublicKey, SigningKey, Trust, TrustAnchor as Root};
use wire::upper_tester::{CredentialPart, SecretOctets};

use crate::bounds;

/// What a device proves itself with, and whom it believes.
#[derive(Clone, PartialEq, Eq)]
pub enum TrustAnchor {
    /// A pre-shared key: authenticates both ends.
    Psk(SecretOctets),
    /// A key pair on P-256, raw or certified.
    KeyPair(KeyPair),
}

/// A key pair with what goes with it. No `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct KeyPair {
    /// The private scalar, 32 octets.
    pub(crate) key: SecretScalar,
    /// The device's certificate in DER; empty for a raw public key.
    pub(crate) certificate: Vec<u8>,
    /// The certificate of its issuer, if that is not the root.
    pub(crate) issuer: Vec<u8>,
    /// By what the commissioning tool is authenticated: its raw public key (SubjectPublicKeyInfo), or the root
    /// certificate of its owner. Empty: any tool may secure the device.
    pub(crate) root: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of keys that are believed no more.
    pub(crate) revoked: Vec<[u8; 32]>,
}

/// A private scalar; shown by no `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SecretScalar(pub(crate) [u8; 32]);

impl KeyPair {
    /// Whether the parts fit together: a scalar of the curve, certificates that parse and are of that key.
    pub(crate) fn is_sound(&self) -> bool {
        self.identity().is_some() && (self.root.is_empty() || self.trust(0).is_some())
    }

    /// What the device shows.
    pub(crate) fn identity(&self) -> Option<Identity> {
        let key = SigningKey::from_scalar(&self.key.0).ok()?;
        if self.certificate.is_empty() {
            return Some(Identity::raw_public_key(key));
        }
        let chain = [&self.certificate, &self.issuer].into_iter().filter(|der| !der.is_empty()).cloned().collect();
        Identity::x509(key, chain).ok()
    }

    /// Whom the device believes, at `unix_time_at_zero` seconds; `None` without a root.
    pub(crate) fn trust(&self, unix_time_at_zero: u64) -> Option<Trust> {
        let mut trust = Trust {
            unix_time_at_zero: core::time::Duration::from_secs(unix_time_at_zero),
            revoked: self.revoked.clone(),
            ..Trust::default()
        };
        // An empty root is neither.
        if self.certificate.is_empty() {
            trust.raw_public_keys.push(PublicKey::from_subject_public_key_info(&self.root).ok()?);
        } else {
            trust.anchors.push(Root::from_certificate(&self.root).ok()?);
        }
        Some(trust)
    }
}

/// Parts of a key pair, as the upper tester brings them line by line; forgotten at reboot.
#[derive(Default)]
pub(crate) struct Parts {
    key: Vec<u8>,
    pair: KeyPair,
}

impl Parts {
    /// Appends to a part; `false` if it grows too long, or is no whole number of its elements.
    pub(crate) fn append(&mut self, part: CredentialPart, data: &[u8]) -> bool {
        let buffer = match part {
            CredentialPart::Key => &mut self.key,
            CredentialPart::Certificate => &mut self.pair.certificate,
            CredentialPart::Issuer => &mut self.pair.issuer,
            CredentialPart::Root => &mut self.pair.root,
            CredentialPart::Revoked => {
                let Ok(hash) = data.try_into() else { return false };
                let fits = self.pair.revoked.len() < bounds::REVOKED;
                if fits {
                    self.pair.revoked.push(hash);
                }
                return fits;
            }
        };
        let fits = buffer.len().saturating_add(data.len()) <= bounds::CREDENTIAL_OCTETS;
        if fits {
            buffer.extend_from_slice(data);
        }
        fits
    }

    /// The key pair that the parts make: certified or raw, as asked for; the parts are gone then.
    pub(crate) fn take(&mut self, certified: bool) -> Option<KeyPair> {
        let Self { key, pair } = core::mem::take(self);
        let pair = KeyPair { key: SecretScalar(key.try_into().ok()?), ..pair };
        (pair.certificate.is_empty() != certified && pair.is_sound()).then_some(pair)
    }
}
