//! Certificate messages (RFC 5246 7.4.2, 7.4.4; RFC 7250 3): X.509 chains, raw public keys, and the request for either.
//! The octets inside are not looked into.

use alloc::vec::Vec;

use super::SignatureAndHash;
use super::extension::{emit_vector8, emit_vector16};
use crate::reader::Reader;
use crate::{Error, Result};

/// What a Certificate message holds, from the IANA registry (RFC 7250 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateType(pub u8);

impl CertificateType {
    /// A chain of X.509 certificates: what is meant if nothing is said.
    pub const X509: Self = Self(0);
    /// A SubjectPublicKeyInfo.
    pub const RAW_PUBLIC_KEY: Self = Self(2);
}

/// `ClientCertificateType`: what kinds of keys a server takes (RFC 5246 7.4.4, RFC 8422 5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientCertificateType(pub u8);

impl ClientCertificateType {
    /// An ECDSA-capable key.
    pub const ECDSA_SIGN: Self = Self(64);
}

/// Certificate. Both forms are a vector with a 24-bit length; only the negotiated [`CertificateType`] tells what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificate {
    /// The octets behind the length: `certificate_list`, or `ASN.1_subjectPublicKeyInfo`; empty = no certificate.
    pub payload: Vec<u8>,
}

impl Certificate {
    /// A chain, the sender's own certificate first (RFC 5246 7.4.2).
    ///
    /// # Errors
    /// [`Error::Malformed`] if a certificate is empty or longer than 24 bits can say.
    pub fn from_chain<T: AsRef<[u8]>>(chain: &[T]) -> Result<Self> {
        let mut payload = Vec::new();
        for certificate in chain {
            if certificate.as_ref().is_empty() {
                return Err(Error::Malformed("dtls.handshake.certificate_length"));
            }
            emit_vector24(certificate.as_ref(), "dtls.handshake.certificate_length", &mut payload)?;
        }
        Ok(Self { payload })
    }

    /// A raw public key: its SubjectPublicKeyInfo in DER (RFC 7250 3).
    pub fn from_raw_public_key(subject_public_key_info: impl Into<Vec<u8>>) -> Self {
        Self { payload: subject_public_key_info.into() }
    }

    /// The payload as a chain of certificates.
    ///
    /// # Errors
    /// [`Error`] if a length does not fit or is 0.
    pub fn chain(&self) -> Result<Vec<&[u8]>> {
        let mut reader = Reader::new(&self.payload);
        let mut chain = Vec::new();
        while !reader.is_empty() {
            let length = reader.u24_be("dtls.handshake.certificate_length")?;
            let length = usize::try_from(length).map_err(|_| Error::Truncated("dtls.handshake.certificate"))?;
            if length == 0 {
                return Err(Error::Malformed("dtls.handshake.certificate_length"));
            }
            chain.push(reader.take(length, "dtls.handshake.certificate")?);
        }
        Ok(chain)
    }

    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let length = reader.u24_be("dtls.handshake.certificates_length")?;
        let length = usize::try_from(length).map_err(|_| Error::Truncated("dtls.handshake.certificates"))?;
        Ok(Self { payload: reader.take(length, "dtls.handshake.certificates")?.to_vec() })
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        emit_vector24(&self.payload, "dtls.handshake.certificates_length", out)
    }
}

/// CertificateRequest (RFC 5246 7.4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    /// At least one.
    pub certificate_types: Vec<ClientCertificateType>,
    /// At least one, by preference.
    pub signature_algorithms: Vec<SignatureAndHash>,
    /// Distinguished names in DER; empty = any authority.
    pub certificate_authorities: Vec<Vec<u8>>,
}

impl CertificateRequest {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let length = usize::from(reader.u8("dtls.handshake.cert_types_count")?);
        if length == 0 {
            return Err(Error::Malformed("dtls.handshake.cert_types_count"));
        }
        let types = reader.take(length, "dtls.handshake.cert_types")?;
        let certificate_types = types.iter().copied().map(ClientCertificateType).collect();
        let signature_algorithms = SignatureAndHash::parse_list(reader)?;
        let length = usize::from(reader.u16_be("dtls.handshake.dnames_len")?);
        let mut names = Reader::new(reader.take(length, "dtls.handshake.dnames")?);
        let mut certificate_authorities = Vec::new();
        while !names.is_empty() {
            let length = usize::from(names.u16_be("dtls.handshake.dname_len")?);
            if length == 0 {
                return Err(Error::Malformed("dtls.handshake.dname_len"));
            }
            certificate_authorities.push(names.take(length, "dtls.handshake.dname")?.to_vec());
        }
        Ok(Self { certificate_types, signature_algorithms, certificate_authorities })
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        let types: Vec<u8> = self.certificate_types.iter().map(|certificate_type| certificate_type.0).collect();
        emit_vector8(&types, "dtls.handshake.cert_types_count", out)?;
        SignatureAndHash::emit_list(&self.signature_algorithms, out)?;
        let mut names = Vec::new();
        for name in &self.certificate_authorities {
            emit_vector16(name, "dtls.handshake.dname_len", &mut names)?;
        }
        emit_vector16(&names, "dtls.handshake.dnames_len", out)
    }
}

/// Appends a vector with a 24-bit length.
pub(super) fn emit_vector24(bytes: &[u8], what: &'static str, out: &mut Vec<u8>) -> Result<()> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length < 1 << 24).ok_or(Error::Malformed(what))?;
    out.extend(length.to_be_bytes().into_iter().skip(1));
    out.extend_from_slice(bytes);
    Ok(())
}
