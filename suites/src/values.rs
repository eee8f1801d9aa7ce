//! What values a field can have, and what a message can hold: a constraint that no message could meet makes a case that
//! nobody can pass (or, in a `never`, one that nobody can fail), so it is refused when it is loaded.

use std::net::Ipv6Addr;

use dissect::MessageInfo;
use wire::Eui64;
use wire::upper_tester::table::{self, Kind};

use crate::plan::{Constraint, Match, Operand, Point};

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Numbers from 0 to this one.
    UpTo(u64),
    /// Extended addresses.
    Eui64,
    /// IPv6 addresses.
    Ipv6,
    /// Octets as pairs of hex digits.
    Octets,
    /// One of these words.
    Words(&'static [&'static str]),
    /// The name of an event of UT/1.
    Event,
    /// A word that a device may tell under this key of UT/1, whose values are words.
    Told(&'static str),
    /// Anything.
    Free,
}

/// How an answer of UT/1 begins.
const STATUSES: &[&str] = &["ok", "error", "unimplemented"];

impl Values {
    /// The values of a field of a message or of an answer.
    pub(crate) fn of(field: &str) -> Self {
        match field {
            "ut.event" => return Self::Event,
            "ut.status" => return Self::Words(STATUSES),
            _ => {}
        }
        if let Some(key) = field.strip_prefix("ut.") {
            return Self::of_key(key);
        }
        match dissect::field(field).map(|info| info.kind) {
            Some(dissect::FieldKind::Uint { bits }) => {
                Self::UpTo(1u64.checked_shl(bits.into()).map_or(u64::MAX, |beyond| beyond - 1))
            }
            Some(dissect::FieldKind::Bool) => Self::UpTo(1),
            Some(dissect::FieldKind::Eui64) => Self::Eui64,
            Some(dissect::FieldKind::Ipv6) => Self::Ipv6,
            Some(dissect::FieldKind::Bytes) => Self::Octets,
            _ => Self::Free,
        }
    }

    /// The values of a key of UT/1: known if they are words, wherever the key comes.
    fn of_key(key: &str) -> Self {
        let mut kinds = table::told_keys().filter(|told| told.name == key);
        match kinds.clone().next() {
            Some(first) if kinds.all(|told| matches!(told.kind, Kind::Words(_))) => Self::Told(first.name),
            _ => Self::Free,
        }
    }

    /// The words, if they are words.
    fn words(self) -> Option<Vec<&'static str>> {
        match self {
            Self::Words(words) => Some(words.to_vec()),
            Self::Event => Some(table::events().map(|event| event.name).collect()),
            Self::Told(key) => {
                let mut all = Vec::new();
                for told in table::told_keys().filter(|told| told.name == key) {
                    if let Kind::Words(words) = told.kind {
                        all.extend(words.iter().filter(|word| !all.contains(*word)).copied().collect::<Vec<_>>());
                    }
                }
                Some(all)
            }
            _ => None,
        }
    }

    /// The values of a property of a board or the network.
    pub(crate) fn of_property(property: &str) -> Self {
        match property {
            "eui64" => Self::Eui64,
            "link_local" | "global" | "solicited_node" => Self::Ipv6,
            _ => Self::Free,
        }
    }

    /// What is wrong with a literal as a value of `field`, and what to do; `None`: it is one.
    pub(crate) fn problem(self, field: &str, operand: &Operand) -> Option<(String, String)> {
        let is_no = |what: &str, text: &str, help: &str| Some((format!("`{text}` is no {what}"), help.to_owned()));
        match (self, operand) {
            (Self::UpTo(most), Operand::Number(number)) if *number > most => {
                Some((format!("`{field}` is never {number}"), format!("its values are 0 to {most}")))
            }
            (Self::Eui64, Operand::Text(text)) if text.parse::<Eui64>().is_err() => {
                is_no("EUI-64", text, "16 hex digits, with or without colons between the octets")
            }
            (Self::Ipv6, Operand::Text(text)) if text.parse::<Ipv6Addr>().is_err() => {
                is_no("IPv6 address", text, "such as \"fe80::1\", or a property such as \"$dut.global\"")
            }
            (Self::Octets, Operand::Text(text)) if !is_octets(text) => {
                is_no("run of octets", text, "pairs of hex digits, with or without colons between them")
            }
            (values, Operand::Text(text)) => {
                let words = values.words().filter(|words| !words.contains(&text.as_str()))?;
                Some((format!("`{field}` is never `{text}`"), crate::tree::suggest(text, words)))
            }
            _ => None,
        }
    }

    /// Whether no value of the one is ever a value of the other.
    pub(crate) fn excludes(self, other: Self) -> bool {
        let form = |values: Self| match values {
            Self::UpTo(_) => Some(0),
            Self::Eui64 => Some(1),
            Self::Ipv6 => Some(2),
            Self::Octets | Self::Words(_) | Self::Event | Self::Told(_) | Self::Free => None,
        };
        matches!((form(self), form(other)), (Some(a), Some(b)) if a != b)
    }

    /// What they are, in words.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::UpTo(_) => "a number",
            Self::Eui64 => "an EUI-64",
            Self::Ipv6 => "an IPv6 address",
            Self::Octets => "octets",
            Self::Words(_) | Self::Event | Self::Told(_) => "a word",
            Self::Free => "anything",
        }
    }
}

fn is_octets(text: &str) -> bool {
    let digits = text.chars().filter(|c| *c != ':');
    digits.clone().count() % 2 == 0 && digits.clone().all(|c| c.is_ascii_hexdigit())
}

/// Whether a constraint of literals holds for a number; `None`: that depends on what it refers to.
fn allows(constraint: &Constraint, number: u64) -> Option<bool> {
    let value = |operand: &Operand| match operand {
        Operand::Number(number) => Some(*number),
        _ => None,
    };
    match constraint {
        Constraint::Equals(operand) => value(operand).map(|wanted| wanted == number),
        Constraint::Not(inner) => allows(inner, number).map(|allowed| !allowed),
        Constraint::Range { min, max } => {
            let least = min.as_ref().map_or(Some(0), value)?;
            let most = max.as_ref().map_or(Some(u64::MAX), value)?;
            Some((least..=most).contains(&number))
        }
        Constraint::OneOf(operands) => {
            let wanted: Option<Vec<u64>> = operands.iter().map(value).collect();
            wanted.map(|wanted| wanted.contains(&number))
        }
        Constraint::Present(present) => Some(*present),
        Constraint::Mask { mask, value } => Some(number & mask == *value),
        Constraint::Prefix { .. } => Some(false),
    }
}

/// What is wrong with a constraint as a whole on a field whose parts are each in order.
pub(crate) fn problem(field: &str, values: Values, constraint: &Constraint) -> Option<(String, String)> {
    match constraint {
        Constraint::Range { min: Some(min), max: Some(max) } => empty_range(min, max),
        Constraint::Mask { mask: 0, .. } => {
            Some(("a `mask` of 0 looks at nothing".to_owned(), "name the bits, or leave the field out".to_owned()))
        }
        Constraint::Mask { mask, .. } => match values {
            Values::UpTo(most) if mask & !most != 0 => {
                let message = format!("`mask` has bits that `{field}` has not");
                Some((message, format!("its values are 0 to {most} ({most:#x})")))
            }
            _ => None,
        },
        Constraint::Not(inner) => {
            let always = match (inner.as_ref(), values) {
                (Constraint::Range { min, max }, Values::UpTo(most)) => {
                    let literal = |end: &Option<Operand>, open: u64| match end {
                        None => Some(open),
                        Some(Operand::Number(number)) => Some(*number),
                        Some(_) => None,
                    };
                    literal(min, 0) == Some(0) && literal(max, most).is_some_and(|end| end >= most)
                }
                (inner, Values::UpTo(1)) => allows(inner, 0) == Some(true) && allows(inner, 1) == Some(true),
                _ => false,
            };
            always.then(|| {
                let message = format!("every value of `{field}` is ruled out: nothing could match");
                (message, "write { present = false } if it must be absent".to_owned())
            })
        }
        _ => None,
    }
}

/// Ranges between references to the same value can be told to be empty too.
fn empty_range(min: &Operand, max: &Operand) -> Option<(String, String)> {
    let is_empty = match (min, max) {
        (Operand::Number(min), Operand::Number(max)) => min > max,
        (
            Operand::Reference { name, field, offset },
            Operand::Reference { name: other, field: other_field, offset: other_offset },
        ) => name == other && field == other_field && offset > other_offset,
        _ => false,
    };
    is_empty.then(|| {
        ("the range is empty: `min` is greater than `max`".to_owned(), "exchange them, or mend the one".to_owned())
    })
}

/// The layers of a message that is seen, each on the one named behind it.
const LAYERS: &[(&str, &str)] = &[
    ("6lowpan", "wpan"),
    ("ipv6", "6lowpan"),
    ("icmpv6", "ipv6"),
    ("sel", "icmpv6"),
    ("udp", "ipv6"),
    ("dtls", "udp"),
    ("coap", "udp"),
    ("dns", "udp"),
    ("pana", "udp"),
    ("radius", "udp"),
    ("hip", "ipv6"),
];

/// Messages that quote a packet: they hold fields of any layer.
const QUOTING: &[&str] = &[
    "icmpv6.destination_unreachable",
    "icmpv6.packet_too_big",
    "icmpv6.time_exceeded",
    "icmpv6.parameter_problem",
    "nd.redirect",
];

/// Whether a layer is `of`, or stands on it. CoAP stands on DTLS too.
fn stands_on(layer: &str, of: &str) -> bool {
    let mut here = layer;
    if layer == "coap" && of == "dtls" {
        return true;
    }
    while here != of {
        match LAYERS.iter().find(|(above, _)| *above == here) {
            Some((_, below)) => here = below,
            None => return false,
        }
    }
    true
}

/// Why a message seen at `at` never has a field, and what to do; `None`: it may.
pub(crate) fn field_problem(message: &MessageInfo, field: &str, at: Option<Point>) -> Option<(String, String)> {
    if field == "time" {
        return None;
    }
    let of_upper_tester = field.starts_with("ut.");
    if of_upper_tester != (message.layer == "ut") {
        let name = message.name;
        return Some(if of_upper_tester {
            (format!("`{field}` is seen at the upper tester only: no `{name}` has it"), "use `check`".to_owned())
        } else {
            (format!("a line of an upper tester has no `{field}`"), "its fields begin with `ut.`".to_owned())
        });
    }
    let layer = dissect::field(field).map(|info| info.layer)?;
    if at == Some(Point::Backbone) && matches!(layer, "wpan" | "6lowpan") {
        let help = "look on air, or leave the field out";
        return Some((format!("a packet at the backbone has no `{field}`"), help.to_owned()));
    }
    let known = |layer: &str| layer == "wpan" || LAYERS.iter().any(|(above, _)| *above == layer);
    let related = stands_on(layer, message.layer) || stands_on(message.layer, layer);
    if QUOTING.contains(&message.name) || !known(layer) || !known(message.layer) || related {
        return None;
    }
    let help = format!("`{field}` is a field of `{layer}`, and a `{}` of `{}`", message.name, message.layer);
    Some((format!("no `{}` has a field `{field}`", message.name), help))
}

/// The field of a message's definition that a constraint contradicts, with the value that every such message has there.
/// A datagram may hold several DTLS messages, so nothing is said of those.
pub(crate) fn contradiction<'m>(message: &'m MessageInfo, wanted: &Match) -> Option<(&'m str, u64)> {
    if message.layer == "dtls" {
        return None;
    }
    let same = |field: &str| field == wanted.field || field == "sel.code" && wanted.field == "icmpv6.code";
    let (field, number) = message.matches.iter().copied().find(|(field, _)| same(field))?;
    (allows(&wanted.constraint, number) == Some(false)).then_some((field, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> &'static MessageInfo {
        dissect::MESSAGES.iter().find(|message| message.name == name).unwrap()
    }

    #[test]
    fn events_and_states_are_those_of_the_table_of_ut_1() {
        let wrong =
            |field: &str, word: &str| Values::of(field).problem(field, &Operand::Text(word.to_owned())).is_some();
        for word in ["booted", "tool_found", "rpl_parent", "received"] {
            assert!(!wrong("ut.event", word), "{word}");
        }
        for word in ["factory", "secured", "established", "closed"] {
            assert!(!wrong("ut.state", word), "{word}");
        }
        assert!(wrong("ut.event", "boot") && wrong("ut.state", "keyed") && wrong("ut.protocol", "UT/2"));
        assert!(!wrong("ut.parent", "-") && !wrong("ut.features", "anything"));
    }

    #[test]
    fn a_number_beyond_the_field_is_never_there() {
        let wrong = |field: &str, number| Values::of(field).problem(field, &Operand::Number(number)).is_some();
        assert!(!wrong("ipv6.hlim", 255) && wrong("ipv6.hlim", 256));
        assert!(!wrong("link.secured", 1) && wrong("link.secured", 2));
        assert!(!wrong("wpan.src64.origin", u64::MAX));
    }

    #[test]
    fn a_message_has_the_fields_of_its_own_layer_those_below_and_those_that_it_may_carry() {
        for (name, field) in [
            ("coap.response", "link.secured"),
            ("coap.response", "dtls.record.epoch"),
            ("dtls.application_data", "coap.code"),
            ("ipv6.packet", "icmpv6.type"),
            ("icmpv6.time_exceeded", "udp.dstport"),
            ("sel.jsr", "icmpv6.checksum.status"),
        ] {
            assert_eq!(field_problem(message(name), field, None), None, "{name} {field}");
        }
        for (name, field) in [("sel.jsr", "coap.code"), ("coap.get", "icmpv6.type"), ("dns.query", "dtls.record.epoch")]
        {
            assert!(field_problem(message(name), field, None).is_some(), "{name} {field}");
        }
        assert!(field_problem(message("sel.jsr"), "link.secured", Some(Point::Backbone)).is_some());
    }
}
