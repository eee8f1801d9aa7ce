//! The built-in monitors beside the built-in cases: silent about a right device, told of a wrong one by its events, whatever the
//! case was about.

use std::collections::BTreeMap;

use bootrack_engine as engine;
use engine::campaign::run_in_memory;
use engine::mutant::Mutant;
use engine::rejudge::judge_events;
use engine::runner::CaseRun;
use engine::stored_plan::{PlannedCase, StoredPlan};
use record::Verdict;
use record::event::{Event, What};
use record::verdict::{Blame, Watched};
use rstest::rstest;

use crate::common::World;

fn run_mutant(world: &World, planned: &PlannedCase, mutant: &str) -> CaseRun {
    let setting = world.setting.with_mutant(Mutant::from_name(mutant).unwrap());
    run_in_memory(planned, &setting).unwrap()
}

#[test]
fn no_monitor_finds_anything_in_a_right_device_and_each_has_something_to_judge() {
    let world = World::new();
    let planned = world.planned(7);
    let mut sums: BTreeMap<String, Watched> =
        planned[0].case.monitors.iter().map(|monitor| (monitor.id.clone(), Watched::default())).collect();
    for planned in &planned {
        let run = world.run(planned);
        assert_eq!(run.verdict.violations, [], "{}", planned.case.id);
        for (id, watched) in &run.verdict.watched {
            let sum = sums.get_mut(id).unwrap();
            sum.named += watched.named;
            sum.judged += watched.judged;
        }
    }
    for (id, Watched { named, judged, .. }) in sums {
        assert!(judged > 0, "{id} judged nothing in {} cases", planned.len());
        assert!(
            (named - judged) * 10 <= named,
            "{id} does not apply to {} of {named} PDUs that it names",
            named - judged
        );
    }
}

/// What the case is about is right: the monitor alone makes it a fail.
#[rstest]
#[case::a_field("jsr-reserved-nonzero", "SEL-RX-01", "MON-JSR-RESERVED")]
#[case::a_counter("tx-frame-counter-fixed", "SEL-RX-03", "MON-MAC-COUNTER")]
fn a_violation_fails_a_case_that_is_about_something_else(
    #[case] mutant: &str,
    #[case] base: &str,
    #[case] monitor: &str,
) {
    let world = World::new();
    let planned = world.planned_based_on(base, 7);
    let CaseRun { events, verdict } = run_mutant(&world, &planned, mutant);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Fail, Some(Blame::Device)), "{}", verdict.reason);
    assert_eq!(verdict.own.as_ref().map(|own| own.verdict), Some(Verdict::Pass), "{verdict:?}");
    assert_eq!((verdict.deciding_step, verdict.blamed.as_deref()), (None, Some("dut")));
    let found = verdict.violations.first().unwrap();
    assert_eq!(found.monitor, monitor);
    assert!(verdict.reason.starts_with(&format!("monitor {monitor}: ")), "{}", verdict.reason);
    assert_eq!((&verdict.deciding_clauses, &verdict.evidence), (&found.clauses, &found.evidence));
    // By the events alone, with the plan as it is stored.
    let stored = serde_json::to_value(StoredPlan::new(vec![planned])).unwrap();
    let stored = StoredPlan::from_json(stored).unwrap();
    assert_eq!(judge_events(&stored.cases[0], &events), verdict);
}

/// Takes the events out that every violation rests on, and numbers the rest anew.
fn without(events: &[Event], unwanted: &[u64]) -> Vec<Event> {
    let kept =
        events.iter().filter(|event| !(matches!(event.what, What::Observation(_)) && unwanted.contains(&event.n)));
    kept.cloned().zip(1..).map(|(event, n)| Event { n, ..event }).collect()
}

#[rstest]
#[case("jsr-reserved-nonzero", "SEL-RX-01", "MON-JSR-RESERVED")]
#[case("tx-frame-counter-fixed", "SEL-RX-03", "MON-MAC-COUNTER")]
fn a_violation_is_gone_with_the_events_that_it_rests_on(
    #[case] mutant: &str,
    #[case] base: &str,
    #[case] monitor: &str,
) {
    let world = World::new();
    let planned = world.planned_based_on(base, 7);
    let run = run_mutant(&world, &planned, mutant);
    let rests_on: Vec<u64> = run
        .verdict
        .violations
        .iter()
        .filter(|violation| violation.monitor == monitor)
        .flat_map(|violation| violation.evidence.clone())
        .collect();
    assert!(!rests_on.is_empty());
    let again = judge_events(&planned, &without(&run.events, &rests_on));
    assert!(again.violations.iter().all(|violation| violation.monitor != monitor), "{:?}", again.violations);
}

#[test]
fn a_departure_from_the_profile_is_told_everywhere_and_fails_in_suites_of_the_profile_only() {
    let world = World::new();
    let (mutant, monitor) = ("jsr-lifetime-nonzero", "MON-JSR-LIFETIME");
    for (base, decides) in [("SEL-JOIN-01", false), ("PRO-JSR-01", true)] {
        let planned = world.planned_based_on(base, 7);
        let verdict = run_mutant(&world, &planned, mutant).verdict;
        let found = verdict.violations.iter().find(|violation| violation.monitor == monitor).unwrap();
        assert_eq!(found.decides, decides, "{base}");
        assert_eq!(verdict.verdict == Verdict::Fail, decides, "{base}: {}", verdict.reason);
    }
}
