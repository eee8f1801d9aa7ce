//! `bootrack run`: plans, runs, seals, reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use engine::campaign::{self, Setting};
use engine::mutant::Mutant;
use engine::stored_plan::{PlannedCase, StoredPlan};
use indicatif::{ProgressBar, ProgressStyle};
use input::Source;
use node::variants::Variant;
use record::bundle::Bundle;
use record::manifest::{CaseResult, Named, RUN_SCHEMA, RunManifest};
use record::sha256_hex;
use record::verdict::Violation;
use record::{Verdict, case_id};
use serde_json::json;
use suites::Plan;
use testbeds::connection::{Claim, LockError};
use testbeds::testbed::{Device, Quarantine, Testbed};
use testbeds::virtual_rack::Fake;

use crate::arguments::Run;
use crate::commands::tested::tested;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, say};

pub(crate) fn run(arguments: &Run) -> Result<Exit, Failure> {
    let started = Instant::now();
    let clock = SystemTime::now();
    let (testbed, testbed_source) = inputs::testbed(arguments.testbed.as_deref())?;
    testbed.check_ready().map_err(|error| Failure::usage(error.to_string()))?;
    let id = run_id(clock, arguments.seed);
    let setting = setting(arguments, testbed)?;
    let mut planning = arguments.planning.clone();
    if planning.selectors.is_empty() {
        planning.selectors.clone_from(&setting.testbed.selectors);
    }
    let stated = arguments.mutant.as_deref().and_then(Variant::from_name);
    let (loaded, plan) = inputs::plan_for(&planning, stated)?;
    inputs::check_boards(&setting.testbed, &testbed_source, &loaded)?;
    let needed = plan.cases.iter().flat_map(|case| {
        engine::scenery::boards_on_air(case)
            .filter(|board| *board != "dut" || arguments.fake.is_none())
            .map(|board| (board, case.id.as_str()))
    });
    let lacking = setting.testbed.lacking_radios(&testbed_source, needed);
    if !lacking.is_empty() {
        return Err(lacking.into());
    }
    let setting = &setting;
    let attempts = |case| {
        (1..=arguments.repeat)
            .map(move |number| PlannedCase::attempt(case, arguments.seed, number, &setting.testbed, setting.stations))
    };
    let planned: Vec<PlannedCase> = plan.cases.iter().flat_map(attempts).collect();
    check_use(&setting.testbed, &planned)?;
    let folder = arguments.out.clone().unwrap_or_else(|| PathBuf::from("runs").join(&id));
    let mut manifest =
        manifest(arguments, &loaded, &plan, &planned, &testbed_source, &setting.testbed.identity, clock, &id);
    manifest.tested = tested(setting, &planned, arguments.fake, &manifest.device);
    let stored_plan = serde_json::to_value(StoredPlan::new(planned.clone()))
        .map_err(|error| Failure::Broken(format!("the plan cannot be stored: {error}")))?;
    let _claim = claim(&setting.testbed, &id, arguments.wait_for_boards)?;
    let bundle = Bundle::create(&folder, &manifest, &stored_plan)
        .map_err(|error| Failure::usage_with_help(error.to_string(), "choose another folder with `--out`"))?;
    if arguments.out.is_none() {
        bundle.link_latest().map_err(|error| Failure::Broken(error.to_string()))?;
    }

    let progress = progress_bar(planned.len());
    // There is one board of each name: cases take turns.
    let jobs = if setting.testbed.exclusive().is_empty() { jobs(arguments.jobs.or(setting.testbed.jobs)) } else { 1 };
    let results = campaign::run_campaign(&planned, setting, jobs, &bundle, &|result| {
        progress.inc(1);
        if result.verdict != Verdict::Pass {
            progress.println(format!("{} {}", output::verdict(result.verdict, false), result.id));
        }
    });
    progress.finish_and_clear();
    let outcome = results.map_err(|reason| {
        Failure::Broken(format!("the run stopped: {reason}; the cases that ended before are in {}", folder.display()))
    })?;

    let not_applicable = manifest.cases.split_off(planned.len());
    manifest.cases = outcome.results;
    manifest.device = outcome.device;
    manifest.tested = tested(setting, &planned, arguments.fake, &manifest.device);
    manifest.cases.extend(not_applicable);
    manifest.warnings.extend(mixed(&manifest.cases));
    manifest.warnings.extend(tried_again(&manifest.cases));
    manifest.warnings.extend(unused(&setting.testbed, &planned));
    manifest.warnings.extend(expired(&setting.testbed));
    let wall = started.elapsed();
    manifest.wall_seconds = Some(format!("{:.3}", wall.as_secs_f64()));
    bundle.finish(&manifest).map_err(|error| Failure::Broken(error.to_string()))?;
    let stored = inputs::open_run(&folder)?;
    engine::render::render(&stored, &inputs::clause_texts(&loaded.ledger), setting.stations)
        .map_err(|error| Failure::Broken(error.to_string()))?;
    report(arguments.json, &manifest, &folder, started.elapsed());
    let verdicts: Vec<Verdict> = manifest.cases.iter().map(|case| case.verdict).collect();
    Ok(Exit::of_verdicts(&verdicts))
}

/// The devices of the testbed for this run, until it ends.
fn claim(testbed: &Testbed, id: &str, patience_s: u32) -> Result<Claim, Failure> {
    let user = std::env::var("USER").unwrap_or_else(|_| "?".to_owned());
    let holder = format!("run {id} (process {}, user {user})", std::process::id());
    Claim::take(testbed.exclusive(), &holder, Duration::from_secs(patience_s.into())).map_err(|error| {
        let help = "wait for it, with `--wait-for-boards SECONDS` if you like";
        match error {
            LockError::Held { .. } => Failure::usage_with_help(error.to_string(), help),
            LockError::Broken { .. } => Failure::usage(error.to_string()),
        }
    })
}

/// Refuses a testbed whose boards none of the planned cases has: what would be tested is none of them.
fn check_use(testbed: &Testbed, planned: &[PlannedCase]) -> Result<(), Failure> {
    let boards: Vec<String> = testbed.connections.keys().map(|name| format!("`{name}`")).collect();
    if planned.is_empty() || boards.is_empty() || unused(testbed, planned).len() < boards.len() {
        return Ok(());
    }
    Err(Failure::usage_with_help(
        format!("no selected case has a board that the testbed connects: {}", boards.join(", ")),
        "select cases whose topology has one, or leave the testbed file out to test the reference device",
    ))
}

/// What to say of boards of the testbed that no planned case has.
fn unused(testbed: &Testbed, planned: &[PlannedCase]) -> Vec<String> {
    let is_used = |name: &String| {
        planned.iter().any(|planned| planned.case.topology.boards.iter().any(|board| board.name == *name))
    };
    let unused = testbed.connections.keys().filter(|name| !is_used(name));
    unused.map(|name| format!("no case has a board `{name}`, which the testbed names")).collect()
}

/// What to say of boards that were in quarantine, and are used again.
fn expired(testbed: &Testbed) -> Vec<String> {
    let expired = testbed.quarantines.iter().filter(|(_, quarantine)| !quarantine.holds());
    let warn = |(name, quarantine): (&String, &Quarantine)| {
        let Quarantine { reason, owner, until } = quarantine;
        format!(
            "the quarantine of `{name}` ended on {until} ({reason}; {owner}): look at the board, and take it out of the file"
        )
    };
    expired.map(warn).collect()
}

/// What to say of each case whose attempts came to different verdicts.
fn mixed(results: &[CaseResult]) -> Vec<String> {
    let mut cases: Vec<(&str, Vec<Verdict>)> = Vec::new();
    for result in results {
        let (case, _) = case_id::attempt(&result.id);
        match cases.last_mut().filter(|(last, _)| *last == case) {
            Some((_, verdicts)) => verdicts.push(result.verdict),
            None => cases.push((case, vec![result.verdict])),
        }
    }
    let differ = |verdicts: &[Verdict]| verdicts.iter().any(|verdict| Some(verdict) != verdicts.first());
    let told = cases.into_iter().filter(|(_, verdicts)| differ(verdicts)).map(|(case, verdicts)| {
        let counts = counts(&verdicts).join(", ");
        format!("{case} is mixed, {counts} in {} attempts: it does not count as passed", verdicts.len())
    });
    told.collect()
}

/// What to say of cases that were played more than once until something came of them.
fn tried_again(results: &[CaseResult]) -> Option<String> {
    let again = results.iter().filter(|case| !case.earlier_tries.is_empty());
    let told: Vec<String> = again.map(|case| format!("{} ({} tries)", case.id, case.tries())).collect();
    const MOST_NAMED: usize = 20;
    let more = told.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let named = told.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    (!told.is_empty()).then(|| format!("tried again, because frames may have been lost: {named}{more}"))
}

/// `2 pass`, `1 fail`: how often each verdict was made, those that were not left out.
fn counts(verdicts: &[Verdict]) -> Vec<String> {
    let all =
        [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Error, Verdict::NotRun, Verdict::NotApplicable];
    let count = |verdict| (verdict, verdicts.iter().filter(|other| **other == verdict).count());
    let made = all.into_iter().map(count).filter(|(_, count)| *count > 0);
    made.map(|(verdict, count)| format!("{count} {verdict}")).collect()
}

/// Cases side by side: as asked for, or one for each processor.
pub(crate) fn jobs(asked: Option<u16>) -> usize {
    asked.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
}

/// Looks a mutant up by name, with the nearest right one for an answer.
pub(crate) fn mutant(name: &str) -> Result<Mutant, Failure> {
    Mutant::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Mutant::all().map(Mutant::name).collect();
        let near = input::nearest(name, names.iter().copied());
        Failure::usage_with_help(
            format!("unknown mutant `{name}`"),
            near.map_or_else(
                || "`bootrack mutants` lists them".to_owned(),
                |near| format!("did you mean `{near}`? `bootrack mutants` lists them"),
            ),
        )
    })
}

/// The testbed with what `--mutant` or `--fake` puts into it.
fn setting(arguments: &Run, testbed: Testbed) -> Result<Setting, Failure> {
    let fake = arguments.fake.map(Fake::from);
    let setting = Setting::new(testbed, fake.map_or(Device::Reference, Device::Fake));
    match &arguments.mutant {
        Some(name) => Ok(setting.with_mutant(mutant(name)?)),
        None => Ok(setting),
    }
}

#[expect(clippy::too_many_arguments, reason = "a manifest names everything that a run is made of")]
fn manifest(
    arguments: &Run,
    loaded: &Loaded,
    plan: &Plan,
    planned: &[PlannedCase],
    testbed: &Source,
    identity: &BTreeMap<String, String>,
    clock: SystemTime,
    id: &str,
) -> RunManifest {
    let named = |source: &Source| Named { name: source.name.clone(), sha256: sha256_hex(source.text.as_bytes()) };
    let mut cases: Vec<CaseResult> =
        planned.iter().map(|planned| campaign::not_run(&planned.case, &planned.seed)).collect();
    cases.extend(plan.not_applicable.iter().map(|left_out| CaseResult {
        verdict: Verdict::NotApplicable,
        reason: left_out.reason.clone(),
        ..campaign::not_run(&left_out.case, "")
    }));
    RunManifest {
        schema: RUN_SCHEMA.to_owned(),
        id: id.to_owned(),
        started: humantime::format_rfc3339_seconds(clock).to_string(),
        wall_seconds: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: std::env::args().collect(),
        seed: arguments.seed,
        testbed: named(testbed),
        suites: loaded.suite_sources.iter().map(named).collect(),
        pics: named(&loaded.pics_source),
        pixit: named(&loaded.pixit_source),
        pics_values: loaded.pics.answers().clone(),
        pixit_values: loaded.pixit.values().iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        // Filled in from the device's own `hello` once it has said one.
        device: BTreeMap::new(),
        tested: String::new(),
        mutant: arguments.mutant.clone(),
        fake: arguments.fake.map(|fake| format!("{fake:?}").to_lowercase()),
        identity: identity.clone(),
        warnings: plan.warnings.clone(),
        cases,
    }
}

/// `20261120T190000Z-s7-4f21`: sorts by time; the process number keeps two runs of one second apart.
fn run_id(clock: SystemTime, seed: u64) -> String {
    let text = humantime::format_rfc3339_seconds(clock).to_string();
    let compact: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{compact}-s{seed}-{:04x}", std::process::id() & 0xffff)
}

fn progress_bar(length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} cases [{wide_bar}] {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// What monitors found beside what the line of the case says already.
fn report_monitors(case: &CaseResult) {
    const MOST_NAMED: usize = 3;
    let told = |violation: &&Violation| case.reason != format!("monitor {}: {}", violation.monitor, violation.reason);
    for violation in case.violations.iter().filter(told).take(MOST_NAMED) {
        let decides = if violation.decides { "" } else { " (of the profile: it decides nothing in this suite)" };
        say!("{:>14}  monitor {}{decides}: {}", "", violation.monitor, violation.reason);
    }
    if let Some(own) = &case.own {
        let reason = if own.reason.is_empty() { String::new() } else { format!(": {}", own.reason) };
        say!("{:>14}  its steps by themselves: {}{reason}", "", own.verdict);
    }
}

fn report(as_json: bool, manifest: &RunManifest, folder: &Path, wall: Duration) {
    let virtual_time: u64 = manifest.cases.iter().map(|case| case.duration).sum();
    if as_json {
        let cases: Vec<_> = manifest
            .cases
            .iter()
            .map(|case| {
                json!({
                    "id": case.id, "verdict": case.verdict, "blame": case.blame, "blamed": case.blamed,
                    "reason": case.reason,
                    "duration_ns": case.duration, "tries": case.tries(),
                    "own": case.own, "violations": case.violations,
                })
            })
            .collect();
        return output::json(&json!({
            "schema": "bootrack-run-summary/1", "id": manifest.id, "folder": folder, "seed": manifest.seed,
            "tested": manifest.tested,
            "wall_seconds": wall.as_secs_f64(), "virtual_ns": virtual_time, "cases": cases,
        }));
    }
    for warning in &manifest.warnings {
        output::tell!("warning: {warning}");
    }
    let coloured = output::colours();
    for case in &manifest.cases {
        let verdict = output::verdict(case.verdict, coloured);
        say!("{verdict}  {:<28} {:>12}  {}", case.id, output::seconds(case.duration), case.purpose);
        if case.verdict != Verdict::Pass {
            let blame = case.shown_blame().map(|blame| format!("{blame}: ")).unwrap_or_default();
            say!("{:>14}  {blame}{}", "", case.reason);
        }
        report_monitors(case);
        for (number, earlier) in (1..).zip(&case.earlier_tries) {
            say!("{:>14}  try {number} decided nothing: {}", "", earlier.reason);
        }
    }
    let verdicts: Vec<Verdict> = manifest.cases.iter().map(|case| case.verdict).collect();
    let mut counts = counts(&verdicts);
    if !verdicts.contains(&Verdict::Pass) {
        counts.insert(0, format!("0 {}", Verdict::Pass));
    }
    let attempts = manifest.cases.len();
    let cases = manifest.cases.iter().filter(|case| case_id::attempt(&case.id).1 == 1).count();
    let attempts = if attempts > cases { format!(" in {attempts} attempts") } else { String::new() };
    let again: usize = manifest.cases.iter().map(|case| case.earlier_tries.len()).sum();
    let again = match again {
        0 => String::new(),
        1 => "; 1 was tried again, because frames may have been lost".to_owned(),
        _ => format!("; tried again {again} times, because frames may have been lost"),
    };
    say!();
    let noun = if cases == 1 { "case" } else { "cases" };
    say!("{cases} {noun}{attempts}: {}{again}", counts.join(", "));
    say!("tested   {}", manifest.tested);
    say!("wall time {:.3} s, virtual time {}", wall.as_secs_f64(), output::seconds(virtual_time));
    say!("evidence {}", folder.display());
    say!("report   {}", folder.join("index.html").display());
}
