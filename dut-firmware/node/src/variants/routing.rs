//! RPL.

use core::time::Duration;

use super::{Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "rpl-padded",
        does: "Pads its messages of RPL.",
        by: "RFC 6550 6.7.3",
        allowed: "PadN may stand in DIS, DIO, DAO and DAO-ACK, and is ignored.",
        device: Liberties { rpl_padding: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "daos-unacknowledged",
        does: "Asks for no acknowledgement of its DAOs.",
        by: "RFC 6550 6.4.1",
        allowed: "The flag K says whether a DAO-ACK is expected.",
        device: Liberties { dao_unacknowledged: true, ..SAME },
        ..NONE
    },
    Variant {
        name: "daos-from-17",
        does: "Counts its DAOs from 17 on.",
        by: "RFC 6550 6.4.1, 7.2",
        allowed: "A DAO sequence tells a DAO from others of the same node; that it begins at 240 is recommended.",
        device: Liberties { dao_sequence: 16, ..SAME },
        ..NONE
    },
    Variant {
        name: "counters-from-128",
        does: "Begins its versions, triggers and path sequences at 128, and asks for a DODAG every 20 s only.",
        by: "RFC 6550 7.2, 8.3, 18.2.1.1",
        allowed: "A counter begins at a value of 128 or more; 240 is recommended. How often a node asks by a DIS is its own affair.",
        device: Liberties { sequence_counter: 128, dodag_solicitation: Duration::from_secs(20), ..SAME },
        ..NONE
    },
    Variant {
        name: "daos-at-once",
        does: "Sends its DAOs without delay, each with one target, and tells its paths anew every 40 s.",
        by: "RFC 6550 9.2.1, 9.4, 9.5",
        allowed: "A DAO has one or more targets. A node should wait for others before it sends one, and need not. It may tell a path \
                  anew on occasion.",
        device: Liberties {
            dao_delay: Duration::ZERO,
            dao_targets: 1,
            dao_refresh: Some(Duration::from_secs(40)),
            ..SAME
        },
        ..NONE
    },
    Variant {
        name: "daos-tried-once",
        does: "Waits up to 4 s before it sends a DAO, and repeats none that is not acknowledged.",
        by: "RFC 6550 9.3, 9.5",
        allowed: "Who gets no DAO-ACK may send the DAO again, up to a number of times of its own. How long it waits is its own affair.",
        device: Liberties { dao_delay: Duration::from_secs(4), dao_tries: 1, ..SAME },
        ..NONE
    },
    Variant {
        name: "quick-to-leave",
        does: "Gives a neighbour up that two frames in a row did not reach, and listens to others at once when it has no parent left.",
        by: "RFC 6550 8.2.2.4, 8.2.2.6; RFC 6552 3",
        allowed: "When a neighbour counts as unreachable is the node's own affair; it may delay after it poisoned, and need not.",
        device: Liberties { lost_frames: 2, poison_wait: Duration::ZERO, ..SAME },
        ..NONE
    },
    Variant {
        name: "ranks-by-one",
        does: "Adds MinHopRankIncrease once for each hop.",
        by: "RFC 6552 4.1, 6.3",
        allowed: "The step of rank is between 1 and 9; 3 is its default.",
        device: Liberties { rank_step: 1, ..SAME },
        ..NONE
    },
];
