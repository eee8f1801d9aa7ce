//! Properties of the judge that hold for every log of some kind.

use proptest::prelude::*;
use record::event::{Event, Observation, What};
use record::verdict::Verdict;
use suites::plan::{Case, StepKind};

use super::builder::*;

/// A case of `send`s, expectations of every kind and a `never`, and a log that passes it.
fn scenario(numbers: [u8; 4]) -> (Case, Log) {
    let [a, b, c, d] = numbers;
    let expect = |number: u8| frame_of("dut", Some(u64::from(number)));
    let case = case(vec![
        ask("dut"),
        StepKind::Expect(expect(a)),
        StepKind::Unordered(vec![expect(b), expect(c)]),
        send(),
        StepKind::Alternatives(vec![expect(d)]),
        send(),
        never(),
    ]);
    let log = Log::new()
        .joined(0, "dut")
        .step(1)
        .frame("dut", "router", a)
        .step(2)
        .frame("dut", "router", c)
        .frame("dut", "router", b)
        .sent(3, "dut")
        .step(4)
        .frame("dut", "router", d)
        .sent(5, "dut")
        .step(6)
        .exchange("dut", "ping", "ok")
        .after(SECOND)
        .deadline(6)
        .exchange("dut", "ping", "ok")
        .ended();
    (case, log)
}

fn four_different() -> impl Strategy<Value = [u8; 4]> {
    Just((0..=255).collect::<Vec<u8>>()).prop_shuffle().prop_map(|all| [all[0], all[1], all[2], all[3]])
}

fn renumbered(events: impl Iterator<Item = Event>) -> Vec<Event> {
    events.zip(1..).map(|(event, n)| Event { n, ..event }).collect()
}

proptest! {
    #[test]
    fn the_same_events_give_the_same_verdict(numbers in four_different()) {
        let (case, log) = scenario(numbers);
        let first = judged(&case, &log.events);
        prop_assert_eq!(first.verdict, Verdict::Pass, "{}", &first.reason);
        prop_assert_eq!(judged(&case, &log.events), first);
    }

    #[test]
    fn no_proper_prefix_of_a_passing_log_passes(numbers in four_different(), kept in 0.0..1.0f64) {
        let (case, log) = scenario(numbers);
        let kept = (log.events.len() as f64 * kept) as usize;
        prop_assert_ne!(judged(&case, &log.events[..kept]).verdict, Verdict::Pass);
        let mut closed: Vec<Event> = log.events[..kept].to_vec();
        let t = closed.last().map_or(0, |event| event.t);
        closed.push(Event { n: kept as u64 + 1, t, what: What::CaseEnded });
        if kept + 1 < log.events.len() {
            prop_assert_ne!(judged(&case, &closed).verdict, Verdict::Pass, "closed after {} events", kept);
        }
    }

    #[test]
    fn without_any_one_observation_of_the_device_nothing_passes(numbers in four_different(), which in any::<prop::sample::Index>()) {
        let (case, log) = scenario(numbers);
        let seen: Vec<u64> = log.events.iter().filter(|event| matches!(event.what, What::Observation(_))).map(|event| event.n).collect();
        let dropped = *which.get(&seen);
        let fewer = renumbered(log.events.into_iter().filter(|event| event.n != dropped));
        prop_assert_ne!(judged(&case, &fewer).verdict, Verdict::Pass, "without event {}", dropped);
    }

    #[test]
    fn an_unrelated_pdu_changes_no_verdict(numbers in four_different(), number: u8, at in any::<prop::sample::Index>()) {
        let (case, log) = scenario(numbers);
        let before = 1 + at.index(log.events.len() - 1);
        let psdu = record::Octets(with_fcs(mpdu("router", "tester", number)));
        let t = log.events[before - 1].t;
        let what = What::Observation(Observation::Frame { sniffer: "sniffer".into(), channel: 26, psdu, rssi_dbm: -40 });
        let mut events = log.events;
        events.insert(before, Event { n: 0, t, what });
        prop_assert_eq!(judged(&case, &renumbered(events.into_iter())).verdict, Verdict::Pass);
    }
}
