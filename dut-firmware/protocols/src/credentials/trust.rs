//! Whom a side believes: pinned raw public keys (RFC 7250 6) and anchors of X.509 chains. Paths are validated by webpki
//! (RFC 5280 6) with ECDSA on P-256 and SHA-256, the one signature that the cipher suite negotiates.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName, SignatureVerificationAlgorithm, UnixTime, alg_id,
};
use sha2::{Digest, Sha256};
use webpki::{EndEntityCert, KeyUsage as ExtendedKeyUsage, VerifiedPath};

use super::key_usage::KeyUsage;
use super::subject::subject_serial_number;
use super::{KeyError, PublicKey, X509};
use crate::work::{Tally, Work};

/// The root of a chain: a name and a key that are believed without proof.
#[derive(Debug, Clone)]
pub struct TrustAnchor(rustls_pki_types::TrustAnchor<'static>);

impl TrustAnchor {
    /// Name, key and name constraints of a certificate in DER. Its signature and validity are not looked at: an anchor is
    /// believed as it is (RFC 5280 6.1.1 d).
    ///
    /// # Errors
    /// [`CertificateError::Malformed`]; [`CertificateError::Unsupported`] without the feature `x509`.
    pub fn from_certificate(der: &[u8]) -> Result<Self, CertificateError> {
        if !X509 {
            return Err(CertificateError::Unsupported);
        }
        let der = CertificateDer::from(der);
        webpki::anchor_from_trusted_cert(&der)
            .map(|anchor| Self(anchor.to_owned()))
            .map_err(|_| CertificateError::Malformed)
    }
}

/// Whom to believe. By default nobody.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Raw public keys of peers.
    pub raw_public_keys: Vec<PublicKey>,
    /// Anchors of peers' chains.
    pub anchors: Vec<TrustAnchor>,
    /// Wall time at [`Instant::ZERO`](crate::time::Instant::ZERO), since 1970-01-01T00:00:00Z: certificates are valid or
    /// not at this time plus what has passed since.
    pub unix_time_at_zero: Duration,
    /// A name that the peer's certificate must be good for: a DNS name or an IP address; `None` = any.
    pub peer_name: Option<String>,
    /// The serialNumber that the subject of the peer's certificate must bear (X.520 6.2.9; IEEE 802.1AR); `None` = any.
    pub peer_serial_number: Option<String>,
    /// [`PublicKey::hash`] of keys that are believed no more, of peers and of their issuers.
    pub revoked: Vec<[u8; 32]>,
    /// Believes whoever shows a key: for sides that are wrong on purpose, so that a test can show that it notices.
    #[cfg(feature = "mutants")]
    pub everybody: bool,
}

/// What the owner of a certificate wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server: an extended key usage extension, if there, must say so (RFC 5280 4.2.1.12).
    Server,
    /// A TLS client.
    Client,
}

/// Why a peer's certificate or raw key is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not the DER that it should be.
    #[error("malformed certificate")]
    Malformed,
    /// A signature in the chain does not verify.
    #[error("bad signature in the chain")]
    BadSignature,
    /// Not valid any more.
    #[error("certificate has expired")]
    Expired,
    /// Not valid yet.
    #[error("certificate is not valid yet")]
    NotValidYet,
    /// The chain leads to no anchor.
    #[error("chain leads to no trust anchor")]
    UnknownIssuer,
    /// Version, key, signature algorithm or critical extension that is not supported, or a (extended) key usage that is not ours.
    #[error("certificate of an unsupported kind")]
    Unsupported,
    /// Its key, or that of an issuer, was revoked.
    #[error("certificate was revoked")]
    Revoked,
    /// For another name.
    #[error("certificate is for another name")]
    OtherName,
    /// A constraint of the path is violated, or it is too complex.
    #[error("certificate path violates a constraint")]
    Constraint,
    /// A raw public key that is not among those that are believed.
    #[error("raw public key is not trusted")]
    UnknownRawPublicKey,
}

impl Trust {
    /// Judges a raw public key in DER.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify_raw_public_key(&self, subject_public_key_info: &[u8]) -> Result<PublicKey, CertificateError> {
        let key = PublicKey::from_subject_public_key_info(subject_public_key_info).map_err(of_key)?;
        if self.believes_everybody() {
            Ok(key)
        } else if self.revoked.contains(&key.hash()) {
            Err(CertificateError::Revoked)
        } else if self.raw_public_keys.contains(&key) {
            Ok(key)
        } else {
            Err(CertificateError::UnknownRawPublicKey)
        }
    }

    fn believes_everybody(&self) -> bool {
        #[cfg(feature = "mutants")]
        return self.everybody;
        #[cfg(not(feature = "mutants"))]
        false
    }

    /// Judges a chain, the peer's own certificate first, at `since_zero` after [`Self::unix_time_at_zero`].
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify_chain(
        &self,
        chain: &[&[u8]],
        purpose: Purpose,
        since_zero: Duration,
    ) -> Result<PublicKey, CertificateError> {
        self.verify_chain_counted(chain, purpose, since_zero, &mut Work::default())
    }

    /// As [`Self::verify_chain`], and adds what the signatures cost, on the way to an error too.
    pub(crate) fn verify_chain_counted(
        &self,
        chain: &[&[u8]],
        purpose: Purpose,
        since_zero: Duration,
        work: &mut Work,
    ) -> Result<PublicKey, CertificateError> {
        if !X509 {
            return Err(CertificateError::Unsupported);
        }
        let (leaf, issuers) = chain.split_first().ok_or(CertificateError::Malformed)?;
        let leaf = CertificateDer::from(*leaf);
        let issuers: Vec<CertificateDer<'_>> = issuers.iter().map(|issuer| CertificateDer::from(*issuer)).collect();
        let certificate = EndEntityCert::try_from(&leaf).map_err(|error| of_path(&error))?;
        let key = PublicKey::from_subject_public_key_info(&certificate.subject_public_key_info()).map_err(of_key)?;
        if self.believes_everybody() {
            return Ok(key);
        }
        let anchors: Vec<_> = self.anchors.iter().map(|anchor| anchor.0.clone()).collect();
        let usage = match purpose {
            Purpose::Server => ExtendedKeyUsage::server_auth(),
            Purpose::Client => ExtendedKeyUsage::client_auth(),
        };
        let now = UnixTime::since_unix_epoch(self.unix_time_at_zero.saturating_add(since_zero));
        let signs_certificates = |path: &VerifiedPath<'_>| {
            let may_sign = |issuer: &webpki::Cert<'_>| KeyUsage::of_certificate(&issuer.der());
            let allowed = path
                .intermediate_certificates()
                .all(|issuer| may_sign(issuer).is_ok_and(|usage| usage.has_key_cert_sign()));
            if allowed { Ok(()) } else { Err(webpki::Error::EndEntityUsedAsCa) }
        };
        let algorithm = EcdsaP256Sha256::default();
        let verified = certificate.verify_for_usage(
            &[&algorithm],
            &anchors,
            &issuers,
            now,
            usage,
            None,
            Some(&signs_certificates),
        );
        *work += algorithm.tally.work();
        match verified {
            Ok(_) => {}
            // Whoever signs himself is most often a CA by his own word too; what is wrong is that nobody vouches for him.
            Err(webpki::Error::CaUsedAsEndEntity) if certificate.issuer() == certificate.subject() => {
                return Err(CertificateError::UnknownIssuer);
            }
            Err(error) => return Err(of_path(&error)),
        }
        if !KeyUsage::of_certificate(&leaf)?.has_digital_signature() {
            return Err(CertificateError::Unsupported);
        }
        if !self.revoked.is_empty() {
            let of_issuer = |issuer: &CertificateDer<'_>| {
                let issuer = EndEntityCert::try_from(issuer).ok()?;
                PublicKey::from_subject_public_key_info(&issuer.subject_public_key_info()).ok()
            };
            let keys = core::iter::once(key).chain(issuers.iter().filter_map(of_issuer));
            if keys.into_iter().any(|key| self.revoked.contains(&key.hash())) {
                return Err(CertificateError::Revoked);
            }
        }
        if let Some(wanted) = &self.peer_serial_number
            && subject_serial_number(certificate.subject()) != Some(wanted.as_bytes())
        {
            return Err(CertificateError::OtherName);
        }
        if let Some(name) = &self.peer_name {
            let name = ServerName::try_from(name.as_str()).map_err(|_| CertificateError::OtherName)?;
            certificate.verify_is_valid_for_subject_name(&name).map_err(|_| CertificateError::OtherName)?;
        }
        Ok(key)
    }
}

fn of_key(error: KeyError) -> CertificateError {
    match error {
        KeyError::Unsupported => CertificateError::Unsupported,
        KeyError::Malformed | KeyError::NotOnCurve => CertificateError::Malformed,
    }
}

fn of_path(error: &webpki::Error) -> CertificateError {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => CertificateError::Expired,
        Error::CertNotValidYet { .. } => CertificateError::NotValidYet,
        Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => CertificateError::BadSignature,
        Error::UnknownIssuer => CertificateError::UnknownIssuer,
        Error::UnsupportedCertVersion
        | Error::UnsupportedCriticalExtension
        | Error::UnsupportedNameType
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::RequiredEkuNotFoundContext(_)
        | Error::EmptyEkuExtension => CertificateError::Unsupported,
        Error::CertNotValidForName(_) => CertificateError::OtherName,
        Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa
        | Error::NameConstraintViolation
        | Error::PathLenConstraintViolated
        | Error::MaximumNameConstraintComparisonsExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumPathDepthExceeded
        | Error::MaximumSignatureChecksExceeded => CertificateError::Constraint,
        _ => CertificateError::Malformed,
    }
}

/// `ecdsa-with-SHA256` under a key on P-256, for webpki.
#[derive(Debug, Default)]
struct EcdsaP256Sha256 {
    tally: Tally,
}

impl SignatureVerificationAlgorithm for EcdsaP256Sha256 {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        self.tally.verify(message.len());
        let key = PublicKey::from_point(public_key).map_err(|_| InvalidSignature)?;
        if key.verifies(&Sha256::digest(message).into(), signature) { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA256
    }
}
