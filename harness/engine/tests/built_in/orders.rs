//! The order in which boards are commissioned does not matter, and lost frames never make a device fail (`SEL` 3): the
//! suite `orders`, and the same network on a hundred seeds.

use crate::common::World;
use record::verdict::{Blame, Verdict};

/// All 120 orders of a tree of five, nothing lost; lines, stars and grids in random orders with 0, 10 and 30 % loss.
#[test]
fn every_order_passes_and_what_is_lost_is_blamed_on_the_rack() {
    let world = World::of(vec![suites::built_in::named("orders").unwrap()]);
    let (mut all, mut passed) = (0, 0);
    for planned in world.planned(1) {
        let verdict = world.run(&planned).verdict;
        let lossless = planned.case.params.get("loss").is_none_or(|loss| loss == "0");
        if planned.case.base == "ORD-ALL-01" {
            all += 1;
        }
        match verdict.verdict {
            Verdict::Pass => passed += 1,
            Verdict::Inconclusive if !lossless => {
                assert_eq!(verdict.blame, Some(Blame::Rack), "{}: {}", planned.case.id, verdict.reason);
            }
            other => panic!("{}: {other:?}: {}", planned.case.id, verdict.reason),
        }
    }
    assert_eq!(all, 120);
    println!("orders: {passed} of {} rows pass", world.planned(1).len());
}

/// A line of five with links that lose three frames of ten, on a hundred seeds.
#[test]
fn at_thirty_percent_loss_a_hundred_seeds_pass_but_for_what_the_rack_is_blamed_for() {
    let world = World::of(vec![suites::built_in::named("orders").unwrap()]);
    let (mut passed, mut excused) = (0, 0);
    for seed in 1..=100 {
        let verdict = world.run(&world.planned_based_on("ORD-LOSS-01", seed)).verdict;
        match (verdict.verdict, verdict.blame) {
            (Verdict::Pass, _) => passed += 1,
            (Verdict::Inconclusive, Some(Blame::Rack)) => excused += 1,
            (other, blame) => panic!("seed {seed}: {other:?}, {blame:?}: {}", verdict.reason),
        }
    }
    println!("30 % loss: of 100 seeds {passed} pass, {excused} are inconclusive and blame the rack");
    assert!(passed >= 85, "{passed} pass");
}
