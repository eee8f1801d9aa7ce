//! What a case has the tool do otherwise than it would: rules on its own CoAP messages, before DTLS protects them. No tool has
//! this.

use wire::coap::Message;

use super::CommissioningTool;
use crate::craft::coap_fields;
use crate::deviation::{Decision, Hooks, Rule, RuleBook, RuleError};

/// Messages that the tool applies rules to itself, before DTLS protects them.
pub(super) const HOOKED: &[&str] = &["coap.get", "coap.put", "coap.post", "coap.delete", "coap.empty"];

impl Hooks for CommissioningTool {
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError> {
        if !HOOKED.contains(&rule.message.as_str()) {
            return Ok(false);
        }
        rule.check_fields(coap_fields::FIELDS)?;
        self.rules.add(rule.clone());
        Ok(true)
    }
}

/// What the rules make of a CoAP message, and what went wrong in making it.
pub(super) fn deviate_coap(mut octets: Vec<u8>, rules: &mut RuleBook) -> (Vec<u8>, Decision, Option<String>) {
    if rules.is_empty() {
        return (octets, Decision::default(), None);
    }
    let mut message = match Message::parse(&octets) {
        Ok(message) => message,
        Err(error) => return (octets, Decision::default(), Some(format!("own CoAP message not understood: {error}"))),
    };
    let decision = rules.decide(&[coap_fields::name(&message)], |field| coap_fields::get(&message, field));
    let mut problem = None;
    for (_, field, value) in &decision.overrides {
        if let Err(error) = coap_fields::set(&mut message, field, value) {
            problem = Some(format!("deviation not applied: {error}"));
        }
    }
    if !decision.overrides.is_empty() {
        match message.emit() {
            Ok(changed) => octets = changed,
            Err(error) => problem = Some(format!("deviation not applied: {error}")),
        }
    }
    (octets, decision, problem)
}
