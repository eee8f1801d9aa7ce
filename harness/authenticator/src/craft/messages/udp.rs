//! UDP datagrams.

use wire::udp;

use super::{data, ipv6};
use crate::craft::Value;
use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{Layer, Message, Natural};

/// UDP port of a crafted datagram's sender, and of its receiver unless the message says otherwise.
pub(super) const EPHEMERAL_PORT: u16 = 0xf0b0;

pub(super) const LAYER: Layer = Layer {
    fields: &["udp.srcport", "udp.dstport", "udp.length", "udp.checksum", "udp.payload"],
    is_outer: true,
    get: |draft, field| {
        let Upper::Udp { source_port, destination_port, payload } = &draft.upper else { return None };
        Some(match field {
            "udp.srcport" => Value::Number((*source_port).into()),
            "udp.dstport" => Value::Number((*destination_port).into()),
            "udp.length" => Value::Number((payload.len() + udp::HEADER_LENGTH) as u64),
            "udp.payload" => Value::Text(hex::encode(payload)),
            _ => return None,
        })
    },
    set: |draft, _, field, value| {
        let Upper::Udp { source_port, destination_port, payload } = &mut draft.upper else { return Ok(false) };
        match field {
            "udp.srcport" => *source_port = value.u16(field)?,
            "udp.dstport" => *destination_port = value.u16(field)?,
            "udp.length" => {
                value.u16(field)?;
                draft.upper_length = Some(value.clone());
            }
            "udp.checksum" => draft.upper_checksum = Some(value.clone()),
            "udp.payload" => *payload = value.octets(field)?,
            _ => return Ok(false),
        }
        Ok(true)
    },
    ..Layer::NONE
};

pub(super) const MESSAGES: &[Message] = &[Message {
    name: "udp.datagram",
    layers: &[&ipv6::LAYER, &LAYER, &data::LAYER],
    natural: Natural::Packet(|making| {
        Ok(Draft::udp((making.from, making.to), (EPHEMERAL_PORT, EPHEMERAL_PORT), Vec::new()))
    }),
    is: |draft| matches!(draft.upper, Upper::Udp { .. }),
    is_readable: true,
    ..Message::NONE
}];
