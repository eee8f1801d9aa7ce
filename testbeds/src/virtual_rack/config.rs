//! What a virtual rack is made of, and which combinations make no rack.

use std::collections::BTreeSet;
use std::time::Duration;

use node::Mutant;
use node::variants::Variant;
use wire::Eui64;

use crate::connection::{ConnectionError, Connections};
use crate::operator::Operator;

/// Everything a virtual rack needs to be built; without boards outside of this process the same value always gives the same run.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualConfig {
    /// The boards; their names are unique. All begin powered off.
    pub boards: Vec<VirtualBoard>,
    /// Who hears whom.
    pub links: Vec<Link>,
    /// The sniffer.
    pub sniffer: Sniffer,
    /// The wire behind the border router, if there is one.
    pub backbone: Option<Backbone>,
    /// Channel of the tester radios, and of fakes, 11 to 26. A firmware board chooses its own.
    pub channel: u8,
    /// PAN identifier that fakes use.
    pub pan_id: u16,
    /// Latencies of the boards.
    pub timing: Timing,
    /// The case seed: all randomness of the rack comes from it.
    pub seed: [u8; 32],
    /// How boards outside of this process are reached; if there are any, the rack runs in real time.
    pub connections: Connections,
    /// Who answers prompts.
    pub operator: Option<Operator>,
}

/// One board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualBoard {
    /// Its name in the topology.
    pub name: String,
    /// What it is.
    pub kind: BoardKind,
}

/// What a virtual board is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardKind {
    /// A board flashed with the reference firmware.
    Firmware {
        /// The radio's extended address.
        eui64: Eui64,
        /// The mutant switched on, if any.
        mutant: Option<Mutant>,
        /// The variant that it is, if any.
        variant: Option<&'static Variant>,
    },
    /// A board outside of this process, reached as [`VirtualConfig::connections`] says.
    Attached(Eui64),
    /// A device that must not pass any case.
    Fake(Fake, Eui64),
    /// The tester's own radio: injects frames, imitates neighbours, hears everything around it. It is always powered.
    TesterRadio,
}

/// Devices that a careless harness would let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fake {
    /// Never says a thing; no radio.
    Dead,
    /// Says a lot and none of it to the point: garbage and half lines, stale and unasked answers, invented events, random
    /// and malformed frames.
    Babbling,
    /// A valid `hello`, then `error code=refused` to everything; its radio acknowledges and sends nothing else.
    Refusing,
    /// A perfect upper tester that tells of a bootstrap going well; a silent radio.
    Liar,
}

impl Fake {
    /// Every fake.
    pub const ALL: [Self; 4] = [Self::Dead, Self::Babbling, Self::Refusing, Self::Liar];

    /// The name on the command line and in `run.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Babbling => "babbling",
            Self::Refusing => "refusing",
            Self::Liar => "liar",
        }
    }
}

impl std::fmt::Display for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Fake {
    type Err = UnknownFake;

    fn from_str(text: &str) -> Result<Self, UnknownFake> {
        Self::ALL.into_iter().find(|fake| fake.name() == text).ok_or_else(|| UnknownFake(text.to_owned()))
    }
}

/// A name that no fake bears.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no fake `{0}`; there are dead, babbling, refusing and liar")]
pub struct UnknownFake(pub String);

/// Two boards that hear each other, alike in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// One board.
    pub a: String,
    /// The other.
    pub b: String,
    /// Probability, 0 to 1, that a frame which nothing else disturbs arrives.
    pub delivery: f64,
    /// Received signal strength in dBm.
    pub rssi_dbm: i8,
}

/// The sniffer and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sniffer {
    /// Its name in the evidence.
    pub name: String,
    /// Where it stands.
    pub position: Position,
    /// The only channel that it listens to; `None`: all of them.
    pub channel: Option<u8>,
    /// Of a hundred frames that it hears it loses so many, and says so by its drop counter.
    pub loss_percent: u8,
}

/// Where a sniffer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// At every sender at once: it misses nothing, colliding frames included.
    Everywhere,
    /// Beside the named board: it hears that board, and what arrives there undisturbed.
    Beside(String),
}

/// The wire behind the border router: every packet reaches every other attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backbone {
    /// The tester's ports, e.g. `ct`.
    pub ports: Vec<String>,
    /// Boards with a foot on the backbone, e.g. `lbr`.
    pub boards: Vec<String>,
    /// From one attachment to another.
    pub latency: Duration,
}

/// How long the boards take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// From power, reset or reboot to the firmware's first instruction; the serial line is deaf until then.
    pub boot_delay: Duration,
    /// From one end of the serial line to the other, for any number of octets.
    pub upper_tester_latency: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { boot_delay: Duration::from_millis(50), upper_tester_latency: Duration::from_millis(1) }
    }
}

/// Why a configuration makes no rack.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Two things of one name.
    #[error("two things in the rack are named `{0}`")]
    DuplicateName(String),
    /// Two boards of one address.
    #[error("`{0}` and `{1}` have the same EUI-64")]
    DuplicateEui64(String, String),
    /// A link, the sniffer or the backbone names a board that is not there.
    #[error("{place} names `{name}`, which is no board of the rack")]
    UnknownBoard {
        /// Where it is named.
        place: &'static str,
        /// The name.
        name: String,
    },
    /// A link of a board to itself.
    #[error("`{0}` is linked to itself")]
    LinkToItself(String),
    /// The same pair twice.
    #[error("`{0}` and `{1}` are linked twice")]
    DuplicateLink(String, String),
    /// A probability outside 0 to 1.
    #[error("the delivery probability between `{a}` and `{b}` is {delivery}, not within 0 to 1")]
    Delivery {
        /// One board.
        a: String,
        /// The other.
        b: String,
        /// The value.
        delivery: f64,
    },
    /// A channel that the 2.4 GHz band does not have.
    #[error("channel {0} is not within 11 to 26")]
    Channel(u8),
}

/// Why a rack cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The configuration makes none.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A board outside of this process cannot be had.
    #[error(transparent)]
    Board(#[from] ConnectionError),
}

impl VirtualConfig {
    /// Looks for what makes no rack.
    ///
    /// # Errors
    /// The first [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut names = BTreeSet::new();
        let boards = self.boards.iter().map(|board| &board.name);
        let ports = self.backbone.iter().flat_map(|backbone| &backbone.ports);
        for name in boards.chain(ports).chain([&self.sniffer.name]) {
            if !names.insert(name) {
                return Err(ConfigError::DuplicateName(name.clone()));
            }
        }
        let known = |place, name: &String| match self.boards.iter().any(|board| board.name == *name) {
            true => Ok(()),
            false => Err(ConfigError::UnknownBoard { place, name: name.clone() }),
        };
        for (index, board) in self.boards.iter().enumerate() {
            let same = |other: &&VirtualBoard| board.kind.eui64().is_some() && other.kind.eui64() == board.kind.eui64();
            if let Some(other) = self.boards.iter().take(index).find(same) {
                return Err(ConfigError::DuplicateEui64(other.name.clone(), board.name.clone()));
            }
        }
        let mut pairs = BTreeSet::new();
        for Link { a, b, delivery, .. } in &self.links {
            known("a link", a)?;
            known("a link", b)?;
            if a == b {
                return Err(ConfigError::LinkToItself(a.clone()));
            }
            if !pairs.insert(if a < b { (a, b) } else { (b, a) }) {
                return Err(ConfigError::DuplicateLink(a.clone(), b.clone()));
            }
            if !(0.0..=1.0).contains(delivery) {
                return Err(ConfigError::Delivery { a: a.clone(), b: b.clone(), delivery: *delivery });
            }
        }
        if let Position::Beside(name) = &self.sniffer.position {
            known("the sniffer's position", name)?;
        }
        for name in self.backbone.iter().flat_map(|backbone| &backbone.boards) {
            known("the backbone", name)?;
        }
        match [Some(self.channel), self.sniffer.channel].into_iter().flatten().find(|c| !(11..=26).contains(c)) {
            Some(channel) => Err(ConfigError::Channel(channel)),
            None => Ok(()),
        }
    }
}

impl BoardKind {
    /// The address of the board's radio; a tester radio has none of its own.
    pub fn eui64(self) -> Option<Eui64> {
        match self {
            Self::Firmware { eui64, .. } | Self::Fake(_, eui64) | Self::Attached(eui64) => Some(eui64),
            Self::TesterRadio => None,
        }
    }
}
