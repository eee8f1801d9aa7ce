//! Neighbor Discovery messages (RFC 4861 section 4, RFC 6775 section 4.4, RFC 8505 section 4.2): what follows the ICMPv6
//! checksum.

use alloc::vec::Vec;

use super::{ExtendedRegistration, NdpOption, Registration, RouterPreference};
use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A message. Reserved fields are written as zero and ignored when read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// RS.
    RouterSolicitation {
        /// Options.
        options: Vec<NdpOption>,
    },
    /// RA.
    RouterAdvertisement {
        /// Current hop limit, 0 for unspecified.
        current_hop_limit: u8,
        /// M flag.
        managed: bool,
        /// O flag.
        other_configuration: bool,
        /// H flag (RFC 6275 section 7.1).
        home_agent: bool,
        /// Preference as a default router (RFC 4191 section 2.2).
        preference: RouterPreference,
        /// P flag: the router is an ND proxy (RFC 4389 section 4.1.3.3).
        proxy: bool,
        /// Router lifetime in seconds; 0 for no default router.
        router_lifetime: u16,
        /// Reachable time in milliseconds, 0 for unspecified.
        reachable_time: u32,
        /// Retransmission timer in milliseconds, 0 for unspecified.
        retransmission_timer: u32,
        /// Options.
        options: Vec<NdpOption>,
    },
    /// NS.
    NeighborSolicitation {
        /// Target address.
        target: Ipv6Addr,
        /// Options.
        options: Vec<NdpOption>,
    },
    /// NA.
    NeighborAdvertisement {
        /// R flag.
        router: bool,
        /// S flag.
        solicited: bool,
        /// O flag.
        override_: bool,
        /// Target address.
        target: Ipv6Addr,
        /// Options.
        options: Vec<NdpOption>,
    },
    /// Redirect.
    Redirect {
        /// The better first hop.
        target: Ipv6Addr,
        /// The destination that is redirected.
        destination: Ipv6Addr,
        /// Options.
        options: Vec<NdpOption>,
    },
    /// DAR.
    DuplicateAddressRequest(Registration),
    /// DAC.
    DuplicateAddressConfirmation(Registration),
    /// EDAR.
    ExtendedDuplicateAddressRequest(ExtendedRegistration),
    /// EDAC.
    ExtendedDuplicateAddressConfirmation(ExtendedRegistration),
}

impl Message {
    /// The ICMPv6 type.
    pub fn icmpv6_type(&self) -> u8 {
        match self {
            Self::RouterSolicitation { .. } => super::ROUTER_SOLICITATION,
            Self::RouterAdvertisement { .. } => super::ROUTER_ADVERTISEMENT,
            Self::NeighborSolicitation { .. } => super::NEIGHBOR_SOLICITATION,
            Self::NeighborAdvertisement { .. } => super::NEIGHBOR_ADVERTISEMENT,
            Self::Redirect { .. } => super::REDIRECT,
            Self::DuplicateAddressRequest(_) | Self::ExtendedDuplicateAddressRequest(_) => {
                super::DUPLICATE_ADDRESS_REQUEST
            }
            Self::DuplicateAddressConfirmation(_) | Self::ExtendedDuplicateAddressConfirmation(_) => {
                super::DUPLICATE_ADDRESS_CONFIRMATION
            }
        }
    }

    /// The ICMPv6 code: the code suffix of EDAR and EDAC, 0 of all others.
    pub fn icmpv6_code(&self) -> u8 {
        match self {
            Self::ExtendedDuplicateAddressRequest(registration)
            | Self::ExtendedDuplicateAddressConfirmation(registration) => registration.rovr.code_suffix(),
            _ => 0,
        }
    }

    /// The options; none in DAR, DAC, EDAR and EDAC.
    pub fn options(&self) -> &[NdpOption] {
        match self {
            Self::RouterSolicitation { options }
            | Self::RouterAdvertisement { options, .. }
            | Self::NeighborSolicitation { options, .. }
            | Self::NeighborAdvertisement { options, .. }
            | Self::Redirect { options, .. } => options,
            Self::DuplicateAddressRequest(_)
            | Self::DuplicateAddressConfirmation(_)
            | Self::ExtendedDuplicateAddressRequest(_)
            | Self::ExtendedDuplicateAddressConfirmation(_) => &[],
        }
    }

    /// Octets that [`Self::emit_body`] writes.
    pub fn body_len(&self) -> usize {
        let fixed = match self {
            Self::RouterSolicitation { .. } => 4,
            Self::RouterAdvertisement { .. } => 12,
            Self::NeighborSolicitation { .. } | Self::NeighborAdvertisement { .. } => 20,
            Self::Redirect { .. } => 36,
            Self::DuplicateAddressRequest(_) | Self::DuplicateAddressConfirmation(_) => 28,
            Self::ExtendedDuplicateAddressRequest(registration)
            | Self::ExtendedDuplicateAddressConfirmation(registration) => {
                registration.rovr.octets().len().saturating_add(20)
            }
        };
        self.options().iter().fold(fixed, |sum, option| sum.saturating_add(option.buffer_len()))
    }

    /// Reads what follows the ICMPv6 checksum. The code matters for types 157 and 158 only, whose upper four bits of it
    /// are ignored (RFC 8505 section 4.2).
    pub fn parse_body(icmpv6_type: u8, icmpv6_code: u8, body: &[u8]) -> Result<Self> {
        let code_suffix = icmpv6_code & 0x0f;
        let mut reader = Reader::new(body);
        match icmpv6_type {
            super::ROUTER_SOLICITATION => {
                reader.take(4, "reserved")?;
                Ok(Self::RouterSolicitation { options: NdpOption::parse_all(&mut reader)? })
            }
            super::ROUTER_ADVERTISEMENT => {
                let current_hop_limit = reader.u8("current hop limit")?;
                let flags = reader.u8("flags")?;
                Ok(Self::RouterAdvertisement {
                    current_hop_limit,
                    managed: flags & 0x80 != 0,
                    other_configuration: flags & 0x40 != 0,
                    home_agent: flags & 0x20 != 0,
                    preference: RouterPreference::from_bits(flags >> 3),
                    proxy: flags & 0x04 != 0,
                    router_lifetime: reader.u16_be("router lifetime")?,
                    reachable_time: reader.u32_be("reachable time")?,
                    retransmission_timer: reader.u32_be("retransmission timer")?,
                    options: NdpOption::parse_all(&mut reader)?,
                })
            }
            super::NEIGHBOR_SOLICITATION => {
                reader.take(4, "reserved")?;
                let target = Ipv6Addr::from(reader.array::<16>("target address")?);
                Ok(Self::NeighborSolicitation { target, options: NdpOption::parse_all(&mut reader)? })
            }
            super::NEIGHBOR_ADVERTISEMENT => {
                let flags = reader.u32_be("flags")?;
                let target = Ipv6Addr::from(reader.array::<16>("target address")?);
                Ok(Self::NeighborAdvertisement {
                    router: flags >> 31 & 1 == 1,
                    solicited: flags >> 30 & 1 == 1,
                    override_: flags >> 29 & 1 == 1,
                    target,
                    options: NdpOption::parse_all(&mut reader)?,
                })
            }
            super::REDIRECT => {
                reader.take(4, "reserved")?;
                let target = Ipv6Addr::from(reader.array::<16>("target address")?);
                let destination = Ipv6Addr::from(reader.array::<16>("destination address")?);
                Ok(Self::Redirect { target, destination, options: NdpOption::parse_all(&mut reader)? })
            }
            super::DUPLICATE_ADDRESS_REQUEST if code_suffix == 0 => {
                Ok(Self::DuplicateAddressRequest(Registration::parse(&mut reader)?))
            }
            super::DUPLICATE_ADDRESS_REQUEST => {
                let registration = ExtendedRegistration::parse(&mut reader, code_suffix)?;
                Ok(Self::ExtendedDuplicateAddressRequest(registration))
            }
            super::DUPLICATE_ADDRESS_CONFIRMATION if code_suffix == 0 => {
                Ok(Self::DuplicateAddressConfirmation(Registration::parse(&mut reader)?))
            }
            super::DUPLICATE_ADDRESS_CONFIRMATION => {
                let registration = ExtendedRegistration::parse(&mut reader, code_suffix)?;
                Ok(Self::ExtendedDuplicateAddressConfirmation(registration))
            }
            _ => Err(Error::Unsupported("ICMPv6 type is none of Neighbor Discovery")),
        }
    }

    /// Writes what follows the ICMPv6 checksum.
    pub fn emit_body(&self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::RouterSolicitation { .. } => writer.u32_be(0, "reserved")?,
            Self::RouterAdvertisement {
                current_hop_limit,
                managed,
                other_configuration,
                home_agent,
                preference,
                proxy,
                router_lifetime,
                reachable_time,
                retransmission_timer,
                ..
            } => {
                let flags = u8::from(*managed) << 7
                    | u8::from(*other_configuration) << 6
                    | u8::from(*home_agent) << 5
                    | preference.bits() << 3
                    | u8::from(*proxy) << 2;
                writer.u8(*current_hop_limit, "current hop limit")?;
                writer.u8(flags, "flags")?;
                writer.u16_be(*router_lifetime, "router lifetime")?;
                writer.u32_be(*reachable_time, "reachable time")?;
                writer.u32_be(*retransmission_timer, "retransmission timer")?;
            }
            Self::NeighborSolicitation { target, .. } => {
                writer.u32_be(0, "reserved")?;
                writer.put(&target.octets(), "target address")?;
            }
            Self::NeighborAdvertisement { router, solicited, override_, target, .. } => {
                let flags = u32::from(*router) << 31 | u32::from(*solicited) << 30 | u32::from(*override_) << 29;
                writer.u32_be(flags, "flags")?;
                writer.put(&target.octets(), "target address")?;
            }
            Self::Redirect { target, destination, .. } => {
                writer.u32_be(0, "reserved")?;
                writer.put(&target.octets(), "target address")?;
                writer.put(&destination.octets(), "destination address")?;
            }
            Self::DuplicateAddressRequest(registration) | Self::DuplicateAddressConfirmation(registration) => {
                registration.emit(writer)?;
            }
            Self::ExtendedDuplicateAddressRequest(registration)
            | Self::ExtendedDuplicateAddressConfirmation(registration) => registration.emit(writer)?,
        }
        self.options().iter().try_for_each(|option| option.emit(writer))
    }
}
