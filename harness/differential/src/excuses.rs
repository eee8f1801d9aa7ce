//! Where Wireshark and the dissector may differ, each with the reason: a specification, or what one of both does not claim.
//!
//! An excuse is asked for only where there is a difference, and one that nothing differs for fails the tests.

use dissect::Dissection;

use crate::excuses_found::FOUND;
use crate::excuses_history::History;
use crate::{excuses_coap, excuses_icmpv6, excuses_position, excuses_wpan};

/// A reason for which Wireshark and the dissector may differ.
pub struct Excuse {
    /// What the specification says, and what Wireshark does.
    pub reason: &'static str,
    /// Whether it holds for a field of a dissection.
    pub covers: fn(&str, &Dissection) -> bool,
}

/// All excuses for other values.
pub fn all() -> impl Iterator<Item = &'static Excuse> {
    [excuses_wpan::EXCUSES, NETWORK, excuses_icmpv6::EXCUSES, excuses_coap::EXCUSES, KEYS].into_iter().flatten()
}

/// The first reason for which the values of a field may differ.
pub fn excuse(field: &str, dissection: &Dissection) -> Option<&'static Excuse> {
    all().find(|excuse| (excuse.covers)(field, dissection))
}

/// All excuses for the packets that a fuzzer found, besides those for all packets.
pub fn of_found() -> impl Iterator<Item = &'static History> {
    FOUND.iter()
}

/// All excuses for other places.
pub fn of_positions() -> impl Iterator<Item = &'static Excuse> {
    excuses_position::EXCUSES.iter()
}

/// The first reason for which Wireshark may mark other octets than those that a field was read from.
pub fn lies_elsewhere(field: &str, dissection: &Dissection) -> Option<&'static Excuse> {
    of_positions().find(|excuse| (excuse.covers)(field, dissection))
}

/// ZEP, IP and UDP.
const NETWORK: &[Excuse] = &[Excuse {
    reason: "RFC 6282 section 4.3.2: an elided UDP checksum is made again by the decompressor; Wireshark puts ffff",
    covers: |field, dissection| {
        matches!(field, "udp.checksum" | "udp.checksum.status")
            && dissection.number("6lowpan.nhc.udp.checksum") == Some(1)
    },
}];

/// Key transfer: EAP, HIP, PANA.
const KEYS: &[Excuse] = &[
    Excuse {
        reason: "RFC 3748 section 5.3.1: a Nak has an octet for each type that is desired; Wireshark shows the first",
        covers: |field, dissection| field == "eap.desired_type" && dissection.fields(field).count() > 1,
    },
    Excuse {
        reason: "RFC 5770 section 5.1: over UDP the checksum of HIP is not used; Wireshark verifies it",
        covers: |field, dissection| field == "hip.checksum.status" && dissection.has_layer("udp"),
    },
    Excuse {
        reason: "RFC 5191 section 8.7: the value of a Result-Code AVP is a result; Wireshark shows it as an AVP code too",
        covers: |field, dissection| field == "pana.avp.code" && dissection.field("pana.avp.result_code").is_some(),
    },
];
