//! What client and server have in common: records in and out, handshake hash, flights, alerts, application data, closing.

mod receive;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};
use wire::dtls::{RecordHeader, message_bytes, records};
use wire::tls::{
    Alert, AlertDescription, ContentType, Handshake, MasterSecret, RANDOM_LENGTH, Sender, VERIFY_DATA_LENGTH, prf,
};

use super::flight::{Expiry, Flight, FlightItem, write_message};
use super::inbox::{Hellos, Inbox, Message};
use super::record_layer::{Exhausted, RecordLayer};
use super::{CloseReason, Closed, ExportError, KeyLog, Limits, Output, Retransmission, SendError, Statistics};
use crate::time::Instant;
use crate::work::{Growing, Work};

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

/// A handshake that cannot go on: the alert to send, and what was wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) alert: AlertDescription,
    pub(super) what: &'static str,
}

impl Fault {
    pub(super) const fn new(alert: AlertDescription, what: &'static str) -> Self {
        Self { alert, what }
    }

    /// The peer's message does not parse.
    pub(super) fn decode(error: wire::Error) -> Self {
        if let wire::Error::Unsupported(what) = error {
            return Self::new(AlertDescription::IllegalParameter, what);
        }
        let (wire::Error::Truncated(what)
        | wire::Error::Malformed(what)
        | wire::Error::Unsupported(what)
        | wire::Error::Integrity(what)
        | wire::Error::NoRoom(what)) = error;
        Self::new(AlertDescription::DecodeError, what)
    }

    /// A message of our own does not fit its length fields.
    pub(super) fn internal(_: wire::Error) -> Self {
        Self::new(AlertDescription::InternalError, "own message too long")
    }
}

/// Octets of a master secret (RFC 5246 8.1).
const MASTER_SECRET: usize = 48;
/// Octets of a handshake hash.
const HASH: usize = 32;
/// Octets of `client finished` and of `server finished`.
const LABEL: usize = 15;
/// Octets of all keys of AES-128-CCM-8: two keys of 16 and two implicit nonces of 4 (RFC 6655 3).
const KEY_BLOCK: usize = 40;

type Stored = (RecordHeader, Vec<u8>);

/// One side of one association.
pub(super) struct Connection {
    side: Sender,
    pub(super) records: RecordLayer,
    inbox: Inbox,
    hellos: Hellos,
    flight: Flight,
    /// `message_seq` that was expected when the flight was sent: what is older belongs to the flight that it answers.
    answered_before: u16,
    transcript: Sha256,
    transcript_length: Growing,
    work: Work,
    master_secret: Option<MasterSecret>,
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
    pub(super) wrong_key_alert: AlertDescription,
    refusals: u32,
    statistics: Statistics,
    retransmission: Retransmission,
    mtu: usize,
    limits: Limits,
    /// Both randoms, client's first, once keys are derived.
    randoms: [[u8; RANDOM_LENGTH]; 2],
    /// When the handshake is given up, however lively it is.
    handshake_deadline: Option<Instant>,
    /// When the peer last proved that it lives.
    active: Instant,
    /// The latest time that the owner told.
    now: Instant,
}

impl Connection {
    pub(super) fn new(side: Sender, mtu: usize, retransmission: Retransmission, limits: Limits) -> Self {
        Self {
            side,
            records: RecordLayer::new(side, mtu),
            inbox: Inbox::expecting(0, &limits),
            hellos: Hellos::default(),
            flight: Flight::new(retransmission),
            answered_before: 0,
            transcript: Sha256::new(),
            transcript_length: Growing::default(),
            work: Work::default(),
            master_secret: None,
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
            statistics: Statistics::default(),
            retransmission,
            mtu,
            limits,
            randoms: [[0; RANDOM_LENGTH]; 2],
            handshake_deadline: None,
            active: Instant::ZERO,
            now: Instant::ZERO,
        }
    }

    /// A server begins a handshake with a client whose ClientHello it accepts; all older state is dropped.
    pub(super) fn restart(&mut self, message_seq: u16, sequence_number: u64) {
        let mut work = self.work();
        if self.phase == Phase::Connected {
            work = Work::default();
            self.outputs.push_back(Output::Closed(Closed {
                sent: None,
                received: None,
                reason: CloseReason::Superseded,
            }));
        }
        let old = core::mem::replace(self, Self::new(self.side, self.mtu, self.retransmission, self.limits));
        self.outputs = old.outputs;
        self.arrived = old.arrived;
        self.statistics = old.statistics;
        self.work = work;
        self.now = old.now;
        self.inbox = Inbox::expecting(message_seq.saturating_add(1), &self.limits);
        self.next_message_seq = message_seq;
        self.records.set_clear_sequence_number(sequence_number);
        self.phase = Phase::Handshaking;
    }

    // What the owner of a session calls.

    pub(super) fn receive(&mut self, datagram: &[u8]) {
        if self.phase == Phase::Closed {
            return;
        }
        if self.phase != Phase::Connected {
            self.statistics.handshake_datagrams_received += 1;
            self.statistics.handshake_octets_received += u32::try_from(datagram.len()).unwrap_or(u32::MAX);
        }
        for record in records(datagram) {
            match record {
                Ok(record) => self.arrived.push_back((record.header, record.fragment.to_vec())),
                Err(_) => self.statistics.records_discarded += 1,
            }
        }
    }

    pub(super) fn poll(&mut self, now: Instant) -> Option<Output> {
        self.now = self.now.max(now);
        if self.outputs.is_empty() {
            if self.phase == Phase::Handshaking && self.handshake_deadline.is_some_and(|deadline| now >= deadline) {
                self.end(None, None, CloseReason::Timeout);
            }
            if self.idle_deadline().is_some_and(|deadline| now >= deadline) {
                self.end(Some(Alert::warning(AlertDescription::CloseNotify)), None, CloseReason::Idle);
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
        [self.flight.deadline(), handshake, self.idle_deadline()].into_iter().flatten().min()
    }

    fn idle_deadline(&self) -> Option<Instant> {
        self.limits.idle_timeout.filter(|_| self.phase == Phase::Connected).map(|timeout| self.active + timeout)
    }

    pub(super) fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), SendError> {
        self.now = self.now.max(now);
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

    /// RFC 5705 4.
    pub(super) fn export_keying_material(
        &self,
        label: &[u8],
        context: Option<&[u8]>,
        out: &mut [u8],
    ) -> Result<(), ExportError> {
        let master_secret = self.master_secret.as_ref().filter(|_| self.phase == Phase::Connected);
        let master_secret = master_secret.ok_or(ExportError::NotConnected)?;
        let [client_random, server_random] = &self.randoms;
        let length = u16::try_from(context.map_or(0, <[u8]>::len)).map_err(|_| ExportError::ContextTooLong)?;
        let length = length.to_be_bytes();
        let seed: &[&[u8]] = match context {
            None => &[client_random, server_random],
            Some(context) => &[client_random, server_random, &length, context],
        };
        prf(master_secret.octets(), label, seed, out);
        Ok(())
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

    pub(super) fn is_connected(&self) -> bool {
        self.phase == Phase::Connected
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// What cryptography has cost since the first ClientHello, of an earlier session with the same peer not.
    pub(super) fn work(&self) -> Work {
        let mut work = self.work;
        work += self.records.work();
        work
    }

    /// Adds what was done outside.
    pub(super) fn add_work(&mut self, work: Work) {
        self.work += work;
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
        self.now = self.now.max(now);
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

    /// Drops the flight that the peer has answered, and starts to collect the next.
    pub(super) fn begin_flight(&mut self) {
        self.flight.begin();
    }

    /// Adds a message to the flight; returns its octets as they enter the handshake hash.
    pub(super) fn push_message(&mut self, message: &Handshake) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        message.emit(&mut body).map_err(Fault::internal)?;
        let message_seq = self.next_message_seq;
        self.next_message_seq = message_seq.saturating_add(1);
        let msg_type = message.msg_type();
        let bytes = message_bytes(msg_type, message_seq, &body).map_err(Fault::internal)?;
        self.flight.push(FlightItem::Message { epoch: self.write_epoch, msg_type, message_seq, body });
        Ok(bytes)
    }

    /// Adds ChangeCipherSpec to the flight: what follows is of epoch 1.
    pub(super) fn push_change_cipher_spec(&mut self) {
        self.flight.push(FlightItem::ChangeCipherSpec);
        self.write_epoch = 1;
    }

    /// Adds ChangeCipherSpec and Finished to the flight, and Finished to the handshake hash.
    pub(super) fn push_finished(&mut self) -> Result<(), Fault> {
        let Some(master_secret) = &self.master_secret else {
            return Err(Fault::new(AlertDescription::InternalError, "no master secret"));
        };
        let verify_data = master_secret.verify_data(self.side, &self.current_hash());
        self.count_verify_data();
        self.push_change_cipher_spec();
        let finished = self.push_message(&Handshake::Finished(verify_data))?;
        self.hash(&finished);
        Ok(())
    }

    /// Sends the flight; `timed` if the peer is to answer it. `noise` is this side's random.
    pub(super) fn send_flight(&mut self, now: Instant, timed: bool, noise: &[u8; RANDOM_LENGTH]) {
        self.answered_before = self.inbox.next();
        if self.handshake_deadline.is_none() {
            self.handshake_deadline = self.limits.handshake_timeout.map(|timeout| now + timeout);
        }
        self.flight.start(now, timed, noise);
        self.transmit_flight();
    }

    /// Sends a message once, outside of any flight, with a given record sequence number of epoch 0.
    pub(super) fn send_stateless(&mut self, message: &Handshake, message_seq: u16, sequence_number: u64) {
        let mut body = Vec::new();
        if message.emit(&mut body).is_err() {
            return;
        }
        self.records.set_clear_sequence_number(sequence_number);
        if write_message(&mut self.records, 0, message.msg_type(), message_seq, &body).is_ok() {
            self.release_datagrams();
        }
    }

    /// The client repeats the flight that the last one answered: so is the answer.
    pub(super) fn answer_retransmission(&mut self, now: Instant) {
        if self.flight.may_answer(now) {
            self.transmit_flight_again();
        }
    }

    /// Adds octets to the handshake hash.
    pub(super) fn hash(&mut self, bytes: &[u8]) {
        self.work += self.transcript_length.add(bytes.len());
        self.transcript.update(bytes);
    }

    /// Adds a received message to the handshake hash.
    pub(super) fn hash_message(&mut self, message: &Message) -> Result<(), Fault> {
        let bytes = message_bytes(message.msg_type, message.message_seq, &message.body).map_err(Fault::internal)?;
        self.hash(&bytes);
        Ok(())
    }

    /// The hash of all messages so far.
    pub(super) fn handshake_hash(&mut self) -> [u8; 32] {
        self.work += self.transcript_length.value();
        self.current_hash()
    }

    fn current_hash(&self) -> [u8; 32] {
        self.transcript.clone().finalize().into()
    }

    /// `verify_data` over the current hash was computed.
    fn count_verify_data(&mut self) {
        self.work += self.transcript_length.value();
        self.work += Work::prf(MASTER_SECRET, LABEL + HASH, VERIFY_DATA_LENGTH);
    }

    /// Derives all keys, and gives the secret to the key log. The handshake hash covers ClientKeyExchange by now.
    pub(super) fn derive_keys(
        &mut self,
        premaster_secret: &[u8],
        client_random: &[u8; RANDOM_LENGTH],
        server_random: &[u8; RANDOM_LENGTH],
        extended: bool,
    ) {
        let master_secret = if extended {
            self.work += Work::prf(premaster_secret.len(), "extended master secret".len() + HASH, MASTER_SECRET);
            MasterSecret::derive_extended(premaster_secret, &self.handshake_hash())
        } else {
            self.work += Work::prf(premaster_secret.len(), "master secret".len() + 2 * RANDOM_LENGTH, MASTER_SECRET);
            MasterSecret::derive(premaster_secret, client_random, server_random)
        };
        self.work += Work::prf(MASTER_SECRET, "key expansion".len() + 2 * RANDOM_LENGTH, KEY_BLOCK);
        self.randoms = [*client_random, *server_random];
        self.records.install(master_secret.key_block(client_random, server_random));
        self.outputs.push_back(Output::KeyLog(KeyLog {
            client_random: *client_random,
            master_secret: *master_secret.octets(),
        }));
        self.master_secret = Some(master_secret);
    }

    /// From now on the peer may send ChangeCipherSpec.
    pub(super) fn expect_change_cipher_spec(&mut self) {
        self.expects_change_cipher_spec = true;
    }

    /// Compares the peer's Finished, which is not in the handshake hash yet, with what it must be; then hashes it.
    pub(super) fn verify_finished(&mut self, message: &Message, verify_data: &[u8]) -> Result<(), Fault> {
        let Some(master_secret) = self.master_secret.as_ref().filter(|_| message.epoch == 1) else {
            return Err(Fault::new(AlertDescription::UnexpectedMessage, "Finished in the clear"));
        };
        let peer = if self.side == Sender::Client { Sender::Server } else { Sender::Client };
        let expected = master_secret.verify_data(peer, &self.current_hash());
        self.count_verify_data();
        let difference = expected.iter().zip(verify_data).fold(0, |sum, (a, b)| sum | (a ^ b));
        if difference != 0 || expected.len() != verify_data.len() {
            return Err(Fault::new(AlertDescription::DecryptError, "verify_data of Finished"));
        }
        self.hash_message(message)
    }

    /// Both Finished are verified.
    pub(super) fn connected(&mut self) {
        self.flight.stop();
        self.phase = Phase::Connected;
        self.active = self.now;
        self.outputs.push_back(Output::Connected);
    }

    /// Ends the handshake with a fatal alert.
    pub(super) fn fail(&mut self, fault: Fault) {
        self.end(Some(Alert::fatal(fault.alert)), None, CloseReason::Protocol(fault.what));
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
            self.statistics.retransmissions += 1;
            self.transmit_flight();
        }
    }

    fn release_datagrams(&mut self) {
        for datagram in self.records.take_datagrams() {
            if self.phase != Phase::Connected {
                self.statistics.handshake_datagrams_sent += 1;
                self.statistics.handshake_octets_sent += u32::try_from(datagram.len()).unwrap_or(u32::MAX);
            }
            self.outputs.push_back(Output::Datagram(datagram));
        }
    }
}
