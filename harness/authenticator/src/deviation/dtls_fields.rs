//! DTLS records in a datagram on its way out: which messages they are, and their fields (RFC 6347 4.1, 4.2.2).

use wire::dtls::records;
use wire::tls::{ContentType, HandshakeType};

use crate::craft::{CraftError, Value};

/// The messages that can be told apart; those under protection by their record type alone.
pub(super) const MESSAGES: &[&str] = &[
    "dtls.client_hello",
    "dtls.client_key_exchange",
    "dtls.change_cipher_spec",
    "dtls.finished",
    "dtls.application_data",
    "dtls.alert",
];

const RECORD: &[&str] = &[
    "dtls.record.content_type",
    "dtls.record.version",
    "dtls.record.epoch",
    "dtls.record.sequence_number",
    "dtls.record.length",
];
const HANDSHAKE: &[&str] = &[
    "dtls.handshake.type",
    "dtls.handshake.length",
    "dtls.handshake.message_seq",
    "dtls.handshake.fragment_offset",
    "dtls.handshake.fragment_length",
];
const CLIENT_HELLO: &[&str] = &["dtls.handshake.version", "dtls.handshake.ciphersuite"];

/// The fields of a message.
pub(super) fn fields(message: &str) -> Vec<&'static str> {
    match message {
        "dtls.client_hello" => [RECORD, HANDSHAKE, CLIENT_HELLO].concat(),
        "dtls.client_key_exchange" => [RECORD, HANDSHAKE].concat(),
        _ => RECORD.to_vec(),
    }
}

const RECORD_HEADER: usize = 13;
const HANDSHAKE_HEADER: usize = 12;

/// The messages in a datagram, each with the offset of its record.
pub(super) fn messages(datagram: &[u8]) -> Vec<(&'static str, usize)> {
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
pub(super) fn set(datagram: &mut [u8], at: usize, field: &str, value: &Value) -> Result<bool, CraftError> {
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
pub(super) fn get(datagram: &[u8], at: usize, field: &str) -> Option<Value> {
    let record = datagram.get(at..)?;
    let (offset, length) = place(record, field)?;
    let octets = record.get(offset..offset + length)?;
    Some(Value::Number(octets.iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))))
}
