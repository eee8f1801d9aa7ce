//! Was a stimulus delivered? Without that proof, silence says nothing of the device. Did the air lose something between
//! boards? Then what did not come says nothing of it either.

use std::collections::BTreeMap;

use dissect::{NoteKind, Value};
use record::event::{Action, Event, Observation, TransmitStatus, What};

use super::observer::Observer;
use super::pdu::Pdu;

/// An acknowledged unicast frame, seen on the air, or a packet received at the backbone.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    /// Name of the board that acknowledged, or of the port.
    to: String,
    /// Names of the link-layer sender and of the IPv6 packet's origin.
    by: [Option<String>; 2],
    sequence_number: u64,
    /// Names of what it carried.
    messages: Vec<&'static str>,
    /// The frame's event and its acknowledgement's.
    pub(super) events: [u64; 2],
}

/// Pairs unicast frames with the acknowledgements that follow them.
#[derive(Debug, Default)]
pub(super) struct DeliveryTracker {
    /// The last frame that asks for an acknowledgement, and its end time.
    awaiting: Option<(Delivery, u64)>,
    deliveries: Vec<Delivery>,
    /// What each board sent last: a MAC retry of a fragment that completed a datagram carries the datagram too.
    latest: BTreeMap<String, Delivery>,
    /// Frames between the case's own boards that nobody acknowledged so far.
    unacknowledged: Vec<Unacknowledged>,
}

/// A unicast frame that asked for an acknowledgement and, so far, got none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unacknowledged {
    from: String,
    to: String,
    sequence_number: u64,
    event: u64,
}

/// A sequence number comes again after 256 frames: older ones are settled.
const MOST_UNACKNOWLEDGED: usize = 256;

/// macAckWaitDuration (864 us at 2.4 GHz) plus the acknowledgement's own airtime, in nanoseconds.
pub(super) const ACK_WINDOW: u64 = 1_500_000;

impl DeliveryTracker {
    /// Takes each PDU seen on the air, retransmissions included, in order.
    pub(super) fn see(&mut self, pdu: &Pdu) {
        if pdu.note_kinds.contains(&NoteKind::BadFcs) {
            return;
        }
        let Some(sequence_number) = number(pdu, "wpan.seq_no") else { return };
        if pdu.messages.contains(&"wpan.ack") {
            if let Some((mut delivery, time)) = self.awaiting.take()
                && delivery.sequence_number == sequence_number
                && pdu.time.saturating_sub(time) <= ACK_WINDOW
            {
                delivery.events[1] = pdu.completed();
                // What was sent before was this frame too: a MAC retry came through.
                self.unacknowledged.retain(|lost| {
                    !(lost.sequence_number == sequence_number
                        && lost.to == delivery.to
                        && delivery.by[0].as_deref() == Some(lost.from.as_str()))
                });
                self.deliveries.push(delivery);
            }
            return;
        }
        self.note_unacknowledged();
        self.awaiting = match (&pdu.to, number(pdu, "wpan.ack_request")) {
            (Some(to), Some(1)) => {
                let by = [pdu.from.clone(), pdu.origin.clone()];
                let event = pdu.completed();
                let mut delivery = Delivery {
                    to: to.clone(),
                    by,
                    sequence_number,
                    messages: pdu.messages.clone(),
                    events: [event, event],
                };
                if let Some(from) = &pdu.from {
                    let before = self.latest.get(from).filter(|before| {
                        pdu.retransmission && before.to == *to && before.sequence_number == sequence_number
                    });
                    if let Some(before) = before {
                        delivery.by.clone_from(&before.by);
                        delivery.messages.clone_from(&before.messages);
                    }
                    self.latest.insert(from.clone(), delivery.clone());
                }
                Some((delivery, pdu.time))
            }
            _ => None,
        };
    }

    /// Takes a packet that a port of the backbone received: the port's report is the proof.
    pub(super) fn see_backbone(&mut self, pdu: &Pdu) {
        let Some(to) = pdu.to.clone() else { return };
        let (by, event) = ([pdu.from.clone(), pdu.origin.clone()], pdu.completed());
        let messages = pdu.messages.clone();
        self.deliveries.push(Delivery { to, by, sequence_number: 0, messages, events: [event, event] });
    }

    /// The frame before this one had no acknowledgement.
    fn note_unacknowledged(&mut self) {
        let Some((Delivery { to, by: [Some(from), _], sequence_number, events, .. }, _)) = self.awaiting.take() else {
            return;
        };
        let again =
            |lost: &&mut Unacknowledged| lost.from == from && lost.to == to && lost.sequence_number == sequence_number;
        match self.unacknowledged.iter_mut().find(again) {
            Some(known) => known.event = events[0],
            None => {
                if self.unacknowledged.len() >= MOST_UNACKNOWLEDGED {
                    self.unacknowledged.remove(0);
                }
                self.unacknowledged.push(Unacknowledged { from, to, sequence_number, event: events[0] });
            }
        }
    }

    /// The first frame from event `from` on, between two boards of which `is_board` holds, that was never acknowledged,
    /// repetitions by the MAC included: the air lost it, or its acknowledgements. With `to_the_living` its receiver must have
    /// acknowledged something since `from`: one that is switched off loses frames too.
    pub(super) fn lost(&self, from: u64, to_the_living: bool, is_board: impl Fn(&str) -> bool) -> Option<u64> {
        let lives = |board: &str| {
            let acknowledged = self.deliveries.iter().filter(|delivery| delivery.events[0] != delivery.events[1]);
            acknowledged.into_iter().any(|delivery| delivery.to == board && delivery.events[1] >= from)
        };
        let between = |lost: &&Unacknowledged| {
            let is_on_the_way = lost.event >= from && is_board(&lost.from) && is_board(&lost.to);
            is_on_the_way && (!to_the_living || lives(&lost.to))
        };
        self.unacknowledged.iter().find(between).map(|lost| lost.event)
    }

    /// The first delivery to `board`, from event `from` on, of a message of this name by this sender: the message itself,
    /// a MAC retry, or the sender's own repetition of it.
    fn of_message(&self, board: &str, sender: &str, message: &str, from: u64) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| {
            delivery.to == board
                && delivery.events[0] >= from
                && delivery.messages.contains(&message)
                && delivery.by[0].as_deref() == Some(sender)
        })
    }

    /// The first delivery to `board`, after event `after`, of something that `actor` sent or made.
    fn first(&self, board: &str, actor: &str, after: u64) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| {
            delivery.to == board
                && delivery.events[0] > after
                && delivery.by.iter().any(|name| name.as_deref() == Some(actor))
        })
    }
}

fn number(pdu: &Pdu, field: &str) -> Option<u64> {
    pdu.values(field).find_map(Value::number)
}

/// Whether the frame control field (IEEE 802.15.4-2006 7.2.1.1.2) announces link security.
fn is_secured(psdu: &[u8]) -> bool {
    psdu.first().is_some_and(|octet| octet & 0x08 != 0)
}

/// A frame of the tester radio.
#[derive(Debug)]
struct Injected {
    handle: u64,
    /// The board that it was sent to; `None` if to all.
    to: Option<String>,
    psdu: Vec<u8>,
}

/// The latest act of the tester, or message of another board, whose effect an expectation waits for.
#[derive(Debug, Default)]
pub(super) struct Stimulus {
    /// Event at which its step started; 0 if there was no act yet.
    pub(super) since: u64,
    /// The board that acts or is acted on, or the machine that got the order.
    actor: String,
    /// Its injected frames that have no status yet.
    pending: Vec<Injected>,
    /// Events that prove its delivery by themselves: to the named board, or (an injected frame) to whom it was sent.
    proof: Vec<(Option<String>, u64)>,
    /// Its injected frames that nobody acknowledged, and no later try either.
    failed: Vec<Injected>,
    /// A secured frame had to be sent once more behind frames with greater counters: its receiver must refuse it.
    is_overtaken: bool,
    /// The stimulus is a message of another board: its name.
    message: Option<String>,
}

impl Stimulus {
    /// A new act of (or on) `actor` begins at event `since`.
    pub(super) fn new(since: u64, actor: &str) -> Self {
        Self { since, actor: actor.to_owned(), ..Self::default() }
    }

    /// An expected message of another board is what the device must react to next.
    pub(super) fn of_message(pdu: &Pdu, message: &str) -> Self {
        Self {
            since: pdu.completed(),
            actor: pdu.from.clone().unwrap_or_default(),
            message: Some(message.to_owned()),
            ..Self::default()
        }
    }

    /// Notes a confirmation by `board`'s upper tester as proof.
    pub(super) fn confirm(&mut self, board: &str, event: u64) {
        self.proof.push((Some(board.to_owned()), event));
    }

    /// Follows the actor's injected frames to their transmit status; what other radios send meanwhile proves nothing.
    pub(super) fn see(&mut self, event: &Event, observer: &Observer) {
        match &event.what {
            What::Action(Action::Inject { radio, handle, psdu, .. }) if *radio == self.actor => {
                let to = observer.destination(&psdu.0);
                self.pending.push(Injected { handle: *handle, to, psdu: psdu.0.clone() });
            }
            What::Observation(Observation::TransmitStatus { radio, handle, status }) if *radio == self.actor => {
                let Some(position) = self.pending.iter().position(|pending| pending.handle == *handle) else { return };
                let frame = self.pending.remove(position);
                self.is_overtaken |=
                    *status != TransmitStatus::Success && !self.pending.is_empty() && is_secured(&frame.psdu);
                match status {
                    TransmitStatus::Success => {
                        self.failed.retain(|failed| failed.psdu != frame.psdu);
                        self.proof.push((frame.to, event.n));
                    }
                    TransmitStatus::NoAck => self.failed.push(frame),
                    // Never on the air: the engine tries again.
                    TransmitStatus::ChannelAccessFailure => {}
                }
            }
            _ => {}
        }
    }

    /// Whether every injected frame has its status.
    pub(super) fn settled(&self) -> bool {
        self.pending.is_empty()
    }

    /// The events that prove delivery to `board`, or `None` if nothing does. That a frame for all was sent proves it only if
    /// nothing is ever lost.
    pub(super) fn delivered(&self, board: &str, tracker: &DeliveryTracker, loses_frames: bool) -> Option<Vec<u64>> {
        let proof: Vec<u64> = self
            .proof
            .iter()
            .filter(|(to, _)| to.as_deref().map_or(!loses_frames, |to| to == board))
            .map(|(_, event)| *event)
            .collect();
        if self.is_overtaken || self.failed.iter().any(|failed| failed.to.as_deref().is_none_or(|to| to == board)) {
            return None;
        }
        if !proof.is_empty() {
            return Some(proof);
        }
        if let Some(message) = &self.message {
            let delivery = tracker.of_message(board, &self.actor, message, self.since)?;
            return Some(delivery.events.to_vec());
        }
        tracker.first(board, &self.actor, self.since).map(|delivery| delivery.events.to_vec())
    }
}
