//! One case: the reason first, then the steps, the ladder, and every event.

use std::collections::{BTreeMap, BTreeSet};

use record::Event;
use record::bundle::names;
use record::manifest::{CaseResult, RunManifest, shown_blame};
use record::verdict::{NearestMiss, StepOutcome, Verdict};
use serde::Serialize;
use suites::plan::Part;

use super::{Badge, Banner, CaseLink, Fact, banners, fact, has_page, pieces};
use crate::input::{CaseInput, Clauses};
use crate::ladder::{Ladder, deciding_events};
use crate::summary::describe;
use crate::text::{clock, counted, cut, duration, line, sentence, state_in_short};

/// At most so many events are listed on the page; the log has them all.
pub(super) const MOST_EVENTS: usize = 2000;

/// In a log longer than this, only the first octets of a frame are shown, unless it is evidence.
const FEW_EVENTS: usize = 400;

/// More clauses than this are folded away.
const MOST_OPEN_CLAUSES: usize = 8;

/// So many clauses are quoted beside the verdict; of more only the IDs stand there.
const MOST_QUOTED_CLAUSES: usize = 3;

/// At most so many event links stand in one cell.
const MOST_LINKS: usize = 10;

#[derive(Serialize)]
pub(super) struct Page {
    run: String,
    started: String,
    banners: Vec<Banner>,
    id: String,
    pieces: Vec<String>,
    badge: Badge,
    blame: Option<&'static str>,
    /// Who that is.
    blamed: Option<String>,
    oracle: String,
    purpose: String,
    headline: String,
    position: String,
    previous: Option<CaseLink>,
    next: Option<CaseLink>,
    deciding: Option<Step>,
    /// Clauses that the step at which the device failed cites; with their texts if they are few.
    broken: Vec<Clause>,
    clauses: Vec<Clause>,
    fold_clauses: bool,
    facts: Vec<Fact>,
    parts: Vec<PartView>,
    ladder: Option<LadderView>,
    events: Option<EventList>,
    exposures: Vec<super::exposure::Kind>,
    resources: Option<super::resources::OfCase>,
    monitors: Option<super::monitors::OfCase>,
    files: Vec<Fact>,
    wireshark: Option<String>,
}

#[derive(Serialize, Clone)]
struct Clause {
    id: String,
    level: String,
    text: String,
    deciding: bool,
}

#[derive(Serialize)]
struct PartView {
    name: &'static str,
    /// How many steps, and what came of them.
    summary: String,
    open: bool,
    steps: Vec<Step>,
}

#[derive(Serialize, Clone)]
struct Step {
    number: usize,
    text: String,
    procedure: Option<String>,
    expected: String,
    seen: String,
    reason: String,
    badge: Option<Badge>,
    time: String,
    lasted: String,
    evidence: Evidence,
    miss: Vec<Field>,
    miss_evidence: Evidence,
    deciding: bool,
}

#[derive(Serialize, Clone)]
struct Field {
    name: String,
    expected: String,
    seen: String,
}

/// Event numbers: those with an anchor on this page, and how many more there are.
#[derive(Serialize, Clone, Default)]
pub(super) struct Evidence {
    events: Vec<EventRef>,
    more: usize,
}

#[derive(Serialize, Clone)]
struct EventRef {
    n: u64,
    listed: bool,
}

#[derive(Serialize)]
struct LadderView {
    svg: String,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct EventList {
    total: usize,
    note: Option<String>,
    rows: Vec<EventRow>,
}

#[derive(Serialize)]
struct EventRow {
    n: u64,
    time: String,
    kind: &'static str,
    text: String,
    /// The case's verdict rests on it.
    deciding: bool,
    /// Events left out just before this one.
    skipped: u64,
}

pub(super) fn page(manifest: &RunManifest, clauses: &Clauses, case: &CaseInput<'_>) -> crate::Result<Page> {
    let result = case.result;
    let evidence = evidence(result);
    let events = event_list(case, &evidence);
    let listed: BTreeSet<u64> = events.iter().flat_map(|list| list.rows.iter().map(|row| row.n)).collect();
    let steps = steps(case, &listed);
    let index = manifest.cases.iter().position(|other| other.id == result.id);
    // The nearest cases that have a page.
    let (before, after) = manifest.cases.split_at(index.unwrap_or_default());
    let previous = before.iter().rev().find(|other| has_page(other));
    let next = after.iter().skip(1).find(|other| has_page(other));
    let link = |other: Option<&CaseResult>| other.map(|other| CaseLink::to(other, "../../")).transpose();
    let deciding = steps.iter().find(|step| step.deciding).cloned().map(|step| told_once(step, &headline(result)));
    let clauses = clause_views(result, clauses);
    Ok(Page {
        run: line(&manifest.id),
        started: line(&manifest.started),
        banners: banners(manifest),
        id: line(&result.id),
        pieces: pieces(&result.id),
        badge: result.verdict.into(),
        blame: result.blame.map(|blame| blame.name()),
        blamed: result.blamed.as_deref().map(line),
        oracle: line(&result.shown_oracle()),
        purpose: line(&result.purpose),
        headline: headline(result),
        position: index.map_or(String::new(), |index| format!("{} of {}", index + 1, manifest.cases.len())),
        previous: link(previous)?,
        next: link(next)?,
        deciding,
        broken: broken(result, &clauses),
        fold_clauses: clauses.len() > MOST_OPEN_CLAUSES,
        clauses,
        facts: facts(case),
        parts: parts(case, steps),
        ladder: ladder(case, &listed),
        events,
        exposures: super::exposure::of_case(&case.exposures),
        resources: super::resources::of_case(&case.bootstraps),
        monitors: super::monitors::of_case(result, |numbers| refs(numbers, &listed)),
        files: result.digests.iter().map(|(name, digest)| fact(name, digest)).collect(),
        wireshark: result.digests.contains_key(names::CAPTURE).then(|| {
            format!(
                "WIRESHARK_CONFIG_DIR={} wireshark {}/{}/{}",
                names::WIRESHARK,
                names::CASES,
                line(&result.id),
                names::CAPTURE
            )
        }),
    })
}

/// The deciding step without what the headline or the step's own text says already.
fn told_once(mut step: Step, headline: &str) -> Step {
    if sentence(&step.seen) == headline {
        step.seen.clear();
    }
    step
}

fn broken(result: &CaseResult, clauses: &[Clause]) -> Vec<Clause> {
    // Whatever is not the device's doing breaks no clause.
    if result.verdict != Verdict::Fail {
        return Vec::new();
    }
    let mut cited: Vec<Clause> = clauses.iter().filter(|clause| clause.deciding).cloned().collect();
    if cited.len() > MOST_QUOTED_CLAUSES {
        cited.iter_mut().for_each(|clause| clause.text.clear());
    }
    cited
}

fn headline(result: &CaseResult) -> String {
    if !result.reason.is_empty() {
        return sentence(&result.reason);
    }
    match result.verdict {
        Verdict::Pass => "Every judged step was observed as it must be.".into(),
        Verdict::NotRun => "The run ended before this case.".into(),
        verdict => format!("The verdict is {}; no reason is recorded.", Badge::from(verdict).label),
    }
}

/// Every event that the case or one of its steps rests on.
fn evidence(result: &CaseResult) -> BTreeSet<u64> {
    let of_step = |step: &StepOutcome| {
        let miss = step.nearest_miss.iter().flat_map(|miss| miss.evidence.clone());
        step.evidence.iter().copied().chain(miss).collect::<Vec<u64>>()
    };
    let found = result.violations.iter().flat_map(|violation| violation.evidence.iter().copied());
    result.evidence.iter().copied().chain(found).chain(result.steps.iter().flat_map(of_step)).collect()
}

fn refs(numbers: &[u64], listed: &BTreeSet<u64>) -> Evidence {
    let events = numbers.iter().take(MOST_LINKS).map(|n| EventRef { n: *n, listed: listed.contains(n) }).collect();
    Evidence { events, more: numbers.len().saturating_sub(MOST_LINKS) }
}

fn clause_views(result: &CaseResult, clauses: &Clauses) -> Vec<Clause> {
    let mut ids: Vec<&String> = result.deciding_clauses.iter().collect();
    for id in &result.clauses {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let view = |id: &String| {
        let known = clauses.get(id);
        Clause {
            id: line(id),
            level: known.map(|clause| line(&clause.level)).unwrap_or_default(),
            text: known.map(|clause| line(&clause.text)).unwrap_or_default(),
            deciding: result.deciding_clauses.contains(id),
        }
    };
    ids.into_iter().map(view).collect()
}

fn facts(case: &CaseInput<'_>) -> Vec<Fact> {
    let result = case.result;
    let mut facts = vec![
        fact("Suite", &result.suite),
        fact("Phase", &result.phase),
        fact("Judged outside by", result.shown_oracle()),
    ];
    if let Some(plan) = case.case {
        if !plan.iut.is_device() {
            let title = case.title(plan.iut.name());
            facts.push(fact("Under test", format!("the {title}; `dut` is a reference device")));
        }
        facts.push(fact("Topology", &plan.topology.text));
        let params: Vec<String> = plan.params.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        if !params.is_empty() {
            facts.push(fact("Parameters", params.join(", ")));
        }
        if !plan.pics.is_empty() {
            facts.push(fact("Needs (PICS)", plan.pics.join(", ")));
        }
        if !plan.kills.is_empty() {
            facts.push(fact("Kills mutants", plan.kills.join(", ")));
        }
        facts.push(fact("Written in", format!("{}:{}", plan.origin.file, plan.origin.line)));
    }
    for (name, state) in [("Entry state", &result.entry_state), ("Exit state", &result.exit_state)] {
        if let Some(state) = state {
            let read = if state.read.is_empty() { String::new() } else { format!(": {}", line(&state.read)) };
            facts.push(fact(name, format!("{}{read}", state_in_short(state))));
        }
    }
    if result.duration > 0 {
        facts.push(fact("Case time", duration(result.duration)));
    }
    facts.push(fact("Case seed", &result.seed));
    for (number, earlier) in (1..).zip(&result.earlier_tries) {
        let shown = |blame| format!(", {}", line(&shown_blame(blame, earlier.blamed.as_deref())));
        let blame = earlier.blame.map(shown).unwrap_or_default();
        let reason = line(&earlier.reason);
        facts.push(fact(&format!("Try {number}"), format!("{}{blame}: {reason} (in try-{number})", earlier.verdict)));
    }
    facts
}

fn steps(case: &CaseInput<'_>, listed: &BTreeSet<u64>) -> Vec<Step> {
    let outcomes: BTreeMap<usize, &StepOutcome> = case.result.steps.iter().map(|step| (step.step, step)).collect();
    let planned = case.case.map_or(0, |case| case.steps.len());
    let last = outcomes.keys().next_back().map_or(0, |last| last + 1);
    let step = |index: usize| {
        let plan = case.case.and_then(|case| case.steps.get(index));
        let outcome = outcomes.get(&index).copied();
        let text = |get: fn(&StepOutcome) -> &String| outcome.map(|outcome| line(get(outcome))).unwrap_or_default();
        let miss: Option<&NearestMiss> = outcome.and_then(|outcome| outcome.nearest_miss.as_ref());
        let (started, ended) = (outcome.and_then(|it| it.started), outcome.and_then(|it| it.ended));
        let deciding = case.result.deciding_step == Some(index) && case.result.verdict != Verdict::Pass;
        let own_text = plan.map(|step| line(&step.text)).unwrap_or_default();
        Step {
            number: index + 1,
            procedure: plan.and_then(|step| step.procedure.as_deref()).map(line),
            // Most steps expect what their text says.
            expected: Some(text(|outcome| &outcome.expected)).filter(|it| *it != own_text).unwrap_or_default(),
            text: own_text,
            seen: text(|outcome| &outcome.seen),
            reason: match outcome.map(|outcome| outcome.verdict) {
                Some(Verdict::Fail | Verdict::Inconclusive | Verdict::Error) if !deciding => text(|it| &it.reason),
                _ => String::new(),
            },
            badge: outcome.map(|outcome| outcome.verdict.into()),
            time: started.map(clock).unwrap_or_default(),
            lasted: started.zip(ended).map(|(from, to)| duration(to.saturating_sub(from))).unwrap_or_default(),
            evidence: refs(outcome.map_or(&[], |outcome| &outcome.evidence), listed),
            miss: miss.iter().flat_map(|miss| &miss.fields).map(field).collect(),
            miss_evidence: refs(miss.map_or(&[], |miss| &miss.evidence), listed),
            deciding,
        }
    };
    (0..planned.max(last)).map(step).collect()
}

fn field(field: &record::verdict::FieldMiss) -> Field {
    Field { name: line(&field.field), expected: line(&field.expected), seen: line(&field.seen) }
}

/// The steps by part. What leads up to the body is folded away, unless something in it went wrong.
fn parts(case: &CaseInput<'_>, steps: Vec<Step>) -> Vec<PartView> {
    let mut parts: Vec<PartView> = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        let part = case.case.and_then(|case| case.steps.get(index)).map(|step| step.part);
        let name = match part {
            Some(Part::EntryCheck) => "Entry check",
            Some(Part::Preamble) => "Preamble",
            Some(Part::EntryState) => "Entry state",
            Some(Part::Body) => "Body",
            Some(Part::ExitState) => "Exit state",
            Some(Part::Postamble) => "Postamble",
            None => "Steps",
        };
        match parts.last_mut() {
            Some(last) if last.name == name => last.steps.push(step),
            _ => parts.push(PartView { name, summary: String::new(), open: true, steps: vec![step] }),
        }
    }
    for part in &mut parts {
        let mut counts: Vec<(&'static str, usize)> = Vec::new();
        for badge in part.steps.iter().filter_map(|step| step.badge.as_ref()) {
            match counts.iter_mut().find(|(label, _)| *label == badge.label) {
                Some((_, count)) => *count += 1,
                None => counts.push((badge.label, 1)),
            }
        }
        let counts: Vec<String> = counts.into_iter().map(|(label, count)| format!("{count} {label}")).collect();
        part.summary = counted(part.steps.len(), "step", "steps");
        if !counts.is_empty() {
            part.summary = format!("{}: {}", part.summary, counts.join(", "));
        }
        let untroubled = |step: &Step| step.badge.as_ref().is_none_or(|badge| badge.name == Verdict::Pass.name());
        let leads_up = matches!(part.name, "Entry check" | "Preamble");
        part.open = !leads_up || !part.steps.iter().all(untroubled);
    }
    parts
}

fn ladder(case: &CaseInput<'_>, listed: &BTreeSet<u64>) -> Option<LadderView> {
    let ladder = Ladder::of(case)?;
    let mut notes = Vec::new();
    if ladder.left_out > 0 {
        notes.push(format!(
            "{} away from what decided {} left out.",
            counted(ladder.left_out, "row", "rows"),
            if ladder.left_out == 1 { "is" } else { "are" }
        ));
    }
    if ladder.unnamed_frames > 0 {
        notes.push(format!(
            "{} of no message (acknowledgements and the like) not drawn.",
            counted(ladder.unnamed_frames, "frame", "frames")
        ));
    }
    if ladder.left_out_logs > 0 {
        notes.push(format!(
            "{} not drawn: see the events.",
            counted(ladder.left_out_logs, "line of logs", "lines of logs")
        ));
    }
    Some(LadderView { svg: ladder.svg(listed), notes })
}

fn event_list(case: &CaseInput<'_>, evidence: &BTreeSet<u64>) -> Option<EventList> {
    if case.events.is_empty() {
        return None;
    }
    let total = case.events.len();
    let kept = kept_events(case.events, evidence);
    let mut named: BTreeMap<u64, String> = BTreeMap::new();
    for pdu in &case.pdus {
        for n in &pdu.events {
            let to = if pdu.to.is_empty() { String::new() } else { format!(" → {}", pdu.to) };
            named.insert(*n, format!("{} {}{to}", pdu.message, pdu.from));
        }
    }
    let deciding = deciding_events(case.result);
    let mut previous = 0;
    let rows =
        case.events.iter().enumerate().filter(|(index, _)| kept.as_ref().is_none_or(|kept| kept.contains(index)));
    let row = |(_, event): (usize, &Event)| {
        let is_evidence = evidence.contains(&event.n);
        let described = describe(event, if is_evidence || total <= FEW_EVENTS { 127 } else { 8 });
        let text = match named.get(&event.n).filter(|_| !described.kind.starts_with("ut")) {
            Some(name) => format!("{}: {}", line(name), described.text),
            None => described.text,
        };
        let skipped = event.n.saturating_sub(previous + 1);
        previous = event.n;
        EventRow {
            n: event.n,
            time: clock(event.t),
            kind: described.kind,
            text: cut(&text, 420),
            deciding: deciding.contains(&event.n),
            skipped: if kept.is_some() { skipped } else { 0 },
        }
    };
    let rows: Vec<EventRow> = rows.map(row).collect();
    let note = kept.is_some().then(|| {
        format!("{} of {total} events are listed, those nearest to the evidence; the log has them all.", rows.len())
    });
    Some(EventList { total, note, rows })
}

/// Which events to list, by index, if not all.
fn kept_events(events: &[Event], evidence: &BTreeSet<u64>) -> Option<BTreeSet<usize>> {
    if events.len() <= MOST_EVENTS {
        return None;
    }
    let distance = |n: u64| {
        let after = evidence.range(n..).next().map(|other| other - n);
        let before = evidence.range(..n).next_back().map(|other| n - other);
        // Without evidence the end of the log is what matters.
        after.into_iter().chain(before).min().unwrap_or(u64::MAX - n)
    };
    let mut ranked: Vec<(u64, usize)> = events.iter().enumerate().map(|(index, it)| (distance(it.n), index)).collect();
    ranked.sort_unstable();
    Some(ranked.into_iter().take(MOST_EVENTS).map(|(_, index)| index).collect())
}
