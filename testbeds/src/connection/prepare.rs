//! Brings a board whose store outlives a case to the state in which a case finds a new one, and proves that it is the right board.
//!
//! The ladder: start it and ask `hello`; factory reset if it is in another state; if it does not answer, take its power and try
//! once more; where a debug probe is, write its firmware anew, and at last erase all of its flash first. A board that says another address than the testbed file is never used: its cables are swapped.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use dissect::{Dissection, upper_tester};
use serialport::{ClearBuffer, SerialPort as _, TTYPort};
use wire::Eui64;

use super::serial::SerialBoard;

/// UT/1: a board tells of its boot within five seconds.
const BOOTS_WITHIN: Duration = Duration::from_secs(5);
/// UT/1: an answer comes within two seconds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// A board that leaves its network withdraws its links first.
const LEAVES_WITHIN: Duration = Duration::from_secs(30);
/// A line that is silent for so long is drained.
const SILENCE: Duration = Duration::from_millis(100);
/// A line that is not silent after so long never will be.
const DRAINED_WITHIN: Duration = Duration::from_secs(2);
/// Sequence numbers that no case reaches.
const FIRST_SEQ: u32 = 4_000_000_000;

/// Why an attempt failed.
enum Failure {
    /// Another rung of the ladder may help.
    Again(String),
    /// Nothing here can help.
    Final(String),
}

impl From<String> for Failure {
    fn from(reason: String) -> Self {
        Self::Again(reason)
    }
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
pub fn identify(path: &str, baud: u32) -> Result<Identity, String> {
    let opened = serialport::new(path, baud).timeout(SILENCE).open_native();
    let mut port = opened.map_err(|error| format!("cannot be opened: {error}"))?;
    drain(&mut port)?;
    let mut lines = Lines { port: &mut port, partial: Vec::new() };
    let nonce = format!("{:016x}", nonce());
    let hello = match lines.ask(FIRST_SEQ, &format!("hello nonce={nonce}")) {
        Ok(hello) => hello,
        Err(Failure::Again(reason) | Failure::Final(reason)) => return Err(reason),
    };
    let of = |key: &str| hello.text(&format!("ut.{key}")).unwrap_or_default().into_owned();
    if of("nonce") != nonce {
        return Err("its `hello` repeats another nonce: an old answer?".to_owned());
    }
    let eui64 = of("eui64").parse().map_err(|_| format!("its `hello` has no address: {:?}", of("eui64")))?;
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
    fn climb(self, board: &SerialBoard) -> Result<bool, String> {
        match self {
            Self::Start | Self::StartAgain => Ok(true),
            Self::Flash => board.reflash(false),
            Self::EraseAndFlash => board.reflash(true),
        }
    }
}

/// Brings the board to state `factory`.
///
/// # Errors
/// What was tried, and how each attempt ended.
pub(super) fn bring_to_factory(board: &mut SerialBoard) -> Result<(), String> {
    let mut tried = Vec::new();
    for rung in [Rung::Start, Rung::StartAgain, Rung::Flash, Rung::EraseAndFlash] {
        let name = rung.name();
        match rung.climb(board) {
            Ok(true) => {}
            Ok(false) => break,
            Err(reason) => {
                tried.push(format!("{name}: {reason}"));
                break;
            }
        }
        let attempt = board.start_afresh().map_err(Failure::Again).and_then(|()| factory(board));
        match attempt {
            Ok(()) => return Ok(()),
            Err(Failure::Final(reason)) => return Err(reason),
            Err(Failure::Again(reason)) => tried.push(format!("{name}: {reason}")),
        }
    }
    Err(format!("it does not come up; {}", tried.join("; ")))
}

/// Throws away what is in the line.
pub(super) fn drain(port: &mut TTYPort) -> Result<(), String> {
    port.clear(ClearBuffer::All).map_err(|error| format!("its serial line: {error}"))?;
    let (begun, mut heard) = (Instant::now(), Instant::now());
    let mut buffer = [0; 4096];
    while heard.elapsed() < SILENCE {
        if begun.elapsed() > DRAINED_WITHIN {
            return Err("its line is never silent: something babbles".to_owned());
        }
        match port.read(&mut buffer) {
            Ok(0) => return Err("its serial line is gone".to_owned()),
            Ok(_) => heard = Instant::now(),
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Err(error) => return Err(format!("its serial line: {error}")),
        }
    }
    Ok(())
}

fn factory(board: &mut SerialBoard) -> Result<(), Failure> {
    let wanted = board.serial().eui64;
    let mut lines = Lines { port: board.port()?, partial: Vec::new() };
    lines.wait(BOOTS_WITHIN, "`! booted`", |line| line.text("ut.event").as_deref() == Some("booted"))?;
    let nonce = format!("{:016x}", nonce());
    let hello = lines.ask(FIRST_SEQ, &format!("hello nonce={nonce}"))?;
    if hello.text("ut.nonce").as_deref() != Some(&nonce) {
        return Err(Failure::Again("its `hello` repeats another nonce: an old answer?".to_owned()));
    }
    let said = hello.text("ut.eui64").unwrap_or_default().into_owned();
    if said != wanted.to_string() {
        return Err(Failure::Final(format!(
            "the board there says that it is {said}, and the testbed file {wanted}: are two cables swapped?"
        )));
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
    fn ask(&mut self, seq: u32, command: &str) -> Result<Dissection, Failure> {
        let line = format!("> {seq} {command}\n");
        self.port.write_all(line.as_bytes()).map_err(|error| format!("its serial line: {error}"))?;
        let name = command.split(' ').next().unwrap_or(command);
        let what = format!("answer to `{name}`");
        let answer = self.wait(ANSWERS_WITHIN, &what, |line| line.number("ut.seq") == Some(seq.into()))?;
        match answer.text("ut.status").as_deref() {
            Some("ok") => Ok(answer),
            status => Err(Failure::Again(format!("it answers `{}` to `{name}`", status.unwrap_or("nothing")))),
        }
    }

    /// Waits for a line.
    fn wait(&mut self, most: Duration, what: &str, is_it: impl Fn(&Dissection) -> bool) -> Result<Dissection, Failure> {
        let until = Instant::now() + most;
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
                Ok(0) => return Err(Failure::Again("its serial line is gone".to_owned())),
                Ok(length) => {
                    heard += length;
                    self.partial.extend_from_slice(&buffer[..length]);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => return Err(Failure::Again(format!("its serial line: {error}"))),
            }
        }
        Err(Failure::Again(format!("no {what} within {} s, but {heard} octets", most.as_secs())))
    }
}
