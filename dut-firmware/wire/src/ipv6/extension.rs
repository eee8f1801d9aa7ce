//! The chain of extension headers (RFC 8200 section 4) from the IPv6 header to the upper layer.

use alloc::vec::Vec;

use super::options::length_field;
use super::{FragmentHeader, HEADER_LENGTH, Header, Ipv6Addr, NextHeader, OptionsHeader, RoutingHeader};
use crate::reader::Reader;
use crate::writer::Writer;
use crate::{Error, Result};

/// An extension header.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ExtensionHeader {
    /// Hop-by-hop options.
    HopByHop(OptionsHeader),
    /// Routing.
    Routing(RoutingHeader),
    /// Fragment.
    Fragment(FragmentHeader),
    /// Destination options.
    Destination(OptionsHeader),
    /// Mobility (RFC 6275).
    Mobility(MobilityHeader),
}

/// A mobility header (RFC 6275 section 6.1), uninterpreted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MobilityHeader {
    /// Payload proto: always 59 so far.
    pub next_header: NextHeader,
    /// MH type.
    pub kind: u8,
    /// Checksum over the pseudo-header and this header.
    pub checksum: u16,
    /// Message data: two octets and a multiple of eight.
    pub data: Vec<u8>,
}

impl MobilityHeader {
    fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let next_header = NextHeader(reader.u8("next header")?);
        let length = usize::from(reader.u8("extension header length")?).saturating_mul(8).saturating_add(6);
        let mut inner = Reader::new(reader.take(length, "extension header")?);
        let kind = inner.u8("mobility header type")?;
        inner.u8("mobility header reserved octet")?;
        let checksum = inner.u16_be("mobility header checksum")?;
        Ok(Self { next_header, kind, checksum, data: inner.rest().to_vec() })
    }

    fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        writer.u8(self.next_header.0, "next header")?;
        writer.u8(length_field(self.data.len().saturating_add(6))?, "extension header length")?;
        writer.u8(self.kind, "mobility header type")?;
        writer.u8(0, "mobility header reserved octet")?;
        writer.u16_be(self.checksum, "mobility header checksum")?;
        writer.put(&self.data, "mobility header data")
    }
}

impl ExtensionHeader {
    /// The next header value that announces it.
    pub fn kind(&self) -> NextHeader {
        match self {
            Self::HopByHop(_) => NextHeader::HOP_BY_HOP,
            Self::Routing(_) => NextHeader::ROUTING,
            Self::Fragment(_) => NextHeader::FRAGMENT,
            Self::Destination(_) => NextHeader::DESTINATION_OPTIONS,
            Self::Mobility(_) => NextHeader::MOBILITY,
        }
    }

    /// The next header value that it holds.
    pub fn next_header(&self) -> NextHeader {
        match self {
            Self::HopByHop(header) | Self::Destination(header) => header.next_header,
            Self::Routing(header) => header.next_header,
            Self::Fragment(header) => header.next_header,
            Self::Mobility(header) => header.next_header,
        }
    }

    /// Puts in another next header value.
    pub fn set_next_header(&mut self, value: NextHeader) {
        match self {
            Self::HopByHop(header) | Self::Destination(header) => header.next_header = value,
            Self::Routing(header) => header.next_header = value,
            Self::Fragment(header) => header.next_header = value,
            Self::Mobility(header) => header.next_header = value,
        }
    }

    /// Reads the header that `kind` announces; `None` if that is not an extension header.
    pub fn parse(kind: NextHeader, reader: &mut Reader<'_>) -> Result<Option<Self>> {
        Ok(Some(match kind {
            NextHeader::HOP_BY_HOP => Self::HopByHop(OptionsHeader::parse(reader)?),
            NextHeader::ROUTING => Self::Routing(RoutingHeader::parse(reader)?),
            NextHeader::FRAGMENT => Self::Fragment(FragmentHeader::parse(reader)?),
            NextHeader::DESTINATION_OPTIONS => Self::Destination(OptionsHeader::parse(reader)?),
            NextHeader::MOBILITY => Self::Mobility(MobilityHeader::parse(reader)?),
            _ => return Ok(None),
        }))
    }

    /// Octets that [`Self::emit`] writes.
    pub fn buffer_len(&self) -> usize {
        match self {
            Self::HopByHop(header) | Self::Destination(header) => header.buffer_len(),
            Self::Routing(header) => header.buffer_len(),
            Self::Fragment(_) => FragmentHeader::LENGTH,
            Self::Mobility(header) => header.data.len().saturating_add(6),
        }
    }

    /// Writes the header.
    pub fn emit(&self, writer: &mut Writer<'_>) -> Result<()> {
        match self {
            Self::HopByHop(header) | Self::Destination(header) => header.emit(writer),
            Self::Routing(header) => header.emit(writer),
            Self::Fragment(header) => header.emit(writer),
            Self::Mobility(header) => header.emit(writer),
        }
    }

    /// The header as bytes.
    pub fn to_vec(&self) -> Result<Vec<u8>> {
        let mut bytes = alloc::vec![0; self.buffer_len()];
        self.emit(&mut Writer::new(&mut bytes))?;
        Ok(bytes)
    }
}

/// A payload with `headers` before it: sets their next header fields and returns the first header's value with the octets.
pub fn with_extensions(
    mut headers: Vec<ExtensionHeader>,
    upper: NextHeader,
    payload: &[u8],
) -> Result<(NextHeader, Vec<u8>)> {
    let mut next = upper;
    for header in headers.iter_mut().rev() {
        header.set_next_header(next);
        next = header.kind();
    }
    let mut bytes = Vec::new();
    for header in &headers {
        bytes.extend(header.to_vec()?);
    }
    bytes.extend_from_slice(payload);
    Ok((next, bytes))
}

/// Where a packet has its fragment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundFragment {
    /// The header.
    pub header: FragmentHeader,
    /// Offset of the header in the packet.
    pub at: usize,
    /// Offset of the next header field that announces it.
    pub next_header_at: usize,
}

/// What lies between the IPv6 header of a packet and its upper layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensions {
    /// The extension headers in order; none after a fragment header of a fragment that is not the first one.
    pub headers: Vec<ExtensionHeader>,
    /// What follows them.
    pub upper: NextHeader,
    /// Offset of that in the packet.
    pub upper_at: usize,
    /// End of the packet by its payload length.
    pub end: usize,
    /// Source, and the destination in the end: upper-layer checksums cover them.
    pub source: Ipv6Addr,
    /// See [`RoutingHeader::final_destination`].
    pub destination: Ipv6Addr,
    /// The first fragment header.
    pub fragment: Option<FoundFragment>,
}

/// Reads the extension headers of a packet. Hop-by-hop options anywhere but first are malformed (section 4.1).
pub fn extensions(packet: &[u8]) -> Result<Extensions> {
    let mut reader = Reader::new(packet);
    let (header, payload_length) = Header::parse(&mut reader)?;
    let end = HEADER_LENGTH.saturating_add(payload_length.into());
    let whole = packet.get(..end).ok_or(Error::Truncated("IPv6 payload"))?;
    let mut reader = Reader::new(whole);
    reader.take(HEADER_LENGTH, "IPv6 header")?;
    let mut found = Extensions {
        headers: Vec::new(),
        upper: header.next_header,
        upper_at: HEADER_LENGTH,
        end,
        source: header.source,
        destination: header.destination,
        fragment: None,
    };
    let mut next_header_at = 6;
    loop {
        let at = reader.offset();
        if found.upper == NextHeader::HOP_BY_HOP && !found.headers.is_empty() {
            return Err(Error::Malformed("hop-by-hop options are not first"));
        }
        let Some(extension) = ExtensionHeader::parse(found.upper, &mut reader)? else { return Ok(found) };
        found.upper = extension.next_header();
        found.upper_at = reader.offset();
        let mut is_later_fragment = false;
        match &extension {
            ExtensionHeader::Routing(routing) => found.destination = routing.final_destination(found.destination),
            ExtensionHeader::Fragment(header) => {
                is_later_fragment = header.offset > 0;
                found.fragment = found.fragment.or(Some(FoundFragment { header: *header, at, next_header_at }));
            }
            _ => {}
        }
        next_header_at = at;
        found.headers.push(extension);
        if is_later_fragment {
            return Ok(found);
        }
    }
}
