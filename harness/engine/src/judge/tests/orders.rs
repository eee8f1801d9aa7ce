//! Orders to tester machines: whose doing it is that nothing came of one, what the reason says, and what may follow.

use record::event::{Because, Key, Observation, What};
use record::verdict::{Blame, Verdict};
use rstest::rstest;
use suites::plan::{Answer, Case, StepKind};

use super::builder::*;
use crate::judge::Judge;

const SELECT: &str = "select 70b3d5b007000003";

/// An order that is to be done (or refused), then a frame of the device with number 7.
fn then_frame(answer: Answer) -> Case {
    case(vec![order(SELECT, answer), StepKind::Expect(frame_of("dut", Some(7)))])
}

#[rstest]
#[case::nothing_follows(None)]
#[case::what_would_be_a_fail_follows(Some(6))]
#[case::what_is_awaited_follows(Some(7))]
fn a_tool_that_refuses_the_order_itself_is_the_tester_s_whatever_follows(#[case] frame: Option<u8>) {
    let case = then_frame(Answer::Ok);
    let log = Log::new().step(0).ordered(SELECT).order_refused(SELECT, "no network key was given", Because::Order);
    let log = match frame {
        Some(number) => log.frame("dut", "router", number),
        None => log.after(6 * SECOND),
    };
    let verdict = log.verdict(&case);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)));
    assert!(verdict.reason.contains("no network key was given"), "{}", verdict.reason);
    assert_eq!(verdict.deciding_step, Some(0));
}

#[test]
fn a_tool_that_refuses_the_order_itself_has_not_refused_it_for_the_device() {
    let log = Log::new().step(0).ordered(SELECT).order_refused(SELECT, "no network key was given", Because::Order);
    let verdict = log.verdict(&then_frame(Answer::Error(None)));
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)));
}

#[test]
fn nobody_waits_for_the_order_and_its_refusal_still_excuses_the_device() {
    let case = then_frame(Answer::Later);
    let log = Log::new().step(0).ordered(SELECT).step(1).order_refused(SELECT, "no anchor", Because::Order);
    let verdict = log.frame("dut", "router", 6).verdict(&case);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)), "{}", verdict.reason);
}

/// Which is the other direction: what the device refused is no excuse for what it does next.
#[rstest]
#[case::said(Because::Device)]
#[case::silent(Because::Time)]
fn a_refusal_of_the_device_excuses_nothing(#[case] because: Because) {
    let log = Log::new().event("dut", "jsr_sent").step(0).ordered(SELECT).order_refused(SELECT, "alert", because);
    let case = then_frame(Answer::Ok);
    let failed = log.clone().step(1).frame("dut", "router", 6).verdict(&case);
    assert_eq!((failed.verdict, failed.blame), (Verdict::Fail, Some(Blame::Device)));
    let doubtful = log.step(1).frame("dut", "router", 7).verdict(&case);
    assert_eq!((doubtful.verdict, doubtful.blame), (Verdict::Inconclusive, Some(Blame::Device)));
}

#[test]
fn a_reason_says_how_long_the_order_took_and_what_the_device_said_last() {
    let case = then_frame(Answer::Ok);
    let log = Log::new().step(0).ordered(SELECT).after(2 * SECOND).event("dut", "jsr_sent").after(58 * SECOND);
    let verdict = log.order_refused(SELECT, "no join request of X came", Because::Time);
    let verdict = verdict.step(1).frame("dut", "router", 7).verdict(&case);
    assert_eq!(
        verdict.reason,
        "`ct select` came to nothing in 60 s: no join request of X came; the last thing from dut was ut.event (event \
         jsr_sent), 2 s after the order"
    );
}

#[test]
fn a_machine_that_reports_nothing_is_broken_in_its_own_time() {
    let mut case = then_frame(Answer::Ok);
    if let StepKind::Do(suites::plan::Command::Machine { within, .. }) = &mut case.steps[0].kind {
        *within = Some(std::time::Duration::from_secs(20));
    }
    let log = Log::new().step(0).ordered(SELECT).after(26 * SECOND).deadline(0);
    let verdict = log.verdict(&case);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Error, Some(Blame::Tester)));
    assert_eq!(verdict.reason, "`ct` reported nothing of its order `select` in 25 s");
}

#[rstest]
#[case("connect 70b3d5b007000003", "the handshake was completed by `ct`, where the device had to refuse")]
#[case(SELECT, "the handshake was completed and the key delivered by `ct`, where the device had to refuse")]
#[case("close", "the network was closed by `ct`, where the device had to refuse")]
fn what_got_through_is_said(#[case] text: &str, #[case] reason: &str) {
    let case = case(vec![order(text, Answer::Error(None)), StepKind::Expect(frame_of("dut", None))]);
    let verdict = Log::new().step(0).ordered(text).order_done(text, None).verdict(&case);
    assert_eq!((verdict.verdict, verdict.reason.as_str()), (Verdict::Fail, reason));
}

#[test]
fn the_order_of_an_older_log_says_nothing_of_whose_doing_it_is() {
    let observation = Observation::Order {
        machine: "ct".to_owned(),
        order: "close".to_owned(),
        refused: Some("deselected".to_owned()),
        because: None,
    };
    let written = serde_json::to_string(&observation).unwrap();
    assert!(!written.contains("because"), "{written}");
    assert_eq!(serde_json::from_str::<Observation>(&written).unwrap(), observation);
}

#[test]
fn a_judge_that_reads_no_request_learns_no_key() {
    let case = then_frame(Answer::Ok);
    let mut judge = Judge::new(&case, &environment());
    let key = What::KeyLearnt(Key::Link { index: 1, key: record::Octets(vec![7; 16]) });
    Log::new().then(key).frame("dut", "router", 1).events.iter().for_each(|event| judge.see(event));
    assert!(judge.take_keys().is_empty());
}
