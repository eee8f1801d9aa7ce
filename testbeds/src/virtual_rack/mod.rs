//! The virtual rack: boards, radios, a sniffer and a backbone in virtual time, on one thread; in real time if some of its
//! boards are outside of this process.
//!
//! Time is integer nanoseconds and moves from event to event. Everything random comes from the case seed, through a
//! stream of its own for each board and each direction of each link: the same configuration and the same actions at the
//! same times give the same observations, octet by octet. Boards outside of this process are the exception.

mod alarms;
mod attached;
mod board;
mod config;
mod fakes;
mod flash;
mod medium;
mod presence;
mod queue;
mod real_time;

use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::channel;
use std::time::Duration;

use node::{Input, Output};
use protocols::mac::timing::MAX_RETRIES;
use protocols::time::Instant;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use record::Octets;
use record::event::{Action, Observation, TransmitStatus};
use wire::Eui64;
use wire::ieee802154::{MAX_PSDU, PanId, append_fcs};

pub use board::firmware_runs;
pub use config::{
    Backbone, BoardKind, BuildError, ConfigError, Fake, Link, Position, Sniffer, Timing, UnknownFake, VirtualBoard,
    VirtualConfig,
};
pub use medium::Statistics;
pub use presence::RadioReport;

use crate::clock::ClockEstimate;
use crate::connection::Outbox;
use crate::rack::{Capabilities, Rack, RackError};
use alarms::Alarms;
use board::{Board, Lost};
use medium::{ALL_CHANNELS, Medium, Mode, Status};
use queue::Queue;
use real_time::{Passed, RealTime};

/// Received signal strength at a sniffer that stands at the sender.
const BESIDE_DBM: i8 = -30;
/// A firmware that wants to be woken in the past is woken this much later: a rack must not stand still.
const LEAST_SLEEP: Duration = Duration::from_millis(1);

/// A mutant that crashed so often starts no more.
const CRASHES_MAX: u32 = 16;

/// How often a radio is looked for that is awaited.
const LOOKS_AT_RADIOS: Duration = Duration::from_millis(20);

/// A rack in virtual time, or in real time if some of its boards are outside of this process.
pub struct VirtualRack {
    now: Instant,
    config: VirtualConfig,
    boards: Vec<Board>,
    medium: Medium,
    /// The sniffer's radio, unless it is everywhere.
    sniffer: Option<usize>,
    sniffer_losses: ChaCha12Rng,
    queue: Queue<Happening>,
    alarms: Alarms,
    observations: VecDeque<Observation>,
    events: u64,
    /// Of a rack with boards outside of this process.
    real_time: Option<RealTime>,
}

enum Happening {
    Boot { board: usize, epoch: u64 },
    ToBoard { board: usize, octets: Vec<u8> },
    FromBoard { board: usize, octets: Vec<u8> },
    BackboneToBoard { board: usize, packet: Vec<u8> },
    BackboneToPort { port: String, packet: Vec<u8> },
}

/// What a rack did so far, for benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Events of the rack's queue and outputs of the medium.
    pub events: u64,
    /// What happened on the air.
    pub air: Statistics,
}

impl VirtualRack {
    /// Builds a rack; time is zero, every board is without power.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(config: VirtualConfig) -> Result<Self, BuildError> {
        config.check()?;
        let mut medium = Medium::new();
        let mut boards: Vec<Board> = Vec::new();
        for VirtualBoard { name, kind } in &config.boards {
            let mut backoffs = [0; 32];
            stream(&config.seed, &format!("back-off {name}")).fill_bytes(&mut backoffs);
            let radio = medium.add_radio(config.channel, backoffs);
            if *kind == BoardKind::TesterRadio {
                let mode = Mode::Promiscuous { pan_id: PanId(config.pan_id), imitated: BTreeSet::new() };
                medium.configure(radio, config.channel, mode);
            }
            let entropy = stream(&config.seed, &format!("board {name}"));
            boards.push(Board::new(name.clone(), *kind, radio, entropy, (config.channel, PanId(config.pan_id))));
        }
        let radio_of = |name: &str| boards.iter().find(|board| board.name == name).map(|board| board.radio);
        let mut ways = Vec::new();
        for Link { a, b, delivery, rssi_dbm } in &config.links {
            if let (Some(from), Some(to)) = (radio_of(a), radio_of(b)) {
                ways.push((from, to, *delivery, *rssi_dbm, format!("link {a} {b}")));
                ways.push((to, from, *delivery, *rssi_dbm, format!("link {b} {a}")));
            }
        }
        let mut sniffer = None;
        if let Position::Beside(name) = &config.sniffer.position
            && let Some(beside) = radio_of(name)
        {
            let radio = medium.add_radio(ALL_CHANNELS, [0; 32]);
            medium.configure(radio, config.sniffer.channel.unwrap_or(ALL_CHANNELS), Mode::Sniffer);
            let there: Vec<_> = ways.iter().filter(|(_, to, ..)| *to == beside).cloned().collect();
            ways.extend(there.into_iter().map(|(from, _, delivery, rssi_dbm, label)| {
                (from, radio, delivery, rssi_dbm, format!("sniffer {label}"))
            }));
            ways.push((beside, radio, 1.0, BESIDE_DBM, "sniffer".to_owned()));
            sniffer = Some(radio);
        }
        for (from, to, delivery, rssi_dbm, label) in ways {
            let mut losses = [0; 32];
            stream(&config.seed, &label).fill_bytes(&mut losses);
            medium.add_link(from, to, delivery, rssi_dbm, losses);
        }
        medium.shrink();
        let (queue, alarms, observations) = (Queue::default(), Alarms::new(boards.len()), VecDeque::new());
        let mut real_time = None;
        if !config.connections.is_empty() {
            let (sender, inbox) = channel();
            let addresses: Vec<Eui64> = boards.iter().filter_map(|board| board.kind.eui64()).collect();
            for (number, board) in boards.iter_mut().enumerate() {
                if let Some(connection) = config.connections.get(&board.name) {
                    let outbox = Outbox { board: number, inbox: sender.clone() };
                    board.attach(connection, &addresses, outbox)?;
                }
            }
            real_time = Some(RealTime::new(inbox));
        }
        let (now, events) = (Instant::ZERO, 0);
        let sniffer_losses = stream(&config.seed, "sniffer losses");
        Ok(Self {
            now,
            config,
            boards,
            medium,
            sniffer,
            sniffer_losses,
            queue,
            alarms,
            observations,
            events,
            real_time,
        })
    }

    /// What happened so far, counted.
    pub fn counters(&self) -> Counters {
        Counters { events: self.events, air: self.medium.statistics() }
    }

    /// Whether a board has a clock of its own: it is outside of this process.
    pub fn has_own_clock(&self, board: &str) -> bool {
        self.boards.iter().any(|there| there.name == board && matches!(there.kind, BoardKind::Attached(_)))
    }

    /// Where the clock of a board outside of this process is on the rack's, as far as this life of the board tells.
    pub fn clock(&self, board: &str) -> Option<ClockEstimate> {
        self.boards.iter().find(|there| there.name == board)?.clock.estimate()
    }

    /// The extended address of a board's radio.
    pub fn eui64(&self, board: &str) -> Option<Eui64> {
        self.boards.iter().find(|there| there.name == board)?.kind.eui64()
    }

    /// Records that a board had written to its store when it was last stopped: wear of its flash.
    pub fn store_writes(&self, board: &str) -> Option<u64> {
        self.boards.iter().find(|there| there.name == board).map(Board::writes)
    }

    /// The process that a board is while it has power.
    pub fn process_id(&self, board: &str) -> Option<u32> {
        self.boards.iter().find(|there| there.name == board)?.process_id()
    }

    fn board(&self, name: &str) -> Result<usize, RackError> {
        self.boards.iter().position(|board| board.name == name).ok_or_else(|| RackError::NoSuchBoard(name.to_owned()))
    }

    /// A board that has firmware.
    fn device(&self, name: &str, what: &'static str) -> Result<usize, RackError> {
        let board = self.board(name)?;
        match self.boards[board].kind {
            BoardKind::TesterRadio => Err(RackError::NotCapable { board: name.to_owned(), what }),
            _ => Ok(board),
        }
    }

    /// A tester radio.
    fn tester(&self, name: &str, what: &'static str) -> Result<usize, RackError> {
        let board = self.board(name)?;
        match self.boards[board].kind {
            BoardKind::TesterRadio => Ok(board),
            _ => Err(RackError::NotCapable { board: name.to_owned(), what }),
        }
    }

    fn power(&mut self, board: usize, on: bool) {
        if self.boards[board].powered != on {
            self.boards[board].powered = on;
            self.restart(board);
        }
    }

    /// Stops a board and, if it has power, boots it after its delay.
    fn restart(&mut self, board: usize) {
        let this = &mut self.boards[board];
        let stopped = this.stop();
        this.partial.clear();
        let (radio, epoch) = (this.radio, this.epoch);
        self.alarms.clear(board);
        if let Some(presence) = &mut self.boards[board].presence {
            presence.stop();
        }
        self.configure(radio, self.config.channel, Mode::Off);
        if self.boards[board].powered {
            // A board outside of this process takes the time that it takes.
            let is_attached = matches!(self.boards[board].kind, BoardKind::Attached(_));
            let delay = if is_attached { Duration::ZERO } else { self.config.timing.boot_delay };
            self.queue.push(self.now + delay, Happening::Boot { board, epoch });
        }
        if let Err(lost) = stopped {
            let (board, reason) = (self.boards[board].name.clone(), lost.to_string());
            self.observations.push_back(match lost {
                Lost::Panicked(reason) => Observation::Crashed { board, reason },
                Lost::Attached(_) => Observation::BoardLost { board, reason },
            });
        }
    }

    /// Time and number of the next event or alarm.
    fn due(&self) -> Option<(Instant, u64)> {
        [self.queue.first(), self.alarms.first()].into_iter().flatten().min()
    }

    /// Has the next event happen, or the next alarm ring, if one is due; whether one was.
    fn happens(&mut self) -> bool {
        let Some(due) = self.due().filter(|(at, _)| *at <= self.now) else { return false };
        if self.alarms.first() == Some(due) {
            if let Some(board) = self.alarms.pop() {
                self.settle(board, Ok(()));
            }
        } else if let Some(happening) = self.queue.pop(self.now) {
            self.happen(happening);
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Boot { board, epoch } if self.boards[board].epoch == epoch => {
                let booted = self.boards[board].boot(self.now);
                self.settle(board, booted);
            }
            Happening::Boot { .. } => {}
            Happening::ToBoard { board, octets } => {
                self.asked(board, &String::from_utf8_lossy(&octets));
                self.hand(board, Input::UpperTester(&octets));
            }
            Happening::FromBoard { board, octets } => self.line(board, &octets),
            Happening::BackboneToBoard { board, packet } => self.hand(board, Input::Backbone(&packet)),
            Happening::BackboneToPort { port, packet } => {
                self.observations.push_back(Observation::Backbone { port, packet: Octets(packet) });
            }
        }
    }

    fn air(&mut self, output: medium::Output) {
        match output {
            medium::Output::OnAir { channel, psdu } => {
                if self.sniffer.is_none() && self.config.sniffer.channel.is_none_or(|only| only == channel) {
                    self.sniffed(channel, &psdu, BESIDE_DBM);
                }
            }
            medium::Output::Received { radio, channel, frame, rssi_dbm } if Some(radio) == self.sniffer => {
                self.sniffed(channel, &frame, rssi_dbm);
            }
            medium::Output::Received { radio, frame, rssi_dbm, .. } => {
                let board = radio;
                if self.boards[board].kind == BoardKind::TesterRadio {
                    let radio = self.boards[board].name.clone();
                    self.observations.push_back(Observation::Received {
                        radio,
                        psdu: Octets(frame.to_vec()),
                        rssi_dbm,
                    });
                } else {
                    self.hand(board, Input::Frame { psdu: &frame, rssi_dbm });
                }
            }
            medium::Output::Done { radio: board, handle, status } => {
                if self.boards[board].kind == BoardKind::TesterRadio {
                    let radio = self.boards[board].name.clone();
                    let status = match status {
                        Status::Success => TransmitStatus::Success,
                        Status::NoAck => TransmitStatus::NoAck,
                        Status::ChannelAccessFailure => TransmitStatus::ChannelAccessFailure,
                    };
                    self.observations.push_back(Observation::TransmitStatus { radio, handle, status });
                } else {
                    let status = match status {
                        Status::Success => node::TransmitStatus::Success,
                        Status::NoAck => node::TransmitStatus::NoAck,
                        Status::ChannelAccessFailure => node::TransmitStatus::ChannelAccessFailure,
                    };
                    let handle = u32::try_from(handle).unwrap_or(u32::MAX);
                    self.hand(board, Input::TransmitDone { handle, status });
                }
            }
        }
    }

    fn sniffed(&mut self, channel: u8, psdu: &[u8], rssi_dbm: i8) {
        let sniffer = self.config.sniffer.name.clone();
        if self.sniffer_losses.next_u32() % 100 < u32::from(self.config.sniffer.loss_percent) {
            let reason = "its drop counter says 1 more".to_owned();
            self.observations.push_back(Observation::CaptureGap { sniffer, reason });
            return;
        }
        self.observations.push_back(Observation::Frame { sniffer, channel, psdu: Octets(psdu.to_vec()), rssi_dbm });
    }

    fn hand(&mut self, board: usize, input: Input<'_>) {
        let handled = self.boards[board].handle(self.now, input);
        self.settle(board, handled);
    }

    /// Takes out of a board what it wants done, and sets its alarm clock.
    fn settle(&mut self, board: usize, handled: Result<(), Lost>) {
        let epoch = self.boards[board].epoch;
        let mut step = handled;
        loop {
            let output = match step.and_then(|()| self.boards[board].poll(self.now)) {
                Ok(Some(output)) => output,
                Ok(None) => break,
                Err(lost) => return self.fall(board, lost),
            };
            self.carry_out(board, output);
            if self.boards[board].epoch != epoch {
                return;
            }
            step = Ok(());
        }
        let deadline = match self.boards[board].deadline() {
            Ok(Some(deadline)) => deadline,
            Ok(None) => return self.alarms.clear(board),
            Err(lost) => return self.fall(board, lost),
        };
        let at = if deadline > self.now { deadline } else { self.now + LEAST_SLEEP };
        if self.alarms.at(board) != Some(at) {
            let number = self.queue.number();
            self.alarms.set(board, at, number);
        }
    }

    fn carry_out(&mut self, board: usize, output: Output) {
        match output {
            Output::Radio(wanted) => self.listen(board, wanted),
            Output::Transmit { handle, psdu } => self.transmit(board, handle, psdu, MAX_RETRIES),
            Output::UpperTester(octets) => {
                let at = self.now + self.config.timing.upper_tester_latency;
                self.queue.push(at, Happening::FromBoard { board, octets });
            }
            Output::Log(line) => {
                let board = self.boards[board].name.clone();
                self.observations.push_back(Observation::Log { board, line });
            }
            Output::Backbone(packet) => {
                let name = &self.boards[board].name;
                if self.config.backbone.as_ref().is_some_and(|backbone| backbone.boards.contains(name)) {
                    let name = name.clone();
                    self.spread(&name, &packet);
                }
            }
            Output::Reboot => self.restart(board),
        }
    }

    /// Has the radio of a board send a frame, with so many retries at most.
    fn transmit(&mut self, board: usize, handle: u32, mut psdu: Vec<u8>, most_retries: u32) {
        self.sends(board, &psdu);
        append_fcs(&mut psdu);
        if psdu.len() > MAX_PSDU {
            let reason = format!("handed its radio a PSDU of {} octets", psdu.len());
            let part = self.boards[board].name.clone();
            self.observations.push_back(if self.boards[board].is_tested {
                // No radio sends it: what the device does not say is the device's.
                self.medium.refuse(self.boards[board].radio, u64::from(handle));
                Observation::Log { board: part, line: format!("the rack: {reason}, which was not sent") }
            } else {
                Observation::TesterFault { part, reason }
            });
        } else {
            let radio = self.boards[board].radio;
            self.medium.transmit_at_most(self.now, radio, u64::from(handle), &psdu, most_retries);
        }
    }

    /// Carries a backbone packet to every attachment but the one that it came from.
    fn spread(&mut self, from: &str, packet: &[u8]) {
        let Some(backbone) = &self.config.backbone else { return };
        let at = self.now + backbone.latency;
        for name in backbone.boards.iter().filter(|name| *name != from) {
            if let Some(board) = self.boards.iter().position(|board| board.name == *name) {
                self.queue.push(at, Happening::BackboneToBoard { board, packet: packet.to_vec() });
            }
        }
        for port in backbone.ports.iter().filter(|port| *port != from) {
            self.queue.push(at, Happening::BackboneToPort { port: port.clone(), packet: packet.to_vec() });
        }
    }

    /// A board that is lost: it is off until somebody switches it on again.
    fn lose(&mut self, board: usize, reason: String) {
        let this = &mut self.boards[board];
        this.powered = false;
        let name = this.name.clone();
        self.restart(board);
        self.observations.push_back(Observation::BoardLost { board: name, reason });
    }
}

impl VirtualRack {
    /// A board that goes no further: one that is out of order is lost, firmware that panics is the firmware's doing.
    fn fall(&mut self, board: usize, lost: Lost) {
        match lost {
            Lost::Panicked(reason) => self.crash(board, reason),
            Lost::Attached(_) => self.lose(board, lost.to_string()),
        }
    }

    /// Firmware that panics does as that of a board does: it says so, and starts anew with what it kept. What does nothing but crash
    /// is silent at last.
    fn crash(&mut self, board: usize, reason: String) {
        let this = &mut self.boards[board];
        this.crashes += 1;
        let name = this.name.clone();
        let is_mutant = this.is_tested && mutation::is_chosen(mutation::Party::Device);
        if is_mutant {
            mutation::crashed();
        }
        this.powered = this.crashes < CRASHES_MAX && (!is_mutant || mutation::fuel() > 0);
        self.restart(board);
        self.boards[board].powered = true;
        self.observations.push_back(Observation::Crashed { board: name, reason });
    }
}

impl Rack for VirtualRack {
    fn now(&self) -> Instant {
        self.now
    }

    fn act(&mut self, action: &Action) -> Result<(), RackError> {
        match action {
            Action::Power { board, on } => {
                let board = self.device(board, "be switched")?;
                self.power(board, *on);
            }
            Action::Reset { board } => {
                let board = self.device(board, "be reset")?;
                if self.boards[board].powered {
                    match self.boards[board].reset() {
                        Ok(false) => self.restart(board),
                        Ok(true) => self.configure(self.boards[board].radio, self.config.channel, Mode::Off),
                        Err(error) => self.lose(board, error.to_string()),
                    }
                }
            }
            Action::UpperTester { board, line } => {
                let board = self.device(board, "speak UT/1")?;
                let at = self.now + self.config.timing.upper_tester_latency;
                let octets = format!("{line}\n").into_bytes();
                self.queue.push(at, Happening::ToBoard { board, octets });
            }
            Action::Inject { radio, handle, psdu, fcs, .. } => {
                let board = self.tester(radio, "inject frames")?;
                let mut psdu = psdu.0.clone();
                match fcs {
                    Some(fcs) => psdu.extend(fcs.to_le_bytes()),
                    None => append_fcs(&mut psdu),
                }
                if psdu.len() > MAX_PSDU {
                    let what = "send a PSDU of more than 127 octets: the PHY header has no room for its length";
                    return Err(RackError::NotCapable { board: radio.clone(), what });
                }
                self.medium.transmit(self.now, self.boards[board].radio, *handle, &psdu);
            }
            Action::Impersonate { radio, eui64, pan_id } => {
                let board = self.tester(radio, "imitate neighbours")?;
                let imitated: Result<BTreeSet<Eui64>, _> = eui64.iter().map(|text| text.parse()).collect();
                let imitated = imitated.map_err(|error| RackError::Broken {
                    part: radio.clone(),
                    reason: format!("not an EUI-64 among {eui64:?}: {error}"),
                })?;
                let mode = Mode::Promiscuous { pan_id: PanId(*pan_id), imitated };
                self.configure(self.boards[board].radio, self.config.channel, mode);
            }
            Action::Backbone { port, packet, .. } => {
                let known = self.config.backbone.as_ref().is_some_and(|backbone| backbone.ports.contains(port));
                if !known {
                    return Err(RackError::NoSuchBoard(port.clone()));
                }
                self.spread(port, &packet.0);
            }
            Action::Prompt { text } => {
                let what = "answer a prompt: the testbed has no operator";
                let operator = self.config.operator.clone();
                let operator = operator.ok_or(RackError::NotCapable { board: "the rack".to_owned(), what })?;
                let part = "operator".to_owned();
                operator.ask(text).map_err(|error| RackError::Broken { part, reason: error.to_string() })?;
                self.observations.push_back(Observation::Confirmed { text: text.clone() });
            }
            // Machines are no part of a rack: the engine speaks to them.
            Action::Machine { .. } => {}
        }
        Ok(())
    }

    fn next(&mut self, until: Instant) -> Result<Option<Observation>, RackError> {
        let mut until = until;
        loop {
            if let Some(observation) = self.observations.pop_front() {
                return Ok(Some(observation));
            }
            // At one time the air comes first: what it brings is older than what a board makes of it.
            if let Some(output) = self.medium.poll(self.now) {
                self.events += 1;
                self.air(output);
                continue;
            }
            if self.happens() {
                self.events += 1;
                continue;
            }
            let due = [self.medium.deadline(), self.due().map(|(at, _)| at)].into_iter().flatten().min();
            let passed = match &mut self.real_time {
                Some(real_time) => real_time.pass(due, until),
                None => due.filter(|due| *due <= until).map_or(Passed::Until, Passed::To),
            };
            match passed {
                Passed::To(due) => self.now = self.now.max(due),
                Passed::Until => {
                    self.now = self.now.max(until);
                    // Whoever waits for what does not come must know that the radio was there.
                    match self.look_at_radios() {
                        Some(awaited) => until = awaited.min(self.now + LOOKS_AT_RADIOS),
                        None if self.observations.is_empty() => return Ok(None),
                        None => {}
                    }
                }
                Passed::Arrived(at, arrival) => {
                    self.now = self.now.max(at);
                    self.events += 1;
                    self.arrived(arrival);
                }
                Passed::Nothing => drop(self.look_at_radios()),
            }
        }
    }

    fn capabilities(&self, name: &str) -> Option<Capabilities> {
        let none = Capabilities::default();
        if name == self.config.sniffer.name {
            return Some(Capabilities { sniff: true, ..none });
        }
        if self.config.backbone.as_ref().is_some_and(|backbone| backbone.ports.iter().any(|port| port == name)) {
            return Some(Capabilities { backbone: true, ..none });
        }
        let board = self.boards.iter().find(|board| board.name == name)?;
        Some(match board.kind {
            BoardKind::TesterRadio => Capabilities { inject: true, ..none },
            BoardKind::Firmware { .. } | BoardKind::Fake(..) | BoardKind::Attached(_) => {
                Capabilities { power: true, reset: true, upper_tester: true, ..none }
            }
        })
    }
}

/// A source of randomness of its own for each label, from the case seed.
fn stream(seed: &[u8; 32], label: &str) -> ChaCha12Rng {
    let mut random = ChaCha12Rng::from_seed(*seed);
    // FNV-1a: any fixed function from labels to stream numbers will do.
    let number = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3));
    random.set_stream(number);
    random
}
