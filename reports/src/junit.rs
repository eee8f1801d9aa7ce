//! JUnit: a `testsuite` per suite, a `testcase` per planned case, in the structure that CI servers agree on
//! (`testsuites` > `testsuite` > `properties`, `testcase` > `failure` | `error` | `skipped`).

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use record::manifest::{CaseResult, RunManifest, shown_blame};
use record::verdict::{StepOutcome, Verdict, Violation};

use crate::text::{clock, line, shown};

/// Writes the JUnit file of a run. Times are virtual (or board) seconds; the wall clock stands in the properties.
///
/// # Errors
/// [`crate::Error::JUnit`] if the writer refuses.
pub fn write(manifest: &RunManifest) -> crate::Result<String> {
    let mut report = Report::new(line(&manifest.id));
    report.timestamp = manifest.started.parse().ok();
    report.time = Some(Duration::from_nanos(manifest.cases.iter().map(|case| case.duration).sum()));
    for name in suites(manifest) {
        report.add_test_suite(suite(manifest, name));
    }
    Ok(report.to_string()?)
}

/// Suite names in order of their first case; a run without cases still names its suites.
fn suites(manifest: &RunManifest) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for case in &manifest.cases {
        if !names.contains(&case.suite.as_str()) {
            names.push(&case.suite);
        }
    }
    names
}

fn suite(manifest: &RunManifest, name: &str) -> TestSuite {
    let mut suite = TestSuite::new(line(name));
    suite.timestamp = manifest.started.parse().ok();
    let cases = || manifest.cases.iter().filter(|case| case.suite == name);
    suite.time = Some(Duration::from_nanos(cases().map(|case| case.duration).sum()));
    for (name, value) in properties(manifest) {
        suite.add_property((line(&name), line(&value)));
    }
    for result in cases() {
        suite.add_test_case(test_case(result));
    }
    suite
}

fn properties(manifest: &RunManifest) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = vec![
        ("run".into(), manifest.id.clone()),
        ("bootrack".into(), manifest.version.clone()),
        ("command".into(), manifest.command.join(" ")),
        ("seed".into(), manifest.seed.to_string()),
        ("tested".into(), manifest.tested.clone()),
        ("testbed".into(), manifest.testbed.name.clone()),
        ("testbed.sha256".into(), manifest.testbed.sha256.clone()),
        ("pics".into(), manifest.pics.name.clone()),
        ("pics.sha256".into(), manifest.pics.sha256.clone()),
        ("pixit".into(), manifest.pixit.name.clone()),
        ("pixit.sha256".into(), manifest.pixit.sha256.clone()),
    ];
    let optional = [("wall_seconds", &manifest.wall_seconds), ("mutant", &manifest.mutant), ("fake", &manifest.fake)];
    all.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))));
    all.extend(manifest.suites.iter().map(|file| (format!("suite.{}.sha256", file.name), file.sha256.clone())));
    all.extend(manifest.device.iter().map(|(name, value)| (format!("device.{name}"), value.clone())));
    all.extend(manifest.identity.iter().map(|(name, value)| (format!("identity.{name}"), value.clone())));
    all
}

fn test_case(result: &CaseResult) -> TestCase {
    let mut case = TestCase::new(line(&result.id), status(result));
    case.set_classname(line(&format!("{}.{}", result.suite, result.phase)));
    case.set_time(Duration::from_nanos(result.duration));
    case.add_property(("oracle", line(&result.shown_oracle()).as_str()));
    let mut told = if result.earlier_tries.is_empty() { Vec::new() } else { earlier_tries(result) };
    if result.verdict == Verdict::Pass {
        told.extend(violations(result));
    }
    if !told.is_empty() {
        case.set_system_out(shown(&told.join("\n")));
    }
    case
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let mut status = match result.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(result.blame.map_or(result.verdict.name(), |blame| blame.name()));
            status
        }
        Verdict::Error | Verdict::Inconclusive | Verdict::NotRun => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type(result.verdict.name());
            status
        }
        Verdict::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(result.verdict.name());
            status
        }
    };
    let reason = line(&result.reason);
    let message = match (reason.is_empty(), result.verdict) {
        (true, Verdict::NotRun) => "planned, but the run ended before it".to_owned(),
        (true, verdict) => verdict.name().to_owned(),
        (false, _) => reason,
    };
    status.set_message(message);
    status.set_description(body(result));
    status
}

/// What a person needs who has only the JUnit file.
fn body(result: &CaseResult) -> String {
    let mut lines = vec![format!("purpose: {}", line(&result.purpose)), format!("verdict: {}", result.verdict)];
    if let Some(blame) = result.blame {
        lines.push(format!("blame: {blame}"));
    }
    if let Some(blamed) = &result.blamed {
        lines.push(format!("blamed: {}", line(blamed)));
    }
    if !result.reason.is_empty() {
        lines.push(format!("reason: {}", line(&result.reason)));
    }
    let deciding = result.deciding_step.and_then(|step| result.steps.iter().find(|outcome| outcome.step == step));
    if let Some(outcome) = deciding {
        deciding_step(outcome, &mut lines);
    }
    if !result.evidence.is_empty() {
        let numbers: Vec<String> = result.evidence.iter().map(u64::to_string).collect();
        lines.push(format!("evidence: events {} of cases/{}/events.jsonl", numbers.join(", "), line(&result.id)));
    }
    let clauses = if result.deciding_clauses.is_empty() { &result.clauses } else { &result.deciding_clauses };
    if !clauses.is_empty() {
        lines.push(format!("clauses: {}", line(&clauses.join(", "))));
    }
    lines.push(format!("judged outside by: {}", line(&result.shown_oracle())));
    lines.extend(violations(result));
    lines.push(format!("case seed: {}", line(&result.seed)));
    shown(&lines.join("\n"))
}

/// What monitors found, and what the case's steps came to without it.
fn violations(result: &CaseResult) -> Vec<String> {
    let own = result.own.as_ref().map(|own| {
        let reason = if own.reason.is_empty() { String::new() } else { format!(": {}", line(&own.reason)) };
        format!("its steps by themselves: {}{reason}", own.verdict)
    });
    let found = result.violations.iter().map(|violation| {
        let Violation { monitor, clauses, reason, evidence, decides, .. } = violation;
        let numbers: Vec<String> = evidence.iter().map(u64::to_string).collect();
        let told = if *decides { "" } else { ", which decides nothing in this suite" };
        format!(
            "monitor {} ({}){told}: {} (events {})",
            line(monitor),
            line(&clauses.join(", ")),
            line(reason),
            numbers.join(", ")
        )
    });
    own.into_iter().chain(found).collect()
}

/// A case that was played more than once says so, whatever came of it.
fn earlier_tries(result: &CaseResult) -> Vec<String> {
    let told = (1..).zip(&result.earlier_tries).map(|(number, earlier)| {
        let shown = |blame| format!(", {}", line(&shown_blame(blame, earlier.blamed.as_deref())));
        let blame = earlier.blame.map(shown).unwrap_or_default();
        format!("try {number}: {}{blame}: {}", earlier.verdict, line(&earlier.reason))
    });
    told.chain([format!("verdict of try {}", result.tries())]).collect()
}

fn deciding_step(outcome: &StepOutcome, lines: &mut Vec<String>) {
    lines.push(format!("step: {}", outcome.step + 1));
    if !outcome.expected.is_empty() {
        lines.push(format!("expected: {}", line(&outcome.expected)));
    }
    if !outcome.seen.is_empty() {
        lines.push(format!("seen: {}", line(&outcome.seen)));
    }
    if let (Some(started), Some(ended)) = (outcome.started, outcome.ended) {
        lines.push(format!("time: {} s to {} s of the case's clock", clock(started), clock(ended)));
    }
    if let Some(miss) = &outcome.nearest_miss {
        let numbers: Vec<String> = miss.evidence.iter().map(u64::to_string).collect();
        lines.push(format!("nearest miss (events {}):", numbers.join(", ")));
        for field in &miss.fields {
            let (name, expected, seen) = (line(&field.field), line(&field.expected), line(&field.seen));
            lines.push(format!("  {name}: expected {expected}, seen {seen}"));
        }
    }
}
