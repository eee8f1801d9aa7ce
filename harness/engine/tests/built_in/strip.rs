//! A verdict of `pass` rests on evidence: take away all observations that satisfy one deciding step, and it is gone.

use crate::common::World;
use bootrack_engine as engine;
use engine::judge::Judge;
use engine::rejudge::judge_events;
use engine::stored_plan::PlannedCase;
use record::Verdict;
use record::event::{Action, Event, What};
use suites::plan::{Answer, Command, Iut, Part, StepKind};

/// The log without these observations, numbered anew. Actions, step starts and keys stay: they are the tester's own; but
/// what a station under test sends is its own doing.
fn stripped(events: &[Event], unwanted: &[u64], iut: &Iut) -> Vec<Event> {
    let is_evidence = |what: &What| match what {
        What::Observation(_) => true,
        What::Action(Action::Backbone { port: sender, .. } | Action::Inject { radio: sender, .. }) => {
            sender == iut.name()
        }
        _ => false,
    };
    let kept = events.iter().filter(|event| !(is_evidence(&event.what) && unwanted.contains(&event.n))).cloned();
    kept.zip(1..).map(|(event, n)| Event { n, ..event }).collect()
}

/// Whether a step of this kind judges something that was observed.
fn judges(kind: &StepKind) -> bool {
    match kind {
        StepKind::Do(Command::Machine { answer: Answer::Later, .. }) => false,
        StepKind::Expect(_)
        | StepKind::Unordered(_)
        | StepKind::Alternatives(_)
        | StepKind::Never(_)
        | StepKind::Check(_)
        | StepKind::Do(Command::UpperTester { .. } | Command::Machine { .. }) => true,
        StepKind::Do(_)
        | StepKind::Send(_)
        | StepKind::Wait { .. }
        | StepKind::Deviate(_)
        | StepKind::Prompt { .. } => false,
    }
}

/// The deciding steps of one passed case that can be stripped without the pass being lost, and how many there are.
fn unsupported_passes(planned: &PlannedCase, events: &[Event]) -> (usize, Vec<String>) {
    let mut judge = Judge::new(&planned.case, &planned.environment);
    events.iter().for_each(|event| judge.see(event));
    let mut faults = Vec::new();
    let mut deciding = 0;
    for (index, step) in planned.case.steps.iter().enumerate() {
        if !matches!(step.part, Part::EntryState | Part::Body | Part::ExitState) || !judges(&step.kind) {
            continue;
        }
        deciding += 1;
        let satisfying = judge.satisfying_events(index);
        let fewer = stripped(events, &satisfying, &planned.case.iut);
        let at = format!("{} step {} ({})", planned.case.id, index + 1, step.text);
        if fewer.len() == events.len() {
            faults.push(format!("{at}: passed, and no observation satisfies it"));
        } else if judge_events(planned, &fewer).verdict == Verdict::Pass {
            faults.push(format!("{at}: still `pass` without events {satisfying:?}"));
        }
    }
    (deciding, faults)
}

#[test]
fn no_case_keeps_its_pass_without_the_observations_of_any_of_its_deciding_steps() {
    let world = World::new();
    let mut passed = 0;
    let mut deciding = 0;
    let mut faults = Vec::new();
    for planned in world.planned(1) {
        let run = world.run(&planned);
        if run.verdict.verdict != Verdict::Pass {
            continue;
        }
        passed += 1;
        let (steps, unsupported) = unsupported_passes(&planned, &run.events);
        if steps == 0 {
            faults.push(format!("{}: passed without a deciding step", planned.case.id));
        }
        deciding += steps;
        faults.extend(unsupported);
    }
    println!("{passed} passed cases, {deciding} deciding steps stripped one by one");
    assert!(passed >= 15, "only {passed} cases passed");
    assert!(deciding >= passed, "{deciding} deciding steps in {passed} cases");
    assert!(faults.is_empty(), "{} of {deciding} deciding steps:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn stripping_nothing_keeps_every_verdict() {
    let world = World::new();
    for planned in world.planned(1).iter().take(12) {
        let run = world.run(planned);
        let again = judge_events(planned, &stripped(&run.events, &[], &planned.case.iut));
        assert_eq!(again, run.verdict, "{}", planned.case.id);
    }
}

#[test]
fn an_empty_log_and_a_log_of_actions_alone_pass_nothing() {
    let world = World::new();
    for planned in world.planned(1) {
        let run = world.run(&planned);
        let all: Vec<u64> = run.events.iter().map(|event| event.n).collect();
        assert_ne!(judge_events(&planned, &[]).verdict, Verdict::Pass, "{}", planned.case.id);
        assert_ne!(
            judge_events(&planned, &stripped(&run.events, &all, &planned.case.iut)).verdict,
            Verdict::Pass,
            "{} without any observation",
            planned.case.id
        );
    }
}

#[test]
fn a_gap_in_the_event_numbers_is_an_error_by_itself() {
    let world = World::new();
    let planned = &world.planned(1)[0];
    let mut events = world.run(planned).events;
    events.remove(events.len() / 2);
    assert_eq!(judge_events(planned, &events).verdict, Verdict::Error);
}
