//! Neighbor Discovery options: RFC 4861 section 4.6, RFC 3971 section 5.3.2, RFC 4191 section 2.3, RFC 6275 section 7.2,
//! RFC 6775 section 4, RFC 7400 section 3.3, RFC 8106 section 5 and RFC 8505 section 4.

use alloc::vec::Vec;

use super::{LinkLayerAddress, RouterPreference, Rovr};
use crate::dns::Name;
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
        /// R flag: `prefix` is an address of the router (RFC 6275 section 7.2).
        router_address: bool,
        /// Valid lifetime in seconds, all ones for infinity.
        valid_lifetime: u32,
        /// Preferred lifetime in seconds, all ones for infinity.
        preferred_lifetime: u32,
        /// Prefix.
        prefix: Ipv6Addr,
    },
    /// Type 4: as much as the sender put in of the packet that it redirects, in a multiple of eight octets.
    RedirectedHeader(Vec<u8>),
    /// Type 5: in octets.
    Mtu(u32),
    /// Type 14: at least 6 octets; with type and length a multiple of eight (RFC 3971 section 5.3.2).
    Nonce(Vec<u8>),
    /// Type 24 (RFC 4191 section 2.3).
    RouteInformation {
        /// Number of leading bits of `prefix` that are valid, 0 to 128.
        prefix_length: u8,
        /// Preference of the route.
        preference: RouterPreference,
        /// Route lifetime in seconds, all ones for infinity.
        route_lifetime: u32,
        /// Prefix; bits after `prefix_length` are zero.
        prefix: Ipv6Addr,
    },
    /// Type 25, RDNSS (RFC 8106 section 5.1).
    RecursiveDnsServer {
        /// Lifetime in seconds, all ones for infinity, 0 to withdraw the servers.
        lifetime: u32,
        /// Addresses of the servers, at least one.
        addresses: Vec<Ipv6Addr>,
    },
    /// Type 31, DNSSL (RFC 8106 section 5.2).
    DnsSearchList {
        /// Lifetime in seconds, all ones for infinity, 0 to withdraw the suffixes.
        lifetime: u32,
        /// The suffixes, at least one, none of them the root.
        domain_names: Vec<Name>,
    },
    /// Type 33 with length 2 and without a flag of RFC 8505, ARO (RFC 6775 section 4.1).
    AddressRegistration {
        /// Status: 0 success, 1 duplicate address, 2 neighbor cache full.
        status: u8,
        /// Registration lifetime in units of 60 seconds.
        registration_lifetime: u16,
        /// EUI-64 of the registering interface.
        eui64: Eui64,
    },
    /// Type 33 with a flag of RFC 8505 or a longer verifier, EARO (RFC 8505 section 4.1).
    ExtendedAddressRegistration {
        /// Status: see [`crate::ndp::status`].
        status: u8,
        /// An octet opaque to ND; what it means says `opaque_content`.
        opaque: u8,
        /// The I field, 0 to 3: 0 for an index of a routing topology, others are reserved.
        opaque_content: u8,
        /// R flag: reachability services are asked for.
        routing: bool,
        /// TID, with the T flag if there is one.
        transaction_id: Option<u8>,
        /// Registration lifetime in units of 60 seconds.
        registration_lifetime: u16,
        /// ROVR.
        rovr: Rovr,
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
    /// Type 36, 6CIO (RFC 7400 section 3.3, RFC 8505 section 4.3): bits of [`crate::ndp::capability`].
    CapabilityIndication {
        /// The first sixteen capability bits.
        capabilities: u16,
        /// The 32 bits after them, all reserved.
        reserved: u32,
    },
    /// Any other, or a known type with a length that its specification does not give.
    Unknown {
        /// Option type.
        kind: u8,
        /// What follows the length; with those two octets a multiple of eight.
        body: Vec<u8>,
    },
}

impl NdpOption {
    /// The option type octet.
    pub fn kind(&self) -> u8 {
        match self {
            Self::SourceLinkLayerAddress(_) => 1,
            Self::TargetLinkLayerAddress(_) => 2,
            Self::PrefixInformation { .. } => 3,
            Self::RedirectedHeader(_) => 4,
            Self::Mtu(_) => 5,
            Self::Nonce(_) => 14,
            Self::RouteInformation { .. } => 24,
            Self::RecursiveDnsServer { .. } => 25,
            Self::DnsSearchList { .. } => 31,
            Self::AddressRegistration { .. } | Self::ExtendedAddressRegistration { .. } => 33,
            Self::SixLowpanContext { .. } => 34,
            Self::AuthoritativeBorderRouter { .. } => 35,
            Self::CapabilityIndication { .. } => 36,
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
            Self::RedirectedHeader(packet) => packet.len().saturating_add(8),
            Self::Mtu(_) | Self::CapabilityIndication { .. } => 8,
            Self::Nonce(nonce) => nonce.len().saturating_add(2),
            Self::RouteInformation { prefix_length, .. } => match prefix_length {
                0 => 8,
                1..=64 => 16,
                _ => 24,
            },
            Self::RecursiveDnsServer { addresses, .. } => addresses.len().saturating_mul(16).saturating_add(8),
            Self::DnsSearchList { domain_names, .. } => {
                let names = domain_names.iter().fold(8usize, |sum, name| sum.saturating_add(name.wire_len()));
                names.checked_next_multiple_of(8).unwrap_or(usize::MAX)
            }
            Self::AddressRegistration { .. } => 16,
            Self::ExtendedAddressRegistration { rovr, .. } => rovr.octets().len().saturating_add(8),
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
                Self::PrefixInformation {
                    prefix_length,
                    on_link: flags & 0x80 != 0,
                    autonomous: flags & 0x40 != 0,
                    router_address: flags & 0x20 != 0,
                    valid_lifetime,
                    preferred_lifetime,
                    prefix,
                }
            }
            (5, 6) => {
                reader.take(2, "reserved")?;
                Self::Mtu(reader.u32_be("MTU")?)
            }
            (4, _) => {
                reader.take(6, "reserved")?;
                Self::RedirectedHeader(reader.rest().to_vec())
            }
            (14, _) => Self::Nonce(body.to_vec()),
            (24, 6 | 14 | 22) => {
                let prefix_length = reader.u8("prefix length")?;
                let flags = reader.u8("route flags")?;
                let route_lifetime = reader.u32_be("route lifetime")?;
                if prefix_length > 128 || usize::from(prefix_length.div_ceil(8)) > reader.remaining() {
                    return Ok(unknown());
                }
                let preference = RouterPreference::from_bits(flags >> 3);
                let prefix = leading(reader.rest(), prefix_length);
                Self::RouteInformation { prefix_length, preference, route_lifetime, prefix }
            }
            (25, 22..) if body.len() % 16 == 6 => {
                reader.take(2, "reserved")?;
                let lifetime = reader.u32_be("lifetime")?;
                let mut addresses = Vec::new();
                while !reader.is_empty() {
                    addresses.push(Ipv6Addr::from(reader.array::<16>("DNS server")?));
                }
                Self::RecursiveDnsServer { lifetime, addresses }
            }
            (31, 14..) => {
                reader.take(2, "reserved")?;
                let lifetime = reader.u32_be("lifetime")?;
                match search_list(reader.rest()) {
                    Some(domain_names) => Self::DnsSearchList { lifetime, domain_names },
                    None => unknown(),
                }
            }
            (33, 14 | 22 | 30 | 38) => {
                let status = reader.u8("status")?;
                let opaque = reader.u8("opaque")?;
                let flags = reader.u8("flags")?;
                let transaction_id = reader.u8("TID")?;
                let registration_lifetime = reader.u16_be("registration lifetime")?;
                match Rovr::new(reader.rest()) {
                    // RFC 6775 reserves all three octets: without a flag nothing gives them a meaning.
                    Some(Rovr::Bits64(eui64)) if flags & 0x0f == 0 => {
                        Self::AddressRegistration { status, registration_lifetime, eui64: Eui64(eui64) }
                    }
                    Some(rovr) => Self::ExtendedAddressRegistration {
                        status,
                        opaque,
                        opaque_content: flags >> 2 & 3,
                        routing: flags & 2 != 0,
                        transaction_id: (flags & 1 != 0).then_some(transaction_id),
                        registration_lifetime,
                        rovr,
                    },
                    None => unknown(),
                }
            }
            (34, 14 | 22) => {
                let context_length = reader.u8("context length")?;
                let flags = reader.u8("context flags")?;
                if context_length > 128 || (context_length > 64) != (body.len() == 22) {
                    return Ok(unknown());
                }
                reader.take(2, "reserved")?;
                let valid_lifetime = reader.u16_be("valid lifetime")?;
                let prefix = leading(reader.rest(), context_length);
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
            (36, 6) => Self::CapabilityIndication {
                capabilities: reader.u16_be("capability bits")?,
                reserved: reader.u32_be("reserved")?,
            },
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
                router_address,
                valid_lifetime,
                preferred_lifetime,
                prefix,
            } => {
                writer.u8(*prefix_length, "prefix length")?;
                let flags = u8::from(*on_link) << 7 | u8::from(*autonomous) << 6 | u8::from(*router_address) << 5;
                writer.u8(flags, "prefix flags")?;
                writer.u32_be(*valid_lifetime, "valid lifetime")?;
                writer.u32_be(*preferred_lifetime, "preferred lifetime")?;
                writer.u32_be(0, "reserved")?;
                writer.put(&prefix.octets(), "prefix")
            }
            Self::RedirectedHeader(packet) => {
                writer.put(&[0; 6], "reserved")?;
                writer.put(packet, "redirected packet")
            }
            Self::Nonce(nonce) => writer.put(nonce, "nonce"),
            Self::RouteInformation { prefix_length, preference, route_lifetime, prefix } => {
                if *prefix_length > 128 {
                    return Err(Error::Malformed("prefix length above 128"));
                }
                writer.u8(*prefix_length, "prefix length")?;
                writer.u8(preference.bits() << 3, "route flags")?;
                writer.u32_be(*route_lifetime, "route lifetime")?;
                let octets = prefix_bits(*prefix, *prefix_length).octets();
                writer.put(octets.get(..length.saturating_sub(8)).unwrap_or(&[]), "prefix")
            }
            Self::RecursiveDnsServer { lifetime, addresses } => {
                if addresses.is_empty() {
                    return Err(Error::Malformed("RDNSS without a server"));
                }
                writer.u16_be(0, "reserved")?;
                writer.u32_be(*lifetime, "lifetime")?;
                addresses.iter().try_for_each(|address| writer.put(&address.octets(), "DNS server"))
            }
            Self::DnsSearchList { lifetime, domain_names } => {
                if domain_names.is_empty() || domain_names.iter().any(Name::is_root) {
                    return Err(Error::Malformed("DNSSL without a suffix, or with the root"));
                }
                let end = writer.offset().saturating_add(length).saturating_sub(2);
                writer.u16_be(0, "reserved")?;
                writer.u32_be(*lifetime, "lifetime")?;
                for name in domain_names {
                    writer.put(name.as_wire(), "domain name")?;
                }
                while writer.offset() < end {
                    writer.u8(0, "padding")?;
                }
                Ok(())
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
            Self::ExtendedAddressRegistration {
                status,
                opaque,
                opaque_content,
                routing,
                transaction_id,
                registration_lifetime,
                rovr,
            } => {
                let flags = opaque_content << 2 | u8::from(*routing) << 1 | u8::from(transaction_id.is_some());
                if *opaque_content > 3 || flags == 0 && matches!(rovr, Rovr::Bits64(_)) {
                    return Err(Error::Malformed("an EARO has a flag or a longer verifier, and two bits of I"));
                }
                writer.put(&[*status, *opaque, flags, transaction_id.unwrap_or(0)], "status, opaque, flags, TID")?;
                writer.u16_be(*registration_lifetime, "registration lifetime")?;
                writer.put(rovr.octets(), "ROVR")
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
            Self::CapabilityIndication { capabilities, reserved } => {
                writer.u16_be(*capabilities, "capability bits")?;
                writer.u32_be(*reserved, "reserved")
            }
            Self::Unknown { body, .. } => writer.put(body, "option"),
        }
    }
}

/// The address with the first `length` bits of `octets`, the others zero.
fn leading(octets: &[u8], length: u8) -> Ipv6Addr {
    let mut prefix = [0; 16];
    for (to, from) in prefix.iter_mut().zip(octets) {
        *to = *from;
    }
    prefix_bits(Ipv6Addr::from(prefix), length)
}

/// Names up to the padding of zeros; nothing if there is none, or something else than a name.
fn search_list(octets: &[u8]) -> Option<Vec<Name>> {
    let (mut names, mut rest) = (Vec::new(), octets);
    while rest.first().is_some_and(|octet| *octet != 0) {
        // Compression has no message to point into (RFC 8106 section 5.2).
        let (name, length) = Name::parse_uncompressed(rest).ok()?;
        rest = rest.get(length..)?;
        names.push(name);
    }
    (!names.is_empty() && rest.iter().all(|octet| *octet == 0)).then_some(names)
}
