//! Neighbor Discovery and start.

use core::time::Duration;

use super::{Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "solicits-within-1-s",
        does: "Sends its first RS within 1 s.",
        by: "RFC 4861 6.3.7",
        allowed: "The first solicitation is delayed by up to 1 s.",
        device: Liberties { solicitation_delay: Duration::from_millis(1000), ..SAME },
        ..NONE
    },
    Variant {
        name: "solicits-every-20-s",
        does: "Repeats its RS after 20 s.",
        by: "RFC 6775 5.3",
        allowed: "Solicitations are at least 10 s apart.",
        device: Liberties { solicitation_interval: Duration::from_secs(20), ..SAME },
        ..NONE
    },
    Variant {
        name: "advertises-at-once",
        does: "Answers a multicast RS at once.",
        by: "RFC 4861 6.2.6",
        allowed: "An answer is delayed by a random time from 0 on.",
        device: Liberties { advertisement_delay: Duration::ZERO, ..SAME },
        ..NONE
    },
    Variant {
        name: "advertises-within-2-s",
        does: "Answers a multicast RS within 2 s.",
        by: "RFC 6775 9",
        allowed: "MAX_RA_DELAY_TIME is 2 s in a 6LoWPAN.",
        device: Liberties { advertisement_delay: Duration::from_secs(2), ..SAME },
        ..NONE
    },
    Variant {
        name: "keeps-24-registrations",
        does: "Registers 24 addresses of others; who is too many is told status 2.",
        by: "RFC 6775 6.5.1",
        allowed: "A router whose neighbour cache is full says so.",
        device: Liberties { registrations: 24, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-again-after-5-min",
        does: "Tries an address that was refused again after 5 min.",
        by: "RFC 6775 5.5.2",
        allowed: "A refused address is not used; when it is tried again, nothing says.",
        device: Liberties { refused_wait: Duration::from_secs(300), ..SAME },
        ..NONE
    },
    Variant {
        name: "registers-for-a-day",
        does: "Registers its address for a day.",
        by: "RFC 6775 5.5",
        allowed: "A host chooses the lifetime of its registration.",
        device: Liberties { registration_lifetime: 1440, ..SAME },
        pixit: &[("registration_lifetime", "\"24h\"")],
        ..NONE
    },
    Variant {
        name: "registers-for-ten-minutes",
        does: "Registers its address for 10 min, and renews it after 4.",
        by: "RFC 6775 5.5",
        allowed: "A host chooses the lifetime of its registration.",
        device: Liberties { registration_lifetime: 10, renewal: Duration::from_secs(240), ..SAME },
        ..NONE
    },
    Variant {
        name: "options-reversed",
        does: "Has the options of Neighbor Discovery in the opposite order.",
        by: "RFC 4861 4.6",
        allowed: "Options stand in any order.",
        device: Liberties { options_reversed: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "unknown-options",
        does: "Puts an option for experiments into its messages of Neighbor Discovery.",
        by: "RFC 4861 4.6, RFC 4727 5.1.3",
        allowed: "An option that is not known is ignored.",
        device: Liberties { unknown_option: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "advertises-otherwise",
        does: "Advertises other lifetimes, timers and an MTU.",
        by: "RFC 4861 6.2.1",
        allowed: "A router is configured with these values.",
        device: Liberties { advertised_otherwise: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "boots-for-3-s",
        does: "Switches its radio on 3 s after it booted.",
        by: "PIXIT jsr_within",
        allowed: "A device says how long its first request takes.",
        device: Liberties { boot_delay: Duration::from_secs(3), ..SAME },
        ..NONE
    },
    Variant {
        name: "two-addresses",
        does: "Has a second global address, which says nothing of its EUI-64, and registers it too.",
        by: "RFC 7217, RFC 6775 5.4.1",
        allowed: "A host has as many global addresses as it likes, made of any interface identifier, if it registers them.",
        device: Liberties { second_address: Some(Duration::from_secs(600)), ..SAME },
        ..NONE
    },
];
