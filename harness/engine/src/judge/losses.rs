//! What the air may have lost. A sniffer shows what was sent; that a frame for one receiver arrived is shown by its
//! acknowledgement only (IEEE 802.15.4-2006 7.5.6.4), and that one for all arrived is shown by nothing. Where links lose frames,
//! what may not have arrived may be why a device is silent, or says another thing than it should.

use std::collections::{BTreeMap, BTreeSet};

use dissect::{NoteKind, Value};
use record::event::{Action, Event, Observation, What};
use record::verdict::{Blame, FieldMiss, Verdict};
use suites::plan::{Command, Part, Step, StepKind};
use wire::upper_tester::{Line, Outcome, Request};

use super::case_verdict::Decision;
use super::delivery::ACK_WINDOW;
use super::endings::Ending;
use super::judge::Judge;
use super::observer::Pdu;

/// macMaxFrameRetries (3 by default) and the first time: after so many copies a sender may have given up, whatever of its
/// receiver's acknowledgements the sniffer shows.
const MOST_COPIES: u32 = 4;

/// Everything seen on the air of which nobody can say that it arrived, and that its sender knows that.
#[derive(Debug, Default)]
pub(super) struct Losses {
    /// What each board sent last.
    latest: BTreeMap<String, Sent>,
    /// The sender of the frame that was sent last, and the frame's time: an acknowledgement is its.
    awaiting: Option<(String, u64)>,
    doubtful: Vec<Doubtful>,
    /// Boards without power or on their way up, and radios that answer for nobody: what is sent to them is no loss of the
    /// air's.
    deaf: BTreeSet<String>,
    /// Boards of which the sniffer may miss frames, with the sequence number of the last that it showed.
    missed: BTreeMap<String, Option<u64>>,
}

/// How soon a router answers a solicitation, in nanoseconds: MAX_RA_DELAY_TIME (0.5 s, RFC 4861 section 10) and the MAC's retries.
const ANSWERED_WITHIN: u64 = 1_000_000_000;

/// A frame for one receiver, with its repetitions.
#[derive(Debug)]
struct Sent {
    to: String,
    sequence_number: u64,
    event: u64,
    time: u64,
    /// How often it was sent while its receiver could hear it.
    copies: u32,
    acknowledged: bool,
    /// It is a router advertisement.
    is_advertisement: bool,
}

/// A frame that may not have arrived; one of a board to itself stands for frames that the sniffer missed before it.
#[derive(Debug, Clone)]
pub(super) struct Doubtful {
    from: String,
    /// `None`: it was for all.
    to: Option<String>,
    event: u64,
    time: u64,
    /// It is a router solicitation: an advertisement that comes at once shows that it arrived.
    is_solicitation: bool,
}

impl Losses {
    /// Nothing seen yet; the sniffer may miss frames of the boards in `missed`.
    pub(super) fn new(missed: &BTreeSet<String>) -> Self {
        Self { missed: missed.iter().map(|board| (board.clone(), None)).collect(), ..Self::default() }
    }

    /// Boards lose power, restart and come up, and radios fall silent.
    pub(super) fn act(&mut self, event: &Event) {
        let line = |line: &str| Line::parse(line).ok();
        match &event.what {
            What::Action(Action::Power { board, .. } | Action::Reset { board }) => {
                self.deaf.insert(board.clone());
            }
            What::Action(Action::UpperTester { board, line: asked }) => {
                let restarts = |request: &Request| matches!(request.command.as_str(), "reset" | "factory_reset");
                if matches!(line(asked), Some(Line::Request(request)) if restarts(&request)) {
                    self.deaf.insert(board.clone());
                }
            }
            What::Observation(Observation::UpperTester { board, line: said }) => match line(said) {
                Some(Line::Event(told)) if told.name == "booted" => {
                    self.deaf.remove(board);
                }
                // It was not on its way up after all.
                Some(Line::Answer(answer)) if !matches!(answer.outcome, Outcome::Ok(_)) => {
                    self.deaf.remove(board);
                }
                _ => {}
            },
            What::Action(Action::Impersonate { radio, eui64, .. }) => {
                if eui64.is_empty() {
                    self.deaf.insert(radio.clone());
                } else {
                    self.deaf.remove(radio);
                }
            }
            _ => {}
        }
    }

    /// Takes each PDU seen on the air, repetitions and acknowledgements included, in order.
    pub(super) fn see(&mut self, pdu: &Pdu) {
        if pdu.note_kinds.contains(&NoteKind::BadFcs) {
            return;
        }
        let number = |field: &str| pdu.values(field).find_map(Value::number);
        if pdu.messages.contains(&"wpan.ack") {
            if let Some((sender, time)) = self.awaiting.take()
                && let Some(sent) = self.latest.get_mut(&sender)
                && Some(sent.sequence_number) == number("wpan.seq_no")
                && pdu.time.saturating_sub(time) <= ACK_WINDOW
            {
                sent.acknowledged = true;
                if sent.is_advertisement {
                    let since = sent.time.saturating_sub(ANSWERED_WITHIN);
                    let to = sent.to.clone();
                    self.doubtful.retain(|frame| !(frame.is_solicitation && frame.from == to && frame.time >= since));
                }
            }
            return;
        }
        self.awaiting = None;
        // What is wrong on purpose is not there to be taken.
        let Some(from) = pdu.from.clone().filter(|_| pdu.wrong_on_purpose.is_none()) else { return };
        self.note_gap(&from, number("wpan.seq_no"), pdu);
        let (Some(to), Some(1), Some(sequence_number)) = (&pdu.to, number("wpan.ack_request"), number("wpan.seq_no"))
        else {
            let is_solicitation = pdu.messages.contains(&"nd.rs");
            self.doubtful.push(Doubtful { from, to: None, event: pdu.completed(), time: pdu.time, is_solicitation });
            return;
        };
        self.awaiting = Some((from.clone(), pdu.time));
        let is_advertisement = pdu.messages.contains(&"nd.ra");
        match self.latest.get_mut(&from) {
            Some(sent) if sent.sequence_number == sequence_number && sent.to == *to => {
                sent.copies += u32::from(!self.deaf.contains(to));
                sent.is_advertisement |= is_advertisement;
                (sent.event, sent.time) = (pdu.completed(), pdu.time);
            }
            _ => {
                self.settle(&from);
                let (event, time, to) = (pdu.completed(), pdu.time, to.clone());
                let (copies, acknowledged) = (u32::from(!self.deaf.contains(&to)), false);
                let sent = Sent { to, sequence_number, event, time, copies, acknowledged, is_advertisement };
                self.latest.insert(from, sent);
            }
        }
    }

    /// Frames of a board are numbered one by one (macDSN, IEEE 802.15.4-2006 7.5.6.1): between two whose numbers do not follow
    /// each other, the sniffer has missed some.
    fn note_gap(&mut self, from: &str, number: Option<u64>, pdu: &Pdu) {
        let Some((last, number)) = self.missed.get_mut(from).zip(number) else { return };
        let follows = last.is_none_or(|last| number == last || number == (last + 1) % 256);
        *last = Some(number);
        if !follows {
            let (event, time) = (pdu.completed(), pdu.time);
            let to = Some(from.to_owned());
            self.doubtful.push(Doubtful { from: from.to_owned(), to, event, time, is_solicitation: false });
        }
    }

    /// Whether the sniffer has shown a frame of a board that it may miss.
    pub(super) fn has_heard(&self, board: &str) -> bool {
        self.missed.get(board).is_none_or(Option::is_some)
    }

    /// Nothing more can come of what `sender` sent last.
    fn settle(&mut self, sender: &str) {
        let Some(sent) = self.latest.remove(sender) else { return };
        if sent.is_doubtful() {
            self.doubtful.push(sent.doubt(sender));
        }
    }

    /// The first frame that may not have arrived, of those of which `counts` holds, by time `now`.
    fn first(&self, now: u64, counts: impl Fn(&Doubtful) -> bool) -> Option<u64> {
        let overdue = self.latest.iter().filter(|(_, sent)| {
            let awaited = !sent.acknowledged && now.saturating_sub(sent.time) <= ACK_WINDOW;
            sent.is_doubtful() && !awaited
        });
        let overdue = overdue.map(|(from, sent)| sent.doubt(from));
        self.doubtful.iter().cloned().chain(overdue).filter(|frame| counts(frame)).map(|frame| frame.event).min()
    }
}

impl Sent {
    /// Nobody acknowledged it; or its sender repeated it to the last, and may not know that it arrived.
    fn is_doubtful(&self) -> bool {
        !self.acknowledged && self.copies > 0 || self.copies >= MOST_COPIES
    }

    fn doubt(&self, from: &str) -> Doubtful {
        let (event, time) = (self.event, self.time);
        Doubtful { from: from.to_owned(), to: Some(self.to.clone()), event, time, is_solicitation: false }
    }
}

/// Since which events frames count that may not have arrived.
#[derive(Debug, Clone, Copy)]
struct Scope {
    /// For one receiver.
    for_one: u64,
    /// For all, from others than what is under test.
    for_all: u64,
    /// For all, from what is under test.
    own: u64,
}

/// No frame counts.
const NEVER: u64 = u64::MAX;

impl Judge<'_> {
    /// Whether frames may be lost although nothing disturbs them.
    pub(super) fn loses_frames(&self) -> bool {
        self.air.loses_frames || self.case.params.get("loss").is_some_and(|percent| percent != "0")
    }

    /// An ending as it counts where links lose frames: a `fail` that a lost frame may explain is none.
    pub(super) fn weighed(&self, step: &Step, ending: Ending) -> Ending {
        if !self.loses_frames() && self.air.missed.is_empty() {
            return ending;
        }
        let is_order = matches!(step.kind, StepKind::Do(Command::Machine { .. }));
        let lost = match (ending.verdict, ending.blame) {
            (Verdict::Error, Blame::Tester) if is_order => self.lost(Scope { for_one: 0, for_all: 0, own: 0 }),
            (Verdict::Fail, _) if matches!(step.part, Part::Body | Part::ExitState) => self.explains(step, &ending),
            _ => None,
        };
        match lost {
            Some(event) => {
                let reason = in_doubt(&ending.reason, event);
                let mut weaker = Ending::other(Verdict::Inconclusive, Blame::Rack, reason, ending.evidence);
                weaker.evidence.push(event);
                (weaker.seen, weaker.nearest_miss) = (ending.seen, ending.nearest_miss);
                weaker
            }
            None => ending,
        }
    }

    /// The first frame whose loss may explain a `fail`.
    fn explains(&self, step: &Step, ending: &Ending) -> Option<u64> {
        let since = self.stimulus.since;
        if ending.is_absence {
            return self.lost(Scope { for_one: 0, for_all: since.min(self.body_began), own: since });
        }
        let fields = ending.nearest_miss.as_ref().map(|miss| miss.fields.as_slice()).unwrap_or_default();
        // Of alternatives one says, by a field that cannot be, what must not come first: a loss may turn what does.
        let is_choice = matches!(step.kind, StepKind::Alternatives(_));
        if !is_choice && fields.iter().any(is_of_form) {
            return None;
        }
        self.lost(Scope { for_one: 0, for_all: since.min(self.body_began), own: NEVER })
    }

    /// A decision as it counts where links lose frames: nobody but the rack is to blame for what says nothing of the device.
    pub(super) fn blamed(&self, mut decision: Decision) -> Decision {
        let is_open =
            decision.verdict == Verdict::Inconclusive && matches!(decision.blame, Blame::Device | Blame::Tester);
        if is_open
            && self.loses_frames()
            && let Some(event) = self.lost(Scope { for_one: 0, for_all: 0, own: 0 })
        {
            (decision.blame, decision.who) = (Blame::Rack, None);
            decision.reason = in_doubt(&decision.reason, event);
        }
        decision
    }

    /// A frame for one receiver that may not have arrived, since event `since`, on links that lose frames or to a sniffer that
    /// does.
    pub(super) fn lost_for_one(&self, since: u64) -> Option<u64> {
        if self.loses_frames() || !self.air.missed.is_empty() {
            self.lost(Scope { for_one: since, for_all: NEVER, own: NEVER })
        } else {
            None
        }
    }

    fn lost(&self, scope: Scope) -> Option<u64> {
        let loses_frames = self.loses_frames();
        self.losses.first(self.last.1, |frame| {
            let since = match &frame.to {
                Some(to) if !self.is_radio(to) => return false,
                // Nothing is lost but to the sniffer.
                Some(to) if *to != frame.from && !loses_frames => return false,
                Some(_) => scope.for_one,
                None if !loses_frames => return false,
                None if frame.from == self.iut() => scope.own,
                None => scope.for_all,
            };
            frame.event >= since && self.is_radio(&frame.from)
        })
    }

    fn is_radio(&self, name: &str) -> bool {
        let mut boards = self.case.topology.boards.iter();
        boards.any(|board| board.name == name && board.role.has_radio())
    }
}

fn in_doubt(what: &str, event: u64) -> String {
    format!("{what}; but frames get lost here, and the one at event {event}, or one before it, may not have arrived")
}

/// Whether a field is of a message's own form, which its sender makes whatever it heard or did not hear before.
fn is_of_form(miss: &FieldMiss) -> bool {
    let field = miss.field.as_str();
    let is_named = matches!(field, "icmpv6.code" | "ipv6.hlim")
        || [".checksum.status", ".reserved"].iter().any(|end| field.ends_with(end));
    miss.seen != "absent" && is_named
}
