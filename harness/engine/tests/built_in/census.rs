//! The built-in suites over links that lose frames: what becomes of the reference device, and of the mutants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bootrack_engine as engine;
use engine::campaign::run_tries_in_memory;
use engine::mutant::Mutant;
use engine::mutation::run_mutants;
use engine::stored_plan::PlannedCase;
use record::verdict::{Blame, Verdict};

use crate::common::World;

/// What came of many attempts.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// How often each verdict was made, and whom it blames.
    pub(crate) counts: BTreeMap<(Verdict, Option<Blame>), usize>,
    /// How often a case was played.
    pub(crate) tries: usize,
    /// Every verdict that no right device on such links may get, in a line.
    pub(crate) wrong: Vec<String>,
}

impl Census {
    pub(crate) fn attempts(&self) -> usize {
        self.counts.values().sum()
    }

    /// Of a hundred attempts so many ended as `verdict`.
    pub(crate) fn percent(&self, verdict: Verdict) -> f64 {
        let count: usize = self.counts.iter().filter(|((of, _), _)| *of == verdict).map(|(_, count)| count).sum();
        100.0 * count as f64 / self.attempts().max(1) as f64
    }
}

/// The built-in suites on links each of which delivers a frame with this probability.
pub(crate) fn lossy_world(delivery: f64) -> World {
    let mut world = World::new();
    world.setting.testbed.medium.delivery = delivery;
    world
}

/// Plays these attempts with the reference device.
pub(crate) fn census(world: &World, planned: &[PlannedCase]) -> Census {
    let (next, census) = (AtomicUsize::new(0), Mutex::new(Census::default()));
    let play = || {
        while let Some(planned) = planned.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (run, tries) = run_tries_in_memory(planned, &world.setting).unwrap();
            let (verdict, blame) = (run.verdict.verdict, run.verdict.blame);
            let mut census = census.lock().unwrap();
            *census.counts.entry((verdict, blame)).or_default() += 1;
            census.tries += tries;
            if !matches!((verdict, blame), (Verdict::Pass, _) | (Verdict::Inconclusive, Some(Blame::Rack))) {
                census.wrong.push(format!("{}: {verdict}: {}", planned.case.id, run.verdict.reason));
            }
        }
    };
    std::thread::scope(|scope| (0..jobs()).for_each(|_| drop(scope.spawn(play))));
    census.into_inner().unwrap()
}

/// Of these mutants, those that a case which names them kills in one of so many attempts.
pub(crate) fn killed(world: &World, mutants: &[Mutant], seed: u64, attempts: u32) -> BTreeSet<&'static str> {
    let planned: Vec<PlannedCase> = (1..=attempts).flat_map(|number| world.attempts(seed, number)).collect();
    let trials = run_mutants(mutants, &planned, &world.setting, jobs(), false, &|_| {}).unwrap();
    trials.iter().filter(|trial| trial.killed).map(|trial| trial.mutant.name()).collect()
}

fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
