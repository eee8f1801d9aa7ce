//! DTLS records in a datagram on its way out: which messages they are, and their fields (RFC 6347 4.1, 4.2.2).

use wire::dtls::records;
use wire::tls::{ContentType, HandshakeType};

use super::{data, ipv6, udp};
use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{Begins, Layer, Message};
use crate::craft::{CraftError, Value};

const fn layer(fields: &'static [&'static str]) -> Layer {
    Layer { fields, written_by: Some("DTLS"), get: get_in, set: set_in, ..Layer::NONE }
}

const RECORD: Layer = layer(&[
    "dtls.record.content_type",
    "dtls.record.version",
    "dtls.record.epoch",
    "dtls.record.sequence_number",
    "dtls.record.length",
]);
const HANDSHAKE: Layer = layer(&[
    "dtls.handshake.type",
    "dtls.handshake.length",
    "dtls.handshake.message_seq",
    "dtls.handshake.fragment_offset",
    "dtls.handshake.fragment_length",
]);
const CLIENT_HELLO: Layer = layer(&["dtls.handshake.version", "dtls.handshake.ciphersuite"]);

/// A message of a client; those under protection are told by their record type alone.
macro_rules! message {
    ($name:literal $(, $layer:ident)*) => {
        Message {
            name: $name,
            layers: &[&RECORD, $(&$layer,)* &ipv6::LAYER, &udp::LAYER, &data::LAYER],
            is: |draft| records_in(draft).iter().any(|(name, _)| *name == $name),
            is_readable: true,
            begins: Begins::Payload(at),
            ..Message::NONE
        }
    };
}

pub(super) const MESSAGES: &[Message] = &[
    message!("dtls.client_hello", HANDSHAKE, CLIENT_HELLO),
    message!("dtls.client_key_exchange", HANDSHAKE),
    message!("dtls.change_cipher_spec"),
    message!("dtls.finished"),
    message!("dtls.application_data"),
    message!("dtls.alert"),
];

/// The records of a datagram.
fn records_in(draft: &Draft) -> Vec<(&'static str, usize)> {
    match &draft.upper {
        // Whatever the port: a device may have its server elsewhere, and nothing else looks like records.
        Upper::Udp { payload, .. } => messages(payload),
        _ => Vec::new(),
    }
}

/// Where in a payload the first message of this name begins.
fn at(payload: &[u8], message: &str) -> Option<usize> {
    messages(payload).into_iter().find(|(name, _)| *name == message).map(|(_, at)| at)
}

/// What the first record that has the field holds there.
fn get_in(draft: &Draft, field: &str) -> Option<Value> {
    let Upper::Udp { payload, .. } = &draft.upper else { return None };
    records_in(draft).into_iter().find_map(|(_, at)| get(payload, at, field))
}

/// Sets a field of the first record that is the message.
fn set_in(draft: &mut Draft, message: &str, field: &str, value: &Value) -> Result<bool, CraftError> {
    let found = records_in(draft).into_iter().find(|(name, _)| *name == message);
    match (found, &mut draft.upper) {
        (Some((_, at)), Upper::Udp { payload, .. }) => set(payload, at, field, value),
        _ => Ok(false),
    }
}

const RECORD_HEADER: usize = 13;
const HANDSHAKE_HEADER: usize = 12;

/// The messages in a datagram, each with the offset of its record.
fn messages(datagram: &[u8]) -> Vec<(&'static str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    for record in records(datagram) {
        let Ok(record) = record else { break };
        let name = match (record.header.content_type, record.header.epoch) {
            (ContentType::Handshake, 0) => match record.fragment.first().map(|octet| HandshakeType::from(*octet)) {
                Some(HandshakeType::ClientHello) => Some("dtls.client_hello"),
                Some(HandshakeType::ClientKeyExchange) => Some("dtls.client_key_exchange"),
                _ => None,
            },
            // A client protects no other handshake message.
            (ContentType::Handshake, _) => Some("dtls.finished"),
            (ContentType::ChangeCipherSpec, _) => Some("dtls.change_cipher_spec"),
            (ContentType::Alert, _) => Some("dtls.alert"),
            (ContentType::ApplicationData, _) => Some("dtls.application_data"),
            _ => None,
        };
        found.extend(name.map(|name| (name, at)));
        at += RECORD_HEADER + record.fragment.len();
    }
    found
}

/// Offset in the record and length of a field.
fn place(record: &[u8], field: &str) -> Option<(usize, usize)> {
    const BODY: usize = RECORD_HEADER + HANDSHAKE_HEADER;
    Some(match field {
        "dtls.record.content_type" => (0, 1),
        "dtls.record.version" => (1, 2),
        "dtls.record.epoch" => (3, 2),
        "dtls.record.sequence_number" => (5, 6),
        "dtls.record.length" => (11, 2),
        "dtls.handshake.type" => (13, 1),
        "dtls.handshake.length" => (14, 3),
        "dtls.handshake.message_seq" => (17, 2),
        "dtls.handshake.fragment_offset" => (19, 3),
        "dtls.handshake.fragment_length" => (22, 3),
        "dtls.handshake.version" => (BODY, 2),
        // Behind version, random, session ID and cookie; the first one offered.
        "dtls.handshake.ciphersuite" => {
            let session_id = BODY + 2 + 32;
            let cookie = session_id + 1 + usize::from(*record.get(session_id)?);
            (cookie + 1 + usize::from(*record.get(cookie)?) + 2, 2)
        }
        _ => return None,
    })
}

/// Sets a field of the record at `at`; `false`: it has no such field.
fn set(datagram: &mut [u8], at: usize, field: &str, value: &Value) -> Result<bool, CraftError> {
    let Some(record) = datagram.get_mut(at..) else { return Ok(false) };
    let Some((offset, length)) = place(record, field) else { return Ok(false) };
    let number: u64 = value.number(field, "a number")?;
    let octets = number.to_be_bytes();
    let octets = octets.get(8 - length..).unwrap_or_default();
    if length < 8 && number >> (8 * length) != 0 {
        let value = value.to_string();
        return Err(CraftError::BadValue { field: field.to_owned(), value, expected: "a number that fits the field" });
    }
    let Some(place) = record.get_mut(offset..offset + length) else { return Ok(false) };
    place.copy_from_slice(octets);
    Ok(true)
}

/// What a field of the record at `at` holds.
fn get(datagram: &[u8], at: usize, field: &str) -> Option<Value> {
    let record = datagram.get(at..)?;
    let (offset, length) = place(record, field)?;
    let octets = record.get(offset..offset + length)?;
    Some(Value::Number(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))))
}
