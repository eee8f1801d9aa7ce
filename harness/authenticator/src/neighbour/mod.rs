//! In preparation: every order is refused.

use std::collections::VecDeque;

use protocols::Entropy;
use protocols::time::Instant;

use crate::craft::CounterState;
use crate::deviation::{Hooks, Rule, RuleError};
use crate::machine::{Machine, MachineInput, MachineOutput};

/// A tester-side station, deterministic in its entropy.
pub struct Neighbour {
    outputs: VecDeque<MachineOutput>,
    counters: CounterState,
}

impl Neighbour {
    /// Idle until its first order.
    pub fn new(entropy: Entropy) -> Self {
        let _ = entropy;
        Self { outputs: VecDeque::new(), counters: CounterState::default() }
    }

    /// Its sequence numbers and frame counters: whoever crafts a frame in its name takes them from here, so that the
    /// receiver does not see a replay.
    pub fn counters_mut(&mut self) -> &mut CounterState {
        &mut self.counters
    }
}

impl Machine for Neighbour {
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

impl Hooks for Neighbour {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}
