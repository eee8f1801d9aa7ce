//! The IPv6 header (RFC 8200 section 3), its extension headers (section 4) and the upper-layer checksum over its
//! pseudo-header (section 8.1).

mod extension;
mod fragment;
mod options;
mod routing;
#[cfg(test)]
pub(crate) mod tests;

use alloc::vec;
use alloc::vec::Vec;
pub use core::net::Ipv6Addr;

pub use extension::{ExtensionHeader, Extensions, FoundFragment, MobilityHeader, extensions, with_extensions};
pub use fragment::{FragmentHeader, Reassembly};
pub use options::{Ipv6Option, OptionKind, OptionsHeader, RplOption, UnknownAction, padding};
pub use routing::{Route, RoutingHeader, RplSourceRoute};

use crate::ieee802154::LinkAddress;
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// Octets of the fixed header.
pub const HEADER_LENGTH: usize = 40;

/// The `ff02::1` group: all nodes on the link.
pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// All CoAP nodes of the mesh (RFC 7252 12.8, realm-local scope of RFC 7346).
pub const ALL_COAP_NODES_REALM: Ipv6Addr = Ipv6Addr::new(0xff03, 0, 0, 0, 0, 0, 0, 0xfd);

/// The `ff02::2` group: all routers on the link.
pub const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);

/// A next header value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NextHeader(pub u8);

impl NextHeader {
    /// Hop-by-hop options.
    pub const HOP_BY_HOP: Self = Self(0);
    /// TCP.
    pub const TCP: Self = Self(6);
    /// An IPv6 packet (RFC 2473).
    pub const IPV6: Self = Self(41);
    /// Routing header.
    pub const ROUTING: Self = Self(43);
    /// Fragment header.
    pub const FRAGMENT: Self = Self(44);
    /// Destination options.
    pub const DESTINATION_OPTIONS: Self = Self(60);
    /// Mobility header (RFC 6275).
    pub const MOBILITY: Self = Self(135);
    /// UDP.
    pub const UDP: Self = Self(17);
    /// ICMPv6.
    pub const ICMPV6: Self = Self(58);
    /// No next header.
    pub const NONE: Self = Self(59);
}

/// The IPv6 header without version and payload length, which follow from the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// Traffic class: DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
    /// Flow label, 20 bits.
    pub flow_label: u32,
    /// Next header.
    pub next_header: NextHeader,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
}

impl Header {
    /// A header with traffic class and flow label 0.
    pub fn new(source: Ipv6Addr, destination: Ipv6Addr, next_header: NextHeader, hop_limit: u8) -> Self {
        Self { traffic_class: 0, flow_label: 0, next_header, hop_limit, source, destination }
    }

    /// Reads a header; the second value is the payload length field in octets.
    pub fn parse(reader: &mut Reader<'_>) -> Result<(Self, u16)> {
        let first = reader.u32_be("IPv6 version, traffic class and flow label")?;
        if first >> 28 != 6 {
            return Err(Error::Malformed("IP version is not 6"));
        }
        let traffic_class = (first >> 20 & 0xff) as u8;
        let payload_length = reader.u16_be("IPv6 payload length")?;
        let next_header = NextHeader(reader.u8("IPv6 next header")?);
        let hop_limit = reader.u8("IPv6 hop limit")?;
        let source = Ipv6Addr::from(reader.array::<16>("IPv6 source")?);
        let destination = Ipv6Addr::from(reader.array::<16>("IPv6 destination")?);
        let flow_label = first & 0xf_ffff;
        Ok((Self { traffic_class, flow_label, next_header, hop_limit, source, destination }, payload_length))
    }

    /// Writes the header with `payload_length` in octets.
    pub fn emit(&self, payload_length: u16, writer: &mut Writer<'_>) -> Result<()> {
        if self.flow_label > 0xf_ffff {
            return Err(Error::Malformed("flow label above 20 bits"));
        }
        let first = 6 << 28 | u32::from(self.traffic_class) << 20 | self.flow_label;
        writer.u32_be(first, "IPv6 version, traffic class and flow label")?;
        writer.u16_be(payload_length, "IPv6 payload length")?;
        writer.u8(self.next_header.0, "IPv6 next header")?;
        writer.u8(self.hop_limit, "IPv6 hop limit")?;
        writer.put(&self.source.octets(), "IPv6 source")?;
        writer.put(&self.destination.octets(), "IPv6 destination")
    }
}

/// A packet: header and payload (extension headers included, see [`extensions`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Header.
    pub header: Header,
    /// Everything that the payload length counts.
    pub payload: Vec<u8>,
}

impl Packet {
    /// Parses a packet; octets after the payload length are ignored.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let (header, payload_length) = Header::parse(&mut reader)?;
        let payload = reader.take(payload_length.into(), "IPv6 payload")?.to_vec();
        Ok(Self { header, payload })
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        self.payload.len().saturating_add(HEADER_LENGTH)
    }

    /// Writes the packet.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<()> {
        let length = u16::try_from(self.payload.len()).map_err(|_| Error::Malformed("IPv6 payload above 65535"))?;
        let mut writer = Writer::new(buffer);
        self.header.emit(length, &mut writer)?;
        writer.put(&self.payload, "IPv6 payload")
    }

    /// The packet as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.buffer_len()];
        self.emit(&mut bytes)?;
        Ok(bytes)
    }
}

/// The upper-layer checksum of `bytes` under the pseudo-header: what to put into the checksum field if that field is
/// zero in `bytes`, and 0 if `bytes` carries a right one.
pub fn checksum(source: Ipv6Addr, destination: Ipv6Addr, next_header: NextHeader, bytes: &[u8]) -> u16 {
    // Two words at a time: both halves of the sum are folded in the end.
    let words = |bytes: &[u8]| {
        let (pairs, rest) = bytes.as_chunks::<4>();
        let sum = pairs.iter().fold(0u64, |sum, pair| sum.wrapping_add(u64::from(u32::from_be_bytes(*pair))));
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        sum.wrapping_add(u64::from(u32::from_be_bytes(last)))
    };
    let mut sum = words(&source.octets())
        .wrapping_add(words(&destination.octets()))
        .wrapping_add(words(&(bytes.len() as u64).to_be_bytes()))
        .wrapping_add(u64::from(next_header.0))
        .wrapping_add(words(bytes));
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// `prefix` (64 bits) joined with an interface identifier.
pub fn with_interface_identifier(prefix: Ipv6Addr, identifier: [u8; 8]) -> Ipv6Addr {
    let high = prefix.to_bits() >> 64 << 64;
    Ipv6Addr::from_bits(high | u128::from(u64::from_be_bytes(identifier)))
}

/// The link-local address of a link-layer address (RFC 4944 section 7).
pub fn link_local(address: LinkAddress) -> Ipv6Addr {
    with_interface_identifier(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), address.interface_identifier())
}

/// `address` with all bits after the first `length` cleared.
pub fn prefix_bits(address: Ipv6Addr, length: u8) -> Ipv6Addr {
    let host_bits = 128u32.saturating_sub(length.into());
    let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

/// Whether `address` is in fe80::/10.
pub fn is_link_local(address: Ipv6Addr) -> bool {
    address.to_bits() >> 118 == 0xfe80 >> 6
}

/// The solicited-node multicast group of `address` (RFC 4291 section 2.7.1).
pub fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0).to_bits();
    Ipv6Addr::from_bits(group | address.to_bits() & 0xff_ffff)
}
