//! `bootrack mutants --unbiased`: do the suites notice what nobody had in mind? Mutants that operators made at every place of the
//! device's sources. They are in a program of their own, which this one builds and hands its arguments to.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use engine::campaign::Setting;
use engine::stored_plan::PlannedCase;
use engine::unbiased::triage::{EXCUSED_MAX_PERCENT, FOLDER, SEEDS, Triage};
use engine::unbiased::{self, Outcome};
use mutation::{Entry, Party};
use serde_json::json;
use testbeds::testbed::Device;

use crate::arguments::Mutants;
use crate::commands::run;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, say, tell};

/// Progress is told so often.
const TOLD_EVERY: usize = 100;

pub(crate) fn unbiased(arguments: &Mutants) -> Result<Exit, Failure> {
    if unbiased::table().is_empty() {
        return build_and_hand_over();
    }
    let started = Instant::now();
    let loaded = inputs::load(&arguments.suites, None, None)?;
    let (testbed, _) = inputs::testbed(arguments.testbed.as_deref())?;
    if testbed.is_real_time() {
        let help = "mutants are compiled for the host only: take a testbed with backend `virtual`";
        return Err(Failure::usage_with_help(format!("testbed `{}` is not virtual", testbed.name), help));
    }
    let asked = asked(arguments);
    if asked.is_empty() {
        return Err(Failure::usage("no unbiased mutant is of these files"));
    }
    let setting = Setting::new(testbed, Device::Reference);
    let campaign = Campaign {
        party: party(arguments),
        loaded: &loaded,
        setting: &setting,
        jobs: run::jobs(arguments.jobs),
        started,
    };
    // A seed that draws a sample leaves the cases as they are: what is said of a survivor is said of these runs.
    let seed = if arguments.sample.is_some() { SEEDS[0] } else { arguments.seed };
    let outcomes = campaign.play(&asked, seed)?;
    let triage = Triage::read_folder(Path::new(FOLDER)).map_err(|error| no_triage(&error))?;
    let mut objections = triage.faults.clone();
    if asked.len() == all_of(campaign.party) {
        objections.extend(triage.stale(unbiased::table()).map(|key| format!("{key}: there is no such mutant")));
    }
    let looked_at: Vec<&Entry> = asked.iter().copied().filter(|entry| triage.of(entry).is_some()).collect();
    let object = |seed: u64, entries: &[&Entry], outcomes: &[Outcome], objections: &mut Vec<String>| {
        for (entry, outcome) in entries.iter().zip(outcomes) {
            objections.extend(triage.of(entry).and_then(|survivor| Triage::objection(survivor, outcome, seed)));
        }
    };
    object(seed, &asked, &outcomes, &mut objections);
    if !looked_at.is_empty() {
        for other in SEEDS.into_iter().filter(|other| *other != seed) {
            object(other, &looked_at, &campaign.play(&looked_at, other)?, &mut objections);
        }
    }
    let score = Score { asked: &asked, outcomes: &outcomes, triage: &triage };
    let all = score.all();
    if asked.len() == all_of(campaign.party) && all.excused * 100 > all.all * EXCUSED_MAX_PERCENT {
        objections
            .push(format!("{} of {} mutants are excused: more than {EXCUSED_MAX_PERCENT} %", all.excused, all.all));
    }
    if let Some(floor) = arguments.floor
        && all.percent() + sampling_error(all, all_of(campaign.party)) < f64::from(floor)
    {
        objections.push(format!(
            "{:.1} % are killed: below {floor} % by more than a sample of {} errs",
            all.percent(),
            all.all
        ));
    }
    if arguments.json {
        output::json(&score.to_json(&objections));
    } else {
        score.print(started);
        objections.iter().for_each(|objection| say!("refused: {objection}"));
    }
    Ok(if objections.is_empty() { Exit::Passed } else { Exit::Failed })
}

/// Nothing can be said of survivors.
fn no_triage(error: &std::io::Error) -> Failure {
    let help = "what is known of survivors is read from the project: run it in the folder where Cargo.toml is";
    Failure::usage_with_help(error.to_string(), help)
}

/// What mutants are played against.
struct Campaign<'a> {
    party: Party,
    loaded: &'a Loaded,
    setting: &'a Setting,
    jobs: usize,
    started: Instant,
}

impl Campaign<'_> {
    /// Plays them on a seed.
    fn play(&self, asked: &[&Entry], seed: u64) -> Result<Vec<Outcome>, Failure> {
        let Self { party, setting, jobs, started, .. } = *self;
        let cases: Vec<PlannedCase> = self
            .loaded
            .cases()
            .filter(|case| case.iut.is_device() == (party == Party::Device))
            .map(|case| PlannedCase::attempt(case, seed, 1, &setting.testbed, setting.stations))
            .collect();
        let broken = |error: engine::error::RunError| Failure::Broken(error.to_string());
        let references = unbiased::references(party, &cases, setting, jobs).map_err(broken)?;
        let passing = references.iter().filter(|reference| reference.passes).count();
        tell!(
            "seed {seed}: the reference passes {passing} of {} cases, {:.0} s",
            cases.len(),
            started.elapsed().as_secs_f64()
        );
        let done = AtomicUsize::new(0);
        let ended = |_: &Outcome| {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(TOLD_EVERY) {
                tell!("{done} of {} mutants, {:.0} s", asked.len(), started.elapsed().as_secs_f64());
            }
        };
        unbiased::score(party, asked, &cases, &references, setting, jobs, &ended).map_err(broken)
    }
}

/// By how much the part of a sample that is killed may be off, in percent: three times its standard deviation.
fn sampling_error(count: Count, of: usize) -> f64 {
    let tried = (count.all - count.excused).max(1) as f64;
    let part = (count.percent() / 100.0).clamp(0.02, 0.98);
    let whole = of.max(2) as f64;
    300.0 * (part * (1.0 - part) / tried * ((whole - tried).max(0.0) / (whole - 1.0))).sqrt()
}

/// The mutants whose place or function holds one of the words, all if there are none; of these a sample, by seed.
fn asked(arguments: &Mutants) -> Vec<&'static Entry> {
    let party = party(arguments);
    let is_asked = |entry: &&Entry| {
        if !party.has(entry) {
            return false;
        }
        let text = format!("{} {} {}", entry.place(), entry.function, entry.number);
        arguments.mutants.is_empty() || arguments.mutants.iter().any(|word| text.contains(word))
    };
    let mut asked: Vec<&Entry> = unbiased::table().iter().filter(is_asked).collect();
    if let Some(sample) = arguments.sample {
        asked.sort_by_cached_key(|entry| drawn(&entry.key(), arguments.seed));
        asked.truncate(sample);
        asked.sort_by_key(|entry| entry.number);
    }
    asked
}

/// Who is under test.
fn party(arguments: &Mutants) -> Party {
    if arguments.tool { Party::Station } else { Party::Device }
}

/// How many mutants there are of who is under test.
fn all_of(party: Party) -> usize {
    unbiased::table().iter().filter(|entry| party.has(entry)).count()
}

/// A number for a mutant and a seed; those with the smallest ones are the sample.
fn drawn(key: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = key.bytes().fold(start, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^ mixed >> 29
}

/// Builds the program that has the mutants, and has it do what this one was asked for.
fn build_and_hand_over() -> Result<Exit, Failure> {
    let help = "it is made of the sources: run it in the folder of the project, where Cargo.toml and dut-firmware are";
    if !Path::new("dut-firmware/node/Cargo.toml").is_file() {
        return Err(Failure::usage_with_help("the unbiased mutants are not in this program", help));
    }
    let broken = |error: std::io::Error| Failure::Broken(format!("cargo: {error}"));
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--locked", "--profile", "ci", "--package", "bootrack-mutate", "--"]);
    if cfg!(not(feature = "probe")) {
        cargo.arg("--small");
    }
    let built = cargo.stderr(std::process::Stdio::inherit()).output().map_err(broken)?;
    if !built.status.success() {
        return Err(Failure::Broken("the build of the unbiased mutants failed".to_owned()));
    }
    let program = String::from_utf8_lossy(&built.stdout).trim().to_owned();
    let status = Command::new(&program).args(std::env::args_os().skip(1)).status().map_err(broken)?;
    std::process::exit(status.code().unwrap_or(i32::from(Exit::Error.code())))
}

/// What there is to tell.
struct Score<'a> {
    asked: &'a [&'a Entry],
    outcomes: &'a [Outcome],
    triage: &'a Triage,
}

/// Killed, and all.
#[derive(Default, Clone, Copy)]
struct Count {
    killed: usize,
    reached: usize,
    excused: usize,
    all: usize,
}

impl Count {
    fn add(&mut self, outcome: &Outcome, is_excused: bool) {
        self.excused += usize::from(is_excused);
        self.all += 1;
        self.reached += usize::from(outcome.reached_by > 0);
        self.killed += usize::from(outcome.killed_by.is_some());
    }

    fn percent(self) -> f64 {
        let tried = self.all - self.excused;
        if tried == 0 { 100.0 } else { self.killed as f64 * 100.0 / tried as f64 }
    }
}

impl Score<'_> {
    fn by<'a>(&'a self, of: impl Fn(&'a Entry) -> String) -> BTreeMap<String, Count> {
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        for (entry, outcome) in self.asked.iter().zip(self.outcomes) {
            counts.entry(of(entry)).or_default().add(outcome, self.is_excused(entry, outcome));
        }
        counts
    }

    fn all(&self) -> Count {
        let mut all = Count::default();
        for (entry, outcome) in self.asked.iter().zip(self.outcomes) {
            all.add(outcome, self.is_excused(entry, outcome));
        }
        all
    }

    fn is_excused(&self, entry: &Entry, outcome: &Outcome) -> bool {
        outcome.killed_by.is_none() && self.triage.of(entry).is_some_and(|survivor| survivor.verdict.excuses())
    }

    fn survivors(&self) -> impl Iterator<Item = (&Entry, &Outcome)> {
        let all = self.asked.iter().copied().zip(self.outcomes);
        all.filter(|(_, outcome)| outcome.killed_by.is_none())
    }

    fn print(&self, started: Instant) {
        for (entry, outcome) in self.survivors() {
            say!("{} {} ({}) in {}", entry.place(), entry.operator, entry.class, entry.function);
            say!("    {}  ->  {}", entry.before, entry.after);
            match self.triage.of(entry) {
                Some(survivor) => say!("    {}: {}", survivor.verdict.name(), survivor.reason),
                None => say!("    {}", told(outcome)),
            }
        }
        say!();
        let table = |title: &str, counts: BTreeMap<String, Count>| {
            say!("{title:<56} {:>6} {:>8} {:>6} {:>6}", "killed", "excused", "of", "%");
            for (name, count) in counts {
                let Count { killed, excused, all, .. } = count;
                say!("{name:<56} {killed:>6} {excused:>8} {all:>6} {:>6.1}", count.percent());
            }
            say!();
        };
        table("operator", self.by(|entry| format!("{}: {}", entry.class, entry.operator)));
        table("class", self.by(|entry| entry.class.clone()));
        table("file", self.by(|entry| entry.file.clone()));
        let all = self.all();
        say!(
            "{} of {} unbiased mutants killed, {} at a step that cites a clause; {} are excused, {} reached by no case",
            all.killed,
            all.all,
            self.outcomes.iter().filter(|outcome| outcome.is_cited()).count(),
            all.excused,
            all.all - all.reached,
        );
        say!("{:.1} % of those that are not excused, {:.0} s", all.percent(), started.elapsed().as_secs_f64());
    }

    fn to_json(&self, objections: &[String]) -> serde_json::Value {
        let mutants: Vec<_> = self
            .asked
            .iter()
            .zip(self.outcomes)
            .map(|(entry, outcome)| {
                let kill = outcome.killed_by.as_ref();
                json!({
                    "key": entry.key(), "place": entry.place(), "class": entry.class, "operator": entry.operator,
                    "function": entry.function, "before": entry.before, "after": entry.after,
                    "killed_by": kill.map(|kill| &kill.case), "clauses": kill.map(|kill| &kill.clauses),
                    "reason": kill.map(|kill| &kill.reason),
                    "reached_by": outcome.reached_by, "differs_in": outcome.differs_in, "played": outcome.played,
                    "identical": outcome.identical, "crashed": outcome.crashed, "others": outcome.others,
                    "passed_differently": outcome.passed_differently,
                    "triage": self.triage.of(entry).map(|survivor| survivor.verdict.name()),
                })
            })
            .collect();
        let all = self.all();
        json!({
            "schema": "bootrack-unbiased/1", "killed": all.killed, "excused": all.excused, "reached": all.reached,
            "all": all.all, "refused": objections, "mutants": mutants,
        })
    }
}

/// Why a mutant is alive, as far as its runs tell.
fn told(outcome: &Outcome) -> String {
    if outcome.reached_by == 0 {
        return "no case comes by this place".to_owned();
    }
    if outcome.differs_in == 0 {
        return format!("{} cases come by, in none it would be another value", outcome.reached_by);
    }
    let Outcome { differs_in, identical, crashed, others, passed_differently, .. } = outcome;
    let mut told = format!("{differs_in} cases: {identical} leave the same evidence");
    for (verdict, count) in others {
        told.push_str(&format!(", {count} {verdict}"));
    }
    if *crashed > 0 {
        told.push_str(&format!(", it crashes in {crashed}"));
    }
    if !passed_differently.is_empty() {
        told.push_str(&format!(", others pass: {}", passed_differently.join(" ")));
    }
    told
}
