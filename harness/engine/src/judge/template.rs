//! Templates: does a PDU meet a set of field constraints, and if not, by which fields does it miss?
//!
//! A field may occur several times (`coap.opt.uri_path`): a constraint holds if any occurrence satisfies it, a negated one
//! if none does. An absent field satisfies nothing but `present = false`.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;

use dissect::{FieldKind, Value};
use record::verdict::FieldMiss;
use suites::plan::{Constraint, Match, Operand};
use wire::Eui64;
use wire::upper_tester::table::{self, Kind};

use super::pdu::Pdu;
use super::times;
use crate::environment::Environment;

/// A reference that stands for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} stands for nothing here")]
pub struct UnknownReference(pub String);

/// Bound PDUs by name, and what `$name.field` means.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    environment: Environment,
    bound: BTreeMap<String, Pdu>,
}

impl Bindings {
    /// No PDU bound yet.
    pub fn new(environment: &Environment) -> Self {
        Self { environment: environment.clone(), bound: BTreeMap::new() }
    }

    /// What a property of a board really is.
    pub(super) fn learn(&mut self, board: &str, property: &str, value: &str) {
        if self.environment.get(board, property).is_some_and(|known| known != value) {
            self.environment.set(board, property, value);
        }
    }

    /// Takes an address that the rack has learnt of a board.
    pub(super) fn learn_address(&mut self, board: &str, eui64: Option<Eui64>, short: Option<&str>) {
        self.environment.learn_address(board, eui64, short);
    }

    /// What the case's references stand for by themselves, addresses that were learnt included.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Binds a PDU to a name.
    pub fn bind(&mut self, name: &str, pdu: &Pdu) {
        self.bound.insert(name.to_owned(), pdu.clone());
    }

    /// The value of `$name.field`.
    pub fn get(&self, name: &str, field: &str) -> Option<Value> {
        if let Some(pdu) = self.bound.get(name) {
            return if field == "time" { Some(Value::Number(pdu.time)) } else { pdu.values(field).next().cloned() };
        }
        self.environment.get(name, field).map(|text| Value::Text(text.to_owned()))
    }

    /// Replaces every `$name.field` in a line; an unknown reference stays as it is and is returned as the error.
    ///
    /// # Errors
    /// The first reference that stands for nothing.
    pub fn resolve_line(&self, line: &str) -> Result<String, UnknownReference> {
        let mut resolved = String::with_capacity(line.len());
        let mut rest = line;
        while let Some(start) = rest.find('$') {
            resolved.push_str(&rest[..start]);
            let after = &rest[start + 1..];
            let end = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')))
                .unwrap_or(after.len());
            let reference = &after[..end];
            let value = reference.split_once('.').and_then(|(name, field)| self.get(name, field));
            match value {
                Some(Value::Number(number)) => resolved.push_str(&number.to_string()),
                Some(Value::Text(text)) => resolved.push_str(&text),
                None => return Err(UnknownReference(format!("${reference}"))),
            }
            rest = &after[end..];
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    /// An operand's value now.
    pub fn operand(&self, operand: &Operand) -> Option<Value> {
        match operand {
            Operand::Number(number) => Some(Value::Number(*number)),
            Operand::Text(text) => Some(Value::Text(text.clone())),
            Operand::Reference { name, field, offset } => {
                let value = self.get(name, field)?;
                if *offset == 0 {
                    return Some(value);
                }
                number_of(&value)?.checked_add_signed(*offset).map(Value::Number)
            }
        }
    }
}

/// The fields by which `pdu` misses the template; empty if it meets it.
pub(super) fn misses(pdu: &Pdu, matches: &[Match], bindings: &Bindings) -> Vec<FieldMiss> {
    matches
        .iter()
        .filter(|wanted| !holds(pdu, &wanted.field, &wanted.constraint, bindings))
        .map(|wanted| {
            let written = Written::of(&wanted.field, &wanted.constraint, bindings);
            FieldMiss {
                field: wanted.field.clone(),
                expected: written.constraint(&wanted.constraint, bindings),
                seen: written.seen(pdu, &wanted.field),
            }
        })
        .collect()
}

/// Whether any of `found`, the values of `field`, meets the constraint; a negated one, if none does.
pub(crate) fn meets_any(found: &[Value], field: &str, constraint: &Constraint, bindings: &Bindings) -> bool {
    match constraint {
        Constraint::Present(wanted) => found.is_empty() != *wanted,
        _ if found.is_empty() => false,
        Constraint::Not(inner) => !meets_any(found, field, inner, bindings),
        _ => found.iter().any(|value| satisfies(field, value, constraint, bindings)),
    }
}

/// Whether each of `found`, the values of `field`, meets the constraint, and there is one.
pub(crate) fn meets_all(found: &[Value], field: &str, constraint: &Constraint, bindings: &Bindings) -> bool {
    match constraint {
        Constraint::Present(wanted) => found.is_empty() != *wanted,
        _ if found.is_empty() => false,
        Constraint::Not(inner) => !meets_any(found, field, inner, bindings),
        _ => found.iter().all(|value| satisfies(field, value, constraint, bindings)),
    }
}

/// Whether everything that the constraint refers to stands for something.
pub(crate) fn is_known(constraint: &Constraint, bindings: &Bindings) -> bool {
    operands(constraint).into_iter().all(|operand| bindings.operand(operand).is_some())
}

/// How `found`, the values of `field`, miss the constraint, in words.
pub(crate) fn miss(found: &[Value], field: &str, constraint: &Constraint, bindings: &Bindings) -> FieldMiss {
    let written = Written::of(field, constraint, bindings);
    FieldMiss {
        field: field.to_owned(),
        expected: written.constraint(constraint, bindings),
        seen: written.seen_of(found),
    }
}

/// A field's values as a report shows them.
pub(super) fn seen(pdu: &Pdu, field: &str) -> String {
    let values: Vec<String> = values(pdu, field).iter().map(ToString::to_string).collect();
    if values.is_empty() { "absent".to_owned() } else { values.join(", ") }
}

/// How the values of one field are written in a reason: times as offsets from what they refer to, addresses in one notation
/// (EUI-64 as Wireshark prints them, IPv6 by RFC 5952).
enum Written {
    /// Seen from this time, which is called so.
    Time(u64, String),
    Eui64,
    Ipv6,
    AsItIs,
}

impl Written {
    fn of(field: &str, constraint: &Constraint, bindings: &Bindings) -> Self {
        if field == "time" {
            let reference = operands(constraint).into_iter().find_map(|operand| match operand {
                Operand::Reference { name, field, .. } => {
                    Some((bindings.get(name, field).as_ref().and_then(number_of)?, format!("${name}")))
                }
                _ => None,
            });
            let (from, name) = reference.unwrap_or((0, "the case began".to_owned()));
            return Self::Time(from, name);
        }
        match dissect::field(field).map(|info| info.kind) {
            Some(FieldKind::Eui64) => Self::Eui64,
            Some(FieldKind::Ipv6) => Self::Ipv6,
            _ => Self::of_upper_tester(field),
        }
    }

    /// Of a key of UT/1 that has one kind of values wherever it comes.
    fn of_upper_tester(field: &str) -> Self {
        let key = field.strip_prefix("ut.").unwrap_or_default();
        let mut kinds = table::told_keys().filter(|told| told.name == key).map(|told| told.kind);
        match kinds.next() {
            Some(Kind::Eui64) if kinds.all(|kind| kind == Kind::Eui64) => Self::Eui64,
            Some(Kind::Ipv6) if kinds.all(|kind| kind == Kind::Ipv6) => Self::Ipv6,
            _ => Self::AsItIs,
        }
    }

    fn value(&self, value: &Value) -> String {
        match (self, value) {
            (Self::Time(from, name), value) => {
                number_of(value).map_or_else(|| value.to_string(), |time| times::offset(time, *from, name))
            }
            (Self::Eui64, Value::Text(text)) => {
                text.parse::<Eui64>().map_or_else(|_| text.clone(), |eui64| eui64.with_colons())
            }
            (Self::Ipv6, Value::Text(text)) => {
                text.parse::<Ipv6Addr>().map_or_else(|_| text.clone(), |address| address.to_string())
            }
            (_, value) => value.to_string(),
        }
    }

    fn seen(&self, pdu: &Pdu, field: &str) -> String {
        self.seen_of(&values(pdu, field))
    }

    fn seen_of(&self, found: &[Value]) -> String {
        let values: Vec<String> = found.iter().map(|value| self.value(value)).collect();
        if values.is_empty() { "absent".to_owned() } else { values.join(", ") }
    }

    /// A constraint in words, its references resolved.
    fn constraint(&self, constraint: &Constraint, bindings: &Bindings) -> String {
        let operand = |operand: &Operand| match (operand, bindings.operand(operand)) {
            (_, Some(value)) if matches!(self, Self::Time(..)) => self.value(&value),
            (Operand::Reference { name, field, .. }, Some(value)) => {
                format!("{} (${name}.{field})", self.value(&value))
            }
            (_, Some(value)) => self.value(&value),
            (Operand::Reference { name, field, .. }, None) => format!("${name}.{field} (unknown)"),
            (_, None) => "?".to_owned(),
        };
        let (least, most) = match self {
            Self::Time(..) => ("not before", "not later than"),
            _ => ("at least", "at most"),
        };
        match constraint {
            Constraint::Equals(value) => operand(value),
            Constraint::Not(inner) => format!("not {}", self.constraint(inner, bindings)),
            Constraint::Range { min: Some(min), max: Some(max) } => format!("{} to {}", operand(min), operand(max)),
            Constraint::Range { min: Some(min), max: None } => format!("{least} {}", operand(min)),
            Constraint::Range { min: None, max: Some(max) } => format!("{most} {}", operand(max)),
            Constraint::Range { min: None, max: None } => "any number".to_owned(),
            Constraint::OneOf(values) => {
                format!("one of {}", values.iter().map(operand).collect::<Vec<_>>().join(", "))
            }
            Constraint::Present(true) => "present".to_owned(),
            Constraint::Present(false) => "absent".to_owned(),
            Constraint::Prefix { address, length } => format!("under {address}/{length}"),
            Constraint::Mask { mask, value } => format!("{value:#x} under mask {mask:#x}"),
        }
    }
}

/// Every operand of a constraint.
pub(crate) fn operands(constraint: &Constraint) -> Vec<&Operand> {
    match constraint {
        Constraint::Equals(operand) => vec![operand],
        Constraint::Not(inner) => operands(inner),
        Constraint::Range { min, max } => min.iter().chain(max).collect(),
        Constraint::OneOf(all) => all.iter().collect(),
        Constraint::Present(_) | Constraint::Mask { .. } | Constraint::Prefix { .. } => Vec::new(),
    }
}

fn holds(pdu: &Pdu, field: &str, constraint: &Constraint, bindings: &Bindings) -> bool {
    meets_any(&values(pdu, field), field, constraint, bindings)
}

fn values(pdu: &Pdu, field: &str) -> Vec<Value> {
    if field == "time" { vec![Value::Number(pdu.time)] } else { pdu.values(field).cloned().collect() }
}

fn satisfies(field: &str, value: &Value, constraint: &Constraint, bindings: &Bindings) -> bool {
    let equal = |operand: &Operand| bindings.operand(operand).is_some_and(|wanted| same(field, &wanted, value));
    let bound = |operand: &Operand| bindings.operand(operand).as_ref().and_then(number_of);
    match constraint {
        Constraint::Equals(operand) => equal(operand),
        Constraint::OneOf(operands) => operands.iter().any(equal),
        Constraint::Range { min, max } => number_of(value).is_some_and(|number| {
            min.as_ref().is_none_or(|min| bound(min).is_some_and(|least| number >= least))
                && max.as_ref().is_none_or(|max| bound(max).is_some_and(|most| number <= most))
        }),
        Constraint::Mask { mask, value: wanted } => number_of(value).is_some_and(|number| number & mask == *wanted),
        Constraint::Prefix { address, length } => {
            let seen = value.text().and_then(|text| text.parse::<Ipv6Addr>().ok());
            seen.is_some_and(|seen| Constraint::is_under(seen, *address, *length))
        }
        Constraint::Not(_) | Constraint::Present(_) => false,
    }
}

/// Equality by the field's kind, so that an EUI-64 or an address may be written in any of its usual forms.
fn same(field: &str, wanted: &Value, value: &Value) -> bool {
    if let (Some(a), Some(b)) = (number_of(wanted), number_of(value))
        && (matches!(wanted, Value::Number(_)) || matches!(value, Value::Number(_)))
    {
        return a == b;
    }
    let (Value::Text(wanted), Value::Text(value)) = (wanted, value) else { return false };
    match kind_of(field) {
        Some(FieldKind::Eui64) => {
            matches!((wanted.parse::<Eui64>(), value.parse::<Eui64>()), (Ok(a), Ok(b)) if a == b)
        }
        Some(FieldKind::Ipv6) => {
            matches!((wanted.parse::<Ipv6Addr>(), value.parse::<Ipv6Addr>()), (Ok(a), Ok(b)) if a == b)
        }
        Some(FieldKind::Bytes) => digits(wanted) == digits(value),
        _ => wanted == value,
    }
}

/// The kind of a field's values; of a key of UT/1 that has one kind of them wherever it comes.
fn kind_of(field: &str) -> Option<FieldKind> {
    match Written::of_upper_tester(field) {
        Written::Eui64 => Some(FieldKind::Eui64),
        Written::Ipv6 => Some(FieldKind::Ipv6),
        _ => dissect::field(field).map(|info| info.kind),
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect()
}

fn number_of(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        },
    }
}
