//! The unbiased score: mutants that operators made at every place of the device's sources, each played against the cases whose
//! reference run comes by that place, killed by a `fail`, blame device, and by nothing else.
//!
//! A case of which the reference run shows that the mutant would have come to the same values is not played: its evidence would be
//! the same, octet for octet. Mutants of one function are tried one after another, first by what killed the one before.

pub mod triage;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use mutation::{Choice, Entry, Party, Record};
use record::event::{Event, What};
use record::{Blame, Verdict};

use crate::campaign::{Setting, run_tries_in_memory};
use crate::error::RunError;
use crate::stored_plan::PlannedCase;

/// The mutants of this build; empty in an ordinary one.
const TABLE: &str = include_str!("../../data/unbiased.tsv");

/// The mutants of this build; the one of number `n` is at `n - 1`. None in an ordinary build.
pub fn table() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| mutation::table::read(TABLE))
}

/// A run in which nothing is wrong never needs as much.
const FUEL_OF_REFERENCE: u64 = 4_000_000_000;
/// A mutant may do so many times what the reference does in the same case,
const FUEL_TIMES: u64 = 8;
/// and so much beside that.
const FUEL_MORE: u64 = 200_000;

/// What the reference run of a case says.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What it came by.
    pub record: Record,
    /// A digest of air, backbone, logs and upper testers.
    pub digest: u128,
    /// Whether the case passes; one that does not kills nobody.
    pub passes: bool,
}

/// What came of a mutant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Its number.
    pub number: u32,
    /// Cases whose reference run reaches the place.
    pub reached_by: usize,
    /// Cases in whose reference run its value would have been another one.
    pub differs_in: usize,
    /// Cases that were played.
    pub played: usize,
    /// Of these, the ones that left the same evidence as the reference, octet for octet.
    pub identical: usize,
    /// The device crashed in so many.
    pub crashed: usize,
    /// Who killed it.
    pub killed_by: Option<Kill>,
    /// Verdicts that were no kill and no pass, with how often each came.
    pub others: BTreeMap<&'static str, usize>,
    /// Cases that left other evidence, and let it pass; at most [`TOLD_MAX`].
    pub passed_differently: Vec<String>,
}

/// At most so many cases are told of a mutant.
pub const TOLD_MAX: usize = 8;

/// A kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kill {
    /// The case, with its parameter row.
    pub case: String,
    /// The clauses that the deciding step cites.
    pub clauses: Vec<String>,
    /// The judge's sentence.
    pub reason: String,
}

impl Outcome {
    /// Whether a case cites a clause where it kills.
    pub fn is_cited(&self) -> bool {
        self.killed_by.as_ref().is_some_and(|kill| !kill.clauses.is_empty())
    }
}

/// Plays the reference device in each case and records what it comes by.
///
/// # Errors
/// [`RunError`] if the testbed cannot play a case.
pub fn references(
    party: Party,
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
) -> Result<Vec<Reference>, RunError> {
    in_parallel(cases.len(), jobs, &|index| {
        mutation::choose(party, Choice::Recorded, FUEL_OF_REFERENCE);
        let run = run_tries_in_memory(&cases[index], setting);
        let record = mutation::recorded(FUEL_OF_REFERENCE);
        mutation::choose(party, Choice::Original, 0);
        let (run, _) = run?;
        Ok(Reference { record, digest: digest(&run.events), passes: run.verdict.verdict == Verdict::Pass })
    })
    .into_iter()
    .collect()
}

/// Tries mutants; `ended` is told of each.
///
/// # Errors
/// [`RunError`] if the testbed cannot play a case.
pub fn score(
    party: Party,
    mutants: &[&Entry],
    cases: &[PlannedCase],
    references: &[Reference],
    setting: &Setting,
    jobs: usize,
    ended: &(dyn Fn(&Outcome) + Sync),
) -> Result<Vec<Outcome>, RunError> {
    let ways = Ways::new(cases, references);
    // Those of one function stay together, and so the outcome does not depend on who works beside whom.
    let mut groups: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for entry in mutants {
        groups.entry((&entry.file, &entry.function)).or_default().push(entry.number);
    }
    let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let outcomes = in_parallel(groups.len(), jobs, &|index| {
        let mut killers: Vec<usize> = Vec::new();
        let mut outcomes = Vec::new();
        for number in &groups[index] {
            let outcome = try_mutant(party, *number, &ways, cases, references, setting, &mut killers)?;
            ended(&outcome);
            outcomes.push(outcome);
        }
        Ok::<_, RunError>(outcomes)
    });
    let mut all = Vec::new();
    for outcomes in outcomes {
        all.extend(outcomes?);
    }
    all.sort_by_key(|outcome: &Outcome| outcome.number);
    Ok(all)
}

/// Which cases come by which mutant.
struct Ways {
    reached: BTreeMap<u32, usize>,
    /// Cases in which it differs, the cheapest first.
    differs: BTreeMap<u32, Vec<usize>>,
}

impl Ways {
    fn new(cases: &[PlannedCase], references: &[Reference]) -> Self {
        let mut order: Vec<usize> = (0..cases.len()).filter(|&case| references[case].passes).collect();
        order.sort_by_key(|&case| references[case].record.steps);
        let (mut reached, mut differs) = (BTreeMap::new(), BTreeMap::new());
        for case in order {
            for number in &references[case].record.reached {
                *reached.entry(*number).or_default() += 1;
            }
            for number in &references[case].record.differs {
                differs.entry(*number).or_insert_with(Vec::new).push(case);
            }
        }
        Self { reached, differs }
    }
}

fn try_mutant(
    party: Party,
    number: u32,
    ways: &Ways,
    cases: &[PlannedCase],
    references: &[Reference],
    setting: &Setting,
    killers: &mut Vec<usize>,
) -> Result<Outcome, RunError> {
    let none = Vec::new();
    let differs = ways.differs.get(&number).unwrap_or(&none);
    let reached_by = ways.reached.get(&number).copied().unwrap_or(0);
    let mut outcome = Outcome { number, reached_by, differs_in: differs.len(), ..Outcome::default() };
    let there: BTreeSet<usize> = differs.iter().copied().collect();
    let first: Vec<usize> = killers.iter().rev().copied().filter(|case| there.contains(case)).collect();
    let rest = differs.iter().copied().filter(|case| !first.contains(case));
    for case in first.iter().copied().chain(rest) {
        let reference = &references[case];
        mutation::choose(party, Choice::Mutant(number), reference.record.steps * FUEL_TIMES + FUEL_MORE);
        let run = run_tries_in_memory(&cases[case], setting);
        let crashes = mutation::crashes();
        mutation::choose(party, Choice::Original, 0);
        let (run, _) = run?;
        outcome.played += 1;
        outcome.crashed += usize::from(crashes > 0);
        let verdict = run.verdict;
        if verdict.verdict == Verdict::Fail && verdict.blame == Some(Blame::Device) {
            let (clauses, reason) = (verdict.deciding_clauses, verdict.reason);
            outcome.killed_by = Some(Kill { case: cases[case].case.id.clone(), clauses, reason });
            killers.retain(|killer| *killer != case);
            killers.push(case);
            break;
        }
        if digest(&run.events) == reference.digest {
            outcome.identical += 1;
        } else if verdict.verdict == Verdict::Pass {
            if outcome.passed_differently.len() < TOLD_MAX {
                outcome.passed_differently.push(cases[case].case.id.clone());
            }
        } else {
            *outcome.others.entry(verdict.verdict.name()).or_default() += 1;
        }
    }
    Ok(outcome)
}

/// A digest of what was observed, and when: two lanes of FNV-1a, which need not withstand anybody.
fn digest(events: &[Event]) -> u128 {
    let mut lanes = Lanes(0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142);
    for event in events {
        if let What::Observation(observation) = &event.what {
            lanes.add(&event.t.to_be_bytes());
            // It writes into memory, and all of it can be written.
            drop(serde_json::to_writer(&mut lanes, observation));
        }
    }
    u128::from(lanes.0) << 64 | u128::from(lanes.1)
}

struct Lanes(u64, u64);

impl Lanes {
    fn add(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
            self.1 = (self.1.rotate_left(5) ^ u64::from(*octet)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
}

impl Write for Lanes {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.add(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The results of `count` pieces of work, in order.
fn in_parallel<T: Send>(count: usize, jobs: usize, work: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            let player = || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let result = work(index);
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
                }
            };
            let thread = std::thread::Builder::new().stack_size(2 * mutation::STACK_MAX);
            if thread.spawn_scoped(scope, player).is_err() {
                // The system has no thread to give: this one does the work.
                player();
            }
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
