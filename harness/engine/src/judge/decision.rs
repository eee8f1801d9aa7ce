//! What decided a case, and what a step is before it was begun.

use record::verdict::{Blame, StepOutcome, Verdict};
use suites::plan::Step;

/// What decided a case.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) verdict: Verdict,
    pub(super) blame: Blame,
    pub(super) who: Option<String>,
    pub(super) reason: String,
    pub(super) step: Option<usize>,
    pub(super) evidence: Vec<u64>,
}

pub(super) fn not_run(index: usize, step: &Step) -> StepOutcome {
    StepOutcome {
        step: index,
        verdict: Verdict::NotRun,
        reason: String::new(),
        expected: step.text.clone(),
        seen: String::new(),
        evidence: Vec::new(),
        nearest_miss: None,
        started: None,
        ended: None,
    }
}
