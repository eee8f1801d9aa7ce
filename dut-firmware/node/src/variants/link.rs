//! Frames: security, acknowledgements, the queue in front of the radio.

use core::time::Duration;

use super::{Liberties, NONE, SAME, Variant};

pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "counter-begins-high",
        does: "Begins its frame counter at 0x00aabbcc.",
        by: "IEEE 802.15.4-2006 7.5.8.2.1",
        allowed: "A receiver takes any frame counter that is not below the one it awaits.",
        device: Liberties { first_frame_counter: 0x00aa_bbcc, ..SAME },
        ..NONE
    },
    Variant {
        name: "counter-in-steps",
        does: "Leaves two frame counters out between frames.",
        by: "IEEE 802.15.4-2006 7.5.8.2.3",
        allowed: "A receiver takes any frame counter that is not below the one it awaits.",
        device: Liberties { counter_step: 3, ..SAME },
        ..NONE
    },
    Variant {
        name: "asks-for-few-acks",
        does: "Asks for no acknowledgement of every second frame.",
        by: "RFC 4944 3",
        allowed: "That frames ask for acknowledgements is recommended, and no more.",
        device: Liberties { silent_frames: 2, ..SAME },
        ..NONE
    },
    Variant {
        name: "tries-once",
        does: "Hands no frame to the radio twice.",
        by: "IEEE 802.15.4-2006 7.5.6.5",
        allowed: "What happens after the last retry is up to the next higher layer.",
        device: Liberties { more_attempts: 0, ..SAME },
        ..NONE
    },
    Variant {
        name: "tries-often",
        does: "Hands a frame that was not acknowledged to the radio three times more.",
        by: "IEEE 802.15.4-2006 7.5.6.5",
        allowed: "What happens after the last retry is up to the next higher layer.",
        device: Liberties { more_attempts: 3, ..SAME },
        ..NONE
    },
    Variant {
        name: "pauses-between-frames",
        does: "Leaves 15 ms between two frames.",
        by: "IEEE 802.15.4-2006 7.5.1.3",
        allowed: "A frame is followed by at least an interframe space.",
        device: Liberties { frame_gap: Duration::from_millis(15), ..SAME },
        ..NONE
    },
    Variant {
        name: "scans-at-boot",
        does: "Sends a beacon request before it starts.",
        by: "IEEE 802.15.4-2006 7.5.2.1.2",
        allowed: "An active scan may be made at any time.",
        device: Liberties { scans_at_boot: true, ..SAME },
        ..NONE
    },
];
