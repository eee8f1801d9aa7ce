//! What the air may have lost. A sniffer shows what was sent; that a frame for one receiver arrived is shown by its
//! acknowledgement only (IEEE 802.15.4-2006 7.5.6.4), and that one for all arrived is shown by nothing.

use std::collections::{BTreeMap, BTreeSet};

use dissect::{NoteKind, Value};
use record::event::{Action, Event, Observation, What};
use wire::upper_tester::{Line, Outcome, Request};

use super::delivery::ACK_WINDOW;
use super::pdu::Pdu;

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
    pub(super) from: String,
    /// `None`: it was for all.
    pub(super) to: Option<String>,
    pub(super) event: u64,
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
    pub(super) fn first(&self, now: u64, counts: impl Fn(&Doubtful) -> bool) -> Option<u64> {
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
