//! Hello extensions (RFC 5246 7.4.1.4): carried as type and octets, with names for those that the engine knows.

use alloc::vec::Vec;

use crate::reader::Reader;
use crate::{Error, Result};

/// The number of an extension, from the IANA registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionType(pub u16);

impl ExtensionType {
    /// RFC 6066.
    pub const SERVER_NAME: Self = Self(0);
    /// RFC 6066.
    pub const MAX_FRAGMENT_LENGTH: Self = Self(1);
    /// RFC 8422.
    pub const SUPPORTED_GROUPS: Self = Self(10);
    /// RFC 8422.
    pub const EC_POINT_FORMATS: Self = Self(11);
    /// RFC 5246.
    pub const SIGNATURE_ALGORITHMS: Self = Self(13);
    /// RFC 7250.
    pub const CLIENT_CERTIFICATE_TYPE: Self = Self(19);
    /// RFC 7250.
    pub const SERVER_CERTIFICATE_TYPE: Self = Self(20);
    /// RFC 7366; without meaning for AEAD suites.
    pub const ENCRYPT_THEN_MAC: Self = Self(22);
    /// RFC 7627.
    pub const EXTENDED_MASTER_SECRET: Self = Self(23);
    /// RFC 5077.
    pub const SESSION_TICKET: Self = Self(35);
    /// RFC 5746.
    pub const RENEGOTIATION_INFO: Self = Self(0xff01);
}

/// One extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Which.
    pub extension_type: ExtensionType,
    /// `extension_data`.
    pub data: Vec<u8>,
}

impl Extension {
    /// `extended_master_secret`: empty (RFC 7627 5.1).
    pub fn extended_master_secret() -> Self {
        Self { extension_type: ExtensionType::EXTENDED_MASTER_SECRET, data: Vec::new() }
    }

    /// `renegotiation_info` of an initial handshake: an empty `renegotiated_connection` (RFC 5746 3.2).
    pub fn renegotiation_info() -> Self {
        Self { extension_type: ExtensionType::RENEGOTIATION_INFO, data: Vec::from([0]) }
    }

    /// Reads the extensions block, length included; nothing at all is an empty list (RFC 5246 7.4.1.2).
    pub(super) fn parse_all(reader: &mut Reader<'_>) -> Result<Vec<Self>> {
        if reader.is_empty() {
            return Ok(Vec::new());
        }
        let length = usize::from(reader.u16_be("dtls.handshake.extensions_length")?);
        let mut block = Reader::new(reader.take(length, "dtls.handshake.extensions")?);
        let mut extensions = Vec::new();
        while !block.is_empty() {
            let extension_type = ExtensionType(block.u16_be("dtls.handshake.extension.type")?);
            let length = usize::from(block.u16_be("dtls.handshake.extension.len")?);
            let data = block.take(length, "dtls.handshake.extension.data")?.to_vec();
            extensions.push(Self { extension_type, data });
        }
        Ok(extensions)
    }

    /// Appends the extensions block; an empty list appends nothing.
    pub(super) fn emit_all(extensions: &[Self], out: &mut Vec<u8>) -> Result<()> {
        if extensions.is_empty() {
            return Ok(());
        }
        let mut block = Vec::new();
        for extension in extensions {
            block.extend_from_slice(&extension.extension_type.0.to_be_bytes());
            emit_vector16(&extension.data, "dtls.handshake.extension.len", &mut block)?;
        }
        emit_vector16(&block, "dtls.handshake.extensions_length", out)
    }
}

/// Appends a vector with an 8-bit length.
pub(super) fn emit_vector8(bytes: &[u8], what: &'static str, out: &mut Vec<u8>) -> Result<()> {
    out.push(u8::try_from(bytes.len()).map_err(|_| Error::Malformed(what))?);
    out.extend_from_slice(bytes);
    Ok(())
}

/// Appends a vector with a 16-bit length.
pub(super) fn emit_vector16(bytes: &[u8], what: &'static str, out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| Error::Malformed(what))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
