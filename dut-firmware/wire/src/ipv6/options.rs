//! Hop-by-hop and destination options (RFC 8200 sections 4.2, 4.3 and 4.6), with the options that a low-power network
//! knows: padding, router alert (RFC 2711), tunnel encapsulation limit (RFC 2473) and the RPL option (RFC 6553).

use alloc::vec;
use alloc::vec::Vec;

use super::NextHeader;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// An option type, whose upper three bits say how to treat it unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OptionKind(pub u8);

impl OptionKind {
    /// Pad1: an octet without length.
    pub const PAD1: Self = Self(0x00);
    /// PadN.
    pub const PADN: Self = Self(0x01);
    /// Tunnel encapsulation limit (RFC 2473 section 4.1.1).
    pub const TUNNEL_ENCAPSULATION_LIMIT: Self = Self(0x04);
    /// Router alert (RFC 2711).
    pub const ROUTER_ALERT: Self = Self(0x05);
    /// The RPL option as RFC 9008 numbers it: to be skipped where it is unknown.
    pub const RPL_SKIPPABLE: Self = Self(0x23);
    /// The RPL option (RFC 6553 section 6).
    pub const RPL: Self = Self(0x63);
    /// Jumbo payload (RFC 2675), which no link of IEEE 802.15.4 can carry.
    pub const JUMBO: Self = Self(0xc2);

    /// What to do where the type is unknown: the upper two bits.
    pub fn action(self) -> UnknownAction {
        match self.0 >> 6 {
            0 => UnknownAction::Skip,
            1 => UnknownAction::Discard,
            2 => UnknownAction::Report,
            _ => UnknownAction::ReportUnlessMulticast,
        }
    }

    /// Whether the data may change on the way: the third bit.
    pub fn may_change(self) -> bool {
        self.0 & 0x20 != 0
    }
}

/// What a node does that does not know an option (RFC 8200 section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownAction {
    /// 00: skip the option.
    Skip,
    /// 01: discard the packet.
    Discard,
    /// 10: discard the packet and send Parameter Problem, code 2.
    Report,
    /// 11: discard the packet and send Parameter Problem, code 2, unless the destination is multicast.
    ReportUnlessMulticast,
}

/// What the RPL option says about a packet on its way (RFC 6553 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RplOption {
    /// Whether the option bears the type that RFC 9008 gave it, which unaware nodes skip, instead of RFC 6553's.
    pub skippable: bool,
    /// O: the packet is expected to progress down.
    pub down: bool,
    /// R: a rank error was detected.
    pub rank_error: bool,
    /// F: the node cannot forward the packet to its destination.
    pub forwarding_error: bool,
    /// RPLInstanceID.
    pub instance_id: u8,
    /// SenderRank.
    pub sender_rank: u16,
    /// Sub-TLVs; none is defined.
    pub sub_tlvs: Vec<u8>,
}

/// An option of a hop-by-hop or destination options header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ipv6Option {
    /// One octet of padding.
    Pad1,
    /// Two and more octets of padding: the zeros after type and length.
    PadN(u8),
    /// Router alert: what the packet is about, 0 for MLD.
    RouterAlert(u16),
    /// How many further encapsulations are permitted.
    TunnelEncapsulationLimit(u8),
    /// RPL information.
    Rpl(RplOption),
    /// Any other option.
    Unknown {
        /// Type.
        kind: OptionKind,
        /// Data, at most 255 octets.
        data: Vec<u8>,
    },
}

impl Ipv6Option {
    /// Its type.
    pub fn kind(&self) -> OptionKind {
        match self {
            Self::Pad1 => OptionKind::PAD1,
            Self::PadN(_) => OptionKind::PADN,
            Self::RouterAlert(_) => OptionKind::ROUTER_ALERT,
            Self::TunnelEncapsulationLimit(_) => OptionKind::TUNNEL_ENCAPSULATION_LIMIT,
            Self::Rpl(RplOption { skippable: true, .. }) => OptionKind::RPL_SKIPPABLE,
            Self::Rpl(_) => OptionKind::RPL,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Whether it is there for alignment only.
    pub fn is_padding(&self) -> bool {
        matches!(self, Self::Pad1 | Self::PadN(_))
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::Pad1 => 1,
            Self::PadN(zeros) => usize::from(*zeros).saturating_add(2),
            Self::RouterAlert(_) => 4,
            Self::TunnelEncapsulationLimit(_) => 3,
            Self::Rpl(rpl) => rpl.sub_tlvs.len().saturating_add(6),
            Self::Unknown { data, .. } => data.len().saturating_add(2),
        }
    }

    /// Reads an option. The octets of PadN are not looked at. [`Error::Unsupported`] for jumbo payload.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let kind = OptionKind(reader.u8("IPv6 option type")?);
        if kind == OptionKind::PAD1 {
            return Ok(Self::Pad1);
        }
        let length = reader.u8("IPv6 option length")?;
        let mut data = Reader::new(reader.take(length.into(), "IPv6 option data")?);
        match (kind, length) {
            (OptionKind::PADN, _) => Ok(Self::PadN(length)),
            (OptionKind::ROUTER_ALERT, 2) => Ok(Self::RouterAlert(data.u16_be("router alert")?)),
            (OptionKind::ROUTER_ALERT, _) => Err(Error::Malformed("router alert is not two octets")),
            (OptionKind::TUNNEL_ENCAPSULATION_LIMIT, 1) => {
                Ok(Self::TunnelEncapsulationLimit(data.u8("tunnel encapsulation limit")?))
            }
            (OptionKind::TUNNEL_ENCAPSULATION_LIMIT, _) => {
                Err(Error::Malformed("tunnel encapsulation limit is not an octet"))
            }
            (OptionKind::RPL | OptionKind::RPL_SKIPPABLE, _) => {
                let flags = data.u8("RPL option flags")?;
                Ok(Self::Rpl(RplOption {
                    skippable: kind == OptionKind::RPL_SKIPPABLE,
                    down: flags & 0x80 != 0,
                    rank_error: flags & 0x40 != 0,
                    forwarding_error: flags & 0x20 != 0,
                    instance_id: data.u8("RPLInstanceID")?,
                    sender_rank: data.u16_be("SenderRank")?,
                    sub_tlvs: data.rest().to_vec(),
                }))
            }
            (OptionKind::JUMBO, _) => Err(Error::Unsupported("jumbo payload")),
            _ => Ok(Self::Unknown { kind, data: data.rest().to_vec() }),
        }
    }

    /// Writes the option; [`Error::Malformed`] if its data exceeds 255 octets.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.kind().0, "IPv6 option type")?;
        if *self == Self::Pad1 {
            return Ok(());
        }
        let length = u8::try_from(self.buffer_len().saturating_sub(2))
            .map_err(|_| Error::Malformed("IPv6 option above 255 octets"))?;
        writer.u8(length, "IPv6 option length")?;
        match self {
            Self::Pad1 => Ok(()),
            Self::PadN(zeros) => writer.put(&vec![0; (*zeros).into()], "PadN"),
            Self::RouterAlert(value) => writer.u16_be(*value, "router alert"),
            Self::TunnelEncapsulationLimit(limit) => writer.u8(*limit, "tunnel encapsulation limit"),
            Self::Rpl(rpl) => {
                let flags =
                    u8::from(rpl.down) << 7 | u8::from(rpl.rank_error) << 6 | u8::from(rpl.forwarding_error) << 5;
                writer.u8(flags, "RPL option flags")?;
                writer.u8(rpl.instance_id, "RPLInstanceID")?;
                writer.u16_be(rpl.sender_rank, "SenderRank")?;
                writer.put(&rpl.sub_tlvs, "RPL sub-TLVs")
            }
            Self::Unknown { data, .. } => writer.put(data, "IPv6 option data"),
        }
    }
}

/// A hop-by-hop or destination options header; which of both is known to the header before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OptionsHeader {
    /// Next header.
    pub next_header: NextHeader,
    /// Options, padding included: together with two octets a multiple of eight.
    pub options: Vec<Ipv6Option>,
}

impl OptionsHeader {
    /// A header with these options and the padding that it needs behind them.
    pub fn padded(next_header: NextHeader, mut options: Vec<Ipv6Option>) -> Self {
        let length = options.iter().map(Ipv6Option::buffer_len).fold(2usize, usize::saturating_add);
        options.extend(padding(length));
        Self { next_header, options }
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.options.iter().map(Ipv6Option::buffer_len).fold(2, usize::saturating_add)
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let next_header = NextHeader(reader.u8("next header")?);
        let length = usize::from(reader.u8("extension header length")?).saturating_mul(8).saturating_add(6);
        let mut inner = Reader::new(reader.take(length, "extension header")?);
        let mut options = Vec::new();
        while !inner.is_empty() {
            options.push(Ipv6Option::parse(&mut inner)?);
        }
        Ok(Self { next_header, options })
    }

    /// Writes the header; [`Error::Malformed`] if it is no multiple of eight octets or too long.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.next_header.0, "next header")?;
        writer.u8(length_field(self.buffer_len())?, "extension header length")?;
        self.options.iter().try_for_each(|option| option.emit(writer))
    }
}

/// The Hdr Ext Len of an extension header of that many octets: units of eight after the first eight.
pub(super) fn length_field(octets: usize) -> Result<u8> {
    if !octets.is_multiple_of(8) {
        return Err(Error::Malformed("extension header is no multiple of eight octets"));
    }
    (octets / 8)
        .checked_sub(1)
        .and_then(|units| u8::try_from(units).ok())
        .ok_or(Error::Malformed("extension header above 2048 octets"))
}

/// The padding that brings `length` to a multiple of eight.
pub fn padding(length: usize) -> Option<Ipv6Option> {
    match length.wrapping_neg() % 8 {
        0 => None,
        1 => Some(Ipv6Option::Pad1),
        octets => Some(Ipv6Option::PadN(octets.saturating_sub(2) as u8)),
    }
}
