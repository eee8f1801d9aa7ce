//! Where Wireshark and the dissector may differ because of frames before: what only whole captures show.

use std::borrow::Cow;

use dissect::{Dissection, NoteKind, Value};

use crate::excuses_coap::is_behind_header;

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
];

/// Of requests and their responses.
pub(crate) const EXCHANGES: &[History] = &[
    History {
        reason: "RFC 7252 section 3: a message of a version that is not known is ignored, and what is behind its header is not \
                 defined; Wireshark goes on",
        covers: |field, _, _, frames| {
            let mut notes = frames.last().into_iter().flat_map(|frame| frame.notes.iter());
            is_behind_header(field)
                && notes.any(|note| note.kind == NoteKind::Unsupported && note.text.contains("coap.version"))
        },
    },
    History {
        reason: "RFC 7252 section 5.3.1: a token may have no octets, and its response has the same; Wireshark matches responses by \
                 tokens that have some",
        covers: |field, _, _, frames| {
            let Some(frame) = frames.last() else { return false };
            let is_response = frame.fields("coap.code").any(|code| code.number().is_some_and(|code| code >= 64));
            let has_no_token = frame.fields("coap.token_len").any(|length| length.number() == Some(0));
            field == "coap.opt.uri_path_recon" && is_response && has_no_token
        },
    },
    History {
        reason: "RFC 7252 section 5.3.1: a token may be used for the next exchange, and a response is that of the last request \
                 with it; Wireshark shows the path of one before",
        covers: |field, ours, theirs, frames| {
            let asked = asked_with_token(frames);
            let [before @ .., (_, last)] = &*asked else { return false };
            field == "coap.opt.uri_path_recon"
                && *last == ours
                && before.iter().any(|(_, path)| *path == theirs)
                && asked.iter().all(|(is_of_server, _)| *is_of_server)
        },
    },
    History {
        reason: "RFC 7252 section 5.3.2: a response comes from the end that was asked; Wireshark matches one from any other",
        covers: |field, ours, theirs, frames| {
            let asked = asked_with_token(frames);
            field == "coap.opt.uri_path_recon"
                && ours.is_empty()
                && asked.iter().any(|(_, path)| *path == theirs)
                && asked.iter().all(|(is_of_server, _)| !is_of_server)
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

/// The requests with the token of the last frame, which is a response: whether the end was asked that answers, and the path that
/// was shown.
fn asked_with_token(frames: &[Dissection]) -> Vec<(bool, Vec<Value>)> {
    let Some((last, before)) = frames.split_last() else { return Vec::new() };
    let end = |frame: &Dissection, address, port| (frame.text(address).map(Cow::into_owned), frame.number(port));
    let source = |frame: &Dissection| end(frame, "ipv6.src", "udp.srcport");
    let destination = |frame: &Dissection| end(frame, "ipv6.dst", "udp.dstport");
    let path = |frame: &Dissection| frame.fields("coap.opt.uri_path_recon").map(|field| field.value()).collect();
    if last.number("coap.is_response") != Some(1) {
        return Vec::new();
    }
    before
        .iter()
        .filter(|frame| frame.number("coap.is_request") == Some(1) && source(frame) == destination(last))
        .filter(|frame| frame.text("coap.token") == last.text("coap.token"))
        .map(|frame| (destination(frame) == source(last), path(frame)))
        .collect()
}
