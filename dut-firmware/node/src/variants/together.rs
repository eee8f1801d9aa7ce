//! Several liberties at once: devices as they come.

use core::time::Duration;

use protocols::liberties::Compression;

use super::{ALIKE, Engines, Json, Liberties, Links, NONE, SAME, Told, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "slow-in-everything",
        does: "Takes its time for everything: start, first request, handshake, SSRs, echo, answers, and the pause between frames.",
        by: "PIXIT jsr_within, handshake_within, ssr_within",
        allowed: "A device says how long its first request, a handshake and its SSRs take; of the rest no time is demanded.",
        pixit: &[("jsr_within", "\"60s\""), ("handshake_within", "\"120s\""), ("ssr_within", "\"15s\"")],
        device: Liberties {
            boot_delay: Duration::from_secs(4),
            solicitation_delay: Duration::from_secs(1),
            jsr_delay: Duration::from_secs(10),
            flight_delay: Duration::from_millis(700),
            ssr_delay: Duration::from_secs(4),
            echo_delay: Duration::from_millis(400),
            frame_gap: Duration::from_millis(10),
            told_after: Duration::from_millis(900),
            ..SAME
        },
        engines: Engines {
            flight_timer: Some(Duration::from_secs(6)),
            separate_after: Some(Duration::from_millis(500)),
            ..ALIKE
        },
        ..NONE
    },
    Variant {
        name: "never-quiet",
        does: "Scans, probes, pings, solicits, advertises, reports and asks for names, all the time.",
        by: "RFC 4861 7.2.6, 7.3, RFC 4443 4.1, RFC 3810 6",
        allowed: "A node may speak for its own purposes beside what a protocol has it say.",
        device: Liberties {
            scans_at_boot: true,
            probes_parent: Some(Duration::from_secs(11)),
            pings_parent: Some(Duration::from_secs(7)),
            solicits_again: Some(Duration::from_secs(45)),
            advertises_itself: Some(Duration::from_secs(31)),
            reports_groups: Some(Duration::from_secs(29)),
            asks_for_names: Some(Duration::from_secs(13)),
            second_address: Some(Duration::from_secs(300)),
            told: Told::AmongEvents,
            ..SAME
        },
        ..NONE
    },
    Variant {
        name: "other-in-every-spelling",
        does: "Spells JSON, links, CoAP, DNS, Neighbor Discovery, IPv6, 6LoWPAN, DTLS and UT/1 otherwise, all at once.",
        by: "RFC 8259, RFC 6690, RFC 7252, RFC 4861, RFC 6282, RFC 5246",
        allowed: "Each of these is a choice of the sender; see the variants that make one of them.",
        device: Liberties {
            json: Json::Reversed,
            links: Links::More,
            diagnostics: true,
            elective_option: true,
            query_token_octets: 8,
            query_named_otherwise: true,
            options_reversed: true,
            unknown_option: true,
            advertised_otherwise: true,
            traffic_class: 0x42,
            flow_labels: true,
            echo_hop_limit: 128,
            told: Told::Reversed,
            ..SAME
        },
        engines: Engines {
            cookie_octets: 20,
            hello_verify_as_1_2: true,
            session_id_octets: 16,
            extensions_reversed: true,
            random_begins_with_time: true,
            messages_apart: true,
            compression: Compression::Header,
            fragment_octets: Some(72),
            ..ALIKE
        },
        ..NONE
    },
];
