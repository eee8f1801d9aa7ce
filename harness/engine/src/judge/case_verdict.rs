//! What the ends of a case's steps amount to: its verdict (ISO/IEC 9646), and apart from that whose doing it is.

use std::collections::BTreeMap;

use record::verdict::{Blame, OwnOutcome, StepOutcome, Verdict, Violation, Watched};
use suites::plan::Part;
use wire::Eui64;

use super::decision::Decision;
use super::judge::Judge;

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// Whose doing, unless `pass`.
    pub blame: Option<Blame>,
    /// Who that is, unless `pass`: what is under test by its name, a station, a board, the sniffer; else the word of the blame.
    pub blamed: Option<String>,
    /// One sentence; empty for `pass`.
    pub reason: String,
    /// The step that decided, unless `pass`.
    pub deciding_step: Option<usize>,
    /// Clauses that the deciding step cites.
    pub deciding_clauses: Vec<String>,
    /// Events that the verdict rests on.
    pub evidence: Vec<u64>,
    /// One outcome a step.
    pub steps: Vec<StepOutcome>,
    /// What the steps came to by themselves, where a monitor made the verdict.
    pub own: Option<OwnOutcome>,
    /// What monitors found, in order.
    pub violations: Vec<Violation>,
    /// How much each monitor had to do, by its ID.
    pub watched: BTreeMap<String, Watched>,
}

impl Judge<'_> {
    /// The case's verdict from everything seen, what monitors found included: a violation makes a case `fail`, whatever its
    /// steps came to, unless rack or tester were at fault.
    pub fn verdict(&self) -> CaseVerdict {
        let own = self.verdict_of_steps();
        let violations = self.bench.violations();
        let watched = self.bench.watched();
        let deciding = violations.iter().find(|violation| violation.decides).cloned();
        match deciding.filter(|_| !matches!(own.verdict, Verdict::Error | Verdict::Fail)) {
            Some(violation) => CaseVerdict {
                verdict: Verdict::Fail,
                blame: Some(Blame::Device),
                blamed: Some(self.iut().to_owned()),
                reason: format!("monitor {}: {}", violation.monitor, violation.reason),
                deciding_step: None,
                deciding_clauses: violation.clauses,
                evidence: violation.evidence,
                steps: own.steps,
                own: Some(OwnOutcome {
                    verdict: own.verdict,
                    blame: own.blame,
                    blamed: own.blamed,
                    reason: own.reason,
                    deciding_step: own.deciding_step,
                }),
                violations,
                watched,
            },
            None => CaseVerdict { violations, watched, ..own },
        }
    }

    /// What the case's steps come to by themselves.
    fn verdict_of_steps(&self) -> CaseVerdict {
        let early_end = (!self.ended).then(|| Decision {
            verdict: Verdict::Error,
            blame: Blame::Rack,
            who: None,
            reason: "the log ends before the case did".to_owned(),
            step: self.active.as_ref().map(|active| active.step),
            evidence: vec![self.last.0],
        });
        let unfinished =
            (self.ended && self.decided.is_none() && self.next < self.case.steps.len()).then(|| Decision {
                verdict: Verdict::Error,
                blame: Blame::Rack,
                who: None,
                reason: format!("the case ended before step {}", self.next + 1),
                step: Some(self.next),
                evidence: vec![self.last.0],
            });
        let nothing_judged = (!self.device_observed).then(|| Decision {
            verdict: Verdict::Inconclusive,
            blame: Blame::Suite,
            who: None,
            reason: "no step observed anything of the device".to_owned(),
            step: None,
            evidence: Vec::new(),
        });
        let error = self.decided.clone().filter(|decision| decision.verdict == Verdict::Error);
        // What a log shows before it breaks off may have been outweighed by what it no longer shows.
        let decision =
            error.or(early_end).or(self.decided.clone()).or(unfinished).or(self.doubt.clone()).or(nothing_judged);
        let decision = decision.map(|decision| self.blamed(decision));
        let clauses = |step: Option<usize>| {
            step.and_then(|step| self.case.steps.get(step))
                .map(|step| if step.clauses.is_empty() { self.case.clauses.clone() } else { step.clauses.clone() })
                .unwrap_or_default()
        };
        let mut passed_on: Vec<u64> = self
            .outcomes
            .iter()
            .filter(|outcome| self.case.steps[outcome.step].part == Part::Body)
            .flat_map(|outcome| outcome.evidence.iter().copied())
            .collect();
        passed_on.sort_unstable();
        passed_on.dedup();
        match decision {
            Some(decision) => CaseVerdict {
                verdict: decision.verdict,
                blame: Some(decision.blame),
                blamed: Some(self.name_of(decision.blame, decision.who)),
                deciding_clauses: clauses(decision.step),
                reason: decision.reason,
                deciding_step: decision.step,
                evidence: decision.evidence,
                steps: self.outcomes.clone(),
                own: None,
                violations: Vec::new(),
                watched: BTreeMap::new(),
            },
            None => CaseVerdict {
                verdict: Verdict::Pass,
                blame: None,
                blamed: None,
                reason: String::new(),
                deciding_step: None,
                deciding_clauses: Vec::new(),
                evidence: passed_on,
                steps: self.outcomes.clone(),
                own: None,
                violations: Vec::new(),
                watched: BTreeMap::new(),
            },
        }
    }
}

impl Judge<'_> {
    /// The name of whose doing it is. What a blame calls the device is whatever is under test.
    fn name_of(&self, blame: Blame, who: Option<String>) -> String {
        match blame {
            Blame::Device => self.iut().to_owned(),
            // Somebody who is no part of the case has no name.
            Blame::Tester | Blame::Rack | Blame::Suite => {
                who.filter(|who| who.parse::<Eui64>().is_err()).unwrap_or_else(|| blame.name().to_owned())
            }
        }
    }
}
