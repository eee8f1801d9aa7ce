//! Deviations: a tester machine that sends something other than it would.
//!
//! A [`Rule`] names a message, constraints on its fields, and a change. It acts at the named layer before protection:
//! messages that leave their machine protected (CoAP inside DTLS, a neighbour's frames) are changed by the machine itself
//! through [`Hooks`]; what leaves it readable is changed by [`Deviating`]. Lengths and checksums are computed anew unless
//! they are overridden too. What an independent program would then call wrong is marked so.
//!
//! The tool's readable messages: `dtls.client_hello`, `dtls.client_key_exchange`, `dtls.change_cipher_spec`,
//! `dtls.finished`, `dtls.application_data`, `dtls.alert` (a datagram counts as every message that it holds, and is
//! dropped, doubled or delayed as a whole), `icmpv6.echo_reply`, `udp.datagram`, `ipv6.packet`. A message that is held back
//! by [`Change::Reorder`] waits for the next one of the same machine, however long that takes.

mod book;
mod gate;
mod packet;
mod rule;
#[cfg(test)]
mod tests;

pub(crate) use book::{Decision, RuleBook};
pub(crate) use gate::Gate;
pub use rule::{Change, Rule, RuleError};

use std::collections::VecDeque;

use protocols::time::Instant;

use crate::machine::{Machine, MachineInput, MachineOutput};

/// A machine that applies rules to some of its messages itself, because they are protected when they leave it.
pub trait Hooks {
    /// Takes a rule on one of those messages; `Ok(false)`: the message is none of them.
    ///
    /// # Errors
    /// [`RuleError`] if the message is one of them but the rule cannot apply to it.
    fn hook(&mut self, rule: &Rule) -> Result<bool, RuleError>;
}

/// A machine with rules on what it sends.
pub struct Deviating<M> {
    machine: M,
    rules: RuleBook,
    gate: Gate<MachineOutput>,
    /// Faults that changing a message brought about.
    faults: VecDeque<MachineOutput>,
}

impl<M: Machine + Hooks> Deviating<M> {
    /// Without a rule it behaves as the machine alone does.
    pub fn new(machine: M) -> Self {
        Self { machine, rules: RuleBook::default(), gate: Gate::default(), faults: VecDeque::new() }
    }

    /// Adds a rule; it applies to what the machine sends from now on.
    ///
    /// # Errors
    /// [`RuleError`] if the rule can never apply.
    pub fn deviate(&mut self, rule: Rule) -> Result<(), RuleError> {
        if self.machine.hook(&rule)? {
            return Ok(());
        }
        let fields = packet::fields(&rule.message).ok_or_else(|| RuleError::UnknownMessage(rule.message.clone()))?;
        rule.check_fields(&fields)?;
        self.rules.add(rule);
        Ok(())
    }

    /// The machine inside.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine inside.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }
}

impl<M: Machine> Machine for Deviating<M> {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        self.machine.handle(now, input);
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        loop {
            if let Some(output) = self.faults.pop_front().or_else(|| self.gate.poll(now)) {
                return Some(output);
            }
            match self.machine.poll(now)? {
                MachineOutput::Backbone { packet, wrong_on_purpose } if !self.rules.is_empty() => {
                    match packet::change(&packet, wrong_on_purpose, &mut self.rules) {
                        Ok((packet, wrong_on_purpose, decision)) => {
                            self.gate.admit(now, MachineOutput::Backbone { packet, wrong_on_purpose }, &decision);
                        }
                        Err(error) => {
                            self.faults.push_back(MachineOutput::Fault(format!("deviation not applied: {error}")));
                        }
                    }
                }
                // Through the gate, so that what waits for the next message is released.
                output @ MachineOutput::Backbone { .. } => self.gate.admit(now, output, &Decision::default()),
                output => return Some(output),
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        [self.machine.deadline(), self.gate.deadline()].into_iter().flatten().min()
    }
}
