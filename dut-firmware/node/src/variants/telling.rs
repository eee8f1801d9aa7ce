//! How it speaks to its upper tester.

use core::time::Duration;

use super::{Liberties, NONE, SAME, Told, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "tells-in-other-order",
        does: "Names the arguments of answers and events in the opposite order.",
        by: "UT/1 Lines",
        allowed: "Arguments have keys, and no order.",
        device: Liberties { told: Told::Reversed, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-more",
        does: "Adds keys of its own to answers and events.",
        by: "UT/1 Lines",
        allowed: "Keys that nobody asks for are ignored.",
        device: Liberties { told: Told::More, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-among-logs",
        does: "Logs a line before each line of UT/1.",
        by: "UT/1 Lines",
        allowed: "A line that begins with none of >, < and ! is log output.",
        device: Liberties { told: Told::AmongLogs, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-other-events",
        does: "Tells events that no table has.",
        by: "UT/1 Lines",
        allowed: "An event that nobody awaits is ignored.",
        device: Liberties { told: Told::AmongEvents, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-addresses-in-full",
        does: "Writes addresses with all their digits, in upper case.",
        by: "UT/1 Commands, RFC 4291 2.2",
        allowed: "An address is in the usual notation: 8 groups of hex digits.",
        device: Liberties { told: Told::AddressesInFull, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-no-costs",
        does: "Does not tell what a session has cost.",
        by: "UT/1 Events",
        allowed: "What a session has cost is for people; a device that does not tell it is measured all the same.",
        device: Liberties { tells_costs: false, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-no-computations",
        does: "Leaves its computations to circuits that nobody counts: a cost of 0.",
        by: "UT/1 Events",
        allowed: "`cost` says 0 of what the device does not count.",
        device: Liberties { cost_uncounted: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-after-1500-ms",
        does: "Answers after 1.5 s.",
        by: "UT/1 Lines",
        allowed: "The tester waits 2 s for an answer.",
        device: Liberties { told_after: Duration::from_millis(1500), ..SAME },
        ..NONE
    },
    Variant {
        name: "tells-people-nothing",
        does: "Logs nothing, and leaves out the events that no procedure waits for.",
        by: "UT/1 Events",
        allowed: "`session`, `tool_found`, `cost` and `rpl_parent` are for people.",
        device: Liberties { told: Told::ToNobody, ..SAME },
        ..NONE
    },
];
