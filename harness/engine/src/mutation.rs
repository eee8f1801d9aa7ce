//! Mutation testing of the suites: a mutant is killed by a case if the case ends `fail`, blame device, at a step that cites
//! the clause which the mutant violates.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use record::{Blame, Verdict};
use suites::ledger::Ledger;
use suites::monitor::Monitor;

use crate::campaign::{Setting, run_tries_in_memory};
use crate::error::RunError;
use crate::judge::CaseVerdict;
use crate::mutant::Mutant;
use crate::stored_plan::PlannedCase;

/// What one case said of one mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The mutant.
    pub mutant: Mutant,
    /// Case ID with its parameter row.
    pub case: String,
    /// Whether the case, or a monitor in it, names this mutant.
    pub named: bool,
    /// Monitors that name the mutant and this case.
    pub monitors: Vec<String>,
    /// Monitors that found something which decides: of the profile, in the profile's suites only.
    pub found_by: Vec<String>,
    /// What the case's own steps came to.
    pub own: Verdict,
    /// Whether it killed the mutant.
    pub killed: bool,
    /// The suite that the case stands in.
    pub suite: String,
    /// What came of the case.
    pub verdict: Verdict,
    /// The clauses that the deciding step cites, and the monitors that found what decides.
    pub deciding_clauses: Vec<String>,
    /// Whose doing.
    pub blame: Option<Blame>,
    /// One sentence.
    pub reason: String,
}

impl Trial {
    /// The monitor that alone told this mutant from a right device: no other found anything, and no step failed.
    pub fn found_alone_by(&self) -> Option<&str> {
        match self.found_by.as_slice() {
            [monitor] if self.own != Verdict::Fail => Some(monitor),
            _ => None,
        }
    }

    /// Whether the device failed at a step that cites this clause.
    pub fn fails_at(&self, clause: &str) -> bool {
        self.verdict == Verdict::Fail
            && self.blame == Some(Blame::Device)
            && self.deciding_clauses.iter().any(|cited| cited == clause)
    }

    /// Whether a departure from the profile alone was held against the draft: a `fail` outside of the profile's suites at a
    /// step that cites no clause of the profile. A device may follow the draft and not the profile. It is none if the ledger
    /// says that this mutant breaks a clause which the step cites: then it does not depart from the profile alone.
    pub fn blames_the_draft_for_the_profile(&self, ledger: &Ledger) -> bool {
        let breaks = |id: &String| {
            ledger.clause(id).is_some_and(|clause| clause.broken_by.iter().any(|name| name == self.mutant.name()))
        };
        let is_of_profile = |clause: &str| clause.starts_with(suites::ledger::PROFILE_PREFIX);
        self.verdict == Verdict::Fail
            && is_of_profile(self.mutant.clause())
            && !suites::ledger::is_profile_suite(&self.suite)
            && !self.deciding_clauses.iter().any(|clause| is_of_profile(clause) || breaks(clause))
    }
}

/// Runs each mutant against the cases that name it, or with `full` against every case. `ended` is told of each trial.
///
/// # Errors
/// [`RunError`] if the testbed cannot play a case.
pub fn run_mutants(
    mutants: &[Mutant],
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
    full: bool,
    ended: &(dyn Fn(&Trial) + Sync),
) -> Result<Vec<Trial>, RunError> {
    let mut work = Vec::new();
    for mutant in mutants {
        for planned in cases {
            let monitors = monitors_of(*mutant, planned);
            let named = planned.case.kills.iter().any(|name| name == mutant.name()) || !monitors.is_empty();
            if mutant.concerns(&planned.case) && (named || full) {
                work.push((*mutant, planned, named, monitors));
            }
        }
    }
    play(&work, setting, jobs, ended)
}

/// Runs each of these mutants against every case that cites its clause.
///
/// # Errors
/// [`RunError`] if the testbed cannot play a case.
pub fn run_against_clauses(
    claims: &[(Mutant, &str)],
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
) -> Result<Vec<Trial>, RunError> {
    let mut work = Vec::new();
    for (mutant, clause) in claims {
        let citing = |planned: &&PlannedCase| planned.case.clauses.iter().any(|cited| cited == clause);
        let concerned = cases.iter().filter(citing).filter(|planned| mutant.concerns(&planned.case));
        work.extend(concerned.map(|planned| (*mutant, planned, false, Vec::new())));
    }
    play(&work, setting, jobs, &|_| {})
}

/// A mutant, a case, whether the case or a monitor in it names the mutant, and the monitors that do.
type Work<'a> = (Mutant, &'a PlannedCase, bool, Vec<String>);

fn play(
    work: &[Work<'_>],
    setting: &Setting,
    jobs: usize,
    ended: &(dyn Fn(&Trial) + Sync),
) -> Result<Vec<Trial>, RunError> {
    let next = AtomicUsize::new(0);
    let trials: Mutex<Vec<(usize, Result<Trial, RunError>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, work.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some((mutant, planned, named, monitors)) = work.get(index) else { break };
                    let trial = run_trial(*mutant, planned, *named, monitors, setting);
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

/// The monitors that must find this mutant in this case.
fn monitors_of(mutant: Mutant, planned: &PlannedCase) -> Vec<String> {
    let is_for = |monitor: &&Monitor| {
        monitor.kills.iter().any(|name| name == mutant.name())
            && monitor.shown_in.contains(&planned.case.base)
            && monitor.iut == planned.case.iut
    };
    planned.case.monitors.iter().filter(is_for).map(|monitor| monitor.id.clone()).collect()
}

fn run_trial(
    mutant: Mutant,
    planned: &PlannedCase,
    named: bool,
    monitors: &[String],
    setting: &Setting,
) -> Result<Trial, RunError> {
    let (run, _) = run_tries_in_memory(planned, &setting.with_mutant(mutant))?;
    let mut found_by: Vec<String> = Vec::new();
    for violation in run.verdict.violations.iter().filter(|violation| violation.decides) {
        if !found_by.contains(&violation.monitor) {
            found_by.push(violation.monitor.clone());
        }
    }
    let has_found = monitors.iter().all(|monitor| found_by.contains(monitor));
    Ok(Trial {
        monitors: monitors.to_vec(),
        own: run.verdict.own.as_ref().map_or(run.verdict.verdict, |own| own.verdict),
        found_by,
        mutant,
        case: planned.case.id.clone(),
        named,
        killed: has_found && kills(&run.verdict, mutant.clause()),
        suite: planned.case.suite.clone(),
        verdict: run.verdict.verdict,
        blame: run.verdict.blame,
        deciding_clauses: broken_clauses(&run.verdict),
        reason: run.verdict.reason,
    })
}

/// Whether a case ends `fail`, blame device, at a step or by a monitor that cites this clause.
fn kills(verdict: &CaseVerdict, clause: &str) -> bool {
    verdict.verdict == Verdict::Fail
        && verdict.blame == Some(Blame::Device)
        && broken_clauses(verdict).iter().any(|cited| cited == clause)
}

/// The clauses of the step that decided, and of the monitors that found what decides.
fn broken_clauses(verdict: &CaseVerdict) -> Vec<String> {
    let mut clauses = verdict.deciding_clauses.clone();
    let decides = verdict.violations.iter().filter(|violation| violation.decides);
    clauses.extend(decides.flat_map(|violation| violation.clauses.iter().cloned()));
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_departure_from_the_profile_is_no_fail_of_a_draft() {
        let trial = |mutant: &str, suite: &str, verdict, clauses: &[&str]| Trial {
            mutant: Mutant::from_name(mutant).unwrap(),
            case: "X-01".to_owned(),
            named: false,
            monitors: Vec::new(),
            found_by: Vec::new(),
            own: verdict,
            killed: false,
            suite: suite.to_owned(),
            verdict,
            blame: Some(Blame::Device),
            deciding_clauses: clauses.iter().map(|clause| (*clause).to_owned()).collect(),
            reason: String::new(),
        };
        let ledger = Ledger::load(&suites::built_in::clauses()).unwrap();
        let wrong = |trial: Trial| trial.blames_the_draft_for_the_profile(&ledger);
        assert!(wrong(trial("jsr-not-repeated", "bootstrap", Verdict::Fail, &["SEL-5-3"])));
        assert!(wrong(trial("jsr-not-repeated", "bootstrap", Verdict::Fail, &[])));
        assert!(!wrong(trial("jsr-not-repeated", "bootstrap", Verdict::Inconclusive, &["SEL-5-3"])));
        assert!(!wrong(trial("jsr-not-repeated", "bootstrap", Verdict::Fail, &["SEL-5-3", "PROFILE-SEL-4a"])));
        assert!(!wrong(trial("jsr-not-repeated", "profile", Verdict::Fail, &["SEL-1-1"])));
        // The ledger says that it breaks what the step cites.
        assert!(!wrong(trial("jsr-after-secured", "bootstrap", Verdict::Fail, &["SEL-5.3.1-2"])));
        assert!(wrong(trial("jsr-after-secured", "bootstrap", Verdict::Fail, &["SEL-5-3"])));
        // A departure from the draft itself is nobody's liberty.
        assert!(!wrong(trial("jsr-status-nonzero", "bootstrap", Verdict::Fail, &["SEL-5-3"])));
    }
}
