//! The free octets of whatever carries some: a UDP payload, the end of an ICMPv6 body, a packet's payload of no known kind.

use crate::craft::Value;
use crate::craft::draft::Upper;
use crate::craft::icmpv6_body as body;
use crate::craft::layer::Layer;

pub(super) const LAYER: Layer = Layer {
    fields: &["data", "data.len"],
    get: |draft, field| {
        let data = match &draft.upper {
            Upper::Icmpv6 { .. } => body::data(draft)?,
            Upper::Udp { payload, .. } | Upper::Raw(payload) => payload,
        };
        Some(match field {
            "data" => Value::Text(hex::encode(data)),
            _ => Value::Number(data.len() as u64),
        })
    },
    set: |draft, _, field, value| {
        let data = || if field == "data" { Ok(value.payload()) } else { body::counted(field, value) };
        match &mut draft.upper {
            Upper::Icmpv6 { .. } => return body::set_data(draft, data),
            Upper::Udp { payload, .. } | Upper::Raw(payload) => *payload = data()?,
        }
        Ok(true)
    },
    ..Layer::NONE
};
