//! Echo request and reply (RFC 4443 section 4).

use wire::icmpv6::{Echo, Message as Icmpv6};

use super::{data, icmpv6, ipv6};
use crate::craft::icmpv6_body::{self as body, Layout};
use crate::craft::layer::{Layer, Message, Natural};
use crate::craft::value::counting;

const REQUEST: u8 = 128;
const REPLY: u8 = 129;

const LAYOUT: Layout = Layout {
    is: |icmpv6_type, _| matches!(icmpv6_type, REQUEST | REPLY),
    data_at: Some(4),
    place: |_, field| match field {
        "icmpv6.echo.identifier" => Some((0, 2)),
        "icmpv6.echo.sequence_number" => Some((2, 2)),
        _ => None,
    },
    ..Layout::OTHER
};

const LAYER: Layer = Layer {
    fields: &["icmpv6.echo.identifier", "icmpv6.echo.sequence_number"],
    get: body::get,
    set: body::set,
    ..Layer::NONE
};

const LAYERS: &[&Layer] = &[&ipv6::LAYER, &icmpv6::TYPE, &icmpv6::LAYER, &LAYER, &data::LAYER];

pub(super) const MESSAGES: &[Message] = &[
    Message {
        name: "icmpv6.echo_request",
        layers: LAYERS,
        natural: Natural::Packet(|making| {
            let echo = echo(making.next_message_id());
            icmpv6::draft(making, ipv6::HOP_LIMIT, Icmpv6::EchoRequest(echo))
        }),
        is: |draft| icmpv6::is_type(draft, REQUEST),
        layout: Some(&LAYOUT),
        ..Message::NONE
    },
    Message {
        name: "icmpv6.echo_reply",
        layers: LAYERS,
        natural: Natural::Packet(|making| {
            let echo = echo(making.next_message_id());
            icmpv6::draft(making, ipv6::HOP_LIMIT, Icmpv6::EchoReply(echo))
        }),
        is: |draft| icmpv6::is_type(draft, REPLY),
        layout: Some(&LAYOUT),
        is_readable: true,
        ..Message::NONE
    },
];

fn echo(sequence_number: u16) -> Echo {
    Echo { identifier: 0xb007, sequence_number, data: counting(8) }
}
