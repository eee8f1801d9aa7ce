//! RPL.

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
];
