//! Where Wireshark and the dissector may differ about the packets that a fuzzer found, each with the reason.

use dissect::{Dissection, NoteKind, Value, field, push_printable};

use crate::excuses_history::History;

/// Notes of messages in which something is wrong.
const FAULTS: [NoteKind; 6] = [
    NoteKind::Malformed,
    NoteKind::Unsupported,
    NoteKind::Unknown,
    NoteKind::BadFcs,
    NoteKind::BadChecksum,
    NoteKind::FragmentConflict,
];

/// All of them.
pub(crate) const FOUND: &[History] = &[
    History {
        reason: "RFC 4861 section 4.6, RFC 6550 section 6.7.1: what an option of another length than its type's means is not \
                 defined, so it is passed over; Wireshark reads it as far as it goes",
        covers: |field, _, _, frames| {
            let is_of_option = field.starts_with("icmpv6.opt.") || field.starts_with("icmpv6.rpl.opt.");
            is_of_option && is_unknown(frames, "icmpv6", "an option's length")
        },
    },
    History {
        reason: "RFC 4944 section 8: what follows an EUI-64 is padding; Wireshark takes it for a part of an address unless it is zero",
        covers: |field, ours, theirs, _| {
            let is_long = |value: &Value| value.text().is_some_and(|text| text.len() == 28 && !text.contains(':'));
            let is_short = |value: &Value| value.text().is_some_and(|text| text.len() == 16 && !text.contains(':'));
            let others = theirs.iter().filter(|value| !is_long(value));
            match field {
                "icmpv6.opt.linkaddr" | "icmpv6.opt.src_linkaddr" | "icmpv6.opt.target_linkaddr" => {
                    theirs.iter().any(is_long) && others.eq(ours.iter().filter(|value| !is_short(value)))
                }
                _ => field.starts_with("icmpv6.opt.") && field.ends_with("linkaddr_eui64") && theirs.len() < ours.len(),
            }
        },
    },
    History {
        reason: "RFC 6775 section 4.2: contexts are those that a router tells; Wireshark keeps those that it is configured with",
        covers: |field, ours, theirs, frames| {
            let Some((last, before)) = frames.split_last() else { return false };
            let uses_context = ["6lowpan.iphc.sac", "6lowpan.iphc.dac"].iter().any(|name| last.number(name) == Some(1))
                || last.has_note(NoteKind::UnknownContext);
            let is_of_address = ["6lowpan.", "ipv6.", "udp.checksum"].iter().any(|layer| field.starts_with(layer));
            let is_taught = |frame: &Dissection| frame.field("icmpv6.opt.6co.flag").is_some();
            // The first fragment of a datagram that cannot be complete then.
            let lacks_context = |frame: &Dissection| frame.has_note(NoteKind::UnknownContext);
            let is_later = last.field("6lowpan.frag.offset").is_some() && before.iter().any(lacks_context);
            is_of_address && uses_context && before.iter().any(is_taught) || is_later && ours.len() < theirs.len()
        },
    },
    History {
        reason: "RFC 2865 section 5: nothing says what an attribute of another length than its type's means; Wireshark reads a \
                 number of it",
        covers: |field, ours, theirs, frames| {
            let is_number = matches!(field, "radius.Service_Type" | "radius.Framed_MTU" | "radius.NAS_Port_Type");
            is_number && ours.is_empty() && !theirs.is_empty() && is_unknown(frames, "radius", "an attribute's length")
        },
    },
    History {
        reason: "RFC 6347 section 4.1.2.7, RFC 5246 sections 6.2.1, 7.2; RFC 5191 section 5.5; RFC 2865 section 3: such a \
                 message is discarded, and no section says what is shown of it; Wireshark shows nothing",
        covers: |field, ours, theirs, frames| {
            let layer = field.split('.').next().unwrap_or_default();
            let is_record = layer == "dtls" && is_unknown(frames, layer, "the ");
            let is_message = matches!(layer, "pana" | "radius") && is_unknown(frames, layer, "the ");
            (is_record || is_message) && !ours.is_empty() && theirs.len() < ours.len()
        },
    },
    History {
        reason: "RFC 3810 section 5.2.12: what follows the records of a report is ignored; Wireshark reads records of it",
        covers: |field, ours, theirs, _| field.starts_with("icmpv6.mldr.mar.") && is_beginning(ours, theirs),
    },
    History {
        reason: "RFC 1035 section 3.1: the root is a name of no labels, and one of an octet has one; Wireshark measures the word \
                 that it shows for the root, and counts none in the other",
        covers: |field, ours, theirs, _| {
            let differs = |(ours, theirs): (&Value, &Value)| match (ours.number(), theirs.number()) {
                (ours, theirs) if ours == theirs => true,
                (Some(0), Some(theirs)) => theirs == if field == "dns.count.labels" { 1 } else { 6 },
                (Some(1), Some(0)) => true,
                _ => false,
            };
            matches!(field, "dns.qry.name.len" | "dns.count.labels")
                && ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(differs)
        },
    },
    History {
        reason: "RFC 1035 section 3.3, RFC 7252 section 3.2: a string is as long as its length says; tshark ends it at an octet of \
                 zero, and prints no empty one",
        covers: |field, ours, theirs, _| {
            let to_zero = |value: &Value| {
                let text = value.text().unwrap_or_default();
                let end = text.find("\\000").or_else(|| text.find('\0')).unwrap_or(text.len());
                text[..end].to_owned()
            };
            let ours: Vec<String> = ours.iter().map(to_zero).filter(|text| !text.is_empty()).collect();
            let is_string =
                matches!(field, "dns.txt" | "dns.hinfo.cpu" | "dns.hinfo.os") || field.starts_with("coap.opt.");
            is_string && ours.into_iter().eq(theirs.iter().map(|value| escaped(field, value)))
        },
    },
    History {
        reason: "RFC 7252 section 12.2, table 7: option number 0 is reserved and has no name; Wireshark has one",
        covers: |field, ours, theirs, _| {
            let named = |value: &Value| value.text().map(|text| text.replace("Unknown Option (0)", "No-Op"));
            field == "coap.opt.name"
                && ours.iter().map(named).eq(theirs.iter().map(|value| value.text().map(str::to_owned)))
        },
    },
    History {
        reason: "RFC 9197 section 4, RFC 9486: in-situ OAM is not read here; Wireshark reads the option's type",
        covers: |field, _, _, frames| {
            let has_ioam = |frame: &Dissection| {
                frame.fields("ipv6.opt.type").any(|option| matches!(option.number(), Some(0x11 | 0x31)))
            };
            matches!(field, "ipv6.opt.unknown" | "ipv6.opt_unknown_data") && frames.last().is_some_and(has_ioam)
        },
    },
    History {
        reason: "RFC 7296 section 3.2: payload types below 33 are not assigned; Wireshark reads those of version 1",
        covers: |field, ours, theirs, frames| {
            let is_old = |frame: &Dissection| {
                frame.fields("isakmp.nextpayload").any(|payload| matches!(payload.number(), Some(1..=32)))
            };
            let lacks = is_beginning(theirs, ours) || ours.is_empty();
            field.starts_with("isakmp.") && lacks && frames.last().is_some_and(is_old)
        },
    },
    History {
        reason: "IEEE 802.15.4-2015 section 9.4.1.1, table 9-6: security level 0 protects nothing, so no key is needed; \
                 Wireshark wants one",
        covers: |field, ours, theirs, frames| {
            let is_plain = |frame: &Dissection| frame.number("wpan.aux_sec.sec_level") == Some(0);
            let is_error = field == "wpan.decrypt_error" && ours.is_empty();
            (is_error || theirs.is_empty()) && frames.last().is_some_and(is_plain)
        },
    },
    History {
        reason: "IEEE 802.15.4-2015 section 7.4.3.1: a payload IE without content is two octets; Wireshark wants more",
        covers: |field, _, theirs, frames| {
            let is_short = |frame: &Dissection| {
                let lengths = || frame.fields("wpan.payload_ie.length").map(|field| field.number());
                lengths().count() == 1 && lengths().all(|length| length == Some(0))
            };
            let is_missing = field == "wpan.payload_ie.missing" && !theirs.is_empty();
            let is_of_element = field.starts_with("wpan.payload_ie") || field == "wpan.mlme";
            (is_missing || is_of_element && theirs.is_empty()) && frames.last().is_some_and(is_short)
        },
    },
    History {
        reason: "RFC 7400 section 3: headers may be compressed generically; Wireshark does not expand them",
        covers: |field, _, _, frames| {
            let is_inside = ["ipv6.", "udp.", "icmpv6.", "6lowpan."].iter().any(|layer| field.starts_with(layer));
            is_inside && frames.last().is_some_and(|frame| frame.field("6lowpan.nhc.ghc").is_some())
        },
    },
    History {
        reason: "no specification says what is shown of a message in which something is wrong, from there on",
        covers: |name, ours, theirs, frames| {
            let Some(frame) = frames.last() else { return false };
            let is_broken =
                |layer: &str| frame.notes.iter().any(|note| note.layer == layer && FAULTS.contains(&note.kind));
            let broken = frame.layers().position(|layer| is_broken(layer.name));
            let Some(broken) = broken else { return false };
            let layer = field(name).map(|info| info.layer);
            let is_behind = frame.layers().skip(broken).any(|behind| Some(behind.name) == layer);
            let is_in_front = frame.layers().take(broken).any(|front| Some(front.name) == layer);
            // Of what is sound Wireshark may lack the end, or it goes on to read what is not.
            is_behind || !is_in_front || ours.starts_with(theirs) || theirs.starts_with(ours)
        },
    },
];

/// A text as the dissector writes it; tshark prints control characters of strings as they are.
fn escaped(field: &str, value: &Value) -> String {
    let text = value.text().unwrap_or_default();
    if !field.starts_with("dns.") {
        return text.to_owned();
    }
    let mut escaped = String::new();
    push_printable(text.as_bytes(), &mut escaped);
    escaped
}

/// Whether `all` goes on behind `beginning`.
fn is_beginning(beginning: &[Value], all: &[Value]) -> bool {
    beginning.len() < all.len() && all.starts_with(beginning)
}

/// Whether the last frame has such a note.
fn is_unknown(frames: &[Dissection], layer: &str, text: &str) -> bool {
    frames.last().is_some_and(|frame| {
        let mut notes = frame.notes.iter();
        notes.any(|note| note.kind == NoteKind::Unknown && note.layer == layer && note.text.starts_with(text))
    })
}
