//! Headers compressed less than they could be: a receiver takes every form (RFC 6282 section 1), a sender chooses.

use alloc::vec;
use alloc::vec::Vec;

use wire::Result;
use wire::ipv6::{self, Header, NextHeader};
use wire::reader::Reader;
use wire::sixlowpan::{Compressor, Contexts, DestinationMode, Iphc, SourceMode, UdpNhc};
use wire::writer::Writer;

use crate::liberties::Compression;

/// The dispatch of uncompressed IPv6 (RFC 4944 section 5.1).
const UNCOMPRESSED: u8 = 0x41;

/// The headers of `packet` in this form, and how many octets of it they stand for.
pub(super) fn headers(kind: Compression, compressor: Compressor<'_>, packet: &[u8]) -> Result<(Vec<u8>, usize)> {
    match kind {
        Compression::Full => compressor.headers(packet),
        // The IPHC header is made in any case; nothing fits behind it.
        Compression::Header => Compressor { room: 0, ..compressor }.headers(packet),
        Compression::Stateless => Compressor { contexts: &Contexts::default(), ..compressor }.headers(packet),
        Compression::WholePorts => with_whole_ports(compressor.headers(packet)?),
        Compression::Inline => in_line(packet),
        Compression::Nothing => Ok((vec![UNCOMPRESSED], 0)),
    }
}

fn with_whole_ports((bytes, covered): (Vec<u8>, usize)) -> Result<(Vec<u8>, usize)> {
    let mut reader = Reader::new(&bytes);
    let iphc = Iphc::parse(&mut reader)?;
    let udp = match iphc.next_header {
        None => UdpNhc::parse(&mut reader).ok().filter(|_| reader.is_empty()),
        Some(_) => None,
    };
    let Some(udp) = udp else { return Ok((bytes, covered)) };
    let udp = UdpNhc { port_mode: 0, ..udp };
    let mut whole = vec![0; iphc.buffer_len().saturating_add(udp.buffer_len())];
    let mut writer = Writer::new(&mut whole);
    iphc.emit(&mut writer)?;
    udp.emit(&mut writer)?;
    Ok((whole, covered))
}

fn in_line(packet: &[u8]) -> Result<(Vec<u8>, usize)> {
    let (header, _) = Header::parse(&mut Reader::new(packet))?;
    let Header { source, destination, next_header: NextHeader(next_header), .. } = header;
    let iphc = Iphc {
        traffic_mode: 0,
        traffic_class: header.traffic_class,
        flow_label: header.flow_label,
        next_header: Some(next_header),
        hop_limit_mode: 0,
        hop_limit: header.hop_limit,
        context_extension: false,
        source_context: 0,
        destination_context: 0,
        source_mode: SourceMode { stateful: false, mode: 0 },
        destination_mode: DestinationMode { multicast: destination.is_multicast(), stateful: false, mode: 0 },
        source: source.octets().to_vec(),
        destination: destination.octets().to_vec(),
    };
    let mut bytes = vec![0; iphc.buffer_len()];
    iphc.emit(&mut Writer::new(&mut bytes))?;
    Ok((bytes, ipv6::HEADER_LENGTH))
}
