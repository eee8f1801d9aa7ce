//! Ladder diagrams: what is drawn, where, and that nothing covers anything else.

mod common;

use std::collections::BTreeSet;

use bootrack_reports::ladder::{Ladder, MOST_LOGS, MOST_ROWS, RowKind};
use bootrack_reports::{CaseInput, PduSummary};
use record::event::{Event, Observation, What};
use suites::plan::{Point, StepKind};

fn each_case(check: impl Fn(&CaseInput<'_>, &Ladder)) {
    let sample = common::sample();
    let mut checked = 0;
    for case in &sample.input().cases {
        if let Some(ladder) = Ladder::of(case) {
            check(case, &ladder);
            checked += 1;
        }
    }
    assert_eq!(checked, 10);
}

#[test]
fn no_label_covers_another_or_leaves_the_drawing() {
    each_case(|case, ladder| assert_clear(ladder, &case.result.id));
}

fn assert_clear(ladder: &Ladder, id: &str) {
    let (width, height) = ladder.size();
    let labels = ladder.labels();
    assert_eq!(labels.len(), ladder.rows.len());
    for (index, label) in labels.iter().enumerate() {
        assert!(label.x >= 0.0 && label.x + label.width <= width, "{id}: {label:?} in {width}");
        assert!(label.y >= 40.0 && label.y + label.height <= height, "{id}: {label:?} in {height}");
        for other in &labels[index + 1..] {
            let apart = label.y + label.height <= other.y
                || other.y + other.height <= label.y
                || label.x + label.width <= other.x
                || other.x + other.width <= label.x;
            assert!(apart, "{id}: {label:?} and {other:?}");
        }
    }
}

#[test]
fn what_the_verdict_rests_on_is_drawn_and_marked() {
    each_case(|case, ladder| {
        let drawn: BTreeSet<u64> =
            ladder.rows.iter().filter(|row| row.deciding).flat_map(|row| row.events.clone()).collect();
        for n in &case.result.evidence {
            assert!(drawn.contains(n), "{}: event {n}", case.result.id);
        }
    });
}

#[test]
fn boards_stand_in_the_order_of_the_topology() {
    each_case(|_, ladder| {
        let names: Vec<&str> = ladder.lifelines.iter().map(|lifeline| lifeline.name.as_str()).collect();
        assert_eq!(names[..4], ["ct", "lbr", "router", "dut"]);
    });
}

#[test]
fn times_never_go_back_down_the_page() {
    each_case(|case, ladder| {
        let times: Vec<u64> = ladder.rows.iter().filter(|row| !row.events.is_empty()).map(|row| row.time).collect();
        assert!(times.is_sorted(), "{}", case.result.id);
    });
}

#[test]
fn fragments_and_retries_are_one_arrow() {
    let sample = common::sample();
    let input = sample.input();
    let case = input.cases.iter().find(|case| case.result.id == "SEL-REF-01").unwrap();
    let ladder = Ladder::of(case).unwrap();
    let echo: Vec<_> = ladder
        .rows
        .iter()
        .filter(|row| matches!(&row.kind, RowKind::Message { name, .. } if name == "icmpv6.echo_request"))
        .collect();
    assert_eq!(echo.len(), 1);
    assert_eq!(echo[0].events.len(), 4);
    let RowKind::Message { info, wrong, .. } = &echo[0].kind else { unreachable!() };
    assert!(info.ends_with("(4 frames)"));
    assert_eq!(wrong.as_deref(), Some("not secured although the link is"));
}

#[test]
fn a_broadcast_reaches_the_senders_neighbours_only() {
    each_case(|case, ladder| {
        let name = |index: &usize| ladder.lifelines[*index].name.as_str();
        for row in &ladder.rows {
            if let RowKind::Message { from, to, name: message, .. } = &row.kind
                && message == "nd.rs"
                && name(from) == "router"
            {
                assert_eq!(to.iter().map(name).collect::<Vec<_>>(), ["lbr", "dut"], "{}", case.result.id);
            }
        }
    });
}

#[test]
fn a_long_pause_is_a_break_and_not_blank_paper() {
    let sample = common::sample();
    let input = sample.input();
    let case = input.cases.iter().find(|case| case.result.id == "SEL-KEY-01").unwrap();
    let ladder = Ladder::of(case).unwrap();
    let pauses: Vec<u64> = ladder
        .rows
        .iter()
        .filter_map(|row| if let RowKind::Pause(pause) = row.kind { Some(pause) } else { None })
        .collect();
    assert!(pauses.iter().any(|pause| *pause > 30_000_000_000), "{pauses:?}");
}

#[test]
fn a_long_case_is_cut_to_the_window_and_says_so() {
    let sample = common::sample();
    let input = sample.input();
    let case = input.cases.iter().find(|case| case.result.id == "SEL-JSR-01@channel=26").unwrap();
    let mut long = case.clone();
    for repeat in 0..5000u64 {
        long.pdus.push(PduSummary {
            events: vec![100_000 + repeat],
            time: 3_000_000_000 + repeat * 1_000_000,
            point: Point::Air,
            from: format!("stranger{}", repeat % 40),
            to: "dut".into(),
            message: "icmpv6.echo_request".into(),
            info: "ä🦀 ".repeat(100),
            secured: repeat % 2 == 0,
            wrong_on_purpose: None,
        });
    }
    let ladder = Ladder::of(&long).unwrap();
    let drawn = ladder.rows.iter().filter(|row| !row.events.is_empty()).count();
    assert!(drawn <= MOST_ROWS, "{drawn}");
    assert!(ladder.left_out > 4900);
    assert!(ladder.rows.iter().any(|row| matches!(row.kind, RowKind::LeftOut(rows) if rows > 4900)));
    assert!(ladder.rows.iter().any(|row| row.deciding));
    assert!(ladder.lifelines.len() < 30, "idle strangers get no lifeline");
    assert_clear(&ladder, "long");
    assert!(ladder.svg(&BTreeSet::new()).len() < 60_000);
}

/// Lines of logs stand between the rows that they belong to, but never take their places.
#[test]
fn lines_of_logs_are_drawn_beside_what_is_drawn_and_no_more_than_there_is_room_for() {
    let sample = common::sample();
    let input = sample.input();
    let case = input.cases.iter().find(|case| case.result.id == "SEL-KEY-01").unwrap();
    let quiet = Ladder::of(case).unwrap();
    let mut events = case.events.to_vec();
    let last = events.last().unwrap().clone();
    for n in 1..=100 {
        let what = What::Observation(Observation::Log { board: "dut".into(), line: format!("line {n}") });
        events.push(Event { n: last.n + n, t: last.t, what });
    }
    let talkative = Ladder::of(&CaseInput { events: &events, ..case.clone() }).unwrap();
    let without_logs = |ladder: &Ladder| {
        ladder.rows.iter().filter(|row| !matches!(row.kind, RowKind::Log { .. })).cloned().collect::<Vec<_>>()
    };
    assert_eq!(without_logs(&talkative), without_logs(&quiet));
    let drawn = talkative.rows.len() - without_logs(&talkative).len();
    assert_eq!(drawn, MOST_LOGS);
    let of_quiet = quiet.rows.len() - without_logs(&quiet).len() + quiet.left_out_logs;
    assert_eq!(drawn + talkative.left_out_logs, of_quiet + 100);
    assert_clear(&talkative, "talkative");
}

#[test]
fn without_a_plan_or_events_the_pdus_are_still_drawn() {
    let sample = common::sample();
    let input = sample.input();
    let mut bare = input.cases.iter().find(|case| case.result.id == "SEL-KEY-01").unwrap().clone();
    bare.case = None;
    bare.events = &[];
    let ladder = Ladder::of(&bare).unwrap();
    assert_eq!(ladder.lifelines.len(), 4);
    assert_clear(&ladder, "bare");
    bare.pdus.clear();
    assert_eq!(Ladder::of(&bare), None);
}

#[test]
fn a_backbone_arrow_ends_at_the_border_router_and_names_the_packets_ends() {
    let sample = common::sample();
    let input = sample.input();
    let mut case = input.cases.iter().find(|case| case.result.id == "SEL-KEY-01").unwrap().clone();
    case.events = &[];
    let packet = |from: &str, to: &str| PduSummary {
        events: vec![1],
        time: 1,
        point: Point::Backbone,
        from: from.into(),
        to: to.into(),
        message: "coap.put".into(),
        info: "/coap-key2".into(),
        secured: false,
        wrong_on_purpose: None,
    };
    case.pdus = vec![packet("ct", "dut"), packet("dut", "ct"), packet("ct", "fd00::9"), packet("ct", "lbr")];
    let ladder = Ladder::of(&case).unwrap();
    let arrows: Vec<(&str, &str, &str)> = ladder
        .rows
        .iter()
        .filter_map(|row| match &row.kind {
            RowKind::Message { from, to, info, .. } => {
                Some((ladder.lifelines[*from].name.as_str(), ladder.lifelines[to[0]].name.as_str(), info.as_str()))
            }
            _ => None,
        })
        .collect();
    let expected = [
        ("ct", "lbr", "ct → dut, /coap-key2"),
        ("lbr", "ct", "dut → ct, /coap-key2"),
        ("ct", "lbr", "ct → fd00::9, /coap-key2"),
        ("ct", "lbr", "/coap-key2"),
    ];
    assert_eq!(arrows, expected);
    assert!(ladder.lifelines.iter().all(|lifeline| lifeline.name != "fd00::9"));
}

#[test]
fn the_broadcast_address_is_no_board() {
    let sample = common::sample();
    let input = sample.input();
    let mut case = input.cases.iter().find(|case| case.result.id == "SEL-KEY-01").unwrap().clone();
    for pdu in case.pdus.iter_mut().filter(|pdu| pdu.to == "all") {
        pdu.to = "0xffff".into();
    }
    let ladder = Ladder::of(&case).unwrap();
    assert!(ladder.lifelines.iter().all(|lifeline| lifeline.role.is_some()));
}

#[test]
fn the_end_of_a_wait_is_no_row_of_its_own() {
    let sample = common::sample();
    let input = sample.input();
    let mut case = input.cases.iter().find(|case| case.result.id == "SEL-REF-01").unwrap().clone();
    let mut plan = case.case.unwrap().clone();
    let is_deadline = |row: &bootrack_reports::ladder::Row| matches!(&row.kind, RowKind::Mark { text, .. } if text.starts_with("deadline of step"));
    assert!(Ladder::of(&case).unwrap().rows.iter().any(is_deadline), "one that the verdict rests on is drawn");
    let result = record::manifest::CaseResult { evidence: Vec::new(), deciding_step: None, ..case.result.clone() };
    case.result = &result;
    for step in &mut plan.steps {
        step.kind = StepKind::Prompt { text: "Press the button.".into() };
    }
    let expecting = plan.clone();
    case.case = Some(&expecting);
    assert!(Ladder::of(&case).unwrap().rows.iter().any(is_deadline), "so is one of any step that waits for something");
    for step in &mut plan.steps {
        step.kind = StepKind::Wait { duration: std::time::Duration::from_secs(5) };
    }
    case.case = Some(&plan);
    assert!(!Ladder::of(&case).unwrap().rows.iter().any(is_deadline));
}
