//! EC-JPAKE key exchange messages (draft-cragie-tls-ecjpake): shares with their Schnorr proofs (RFC 8236 over a curve).
//! Points and scalars are octets here: nothing is computed.

use alloc::vec::Vec;

use super::extension::emit_vector8;
use crate::reader::Reader;
use crate::{Error, Result};

/// The suite `TLS_ECJPAKE_WITH_AES_128_CCM_8`, a number of the draft's own.
pub const TLS_ECJPAKE_WITH_AES_128_CCM_8: super::CipherSuite = super::CipherSuite(0xc0ff);
/// The extension `ecjpake_key_kp_pair`, whose data is a [`KeyKpPair`].
pub const ECJPAKE_KEY_KP_PAIR: super::ExtensionType = super::ExtensionType(256);

/// `named_curve` in a curve type octet (RFC 8422 5.4).
const NAMED_CURVE: u8 = 3;

/// A share X and the proof (V, r) that its sender knows the logarithm: `ECJPAKEKeyKP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKp {
    /// The share, a point of 65 octets on P-256.
    pub x: Vec<u8>,
    /// The ephemeral key of the proof, a point.
    pub v: Vec<u8>,
    /// The signature of the proof, a scalar of at most 32 octets on P-256.
    pub r: Vec<u8>,
}

impl KeyKp {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let mut vector = |what| {
            let length = reader.u8(what)?;
            if length == 0 {
                return Err(Error::Malformed(what));
            }
            Ok(reader.take(length.into(), what)?.to_vec())
        };
        Ok(Self { x: vector("dtls.ecjpake.x")?, v: vector("dtls.ecjpake.v")?, r: vector("dtls.ecjpake.r")? })
    }

    fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        for (value, what) in [(&self.x, "dtls.ecjpake.x"), (&self.v, "dtls.ecjpake.v"), (&self.r, "dtls.ecjpake.r")] {
            if value.is_empty() {
                return Err(Error::Malformed(what));
            }
            emit_vector8(value, what, out)?;
        }
        Ok(())
    }

    /// Reads the body of a ClientKeyExchange: round two of the client.
    ///
    /// # Errors
    /// [`Error`] if it is truncated, followed by octets, or a part is empty.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        let key_kp = Self::read(&mut reader)?;
        end(&reader)?;
        Ok(key_kp)
    }

    /// The octets.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a part is empty or longer than 255 octets.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.emit(&mut out)?;
        Ok(out)
    }
}

/// Round one: the data of the extension in both hellos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyKpPair(pub [KeyKp; 2]);

impl KeyKpPair {
    /// Reads the data of the extension.
    ///
    /// # Errors
    /// [`Error`] if it is truncated, followed by octets, or a part is empty.
    pub fn parse(data: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(data);
        let pair = Self([KeyKp::read(&mut reader)?, KeyKp::read(&mut reader)?]);
        end(&reader)?;
        Ok(pair)
    }

    /// The data of the extension.
    ///
    /// # Errors
    /// As [`KeyKp::to_vec`].
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        self.0.iter().try_for_each(|key_kp| key_kp.emit(&mut out))?;
        Ok(out)
    }
}

/// The body of a ServerKeyExchange: round two of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcJpakeServerParams {
    /// The curve: 23 for secp256r1.
    pub named_curve: u16,
    /// The share and its proof.
    pub key_kp: KeyKp,
}

impl EcJpakeServerParams {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the curve is not a named one, else as [`KeyKp::parse`].
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        if reader.u8("dtls.handshake.server_curve_type")? != NAMED_CURVE {
            return Err(Error::Unsupported("dtls.handshake.server_curve_type"));
        }
        let named_curve = reader.u16_be("dtls.handshake.server_named_curve")?;
        let key_kp = KeyKp::read(&mut reader)?;
        end(&reader)?;
        Ok(Self { named_curve, key_kp })
    }

    /// The body.
    ///
    /// # Errors
    /// As [`KeyKp::to_vec`].
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut out = Vec::from([NAMED_CURVE]);
        out.extend_from_slice(&self.named_curve.to_be_bytes());
        self.key_kp.emit(&mut out)?;
        Ok(out)
    }
}

fn end(reader: &Reader<'_>) -> Result<()> {
    if reader.is_empty() { Ok(()) } else { Err(Error::Malformed("octets behind an EC-JPAKE share")) }
}
