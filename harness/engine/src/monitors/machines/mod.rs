//! Monitors that need memory, a file for each subject.

pub(super) mod answers;
pub(super) mod coap;
pub(super) mod counters;
pub(super) mod crashes;
pub(super) mod dtls;
pub(super) mod dtls_flights;
pub(super) mod forms;
pub(super) mod fragments;
pub(super) mod hops;
pub(super) mod rpl;
pub(super) mod secrets;
pub(super) mod selective;
pub(super) mod sequence_numbers;

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::judge::Pdu;

/// How long after a word of its upper tester a device's queue may still hold frames that were made before, in nanoseconds: in a
/// flood that is hundreds of milliseconds on a quiet channel.
const QUEUE: u64 = 5_000_000_000;

/// Names of fields that tell one packet from another wherever it is seen, whoever can decrypt it.
const OF_PACKET: &[&str] = &[
    "ipv6.src",
    "ipv6.dst",
    "ipv6.plen",
    "ipv6.nxt",
    "udp.srcport",
    "udp.dstport",
    "udp.checksum",
    "udp.payload",
    "icmpv6.type",
    "icmpv6.code",
    "icmpv6.checksum",
    "icmpv6.echo.identifier",
    "icmpv6.echo.sequence_number",
];

/// What tells a packet from others, its hop limit left out.
fn packet_hash(pdu: &Pdu) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (name, value) in pdu.sent_fields() {
        if OF_PACKET.contains(&name.as_ref()) {
            name.hash(&mut hasher);
            value.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Everything that is in a PDU.
fn whole_hash(pdu: &Pdu) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (name, value) in &pdu.fields {
        name.hash(&mut hasher);
        value.hash(&mut hasher);
    }
    hasher.finish()
}

/// The text of a field.
fn text<'a>(pdu: &'a Pdu, field: &'a str) -> Option<&'a str> {
    pdu.text(field)
}
