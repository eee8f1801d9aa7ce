//! An IPv6 packet in parts: natural content, fields set by name, lengths and checksums computed last.

use std::net::Ipv6Addr;

use wire::coap;
use wire::ipv6::{self, Header, NextHeader, Packet, checksum};
use wire::reader::Reader;
use wire::{icmpv6, ndp, udp};

use super::value::counting;
use super::{CraftError, Value, coap_fields};

/// A packet whose fields can be read and set.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) header: Header,
    pub(crate) upper: Upper,
    payload_length: Option<Value>,
    upper_length: Option<Value>,
    upper_checksum: Option<Value>,
}

/// What the header carries.
#[derive(Debug, Clone)]
pub(crate) enum Upper {
    /// ICMPv6; `body` follows the checksum.
    Icmpv6 {
        /// Decides which fields the body has, whatever `icmpv6_type` is set to.
        layout: Layout,
        icmpv6_type: u8,
        code: u8,
        body: Vec<u8>,
    },
    /// UDP.
    Udp { source_port: u16, destination_port: u16, payload: Vec<u8> },
    /// Anything else.
    Raw(Vec<u8>),
}

/// Which fields an ICMPv6 body has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// JSR and SSR.
    Sel,
    /// Echo request and reply.
    Echo,
    /// RS.
    RouterSolicitation,
    /// RA.
    RouterAdvertisement,
    /// NS.
    NeighborSolicitation,
    /// NA.
    NeighborAdvertisement,
    /// No fields.
    Other,
}

impl Layout {
    fn of(icmpv6_type: u8, code: u8) -> Self {
        match (icmpv6_type, code) {
            (wire::sel::ICMPV6_TYPE, 1 | 2) => Self::Sel,
            (128 | 129, _) => Self::Echo,
            (ndp::ROUTER_SOLICITATION, _) => Self::RouterSolicitation,
            (ndp::ROUTER_ADVERTISEMENT, _) => Self::RouterAdvertisement,
            (ndp::NEIGHBOR_SOLICITATION, _) => Self::NeighborSolicitation,
            (ndp::NEIGHBOR_ADVERTISEMENT, _) => Self::NeighborAdvertisement,
            _ => Self::Other,
        }
    }

    /// Where the options of a Neighbor Discovery body begin.
    fn options(self) -> Option<usize> {
        match self {
            Self::RouterSolicitation => Some(4),
            Self::RouterAdvertisement => Some(12),
            Self::NeighborSolicitation | Self::NeighborAdvertisement => Some(20),
            Self::Sel | Self::Echo | Self::Other => None,
        }
    }
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
        Ok(Self::new(header, Upper::Icmpv6 { layout: Layout::of(icmpv6_type, code), icmpv6_type, code, body }))
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
                Upper::Icmpv6 { layout: Layout::of(icmpv6_type, code), icmpv6_type, code, body }
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

    /// Names of the message, the most telling first.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        match &self.upper {
            Upper::Icmpv6 { icmpv6_type, code, .. } => names.extend(match (icmpv6_type, code) {
                (&wire::sel::ICMPV6_TYPE, 1) => Some("sel.jsr"),
                (&wire::sel::ICMPV6_TYPE, 2) => Some("sel.ssr"),
                (128, _) => Some("icmpv6.echo_request"),
                (129, _) => Some("icmpv6.echo_reply"),
                (&ndp::ROUTER_SOLICITATION, _) => Some("nd.rs"),
                (&ndp::ROUTER_ADVERTISEMENT, _) => Some("nd.ra"),
                (&ndp::NEIGHBOR_SOLICITATION, _) => Some("nd.ns"),
                (&ndp::NEIGHBOR_ADVERTISEMENT, _) => Some("nd.na"),
                _ => None,
            }),
            Upper::Udp { .. } => {
                names.extend(self.coap().map(|message| coap_fields::name(&message)));
                names.push("udp.datagram");
            }
            Upper::Raw(_) => {}
        }
        names.push("ipv6.packet");
        names
    }

    /// The plain CoAP message inside, if a port says that there is one.
    fn coap(&self) -> Option<coap::Message> {
        match &self.upper {
            Upper::Udp { source_port, destination_port, payload } => {
                let is_coap = *source_port == coap::PORT || *destination_port == coap::PORT;
                is_coap.then(|| coap::Message::parse(payload).ok()).flatten()
            }
            _ => None,
        }
    }

    /// Sets a field; `false`: the packet has none of this name.
    pub(crate) fn set(&mut self, field: &str, value: &Value) -> Result<bool, CraftError> {
        match field {
            "ipv6.src" => self.header.source = value.address(field)?,
            "ipv6.dst" => self.header.destination = value.address(field)?,
            "ipv6.hlim" => self.header.hop_limit = value.u8(field)?,
            "ipv6.nxt" => self.header.next_header = NextHeader(value.u8(field)?),
            "ipv6.tclass" => self.header.traffic_class = value.u8(field)?,
            "ipv6.flow" => self.header.flow_label = value.u32(field)?,
            "ipv6.plen" => {
                value.u16(field)?;
                self.payload_length = Some(value.clone());
            }
            _ => return self.set_upper(field, value),
        }
        Ok(true)
    }

    fn set_upper(&mut self, field: &str, value: &Value) -> Result<bool, CraftError> {
        if field.starts_with("coap.") {
            let Some(mut message) = self.coap() else { return Ok(false) };
            let known = coap_fields::set(&mut message, field, value)?;
            if let Upper::Udp { payload, .. } = &mut self.upper {
                *payload = message.emit()?;
            }
            return Ok(known);
        }
        match &mut self.upper {
            Upper::Icmpv6 { layout, icmpv6_type, code, body } => {
                match field {
                    "icmpv6.type" => *icmpv6_type = value.u8(field)?,
                    "icmpv6.code" => *code = value.u8(field)?,
                    "icmpv6.checksum" => self.upper_checksum = Some(value.clone()),
                    "icmpv6.length" => {
                        value.u16(field)?;
                        self.upper_length = Some(value.clone());
                    }
                    _ => return set_body(*layout, body, field, value),
                }
                Ok(true)
            }
            Upper::Udp { source_port, destination_port, payload } => {
                match field {
                    "udp.srcport" => *source_port = value.u16(field)?,
                    "udp.dstport" => *destination_port = value.u16(field)?,
                    "udp.length" => {
                        value.u16(field)?;
                        self.upper_length = Some(value.clone());
                    }
                    "udp.checksum" => self.upper_checksum = Some(value.clone()),
                    "udp.payload" => *payload = value.octets(field)?,
                    "data" => *payload = value.payload(),
                    "data.len" => *payload = counting(usize::from(value.u16(field)?)),
                    _ => return Ok(false),
                }
                Ok(true)
            }
            Upper::Raw(payload) => {
                match field {
                    "data" => *payload = value.payload(),
                    "data.len" => *payload = counting(usize::from(value.u16(field)?)),
                    _ => return Ok(false),
                }
                Ok(true)
            }
        }
    }

    /// What a field holds; `None`: absent.
    pub(crate) fn get(&self, field: &str) -> Option<Value> {
        let number = |number: u64| Some(Value::Number(number));
        match field {
            "ipv6.src" => return Some(Value::Text(self.header.source.to_string())),
            "ipv6.dst" => return Some(Value::Text(self.header.destination.to_string())),
            "ipv6.hlim" => return number(self.header.hop_limit.into()),
            "ipv6.nxt" => return number(self.header.next_header.0.into()),
            "ipv6.tclass" => return number(self.header.traffic_class.into()),
            "ipv6.flow" => return number(self.header.flow_label.into()),
            _ => {}
        }
        if field.starts_with("coap.") {
            return coap_fields::get(&self.coap()?, field);
        }
        match (&self.upper, field) {
            (Upper::Icmpv6 { icmpv6_type, .. }, "icmpv6.type") => number((*icmpv6_type).into()),
            (Upper::Icmpv6 { code, .. }, "icmpv6.code") => number((*code).into()),
            (Upper::Icmpv6 { layout, body, .. }, _) => get_body(*layout, body, field),
            (Upper::Udp { source_port, .. }, "udp.srcport") => number((*source_port).into()),
            (Upper::Udp { destination_port, .. }, "udp.dstport") => number((*destination_port).into()),
            (Upper::Udp { payload, .. }, "udp.length") => number((payload.len() + udp::HEADER_LENGTH) as u64),
            (Upper::Udp { payload, .. }, "udp.payload") => Some(Value::Text(hex::encode(payload))),
            (Upper::Udp { payload, .. } | Upper::Raw(payload), "data") => Some(Value::Text(hex::encode(payload))),
            (Upper::Udp { payload, .. } | Upper::Raw(payload), "data.len") => number(payload.len() as u64),
            _ => None,
        }
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
                match datagram.destination_port {
                    coap::PORT => coap::Message::parse(&datagram.payload).map(drop),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    };
    check().err().map(|error| error.to_string())
}

/// Where a field of fixed place lies in an ICMPv6 body: offset and length.
fn place(layout: Layout, body: &[u8], field: &str) -> Option<(usize, usize)> {
    let option = |kind| option(body, layout.options()?, kind);
    Some(match (layout, field) {
        (Layout::Sel, "sel.status") => (0, 1),
        (Layout::Sel, "sel.reserved") => (1, 1),
        (Layout::Sel, "sel.registration_lifetime") => (2, 2),
        (Layout::Sel, "sel.eui64") => (4, 8),
        (Layout::Echo, "icmpv6.echo.identifier") => (0, 2),
        (Layout::Echo, "icmpv6.echo.sequence_number") => (2, 2),
        (Layout::NeighborSolicitation, "icmpv6.nd.ns.target_address") => (4, 16),
        (Layout::NeighborAdvertisement, "icmpv6.nd.na.target_address") => (4, 16),
        (Layout::RouterAdvertisement, "icmpv6.nd.ra.cur_hop_limit") => (0, 1),
        (Layout::RouterAdvertisement, "icmpv6.nd.ra.router_lifetime") => (2, 2),
        (_, "icmpv6.opt.abro.version_low") => (option(35)? + 2, 2),
        (_, "icmpv6.opt.abro.version_high") => (option(35)? + 4, 2),
        (_, "icmpv6.opt.abro.6lbr_address") => (option(35)? + 8, 16),
        (_, "icmpv6.opt.aro.status") => (option(33)? + 2, 1),
        (_, "icmpv6.opt.aro.registration_lifetime") => (option(33)? + 6, 2),
        (_, "icmpv6.opt.aro.eui64") => (option(33)? + 8, 8),
        (_, "icmpv6.opt.src_linkaddr_eui64") => (option(1)? + 2, 8),
        (_, "icmpv6.opt.target_linkaddr_eui64") => (option(2)? + 2, 8),
        (_, "icmpv6.opt.linkaddr_eui64") => (option(1).or_else(|| option(2))? + 2, 8),
        _ => return None,
    })
}

/// Where the first option of a type begins.
fn option(body: &[u8], mut at: usize, kind: u8) -> Option<usize> {
    while let [found, length, ..] = *body.get(at..)? {
        if found == kind {
            return Some(at);
        }
        at += usize::from(length.max(1)) * 8;
    }
    None
}

/// Octets of an ICMPv6 body before its free data.
fn fixed_length(layout: Layout) -> Option<usize> {
    match layout {
        Layout::Sel => Some(wire::sel::BODY_LENGTH),
        Layout::Echo => Some(4),
        Layout::Other => Some(0),
        _ => None,
    }
}

fn set_body(layout: Layout, body: &mut Vec<u8>, field: &str, value: &Value) -> Result<bool, CraftError> {
    if let (Layout::NeighborAdvertisement, Some(bit)) = (layout, advertisement_flag(field)) {
        let flag: u8 = value.number(field, "0 or 1")?;
        if let Some(flags) = body.first_mut() {
            *flags = if flag == 0 { *flags & !bit } else { *flags | bit };
        }
        return Ok(true);
    }
    if let (Some(fixed), "data" | "data.len") = (fixed_length(layout), field) {
        body.truncate(fixed);
        match field {
            "data" => body.extend(value.payload()),
            _ => body.extend(counting(usize::from(value.u16(field)?))),
        }
        return Ok(true);
    }
    if (layout, field) == (Layout::Sel, "sel.trailing") {
        body.truncate(wire::sel::BODY_LENGTH);
        body.extend(value.octets(field)?);
        return Ok(true);
    }
    let Some((at, length)) = place(layout, body, field) else { return Ok(false) };
    let octets = match length {
        1 => vec![value.u8(field)?],
        2 => value.u16(field)?.to_be_bytes().to_vec(),
        8 => value.eui64(field)?.0.to_vec(),
        _ => value.address(field)?.octets().to_vec(),
    };
    if let Some(bytes) = body.get_mut(at..at + length) {
        bytes.copy_from_slice(&octets);
    }
    Ok(true)
}

fn get_body(layout: Layout, body: &[u8], field: &str) -> Option<Value> {
    if let (Some(fixed), "data" | "data.len") = (fixed_length(layout), field) {
        let data = body.get(fixed..)?;
        return Some(match field {
            "data" => Value::Text(hex::encode(data)),
            _ => Value::Number(data.len() as u64),
        });
    }
    if (layout, field) == (Layout::Sel, "sel.trailing") {
        return Some(Value::Text(hex::encode(body.get(wire::sel::BODY_LENGTH..)?)));
    }
    if let (Layout::NeighborAdvertisement, Some(bit)) = (layout, advertisement_flag(field)) {
        return Some(Value::Number(u64::from(body.first()? & bit != 0)));
    }
    let (at, length) = place(layout, body, field)?;
    let octets = body.get(at..at + length)?;
    Some(match length {
        1 | 2 => Value::Number(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))),
        8 => Value::Text(hex::encode(octets)),
        _ => Value::Text(Ipv6Addr::from(<[u8; 16]>::try_from(octets).ok()?).to_string()),
    })
}

fn advertisement_flag(field: &str) -> Option<u8> {
    match field {
        "icmpv6.nd.na.flag.r" => Some(0x80),
        "icmpv6.nd.na.flag.s" => Some(0x40),
        "icmpv6.nd.na.flag.o" => Some(0x20),
        _ => None,
    }
}

/// Whether the packet's header alone is one that header compression can carry.
pub(crate) fn is_compressible(packet: &[u8]) -> bool {
    ipv6::Packet::parse(packet).is_ok_and(|parsed| parsed.buffer_len() == packet.len())
}
