//! DTLS: a datagram is called by all of its records and handshake messages; hellos by their suites, alerts by what they say.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wire::tls::{AlertDescription, CipherSuite};

use super::{Facts, Info};
use crate::messages::MESSAGES;

pub(super) const INFO: Info = Info { words, names, prefix: "dtls." };

fn words(facts: &Facts<'_>, words: &mut Vec<String>) {
    let client_hello = facts.is("dtls.client_hello");
    if client_hello && facts.number("dtls.handshake.cookie_length").is_some_and(|length| length > 0) {
        words.push("with cookie".into());
    }
    let suites: Vec<String> = facts
        .values("dtls.handshake.ciphersuite")
        .filter_map(|value| u16::try_from(value.number()?).ok())
        .map(|number| CipherSuite(number).to_string())
        .collect();
    match suites.as_slice() {
        [] => {}
        [one] => words.push(one.clone()),
        [first, others @ ..] => words.push(format!("{first} and {} more", others.len())),
    }
    if facts.number("dtls.record.content_type") == Some(21) {
        let level = match facts.number("dtls.alert_message.level") {
            Some(1) => "warning",
            Some(2) => "fatal",
            Some(_) => "of unknown level",
            None => "encrypted",
        };
        let description = facts.number("dtls.alert_message.desc").and_then(|it| u8::try_from(it).ok());
        words.extend(description.map(|it| AlertDescription::from(it).to_string()));
        words.push(level.into());
    }
}

/// Every record of a datagram and every handshake message in it, in order; a CoAP message stands for its record.
fn names(facts: &Facts<'_>) -> Vec<String> {
    const ENCRYPTED: &str = "dtls.handshake, encrypted";
    let mut names: Vec<String> = Vec::new();
    for (field, value) in facts.fields {
        let Some(number) = value.number() else { continue };
        let name = match field.as_ref() {
            "dtls.record.content_type" if number == 22 => ENCRYPTED.to_owned(),
            "dtls.record.content_type" | "dtls.handshake.type" => named_by(field, number),
            // Within a record: plain CoAP has no DTLS layer around it.
            "coap.code" if !names.is_empty() => facts.most_telling().to_owned(),
            _ => continue,
        };
        let replaced = match names.last().map(String::as_str) {
            Some(ENCRYPTED) => field == "dtls.handshake.type",
            Some("dtls.application_data") => field == "coap.code",
            Some(last) => last == name,
            None => false,
        };
        if replaced {
            names.pop();
        }
        names.push(name);
    }
    names
}

/// The message that one field tells.
fn named_by(field: &str, number: u64) -> String {
    let known = MESSAGES.iter().find(|message| message.matches == [(field, number)]);
    known
        .map_or_else(|| format!("dtls.{} {number}", field.rsplit('.').next().unwrap_or(field)), |it| it.name.to_owned())
}
