//! Deviations: a tester machine that sends something other than it would.

mod book;
mod gate;
mod rule;

pub(crate) use book::{Decision, RuleBook};
pub(crate) use gate::Gate;
pub use rule::{Change, Rule, RuleError};

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
}

impl<M: Machine + Hooks> Deviating<M> {
    /// Without a rule it behaves as the machine alone does.
    pub fn new(machine: M) -> Self {
        Self { machine }
    }

    /// Adds a rule; it applies to what the machine sends from now on.
    ///
    /// # Errors
    /// [`RuleError`] if the rule can never apply.
    pub fn deviate(&mut self, rule: Rule) -> Result<(), RuleError> {
        if self.machine.hook(&rule)? { Ok(()) } else { Err(RuleError::UnknownMessage(rule.message)) }
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
        self.machine.poll(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }
}
