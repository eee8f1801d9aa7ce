//! A device that crashes, as its firmware says itself: by the virtual rack, or over the radio link of a board.

use record::event::{Observation, What};
use suites::plan::Case;

use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word};

/// Signs of life of what is under test, and crashes.
pub(crate) struct Crashes;

impl Crashes {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::new(Self)
    }
}

impl Machine for Crashes {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        let What::Observation(observation) = &sight.event.what else { return };
        match observation {
            Observation::UpperTester { board, .. } if board == sight.iut() => word.judge(),
            Observation::Crashed { board, reason } if board == sight.iut() => {
                word.judge();
                word.violation(format!("{board} crashed: {reason}"), [sight.event.n]);
            }
            _ => {}
        }
    }
}
