//! The key usage extension of a certificate (RFC 5280 4.2.1.3), which webpki reads over.

use wire::reader::Reader;

use super::CertificateError;
use super::der::{BIT_STRING, SEQUENCE, content, element};

const OCTET_STRING: u8 = 0x04;
/// `[3]` of TBSCertificate: the extensions.
const EXTENSIONS: u8 = 0xa3;
/// id-ce-keyUsage, 2.5.29.15.
const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 0x0f];

/// What a key may be used for; all of it if the certificate does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyUsage {
    /// The first eight bits of the extension, the first of them the highest.
    bits: u8,
}

impl KeyUsage {
    /// Reads it from a certificate in DER that webpki has parsed.
    pub(super) fn of_certificate(der: &[u8]) -> Result<Self, CertificateError> {
        find(der).ok_or(CertificateError::Malformed)
    }

    /// Whether it may sign ServerKeyExchange and CertificateVerify (RFC 5246 7.4.2, RFC 8422 5.3).
    pub(super) fn has_digital_signature(self) -> bool {
        self.bits & 0x80 != 0
    }

    /// Whether it may sign certificates (RFC 5280 6.1.4 n).
    pub(super) fn has_key_cert_sign(self) -> bool {
        self.bits & 0x04 != 0
    }
}

fn find(der: &[u8]) -> Option<KeyUsage> {
    let mut certificate = Reader::new(content(&mut Reader::new(der), SEQUENCE)?);
    let mut fields = Reader::new(content(&mut certificate, SEQUENCE)?);
    while !fields.is_empty() {
        let (tag, field) = element(&mut fields)?;
        if tag != EXTENSIONS {
            continue;
        }
        let mut extensions = Reader::new(content(&mut Reader::new(field), SEQUENCE)?);
        while !extensions.is_empty() {
            let mut extension = Reader::new(content(&mut extensions, SEQUENCE)?);
            let (_, id) = element(&mut extension)?;
            if id != KEY_USAGE {
                continue;
            }
            // `critical`, if it is there, comes first.
            let (mut tag, mut value) = element(&mut extension)?;
            if tag != OCTET_STRING {
                (tag, value) = element(&mut extension)?;
            }
            let value = Some(value).filter(|_| tag == OCTET_STRING)?;
            let octets = content(&mut Reader::new(value), BIT_STRING)?;
            // The first octet counts the unused bits of the last, which are zero in DER; RFC 5280 wants at least one set.
            let bits = *octets.get(1)?;
            return Some(KeyUsage { bits });
        }
    }
    Some(KeyUsage { bits: 0xff })
}
