//! Links that lose frames make nobody fail who is right, and let nobody pass who is wrong: a sample of what `ci/lossy` measures.

use bootrack_engine as engine;
use engine::mutant::Mutant;
use engine::stored_plan::PlannedCase;
use record::verdict::{Blame, Verdict};
use rstest::rstest;
use testbeds::virtual_rack::Position;

use crate::census::{census, killed, lossy_world};
use crate::common::World;

/// Every fifth case, another fifth on each level.
#[rstest]
#[case(0.95, 0, 3.0)]
#[case(0.9, 1, 8.0)]
#[case(0.8, 2, 20.0)]
#[case(0.7, 3, 40.0)]
fn lost_frames_make_no_right_device_fail(#[case] delivery: f64, #[case] from: usize, #[case] most_inconclusive: f64) {
    let world = lossy_world(delivery);
    let planned: Vec<PlannedCase> = world.attempts(1, 1).into_iter().skip(from).step_by(5).collect();
    let census = census(&world, &planned);
    println!("{delivery}: {:?} in {} attempts, {} tries", census.counts, census.attempts(), census.tries);
    assert!(census.wrong.is_empty(), "{:#?}", census.wrong);
    assert!(census.percent(Verdict::Inconclusive) <= most_inconclusive, "{:?}", census.counts);
}

#[test]
fn a_device_whose_new_parent_was_lost_to_it_does_not_fail() {
    let world = lossy_world(0.95);
    let planned = world.planned(1).into_iter().filter(|planned| planned.case.id == "RPL-REPAIR-01");
    let census = census(&world, &planned.collect::<Vec<_>>());
    assert_eq!(census.attempts(), 1);
    assert!(census.wrong.is_empty(), "{:#?}", census.wrong);
}

/// Every sixth mutant.
#[test]
fn lost_frames_hide_hardly_a_wrong_device() {
    let world = lossy_world(0.95);
    let mutants: Vec<Mutant> = Mutant::all().step_by(6).collect();
    let killed = killed(&world, &mutants, 1, 2);
    let survivors: Vec<&str> =
        mutants.iter().map(|mutant| mutant.name()).filter(|name| !killed.contains(name)).collect();
    println!("of {} mutants {} are killed, not {survivors:?}", mutants.len(), killed.len());
    assert!(killed.len() * 10 >= mutants.len() * 9, "not killed: {survivors:?}");
}

/// A wrong field of a message's own form is the device's, whatever was lost.
#[test]
fn a_malformed_message_is_a_fail_on_any_link() {
    let world = lossy_world(0.7);
    let mutants: Vec<Mutant> =
        ["jsr-reserved-nonzero", "jsr-bad-checksum"].into_iter().filter_map(Mutant::from_name).collect();
    assert_eq!(killed(&world, &mutants, 1, 3).len(), 2);
}

/// A sniffer that hears nothing of the device proves neither its silence nor what it left out.
#[test]
fn what_a_sniffer_cannot_hear_is_neither_passed_nor_failed() {
    let mut world = World::new();
    world.setting.testbed.sniffer.position = Position::Beside("lbr".to_owned());
    let planned = world.planned(1);
    let far: Vec<PlannedCase> =
        planned.into_iter().filter(|planned| planned.case.topology.text == "line: ct lbr router dut").collect();
    assert!(far.len() > 5);
    let census = census(&world, &far);
    println!("beside lbr: {:?}", census.counts);
    assert!(census.counts.keys().all(|(verdict, _)| *verdict != Verdict::Fail), "{:#?}", census.wrong);
    assert!(census.counts.contains_key(&(Verdict::Inconclusive, Some(Blame::Rack))));
}
