//! How a step ends: by an answer, by a machine's report, by what was observed, or by silence.

use record::verdict::{Blame, FieldMiss, NearestMiss, Verdict};
use suites::plan::{Answer, Check, Command, Expect, Never, StepKind};
use wire::dissect::Value;

use super::expectation::{self, Finding, Window};
use super::judge::{DUT, Judge};
use super::observer::Pdu;
use super::phases::nanoseconds;
use super::template;

/// A machine's report that it is done with an order, or why it could not do it.
pub(super) struct FinishedOrder {
    pub(super) machine: String,
    pub(super) refused: Option<String>,
    pub(super) event: u64,
}

/// How a step ended.
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) blame: Blame,
    pub(super) reason: String,
    pub(super) seen: String,
    pub(super) evidence: Vec<u64>,
    pub(super) nearest_miss: Option<NearestMiss>,
}

impl Ending {
    pub(super) fn pass(seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self {
            verdict: Verdict::Pass,
            blame: Blame::Device,
            reason: String::new(),
            seen: seen.into(),
            evidence,
            nearest_miss: None,
        }
    }

    pub(super) fn other(verdict: Verdict, blame: Blame, reason: impl Into<String>, evidence: Vec<u64>) -> Self {
        let reason = reason.into();
        Self { verdict, blame, seen: reason.clone(), reason, evidence, nearest_miss: None }
    }
}

impl Judge<'_> {
    pub(super) fn observe(&self, kind: &StepKind, since: u64) -> Option<Ending> {
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
    pub(super) fn missed_deadline(&self, kind: &StepKind, since: u64) -> Ending {
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

    pub(super) fn forbidden(&self, never: &Never, after: u64, until: u64) -> Option<Ending> {
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
    pub(super) fn silent(&self, never: &Never, evidence: Vec<u64>) -> Ending {
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

    pub(super) fn judge_answer(&self, kind: &StepKind, board: &str, reply: &Pdu) -> Ending {
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

    pub(super) fn order_ending(&self, machine: &str, answer: &Answer, after: u64) -> Option<Ending> {
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
