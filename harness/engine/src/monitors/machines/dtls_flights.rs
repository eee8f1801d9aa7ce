//! Flights of DTLS (RFC 6347 4.1, 4.2): how records and messages are numbered, and when a flight comes again.

use std::collections::HashMap;

use suites::plan::Case;

use super::dtls::{Peer, destination, source};
use super::text;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

/// Records and messages of the device's handshakes.
#[derive(Default)]
pub(crate) struct Numbers {
    associations: HashMap<Peer, Association>,
}

/// What was sent to one peer since its last new ServerHello.
#[derive(Default)]
struct Association {
    random: Option<String>,
    /// The greatest record number of each epoch, and the event.
    records: HashMap<u64, (u64, u64)>,
    /// Type and length of each message, by its number.
    messages: HashMap<u64, (u64, u64)>,
    newest: Option<u64>,
    /// A HelloVerifyRequest was sent since: what comes next may be an alert to whom it was for.
    asked: bool,
    /// ServerHelloDone was sent: the client's flight is what comes next.
    awaits: bool,
    /// ChangeCipherSpec was sent: the client's flight has come.
    answered: Option<u64>,
    /// The last datagram with a message of the flight before.
    of_flight: Option<u64>,
}

impl Numbers {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Numbers {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        // Where frames may be missed, the beginning of an association may be.
        let Some(pdu) = sight.made().filter(|_| !sight.loses_frames) else { return };
        let Some(peer) = destination(pdu) else { return };
        let association = self.associations.entry(peer).or_default();
        for layer in (0..pdu.layers.len()).filter(|layer| pdu.layers.get(*layer) == Some(&"dtls")) {
            association.see(pdu, layer, word);
        }
    }
}

impl Association {
    fn see(&mut self, pdu: &Pdu, layer: usize, word: &mut Word) {
        let all = |name: &str| -> Vec<u64> {
            let fields = pdu.fields_of(layer).iter().filter(|(known, _)| known == name);
            fields.filter_map(|(_, value)| value.number()).collect()
        };
        let first = |name: &str| all(name).first().copied();
        let (Some(epoch), Some(number)) = (first("dtls.record.epoch"), first("dtls.record.sequence_number")) else {
            return;
        };
        let types = all("dtls.handshake.type");
        // A stateless answer has the number of what it answers, and is of no handshake (RFC 6347 4.2.1).
        if epoch == 0 && types.contains(&HELLO_VERIFY_REQUEST) {
            self.asked = true;
            return;
        }
        let content_type = first("dtls.record.content_type");
        if epoch == 0 && content_type == Some(ALERT) && self.asked {
            return;
        }
        if types.contains(&SERVER_HELLO) {
            let random = pdu.fields_of(layer).iter().find(|(name, _)| name == "dtls.handshake.random");
            let random = random.and_then(|(_, value)| value.text()).map(str::to_owned);
            if random.is_some() && random != self.random {
                *self = Self { random, ..Self::default() };
            }
            self.asked = false;
        }
        // An alert before any handshake is of none.
        if self.random.is_none() {
            return;
        }
        word.judge();
        let event = pdu.completed();
        match self.records.get(&epoch) {
            Some((last, earlier)) if number <= *last => {
                let reason = format!("a record of epoch {epoch} has number {number} after one with {last}");
                word.violation(reason, [*earlier, event]);
            }
            _ => {
                self.records.insert(epoch, (number, event));
            }
        }
        self.look_at_flights(epoch, content_type, &types, event, word);
        let lengths = all("dtls.handshake.length");
        let numbers = all("dtls.handshake.message_seq");
        let (starts, octets) = (all("dtls.handshake.fragment_offset"), all("dtls.handshake.fragment_length"));
        let messages = types.iter().zip(&lengths).zip(numbers.iter().zip(starts.iter().zip(&octets)));
        for ((msg_type, length), (message, (start, octets))) in messages {
            if start + octets > *length {
                word.violation(format!("a fragment of message {message} ends behind its {length} octets"), [event]);
            }
            match (self.messages.get(message), self.newest) {
                (Some(known), _) if *known != (*msg_type, *length) => {
                    let reason = format!("message {message} is another one when it comes again");
                    word.violation(reason, [event]);
                }
                (None, Some(newest)) if *message != newest + 1 => {
                    word.violation(format!("message {message} follows message {newest}"), [event]);
                }
                (Some(_), _) => continue,
                (None, _) => {}
            }
            self.messages.insert(*message, (*msg_type, *length));
            self.newest = Some(self.newest.unwrap_or_default().max(*message));
        }
    }
}

impl Association {
    /// Before the last flight is sent the one before it is forgotten (RFC 6347 4.2.4, PREPARING).
    fn look_at_flights(&mut self, epoch: u64, content_type: Option<u64>, types: &[u64], event: u64, word: &mut Word) {
        if epoch == 0 && types.iter().any(|msg_type| ANSWERED.contains(msg_type)) {
            if let Some(answered) = self.answered {
                word.violation("a message of a flight that was answered comes again", [answered, event]);
            }
            self.awaits |= types.contains(&SERVER_HELLO_DONE);
            self.of_flight = Some(event);
        }
        // Without ServerHelloDone it is an abbreviated handshake: ServerHello and ChangeCipherSpec are of one flight.
        if epoch == 0 && content_type == Some(CHANGE_CIPHER_SPEC) && self.awaits {
            if self.of_flight == Some(event) && self.answered.is_none() {
                word.violation("a message of a flight that was answered comes again with the next one", [event]);
            }
            self.answered = Some(event);
        }
    }
}

/// When a flight that nobody answers comes again.
#[derive(Default)]
pub(crate) struct Timers {
    flights: HashMap<Peer, Waits>,
    /// Frames that were on the air so far.
    frames: u64,
}

/// The repetitions of one flight without a word of the peer between them.
#[derive(Default)]
struct Waits {
    random: String,
    /// When what it answers came, in nanoseconds; none where more than that came.
    since: Option<u64>,
    /// When it was last sent, in nanoseconds, the event, and how many frames were on the air before.
    last: Option<(u64, u64, u64)>,
    /// The greatest record number that its ServerHello had: what has that one again is a copy, and no repetition.
    record: Option<u64>,
    /// How long it was not repeated before that.
    wait: Option<u64>,
    /// The channel was crowded then.
    was_crowded: bool,
}

/// The least wait, 1 s (RFC 6298 2.4), less what clocks differ in. It is counted from what the flight answers: when it was handed to
/// the radio, which may have waited for the channel, nobody sees.
const LEAST: u64 = 800_000_000;

/// On a channel with more frames a second a radio waits for its turn, and a wait between two frames is none of a timer.
const CROWDED: u64 = 50;

/// Where a timer may stop growing (RFC 6347 4.2.4.1: no less than 60 s), less than any jitter takes of it.
const LONG: u64 = 30_000_000_000;

impl Timers {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for Timers {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if sight.loses_frames {
            return;
        }
        self.frames += u64::from(sight.frame().is_some());
        if let Some(peer) = sight.came().filter(|pdu| pdu.layers.contains(&"dtls")).and_then(source) {
            // It may repeat what it has sent, and then an answer is due at once, beside a repetition that is on its way.
            let was_sent =
                self.flights.get(&peer).is_some_and(|flight| flight.last.is_some() || flight.since.is_none());
            let since = (!was_sent).then_some(sight.event.t);
            self.flights.insert(peer, Waits { since, ..Waits::default() });
        }
        let Some(pdu) = sight.made().filter(|pdu| pdu.messages.contains(&"dtls.server_hello")) else { return };
        let (Some(peer), Some(random)) = (destination(pdu), text(pdu, "dtls.handshake.random")) else { return };
        let (now, event) = (sight.event.t, pdu.completed());
        let flight = self.flights.entry(peer).or_default();
        if flight.random != random {
            *flight = Waits { random: random.to_owned(), since: flight.since, ..Waits::default() };
        }
        let Some(since) = flight.since else { return };
        let record = pdu.number("dtls.record.sequence_number");
        if record <= flight.record {
            return;
        }
        flight.record = record;
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        if let Some((last, earlier, frames)) = flight.last.replace((now, event, self.frames)) {
            let wait = now.saturating_sub(last);
            let is_first = flight.wait.is_none();
            if is_first {
                let whole = now.saturating_sub(since);
                word.judge();
                if whole < LEAST {
                    let reason =
                        format!("a flight comes again {:.3} s after what it answers: too soon", seconds(whole));
                    word.violation(reason, [earlier, event]);
                }
            }
            let is_crowded = (self.frames - frames).saturating_mul(1_000_000_000) > wait.saturating_mul(CROWDED);
            if let Some(before) = flight.wait.replace(wait).filter(|before| *before < LONG) {
                if is_crowded || flight.was_crowded {
                    word.pass_over();
                } else {
                    word.judge();
                    // Twice as long, with the jitter that any two waits may have.
                    if wait * 10 < before * 11 || wait > before * 4 {
                        let (before, wait) = (seconds(before), seconds(wait));
                        let reason = format!(
                            "a flight comes again {wait:.3} s after it did after {before:.3} s: that is not twice as long"
                        );
                        word.violation(reason, [earlier, event]);
                    }
                }
            }
            flight.was_crowded = is_crowded;
        }
    }
}

const SERVER_HELLO: u64 = 2;
const HELLO_VERIFY_REQUEST: u64 = 3;
const SERVER_HELLO_DONE: u64 = 14;
/// What a server's first flight of a full handshake has: ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone.
const ANSWERED: [u64; 5] = [SERVER_HELLO, 11, 12, 13, SERVER_HELLO_DONE];
const CHANGE_CIPHER_SPEC: u64 = 20;
const ALERT: u64 = 21;
