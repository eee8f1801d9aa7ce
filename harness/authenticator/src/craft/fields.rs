//! Which fields each message has.

use super::layer::Message;
use super::messages;

const FRAME: &[&str] =
    &["wpan.seq_no", "wpan.src64", "wpan.dst64", "wpan.dst16", "wpan.dst_pan", "wpan.ack_request", "wpan.fcs"];
const SECURITY: &[&str] =
    &["wpan.aux_sec.sec_level", "wpan.aux_sec.frame_counter", "wpan.aux_sec.key_index", "wpan.mic", "key"];
const LOWPAN: &[&str] = &["fragments", "6lowpan.frag.size", "6lowpan.frag.tag"];

/// The fields of a message above the link layer; `None`: no such message can be crafted.
pub(crate) fn packet_fields(message: &str) -> Option<Vec<&'static str>> {
    messages::named(message).filter(|message| message.can_be_crafted()).map(Message::fields)
}

/// The fields of a message that can be overridden; those of link security (`wpan.aux_sec.*`, `wpan.mic`, `key`) only if
/// it is protected. `None`: no such message can be crafted.
pub fn fields(message: &str) -> Option<Vec<&'static str>> {
    let lowpan = if message == "wpan.data" { &[] } else { LOWPAN };
    packet_fields(message).map(|packet| [FRAME, SECURITY, lowpan, &packet].concat())
}
