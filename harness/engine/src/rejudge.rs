//! Judging stored evidence again: the same events, the same judge, the same verdict.

use std::collections::BTreeMap;

use record::bundle::{BundleError, StoredCase, StoredRun, names};
use record::event::Event;
use record::manifest::{CaseResult, Try};
use record::verdict::{Blame, OwnOutcome, Verdict, Violation, Watched};

use crate::error::StoredRunError;
use crate::judge::{CaseVerdict, Judge};
use crate::stored_plan::{PlannedCase, StoredPlan};

/// What judging a stored run again showed.
#[derive(Debug)]
pub struct Rejudged {
    /// One entry for each planned case, in order.
    pub cases: Vec<RejudgedCase>,
    /// Evidence that is not as it was sealed.
    pub damage: Vec<BundleError>,
}

/// One case, judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejudgedCase {
    /// Case ID with its parameter row; of a try that decided nothing with the folder of its evidence, `CASE/try-1`.
    pub id: String,
    /// What the bundle says.
    pub stored: Verdict,
    /// What the judge says now; the stored verdict where a case has no events.
    pub verdict: Verdict,
    /// Whose doing.
    pub blame: Option<Blame>,
    /// Who that is, by name.
    pub blamed: Option<String>,
    /// One sentence.
    pub reason: String,
    /// What monitors found.
    pub violations: Vec<Violation>,
    /// Whether verdict, blame, name, reason and deciding step are those stored; a bundle of an older version stores no name.
    pub reproduced: bool,
}

impl Rejudged {
    /// Whether every stored verdict was reproduced from evidence that is whole.
    pub fn reproduced(&self) -> bool {
        self.damage.is_empty() && self.cases.iter().all(|case| case.reproduced)
    }
}

/// Shows events to a fresh judge.
pub fn judge_events(planned: &PlannedCase, events: &[Event]) -> CaseVerdict {
    let mut judge = Judge::new(&planned.case, &planned.environment);
    events.iter().for_each(|event| judge.see(event));
    judge.verdict()
}

/// Judges every case of a stored run again.
///
/// # Errors
/// [`StoredRunError`] if the plan cannot be read at all.
pub fn rejudge(mut run: StoredRun) -> Result<Rejudged, StoredRunError> {
    let plan = StoredPlan::from_json(run.plan()?)?;
    let mut cases = Vec::new();
    for stored in &run.manifest.cases {
        let evidence = run.case(&stored.id).zip(plan.case(&stored.id));
        if let Some((evidence, planned)) = &evidence {
            let tries = stored.earlier_tries.iter().zip(1..);
            cases.extend(tries.map(|(this, number)| rejudge_try(stored, this, number, evidence, planned)));
        }
        let Some((evidence, planned)) = evidence else {
            cases.push(RejudgedCase {
                id: stored.id.clone(),
                stored: stored.verdict,
                verdict: stored.verdict,
                blame: stored.blame,
                blamed: stored.blamed.clone(),
                reason: stored.reason.clone(),
                violations: stored.violations.clone(),
                reproduced: true,
            });
            continue;
        };
        let stored = Stored {
            id: stored.id.clone(),
            verdict: stored.verdict,
            blame: stored.blame,
            blamed: stored.blamed.as_deref(),
            reason: &stored.reason,
            deciding_step: stored.deciding_step,
            evidence: &stored.evidence,
            found: Some(Monitored {
                own: stored.own.as_ref(),
                violations: &stored.violations,
                watched: &stored.watched,
            }),
        };
        cases.push(stored.compare(planned, &evidence));
    }
    Ok(Rejudged { cases, damage: std::mem::take(&mut run.damage) })
}

/// A try that decided nothing, judged again: it has to have decided nothing.
fn rejudge_try(
    case: &CaseResult,
    this: &Try,
    number: usize,
    evidence: &StoredCase,
    planned: &PlannedCase,
) -> RejudgedCase {
    let stored = Stored {
        id: format!("{}/{}", case.id, names::of_try(number)),
        verdict: this.verdict,
        blame: this.blame,
        blamed: this.blamed.as_deref(),
        reason: &this.reason,
        deciding_step: this.deciding_step,
        evidence: &this.evidence,
        found: None,
    };
    stored.compare(planned, &evidence.earlier_try(number))
}

/// What a bundle says of a case, or of a try at it.
struct Stored<'a> {
    id: String,
    verdict: Verdict,
    blame: Option<Blame>,
    blamed: Option<&'a str>,
    reason: &'a str,
    deciding_step: Option<usize>,
    evidence: &'a [u64],
    /// What monitors found; not kept of a try that decided nothing.
    found: Option<Monitored<'a>>,
}

/// What a bundle says of the monitors of a case.
struct Monitored<'a> {
    own: Option<&'a OwnOutcome>,
    violations: &'a [Violation],
    watched: &'a BTreeMap<String, Watched>,
}

impl Monitored<'_> {
    fn is_of(&self, now: &CaseVerdict) -> bool {
        self.own == now.own.as_ref() && self.violations == now.violations && *self.watched == now.watched
    }
}

impl Stored<'_> {
    /// Judges its evidence again.
    fn compare(self, planned: &PlannedCase, evidence: &StoredCase) -> RejudgedCase {
        let now = match evidence.events() {
            Ok(events) => judge_events(planned, &events),
            Err(error) => {
                return RejudgedCase {
                    id: self.id,
                    stored: self.verdict,
                    verdict: Verdict::Error,
                    blame: Some(Blame::Rack),
                    blamed: Some(Blame::Rack.name().to_owned()),
                    reason: error.to_string(),
                    violations: Vec::new(),
                    reproduced: false,
                };
            }
        };
        RejudgedCase {
            id: self.id,
            stored: self.verdict,
            reproduced: now.verdict == self.verdict
                && now.blame == self.blame
                && self.blamed.is_none_or(|blamed| now.blamed.as_deref() == Some(blamed))
                && now.reason == self.reason
                && now.deciding_step == self.deciding_step
                && now.evidence == self.evidence
                && self.found.is_none_or(|found| found.is_of(&now)),
            violations: now.violations,
            verdict: now.verdict,
            blame: now.blame,
            blamed: now.blamed,
            reason: now.reason,
        }
    }
}
