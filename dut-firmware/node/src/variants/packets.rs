//! 6LoWPAN and IPv6.

use core::time::Duration;

use protocols::liberties::Compression;

use super::{ALIKE, Engines, Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "compresses-header-alone",
        does: "Compresses the IPv6 header and no next header.",
        by: "RFC 6282 3.1",
        allowed: "A next header is compressed or carried in-line.",
        engines: Engines { compression: Compression::Header, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "ports-in-full",
        does: "Leaves the ports of UDP as they are.",
        by: "RFC 6282 4.3.3",
        allowed: "Ports may be carried in full.",
        engines: Engines { compression: Compression::WholePorts, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "fields-in-line",
        does: "Carries addresses, hop limit and traffic class as they are.",
        by: "RFC 6282 3.1.1",
        allowed: "Each field may be carried in-line.",
        engines: Engines { compression: Compression::Inline, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "compresses-without-contexts",
        does: "Compresses without contexts.",
        by: "RFC 6282 3.1.2",
        allowed: "Stateless compression may be used for any address.",
        engines: Engines { compression: Compression::Stateless, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "compresses-nothing",
        does: "Sends IPv6 as it is behind its dispatch.",
        by: "RFC 4944 5.1",
        allowed: "A payload may be an uncompressed IPv6 header.",
        engines: Engines { compression: Compression::Nothing, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "small-fragments",
        does: "Makes fragments of at most 64 octets.",
        by: "RFC 4944 5.3",
        allowed: "Fragments are as long as the sender likes, in units of eight octets.",
        engines: Engines { fragment_octets: Some(64), ..ALIKE },
        ..NONE
    },
    Variant {
        name: "last-fragment-first",
        does: "Sends the fragments of a datagram in the opposite order.",
        by: "RFC 4944 5.3",
        allowed: "A recipient puts fragments together by offset, in whatever order they come.",
        engines: Engines { last_fragment_first: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "traffic-class-set",
        does: "Marks its packets as best effort that can tell congestion (ECT(0)) and class selector 2.",
        by: "RFC 2474, RFC 3168",
        allowed: "A host may mark its packets.",
        device: Liberties { traffic_class: 0x42, ..SAME },
        ..NONE
    },
    Variant {
        name: "flow-labels-set",
        does: "Gives its packets flow labels.",
        by: "RFC 6437 3",
        allowed: "A source should set flow labels.",
        device: Liberties { flow_labels: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "hop-limit-of-128",
        does: "Sends echo and UDP with hop limit 128.",
        by: "RFC 8200 3",
        allowed: "A source chooses its hop limit.",
        device: Liberties { echo_hop_limit: 128, ..SAME },
        ..NONE
    },
    Variant {
        name: "echoes-after-300-ms",
        does: "Answers an echo request after 300 ms.",
        by: "RFC 4443 4.2",
        allowed: "No time is set for an echo reply.",
        device: Liberties { echo_delay: Duration::from_millis(300), ..SAME },
        ..NONE
    },
];
