//! PAN identifiers and the addresses of a MAC header (IEEE 802.15.4-2006 section 7.2.1; IEEE 802.15.4-2015 section 7.2.2).

use core::fmt;

use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// A PAN identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PanId(pub u16);

impl PanId {
    /// Every PAN.
    pub const BROADCAST: Self = Self(0xffff);
}

impl fmt::Display for PanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

/// A 16-bit short address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortAddress(pub u16);

impl ShortAddress {
    /// Every device.
    pub const BROADCAST: Self = Self(0xffff);
    /// An associated device that was given no short address.
    pub const NONE: Self = Self(0xfffe);
}

impl fmt::Display for ShortAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

/// An address field of a MAC header together with its PAN, which is the other field's one under PAN ID compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Address {
    /// Addressing mode 0: neither PAN identifier nor address.
    Absent,
    /// Addressing mode 0 with a PAN identifier: the destination of a 2015 frame without addresses (table 7-2, row 2).
    Pan(PanId),
    /// An address on a PAN that the frame does not name: 2015 frames only (table 7-2, rows 4, 6 and 8).
    Bare(LinkAddress),
    /// Addressing mode 2.
    Short {
        /// PAN identifier.
        pan: PanId,
        /// 16-bit short address.
        address: ShortAddress,
    },
    /// Addressing mode 3.
    Extended {
        /// PAN identifier.
        pan: PanId,
        /// 64-bit extended address.
        address: Eui64,
    },
}

impl Address {
    /// The addressing mode that this address needs.
    pub fn mode(self) -> AddressingMode {
        match self {
            Self::Absent | Self::Pan(_) => AddressingMode::Absent,
            Self::Short { .. } | Self::Bare(LinkAddress::Short(_)) => AddressingMode::Short,
            Self::Extended { .. } | Self::Bare(LinkAddress::Extended(_)) => AddressingMode::Extended,
        }
    }

    /// The PAN identifier, if the frame tells it.
    pub fn pan(self) -> Option<PanId> {
        match self {
            Self::Absent | Self::Bare(_) => None,
            Self::Pan(pan) | Self::Short { pan, .. } | Self::Extended { pan, .. } => Some(pan),
        }
    }

    /// The address without its PAN, if present.
    pub fn link(self) -> Option<LinkAddress> {
        match self {
            Self::Absent | Self::Pan(_) => None,
            Self::Bare(address) => Some(address),
            Self::Short { address, .. } => Some(LinkAddress::Short(address)),
            Self::Extended { address, .. } => Some(LinkAddress::Extended(address)),
        }
    }

    /// The extended address, if it is one.
    pub fn extended(self) -> Option<Eui64> {
        self.link()?.extended()
    }

    /// Joins a PAN and an address.
    pub fn new(pan: PanId, address: LinkAddress) -> Self {
        match address {
            LinkAddress::Short(address) => Self::Short { pan, address },
            LinkAddress::Extended(address) => Self::Extended { pan, address },
        }
    }

    /// Joins what a header says: the PAN if it is in the frame or follows from the other one, and the address.
    pub fn from_parts(pan: Option<PanId>, address: Option<LinkAddress>) -> Self {
        match (pan, address) {
            (None, None) => Self::Absent,
            (Some(pan), None) => Self::Pan(pan),
            (None, Some(address)) => Self::Bare(address),
            (Some(pan), Some(address)) => Self::new(pan, address),
        }
    }
}

/// A link-layer address without its PAN: what 6LoWPAN derives interface identifiers from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkAddress {
    /// 16-bit short address.
    Short(ShortAddress),
    /// 64-bit extended address.
    Extended(Eui64),
}

impl LinkAddress {
    /// The broadcast address.
    pub const BROADCAST: Self = Self::Short(ShortAddress::BROADCAST);

    /// The interface identifier: the modified EUI-64, or 0000:00ff:fe00 and then a short address (RFC 6282 section
    /// 3.2.2).
    pub fn interface_identifier(self) -> [u8; 8] {
        match self {
            Self::Extended(eui64) => eui64.interface_identifier(),
            Self::Short(ShortAddress(address)) => {
                let [high, low] = address.to_be_bytes();
                [0, 0, 0, 0xff, 0xfe, 0, high, low]
            }
        }
    }

    /// The extended address, if it is one.
    pub fn extended(self) -> Option<Eui64> {
        match self {
            Self::Extended(eui64) => Some(eui64),
            Self::Short(_) => None,
        }
    }

    /// Reads the address field that an addressing mode calls for.
    pub(super) fn parse(mode: AddressingMode, reader: &mut Reader<'_>) -> Result<Option<Self>> {
        Ok(match mode {
            AddressingMode::Absent => None,
            AddressingMode::Short => Some(Self::Short(ShortAddress(reader.u16_le("short address")?))),
            AddressingMode::Extended => Some(Self::Extended(Eui64::from_mac_order(reader.array("extended address")?))),
        })
    }

    pub(super) fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::Short(address) => writer.u16_le(address.0, "short address"),
            Self::Extended(address) => writer.put(&address.to_mac_order(), "extended address"),
        }
    }
}

/// `0x` and four digits for a short address, sixteen digits for an extended one.
impl fmt::Display for LinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(address) => address.fmt(f),
            Self::Extended(address) => address.fmt(f),
        }
    }
}

/// The two-bit addressing mode subfields of the frame control field (table 80).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressingMode {
    /// 0: PAN identifier and address are not present.
    Absent,
    /// 2: 16-bit short address.
    Short,
    /// 3: 64-bit extended address.
    Extended,
}

impl AddressingMode {
    /// From the two bits; mode 1 is reserved.
    pub fn from_bits(bits: u16) -> Result<Self> {
        match bits & 3 {
            0 => Ok(Self::Absent),
            2 => Ok(Self::Short),
            3 => Ok(Self::Extended),
            _ => Err(Error::Malformed("addressing mode 1 is reserved")),
        }
    }

    /// Octets of the address field: 0, 2 or 8.
    pub fn address_len(self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Short => 2,
            Self::Extended => 8,
        }
    }

    /// The two bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::Absent => 0,
            Self::Short => 2,
            Self::Extended => 3,
        }
    }
}
