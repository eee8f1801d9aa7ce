//! Rules on IPv6 packets that a machine sends readable: plain ones, and the outside of DTLS.

use wire::ipv6;

use super::book::{Decision, RuleBook};
use crate::craft::draft::{Draft, Upper};
use crate::craft::layer::{Begins, Message};
use crate::craft::{CraftError, flip, messages};

/// The fields of a message; `None`: rules on it cannot be applied here.
pub(super) fn fields(message: &str) -> Option<Vec<&'static str>> {
    messages::named(message).filter(|message| message.is_readable).map(Message::fields)
}

/// A packet as the rules want it, what is wrong with it, and what else is to happen to it.
pub(super) fn change(
    packet: &[u8],
    wrong_on_purpose: Option<String>,
    rules: &mut RuleBook,
) -> Result<(Vec<u8>, Option<String>, Decision), CraftError> {
    let mut draft = Draft::parse(packet)?;
    let decision = rules.decide(&draft.names(), |field| draft.get(field));
    if decision.overrides.is_empty() && decision.corrupt.is_empty() {
        return Ok((packet.to_vec(), wrong_on_purpose, decision));
    }
    let mut wrong = wrong_on_purpose;
    for (message, field, value) in &decision.overrides {
        if let Some(by) = messages::layers_with(field).find_map(|layer| layer.written_by) {
            wrong.get_or_insert_with(|| format!("{field} is changed after {by} has written it"));
        }
        if !draft.set(message, field, value)? {
            return Err(CraftError::UnknownField { message: message.clone(), field: field.clone() });
        }
    }
    let begins = |message: &str| messages::named(message).map_or(Begins::Upper, |message| message.begins);
    for (message, bit) in &decision.corrupt {
        if let (Begins::Payload(at), Upper::Udp { payload, .. }) = (begins(message), &mut draft.upper) {
            let at = at(payload, message).unwrap_or(0);
            flip(payload.get_mut(at..).unwrap_or_default(), *bit);
            wrong.get_or_insert_with(|| "a bit of the record is flipped".to_owned());
        }
    }
    let (mut bytes, malformed) = draft.encode()?;
    for (message, bit) in &decision.corrupt {
        let at = match begins(message) {
            Begins::Packet => 0,
            Begins::Upper => ipv6::HEADER_LENGTH,
            Begins::Payload(_) => continue,
        };
        flip(bytes.get_mut(at..).unwrap_or_default(), *bit);
        wrong.get_or_insert_with(|| "a bit of the packet is flipped".to_owned());
    }
    Ok((bytes, malformed.or(wrong), decision))
}
