//! The declared states of a device are proven: another one at entry makes a case inconclusive, another one at exit fails it,
//! and what was read back stands in the result.

use crate::common::World;
use bootrack_engine as engine;
use engine::campaign::case_result;
use engine::runner::CaseRun;
use engine::stored_plan::PlannedCase;
use record::manifest::CaseResult;
use record::{Blame, Verdict};
use suites::plan::{Case, Part, State};
use testbeds::testbed::Device;

/// A built-in case, changed.
fn planned(world: &World, id: &str, change: impl FnOnce(&mut Case)) -> PlannedCase {
    let built_in = world.case(id);
    let mut case = built_in.clone();
    change(&mut case);
    world.complete(&case, 1)
}

fn result(planned: &PlannedCase, run: &CaseRun) -> CaseResult {
    case_result(planned, &run.verdict, &run.events)
}

fn deciding_part(planned: &PlannedCase, run: &CaseRun) -> Option<Part> {
    planned.case.steps.get(run.verdict.deciding_step?).map(|step| step.part)
}

#[test]
fn a_device_in_another_state_at_exit_fails_by_the_clauses_of_the_case() {
    let world = World::new();
    let planned = planned(&world, "SEL-JOIN-02", |case| case.exit = Some(State::Closed));
    let run = world.run(&planned);
    assert_eq!((run.verdict.verdict, run.verdict.blame), (Verdict::Fail, Some(Blame::Device)));
    assert_eq!(deciding_part(&planned, &run), Some(Part::ExitState));
    assert_eq!(run.verdict.deciding_clauses, planned.case.clauses);
    let exit = result(&planned, &run).exit_state.unwrap();
    assert_eq!((exit.read_state(), exit.holds()), (Some("secured"), false));
}

#[test]
fn a_device_in_another_state_at_entry_proves_nothing() {
    let world = World::new();
    let planned = planned(&world, "SEL-KEY-01", |case| case.entry = Some(State::Secured));
    let run = world.run(&planned);
    assert_eq!(run.verdict.verdict, Verdict::Inconclusive);
    assert_eq!(deciding_part(&planned, &run), Some(Part::EntryState));
    assert!(run.verdict.reason.starts_with("entry state: "), "{}", run.verdict.reason);
}

#[test]
fn the_state_after_a_failed_body_is_read_and_changes_no_verdict() {
    let world = World::new();
    let planned = planned(&world, "SEL-JOIN-01", |_| {});
    let run = world.run_against(&planned, Device::Mutant("key-not-installed".parse().unwrap()));
    assert_eq!((run.verdict.verdict, run.verdict.blame), (Verdict::Fail, Some(Blame::Device)));
    assert_eq!(deciding_part(&planned, &run), Some(Part::Body));
    let exit = result(&planned, &run).exit_state.unwrap();
    assert_eq!((exit.declared.as_str(), exit.read_state()), ("secured", Some("joining")));
}

#[test]
fn a_device_without_power_is_not_asked() {
    let world = World::new();
    let planned = planned(&world, "SEL-JSR-01@channel=11", |_| {});
    let run = world.run(&planned);
    assert_eq!(run.verdict.verdict, Verdict::Pass);
    let entry = result(&planned, &run).entry_state.unwrap();
    assert_eq!((entry.declared.as_str(), entry.read.as_str(), entry.holds()), ("off", "", true));
}
