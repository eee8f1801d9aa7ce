//! Join requests, set secure requests, identities and ports: what a PIXIT states.

use core::time::Duration;

use super::{Identity, Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "slow-set-secure-requests",
        does: "Sends its first SSR and its answers 8 s after what brings them about.",
        by: "PIXIT ssr_within",
        allowed: "A device says how long its SSRs take.",
        pixit: &[("ssr_within", "\"20s\"")],
        device: Liberties { ssr_delay: Duration::from_secs(8), ..SAME },
        ..NONE
    },
    Variant {
        name: "waits-for-button",
        does: "Sends its first JSR when it is told to, whatever it was installed with.",
        by: "PIXIT trigger",
        allowed: "A device asks at power-on or when it is selected by hand.",
        pixit: &[("trigger", "\"selection\"")],
        device: Liberties { waits_for_button: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "server-elsewhere",
        does: "Has its DTLS server at port 5699.",
        by: "PIXIT dtls_port",
        allowed: "A device says at which port it serves.",
        pixit: &[("dtls_port", "5699")],
        device: Liberties { secure_port: 5699, ..SAME },
        ..NONE
    },
    Variant {
        name: "identity-upper-case",
        does: "Has its EUI-64 in upper-case hex digits for a PSK identity.",
        by: "PIXIT psk_identity",
        allowed: "A device says what its identity is.",
        pixit: &[("psk_identity", "\"eui64-hex-upper\"")],
        device: Liberties { identity: Identity::HexUpper, ..SAME },
        ..NONE
    },
    Variant {
        name: "identity-octets",
        does: "Has the octets of its EUI-64 for a PSK identity.",
        by: "PIXIT psk_identity",
        allowed: "A device says what its identity is.",
        pixit: &[("psk_identity", "\"eui64-octets\"")],
        device: Liberties { identity: Identity::Octets, ..SAME },
        ..NONE
    },
    Variant {
        name: "psk-of-32-octets",
        does: "Takes pre-shared keys of 32 octets only.",
        by: "PIXIT psk_octets",
        allowed: "A device says how long its keys are.",
        pixit: &[("psk_octets", "32")],
        device: Liberties { psk_octets: Some(32), ..SAME },
        ..NONE
    },
    Variant {
        name: "sends-at-level-six",
        does: "Protects its frames at level 6.",
        by: "PIXIT security_level",
        allowed: "Levels 5 to 7 encrypt and authenticate; a device says at which it sends.",
        pixit: &[("security_level", "6")],
        device: Liberties { transmit_level: Some(6), ..SAME },
        ..NONE
    },
    Variant {
        name: "sends-at-level-seven",
        does: "Protects its frames at level 7.",
        by: "PIXIT security_level",
        allowed: "Levels 5 to 7 encrypt and authenticate; a device says at which it sends.",
        pixit: &[("security_level", "7")],
        device: Liberties { transmit_level: Some(7), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-less-and-less",
        does: "Goes on doubling the pause between its JSRs up to 4 min.",
        by: "PIXIT jsr_greatest_interval",
        allowed: "A device says how long it pauses at most.",
        pixit: &[("jsr_greatest_interval", "\"4m\"")],
        device: Liberties { jsr_greatest: Duration::from_secs(240), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-steadily",
        does: "Repeats its JSR every 2 s.",
        by: "PIXIT jsr_greatest_interval",
        allowed: "A device says how long it pauses at most.",
        pixit: &[("jsr_greatest_interval", "\"2s\"")],
        device: Liberties { jsr_greatest: Duration::from_secs(2), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-rarely",
        does: "Pauses 7 s between its first two JSRs, and 50 s at most.",
        by: "PIXIT jsr_first_interval, jsr_greatest_interval",
        allowed: "A device says how long it pauses.",
        pixit: &[("jsr_first_interval", "\"7s\""), ("jsr_greatest_interval", "\"50s\"")],
        device: Liberties { jsr_first: Duration::from_secs(7), jsr_greatest: Duration::from_secs(50), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-late",
        does: "Sends its first JSR 20 s after it has its address.",
        by: "PIXIT jsr_within",
        allowed: "A device says how long its first request takes.",
        pixit: &[("jsr_within", "\"35s\"")],
        device: Liberties { jsr_delay: Duration::from_secs(20), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-without-jitter",
        does: "Repeats its JSRs after exactly 2, 4, 8 s and so on.",
        by: "PIXIT jsr_jitter_percent",
        allowed: "The jitter that is stated is the greatest.",
        device: Liberties { jsr_jitter_percent: 0, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-with-much-jitter",
        does: "Repeats its JSRs after pauses that are off by up to 40 %.",
        by: "PIXIT jsr_jitter_percent",
        allowed: "A device says how far its pauses may be off.",
        pixit: &[("jsr_jitter_percent", "40")],
        device: Liberties { jsr_jitter_percent: 40, ..SAME },
        ..NONE
    },
    Variant {
        name: "hop-limit-of-200",
        does: "Sends JSR and SSR with hop limit 200.",
        by: "PIXIT hop_limit",
        allowed: "A device says with which hop limit it sends.",
        pixit: &[("hop_limit", "200")],
        device: Liberties { multihop_hop_limit: 200, ..SAME },
        ..NONE
    },
    Variant {
        name: "answers-rarely",
        does: "Answers the SSRs of a neighbour once in 4 s at most.",
        by: "PIXIT ssr_answer_interval",
        allowed: "A device says how often it answers.",
        pixit: &[("ssr_answer_interval", "\"4s\"")],
        device: Liberties { ssr_answer_interval: Duration::from_secs(4), ..SAME },
        ..NONE
    },
    Variant {
        name: "marks-for-ten-minutes",
        does: "Sends SSRs whose registration lifetime is 10 min, and refreshes them after 5.",
        by: "PIXIT ssr_lifetime",
        allowed: "A device says how long its marks last.",
        pixit: &[("ssr_lifetime", "10")],
        device: Liberties { ssr_lifetime_units: 10, ..SAME },
        ..NONE
    },
    Variant {
        name: "marks-for-a-day",
        does: "Sends SSRs whose registration lifetime is a day, and refreshes them after half of it.",
        by: "PIXIT ssr_lifetime",
        allowed: "A device says how long its marks last.",
        pixit: &[("ssr_lifetime", "1440")],
        device: Liberties { ssr_lifetime_units: 1440, ..SAME },
        ..NONE
    },
    Variant {
        name: "sessions-idle-for-25-s",
        does: "Drops a session after 25 s of silence.",
        by: "PIXIT session_idle",
        allowed: "A device says when it drops a session.",
        pixit: &[("session_idle", "\"25s\"")],
        device: Liberties { session_idle: Duration::from_secs(25), ..SAME },
        ..NONE
    },
    Variant {
        name: "sessions-idle-for-three-minutes",
        does: "Drops a session after 3 min of silence.",
        by: "PIXIT session_idle",
        allowed: "A device says when it drops a session.",
        pixit: &[("session_idle", "\"3m\"")],
        device: Liberties { session_idle: Duration::from_secs(180), ..SAME },
        ..NONE
    },
    Variant {
        name: "lists-1000-neighbours",
        does: "Lists up to 1000 neighbours.",
        by: "PIXIT neighbours",
        allowed: "A device says how many neighbours it lists.",
        pixit: &[("neighbours", "1000")],
        device: Liberties { neighbours: 1000, ..SAME },
        ..NONE
    },
    Variant {
        name: "lists-12-neighbours",
        does: "Lists up to 12 neighbours.",
        by: "PIXIT neighbours",
        allowed: "A device says how many neighbours it lists.",
        pixit: &[("neighbours", "12")],
        device: Liberties { neighbours: 12, ..SAME },
        ..NONE
    },
    Variant {
        name: "waits-for-the-refresh",
        does: "Begins no series of SSRs before the refresh, however often a neighbour secures its frames over an unmarked link.",
        by: "PROFILE-SEL-5a",
        allowed: "An SSR is repeated after 1, 2 and 4 s, and at each refresh.",
        device: Liberties { ssr_nudge_idle: Duration::from_secs(86_400), ..SAME },
        ..NONE
    },
    Variant {
        name: "begins-again-soon",
        does: "Begins another series of SSRs when a neighbour secures a frame over an unmarked link, a second after its last one.",
        by: "PROFILE-SEL-5, PROFILE-SEL-5a",
        allowed: "An SSR goes to every neighbour until the link is marked; how often at least is said, not how often at most.",
        device: Liberties { ssr_nudge_idle: Duration::from_secs(1), ..SAME },
        ..NONE
    },
];
