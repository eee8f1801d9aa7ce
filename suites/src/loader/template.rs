//! `where` tables: field names and constraints to matches.

use std::net::Ipv6Addr;

use crate::duration;
use crate::plan::{Constraint, Match, Operand};
use crate::reference::{self, Offset};
use crate::scope::{Kind, Problem, Scope};
use crate::tree::{Faults, Node, Table, Value, suggest};
use crate::values::{self, Values};
use crate::vocabulary::FieldKind;

/// Keys of a constraint table.
pub(crate) const CONSTRAINT_KEYS: [&str; 8] = ["not", "min", "max", "one_of", "present", "mask", "value", "prefix"];

/// Reads a `where` table of something that is seen.
pub(crate) fn matches(table: &Table, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Vec<Match> {
    matches_of(table, &|name| scope.field(name), scope, faults)
}

/// Reads a `where` table of something that a tester machine is about to send.
pub(crate) fn matches_to_send(table: &Table, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Vec<Match> {
    matches_of(table, &|name| scope.settable(name), scope, faults)
}

fn matches_of(
    table: &Table,
    kind_of: &dyn Fn(&str) -> Result<Kind, Problem>,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Vec<Match> {
    table
        .entries
        .iter()
        .filter_map(|entry| match kind_of(&entry.key) {
            Ok(kind) => {
                let constraint = constraint(&entry.node, &entry.key, kind, scope, faults)?;
                if let Some((message, help)) = values::problem(&entry.key, Values::of(&entry.key), &constraint) {
                    faults.add(&entry.node.span, message, help);
                }
                Some(Match { field: entry.key.clone(), constraint })
            }
            Err((message, help)) => {
                faults.add(&entry.key_span, message, help);
                None
            }
        })
        .collect()
}

fn constraint(node: &Node, field: &str, kind: Kind, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Option<Constraint> {
    let Value::Table(table) = &node.value else {
        return operand(node, field, kind, scope, faults).map(Constraint::Equals);
    };
    table.only(&CONSTRAINT_KEYS, "a constraint", faults);
    let keys: Vec<&str> = table.entries.iter().map(|entry| entry.key.as_str()).collect();
    let one = |key: &str| table.get(key);
    match keys.as_slice() {
        ["not"] => constraint(one("not")?, field, kind, scope, faults).map(|inner| Constraint::Not(Box::new(inner))),
        ["present"] => one("present")?.boolean("`present`", faults).map(Constraint::Present),
        ["one_of"] => {
            let elements = one("one_of")?.array("`one_of`", faults)?;
            if elements.is_empty() {
                faults.add(&node.span, "`one_of` is empty: nothing could match", "");
                return None;
            }
            let mut operands: Vec<Operand> = Vec::new();
            for element in elements {
                let Some(operand) = operand(element, field, kind, scope, faults) else { continue };
                if operands.contains(&operand) {
                    faults.add(&element.span, "stands in `one_of` twice", "leave one of them out");
                }
                operands.push(operand);
            }
            Some(Constraint::OneOf(operands))
        }
        ["min"] | ["max"] | ["min", "max"] | ["max", "min"] => {
            if kind == Kind::Field(FieldKind::Text) {
                let help = "use a literal, `one_of` or `not`";
                faults.add(&node.span, format!("`{field}` is text: it has no least or greatest value"), help);
                return None;
            }
            let min = one("min").and_then(|node| operand(node, field, kind, scope, faults));
            let max = one("max").and_then(|node| operand(node, field, kind, scope, faults));
            Some(Constraint::Range { min, max })
        }
        ["mask", "value"] | ["value", "mask"] => {
            if kind == Kind::Field(FieldKind::Text) {
                faults.add(&node.span, format!("`{field}` is text: it cannot be masked"), "");
                return None;
            }
            let mask = number(one("mask")?, "`mask`", faults)?;
            let value = number(one("value")?, "`value`", faults)?;
            if value & !mask != 0 {
                faults.add(&node.span, "`value` has bits outside `mask`: nothing could match", "");
            }
            Some(Constraint::Mask { mask, value })
        }
        ["prefix"] => prefix(one("prefix")?, field, faults),
        _ => {
            if keys.iter().all(|key| CONSTRAINT_KEYS.contains(key)) {
                let help = "one of { not }, { min, max }, { one_of }, { present }, { mask, value }, { prefix }";
                faults.add(&node.span, "these keys make no constraint together", help);
            }
            None
        }
    }
}

/// `fe80::/10`.
fn prefix(node: &Node, field: &str, faults: &mut Faults<'_>) -> Option<Constraint> {
    if Values::of(field) != Values::Ipv6 {
        faults.add(&node.span, format!("`{field}` is no IPv6 address: it is under no prefix"), "");
        return None;
    }
    let text = node.text("`prefix`", faults)?;
    let read = text.split_once('/').and_then(|(address, length)| {
        let (address, length): (Ipv6Addr, u8) = (address.parse().ok()?, length.parse().ok()?);
        (length <= 128 && Constraint::is_under(address, address, length)).then_some((address, length))
    });
    match read {
        Some((address, length)) if u128::MAX.checked_shr(length.into()).unwrap_or(0) & address.to_bits() == 0 => {
            Some(Constraint::Prefix { address, length })
        }
        Some(_) => {
            faults.add(&node.span, format!("`{text}` has bits behind its prefix"), "they must be 0");
            None
        }
        None => {
            faults.add(&node.span, format!("`{text}` is no prefix"), "write it as `fe80::/10`");
            None
        }
    }
}

fn number(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<u64> {
    node.integer(what, 0..=i64::MAX, faults).and_then(|number| u64::try_from(number).ok())
}

/// Reads a value that a field of `kind` is compared with or set to.
pub(crate) fn operand(
    node: &Node,
    field: &str,
    kind: Kind,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Operand> {
    let operand = any_operand(node, field, kind, scope, faults)?;
    if kind != Kind::Time
        && let Some((message, help)) = Values::of(field).problem(field, &operand)
    {
        faults.add(&node.span, message, help);
        return None;
    }
    Some(operand)
}

/// A value by its kind, whatever the field's values are.
fn any_operand(node: &Node, field: &str, kind: Kind, scope: &Scope<'_>, faults: &mut Faults<'_>) -> Option<Operand> {
    match &node.value {
        Value::Text(text) => match reference::whole(text) {
            Some(read) => reference_operand(node, read, field, kind, scope, faults),
            None => literal(node, text, field, kind, faults),
        },
        Value::Integer(_) | Value::Boolean(_) if kind == Kind::Time => {
            let help = format!("write \"$name.time\", perhaps with an offset; {}", duration::DURATION_HELP);
            faults.add(&node.span, format!("`{field}` is a time"), help);
            None
        }
        Value::Integer(_) | Value::Boolean(_) if kind == Kind::Field(FieldKind::Text) => {
            let help = "write it in quotes, as `tshark -T fields` prints it";
            faults.add(&node.span, format!("`{field}` is text, not a number"), help);
            None
        }
        Value::Boolean(flag) => Some(Operand::Number(u64::from(*flag))),
        Value::Integer(number) => match u64::try_from(*number) {
            Ok(number) => Some(Operand::Number(number)),
            Err(_) => {
                faults.add(&node.span, format!("`{field}` is never negative"), "");
                None
            }
        },
        _ => {
            faults.add(&node.span, format!("`{field}` is compared with a number or a text"), "");
            None
        }
    }
}

fn literal(node: &Node, text: &str, field: &str, kind: Kind, faults: &mut Faults<'_>) -> Option<Operand> {
    match kind {
        Kind::Field(FieldKind::Text | FieldKind::Any) => Some(Operand::Text(text.to_owned())),
        Kind::Field(FieldKind::Number) => {
            let number = match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            };
            if number.is_none() {
                let help = "write a number, or `$name.field` of a bound PDU";
                faults.add(&node.span, format!("`{field}` is a number, not text"), help);
            }
            number.map(Operand::Number)
        }
        Kind::Time => match duration::parse(text).and_then(|time| u64::try_from(time.as_nanos()).ok()) {
            Some(nanoseconds) => Some(Operand::Number(nanoseconds)),
            None => {
                let help = format!("write \"$name.time\", perhaps with an offset; {}", duration::DURATION_HELP);
                faults.add(&node.span, format!("`{field}` is a time"), help);
                None
            }
        },
    }
}

fn reference_operand(
    node: &Node,
    read: Result<(reference::Found, Option<Offset>), String>,
    field: &str,
    kind: Kind,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Operand> {
    let (found, offset) = match read {
        Ok(read) => read,
        Err(message) => {
            faults.add(&node.span, message, "");
            return None;
        }
    };
    let of = match scope.reference(&found.name, &found.field) {
        Ok(of) => of,
        Err((message, help)) => {
            faults.add(&node.part(found.place, faults.source), message, help);
            return None;
        }
    };
    if (kind == Kind::Time) != (of == Kind::Time) && of != Kind::Field(FieldKind::Any) {
        let (is, is_not) = if kind == Kind::Time { ("a time", "none") } else { ("no time", "one") };
        faults.add(&node.span, format!("`{field}` is {is}, and `${}.{}` is {is_not}", found.name, found.field), "");
        return None;
    }
    let (own, other) = (Values::of(field), scope.values(&found.name, &found.field));
    if kind != Kind::Time && own.excludes(other) {
        let (own, other) = (own.in_words(), other.in_words());
        let message = format!("`{field}` is {own}, and `${}.{}` is {other}: never the same", found.name, found.field);
        faults.add(&node.span, message, "refer to a value of the same form");
        return None;
    }
    let offset = match (offset, of) {
        (None, _) => 0,
        (Some(Offset::Time(nanoseconds)), Kind::Time) => nanoseconds,
        (Some(Offset::Number(_)), Kind::Time) => {
            faults.add(&node.span, "an offset to a time needs a unit", duration::DURATION_HELP);
            return None;
        }
        (Some(Offset::Time(_)), Kind::Field(_)) => {
            faults.add(&node.span, format!("`{}` is no time: its offset has no unit", found.field), "");
            return None;
        }
        (Some(Offset::Number(_)), Kind::Field(FieldKind::Text)) => {
            faults.add(&node.span, format!("`{}` is text: nothing can be added to it", found.field), "");
            return None;
        }
        (Some(Offset::Number(number)), Kind::Field(_)) => number,
    };
    Some(Operand::Reference { name: found.name, field: found.field, offset })
}

/// Reads a table of field settings (`set`).
pub(crate) fn settings(
    table: &Table,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> std::collections::BTreeMap<String, Operand> {
    table
        .entries
        .iter()
        .filter_map(|entry| match scope.settable(&entry.key) {
            Ok(kind) => {
                let operand = any_operand(&entry.node, &entry.key, kind, scope, faults)?;
                // Octets, checksums and payloads take words too: whoever crafts the message knows them.
                let values = Some(Values::of(&entry.key)).filter(|values| *values != Values::Octets);
                if let Some((message, help)) = values.and_then(|values| values.problem(&entry.key, &operand)) {
                    faults.add(&entry.node.span, message, help);
                    return None;
                }
                Some((entry.key.clone(), operand))
            }
            Err((message, help)) => {
                faults.add(&entry.key_span, message, help);
                None
            }
        })
        .collect()
}

/// A duration greater than zero.
pub(crate) fn duration_of(node: &Node, what: &str, faults: &mut Faults<'_>) -> Option<std::time::Duration> {
    if let Value::Integer(_) | Value::Float(_) = node.value {
        faults.add(&node.span, format!("{what} has no unit"), duration::DURATION_HELP);
        return None;
    }
    let text = node.text(what, faults)?;
    match duration::parse_sum(text) {
        Some(time) if time.is_zero() => {
            faults.add(&node.span, format!("{what} is zero"), "");
            None
        }
        Some(time) => Some(time),
        None => {
            faults.add(&node.span, format!("{what}: `{text}` is no duration"), duration::DURATION_HELP);
            None
        }
    }
}

/// One of a few words.
pub(crate) fn choice<'t>(
    node: &'t Node,
    known: &[&'static str],
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<&'t str> {
    let text = node.text(what, faults)?;
    if known.contains(&text) {
        return Some(text);
    }
    faults.add(&node.span, format!("{what}: unknown word `{text}`"), suggest(text, known.iter().copied()));
    None
}
