//! Where Wireshark and the dissector may differ about DTLS because of frames before, each with the reason.

use std::borrow::Cow;

use dissect::{Dissection, NoteKind, Value};

use crate::excuses_history::History;

/// All of them.
pub(crate) const SESSIONS: &[History] = &[
    History {
        reason: "RFC 6347 section 4.2.8: a session stays until the new handshake is complete; Wireshark forgets its keys at \
                 the ClientHello",
        covers: |_, _, theirs, frames| theirs.is_empty() && is_of_replaced_session(frames),
    },
    History {
        reason: "RFC 5246 sections 6.3, 8.1: the master secret, which the key log has, and the randoms of the hellos make the keys; \
                 Wireshark makes them at the ChangeCipherSpec behind a ServerHello, and does not know a request before it",
        covers: |field, _, theirs, frames| {
            let is_path = field == "coap.opt.uri_path_recon";
            theirs.is_empty()
                && (is_ahead_of_change_cipher_spec(frames) || is_path && is_answer_to_early_request(frames))
        },
    },
    History {
        reason: "RFC 6347 section 4.2.3: fragments of a message may overlap those that came before, also of one that is sent again; \
                 Wireshark calls that a fault, does not reassemble, and ends there",
        covers: |field, ours, theirs, frames| {
            field.starts_with("dtls.") && ours.starts_with(theirs) && is_fragment_over_another(frames)
        },
    },
    History {
        reason: "RFC 6347 section 4.1: a record of an epoch above 0 is under a cipher; Wireshark reads it as one in the clear if it \
                 knows no cipher",
        covers: |field, ours, _, frames| {
            let is_closed = |frame: &Dissection| {
                frame.fields("dtls.record.epoch").any(|epoch| epoch.number() != Some(0))
                    && frame.fields("dtls.decrypted").any(|decrypted| decrypted.number() == Some(0))
            };
            field.starts_with("dtls.handshake.") && ours.is_empty() && frames.last().is_some_and(is_closed)
        },
    },
    History {
        reason: "RFC 6347 section 4.1.2.7, RFC 5246 section 6.2.1: a record of a content type that is not known is discarded; \
                 Wireshark shows nothing of it",
        covers: |field, ours, theirs, frames| {
            field.starts_with("dtls.record.")
                && ours.len() > theirs.len()
                && frames.last().is_some_and(|frame| of_known_content_types(field, frame).as_slice() == theirs)
        },
    },
    History {
        reason: "no specification says what is shown of a handshake message that is malformed or goes beyond its record: both show \
                 the same values, one stops earlier",
        covers: |field, ours, theirs, frames| {
            let is_beginning = ours.starts_with(theirs) || theirs.starts_with(ours);
            field.starts_with("dtls.handshake.") && is_beginning && is_malformed(frames, "")
        },
    },
    History {
        reason: "RFC 5246 section 7.4.2, RFC 7250 section 3: a certificate has as many octets as its length says; Wireshark shows those \
                 of its outermost DER, and nothing of what is none",
        covers: |field, ours, theirs, _| {
            // A SEQUENCE.
            let shown = || ours.iter().filter_map(Value::text).filter(|text| text.starts_with("30"));
            let is_front = |(theirs, ours): (&Value, &str)| theirs.text().is_some_and(|text| ours.starts_with(text));
            field == "dtls.handshake.certificate"
                && shown().count() == theirs.len()
                && theirs.iter().zip(shown()).all(is_front)
        },
    },
    History {
        reason: "RFC 5246 section 7.2: an alert is a level and a description; Wireshark shows nothing of one that ends before",
        covers: |field, _, theirs, frames| {
            let text = "truncated: dtls.alert_message.desc";
            field == "dtls.alert_message.level" && theirs.is_empty() && is_malformed(frames, text)
        },
    },
];

/// Whether the last frame has a note of DTLS octets that end too early.
fn is_malformed(frames: &[Dissection], text: &str) -> bool {
    frames.last().is_some_and(|frame| {
        let mut notes = frame.notes.iter();
        notes.any(|note| note.kind == NoteKind::Malformed && note.layer == "dtls" && note.text.starts_with(text))
    })
}

/// The values of a field in the records of content types that RFC 5246 section 6.2.1 and RFC 6520 assign.
fn of_known_content_types(field: &str, frame: &Dissection) -> Vec<Value> {
    let records = frame.layers().filter(|layer| layer.name == "dtls");
    let known = records.filter(|layer| {
        let content_type = layer.field("dtls.record.content_type").and_then(|field| field.number());
        content_type.is_some_and(|number| (20..=24).contains(&number))
    });
    known.flat_map(|layer| layer.fields(field).map(|field| field.value()).collect::<Vec<_>>()).collect()
}

/// From where to where.
fn way(frame: &Dissection) -> [(Option<String>, Option<u64>); 2] {
    [("ipv6.src", "udp.srcport"), ("ipv6.dst", "udp.dstport")]
        .map(|(address, port)| (frame.text(address).map(Cow::into_owned), frame.number(port)))
}

/// Sequence number of the message, and the octets of it, of each part of a handshake message in a frame that has not all of it.
fn fragments(frame: &Dissection) -> Vec<(Option<u64>, std::ops::Range<u64>)> {
    let numbers = |name| frame.fields(name).map(|field| field.number()).collect::<Vec<_>>();
    let [sequence, offset, length, whole] = [
        "dtls.handshake.message_seq",
        "dtls.handshake.fragment_offset",
        "dtls.handshake.fragment_length",
        "dtls.handshake.length",
    ]
    .map(numbers);
    let mut parts = Vec::new();
    for (((sequence, offset), length), whole) in sequence.into_iter().zip(offset).zip(length).zip(whole) {
        if let (Some(offset), Some(length)) = (offset, length)
            && whole != Some(length)
        {
            parts.push((sequence, offset..offset + length));
        }
    }
    parts
}

/// Whether the last frame bears a fragment of a handshake message that has octets which an earlier frame on the same way bore.
fn is_fragment_over_another(frames: &[Dissection]) -> bool {
    let Some((last, before)) = frames.split_last() else { return false };
    let new = fragments(last);
    let overlap = |(sequence, octets): &(Option<u64>, std::ops::Range<u64>)| {
        new.iter().any(|(other, range)| sequence == other && octets.start < range.end && range.start < octets.end)
    };
    !new.is_empty() && before.iter().any(|frame| fragments(frame).iter().any(overlap) && way(frame) == way(last))
}

/// What the handshake between the ends of the last frame has come to, if that was decrypted: of ClientHello, ServerHello and
/// ChangeCipherSpec the latest first, back to the ClientHello.
fn progress(frames: &[Dissection]) -> Vec<&'static str> {
    const STEPS: [&str; 3] = ["dtls.client_hello", "dtls.server_hello", "dtls.change_cipher_spec"];
    let Some((last, before)) = frames.split_last() else { return Vec::new() };
    let is_decrypted = last.fields("dtls.decrypted").any(|decrypted| decrypted.number() == Some(1));
    if !is_decrypted || last.is_message("dtls.change_cipher_spec") {
        return Vec::new();
    }
    let ends = |frame: &Dissection| {
        let mut ends = way(frame);
        ends.sort();
        ends
    };
    let mut steps = Vec::new();
    for frame in before.iter().rev().filter(|frame| frame.has_layer("dtls") && ends(frame) == ends(last)) {
        steps.extend(STEPS.iter().rev().filter(|step| frame.is_message(step)));
        if steps.contains(&STEPS[0]) {
            break;
        }
    }
    steps
}

/// Whether the last frame was decrypted under a session that a ClientHello between the same ends is about to replace.
fn is_of_replaced_session(frames: &[Dissection]) -> bool {
    progress(frames) == ["dtls.client_hello"]
}

/// Whether the last frame was decrypted with no ChangeCipherSpec behind the last ServerHello, which may have been sent again.
fn is_ahead_of_change_cipher_spec(frames: &[Dissection]) -> bool {
    progress(frames).first() == Some(&"dtls.server_hello")
}

/// Whether the last frame is a response to requests that came ahead of the ChangeCipherSpec.
fn is_answer_to_early_request(frames: &[Dissection]) -> bool {
    let Some((last, before)) = frames.split_last() else { return false };
    let [source, destination] = way(last);
    let is_asked = |frame: &Dissection| {
        frame.number("coap.is_request") == Some(1)
            && frame.text("coap.token") == last.text("coap.token")
            && way(frame) == [destination.clone(), source.clone()]
    };
    let asked: Vec<usize> = (0..before.len()).filter(|index| before.get(*index).is_some_and(is_asked)).collect();
    let is_early = |index: &usize| before.get(..=*index).is_some_and(is_ahead_of_change_cipher_spec);
    last.number("coap.is_response") == Some(1) && !asked.is_empty() && asked.iter().all(is_early)
}
