//! Rules on IPv6 packets that a machine sends readable: plain ones, and the outside of DTLS.

use wire::ipv6;

use super::book::{Decision, RuleBook};
use super::dtls_fields;
use crate::craft::draft::{Draft, Upper};
use crate::craft::fields::packet_fields;
use crate::craft::{CraftError, Value, flip};

/// The messages of a backbone machine that are changed outside of it.
const PLAIN: &[&str] = &["icmpv6.echo_reply", "udp.datagram", "ipv6.packet"];

/// The fields of a message; `None`: rules on it cannot be applied here.
pub(super) fn fields(message: &str) -> Option<Vec<&'static str>> {
    if PLAIN.contains(&message) {
        return packet_fields(message);
    }
    let outer = packet_fields("udp.datagram").unwrap_or_default();
    dtls_fields::MESSAGES.contains(&message).then(|| [dtls_fields::fields(message), outer].concat())
}

/// A packet as the rules want it, what is wrong with it, and what else is to happen to it.
pub(super) fn change(
    packet: &[u8],
    wrong_on_purpose: Option<String>,
    rules: &mut RuleBook,
) -> Result<(Vec<u8>, Option<String>, Decision), CraftError> {
    let mut draft = Draft::parse(packet)?;
    let records = match &draft.upper {
        // Whatever the port: a device may have its server elsewhere, and nothing else looks like records.
        Upper::Udp { payload, .. } => dtls_fields::messages(payload),
        _ => Vec::new(),
    };
    let mut names = draft.names();
    names.extend(records.iter().map(|(name, _)| *name));
    let get = |field: &str| match &draft.upper {
        Upper::Udp { payload, .. } if field.starts_with("dtls.") => {
            records.iter().find_map(|(_, at)| dtls_fields::get(payload, *at, field))
        }
        _ => draft.get(field),
    };
    let decision = rules.decide(&names, get);
    if decision.overrides.is_empty() && decision.corrupt.is_empty() {
        return Ok((packet.to_vec(), wrong_on_purpose, decision));
    }
    let mut wrong = wrong_on_purpose;
    for (message, field, value) in &decision.overrides {
        let known = if field.starts_with("dtls.") {
            wrong.get_or_insert_with(|| format!("{field} is changed after DTLS has written it"));
            set_dtls(&mut draft, &records, message, field, value)?
        } else {
            draft.set(field, value)?
        };
        if !known {
            return Err(CraftError::UnknownField { message: message.clone(), field: field.clone() });
        }
    }
    for (message, bit) in decision.corrupt.iter().filter(|(message, _)| message.starts_with("dtls.")) {
        if let Upper::Udp { payload, .. } = &mut draft.upper {
            let at = records.iter().find(|(name, _)| name == message).map_or(0, |(_, at)| *at);
            flip(payload.get_mut(at..).unwrap_or_default(), *bit);
            wrong.get_or_insert_with(|| "a bit of the record is flipped".to_owned());
        }
    }
    let (mut bytes, malformed) = draft.encode()?;
    for (message, bit) in decision.corrupt.iter().filter(|(message, _)| !message.starts_with("dtls.")) {
        let at = if message == "ipv6.packet" { 0 } else { ipv6::HEADER_LENGTH };
        flip(bytes.get_mut(at..).unwrap_or_default(), *bit);
        wrong.get_or_insert_with(|| "a bit of the packet is flipped".to_owned());
    }
    Ok((bytes, malformed.or(wrong), decision))
}

fn set_dtls(
    draft: &mut Draft,
    records: &[(&str, usize)],
    message: &str,
    field: &str,
    value: &Value,
) -> Result<bool, CraftError> {
    let Upper::Udp { payload, .. } = &mut draft.upper else { return Ok(false) };
    match records.iter().find(|(name, _)| *name == message) {
        Some((_, at)) => dtls_fields::set(payload, *at, field, value),
        None => Ok(false),
    }
}
