//! From an IPv6 packet to its shortest IPHC form (RFC 6282), extension headers and packets in packets included.

use alloc::vec;
use alloc::vec::Vec;

use super::address::{compress_destination, compress_source};
use super::decompress::MAX_NESTING;
use super::nhc::IPV6_OCTET;
use super::{Contexts, Encapsulation, ExtensionId, ExtensionNhc, Iphc, UdpNhc};
use crate::ieee802154::LinkAddress;
use crate::ipv6::{self, Header, Ipv6Option, NextHeader, padding};
use crate::reader::Reader;
use crate::udp;
use crate::writer::Writer;
use crate::{Error, Result};

/// Compresses `packet`, a whole IPv6 packet, for a frame between two link-layer addresses.
pub fn compress(packet: &[u8], source: LinkAddress, destination: LinkAddress, contexts: &Contexts) -> Result<Vec<u8>> {
    let (mut bytes, covered) = compress_headers(packet, source, destination, contexts)?;
    bytes.extend_from_slice(packet.get(covered..).unwrap_or(&[]));
    Ok(bytes)
}

/// [`Compressor::headers`] without a limit.
pub fn compress_headers(
    packet: &[u8],
    source: LinkAddress,
    destination: LinkAddress,
    contexts: &Contexts,
) -> Result<(Vec<u8>, usize)> {
    Compressor { source, destination, contexts, room: usize::MAX }.headers(packet)
}

/// All that compression depends on besides the packet.
#[derive(Debug, Clone, Copy)]
pub struct Compressor<'a> {
    /// Link-layer source of the frame, or the originator of its mesh header.
    pub source: LinkAddress,
    /// Link-layer destination of the frame, or the final destination of its mesh header.
    pub destination: LinkAddress,
    /// Contexts.
    pub contexts: &'a Contexts,
    /// Octets that the compressed headers may have: those that do not fit into the first fragment stay as they are (RFC
    /// 6282 section 2). The IPHC header itself is made in any case.
    pub room: usize,
}

/// Extension headers in a row that are compressed: each takes stack.
const MAX_EXTENSIONS: usize = 8;

/// Headers around the one that is being compressed.
#[derive(Clone, Copy, Default)]
struct Depth {
    packets: usize,
    extensions: usize,
}

/// Compressed headers, and how many octets of the packet they stand for.
struct Compressed {
    bytes: Vec<u8>,
    covered: usize,
}

impl Compressor<'_> {
    /// The compressed headers of `packet`, and how many octets of `packet` they stand for: a fragmenter continues there.
    ///
    /// UDP is compressed if its length field agrees with the packet's; the checksum is always carried. The payload
    /// length has to be the real one because it is elided.
    pub fn headers(&self, packet: &[u8]) -> Result<(Vec<u8>, usize)> {
        let encapsulation = Encapsulation::of_link(self.source, self.destination);
        let Compressed { bytes, covered } = self.ipv6(packet, encapsulation, self.room, Depth::default())?;
        Ok((bytes, covered))
    }

    fn ipv6(&self, packet: &[u8], encapsulation: Encapsulation, room: usize, depth: Depth) -> Result<Compressed> {
        let mut reader = Reader::new(packet);
        let (header, payload_length) = Header::parse(&mut reader)?;
        if reader.remaining() != usize::from(payload_length) {
            return Err(Error::Malformed("IPv6 payload length is not the length of the payload"));
        }
        let mut iphc = compress_header(&header, encapsulation, self.contexts);
        iphc.next_header = None;
        let left = room.saturating_sub(iphc.buffer_len());
        let inner = Encapsulation::of_header(&header);
        let next = self.next_header(header.next_header, reader.rest(), inner, left, depth);
        if next.is_none() {
            iphc.next_header = Some(header.next_header.0);
        }
        let mut bytes = vec![0; iphc.buffer_len()];
        iphc.emit(&mut Writer::new(&mut bytes))?;
        let next = next.unwrap_or(Compressed { bytes: Vec::new(), covered: 0 });
        bytes.extend(next.bytes);
        Ok(Compressed { bytes, covered: next.covered.saturating_add(ipv6::HEADER_LENGTH) })
    }

    /// The compressed form of the headers at the front of `payload`, the first of which is `kind`, if it has one that
    /// fits into `room`.
    fn next_header(
        &self,
        kind: NextHeader,
        payload: &[u8],
        encapsulation: Encapsulation,
        room: usize,
        depth: Depth,
    ) -> Option<Compressed> {
        let found = match kind {
            NextHeader::UDP => compress_udp(payload),
            NextHeader::IPV6 if depth.packets.saturating_add(1) < MAX_NESTING => {
                let depth = Depth { packets: depth.packets.saturating_add(1), ..depth };
                let inner = self.ipv6(payload, encapsulation, room.saturating_sub(1), depth).ok()?;
                let mut bytes = vec![IPV6_OCTET];
                bytes.extend(inner.bytes);
                Some(Compressed { bytes, ..inner })
            }
            _ if depth.extensions >= MAX_EXTENSIONS => None,
            _ => {
                let depth = Depth { extensions: depth.extensions.saturating_add(1), ..depth };
                self.extension(ExtensionId::of(kind)?, payload, encapsulation, room, depth)
            }
        };
        found.filter(|compressed| compressed.bytes.len() <= room)
    }

    fn extension(
        &self,
        id: ExtensionId,
        payload: &[u8],
        encapsulation: Encapsulation,
        room: usize,
        depth: Depth,
    ) -> Option<Compressed> {
        let mut reader = Reader::new(payload);
        let next_header = NextHeader(reader.u8("next header").ok()?);
        let second = reader.u8("extension header length").ok()?;
        let is_fragment = id == ExtensionId::Fragment;
        let length = if is_fragment { 6 } else { usize::from(second).saturating_mul(8).saturating_add(6) };
        let data = reader.take(length, "extension header").ok()?;
        // Behind the header of a later fragment there is a piece of something, not a header.
        let is_later_fragment =
            is_fragment && data.first_chunk().is_some_and(|offset| u16::from_be_bytes(*offset) >> 3 > 0);
        let kept = if id.has_options() { without_padding(data) } else { data };
        let length = u8::try_from(kept.len()).ok()?;
        let reserved = if is_fragment { second } else { 0 };
        let front = ExtensionNhc { id, next_header: None, length, reserved };
        let left = room.checked_sub(front.buffer_len())?.checked_sub(kept.len())?;
        let next = if is_later_fragment {
            None
        } else {
            self.next_header(next_header, reader.rest(), encapsulation, left, depth)
        };
        let front = ExtensionNhc { next_header: if next.is_some() { None } else { Some(next_header) }, ..front };
        let mut bytes = vec![0; front.buffer_len()];
        front.emit(&mut Writer::new(&mut bytes)).ok()?;
        bytes.extend_from_slice(kept);
        let next = next.unwrap_or(Compressed { bytes: Vec::new(), covered: 0 });
        bytes.extend(next.bytes);
        Some(Compressed { bytes, covered: reader.offset().saturating_add(next.covered) })
    }
}

/// The options of a header without a single padding option at their end that a decompressor would put there again (RFC
/// 6282 section 4.2).
fn without_padding(data: &[u8]) -> &[u8] {
    let mut reader = Reader::new(data);
    let (mut last, mut last_at, mut before) = (None, 0, None);
    while !reader.is_empty() {
        before = last.take();
        last_at = reader.offset();
        match any_option(&mut reader) {
            Some(option) => last = Some(option),
            None => return data,
        }
    }
    let is_single = !before.is_some_and(|option: Ipv6Option| option.is_padding());
    let (Some(last), Some(kept)) = (last, data.get(..last_at)) else { return data };
    let again = padding(kept.len().saturating_add(2));
    let is_zero = data.get(last_at.saturating_add(2)..).unwrap_or(&[]).iter().all(|octet| *octet == 0);
    if is_single && last.is_padding() && is_zero && again == Some(last) { kept } else { data }
}

/// An option whose data is not looked at.
fn any_option(reader: &mut Reader<'_>) -> Option<Ipv6Option> {
    let kind = ipv6::OptionKind(reader.u8("IPv6 option type").ok()?);
    if kind == ipv6::OptionKind::PAD1 {
        return Some(Ipv6Option::Pad1);
    }
    let length = reader.u8("IPv6 option length").ok()?;
    reader.take(length.into(), "IPv6 option data").ok()?;
    let other = Ipv6Option::Unknown { kind, data: Vec::new() };
    Some(if kind == ipv6::OptionKind::PADN { Ipv6Option::PadN(length) } else { other })
}

fn compress_udp(payload: &[u8]) -> Option<Compressed> {
    let mut reader = Reader::new(payload);
    let source_port = reader.u16_be("UDP source port").ok()?;
    let destination_port = reader.u16_be("UDP destination port").ok()?;
    let length = reader.u16_be("UDP length").ok()?;
    let checksum = reader.u16_be("UDP checksum").ok()?;
    if usize::from(length) != payload.len() {
        return None;
    }
    let nhc = UdpNhc::new(source_port, destination_port, checksum);
    let mut bytes = vec![0; nhc.buffer_len()];
    nhc.emit(&mut Writer::new(&mut bytes)).ok()?;
    Some(Compressed { bytes, covered: udp::HEADER_LENGTH })
}

/// The shortest IPHC header for `header`, its next header in-line.
fn compress_header(header: &Header, encapsulation: Encapsulation, contexts: &Contexts) -> Iphc {
    let source = compress_source(header.source, encapsulation.source, contexts);
    let destination = compress_destination(header.destination, encapsulation.destination, contexts);
    let traffic_mode = match (header.traffic_class, header.flow_label) {
        (0, 0) => 3,
        (_, 0) => 2,
        (0..4, _) => 1,
        _ => 0,
    };
    let hop_limit_mode = match header.hop_limit {
        1 => 1,
        64 => 2,
        255 => 3,
        _ => 0,
    };
    Iphc {
        traffic_mode,
        traffic_class: header.traffic_class,
        flow_label: header.flow_label,
        next_header: Some(header.next_header.0),
        hop_limit_mode,
        hop_limit: header.hop_limit,
        context_extension: source.context_id != 0 || destination.context_id != 0,
        source_context: source.context_id,
        destination_context: destination.context_id,
        source_mode: source.mode,
        destination_mode: destination.mode,
        source: source.inline,
        destination: destination.inline,
    }
}
