//! Registration of addresses: the bodies of DAR and DAC (RFC 6775 section 4.4) and of EDAR and EDAC, and the verifier of
//! both and of the EARO (RFC 8505 sections 4.1, 4.2).

use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Eui64, Result};

/// Status values of ARO, EARO, DAC and EDAC (RFC 6775 section 4.1, RFC 8505 table 1).
pub mod status {
    /// Success.
    pub const SUCCESS: u8 = 0;
    /// Duplicate address.
    pub const DUPLICATE_ADDRESS: u8 = 1;
    /// Neighbor cache full.
    pub const NEIGHBOR_CACHE_FULL: u8 = 2;
    /// A more recent registration was done.
    pub const MOVED: u8 = 3;
    /// The binding state was removed.
    pub const REMOVED: u8 = 4;
    /// The registering node is challenged.
    pub const VALIDATION_REQUESTED: u8 = 5;
    /// The source address of the NS conflicts with a registration.
    pub const DUPLICATE_SOURCE_ADDRESS: u8 = 6;
    /// The source address of the NS is not link-local.
    pub const INVALID_SOURCE_ADDRESS: u8 = 7;
    /// The address is not usable on this link.
    pub const REGISTERED_ADDRESS_TOPOLOGICALLY_INCORRECT: u8 = 8;
    /// The registry of the 6LBR is saturated.
    pub const REGISTRY_SATURATED: u8 = 9;
    /// The proof of ownership is not correct.
    pub const VALIDATION_FAILED: u8 = 10;
}

/// Capability bits of the 6CIO (RFC 7400 section 3.3, RFC 8505 section 4.3).
pub mod capability {
    /// G: generic header compression.
    pub const GENERIC_HEADER_COMPRESSION: u16 = 1;
    /// E: IPv6 ND registrar, takes an EARO.
    pub const REGISTRAR: u16 = 1 << 1;
    /// P: routing registrar.
    pub const ROUTING_REGISTRAR: u16 = 1 << 2;
    /// B: 6LBR.
    pub const BORDER_ROUTER: u16 = 1 << 3;
    /// L: 6LR.
    pub const ROUTER: u16 = 1 << 4;
    /// D: the 6LBR takes EDAR and EDAC.
    pub const EXTENDED_DUPLICATE_ADDRESS: u16 = 1 << 5;
}

/// Registration Ownership Verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rovr {
    /// An EUI-64, or what stands in its place.
    Bits64([u8; 8]),
    /// 128 bits.
    Bits128([u8; 16]),
    /// 192 bits.
    Bits192([u8; 24]),
    /// 256 bits.
    Bits256([u8; 32]),
}

impl Rovr {
    /// From 8, 16, 24 or 32 octets.
    pub fn new(octets: &[u8]) -> Option<Self> {
        match octets.len() {
            8 => octets.try_into().ok().map(Self::Bits64),
            16 => octets.try_into().ok().map(Self::Bits128),
            24 => octets.try_into().ok().map(Self::Bits192),
            32 => octets.try_into().ok().map(Self::Bits256),
            _ => None,
        }
    }

    /// Its octets.
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Bits64(octets) => octets,
            Self::Bits128(octets) => octets,
            Self::Bits192(octets) => octets,
            Self::Bits256(octets) => octets,
        }
    }

    /// The code suffix of an EDAR or EDAC with this verifier: its length in units of 64 bits.
    pub fn code_suffix(&self) -> u8 {
        match self {
            Self::Bits64(_) => 1,
            Self::Bits128(_) => 2,
            Self::Bits192(_) => 3,
            Self::Bits256(_) => 4,
        }
    }
}

/// The common body of DAR and DAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registration {
    /// Status as in ARO; 0 in a DAR.
    pub status: u8,
    /// Registration lifetime in units of 60 seconds.
    pub registration_lifetime: u16,
    /// EUI-64 of the registering interface.
    pub eui64: Eui64,
    /// The address to be registered.
    pub registered_address: Ipv6Addr,
}

/// The common body of EDAR and EDAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtendedRegistration {
    /// Status: see [`status`]; 0 in an EDAR.
    pub status: u8,
    /// TID.
    pub transaction_id: u8,
    /// Registration lifetime in units of 60 seconds.
    pub registration_lifetime: u16,
    /// ROVR; its length is the code suffix.
    pub rovr: Rovr,
    /// The address to be registered.
    pub registered_address: Ipv6Addr,
}

impl Registration {
    pub(super) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let status = reader.u8("status")?;
        reader.take(1, "reserved")?;
        Ok(Self {
            status,
            registration_lifetime: reader.u16_be("registration lifetime")?,
            eui64: Eui64(reader.array("EUI-64")?),
            registered_address: Ipv6Addr::from(reader.array::<16>("registered address")?),
        })
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.status, "status")?;
        writer.u8(0, "reserved")?;
        writer.u16_be(self.registration_lifetime, "registration lifetime")?;
        writer.put(&self.eui64.0, "EUI-64")?;
        writer.put(&self.registered_address.octets(), "registered address")
    }
}

impl ExtendedRegistration {
    /// `code_suffix` is 1 to 4.
    pub(super) fn parse(reader: &mut Reader<'_>, code_suffix: u8) -> Result<Self> {
        let status = reader.u8("status")?;
        let transaction_id = reader.u8("TID")?;
        let registration_lifetime = reader.u16_be("registration lifetime")?;
        let octets = reader.take(usize::from(code_suffix).saturating_mul(8), "ROVR")?;
        let rovr = Rovr::new(octets).ok_or(crate::Error::Unsupported("code suffix of an EDAR or EDAC above 4"))?;
        let registered_address = Ipv6Addr::from(reader.array::<16>("registered address")?);
        Ok(Self { status, transaction_id, registration_lifetime, rovr, registered_address })
    }

    pub(super) fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.status, "status")?;
        writer.u8(self.transaction_id, "TID")?;
        writer.u16_be(self.registration_lifetime, "registration lifetime")?;
        writer.put(self.rovr.octets(), "ROVR")?;
        writer.put(&self.registered_address.octets(), "registered address")
    }
}
