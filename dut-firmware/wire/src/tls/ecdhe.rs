//! The key exchange of the ECDHE_ECDSA suites (RFC 8422 5.4, 5.7; RFC 7251): named groups, points, the server's signed
//! parameters, and the `DigitallySigned` of RFC 5246 4.7.

use alloc::vec::Vec;

use super::extension::{emit_vector8, emit_vector16};
use crate::reader::Reader;
use crate::{Error, Result};

/// `curve_type` of a named curve, the only one that RFC 8422 5.4 leaves.
const NAMED_CURVE: u8 = 3;

/// A group for the key exchange, from the IANA registry (RFC 8422 5.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NamedGroup(pub u16);

impl NamedGroup {
    /// P-256.
    pub const SECP256R1: Self = Self(23);
    /// P-384.
    pub const SECP384R1: Self = Self(24);
    /// Curve25519.
    pub const X25519: Self = Self(29);
}

/// How the octets of a point are to be read (RFC 8422 5.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EcPointFormat(pub u8);

impl EcPointFormat {
    /// 0x04, then both coordinates; every peer must know it.
    pub const UNCOMPRESSED: Self = Self(0);
}

/// `SignatureAndHashAlgorithm` (RFC 5246 7.4.1.4.1) as one number: the hash in the upper octet, the signature in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureAndHash(pub u16);

impl SignatureAndHash {
    /// SHA-256 and ECDSA; on what curve, the key says.
    pub const ECDSA_SHA256: Self = Self(0x0403);
    /// SHA-1 and ECDSA: what a peer means that says nothing.
    pub const ECDSA_SHA1: Self = Self(0x0203);

    /// The pairs of a vector with a 16-bit length; the vector holds at least one.
    pub(super) fn parse_list(reader: &mut Reader<'_>) -> Result<Vec<Self>> {
        let length = usize::from(reader.u16_be("dtls.handshake.sig_hash_alg_len")?);
        let mut pairs = Reader::new(reader.take(length, "dtls.handshake.sig_hash_algs")?);
        if pairs.is_empty() {
            return Err(Error::Malformed("dtls.handshake.sig_hash_alg_len"));
        }
        let mut list = Vec::with_capacity(length / 2);
        while !pairs.is_empty() {
            list.push(Self(pairs.u16_be("dtls.handshake.sig_hash_alg")?));
        }
        Ok(list)
    }

    /// Appends such a vector.
    pub(super) fn emit_list(list: &[Self], out: &mut Vec<u8>) -> Result<()> {
        let pairs: Vec<u8> = list.iter().flat_map(|pair| pair.0.to_be_bytes()).collect();
        emit_vector16(&pairs, "dtls.handshake.sig_hash_alg_len", out)
    }
}

/// `DigitallySigned` of TLS 1.2 (RFC 5246 4.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitallySigned {
    /// With what it was signed.
    pub algorithm: SignatureAndHash,
    /// With ECDSA: `ECDSA-Sig-Value` in DER (RFC 8422 5.4).
    pub signature: Vec<u8>,
}

impl DigitallySigned {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let algorithm = SignatureAndHash(reader.u16_be("dtls.handshake.sig_hash_alg")?);
        let length = usize::from(reader.u16_be("dtls.handshake.sig_len")?);
        Ok(Self { algorithm, signature: reader.take(length, "dtls.handshake.sig")?.to_vec() })
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.algorithm.0.to_be_bytes());
        emit_vector16(&self.signature, "dtls.handshake.sig_len", out)
    }
}

/// `ServerECDHParams` (RFC 8422 5.4): a named group and the server's ephemeral point in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcdhParameters {
    /// The group.
    pub group: NamedGroup,
    /// 1 to 255 octets; whether they are a point of the group is the engine's business.
    pub point: Vec<u8>,
}

impl EcdhParameters {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        if reader.u8("dtls.handshake.server_curve_type")? != NAMED_CURVE {
            return Err(Error::Unsupported("dtls.handshake.server_curve_type"));
        }
        let group = NamedGroup(reader.u16_be("dtls.handshake.server_named_curve")?);
        Ok(Self { group, point: parse_point(reader)? })
    }

    /// Appends the octets that are sent, and signed behind both randoms.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the point is empty or longer than 255 octets.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        out.push(NAMED_CURVE);
        out.extend_from_slice(&self.group.0.to_be_bytes());
        emit_point(&self.point, out)
    }
}

/// ServerKeyExchange of the ECDHE_ECDSA suites (RFC 8422 5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcdheServerKeyExchange {
    /// What is signed, behind both randoms.
    pub parameters: EcdhParameters,
    /// By the key in the server's certificate.
    pub signed: DigitallySigned,
}

/// An `ECPoint`: 1 to 255 octets behind their number.
pub(super) fn parse_point(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let length = usize::from(reader.u8("dtls.handshake.point_len")?);
    if length == 0 {
        return Err(Error::Malformed("dtls.handshake.point_len"));
    }
    Ok(reader.take(length, "dtls.handshake.point")?.to_vec())
}

/// Appends an `ECPoint`.
pub(super) fn emit_point(point: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if point.is_empty() {
        return Err(Error::Malformed("dtls.handshake.point_len"));
    }
    emit_vector8(point, "dtls.handshake.point_len", out)
}
