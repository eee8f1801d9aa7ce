//! Boards outside of this process: emulated, programs of their own, or at the end of a serial line. The rack speaks UT/1 to them
//! and, where their radio is on the rack's air, the radio link; each line has a thread that reads it into the rack's inbox.

mod air;
mod error;
mod exec;
pub(crate) mod hook;
mod lines;
mod lock;
mod offset;
mod peer;
mod prepare;
mod probed;
mod processes;
mod qemu;
mod serial;
mod tester_radio;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wire::Eui64;
use wire::ieee802154::PanId;
use wire::radio_link::Message;

pub use air::{Acknowledges, Bridge, BridgeError, Protocol};
pub use error::{NotReady, RadioMissing};
pub use exec::{Exec, ProgramError, Radio};
pub use hook::HookError;
pub use lock::{Claim, LockError};
pub use offset::OffsetError;
pub use peer::Expected;
pub use prepare::{Identity, PrepareError, identify};
pub use qemu::{EmulatorError, Qemu};
pub use serial::{Power, Reset, Serial, SerialError};

use crate::probe::{Chip, ProbeError, SharedProbe};

/// How a board outside of this process is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// An emulated board.
    Qemu(Qemu),
    /// A program that speaks UT/1 on its standard input and output.
    Exec(Exec),
    /// A serial line.
    Serial(Serial),
}

/// The boards of a testbed that are outside of this process, by name.
pub type Connections = BTreeMap<String, Connection>;

impl Connection {
    /// Whether what it needs is there.
    ///
    /// # Errors
    /// [`NotReady`]: what is missing, and what to do.
    pub fn check_ready(&self) -> Result<(), NotReady> {
        match self {
            Self::Qemu(qemu) => qemu.check_ready(),
            Self::Exec(exec) => exec.check_ready(),
            Self::Serial(_) => Ok(()),
        }
    }

    /// The serial devices that it uses.
    pub fn devices(&self) -> Vec<&str> {
        match self {
            Self::Qemu(_) | Self::Exec(_) => Vec::new(),
            Self::Serial(serial) => serial.devices(),
        }
    }

    /// The tester radio of a board on the real air: the device of its radio link.
    pub fn air(&self) -> Option<&str> {
        match self {
            Self::Qemu(_) | Self::Exec(_) => None,
            Self::Serial(serial) => serial.air.as_deref(),
        }
    }

    /// Whether the board has no radio at all: neither on the rack's air nor on the real one.
    pub fn has_no_radio(&self) -> bool {
        match self {
            Self::Qemu(_) => false,
            Self::Exec(exec) => exec.radio == Radio::None,
            Self::Serial(serial) => serial.radio.is_none() && serial.air.is_none(),
        }
    }

    /// Its radio, as the testbed file says it.
    pub fn radio(&self) -> String {
        match self {
            Self::Qemu(_) => "its radio link".to_owned(),
            Self::Exec(exec) => match exec.radio {
                Radio::None => "none".to_owned(),
                Radio::Link => "radio = true".to_owned(),
                Radio::Bridge(Bridge { protocol: Protocol::Zep, .. }) => "radio = \"zep\"".to_owned(),
                Radio::Bridge(Bridge { protocol: Protocol::OpenThread, .. }) => "radio = \"openthread\"".to_owned(),
            },
            Self::Serial(Serial { air: Some(path), .. }) => format!("air = \"{path}\""),
            Self::Serial(serial) => format!("radio = \"{}\"", serial.radio.as_deref().unwrap_or("none")),
        }
    }

    /// How long an acknowledgement of its own may take, of a stack behind a bridge that acknowledges itself.
    pub fn acknowledges_within(&self) -> Option<Duration> {
        match self {
            Self::Exec(Exec { radio: Radio::Bridge(bridge), .. }) => {
                (bridge.acknowledges == Acknowledges::Itself).then_some(bridge.acknowledges_within)
            }
            _ => None,
        }
    }

    /// Whether the rack learns the board's addresses instead of knowing them.
    pub fn learns_addresses(&self) -> bool {
        match self {
            Self::Qemu(_) => false,
            Self::Exec(exec) => exec.learns_addresses,
            Self::Serial(serial) => serial.learns_addresses,
        }
    }

    /// The things that only one run can use at a time: paths of serial devices, and probes.
    pub fn exclusive(&self) -> Vec<&str> {
        let mut things = self.devices();
        things.extend(self.chip().map(|chip| chip.selector.as_str()));
        things
    }

    /// The chip of a board that has a debug probe.
    pub fn chip(&self) -> Option<&Chip> {
        match self {
            Self::Qemu(_) => None,
            Self::Exec(exec) => exec.chip.as_ref(),
            Self::Serial(serial) => serial.chip.as_ref(),
        }
    }

    /// The address that the board has already; of others the rack chooses it.
    pub fn eui64(&self) -> Option<Eui64> {
        match self {
            Self::Qemu(_) => None,
            Self::Exec(exec) => exec.eui64,
            Self::Serial(serial) => Some(serial.eui64),
        }
    }

    /// A board without power.
    pub(crate) fn open(
        &self,
        name: &str,
        eui64: Eui64,
        entropy: [u8; 32],
        site: Site,
        outbox: Outbox,
    ) -> Result<Box<dyn Attached>, ConnectionError> {
        let opened = self.chip().map(SharedProbe::open).transpose();
        let probe = opened.map_err(|source| ConnectionError::Chip { board: name.to_owned(), source })?;
        let log = probe.clone().map(|probe| (probe, outbox.clone()));
        let air = self.air().map(|path| (path, outbox.clone()));
        let board: Box<dyn Attached> = match self {
            Self::Qemu(qemu) => Box::new(qemu::EmulatedBoard::new(qemu, eui64, entropy, outbox)?),
            Self::Exec(exec) => Box::new(exec::ExecBoard::new(name, exec, site.clone(), outbox)?),
            Self::Serial(serial) => Box::new(prepare::prepared(name, serial, probe, outbox)?),
        };
        let board = match air {
            Some((path, outbox)) => Box::new(tester_radio::BoardOnAir::new(board, path, eui64, site, outbox)),
            None => board,
        };
        Ok(match log {
            Some((probe, outbox)) => Box::new(probed::ProbedBoard::new(board, probe, outbox)),
            None => board,
        })
    }
}

/// Why a board outside of this process cannot be had, or does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// What it is made of is not on this machine.
    #[error(transparent)]
    NotReady(#[from] NotReady),
    /// The debug probe on its chip, when the board was to be opened.
    #[error("board `{board}`: {source}")]
    Chip {
        /// The board.
        board: String,
        /// The probe's complaint.
        source: ProbeError,
    },
    /// The debug probe on its chip, later.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// It cannot be brought to the state in which a case finds a new board, or it is another board.
    #[error("board `{board}` at {path}: {source}")]
    Unprepared {
        /// The board.
        board: String,
        /// The serial device.
        path: String,
        /// What is in the way.
        source: Box<PrepareError>,
    },
    /// Its serial line, or the hooks of a board at one.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// Its program.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Its emulator.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The tester radio of a board on the real air cannot be listened to.
    #[error("the tester radio: {0}")]
    TesterRadio(#[source] SerialError),
    /// The tester radio of a board on the real air takes no orders.
    #[error("the tester radio at {path}: {source}")]
    TesterRadioDeaf {
        /// Its serial device.
        path: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A message that the radio link cannot carry.
    #[error(transparent)]
    Message(#[from] wire::Error),
}

impl From<BridgeError> for ConnectionError {
    fn from(error: BridgeError) -> Self {
        Self::Program(error.into())
    }
}

impl From<OffsetError> for ConnectionError {
    fn from(error: OffsetError) -> Self {
        Self::Program(error.into())
    }
}

/// Where a board is, on the rack's air.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) channel: u8,
    pub(crate) pan_id: u16,
    /// The address that the rack knows it by.
    pub(crate) eui64: Eui64,
    /// The other boards' addresses.
    pub(crate) neighbours: Vec<Eui64>,
    /// Who would acknowledge a frame of it for sure, now.
    pub(crate) receivers: Receivers,
}

/// Radios of the rack that listen, by channel, PAN and address.
pub(crate) type Receivers = Arc<Mutex<BTreeSet<(u8, PanId, Eui64)>>>;

/// Who is at the other end of a board's radio, where that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RadioPeer {
    /// The address that a stack behind a bridge sends from.
    pub address: Option<SocketAddr>,
    /// Datagrams at the bridge that were not the stack's.
    pub strays: u64,
}

/// A board outside of this process.
pub(crate) trait Attached {
    /// Gives it power; what it sends from now on bears the number of this life.
    ///
    /// # Errors
    /// Why it does not start.
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError>;

    /// Takes its power, wherever it is.
    ///
    /// # Errors
    /// Why it cannot.
    fn power_off(&mut self) -> Result<(), ConnectionError>;

    /// Pulls the reset line of a board with power; `false` if all that can be done is to take and give power.
    ///
    /// # Errors
    /// Why it cannot.
    fn reset(&mut self) -> Result<bool, ConnectionError>;

    /// Octets to the upper tester; lost without power.
    ///
    /// # Errors
    /// Why the line does not take them.
    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError>;

    /// A message to the radio link; lost without power.
    ///
    /// # Errors
    /// Why the line does not take it.
    fn tell(&mut self, message: Message) -> Result<(), ConnectionError>;

    /// A line has ended: whether the board restarts by itself, or what its last words were.
    ///
    /// # Errors
    /// What became of it.
    fn ended(&mut self) -> Result<(), ConnectionError>;

    /// Whether giving it power starts its chip; of others their debug probe does.
    fn starts_chip(&self) -> bool {
        true
    }

    /// Whether its radio is connected, of a board that connects it by itself; of one that does not, what is missing.
    ///
    /// # Errors
    /// What is missing, or gone.
    fn radio_is_connected(&self) -> Result<(), RadioMissing> {
        Ok(())
    }

    /// Who is at the other end of its radio, of a board with a bridge.
    fn radio_peer(&self) -> Option<RadioPeer> {
        None
    }

    /// It was asked to start anew, perhaps without restarting its process: its radio may go and come back.
    fn may_restart(&mut self) {}

    /// The process that it is, while it has power.
    fn process_id(&self) -> Option<u32> {
        None
    }
}

/// Something that a board sent.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) board: usize,
    /// Which life of the board: what an earlier one said does not count.
    pub(crate) life: u64,
    pub(crate) at: Instant,
    pub(crate) what: Arrived,
}

/// What it sent.
#[derive(Debug)]
pub(crate) enum Arrived {
    /// Octets of the upper tester's line.
    UpperTester(Vec<u8>),
    /// A message of the radio link, or what stands for one, and the board's time in microseconds if it bears it.
    Link(Message, Option<u64>),
    /// A frame to send, of a stack behind a bridge, with so many retries at most.
    Transmit { handle: u32, psdu: Vec<u8>, most_retries: u32 },
    /// A stack behind a bridge acknowledges a frame: this MPDU.
    Acknowledgement(Vec<u8>),
    /// The rack cannot do what the board relies on, and why.
    Fault(String),
    /// So many octets of the radio link belonged to no message.
    Noise(u64),
    /// The process has ended, or a line is gone.
    Ended,
    /// Something that the board needs is gone, and what.
    Lost(String),
}

/// Where a board's lines put what arrives.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    pub(crate) board: usize,
    pub(crate) inbox: Sender<Arrival>,
}

impl Outbox {
    /// Puts something into the rack's inbox; whether the rack is still there.
    pub(crate) fn put(&self, life: u64, what: Arrived) -> bool {
        self.inbox.send(Arrival { board: self.board, life, at: Instant::now(), what }).is_ok()
    }
}

/// Whether something that is counted is worth a line of log: at 1, 2, 4, 8, ...
pub(crate) fn told_at(count: u64) -> bool {
    count.is_power_of_two()
}

#[cfg(test)]
mod tests;
