//! `bootrack mutants --varied`: is a wrong device noticed that is different besides? Suites that only know the reference's way of
//! doing things would take a fault for a liberty, or a liberty for a fault.

use std::collections::BTreeMap;
use std::time::Instant;

use engine::campaign::Setting;
use engine::mutant::Mutant;
use engine::mutation;
use engine::stored_plan::PlannedCase;
use node::variants::Variant;
use serde_json::json;

use crate::arguments::Mutants;
use crate::commands::{run, variants};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::Loaded;
use crate::output::{self, say};

/// Of a hundred pairs so many must be killed.
const LEAST_KILLED: usize = 90;

/// A mutant in a variant, with the cases that killed it and those that should have.
struct Pair {
    mutant: Mutant,
    variant: &'static Variant,
    killed_by: Vec<String>,
    named: Vec<String>,
}

pub(crate) fn varied(
    arguments: &Mutants,
    asked: &[Mutant],
    draws: usize,
    setting: &Setting,
    usual: &Loaded,
) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut by_variant: BTreeMap<&str, (&'static Variant, Vec<Mutant>)> = BTreeMap::new();
    for mutant in asked.iter().filter(|mutant| mutant.of_firmware().is_some()) {
        for variant in variants::drawn(&format!("{} {}", arguments.seed, mutant.name()), draws) {
            by_variant.entry(variant.name).or_insert((variant, Vec::new())).1.push(*mutant);
        }
    }
    let jobs = run::jobs(arguments.jobs);
    let mut pairs = Vec::new();
    for (variant, mutants) in by_variant.into_values() {
        let stated = variants::stated(variant, &arguments.suites, usual)?;
        let plan = stated.as_ref().unwrap_or(usual).plan(&[]);
        let attempts = |case| (1..=arguments.repeat).map(move |number| (case, number));
        let planned =
            |(case, number)| PlannedCase::attempt(case, arguments.seed, number, &setting.testbed, setting.stations);
        let cases: Vec<PlannedCase> = plan.cases.iter().flat_map(attempts).map(planned).collect();
        let trials = mutation::run_mutants(&mutants, &cases, &setting.with_variant(variant), jobs, false, &|_| {})
            .map_err(|error| Failure::Broken(error.to_string()))?;
        pairs.extend(mutants.into_iter().map(|mutant| {
            let of_it = || trials.iter().filter(|trial| trial.mutant == mutant);
            let killed_by = of_it().filter(|trial| trial.killed).map(|trial| trial.case.clone()).collect();
            let told = |trial: &mutation::Trial| format!("{} {}: {}", trial.case, trial.verdict, trial.reason);
            Pair { mutant, variant, killed_by, named: of_it().map(told).collect() }
        }));
    }
    pairs.sort_by_key(|pair| (pair.mutant.name(), pair.variant.name));
    let killed = pairs.iter().filter(|pair| !pair.killed_by.is_empty()).count();
    let holds = killed * 100 >= pairs.len() * LEAST_KILLED;
    if arguments.json {
        let list: Vec<_> = pairs
            .iter()
            .map(
                |pair| json!({"mutant": pair.mutant.name(), "variant": pair.variant.name, "killed_by": pair.killed_by}),
            )
            .collect();
        let score = format!("{killed}/{}", pairs.len());
        output::json(&json!({"schema": "bootrack-varied/1", "pairs": list, "score": score, "holds": holds}));
        return Ok(if holds { Exit::Passed } else { Exit::Failed });
    }
    for pair in pairs.iter().filter(|pair| pair.killed_by.is_empty()) {
        say!("{} as {} SURVIVED", pair.mutant.name(), pair.variant.name);
        pair.named.iter().for_each(|line| say!("    {line}"));
    }
    let (all, seconds) = (pairs.len(), started.elapsed().as_secs_f64());
    say!("{killed} of {all} mutants in variants killed, {LEAST_KILLED} % are demanded, {seconds:.1} s");
    Ok(if holds { Exit::Passed } else { Exit::Failed })
}
