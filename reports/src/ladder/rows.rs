//! Which rows a ladder has: PDUs, upper-tester lines and marks in order, the window around what decided, pauses.

use std::collections::{BTreeMap, BTreeSet};

use record::event::{Action, Event, Observation, TransmitStatus, What};
use record::manifest::CaseResult;
use suites::plan::{Board, Part, Point, Role, StepKind};

use super::{Ladder, Lifeline, MOST_ROWS, PAUSE, Row, RowKind, WINDOW};
use crate::input::{CaseInput, PduSummary};
use crate::summary::{key_line, learnt_address, status_name};
use crate::text::{counted, line};

/// More boards than this, and only those are drawn that take part.
const MOST_IDLE_LIFELINES: usize = 7;

/// A case with at most so many rows is drawn whole.
const SHORT: usize = 24;

/// A row with its place in the log and the step during which it happened.
struct Item {
    row: Row,
    order: u64,
    step: Option<usize>,
}

pub(super) fn select(case: &CaseInput<'_>) -> Option<Ladder> {
    let mut lines = Lifelines::of(case);
    let deciding = deciding_events(case.result);
    let steps = step_starts(case.events);
    let in_pdus: BTreeSet<u64> = case.pdus.iter().flat_map(|pdu| pdu.events.iter().copied()).collect();
    let logged: BTreeSet<u64> = case.events.iter().map(|event| event.n).collect();

    let (mut items, mut logs): (Vec<Item>, Vec<Item>) = Default::default();
    let mut add = |order: u64, time: u64, events: Vec<u64>, kind: RowKind| {
        let deciding = events.iter().any(|n| deciding.contains(n));
        let step = steps.range(..=order).next_back().map(|(_, step)| *step);
        let all = if matches!(kind, RowKind::Log { .. }) && !deciding { &mut logs } else { &mut items };
        all.push(Item { row: Row { time, events, deciding, kind }, order, step });
    };
    for pdu in &case.pdus {
        // The upper tester's lines are drawn from the log itself, which says more.
        if pdu.point == Point::UpperTester && pdu.events.iter().any(|n| logged.contains(n)) {
            continue;
        }
        let order = pdu.events.first().copied().unwrap_or_default();
        add(order, pdu.time, pdu.events.clone(), pdu_row(pdu, &mut lines, case));
    }
    let mut unnamed_frames = 0;
    for event in case.events {
        if matches!(event.what, What::Observation(Observation::Frame { .. })) && !in_pdus.contains(&event.n) {
            unnamed_frames += 1;
        }
        if is_end_of_wait(event, case) && !deciding.contains(&event.n) {
            continue;
        }
        if let Some(kind) = event_row(event, &mut lines) {
            add(event.n, event.t, vec![event.n], kind);
        }
    }
    if items.is_empty() {
        return None;
    }
    items.sort_by_key(|item| (item.row.time, item.order));
    let kept = keep(&items, case);
    let left_out = items.len() - kept.len();
    let total = items.len() + logs.len();
    let (items, kept) = with_logs(items, &kept, logs);
    let left_out_logs = total - items.len();
    let rows = assemble(items, &kept, case);
    let mut ladder = Ladder { lifelines: lines.all, rows, left_out, unnamed_frames, left_out_logs };
    drop_idle_lifelines(&mut ladder);
    Some(ladder)
}

/// The events that the verdict rests on: the case's, and those of the nearest miss of the deciding step.
pub(crate) fn deciding_events(result: &CaseResult) -> BTreeSet<u64> {
    let mut all: BTreeSet<u64> = result.evidence.iter().copied().collect();
    let step = result.deciding_step;
    let outcomes = result.steps.iter().filter(|outcome| Some(outcome.step) == step);
    for outcome in outcomes {
        all.extend(&outcome.evidence);
        all.extend(outcome.nearest_miss.iter().flat_map(|miss| miss.evidence.iter()));
    }
    all
}

/// That a pause is over is told by the pause and the next step.
fn is_end_of_wait(event: &Event, case: &CaseInput<'_>) -> bool {
    let What::DeadlineReached { step } = event.what else { return false };
    let planned = case.case.and_then(|case| case.steps.get(step));
    planned.is_some_and(|step| matches!(step.kind, StepKind::Wait { .. }))
}

/// Event number of each step's start.
fn step_starts(events: &[Event]) -> BTreeMap<u64, usize> {
    let start = |event: &Event| match event.what {
        What::StepStarted { step } => Some((event.n, step)),
        _ => None,
    };
    events.iter().filter_map(start).collect()
}

/// The lifelines, with those added that are met on the way.
struct Lifelines {
    all: Vec<Lifeline>,
}

impl Lifelines {
    fn of(case: &CaseInput<'_>) -> Self {
        let boards = case.case.iter().flat_map(|case| &case.topology.boards);
        let title = |board: &Board| match board.role {
            Role::BackboneStation => case.title(&board.name),
            Role::BorderRouter => "6LBR",
            Role::Router => "6LR",
            Role::RadioStation => "tester radio",
        };
        let lifeline =
            |board: &Board| Lifeline { name: line(&board.name), role: Some(board.role), title: title(board) };
        Self { all: boards.map(lifeline).collect() }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|lifeline| lifeline.name == name)
    }

    fn at(&mut self, name: &str) -> usize {
        let name = line(name);
        let name = if name.is_empty() { "unknown" } else { &name };
        self.find(name).unwrap_or_else(|| {
            self.all.push(Lifeline { name: name.to_owned(), role: None, title: "" });
            self.all.len() - 1
        })
    }

    fn of_role(&self, role: Role) -> Option<usize> {
        self.all.iter().position(|lifeline| lifeline.role == Some(role))
    }
}

fn pdu_row(pdu: &PduSummary, lines: &mut Lifelines, case: &CaseInput<'_>) -> RowKind {
    let mut info = line(&pdu.info);
    let backbone = pdu.point == Point::Backbone;
    if let Some((from, to)) = backbone.then(|| backbone_hop(pdu, lines)).flatten() {
        let ends = format!("{} → {}", line(&pdu.from), line(&pdu.to));
        let info = if info.is_empty() { ends } else { format!("{ends}, {info}") };
        return message_row(pdu, from, vec![to], info);
    }
    let from = lines.at(&pdu.from);
    if pdu.point == Point::UpperTester {
        return RowKind::Note { at: from, text: format!("{} {info}", line(&pdu.message)) };
    }
    let broadcast = matches!(pdu.to.as_str(), "all" | "*" | "broadcast" | "ffff" | "0xffff");
    let to = if broadcast {
        neighbours(from, lines, case)
    } else if pdu.to.is_empty() {
        backbone.then(|| other_end(from, lines)).flatten().into_iter().collect()
    } else {
        vec![lines.at(&pdu.to)]
    };
    if !backbone && pdu.events.len() > 1 {
        let frames = counted(pdu.events.len(), "frame", "frames");
        info = if info.is_empty() { format!("({frames})") } else { format!("{info} ({frames})") };
    }
    message_row(pdu, from, to, info)
}

fn message_row(pdu: &PduSummary, from: usize, to: Vec<usize>, info: String) -> RowKind {
    RowKind::Message {
        from,
        to,
        name: line(&pdu.message),
        info,
        secured: pdu.secured,
        backbone: pdu.point == Point::Backbone,
        wrong: pdu.wrong_on_purpose.as_deref().map(line),
    }
}

/// A backbone packet is named by its ends, but an arrow goes as far as the packet was seen: between a station at the backbone and
/// the border router. `None` if those two are its ends, or two stations are.
fn backbone_hop(pdu: &PduSummary, lines: &Lifelines) -> Option<(usize, usize)> {
    if pdu.from.is_empty() || pdu.to.is_empty() {
        return None;
    }
    let border = lines.of_role(Role::BorderRouter)?;
    let station = |end: &str| {
        let is_port = |at: &usize| lines.all.get(*at).is_some_and(|it| it.role == Some(Role::BackboneStation));
        lines.find(end).filter(is_port)
    };
    match (station(&pdu.from), station(&pdu.to)) {
        (Some(from), None) if lines.find(&pdu.to) != Some(border) => Some((from, border)),
        (None, Some(to)) if lines.find(&pdu.from) != Some(border) => Some((border, to)),
        _ => None,
    }
}

/// Whoever hears a broadcast: the boards linked to the sender, or every other one if the topology does not say.
fn neighbours(from: usize, lines: &Lifelines, case: &CaseInput<'_>) -> Vec<usize> {
    let links = case.case.iter().flat_map(|case| &case.topology.links);
    let linked: BTreeSet<usize> = links
        .filter_map(|(a, b)| {
            if *a == from {
                Some(*b)
            } else if *b == from {
                Some(*a)
            } else {
                None
            }
        })
        .filter(|index| lines.all.get(*index).is_some_and(|other| other.role != Some(Role::BackboneStation)))
        .collect();
    if linked.is_empty() {
        (0..lines.all.len())
            .filter(|index| *index != from && lines.all[*index].role != Some(Role::BackboneStation))
            .collect()
    } else {
        linked.into_iter().collect()
    }
}

/// On the backbone there are the border router and stations.
fn other_end(from: usize, lines: &Lifelines) -> Option<usize> {
    [Role::BorderRouter, Role::BackboneStation]
        .into_iter()
        .filter_map(|role| lines.of_role(role))
        .find(|it| *it != from)
}

/// Events that are drawn as they are; frames and packets are drawn as PDUs, logs are in the event list only.
fn event_row(event: &Event, lines: &mut Lifelines) -> Option<RowKind> {
    let mark = |at: Option<usize>, text: String, trouble: bool| Some(RowKind::Mark { at, text: line(&text), trouble });
    match &event.what {
        What::Action(action) => match action {
            Action::Power { board, on } => {
                mark(Some(lines.at(board)), format!("power {}", if *on { "on" } else { "off" }), false)
            }
            Action::Reset { board } => mark(Some(lines.at(board)), "reset".into(), false),
            Action::UpperTester { board, line: text } => Some(RowKind::Note { at: lines.at(board), text: line(text) }),
            Action::Machine { machine, order } => {
                let at = lines.find(machine);
                let text = if at.is_some() { order.clone() } else { format!("{machine}: {order}") };
                mark(at, format!("order: {text}"), false)
            }
            Action::Prompt { text } => mark(None, format!("operator: {text}"), false),
            Action::Inject { .. } | Action::Impersonate { .. } | Action::Backbone { .. } => None,
        },
        What::Observation(observation) => match observation {
            Observation::UpperTester { board, line: text } => {
                Some(RowKind::Note { at: lines.at(board), text: line(text) })
            }
            Observation::TransmitStatus { radio, status, .. } => match status {
                TransmitStatus::Success => None,
                status => mark(Some(lines.at(radio)), status_name(*status).into(), false),
            },
            Observation::Order { machine, order, refused: Some(reason), .. } => {
                mark(lines.find(machine), format!("refused {order}: {reason}"), false)
            }
            Observation::Log { board, line: text } => {
                let at = lines.find(board);
                let text = if at.is_some() { text.clone() } else { format!("{board}: {text}") };
                Some(RowKind::Log { at, text: line(&text) })
            }
            Observation::Confirmed { text } => mark(None, format!("operator confirmed: {text}"), false),
            Observation::BoardLost { board, reason } => {
                mark(Some(lines.at(board)), format!("board lost: {reason}"), true)
            }
            Observation::Crashed { board, reason } => mark(Some(lines.at(board)), format!("crashed: {reason}"), true),
            Observation::CaptureGap { sniffer, reason } => {
                mark(None, format!("{sniffer} missed frames: {reason}"), true)
            }
            Observation::TesterFault { part, reason } => mark(None, format!("fault in {part}: {reason}"), true),
            Observation::RackFault { part, reason } => mark(Some(lines.at(part)), format!("rack: {reason}"), true),
            Observation::Address { board, .. } => mark(Some(lines.at(board)), learnt_address(observation), false),
            Observation::Frame { .. }
            | Observation::Received { .. }
            | Observation::Order { .. }
            | Observation::Backbone { .. } => None,
        },
        What::KeyLearnt(key) => mark(None, key_line(key), false),
        What::DeadlineReached { step } => mark(None, format!("deadline of step {}", step + 1), false),
        What::CaseStarted { .. } | What::StepStarted { .. } | What::CaseEnded => None,
    }
}

/// Indices of the items to draw: those nearest to what decided; for want of that, the deciding step, the body, the end.
fn keep(items: &[Item], case: &CaseInput<'_>) -> BTreeSet<usize> {
    let places = |test: &dyn Fn(&Item) -> bool| -> Vec<usize> {
        items.iter().enumerate().filter(|(_, item)| test(item)).map(|(index, _)| index).collect()
    };
    let part_of = |step: Option<usize>| Some(case.case?.steps.get(step?)?.part);
    // The adapters' self-test is not the case's traffic.
    let self_test = |item: &Item| {
        part_of(item.step) == Some(Part::EntryCheck) && part_of(case.result.deciding_step) != Some(Part::EntryCheck)
    };
    let mut window = WINDOW;
    let mut anchors = places(&|item| item.row.deciding);
    if anchors.is_empty() {
        anchors = places(&|item| item.step.is_some() && item.step == case.result.deciding_step);
    }
    if anchors.is_empty() {
        anchors = places(&|item| part_of(item.step) == Some(Part::Body));
        window = MOST_ROWS;
    }
    if anchors.is_empty() {
        anchors = vec![items.len() - 1];
    }
    // The anchors are in order, so the nearest is one of two.
    let distance = |index: usize| {
        let after = anchors.partition_point(|anchor| *anchor < index);
        let near = [after.checked_sub(1).and_then(|before| anchors.get(before)), anchors.get(after)];
        near.into_iter().flatten().map(|anchor| anchor.abs_diff(index)).min().unwrap_or(0)
    };
    let mut ranked: Vec<(usize, usize)> = (0..items.len()).map(|index| (distance(index), index)).collect();
    ranked.retain(|(_, index)| items.get(*index).is_some_and(|item| item.row.deciding || !self_test(item)));
    // A short case is drawn whole; a long one is cut to its window.
    if ranked.len() > SHORT {
        ranked.retain(|(distance, _)| *distance <= window);
    }
    ranked.sort_unstable();
    let mut kept: BTreeSet<usize> = ranked.iter().take(MOST_ROWS).map(|(_, index)| *index).collect();
    // To say that one row is left out takes as much room as the row.
    let lonely = |index: &usize| {
        let neighbours = [index.checked_sub(1), index.checked_add(1).filter(|next| *next < items.len())];
        !kept.contains(index) && neighbours.into_iter().flatten().all(|neighbour| kept.contains(&neighbour))
    };
    let filled: Vec<usize> = ranked.iter().map(|(_, index)| *index).filter(lonely).collect();
    kept.extend(filled);
    kept
}

/// Adds the lines of logs between rows that are drawn, as far as there is room; all items, and which of them to draw.
fn with_logs(items: Vec<Item>, kept: &BTreeSet<usize>, logs: Vec<Item>) -> (Vec<Item>, BTreeSet<usize>) {
    let is_drawn = |log: &Item| {
        let key = |item: &Item| (item.row.time, item.order);
        let place = items.partition_point(|item| key(item) < key(log));
        let before = place.checked_sub(1).is_none_or(|before| kept.contains(&before));
        before && (place == items.len() || kept.contains(&place))
    };
    let mut drawn: Vec<Item> = logs.into_iter().filter(is_drawn).collect();
    drawn.truncate(super::MOST_LOGS);
    let mut all: Vec<(Item, bool)> =
        items.into_iter().enumerate().map(|(index, item)| (item, kept.contains(&index))).collect();
    all.extend(drawn.into_iter().map(|log| (log, true)));
    all.sort_by_key(|(item, _)| (item.row.time, item.order));
    let kept = all.iter().enumerate().filter(|(_, (_, is_kept))| *is_kept).map(|(index, _)| index).collect();
    (all.into_iter().map(|(item, _)| item).collect(), kept)
}

/// Puts the kept items in order, with step heads, pauses and what is left out between them.
fn assemble(items: Vec<Item>, kept: &BTreeSet<usize>, case: &CaseInput<'_>) -> Vec<Row> {
    let between = |time: u64, kind: RowKind| Row { time, events: Vec::new(), deciding: false, kind };
    let began: BTreeMap<usize, u64> = case
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::StepStarted { step } => Some((step, event.t)),
            _ => None,
        })
        .collect();
    let mut rows = Vec::new();
    let (mut skipped, mut previous, mut step) = (0, None::<u64>, None);
    for (index, item) in items.into_iter().enumerate() {
        if !kept.contains(&index) {
            skipped += 1;
            continue;
        }
        let time = item.row.time;
        let pause = previous.and_then(|previous| time.checked_sub(previous)).filter(|it| *it >= PAUSE && skipped == 0);
        if skipped > 0 {
            rows.push(between(time, RowKind::LeftOut(skipped)));
        }
        let head = item.step.filter(|_| item.step != step).map(|number| {
            let text = case.case.and_then(|case| case.steps.get(number)).map(|step| line(&step.text));
            between(time, RowKind::Step { number: number + 1, text: text.unwrap_or_default() })
        });
        // The pause belongs to the step during which it passed.
        let began = item.step.and_then(|step| began.get(&step)).copied().unwrap_or(time);
        let late = time.saturating_sub(began) < PAUSE;
        let pause = pause.map(|pause| between(time, RowKind::Pause(pause)));
        rows.extend(if late { [pause, head] } else { [head, pause] }.into_iter().flatten());
        (skipped, previous, step) = (0, Some(time), item.step);
        rows.push(item.row);
    }
    if skipped > 0 {
        rows.push(between(previous.unwrap_or_default(), RowKind::LeftOut(skipped)));
    }
    rows
}

/// In a large mesh only those who take part get a lifeline.
fn drop_idle_lifelines(ladder: &mut Ladder) {
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for row in &ladder.rows {
        match &row.kind {
            RowKind::Message { from, to, .. } => {
                used.insert(*from);
                // The many receivers of a broadcast get no lifeline for that alone.
                used.extend(to.iter().filter(|_| to.len() == 1));
            }
            RowKind::Note { at, .. } | RowKind::Log { at: Some(at), .. } | RowKind::Mark { at: Some(at), .. } => {
                used.insert(*at);
            }
            RowKind::Log { at: None, .. }
            | RowKind::Mark { at: None, .. }
            | RowKind::Step { .. }
            | RowKind::Pause(_)
            | RowKind::LeftOut(_) => {}
        }
    }
    let few = ladder.lifelines.len() <= MOST_IDLE_LIFELINES;
    let stays = |index: usize, lifeline: &Lifeline| used.contains(&index) || (few && lifeline.role.is_some());
    let mut renumbered = BTreeMap::new();
    let mut remaining = Vec::new();
    for (index, lifeline) in std::mem::take(&mut ladder.lifelines).into_iter().enumerate() {
        if stays(index, &lifeline) {
            renumbered.insert(index, remaining.len());
            remaining.push(lifeline);
        }
    }
    ladder.lifelines = remaining;
    let new = |index: &mut usize| *index = renumbered.get(index).copied().unwrap_or_default();
    for row in &mut ladder.rows {
        match &mut row.kind {
            RowKind::Message { from, to, .. } => {
                new(from);
                *to = to.iter().filter_map(|index| renumbered.get(index).copied()).collect();
            }
            RowKind::Note { at, .. } | RowKind::Log { at: Some(at), .. } | RowKind::Mark { at: Some(at), .. } => {
                new(at)
            }
            RowKind::Log { at: None, .. }
            | RowKind::Mark { at: None, .. }
            | RowKind::Step { .. }
            | RowKind::Pause(_)
            | RowKind::LeftOut(_) => {}
        }
    }
}
