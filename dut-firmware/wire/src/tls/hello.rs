//! The hello messages: ClientHello and HelloVerifyRequest (RFC 6347 4.2.1), ServerHello (RFC 5246 7.4.1.3).

use alloc::vec::Vec;
use core::fmt;

use super::extension::{emit_vector8, emit_vector16};
use super::{Extension, ExtensionType, RANDOM_LENGTH};
use crate::reader::Reader;
use crate::{Error, Result};

/// What a handshake travels in: it decides on the form of ClientHello, which has a cookie in datagrams (RFC 6347 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TLS: records over a stream of octets, or what stands for one, as EAP-TLS.
    Stream,
    /// DTLS.
    Datagram,
}

/// A protocol version as two octets on the wire; DTLS counts downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProtocolVersion(pub u16);

impl ProtocolVersion {
    /// 254.255.
    pub const DTLS_1_0: Self = Self(0xfeff);
    /// 254.253.
    pub const DTLS_1_2: Self = Self(0xfefd);

    /// 3.1, which the record of a first ClientHello may say (RFC 5246 appendix E.1).
    pub const TLS_1_0: Self = Self(0x0301);
    /// 3.3.
    pub const TLS_1_2: Self = Self(0x0303);

    /// Whether this is `floor` or a later version of the same protocol: the same family, and counted no less far.
    pub fn is_at_least(self, floor: Self) -> bool {
        let counts_downwards = floor.0 >> 8 == Self::DTLS_1_2.0 >> 8;
        self.is_of_the_family_of(floor) && if counts_downwards { self.0 <= floor.0 } else { self.0 >= floor.0 }
    }

    /// Whether both are TLS, or both DTLS: the same major number.
    pub fn is_of_the_family_of(self, other: Self) -> bool {
        self.0 >> 8 == other.0 >> 8
    }
}

/// A cipher suite number, from the IANA registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CipherSuite(pub u16);

impl CipherSuite {
    /// `TLS_PSK_WITH_AES_128_CCM_8` (RFC 6655).
    pub const PSK_WITH_AES_128_CCM_8: Self = Self(0xc0a8);
    /// `TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8` (RFC 7251).
    pub const ECDHE_ECDSA_WITH_AES_128_CCM_8: Self = Self(0xc0ae);
    /// `TLS_EMPTY_RENEGOTIATION_INFO_SCSV` (RFC 5746 3.3): a signal, never selected.
    pub const EMPTY_RENEGOTIATION_INFO_SCSV: Self = Self(0x00ff);
}

/// The registry's name where this harness knows it, else the number.
impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PSK_WITH_AES_128_CCM_8 => f.write_str("TLS_PSK_WITH_AES_128_CCM_8"),
            Self::ECDHE_ECDSA_WITH_AES_128_CCM_8 => f.write_str("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
            Self::EMPTY_RENEGOTIATION_INFO_SCSV => f.write_str("TLS_EMPTY_RENEGOTIATION_INFO_SCSV"),
            Self(number) => write!(f, "0x{number:04x}"),
        }
    }
}

/// ClientHello (RFC 5246 7.4.1.2, RFC 6347 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello {
    /// The newest version that the client speaks.
    pub version: ProtocolVersion,
    /// 32 octets, fresh for every handshake and kept over a cookie exchange.
    pub random: [u8; RANDOM_LENGTH],
    /// At most 32 octets; empty without resumption.
    pub session_id: Vec<u8>,
    /// Of DTLS: empty in the first ClientHello; else the octets of the HelloVerifyRequest. At most 255 octets. `None` in
    /// TLS, which has no such field.
    pub cookie: Option<Vec<u8>>,
    /// By preference.
    pub cipher_suites: Vec<CipherSuite>,
    /// Must contain 0, null.
    pub compression_methods: Vec<u8>,
    /// In order.
    pub extensions: Vec<Extension>,
}

impl ClientHello {
    /// Reads the body of a ClientHello.
    ///
    /// # Errors
    /// [`Error`] if it is truncated, has octets after its extensions, an odd list of suites, or a long session ID.
    pub fn parse(transport: Transport, body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        let version = ProtocolVersion(reader.u16_be("dtls.handshake.version")?);
        let random = reader.array("dtls.handshake.random")?;
        let session_id = parse_session_id(&mut reader)?;
        let cookie = match transport {
            Transport::Stream => None,
            Transport::Datagram => {
                let length = usize::from(reader.u8("dtls.handshake.cookie_length")?);
                Some(reader.take(length, "dtls.handshake.cookie")?.to_vec())
            }
        };
        let length = usize::from(reader.u16_be("dtls.handshake.cipher_suites_length")?);
        let mut suites = Reader::new(reader.take(length, "dtls.handshake.ciphersuites")?);
        let mut cipher_suites = Vec::with_capacity(length / 2);
        while !suites.is_empty() {
            cipher_suites.push(CipherSuite(suites.u16_be("dtls.handshake.ciphersuite")?));
        }
        let length = usize::from(reader.u8("dtls.handshake.comp_methods_length")?);
        let compression_methods = reader.take(length, "dtls.handshake.comp_methods")?.to_vec();
        let extensions = Extension::parse_all(&mut reader)?;
        finish(&reader, "octets after ClientHello")?;
        Ok(Self { version, random, session_id, cookie, cipher_suites, compression_methods, extensions })
    }

    /// Appends the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a list is longer than its length field can say.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.version.0.to_be_bytes());
        out.extend_from_slice(&self.random);
        emit_vector8(&self.session_id, "dtls.handshake.session_id_length", out)?;
        if let Some(cookie) = &self.cookie {
            emit_vector8(cookie, "dtls.handshake.cookie_length", out)?;
        }
        let suites: Vec<u8> = self.cipher_suites.iter().flat_map(|suite| suite.0.to_be_bytes()).collect();
        emit_vector16(&suites, "dtls.handshake.cipher_suites_length", out)?;
        emit_vector8(&self.compression_methods, "dtls.handshake.comp_methods_length", out)?;
        Extension::emit_all(&self.extensions, out)
    }

    /// The first extension of this type.
    pub fn extension(&self, extension_type: ExtensionType) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.extension_type == extension_type)
    }
}

/// HelloVerifyRequest (RFC 6347 4.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloVerifyRequest {
    /// 254.255 whatever is negotiated later; a client takes any.
    pub version: ProtocolVersion,
    /// At most 255 octets, opaque to the client.
    pub cookie: Vec<u8>,
}

impl HelloVerifyRequest {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Error`] if it is truncated or followed by other octets.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        let version = ProtocolVersion(reader.u16_be("dtls.handshake.version")?);
        let length = usize::from(reader.u8("dtls.handshake.cookie_length")?);
        let cookie = reader.take(length, "dtls.handshake.cookie")?.to_vec();
        finish(&reader, "octets after HelloVerifyRequest")?;
        Ok(Self { version, cookie })
    }

    /// Appends the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the cookie is longer than 255 octets.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.version.0.to_be_bytes());
        emit_vector8(&self.cookie, "dtls.handshake.cookie_length", out)
    }
}

/// ServerHello (RFC 5246 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello {
    /// The version of this connection.
    pub version: ProtocolVersion,
    /// 32 octets.
    pub random: [u8; RANDOM_LENGTH],
    /// At most 32 octets; empty if the session will not be resumed.
    pub session_id: Vec<u8>,
    /// The one selected.
    pub cipher_suite: CipherSuite,
    /// 0.
    pub compression_method: u8,
    /// A subset of what the client offered.
    pub extensions: Vec<Extension>,
}

impl ServerHello {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Error`] if it is truncated, has octets after its extensions, or a long session ID.
    pub fn parse(body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        let version = ProtocolVersion(reader.u16_be("dtls.handshake.version")?);
        let random = reader.array("dtls.handshake.random")?;
        let session_id = parse_session_id(&mut reader)?;
        let cipher_suite = CipherSuite(reader.u16_be("dtls.handshake.ciphersuite")?);
        let compression_method = reader.u8("dtls.handshake.comp_method")?;
        let extensions = Extension::parse_all(&mut reader)?;
        finish(&reader, "octets after ServerHello")?;
        Ok(Self { version, random, session_id, cipher_suite, compression_method, extensions })
    }

    /// Appends the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a list is longer than its length field can say.
    pub fn emit(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.version.0.to_be_bytes());
        out.extend_from_slice(&self.random);
        emit_vector8(&self.session_id, "dtls.handshake.session_id_length", out)?;
        out.extend_from_slice(&self.cipher_suite.0.to_be_bytes());
        out.push(self.compression_method);
        Extension::emit_all(&self.extensions, out)
    }

    /// The first extension of this type.
    pub fn extension(&self, extension_type: ExtensionType) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.extension_type == extension_type)
    }
}

fn parse_session_id(reader: &mut Reader<'_>) -> Result<Vec<u8>> {
    let length = usize::from(reader.u8("dtls.handshake.session_id_length")?);
    if length > 32 {
        return Err(Error::Malformed("dtls.handshake.session_id_length"));
    }
    Ok(reader.take(length, "dtls.handshake.session_id")?.to_vec())
}

pub(super) fn finish(reader: &Reader<'_>, what: &'static str) -> Result<()> {
    if reader.is_empty() { Ok(()) } else { Err(Error::Malformed(what)) }
}
