//! Link keys that a request carries (`SEL` 6, `PROFILE-SEL` 16): whoever reads the PUT of a key can read what is secured under it.

use dissect::Value;
use record::Octets;
use record::event::Key;
use wire::coap::ContentFormat;

use super::pdu::Pdu;

/// The link keys in the key object of a request that was read. A request may be refused: a key that nobody takes opens nothing.
pub(super) fn of(pdu: &Pdu) -> Vec<Key> {
    let is_write = ["coap.put", "coap.post"].iter().any(|name| pdu.messages.contains(name));
    let is_key_object = pdu.number("coap.content_format") == Some(u64::from(ContentFormat::COAP_GROUP_JSON.0));
    if !is_write || !is_key_object || pdu.retransmission {
        return Vec::new();
    }
    let octets = pdu.values("coap.payload_bytes").last().and_then(octets).unwrap_or_default();
    let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(&octets) else { return Vec::new() };
    members.iter().filter_map(|(name, member)| key(name, member)).collect()
}

fn key(name: &str, member: &serde_json::Value) -> Option<Key> {
    let index = member.get("index").and_then(serde_json::Value::as_u64).or_else(|| name.parse().ok())?;
    let key = hex::decode(member.get("key")?.as_str()?).ok().filter(|key| key.len() == 16)?;
    Some(Key::Link { index: u8::try_from(index).ok()?, key: Octets(key) })
}

fn octets(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Text(text) => hex::decode(text.replace(':', "")).ok(),
        Value::Number(_) => None,
    }
}
