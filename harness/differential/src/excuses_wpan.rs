//! Where Wireshark and the dissector may differ about IEEE 802.15.4, each with the reason.

use crate::excuses::Excuse;

/// All of them.
pub(crate) const EXCUSES: &[Excuse] = &[
    Excuse {
        reason: "a frame without FCS has no right one: nobody checked; Wireshark says that it has",
        covers: |field, dissection| field == "wpan.fcs_ok" && dissection.field("wpan.fcs").is_none(),
    },
    Excuse {
        reason: "IEEE 802.15.4-2015 sections 7.3.6, 7.3.7 and table 7-1: frame types 4, 6 and 7 have no such header; type 5 \
                 is not read here",
        covers: |field, dissection| {
            dissection.number("wpan.frame_type").is_some_and(|kind| kind > 3)
                && (is_in_header(field) || is_in_control(field))
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2006 section 7.2.1: the FCS ends every frame; Wireshark gives up before it",
        covers: |field, dissection| {
            const GIVEN_UP: [&str; 4] = [
                "wpan.dst_invalid",
                "wpan.src_invalid",
                "wpan.frame_version_unknown",
                "wpan.invalid_panid_compression",
            ];
            field.starts_with("wpan.fcs") && GIVEN_UP.iter().any(|mark| dissection.field(mark).is_some())
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2015 section 7.2.10: a 32-bit FCS is over four octets at least, zeros behind a shorter frame",
        covers: |field, dissection| {
            field == "wpan.fcs.bad"
                && dissection.number("wpan.frame_length").is_some_and(|length| length < 4)
                && dissection.field("wpan.fcs32").is_some()
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2006 section 7.2.1.1, figure 42: bits 8 and 9 are reserved, and ignored on reception; \
                 Wireshark leaves the sequence number out",
        covers: |field, dissection| {
            is_in_header(field)
                && dissection.number("wpan.version").is_some_and(|version| version < 2)
                && dissection.number("wpan.seqno_suppression") == Some(1)
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2003 section 7.6: the suite that a frame is secured with is not in the frame; Wireshark guesses",
        covers: |field, dissection| {
            dissection.number("wpan.version") == Some(0)
                && dissection.number("wpan.security") == Some(1)
                && matches!(field, "wpan.fcs" | "wpan.fcs_ok")
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2006 section 7.6.2.4.1: key identifier mode 0 leaves the key to the receiver, and every key \
                 is tried here; Wireshark wants to be told",
        covers: |field, dissection| dissection.number("wpan.aux_sec.key_id_mode") == Some(0) && is_secured(field),
    },
    Excuse {
        reason: "IEEE 802.15.4-2015 section 9.4: with ASN in Nonce the nonce is made of the absolute slot number; Wireshark \
                 takes the frame counter, and gives up before the FCS",
        covers: |field, dissection| {
            dissection.number("wpan.version") == Some(2)
                && dissection.number("wpan.aux_sec.asn_in_nonce") == Some(1)
                && dissection.number("wpan.aux_sec.frame_counter_suppression") == Some(0)
                && (is_secured(field) || field.starts_with("wpan.fcs"))
        },
    },
    Excuse {
        reason: "IEEE 802.15.4-2015 section 9.4: the absolute slot number is that of the frame; Wireshark keeps the one that \
                 an earlier frame told",
        covers: |field, dissection| {
            dissection.has_layer("wpan-tap")
                && dissection.field("wpan-tap.asn").is_none()
                && dissection.number("wpan.aux_sec.frame_counter_suppression") == Some(1)
                && (is_secured(field) || field.starts_with("wpan.fcs"))
        },
    },
    Excuse {
        reason: "RFC 8480 section 10: the sub-ID of 6top is 1; Wireshark has another, which was used before",
        covers: |field, dissection| {
            (field.starts_with("wpan.6top") || field == "wpan.ietf_ie.sub_id")
                && dissection.fields("wpan.ietf_ie.sub_id").any(|field| field.number() == Some(1))
        },
    },
    Excuse {
        reason: "IEEE 802.15.9 table 21: KMP IDs 2, 3 and 4 are HIP, IKEv2 and PANA, which Wireshark does not read",
        covers: |field, dissection| {
            is_of_key_management(field) && dissection.number("wpan.mpx.kmp.id").is_some_and(|id| matches!(id, 2..=4))
        },
    },
    Excuse {
        reason: "IEEE 802.15.9 section 7.2: Wireshark does not put fragments together",
        covers: |field, dissection| is_of_key_management(field) && dissection.field("wpan.mpx.fragment").is_some(),
    },
    Excuse {
        reason: "Mesh link establishment on port 19788 has auxiliary security headers of its own, which are not read here",
        covers: |field, dissection| {
            dissection.number("udp.dstport") == Some(19788)
                && (field.starts_with("wpan.aux_sec.") || field == "wpan.mic")
        },
    },
];

/// Whether a field is one of a message that MPX carries.
fn is_of_key_management(field: &str) -> bool {
    ["eap.", "eapol.", "hip.", "isakmp.", "pana."].iter().any(|layer| field.starts_with(layer))
}

/// Whether a field is the sequence number or an addressing field.
fn is_in_header(field: &str) -> bool {
    const HEADER: [&str; 9] = ["seq_no", "addr16", "addr64", "dst16", "dst64", "dst_pan", "src16", "src64", "src_pan"];
    field.strip_prefix("wpan.").is_some_and(|name| HEADER.contains(&name))
}

/// Whether a field is one of the frame control field, but the type.
fn is_in_control(field: &str) -> bool {
    const CONTROL: [&str; 11] = [
        "ack_request",
        "dst_addr_mode",
        "fcf",
        "fcf.reserved",
        "ie_present",
        "pan_id_compression",
        "pending",
        "security",
        "seqno_suppression",
        "src_addr_mode",
        "version",
    ];
    field.strip_prefix("wpan.").is_some_and(|name| CONTROL.contains(&name))
}

/// Whether a field is one that only an opened frame shows.
fn is_secured(field: &str) -> bool {
    const OPEN: [&str; 21] = [
        "frame_length",
        "fcf",
        "frame_type",
        "security",
        "pending",
        "ack_request",
        "pan_id_compression",
        "seq",
        "ie_present",
        "dst",
        "src",
        "addr",
        "version",
        "aux_sec",
        "header_ie",
        "nack",
        "ie.unknown",
        "ie_un",
        "mic",
        "fcs",
        "gts",
    ];
    let open = field.strip_prefix("wpan.").is_some_and(|name| OPEN.iter().any(|open| name.starts_with(open)));
    !open || field.starts_with("wpan.gtsreq.") || matches!(field, "wpan.ie.unknown_content" | "wpan.ie_unsupported_id")
}
