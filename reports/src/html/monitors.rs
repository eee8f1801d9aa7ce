//! What monitors judged and found: a table for the run, and a list for a case.

use record::manifest::{CaseResult, RunManifest};
use record::verdict::Watched;
use serde::Serialize;
use suites::describe;
use suites::monitor::Monitor;

use super::case_page::Evidence;
use super::{Badge, CaseLink};
use crate::text::{line, sentence};

/// So many cases with a violation are linked for a monitor.
const MOST_LINKS: usize = 10;

/// The monitors of a run.
#[derive(Serialize)]
pub(super) struct OfRun {
    monitors: Vec<OfMonitor>,
    /// Violations of all monitors in all cases.
    violations: u64,
    judged: u64,
}

#[derive(Serialize)]
struct OfMonitor {
    id: String,
    purpose: String,
    rule: String,
    clauses: String,
    is_of_profile: bool,
    named: u64,
    judged: u64,
    /// Cases in which it had something to judge.
    cases: usize,
    violations: u64,
    found: Vec<CaseLink>,
    more: usize,
}

pub(super) fn of_run(manifest: &RunManifest, monitors: &[Monitor]) -> crate::Result<Option<OfRun>> {
    if monitors.is_empty() {
        return Ok(None);
    }
    let mut all = monitors.iter().map(|monitor| of_monitor(manifest, monitor)).collect::<crate::Result<Vec<_>>>()?;
    // What needs attention first.
    all.sort_by_key(|monitor| monitor.violations == 0);
    let sum = |count: fn(&OfMonitor) -> u64| all.iter().map(count).sum();
    Ok(Some(OfRun { violations: sum(|it| it.violations), judged: sum(|it| it.judged), monitors: all }))
}

fn of_monitor(manifest: &RunManifest, monitor: &Monitor) -> crate::Result<OfMonitor> {
    let tallies = || manifest.cases.iter().filter_map(|case| Some((case, case.watched.get(&monitor.id)?)));
    let sum = |count: fn(&Watched) -> u64| tallies().map(|(_, watched)| count(watched)).sum();
    let found: Vec<&CaseResult> =
        tallies().filter(|(_, watched)| watched.violations > 0).map(|(case, _)| case).collect();
    Ok(OfMonitor {
        id: line(&monitor.id),
        purpose: line(&monitor.purpose),
        rule: line(&describe::rule(monitor)),
        clauses: line(&monitor.clauses.join(", ")),
        is_of_profile: monitor.is_of_profile(),
        named: sum(|watched| watched.named),
        judged: sum(|watched| watched.judged),
        cases: tallies().filter(|(_, watched)| watched.judged > 0).count(),
        violations: sum(|watched| watched.violations),
        more: found.len().saturating_sub(MOST_LINKS),
        found: found.into_iter().take(MOST_LINKS).map(|case| CaseLink::to(case, "")).collect::<crate::Result<_>>()?,
    })
}

/// What monitors found in a case.
#[derive(Serialize)]
pub(super) struct OfCase {
    /// What the steps came to by themselves, if that is not the verdict.
    own: Option<Badge>,
    own_reason: String,
    found: Vec<Found>,
    monitors: usize,
    judged: u64,
}

#[derive(Serialize)]
struct Found {
    monitor: String,
    clauses: String,
    reason: String,
    decides: bool,
    evidence: Evidence,
}

pub(super) fn of_case(result: &CaseResult, refs: impl Fn(&[u64]) -> Evidence) -> Option<OfCase> {
    if result.watched.is_empty() {
        return None;
    }
    let found = result.violations.iter().map(|violation| Found {
        monitor: line(&violation.monitor),
        clauses: line(&violation.clauses.join(", ")),
        reason: sentence(&violation.reason),
        decides: violation.decides,
        evidence: refs(&violation.evidence),
    });
    Some(OfCase {
        own: result.own.as_ref().map(|own| own.verdict.into()),
        own_reason: result.own.as_ref().map(|own| line(&own.reason)).unwrap_or_default(),
        found: found.collect(),
        monitors: result.watched.len(),
        judged: result.watched.values().map(|watched| watched.judged).sum(),
    })
}
