//! Hello extensions (RFC 5246 7.4.1.4): carried as type and octets, with names for those that the engine knows.

use alloc::vec::Vec;

use super::{CertificateType, EcPointFormat, NamedGroup, SignatureAndHash};
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

    /// `supported_groups` of a ClientHello (RFC 8422 5.1.1), by preference.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more than a 16-bit length can say.
    pub fn supported_groups(groups: &[NamedGroup]) -> Result<Self> {
        let numbers: Vec<u8> = groups.iter().flat_map(|group| group.0.to_be_bytes()).collect();
        Self::of_vector16(ExtensionType::SUPPORTED_GROUPS, &numbers)
    }

    /// `ec_point_formats` (RFC 8422 5.1.2), by preference.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more than 255.
    pub fn ec_point_formats(formats: &[EcPointFormat]) -> Result<Self> {
        let numbers: Vec<u8> = formats.iter().map(|format| format.0).collect();
        Self::of_vector8(ExtensionType::EC_POINT_FORMATS, &numbers)
    }

    /// `signature_algorithms` of a ClientHello (RFC 5246 7.4.1.4.1), by preference.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more than a 16-bit length can say.
    pub fn signature_algorithms(algorithms: &[SignatureAndHash]) -> Result<Self> {
        let mut data = Vec::new();
        SignatureAndHash::emit_list(algorithms, &mut data)?;
        Ok(Self { extension_type: ExtensionType::SIGNATURE_ALGORITHMS, data })
    }

    /// `client_certificate_type` or `server_certificate_type` of a ClientHello: a list by preference (RFC 7250 3).
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more than 255.
    pub fn certificate_types(extension_type: ExtensionType, types: &[CertificateType]) -> Result<Self> {
        let numbers: Vec<u8> = types.iter().map(|certificate_type| certificate_type.0).collect();
        Self::of_vector8(extension_type, &numbers)
    }

    /// `client_certificate_type` or `server_certificate_type` of a ServerHello: the one selected (RFC 7250 3).
    pub fn certificate_type(extension_type: ExtensionType, selected: CertificateType) -> Self {
        Self { extension_type, data: Vec::from([selected.0]) }
    }

    /// `server_name` of a ClientHello: one host name (RFC 6066 3).
    ///
    /// # Errors
    /// [`Error::Malformed`] if the name is empty or too long.
    pub fn server_name(host_name: &str) -> Result<Self> {
        if host_name.is_empty() {
            return Err(Error::Malformed("dtls.handshake.extensions_server_name_len"));
        }
        let mut entry = Vec::from([0]);
        emit_vector16(host_name.as_bytes(), "dtls.handshake.extensions_server_name_len", &mut entry)?;
        Self::of_vector16(ExtensionType::SERVER_NAME, &entry)
    }

    /// The data as a list of groups.
    ///
    /// # Errors
    /// [`Error`] if they are no such list, or an empty one.
    pub fn read_supported_groups(&self) -> Result<Vec<NamedGroup>> {
        let mut reader = Reader::new(&self.data);
        let length = usize::from(reader.u16_be("dtls.handshake.extensions_supported_groups_length")?);
        let mut numbers = Reader::new(reader.take(length, "dtls.handshake.extensions_supported_groups")?);
        if numbers.is_empty() || !reader.is_empty() {
            return Err(Error::Malformed("dtls.handshake.extensions_supported_groups_length"));
        }
        let mut groups = Vec::with_capacity(length / 2);
        while !numbers.is_empty() {
            groups.push(NamedGroup(numbers.u16_be("dtls.handshake.extensions_supported_group")?));
        }
        Ok(groups)
    }

    /// The data as a list of point formats.
    ///
    /// # Errors
    /// [`Error`] if they are no such list, or an empty one.
    pub fn read_ec_point_formats(&self) -> Result<Vec<EcPointFormat>> {
        Ok(self.read_vector8("dtls.handshake.extensions_ec_point_formats")?.map(EcPointFormat).collect())
    }

    /// The data as a list of signature algorithms.
    ///
    /// # Errors
    /// [`Error`] if they are no such list, or an empty one.
    pub fn read_signature_algorithms(&self) -> Result<Vec<SignatureAndHash>> {
        let mut reader = Reader::new(&self.data);
        let algorithms = SignatureAndHash::parse_list(&mut reader)?;
        if reader.is_empty() { Ok(algorithms) } else { Err(Error::Malformed("dtls.handshake.sig_hash_alg_len")) }
    }

    /// The data as a list of certificate types.
    ///
    /// # Errors
    /// [`Error`] if they are no such list, or an empty one.
    pub fn read_certificate_types(&self) -> Result<Vec<CertificateType>> {
        Ok(self.read_vector8("dtls.handshake.extensions.cert_types")?.map(CertificateType).collect())
    }

    /// The data as the one certificate type that a server selected.
    ///
    /// # Errors
    /// [`Error`] if it is not one octet.
    pub fn read_certificate_type(&self) -> Result<CertificateType> {
        match self.data.as_slice() {
            [number] => Ok(CertificateType(*number)),
            _ => Err(Error::Malformed("dtls.handshake.extensions.cert_type")),
        }
    }

    fn of_vector8(extension_type: ExtensionType, octets: &[u8]) -> Result<Self> {
        let mut data = Vec::new();
        emit_vector8(octets, "dtls.handshake.extension.data", &mut data)?;
        Ok(Self { extension_type, data })
    }

    fn of_vector16(extension_type: ExtensionType, octets: &[u8]) -> Result<Self> {
        let mut data = Vec::new();
        emit_vector16(octets, "dtls.handshake.extension.data", &mut data)?;
        Ok(Self { extension_type, data })
    }

    fn read_vector8(&self, what: &'static str) -> Result<impl Iterator<Item = u8>> {
        let mut reader = Reader::new(&self.data);
        let length = usize::from(reader.u8(what)?);
        let octets = reader.take(length, what)?;
        if octets.is_empty() || !reader.is_empty() {
            return Err(Error::Malformed(what));
        }
        Ok(octets.iter().copied())
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
