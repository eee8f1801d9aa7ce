//! The judge: takes events one by one, starts and ends steps, and keeps what later steps need to know. Which step is on is
//! here; what a step waits for is in `phases`, how it ends in `endings`, what the ends amount to in `case_verdict`.

use std::net::Ipv6Addr;

use record::event::{Because, EVENTS_SCHEMA, Event, Key, Observation, What};
use record::verdict::{Blame, StepOutcome, Verdict};
use suites::plan::{Case, Check, Command, DUT, Expect, Match, Part, Point, Step, StepKind};
use wire::Eui64;
use wire::ieee802154::ShortAddress;

use super::active::{Active, Phase};
use super::conversation::{Conversations, Oddity};
use super::decision::{Decision, not_run};
use super::delivery::{DeliveryTracker, Stimulus};
use super::eavesdropper::CLEAR_SECRET;
use super::ending::Ending;
use super::expectation;
use super::finished_order::{FinishedOrder, refused_outright};
use super::lost_frames::Losses;
use super::observer::Observer;
use super::pdu::Pdu;
use super::template::Bindings;
use crate::environment::{Air, Environment};
use crate::monitors::Bench;

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

/// Judges one case from its events.
pub struct Judge<'a> {
    pub(super) case: &'a Case,
    pub(super) observer: Observer,
    pub(super) deliveries: DeliveryTracker,
    pub(super) losses: Losses,
    /// What the rack's air may lose.
    pub(super) air: Air,
    /// Event at which the body began; 0 before that.
    pub(super) body_began: u64,
    pub(super) bindings: Bindings,
    pub(super) pdus: Vec<Pdu>,
    pub(super) finished_orders: Vec<FinishedOrder>,
    /// Every order of a step: machine, text, and the event with which it was given.
    pub(super) given_orders: Vec<(String, String, u64)>,
    pub(super) outcomes: Vec<StepOutcome>,
    pub(super) active: Option<Active>,
    pub(super) next: usize,
    /// Expectations look at PDUs completed after this event.
    pub(super) cursor: u64,
    pub(super) stimulus: Stimulus,
    /// Number and time of the last event seen.
    pub(super) last: (u64, u64),
    pub(super) decided: Option<Decision>,
    /// A body step that could not be judged but does not stop the case: a later `fail` outweighs it.
    pub(super) doubt: Option<Decision>,
    /// Whether a step of the body was met by a PDU of what is under test.
    pub(super) device_observed: bool,
    /// Whether the device's power was switched on last.
    device_powered: bool,
    conversations: Conversations,
    /// The monitors of the case.
    pub(super) bench: Bench<'a>,
    pub(super) ended: bool,
}

/// An observer that looks for secrets in clear if a step of the case asks for them.
fn observer(case: &Case, environment: &Environment) -> Observer {
    let asks = |matches: &[Match]| matches.iter().any(|wanted| wanted.field == CLEAR_SECRET);
    let listens = case.steps.iter().any(|step| match &step.kind {
        StepKind::Never(never) => asks(&never.matches),
        StepKind::Expect(expect) => asks(&expect.matches),
        StepKind::Unordered(expects) | StepKind::Alternatives(expects) => {
            expects.iter().any(|expect| asks(&expect.matches))
        }
        _ => false,
    });
    let observer = Observer::new(environment);
    if listens { observer.eavesdrop() } else { observer }
}

impl<'a> Judge<'a> {
    /// A judge who has seen nothing.
    pub fn new(case: &'a Case, environment: &Environment) -> Self {
        Self {
            case,
            observer: observer(case, environment),
            deliveries: DeliveryTracker::default(),
            losses: Losses::new(&environment.air.missed),
            air: environment.air.clone(),
            body_began: 0,
            bindings: Bindings::new(environment),
            pdus: Vec::new(),
            finished_orders: Vec::new(),
            given_orders: Vec::new(),
            outcomes: case.steps.iter().enumerate().map(|(index, step)| not_run(index, step)).collect(),
            active: None,
            next: 0,
            cursor: 0,
            stimulus: Stimulus::default(),
            last: (0, 0),
            decided: None,
            doubt: None,
            device_observed: false,
            device_powered: false,
            conversations: Conversations::default(),
            bench: Bench::new(case, environment),
            ended: false,
        }
    }

    /// The name of what is under test.
    pub(super) fn iut(&self) -> &'a str {
        self.case.iut.name()
    }

    /// What `$name.field` means now.
    pub fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    /// The link keys that were read in requests since the last call: for the log, and for whoever opens the capture.
    pub fn take_keys(&mut self) -> Vec<Key> {
        self.observer.take_learnt()
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

    /// A board's addresses are those that it tells (`address`, `status`), whatever its EUI-64 would give.
    fn learn_addresses(&mut self, pdu: &Pdu) {
        let Some(board) = pdu.from.as_deref().filter(|_| pdu.point == Point::UpperTester) else { return };
        for (field, property) in [("ut.global", "global"), ("ut.link_local", "link_local")] {
            let told = pdu.text(field).and_then(|text| text.parse::<Ipv6Addr>().ok());
            let is_link_local = |address: &Ipv6Addr| address.segments()[0] & 0xffc0 == 0xfe80;
            let fits = |address: &Ipv6Addr| {
                !address.is_multicast()
                    && !address.is_loopback()
                    && !address.is_unspecified()
                    && is_link_local(address) == (property == "link_local")
            };
            if let Some(address) = told.filter(fits) {
                self.bindings.learn(board, property, &address.to_string());
                self.observer.learn_address(board, property, &address.to_string());
            }
        }
    }

    /// Takes the next event of the log.
    pub fn see(&mut self, event: &Event) {
        if let Some(reason) = self.flaw(event) {
            self.abort(Verdict::Error, Blame::Rack, None, reason, vec![event.n]);
        }
        if self.ended {
            return;
        }
        self.last = (event.n, event.t);
        // A `never` step has a deadline after its deadline.
        while self.active.as_ref().is_some_and(|active| event.t > self.deadline(active)) {
            self.expire();
        }
        let pdu = self.observer.see(event);
        self.stimulus.see(event, &self.observer);
        self.losses.act(event);
        if let Some(pdu) = &pdu {
            self.learn_addresses(pdu);
        }
        self.bench.see(event, pdu.as_ref(), &self.bindings);
        if let Some(pdu) = pdu {
            match (pdu.point, &event.what) {
                (Point::Air, _) => {
                    self.deliveries.see(&pdu);
                    self.losses.see(&pdu);
                }
                // What a port sends has reached nobody yet.
                (Point::Backbone, What::Observation(_)) => self.deliveries.see_backbone(&pdu),
                _ => {}
            }
            self.pdus.push(pdu);
        }
        if let What::Action(action) = &event.what {
            self.conversations.act(action);
        }
        match &event.what {
            What::StepStarted { step } => self.start(*step, event),
            // A clock that claims a deadline before its time decides nothing.
            What::DeadlineReached { step }
                if self.active.as_ref().is_some_and(|on| on.step == *step && event.t >= self.deadline(on)) =>
            {
                self.expire();
            }
            What::CaseEnded => self.ended = true,
            What::Action(record::Action::Power { board, on }) if board == DUT => self.device_powered = *on,
            What::Action(record::Action::UpperTester { board, line }) => self.note_request(board, line),
            What::Action(record::Action::Machine { machine, order }) => self.note_order(machine, order),
            What::Observation(observation) => self.see_report(observation, event.n),
            _ => {}
        }
        while self.evaluate() {}
    }

    /// Why the log cannot be whole, if this event shows that.
    fn flaw(&self, event: &Event) -> Option<String> {
        let (n, t) = self.last;
        let starts = matches!(&event.what, What::CaseStarted { case, schema, .. } if *case == self.case.id && schema == EVENTS_SCHEMA);
        if self.ended {
            Some(format!("the log goes on after its end, with event {}", event.n))
        } else if event.n != n + 1 {
            Some(format!("the log is not whole: event {} follows event {n}", event.n))
        } else if event.t < t {
            Some(format!("the log is not in order: event {} is older than the event before it", event.n))
        } else if n == 0 && !starts {
            Some("the log does not begin with the start of this case".to_owned())
        } else if n > 0 && matches!(event.what, What::CaseStarted { .. }) {
            Some(format!("the log starts its case again, with event {}", event.n))
        } else {
            None
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

    /// Notes what machines report; faults of the rack or of the tester end the case at once.
    fn see_report(&mut self, observation: &Observation, n: u64) {
        match observation {
            Observation::Order { machine, order, refused, because } => {
                let finished = FinishedOrder {
                    order: order.clone(),
                    machine: machine.clone(),
                    refused: refused.clone(),
                    because: *because,
                    event: n,
                    t: self.last.1,
                };
                // Nobody waits for it, and yet what follows would be told of a device that had no part in it.
                if *because == Some(Because::Order)
                    && machine != self.iut()
                    && self.next > 0
                    && !self.waits_for(machine)
                {
                    let reason = refused_outright(&finished);
                    self.abort(Verdict::Inconclusive, Blame::Tester, Some(machine), reason, vec![n]);
                }
                self.finished_orders.push(finished);
            }
            Observation::BoardLost { board, reason } => {
                let what = format!("board `{board}` is lost: {reason}");
                self.abort(Verdict::Error, Blame::Rack, Some(board), what, vec![n]);
            }
            // What is under test must not crash, whatever comes: a monitor says so, and by which clause.
            Observation::Crashed { board, reason } if board == self.iut() => {
                let what = format!("`{board}` crashed: {reason}");
                self.abort(Verdict::Inconclusive, Blame::Device, Some(board), what, vec![n]);
            }
            Observation::Crashed { board, reason } => {
                let what = format!("board `{board}` is lost: it crashed: {reason}");
                self.abort(Verdict::Error, Blame::Rack, Some(board), what, vec![n]);
            }
            Observation::CaptureGap { sniffer, reason } => {
                self.abort(
                    Verdict::Error,
                    Blame::Rack,
                    Some(sniffer),
                    format!("sniffer `{sniffer}` missed frames: {reason}"),
                    vec![n],
                );
            }
            Observation::RackFault { part, reason } => {
                self.abort(Verdict::Error, Blame::Rack, Some(part), reason.clone(), vec![n]);
            }
            Observation::Address { board, eui64, short, by } => {
                if let Err(reason) = self.learn_address(board, eui64.as_deref(), short.as_deref(), by) {
                    self.abort(Verdict::Error, Blame::Rack, Some(board), reason.to_string(), vec![n]);
                }
            }
            Observation::TesterFault { part, reason } => {
                let what = format!("the tester's {part} failed: {reason}");
                self.abort(Verdict::Error, Blame::Tester, Some(part), what, vec![n]);
            }
            Observation::Confirmed { text } => {
                let asked = self.active.as_ref().map(|active| &self.case.steps[active.step].kind);
                if matches!(asked, Some(StepKind::Prompt { text: prompt }) if prompt == text) {
                    self.finish(Ending::pass("confirmed by the operator", vec![n]));
                }
            }
            Observation::UpperTester { board, line } if broken_upper_tester_line(line) => {
                let reason = format!("the upper tester of `{board}` sent a broken line: {line:?}");
                self.abort(Verdict::Error, Blame::Rack, Some(board), reason, vec![n]);
            }
            Observation::UpperTester { board, line } => match self.conversations.hear(board, line) {
                Some(Oddity::UnaskedAnswer(seq)) => {
                    let reason = format!(
                        "the upper tester of `{board}` answers {seq}, which nobody asks: an old log, or another board's line?"
                    );
                    self.abort(Verdict::Error, Blame::Rack, Some(board), reason, vec![n]);
                }
                Some(Oddity::UnaskedBoot) => {
                    let reason =
                        format!("`{board}` started anew though nobody asked it to: its supply failed, or it crashed");
                    self.abort(Verdict::Inconclusive, Blame::Rack, Some(board), reason, vec![n]);
                }
                None => {}
            },
            _ => {}
        }
    }

    /// Takes an address that the rack has learnt of a board: from now on it is the board's.
    fn learn_address(
        &mut self,
        board: &str,
        eui64: Option<&str>,
        short: Option<&str>,
        by: &str,
    ) -> Result<(), AddressError> {
        let environment = self.bindings.environment();
        if !environment.learns(board) {
            return Err(AddressError::NotLearnt(board.to_owned()));
        }
        let is_read = |text: &str| AddressError::NoAddress { board: board.to_owned(), text: text.to_owned() };
        let eui64 = eui64.map(|text| text.parse::<Eui64>().map_err(|_| is_read(text))).transpose()?;
        let number = |text: &str| text.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let short_number = short.map(|text| number(text).ok_or_else(|| is_read(text))).transpose()?;
        if let Some(eui64) = eui64 {
            let planned = environment.get(board, "eui64").unwrap_or_default().to_owned();
            let other = environment.board_by_eui64(eui64).filter(|other| *other != board);
            if let Some(other) = other {
                let (board, other, by) = (board.to_owned(), other.to_owned(), by.to_owned());
                return Err(AddressError::OfAnother { board, other, eui64, by });
            }
            let has_certificates =
                environment.properties.get(board).is_some_and(|own| own.keys().any(|key| key.contains("certificate")));
            if has_certificates && planned != eui64.to_string() {
                let (board, by) = (board.to_owned(), by.to_owned());
                return Err(AddressError::NotOfItsCertificates { board, eui64, by, planned });
            }
        }
        self.bindings.learn_address(board, eui64, short);
        self.observer.learn_link_address(board, eui64, short_number.map(ShortAddress));
        Ok(())
    }

    /// Ends the active step and goes on to the next, or decides the case.
    pub(super) fn finish(&mut self, ending: Ending) {
        let Some(active) = self.active.take() else { return };
        let step = &self.case.steps[active.step];
        let ending = self.weighed(step, ending);
        self.after_step(step, &active, &ending);
        // What a procedure does in a body is preparation there too.
        let part = match step.part {
            Part::Body if step.procedure.is_some() => Part::Preamble,
            part => part,
        };
        let verdict = match (part, ending.verdict) {
            (_, Verdict::Pass) => Verdict::Pass,
            // A whole answer with the number of the request is no line's fault.
            (Part::EntryCheck, Verdict::Fail) if ending.blame == Blame::Device && self.tests_upper_tester(step) => {
                Verdict::Fail
            }
            (Part::EntryCheck, _) => Verdict::Error,
            (Part::Preamble | Part::EntryState, Verdict::Fail) => Verdict::Inconclusive,
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
        // The state in which a failed body left the device is evidence, not another verdict.
        if verdict == Verdict::Pass || part == Part::ExitState && self.decided.is_some() {
            return;
        }
        let (blame, prefix) = match part {
            Part::EntryCheck if verdict == Verdict::Fail => (ending.blame, "entry check: "),
            Part::EntryCheck => (Blame::Rack, "entry check: "),
            Part::Preamble => (ending.blame, "preamble: "),
            Part::EntryState => (ending.blame, "entry state: "),
            Part::ExitState => (ending.blame, "exit state: "),
            Part::Body | Part::Postamble => (ending.blame, ""),
        };
        let decision = Decision {
            verdict,
            blame,
            who: ending.who,
            reason: format!("{prefix}{}", ending.reason),
            step: Some(active.step),
            evidence: ending.evidence,
        };
        // What fails after an order that the air kept from the device says nothing of it.
        let unreached = self.doubt.as_ref().is_some_and(|doubt| doubt.blame == Blame::Rack);
        if step.part == Part::Body
            && verdict == Verdict::Fail
            && unreached
            && let Some(doubt) = self.doubt.take()
        {
            self.outcomes[active.step].verdict = Verdict::Inconclusive;
            return self.decide(doubt);
        }
        let goes_on = step.part == Part::Body
            && !ending.ends_case
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
            StepKind::Expect(expect) => self.take(step, std::slice::from_ref(expect), ending),
            StepKind::Unordered(expects) | StepKind::Alternatives(expects) => self.take(step, expects, ending),
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

    /// Binds the PDUs that met `expects`, and looks behind the last of them from now on.
    fn take(&mut self, step: &Step, expects: &[Expect], ending: &Ending) {
        for (expect, pdu) in &ending.met {
            let (expect, pdu) = (&expects[*expect], &self.pdus[*pdu]);
            if let Some(name) = &expect.bind {
                self.bindings.bind(name, pdu);
            }
            if step.part == Part::Body
                && (self.subject(expect.from.as_deref(), pdu) == self.iut()
                    || pdu.origin.as_deref() == Some(self.iut()))
            {
                self.device_observed = true;
            }
        }
        let Some((expect, message)) =
            ending.met.iter().map(|(expect, pdu)| (*expect, &self.pdus[*pdu])).max_by_key(|(_, pdu)| pdu.completed())
        else {
            return;
        };
        self.cursor = message.completed();
        // What another board sent to the subject is what the subject must react to next: to a device over the air, to
        // the tool at its port.
        let reached_at = if self.case.iut.is_device() { Point::Air } else { Point::Backbone };
        if message.point == reached_at
            && message.to.as_deref() == Some(self.iut())
            && message.from.as_deref() != Some(self.iut())
        {
            self.stimulus = Stimulus::of_message(message, &expects[expect].message);
        }
    }

    /// Ends the case whatever step is on; `who` it was, if that is known.
    pub(super) fn abort(
        &mut self,
        verdict: Verdict,
        blame: Blame,
        who: Option<&str>,
        reason: String,
        evidence: Vec<u64>,
    ) {
        let step = self.active.as_ref().map(|active| active.step);
        if let Some(active) = self.active.take() {
            // A step of the postamble that is cut short is not begun again.
            self.next = active.step + 1;
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
        self.decide(Decision { verdict, blame, who: who.map(str::to_owned), reason, step, evidence });
    }

    fn is_error(&self) -> bool {
        self.decided.as_ref().is_some_and(|decision| decision.verdict == Verdict::Error)
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
        let goes_on = |step: &Step| {
            step.part == Part::Postamble || step.part == Part::ExitState && self.device_powered && !self.is_error()
        };
        let rest = self.case.steps.get(self.next..).unwrap_or_default();
        self.next += rest.iter().position(goes_on).unwrap_or(rest.len());
    }
}

/// Boot messages and the like share the upper tester's stream, as log; what the rack takes for UT/1 must be UT/1.
fn broken_upper_tester_line(line: &str) -> bool {
    wire::upper_tester::Line::parse(line).is_err()
}

/// Why an address that the rack has learnt cannot be a board's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum AddressError {
    #[error("the log has an address of `{0}` learnt, which the testbed does not have learnt")]
    NotLearnt(String),
    #[error("`{text}` is no address of `{board}`")]
    NoAddress { board: String, text: String },
    #[error("board `{board}` has the address of `{other}`, {eui64} by its {by}")]
    OfAnother { board: String, other: String, eui64: Eui64, by: String },
    #[error(
        "board `{board}` has the address {eui64} by its {by}, and this case's certificates were issued to {planned}: write \
         `eui64 = \"{eui64}\"` into its table of the testbed file"
    )]
    NotOfItsCertificates { board: String, eui64: Eui64, by: String, planned: String },
}
