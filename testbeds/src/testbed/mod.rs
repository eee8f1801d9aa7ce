//! Testbed files: what a rack consists of, as TOML that a person writes, and the rack that a case's topology asks for.

mod board_table;
mod file;
mod quarantine;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use input::{Fault, Source, nearest};
use node::Mutant;
use node::variants::Variant;
use wire::Eui64;

use crate::connection::{Connections, NotReady};
use crate::operator::Operator;
use crate::virtual_rack::{
    Backbone, BoardKind, BuildError, Fake, Link, Position, Sniffer, Timing, VirtualBoard, VirtualConfig, VirtualRack,
};

pub use quarantine::Quarantine;

/// The backends that this version has.
pub const BACKENDS: [&str; 3] = ["virtual", "qemu", "mixed"];
/// PAN identifier of every virtual network.
pub const PAN_ID: u16 = 0xb007;

/// A testbed, as its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Testbed {
    /// Its name.
    pub name: String,
    /// Laboratory, operator, equipment: free text by key, for the run's manifest.
    pub identity: BTreeMap<String, String>,
    /// The boards that there are, if the testbed fixes them; `None`: any that a topology names.
    pub boards: Option<Vec<String>>,
    /// Links, unless overridden.
    pub medium: Quality,
    /// Links between named boards.
    pub links: Vec<(String, String, Quality)>,
    /// The sniffer.
    pub sniffer: Sniffer,
    /// From one end of the backbone to the other.
    pub backbone_latency: Duration,
    /// Latencies of the boards.
    pub timing: Timing,
    /// Boards that are outside of this process; all others are virtual.
    pub connections: Connections,
    /// Boards with an upper tester and no radio, by name, and where their tables are in the file.
    pub without_radio: BTreeMap<String, std::ops::Range<usize>>,
    /// Boards that are not to be relied on for a while, by name.
    pub quarantines: BTreeMap<String, Quarantine>,
    /// The commissioning tool has the crate `dtls` for sessions with pre-shared keys.
    pub asks_second_engine: bool,
    /// Who answers prompts.
    pub operator: Option<Operator>,
    /// Cases that are run if the command line names none; all, if this is empty.
    pub selectors: Vec<String>,
    /// Cases side by side, unless the command line says otherwise; `None`: one for each processor.
    pub jobs: Option<u16>,
}

/// How good a link is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Probability, 0 to 1, that an undisturbed frame arrives.
    pub delivery: f64,
    /// Received signal strength in dBm.
    pub rssi_dbm: i8,
}

/// What a case asks of a testbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RackRequest<'a> {
    /// The topology's boards in their order.
    pub boards: Vec<BoardRequest<'a>>,
    /// Pairs of boards that hear each other (indices into `boards`); a pair with the CT is the backbone, not the air.
    pub links: &'a [(usize, usize)],
    /// What stands at the place of the board `dut`.
    pub device: Device,
    /// The case's channel, 11 to 26.
    pub channel: u8,
    /// Of a hundred frames that a link of the testbed would deliver, it loses so many more: 0 to 90, in each direction.
    pub loss_percent: u8,
    /// The case seed.
    pub seed: [u8; 32],
}

/// One board of a topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardRequest<'a> {
    /// Its name; `dut` is the device under test.
    pub name: &'a str,
    /// What it is to the rack.
    pub attachment: Attachment,
}

/// What a board of a topology is to a rack: a port, a radio, or a board with firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A port of the backbone, for a station of the tester; no radio.
    Port,
    /// A radio of the tester.
    Radio,
    /// A board with firmware.
    Board {
        /// Whether it has a foot on the backbone.
        is_at_backbone: bool,
    },
}

/// What stands at the place of the board `dut`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The reference firmware as it is.
    #[default]
    Reference,
    /// The reference firmware with one mutant switched on.
    Mutant(Mutant),
    /// The reference firmware in a variant: right and different; perhaps with a mutant switched on as well.
    Variant(&'static Variant, Option<Mutant>),
    /// A fake.
    Fake(Fake),
}

/// Why a testbed cannot give the rack that a topology asks for.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// No board `dut`.
    #[error("the topology has no board `dut`")]
    NoDut,
    /// `dut` is no board with firmware.
    #[error("`dut` must be a device, not a station of the tester")]
    DutIsTester,
    /// A port that is linked to a board without a foot on the backbone.
    #[error("`{0}` is linked to `{1}` over the air, but it is a port of the backbone and has no radio")]
    PortOnAir(String, String),
    /// A link that names no board.
    #[error("a link names board number {0}, and there are {1}")]
    NoSuchLinkEnd(usize, usize),
    /// The testbed fixes its boards and has none of that name.
    #[error("testbed `{testbed}` has no board `{board}`{}", .nearest.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?")))]
    UnknownBoard {
        /// The testbed.
        testbed: String,
        /// The board.
        board: String,
        /// The nearest that it has.
        nearest: Option<String>,
    },
    /// A board that is not to be relied on for a while.
    #[error("board `{board}` is in quarantine until {}: {} ({} looks after it)", quarantine.until, quarantine.reason, quarantine.owner)]
    Quarantine {
        /// The board.
        board: String,
        /// Why, whose, how long.
        quarantine: Quarantine,
    },
    /// A mutant of a device that is no part of this program.
    #[error("`dut` is not virtual, and mutants and variants are compiled for the host only: use a virtual testbed")]
    AttachedMutant,
    /// Anything else for which there is no rack.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl TopologyError {
    /// The board that is the matter, if it is one.
    pub fn board(&self) -> Option<&str> {
        match self {
            Self::UnknownBoard { board, .. } | Self::Quarantine { board, .. } | Self::PortOnAir(board, _) => {
                Some(board)
            }
            Self::NoDut | Self::DutIsTester | Self::NoSuchLinkEnd(..) | Self::AttachedMutant | Self::Build(_) => None,
        }
    }
}

impl Testbed {
    /// The built-in virtual testbed, as a file.
    pub fn built_in() -> Source {
        Source { name: "built-in virtual".to_owned(), text: include_str!("../../virtual.toml").to_owned() }
    }

    /// Reads a testbed file.
    ///
    /// # Errors
    /// Everything that is wrong with it; what a reader of TOML finds comes alone, because it hides the rest.
    pub fn load(source: &Source) -> Result<Self, Vec<Fault>> {
        let file: file::File =
            toml::from_str(&source.text).map_err(|error| vec![file::syntax_fault(source, &error)])?;
        let mut faults = Vec::new();
        file.check(source, &mut faults);
        if faults.is_empty() { Ok(file.into_testbed()) } else { Err(faults) }
    }

    /// Whether what the testbed needs is there.
    ///
    /// # Errors
    /// [`NotReady`]: what is missing, and what to do.
    pub fn check_ready(&self) -> Result<(), NotReady> {
        self.connections.values().try_for_each(|connection| connection.check_ready())
    }

    /// Every board that the file names: connected, in quarantine, at the end of a link, beside the sniffer, or in its list.
    pub fn board_names(&self) -> Vec<&str> {
        let links = self.links.iter().flat_map(|(a, b, _)| [a, b]);
        let beside = match &self.sniffer.position {
            Position::Beside(board) => Some(board),
            Position::Everywhere => None,
        };
        let connected = self.connections.keys().chain(self.quarantines.keys());
        connected.chain(links).chain(beside).chain(self.boards.iter().flatten()).map(String::as_str).collect()
    }

    /// Whether some of its boards do not wait for it.
    pub fn is_real_time(&self) -> bool {
        !self.connections.is_empty()
    }

    /// Whether a frame that nothing disturbs may be lost on one of these links: by its probability, or because an end of it is
    /// on the real air, of which nobody can promise anything.
    pub fn loses_frames(&self, boards: &[&str], links: &[(&str, &str)]) -> bool {
        boards.iter().any(|board| self.is_on_real_air(board))
            || links.iter().any(|(a, b)| self.quality(a, b).delivery < 1.0)
    }

    /// Those of these boards that the sniffer may not hear although nothing disturbs it, on this channel; `loses_more` if the
    /// case has its links lose frames that the testbed's would deliver.
    pub fn missed<'b>(
        &self,
        boards: &[&'b str],
        links: &[(&str, &str)],
        channel: u8,
        loses_more: bool,
    ) -> BTreeSet<&'b str> {
        let elsewhere = self.sniffer.channel.is_some_and(|only| only != channel);
        let hears = |board: &str| match &self.sniffer.position {
            Position::Everywhere => true,
            Position::Beside(place) => {
                let is_near = |(a, b): &&(&str, &str)| (*a == place && *b == board) || (*b == place && *a == board);
                let is_sure = |(a, b): &(&str, &str)| self.quality(a, b).delivery >= 1.0 && !loses_more;
                board == place || links.iter().find(is_near).is_some_and(is_sure)
            }
        };
        boards.iter().copied().filter(|board| elsewhere || self.is_on_real_air(board) || !hears(board)).collect()
    }

    /// Whether a board's own radio is out there; a tester radio stands for it on the rack's air.
    fn is_on_real_air(&self, board: &str) -> bool {
        self.connections.get(board).is_some_and(|connection| connection.air().is_some())
    }

    /// How good the link between two boards is.
    fn quality(&self, a: &str, b: &str) -> Quality {
        let is_this =
            |(one, other, _): &&(String, String, Quality)| (one == a && other == b) || (one == b && other == a);
        self.links.iter().find(is_this).map_or(self.medium, |link| link.2)
    }

    /// The devices that only one run can use at a time.
    pub fn exclusive(&self) -> Vec<&str> {
        self.connections.values().flat_map(|connection| connection.exclusive()).collect()
    }

    /// The address of the board that a topology calls `name`, the one at `index` (from 0) there.
    pub fn eui64(&self, name: &str, index: usize) -> Eui64 {
        let own = self.connections.get(name).and_then(|connection| connection.eui64());
        own.unwrap_or_else(|| eui64_of(index))
    }

    /// Whether the rack learns the addresses of the board of this name.
    pub fn learns_addresses(&self, name: &str) -> bool {
        self.connections.get(name).is_some_and(|connection| connection.learns_addresses())
    }

    /// Whether the board of this name is a stack behind a bridge that acknowledges itself.
    pub fn acknowledges_itself(&self, name: &str) -> bool {
        self.connections.get(name).is_some_and(|connection| connection.acknowledges_within().is_some())
    }

    /// What is wrong with the file, whose source this is, for cases that need the radios of these boards: board and case. One
    /// fault a board.
    pub fn lacking_radios<'a>(
        &self,
        source: &Source,
        needed: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Fault> {
        let mut by_board: BTreeMap<&str, &str> = BTreeMap::new();
        for (board, case) in needed {
            by_board.entry(board).or_insert(case);
        }
        let lacking = by_board.into_iter().filter_map(|(board, case)| {
            let span = self.without_radio.get(board)?.clone();
            let help = match self.connections.get(board)? {
                crate::connection::Connection::Serial(_) => {
                    "radio = \"/dev/...\", the device of its radio link, or air = \"/dev/...\", a tester radio beside it"
                }
                _ => "radio = true if its program connects to BOOTRACK_RADIO, or \"zep\" or \"openthread\" for an air bridge",
            };
            let message = format!("board `{board}` has no radio, and {case} needs it on the air");
            Some(source.fault(span, message).with_help(help))
        });
        lacking.collect()
    }

    /// The rack for a topology.
    ///
    /// # Errors
    /// [`TopologyError`].
    pub fn rack_for(&self, request: &RackRequest<'_>) -> Result<VirtualRack, TopologyError> {
        Ok(VirtualRack::new(self.config_for(request)?)?)
    }

    /// The configuration of the rack for a topology.
    ///
    /// # Errors
    /// [`TopologyError`].
    pub fn config_for(&self, request: &RackRequest<'_>) -> Result<VirtualConfig, TopologyError> {
        self.check_topology(request)?;
        let in_quarantine = |board: &BoardRequest<'_>| {
            let quarantine = self.quarantines.get(board.name).filter(|quarantine| quarantine.holds())?;
            Some(TopologyError::Quarantine { board: board.name.to_owned(), quarantine: quarantine.clone() })
        };
        if let Some(error) = request.boards.iter().find_map(in_quarantine) {
            return Err(error);
        }
        if matches!(request.device, Device::Mutant(_) | Device::Variant(..)) && self.connections.contains_key("dut") {
            return Err(TopologyError::AttachedMutant);
        }
        let air = |index: usize| request.boards.get(index).filter(|board| board.attachment != Attachment::Port);
        let boards = request.boards.iter().enumerate().filter_map(|(index, board)| {
            let eui64 = self.eui64(board.name, index);
            let kind = match (board.attachment, board.name, request.device) {
                (Attachment::Port, ..) => return None,
                (Attachment::Radio, ..) => BoardKind::TesterRadio,
                (_, "dut", Device::Fake(fake)) => BoardKind::Fake(fake, eui64),
                (_, name, _) if self.connections.contains_key(name) => BoardKind::Attached(eui64),
                (_, "dut", Device::Mutant(mutant)) => {
                    BoardKind::Firmware { eui64, mutant: Some(mutant), variant: None }
                }
                (_, "dut", Device::Variant(variant, mutant)) => {
                    BoardKind::Firmware { eui64, mutant, variant: Some(variant) }
                }
                _ => BoardKind::Firmware { eui64, mutant: None, variant: None },
            };
            Some(VirtualBoard { name: board.name.to_owned(), kind })
        });
        let boards: Vec<VirtualBoard> = boards.collect();
        let mut connections = self.connections.clone();
        connections.retain(|name, _| {
            boards.iter().any(|board| board.name == *name && matches!(board.kind, BoardKind::Attached(_)))
        });
        let links = request.links.iter().filter_map(|(a, b)| Some((air(*a)?.name, air(*b)?.name))).map(|(a, b)| {
            let Quality { delivery, rssi_dbm } = self.quality(a, b);
            let delivery = delivery * f64::from(100 - request.loss_percent.min(100)) / 100.0;
            Link { a: a.to_owned(), b: b.to_owned(), delivery, rssi_dbm }
        });
        let named = |attachment| {
            let boards = request.boards.iter().filter(move |board| board.attachment == attachment);
            boards.map(|board| board.name.to_owned()).collect::<Vec<_>>()
        };
        let (ports, feet) = (named(Attachment::Port), named(Attachment::Board { is_at_backbone: true }));
        let backbone = (!feet.is_empty()).then_some(Backbone { ports, boards: feet, latency: self.backbone_latency });
        Ok(VirtualConfig {
            boards,
            links: links.collect(),
            sniffer: self.sniffer.clone(),
            backbone,
            channel: request.channel,
            pan_id: PAN_ID,
            timing: self.timing,
            seed: request.seed,
            connections,
            operator: self.operator.clone(),
        })
    }

    /// What a rack cannot be; who is to reach whom is the suites' to say.
    fn check_topology(&self, request: &RackRequest<'_>) -> Result<(), TopologyError> {
        let boards = &request.boards;
        let dut = boards.iter().find(|board| board.name == "dut").ok_or(TopologyError::NoDut)?;
        if !matches!(dut.attachment, Attachment::Board { .. }) {
            return Err(TopologyError::DutIsTester);
        }
        for (a, b) in request.links {
            for end in [*a, *b] {
                if end >= boards.len() {
                    return Err(TopologyError::NoSuchLinkEnd(end, boards.len()));
                }
            }
            for (one, other) in [(&boards[*a], &boards[*b]), (&boards[*b], &boards[*a])] {
                let is_on_air = other.attachment != Attachment::Board { is_at_backbone: true };
                if one.attachment == Attachment::Port && is_on_air {
                    return Err(TopologyError::PortOnAir(one.name.to_owned(), other.name.to_owned()));
                }
            }
        }
        if let Some(fixed) = &self.boards {
            let in_air = boards.iter().filter(|board| board.attachment != Attachment::Port);
            if let Some(unknown) = in_air.map(|board| board.name).find(|name| !fixed.iter().any(|board| board == name))
            {
                return Err(TopologyError::UnknownBoard {
                    testbed: self.name.clone(),
                    board: unknown.to_owned(),
                    nearest: nearest(unknown, fixed.iter().map(String::as_str)).map(str::to_owned),
                });
            }
        }
        Ok(())
    }
}

/// The extended address of a board without one of its own, at `index` (from 0) of a topology: `70b3d5b0070000NN`, NN counted from 1.
pub fn eui64_of(index: usize) -> Eui64 {
    let [high, low] = u16::try_from(index.saturating_add(1)).unwrap_or(u16::MAX).to_be_bytes();
    Eui64([0x70, 0xb3, 0xd5, 0xb0, 0x07, 0, high, low])
}

#[cfg(test)]
mod tests;
