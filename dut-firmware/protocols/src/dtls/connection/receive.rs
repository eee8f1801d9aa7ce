//! Received records: which may be read, what is in them, what is discarded silently (RFC 6347 4.1.2.7, 4.2.4).

use alloc::vec::Vec;

use wire::dtls::{RecordHeader, fragments};
use wire::tls::{Alert, AlertDescription, AlertLevel, ContentType, HandshakeType, Sender};

use super::{Connection, Event, Phase};
use crate::dtls::Output;
use crate::dtls::inbox::Arrival;
use crate::dtls::record_layer::Opened;
use crate::time::Instant;
use crate::tls::{Carrier, CloseReason, Fault};

/// Records of epoch 1 that are kept until they can be read.
const MAX_EARLY_RECORDS: usize = 8;
/// How often a renegotiation is refused aloud; an endless series of warnings would be an amplifier.
const MAX_REFUSALS: u32 = 4;

impl Connection {
    pub(super) fn is_readable(&self, header: &RecordHeader) -> bool {
        match header.content_type {
            ContentType::ApplicationData => self.phase == Phase::Connected,
            _ => self.records.has_keys() && self.peer_changed_cipher_spec,
        }
    }

    pub(super) fn process_record(&mut self, now: Instant, header: RecordHeader, fragment: Vec<u8>) -> Option<Event> {
        let is_known = !matches!(header.content_type, ContentType::Unknown(_));
        let is_dtls = header.version.0 >> 8 == 0xfe;
        if !is_known || !is_dtls || header.epoch > 1 {
            return None;
        }
        if header.epoch == 1 && !self.is_readable(&header) {
            let keeps = self.records.free().keeps_early_records();
            if keeps && self.phase == Phase::Handshaking && self.early.len() < MAX_EARLY_RECORDS {
                self.early.push((header, fragment));
            }
            return None;
        }
        // A client that begins anew counts its records from 0 again, so a ClientHello is never a replay.
        let is_hello = header.content_type == ContentType::Handshake
            && header.epoch == 0
            && self.side == Sender::Server
            && fragment.first().copied().map(HandshakeType::from) == Some(HandshakeType::ClientHello);
        let opened = if is_hello { Opened::Plaintext(fragment) } else { self.records.open(&header, &fragment) };
        let plaintext = match opened {
            Opened::Plaintext(plaintext) => plaintext,
            Opened::BadMac
                if header.content_type == ContentType::Handshake
                    && self.phase == Phase::Handshaking
                    && !self.records.free().discards_silently() =>
            {
                // The first record under new keys is the peer's Finished: if that cannot be read, its key is another.
                self.fail(Fault::new(self.wrong_key_alert, "Finished does not decrypt: wrong key"));
                return None;
            }
            Opened::BadMac | Opened::Invalid => return None,
        };
        match header.content_type {
            ContentType::Handshake => return self.process_handshake(now, &header, &plaintext),
            ContentType::ChangeCipherSpec
                if header.epoch == 0
                    && plaintext == [1]
                    && self.phase == Phase::Handshaking
                    && self.expects_change_cipher_spec =>
            {
                self.peer_changed_cipher_spec = true;
            }
            ContentType::Alert => self.process_alert(&header, &plaintext),
            ContentType::ApplicationData if header.epoch == 1 && !plaintext.is_empty() => {
                self.outputs.push_back(Output::ApplicationData(plaintext));
            }
            _ => {}
        }
        None
    }

    fn process_handshake(&mut self, now: Instant, header: &RecordHeader, plaintext: &[u8]) -> Option<Event> {
        let fragments = match fragments(plaintext) {
            Ok(fragments) if !fragments.is_empty() => fragments,
            Err(error) if self.phase == Phase::Handshaking => {
                self.fail(Fault::decode(error));
                return None;
            }
            _ => return None,
        };
        for fragment in fragments {
            let fragment_header = &fragment.header;
            let is_last = fragment_header.fragment_offset + fragment_header.fragment_length == fragment_header.length;
            match (fragment_header.msg_type, header.epoch) {
                (HandshakeType::ClientHello, 0) if self.side == Sender::Server => {
                    if let Some(message) = self.hellos.insert(&fragment) {
                        // A client sends nothing useful behind its ClientHello.
                        return Some(Event::ClientHello { message, sequence_number: header.sequence_number });
                    }
                }
                (HandshakeType::ClientHello | HandshakeType::HelloRequest, 1) if self.phase == Phase::Connected => {
                    self.refuse_renegotiation();
                }
                (msg_type, epoch) => match self.phase {
                    Phase::Handshaking => {
                        let arrival = self.inbox.insert(epoch, &fragment);
                        let is_flight_end = fragment_header.message_seq.checked_add(1) == Some(self.answered_before);
                        // Each copy of a ClientHello has its own HelloVerifyRequest, so that is no sign of loss.
                        let is_repeat = is_last && is_flight_end && msg_type != HandshakeType::HelloVerifyRequest;
                        match arrival {
                            Arrival::Old if is_repeat && self.inbox.next() == self.answered_before => {
                                self.answer_retransmission(now);
                            }
                            Arrival::Kept | Arrival::Old => {}
                            Arrival::TooLong => {
                                let what = "handshake message too long";
                                self.fail(Fault::new(AlertDescription::IllegalParameter, what));
                                return None;
                            }
                        }
                    }
                    Phase::Connected
                        if epoch == 1 && msg_type == HandshakeType::Finished && is_last
                        // The peer did not get our Finished (RFC 6347 4.2.4).
                        && self.side == Sender::Server =>
                    {
                        self.answer_retransmission(now);
                    }
                    _ => {}
                },
            }
        }
        None
    }

    fn process_alert(&mut self, header: &RecordHeader, plaintext: &[u8]) {
        // Once the peer uses its keys, anybody but the peer could have written an alert in the clear.
        let is_trusted = match self.phase {
            Phase::Handshaking => header.epoch == 1 || !self.peer_changed_cipher_spec,
            Phase::Connected => header.epoch == 1,
            Phase::Idle | Phase::Closed => false,
        };
        let Some(alert) = Alert::parse(plaintext).ok().filter(|_| is_trusted) else { return };
        match (alert.level, alert.description) {
            (_, AlertDescription::CloseNotify) => {
                let answer = Alert::warning(AlertDescription::CloseNotify);
                self.end(Some(answer), Some(alert), CloseReason::Peer);
            }
            (AlertLevel::Fatal, _) => self.end(None, Some(alert), CloseReason::Alert),
            (AlertLevel::Warning | AlertLevel::Unknown(_), _) => {}
        }
    }

    fn refuse_renegotiation(&mut self) {
        if self.refusals < MAX_REFUSALS && self.records.free().answers_renegotiation() {
            self.refusals += 1;
            self.write_alert(Alert::warning(AlertDescription::NoRenegotiation));
            self.release_datagrams();
        }
    }
}
