//! A carrier of TLS over datagrams: records in and out, flights, alerts, application data, closing.

mod receive;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use wire::dtls::{RecordHeader, message_bytes, records};
use wire::tls::{
    Alert, AlertDescription, ContentType, Handshake, KeyBlock, ProtocolVersion, RANDOM_LENGTH, Sender, Transport,
};

use super::flight::{Expiry, Flight, FlightItem, write_message};
use super::inbox::{Hellos, Inbox, Message};
use super::record_layer::{Exhausted, RecordLayer};
use super::{Output, Retransmission, SendError};
use crate::liberties::Free;
use crate::time::Instant;
use crate::tls::{Carrier, CloseReason, Closed, Fault, KeyLog, Limits};
use crate::work::Work;

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A server that has seen no acceptable ClientHello.
    Idle,
    Handshaking,
    Connected,
    Closed,
}

/// Something for client or server to decide on.
pub(super) enum Event {
    /// A ClientHello in the clear, and the number of the record that completed it.
    ClientHello { message: Message, sequence_number: u64 },
    /// The next message of the handshake.
    Message(Message),
}

type Stored = (RecordHeader, Vec<u8>);

/// One side of one association.
pub(super) struct Connection {
    side: Sender,
    records: RecordLayer,
    inbox: Inbox,
    hellos: Hellos,
    flight: Flight,
    /// `message_seq` that was expected when the flight was sent: what is older belongs to the flight that it answers.
    answered_before: u16,
    outputs: VecDeque<Output>,
    phase: Phase,
    arrived: VecDeque<Stored>,
    early: Vec<Stored>,
    /// The peer's ChangeCipherSpec may come now.
    expects_change_cipher_spec: bool,
    peer_changed_cipher_spec: bool,
    write_epoch: u16,
    next_message_seq: u16,
    /// What a peer with the wrong key is told.
    wrong_key_alert: AlertDescription,
    refusals: u32,
    retransmission: Retransmission,
    mtu: usize,
    limits: Limits,
    /// When the handshake is given up, however lively it is.
    handshake_deadline: Option<Instant>,
}

impl Connection {
    /// What a mutant does wrong with records.
    #[cfg(feature = "mutants")]
    pub(super) fn set_wrong(&mut self, wrong: super::record_layer::Wrong) {
        self.records.set_wrong(wrong);
    }

    pub(super) fn new(side: Sender, mtu: usize, retransmission: Retransmission, limits: Limits) -> Self {
        Self {
            side,
            records: RecordLayer::new(side, mtu),
            inbox: Inbox::expecting(0, &limits),
            hellos: Hellos::default(),
            flight: Flight::new(retransmission),
            answered_before: 0,
            outputs: VecDeque::new(),
            phase: if side == Sender::Client { Phase::Handshaking } else { Phase::Idle },
            arrived: VecDeque::new(),
            early: Vec::new(),
            expects_change_cipher_spec: false,
            peer_changed_cipher_spec: false,
            write_epoch: 0,
            next_message_seq: 0,
            wrong_key_alert: AlertDescription::BadRecordMac,
            refusals: 0,
            retransmission,
            mtu,
            limits,
            handshake_deadline: None,
        }
    }

    /// Takes these liberties from now on.
    pub(super) fn set_free(&mut self, free: Free) {
        self.records.set_free(free);
    }

    /// A server begins a handshake with a client whose ClientHello it accepts; all older state is dropped.
    pub(super) fn restart(&mut self, message_seq: u16, sequence_number: u64) {
        if self.phase == Phase::Connected {
            self.outputs.push_back(Output::Closed(Closed {
                sent: None,
                received: None,
                reason: CloseReason::Superseded,
            }));
        }
        let old = core::mem::replace(self, Self::new(self.side, self.mtu, self.retransmission, self.limits));
        self.records.set_free(old.records.free());
        self.outputs = old.outputs;
        self.arrived = old.arrived;
        self.inbox = Inbox::expecting(message_seq.saturating_add(1), &self.limits);
        self.next_message_seq = message_seq;
        self.records.set_clear_sequence_number(sequence_number);
        #[cfg(feature = "mutants")]
        self.records.set_wrong(old.records.wrong());
        self.phase = Phase::Handshaking;
    }

    // What the owner of a session calls.

    pub(super) fn receive(&mut self, datagram: &[u8]) {
        if self.phase == Phase::Closed {
            return;
        }
        let whole = records(datagram).flatten();
        self.arrived.extend(whole.map(|record| (record.header, record.fragment.to_vec())));
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Output> {
        if self.outputs.is_empty() {
            if self.phase == Phase::Handshaking && self.handshake_deadline.is_some_and(|deadline| now >= deadline) {
                self.end(None, None, CloseReason::Timeout);
            }
            match self.flight.expire(now) {
                Expiry::Running => {}
                Expiry::Due => self.transmit_flight_again(),
                Expiry::GiveUp => self.end(None, None, CloseReason::Timeout),
            }
        }
        self.outputs.pop_front()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let handshake = self.handshake_deadline.filter(|_| self.phase == Phase::Handshaking);
        [self.flight.deadline(), handshake].into_iter().flatten().min()
    }

    pub(super) fn send(&mut self, data: &[u8]) -> Result<(), SendError> {
        if self.phase != Phase::Connected {
            return Err(SendError::NotConnected);
        }
        let maximum = self.records.capacity(1);
        if data.len() > maximum {
            return Err(SendError::TooLong { length: data.len(), maximum });
        }
        // One number is kept for close_notify.
        if self.records.protected_sent().saturating_add(1) >= self.limits.records_sent {
            let notify = Alert::warning(AlertDescription::CloseNotify);
            self.end(Some(notify), None, CloseReason::SequenceNumbersExhausted);
            return Err(SendError::NotConnected);
        }
        if self.records.write(1, ContentType::ApplicationData, data) == Err(Exhausted) {
            self.end(None, None, CloseReason::SequenceNumbersExhausted);
            return Err(SendError::NotConnected);
        }
        self.release_datagrams();
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let sent = match self.phase {
            Phase::Closed => return,
            Phase::Idle => None,
            Phase::Connected => Some(Alert::warning(AlertDescription::CloseNotify)),
            Phase::Handshaking => {
                self.write_alert(Alert::warning(AlertDescription::UserCanceled));
                Some(Alert::warning(AlertDescription::CloseNotify))
            }
        };
        self.end(sent, None, CloseReason::Local);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    pub(super) fn is_blank(&self) -> bool {
        self.phase == Phase::Idle && self.hellos.is_empty()
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.phase == Phase::Handshaking
    }

    /// Octets that wait: records and pieces of messages that came, the flight that was sent, what is to be handed out.
    pub(super) fn buffered(&self) -> usize {
        let stored = |(_, fragment): &Stored| fragment.len();
        let arrived: usize = self.arrived.iter().chain(&self.early).map(stored).sum();
        let output = |output: &Output| match output {
            Output::Datagram(octets) | Output::ApplicationData(octets) => octets.len(),
            Output::Connected | Output::Closed(_) | Output::KeyLog(_) => 0,
        };
        let outputs: usize = self.outputs.iter().map(output).sum();
        arrived + outputs + self.inbox.buffered() + self.hellos.buffered() + self.flight.buffered()
    }

    // What client and server call while they handle a datagram.

    /// The next event; works through the records that arrived until there is one.
    pub(super) fn next_event(&mut self, now: Instant) -> Option<Event> {
        loop {
            if self.phase == Phase::Closed {
                self.arrived.clear();
                return None;
            }
            if self.phase == Phase::Handshaking
                && let Some(message) = self.inbox.take()
            {
                return Some(Event::Message(message));
            }
            let readable = self.early.iter().position(|(header, _)| self.is_readable(header));
            let (header, fragment) = match readable {
                Some(at) => self.early.remove(at),
                None => self.arrived.pop_front()?,
            };
            if let Some(event) = self.process_record(now, header, fragment) {
                return Some(event);
            }
        }
    }

    /// A client forgets which records in the clear it has seen: a server that keeps no state may number them anew.
    pub(super) fn forget_clear_records(&mut self) {
        self.records.forget_clear_records();
    }

    /// Sends a message once, outside of any flight, with a given record sequence number of epoch 0, as a record of this version
    /// (RFC 6347 4.2.1).
    pub(super) fn send_stateless(
        &mut self,
        message: &Handshake,
        version: ProtocolVersion,
        message_seq: u16,
        sequence_number: u64,
    ) {
        let mut body = Vec::new();
        if message.emit(&mut body).is_err() {
            return;
        }
        let version = core::mem::replace(&mut self.records.version, version);
        let next = self.records.set_clear_sequence_number(sequence_number);
        if write_message(&mut self.records, 0, message.msg_type(), message_seq, &body).is_ok() {
            self.release_datagrams();
        }
        // A handshake that is under way goes on as it was: none of its numbers comes twice (RFC 6347 4.1).
        self.records.set_clear_sequence_number(next);
        self.records.version = version;
    }

    /// The client repeats the flight that the last one answered: so is the answer.
    pub(super) fn answer_retransmission(&mut self, now: Instant) {
        if self.flight.may_answer(now) {
            self.transmit_flight_again();
        }
    }

    // Inside.

    fn write_alert(&mut self, alert: Alert) {
        // Without sequence numbers left there is nothing to send, and the session ends anyway.
        let _ = self.records.write(self.write_epoch, ContentType::Alert, &alert.emit());
    }

    fn end(&mut self, sent: Option<Alert>, received: Option<Alert>, reason: CloseReason) {
        if let Some(alert) = sent {
            self.write_alert(alert);
        }
        self.release_datagrams();
        self.flight.begin();
        self.early.clear();
        self.phase = Phase::Closed;
        self.outputs.push_back(Output::Closed(Closed { sent, received, reason }));
    }

    fn transmit_flight(&mut self) {
        match self.flight.write(&mut self.records) {
            Ok(()) => self.release_datagrams(),
            Err(Exhausted) => self.end(None, None, CloseReason::SequenceNumbersExhausted),
        }
    }

    fn transmit_flight_again(&mut self) {
        if !self.flight.is_empty() {
            self.transmit_flight();
        }
    }

    fn release_datagrams(&mut self) {
        self.outputs.extend(self.records.take_datagrams().into_iter().map(Output::Datagram));
    }
}

impl Carrier for Connection {
    const TRANSPORT: Transport = Transport::Datagram;
    const VERSION: ProtocolVersion = ProtocolVersion::DTLS_1_2;
    type Message = Message;

    fn begin_flight(&mut self) {
        self.flight.begin();
    }

    fn push(&mut self, message: &Handshake) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        message.emit(&mut body).map_err(Fault::internal)?;
        let message_seq = self.next_message_seq;
        self.next_message_seq = message_seq.saturating_add(1);
        let msg_type = message.msg_type();
        let bytes = message_bytes(msg_type, message_seq, &body).map_err(Fault::internal)?;
        self.flight.push(FlightItem::Message { epoch: self.write_epoch, msg_type, message_seq, body });
        Ok(bytes)
    }

    fn push_change_cipher_spec(&mut self) {
        self.flight.push(FlightItem::ChangeCipherSpec);
        self.write_epoch = 1;
    }

    fn send_flight(&mut self, now: Instant, timed: bool, noise: &[u8; RANDOM_LENGTH]) {
        self.answered_before = self.inbox.next();
        if self.handshake_deadline.is_none() {
            self.handshake_deadline = self.limits.handshake_timeout.map(|timeout| now + timeout);
        }
        self.flight.start(now, timed, noise);
        self.transmit_flight();
    }

    fn agree_on_version(&mut self) {
        self.records.version = ProtocolVersion::DTLS_1_2;
    }

    fn expect_change_cipher_spec(&mut self) {
        self.expects_change_cipher_spec = true;
    }

    fn install(&mut self, keys: KeyBlock, secret: KeyLog) {
        self.records.install(keys);
        self.outputs.push_back(Output::KeyLog(secret));
    }

    fn set_wrong_key_alert(&mut self, alert: AlertDescription) {
        self.wrong_key_alert = alert;
    }

    fn connected(&mut self) {
        self.flight.stop();
        self.phase = Phase::Connected;
        self.outputs.push_back(Output::Connected);
    }

    fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    fn fail(&mut self, fault: Fault) {
        self.end(Some(Alert::fatal(fault.alert)), None, CloseReason::Protocol(fault.what));
    }

    fn work(&self) -> Work {
        self.records.work()
    }
}
