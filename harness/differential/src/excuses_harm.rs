//! Where Wireshark and the dissector may differ over packets with something wrong in them.

use dissect::{Dissection, Note, NoteKind, Value};

use crate::excuses_history::History;

/// For packets whose contents end too early.
pub(crate) const CUTS: &[History] = &[
    History {
        reason: "no specification says what is shown of a layer that is broken: both show the same values, one stops earlier",
        covers: |field, ours, theirs, frames| {
            frames.last().is_some_and(|frame| is_of_broken_layer(field, ours, theirs, frame, &[NoteKind::Malformed]))
        },
    },
    History {
        reason: "RFC 8200 section 4.5: nothing forbids that a fragment is empty; Wireshark does not put such packets together",
        covers: |field, ours, theirs, frames| {
            let mut fragments = frames.iter().rev().take(8);
            // Nothing but a fragment header, and one of hop-by-hop options at most.
            let is_empty = |frame: &Dissection| {
                frame.field("ipv6.fraghdr.offset").is_some() && matches!(frame.number("ipv6.plen"), Some(8 | 16))
            };
            is_of_reassembly(field) && !ours.is_empty() && theirs.is_empty() && fragments.any(is_empty)
        },
    },
    History {
        reason: "RFC 8200 section 4.2: a Pad1 option has no length; Wireshark wants an octet behind it, even at the packet's end",
        covers: |field, ours, theirs, frames| {
            let is_pad = |value: &Value| value.number() == Some(0);
            let is_cut = frames.last().is_some_and(|frame| frame.has_note(NoteKind::Malformed));
            field == "ipv6.opt.type" && is_cut && matches!(ours.strip_prefix(theirs), Some([pad]) if is_pad(pad))
        },
    },
];

/// For packets of which the capture lacks octets.
pub(crate) const CAPTURE_CUTS: &[History] = &[
    History {
        reason: "no specification says what is shown of what a capture cut: both show the same values, one stops earlier",
        covers: |_, ours, theirs, frames| {
            let is_beginning = ours.starts_with(theirs) || theirs.starts_with(ours);
            is_beginning && frames.last().is_some_and(|frame| frame.has_note(NoteKind::Cut))
        },
    },
    History {
        reason: "IEEE 802.15.4-2006 section 7.5.8.2.3: a frame without its integrity code is not verified; Wireshark decrypts what \
             a capture has of it, and puts it together with others",
        covers: |_, ours, theirs, frames| {
            let Some((last, before)) = frames.split_last() else { return false };
            let is_unverified =
                |frame: &Dissection| frame.has_note(NoteKind::Cut) && frame.number("wpan.security") == Some(1);
            let waits = last.has_note(NoteKind::FragmentIncomplete);
            let shows_more = theirs.starts_with(ours) && ours.len() < theirs.len();
            waits && shows_more && before.iter().rev().take(16).any(is_unverified)
        },
    },
    History {
        reason: "RFC 4944 section 5.3: a fragment counts that is whole, though the capture lacks its FCS; Wireshark wants the \
                 whole frame",
        covers: |_, ours, theirs, frames| {
            let is_cut = |number: &u64| {
                let index = usize::try_from(*number).ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| frames.get(index)).is_some_and(|frame| frame.has_note(NoteKind::Cut))
            };
            let is_of_cut =
                frames.last().is_some_and(|frame| frame.sources.len() > 1 && frame.sources.iter().any(is_cut));
            is_of_cut && ours.starts_with(theirs) && theirs.len() < ours.len()
        },
    },
];

/// For the special packets.
pub(crate) const SPECIALS: &[History] = &[
    History {
        reason: "no specification says what is shown of a layer of another version or kind: one stops earlier",
        covers: |field, ours, theirs, frames| {
            let kinds = [NoteKind::Malformed, NoteKind::Unsupported];
            frames.last().is_some_and(|frame| is_of_broken_layer(field, ours, theirs, frame, &kinds))
        },
    },
    History {
        reason: "RFC 5722 section 4: a packet with overlapping fragments is discarded; Wireshark puts it together",
        covers: |field, ours, theirs, frames| {
            let has_conflict = |frame: &Dissection| frame.has_note(NoteKind::FragmentConflict);
            let is_inside = is_of_reassembly(field) || field.starts_with("udp.");
            is_inside && ours.is_empty() && !theirs.is_empty() && frames.last().is_some_and(has_conflict)
        },
    },
    History {
        reason: "RFC 8200 section 4.5: a copy of a fragment is no other fragment; Wireshark lists it",
        covers: |field, ours, theirs, frames| match (field, ours, theirs) {
            // The copy is the frame behind the first one of both.
            ("ipv6.fragment", [first, last], [same, copy, end]) => {
                first == same && last == end && copy.number() == first.number().map(|number| number + 1)
            }
            ("ipv6.fragment.count", [ours], [theirs]) => {
                let is_copied = frames.last().is_some_and(|frame| frame.fields("ipv6.fragment").count() == 2);
                is_copied && (ours.number(), theirs.number()) == (Some(2), Some(3))
            }
            _ => false,
        },
    },
    History {
        reason: "RFC 7296 section 3.3.5: the Key Length attribute has no length of its own; Wireshark reads one that has",
        covers: |field, ours, theirs, frames| {
            let is_long = |frame: &Dissection| frame.number("isakmp.ike2.attr.format") == Some(0);
            let is_key_length = field == "isakmp.ike2.attr.key_length";
            is_key_length && ours.is_empty() && !theirs.is_empty() && frames.last().is_some_and(is_long)
        },
    },
    History {
        reason: "RFC 894, RFC 2464 section 3: the EtherType says which version of IP a frame holds; Wireshark goes by the packet",
        covers: |field, ours, theirs, frames| {
            let is_other = |note: &Note| note.text.contains("IP version is not");
            let is_ip = field.starts_with("ip.") || field.starts_with("ipv6.");
            is_ip
                && ours.len() + theirs.len() > 0
                && frames.last().is_some_and(|frame| frame.notes.iter().any(is_other))
        },
    },
];

fn is_of_reassembly(field: &str) -> bool {
    matches!(field, "ipv6.fragment" | "ipv6.fragment.count" | "ipv6.reassembled.length" | "ipv6.reassembled.data")
}

/// Whether a layer with such a note may hold the values in which both differ, and one is how the other begins.
fn is_of_broken_layer(field: &str, ours: &[Value], theirs: &[Value], frame: &Dissection, kinds: &[NoteKind]) -> bool {
    // What an error quotes ends where a packet must (RFC 4443 section 2.4): nothing is wrong with it.
    let is_broken = |layer: &str| {
        layer == "quoted" || frame.notes.iter().any(|note| note.layer == layer && kinds.contains(&note.kind))
    };
    // A layer that is sound here is shown to its end.
    let sound = frame.layers().filter(|layer| !is_broken(layer.name));
    let least = sound.map(|layer| layer.fields(field).count()).sum();
    let is_beginning = ours.starts_with(theirs) || theirs.starts_with(ours);
    frame.layers().any(|layer| is_broken(layer.name)) && theirs.len() >= least && is_beginning
}
