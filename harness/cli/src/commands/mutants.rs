//! `bootrack mutants`: are the suites any good? Every mutant of the reference firmware must be killed by the case that
//! names it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use engine::campaign::Setting;
use engine::mutant::Mutant;
use engine::mutation::{self, Trial};
use engine::stored_plan::PlannedCase;
use record::Verdict;
use serde_json::json;
use suites::ledger::{Ledger, PROFILE_PREFIX};
use suites::monitor::Monitors;
use suites::plan::Case;
use testbeds::testbed::Device;

use crate::arguments::Mutants;
use crate::commands::{run, unbiased, varied};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn mutants(arguments: &Mutants) -> Result<Exit, Failure> {
    if arguments.unbiased {
        return unbiased::unbiased(arguments);
    }
    let started = Instant::now();
    let loaded = inputs::load(&arguments.suites, None, None)?;
    let (testbed, _) = inputs::testbed(arguments.testbed.as_deref())?;
    if testbed.is_real_time() {
        let help = "mutants are compiled for the host only: take a testbed with backend `virtual`";
        return Err(Failure::usage_with_help(format!("testbed `{}` is not virtual", testbed.name), help));
    }
    let asked: Vec<Mutant> = match arguments.mutants.as_slice() {
        [] => Mutant::all().collect(),
        names => names.iter().map(|name| run::mutant(name)).collect::<Result<_, _>>()?,
    };
    let mut asked: Vec<Mutant> = match arguments.profile {
        true => asked.into_iter().filter(|mutant| mutant.clause().starts_with(PROFILE_PREFIX)).collect(),
        false if arguments.sample.is_some() => {
            return Err(Failure::usage(
                "`--sample` goes with `--unbiased` or `--profile`: the named mutants are played in seconds",
            ));
        }
        false => asked,
    };
    let mut seed = arguments.seed;
    if let Some(sample) = arguments.sample {
        asked.sort_by_cached_key(|mutant| record::sha256_hex(format!("{seed} {}", mutant.name()).as_bytes()));
        asked.truncate(sample);
        seed = 1;
    }
    let asked = asked;
    let setting = Setting::new(testbed, Device::Reference);
    if let Some(draws) = arguments.varied {
        return varied::varied(arguments, &asked, draws, &setting, &loaded);
    }
    let attempts = |case| (1..=arguments.repeat).map(move |number| (case, number));
    let planned = |(case, number)| PlannedCase::attempt(case, seed, number, &setting.testbed, setting.stations);
    let cases: Vec<PlannedCase> = loaded.cases().flat_map(attempts).map(planned).collect();
    let jobs = run::jobs(arguments.jobs);
    let every_case = arguments.full || arguments.profile;
    let trials = mutation::run_mutants(&asked, &cases, &setting, jobs, every_case, &|_| {})
        .map_err(|error| Failure::Broken(error.to_string()))?;
    if arguments.profile {
        return Ok(print_departures(&asked, &trials, &loaded.ledger, started, arguments.json));
    }

    let unbroken = match arguments.mutants.as_slice() {
        [] if arguments.suites.is_empty() => unbroken(&loaded.ledger, &trials, &cases, &setting, jobs)?,
        _ => Vec::new(),
    };
    let mut killers: BTreeMap<&str, Vec<&str>> = asked.iter().map(|mutant| (mutant.name(), Vec::new())).collect();
    for trial in trials.iter().filter(|trial| trial.killed) {
        killers.entry(trial.mutant.name()).or_default().push(&trial.case);
    }
    let unnamed: Vec<Mutant> = asked
        .iter()
        .copied()
        .filter(|mutant| !trials.iter().any(|trial| trial.named && trial.mutant == *mutant))
        .collect();
    let escaped = escaped(&trials, &cases);
    let idle: BTreeSet<&str> = cases
        .iter()
        .filter(|planned| planned.case.kills.is_empty())
        .map(|planned| planned.case.base.as_str())
        .collect();
    let alone: BTreeSet<&str> =
        trials.iter().filter(|trial| trial.killed && trial.named).filter_map(Trial::found_alone_by).collect();
    let named: BTreeSet<&str> = trials.iter().flat_map(|trial| &trial.monitors).map(String::as_str).collect();
    let never_alone: Vec<&str> = named.into_iter().filter(|monitor| !alone.contains(monitor)).collect();
    let nameless: Vec<&str> = match arguments.mutants.as_slice() {
        [] if arguments.suites.is_empty() => without_mutant(&loaded.monitors),
        _ => Vec::new(),
    };
    let killed = killers.values().filter(|cases| !cases.is_empty()).count();
    if arguments.json {
        let list: Vec<_> =
            asked.iter().map(|mutant| json!({"name": mutant.name(), "killed_by": killers[mutant.name()]})).collect();
        let mut object = json!({
            "schema": "bootrack-mutants/1",
            "mutants": list,
            "score": format!("{killed}/{}", asked.len()),
            "not_broken": unbroken.iter().map(|(name, clause)| json!({"mutant": name, "clause": clause})).collect::<Vec<_>>(),
            "monitors_never_alone": never_alone,
            "monitors_without_mutant": nameless,
            "cases_without_mutant": idle,
            "not_named": unnamed.iter().map(|mutant| mutant.name()).collect::<Vec<_>>(),
        });
        if arguments.full {
            let matrix = matrix(&trials, &cases);
            object["cases"] = matrix
                .iter()
                .map(|killer| {
                    json!({
                        "id": killer.case, "suite": killer.suite, "kills": killer.kills, "kills_alone": killer.alone,
                        "kills_alone_in_suite": killer.alone_in_suite,
                    })
                })
                .collect();
        }
        output::json(&object);
    } else {
        for mutant in &asked {
            let by = &killers[mutant.name()];
            let state = match by.as_slice() {
                [] if unnamed.contains(mutant) => "no case and no monitor names it".to_owned(),
                [] => "SURVIVED".to_owned(),
                cases => format!("killed by {}", cases.join(" ")),
            };
            say!("{:<36} {:<18} {state}", mutant.name(), mutant.clause());
        }
        for trial in &escaped {
            let who = match trial.monitors.as_slice() {
                [] => trial.case.clone(),
                monitors => format!("{} in {}", monitors.join(" and "), trial.case),
            };
            say!("\n{who} should kill {}: {} ({})", trial.mutant.name(), trial.verdict, trial.reason);
        }
        for monitor in &never_alone {
            say!("\nmonitor {monitor} finds no mutant that nothing else finds: nothing shows what it is for");
        }
        if !nameless.is_empty() {
            say!("\n{} monitors name no mutant yet: {}", nameless.len(), nameless.join(" "));
        }
        for (name, clause) in &unbroken {
            say!("\n{name} is said to break {clause}, and fails at no step that cites it");
        }
        if !idle.is_empty() {
            let names: Vec<&str> = idle.iter().copied().collect();
            say!("\n{} cases name no mutant yet: {}", idle.len(), names.join(" "));
        }
        if arguments.full {
            print_matrix(&matrix(&trials, &cases), &cases);
        }
        say!("\n{killed} of {} mutants killed, {:.1} s", asked.len(), started.elapsed().as_secs_f64());
        if !unnamed.is_empty() {
            say!("{} are named by no case and no monitor yet; they stay in the denominator", unnamed.len());
        }
    }
    let is_whole = escaped.is_empty() && unbroken.is_empty() && never_alone.is_empty();
    Ok(if is_whole { Exit::Passed } else { Exit::Failed })
}

/// Monitors that name no mutant.
fn without_mutant(monitors: &Monitors) -> Vec<&str> {
    monitors.iter().filter(|monitor| monitor.kills.is_empty()).map(|monitor| monitor.id.as_str()).collect()
}

/// What departures from the profile alone were held against the draft.
fn print_departures(asked: &[Mutant], trials: &[Trial], ledger: &Ledger, started: Instant, as_json: bool) -> Exit {
    let wrong: Vec<&Trial> = trials.iter().filter(|trial| trial.blames_the_draft_for_the_profile(ledger)).collect();
    let fails = trials.iter().filter(|trial| trial.verdict == Verdict::Fail).count();
    if as_json {
        let list: Vec<_> = wrong
            .iter()
            .map(|trial| {
                json!({
                    "mutant": trial.mutant.name(), "case": trial.case, "suite": trial.suite,
                    "clauses": trial.deciding_clauses, "reason": trial.reason,
                })
            })
            .collect();
        output::json(&json!({
            "schema": "bootrack-departures/1", "mutants": asked.len(), "trials": trials.len(), "fails": fails,
            "held_against_the_draft": list,
        }));
    } else {
        for trial in &wrong {
            let Trial { mutant, case, suite, reason, .. } = trial;
            say!("{} departs from {} alone, and {case} ({suite}) fails it: {reason}", mutant.name(), mutant.clause());
        }
        say!(
            "{} mutants of the profile, {} trials, {fails} fails: {} outside of the profile, {:.1} s",
            asked.len(),
            trials.len(),
            wrong.len(),
            started.elapsed().as_secs_f64()
        );
    }
    if wrong.is_empty() { Exit::Passed } else { Exit::Failed }
}

/// Named kills that did not happen in any row of the case that names them.
fn escaped<'a>(trials: &'a [Trial], cases: &[PlannedCase]) -> Vec<&'a Trial> {
    let base: BTreeMap<&str, &str> =
        cases.iter().map(|planned| (planned.case.id.as_str(), planned.case.base.as_str())).collect();
    let key = |trial: &Trial| (trial.mutant.name(), base.get(trial.case.as_str()).copied().unwrap_or("").to_owned());
    let killed: BTreeSet<_> = trials.iter().filter(|trial| trial.killed).map(key).collect();
    let mut told = BTreeSet::new();
    trials.iter().filter(|trial| trial.named && !killed.contains(&key(trial)) && told.insert(key(trial))).collect()
}

/// What the ledger says of wrong devices (`broken_by`) and no case bears out: the mutant, and the clause.
fn unbroken<'a>(
    ledger: &'a Ledger,
    trials: &[Trial],
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
) -> Result<Vec<(&'static str, &'a str)>, Failure> {
    let claims = ledger.clauses().iter().flat_map(|clause| {
        let named = clause.broken_by.iter().filter_map(|name| Mutant::from_name(name));
        named.map(|mutant| (mutant, clause.id.as_str()))
    });
    let shown = |trials: &[Trial], (mutant, clause): &(Mutant, &str)| {
        trials.iter().any(|trial| trial.mutant == *mutant && trial.fails_at(clause))
    };
    let open: Vec<(Mutant, &str)> = claims.filter(|claim| !shown(trials, claim)).collect();
    let more = mutation::run_against_clauses(&open, cases, setting, jobs)
        .map_err(|error| Failure::Broken(error.to_string()))?;
    let left = open.into_iter().filter(|claim| !shown(&more, claim));
    Ok(left.map(|(mutant, clause)| (mutant.name(), clause)).collect())
}

/// A case with the mutants that it kills, in whatever row.
struct Killer<'a> {
    case: &'a str,
    suite: &'a str,
    kills: BTreeSet<&'a str>,
    /// Those that no other case kills.
    alone: BTreeSet<&'a str>,
    /// Those that no other case of its suite kills.
    alone_in_suite: BTreeSet<&'a str>,
}

/// Every case that some mutant was tried on, in the order of the suites.
fn matrix<'a>(trials: &'a [Trial], cases: &'a [PlannedCase]) -> Vec<Killer<'a>> {
    let base: BTreeMap<&str, &str> =
        cases.iter().map(|planned| (planned.case.id.as_str(), planned.case.base.as_str())).collect();
    let mut kills: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut killers: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for trial in trials {
        let case = base.get(trial.case.as_str()).copied().unwrap_or(trial.case.as_str());
        let killed = kills.entry(case).or_default();
        if trial.killed {
            killed.insert(trial.mutant.name());
            killers.entry(trial.mutant.name()).or_default().insert((&trial.suite, case));
        }
    }
    let in_order = cases.iter().filter_map(|planned| {
        let (case, suite) = (planned.case.base.as_str(), planned.case.suite.as_str());
        let kills = kills.remove(case)?;
        let others = |mutant: &str| killers[mutant].iter().filter(|(_, other)| *other != case).map(|(suite, _)| *suite);
        let alone = kills.iter().copied().filter(|mutant| others(mutant).next().is_none()).collect();
        let alone_in_suite =
            kills.iter().copied().filter(|mutant| others(mutant).all(|other| other != suite)).collect();
        Some(Killer { case, suite, kills, alone, alone_in_suite })
    });
    in_order.collect()
}

/// Every case with what it kills, then the cases that kill nothing that another case of their suite does not, each with why it is there.
fn print_matrix(matrix: &[Killer<'_>], cases: &[PlannedCase]) {
    say!();
    for Killer { case, kills, alone, .. } in matrix {
        let names: Vec<&str> = kills.iter().copied().collect();
        say!("{case:<16} {:>2} killed, {:>2} by it alone: {}", kills.len(), alone.len(), names.join(" "));
    }
    say!();
    let spare: Vec<&Killer<'_>> = matrix.iter().filter(|killer| killer.alone_in_suite.is_empty()).collect();
    say!("{} of {} cases kill nothing that another case of their suite does not:", spare.len(), matrix.len());
    for killer in spare {
        say!("{:<16} ({}) {}", killer.case, killer.suite, reason(killer, cases));
    }
}

/// What else a case has that no other case of its suite does: a clause, a claim that it needs, or what is under test.
fn reason(killer: &Killer<'_>, cases: &[PlannedCase]) -> String {
    let of_suite = || cases.iter().map(|planned| &planned.case).filter(|case| case.suite == killer.suite);
    let Some(own) = of_suite().find(|case| case.base == killer.case) else { return String::new() };
    let others: Vec<&Case> = of_suite().filter(|case| case.base != killer.case).collect();
    let only = |of: fn(&Case) -> &Vec<String>| -> Vec<&str> {
        let is_alone = |name: &&String| !others.iter().any(|case| of(case).contains(name));
        of(own).iter().filter(is_alone).map(String::as_str).collect()
    };
    let (clauses, pics) = (only(|case| &case.clauses), only(|case| &case.pics));
    let same_pics = |case: &&&Case| case.pics.iter().all(|symbol| own.pics.contains(symbol));
    let fewer: Vec<&str> = match others
        .iter()
        .filter(|case| case.kills.iter().any(|name| killer.kills.contains(name.as_str())))
        .find(same_pics)
    {
        Some(_) => Vec::new(),
        None => own.pics.iter().map(String::as_str).collect(),
    };
    match (clauses.as_slice(), pics.as_slice(), fewer.as_slice()) {
        ([_, ..], _, _) => format!("the only one that cites {}", clauses.join(" ")),
        (_, [_, ..], _) => format!("the only one that needs {}", pics.join(" ")),
        (_, _, [_, ..]) => format!("others that kill the same need more claims than {}", fewer.join(" ")),
        _ => "no reason: another case of its suite covers it".to_owned(),
    }
}
