//! The air: radios with unslotted CSMA-CA, acknowledgements and retries, on the 2.4 GHz O-QPSK PHY of IEEE 802.15.4-2006
//! (6.5, 7.5.1.4, 7.5.6).
//!
//! What decides whether a frame arrives, in this order: the receiver must listen from the frame's first symbol to its
//! last (half duplex, same channel); any other audible frame that overlaps it there kills it unless it is at least
//! [`CAPTURE_DB`] stronger, and then kills the other (whichever came first); the link's delivery probability. A frame
//! that is lost to the last still occupies the channel. Radios are of the 2006 edition: frames of later versions are
//! neither passed on nor acknowledged by a board's radio; a tester radio hears them.

mod own_acknowledgement;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use protocols::mac::Csma;
use protocols::mac::address_filter::{Filtered, acknowledgement_number, filter, wants_acknowledgement};
use protocols::mac::timing::{
    ACK_WAIT, CCA, LONG_SPACING, MAX_RETRIES, SHORT_FRAME, SHORT_SPACING, TURNAROUND, UNIT_BACKOFF, air_time,
};
use protocols::time::Instant;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use wire::Eui64;
use wire::ieee802154::{FCS_LENGTH, FrameControl, Header, PanId, append_fcs, check_fcs};
use wire::reader::Reader;

use super::queue::Queue;

/// The channel of a sniffer that listens to all of them at once.
pub(crate) const ALL_CHANNELS: u8 = 0;
/// A frame this much stronger than all that overlap it is received all the same.
pub(crate) const CAPTURE_DB: i16 = 10;

/// What happened on the air, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Frames sent, retries included, acknowledgements not.
    pub frames: u64,
    /// Acknowledgements sent.
    pub acknowledgements: u64,
    /// Frames (and acknowledgements) that arrived at a radio, counted per radio.
    pub deliveries: u64,
    /// Acknowledgements among them.
    pub delivered_acknowledgements: u64,
    /// Frames among them that a radio's address filter handed to its board.
    pub handed_up: u64,
    /// Arrivals lost to a link's delivery probability.
    pub lost: u64,
    /// Arrivals lost to another frame at the same time.
    pub collided: u64,
    /// Arrivals at a radio that was not listening all the time.
    pub deaf: u64,
    /// Arrivals with a wrong FCS.
    pub bad_fcs: u64,
    /// Transmissions given up because the channel was never clear.
    pub channel_access_failures: u64,
    /// Transmissions given up because no acknowledgement came.
    pub unacknowledged: u64,
}

/// How a radio listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// No power.
    Off,
    /// A board's radio: address filter and automatic acknowledgements.
    Device { pan_id: PanId, eui64: Eui64, receiver_on: bool },
    /// The radio of a stack behind a bridge, which filters and acknowledges by itself, in its own time: it is handed every
    /// frame. One that is for it and asks for an acknowledgement stays on the air until that has come, for `window` at most.
    Itself { eui64s: BTreeSet<Eui64>, window: Duration },
    /// A tester radio: hears every frame, acknowledges for those it imitates.
    Promiscuous { pan_id: PanId, imitated: BTreeSet<Eui64> },
    /// A sniffer: hears every frame, also with a wrong FCS; never sends.
    Sniffer,
}

/// What comes out of the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Output {
    /// A frame ended; for a sniffer that is everywhere.
    OnAir { channel: u8, psdu: Arc<[u8]> },
    /// A radio received a frame: without FCS, but for a sniffer.
    Received { radio: usize, channel: u8, frame: Received, rssi_dbm: i8 },
    /// A radio is done with a transmission.
    Done { radio: usize, handle: u64, status: Status },
}

/// A received frame: it shares the octets that were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    psdu: Arc<[u8]>,
    length: usize,
}

impl std::ops::Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.psdu[..self.length]
    }
}

/// What all receivers make of a frame alike: whether its FCS is right, and its header.
struct Checked {
    mpdu: Option<usize>,
    header: Option<(FrameControl, Header)>,
    acknowledged: Option<u8>,
}

impl Checked {
    fn new(psdu: &[u8]) -> Self {
        match check_fcs(psdu) {
            Ok(mpdu) => Self {
                mpdu: Some(psdu.len() - FCS_LENGTH),
                header: Header::parse(&mut Reader::new(mpdu)).ok(),
                acknowledged: acknowledgement_number(mpdu),
            },
            Err(_) => Self { mpdu: None, header: None, acknowledged: None },
        }
    }
}

/// The end of a transmission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    NoAck,
    ChannelAccessFailure,
}

/// All radios and what is between them. Driven like every machine: calls, then `poll` until `None`, then `deadline`.
#[derive(Debug)]
pub(crate) struct Medium {
    radios: Vec<Radio>,
    queue: Queue<Event>,
    on_air: BTreeMap<u64, Transmission>,
    transmissions: u64,
    outputs: VecDeque<Output>,
    statistics: Statistics,
}

#[derive(Debug)]
struct Radio {
    mode: Mode,
    channel: u8,
    /// Who hears this radio, sniffers first, so that evidence comes before what follows from it.
    heard_by: Vec<Hearing>,
    arrivals: Vec<Arrival>,
    energy_until: Instant,
    sending: Option<u64>,
    acknowledging: Option<Acknowledging>,
    access: Access,
    job: Option<Job>,
    waiting: VecDeque<Job>,
    /// Makes scheduled events of an abandoned attempt void.
    attempt: u64,
    spacing_until: Instant,
    backoffs: ChaCha8Rng,
}

#[derive(Debug)]
struct Hearing {
    radio: usize,
    rssi_dbm: i8,
    delivery: f64,
    draws: ChaCha8Rng,
}

#[derive(Debug)]
struct Arrival {
    transmission: u64,
    channel: u8,
    rssi_dbm: i8,
    begun: Instant,
    fate: Fate,
    /// It stays on the air although it is over: it disturbs nobody, and nobody disturbs it.
    held: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Collided,
    Deaf,
    /// Lost to the link's delivery probability, as was drawn before its end.
    Lost,
    /// Handed to the receiver before its end.
    Handed,
}

#[derive(Debug)]
struct Transmission {
    radio: usize,
    channel: u8,
    psdu: Arc<[u8]>,
    acknowledgement: bool,
    /// Switched off in the middle: nobody receives it.
    cut: bool,
    /// Who has it already and may acknowledge it, while it stays on the air for that.
    handed_to: Vec<usize>,
}

#[derive(Debug)]
struct Acknowledging {
    psdu: Arc<[u8]>,
    number: u64,
}

/// Where a radio is with the job at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Idle,
    /// Backing off, then assessing the channel from this moment.
    Assessing(Instant),
    TurningToSend,
    Sending,
    AwaitingAcknowledgement,
}

#[derive(Debug)]
struct Job {
    handle: u64,
    psdu: Arc<[u8]>,
    access: Csma,
    retries: u32,
    most_retries: u32,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Assessed { radio: usize, attempt: u64 },
    TurnedToSend { radio: usize, attempt: u64 },
    TurnedToAcknowledge { radio: usize, number: u64 },
    FrameEnds { transmission: u64 },
    WindowEnds { transmission: u64 },
    AcknowledgementMissing { radio: usize, attempt: u64 },
}

impl Medium {
    pub(crate) fn new() -> Self {
        Self {
            radios: Vec::new(),
            queue: Queue::default(),
            on_air: BTreeMap::new(),
            transmissions: 0,
            outputs: VecDeque::new(),
            statistics: Statistics::default(),
        }
    }

    /// Adds a radio, without power; `seed` is for its back-offs.
    pub(crate) fn add_radio(&mut self, channel: u8, seed: [u8; 32]) -> usize {
        self.radios.push(Radio {
            mode: Mode::Off,
            channel,
            heard_by: Vec::new(),
            arrivals: Vec::new(),
            energy_until: Instant::ZERO,
            sending: None,
            acknowledging: None,
            access: Access::Idle,
            job: None,
            waiting: VecDeque::new(),
            attempt: 0,
            spacing_until: Instant::ZERO,
            backoffs: ChaCha8Rng::from_seed(seed),
        });
        self.radios.len() - 1
    }

    /// Lets `to` hear `from`; `seed` is for the losses.
    pub(crate) fn add_link(&mut self, from: usize, to: usize, delivery: f64, rssi_dbm: i8, seed: [u8; 32]) {
        let hearing = Hearing { radio: to, rssi_dbm, delivery, draws: ChaCha8Rng::from_seed(seed) };
        let sniffer = self.radios[to].mode == Mode::Sniffer;
        let heard_by = &mut self.radios[from].heard_by;
        if sniffer {
            heard_by.insert(0, hearing);
        } else {
            heard_by.push(hearing);
        }
    }

    /// Gives back what was allocated for more links than were added.
    pub(crate) fn shrink(&mut self) {
        self.radios.iter_mut().for_each(|radio| radio.heard_by.shrink_to_fit());
        self.radios.shrink_to_fit();
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Sets how and where a radio listens. Without power it forgets everything; on another channel it has missed the
    /// beginning of what is on air there.
    pub(crate) fn configure(&mut self, radio: usize, channel: u8, mode: Mode) {
        let this = &mut self.radios[radio];
        if this.channel != channel || mode == Mode::Off {
            this.arrivals.clear();
        }
        if let (true, Mode::Device { receiver_on: false, .. }) = (this.mode != mode, &mode) {
            this.deafen();
        }
        if mode == Mode::Off {
            this.attempt += 1;
            this.access = Access::Idle;
            this.job = None;
            this.waiting.clear();
            this.acknowledging = None;
            if let Some(transmission) = this.sending.take().and_then(|number| self.on_air.get_mut(&number)) {
                transmission.cut = true;
            }
        }
        this.channel = channel;
        this.mode = mode;
    }

    /// Hands a radio a PSDU with its FCS, at most 127 octets; it is sent after those handed in before. Without power
    /// it fails at once.
    pub(crate) fn transmit(&mut self, now: Instant, radio: usize, handle: u64, psdu: &[u8]) {
        self.transmit_at_most(now, radio, handle, psdu, MAX_RETRIES);
    }

    /// The same, with so many retries at most: a stack that tries again by itself wants none.
    pub(crate) fn transmit_at_most(&mut self, now: Instant, radio: usize, handle: u64, psdu: &[u8], most_retries: u32) {
        if self.radios[radio].mode == Mode::Off {
            return self.refuse(radio, handle);
        }
        let job = Job { handle, psdu: psdu.into(), access: Csma::default(), retries: 0, most_retries };
        self.radios[radio].waiting.push_back(job);
        self.next_job(now, radio);
    }

    /// A frame fails at once that a radio cannot send.
    pub(crate) fn refuse(&mut self, radio: usize, handle: u64) {
        self.outputs.push_back(Output::Done { radio, handle, status: Status::ChannelAccessFailure });
    }

    /// The next output; processes what is due by `now`, one event at a time.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Some(output);
            }
            match self.queue.pop(now)? {
                Event::Assessed { radio, attempt } if self.radios[radio].attempt == attempt => {
                    self.assessed(now, radio);
                }
                Event::TurnedToSend { radio, attempt } if self.radios[radio].attempt == attempt => {
                    self.send_job(now, radio);
                }
                Event::TurnedToAcknowledge { radio, number } => self.acknowledge(now, radio, number),
                Event::FrameEnds { transmission } if self.stays_for_acknowledgement(now, transmission) => {}
                Event::FrameEnds { transmission } => self.frame_ends(now, transmission),
                Event::WindowEnds { transmission } => self.frame_ends(now, transmission),
                Event::AcknowledgementMissing { radio, attempt } if self.radios[radio].attempt == attempt => {
                    self.unacknowledged(now, radio);
                }
                _ => {}
            }
        }
    }

    /// When something happens next.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.outputs.is_empty() { self.queue.due() } else { Some(Instant::ZERO) }
    }

    fn next_job(&mut self, now: Instant, radio: usize) {
        let this = &mut self.radios[radio];
        if this.job.is_none() {
            this.job = this.waiting.pop_front();
            if this.job.is_some() {
                self.back_off(now, radio);
            }
        }
    }

    /// 7.5.1.4: a random delay of 0 to 2^BE - 1 periods, then an assessment.
    fn back_off(&mut self, now: Instant, radio: usize) {
        let this = &mut self.radios[radio];
        let Some(job) = &this.job else { return };
        let begin = now.max(this.spacing_until) + job.access.back_off(&mut this.backoffs);
        this.attempt += 1;
        this.access = Access::Assessing(begin);
        self.queue.push(begin + CCA, Event::Assessed { radio, attempt: this.attempt });
    }

    fn assessed(&mut self, now: Instant, radio: usize) {
        let this = &mut self.radios[radio];
        let (Access::Assessing(begun), Some(job)) = (this.access, &mut this.job) else { return };
        if this.arrivals.iter().any(|arrival| arrival.held) {
            // The air stands still until a stack has acknowledged: that is no busy channel.
            this.access = Access::Assessing(now + (UNIT_BACKOFF - CCA));
            self.queue.push(now + UNIT_BACKOFF, Event::Assessed { radio, attempt: this.attempt });
            return;
        }
        let busy = this.sending.is_some()
            || this.acknowledging.is_some()
            || this.energy_until > begun
            || this.arrivals.iter().any(|arrival| arrival.begun < now);
        if !busy {
            this.access = Access::TurningToSend;
            self.queue.push(now + TURNAROUND, Event::TurnedToSend { radio, attempt: this.attempt });
            return;
        }
        if job.access.is_busy() {
            self.back_off(now, radio);
        } else {
            self.statistics.channel_access_failures += 1;
            self.done(now, radio, Status::ChannelAccessFailure);
        }
    }

    fn send_job(&mut self, now: Instant, radio: usize) {
        let this = &mut self.radios[radio];
        let Some(job) = &this.job else { return };
        this.access = Access::Sending;
        let psdu = Arc::clone(&job.psdu);
        self.statistics.frames += 1;
        self.begin(now, radio, psdu, false);
    }

    fn acknowledge(&mut self, now: Instant, radio: usize, number: u64) {
        let this = &mut self.radios[radio];
        if this.acknowledging.as_ref().is_some_and(|due| due.number == number)
            && let Some(due) = this.acknowledging.take()
        {
            self.statistics.acknowledgements += 1;
            self.begin(now, radio, due.psdu, true);
        }
    }

    /// A frame's first symbol.
    fn begin(&mut self, now: Instant, radio: usize, psdu: Arc<[u8]>, acknowledgement: bool) {
        self.transmissions += 1;
        let number = self.transmissions;
        let this = &mut self.radios[radio];
        let channel = this.channel;
        this.sending = Some(number);
        this.deafen();
        for index in 0..self.radios[radio].heard_by.len() {
            let Hearing { radio: hearer, rssi_dbm, .. } = self.radios[radio].heard_by[index];
            let hearer = &mut self.radios[hearer];
            if hearer.mode != Mode::Off && (hearer.channel == channel || hearer.channel == ALL_CHANNELS) {
                hearer.arrives(number, channel, rssi_dbm, now);
            }
        }
        self.queue.push(now + air_time(psdu.len()), Event::FrameEnds { transmission: number });
        let (cut, handed_to) = (false, Vec::new());
        self.on_air.insert(number, Transmission { radio, channel, psdu, acknowledgement, cut, handed_to });
    }

    /// A frame's last symbol: first at those who hear it, then at its sender.
    fn frame_ends(&mut self, now: Instant, number: u64) {
        let Some(transmission) = self.on_air.remove(&number) else { return };
        let Transmission { radio, channel, psdu, acknowledgement, cut, .. } = transmission;
        if !cut {
            self.outputs.push_back(Output::OnAir { channel, psdu: Arc::clone(&psdu) });
        }
        let checked = Checked::new(&psdu);
        for index in 0..self.radios[radio].heard_by.len() {
            let hearing = &mut self.radios[radio].heard_by[index];
            let drawn = f64::from(hearing.draws.next_u32()) / 4_294_967_296.0;
            let (lost, hearer) = (drawn >= hearing.delivery, hearing.radio);
            let there = &mut self.radios[hearer];
            let Some(at) = there.arrivals.iter().position(|arrival| arrival.transmission == number) else { continue };
            let arrival = there.arrivals.remove(at);
            there.energy_until = now;
            match arrival.fate {
                Fate::Collided => self.statistics.collided += 1,
                Fate::Deaf => self.statistics.deaf += 1,
                Fate::Lost => self.statistics.lost += 1,
                Fate::Handed => {
                    self.statistics.deliveries += 1;
                    self.statistics.handed_up += 1;
                }
                Fate::Well if cut => {}
                Fate::Well if lost => self.statistics.lost += 1,
                Fate::Well => {
                    self.statistics.deliveries += 1;
                    self.statistics.delivered_acknowledgements += u64::from(acknowledgement);
                    self.receive(now, hearer, channel, &psdu, &checked, arrival.rssi_dbm);
                }
            }
        }
        let this = &mut self.radios[radio];
        if this.sending != Some(number) {
            return;
        }
        this.sending = None;
        this.energy_until = now;
        if acknowledgement {
            return;
        }
        if wants_acknowledgement(&psdu) {
            this.access = Access::AwaitingAcknowledgement;
            self.queue.push(now + ACK_WAIT, Event::AcknowledgementMissing { radio, attempt: this.attempt });
        } else {
            self.done(now, radio, Status::Success);
        }
    }

    fn unacknowledged(&mut self, now: Instant, radio: usize) {
        let Some(job) = &mut self.radios[radio].job else { return };
        if job.retries >= job.most_retries {
            self.statistics.unacknowledged += 1;
            self.done(now, radio, Status::NoAck);
            return;
        }
        job.retries += 1;
        job.access = Csma::default();
        self.back_off(now, radio);
    }

    fn done(&mut self, now: Instant, radio: usize, status: Status) {
        let this = &mut self.radios[radio];
        this.access = Access::Idle;
        this.attempt += 1;
        if let Some(job) = this.job.take() {
            let spacing = if job.psdu.len() > SHORT_FRAME { LONG_SPACING } else { SHORT_SPACING };
            this.spacing_until = now + spacing;
            self.outputs.push_back(Output::Done { radio, handle: job.handle, status });
        }
        self.next_job(now, radio);
    }

    fn receive(&mut self, now: Instant, radio: usize, channel: u8, psdu: &Arc<[u8]>, checked: &Checked, rssi_dbm: i8) {
        let received = |length| Received { psdu: Arc::clone(psdu), length };
        let this = &mut self.radios[radio];
        if this.mode == Mode::Sniffer {
            self.outputs.push_back(Output::Received { radio, channel, frame: received(psdu.len()), rssi_dbm });
            return;
        }
        let Some(length) = checked.mpdu else {
            self.statistics.bad_fcs += 1;
            return;
        };
        if let (Access::AwaitingAcknowledgement, Some(number), Some(job)) =
            (this.access, checked.acknowledged, &this.job)
            && job.psdu.get(2) == Some(&number)
        {
            self.done(now, radio, Status::Success);
        }
        let this = &mut self.radios[radio];
        let verdict = match &this.mode {
            Mode::Device { pan_id, eui64, .. } => filter(checked.header.as_ref(), *pan_id, |address| address == *eui64),
            Mode::Promiscuous { pan_id, imitated } => {
                let verdict = filter(checked.header.as_ref(), *pan_id, |address| imitated.contains(&address));
                Filtered { passed: true, ..verdict }
            }
            // What acknowledges its own frames it is told by their status.
            Mode::Itself { .. } => Filtered { passed: checked.acknowledged.is_none(), acknowledge: None },
            Mode::Off | Mode::Sniffer => return,
        };
        if let (Some(number), true) = (verdict.acknowledge, this.sending.is_none()) {
            let mut psdu = vec![0x02, 0x00, number];
            append_fcs(&mut psdu);
            self.acknowledge_after_turnaround(now, radio, psdu);
        }
        if verdict.passed {
            self.statistics.handed_up += 1;
            self.outputs.push_back(Output::Received { radio, channel, frame: received(length), rssi_dbm });
        }
    }

    fn acknowledge_after_turnaround(&mut self, now: Instant, radio: usize, psdu: Vec<u8>) {
        self.transmissions += 1;
        let number = self.transmissions;
        self.radios[radio].acknowledging = Some(Acknowledging { psdu: psdu.into(), number });
        self.queue.push(now + TURNAROUND, Event::TurnedToAcknowledge { radio, number });
    }
}

impl Radio {
    /// What arrives now does not: the radio sends, or listens no more.
    fn deafen(&mut self) {
        self.arrivals.iter_mut().filter(|arrival| !arrival.held).for_each(|arrival| arrival.fate = Fate::Deaf);
    }

    /// Adds a frame whose first symbol is heard now, and settles what it does to those already there.
    fn arrives(&mut self, transmission: u64, channel: u8, rssi_dbm: i8, now: Instant) {
        let listens = match self.mode {
            Mode::Off => false,
            Mode::Device { receiver_on, .. } => receiver_on || self.access == Access::AwaitingAcknowledgement,
            Mode::Itself { .. } | Mode::Promiscuous { .. } | Mode::Sniffer => true,
        };
        let turned = self.sending.is_some() || self.access == Access::TurningToSend;
        let mut fate = if listens && !turned { Fate::Well } else { Fate::Deaf };
        for other in self.arrivals.iter_mut().filter(|other| other.channel == channel && !other.held) {
            let stronger = i16::from(rssi_dbm) - i16::from(other.rssi_dbm);
            if stronger > -CAPTURE_DB && other.fate == Fate::Well {
                other.fate = Fate::Collided;
            }
            if stronger < CAPTURE_DB && fate == Fate::Well {
                fate = Fate::Collided;
            }
        }
        self.arrivals.push(Arrival { transmission, channel, rssi_dbm, begun: now, fate, held: false });
    }
}

#[cfg(test)]
#[path = "medium_tests.rs"]
mod tests;
