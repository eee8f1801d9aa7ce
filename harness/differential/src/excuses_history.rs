//! Where Wireshark and the dissector may differ because of frames before: what only whole captures show.

use std::borrow::Cow;

use dissect::{Dissection, NoteKind, Value};

/// A reason that may ask for what came before.
pub struct History {
    /// What the specification says, and what Wireshark does.
    pub reason: &'static str,
    /// Whether it holds for these values of a field (ours, Wireshark's) in the last of these frames.
    pub(crate) covers: fn(&str, &[Value], &[Value], &[Dissection]) -> bool,
}

/// All of them.
pub(crate) const HISTORIES: &[History] = &[
    History {
        reason: "IEEE 802.15.4-2006 section 7.5.6.4.3, RFC 4944 section 5.3: a MAC retry is the same frame, so not another \
                 fragment; Wireshark lists it",
        covers: |field, ours, theirs, frames| {
            let is_retry = |number: &Value| {
                let index = number.number().and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
                index.and_then(|index| frames.get(index)).is_some_and(|frame| frame.has_note(NoteKind::Retransmission))
            };
            let new = theirs.iter().filter(|number| !is_retry(number));
            field == "6lowpan.fragment" && new.eq(ours)
        },
    },
    History {
        reason: "IEEE 802.15.4-2006 section 7.5.6.4.3, RFC 4944 section 5.3: a MAC retry is the same frame, so not another \
                 fragment; Wireshark counts it",
        covers: |field, ours, theirs, frames| {
            let retries = frames
                .iter()
                .filter(|frame| frame.has_note(NoteKind::Retransmission) && frame.field("6lowpan.frag.tag").is_some());
            let most = retries.count() as u64;
            let pair = (ours.first().and_then(Value::number), theirs.first().and_then(Value::number));
            field == "6lowpan.fragment.count"
                && matches!(pair, (Some(ours), Some(theirs)) if ours < theirs && theirs - ours <= most)
        },
    },
    History {
        reason: "RFC 6347 section 4.2.8: a session stays until the new handshake is complete; Wireshark forgets its keys at \
                 the ClientHello",
        covers: |_, _, theirs, frames| theirs.is_empty() && is_of_replaced_session(frames),
    },
    History {
        reason: "RFC 6347 section 4.2.3: fragments of a message that is sent again may overlap those that came before; \
                 Wireshark calls that a fault and does not reassemble",
        covers: |field, _, theirs, frames| {
            let is_of_reassembly = field.starts_with("dtls.handshake.certificate")
                || matches!(field, "dtls.fragment.count" | "dtls.fragment" | "dtls.reassembled.length");
            is_of_reassembly && theirs.is_empty() && is_fragment_sent_again(frames)
        },
    },
];

/// For captures of running stacks, besides those.
pub(crate) const STACKS: &[History] = &[
    History {
        reason: "IEEE 802.15.4-2015 section 7.2.10: the FCS ends a frame whatever is wrong before it; Wireshark gives up first",
        covers: |field, _, theirs, frames| {
            let is_of_trailer =
                matches!(field, "wpan.fcs" | "wpan.fcs_ok" | "wpan.fcs.bad" | "wpan.rssi" | "wpan.correlation");
            let breaks_off = |frame: &Dissection| {
                frame.notes.iter().any(|note| note.layer == "wpan" && note.text.starts_with("truncated"))
            };
            is_of_trailer && theirs.is_empty() && frames.last().is_some_and(breaks_off)
        },
    },
    History {
        reason: "RIOT's dispatcher: a ZEP datagram of type 255 says who listens and has no frame; Wireshark reads one",
        covers: |field, ours, _, frames| {
            let is_hello = frames.last().is_some_and(|frame| frame.number("zep.type") == Some(255));
            field.starts_with("wpan.") && ours.is_empty() && is_hello
        },
    },
    History {
        reason: "RFC 8200 section 8.1: a checksum covers the addresses, and those are not known without the context that they \
                 are compressed with; Wireshark takes zeros and calls the checksum bad",
        covers: |field, _, _, frames| {
            matches!(field, "udp.checksum.status" | "udp.checksum_calculated" | "icmpv6.checksum.status")
                && frames.last().is_some_and(|frame| frame.has_note(NoteKind::UnknownContext))
        },
    },
    History {
        reason: "MLE, which tells the short addresses of Thread, is not dissected here: they were given, as a user would",
        covers: |field, ours, theirs, _| field == "wpan.src64.origin" && ours.is_empty() && theirs.len() == 1,
    },
    History {
        reason: "the number of a key in the table: Wireshark derives the keys of all key sequences from one of Thread, and \
                 here each was given",
        covers: |field, ours, theirs, _| field == "wpan.key_number" && ours.len() == theirs.len(),
    },
];

/// Whether the last frame bears a fragment of a handshake message that an earlier frame between the same ends bore.
fn is_fragment_sent_again(frames: &[Dissection]) -> bool {
    let Some((last, before)) = frames.split_last() else { return false };
    let fragment = |frame: &Dissection| {
        let ends = [("ipv6.src", "udp.srcport"), ("ipv6.dst", "udp.dstport")]
            .map(|(address, port)| (frame.text(address).map(Cow::into_owned), frame.number(port)));
        let place = ["dtls.handshake.message_seq", "dtls.handshake.fragment_offset"].map(|field| frame.number(field));
        (ends, place)
    };
    last.field("dtls.handshake.fragment_offset").is_some()
        && before.iter().any(|frame| frame.field("dtls.handshake.type").is_some() && fragment(frame) == fragment(last))
}

/// Whether the last frame was decrypted under a DTLS session that a ClientHello between the same ends is about to replace.
fn is_of_replaced_session(frames: &[Dissection]) -> bool {
    let Some((last, before)) = frames.split_last() else { return false };
    let ends = |frame: &Dissection| {
        let mut ends = [("ipv6.src", "udp.srcport"), ("ipv6.dst", "udp.dstport")]
            .map(|(address, port)| (frame.text(address).map(Cow::into_owned), frame.number(port)));
        ends.sort();
        ends
    };
    let mut handshakes = before.iter().rev().filter(|frame| frame.field("dtls.handshake.type").is_some());
    last.number("dtls.decrypted") == Some(1)
        && handshakes.find(|frame| ends(frame) == ends(last)).is_some_and(|frame| frame.is_message("dtls.client_hello"))
}
