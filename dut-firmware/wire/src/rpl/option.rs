//! The options of RPL messages (RFC 6550 section 6.7).

use alloc::vec::Vec;

use super::Metric;
use crate::ipv6::{Ipv6Addr, prefix_bits};
use crate::ndp::RouterPreference;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// An option. Reserved fields are written as zero and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RplOption {
    /// Type 0: one octet.
    Pad1,
    /// Type 1: two octets and as many more as this says.
    PadN(u8),
    /// Type 2.
    MetricContainer(Vec<Metric>),
    /// Type 3.
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
    /// Type 4.
    Configuration(Configuration),
    /// Type 5.
    Target {
        /// Number of leading bits of `prefix` that are valid, 0 to 128.
        prefix_length: u8,
        /// Target prefix; bits after `prefix_length` are zero.
        prefix: Ipv6Addr,
    },
    /// Type 6.
    TransitInformation(TransitInformation),
    /// Type 7.
    SolicitedInformation(SolicitedInformation),
    /// Type 8.
    PrefixInformation {
        /// Number of leading bits of `prefix` that are valid, 0 to 128.
        prefix_length: u8,
        /// L flag.
        on_link: bool,
        /// A flag.
        autonomous: bool,
        /// R flag: `prefix` is an address of the router.
        router_address: bool,
        /// Valid lifetime in seconds, all ones for infinity.
        valid_lifetime: u32,
        /// Preferred lifetime in seconds, all ones for infinity.
        preferred_lifetime: u32,
        /// Prefix, or address.
        prefix: Ipv6Addr,
    },
    /// Type 9: opaque to RPL.
    TargetDescriptor(u32),
    /// Any other, or a known type with a content that its specification does not give.
    Unknown {
        /// Option type.
        kind: u8,
        /// What follows the length.
        body: Vec<u8>,
    },
}

/// DODAG configuration (RFC 6550 section 6.7.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configuration {
    /// A flag.
    pub authentication_enabled: bool,
    /// PCS, 0 to 7.
    pub path_control_size: u8,
    /// DIOIntervalDoublings.
    pub interval_doublings: u8,
    /// DIOIntervalMin: the exponent of milliseconds.
    pub interval_min: u8,
    /// DIORedundancyConstant.
    pub redundancy_constant: u8,
    /// MaxRankIncrease.
    pub max_rank_increase: u16,
    /// MinHopRankIncrease.
    pub min_hop_rank_increase: u16,
    /// OCP: the objective function.
    pub objective_code_point: u16,
    /// Default lifetime of routes in units of `lifetime_unit`, 255 for infinity.
    pub default_lifetime: u8,
    /// Lifetime unit in seconds.
    pub lifetime_unit: u16,
}

/// Transit information (RFC 6550 section 6.7.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransitInformation {
    /// E flag: the targets are external.
    pub external: bool,
    /// Path control.
    pub path_control: u8,
    /// Path sequence.
    pub path_sequence: u8,
    /// Path lifetime in lifetime units, 255 for infinity, 0 for no path.
    pub path_lifetime: u8,
    /// Parent address, in the non-storing mode.
    pub parent: Option<Ipv6Addr>,
}

/// Solicited information (RFC 6550 section 6.7.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolicitedInformation {
    /// RPLInstanceID.
    pub instance_id: u8,
    /// V flag: the version is to match.
    pub version_predicate: bool,
    /// I flag: the instance is to match.
    pub instance_predicate: bool,
    /// D flag: the DODAGID is to match.
    pub dodag_id_predicate: bool,
    /// DODAGID.
    pub dodag_id: Ipv6Addr,
    /// Version number.
    pub version_number: u8,
}

impl RplOption {
    /// The option type octet.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Pad1 => 0,
            Self::PadN(_) => 1,
            Self::MetricContainer(_) => 2,
            Self::RouteInformation { .. } => 3,
            Self::Configuration(_) => 4,
            Self::Target { .. } => 5,
            Self::TransitInformation(_) => 6,
            Self::SolicitedInformation(_) => 7,
            Self::PrefixInformation { .. } => 8,
            Self::TargetDescriptor(_) => 9,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::Pad1 => 1,
            Self::PadN(octets) => usize::from(*octets).saturating_add(2),
            Self::MetricContainer(metrics) => {
                metrics.iter().fold(2, |sum: usize, metric| sum.saturating_add(metric.buffer_len()))
            }
            Self::RouteInformation { prefix_length, .. } => octets_of(*prefix_length).saturating_add(8),
            Self::Configuration(_) => 16,
            Self::Target { prefix_length, .. } => octets_of(*prefix_length).saturating_add(4),
            Self::TransitInformation(transit) => {
                if transit.parent.is_some() {
                    22
                } else {
                    6
                }
            }
            Self::SolicitedInformation(_) => 21,
            Self::PrefixInformation { .. } => 32,
            Self::TargetDescriptor(_) => 6,
            Self::Unknown { body, .. } => body.len().saturating_add(2),
        }
    }

    pub(super) fn all_len(options: &[Self]) -> usize {
        options.iter().fold(0, |sum, option| sum.saturating_add(option.buffer_len()))
    }

    pub(super) fn emit_all(options: &[Self], writer: &mut Writer<'_>) -> Result<()> {
        options.iter().try_for_each(|option| option.emit(writer))
    }

    /// Reads options to the end of the message.
    pub fn parse_all(reader: &mut Reader<'_>) -> Result<Vec<Self>> {
        let mut options = Vec::new();
        while !reader.is_empty() {
            let kind = reader.u8("RPL option type")?;
            if kind == 0 {
                options.push(Self::Pad1);
                continue;
            }
            let length = reader.u8("RPL option length")?;
            let body = reader.take(length.into(), "RPL option")?;
            let option = Self::parse_body(kind, length, body).ok().flatten();
            options.push(option.unwrap_or_else(|| Self::Unknown { kind, body: body.to_vec() }));
        }
        Ok(options)
    }

    /// An error, or nothing, for what is none of its type.
    fn parse_body(kind: u8, length: u8, body: &[u8]) -> Result<Option<Self>> {
        let mut reader = Reader::new(body);
        Ok(Some(match (kind, length) {
            (1, _) => Self::PadN(length),
            (2, _) => {
                let mut metrics = Vec::new();
                while !reader.is_empty() {
                    metrics.push(Metric::parse(&mut reader)?);
                }
                Self::MetricContainer(metrics)
            }
            (3, 6..=22) => {
                let prefix_length = reader.u8("prefix length")?;
                let preference = RouterPreference::from_bits(reader.u8("route flags")? >> 3);
                let route_lifetime = reader.u32_be("route lifetime")?;
                let Some(prefix) = leading(reader.rest(), prefix_length) else { return Ok(None) };
                Self::RouteInformation { prefix_length, preference, route_lifetime, prefix }
            }
            (4, 14) => Self::Configuration(Configuration::parse(&mut reader)?),
            (5, 2..=18) => {
                reader.take(1, "flags")?;
                let prefix_length = reader.u8("prefix length")?;
                let Some(prefix) = leading(reader.rest(), prefix_length) else { return Ok(None) };
                Self::Target { prefix_length, prefix }
            }
            (6, 4 | 20) => {
                let external = reader.u8("E flag")? & 0x80 != 0;
                let path_control = reader.u8("path control")?;
                let path_sequence = reader.u8("path sequence")?;
                let path_lifetime = reader.u8("path lifetime")?;
                let parent = match length {
                    20 => Some(Ipv6Addr::from(reader.array::<16>("parent address")?)),
                    _ => None,
                };
                Self::TransitInformation(TransitInformation {
                    external,
                    path_control,
                    path_sequence,
                    path_lifetime,
                    parent,
                })
            }
            (7, 19) => {
                let instance_id = reader.u8("RPLInstanceID")?;
                let flags = reader.u8("predicates")?;
                Self::SolicitedInformation(SolicitedInformation {
                    instance_id,
                    version_predicate: flags & 0x80 != 0,
                    instance_predicate: flags & 0x40 != 0,
                    dodag_id_predicate: flags & 0x20 != 0,
                    dodag_id: Ipv6Addr::from(reader.array::<16>("DODAGID")?),
                    version_number: reader.u8("version number")?,
                })
            }
            (8, 30) => {
                let prefix_length = reader.u8("prefix length")?;
                let flags = reader.u8("prefix flags")?;
                let valid_lifetime = reader.u32_be("valid lifetime")?;
                let preferred_lifetime = reader.u32_be("preferred lifetime")?;
                reader.take(4, "reserved")?;
                Self::PrefixInformation {
                    prefix_length,
                    on_link: flags & 0x80 != 0,
                    autonomous: flags & 0x40 != 0,
                    router_address: flags & 0x20 != 0,
                    valid_lifetime,
                    preferred_lifetime,
                    prefix: Ipv6Addr::from(reader.array::<16>("prefix")?),
                }
            }
            (9, 4) => Self::TargetDescriptor(reader.u32_be("descriptor")?),
            _ => return Ok(None),
        }))
    }

    /// Writes the option.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.kind(), "RPL option type")?;
        if matches!(self, Self::Pad1) {
            return Ok(());
        }
        let length = u8::try_from(self.buffer_len().saturating_sub(2));
        writer.u8(length.map_err(|_| Error::Malformed("RPL option above 255 octets"))?, "RPL option length")?;
        match self {
            Self::Pad1 => Ok(()),
            Self::PadN(octets) => (0..*octets).try_for_each(|_| writer.u8(0, "padding")),
            Self::MetricContainer(metrics) => metrics.iter().try_for_each(|metric| metric.emit(writer)),
            Self::RouteInformation { prefix_length, preference, route_lifetime, prefix } => {
                writer.u8(*prefix_length, "prefix length")?;
                writer.u8(preference.bits() << 3, "route flags")?;
                writer.u32_be(*route_lifetime, "route lifetime")?;
                put_leading(*prefix, *prefix_length, writer)
            }
            Self::Configuration(configuration) => configuration.emit(writer),
            Self::Target { prefix_length, prefix } => {
                writer.u8(0, "flags")?;
                writer.u8(*prefix_length, "prefix length")?;
                put_leading(*prefix, *prefix_length, writer)
            }
            Self::TransitInformation(transit) => {
                writer.u8(u8::from(transit.external) << 7, "E flag")?;
                writer.u8(transit.path_control, "path control")?;
                writer.u8(transit.path_sequence, "path sequence")?;
                writer.u8(transit.path_lifetime, "path lifetime")?;
                transit.parent.map_or(Ok(()), |parent| writer.put(&parent.octets(), "parent address"))
            }
            Self::SolicitedInformation(solicited) => {
                writer.u8(solicited.instance_id, "RPLInstanceID")?;
                let flags = u8::from(solicited.version_predicate) << 7
                    | u8::from(solicited.instance_predicate) << 6
                    | u8::from(solicited.dodag_id_predicate) << 5;
                writer.u8(flags, "predicates")?;
                writer.put(&solicited.dodag_id.octets(), "DODAGID")?;
                writer.u8(solicited.version_number, "version number")
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
            Self::TargetDescriptor(descriptor) => writer.u32_be(*descriptor, "descriptor"),
            Self::Unknown { body, .. } => writer.put(body, "RPL option"),
        }
    }
}

impl Configuration {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let flags = reader.u8("A and PCS")?;
        let interval_doublings = reader.u8("DIOIntervalDoublings")?;
        let interval_min = reader.u8("DIOIntervalMin")?;
        let redundancy_constant = reader.u8("DIORedundancyConstant")?;
        let max_rank_increase = reader.u16_be("MaxRankIncrease")?;
        let min_hop_rank_increase = reader.u16_be("MinHopRankIncrease")?;
        let objective_code_point = reader.u16_be("OCP")?;
        reader.take(1, "reserved")?;
        Ok(Self {
            authentication_enabled: flags & 8 != 0,
            path_control_size: flags & 7,
            interval_doublings,
            interval_min,
            redundancy_constant,
            max_rank_increase,
            min_hop_rank_increase,
            objective_code_point,
            default_lifetime: reader.u8("default lifetime")?,
            lifetime_unit: reader.u16_be("lifetime unit")?,
        })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.path_control_size > 7 {
            return Err(Error::Malformed("path control size above 7"));
        }
        writer.u8(u8::from(self.authentication_enabled) << 3 | self.path_control_size, "A and PCS")?;
        writer.u8(self.interval_doublings, "DIOIntervalDoublings")?;
        writer.u8(self.interval_min, "DIOIntervalMin")?;
        writer.u8(self.redundancy_constant, "DIORedundancyConstant")?;
        writer.u16_be(self.max_rank_increase, "MaxRankIncrease")?;
        writer.u16_be(self.min_hop_rank_increase, "MinHopRankIncrease")?;
        writer.u16_be(self.objective_code_point, "OCP")?;
        writer.u8(0, "reserved")?;
        writer.u8(self.default_lifetime, "default lifetime")?;
        writer.u16_be(self.lifetime_unit, "lifetime unit")
    }
}

/// Octets that a prefix of `length` bits needs.
fn octets_of(length: u8) -> usize {
    usize::from(length.div_ceil(8))
}

/// The address with the first `length` bits of `octets`, the others zero; nothing if there are not as many, or more than
/// an address has.
fn leading(octets: &[u8], length: u8) -> Option<Ipv6Addr> {
    if length > 128 || octets_of(length) > octets.len() {
        return None;
    }
    let mut prefix = [0; 16];
    for (to, from) in prefix.iter_mut().zip(octets) {
        *to = *from;
    }
    Some(prefix_bits(Ipv6Addr::from(prefix), length))
}

fn put_leading(prefix: Ipv6Addr, length: u8, writer: &mut Writer<'_>) -> Result<()> {
    let octets = prefix_bits(prefix, length).octets();
    writer.put(octets.get(..octets_of(length)).ok_or(Error::Malformed("prefix length above 128"))?, "prefix")
}
