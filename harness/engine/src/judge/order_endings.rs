//! How an order to a tester-side machine ends: done, refused, or given up when its time was over; whose doing that is, and
//! what the device said last.

use dissect::Value;
use record::event::Because;
use record::verdict::{Blame, Verdict};
use suites::plan::{Answer, Command, Point, StepKind};
use wire::Eui64;

use super::ending::Ending;
use super::finished_order::{FinishedOrder, got_through, refused_outright, verb};
use super::judge::Judge;
use super::pdu::Pdu;
use super::shown;
use super::times::{apart, offset};

/// An order of which nothing came.
struct Waiting<'a> {
    machine: &'a str,
    order: &'a str,
    /// Its time is over.
    gave_up: bool,
}

impl Judge<'_> {
    /// The end of an order that was given with event `after.0` at `after.1` nanoseconds.
    pub(super) fn order_ending(
        &self,
        machine: &str,
        order: &str,
        answer: &Answer,
        after: (u64, u64),
    ) -> Option<Ending> {
        if *answer == Answer::Later {
            return Some(Ending::pass("given", Vec::new()));
        }
        let (after, since) = after;
        let finished = self
            .finished_orders
            .iter()
            .find(|done| done.machine == machine && done.order == order && done.event > after)?;
        let evidence = vec![finished.event];
        let is_iut = machine == self.iut();
        let reached = || self.delivered(self.iut()).is_some();
        let Some(reason) = &finished.refused else {
            return Some(match answer {
                Answer::Ok => Ending::pass("done", evidence),
                _ if is_iut => Ending::other(
                    Verdict::Fail,
                    Blame::Device,
                    format!("`{machine}` carried `{order}` out, where it had to refuse"),
                    evidence,
                ),
                _ => Ending::other(
                    Verdict::Fail,
                    Blame::Device,
                    format!("{} by `{machine}`, where the device had to refuse", got_through(machine, order)),
                    evidence,
                ),
            });
        };
        if finished.because == Some(Because::Order) && !is_iut {
            let mut ending =
                Ending::other(Verdict::Inconclusive, Blame::Tester, refused_outright(finished), evidence).by(machine);
            ending.ends_case = true;
            return Some(ending);
        }
        let what =
            format!("`{machine} {}` came to nothing in {}: {reason}", verb(machine, order), apart(since, finished.t));
        let must_be_refused = matches!(answer, Answer::Error(_));
        Some(match finished.because {
            // Refused by what is under test itself.
            _ if must_be_refused && is_iut => Ending::pass(format!("refused: {reason}"), evidence),
            _ if must_be_refused && self.lost_for_one(after).is_some() => self.excused(&what, after),
            // By an alert, or by silence for as long as a handshake may take.
            _ if must_be_refused => match reached() {
                true => Ending::pass(format!("refused: {reason}"), evidence),
                false => Ending::other(
                    Verdict::Inconclusive,
                    Blame::Tester,
                    format!("{what}, but nothing proves that the device had a say in it"),
                    evidence,
                )
                .by(machine),
            },
            _ if self.lost_since(after).is_some() => self.excused(&what, after),
            because => {
                let blame = match because {
                    _ if reached() => Blame::Device,
                    Some(Because::Device) if self.is_about_the_iut(order) => Blame::Device,
                    Some(Because::Time) => self.blame_for_silence(order),
                    _ => Blame::Tester,
                };
                let reason = format!("{what}; {}", self.last_word(since, "the order"));
                Ending::other(Verdict::Inconclusive, blame, reason, evidence).by(machine)
            }
        })
    }

    /// Whether an order names what is under test, or nobody.
    fn is_about_the_iut(&self, order: &str) -> bool {
        let mut boards = self.case.topology.boards.iter();
        let names = |board: &str| {
            let eui64 = self.bindings.environment().get(board, "eui64");
            eui64.is_some_and(|eui64| order.contains(eui64))
        };
        names(self.iut()) || !boards.any(|board| names(&board.name))
    }

    /// What did not come after an order, where nothing proves that the device was given the chance: the order may still wait for
    /// the device to ask.
    pub(super) fn unproven_delivery(&self, what: &str, since: u64) -> Ending {
        let last = self.last_word(since, "the step began");
        let evidence = vec![self.stimulus.since.max(1)];
        match self.waiting_order() {
            Some(Waiting { machine, order, gave_up }) => {
                let blame = match self.blame_for_silence(order) {
                    Blame::Device => Blame::Device,
                    _ => Blame::Rack,
                };
                let waits = if gave_up { "has given the device up" } else { "still waits for the device" };
                let reason = format!("{what}: `{machine} {}` {waits}; {last}", verb(machine, order));
                Ending::other(Verdict::Inconclusive, blame, reason, evidence)
            }
            None => {
                let reason = format!("{what}, but nothing proves that its stimulus was delivered; {last}");
                Ending::other(Verdict::Inconclusive, Blame::Rack, reason, evidence)
            }
        }
    }

    /// The latest order of the case's steps that was given and not waited for, and of which nothing came yet, or nothing until
    /// its time was over.
    fn waiting_order(&self) -> Option<Waiting<'_>> {
        self.given_orders.iter().rev().find_map(|(machine, order, given)| {
            let ends = |done: &&FinishedOrder| done.machine == *machine && done.order == *order && done.event > *given;
            let gave_up = match self.finished_orders.iter().find(ends) {
                None => false,
                Some(done) if done.refused.is_some() && done.because == Some(Because::Time) => true,
                Some(_) => return None,
            };
            Some(Waiting { machine, order, gave_up })
        })
    }

    /// Whose doing it is that nothing came of an order of which nothing reached the device: the device's, if it runs and did not
    /// ask for what the order would have given it.
    fn blame_for_silence(&self, order: &str) -> Blame {
        let asked_for = |pdu: &Pdu| {
            let mut named =
                pdu.values("sel.eui64").filter_map(Value::text).filter_map(|text| text.parse::<Eui64>().ok());
            pdu.messages.contains(&"sel.jsr") && named.any(|eui64| order.contains(&eui64.to_string()))
        };
        if !self.refused_on_record(0) && self.pdus.iter().any(asked_for) {
            // It asked, and the network lost that on the way.
            return Blame::Tester;
        }
        let speaks = self.pdus.iter().any(|pdu| self.is_of_the_iut(pdu));
        if speaks && self.is_about_the_iut(order) { Blame::Device } else { Blame::Tester }
    }

    /// Whether what is under test sent an alert or a response after this event.
    fn refused_on_record(&self, after: u64) -> bool {
        let refuses = |pdu: &Pdu| ["dtls.alert", "coap.response"].iter().any(|name| pdu.messages.contains(name));
        self.pdus.iter().any(|pdu| pdu.completed() > after && self.is_of_the_iut(pdu) && refuses(pdu))
    }

    fn is_of_the_iut(&self, pdu: &Pdu) -> bool {
        pdu.origin.as_deref().or(pdu.from.as_deref()) == Some(self.iut())
    }

    /// The last thing that came from what is under test, of its upper tester only if there is nothing else, and when, seen from
    /// `since`, which is called `reference`.
    pub(super) fn last_word(&self, since: u64, reference: &str) -> String {
        let iut = self.iut();
        let tells = |pdu: &&Pdu| {
            let is_silent = pdu.retransmission || pdu.messages.contains(&"wpan.ack");
            self.is_of_the_iut(pdu) && !is_silent && !pdu.messages.contains(&"ut.reply")
        };
        let on_the_wire = |pdu: &&Pdu| pdu.point != Point::UpperTester && tells(pdu);
        let last = self.pdus.iter().rev().find(on_the_wire).or_else(|| self.pdus.iter().rev().find(tells));
        match last {
            None => format!("nothing ever came from {iut}"),
            Some(pdu) => {
                let info = shown::info(pdu, self.bindings.environment());
                let info = if info.is_empty() { info } else { format!(" ({info})") };
                let when = offset(pdu.time, since, reference);
                format!("the last thing from {iut} was {}{info}, {when}", shown::message(pdu))
            }
        }
    }

    /// A machine said nothing of its order, not even that its time is over.
    pub(super) fn unreported(&self, machine: &str, kind: &StepKind, since: u64) -> String {
        let order = match kind {
            StepKind::Do(Command::Machine { order, .. }) => verb(machine, order),
            _ => String::new(),
        };
        let waited = apart(since, self.active.as_ref().map_or(since, |active| self.deadline(active)));
        format!("`{machine}` reported nothing of its order `{order}` in {waited}")
    }

    /// As [`Judge::unreported`]: the fault of the tester, unless the machine is under test.
    pub(super) fn broken_machine(&self, machine: &str, kind: &StepKind, (started, since): (u64, u64)) -> Ending {
        let what = self.unreported(machine, kind, since);
        if machine == self.iut() {
            return Ending::other(Verdict::Inconclusive, Blame::Device, what, vec![started]);
        }
        Ending::other(Verdict::Error, Blame::Tester, what, vec![started]).by(machine)
    }
}
