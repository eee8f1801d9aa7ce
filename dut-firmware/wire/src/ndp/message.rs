//! Neighbor Discovery messages (RFC 4861 section 4, RFC 6775 section 4.4): what follows the ICMPv6 checksum.

use alloc::vec::Vec;

use super::NdpOption;
use crate::ipv6::Ipv6Addr;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Eui64, Result};

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
    /// DAR.
    DuplicateAddressRequest(Registration),
    /// DAC.
    DuplicateAddressConfirmation(Registration),
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

impl Message {
    /// The ICMPv6 type; the code is always 0.
    pub fn icmpv6_type(&self) -> u8 {
        match self {
            Self::RouterSolicitation { .. } => super::ROUTER_SOLICITATION,
            Self::RouterAdvertisement { .. } => super::ROUTER_ADVERTISEMENT,
            Self::NeighborSolicitation { .. } => super::NEIGHBOR_SOLICITATION,
            Self::NeighborAdvertisement { .. } => super::NEIGHBOR_ADVERTISEMENT,
            Self::DuplicateAddressRequest(_) => super::DUPLICATE_ADDRESS_REQUEST,
            Self::DuplicateAddressConfirmation(_) => super::DUPLICATE_ADDRESS_CONFIRMATION,
        }
    }

    /// The options; none in DAR and DAC.
    pub fn options(&self) -> &[NdpOption] {
        match self {
            Self::RouterSolicitation { options }
            | Self::RouterAdvertisement { options, .. }
            | Self::NeighborSolicitation { options, .. }
            | Self::NeighborAdvertisement { options, .. } => options,
            Self::DuplicateAddressRequest(_) | Self::DuplicateAddressConfirmation(_) => &[],
        }
    }

    /// Octets that [`Self::emit_body`] writes.
    pub fn body_len(&self) -> usize {
        let fixed = match self {
            Self::RouterSolicitation { .. } => 4,
            Self::RouterAdvertisement { .. } => 12,
            Self::NeighborSolicitation { .. } | Self::NeighborAdvertisement { .. } => 20,
            Self::DuplicateAddressRequest(_) | Self::DuplicateAddressConfirmation(_) => 28,
        };
        self.options().iter().fold(fixed, |sum, option| sum.saturating_add(option.buffer_len()))
    }

    /// Reads what follows the ICMPv6 checksum.
    pub fn parse_body(icmpv6_type: u8, body: &[u8]) -> Result<Self> {
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
            super::DUPLICATE_ADDRESS_REQUEST => Ok(Self::DuplicateAddressRequest(Registration::parse(&mut reader)?)),
            super::DUPLICATE_ADDRESS_CONFIRMATION => {
                Ok(Self::DuplicateAddressConfirmation(Registration::parse(&mut reader)?))
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
                router_lifetime,
                reachable_time,
                retransmission_timer,
                ..
            } => {
                writer.u8(*current_hop_limit, "current hop limit")?;
                writer.u8(u8::from(*managed) << 7 | u8::from(*other_configuration) << 6, "flags")?;
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
            Self::DuplicateAddressRequest(registration) | Self::DuplicateAddressConfirmation(registration) => {
                registration.emit(writer)?;
            }
        }
        self.options().iter().try_for_each(|option| option.emit(writer))
    }
}

impl Registration {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let status = reader.u8("status")?;
        reader.take(1, "reserved")?;
        Ok(Self {
            status,
            registration_lifetime: reader.u16_be("registration lifetime")?,
            eui64: Eui64(reader.array("EUI-64")?),
            registered_address: Ipv6Addr::from(reader.array::<16>("registered address")?),
        })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.status, "status")?;
        writer.u8(0, "reserved")?;
        writer.u16_be(self.registration_lifetime, "registration lifetime")?;
        writer.put(&self.eui64.0, "EUI-64")?;
        writer.put(&self.registered_address.octets(), "registered address")
    }
}
