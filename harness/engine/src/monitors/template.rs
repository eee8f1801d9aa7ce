//! Monitors without memory: one PDU against a template.
//!
//! A field of the layer that makes a PDU the message is looked for in that layer, and every occurrence must meet the constraint:
//! there is a `dtls` layer for each record, say. Other fields are those of the whole packet, what it quotes left out.

use std::borrow::Cow;

use dissect::{MessageInfo, Value};
use record::verdict::FieldMiss;
use suites::monitor::{THIS, Template};
use suites::plan::{Constraint, Match, Operand};

use crate::judge::template as values;
use crate::judge::{Bindings, Pdu};

/// What a template says of a PDU of its message.
pub(super) enum Word {
    /// It does not speak of it.
    Nothing,
    /// It speaks of it, and does not judge it.
    Excused,
    /// It is as it must be.
    Holds,
    /// It is not, by these fields.
    Broken(Vec<FieldMiss>),
}

/// What `template` says of each layer of `pdu` that is its message, the worst first.
pub(super) fn judge(template: &Template, message: &MessageInfo, pdu: &Pdu, bindings: &Bindings) -> Word {
    let mut word = Word::Nothing;
    for layer in layers(pdu, message) {
        word = worse(word, judge_layer(template, &Layer { pdu, message, layer }, bindings));
    }
    word
}

fn worse(one: Word, other: Word) -> Word {
    let weight = |word: &Word| match word {
        Word::Nothing => 0,
        Word::Excused => 1,
        Word::Holds => 2,
        Word::Broken(_) => 3,
    };
    if weight(&other) > weight(&one) { other } else { one }
}

fn judge_layer(template: &Template, layer: &Layer<'_>, bindings: &Bindings) -> Word {
    let meets = |matches: &[Match]| {
        matches.iter().all(|wanted| {
            let constraint = layer.with_own_fields(&wanted.constraint);
            values::meets_any(&layer.values(&wanted.field), &wanted.field, &constraint, bindings)
        })
    };
    if !meets(&template.every.when) {
        return Word::Nothing;
    }
    if template.unless.as_ref().is_some_and(|excuse| meets(&excuse.matches)) {
        return Word::Excused;
    }
    let mut misses = Vec::new();
    for wanted in &template.matches {
        let constraint = layer.with_own_fields(&wanted.constraint);
        // Of whom is not in the case it says nothing; a field that this PDU does not have is nothing to compare with.
        if !values::is_known(&constraint, bindings) {
            let lacks_field = values::operands(&constraint).into_iter().any(is_own);
            return if lacks_field { Word::Excused } else { Word::Nothing };
        }
        let found = layer.values(&wanted.field);
        if !values::meets_all(&found, &wanted.field, &constraint, bindings) {
            misses.push(values::miss(&found, &wanted.field, &constraint, bindings));
        }
    }
    if misses.is_empty() { Word::Holds } else { Word::Broken(misses) }
}

/// The layers of `pdu` that are this message.
fn layers<'a>(pdu: &'a Pdu, message: &'a MessageInfo) -> impl Iterator<Item = usize> + 'a {
    let is = move |layer: &usize| {
        pdu.layers.get(*layer) == Some(&message.layer)
            && message.matches.iter().all(|(field, number)| {
                pdu.fields_of(*layer).iter().any(|(name, value)| name == field && value.number() == Some(*number))
            })
    };
    (0..pdu.layers.len()).filter(is)
}

/// A layer of a PDU that is a certain message.
struct Layer<'a> {
    pdu: &'a Pdu,
    message: &'a MessageInfo,
    layer: usize,
}

impl Layer<'_> {
    fn values(&self, field: &str) -> Vec<Value> {
        if field == "time" {
            return vec![Value::Number(self.pdu.time)];
        }
        let is_own = dissect::field(field).is_some_and(|info| info.layer == self.message.layer);
        let fields: &[(Cow<'static, str>, Value)] =
            if is_own { self.pdu.fields_of(self.layer) } else { self.pdu.sent_fields() };
        fields.iter().filter(|(name, _)| name == field).map(|(_, value)| value.clone()).collect()
    }

    /// The constraint with the values of this PDU where it refers to them.
    fn with_own_fields<'c>(&self, constraint: &'c Constraint) -> Cow<'c, Constraint> {
        if values::operands(constraint).iter().any(|operand| is_own(operand)) {
            Cow::Owned(self.replaced(constraint))
        } else {
            Cow::Borrowed(constraint)
        }
    }

    fn replaced(&self, constraint: &Constraint) -> Constraint {
        match constraint {
            Constraint::Equals(operand) => Constraint::Equals(self.operand(operand)),
            Constraint::Not(inner) => Constraint::Not(Box::new(self.replaced(inner))),
            Constraint::Range { min, max } => Constraint::Range {
                min: min.as_ref().map(|operand| self.operand(operand)),
                max: max.as_ref().map(|operand| self.operand(operand)),
            },
            Constraint::OneOf(operands) => {
                Constraint::OneOf(operands.iter().map(|operand| self.operand(operand)).collect())
            }
            Constraint::Present(_) | Constraint::Mask { .. } | Constraint::Prefix { .. } => constraint.clone(),
        }
    }

    fn operand(&self, operand: &Operand) -> Operand {
        let Operand::Reference { name, field, offset } = operand else { return operand.clone() };
        if name != THIS {
            return operand.clone();
        }
        match self.values(field).first() {
            Some(Value::Number(number)) => {
                number.checked_add_signed(*offset).map_or_else(|| operand.clone(), Operand::Number)
            }
            Some(Value::Text(text)) => Operand::Text(text.clone()),
            None => operand.clone(),
        }
    }
}

fn is_own(operand: &Operand) -> bool {
    matches!(operand, Operand::Reference { name, .. } if name == THIS)
}
