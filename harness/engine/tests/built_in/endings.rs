//! Orders end in their own time and say what they waited for; what the tool refuses is never the device's fault; keys that a
//! request brings are learnt; what claims to come from the device itself is answered by nobody.

use bootrack_engine as engine;
use record::event::{Key, Observation, What};
use record::verdict::{Blame, Verdict};
use rstest::rstest;
use suites::plan::{Command, StepKind};
use testbeds::testbed::Device;

use crate::common::World;

/// A suite of `tests/inputs`: the smallest that showed what was wrong.
fn input(name: &str) -> World {
    let path = format!("{}/tests/inputs/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    World::of(vec![input::Source { name: format!("{name}.toml"), text }])
}

#[test]
fn a_refused_order_is_the_tester_s_with_the_reason() {
    let world = input("refused-order");
    let verdict = world.run(&world.planned(1)[0]).verdict;
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)), "{}", verdict.reason);
    assert!(verdict.reason.contains("not of the private key"), "{}", verdict.reason);
}

#[test]
fn a_key_that_a_request_brings_is_learnt_and_logged_for_the_capture() {
    let world = input("unknown-key");
    let run = world.run(&world.planned(1)[0]);
    assert_eq!(run.verdict.verdict, Verdict::Pass, "{}", run.verdict.reason);
    let learnt = |event: &&record::Event| matches!(&event.what, What::KeyLearnt(Key::Link { index: 2, .. }));
    assert_eq!(run.events.iter().filter(learnt).count(), 1);
}

#[test]
fn a_frame_from_before_a_power_cut_is_refused_after_it() {
    let world = input("powercut");
    for seed in 1..=10 {
        let verdict = world.run(&world.planned(seed)[0]).verdict;
        assert_eq!(verdict.verdict, Verdict::Pass, "seed {seed}: {}", verdict.reason);
    }
}

#[test]
fn nobody_answers_what_claims_to_come_from_the_device_itself() {
    let world = input("own-address");
    for planned in world.planned(1) {
        let run = world.run(&planned);
        assert_eq!(run.verdict.verdict, Verdict::Pass, "{}", run.verdict.reason);
        let mut observer = engine::judge::Observer::new(&planned.environment);
        let pdus: Vec<_> = run.events.iter().filter_map(|event| observer.see(event)).collect();
        let replies = pdus.iter().filter(|pdu| {
            pdu.from.as_deref() == Some("dut") && pdu.messages.contains(&"icmpv6.echo_reply") && !pdu.retransmission
        });
        let to: Vec<_> = replies.map(|pdu| (pdu.to.clone(), pdu.text("ipv6.dst").map(str::to_owned))).collect();
        assert!(!to.is_empty(), "{}: it lives", planned.case.id);
        let astray = |(to, address): &(Option<String>, Option<String>)| {
            to.as_deref() == Some("dut") || address.as_deref() == Some("::1")
        };
        assert!(!to.iter().any(astray), "{}: {to:?}", planned.case.id);
    }
}

/// Every order of a plan has its time, or is one that nobody waits for.
#[test]
fn no_order_of_a_built_in_case_waits_for_ever() {
    for planned in World::new().planned(1) {
        for step in &planned.case.steps {
            if let StepKind::Do(Command::Machine { order, answer, within, .. }) = &step.kind {
                let is_waited_for = *answer != suites::plan::Answer::Later;
                assert_eq!(within.is_some(), is_waited_for, "{}: {order}", planned.case.id);
            }
        }
    }
}

/// Over all cases: the tester and the rack are at fault for nothing, and whoever reads a finding learns what the device said last.
#[rstest]
#[case::never_gets_a_session("psk-fixed")]
#[case::never_asks_in_its_own_name("jsr-eui64-reversed")]
fn a_device_that_cannot_be_secured_is_no_error(#[case] mutant: &str) {
    let world = World::new();
    let mutant = mutant.parse().unwrap();
    let (mut findings, mut named) = (0, 0);
    for planned in world.planned(1) {
        let run = world.run_against(&planned, Device::Mutant(mutant));
        let (id, verdict) = (&planned.case.id, run.verdict);
        assert_ne!(verdict.verdict, Verdict::Error, "{id}: {}", verdict.reason);
        let refused = run.events.iter().filter_map(|event| match &event.what {
            What::Observation(Observation::Order { refused: Some(reason), .. }) => Some(reason.as_str()),
            _ => None,
        });
        for reason in refused {
            assert!(!reason.is_empty(), "{id}");
        }
        if verdict.verdict == Verdict::Inconclusive {
            findings += 1;
            assert!(verdict.reason.contains("dut") || verdict.reason.contains("70:b3:d5"), "{id}: {}", verdict.reason);
            named += usize::from(verdict.reason.contains("the last thing from dut was"));
        }
    }
    println!("{findings} inconclusive findings, {named} say what the device said last");
    assert!(findings > 40 && named * 20 >= findings * 19, "{named} of {findings}");
}
