//! The judge's state: which step is on, what it waits for, and what came of each; from that, the case's verdict.

use record::event::{Event, Observation, What};
use record::verdict::{Blame, FieldMiss, NearestMiss, StepOutcome, Verdict};
use suites::plan::{Answer, Case, Check, Command, Expect, Never, Part, Step, StepKind, UPPER_TESTER_TIMEOUT};
use wire::dissect::Value;

use super::delivery::{DeliveryTracker, Stimulus};
use super::expectation::{self, Finding, Window};
use super::observer::{Observer, Pdu};
use super::template::{self, Bindings};
use crate::environment::Environment;

/// The name of the device under test in every topology.
const DUT: &str = "dut";

/// How long a board may take from power-on to its `booted` event.
const BOOT_TIMEOUT: u64 = 5_000_000_000;

/// How long a tester-side machine may work on one order (a DTLS handshake with all its retransmissions fits).
const ORDER_TIMEOUT: u64 = 600_000_000_000;

/// How long the MAC may take for the frames of one `send` step.
const TRANSMIT_TIMEOUT: u64 = 5_000_000_000;

/// What the engine must do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Start this step.
    Ready(usize),
    /// Do this for the step that is on.
    Wants(Want),
    /// Let time pass, to this deadline (nanoseconds) at most.
    Waiting {
        /// The step that waits.
        step: usize,
        /// When it ends undecided.
        deadline: u64,
    },
    /// Nothing more to do: close the log.
    Ended,
}

/// Something that the judge needs done to judge the step that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Want {
    /// Ask this board's upper tester whether it lives.
    Ping {
        /// Board name.
        board: String,
    },
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseVerdict {
    /// The verdict.
    pub verdict: Verdict,
    /// Whose doing, unless `pass`.
    pub blame: Option<Blame>,
    /// One sentence; empty for `pass`.
    pub reason: String,
    /// The step that decided, unless `pass`.
    pub deciding_step: Option<usize>,
    /// Clauses that the deciding step cites.
    pub deciding_clauses: Vec<String>,
    /// Events that the verdict rests on.
    pub evidence: Vec<u64>,
    /// One outcome a step.
    pub steps: Vec<StepOutcome>,
}

/// Judges one case from its events.
pub struct Judge<'a> {
    case: &'a Case,
    observer: Observer,
    deliveries: DeliveryTracker,
    bindings: Bindings,
    pdus: Vec<Pdu>,
    finished_orders: Vec<FinishedOrder>,
    outcomes: Vec<StepOutcome>,
    active: Option<Active>,
    next: usize,
    /// Expectations look at PDUs completed after this event.
    cursor: u64,
    stimulus: Stimulus,
    /// Number and time of the last event seen.
    last: (u64, u64),
    decided: Option<Decision>,
    /// A body step that could not be judged but does not stop the case: a later `fail` outweighs it.
    doubt: Option<Decision>,
    ended: bool,
}

#[derive(Debug, Clone)]
struct Decision {
    verdict: Verdict,
    blame: Blame,
    reason: String,
    step: Option<usize>,
    evidence: Vec<u64>,
}

/// A machine's report that it is done with an order, or why it could not do it.
struct FinishedOrder {
    machine: String,
    refused: Option<String>,
    event: u64,
}

struct Active {
    step: usize,
    /// Event and time of its start.
    n: u64,
    t: u64,
    phase: Phase,
}

enum Phase {
    /// Waiting for a board's `booted` event.
    Booting { board: String },
    /// Waiting for the answer to the request with this number (known once the request was seen).
    Answer { board: String, seq: Option<u32> },
    /// Waiting for a machine to finish its order.
    Order { machine: String },
    /// Waiting for the transmit status of injected frames.
    Transmitting,
    /// Waiting for PDUs.
    Observing,
    /// Proving that the board lives before the `never` window opens.
    AliveBefore { seq: Option<u32> },
    /// The `never` window is open; the first answer's event, and the end.
    Watching { opened: u64, until: u64 },
    /// Proving that the board still lives.
    AliveAfter { opened: u64, watched_until: u64, seq: Option<u32> },
    /// Letting time pass.
    Passing { until: u64 },
}

/// How a step ended.
struct Ending {
    verdict: Verdict,
    blame: Blame,
    reason: String,
    seen: String,
    evidence: Vec<u64>,
    nearest_miss: Option<NearestMiss>,
}

impl Ending {
    fn pass(seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self {
            verdict: Verdict::Pass,
            blame: Blame::Device,
            reason: String::new(),
            seen: seen.into(),
            evidence,
            nearest_miss: None,
        }
    }

    fn other(verdict: Verdict, blame: Blame, reason: impl Into<String>, evidence: Vec<u64>) -> Self {
        let reason = reason.into();
        Self { verdict, blame, seen: reason.clone(), reason, evidence, nearest_miss: None }
    }
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    pub fn new(case: &'a Case, environment: &Environment) -> Self {
        Self {
            case,
            observer: Observer::new(environment),
            deliveries: DeliveryTracker::default(),
            bindings: Bindings::new(environment),
            pdus: Vec::new(),
            finished_orders: Vec::new(),
            outcomes: case.steps.iter().enumerate().map(|(index, step)| not_run(index, step)).collect(),
            active: None,
            next: 0,
            cursor: 0,
            stimulus: Stimulus::default(),
            last: (0, 0),
            decided: None,
            doubt: None,
            ended: false,
        }
    }

    /// What `$name.field` means now.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// Every PDU seen so far.
    pub fn pdus(&self) -> &[Pdu] {
        &self.pdus
    }

    /// What the engine must do next.
    pub fn progress(&self) -> Progress {
        let Some(active) = &self.active else {
            return if self.next < self.case.steps.len() && !self.ended {
                Progress::Ready(self.next)
            } else {
                Progress::Ended
            };
        };
        if let (Phase::AliveBefore { seq: None } | Phase::AliveAfter { seq: None, .. }, StepKind::Never(never)) =
            (&active.phase, &self.case.steps[active.step].kind)
        {
            return Progress::Wants(Want::Ping { board: never.alive.clone() });
        }
        Progress::Waiting { step: active.step, deadline: self.deadline(active) }
    }

    /// Takes the next event of the log.
    pub fn see(&mut self, event: &Event) {
        if self.ended {
            return;
        }
        if event.n != self.last.0 + 1 || event.t < self.last.1 {
            let reason = format!("the log is not whole: event {} follows event {}", event.n, self.last.0);
            self.abort(Verdict::Error, Blame::Rack, reason, vec![event.n]);
        }
        self.last = (event.n, event.t);
        if self.active.as_ref().is_some_and(|active| event.t > self.deadline(active)) {
            self.expire();
        }
        let pdu = self.observer.see(event);
        self.stimulus.see(event);
        if let Some(pdu) = pdu {
            if pdu.point == suites::plan::Point::Air {
                self.deliveries.see(&pdu);
            }
            self.pdus.push(pdu);
        }
        match &event.what {
            What::StepStarted { step } => self.start(*step, event),
            What::DeadlineReached { step } if self.active.as_ref().is_some_and(|active| active.step == *step) => {
                self.expire();
            }
            What::CaseEnded => self.ended = true,
            What::Action(record::Action::UpperTester { board, line }) => self.note_request(board, line),
            What::Observation(observation) => self.see_report(observation, event.n),
            _ => {}
        }
        while self.evaluate() {}
    }

    /// The case's verdict from everything seen.
    pub fn verdict(&self) -> CaseVerdict {
        let early_end = (!self.ended).then(|| Decision {
            verdict: Verdict::Error,
            blame: Blame::Rack,
            reason: "the log ends before the case did".to_owned(),
            step: self.active.as_ref().map(|active| active.step),
            evidence: vec![self.last.0],
        });
        let unfinished =
            (self.ended && self.decided.is_none() && self.next < self.case.steps.len()).then(|| Decision {
                verdict: Verdict::Error,
                blame: Blame::Rack,
                reason: format!("the case ended before step {}", self.next + 1),
                step: Some(self.next),
                evidence: vec![self.last.0],
            });
        let nothing_judged = (!self.observed_anything()).then(|| Decision {
            verdict: Verdict::Inconclusive,
            blame: Blame::Suite,
            reason: "no step observed anything of the device".to_owned(),
            step: None,
            evidence: Vec::new(),
        });
        let decision = self.decided.clone().or(early_end).or(unfinished).or(self.doubt.clone()).or(nothing_judged);
        let clauses = |step: Option<usize>| {
            step.and_then(|step| self.case.steps.get(step))
                .map(|step| if step.clauses.is_empty() { self.case.clauses.clone() } else { step.clauses.clone() })
                .unwrap_or_default()
        };
        let mut passed_on: Vec<u64> = self
            .outcomes
            .iter()
            .filter(|outcome| self.case.steps[outcome.step].part == Part::Body)
            .flat_map(|outcome| outcome.evidence.iter().copied())
            .collect();
        passed_on.sort_unstable();
        passed_on.dedup();
        match decision {
            Some(decision) => CaseVerdict {
                verdict: decision.verdict,
                blame: Some(decision.blame),
                deciding_clauses: clauses(decision.step),
                reason: decision.reason,
                deciding_step: decision.step,
                evidence: decision.evidence,
                steps: self.outcomes.clone(),
            },
            None => CaseVerdict {
                verdict: Verdict::Pass,
                blame: None,
                reason: String::new(),
                deciding_step: None,
                deciding_clauses: Vec::new(),
                evidence: passed_on,
                steps: self.outcomes.clone(),
            },
        }
    }

    /// For every passed step that judged something, all events that satisfy it: the ones it rests on, and every other
    /// that would have served as well. Strip them from the log, and the step must lose its pass.
    pub fn satisfying_events(&self, step: usize) -> Vec<u64> {
        let mut events = self.outcomes.get(step).map(|outcome| outcome.evidence.clone()).unwrap_or_default();
        let expects: Vec<&Expect> = match self.case.steps.get(step).map(|step| &step.kind) {
            Some(StepKind::Expect(expect)) => vec![expect],
            Some(StepKind::Unordered(expects) | StepKind::Alternatives(expects)) => expects.iter().collect(),
            _ => Vec::new(),
        };
        for pdu in &self.pdus {
            // A MAC retransmission carries the same PDU once more.
            let mut original = pdu.clone();
            original.retransmission = false;
            if expects.iter().any(|expect| {
                expectation::names(expect, &original) && expectation::meets(&original, &expect.matches, &self.bindings)
            }) {
                events.extend(&pdu.events);
            }
        }
        events.sort_unstable();
        events.dedup();
        events
    }

    fn observed_anything(&self) -> bool {
        self.outcomes.iter().any(|outcome| {
            let step = &self.case.steps[outcome.step];
            step.part == Part::Body
                && outcome.verdict == Verdict::Pass
                && !outcome.evidence.is_empty()
                && matches!(step.kind, StepKind::Expect(_) | StepKind::Unordered(_) | StepKind::Alternatives(_))
        })
    }

    fn start(&mut self, step: usize, event: &Event) {
        if let Some(active) = self.active.take() {
            let reason = format!("the log goes on to step {} although nothing decided this one", step + 1);
            self.active = Some(active);
            self.abort(Verdict::Error, Blame::Rack, reason, vec![event.n]);
        }
        if step != self.next {
            if self.decided.is_none() {
                let reason = format!("the log starts step {}, the plan's next is {}", step + 1, self.next + 1);
                self.abort(Verdict::Error, Blame::Rack, reason, vec![event.n]);
            }
            return;
        }
        let Some(planned) = self.case.steps.get(step) else { return };
        let phase = match &planned.kind {
            StepKind::Do(command) => {
                self.cursor = event.n;
                self.stimulus = Stimulus::new(event.n, actor(command));
                match command {
                    Command::Power { board, on: true } | Command::Reset { board } if self.has_upper_tester(board) => {
                        Phase::Booting { board: board.clone() }
                    }
                    Command::Power { .. } | Command::Reset { .. } => Phase::Passing { until: event.t },
                    Command::UpperTester { board, .. } => Phase::Answer { board: board.clone(), seq: None },
                    Command::Machine { machine, .. } => Phase::Order { machine: machine.clone() },
                }
            }
            StepKind::Send(send) => {
                self.cursor = event.n;
                self.stimulus = Stimulus::new(event.n, &send.by);
                Phase::Transmitting
            }
            StepKind::Check(check) => Phase::Answer { board: check.board.clone(), seq: None },
            StepKind::Expect(_) | StepKind::Unordered(_) | StepKind::Alternatives(_) => Phase::Observing,
            StepKind::Never(_) => Phase::AliveBefore { seq: None },
            StepKind::Wait { duration } => Phase::Passing { until: event.t.saturating_add(nanoseconds(*duration)) },
            StepKind::Deviate(_) => Phase::Passing { until: event.t },
            StepKind::Prompt { .. } => Phase::Observing,
        };
        self.active = Some(Active { step, n: event.n, t: event.t, phase });
    }

    fn has_upper_tester(&self, board: &str) -> bool {
        self.case.topology.boards.iter().any(|candidate| {
            candidate.name == board
                && matches!(candidate.role, suites::plan::Role::BorderRouter | suites::plan::Role::Router)
        })
    }

    fn deadline(&self, active: &Active) -> u64 {
        let after = |duration: u64| active.t.saturating_add(duration);
        match &active.phase {
            Phase::Booting { .. } => after(BOOT_TIMEOUT),
            Phase::Answer { .. } | Phase::AliveBefore { .. } => after(nanoseconds(UPPER_TESTER_TIMEOUT)),
            Phase::AliveAfter { watched_until, .. } => watched_until.saturating_add(nanoseconds(UPPER_TESTER_TIMEOUT)),
            Phase::Order { .. } => after(ORDER_TIMEOUT),
            Phase::Transmitting => after(TRANSMIT_TIMEOUT),
            Phase::Passing { until } | Phase::Watching { until, .. } => *until,
            Phase::Observing => match &self.case.steps[active.step].kind {
                StepKind::Expect(expect) => after(nanoseconds(expect.within)),
                StepKind::Unordered(expects) | StepKind::Alternatives(expects) => {
                    after(expects.iter().map(|expect| nanoseconds(expect.within)).max().unwrap_or_default())
                }
                _ => u64::MAX,
            },
        }
    }

    /// The number of the request that the active step waits for an answer to.
    fn note_request(&mut self, board: &str, line: &str) {
        let Ok(wire::upper_tester::Line::Request(request)) = wire::upper_tester::Line::parse(line) else { return };
        let Some(active) = &mut self.active else { return };
        let alive = match &self.case.steps[active.step].kind {
            StepKind::Never(never) => Some(&never.alive),
            _ => None,
        };
        match &mut active.phase {
            Phase::Answer { board: asked, seq: seq @ None } if asked == board => *seq = Some(request.seq),
            Phase::AliveBefore { seq: seq @ None } | Phase::AliveAfter { seq: seq @ None, .. }
                if alive.is_some_and(|alive| alive == board) =>
            {
                *seq = Some(request.seq);
            }
            _ => {}
        }
    }

    /// Notes what machines report; faults of the rack or of the tester end the case at once.
    fn see_report(&mut self, observation: &Observation, n: u64) {
        match observation {
            Observation::Order { machine, refused, .. } => {
                self.finished_orders.push(FinishedOrder {
                    machine: machine.clone(),
                    refused: refused.clone(),
                    event: n,
                });
            }
            Observation::BoardLost { board, reason } => {
                self.abort(Verdict::Error, Blame::Rack, format!("board `{board}` is lost: {reason}"), vec![n]);
            }
            Observation::CaptureGap { sniffer, reason } => {
                self.abort(
                    Verdict::Error,
                    Blame::Rack,
                    format!("sniffer `{sniffer}` missed frames: {reason}"),
                    vec![n],
                );
            }
            Observation::TesterFault { part, reason } => {
                self.abort(Verdict::Error, Blame::Tester, format!("the tester's {part} failed: {reason}"), vec![n]);
            }
            Observation::UpperTester { board, line } if broken_upper_tester_line(line) => {
                let reason = format!("the upper tester of `{board}` sent a broken line: {line:?}");
                self.abort(Verdict::Error, Blame::Rack, reason, vec![n]);
            }
            _ => {}
        }
    }

    /// Looks whether the active step is decided by what was seen; true if something changed.
    fn evaluate(&mut self) -> bool {
        let Some(active) = &self.active else { return false };
        let step = &self.case.steps[active.step];
        let (started, since) = (active.n, active.t);
        let ending = match (&active.phase, &step.kind) {
            (Phase::Passing { until }, _) if self.last.1 >= *until && self.passing_is_immediate(active) => {
                Some(Ending::pass("done", Vec::new()))
            }
            (Phase::Booting { board }, _) => self.event_from(board, "booted", started).map(|pdu| {
                let evidence = pdu.events.clone();
                Ending::pass("booted", evidence)
            }),
            (Phase::Answer { board, seq: Some(seq) }, kind) => {
                let reply = self.reply(board, *seq, started).cloned();
                reply.map(|reply| self.judge_answer(kind, board, &reply))
            }
            (Phase::Order { machine }, StepKind::Do(Command::Machine { answer, .. })) => {
                self.order_ending(machine, answer, started)
            }
            (Phase::Transmitting, _) if self.stimulus.settled() && self.last.0 > started => {
                Some(Ending::pass("sent", Vec::new()))
            }
            (Phase::Observing, StepKind::Prompt { .. }) => None,
            (Phase::Observing, kind) => self.observe(kind, since),
            (Phase::AliveBefore { seq: Some(seq) }, StepKind::Never(never)) => {
                let opened = self.reply(&never.alive, *seq, started).map(|reply| (reply.completed(), reply.time));
                if let (Some((opened, time)), Some(active)) = (opened, &mut self.active) {
                    let until = time.saturating_add(nanoseconds(never.during));
                    active.phase = Phase::Watching { opened, until };
                    return true;
                }
                None
            }
            (Phase::Watching { opened, until }, StepKind::Never(never)) => {
                self.forbidden(never, started, *until).map(|ending| with_evidence(ending, *opened))
            }
            (Phase::AliveAfter { opened, watched_until, seq }, StepKind::Never(never)) => {
                let answer = seq.and_then(|seq| self.reply(&never.alive, seq, *opened)).map(Pdu::completed);
                self.forbidden(never, started, *watched_until)
                    .or_else(|| answer.map(|answer| self.silent(never, vec![*opened, answer])))
            }
            _ => None,
        };
        match ending {
            Some(ending) => {
                self.finish(ending);
                true
            }
            None => false,
        }
    }

    /// Steps that only act are over at once; a `wait` is over at its deadline.
    fn passing_is_immediate(&self, active: &Active) -> bool {
        !matches!(self.case.steps[active.step].kind, StepKind::Wait { .. })
    }

    /// The active step's deadline has passed.
    fn expire(&mut self) {
        let Some(active) = &mut self.active else { return };
        let step = &self.case.steps[active.step];
        let (started, since) = (active.n, active.t);
        let ending = match (&active.phase, &step.kind) {
            (Phase::Passing { .. }, _) => Ending::pass("time passed", Vec::new()),
            (Phase::Watching { opened, until }, _) => {
                active.phase = Phase::AliveAfter { opened: *opened, watched_until: *until, seq: None };
                return;
            }
            (Phase::Booting { board }, _) => Ending::other(
                Verdict::Error,
                Blame::Rack,
                format!("board `{board}` did not report `booted` after power-on"),
                vec![started],
            ),
            (Phase::Answer { board, .. }, _) => {
                Ending::other(Verdict::Error, Blame::Rack, unanswered(board), vec![started])
            }
            (Phase::AliveBefore { .. } | Phase::AliveAfter { .. }, StepKind::Never(never)) => Ending::other(
                Verdict::Inconclusive,
                Blame::Rack,
                format!("{}: silence proves nothing", unanswered(&never.alive)),
                vec![started],
            ),
            (Phase::Order { machine }, _) => Ending::other(
                Verdict::Error,
                Blame::Tester,
                format!("machine `{machine}` never finished its order"),
                vec![started],
            ),
            (Phase::Transmitting, _) => Ending::other(
                Verdict::Error,
                Blame::Rack,
                "the tester radio never reported what became of its frame",
                vec![started],
            ),
            (_, kind) => self.missed_deadline(kind, since),
        };
        self.finish(ending);
    }

    fn observe(&self, kind: &StepKind, since: u64) -> Option<Ending> {
        match kind {
            StepKind::Expect(expect) => match self.look(expect, since, &[]) {
                Finding::Met(found) => Some(self.met(&found, &[expect])),
                Finding::Missed { pdu, fields } => Some(self.mismatch(expect, pdu, fields)),
                Finding::Open { .. } => None,
            },
            StepKind::Unordered(expects) => {
                let mut used = Vec::new();
                for expect in expects {
                    match self.look(expect, since, &used) {
                        Finding::Met(found) => used.extend(found),
                        Finding::Missed { pdu, fields } => return Some(self.mismatch(expect, pdu, fields)),
                        Finding::Open { .. } => return None,
                    }
                }
                Some(self.met(&used, &expects.iter().collect::<Vec<_>>()))
            }
            StepKind::Alternatives(expects) => {
                // The first PDU that any of them names decides; if several name it, one that it meets.
                let mut first: Option<(usize, bool, Ending)> = None;
                for expect in expects {
                    let (pdu, met, ending) = match self.look(expect, since, &[]) {
                        Finding::Met(found) => {
                            let Some(pdu) = found.first().copied() else { continue };
                            (pdu, true, self.met(&found, &[expect]))
                        }
                        Finding::Missed { pdu, fields } => (pdu, false, self.mismatch(expect, pdu, fields)),
                        Finding::Open { .. } => continue,
                    };
                    let earlier = first
                        .as_ref()
                        .is_none_or(|(best, best_met, _)| pdu < *best || (pdu == *best && met && !best_met));
                    if earlier {
                        first = Some((pdu, met, ending));
                    }
                }
                first.map(|(_, _, ending)| ending)
            }
            _ => None,
        }
    }

    fn look(&self, expect: &Expect, since: u64, used: &[usize]) -> Finding {
        let window = Window { after: self.cursor, until: since.saturating_add(nanoseconds(expect.within)) };
        expectation::find(expect, &self.pdus, window, used, &self.bindings)
    }

    fn met(&self, found: &[usize], expects: &[&Expect]) -> Ending {
        let mut evidence: Vec<u64> =
            found.iter().filter_map(|index| self.pdus.get(*index)).flat_map(|pdu| pdu.events.clone()).collect();
        evidence.sort_unstable();
        evidence.dedup();
        let fields: Vec<String> = found
            .first()
            .and_then(|index| self.pdus.get(*index))
            .zip(expects.first())
            .map(|(pdu, expect)| {
                expect
                    .matches
                    .iter()
                    .map(|wanted| format!("{} = {}", wanted.field, template::seen(pdu, &wanted.field)))
                    .collect()
            })
            .unwrap_or_default();
        let seen = if fields.is_empty() { "seen".to_owned() } else { fields.join(", ") };
        Ending::pass(seen, evidence)
    }

    fn mismatch(&self, expect: &Expect, pdu: usize, fields: Vec<FieldMiss>) -> Ending {
        let evidence = self.pdus.get(pdu).map(|pdu| pdu.events.clone()).unwrap_or_default();
        let sentence = fields
            .iter()
            .map(|miss| format!("{} is {}, expected {}", miss.field, miss.seen, miss.expected))
            .collect::<Vec<_>>()
            .join("; ");
        let subject = expect.from.as_deref().unwrap_or(DUT);
        let (verdict, blame) =
            if subject == DUT { (Verdict::Fail, Blame::Device) } else { (Verdict::Inconclusive, Blame::Tester) };
        let mut ending =
            Ending::other(verdict, blame, format!("{} from {subject}: {sentence}", expect.message), evidence.clone());
        ending.seen = sentence;
        ending.nearest_miss = Some(NearestMiss { evidence, fields });
        ending
    }

    /// An expectation's time is over: a `fail` only if the stimulus is proven to have been delivered.
    fn missed_deadline(&self, kind: &StepKind, since: u64) -> Ending {
        let expects: Vec<&Expect> = match kind {
            StepKind::Expect(expect) => vec![expect],
            StepKind::Unordered(expects) | StepKind::Alternatives(expects) => expects.iter().collect(),
            _ => Vec::new(),
        };
        let mut used = Vec::new();
        let mut open: Option<(&Expect, Option<NearestMiss>)> = None;
        for expect in expects {
            match self.look(expect, since, &used) {
                Finding::Met(found) => used.extend(found),
                Finding::Open { nearest } if open.is_none() => open = Some((expect, nearest)),
                Finding::Open { .. } | Finding::Missed { .. } => {}
            }
        }
        let Some((expect, nearest)) = open else {
            return Ending::other(Verdict::Inconclusive, Blame::Suite, "nothing was awaited", Vec::new());
        };
        let subject = expect.from.as_deref().unwrap_or(DUT);
        let what = format!("no {} from {subject} within {:?}", expect.message, expect.within);
        let near = nearest.as_ref().map(|miss| {
            let fields: Vec<String> = miss
                .fields
                .iter()
                .map(|miss| format!("{} is {}, expected {}", miss.field, miss.seen, miss.expected))
                .collect();
            format!("; the nearest miss: {}", fields.join("; "))
        });
        let what = format!("{what}{}", near.unwrap_or_default());
        let mut ending = match self.stimulus.delivered(subject, &self.deliveries) {
            _ if subject != DUT => Ending::other(Verdict::Inconclusive, Blame::Tester, what, vec![self.last.0]),
            Some(proof) => {
                Ending::other(Verdict::Fail, Blame::Device, format!("{what}, though its stimulus was delivered"), proof)
            }
            None => Ending::other(
                Verdict::Inconclusive,
                Blame::Rack,
                format!("{what}, but nothing proves that its stimulus was delivered"),
                vec![self.stimulus.since.max(1)],
            ),
        };
        ending.nearest_miss = nearest;
        ending
    }

    fn forbidden(&self, never: &Never, after: u64, until: u64) -> Option<Ending> {
        let window = Window { after, until };
        let index = expectation::find_forbidden(never, &self.pdus, window, &self.bindings)?;
        let pdu = self.pdus.get(index)?;
        let subject = never.from.as_deref().unwrap_or(DUT);
        let (verdict, blame) =
            if subject == DUT { (Verdict::Fail, Blame::Device) } else { (Verdict::Inconclusive, Blame::Tester) };
        Some(Ending::other(
            verdict,
            blame,
            format!("{} came from {subject}, which must not be", never.message),
            pdu.events.clone(),
        ))
    }

    /// Nothing forbidden came between two live exchanges. That means something only if what should have provoked it is
    /// proven to have arrived.
    fn silent(&self, never: &Never, evidence: Vec<u64>) -> Ending {
        let subject = never.from.as_deref().unwrap_or(DUT);
        if self.stimulus.since > 0 && self.stimulus.delivered(subject, &self.deliveries).is_none() {
            return Ending::other(
                Verdict::Inconclusive,
                Blame::Rack,
                format!("no {} from {subject}, but nothing proves that its stimulus was delivered", never.message),
                evidence,
            );
        }
        Ending::pass("nothing forbidden between two live exchanges", evidence)
    }

    fn judge_answer(&self, kind: &StepKind, board: &str, reply: &Pdu) -> Ending {
        let status = text_of(reply, "ut.status").unwrap_or_default();
        let code = text_of(reply, "ut.code");
        let evidence = reply.events.clone();
        let said = match &code {
            Some(code) => format!("`{status} code={code}`"),
            None => format!("`{status}`"),
        };
        let blame = if board == DUT { Blame::Device } else { Blame::Tester };
        match kind {
            StepKind::Do(Command::UpperTester { answer, command, .. }) => {
                let accepted = match answer {
                    Answer::Ok => status == "ok",
                    Answer::Unimplemented => status == "unimplemented",
                    Answer::Error(wanted) => {
                        status == "error" && wanted.as_ref().is_none_or(|wanted| code.as_ref() == Some(wanted))
                    }
                };
                if accepted {
                    return Ending::pass(format!("answered {said}"), evidence);
                }
                // A refusal that had to come and did not is the device's; any other odd answer only hinders the test.
                let verdict = match answer {
                    Answer::Error(_) if status == "ok" && board == DUT => Verdict::Fail,
                    _ => Verdict::Inconclusive,
                };
                Ending::other(verdict, blame, format!("`{board}` answered {said} to `{command}`"), evidence)
            }
            StepKind::Check(Check { matches, command, .. }) => {
                if status != "ok" {
                    let reason = format!("`{board}` answered {said} to `{command}`");
                    return Ending::other(Verdict::Inconclusive, blame, reason, evidence);
                }
                let fields = template::misses(reply, matches, &self.bindings);
                if fields.is_empty() {
                    let seen: Vec<String> = matches
                        .iter()
                        .map(|wanted| format!("{} = {}", wanted.field, template::seen(reply, &wanted.field)))
                        .collect();
                    return Ending::pass(seen.join(", "), evidence);
                }
                let sentence = fields
                    .iter()
                    .map(|miss| format!("{} is {}, expected {}", miss.field, miss.seen, miss.expected))
                    .collect::<Vec<_>>()
                    .join("; ");
                let verdict = if board == DUT { Verdict::Fail } else { Verdict::Inconclusive };
                let reason = format!("`{command}` of `{board}`: {sentence}");
                let mut ending = Ending::other(verdict, blame, reason, evidence.clone());
                ending.nearest_miss = Some(NearestMiss { evidence, fields });
                ending
            }
            _ => Ending::other(Verdict::Error, Blame::Suite, "an answer to a step that asked nothing", evidence),
        }
    }

    fn order_ending(&self, machine: &str, answer: &Answer, after: u64) -> Option<Ending> {
        let finished = self.finished_orders.iter().find(|order| order.machine == machine && order.event > after)?;
        let evidence = vec![finished.event];
        Some(match (&finished.refused, answer) {
            (None, Answer::Ok) => Ending::pass("done", evidence),
            (Some(reason), Answer::Error(_)) => match self.stimulus.delivered(DUT, &self.deliveries) {
                Some(_) => Ending::pass(format!("refused: {reason}"), evidence),
                None => Ending::other(
                    Verdict::Inconclusive,
                    Blame::Tester,
                    format!("`{machine}` could not ({reason}), but nothing proves that the device had a say in it"),
                    evidence,
                ),
            },
            (Some(reason), _) => {
                let reached = self.stimulus.delivered(DUT, &self.deliveries).is_some();
                let blame = if reached { Blame::Device } else { Blame::Tester };
                Ending::other(Verdict::Inconclusive, blame, format!("`{machine}` could not: {reason}"), evidence)
            }
            (None, Answer::Error(_) | Answer::Unimplemented) => Ending::other(
                Verdict::Fail,
                Blame::Device,
                format!("`{machine}` got through, where the device had to refuse"),
                evidence,
            ),
        })
    }

    fn reply(&self, board: &str, seq: u32, after: u64) -> Option<&Pdu> {
        self.pdus.iter().find(|pdu| {
            pdu.completed() > after
                && pdu.messages.contains(&"ut.reply")
                && pdu.from.as_deref() == Some(board)
                && pdu.values("ut.seq").any(|value| *value == Value::Number(u64::from(seq)))
        })
    }

    fn event_from(&self, board: &str, name: &str, after: u64) -> Option<&Pdu> {
        self.pdus.iter().find(|pdu| {
            pdu.completed() > after
                && pdu.messages.contains(&"ut.event")
                && pdu.from.as_deref() == Some(board)
                && pdu.values("ut.event").any(|value| matches!(value, Value::Text(text) if text == name))
        })
    }

    /// Ends the active step and goes on to the next, or decides the case.
    fn finish(&mut self, ending: Ending) {
        let Some(active) = self.active.take() else { return };
        let step = &self.case.steps[active.step];
        self.after_step(step, &active, &ending);
        // What a procedure does in a body is preparation there too.
        let part = match step.part {
            Part::Body if step.procedure.is_some() => Part::Preamble,
            part => part,
        };
        let verdict = match (part, ending.verdict) {
            (_, Verdict::Pass) => Verdict::Pass,
            (Part::EntryCheck, _) => Verdict::Error,
            (Part::Preamble, Verdict::Fail) => Verdict::Inconclusive,
            (_, verdict) => verdict,
        };
        self.outcomes[active.step] = StepOutcome {
            step: active.step,
            verdict,
            reason: ending.reason.clone(),
            expected: step.text.clone(),
            seen: ending.seen,
            evidence: ending.evidence.clone(),
            nearest_miss: ending.nearest_miss,
            started: Some(active.t),
            ended: Some(self.last.1),
        };
        self.next = active.step + 1;
        if verdict == Verdict::Pass {
            return;
        }
        let (blame, prefix) = match part {
            Part::EntryCheck => (Blame::Rack, "entry check: "),
            Part::Preamble => (ending.blame, "preamble: "),
            Part::Body | Part::Postamble => (ending.blame, ""),
        };
        let decision = Decision {
            verdict,
            blame,
            reason: format!("{prefix}{}", ending.reason),
            step: Some(active.step),
            evidence: ending.evidence,
        };
        let goes_on = step.part == Part::Body
            && verdict == Verdict::Inconclusive
            && matches!(step.kind, StepKind::Do(Command::Machine { .. }));
        if goes_on {
            self.doubt.get_or_insert(decision);
        } else if step.part != Part::Postamble || verdict == Verdict::Error {
            self.decide(decision);
        }
    }

    /// What a step's end means for the steps after it.
    fn after_step(&mut self, step: &Step, active: &Active, ending: &Ending) {
        if ending.verdict != Verdict::Pass {
            return;
        }
        match &step.kind {
            StepKind::Do(Command::Power { board, .. } | Command::Reset { board })
            | StepKind::Do(Command::UpperTester { board, .. }) => {
                for event in &ending.evidence {
                    self.stimulus.confirm(board, *event);
                }
            }
            StepKind::Expect(expect) => {
                self.cursor = ending.evidence.last().copied().unwrap_or(self.cursor);
                self.bind(expect, &ending.evidence);
                // What another board sent to the device is what the device must react to next.
                let message = self.pdus.iter().find(|pdu| pdu.completed() == self.cursor);
                if let Some(message) = message.filter(|pdu| {
                    pdu.point == suites::plan::Point::Air
                        && pdu.to.as_deref() == Some(DUT)
                        && pdu.from.as_deref() != Some(DUT)
                }) {
                    self.stimulus = Stimulus::of_message(message, &expect.message);
                }
            }
            StepKind::Unordered(expects) | StepKind::Alternatives(expects) => {
                for expect in expects {
                    self.bind(expect, &ending.evidence);
                }
                self.cursor = ending.evidence.last().copied().unwrap_or(self.cursor);
            }
            StepKind::Check(Check { bind: Some(name), .. }) => {
                let reply = ending.evidence.last().and_then(|event| {
                    self.pdus.iter().find(|pdu| pdu.completed() == *event && pdu.messages.contains(&"ut.reply"))
                });
                if let Some(reply) = reply {
                    self.bindings.bind(name, reply);
                }
            }
            _ => {}
        }
        debug_assert!(active.step < self.case.steps.len());
    }

    fn bind(&mut self, expect: &Expect, evidence: &[u64]) {
        let Some(name) = &expect.bind else { return };
        let bound = self.pdus.iter().rev().find(|pdu| {
            evidence.contains(&pdu.completed())
                && expectation::names(expect, pdu)
                && expectation::meets(pdu, &expect.matches, &self.bindings)
        });
        if let Some(pdu) = bound {
            self.bindings.bind(name, pdu);
        }
    }

    /// Ends the case whatever step is on.
    fn abort(&mut self, verdict: Verdict, blame: Blame, reason: String, evidence: Vec<u64>) {
        let step = self.active.as_ref().map(|active| active.step);
        if let Some(active) = self.active.take() {
            let planned = &self.case.steps[active.step];
            self.outcomes[active.step] = StepOutcome {
                step: active.step,
                verdict,
                reason: reason.clone(),
                expected: planned.text.clone(),
                seen: reason.clone(),
                evidence: evidence.clone(),
                nearest_miss: None,
                started: Some(active.t),
                ended: Some(self.last.1),
            };
        }
        self.decide(Decision { verdict, blame, reason, step, evidence });
    }

    /// Fixes the verdict and leads to the postamble. An `error` outweighs what was decided before it.
    fn decide(&mut self, decision: Decision) {
        let outweighs = match &self.decided {
            None => true,
            Some(before) => decision.verdict == Verdict::Error && before.verdict != Verdict::Error,
        };
        if outweighs {
            self.decided = Some(decision);
        }
        let postamble = self.case.steps.iter().position(|step| step.part == Part::Postamble);
        self.next = match postamble {
            Some(index) if index >= self.next => index,
            Some(_) => self.next,
            None => self.case.steps.len(),
        };
    }
}

/// Whose frames prove that a command had its effect: the machine's, or the board's that was commanded.
fn actor(command: &Command) -> &str {
    match command {
        Command::Power { board, .. } | Command::Reset { board } | Command::UpperTester { board, .. } => board,
        Command::Machine { machine, .. } => machine,
    }
}

fn with_evidence(mut ending: Ending, event: u64) -> Ending {
    ending.evidence.insert(0, event);
    ending
}

/// Boot messages and the like may share the upper tester's stream; a line that claims to be UT/1 must be UT/1.
fn broken_upper_tester_line(line: &str) -> bool {
    line.starts_with(['<', '!']) && wire::upper_tester::Line::parse(line).is_err()
}

fn unanswered(board: &str) -> String {
    format!("the upper tester of `{board}` did not answer within {UPPER_TESTER_TIMEOUT:?}")
}

fn nanoseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn text_of(pdu: &Pdu, field: &str) -> Option<String> {
    pdu.values(field).find_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(_) => None,
    })
}

fn not_run(index: usize, step: &Step) -> StepOutcome {
    StepOutcome {
        step: index,
        verdict: Verdict::NotRun,
        reason: String::new(),
        expected: step.text.clone(),
        seen: String::new(),
        evidence: Vec::new(),
        nearest_miss: None,
        started: None,
        ended: None,
    }
}
