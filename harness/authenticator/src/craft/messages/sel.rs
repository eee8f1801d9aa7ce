//! JSR and SSR (`SEL` 5.3).

use wire::icmpv6::Message as Icmpv6;
use wire::sel::{self, BODY_LENGTH, ICMPV6_TYPE, MULTIHOP_HOPLIMIT};

use super::{data, icmpv6, ipv6};
use crate::craft::Value;
use crate::craft::icmpv6_body::{self as body, Layout};
use crate::craft::layer::{Layer, Message, Natural};
use crate::profile::{CT_ADDRESS, mesh_address};

/// Lifetime of a crafted SSR or registration: an hour, in units of 60 seconds (`PROFILE-SEL` 6).
pub(super) const LIFETIME: u16 = 60;

static LAYOUT: Layout = Layout {
    is: |icmpv6_type, code| matches!((icmpv6_type, code), (ICMPV6_TYPE, 1 | 2)),
    data_at: Some(BODY_LENGTH),
    place: |_, field| match field {
        "sel.status" => Some((0, 1)),
        "sel.reserved" => Some((1, 1)),
        "sel.registration_lifetime" => Some((2, 2)),
        "sel.eui64" => Some((4, 8)),
        _ => None,
    },
    ..Layout::OTHER
};

const LAYER: Layer = Layer {
    fields: &["sel.status", "sel.reserved", "sel.registration_lifetime", "sel.eui64"],
    get: body::get,
    set: body::set,
    ..Layer::NONE
};

/// Octets behind the body.
const TRAILING: Layer = Layer {
    fields: &["sel.trailing"],
    get: |draft, _| draft.has_layout(&LAYOUT).then(|| body::data(draft).map(hex::encode).map(Value::Text))?,
    set: |draft, _, field, value| match draft.has_layout(&LAYOUT) {
        true => body::set_data(draft, || value.octets(field)),
        false => Ok(false),
    },
    ..Layer::NONE
};

const LAYERS: &[&Layer] = &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &LAYER, &TRAILING, &data::LAYER];

pub(super) const MESSAGES: &[Message] = &[
    Message {
        name: "sel.jsr",
        layers: LAYERS,
        natural: Natural::Packet(|making| {
            making.from = mesh_address(making.source());
            let message = sel::Message::join_secure_request(making.source());
            icmpv6::draft(making, MULTIHOP_HOPLIMIT, Icmpv6::Sel(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 1)),
        always_to: Some(CT_ADDRESS),
        layout: Some(&LAYOUT),
        ..Message::NONE
    },
    Message {
        name: "sel.ssr",
        layers: LAYERS,
        natural: Natural::Packet(|making| {
            let message = sel::Message::set_secure_request(making.source(), LIFETIME);
            icmpv6::draft(making, MULTIHOP_HOPLIMIT, Icmpv6::Sel(message))
        }),
        is: |draft| icmpv6::is_code(draft, (ICMPV6_TYPE, 2)),
        layout: Some(&LAYOUT),
        ..Message::NONE
    },
];
