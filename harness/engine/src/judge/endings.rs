//! How a step ends: by an answer, by a machine's report, by what was observed, or by silence.

use dissect::Value;
use record::verdict::{Blame, FieldMiss, NearestMiss, Verdict};
use suites::ledger::UPPER_TESTER_PREFIX;
use suites::plan::{Answer, Check, Command, Constraint, DUT, Expect, Never, Operand, Point, Step, StepKind};

use super::ending::Ending;
use super::expectation::{self, Window};
use super::judge::Judge;
use super::matching::{self, Assignment, Matching};
use super::pdu::Pdu;
use super::template;

/// What a bundle calls the rack's sniffer where no event names one.
const SNIFFER: &str = "sniffer";

impl Judge<'_> {
    pub(super) fn observe(&self, kind: &StepKind, since: u64) -> Option<Ending> {
        match kind {
            StepKind::Expect(expect) => self.observe_all(&[expect], since),
            StepKind::Unordered(expects) => self.observe_all(&expects.iter().collect::<Vec<_>>(), since),
            StepKind::Alternatives(expects) => self.observe_one_of(expects, since),
            _ => None,
        }
    }

    fn observe_all(&self, expects: &[&Expect], since: u64) -> Option<Ending> {
        match self.assign(expects, since) {
            Matching::Met(assignment) => Some(self.met(expects, &assignment)),
            Matching::Missed { expect, pdu, fields, .. } => Some(self.mismatch(expects[expect], pdu, fields)),
            Matching::Open(_) => None,
        }
    }

    /// The first PDU that any of them names decides which it is to be; if several name it, one that it meets.
    fn observe_one_of(&self, expects: &[Expect], since: u64) -> Option<Ending> {
        let mut best: Option<(usize, u8, Option<Ending>)> = None;
        for (position, expect) in expects.iter().enumerate() {
            let matching = self.assign(&[expect], since);
            let first = match &matching {
                Matching::Met(taken) | Matching::Open(taken) => taken.iter().flatten().next().copied(),
                Matching::Missed { pdu, before, .. } => Some(before.iter().flatten().next().copied().unwrap_or(*pdu)),
            };
            let Some(first) = first else { continue };
            let (rank, ending) = match matching {
                Matching::Met(taken) => {
                    let mut ending = self.met(&[expect], &taken);
                    ending.met.iter_mut().for_each(|(which, _)| *which = position);
                    (0, Some(ending))
                }
                Matching::Open(_) => (1, None),
                Matching::Missed { pdu, fields, .. } => (2, Some(self.mismatch(expect, pdu, fields))),
            };
            if best.as_ref().is_none_or(|(pdu, other, _)| (first, rank) < (*pdu, *other)) {
                best = Some((first, rank, ending));
            }
        }
        best.and_then(|(_, _, ending)| ending)
    }

    fn assign(&self, expects: &[&Expect], since: u64) -> Matching {
        matching::assign(expects, &self.pdus, self.cursor, since, &self.bindings)
    }

    fn met(&self, expects: &[&Expect], assignment: &Assignment) -> Ending {
        let met: Vec<(usize, usize)> = assignment
            .iter()
            .enumerate()
            .flat_map(|(expect, pdus)| pdus.iter().map(move |pdu| (expect, *pdu)))
            .collect();
        let mut evidence: Vec<u64> = met.iter().flat_map(|(_, pdu)| self.pdus[*pdu].events.clone()).collect();
        evidence.sort_unstable();
        evidence.dedup();
        let fields: Vec<String> = met
            .first()
            .map(|(expect, pdu)| {
                expects[*expect]
                    .matches
                    .iter()
                    .map(|wanted| format!("{} = {}", wanted.field, template::seen(&self.pdus[*pdu], &wanted.field)))
                    .collect()
            })
            .unwrap_or_default();
        let seen = if fields.is_empty() { "seen".to_owned() } else { fields.join(", ") };
        let mut ending = Ending::pass(seen, evidence);
        ending.met = met;
        ending
    }

    /// Whose doing a PDU is: the sender that was asked for, else the board that sent it, else the device.
    pub(super) fn subject<'s>(&'s self, from: Option<&'s str>, pdu: &'s Pdu) -> &'s str {
        let sender =
            pdu.from.as_deref().filter(|sender| self.case.topology.boards.iter().any(|board| board.name == *sender));
        from.or(sender).unwrap_or(self.iut())
    }

    fn mismatch(&self, expect: &Expect, pdu: usize, fields: Vec<FieldMiss>) -> Ending {
        let pdu = &self.pdus[pdu];
        let evidence = pdu.events.clone();
        let sentence = sentence(&fields);
        let subject = self.subject(expect.from.as_deref(), pdu);
        let (verdict, blame) =
            if subject == self.iut() { (Verdict::Fail, Blame::Device) } else { (Verdict::Inconclusive, Blame::Tester) };
        let mut ending =
            Ending::other(verdict, blame, format!("{} from {subject}: {sentence}", expect.message), evidence.clone())
                .by(subject);
        ending.seen = sentence;
        ending.nearest_miss = Some(NearestMiss { evidence, fields });
        ending
    }

    /// An expectation's time is over: a `fail` only if all that is missing is the device's, and the stimulus is proven to
    /// have been delivered.
    pub(super) fn missed_deadline(&self, kind: &StepKind, since: u64) -> Ending {
        let (expects, lacking, taken): (Vec<&Expect>, Vec<usize>, Assignment) = match kind {
            StepKind::Expect(expect) => self.lacking(vec![expect], since),
            StepKind::Unordered(expects) => self.lacking(expects.iter().collect(), since),
            StepKind::Alternatives(expects) => {
                // One that had begun is the one that lacks something; else all of them do.
                let begun = expects.iter().map(|expect| self.lacking(vec![expect], since));
                begun.into_iter().find(|(_, _, taken)| taken.iter().any(|pdus| !pdus.is_empty())).unwrap_or_else(|| {
                    let count = expects.len();
                    (expects.iter().collect(), (0..count).collect(), vec![Vec::new(); count])
                })
            }
            _ => (Vec::new(), Vec::new(), Vec::new()),
        };
        if lacking.is_empty() {
            return Ending::other(Verdict::Inconclusive, Blame::Suite, "nothing was awaited", Vec::new());
        }
        let mut nearest: Option<NearestMiss> = None;
        let mut what = Vec::new();
        for position in &lacking {
            let expect = expects[*position];
            what.push(absence(expect, taken[*position].len(), self.iut()));
            let near = matching::nearest(expect, &self.pdus, self.cursor, since, &taken, &self.bindings);
            if let Some(near) = near
                && nearest.as_ref().is_none_or(|best| near.fields.len() < best.fields.len())
            {
                nearest = Some(near);
            }
        }
        let mut what = what.join(", and ");
        if let Some(near) = &nearest {
            what = format!("{what}; the nearest miss: {}", sentence(&near.fields));
        }
        let iut = self.iut();
        let of_the_iut = lacking.iter().all(|position| expects[*position].from.as_deref().unwrap_or(iut) == iut);
        let unheard = lacking.iter().map(|position| expects[*position]).find_map(|expect| {
            let subject = expect.from.as_deref().unwrap_or(iut);
            (expect.at == Point::Air && self.air.missed.contains(subject)).then_some(subject)
        });
        let mut ending = if self.lost_since(self.stimulus.since).is_some() {
            self.excused(&what, self.stimulus.since)
        } else if let Some(unheard) = unheard.filter(|_| of_the_iut) {
            let reason = format!("{what}, but the sniffer may miss frames of {unheard}");
            Ending::other(Verdict::Inconclusive, Blame::Rack, reason, vec![self.last.0]).by(SNIFFER)
        } else {
            match self.delivered(iut) {
                _ if !of_the_iut => {
                    // The first that owes something and is not under test.
                    let other = lacking.iter().filter_map(|position| expects[*position].from.as_deref());
                    let other = other.filter(|from| *from != iut).find(|from| self.is_placed(from));
                    let ending = Ending::other(Verdict::Inconclusive, Blame::Tester, what, vec![self.last.0]);
                    Ending { who: other.map(str::to_owned), ..ending }
                }
                Some(proof) => Ending::other(
                    Verdict::Fail,
                    Blame::Device,
                    format!("{what}, though its stimulus was delivered; {}", self.last_word(since, "the step began")),
                    proof,
                ),
                None => self.unproven_delivery(&what, since),
            }
        };
        ending.nearest_miss = nearest;
        ending.is_absence = true;
        ending
    }

    /// A frame between two boards of the case that the air lost since event `since`. Unless the links lose frames it is only
    /// one between boards that are not under test, where nobody but the air can have lost it: two that do not hear each other
    /// sent at the same time. That excuses a device behind them, and no tool in front of them, which tries again.
    pub(super) fn lost_since(&self, since: u64) -> Option<u64> {
        // A stack behind a bridge that acknowledges no more may be gone, or too slow for the rack.
        let may_be_the_iut = self.loses_frames() || self.bindings.environment().acknowledges_itself(self.iut());
        if !may_be_the_iut && self.iut() != DUT {
            return None;
        }
        let counts = |name: &str| self.is_board(name) && (may_be_the_iut || name != self.iut());
        self.deliveries.lost(since, !may_be_the_iut, counts)
    }

    /// Whether the topology has a board or a station of this name.
    fn is_placed(&self, name: &str) -> bool {
        self.case.topology.boards.iter().any(|board| board.name == name)
    }

    fn is_board(&self, name: &str) -> bool {
        let mut boards = self.case.topology.boards.iter();
        boards.any(|board| board.name == name && board.role.has_firmware())
    }

    /// What did not come, where the air lost something that it may have hung on.
    pub(super) fn excused(&self, what: &str, since: u64) -> Ending {
        let event = self.lost_since(since).or_else(|| self.lost_for_one(since)).unwrap_or(since);
        let reason = format!("{what}, but the air lost frames meanwhile, the first at event {event}");
        Ending::other(Verdict::Inconclusive, Blame::Rack, reason, vec![event])
    }

    /// Which of `expects` lack a PDU, and what the others took.
    fn lacking<'e>(&self, expects: Vec<&'e Expect>, since: u64) -> (Vec<&'e Expect>, Vec<usize>, Assignment) {
        let taken = match self.assign(&expects, since) {
            Matching::Met(taken) | Matching::Open(taken) | Matching::Missed { before: taken, .. } => taken,
        };
        let lacking = matching::missing(&expects, &taken);
        (expects, lacking, taken)
    }

    /// A forbidden PDU since the last act or the last expectation that was met: one that came while the tester still
    /// waited for its own radio's report counts too.
    pub(super) fn forbidden(&self, never: &Never, until: u64) -> Option<Ending> {
        let window = Window { after: self.cursor, until };
        let index = expectation::find_forbidden(never, &self.pdus, window, &self.bindings)?;
        let pdu = self.pdus.get(index)?;
        let subject = self.subject(never.from.as_deref(), pdu);
        let (verdict, blame) =
            if subject == self.iut() { (Verdict::Fail, Blame::Device) } else { (Verdict::Inconclusive, Blame::Tester) };
        Some(
            Ending::other(
                verdict,
                blame,
                match self.last_act() {
                    Some(act) => format!("{} came from {subject} after `{act}`, which must not be", never.message),
                    None => format!("{} came from {subject}, which must not be", never.message),
                },
                pdu.events.clone(),
            )
            .by(subject),
        )
    }

    /// What the tester did last before the step that is on.
    fn last_act(&self) -> Option<&str> {
        let steps = self.case.steps.get(..self.active.as_ref()?.step)?;
        let act = steps.iter().rev().find(|step| matches!(step.kind, StepKind::Do(_) | StepKind::Send(_)))?;
        Some(&act.text)
    }

    /// Nothing forbidden came between two live exchanges. That means something only if what should have provoked it is
    /// proven to have arrived.
    pub(super) fn silent(&self, never: &Never, evidence: Vec<u64>) -> Ending {
        let subject = never.from.as_deref().unwrap_or(self.iut());
        let nothing_came = format!("no {} from {subject}, but", never.message);
        let in_doubt = |why: String| {
            Ending::other(Verdict::Inconclusive, Blame::Rack, format!("{nothing_came} {why}"), evidence.clone())
        };
        if self.stimulus.since > 0 && self.delivered(subject).is_none() {
            return in_doubt("nothing proves that its stimulus was delivered".to_owned());
        }
        if let Some(event) = self.lost_for_one(self.stimulus.since) {
            return in_doubt(format!(
                "frames get lost here, and the one at event {event}, or one before it, may not have arrived"
            ));
        }
        if never.at == Point::Air && !self.losses.has_heard(subject) {
            return in_doubt(format!("the sniffer has heard nothing else of {subject} either"));
        }
        Ending::pass("nothing forbidden between two live exchanges", evidence)
    }

    /// What proves that the stimulus reached `board`.
    pub(super) fn delivered(&self, board: &str) -> Option<Vec<u64>> {
        self.stimulus.delivered(board, &self.deliveries, self.loses_frames())
    }

    /// Whether a step decides on nothing but clauses of the upper tester's own protocol: there its answer is what is tested. In all
    /// others the upper tester is a means, and what it refuses hinders the test.
    pub(super) fn tests_upper_tester(&self, step: &Step) -> bool {
        let clauses = if step.clauses.is_empty() { &self.case.clauses } else { &step.clauses };
        clauses.iter().all(|id| id.starts_with(UPPER_TESTER_PREFIX))
    }

    pub(super) fn judge_answer(&self, step: &Step, board: &str, reply: &Pdu) -> Ending {
        let is_tested = board == self.iut() && self.tests_upper_tester(step);
        let status = text_of(reply, "ut.status").unwrap_or_default();
        let code = text_of(reply, "ut.code");
        let evidence = reply.events.clone();
        let said = match &code {
            Some(code) => format!("`{status} code={code}`"),
            None => format!("`{status}`"),
        };
        let blame = if board == self.iut() { Blame::Device } else { Blame::Tester };
        match &step.kind {
            StepKind::Do(Command::UpperTester { answer, command, .. }) => {
                let accepted = match answer {
                    Answer::Ok => status == "ok",
                    Answer::Unimplemented => status == "unimplemented",
                    Answer::Later => true,
                    Answer::Error(wanted) => {
                        status == "error" && wanted.as_ref().is_none_or(|wanted| code.as_ref() == Some(wanted))
                    }
                };
                if accepted {
                    return Ending::pass(format!("answered {said}"), evidence);
                }
                // A refusal that had to come and did not is the device's; any other odd answer only hinders the test.
                let verdict = match answer {
                    _ if is_tested => Verdict::Fail,
                    Answer::Error(_) if status == "ok" && board == self.iut() => Verdict::Fail,
                    _ => Verdict::Inconclusive,
                };
                Ending::other(verdict, blame, format!("`{board}` answered {said} to `{command}`"), evidence).by(board)
            }
            StepKind::Check(Check { matches, command, .. }) => {
                if status != "ok" {
                    let reason = format!("`{board}` answered {said} to `{command}`");
                    let verdict = if is_tested { Verdict::Fail } else { Verdict::Inconclusive };
                    return Ending::other(verdict, blame, reason, evidence).by(board);
                }
                let fields = template::misses(reply, matches, &self.bindings);
                if fields.is_empty() {
                    let seen: Vec<String> = matches
                        .iter()
                        .map(|wanted| format!("{} = {}", wanted.field, template::seen(reply, &wanted.field)))
                        .collect();
                    return Ending::pass(seen.join(", "), evidence);
                }
                let sentence = sentence(&fields);
                let verdict = if board == self.iut() { Verdict::Fail } else { Verdict::Inconclusive };
                let reason = format!("`{command}` of `{board}`: {sentence}");
                let mut ending = Ending::other(verdict, blame, reason, evidence.clone()).by(board);
                ending.nearest_miss = Some(NearestMiss { evidence, fields });
                ending
            }
            _ => Ending::other(Verdict::Error, Blame::Suite, "an answer to a step that asked nothing", evidence),
        }
    }

    pub(super) fn reply(&self, board: &str, seq: u32, after: u64) -> Option<&Pdu> {
        self.pdus.iter().find(|pdu| {
            pdu.completed() > after
                && pdu.messages.contains(&"ut.reply")
                && pdu.from.as_deref() == Some(board)
                && pdu.values("ut.seq").any(|value| *value == Value::Number(u64::from(seq)))
        })
    }

    pub(super) fn event_from(&self, board: &str, name: &str, after: u64) -> Option<&Pdu> {
        self.pdus.iter().find(|pdu| {
            pdu.completed() > after
                && pdu.messages.contains(&"ut.event")
                && pdu.from.as_deref() == Some(board)
                && pdu.values("ut.event").any(|value| matches!(value, Value::Text(text) if text == name))
        })
    }
}

fn text_of(pdu: &Pdu, field: &str) -> Option<String> {
    pdu.values(field).find_map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(_) => None,
    })
}

fn sentence(fields: &[FieldMiss]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|miss| format!("{} is {}, expected {}", miss.field, miss.seen, miss.expected)).collect();
    fields.join("; ")
}

/// What did not come, by the name a person knows it by.
fn absence(expect: &Expect, came: usize, iut: &str) -> String {
    let event = expect.matches.iter().find_map(|wanted| match (wanted.field.as_str(), &wanted.constraint) {
        ("ut.event", Constraint::Equals(Operand::Text(name))) => Some(format!(" `{name}`")),
        _ => None,
    });
    let message = format!("{}{}", expect.message, event.unwrap_or_default());
    let subject = expect.from.as_deref().unwrap_or(iut);
    match came {
        0 => format!("no {message} from {subject} within {:?}", expect.within),
        _ => format!("only {came} of {} {message} from {subject} within {:?}", matching::wanted(expect), expect.within),
    }
}
