//! Brings a board whose store outlives a case to the state in which a case finds a new one, and proves that it is the right board.
//!
//! The ladder: start it and ask `hello`; factory reset if it is in another state; if it does not answer, take its power and try
//! once more; where a debug probe is, write its firmware anew, and at last erase all of its flash first. A board that says another address than the testbed file is never used: its cables are swapped.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use dissect::{Dissection, upper_tester};
use serialport::TTYPort;
use wire::Eui64;

use super::serial::{SILENCE, Serial, SerialBoard, SerialError, drain};
use super::{ConnectionError, Outbox};
use crate::probe::SharedProbe;

/// UT/1: a board tells of its boot within five seconds.
const BOOTS_WITHIN: Duration = Duration::from_secs(5);
/// UT/1: an answer comes within two seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// A board that leaves its network withdraws its links first.
const LEAVES_WITHIN: Duration = Duration::from_secs(30);
/// Sequence numbers that no case reaches.
const FIRST_SEQ: u32 = 4_000_000_000;

/// Why whoever is at a serial device is not taken for the board that is looked for.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The device cannot be opened to ask who is there.
    #[error("cannot be opened: {0}")]
    Open(#[source] serialport::Error),
    /// The line does not work, or the board cannot be started.
    #[error(transparent)]
    Serial(#[from] SerialError),
    /// What UT/1 has a board say does not come in time.
    #[error("no {what} within {} s, but {heard} octets", within.as_secs())]
    Silent {
        /// What was waited for.
        what: String,
        /// For how long.
        within: Duration,
        /// Octets that came instead.
        heard: usize,
    },
    /// It answers, but not `ok`.
    #[error("it answers `{status}` to `{command}`")]
    Refused {
        /// The command that it was asked.
        command: String,
        /// The status that it answered.
        status: String,
    },
    /// It answers what somebody else asked.
    #[error("its `hello` repeats another nonce: an old answer?")]
    OldAnswer,
    /// It says who it is, but not by an address.
    #[error("its `hello` has no address: {said:?}")]
    NoAddress {
        /// What is in its place.
        said: String,
    },
    /// It is another board: nothing here can help.
    #[error("the board there says that it is {said}, and the testbed file {wanted}: are two cables swapped?")]
    AnotherBoard {
        /// What it says.
        said: String,
        /// What the testbed file says.
        wanted: Eui64,
    },
    /// Nothing that can be tried brings it up.
    #[error("it does not come up; {}", attempts(tried))]
    NeverUp {
        /// What was tried, and how each attempt ended.
        tried: Vec<(&'static str, PrepareError)>,
    },
}

impl From<io::Error> for PrepareError {
    fn from(error: io::Error) -> Self {
        Self::Serial(SerialError::Line(error))
    }
}

impl PrepareError {
    /// Whether no other rung of the ladder can help.
    fn is_final(&self) -> bool {
        matches!(self, Self::AnotherBoard { .. })
    }
}

fn attempts(tried: &[(&'static str, PrepareError)]) -> String {
    tried.iter().map(|(name, reason)| format!("{name}: {reason}")).collect::<Vec<_>>().join("; ")
}

/// What a board says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its address.
    pub eui64: Eui64,
    /// Vendor, firmware and version.
    pub firmware: String,
    /// The roles that it can take.
    pub roles: String,
}

/// Asks whoever is at a serial device who it is, without starting it anew.
///
/// # Errors
/// Why that is no board that speaks UT/1.
pub fn identify(path: &str, baud: u32) -> Result<Identity, PrepareError> {
    let mut port = serialport::new(path, baud).timeout(SILENCE).open_native().map_err(PrepareError::Open)?;
    drain(&mut port)?;
    let mut lines = Lines { port: &mut port, partial: Vec::new() };
    let nonce = format!("{:016x}", nonce());
    let hello = lines.ask(FIRST_SEQ, &format!("hello nonce={nonce}"))?;
    let of = |key: &str| hello.text(&format!("ut.{key}")).unwrap_or_default().into_owned();
    if of("nonce") != nonce {
        return Err(PrepareError::OldAnswer);
    }
    let eui64 = of("eui64").parse().map_err(|_| PrepareError::NoAddress { said: of("eui64") })?;
    let firmware = format!("{} {} {}", of("vendor"), of("firmware"), of("version"));
    Ok(Identity { eui64, firmware, roles: of("roles") })
}

/// What is tried, one after the other.
#[derive(Clone, Copy)]
enum Rung {
    Start,
    StartAgain,
    Flash,
    EraseAndFlash,
}

impl Rung {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::StartAgain => "started once more",
            Self::Flash => "flashed anew",
            Self::EraseAndFlash => "erased and flashed",
        }
    }

    /// Does what comes before the start; `false` if this board has no such rung.
    fn climb(self, board: &SerialBoard) -> Result<bool, SerialError> {
        match self {
            Self::Start | Self::StartAgain => Ok(true),
            Self::Flash => board.reflash(false),
            Self::EraseAndFlash => board.reflash(true),
        }
    }
}

/// A board in state `factory`, without power, or as near to that as its hooks can bring it.
///
/// # Errors
/// What was tried, and what is in the way.
pub(super) fn prepared(
    name: &str,
    serial: &Serial,
    probe: Option<SharedProbe>,
    outbox: Outbox,
) -> Result<SerialBoard, ConnectionError> {
    let mut board = SerialBoard::new(serial, probe, outbox);
    bring_to_factory(&mut board).map_err(|source| ConnectionError::Unprepared {
        board: name.to_owned(),
        path: serial.path.clone(),
        source: Box::new(source),
    })?;
    if board.can_take_power() {
        board.take_power()?;
    }
    Ok(board)
}

/// Brings the board to state `factory`.
///
/// # Errors
/// What was tried, and how each attempt ended.
fn bring_to_factory(board: &mut SerialBoard) -> Result<(), PrepareError> {
    let mut tried = Vec::new();
    for rung in [Rung::Start, Rung::StartAgain, Rung::Flash, Rung::EraseAndFlash] {
        let name = rung.name();
        match rung.climb(board) {
            Ok(true) => {}
            Ok(false) => break,
            Err(reason) => {
                tried.push((name, reason.into()));
                break;
            }
        }
        match board.start_afresh().map_err(PrepareError::from).and_then(|()| factory(board)) {
            Ok(()) => return Ok(()),
            Err(reason) if reason.is_final() => return Err(reason),
            Err(reason) => tried.push((name, reason)),
        }
    }
    Err(PrepareError::NeverUp { tried })
}

fn factory(board: &mut SerialBoard) -> Result<(), PrepareError> {
    let wanted = board.serial().eui64;
    let mut lines = Lines { port: board.port()?, partial: Vec::new() };
    lines.wait(BOOTS_WITHIN, "`! booted`", |line| line.text("ut.event").as_deref() == Some("booted"))?;
    let nonce = format!("{:016x}", nonce());
    let hello = lines.ask(FIRST_SEQ, &format!("hello nonce={nonce}"))?;
    if hello.text("ut.nonce").as_deref() != Some(&nonce) {
        return Err(PrepareError::OldAnswer);
    }
    let said = hello.text("ut.eui64").unwrap_or_default().into_owned();
    if said != wanted.to_string() {
        return Err(PrepareError::AnotherBoard { said, wanted });
    }
    if hello.text("ut.state").as_deref() == Some("factory") {
        return Ok(());
    }
    lines.ask(FIRST_SEQ + 1, "factory_reset")?;
    let is_new = |line: &Dissection| {
        line.text("ut.event").as_deref() == Some("booted") && line.text("ut.state").as_deref() == Some("factory")
    };
    lines.wait(LEAVES_WITHIN, "`! booted state=factory` after `factory_reset`", is_new)?;
    Ok(())
}

/// What no earlier run can have asked.
fn nonce() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap_or_default()
}

/// The lines of an open port.
struct Lines<'a> {
    port: &'a mut TTYPort,
    partial: Vec<u8>,
}

impl Lines<'_> {
    /// Asks, and waits for the answer; it must be `ok`.
    fn ask(&mut self, seq: u32, command: &str) -> Result<Dissection, PrepareError> {
        let line = format!("> {seq} {command}\n");
        self.port.write_all(line.as_bytes())?;
        let name = command.split(' ').next().unwrap_or(command);
        let what = format!("answer to `{name}`");
        let answer = self.wait(ANSWERS_WITHIN, &what, |line| line.number("ut.seq") == Some(seq.into()))?;
        match answer.text("ut.status").as_deref() {
            Some("ok") => Ok(answer),
            status => {
                let (command, status) = (name.to_owned(), status.unwrap_or("nothing").to_owned());
                Err(PrepareError::Refused { command, status })
            }
        }
    }

    /// Waits for a line.
    fn wait(
        &mut self,
        within: Duration,
        what: &str,
        is_it: impl Fn(&Dissection) -> bool,
    ) -> Result<Dissection, PrepareError> {
        let until = Instant::now() + within;
        let mut buffer = [0; 512];
        let mut heard = 0;
        while Instant::now() < until {
            while let Some(end) = self.partial.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.partial.drain(..=end).collect();
                let dissection = upper_tester(0, String::from_utf8_lossy(&line).trim_end());
                if is_it(&dissection) {
                    return Ok(dissection);
                }
            }
            match self.port.read(&mut buffer) {
                Ok(0) => return Err(SerialError::Gone.into()),
                Ok(length) => {
                    heard += length;
                    self.partial.extend_from_slice(&buffer[..length]);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(PrepareError::Silent { what: what.to_owned(), within, heard })
    }
}
