//! What verdicts are worth where the air loses frames, or the sniffer does.

use record::event::{Action, TransmitStatus, What};
use record::verdict::{Blame, Verdict};
use rstest::rstest;
use suites::plan::{Case, StepKind};

use super::builder::*;
use crate::environment::Environment;

fn lossy() -> Environment {
    let mut environment = environment();
    environment.air.loses_frames = true;
    environment
}

/// The sniffer may miss frames of the device.
fn half_deaf() -> Environment {
    let mut environment = environment();
    environment.air.missed.insert("dut".to_owned());
    environment
}

fn joined_then_frame() -> Case {
    case(vec![ask("dut"), StepKind::Expect(frame_of("dut", Some(7)))])
}

/// A data frame to all, which nobody acknowledges.
fn to_all(from: &str, sequence_number: u8) -> Vec<u8> {
    let addressed = mpdu(from, "dut", sequence_number);
    let mut all = vec![0x41, 0xc8, sequence_number, 0x07, 0xb0, 0xff, 0xff];
    all.extend(addressed.iter().skip(5 + 8));
    with_fcs(all)
}

fn power(board: &str, on: bool) -> What {
    What::Action(Action::Power { board: board.to_owned(), on })
}

fn nothing(log: Log) -> Log {
    log
}

fn never_acknowledged(log: Log) -> Log {
    log.frame("relay", "router", 9)
}

fn acknowledged_at_last(log: Log) -> Log {
    log.frame("relay", "router", 9).frame("relay", "router", 9).ack(9)
}

fn repeated_to_the_last(log: Log) -> Log {
    (0..4).fold(log, |log, _| log.frame("relay", "router", 9).ack(9))
}

fn to_one_without_power(log: Log) -> Log {
    log.then(power("router", false)).frame("relay", "router", 9)
}

fn to_nobody_of_the_case(log: Log) -> Log {
    let mut stray = mpdu("relay", "router", 9);
    stray[5] = 0x77;
    log.psdu(with_fcs(stray))
}

fn for_all(log: Log) -> Log {
    log.psdu(to_all("relay", 9))
}

fn silent(log: Log) -> Log {
    log.after(6 * SECOND).deadline(1)
}

fn wrong(log: Log) -> Log {
    log.frame("dut", "router", 6).ack(6)
}

/// What was on the air beside the device's own doing, before its order and after it, and whether its silence, and its wrong
/// message, are still its own.
#[rstest]
#[case::nothing_else(nothing, nothing, Verdict::Fail, Verdict::Fail)]
#[case::an_earlier_frame_that_nobody_acknowledged(
    never_acknowledged,
    nothing,
    Verdict::Inconclusive,
    Verdict::Inconclusive
)]
#[case::a_later_one(nothing, never_acknowledged, Verdict::Inconclusive, Verdict::Inconclusive)]
#[case::one_that_came_through(nothing, acknowledged_at_last, Verdict::Fail, Verdict::Fail)]
#[case::one_whose_sender_may_not_know(repeated_to_the_last, nothing, Verdict::Inconclusive, Verdict::Inconclusive)]
#[case::one_to_a_board_without_power(to_one_without_power, nothing, Verdict::Fail, Verdict::Fail)]
#[case::one_to_a_stranger(to_nobody_of_the_case, nothing, Verdict::Fail, Verdict::Fail)]
#[case::one_for_all_before(for_all, nothing, Verdict::Fail, Verdict::Fail)]
#[case::one_for_all_since(nothing, for_all, Verdict::Inconclusive, Verdict::Inconclusive)]
fn only_what_no_lost_frame_explains_is_the_devices(
    #[case] before: fn(Log) -> Log,
    #[case] since: fn(Log) -> Log,
    #[case] of_silence: Verdict,
    #[case] of_a_wrong_message: Verdict,
) {
    for (ends, verdict) in [(silent as fn(Log) -> Log, of_silence), (wrong, of_a_wrong_message)] {
        let log = before(Log::new()).joined(0, "dut");
        let log = ends(since(log).step(1));
        let judged = log.clone().verdict_in(&joined_then_frame(), &lossy());
        assert_eq!(judged.verdict, verdict, "{}", judged.reason);
        let blame = if verdict == Verdict::Fail { Blame::Device } else { Blame::Rack };
        assert_eq!(judged.blame, Some(blame), "{}", judged.reason);
        // Where nothing is lost nothing changes.
        assert_eq!(log.verdict(&joined_then_frame()).verdict, Verdict::Fail);
    }
}

#[test]
fn a_case_of_old_that_loses_frames_by_its_own_parameter_is_judged_alike() {
    let mut case = joined_then_frame();
    case.params.insert("loss".to_owned(), "30".to_owned());
    let log = silent(never_acknowledged(Log::new()).joined(0, "dut").step(1));
    assert_eq!(log.verdict(&case).blame, Some(Blame::Rack));
}

/// A frame for all has no acknowledgement: that the radio sent it proves nothing where frames get lost.
#[rstest]
#[case::nothing_is_lost(environment(), Verdict::Pass)]
#[case::frames_get_lost(lossy(), Verdict::Inconclusive)]
fn silence_after_a_frame_for_all(#[case] environment: Environment, #[case] verdict: Verdict) {
    let case = case(vec![ask("dut"), StepKind::Expect(frame_of("dut", None)), send(), never()]);
    let sent = to_all("tester", 8);
    let sent = sent.get(..sent.len() - 2).unwrap_or_default().to_vec();
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 4).ack(4);
    let log = log.step(2).inject(1, sent, None).transmitted(1, TransmitStatus::Success);
    let log = log.step(3).exchange("dut", "ping", "ok").after(2 * SECOND).deadline(3).exchange("dut", "ping", "ok");
    let judged = log.verdict_in(&case, &environment);
    assert_eq!(judged.verdict, verdict, "{}", judged.reason);
}

/// The device is watched after an order of its own, by a sniffer that may miss its frames.
#[rstest]
#[case::nothing_of_it_was_ever_heard(&[], Verdict::Inconclusive)]
#[case::it_was_heard(&[4, 5], Verdict::Pass)]
#[case::a_number_is_missing(&[4, 5, 7], Verdict::Inconclusive)]
fn silence_counts_only_if_it_could_have_been_heard(#[case] numbers: &[u8], #[case] verdict: Verdict) {
    let heard = StepKind::Expect(suites::plan::Expect { from: Some("router".to_owned()), ..frame_of("dut", None) });
    let mut case = case(vec![
        ask("dut"),
        heard,
        StepKind::Never(suites::plan::Never {
            matches: vec![equals("wpan.seq_no", suites::plan::Operand::Number(99))],
            ..match never() {
                StepKind::Never(never) => never,
                _ => unreachable!(),
            }
        }),
    ]);
    case.iut = suites::plan::Iut::default();
    let log = Log::new().joined(0, "dut").step(1).frame("router", "dut", 1).ack(1);
    let log = log.step(2).exchange("dut", "ping", "ok");
    let log = numbers.iter().fold(log, |log, number| log.frame("dut", "router", *number).ack(*number));
    let log = log.after(2 * SECOND).deadline(2).exchange("dut", "ping", "ok");
    let judged = log.verdict_in(&case, &half_deaf());
    // Nothing of the device itself was awaited: the case as a whole says nothing, the step does.
    assert_eq!(judged.steps[2].verdict, verdict, "{}", judged.reason);
}

#[test]
fn what_a_sniffer_may_have_missed_is_no_silence_of_the_device() {
    let judged = silent(Log::new().joined(0, "dut").step(1)).verdict_in(&joined_then_frame(), &half_deaf());
    assert_eq!((judged.verdict, judged.blame), (Verdict::Inconclusive, Some(Blame::Rack)), "{}", judged.reason);
}

/// Of three fragments the first found no free channel and was sent last: secured, its counter is too old by then.
#[rstest]
#[case::plain(0x61, Verdict::Fail)]
#[case::secured(0x69, Verdict::Inconclusive)]
fn a_secured_frame_that_others_overtook_cannot_be_taken(#[case] control: u8, #[case] verdict: Verdict) {
    let case = case(vec![send(), StepKind::Expect(frame_of("dut", None))]);
    let frame = |number| {
        let mut frame = mpdu("tester", "dut", number);
        frame[0] = control;
        frame
    };
    let log = Log::new()
        .step(0)
        .inject(1, frame(5), None)
        .inject(2, frame(6), None)
        .transmitted(1, TransmitStatus::ChannelAccessFailure)
        .inject(3, frame(5), None)
        .transmitted(2, TransmitStatus::Success)
        .transmitted(3, TransmitStatus::Success);
    let judged = log.step(1).after(6 * SECOND).deadline(1).verdict(&case);
    assert_eq!(judged.verdict, verdict, "{}", judged.reason);
}
