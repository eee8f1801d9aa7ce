//! What the step that is on waits for, and until when.

use std::time::Duration;

use record::event::Event;
use record::verdict::{Blame, Verdict};
use suites::plan::{Command, Part, StepKind, UPPER_TESTER_TIMEOUT};

use super::active::{Active, Phase};
use super::delivery::Stimulus;
use super::ending::Ending;
use super::judge::Judge;
use super::pdu::Pdu;
use super::times::nanoseconds;

/// How long a board may take from power-on to its `booted` event.
const BOOT_TIMEOUT: u64 = 5_000_000_000;

/// How long a tester-side machine may work on an order of a plan that says nothing of it: one of an older version.
const ORDER_TIMEOUT: Duration = Duration::from_secs(600);

/// A machine ends its orders itself, in their time. One that has said nothing after this much more is broken.
const ORDER_GRACE: Duration = Duration::from_secs(5);

/// How many times as long an order may take over links that lose frames: its handshakes may have to begin anew.
const ORDER_TRIES: u32 = 3;

/// How long the MAC may take for the frames of one `send` step.
const TRANSMIT_TIMEOUT: u64 = 5_000_000_000;

impl Judge<'_> {
    pub(super) fn start(&mut self, step: usize, event: &Event) {
        if let Some(active) = self.active.take() {
            let reason = format!("the log goes on to step {} although nothing decided this one", step + 1);
            self.active = Some(active);
            self.abort(Verdict::Error, Blame::Rack, None, reason, vec![event.n]);
        }
        if step != self.next {
            if self.decided.is_none() {
                let reason = format!("the log starts step {}, the plan's next is {}", step + 1, self.next + 1);
                self.abort(Verdict::Error, Blame::Rack, None, reason, vec![event.n]);
            }
            return;
        }
        let Some(planned) = self.case.steps.get(step) else {
            let reason = format!("the log starts step {}, and the plan has only {}", step + 1, self.case.steps.len());
            return self.abort(Verdict::Error, Blame::Rack, None, reason, vec![event.n]);
        };
        if planned.part == Part::Body && self.body_began == 0 {
            self.body_began = event.n;
        }
        let phase = match &planned.kind {
            StepKind::Do(command) => {
                self.cursor = event.n;
                self.stimulus = Stimulus::new(event.n, actor(command));
                if matches!(command, Command::Machine { machine, .. } if machine == self.iut()) {
                    // An order reaches the machine that it is given to.
                    self.stimulus.confirm(self.iut(), event.n);
                }
                match command {
                    Command::Power { board, on: true } | Command::Reset { board } if self.has_upper_tester(board) => {
                        Phase::Booting { board: board.clone() }
                    }
                    Command::Power { .. } | Command::Reset { .. } => Phase::Passing { until: event.t },
                    Command::UpperTester { board, .. } => Phase::Answer { board: board.clone(), seq: None },
                    Command::Machine { machine, .. } => Phase::Order { machine: machine.clone(), order: None },
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

    /// How long the machine may work on the order of this step.
    pub fn order_time(&self, step: usize) -> Option<Duration> {
        let StepKind::Do(Command::Machine { within, .. }) = &self.case.steps.get(step)?.kind else { return None };
        let tries = if self.loses_frames() { ORDER_TRIES } else { 1 };
        within.map(|within| within.saturating_mul(tries))
    }

    /// Whether the step that is on waits for an order of this machine.
    pub(super) fn waits_for(&self, machine: &str) -> bool {
        matches!(&self.active, Some(Active { phase: Phase::Order { machine: ordered, .. }, .. }) if ordered == machine)
    }

    fn has_upper_tester(&self, board: &str) -> bool {
        self.case.topology.boards.iter().any(|candidate| candidate.name == board && candidate.role.has_firmware())
    }

    pub(super) fn deadline(&self, active: &Active) -> u64 {
        let after = |duration: u64| active.t.saturating_add(duration);
        match &active.phase {
            Phase::Booting { .. } => after(BOOT_TIMEOUT),
            Phase::Answer { .. } | Phase::AliveBefore { .. } => after(nanoseconds(UPPER_TESTER_TIMEOUT)),
            Phase::AliveAfter { watched_until, .. } => watched_until.saturating_add(nanoseconds(UPPER_TESTER_TIMEOUT)),
            Phase::Order { .. } => {
                let within = self.order_time(active.step).unwrap_or(ORDER_TIMEOUT);
                after(nanoseconds(within.saturating_add(ORDER_GRACE)))
            }
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
    pub(super) fn note_request(&mut self, board: &str, line: &str) {
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

    /// The order that the active step waits for: an older one that is finished late says nothing of it.
    pub(super) fn note_order(&mut self, machine: &str, text: &str) {
        if self.next > 0 || self.active.is_some() {
            self.given_orders.push((machine.to_owned(), text.to_owned(), self.last.0));
        }
        if let Some(Active { phase: Phase::Order { machine: ordered, order: order @ None }, .. }) = &mut self.active
            && ordered == machine
        {
            *order = Some(text.to_owned());
        }
    }

    /// Looks whether the active step is decided by what was seen; true if something changed.
    pub(super) fn evaluate(&mut self) -> bool {
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
            (Phase::Answer { board, seq: Some(seq) }, _) => {
                let reply = self.reply(board, *seq, started).cloned();
                reply.map(|reply| self.judge_answer(step, board, &reply))
            }
            (Phase::Order { machine, order: Some(order) }, StepKind::Do(Command::Machine { answer, .. })) => {
                self.order_ending(machine, order, answer, (started, since))
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
                self.forbidden(never, *until).map(|ending| with_evidence(ending, *opened))
            }
            (Phase::AliveAfter { opened, watched_until, seq }, StepKind::Never(never)) => {
                let answer = seq.and_then(|seq| self.reply(&never.alive, seq, *opened)).map(Pdu::completed);
                self.forbidden(never, *watched_until)
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
    pub(super) fn expire(&mut self) {
        let lost = self.active.as_ref().and_then(|active| self.lost_since(active.n));
        if let Some(Active { phase: Phase::Order { machine, .. }, step, n, t }) = &self.active {
            let kind = &self.case.steps[*step].kind;
            let ending = match lost {
                Some(_) => self.excused(&self.unreported(machine, kind, *t), *n),
                None => self.broken_machine(machine, kind, (*n, *t)),
            };
            return self.finish(ending);
        }
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
            )
            .by(board),
            (Phase::Answer { board, .. }, _) => {
                Ending::other(Verdict::Error, Blame::Rack, unanswered(board), vec![started]).by(board)
            }
            (Phase::AliveBefore { .. } | Phase::AliveAfter { .. }, StepKind::Never(never)) => Ending::other(
                Verdict::Inconclusive,
                Blame::Rack,
                format!("{}: silence proves nothing", unanswered(&never.alive)),
                vec![started],
            )
            .by(&never.alive),
            (Phase::Transmitting, kind) => {
                let what = "the tester radio never reported what became of its frame";
                let ending = Ending::other(Verdict::Error, Blame::Rack, what, vec![started]);
                match kind {
                    StepKind::Send(send) => ending.by(&send.by),
                    _ => ending,
                }
            }
            (_, kind) => self.missed_deadline(kind, since),
        };
        self.finish(ending);
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

fn unanswered(board: &str) -> String {
    format!("the upper tester of `{board}` did not answer within {UPPER_TESTER_TIMEOUT:?}")
}
