//! Rules: which outgoing messages of a tester machine are changed, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::craft::Value;

/// A rule on a machine's outgoing messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Message name, e.g. `dtls.client_hello`, `coap.put`, `sel.ssr`, `udp.datagram`.
    pub message: String,
    /// Fields that a message must have with these values for the rule to apply.
    pub matches: Vec<(String, Value)>,
    /// What becomes of it.
    pub change: Change,
    /// How many times the rule applies; 0: always.
    pub times: u32,
}

impl Rule {
    /// Refuses the rule if it sets a field that is none of `fields`, or matches one that cannot be read.
    pub(crate) fn check_fields(&self, fields: &[&str]) -> Result<(), RuleError> {
        let is_known = |field: &str| fields.contains(&field);
        let is_readable = |field: &str| is_known(field) && !is_write_only(field);
        let refuse = |field: &String, verb| {
            let (message, field) = (self.message.clone(), field.clone());
            Err(RuleError::UnknownField { message, field, verb })
        };
        if let Some((field, _)) = self.matches.iter().find(|(field, _)| !is_readable(field)) {
            return refuse(field, "matched");
        }
        match &self.change {
            Change::Override(fields) => match fields.keys().find(|field| !is_known(field)) {
                Some(field) => refuse(field, "set"),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

/// Fields of the link layer, which is added behind the rules, and those that are computed last.
fn is_write_only(field: &str) -> bool {
    const COMPUTED: &[&str] = &["ipv6.plen", "icmpv6.checksum", "icmpv6.length", "udp.checksum", "key"];
    field.starts_with("wpan.") || COMPUTED.contains(&field)
}

/// What a rule does to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Set fields, at their layers before protection.
    Override(BTreeMap<String, Value>),
    /// Do not send.
    Drop,
    /// Send twice: the second is the same octets.
    Duplicate,
    /// Send this much later.
    Delay(Duration),
    /// Hold back and send after the next message.
    Reorder,
    /// Flip one bit of the message as it is sent, after protection.
    Corrupt {
        /// Bit number: 0 is the most significant bit of the message's first octet; counted modulo the message's length.
        bit: u32,
    },
}

/// Why a rule was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The machine sends no such message, or it cannot be told from others.
    #[error("this machine sends no `{0}`")]
    UnknownMessage(String),
    /// The field is none of the message's, or cannot be set.
    #[error("`{field}` is no field of `{message}` that can be {verb}")]
    UnknownField {
        /// Message name.
        message: String,
        /// Field name.
        field: String,
        /// `set` or `matched`.
        verb: &'static str,
    },
}
