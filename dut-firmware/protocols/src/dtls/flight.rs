//! The flight that was sent last, and its timer (RFC 6347 4.2.4).

use alloc::vec::Vec;
use core::time::Duration;

use wire::dtls::HandshakeHeader;
use wire::tls::{ContentType, HandshakeType, RANDOM_LENGTH};

use super::Retransmission;
use super::record_layer::{Exhausted, RecordLayer};
use crate::time::Instant;

/// Octets of body below which a fragment is not worth its headers.
const LEAST_FRAGMENT: usize = 8;

/// One message of a flight; kept in the clear, because every transmission gets new record sequence numbers.
pub(super) enum FlightItem {
    /// A handshake message.
    Message { epoch: u16, msg_type: HandshakeType, message_seq: u16, body: Vec<u8> },
    /// ChangeCipherSpec, always of epoch 0.
    ChangeCipherSpec,
}

/// Messages that are sent together, and again together.
pub(super) struct Flight {
    items: Vec<FlightItem>,
    retransmission: Retransmission,
    wait: Duration,
    attempts: u32,
    /// Where jitter comes from: octets that this side has drawn at random.
    noise: [u8; RANDOM_LENGTH],
    deadline: Option<Instant>,
    last_sent: Instant,
}

/// What a timer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Not yet.
    Running,
    /// Send again.
    Due,
    /// It was sent often enough.
    GiveUp,
}

impl Flight {
    /// An empty flight without a timer.
    pub(super) fn new(retransmission: Retransmission) -> Self {
        Self {
            items: Vec::new(),
            retransmission,
            wait: retransmission.initial,
            attempts: 0,
            noise: [0; RANDOM_LENGTH],
            deadline: None,
            last_sent: Instant::ZERO,
        }
    }

    /// Drops the old flight: the peer's answer to it has come.
    pub(super) fn begin(&mut self) {
        self.items.clear();
        self.deadline = None;
    }

    /// Adds to the flight.
    pub(super) fn push(&mut self, item: FlightItem) {
        self.items.push(item);
    }

    /// The flight goes out for the first time; `timed` if an answer is expected. `noise` is random.
    pub(super) fn start(&mut self, now: Instant, timed: bool, noise: &[u8; RANDOM_LENGTH]) {
        self.attempts = 0;
        self.noise = *noise;
        self.wait = self.retransmission.initial;
        self.last_sent = now;
        self.deadline = timed.then(|| now + self.jittered());
    }

    /// The wait with its jitter.
    fn jittered(&self) -> Duration {
        let at = usize::try_from(self.attempts).unwrap_or_default() % RANDOM_LENGTH;
        let part = u32::from(self.noise.get(at).copied().unwrap_or_default());
        self.wait + self.wait.saturating_mul(self.retransmission.jitter_percent.saturating_mul(part)) / (100 * 255)
    }

    /// Whether there is something to send again.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Octets that are kept to be sent again.
    pub(super) fn buffered(&self) -> usize {
        let of_item = |item: &FlightItem| match item {
            FlightItem::Message { body, .. } => body.len(),
            FlightItem::ChangeCipherSpec => 1,
        };
        self.items.iter().map(of_item).sum()
    }

    /// No answer is expected any more; the flight is kept in case the peer asks for it.
    pub(super) fn stop(&mut self) {
        self.deadline = None;
    }

    /// When the timer fires.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Looks at the timer; doubles it if it is due.
    pub(super) fn expire(&mut self, now: Instant) -> Expiry {
        match self.deadline {
            Some(deadline) if now >= deadline => {
                if self.attempts >= self.retransmission.limit {
                    self.deadline = None;
                    return Expiry::GiveUp;
                }
                self.attempts += 1;
                self.wait = self.wait.saturating_mul(2).min(self.retransmission.maximum);
                self.last_sent = now;
                self.deadline = Some(now + self.jittered());
                Expiry::Due
            }
            _ => Expiry::Running,
        }
    }

    /// Whether a retransmission by the peer shall be answered with one: not if the flight left just now, since a copy
    /// made by the network looks the same, and each answer would be copied too.
    pub(super) fn may_answer(&mut self, now: Instant) -> bool {
        let answers = !self.items.is_empty() && now.since(self.last_sent) >= self.retransmission.initial / 4;
        if answers {
            self.last_sent = now;
            self.deadline = self.deadline.map(|_| now + self.jittered());
        }
        answers
    }

    /// Writes all messages, cut into fragments that fit into the MTU.
    pub(super) fn write(&self, records: &mut RecordLayer) -> Result<(), Exhausted> {
        for item in &self.items {
            match item {
                FlightItem::ChangeCipherSpec => records.write(0, ContentType::ChangeCipherSpec, &[1])?,
                FlightItem::Message { epoch, msg_type, message_seq, body } => {
                    write_message(records, *epoch, *msg_type, *message_seq, body)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes one message as one record if it fits into a datagram, else as fragments.
pub(super) fn write_message(
    records: &mut RecordLayer,
    epoch: u16,
    msg_type: HandshakeType,
    message_seq: u16,
    body: &[u8],
) -> Result<(), Exhausted> {
    let length = u32::try_from(body.len()).map_err(|_| Exhausted)?;
    let mut fragment_offset = 0;
    let mut rest = body;
    loop {
        let needed = HandshakeHeader::LENGTH + rest.len();
        let room = records.room(epoch);
        let starts_datagram = room == records.capacity(epoch);
        let too_narrow = needed <= records.capacity(epoch) || room < HandshakeHeader::LENGTH + LEAST_FRAGMENT;
        if needed > room && too_narrow && !starts_datagram {
            records.flush();
            continue;
        }
        let take = rest.len().min(room.saturating_sub(HandshakeHeader::LENGTH));
        let (piece, later) = rest.split_at_checked(take).unwrap_or((rest, &[]));
        let fragment_length = u32::try_from(piece.len()).map_err(|_| Exhausted)?;
        let mut plaintext = Vec::with_capacity(HandshakeHeader::LENGTH + piece.len());
        HandshakeHeader { msg_type, length, message_seq, fragment_offset, fragment_length }.emit(&mut plaintext);
        plaintext.extend_from_slice(piece);
        records.write(epoch, ContentType::Handshake, &plaintext)?;
        fragment_offset += fragment_length;
        rest = later;
        if rest.is_empty() {
            return Ok(());
        }
    }
}
