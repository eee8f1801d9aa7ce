//! A carrier of TLS over a stream of octets: records and messages in and out, alerts, application data, closing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use wire::reader::Reader;
use wire::tls::{
    Alert, AlertDescription, AlertLevel, ContentType, Handshake, HandshakeType, KeyBlock, MESSAGE_HEADER_LENGTH,
    ProtocolVersion, RANDOM_LENGTH, RecordHeader, Sender, Transport, first_message, message_bytes, message_header,
};

use super::records::{Exhausted, RecordLayer, Unopened};
use super::{NotConnected, Output};
use crate::time::Instant;
use crate::tls::{Carrier, CloseReason, Closed, Fault, KeyLog, Limits, Received};
use crate::work::Work;

/// How often a renegotiation is refused aloud.
const MAX_REFUSALS: u32 = 4;
/// How many records that say nothing are taken: warnings, and application data of no octets.
const MAX_IDLE_RECORDS: u32 = 32;

/// Where a connection is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A server that has seen no ClientHello.
    Idle,
    Handshaking,
    Connected,
    Closed,
}

/// A whole handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    msg_type: HandshakeType,
    is_protected: bool,
    body: Vec<u8>,
}

impl Received for Message {
    fn msg_type(&self) -> HandshakeType {
        self.msg_type
    }

    fn body(&self) -> &[u8] {
        &self.body
    }

    fn is_protected(&self) -> bool {
        self.is_protected
    }

    fn octets(&self) -> Result<Vec<u8>, Fault> {
        message_bytes(self.msg_type, &self.body).map_err(Fault::internal)
    }
}

/// What a flight is made of, until it is sent.
enum FlightItem {
    /// Handshake messages, which share records.
    Messages(Vec<u8>),
    ChangeCipherSpec,
}

/// One side of one stream.
pub(super) struct Connection {
    side: Sender,
    records: RecordLayer,
    limits: Limits,
    phase: Phase,
    /// Octets that came and are no whole record yet, or were not looked at.
    incoming: Vec<u8>,
    /// Octets of handshake records that are no whole message yet, or were not handed on.
    messages: Vec<u8>,
    flight: Vec<FlightItem>,
    outputs: VecDeque<Output>,
    /// The peer's ChangeCipherSpec may come now.
    expects_change_cipher_spec: bool,
    wrong_key_alert: AlertDescription,
    refusals: u32,
    idle_records: u32,
    handshake_deadline: Option<Instant>,
    /// When the peer last proved that it lives.
    active: Instant,
    /// The latest time that the owner told.
    now: Instant,
}

impl Connection {
    pub(super) fn new(side: Sender, record: usize, limits: Limits) -> Self {
        Self {
            side,
            records: RecordLayer::new(side, record),
            limits,
            phase: if side == Sender::Client { Phase::Handshaking } else { Phase::Idle },
            incoming: Vec::new(),
            messages: Vec::new(),
            flight: Vec::new(),
            outputs: VecDeque::new(),
            expects_change_cipher_spec: false,
            wrong_key_alert: AlertDescription::BadRecordMac,
            refusals: 0,
            idle_records: 0,
            handshake_deadline: None,
            active: Instant::ZERO,
            now: Instant::ZERO,
        }
    }

    // What the owner of a session calls.

    pub(super) fn receive(&mut self, octets: &[u8]) {
        if self.phase != Phase::Closed {
            self.incoming.extend_from_slice(octets);
        }
    }

    /// Nothing more will come.
    pub(super) fn end_of_stream(&mut self) {
        if self.phase != Phase::Closed {
            self.end(None, None, CloseReason::Truncated);
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
        }
        self.outputs.pop_front()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let handshake = self.handshake_deadline.filter(|_| self.phase == Phase::Handshaking);
        [handshake, self.idle_deadline()].into_iter().flatten().min()
    }

    fn idle_deadline(&self) -> Option<Instant> {
        self.limits.idle_timeout.filter(|_| self.phase == Phase::Connected).map(|timeout| self.active + timeout)
    }

    pub(super) fn send(&mut self, now: Instant, data: &[u8]) -> Result<(), NotConnected> {
        self.now = self.now.max(now);
        if self.phase != Phase::Connected {
            return Err(NotConnected);
        }
        // One number is kept for close_notify.
        let sent = self.records.protected_sent().saturating_add(self.records.records_of(data.len()));
        let mut out = Vec::new();
        if sent >= self.limits.records_sent
            || self.records.write(ContentType::ApplicationData, data, &mut out) == Err(Exhausted)
        {
            let notify = Alert::warning(AlertDescription::CloseNotify);
            self.end(Some(notify), None, CloseReason::SequenceNumbersExhausted);
            return Err(NotConnected);
        }
        self.hand_out(out);
        Ok(())
    }

    pub(super) fn close(&mut self) {
        let notify = Some(Alert::warning(AlertDescription::CloseNotify));
        let sent = match self.phase {
            Phase::Closed => return,
            Phase::Idle => None,
            Phase::Connected => notify,
            Phase::Handshaking => {
                self.write_alert(Alert::warning(AlertDescription::UserCanceled));
                notify
            }
        };
        self.end(sent, None, CloseReason::Local);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// A server begins the handshake.
    pub(super) fn begin(&mut self) {
        self.phase = Phase::Handshaking;
    }

    /// Octets that wait: records and pieces of messages that came, what is to be handed out.
    pub(super) fn buffered(&self) -> usize {
        let output = |output: &Output| match output {
            Output::Octets(octets) | Output::ApplicationData(octets) => octets.len(),
            Output::Connected | Output::Closed(_) | Output::KeyLog(_) => 0,
        };
        self.incoming.len() + self.messages.len() + self.outputs.iter().map(output).sum::<usize>()
    }

    // What client and server call while they handle octets.

    /// The next message; works through the records that came until there is one.
    pub(super) fn next_message(&mut self, now: Instant) -> Option<Message> {
        self.now = self.now.max(now);
        loop {
            if self.phase == Phase::Closed {
                self.incoming.clear();
                self.messages.clear();
                return None;
            }
            let outcome = match self.take_message() {
                Ok(Some(message)) if self.phase == Phase::Connected => self.refuse(&message),
                Ok(Some(message)) => return Some(message),
                Ok(None) => match self.take_record() {
                    Ok(Some((header, fragment))) => self.process_record(&header, &fragment),
                    Ok(None) => return None,
                    Err(fault) => Err(fault),
                },
                Err(fault) => Err(fault),
            };
            if let Err(fault) = outcome {
                self.fail(fault);
            }
        }
    }

    // Inside.

    fn take_record(&mut self) -> Result<Option<(RecordHeader, Vec<u8>)>, Fault> {
        let mut reader = Reader::new(&self.incoming);
        let Ok(header) = RecordHeader::parse(&mut reader) else { return Ok(None) };
        self.records.check(&header)?;
        let Ok(fragment) = reader.take(usize::from(header.length), "record") else { return Ok(None) };
        let fragment = fragment.to_vec();
        self.incoming.drain(..RecordHeader::LENGTH + fragment.len());
        Ok(Some((header, fragment)))
    }

    fn process_record(&mut self, header: &RecordHeader, fragment: &[u8]) -> Result<(), Fault> {
        let unexpected = |what| Err(Fault::new(AlertDescription::UnexpectedMessage, what));
        let plaintext = match self.records.open(header, fragment) {
            Ok(plaintext) => plaintext,
            Err(Unopened::Exhausted) => return Err(Fault::new(AlertDescription::BadRecordMac, "too many records")),
            // The first record under new keys is the peer's Finished: if that cannot be read, its key is another.
            Err(Unopened::BadMac) if self.phase == Phase::Handshaking => {
                return Err(Fault::new(self.wrong_key_alert, "Finished does not decrypt: wrong key"));
            }
            Err(Unopened::BadMac) => {
                return Err(Fault::new(AlertDescription::BadRecordMac, "record does not decrypt"));
            }
        };
        self.active = self.now;
        match (header.content_type, plaintext.as_slice()) {
            (ContentType::ApplicationData, _) if self.phase != Phase::Connected => {
                unexpected("application data before the end of the handshake")
            }
            (ContentType::ApplicationData, []) => self.count_idle_record(),
            (ContentType::ApplicationData, _) => {
                self.idle_records = 0;
                self.outputs.push_back(Output::ApplicationData(plaintext));
                Ok(())
            }
            // RFC 5246 6.2.1: no record of these is empty.
            (_, []) => unexpected("empty record"),
            (ContentType::Handshake, octets) => {
                self.messages.extend_from_slice(octets);
                Ok(())
            }
            (ContentType::Alert, _) => self.process_alert(&plaintext),
            // No message lies on both sides of a change of keys, or what protects it could not be said.
            (ContentType::ChangeCipherSpec, [1])
                if self.expects_change_cipher_spec && self.messages.is_empty() && self.records.change_read() =>
            {
                self.expects_change_cipher_spec = false;
                Ok(())
            }
            (ContentType::ChangeCipherSpec, _) => unexpected("ChangeCipherSpec out of place"),
            (ContentType::Unknown(_), _) => unexpected("record of an unknown type"),
        }
    }

    fn process_alert(&mut self, plaintext: &[u8]) -> Result<(), Fault> {
        let alert = Alert::parse(plaintext).map_err(Fault::decode)?;
        match (alert.level, alert.description) {
            (_, AlertDescription::CloseNotify) => {
                let answer = Alert::warning(AlertDescription::CloseNotify);
                self.end(Some(answer), Some(alert), CloseReason::Peer);
            }
            (AlertLevel::Fatal, _) => self.end(None, Some(alert), CloseReason::Alert),
            (AlertLevel::Warning, _) => return self.count_idle_record(),
            (AlertLevel::Unknown(_), _) => {
                return Err(Fault::new(AlertDescription::IllegalParameter, "level of an alert"));
            }
        }
        Ok(())
    }

    fn count_idle_record(&mut self) -> Result<(), Fault> {
        self.idle_records += 1;
        let is_too_many = self.idle_records > MAX_IDLE_RECORDS;
        let fault = Fault::new(AlertDescription::UnexpectedMessage, "records without end that say nothing");
        if is_too_many { Err(fault) } else { Ok(()) }
    }

    /// The next message, if it is there as a whole.
    fn take_message(&mut self) -> Result<Option<Message>, Fault> {
        let Some((_, length)) = message_header(&mut Reader::new(&self.messages)) else { return Ok(None) };
        if length > self.limits.handshake_message {
            return Err(Fault::new(AlertDescription::IllegalParameter, "handshake message too long"));
        }
        let Some((msg_type, body)) = first_message(&self.messages) else { return Ok(None) };
        let message = Message { msg_type, is_protected: self.records.is_read_protected(), body: body.to_vec() };
        self.messages.drain(..MESSAGE_HEADER_LENGTH + message.body.len());
        Ok(Some(message))
    }

    /// In an established session, renegotiation is refused, and everything else has no place.
    fn refuse(&mut self, message: &Message) -> Result<(), Fault> {
        let asks = if self.side == Sender::Client { HandshakeType::HelloRequest } else { HandshakeType::ClientHello };
        if message.msg_type != asks {
            return Err(Fault::out_of_place());
        }
        if self.refusals < MAX_REFUSALS {
            self.refusals += 1;
            self.write_alert(Alert::warning(AlertDescription::NoRenegotiation));
        }
        self.count_idle_record()
    }

    fn write_alert(&mut self, alert: Alert) {
        let mut out = Vec::new();
        // Without sequence numbers left there is nothing to send, and the session ends anyway.
        let _ = self.records.write(ContentType::Alert, &alert.emit(), &mut out);
        self.hand_out(out);
    }

    fn hand_out(&mut self, octets: Vec<u8>) {
        if !octets.is_empty() {
            self.outputs.push_back(Output::Octets(octets));
        }
    }

    fn end(&mut self, sent: Option<Alert>, received: Option<Alert>, reason: CloseReason) {
        if let Some(alert) = sent {
            self.write_alert(alert);
        }
        self.flight.clear();
        self.phase = Phase::Closed;
        self.outputs.push_back(Output::Closed(Closed { sent, received, reason }));
    }

    fn write_flight(&mut self) -> Result<Vec<u8>, Exhausted> {
        let mut out = Vec::new();
        for item in core::mem::take(&mut self.flight) {
            match item {
                FlightItem::Messages(octets) => self.records.write(ContentType::Handshake, &octets, &mut out)?,
                FlightItem::ChangeCipherSpec => {
                    self.records.write(ContentType::ChangeCipherSpec, &[1], &mut out)?;
                    self.records.change_write();
                }
            }
        }
        Ok(out)
    }
}

impl Carrier for Connection {
    const TRANSPORT: Transport = Transport::Stream;
    const VERSION: ProtocolVersion = ProtocolVersion::TLS_1_2;
    type Message = Message;

    fn begin_flight(&mut self) {
        self.flight.clear();
    }

    fn push(&mut self, message: &Handshake) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        message.emit(&mut body).map_err(Fault::internal)?;
        let bytes = message_bytes(message.msg_type(), &body).map_err(Fault::internal)?;
        match self.flight.last_mut() {
            Some(FlightItem::Messages(octets)) => octets.extend_from_slice(&bytes),
            _ => self.flight.push(FlightItem::Messages(bytes.clone())),
        }
        Ok(bytes)
    }

    fn push_change_cipher_spec(&mut self) {
        self.flight.push(FlightItem::ChangeCipherSpec);
    }

    fn send_flight(&mut self, now: Instant, _timed: bool, _noise: &[u8; RANDOM_LENGTH]) {
        if self.handshake_deadline.is_none() {
            self.handshake_deadline = self.limits.handshake_timeout.map(|timeout| now + timeout);
        }
        match self.write_flight() {
            Ok(octets) => self.hand_out(octets),
            Err(Exhausted) => self.end(None, None, CloseReason::SequenceNumbersExhausted),
        }
    }

    fn agree_on_version(&mut self) {
        self.records.agree_on_version();
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
        self.phase = Phase::Connected;
        self.active = self.now;
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
