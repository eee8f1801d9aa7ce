//! CoAP (RFC 7252 4.4): a message ID is not used again for another message to the same endpoint within EXCHANGE_LIFETIME.

use std::collections::HashMap;

use suites::plan::Case;

use super::counters::is_restart;
use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word};

/// EXCHANGE_LIFETIME with the default parameters, in nanoseconds (RFC 7252 4.8.2).
const EXCHANGE_LIFETIME: u64 = 247_000_000_000;

/// Message IDs of the device's own messages: those that are no acknowledgement and no reset.
#[derive(Default)]
pub(crate) struct MessageIds {
    /// Address, port and ID -> what was sent, when, by which event.
    used: HashMap<(String, u64, u64), (String, u64, u64)>,
}

impl MessageIds {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for MessageIds {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, sight.iut()) {
            self.used.clear();
        }
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"coap.message")) else { return };
        if pdu.number("coap.type").is_none_or(|kind| kind > 1) {
            return;
        }
        let (Some(to), Some(port), Some(id)) =
            (pdu.text("ipv6.dst"), pdu.number("udp.dstport"), pdu.number("coap.mid"))
        else {
            return;
        };
        word.judge();
        let content = |field: &str| pdu.values(field).map(ToString::to_string).collect::<Vec<_>>().join(",");
        let content = ["coap.code", "coap.token", "coap.opt.uri_path", "coap.opt.uri_query", "coap.payload_bytes"]
            .map(content)
            .join(";");
        let now = (content, pdu.time, pdu.completed());
        let before = self.used.insert((to.to_owned(), port, id), now.clone());
        if let Some((content, time, event)) = before
            && content != now.0
            && pdu.time.saturating_sub(time) < EXCHANGE_LIFETIME
        {
            word.violation(
                format!("message ID {id} was that of another message to {to} before"),
                [event, pdu.completed()],
            );
        }
    }
}
