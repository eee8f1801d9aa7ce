//! Neighbor Discovery options (RFC 4861 section 4.6, RFC 6775 section 4, RFC 4944 section 8).

use alloc::vec::Vec;

use crate::ieee802154::{LinkAddress, ShortAddress};
use crate::ipv6::{Ipv6Addr, prefix_bits};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

/// An option. Reserved fields are written as zero and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NdpOption {
    /// Type 1.
    SourceLinkLayerAddress(LinkLayerAddress),
    /// Type 2.
    TargetLinkLayerAddress(LinkLayerAddress),
    /// Type 3.
    PrefixInformation {
        /// Number of leading bits of `prefix` that are valid.
        prefix_length: u8,
        /// L flag.
        on_link: bool,
        /// A flag.
        autonomous: bool,
        /// Valid lifetime in seconds, all ones for infinity.
        valid_lifetime: u32,
        /// Preferred lifetime in seconds, all ones for infinity.
        preferred_lifetime: u32,
        /// Prefix.
        prefix: Ipv6Addr,
    },
    /// Type 5: in octets.
    Mtu(u32),
    /// Type 33, ARO.
    AddressRegistration {
        /// Status: 0 success, 1 duplicate address, 2 neighbor cache full.
        status: u8,
        /// Registration lifetime in units of 60 seconds.
        registration_lifetime: u16,
        /// EUI-64 of the registering interface.
        eui64: Eui64,
    },
    /// Type 34, 6CO.
    SixLowpanContext {
        /// Number of leading bits of `prefix` that are valid, 0 to 128.
        context_length: u8,
        /// C flag: may be used for compression, not for decompression only.
        compression: bool,
        /// Context identifier, 0 to 15.
        context_id: u8,
        /// Valid lifetime in units of 60 seconds.
        valid_lifetime: u16,
        /// Prefix; bits after `context_length` are zero.
        prefix: Ipv6Addr,
    },
    /// Type 35, ABRO.
    AuthoritativeBorderRouter {
        /// Version, from its low and high halves.
        version: u32,
        /// Valid lifetime in units of 60 seconds, 0 for the default of 10,000.
        valid_lifetime: u16,
        /// Address of the 6LBR.
        address: Ipv6Addr,
    },
    /// Any other, or a known type with a length that its specification does not give.
    Unknown {
        /// Option type.
        kind: u8,
        /// What follows the length; with those two octets a multiple of eight.
        body: Vec<u8>,
    },
}

/// A link-layer address inside an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkLayerAddress {
    /// Length 2: an EUI-64 and six octets of padding (RFC 4944 section 8).
    Extended(Eui64),
    /// Length 1: a short address and four octets of padding.
    Short(ShortAddress),
    /// Length 1 with anything but padding after two octets: a 48-bit address, as on the backbone.
    Ethernet([u8; 6]),
}

impl From<LinkAddress> for LinkLayerAddress {
    fn from(address: LinkAddress) -> Self {
        match address {
            LinkAddress::Extended(eui64) => Self::Extended(eui64),
            LinkAddress::Short(short) => Self::Short(short),
        }
    }
}

impl LinkLayerAddress {
    /// The IEEE 802.15.4 address, if it is one.
    pub fn link(self) -> Option<LinkAddress> {
        match self {
            Self::Extended(eui64) => Some(LinkAddress::Extended(eui64)),
            Self::Short(short) => Some(LinkAddress::Short(short)),
            Self::Ethernet(_) => None,
        }
    }

    fn octets(self) -> ([u8; 14], usize) {
        let mut octets = [0; 14];
        let (address, length): (&[u8], usize) = match &self {
            Self::Extended(eui64) => (&eui64.0, 14),
            Self::Short(short) => (&short.0.to_be_bytes(), 6),
            Self::Ethernet(address) => (address, 6),
        };
        for (to, from) in octets.iter_mut().zip(address) {
            *to = *from;
        }
        (octets, length)
    }

    fn parse(body: &[u8]) -> Option<Self> {
        match *body {
            [a, b, c, d, e, f, g, h, _, _, _, _, _, _] => Some(Self::Extended(Eui64([a, b, c, d, e, f, g, h]))),
            [a, b, 0, 0, 0, 0] => Some(Self::Short(ShortAddress(u16::from_be_bytes([a, b])))),
            [a, b, c, d, e, f] => Some(Self::Ethernet([a, b, c, d, e, f])),
            _ => None,
        }
    }
}

impl NdpOption {
    /// The option type octet.
    pub fn kind(&self) -> u8 {
        match self {
            Self::SourceLinkLayerAddress(_) => 1,
            Self::TargetLinkLayerAddress(_) => 2,
            Self::PrefixInformation { .. } => 3,
            Self::Mtu(_) => 5,
            Self::AddressRegistration { .. } => 33,
            Self::SixLowpanContext { .. } => 34,
            Self::AuthoritativeBorderRouter { .. } => 35,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::SourceLinkLayerAddress(address) | Self::TargetLinkLayerAddress(address) => {
                address.octets().1.saturating_add(2)
            }
            Self::PrefixInformation { .. } => 32,
            Self::Mtu(_) => 8,
            Self::AddressRegistration { .. } => 16,
            Self::SixLowpanContext { context_length, .. } => {
                if *context_length > 64 {
                    24
                } else {
                    16
                }
            }
            Self::AuthoritativeBorderRouter { .. } => 24,
            Self::Unknown { body, .. } => body.len().saturating_add(2),
        }
    }

    /// Reads options to the end of the message. A zero length is malformed (RFC 4861 section 4.6).
    pub fn parse_all(reader: &mut Reader<'_>) -> Result<Vec<Self>> {
        let mut options = Vec::new();
        while !reader.is_empty() {
            let kind = reader.u8("option type")?;
            let length = usize::from(reader.u8("option length")?);
            let body_len = (length * 8).checked_sub(2).ok_or(Error::Malformed("option length 0"))?;
            let body = reader.take(body_len, "option")?;
            options.push(Self::parse_body(kind, body)?);
        }
        Ok(options)
    }

    fn parse_body(kind: u8, body: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(body);
        let unknown = || Self::Unknown { kind, body: body.to_vec() };
        Ok(match (kind, body.len()) {
            (1, _) => LinkLayerAddress::parse(body).map_or_else(unknown, Self::SourceLinkLayerAddress),
            (2, _) => LinkLayerAddress::parse(body).map_or_else(unknown, Self::TargetLinkLayerAddress),
            (3, 30) => {
                let prefix_length = reader.u8("prefix length")?;
                let flags = reader.u8("prefix flags")?;
                let valid_lifetime = reader.u32_be("valid lifetime")?;
                let preferred_lifetime = reader.u32_be("preferred lifetime")?;
                reader.take(4, "reserved")?;
                let prefix = Ipv6Addr::from(reader.array::<16>("prefix")?);
                let (on_link, autonomous) = (flags & 0x80 != 0, flags & 0x40 != 0);
                Self::PrefixInformation {
                    prefix_length,
                    on_link,
                    autonomous,
                    valid_lifetime,
                    preferred_lifetime,
                    prefix,
                }
            }
            (5, 6) => {
                reader.take(2, "reserved")?;
                Self::Mtu(reader.u32_be("MTU")?)
            }
            (33, 14) => {
                let status = reader.u8("status")?;
                reader.take(3, "reserved")?;
                let registration_lifetime = reader.u16_be("registration lifetime")?;
                Self::AddressRegistration { status, registration_lifetime, eui64: Eui64(reader.array("EUI-64")?) }
            }
            (34, 14 | 22) => {
                let context_length = reader.u8("context length")?;
                let flags = reader.u8("context flags")?;
                if context_length > 128 || (context_length > 64) != (body.len() == 22) {
                    return Ok(unknown());
                }
                reader.take(2, "reserved")?;
                let valid_lifetime = reader.u16_be("valid lifetime")?;
                let mut prefix = [0; 16];
                for (to, from) in prefix.iter_mut().zip(reader.rest()) {
                    *to = *from;
                }
                let prefix = prefix_bits(Ipv6Addr::from(prefix), context_length);
                let (compression, context_id) = (flags & 0x10 != 0, flags & 0x0f);
                Self::SixLowpanContext { context_length, compression, context_id, valid_lifetime, prefix }
            }
            (35, 22) => {
                let low = reader.u16_be("version low")?;
                let high = reader.u16_be("version high")?;
                let valid_lifetime = reader.u16_be("valid lifetime")?;
                let address = Ipv6Addr::from(reader.array::<16>("6LBR address")?);
                let version = u32::from(high) << 16 | u32::from(low);
                Self::AuthoritativeBorderRouter { version, valid_lifetime, address }
            }
            _ => unknown(),
        })
    }

    /// Writes the option.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        let length = self.buffer_len();
        if length == 0 || !length.is_multiple_of(8) {
            return Err(Error::Malformed("option length is no multiple of eight"));
        }
        writer.u8(self.kind(), "option type")?;
        writer.u8(u8::try_from(length / 8).map_err(|_| Error::Malformed("option too long"))?, "option length")?;
        match self {
            Self::SourceLinkLayerAddress(address) | Self::TargetLinkLayerAddress(address) => {
                let (octets, length) = address.octets();
                writer.put(octets.get(..length).unwrap_or(&[]), "link-layer address")
            }
            Self::PrefixInformation {
                prefix_length,
                on_link,
                autonomous,
                valid_lifetime,
                preferred_lifetime,
                prefix,
            } => {
                writer.u8(*prefix_length, "prefix length")?;
                writer.u8(u8::from(*on_link) << 7 | u8::from(*autonomous) << 6, "prefix flags")?;
                writer.u32_be(*valid_lifetime, "valid lifetime")?;
                writer.u32_be(*preferred_lifetime, "preferred lifetime")?;
                writer.u32_be(0, "reserved")?;
                writer.put(&prefix.octets(), "prefix")
            }
            Self::Mtu(mtu) => {
                writer.u16_be(0, "reserved")?;
                writer.u32_be(*mtu, "MTU")
            }
            Self::AddressRegistration { status, registration_lifetime, eui64 } => {
                writer.u8(*status, "status")?;
                writer.put(&[0; 3], "reserved")?;
                writer.u16_be(*registration_lifetime, "registration lifetime")?;
                writer.put(&eui64.0, "EUI-64")
            }
            Self::SixLowpanContext { context_length, compression, context_id, valid_lifetime, prefix } => {
                if *context_length > 128 || *context_id > 15 {
                    return Err(Error::Malformed("context length above 128 or identifier above 15"));
                }
                writer.u8(*context_length, "context length")?;
                writer.u8(u8::from(*compression) << 4 | context_id, "context flags")?;
                writer.u16_be(0, "reserved")?;
                writer.u16_be(*valid_lifetime, "valid lifetime")?;
                let octets = prefix_bits(*prefix, *context_length).octets();
                writer.put(octets.get(..length.saturating_sub(8)).unwrap_or(&[]), "context prefix")
            }
            Self::AuthoritativeBorderRouter { version, valid_lifetime, address } => {
                writer.u16_be((version & 0xffff) as u16, "version low")?;
                writer.u16_be((version >> 16) as u16, "version high")?;
                writer.u16_be(*valid_lifetime, "valid lifetime")?;
                writer.put(&address.octets(), "6LBR address")
            }
            Self::Unknown { body, .. } => writer.put(body, "option"),
        }
    }
}
