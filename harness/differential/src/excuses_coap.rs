//! Where Wireshark and the dissector may differ about CoAP, each with the reason.

use dissect::{Dissection, NoteKind};

use crate::excuses::Excuse;

fn has_option(dissection: &Dissection, numbers: &[u64]) -> bool {
    dissection.fields("coap.opt.number").any(|field| field.number().is_some_and(|number| numbers.contains(&number)))
}

/// Whether there is a note on CoAP, or on one that is quoted, that begins so.
fn is_malformed(dissection: &Dissection, text: &str) -> bool {
    dissection.notes.iter().any(|note| {
        matches!(note.layer, "coap" | "quoted") && note.kind == NoteKind::Malformed && note.text.contains(text)
    })
}

/// Whether a field is of what follows the four octets that each message begins with.
pub(crate) fn is_behind_header(field: &str) -> bool {
    field == "coap.token" || field.starts_with("coap.opt.") || field.starts_with("coap.payload")
}

/// All of them.
pub(crate) const EXCUSES: &[Excuse] = &[
    Excuse {
        reason: "RFC 7252 section 5.4.3: an option of another length than it is defined with is one that is not known; \
                 Wireshark makes a value of it",
        covers: |field, dissection| {
            matches!(field, "coap.opt.max_age" | "coap.opt.uri_port" | "coap.opt.uri_path_recon")
                && is_malformed(dissection, "an option is longer or shorter")
        },
    },
    Excuse {
        reason: "RFC 7252 section 3: a token length above 8 is a message format error; Wireshark goes on",
        covers: |field, dissection| is_behind_header(field) && is_malformed(dissection, "coap.token_len"),
    },
    Excuse {
        reason: "RFC 8613 section 6.1: an OSCORE option with reserved bits or a partial IV of 6 or 7 octets is malformed; \
                 Wireshark goes on",
        covers: |field, dissection| {
            field == "coap.opt.object_security_piv" && is_malformed(dissection, "reserved bits in an OSCORE option")
        },
    },
    Excuse {
        reason: "RFC 7967, 9175 and 9177: options 19, 31, 252, 258 and 292, which Wireshark 4.0 does not know",
        covers: |field, dissection| {
            matches!(field, "coap.opt.name" | "coap.opt.unknown") && has_option(dissection, &[19, 31, 252, 258, 292])
        },
    },
    Excuse {
        reason: "RFC 7252 section 12.2: no number above 28 is a no-op; Wireshark calls every fourteenth one so",
        covers: |field, dissection| {
            let is_fourteenth = |number: u64| number > 28 && number.is_multiple_of(14);
            let mut numbers = dissection.fields("coap.opt.number");
            field == "coap.opt.name" && numbers.any(|field| field.number().is_some_and(is_fourteenth))
        },
    },
    Excuse {
        reason: "RFC 7252 section 3.2: a value without octets is the number 0; Wireshark calls it \"(null)\"",
        covers: |field, dissection| {
            field == "coap.opt.accept"
                && dissection.fields("coap.accept").any(|field| field.number() == Some(0) && field.length() == 0)
        },
    },
    Excuse {
        reason: "RFC 7959 section 4: Size2 is a size in octets; Wireshark shows its last three bits as a block size",
        covers: |field, dissection| field == "coap.opt.block_size" && has_option(dissection, &[28]),
    },
    Excuse {
        reason: "RFC 7252 section 3.2: strings are UTF-8; Wireshark replaces all that is not ASCII",
        covers: |field, dissection| {
            matches!(field, "coap.opt.uri_path" | "coap.opt.uri_path_recon")
                && dissection.fields("coap.opt.uri_path").any(|field| !field.value().to_string().is_ascii())
        },
    },
];
