//! A PDU in a line for people: its name, and what is worth a glance.

use dissect::{MESSAGES, Value};
use suites::plan::Point;
use wire::coap::Code;
use wire::tls::{AlertDescription, CipherSuite};

use super::pdu::Pdu;
use crate::environment::Environment;

/// The name of a PDU; a flight of DTLS messages is called by all of them.
pub(crate) fn message(pdu: &Pdu) -> String {
    let names = dtls_messages(pdu);
    if names.is_empty() {
        return most_telling(&pdu.messages).to_owned();
    }
    let short = |(index, name): (usize, &String)| match name.strip_prefix("dtls.") {
        Some(short) if index > 0 => short.to_owned(),
        _ => name.clone(),
    };
    names.iter().enumerate().map(short).collect::<Vec<String>>().join(", ")
}

/// Of all names of a PDU the one that says most: the innermost layer's, and there the most specific.
fn most_telling<'a>(messages: &[&'a str]) -> &'a str {
    const GENERAL: [&str; 6] =
        ["wpan.data", "ipv6.packet", "udp.datagram", "coap.message", "coap.request", "dtls.application_data"];
    let specific = messages.iter().rev().find(|name| !GENERAL.contains(*name));
    specific.or_else(|| messages.last()).copied().unwrap_or("frame")
}

/// Every record of a datagram and every handshake message in it, in order; a CoAP message stands for its record.
fn dtls_messages(pdu: &Pdu) -> Vec<String> {
    const ENCRYPTED: &str = "dtls.handshake, encrypted";
    let mut names: Vec<String> = Vec::new();
    for (field, value) in &pdu.fields {
        let Some(number) = value.number() else { continue };
        let name = match field.as_ref() {
            "dtls.record.content_type" if number == 22 => ENCRYPTED.to_owned(),
            "dtls.record.content_type" | "dtls.handshake.type" => named_by(field, number),
            // Within a record: plain CoAP has no DTLS layer around it.
            "coap.code" if !names.is_empty() => most_telling(&pdu.messages).to_owned(),
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

/// What is worth a glance. Never a payload: it may be a key.
pub(crate) fn info(pdu: &Pdu, environment: &Environment) -> String {
    let mut words = Vec::new();
    words.extend(ends(pdu, environment));
    bootstrap_layer(pdu, environment, &mut words);
    routing(pdu, environment, &mut words);
    words.extend(pdu.number("icmpv6.echo.sequence_number").map(|sequence| format!("sequence {sequence}")));
    dtls(pdu, &mut words);
    coap(pdu, &mut words);
    for field in ["ut.event", "ut.status", "ut.state", "ut.secured", "ut.neighbour"] {
        words.extend(pdu.values(field).next().map(|value| format!("{} {value}", field.trim_start_matches("ut."))));
    }
    words.extend(pdu.notes.iter().cloned());
    words.join(", ")
}

/// Who made a packet and whom it is for, where others carry it.
fn ends(pdu: &Pdu, environment: &Environment) -> Option<String> {
    let origin = pdu.origin.as_deref()?;
    let address = pdu.text("ipv6.dst")?;
    let destination = environment.board_by_address(address)?;
    let relayed = pdu.from.as_deref() != Some(origin) || pdu.to.as_deref() != Some(destination);
    (pdu.point == Point::Air && relayed).then(|| format!("{origin} → {destination}"))
}

fn bootstrap_layer(pdu: &Pdu, environment: &Environment, words: &mut Vec<String>) {
    let Some(eui64) = pdu.text("sel.eui64") else { return };
    let mut boards = environment.properties.iter();
    let board = boards.find(|(_, properties)| properties.get("eui64").is_some_and(|own| same_eui64(own, eui64)));
    words.push(format!("EUI-64 {}", board.map_or_else(|| eui64.to_owned(), |(name, _)| format!("of {name}"))));
    // Units of 60 s (SEL 5.3.1).
    words.extend(pdu.number("sel.registration_lifetime").filter(|it| *it > 0).map(|it| format!("lifetime {it} min")));
    for (field, name) in [("sel.status", "status"), ("sel.reserved", "reserved")] {
        words.extend(pdu.number(field).filter(|value| *value > 0).map(|value| format!("{name} {value}")));
    }
}

/// The rank of a DIO, and whom a DAO says to be below its sender.
fn routing(pdu: &Pdu, environment: &Environment, words: &mut Vec<String>) {
    words.extend(pdu.number("icmpv6.rpl.dio.rank").map(|rank| match rank {
        0xffff => "infinite rank".to_owned(),
        rank => format!("rank {rank}"),
    }));
    let targets = pdu.values("icmpv6.rpl.opt.target.prefix").map(|target| {
        let target = target.to_string();
        environment.board_by_address(&target).map(ToOwned::to_owned).unwrap_or(target)
    });
    let targets: Vec<String> = targets.collect();
    if !targets.is_empty() {
        // Path lifetime 0 takes a route back (RFC 6550 section 6.7.8).
        let gone = pdu.number("icmpv6.rpl.opt.transit.pathlifetime") == Some(0);
        words.push(format!("{} {}", if gone { "no path to" } else { "path to" }, targets.join(" ")));
    }
}

/// Whether two texts are the same EUI-64, with or without separators.
fn same_eui64(a: &str, b: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_ascii_lowercase();
    digits(a) == digits(b)
}

fn dtls(pdu: &Pdu, words: &mut Vec<String>) {
    let client_hello = pdu.messages.contains(&"dtls.client_hello");
    if client_hello && pdu.number("dtls.handshake.cookie_length").is_some_and(|length| length > 0) {
        words.push("with cookie".into());
    }
    let suites: Vec<String> = pdu
        .values("dtls.handshake.ciphersuite")
        .filter_map(|value| u16::try_from(value.number()?).ok())
        .map(|number| CipherSuite(number).to_string())
        .collect();
    match suites.as_slice() {
        [] => {}
        [one] => words.push(one.clone()),
        [first, others @ ..] => words.push(format!("{first} and {} more", others.len())),
    }
    if pdu.number("dtls.record.content_type") == Some(21) {
        let level = match pdu.number("dtls.alert_message.level") {
            Some(1) => "warning",
            Some(2) => "fatal",
            Some(_) => "of unknown level",
            None => "encrypted",
        };
        let description = pdu.number("dtls.alert_message.desc").and_then(|it| u8::try_from(it).ok());
        words.extend(description.map(|it| AlertDescription::from(it).to_string()));
        words.push(level.into());
    }
}

fn coap(pdu: &Pdu, words: &mut Vec<String>) {
    let Some(code) = pdu.number("coap.code").and_then(|code| u8::try_from(code).ok()).map(Code) else { return };
    let kind = ["confirmable", "non-confirmable", "acknowledgement", "reset"];
    let kind = pdu.number("coap.type").and_then(|it| kind.get(usize::try_from(it).ok()?)).copied();
    if code.is_request() {
        words.extend(pdu.values("coap.opt.uri_path_recon").map(Value::to_string));
    } else if code == Code::EMPTY {
        words.extend(kind.map(ToOwned::to_owned));
    } else {
        words.push(format!("{code} {}", reason_phrase(code)).trim_end().to_owned());
    }
    words.extend(pdu.number("coap.content_format").map(|format| format!("content-format {format}")));
    words.extend(pdu.number("coap.payload_length").filter(|it| *it > 0).map(|it| format!("{it} octets of payload")));
}

/// The names of the response codes (RFC 7252 5.9, RFC 8132 4).
fn reason_phrase(code: Code) -> &'static str {
    match code {
        Code::CREATED => "Created",
        Code::DELETED => "Deleted",
        Code::VALID => "Valid",
        Code::CHANGED => "Changed",
        Code::CONTENT => "Content",
        Code::BAD_REQUEST => "Bad Request",
        Code::UNAUTHORIZED => "Unauthorized",
        Code::BAD_OPTION => "Bad Option",
        Code::FORBIDDEN => "Forbidden",
        Code::NOT_FOUND => "Not Found",
        Code::METHOD_NOT_ALLOWED => "Method Not Allowed",
        Code::NOT_ACCEPTABLE => "Not Acceptable",
        Code::CONFLICT => "Conflict",
        Code::PRECONDITION_FAILED => "Precondition Failed",
        Code::REQUEST_ENTITY_TOO_LARGE => "Request Entity Too Large",
        Code::UNSUPPORTED_CONTENT_FORMAT => "Unsupported Content-Format",
        Code::INTERNAL_SERVER_ERROR => "Internal Server Error",
        Code::NOT_IMPLEMENTED => "Not Implemented",
        Code::SERVICE_UNAVAILABLE => "Service Unavailable",
        Code::PROXYING_NOT_SUPPORTED => "Proxying Not Supported",
        _ => "",
    }
}
