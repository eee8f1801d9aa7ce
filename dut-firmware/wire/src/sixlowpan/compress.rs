//! From an IPv6 packet to its shortest IPHC form (RFC 6282).

use alloc::vec;
use alloc::vec::Vec;

use super::address::{compress_destination, compress_source};
use super::{Contexts, Iphc, UdpNhc};
use crate::ieee802154::LinkAddress;
use crate::ipv6::{self, Header, NextHeader};
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

/// The compressed headers of `packet`, and how many octets of `packet` they stand for: a fragmenter continues there.
///
/// UDP is compressed if its length field agrees with the packet's; the checksum is always carried. The payload length
/// has to be the real one because it is elided.
pub fn compress_headers(
    packet: &[u8],
    source: LinkAddress,
    destination: LinkAddress,
    contexts: &Contexts,
) -> Result<(Vec<u8>, usize)> {
    let mut reader = Reader::new(packet);
    let (header, payload_length) = Header::parse(&mut reader)?;
    if reader.remaining() != usize::from(payload_length) {
        return Err(Error::Malformed("IPv6 payload length is not the length of the payload"));
    }
    let udp = compress_udp(&header, reader.rest());
    let iphc = compress_header(&header, udp.is_some(), source, destination, contexts);
    let udp_len = udp.as_ref().map_or(0, UdpNhc::buffer_len);
    let mut bytes = vec![0; iphc.buffer_len().saturating_add(udp_len)];
    let mut writer = Writer::new(&mut bytes);
    iphc.emit(&mut writer)?;
    if let Some(udp) = udp {
        udp.emit(&mut writer)?;
        return Ok((bytes, ipv6::HEADER_LENGTH + udp::HEADER_LENGTH));
    }
    Ok((bytes, ipv6::HEADER_LENGTH))
}

fn compress_udp(header: &Header, payload: &[u8]) -> Option<UdpNhc> {
    if header.next_header != NextHeader::UDP {
        return None;
    }
    let mut reader = Reader::new(payload);
    let source_port = reader.u16_be("UDP source port").ok()?;
    let destination_port = reader.u16_be("UDP destination port").ok()?;
    let length = reader.u16_be("UDP length").ok()?;
    let checksum = reader.u16_be("UDP checksum").ok()?;
    (usize::from(length) == payload.len()).then(|| UdpNhc::new(source_port, destination_port, checksum))
}

fn compress_header(
    header: &Header,
    next_header_compressed: bool,
    source: LinkAddress,
    destination: LinkAddress,
    contexts: &Contexts,
) -> Iphc {
    let source = compress_source(header.source, source, contexts);
    let destination = compress_destination(header.destination, destination, contexts);
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
        next_header: if next_header_compressed { None } else { Some(header.next_header.0) },
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
