//! Traffic of its own, beside what a case awaits.

use core::time::Duration;

use super::{Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "probes-its-parent",
        does: "Asks its parent every 12 s whether it is there.",
        by: "RFC 4861 7.3",
        allowed: "A node may verify that a neighbour is reachable.",
        device: Liberties { probes_parent: Some(Duration::from_secs(12)), ..SAME },
        ..NONE
    },
    Variant {
        name: "pings-its-parent",
        does: "Sends its parent an echo request every 9 s.",
        by: "RFC 4443 4.1",
        allowed: "A node may send echo requests for its own purposes.",
        device: Liberties { pings_parent: Some(Duration::from_secs(9)), ..SAME },
        ..NONE
    },
    Variant {
        name: "solicits-every-minute",
        does: "Sends a multicast RS every minute.",
        by: "RFC 6775 5.3",
        allowed: "A host may look for other routers, at least 10 s apart.",
        device: Liberties { solicits_again: Some(Duration::from_secs(60)), ..SAME },
        ..NONE
    },
    Variant {
        name: "advertises-itself",
        does: "Sends an unsolicited NA to all nodes every 40 s.",
        by: "RFC 4861 7.2.6",
        allowed: "A node may send unsolicited advertisements.",
        device: Liberties { advertises_itself: Some(Duration::from_secs(40)), ..SAME },
        ..NONE
    },
    Variant {
        name: "reports-its-groups",
        does: "Reports its groups by MLDv2 every 25 s.",
        by: "RFC 3810 6",
        allowed: "A node reports the groups that it listens to.",
        device: Liberties { reports_groups: Some(Duration::from_secs(25)), ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-for-names",
        does: "Asks a name server for the address of its maker every 17 s.",
        by: "RFC 8200 1",
        allowed: "A host may speak to whom it likes.",
        device: Liberties { asks_for_names: Some(Duration::from_secs(17)), ..SAME },
        ..NONE
    },
];
