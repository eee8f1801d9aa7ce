//! Where Wireshark may mark other octets than those that a field was read from, each with the reason.

use crate::excuses::Excuse;

/// All of them.
pub(crate) const EXCUSES: &[Excuse] = &[
    Excuse {
        reason: "a handshake message in fragments lies in a buffer of its own; of some fields Wireshark marks the last fragment",
        covers: |field, dissection| field.starts_with("dtls.") && dissection.field("dtls.reassembled.length").is_some(),
    },
    Excuse {
        reason: "Wireshark counts where the size of a recoverable fragment lies from the frame, not from what was decrypted, and \
                 the headers of the datagram, put together, where they would lie in the last fragment",
        covers: |field, dissection| {
            let is_recovered = field.starts_with("6lowpan.") && dissection.field("6lowpan.fragment.count").is_some();
            dissection.field("6lowpan.rfrag.tag").is_some() && (field == "6lowpan.rfrag.size" || is_recovered)
        },
    },
    Excuse {
        reason: "a field that is derived from the whole packet",
        covers: |field, _| field == "wpan-tap.data_length",
    },
    Excuse {
        reason: "what begins in the decrypted payload: Wireshark adds where in the packet the frame does",
        covers: |field, dissection| {
            matches!(field, "wpan.payload_ie" | "wpan.cmd" | "wpan.cmd.vendor_oui")
                && dissection.field("wpan.fcf").is_some_and(|control| control.offset() > 0)
                && dissection.field(field).is_some_and(|field| field.buffer() > 0)
        },
    },
    Excuse {
        reason: "a frame of a type that has no two octets of frame control",
        covers: |field, dissection| field == "wpan.frame_type" && dissection.number(field).is_some_and(|kind| kind > 3),
    },
    Excuse {
        reason: "a derived field without octets; with a Block option Wireshark has it in a buffer of its own",
        covers: |field, _| {
            matches!(
                field,
                "coap.payload_length"
                    | "coap.payload_desc"
                    | "coap.block"
                    | "coap.block.count"
                    | "coap.block.reassembled.length"
            )
        },
    },
    Excuse {
        reason: "in a Block option without a value (block 0, no more, size 16) Wireshark marks the octet before it",
        covers: |field, dissection| {
            matches!(field, "coap.opt.block_mflag" | "coap.opt.block_size")
                && dissection.fields(field).any(|field| field.length() == 0)
        },
    },
];
