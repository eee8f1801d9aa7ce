//! IPv4, IPv6, UDP.

use wire::ipv4;
use wire::ipv6::{Ipv6Addr, NextHeader, Packet, checksum, extensions};
use wire::udp::Datagram;

use super::{Check, End};

pub(super) fn ipv4(check: &mut Check<'_>) -> Option<End> {
    let (bytes, first) = (check.from("ip.version")?, check.layer.field("ip.version")?);
    let packet = check.parsed(ipv4::Packet::parse(&bytes))?;
    let header = &packet.header;
    check.number("ip.dsfield.dscp", header.traffic_class >> 2);
    check.number("ip.dsfield.ecn", header.traffic_class & 3);
    check.number("ip.id", header.identification);
    check.number("ip.flags.df", header.dont_fragment);
    check.number("ip.flags.mf", header.more_fragments);
    check.number("ip.frag_offset", header.fragment_offset);
    check.number("ip.ttl", header.time_to_live);
    check.number("ip.proto", header.protocol);
    check.texts("ip.src", [header.source]);
    check.texts("ip.dst", [header.destination]);
    check.number("ip.hdr_len", header.len() as u64);
    check.number("ip.len", packet.buffer_len() as u64);
    check.same_octets(packet.to_vec(), &bytes[..packet.buffer_len()]);
    Some((first.buffer(), first.offset() + packet.buffer_len()))
}

pub(super) fn ipv6(check: &mut Check<'_>) -> Option<End> {
    let (bytes, first) = (check.from("ipv6.version")?, check.layer.field("ipv6.version")?);
    if check.layer.fields("ipv6.version").count() > 1 {
        // A packet in a packet: its fields are in the same layer.
        return None;
    }
    let packet = check.parsed(Packet::parse(&bytes))?;
    let header = &packet.header;
    check.number("ipv6.tclass", header.traffic_class);
    check.number("ipv6.flow", header.flow_label);
    check.number("ipv6.plen", packet.payload.len() as u64);
    check.number("ipv6.nxt", header.next_header.0);
    check.number("ipv6.hlim", header.hop_limit);
    check.texts("ipv6.src", [header.source]);
    check.texts("ipv6.dst", [header.destination]);
    check.same_octets(packet.to_vec(), &bytes[..packet.buffer_len()]);
    reassemble(check, &bytes[..packet.buffer_len()]);
    Some((first.buffer(), first.offset() + packet.buffer_len()))
}

/// Puts fragments together as the dissector does.
fn reassemble(check: &mut Check<'_>, packet: &[u8]) {
    let Ok(chain) = extensions(packet) else { return };
    let Some(found) = chain.fragment.filter(|found| !found.header.is_atomic()) else { return };
    let ends = (packet[8..40].to_vec(), found.header.identification);
    let mut reassembly = check.findings.reassemblies.remove(&ends).unwrap_or_default();
    match reassembly.accept(packet, 1 << 16) {
        Ok(Some(whole)) if check.layer.field("ipv6.reassembled.length").is_some() => {
            check.number("ipv6.reassembled.length", (whole.len() - found.at) as u64);
        }
        Ok(None) => drop(check.findings.reassemblies.insert(ends, reassembly)),
        // What the dissector holds back, or either refuses, is not put together.
        Ok(Some(_)) | Err(_) => {}
    }
}

pub(super) fn udp(check: &mut Check<'_>) -> Option<End> {
    let (bytes, first) = (check.from("udp.srcport")?, check.layer.field("udp.srcport")?);
    let length = check.layer.field("udp.length")?.number()? as usize;
    // The codec is that of IPv6. Any two addresses do if the checksum is made for them.
    let (source, destination) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
    let mut datagram = bytes.get(..length)?.to_vec();
    datagram.get_mut(6..8)?.fill(0);
    let sum = match checksum(source, destination, NextHeader::UDP, &datagram) {
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    let parsed = check.parsed(Datagram::parse(&datagram, source, destination))?;
    check.number("udp.srcport", parsed.source_port);
    check.number("udp.dstport", parsed.destination_port);
    check.number("udp.length", parsed.buffer_len() as u64);
    check.same_octets(parsed.to_vec(source, destination), &datagram);
    Some((first.buffer(), first.offset() + length))
}
