//! What a peer shows in its Certificate message, judged; and the alert for what is wrong with it (RFC 5246 7.2.2).

use alloc::vec::Vec;

use wire::tls::{AlertDescription, Certificate, CertificateType};

use super::{Fault, Limits};
use crate::credentials::{CertificateError, PublicKey, Purpose, Trust};
use crate::time::Instant;
use crate::work::Work;

/// A peer's raw public key or certificate that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Which of both.
    pub certificate_type: CertificateType,
    /// SubjectPublicKeyInfo or the peer's own X.509 certificate, in DER.
    pub der: Vec<u8>,
    /// The key in it.
    pub public_key: PublicKey,
}

/// Judges a Certificate message that is not empty; adds what that costs to `work`.
pub(super) fn judge(
    certificate: &Certificate,
    certificate_type: CertificateType,
    trust: &Trust,
    purpose: Purpose,
    limits: &Limits,
    now: Instant,
    work: &mut Work,
) -> Result<PeerCertificate, Fault> {
    if certificate_type == CertificateType::RAW_PUBLIC_KEY {
        let public_key = trust.verify_raw_public_key(&certificate.payload).map_err(fault)?;
        return Ok(PeerCertificate { certificate_type, der: certificate.payload.clone(), public_key });
    }
    let chain = certificate.chain().map_err(Fault::decode)?;
    if chain.len() > limits.chain_length {
        return Err(Fault::new(AlertDescription::BadCertificate, "chain of certificates too long"));
    }
    let public_key = trust.verify_chain_counted(&chain, purpose, now.since(Instant::ZERO), work).map_err(fault)?;
    let der = chain.first().map(|leaf| leaf.to_vec()).unwrap_or_default();
    Ok(PeerCertificate { certificate_type, der, public_key })
}

/// The alert for a certificate that is not believed.
fn fault(error: CertificateError) -> Fault {
    match error {
        CertificateError::Malformed => Fault::new(AlertDescription::BadCertificate, "certificate is malformed"),
        CertificateError::BadSignature => Fault::new(AlertDescription::BadCertificate, "signature of a certificate"),
        CertificateError::Expired => Fault::new(AlertDescription::CertificateExpired, "certificate has expired"),
        // RFC 5246 7.2.2: "has expired or is not currently valid".
        CertificateError::NotValidYet => {
            Fault::new(AlertDescription::CertificateExpired, "certificate is not valid yet")
        }
        CertificateError::UnknownIssuer => Fault::new(AlertDescription::UnknownCa, "chain leads to no trust anchor"),
        CertificateError::Unsupported => {
            Fault::new(AlertDescription::UnsupportedCertificate, "certificate of an unsupported kind")
        }
        CertificateError::Revoked => Fault::new(AlertDescription::CertificateRevoked, "certificate was revoked"),
        CertificateError::OtherName => {
            Fault::new(AlertDescription::CertificateUnknown, "certificate is for another name")
        }
        CertificateError::Constraint => {
            Fault::new(AlertDescription::CertificateUnknown, "certificate path violates a constraint")
        }
        CertificateError::UnknownRawPublicKey => {
            Fault::new(AlertDescription::CertificateUnknown, "raw public key is not trusted")
        }
    }
}
