//! Mutation testing of the suites: a mutant is killed by a case if the case ends `fail`, blame device, at a step that cites
//! the clause which the mutant violates.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use node::Mutant;
use record::{Blame, Verdict};
use testbeds::testbed::Device;

use crate::campaign::{Setting, run_in_memory};
use crate::judge::CaseVerdict;
use crate::stored_plan::PlannedCase;

/// What one case said of one mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The mutant.
    pub mutant: Mutant,
    /// Case ID with its parameter row.
    pub case: String,
    /// Whether the case names this mutant.
    pub named: bool,
    /// Whether it killed the mutant.
    pub killed: bool,
    /// What came of the case.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
}

/// Runs each mutant against the cases that name it, or with `full` against every case. `ended` is told of each trial.
///
/// # Errors
/// One sentence if the testbed cannot play a case.
pub fn run_mutants(
    mutants: &[Mutant],
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
    full: bool,
    ended: &(dyn Fn(&Trial) + Sync),
) -> Result<Vec<Trial>, String> {
    let mut work = Vec::new();
    for mutant in mutants {
        for planned in cases {
            let named = planned.case.kills.iter().any(|name| name == mutant.name());
            if named || full {
                work.push((*mutant, planned, named));
            }
        }
    }
    let next = AtomicUsize::new(0);
    let trials: Mutex<Vec<(usize, Result<Trial, String>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((mutant, planned, named)) = work.get(index) else { break };
                    let trial = run_trial(*mutant, planned, *named, setting);
                    if let Ok(trial) = &trial {
                        ended(trial);
                    }
                    trials.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, trial));
                }
            });
        }
    });
    let mut trials = trials.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    trials.sort_by_key(|(index, _)| *index);
    trials.into_iter().map(|(_, trial)| trial).collect()
}

fn run_trial(mutant: Mutant, planned: &PlannedCase, named: bool, setting: &Setting) -> Result<Trial, String> {
    let setting = Setting { device: Device::Mutant(mutant), ..setting.clone() };
    let run = run_in_memory(planned, &setting)?;
    Ok(Trial {
        mutant,
        case: planned.case.id.clone(),
        named,
        killed: kills(&run.verdict, mutant.clause()),
        verdict: run.verdict.verdict,
        reason: run.verdict.reason,
    })
}

fn kills(verdict: &CaseVerdict, clause: &str) -> bool {
    verdict.verdict == Verdict::Fail
        && verdict.blame == Some(Blame::Device)
        && verdict.deciding_clauses.iter().any(|cited| cited == clause)
}
