//! What a rack knows of the radio of a board outside of this process: whether it is there when the board needs it, by which addresses
//! it sends, and whether it acknowledges by itself. What is wrong with that is the rack's fault, and no device's.

use std::collections::BTreeSet;
use std::time::Duration;

use node::RadioConfig;
use protocols::time::Instant;
use record::event::Observation;
use wire::Eui64;
use wire::ieee802154::{Header, LinkAddress, ShortAddress};
use wire::reader::Reader;
use wire::upper_tester::{Line, Outcome};

use super::VirtualRack;
use super::board::Board;
use super::medium::Mode;
use crate::connection::{Connection, RadioMissing, RadioPeer, Receivers, told_at};

/// A radio is connected so long after its board was switched on as one that runs, or its stack was started, or asked to restart.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

/// The radio of a board outside of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence {
    /// As the testbed file says it.
    radio: String,
    /// The address that the board must have, and whether the testbed file says so or the rack has told it.
    expected: Option<(Eui64, bool)>,
    learns: bool,
    /// Addresses that it has, by the rack's knowledge.
    eui64s: BTreeSet<Eui64>,
    shorts: BTreeSet<ShortAddress>,
    /// That it sends by another was told.
    is_told: bool,
    /// Of one that acknowledges itself: how long that may take.
    acknowledges_within: Option<Duration>,
    own_acknowledgements: u64,
    late_acknowledgements: u64,
    /// The channel on which it listens by itself.
    listens_on: Option<u8>,
    receivers: Receivers,
    watch: Watch,
}

/// Whether a radio must be connected.
#[derive(Debug, Clone, Default)]
struct Watch {
    /// By what the upper tester says, its stack runs.
    runs: bool,
    /// The request that starts its stack.
    start: Option<u32>,
    /// Before this it need not be connected.
    from: Option<Instant>,
    /// It may go and come back until then.
    restarts: bool,
    was_connected: bool,
}

/// What the rack knows of a radio, for who wants to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RadioReport {
    /// As the testbed file says it.
    pub radio: String,
    /// Whether it is connected; else what is missing.
    pub connected: Result<(), RadioMissing>,
    /// Of a board with a bridge, who is at it.
    pub peer: Option<RadioPeer>,
    /// Of a stack that acknowledges itself, how often it did in time, and how often too late.
    pub own_acknowledgements: Option<(u64, u64)>,
    /// The extended addresses that it has.
    pub eui64s: Vec<Eui64>,
}

impl Presence {
    pub(crate) fn new(connection: &Connection, eui64: Eui64, receivers: Receivers) -> Self {
        Self {
            radio: connection.radio(),
            expected: Some((eui64, connection.eui64().is_some())),
            learns: connection.learns_addresses(),
            eui64s: BTreeSet::from([eui64]),
            acknowledges_within: connection.acknowledges_within(),
            receivers,
            ..Self::default()
        }
    }

    /// It has no power any more.
    pub(crate) fn stop(&mut self) {
        self.watch = Watch::default();
        self.listens_on = None;
    }
}

impl Watch {
    fn starts(&mut self, now: Instant) {
        self.runs = true;
        if !self.was_connected {
            self.from = Some(now + CONNECTS_WITHIN);
        }
    }

    /// What is missing, if that counts; `Err` if it is missing and does not count yet: until when.
    fn check(&mut self, now: Instant, connected: Result<(), RadioMissing>) -> Result<Option<RadioMissing>, Instant> {
        if !self.runs {
            return Ok(None);
        }
        let waits = self.from.filter(|from| now < *from);
        match (connected, waits) {
            (Ok(()), _) => {
                if !self.restarts || waits.is_none() {
                    (self.was_connected, self.from, self.restarts) = (true, None, false);
                }
                Ok(None)
            }
            (Err(_), Some(until)) => Err(until),
            (Err(reason), None) => Ok(Some(reason)),
        }
    }
}

impl VirtualRack {
    /// What the rack knows of a board's radio; `None` of one that is inside of this process.
    pub fn radio(&self, board: &str) -> Option<RadioReport> {
        let board = self.boards.iter().find(|there| there.name == board)?;
        let presence = board.presence.as_ref()?;
        let (own, late) = (presence.own_acknowledgements, presence.late_acknowledgements);
        Some(RadioReport {
            radio: presence.radio.clone(),
            connected: board.radio_is_connected(),
            peer: board.radio_peer(),
            own_acknowledgements: presence.acknowledges_within.map(|_| (own, late)),
            eui64s: presence.eui64s.iter().copied().collect(),
        })
    }

    /// Has a radio listen, and tells the bridges of the rack who listens now.
    pub(super) fn configure(&mut self, radio: usize, channel: u8, mode: Mode) {
        self.medium.configure(radio, channel, mode);
        for board in &self.boards {
            if let Some(presence) = &board.presence {
                let receivers = self.medium.sure_receivers(board.radio);
                *presence.receivers.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = receivers;
            }
        }
    }

    /// How the radio of a board is to listen, by the board.
    pub(super) fn listen(&mut self, board: usize, wanted: RadioConfig) {
        let RadioConfig { channel, pan_id, eui64, receiver_on } = wanted;
        self.has_address(board, LinkAddress::Extended(eui64));
        let radio = self.boards[board].radio;
        let mut mode = Mode::Device { pan_id, eui64, receiver_on };
        if let Some(presence) = &mut self.boards[board].presence
            && let Some(window) = presence.acknowledges_within
        {
            presence.listens_on = Some(channel);
            mode = Mode::Itself { eui64s: presence.eui64s.clone(), window };
        }
        self.configure(radio, channel, mode);
    }

    /// A board outside of this process sends a frame.
    pub(super) fn sends(&mut self, board: usize, psdu: &[u8]) {
        let Ok((_, header)) = Header::parse(&mut Reader::new(psdu)) else { return };
        if let Some(source) = header.source.link() {
            self.has_address(board, source);
        }
    }

    /// A board outside of this process has an address, by its radio.
    fn has_address(&mut self, board: usize, address: LinkAddress) {
        let Some(presence) = &self.boards[board].presence else { return };
        let is_known = match address {
            LinkAddress::Extended(eui64) => presence.eui64s.contains(&eui64),
            LinkAddress::Short(short) => presence.shorts.contains(&short),
        };
        if is_known {
            return;
        }
        let (name, radio) = (&self.boards[board].name, &presence.radio);
        let others = self.boards.iter().enumerate().filter(|(other, _)| *other != board);
        let other = others.map(|(_, other)| other).find(|other| match address {
            LinkAddress::Extended(eui64) => other.kind.eui64() == Some(eui64),
            LinkAddress::Short(_) => false,
        });
        let fault = match (other, presence.expected) {
            (Some(other), _) => {
                format!(
                    "board `{name}` sends as {address} by its radio ({radio}): that is the address of `{}`",
                    other.name
                )
            }
            (None, Some((expected, is_of_file))) if !presence.learns => {
                let says = if is_of_file { "the testbed file says" } else { "the rack gave it" };
                format!(
                    "board `{name}` sends as {address} by its radio ({radio}), and {says} {expected}; with `addresses = \
                     \"learn\"` it is judged under its own"
                )
            }
            _ => return self.learn(board, address, "radio"),
        };
        let part = name.clone();
        if let Some(presence) = &mut self.boards[board].presence
            && !std::mem::replace(&mut presence.is_told, true)
        {
            self.observations.push_back(Observation::RackFault { part, reason: fault });
        }
    }

    /// An address becomes the board's.
    fn learn(&mut self, board: usize, address: LinkAddress, by: &str) {
        let this = &mut self.boards[board];
        let Some(presence) = &mut this.presence else { return };
        let (mut eui64, mut short) = (None, None);
        match address {
            LinkAddress::Extended(address) => {
                presence.eui64s.insert(address);
                eui64 = Some(address.to_string());
            }
            LinkAddress::Short(address) => {
                presence.shorts.insert(address);
                short = Some(format!("{:#06x}", address.0));
            }
        }
        let (board, by) = (this.name.clone(), by.to_owned());
        self.observations.push_back(Observation::Address { board, eui64, short, by });
        if let (Some(channel), Some(window)) = (presence.listens_on, presence.acknowledges_within) {
            let (radio, eui64s) = (this.radio, presence.eui64s.clone());
            self.configure(radio, channel, Mode::Itself { eui64s, window });
        }
    }

    /// A stack behind a bridge acknowledges a frame.
    pub(super) fn acknowledges(&mut self, board: usize, mpdu: &[u8]) {
        let is_in_time = self.medium.acknowledged_by(self.now, self.boards[board].radio, mpdu);
        let this = &mut self.boards[board];
        let Some(presence) = &mut this.presence else { return };
        presence.own_acknowledgements += u64::from(is_in_time);
        presence.late_acknowledgements += u64::from(!is_in_time);
        let (late, within) = (presence.late_acknowledgements, presence.acknowledges_within.unwrap_or_default());
        if !is_in_time && told_at(late) {
            let line = format!(
                "the rack: {late} acknowledgements of its stack were for no frame on the air, or later than {within:?}"
            );
            self.observations.push_back(Observation::Log { board: this.name.clone(), line });
        }
    }

    /// A line on its way to the upper tester of a board.
    pub(super) fn asked(&mut self, board: usize, line: &str) {
        let now = self.now;
        let Board { presence: Some(presence), .. } = &mut self.boards[board] else { return };
        let Ok(Line::Request(request)) = Line::parse(line.trim_end()) else { return };
        match request.command.as_str() {
            "start" => presence.watch.start = Some(request.seq),
            "factory_reset" => presence.watch.runs = false,
            // What a vendor's own command does nobody knows.
            "reset" | "update" | "vendor" => {
                let watch = &mut presence.watch;
                (watch.from, watch.restarts, watch.was_connected) = (Some(now + CONNECTS_WITHIN), true, false);
            }
            _ => return,
        }
        if request.command != "start" {
            self.boards[board].may_restart();
        }
    }

    /// A line of the upper tester of a board.
    pub(super) fn answered(&mut self, board: usize, line: &Line) {
        let now = self.now;
        let Board { presence: Some(presence), .. } = &mut self.boards[board] else { return };
        let watch = &mut presence.watch;
        match line {
            Line::Answer(answer) => {
                let Outcome::Ok(told) = &answer.outcome else { return };
                if watch.start == Some(answer.seq) {
                    watch.starts(now);
                }
                // Nothing but `hello` is answered by a nonce.
                let eui64 = told.get("nonce").and(told.get("eui64")).and_then(|text| text.parse::<Eui64>().ok());
                if let Some(eui64) = eui64.filter(|eui64| presence.learns && !presence.eui64s.contains(eui64)) {
                    let is_other = |other: &Board| other.kind.eui64() == Some(eui64);
                    if !self.boards.iter().any(is_other) {
                        self.learn(board, LinkAddress::Extended(eui64), "hello");
                    }
                }
            }
            Line::Event(event) if event.name == "booted" => {
                let state = event.arguments.get("state");
                *watch = Watch::default();
                if matches!(state, Some("installed" | "joining" | "secured")) {
                    watch.starts(now);
                }
            }
            _ => {}
        }
    }

    /// Looks whether the radios are there that must be. One that is not is lost; one that need not be yet is awaited: until when.
    pub(super) fn look_at_radios(&mut self) -> Option<Instant> {
        let mut awaited = None;
        for board in 0..self.boards.len() {
            let this = &mut self.boards[board];
            if !this.powered || this.presence.as_ref().is_none_or(|presence| !presence.watch.runs) {
                continue;
            }
            let connected = this.radio_is_connected();
            let Some(presence) = &mut this.presence else { continue };
            let was_connected = presence.watch.was_connected;
            match presence.watch.check(self.now, connected) {
                Ok(None) => {}
                Err(until) => awaited = awaited.max(Some(until)),
                Ok(Some(reason)) => {
                    let radio = &presence.radio;
                    let reason = match was_connected {
                        true => format!("its radio ({radio}) is gone: {reason}"),
                        false => format!("its radio ({radio}) is not connected after {CONNECTS_WITHIN:?}: {reason}"),
                    };
                    self.lose(board, reason);
                }
            }
        }
        awaited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000_000)
    }

    fn missing() -> Result<(), RadioMissing> {
        Err(RadioMissing::Silent)
    }

    #[test]
    fn a_radio_that_never_connects_is_missed_once_it_is_due() {
        let mut watch = Watch::default();
        assert_eq!(watch.check(at(100), missing()), Ok(None), "nothing runs yet");
        watch.starts(at(100));
        assert_eq!(watch.check(at(101), missing()), Err(at(110)));
        assert_eq!(watch.check(at(110), missing()), Ok(Some(RadioMissing::Silent)));
    }

    #[test]
    fn a_radio_that_was_there_is_missed_at_once() {
        let mut watch = Watch::default();
        watch.starts(at(0));
        assert_eq!(watch.check(at(1), Ok(())), Ok(None));
        assert_eq!(watch.check(at(2), missing()), Ok(Some(RadioMissing::Silent)));
    }

    #[test]
    fn a_stack_that_restarts_may_go_and_come_back() {
        let mut watch = Watch { runs: true, restarts: true, from: Some(at(10)), ..Watch::default() };
        assert_eq!(watch.check(at(1), Ok(())), Ok(None), "it has not gone yet");
        assert_eq!(watch.check(at(2), missing()), Err(at(10)));
        assert_eq!(watch.check(at(3), Ok(())), Ok(None));
        assert_eq!(watch.check(at(10), Ok(())), Ok(None));
        assert_eq!(watch.check(at(11), missing()), Ok(Some(RadioMissing::Silent)));
    }
}
