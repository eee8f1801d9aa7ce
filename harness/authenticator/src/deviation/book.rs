//! The rules in force, and what they decide about one message.

use std::time::Duration;

use super::{Change, Rule};
use crate::craft::Value;

/// Rules with what is left of their lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct RuleBook {
    rules: Vec<(Rule, Option<u32>)>,
}

/// What all matching rules together do to one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Decision {
    /// The message name of the rule, field, value.
    pub(crate) overrides: Vec<(String, String, Value)>,
    pub(crate) drop: bool,
    pub(crate) duplicates: u32,
    pub(crate) delay: Duration,
    pub(crate) reorder: bool,
    /// The message name of the rule, and the bit.
    pub(crate) corrupt: Vec<(String, u32)>,
}

impl RuleBook {
    pub(crate) fn add(&mut self, rule: Rule) {
        let left = if rule.times == 0 { None } else { Some(rule.times) };
        self.rules.push((rule, left));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Decides about a message that bears `names` and whose fields `get` reads; uses rules up.
    pub(crate) fn decide(&mut self, names: &[&str], get: impl Fn(&str) -> Option<Value>) -> Decision {
        let mut decision = Decision::default();
        for (rule, left) in &mut self.rules {
            let holds =
                |(field, value): &(String, Value)| get(field).is_some_and(|found| found.says_the_same_as(value));
            if *left == Some(0) || !names.contains(&rule.message.as_str()) || !rule.matches.iter().all(holds) {
                continue;
            }
            *left = left.map(|left| left - 1);
            match &rule.change {
                Change::Override(fields) => {
                    let message = &rule.message;
                    let fields = fields.iter().map(|(field, value)| (message.clone(), field.clone(), value.clone()));
                    decision.overrides.extend(fields);
                }
                Change::Drop => decision.drop = true,
                Change::Duplicate => decision.duplicates += 1,
                Change::Delay(by) => decision.delay += *by,
                Change::Reorder => decision.reorder = true,
                Change::Corrupt { bit } => decision.corrupt.push((rule.message.clone(), *bit)),
            }
        }
        self.rules.retain(|(_, left)| *left != Some(0));
        decision
    }
}
