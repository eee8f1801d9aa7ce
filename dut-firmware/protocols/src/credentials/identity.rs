//! What a side proves itself with: a private key, and what says whose it is.

use alloc::vec;
use alloc::vec::Vec;

use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use wire::tls::{Certificate, CertificateType};

use super::{KeyError, PublicKey, SigningKey, X509};

/// Why credentials do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Compiled without certificates.
    #[error("certificates are not supported")]
    Unsupported,
    /// There is no certificate in the chain.
    #[error("the chain is empty")]
    EmptyChain,
    /// The certificate at this place of the chain does not parse.
    #[error("certificate {0} of the chain is malformed")]
    Malformed(usize),
    /// The first certificate is of another key.
    #[error("the first certificate is not of the private key")]
    OtherKey,
    /// The key in the first certificate is none of ours.
    #[error("the first certificate: {0}")]
    Key(#[from] KeyError),
}

/// A private key with the forms in which its public half can be shown. No `Debug`.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    chain: Vec<Vec<u8>>,
    certificate_types: Vec<CertificateType>,
}

impl Identity {
    /// A key that is shown as it is (RFC 7250).
    pub fn raw_public_key(key: SigningKey) -> Self {
        Self { key, chain: Vec::new(), certificate_types: vec![CertificateType::RAW_PUBLIC_KEY] }
    }

    /// A key with a chain of X.509 certificates in DER: its own first, then each one's issuer; the root may be left out
    /// (RFC 5246 7.4.2).
    ///
    /// # Errors
    /// [`CredentialError`] if a certificate does not parse, or the first is of another key; of any chain without the
    /// feature `x509`.
    pub fn x509(key: SigningKey, chain: Vec<Vec<u8>>) -> Result<Self, CredentialError> {
        if !X509 {
            return Err(CredentialError::Unsupported);
        }
        for (at, certificate) in chain.iter().enumerate() {
            let der = CertificateDer::from(certificate.as_slice());
            let parsed = EndEntityCert::try_from(&der).map_err(|_| CredentialError::Malformed(at))?;
            if at == 0 {
                let certified = PublicKey::from_subject_public_key_info(&parsed.subject_public_key_info())?;
                if certified != key.public_key() {
                    return Err(CredentialError::OtherKey);
                }
            }
        }
        if chain.is_empty() {
            return Err(CredentialError::EmptyChain);
        }
        Ok(Self { key, chain, certificate_types: vec![CertificateType::X509] })
    }

    /// The same identity, which is shown as a raw public key to peers that prefer that.
    #[must_use]
    pub fn or_raw_public_key(mut self) -> Self {
        if !self.certificate_types.contains(&CertificateType::RAW_PUBLIC_KEY) {
            self.certificate_types.push(CertificateType::RAW_PUBLIC_KEY);
        }
        self
    }

    /// In which forms it can be shown, by preference.
    pub fn certificate_types(&self) -> &[CertificateType] {
        &self.certificate_types
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// The private half.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The Certificate message of this form; `None` if it cannot be shown so.
    pub(crate) fn certificate(&self, certificate_type: CertificateType) -> Option<Certificate> {
        match certificate_type {
            CertificateType::X509 if !self.chain.is_empty() => Certificate::from_chain(&self.chain).ok(),
            CertificateType::RAW_PUBLIC_KEY => {
                Some(Certificate::from_raw_public_key(self.public_key().subject_public_key_info()))
            }
            _ => None,
        }
    }
}
