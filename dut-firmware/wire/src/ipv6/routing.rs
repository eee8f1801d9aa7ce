//! The routing header (RFC 8200 section 4.4): the deprecated type 0 (RFC 2460, RFC 5095) and RPL's source route, type 3
//! (RFC 6554).

use alloc::vec::Vec;

use super::options::length_field;
use super::{Ipv6Addr, NextHeader};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// A routing header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoutingHeader {
    /// Next header.
    pub next_header: NextHeader,
    /// Segments left.
    pub segments_left: u8,
    /// What depends on the type.
    pub route: Route,
}

/// The type-specific data of a routing header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// Type 0, which a node answers with Parameter Problem unless no segments are left (RFC 5095 section 3).
    Type0 {
        /// Addresses.
        addresses: Vec<Ipv6Addr>,
    },
    /// Type 3.
    Rpl(RplSourceRoute),
    /// Any other type.
    Unknown {
        /// Routing type.
        kind: u8,
        /// Data: four octets and a multiple of eight.
        data: Vec<u8>,
    },
}

/// The addresses of a RPL source route, without the octets that they share with the destination of the packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RplSourceRoute {
    /// CmprI: octets elided from all addresses but the last one, 0 to 15.
    pub elided_intermediate: u8,
    /// CmprE: octets elided from the last address, 0 to 15.
    pub elided_last: u8,
    /// Octets after the last address, 0 to 15.
    pub pad: u8,
    /// Addresses 1 to n, zeros in place of the elided octets; [`Self::full_addresses`] fills them in.
    pub addresses: Vec<Ipv6Addr>,
}

/// `address` without its first `octets` octets.
fn without_prefix(address: Ipv6Addr, octets: u8) -> u128 {
    let mask = u128::MAX.checked_shr(u32::from(octets).saturating_mul(8)).unwrap_or(0);
    address.to_bits() & mask
}

/// Octets that two addresses have in common at their beginning, 15 at most.
fn common_prefix(a: Ipv6Addr, b: Ipv6Addr) -> u8 {
    ((a.to_bits() ^ b.to_bits()).leading_zeros() / 8).min(15) as u8
}

impl RplSourceRoute {
    /// The shortest form of `addresses` in a packet to `destination`.
    pub fn new(destination: Ipv6Addr, addresses: &[Ipv6Addr]) -> Self {
        let (last, intermediate) = match addresses.split_last() {
            Some((last, intermediate)) => (Some(*last), intermediate),
            None => (None, addresses),
        };
        let elided_last = last.map_or(0, |last| common_prefix(last, destination));
        // Without intermediate addresses any value says the same; the customary one is that of the last address.
        let elided_intermediate =
            intermediate.iter().map(|address| common_prefix(*address, destination)).min().unwrap_or(elided_last);
        let stripped = intermediate.iter().map(|address| without_prefix(*address, elided_intermediate));
        let stripped = stripped.chain(last.map(|last| without_prefix(last, elided_last)));
        let mut route =
            Self { elided_intermediate, elided_last, pad: 0, addresses: stripped.map(Ipv6Addr::from_bits).collect() };
        route.pad = (route.addresses_len().wrapping_neg() % 8) as u8;
        route
    }

    /// The addresses with the elided octets filled in from the packet's destination (section 3).
    pub fn full_addresses(&self, destination: Ipv6Addr) -> impl Iterator<Item = Ipv6Addr> {
        let count = self.addresses.len();
        (1..).zip(&self.addresses).map(move |(number, address)| {
            let elided = if number == count { self.elided_last } else { self.elided_intermediate };
            let prefix = destination.to_bits() ^ without_prefix(destination, elided);
            Ipv6Addr::from_bits(prefix | without_prefix(*address, elided))
        })
    }

    /// Octets of all addresses as they are carried.
    fn addresses_len(&self) -> usize {
        let size = |elided: u8| 16usize.saturating_sub(elided.into());
        match self.addresses.len().checked_sub(1) {
            Some(intermediate) => {
                intermediate.saturating_mul(size(self.elided_intermediate)).saturating_add(size(self.elided_last))
            }
            None => 0,
        }
    }

    fn buffer_len(&self) -> usize {
        self.addresses_len().saturating_add(self.pad.into()).saturating_add(4)
    }

    /// Reads what follows the segments left.
    fn parse(data: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(data);
        let first = reader.u32_be("RPL source route")?;
        let (elided_intermediate, elided_last, pad) =
            ((first >> 28) as u8, (first >> 24 & 0xf) as u8, (first >> 20 & 0xf) as u8);
        if elided_intermediate == 0 && elided_last == 0 && pad != 0 {
            return Err(Error::Malformed("RPL source route with whole addresses and padding"));
        }
        let length = reader
            .remaining()
            .checked_sub(pad.into())
            .ok_or(Error::Malformed("RPL source route pad exceeds the header"))?;
        let mut addresses = Vec::new();
        if length > 0 {
            let (size, last_size) = (16 - usize::from(elided_intermediate), 16 - usize::from(elided_last));
            let intermediate = length
                .checked_sub(last_size)
                .filter(|octets| octets % size == 0)
                .ok_or(Error::Malformed("RPL source route length is no sum of its addresses"))?
                / size;
            let sizes = core::iter::repeat_n(size, intermediate).chain([last_size]);
            for size in sizes {
                let octets = reader.take(size, "RPL source route address")?;
                let bits = octets.iter().fold(0u128, |bits, octet| bits << 8 | u128::from(*octet));
                addresses.push(Ipv6Addr::from_bits(bits));
            }
        }
        Ok(Self { elided_intermediate, elided_last, pad, addresses })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        if self.elided_intermediate > 15 || self.elided_last > 15 || self.pad > 15 {
            return Err(Error::Malformed("RPL source route field above four bits"));
        }
        let first =
            u32::from(self.elided_intermediate) << 28 | u32::from(self.elided_last) << 24 | u32::from(self.pad) << 20;
        writer.u32_be(first, "RPL source route")?;
        let count = self.addresses.len();
        for (number, address) in (1..).zip(&self.addresses) {
            let elided = if number == count { self.elided_last } else { self.elided_intermediate };
            let octets = address.octets();
            writer.put(octets.get(usize::from(elided)..).unwrap_or(&[]), "RPL source route address")?;
        }
        (0..self.pad).try_for_each(|_| writer.u8(0, "RPL source route padding"))
    }
}

impl RoutingHeader {
    /// Routing type.
    pub fn kind(&self) -> u8 {
        match self.route {
            Route::Type0 { .. } => 0,
            Route::Rpl(_) => 3,
            Route::Unknown { kind, .. } => kind,
        }
    }

    /// The address that the packet is bound for in the end: the last one if there are segments left, else
    /// `destination`, that of the IPv6 header. Upper-layer checksums cover it (RFC 8200 section 8.1).
    pub fn final_destination(&self, destination: Ipv6Addr) -> Ipv6Addr {
        if self.segments_left == 0 {
            return destination;
        }
        let last = match &self.route {
            Route::Type0 { addresses } => addresses.last().copied(),
            Route::Rpl(route) => route.full_addresses(destination).last(),
            Route::Unknown { .. } => None,
        };
        last.unwrap_or(destination)
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        let data = match &self.route {
            Route::Type0 { addresses } => addresses.len().saturating_mul(16).saturating_add(4),
            Route::Rpl(route) => route.buffer_len(),
            Route::Unknown { data, .. } => data.len(),
        };
        data.saturating_add(4)
    }

    /// Reads the header.
    pub fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let next_header = NextHeader(reader.u8("next header")?);
        let length = usize::from(reader.u8("extension header length")?).saturating_mul(8).saturating_add(6);
        let mut inner = Reader::new(reader.take(length, "extension header")?);
        let kind = inner.u8("routing type")?;
        let segments_left = inner.u8("segments left")?;
        let route = match kind {
            0 => {
                inner.u32_be("routing header reserved field")?;
                let mut addresses = Vec::new();
                while !inner.is_empty() {
                    let octets = inner.array::<16>("routing header address");
                    let octets = octets.map_err(|_| Error::Malformed("type 0 routing header has half an address"))?;
                    addresses.push(Ipv6Addr::from(octets));
                }
                Route::Type0 { addresses }
            }
            3 => Route::Rpl(RplSourceRoute::parse(inner.rest())?),
            _ => Route::Unknown { kind, data: inner.rest().to_vec() },
        };
        Ok(Self { next_header, segments_left, route })
    }

    /// Writes the header; [`Error::Malformed`] if it is no multiple of eight octets or too long.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.next_header.0, "next header")?;
        writer.u8(length_field(self.buffer_len())?, "extension header length")?;
        writer.u8(self.kind(), "routing type")?;
        writer.u8(self.segments_left, "segments left")?;
        match &self.route {
            Route::Type0 { addresses } => {
                writer.u32_be(0, "routing header reserved field")?;
                addresses.iter().try_for_each(|address| writer.put(&address.octets(), "routing header address"))
            }
            Route::Rpl(route) => route.emit(writer),
            Route::Unknown { kind: 0 | 3, .. } => Err(Error::Malformed("known routing type as an unknown one")),
            Route::Unknown { data, .. } => writer.put(data, "routing header data"),
        }
    }
}
