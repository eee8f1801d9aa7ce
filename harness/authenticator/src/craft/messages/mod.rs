//! The messages that can be crafted or changed, a file for each protocol.

pub(crate) mod coap;
mod data;
mod dtls;
mod echo;
mod icmpv6;
mod ipv6;
mod ndp;
mod rpl;
mod sel;
mod udp;
mod wpan;

use super::layer::{Layer, Message};

/// All of them, in the order in which they are shown.
const TABLE: &[&[Message]] = &[
    sel::MESSAGES,
    echo::MESSAGES,
    ndp::MESSAGES,
    rpl::MESSAGES,
    udp::MESSAGES,
    coap::MESSAGES,
    ipv6::MESSAGES,
    wpan::MESSAGES,
    dtls::MESSAGES,
];

/// The messages that can be crafted.
pub const MESSAGES: &[&str] = &crafted::<{ number() }>();

/// How many can be crafted.
const fn number() -> usize {
    let (mut count, mut group) = (0, 0);
    while group < TABLE.len() {
        let mut index = 0;
        while index < TABLE[group].len() {
            if TABLE[group][index].can_be_crafted() {
                count += 1;
            }
            index += 1;
        }
        group += 1;
    }
    count
}

const fn crafted<const N: usize>() -> [&'static str; N] {
    let mut names = [""; N];
    let (mut count, mut group) = (0, 0);
    while group < TABLE.len() {
        let mut index = 0;
        while index < TABLE[group].len() {
            if TABLE[group][index].can_be_crafted() {
                names[count] = TABLE[group][index].name;
                count += 1;
            }
            index += 1;
        }
        group += 1;
    }
    names
}

/// Every message.
pub(crate) fn all() -> impl Iterator<Item = &'static Message> {
    TABLE.iter().flat_map(|messages| messages.iter())
}

/// The message of this name.
pub(crate) fn named(name: &str) -> Option<&'static Message> {
    all().find(|message| message.name == name)
}

/// The layers that have a field of this name, as often as a message has one.
pub(crate) fn layers_with(field: &str) -> impl Iterator<Item = &'static Layer> {
    all().flat_map(|message| message.layers).copied().filter(move |layer| layer.fields.contains(&field))
}

/// Every layer, as often as a message has it.
pub(crate) fn layers() -> impl Iterator<Item = &'static Layer> {
    all().flat_map(|message| message.layers).copied()
}
