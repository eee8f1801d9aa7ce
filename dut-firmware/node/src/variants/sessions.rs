//! DTLS sessions.

use core::time::Duration;

use super::{ALIKE, Engines, Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "cookies-of-32-octets",
        does: "Sends cookies of 32 octets.",
        by: "RFC 6347 4.2.1",
        allowed: "A cookie has up to 255 octets.",
        engines: Engines { cookie_octets: 32, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "cookies-of-8-octets",
        does: "Sends cookies of 8 octets.",
        by: "RFC 6347 4.2.1",
        allowed: "A cookie has up to 255 octets.",
        engines: Engines { cookie_octets: 8, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "hello-verify-as-1-2",
        does: "Sends its HelloVerifyRequest as DTLS 1.2.",
        by: "RFC 6347 4.2.1",
        allowed: "A client must not rest on the version of a HelloVerifyRequest.",
        engines: Engines { hello_verify_as_1_2: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "session-identifiers",
        does: "Gives each session an identifier of 32 octets, and resumes none.",
        by: "RFC 5246 7.4.1.3",
        allowed: "A server may name a session, and need not agree to resume it.",
        engines: Engines { session_id_octets: 32, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "extensions-reversed",
        does: "Has the extensions of its ServerHello in the opposite order.",
        by: "RFC 5246 7.4.1.4",
        allowed: "Extensions stand in any order.",
        engines: Engines { extensions_reversed: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "randoms-with-time",
        does: "Begins the random of its ServerHello with the time.",
        by: "RFC 5246 7.4.1.2",
        allowed: "A random begins with the time, right or wrong.",
        engines: Engines { random_begins_with_time: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "messages-apart",
        does: "Sends each handshake record in a datagram of its own.",
        by: "RFC 6347 4.1.1",
        allowed: "Records may be placed in one datagram, and need not.",
        engines: Engines { messages_apart: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "conceals-identities",
        does: "Goes on with an identity that it does not know, and ends with decrypt_error.",
        by: "RFC 4279 2",
        allowed: "A server may answer an unknown identity by decrypt_error.",
        engines: Engines { conceals_identity: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "flights-after-4-s",
        does: "Waits 4 s before it repeats a flight.",
        by: "RFC 6347 4.2.4.1",
        allowed: "Longer timers than 1 s may be used.",
        engines: Engines { flight_timer: Some(Duration::from_secs(4)), ..ALIKE },
        ..NONE
    },
    Variant {
        name: "flights-come-again-once",
        does: "Sends a flight again once, after 20 s, and then gives its handshake up.",
        by: "RFC 6347 4.2.4, 4.2.4.1",
        allowed: "Longer timers than 1 s may be used, and how often a flight is sent again is not said.",
        pics: &[("SEL_DTLS_TIMER", false)],
        engines: Engines { flight_timer: Some(Duration::from_secs(20)), gives_up_after: Some(1), ..ALIKE },
        ..NONE
    },
    Variant {
        name: "early-records-dropped",
        does: "Discards records of the next epoch that come before its ChangeCipherSpec.",
        by: "RFC 6347 4.1",
        allowed: "What is of a later epoch and came early may be kept or discarded.",
        engines: Engines { keeps_early_records: false, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "renegotiation-ignored",
        does: "Says nothing to a wish to negotiate anew.",
        by: "RFC 5246 7.4.1.1",
        allowed: "A side that does not want to negotiate anew ignores the wish, or answers by no_renegotiation.",
        engines: Engines { answers_renegotiation: false, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "sessions-in-long-datagrams",
        does: "Has datagrams of up to 1100 octets in its sessions.",
        by: "RFC 6347 4.1.1, 4.2.3",
        allowed: "How a message is cut, and which records share a datagram, is free within what the path takes.",
        device: Liberties { dtls_mtu: 1100, ..SAME },
        ..NONE
    },
    Variant {
        name: "computes-for-1200-ms",
        does: "Computes for 1.2 s before each datagram of a handshake leaves.",
        by: "PIXIT handshake_within",
        allowed: "A device says how long a handshake takes.",
        pixit: &[("handshake_within", "\"90s\"")],
        device: Liberties { flight_delay: Duration::from_millis(1200), ..SAME },
        engines: Engines { flight_timer: Some(Duration::from_secs(5)), ..ALIKE },
        ..NONE
    },
    Variant {
        name: "silent-about-wrong-keys",
        does: "Discards a Finished that was made with another key without a word.",
        by: "RFC 6347 4.1.2.7",
        allowed: "Records that are invalid should be discarded silently; an alert is a choice.",
        departs: &["PROFILE-SEL-13b"],
        engines: Engines { discards_silently: true, ..ALIKE },
        ..NONE
    },
    Variant {
        name: "cookies-for-any-port",
        does: "Takes a cookie back from any port of the address that it was sent to.",
        by: "RFC 6347 4.2.1",
        allowed: "A cookie is made of the client's address, and of what else the server likes.",
        device: Liberties { cookie_for_port: false, ..SAME },
        ..NONE
    },
    Variant {
        name: "small-datagrams",
        does: "Sends flights in datagrams of 300 octets at most.",
        by: "RFC 6347 4.1.1.1",
        allowed: "A handshake message is cut as small as the sender likes.",
        device: Liberties { dtls_mtu: 300, ..SAME },
        ..NONE
    },
];
