//! Next header compression, LOWPAN_NHC (RFC 6282 section 4): UDP, 11110CPP, and extension headers, 1110 EID NH.

use crate::ipv6::NextHeader;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// What a next header compression octet announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NhcKind {
    /// 1110 EID NH with EID 0 to 4: an extension header.
    Extension,
    /// 1110 111 0: an IPv6 header, encoded with IPHC.
    Ipv6,
    /// 11110CPP: UDP.
    Udp,
    /// 1011 EID NH: an extension header whose octets are compressed generically (RFC 7400 section 3.2).
    GhcExtension,
    /// 1101 0CPP: UDP whose payload is compressed generically (RFC 7400 section 3.1).
    GhcUdp,
    /// 1101 1111: ICMPv6, compressed generically.
    GhcIcmpv6,
    /// Everything else.
    Reserved,
}

impl NhcKind {
    /// From the octet.
    pub fn of(octet: u8) -> Self {
        match octet {
            0xe0..=0xe9 => Self::Extension,
            0xee | 0xef => Self::Ipv6,
            0xf0..=0xf7 => Self::Udp,
            0xb0..=0xb9 => Self::GhcExtension,
            0xd0..=0xd7 => Self::GhcUdp,
            0xdf => Self::GhcIcmpv6,
            _ => Self::Reserved,
        }
    }
}

/// The octet before an IPv6 header in IPv6: EID 7, whose NH bit is zero (section 4.2).
pub(super) const IPV6_OCTET: u8 = 0xee;

/// The extension headers that can be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExtensionId {
    /// EID 0: hop-by-hop options.
    HopByHop,
    /// EID 1: routing.
    Routing,
    /// EID 2: fragment.
    Fragment,
    /// EID 3: destination options.
    Destination,
    /// EID 4: mobility.
    Mobility,
}

impl ExtensionId {
    /// The header that a next header value names, if it is one of these.
    pub fn of(next_header: NextHeader) -> Option<Self> {
        Some(match next_header {
            NextHeader::HOP_BY_HOP => Self::HopByHop,
            NextHeader::ROUTING => Self::Routing,
            NextHeader::FRAGMENT => Self::Fragment,
            NextHeader::DESTINATION_OPTIONS => Self::Destination,
            NextHeader::MOBILITY => Self::Mobility,
            _ => return None,
        })
    }

    /// The next header value that names it.
    pub fn next_header(self) -> NextHeader {
        match self {
            Self::HopByHop => NextHeader::HOP_BY_HOP,
            Self::Routing => NextHeader::ROUTING,
            Self::Fragment => NextHeader::FRAGMENT,
            Self::Destination => NextHeader::DESTINATION_OPTIONS,
            Self::Mobility => NextHeader::MOBILITY,
        }
    }

    /// Whether the header ends with options, so that its padding can be elided.
    pub fn has_options(self) -> bool {
        matches!(self, Self::HopByHop | Self::Destination)
    }

    pub(super) fn from_bits(bits: u8) -> Result<Self> {
        match bits {
            0 => Ok(Self::HopByHop),
            1 => Ok(Self::Routing),
            2 => Ok(Self::Fragment),
            3 => Ok(Self::Destination),
            4 => Ok(Self::Mobility),
            _ => Err(Error::Malformed("next header compression names a reserved extension header")),
        }
    }
}

/// The front of a compressed extension header: all up to the octets that its length counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExtensionNhc {
    /// EID.
    pub id: ExtensionId,
    /// In-line next header; `None` if another next header compression follows (NH = 1).
    pub next_header: Option<NextHeader>,
    /// Octets that follow; always six behind the front of a fragment header, which has [`Self::reserved`] in this place.
    pub length: u8,
    /// The reserved octet of a fragment header, carried as it is; 0 of others, which have none.
    pub reserved: u8,
}

impl ExtensionNhc {
    /// Octets of a fragment header after its first two.
    pub const FRAGMENT_LENGTH: u8 = 6;

    /// Octets that [`Self::emit`] writes: 2 or 3.
    pub fn buffer_len(self) -> usize {
        2 + usize::from(self.next_header.is_some())
    }

    /// Reads the front of the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let octet = reader.u8("next header compression")?;
        if octet >> 4 != 0xe {
            return Err(Error::Malformed("next header compression is not an extension header"));
        }
        let id = ExtensionId::from_bits(octet >> 1 & 7)?;
        let next_header =
            if octet & 1 == 0 { Some(NextHeader(reader.u8("extension header next header")?)) } else { None };
        let octet = reader.u8("extension header length")?;
        let is_fragment = id == ExtensionId::Fragment;
        let (length, reserved) = if is_fragment { (Self::FRAGMENT_LENGTH, octet) } else { (octet, 0) };
        Ok(Self { id, next_header, length, reserved })
    }

    /// Writes the front of the header.
    pub fn emit(self, writer: &mut Writer<'_>) -> Result<()> {
        let id = match self.id {
            ExtensionId::HopByHop => 0,
            ExtensionId::Routing => 1,
            ExtensionId::Fragment => 2,
            ExtensionId::Destination => 3,
            ExtensionId::Mobility => 4,
        };
        writer.u8(0xe0 | id << 1 | u8::from(self.next_header.is_none()), "next header compression")?;
        if let Some(next_header) = self.next_header {
            writer.u8(next_header.0, "extension header next header")?;
        }
        let octet = if self.id == ExtensionId::Fragment { self.reserved } else { self.length };
        writer.u8(octet, "extension header length")
    }
}

/// A compressed UDP header (section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UdpNhc {
    /// P, two bits: 0 both ports in full, 1 destination 0xf0xx, 2 source 0xf0xx, 3 both 0xf0bx.
    pub port_mode: u8,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Checksum; `None` if elided (C = 1), which needs the consent of the upper layer.
    pub checksum: Option<u16>,
}

impl UdpNhc {
    /// The shortest form for two ports, with the checksum in-line.
    pub fn new(source_port: u16, destination_port: u16, checksum: u16) -> Self {
        let port_mode = match (source_port, destination_port) {
            (0xf0b0..=0xf0bf, 0xf0b0..=0xf0bf) => 3,
            (0xf000..=0xf0ff, _) => 2,
            (_, 0xf000..=0xf0ff) => 1,
            _ => 0,
        };
        Self { port_mode, source_port, destination_port, checksum: Some(checksum) }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let ports = match self.port_mode & 3 {
            0 => 4,
            1 | 2 => 3,
            _ => 1,
        };
        1 + ports + if self.checksum.is_some() { 2 } else { 0 }
    }

    /// Reads the header. That of a datagram whose payload is compressed generically (RFC 7400 section 3.1) has the same
    /// form.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let octet = reader.u8("next header compression")?;
        if !matches!(NhcKind::of(octet), NhcKind::Udp | NhcKind::GhcUdp) {
            return Err(Error::Malformed("next header compression is not UDP"));
        }
        let port_mode = octet & 3;
        let (source_port, destination_port) = match port_mode {
            0 => (reader.u16_be("UDP source port")?, reader.u16_be("UDP destination port")?),
            1 => (reader.u16_be("UDP source port")?, 0xf000 | u16::from(reader.u8("UDP destination port")?)),
            2 => (0xf000 | u16::from(reader.u8("UDP source port")?), reader.u16_be("UDP destination port")?),
            _ => {
                let ports = u16::from(reader.u8("UDP ports")?);
                (0xf0b0 | ports >> 4, 0xf0b0 | ports & 0xf)
            }
        };
        let checksum = if octet & 4 == 0 { Some(reader.u16_be("UDP checksum")?) } else { None };
        Ok(Self { port_mode, source_port, destination_port, checksum })
    }

    /// Writes the header; [`Error::Malformed`] if the ports do not fit `port_mode`.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let port_mode = self.port_mode & 3;
        let [source_high, source_low] = self.source_port.to_be_bytes();
        let [destination_high, destination_low] = self.destination_port.to_be_bytes();
        let fits = match port_mode {
            0 => true,
            1 => destination_high == 0xf0,
            2 => source_high == 0xf0,
            _ => self.source_port & 0xfff0 == 0xf0b0 && self.destination_port & 0xfff0 == 0xf0b0,
        };
        if !fits {
            return Err(Error::Malformed("UDP ports do not fit their compression"));
        }
        writer.u8(0xf0 | u8::from(self.checksum.is_none()) << 2 | port_mode, "next header compression")?;
        match port_mode {
            0 => writer.put(&[source_high, source_low, destination_high, destination_low], "UDP ports")?,
            1 => writer.put(&[source_high, source_low, destination_low], "UDP ports")?,
            2 => writer.put(&[source_low, destination_high, destination_low], "UDP ports")?,
            _ => writer.u8(source_low << 4 | destination_low & 0xf, "UDP ports")?,
        }
        self.checksum.map_or(Ok(()), |checksum| writer.u16_be(checksum, "UDP checksum"))
    }
}
