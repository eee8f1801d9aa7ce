//! The IPv6 header, and a packet without anything behind it.

use wire::ipv6::{Header, NextHeader};

use super::data;
use crate::craft::Value;
use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{Begins, Layer, Message, Natural};

/// The unconstrained hop limit of everything but Neighbor Discovery.
pub(super) const HOP_LIMIT: u8 = 64;

pub(super) const LAYER: Layer = Layer {
    fields: &["ipv6.src", "ipv6.dst", "ipv6.hlim", "ipv6.nxt", "ipv6.plen", "ipv6.tclass", "ipv6.flow"],
    is_outer: true,
    get: |draft, field| {
        let header = &draft.header;
        Some(match field {
            "ipv6.src" => Value::Text(header.source.to_string()),
            "ipv6.dst" => Value::Text(header.destination.to_string()),
            "ipv6.hlim" => Value::Number(header.hop_limit.into()),
            "ipv6.nxt" => Value::Number(header.next_header.0.into()),
            "ipv6.tclass" => Value::Number(header.traffic_class.into()),
            "ipv6.flow" => Value::Number(header.flow_label.into()),
            _ => return None,
        })
    },
    set: |draft, _, field, value| {
        let header = &mut draft.header;
        match field {
            "ipv6.src" => header.source = value.address(field)?,
            "ipv6.dst" => header.destination = value.address(field)?,
            "ipv6.hlim" => header.hop_limit = value.u8(field)?,
            "ipv6.nxt" => header.next_header = NextHeader(value.u8(field)?),
            "ipv6.tclass" => header.traffic_class = value.u8(field)?,
            "ipv6.flow" => header.flow_label = value.u32(field)?,
            "ipv6.plen" => {
                value.u16(field)?;
                draft.payload_length = Some(value.clone());
            }
            _ => return Ok(false),
        }
        Ok(true)
    },
    ..Layer::NONE
};

pub(super) const MESSAGES: &[Message] = &[Message {
    name: "ipv6.packet",
    layers: &[&LAYER, &data::LAYER],
    natural: Natural::Packet(|making| {
        let header = Header::new(making.from, making.to, NextHeader::NONE, HOP_LIMIT);
        Ok(Draft::new(header, Upper::Raw(Vec::new())))
    }),
    is: |_| true,
    is_readable: true,
    begins: Begins::Packet,
    ..Message::NONE
}];
