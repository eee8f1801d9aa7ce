//! In preparation: every order is refused.

use std::collections::VecDeque;

use protocols::Entropy;
use protocols::time::Instant;

use crate::deviation::{Hooks, Rule, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput};

/// A tester-side station, deterministic in its entropy.
pub struct CommissioningTool {
    outputs: VecDeque<MachineOutput>,
}

impl CommissioningTool {
    /// Idle until its first order.
    pub fn new(entropy: Entropy) -> Self {
        let _ = entropy;
        Self { outputs: VecDeque::new() }
    }
}

impl Machine for CommissioningTool {
    fn handle(&mut self, _now: Instant, input: MachineInput<'_>) {
        if let MachineInput::Order(order) = input {
            self.outputs
                .push_back(MachineOutput::Refused { order: order.to_owned(), reason: "unknown order".to_owned() });
        }
    }

    fn poll(&mut self, _now: Instant) -> Option<MachineOutput> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Hooks for CommissioningTool {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}
