//! The verdict rules, one by one.

use record::Octets;
use record::event::{Action, Event, Observation, TransmitStatus, What};
use record::verdict::{Blame, Verdict};
use rstest::rstest;
use suites::plan::{Answer, Case, Check, Operand, Part, Step, StepKind};
use wire::ipv6::{Header, NextHeader, Packet};

use super::builder::*;

fn join_then(kind: StepKind) -> Case {
    case(vec![ask("dut"), kind])
}

fn join_then_frame() -> Case {
    join_then(StepKind::Expect(frame_of("dut", Some(7))))
}

fn passing() -> Log {
    Log::new().joined(0, "dut").step(1).frame("dut", "router", 7)
}

#[test]
fn a_case_whose_every_step_was_met_passes() {
    let verdict = passing().verdict(&join_then_frame());
    assert_eq!((verdict.verdict, verdict.reason.as_str()), (Verdict::Pass, ""));
}

#[test]
fn the_first_pdu_of_the_name_from_the_sender_decides() {
    let verdict = Log::new()
        .joined(0, "dut")
        .step(1)
        .frame("dut", "router", 6)
        .frame("dut", "router", 7)
        .verdict(&join_then_frame());
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Fail, Some(Blame::Device)));
    assert_eq!(verdict.reason, "wpan.data from dut: wpan.seq_no is 6, expected 7");
}

#[test]
fn search_skips_what_does_not_match() {
    let case = join_then(StepKind::Expect(suites::plan::Expect { search: true, ..frame_of("dut", Some(7)) }));
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 6).frame("dut", "router", 7);
    assert_eq!(log.verdict(&case).verdict, Verdict::Pass);
}

#[rstest]
#[case::preamble(Part::Preamble, Verdict::Inconclusive, Blame::Device)]
#[case::entry_check(Part::EntryCheck, Verdict::Error, Blame::Rack)]
#[case::body(Part::Body, Verdict::Fail, Blame::Device)]
#[case::postamble(Part::Postamble, Verdict::Pass, Blame::Device)]
fn what_a_mismatch_means_depends_on_the_part(#[case] part: Part, #[case] verdict: Verdict, #[case] blame: Blame) {
    let mut case = join_then_frame();
    let deciding = step(part, StepKind::Expect(frame_of("dut", Some(7))));
    let log = match part {
        Part::Postamble => {
            case.steps.push(deciding);
            passing().step(2).frame("dut", "router", 6)
        }
        _ => {
            case.steps.insert(0, deciding);
            Log::new().step(0).frame("dut", "router", 6)
        }
    };
    let judged = log.verdict(&case);
    assert_eq!(judged.verdict, verdict, "{}", judged.reason);
    assert_eq!(judged.blame, (verdict != Verdict::Pass).then_some(blame));
}

#[test]
fn what_a_procedure_does_in_the_body_is_preparation() {
    let mut case = join_then_frame();
    case.steps[1] = Step { procedure: Some("secure".to_owned()), ..case.steps[1].clone() };
    let verdict = Log::new().joined(0, "dut").step(1).frame("dut", "router", 6).verdict(&case);
    assert_eq!(verdict.verdict, Verdict::Inconclusive);
}

#[rstest]
#[case::lost_board(Observation::BoardLost { board: "dut".into(), reason: "unplugged".into() }, Blame::Rack)]
#[case::another_board_that_crashed(crashed("router"), Blame::Rack)]
#[case::capture_gap(Observation::CaptureGap { sniffer: "sniffer".into(), reason: "overflow".into() }, Blame::Rack)]
#[case::rack_fault(Observation::RackFault { part: "dut".into(), reason: "other address".into() }, Blame::Rack)]
#[case::address_that_nobody_learns(learnt("dut", 9, None), Blame::Rack)]
#[case::tester_fault(Observation::TesterFault { part: "ct".into(), reason: "bug".into() }, Blame::Tester)]
#[case::broken_line(Observation::UpperTester { board: "dut".into(), line: "< what".into() }, Blame::Rack)]
fn a_fault_of_the_rack_or_the_tester_is_an_error_even_after_a_fail(
    #[case] fault: Observation,
    #[case] blame: Blame,
    #[values(6, 7)] sequence_number: u8,
) {
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", sequence_number).saw(fault);
    let verdict = log.verdict(&join_then_frame());
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Error, Some(blame)));
}

fn crashed(board: &str) -> Observation {
    Observation::Crashed { board: board.to_owned(), reason: "index out of bounds".to_owned() }
}

#[test]
fn a_crash_of_the_device_is_its_own_doing() {
    let verdict = Log::new().joined(0, "dut").step(1).saw(crashed("dut")).verdict(&join_then_frame());
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Device)));
    assert!(verdict.reason.contains("index out of bounds"), "{}", verdict.reason);
}

#[test]
fn a_postamble_step_that_is_cut_short_is_not_begun_again() {
    let mut case = join_then_frame();
    case.steps.push(step(Part::Postamble, ask("dut")));
    let environment = environment();
    let mut judge = crate::judge::Judge::new(&case, &environment);
    let lost = Observation::BoardLost { board: "dut".into(), reason: "unplugged".into() };
    passing().step(2).saw(lost).events.iter().for_each(|event| judge.see(event));
    assert_eq!(judge.progress(), crate::judge::Progress::Ended);
}

#[test]
fn a_silent_upper_tester_is_an_error_and_no_fail() {
    let log = Log::new().step(0).after(3 * SECOND).deadline(0);
    assert_eq!(log.verdict(&join_then_frame()).verdict, Verdict::Error);
}

#[test]
fn silence_is_a_fail_if_the_stimulus_was_delivered() {
    let log = Log::new().joined(0, "dut").step(1).after(6 * SECOND).deadline(1);
    let verdict = log.verdict(&join_then_frame());
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Fail, Some(Blame::Device)));
    assert_eq!(
        verdict.reason,
        "no wpan.data from dut within 5s, though its stimulus was delivered; nothing ever came from dut"
    );
}

#[rstest]
#[case::acknowledged("dut", TransmitStatus::Success, Verdict::Fail)]
#[case::not_acknowledged("dut", TransmitStatus::NoAck, Verdict::Inconclusive)]
#[case::never_on_the_air("dut", TransmitStatus::ChannelAccessFailure, Verdict::Inconclusive)]
#[case::acknowledged_by_another("router", TransmitStatus::Success, Verdict::Inconclusive)]
fn silence_after_a_sent_frame_needs_its_delivery(
    #[case] to: &str,
    #[case] status: TransmitStatus,
    #[case] verdict: Verdict,
) {
    let case = case(vec![send(), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new().step(0).inject(1, mpdu("tester", to, 5), None).transmitted(1, status);
    let judged = log.step(1).after(6 * SECOND).deadline(1).verdict(&case);
    assert_eq!(judged.verdict, verdict, "{}", judged.reason);
}

#[test]
fn one_lost_fragment_is_a_lost_stimulus() {
    let case = case(vec![send(), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new()
        .step(0)
        .inject(1, mpdu("tester", "dut", 5), None)
        .inject(2, mpdu("tester", "dut", 6), None)
        .frame("tester", "dut", 5)
        .ack(5)
        .transmitted(1, TransmitStatus::Success)
        .transmitted(2, TransmitStatus::NoAck);
    assert_eq!(log.step(1).after(6 * SECOND).deadline(1).verdict(&case).verdict, Verdict::Inconclusive);
}

#[test]
fn a_frame_that_is_acknowledged_at_a_later_try_is_delivered() {
    let case = case(vec![send(), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new()
        .step(0)
        .inject(1, mpdu("tester", "dut", 5), None)
        .transmitted(1, TransmitStatus::NoAck)
        .inject(2, mpdu("tester", "dut", 5), None)
        .transmitted(2, TransmitStatus::Success);
    assert_eq!(log.step(1).after(6 * SECOND).deadline(1).verdict(&case).verdict, Verdict::Fail);
}

#[test]
fn what_the_tester_radio_sends_by_itself_proves_no_delivery_of_an_order() {
    let case = case(vec![order("select", Answer::Ok), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new()
        .step(0)
        .ordered("select")
        .inject(1, mpdu("tester", "dut", 5), None)
        .transmitted(1, TransmitStatus::Success)
        .order_done("select", None);
    assert_eq!(log.step(1).after(6 * SECOND).deadline(1).verdict(&case).verdict, Verdict::Inconclusive);
}

#[test]
fn what_the_tool_sends_at_the_backbone_has_not_reached_the_device() {
    let case = case(vec![order("select", Answer::Ok), StepKind::Expect(frame_of("dut", None))]);
    let mut environment = environment();
    environment.set("ct", "address", "fd00:c0::c7");
    environment.set("dut", "global", "fd00:b007::1");
    let to_the_device = Packet {
        header: Header::new("fd00:c0::c7".parse().unwrap(), "fd00:b007::1".parse().unwrap(), NextHeader::UDP, 64),
        payload: Vec::new(),
    };
    let packet = Octets(to_the_device.to_vec().unwrap());
    let sent = What::Action(Action::Backbone { port: "ct".to_owned(), packet, wrong_on_purpose: None });
    let log = Log::new().step(0).ordered("select").then(sent).order_done("select", None);
    let log = log.step(1).after(6 * SECOND).deadline(1);
    assert_eq!(log.verdict_in(&case, &environment).verdict, Verdict::Inconclusive);
}

#[rstest]
#[case::acknowledged(true, Verdict::Fail)]
#[case::unacknowledged(false, Verdict::Inconclusive)]
fn a_message_of_another_board_is_a_stimulus_if_it_was_acknowledged(#[case] acked: bool, #[case] verdict: Verdict) {
    let case = case(vec![
        ask("dut"),
        StepKind::Unordered(vec![frame_of("router", None)]),
        StepKind::Expect(frame_of("dut", None)),
    ]);
    let mut log = Log::new().joined(0, "dut").step(1).frame("router", "dut", 9);
    if acked {
        log = log.ack(9);
    }
    assert_eq!(log.step(2).after(6 * SECOND).deadline(2).verdict(&case).verdict, verdict);
}

/// The stimulus arrived, and then frame 9 was on its way between two boards; 8 is another one that arrives.
#[rstest]
#[case::between_boards_that_are_not_under_test("relay", "router", false, "router", None, Verdict::Inconclusive)]
#[case::and_at_last_acknowledged("relay", "router", true, "router", None, Verdict::Fail)]
#[case::to_one_that_may_be_switched_off("relay", "router", false, "relay", None, Verdict::Fail)]
#[case::to_the_device("relay", "dut", false, "dut", None, Verdict::Fail)]
#[case::to_the_device_over_links_that_lose_frames("relay", "dut", false, "dut", Some("30"), Verdict::Inconclusive)]
fn a_frame_that_only_the_air_can_have_lost_excuses_the_device(
    #[case] from: &str,
    #[case] to: &str,
    #[case] acked_later: bool,
    #[case] alive: &str,
    #[case] loss: Option<&str>,
    #[case] verdict: Verdict,
) {
    let mut case = case(vec![ask("dut"), StepKind::Expect(frame_of("dut", None))]);
    case.params.extend(loss.map(|percent| ("loss".to_owned(), percent.to_owned())));
    let mut log = Log::new().joined(0, "dut").step(1).frame(from, to, 9);
    if acked_later {
        log = log.frame(from, to, 9).ack(9);
    }
    let other = if alive == "relay" { "router" } else { "relay" };
    let judged = log.frame(other, alive, 8).ack(8).after(6 * SECOND).deadline(1).verdict(&case);
    assert_eq!(judged.verdict, verdict, "{}", judged.reason);
    if verdict == Verdict::Inconclusive {
        assert_eq!(judged.blame, Some(Blame::Rack));
    }
}

#[test]
fn a_deviation_of_a_reference_board_is_not_the_devices() {
    let case = join_then(StepKind::Expect(frame_of("router", Some(7))));
    let verdict = Log::new().joined(0, "dut").step(1).frame("router", "dut", 6).verdict(&case);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)));
    let anybody = suites::plan::Expect { from: None, ..frame_of("router", Some(7)) };
    let verdict =
        Log::new().joined(0, "dut").step(1).frame("router", "dut", 6).verdict(&join_then(StepKind::Expect(anybody)));
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Tester)));
}

#[test]
fn a_case_that_saw_nothing_of_the_device_does_not_pass() {
    let case = join_then(StepKind::Expect(frame_of("router", None)));
    let verdict = Log::new().joined(0, "dut").step(1).frame("router", "tester", 6).verdict(&case);
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Inconclusive, Some(Blame::Suite)));
}

fn silence_watched() -> Case {
    case(vec![send(), StepKind::Expect(frame_of("dut", Some(1))), send(), never()])
}

fn watching(delivered: TransmitStatus) -> Log {
    let log = Log::new().sent(0, "dut").step(1).frame("dut", "tester", 1);
    let log = log.step(2).inject(9, mpdu("tester", "dut", 8), None).transmitted(9, delivered);
    log.step(3).exchange("dut", "ping", "ok")
}

#[rstest]
#[case::delivered(TransmitStatus::Success, Verdict::Pass)]
#[case::not_delivered(TransmitStatus::NoAck, Verdict::Inconclusive)]
fn never_counts_only_if_the_stimulus_arrived(#[case] status: TransmitStatus, #[case] verdict: Verdict) {
    let log = watching(status).after(SECOND).deadline(3).exchange("dut", "ping", "ok");
    assert_eq!(log.verdict(&silence_watched()).verdict, verdict);
}

#[test]
fn never_is_inconclusive_without_the_second_live_exchange() {
    let log = watching(TransmitStatus::Success).after(SECOND).deadline(3).after(3 * SECOND).deadline(3);
    assert_eq!(log.verdict(&silence_watched()).verdict, Verdict::Inconclusive);
}

#[test]
fn never_is_inconclusive_without_the_first_live_exchange() {
    let log = Log::new().sent(0, "dut").step(1).frame("dut", "tester", 1).sent(2, "dut").step(3);
    assert_eq!(log.after(3 * SECOND).deadline(3).verdict(&silence_watched()).verdict, Verdict::Inconclusive);
}

#[test]
fn a_forbidden_pdu_fails_a_never() {
    let log = watching(TransmitStatus::Success).frame("dut", "tester", 2);
    let verdict = log.verdict(&silence_watched());
    assert_eq!((verdict.verdict, verdict.blame), (Verdict::Fail, Some(Blame::Device)));
}

#[test]
fn a_late_clock_opens_the_second_exchange_and_does_not_end_it() {
    let log = watching(TransmitStatus::Success).after(SECOND + SECOND / 2).deadline(3).exchange("dut", "ping", "ok");
    assert_eq!(log.verdict(&silence_watched()).verdict, Verdict::Pass);
}

#[test]
fn a_deadline_before_its_time_decides_nothing() {
    let log = Log::new().joined(0, "dut").step(1).deadline(1).frame("dut", "router", 7);
    assert_eq!(log.verdict(&join_then_frame()).verdict, Verdict::Pass);
    let log = watching(TransmitStatus::Success).deadline(3).exchange("dut", "ping", "ok");
    assert_eq!(log.verdict(&silence_watched()).verdict, Verdict::Error, "the window was never watched to its end");
}

#[rstest]
#[case::first(0)]
#[case::middle(4)]
fn a_gap_in_the_log_is_an_error(#[case] gap: usize) {
    let mut events = passing().ended().events;
    events.remove(gap);
    assert_eq!(judged(&join_then_frame(), &events).verdict, Verdict::Error);
}

#[rstest]
#[case::pass(7)]
#[case::fail(6)]
fn a_log_that_ends_early_is_an_error(#[case] sequence_number: u8) {
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", sequence_number);
    assert_eq!(judged(&join_then_frame(), &log.events).verdict, Verdict::Error);
}

#[test]
fn time_that_runs_backwards_is_an_error() {
    let mut events = passing().ended().events;
    events[4].t = 0;
    assert_eq!(judged(&join_then_frame(), &events).verdict, Verdict::Error);
}

#[rstest]
#[case::out_of_order(Log::new().step(1).frame("dut", "router", 7))]
#[case::undecided(Log::new().step(0).step(1).frame("dut", "router", 7))]
#[case::beyond_the_plan(passing().step(2))]
#[case::unfinished(Log::new().joined(0, "dut"))]
#[case::after_the_end(passing().ended().frame("dut", "router", 8))]
#[case::started_twice(passing().then(Log::new().events[0].what.clone()))]
fn a_log_that_is_not_the_plans_is_an_error(#[case] log: Log) {
    assert_eq!(log.verdict(&join_then_frame()).verdict, Verdict::Error);
}

#[test]
fn the_log_of_another_case_is_an_error() {
    let mut other = join_then_frame();
    other.id = "T-02".to_owned();
    assert_eq!(passing().verdict(&other).verdict, Verdict::Error);
}

#[rstest]
#[case::in_order(1, 2)]
#[case::reversed(2, 1)]
fn unordered_takes_two_pdus_of_one_name_in_any_order(#[case] first: u8, #[case] second: u8) {
    let mut expects = vec![frame_of("dut", Some(1)), frame_of("dut", Some(2))];
    expects[0].bind = Some("one".to_owned());
    expects[1].bind = Some("two".to_owned());
    let case = join_then(StepKind::Unordered(expects));
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", first).frame("dut", "router", second).ended();
    let environment = environment();
    let mut judge = crate::judge::Judge::new(&case, &environment);
    log.events.iter().for_each(|event| judge.see(event));
    assert_eq!(judge.verdict().verdict, Verdict::Pass);
    for (name, number) in [("one", 1), ("two", 2)] {
        assert_eq!(judge.bindings().get(name, "wpan.seq_no"), Some(dissect::Value::Number(number)));
    }
}

#[rstest]
#[case::general_first(None, Some(1))]
#[case::special_first(Some(1), None)]
fn unordered_leaves_a_pdu_to_the_expectation_that_needs_it(#[case] a: Option<u64>, #[case] b: Option<u64>) {
    let case = join_then(StepKind::Unordered(vec![frame_of("dut", a), frame_of("dut", b)]));
    let log = |first, second| {
        Log::new().joined(0, "dut").step(1).frame("dut", "router", first).frame("dut", "router", second)
    };
    assert_eq!(log(1, 9).verdict(&case).verdict, Verdict::Pass);
    assert_eq!(log(9, 1).verdict(&case).verdict, Verdict::Pass);
    assert_eq!(log(9, 8).verdict(&case).verdict, Verdict::Fail);
}

#[test]
fn one_pdu_serves_one_expectation_only() {
    let case = join_then(StepKind::Unordered(vec![frame_of("dut", None), frame_of("dut", None)]));
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 1).after(6 * SECOND).deadline(1);
    assert_eq!(log.verdict(&case).verdict, Verdict::Fail);
}

#[test]
fn after_unordered_only_later_pdus_count() {
    let case = case(vec![
        ask("dut"),
        StepKind::Unordered(vec![frame_of("dut", Some(1)), frame_of("dut", Some(2))]),
        StepKind::Expect(frame_of("dut", Some(3))),
    ]);
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 2).frame("dut", "router", 1);
    assert_eq!(log.clone().step(2).frame("dut", "router", 3).verdict(&case).verdict, Verdict::Pass);
    assert_eq!(log.step(2).after(6 * SECOND).deadline(2).verdict(&case).verdict, Verdict::Fail);
}

#[test]
fn the_reason_names_the_expectation_that_is_missing() {
    let case = join_then(StepKind::Unordered(vec![event_of_dut("address"), event_of_dut("link_secured")]));
    let log = Log::new().joined(0, "dut").step(1).event("dut", "jsr_sent").event("dut", "address");
    let verdict = log.after(6 * SECOND).deadline(1).verdict(&case);
    assert_eq!(verdict.verdict, Verdict::Fail);
    assert_eq!(
        verdict.reason,
        "no ut.event `link_secured` from dut within 5s, though its stimulus was delivered; the last thing from dut was ut.event (event address), 2 ms after the step began"
    );
}

#[test]
fn the_nearest_miss_of_a_search_is_told() {
    let case = join_then(StepKind::Expect(suites::plan::Expect { search: true, ..frame_of("dut", Some(7)) }));
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 6).after(6 * SECOND).deadline(1);
    let verdict = log.verdict(&case);
    let miss = verdict.steps[1].nearest_miss.as_ref().unwrap();
    assert_eq!((miss.fields[0].seen.as_str(), miss.fields[0].expected.as_str()), ("6", "7"));
}

#[rstest]
#[case::too_few(1, Verdict::Fail)]
#[case::enough(2, Verdict::Pass)]
fn count_wants_so_many_different_pdus(#[case] frames: u8, #[case] verdict: Verdict) {
    let case = join_then(StepKind::Expect(suites::plan::Expect { count: 2, ..frame_of("dut", None) }));
    let log = (1..=frames).fold(Log::new().joined(0, "dut").step(1), |log, number| log.frame("dut", "router", number));
    assert_eq!(log.after(6 * SECOND).deadline(1).verdict(&case).verdict, verdict);
}

#[test]
fn mac_retransmissions_are_one_pdu() {
    let case = join_then(StepKind::Expect(suites::plan::Expect { count: 2, ..frame_of("dut", None) }));
    let log = Log::new().joined(0, "dut").step(1).frame("dut", "router", 1).frame("dut", "router", 1);
    assert_eq!(log.after(6 * SECOND).deadline(1).verdict(&case).verdict, Verdict::Fail);
}

#[rstest]
#[case::first_alternative("dut", 1, Verdict::Pass)]
#[case::second_alternative("dut", 2, Verdict::Pass)]
#[case::neither("dut", 3, Verdict::Fail)]
fn the_first_pdu_that_any_alternative_names_decides(#[case] from: &str, #[case] number: u8, #[case] verdict: Verdict) {
    let case = join_then(StepKind::Alternatives(vec![frame_of("dut", Some(1)), frame_of("dut", Some(2))]));
    let log = Log::new().joined(0, "dut").step(1).frame(from, "router", number).frame("dut", "router", 1);
    assert_eq!(log.verdict(&case).verdict, verdict);
}

#[test]
fn a_later_step_may_refer_to_a_bound_pdu() {
    let first = suites::plan::Expect { bind: Some("first".to_owned()), ..frame_of("dut", None) };
    let mut second = frame_of("dut", None);
    let operand = Operand::Reference { name: "first".to_owned(), field: "wpan.seq_no".to_owned(), offset: 1 };
    second.matches = vec![equals("wpan.seq_no", operand)];
    let case = case(vec![ask("dut"), StepKind::Expect(first), StepKind::Expect(second)]);
    let log =
        |number| Log::new().joined(0, "dut").step(1).frame("dut", "router", 4).step(2).frame("dut", "router", number);
    assert_eq!(log(5).verdict(&case).verdict, Verdict::Pass);
    assert_eq!(log(6).verdict(&case).verdict, Verdict::Fail);
}

#[rstest]
#[case::wrong_on_purpose(Some("source of another"))]
#[case::unmarked(None)]
fn a_frame_that_the_tester_sent_in_the_devices_name_is_not_the_devices(#[case] wrong: Option<&str>) {
    let log = Log::new()
        .joined(0, "dut")
        .step(1)
        .inject(1, mpdu("dut", "router", 7), wrong)
        .frame("dut", "router", 7)
        .transmitted(1, TransmitStatus::Success);
    let verdict = log.after(6 * SECOND).deadline(1).verdict(&join_then_frame());
    assert_eq!(verdict.verdict, Verdict::Fail, "{}", verdict.reason);
}

#[test]
fn a_frame_with_a_wrong_fcs_is_no_evidence() {
    let mut damaged = with_fcs(mpdu("dut", "router", 7));
    *damaged.last_mut().unwrap() ^= 1;
    let log = Log::new().joined(0, "dut").step(1).psdu(damaged).after(6 * SECOND).deadline(1);
    assert_eq!(log.verdict(&join_then_frame()).verdict, Verdict::Fail);
}

#[test]
fn an_order_is_done_only_by_its_own_report() {
    let case = case(vec![order("select b", Answer::Ok), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new().step(0).ordered("select b").order_done("select a", None).step(1).frame("dut", "router", 1);
    assert_eq!(log.verdict(&case).verdict, Verdict::Error, "step 1 began before its order was done");
}

#[rstest]
#[case::fail_outweighs(6, Verdict::Fail)]
#[case::else_inconclusive(7, Verdict::Inconclusive)]
fn a_refused_order_is_a_doubt_that_a_fail_outweighs(#[case] number: u8, #[case] verdict: Verdict) {
    let case = case(vec![order("select", Answer::Ok), StepKind::Expect(frame_of("dut", Some(7)))]);
    let log = Log::new().step(0).ordered("select").order_done("select", Some("timeout"));
    assert_eq!(log.step(1).frame("dut", "router", number).verdict(&case).verdict, verdict);
}

#[test]
fn an_order_that_had_to_be_refused_and_was_not_is_a_fail() {
    let case = case(vec![order("select", Answer::Error(None)), StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new().step(0).ordered("select").order_done("select", None);
    assert_eq!(log.verdict(&case).verdict, Verdict::Fail);
}

#[test]
fn a_prompt_ends_with_its_confirmation() {
    let text = "press the button".to_owned();
    let case = case(vec![StepKind::Prompt { text: text.clone() }, StepKind::Expect(frame_of("dut", None))]);
    let log = Log::new().step(0).saw(Observation::Confirmed { text }).step(1).frame("dut", "router", 1);
    assert_eq!(log.verdict(&case).verdict, Verdict::Pass);
}

#[test]
fn a_stale_answer_does_not_count() {
    let log = Log::new()
        .step(0)
        .line("dut", "< 1 ok")
        .then(What::Action(record::event::Action::UpperTester { board: "dut".into(), line: "> 2 join".into() }))
        .after(3 * SECOND)
        .deadline(0);
    assert_eq!(log.verdict(&join_then_frame()).verdict, Verdict::Error);
}

/// What a device refuses hinders a test of its network; where its upper tester is tested it is what the test is about.
#[rstest]
#[case::means("T-1", "dut", "error code=state", Verdict::Inconclusive)]
#[case::tested("UT1-X-1", "dut", "error code=state", Verdict::Fail)]
#[case::tested_and_unknown("UT1-X-1", "dut", "unimplemented", Verdict::Fail)]
#[case::tested_and_right("UT1-X-1", "dut", "ok", Verdict::Pass)]
#[case::of_another_board("UT1-X-1", "router", "error code=state", Verdict::Inconclusive)]
fn a_refusal_fails_a_device_whose_upper_tester_is_tested(
    #[case] clause: &str,
    #[case] board: &str,
    #[case] answer: &str,
    #[case] verdict: Verdict,
) {
    let check =
        StepKind::Check(Check { board: board.to_owned(), command: "ping".to_owned(), matches: Vec::new(), bind: None });
    for kind in [ask(board), check] {
        let mut case = case(vec![kind, StepKind::Expect(frame_of("dut", None))]);
        case.clauses = vec![clause.to_owned(), "UT1-X-2".to_owned()];
        let log = Log::new().step(0).exchange(board, "join", answer).step(1).frame("dut", "router", 1);
        assert_eq!(log.verdict(&case).verdict, verdict);
    }
}

/// An answer that is whole and has the number of its request is no line's fault, before the case too.
#[rstest]
#[case::means("T-1", Verdict::Error, Blame::Rack)]
#[case::tested("UT1-X-1", Verdict::Fail, Blame::Device)]
fn an_entry_check_fails_a_device_whose_upper_tester_is_tested(
    #[case] clause: &str,
    #[case] verdict: Verdict,
    #[case] blame: Blame,
) {
    let mut case = join_then_frame();
    case.clauses = vec![clause.to_owned()];
    case.steps.insert(0, step(Part::EntryCheck, ask("dut")));
    let judged = Log::new().step(0).exchange("dut", "join", "error code=state").verdict(&case);
    assert_eq!((judged.verdict, judged.blame), (verdict, Some(blame)), "{}", judged.reason);
}

#[rstest]
#[case::told("address t=83 global=fd00:b007::99", "fd00:b007::99")]
#[case::written_otherwise("address t=83 global=fd00:b007:0:0::99", "fd00:b007::99")]
#[case::link_local_is_none("address t=83 global=fe80::99", "fd00:b007::1")]
#[case::none_yet("address t=83 global=-", "fd00:b007::1")]
fn the_global_address_of_a_board_is_what_it_told(#[case] line: &str, #[case] address: &str) {
    let case = case(vec![ask("dut")]);
    let mut environment = environment();
    environment.set("dut", "global", "fd00:b007::1");
    environment.set("router", "global", "fd00:b007::2");
    let mut judge = crate::judge::Judge::new(&case, &environment);
    let what = What::Observation(Observation::UpperTester { board: "dut".to_owned(), line: format!("! {line}") });
    judge.see(&Event { n: 1, t: 0, what });
    assert_eq!(judge.bindings().resolve_line("$dut.global").unwrap(), address);
    assert_eq!(judge.bindings().resolve_line("$router.global").unwrap(), "fd00:b007::2");
}

/// An address that the rack has learnt, `70b3d5b0070000NN`.
fn learnt(board: &str, number: u8, short: Option<&str>) -> Observation {
    let (board, eui64) = (board.to_owned(), Some(format!("70b3d5b0070000{number:02x}")).filter(|_| short.is_none()));
    Observation::Address { board, eui64, short: short.map(ToOwned::to_owned), by: "radio".to_owned() }
}

/// The device sends by an address that is nobody's, learnt before it or not at all; or by a short one.
#[rstest]
#[case::extended(Some(learnt("dut", 9, None)), "$9", Verdict::Pass)]
#[case::short(Some(learnt("dut", 0, Some("0x1234"))), "$1234", Verdict::Pass)]
#[case::another(Some(learnt("dut", 8, None)), "$9", Verdict::Inconclusive)]
#[case::of_another_board(Some(learnt("dut", 2, None)), "$9", Verdict::Error)]
#[case::none(None, "$9", Verdict::Inconclusive)]
fn a_learnt_address_is_the_device_s(
    #[case] learnt: Option<Observation>,
    #[case] from: &str,
    #[case] expected: Verdict,
) {
    let mut environment = environment();
    environment.set("dut", "addresses", "learn");
    let mut frame = mpdu("dut", "router", 7);
    let at = frame.len() - 8 - 1;
    match from {
        // The last octet of the address, which stands first.
        "$9" => {
            let source = frame.windows(8).rposition(|octets| octets == [3, 0, 0, 7, 0xb0, 0xd5, 0xb3, 0x70]);
            frame[source.unwrap_or(at)] = 9;
        }
        _ => frame = [&[0x41, 0x98, 7, 0x07, 0xb0, 0xff, 0xff, 0x34, 0x12][..], b"x"].concat(),
    }
    let mut log = Log::new().joined(0, "dut").step(1);
    if let Some(learnt) = learnt {
        log = log.saw(learnt);
    }
    let log = log.psdu(with_fcs(frame)).after(6 * SECOND).deadline(1);
    let verdict = log.verdict_in(&join_then_frame(), &environment);
    match expected {
        // What nobody is known by is nobody's, and the device is silent.
        Verdict::Inconclusive => assert_ne!(verdict.verdict, Verdict::Pass, "{}", verdict.reason),
        expected => assert_eq!(verdict.verdict, expected, "{}", verdict.reason),
    }
}

/// A stack behind a bridge that acknowledges no more may be gone: that is no fault of the device. Of a radio it is none either way.
#[rstest]
#[case::bridged("itself", Verdict::Inconclusive)]
#[case::radio("medium", Verdict::Fail)]
fn what_a_bridged_stack_does_not_acknowledge_excuses_it(#[case] acknowledges: &str, #[case] expected: Verdict) {
    let mut environment = environment();
    environment.set("dut", "acknowledges", acknowledges);
    let log = Log::new().joined(0, "dut").step(1);
    let log = log.frame("router", "dut", 9).after(SECOND).frame("router", "dut", 9).after(6 * SECOND).deadline(1);
    let verdict = log.verdict_in(&join_then_frame(), &environment);
    assert_eq!(verdict.verdict, expected, "{}", verdict.reason);
    if expected == Verdict::Inconclusive {
        assert_eq!(verdict.blame, Some(Blame::Rack));
    }
}
