//! `bootrack explore`: walks at random through what can happen to a device, judged by a model of the clauses.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use engine::campaign::Setting;
use engine::mutant::Mutant;
use explorer::{Departure, ExploreError, Explorer, RULES, Scene, Walked};
use indicatif::{ProgressBar, ProgressStyle};
use node::variants::Variant;
use record::Verdict;
use serde_json::json;
use testbeds::testbed::Device;

use crate::arguments::Explore;
use crate::commands::{run, variants};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, say};

pub(crate) fn explore(arguments: &Explore) -> Result<Exit, Failure> {
    let loaded = inputs::load(&[], arguments.pics.as_deref(), arguments.pixit.as_deref())?;
    let (testbed, _) = inputs::testbed(arguments.testbed.as_deref())?;
    testbed.check_ready().map_err(|error| Failure::usage(error.to_string()))?;
    // There is one board of each name: walks take turns.
    let jobs = if testbed.exclusive().is_empty() { run::jobs(arguments.jobs.or(testbed.jobs)) } else { 1 };
    let reference = Setting::new(testbed, Device::Reference);
    let setting = match &arguments.mutant {
        Some(name) => reference.with_mutant(run::mutant(name)?),
        None => reference.clone(),
    };
    let vocabulary = inputs::vocabulary();
    let explorer = Explorer {
        vocabulary: &vocabulary,
        ledger: &loaded.ledger,
        proforma: &loaded.proforma,
        pics: &loaded.pics,
        pixit: &loaded.pixit,
        setting: &setting,
        seed: arguments.seed,
        steps: arguments.steps.into(),
        loss: arguments.loss,
    };
    if arguments.print {
        return print_walks(arguments, &explorer);
    }
    if arguments.variants {
        return over_variants(arguments, &explorer, &loaded, jobs);
    }
    if arguments.mutants {
        let asked: Vec<Mutant> = match arguments.names.as_slice() {
            [] => Mutant::all().filter(|mutant| mutant.of_firmware().is_some()).collect(),
            names => names.iter().map(|name| run::mutant(name)).collect::<Result<_, _>>()?,
        };
        return measure(arguments, &explorer, &asked, jobs);
    }
    walks(arguments, &explorer, jobs)
}

/// The numbers of the walks that are asked for.
fn numbers(arguments: &Explore) -> std::ops::RangeInclusive<u64> {
    arguments.walk.map_or(1..=arguments.walks, |walk| walk..=walk)
}

fn print_walks(arguments: &Explore, explorer: &Explorer<'_>) -> Result<Exit, Failure> {
    for number in numbers(arguments) {
        let (scene, actions) = explorer.actions(number);
        let (text, _) = explorer.text(number, scene, &actions, "A walk.");
        match &arguments.out {
            None => say!("{text}"),
            Some(folder) => {
                let failure = |error| Failure::usage(format!("{}: cannot be written: {error}", folder.display()));
                std::fs::create_dir_all(folder).map_err(failure)?;
                std::fs::write(folder.join(format!("walk-{number}.toml")), text).map_err(failure)?;
            }
        }
    }
    Ok(Exit::Passed)
}

/// Walks over every variant with what it states; one that departs from the profile is left out, since the model has the profile's rules.
fn over_variants(arguments: &Explore, explorer: &Explorer<'_>, usual: &Loaded, jobs: usize) -> Result<Exit, Failure> {
    let started = Instant::now();
    let (mut verdicts, mut list) = (Vec::new(), Vec::new());
    let (left_out, walked_over): (Vec<_>, Vec<_>) = Variant::all().partition(|variant| !variant.departs.is_empty());
    for variant in walked_over.iter().copied() {
        let stated = variants::stated(variant, &[], usual)?;
        let loaded = stated.as_ref().unwrap_or(usual);
        let setting = explorer.setting.with_variant(variant);
        let explorer = Explorer { setting: &setting, pics: &loaded.pics, pixit: &loaded.pixit, ..*explorer };
        let walked = explorer.walks(arguments.walks, jobs, false, &|_| {}).map_err(broken)?;
        let mut departures = Vec::new();
        for walked in walked.iter().filter(|walked| walked.is_departure()) {
            departures.push(explorer.minimised(walked).map_err(broken)?);
        }
        let written =
            write(arguments.out.as_deref(), &departures, |departure| format!("{}-{}", variant.name, departure.walk))?;
        verdicts.extend(walked.iter().map(|walked| walked.verdict.verdict));
        if arguments.json {
            let told: Vec<_> = departures.iter().zip(&written).map(|(departure, file)| told(departure, file)).collect();
            list.push(json!({"name": variant.name, "departures": told}));
            continue;
        }
        for (departure, file) in departures.iter().zip(&written) {
            say!("{}: {} ({})", variant.name, variant.does, variant.allowed);
            show(departure, file.as_deref());
        }
    }
    let departing = verdicts.iter().filter(|verdict| **verdict == Verdict::Fail).count();
    let seconds = started.elapsed().as_secs_f64();
    if arguments.json {
        output::json(&json!({
            "schema": "bootrack-explore-variants/1", "seed": arguments.seed, "walks": arguments.walks,
            "steps": arguments.steps, "loss": arguments.loss, "variants": list, "wall_seconds": seconds,
        }));
    } else {
        for variant in left_out {
            say!("{} is left out: it departs from {}", variant.name, variant.departs.join(", "));
        }
        say!(
            "{} variants, {} walks each of {} steps, seed {}: {departing} walks show a departure, {seconds:.1} s",
            walked_over.len(),
            arguments.walks,
            arguments.steps,
            arguments.seed,
        );
    }
    Ok(if departing > 0 { Exit::Failed } else { Exit::Passed })
}

fn broken(error: ExploreError) -> Failure {
    match error {
        ExploreError::Case(faults, _) => faults.into(),
        ExploreError::Run(error) => Failure::Broken(error.to_string()),
    }
}

fn walks(arguments: &Explore, explorer: &Explorer<'_>, jobs: usize) -> Result<Exit, Failure> {
    let started = Instant::now();
    let progress = ProgressBar::new(arguments.walks);
    if let Ok(style) = ProgressStyle::with_template("{pos}/{len} walks [{wide_bar}] {elapsed}") {
        progress.set_style(style);
    }
    let walked = match arguments.walk {
        Some(number) => vec![explorer.walked(number).map_err(broken)?],
        None => explorer.walks(arguments.walks, jobs, false, &|_| progress.inc(1)).map_err(broken)?,
    };
    progress.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    let mut departures = Vec::new();
    for walked in walked.iter().filter(|walked| walked.is_departure()) {
        departures.push(explorer.minimised(walked).map_err(broken)?);
    }
    // The same few actions are one departure, however many walks came by.
    let mut seen = Vec::new();
    departures.retain(|departure| {
        let is_new = !seen.contains(&(departure.scene, departure.actions.clone()));
        seen.push((departure.scene, departure.actions.clone()));
        is_new
    });
    let written = write(arguments.out.as_deref(), &departures, |departure| departure.case.clone())?;
    let count = |verdict| walked.iter().filter(|walked| walked.verdict.verdict == verdict).count();
    let undecided: Vec<&Walked> =
        walked.iter().filter(|walked| !walked.is_departure() && walked.verdict.verdict != Verdict::Pass).collect();
    let mut cited: BTreeMap<&str, usize> = RULES.iter().map(|rule| (rule.id, 0)).collect();
    for rule in walked.iter().flat_map(|walked| &walked.rules) {
        *cited.entry(rule.id).or_default() += 1;
    }
    let judged: usize = walked.iter().map(|walked| walked.judged).sum();
    if arguments.json {
        let list: Vec<_> = departures.iter().zip(&written).map(|(departure, file)| told(departure, file)).collect();
        let undecided: Vec<_> = undecided
            .iter()
            .map(|walked| {
                json!({"walk": walked.number, "verdict": walked.verdict.verdict, "reason": walked.verdict.reason})
            })
            .collect();
        output::json(&json!({
            "schema": "bootrack-explore/1", "seed": arguments.seed, "walks": walked.len(), "steps": arguments.steps,
            "loss": arguments.loss, "judged_steps": judged, "passed": count(Verdict::Pass), "departures": list,
            "undecided": undecided, "rules": cited, "wall_seconds": seconds,
        }));
    } else {
        for walked in &undecided {
            say!("walk {} is {}: {}", walked.number, walked.verdict.verdict, walked.verdict.reason);
        }
        for (departure, file) in departures.iter().zip(&written) {
            show(departure, file.as_deref());
        }
        let idle: Vec<&str> = cited.iter().filter(|(_, walks)| **walks == 0).map(|(rule, _)| *rule).collect();
        if !idle.is_empty() && arguments.walk.is_none() {
            say!("no walk came by these rules: {}", idle.join(" "));
        }
        say!(
            "{} walks of {} steps, seed {}: {} passed, {} show a departure, {} decided nothing; {judged} steps judged, {seconds:.1} s",
            walked.len(),
            arguments.steps,
            arguments.seed,
            count(Verdict::Pass),
            walked.iter().filter(|walked| walked.is_departure()).count(),
            undecided.len(),
        );
    }
    let verdicts: Vec<Verdict> = walked.iter().map(|walked| walked.verdict.verdict).collect();
    Ok(Exit::of_verdicts(&verdicts))
}

/// How many mutants the walks find by themselves.
fn measure(arguments: &Explore, explorer: &Explorer<'_>, asked: &[Mutant], jobs: usize) -> Result<Exit, Failure> {
    let started = Instant::now();
    let mut found: Vec<(Mutant, Option<Departure>)> = Vec::new();
    for mutant in asked {
        let setting = explorer.setting.with_mutant(*mutant);
        let explorer = Explorer { setting: &setting, ..*explorer };
        let walked = explorer.walks(arguments.walks, jobs, true, &|_| {}).map_err(broken)?;
        let departure = match walked.last().filter(|walked| walked.is_departure()) {
            Some(walked) => Some(explorer.minimised(walked).map_err(broken)?),
            None => None,
        };
        if !arguments.json {
            let state = departure.as_ref().map_or_else(
                || "not found".to_owned(),
                |departure| {
                    format!(
                        "walk {:<3} {} actions: {}",
                        departure.walk,
                        departure.actions.len(),
                        departure.verdict.reason
                    )
                },
            );
            say!("{:<36} {:<18} {state}", mutant.name(), mutant.clause());
        }
        found.push((*mutant, departure));
    }
    let departures: Vec<Departure> = found.iter().filter_map(|(_, departure)| departure.clone()).collect();
    let names: Vec<&str> =
        found.iter().filter(|(_, departure)| departure.is_some()).map(|(mutant, _)| mutant.name()).collect();
    let mut in_order = names.iter();
    let written = write(arguments.out.as_deref(), &departures, |_| {
        in_order.next().map_or_else(String::new, |name| (*name).to_owned())
    })?;
    let at_clause = found
        .iter()
        .filter(|(mutant, departure)| {
            departure.as_ref().is_some_and(|departure| {
                departure.verdict.deciding_clauses.iter().any(|clause| clause == mutant.clause())
            })
        })
        .count();
    let seconds = started.elapsed().as_secs_f64();
    if arguments.json {
        let mut files = written.iter();
        let list: Vec<_> = found
            .iter()
            .map(|(mutant, departure)| {
                let departure = departure.as_ref().map(|departure| told(departure, files.next().unwrap_or(&None)));
                json!({"name": mutant.name(), "clause": mutant.clause(), "departure": departure})
            })
            .collect();
        output::json(&json!({
            "schema": "bootrack-explore-mutants/1", "seed": arguments.seed, "walks": arguments.walks,
            "steps": arguments.steps, "mutants": list, "found": departures.len(), "at_their_clause": at_clause,
            "wall_seconds": seconds,
        }));
    } else {
        say!(
            "\n{} of {} mutants found by walks alone, {at_clause} of them at a step that cites their clause; {seconds:.1} s",
            departures.len(),
            asked.len()
        );
    }
    Ok(Exit::Passed)
}

fn told(departure: &Departure, file: &Option<String>) -> serde_json::Value {
    json!({
        "walk": departure.walk, "case": departure.case, "file": file, "scene": departure.scene.to_string(),
        "actions": departure.actions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reason": departure.verdict.reason, "clauses": departure.verdict.deciding_clauses,
    })
}

fn show(departure: &Departure, file: Option<&str>) {
    say!("walk {} shows a departure: {}", departure.walk, departure.verdict.reason);
    say!("  by {}", departure.verdict.deciding_clauses.join(" "));
    if departure.scene != Scene::default() {
        say!("  with {}", departure.scene);
    }
    for action in &departure.actions {
        say!("  after {action}");
    }
    match file {
        Some(file) => say!("  {file}\n"),
        None => say!("\n{}", departure.text),
    }
}

/// Writes each case into a file of its own, if there is a folder for them.
fn write(
    folder: Option<&Path>,
    departures: &[Departure],
    mut name: impl FnMut(&Departure) -> String,
) -> Result<Vec<Option<String>>, Failure> {
    let Some(folder) = folder else { return Ok(vec![None; departures.len()]) };
    let failure = |error: std::io::Error| Failure::usage(format!("{}: cannot be written: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failure)?;
    let mut files = Vec::new();
    for departure in departures {
        let path = folder.join(format!("{}.toml", name(departure)));
        std::fs::write(&path, &departure.text).map_err(failure)?;
        files.push(Some(path.display().to_string()));
    }
    Ok(files)
}
