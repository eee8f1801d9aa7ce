//! An IPv6 packet in parts: natural content, fields set by name, lengths and checksums computed last.

use std::net::Ipv6Addr;

use wire::ipv6::{self, Header, NextHeader, Packet, checksum};
use wire::reader::Reader;
use wire::{icmpv6, udp};

use super::icmpv6_body::Layout;
use super::{CraftError, Value, messages};

/// A packet whose fields can be read and set.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    pub(crate) upper: Upper,
    pub(super) payload_length: Option<Value>,
    pub(super) upper_length: Option<Value>,
    pub(super) upper_checksum: Option<Value>,
}

/// What the header carries.
#[derive(Debug, Clone)]
pub(crate) enum Upper {
    /// ICMPv6; `body` follows the checksum.
    Icmpv6 {
        /// Decides which fields the body has, whatever `icmpv6_type` is set to.
        layout: &'static Layout,
        icmpv6_type: u8,
        code: u8,
        body: Vec<u8>,
    },
    /// UDP.
    Udp { source_port: u16, destination_port: u16, payload: Vec<u8> },
    /// Anything else.
    Raw(Vec<u8>),
}

impl Draft {
    pub(crate) fn new(header: Header, upper: Upper) -> Self {
        Self { header, upper, payload_length: None, upper_length: None, upper_checksum: None }
    }

    /// A draft of an ICMPv6 message.
    pub(crate) fn icmpv6(
        source: Ipv6Addr,
        destination: Ipv6Addr,
        hop_limit: u8,
        message: &icmpv6::Message,
    ) -> Result<Self, CraftError> {
        let bytes = message.to_vec(source, destination)?;
        let (icmpv6_type, code) = (message.kind(), message.code());
        let body = bytes.get(icmpv6::HEADER_LENGTH..).unwrap_or_default().to_vec();
        let header = Header::new(source, destination, NextHeader::ICMPV6, hop_limit);
        Ok(Self::new(header, Upper::Icmpv6 { layout: layout(icmpv6_type, code), icmpv6_type, code, body }))
    }

    /// A draft of a UDP datagram.
    pub(crate) fn udp(addresses: (Ipv6Addr, Ipv6Addr), ports: (u16, u16), payload: Vec<u8>) -> Self {
        let header = Header::new(addresses.0, addresses.1, NextHeader::UDP, 64);
        Self::new(header, Upper::Udp { source_port: ports.0, destination_port: ports.1, payload })
    }

    /// Takes a finished packet apart again; lengths and checksums will be computed anew.
    pub(crate) fn parse(packet: &[u8]) -> wire::Result<Self> {
        let Packet { header, payload } = Packet::parse(packet)?;
        let upper = match header.next_header {
            NextHeader::ICMPV6 if payload.len() >= icmpv6::HEADER_LENGTH => {
                let mut reader = Reader::new(&payload);
                let (icmpv6_type, code) = (reader.u8("ICMPv6 type")?, reader.u8("ICMPv6 code")?);
                reader.take(2, "ICMPv6 checksum")?;
                let body = reader.rest().to_vec();
                Upper::Icmpv6 { layout: layout(icmpv6_type, code), icmpv6_type, code, body }
            }
            NextHeader::UDP => {
                let datagram = udp::Datagram::parse(&payload, header.source, header.destination)?;
                let udp::Datagram { source_port, destination_port, payload } = datagram;
                Upper::Udp { source_port, destination_port, payload }
            }
            _ => Upper::Raw(payload),
        };
        Ok(Self::new(header, upper))
    }

    /// Names of the message.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        messages::all().filter(|message| (message.is)(self)).map(|message| message.name).collect()
    }

    /// Sets a field of the message of this name; `false`: the packet has none of this name.
    pub(crate) fn set(&mut self, message: &str, field: &str, value: &Value) -> Result<bool, CraftError> {
        for layer in messages::layers_with(field) {
            if (layer.set)(self, message, field, value)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a field holds; `None`: absent.
    pub(crate) fn get(&self, field: &str) -> Option<Value> {
        messages::layers_with(field).find_map(|layer| (layer.get)(self, field))
    }

    /// Whether the body of its ICMPv6 message is laid out so.
    pub(crate) fn has_layout(&self, wanted: &'static Layout) -> bool {
        matches!(&self.upper, Upper::Icmpv6 { layout, .. } if std::ptr::eq(*layout, wanted))
    }

    /// The packet, and why it is malformed if it is.
    pub(crate) fn encode(&self) -> Result<(Vec<u8>, Option<String>), CraftError> {
        let (source, destination) = (self.header.source, self.header.destination);
        let payload = match &self.upper {
            Upper::Icmpv6 { icmpv6_type, code, body, .. } => {
                let mut bytes = vec![*icmpv6_type, *code, 0, 0];
                bytes.extend_from_slice(body);
                if let Some(length) = &self.upper_length {
                    bytes.resize(length.u16("icmpv6.length")?.into(), 0);
                }
                let natural = checksum(source, destination, NextHeader::ICMPV6, &bytes);
                put_u16(&mut bytes, 2, forced(&self.upper_checksum, "icmpv6.checksum", natural)?);
                bytes
            }
            Upper::Udp { source_port, destination_port, payload } => {
                let datagram = udp::Datagram {
                    source_port: *source_port,
                    destination_port: *destination_port,
                    payload: payload.clone(),
                };
                let mut bytes = datagram.to_vec(source, destination)?;
                if let Some(length) = &self.upper_length {
                    put_u16(&mut bytes, 4, length.u16("udp.length")?);
                    put_u16(&mut bytes, 6, 0);
                    let natural = checksum(source, destination, NextHeader::UDP, &bytes);
                    put_u16(&mut bytes, 6, if natural == 0 { 0xffff } else { natural });
                }
                let natural = bytes.get(6..8).map_or(0, |field| u16::from_be_bytes([field[0], field[1]]));
                put_u16(&mut bytes, 6, forced(&self.upper_checksum, "udp.checksum", natural)?);
                bytes
            }
            Upper::Raw(payload) => payload.clone(),
        };
        let mut packet = Packet { header: self.header, payload }.to_vec()?;
        if let Some(length) = &self.payload_length {
            put_u16(&mut packet, 4, length.u16("ipv6.plen")?);
        }
        let malformed = malformed(&packet);
        Ok((packet, malformed))
    }
}

/// Which fields the body of an ICMPv6 message has.
fn layout(icmpv6_type: u8, code: u8) -> &'static Layout {
    let known = messages::all().filter_map(|message| message.layout);
    known.into_iter().find(|layout| (layout.is)(icmpv6_type, code)).unwrap_or(&Layout::OTHER)
}

/// Writes a field that lies within the bytes; shorter bytes (cut on purpose) keep what they have.
fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(field) = bytes.get_mut(at..at + 2) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

fn forced(value: &Option<Value>, field: &str, natural: u16) -> Result<u16, CraftError> {
    value.as_ref().map_or(Ok(natural), |value| value.checksum(field, natural))
}

/// Why an independent program would call the packet malformed.
pub(crate) fn malformed(packet: &[u8]) -> Option<String> {
    let check = || -> wire::Result<()> {
        let parsed = Packet::parse(packet)?;
        if parsed.buffer_len() != packet.len() {
            return Err(wire::Error::Malformed("IPv6 payload length is not the length of the payload"));
        }
        let (source, destination) = (parsed.header.source, parsed.header.destination);
        match parsed.header.next_header {
            NextHeader::ICMPV6 => icmpv6::Message::parse(&parsed.payload, source, destination).map(drop),
            NextHeader::UDP => {
                let datagram = udp::Datagram::parse(&parsed.payload, source, destination)?;
                if datagram.buffer_len() != parsed.payload.len() {
                    return Err(wire::Error::Malformed("UDP length is not the length of the payload"));
                }
                let payloads = messages::layers().filter_map(|layer| layer.well_formed);
                let check = payloads.into_iter().find(|(port, _)| *port == datagram.destination_port);
                check.map_or(Ok(()), |(_, check)| check(&datagram.payload))
            }
            _ => Ok(()),
        }
    };
    check().err().map(|error| error.to_string())
}

/// Whether the packet's header alone is one that header compression can carry.
pub(crate) fn is_compressible(packet: &[u8]) -> bool {
    ipv6::Packet::parse(packet).is_ok_and(|parsed| parsed.buffer_len() == packet.len())
}
