//! A board at the end of a serial line: UT/1 on it, and perhaps the radio link on a second one.
//!
//! The store of such a board outlives the case, so `prepare` brings it to the state `factory` before each one.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serialport::{ClearBuffer, SerialPort, TTYPort};
use wire::Eui64;
use wire::radio_link::{Message, Stamped};

use super::hook::{self, HookError};
use super::lines::{LinkReader, read_all};
use super::{Arrived, Attached, ConnectionError, Outbox};
use crate::probe::{Chip, Probe, ProbeError, SharedProbe};

/// A serial board, as the testbed file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    /// The device, best by its stable name: `/dev/serial/by-id/...`.
    pub path: String,
    /// Bits per second.
    pub baud: u32,
    /// The board's address: what its `hello` must say.
    pub eui64: Eui64,
    /// The device of the radio link, if its radio is on the rack's air.
    pub radio: Option<String>,
    /// Its radio is on the real air: the device of the radio link of a tester radio there.
    pub air: Option<String>,
    /// The rack learns from its radio what it sends by; its `hello` must say `eui64` all the same.
    pub learns_addresses: bool,
    /// Commands that switch its power.
    pub power: Option<Power>,
    /// How it is reset.
    pub reset: Option<Reset>,
    /// Its chip, if a debug probe is on it.
    pub chip: Option<Chip>,
}

/// Commands that switch the power of a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// On.
    pub on: Vec<String>,
    /// Off.
    pub off: Vec<String>,
}

/// How a board is reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reset {
    /// By the line's DTR, asserted while it is in reset.
    Dtr,
    /// By the line's RTS, asserted while it is in reset.
    Rts,
    /// By a command.
    Command(Vec<String>),
    /// By its debug probe, which can hold it in reset.
    Probe,
}

/// Why a board at a serial line does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// The device cannot be opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The serial device.
        path: String,
        /// The system's reason.
        source: serialport::Error,
    },
    /// Nobody has opened its line.
    #[error("its line is not open")]
    NotOpen,
    /// An open line cannot have a second reader.
    #[error(transparent)]
    Reader(serialport::Error),
    /// Its line breaks as it is read or written.
    #[error("its serial line: {0}")]
    Line(#[source] io::Error),
    /// The line of its radio link breaks.
    #[error("its radio link: {0}")]
    RadioLink(#[source] io::Error),
    /// Its line has ended.
    #[error("its serial line is gone")]
    Gone,
    /// Its line has ended while it had power.
    #[error("its serial line {path} is gone: unplugged?")]
    Unplugged {
        /// The serial device.
        path: String,
    },
    /// Its line is not silent when it should be.
    #[error("its line is never silent: something babbles")]
    Babbles,
    /// The line by which it is reset cannot be set.
    #[error("its reset line: {0}")]
    ResetLine(#[source] serialport::Error),
    /// Nothing in the testbed file takes its power.
    #[error("its power cannot be taken: the testbed file gives it no `power`")]
    NoPower,
    /// Nothing in the testbed file resets it.
    #[error("it cannot be reset: the testbed file gives it no `reset`")]
    NoReset,
    /// The testbed file has it reset by a probe that it does not have.
    #[error("the testbed file gives it no `probe`")]
    NoProbe,
    /// A command that switches or resets it.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The debug probe that resets or flashes it.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

/// How long a line may take to be there: boards that have their power by USB come back with it.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOKS_EVERY: Duration = Duration::from_millis(50);
/// A reader that hears nothing looks this often whether the board still has power.
const READS_FOR: Duration = Duration::from_millis(50);
/// A line that is silent for so long is drained.
pub(super) const SILENCE: Duration = Duration::from_millis(100);
/// A line that is not silent after so long never will be.
const DRAINED_WITHIN: Duration = Duration::from_secs(2);
/// How long a reset line is pulled.
const PULSE: Duration = Duration::from_millis(50);

impl Serial {
    pub(super) fn devices(&self) -> Vec<&str> {
        [Some(&self.path), self.radio.as_ref(), self.air.as_ref()].into_iter().flatten().map(String::as_str).collect()
    }
}

/// A board on a serial line.
pub(super) struct SerialBoard {
    serial: Serial,
    probe: Option<SharedProbe>,
    outbox: Outbox,
    port: Option<TTYPort>,
    link: Option<TTYPort>,
    /// Whether what its readers read counts.
    lives: Arc<AtomicBool>,
    started: Instant,
}

impl Drop for SerialBoard {
    fn drop(&mut self) {
        // A board that nobody looks at is silent, if that can be had.
        if self.lives.swap(false, Ordering::Relaxed) && self.can_take_power() {
            let _ = self.take_power();
        }
    }
}

impl SerialBoard {
    /// A board in whatever state it is; `prepare` brings it to the one in which a case finds it.
    pub(super) fn new(serial: &Serial, probe: Option<SharedProbe>, outbox: Outbox) -> Self {
        let lives = Arc::new(AtomicBool::new(false));
        Self { serial: serial.clone(), probe, outbox, port: None, link: None, lives, started: Instant::now() }
    }

    pub(super) fn serial(&self) -> &Serial {
        &self.serial
    }

    /// Whether it can be without power, or held in reset.
    pub(super) fn can_take_power(&self) -> bool {
        self.serial.power.is_some() || matches!(self.serial.reset, Some(Reset::Dtr | Reset::Rts | Reset::Probe))
    }

    pub(super) fn take_power(&mut self) -> Result<(), SerialError> {
        match (&self.serial.power, &self.serial.reset) {
            (Some(power), _) => Ok(hook::run(&power.off)?),
            (None, Some(Reset::Dtr | Reset::Rts)) => self.hold_in_reset(true),
            (None, Some(Reset::Probe)) => self.by_probe(Probe::hold),
            _ => Err(SerialError::NoPower),
        }
    }

    /// Gives it power, or pulls its reset line: it boots after this. What is in its lines before that is of an earlier life.
    pub(super) fn start(&mut self) -> Result<(), SerialError> {
        // Its line may have gone with the power.
        if self.port.as_mut().is_some_and(|port| drain(port).is_err()) {
            (self.port, self.link) = (None, None);
        }
        match &self.serial.power {
            Some(power) => {
                hook::run(&power.on)?;
                self.open()
            }
            None => {
                if self.port.is_none() {
                    self.open()?;
                    drain(self.port()?)?;
                }
                self.pull_reset()
            }
        }
    }

    /// As [`Self::start`], whether it has power or not.
    pub(super) fn start_afresh(&mut self) -> Result<(), SerialError> {
        if let Some(power) = &self.serial.power {
            hook::run(&power.off)?;
            std::thread::sleep(PULSE);
        }
        self.start()
    }

    pub(super) fn pull_reset(&mut self) -> Result<(), SerialError> {
        match &self.serial.reset {
            Some(Reset::Command(words)) => Ok(hook::run(words)?),
            Some(Reset::Dtr | Reset::Rts) => {
                self.hold_in_reset(true)?;
                std::thread::sleep(PULSE);
                self.hold_in_reset(false)
            }
            Some(Reset::Probe) => self.by_probe(Probe::start),
            None => Err(SerialError::NoReset),
        }
    }

    fn by_probe(&self, act: impl FnOnce(&mut Probe) -> Result<(), ProbeError>) -> Result<(), SerialError> {
        let probe = self.probe.as_ref().ok_or(SerialError::NoProbe)?;
        Ok(probe.with(act)?)
    }

    /// Writes its firmware anew, if the testbed file says which it is and there is a probe to write it by; `false` otherwise.
    pub(super) fn reflash(&self, erases_all: bool) -> Result<bool, SerialError> {
        let has_firmware = self.serial.chip.as_ref().is_some_and(|chip| chip.firmware.is_some());
        if has_firmware {
            self.by_probe(|probe| probe.flash(erases_all))?;
        }
        Ok(has_firmware)
    }

    fn hold_in_reset(&mut self, held: bool) -> Result<(), SerialError> {
        let Some(port) = &mut self.port else { return Ok(()) };
        let set = match &self.serial.reset {
            Some(Reset::Dtr) => port.write_data_terminal_ready(held),
            Some(Reset::Rts) => port.write_request_to_send(held),
            _ => Ok(()),
        };
        set.map_err(SerialError::ResetLine)
    }

    /// Opens its lines, unless they are.
    pub(super) fn open(&mut self) -> Result<(), SerialError> {
        let baud = self.serial.baud;
        if self.port.is_none() {
            self.port = Some(open(&self.serial.path, baud)?);
        }
        if let (Some(path), None) = (&self.serial.radio, &self.link) {
            self.link = Some(open(path, baud)?);
        }
        Ok(())
    }

    pub(super) fn port(&mut self) -> Result<&mut TTYPort, SerialError> {
        self.port.as_mut().ok_or(SerialError::NotOpen)
    }

    /// Starts the threads that read its lines.
    fn listen(&mut self, life: u64) -> Result<(), SerialError> {
        self.lives = Arc::new(AtomicBool::new(true));
        let clone = |port: &TTYPort| port.try_clone_native().map_err(SerialError::Reader);
        let port = self.port.as_ref().ok_or(SerialError::NotOpen)?;
        let (line, lives, outbox) = (clone(port)?, Arc::clone(&self.lives), self.outbox.clone());
        std::thread::spawn(move || {
            let is_alive = || lives.load(Ordering::Relaxed);
            read_all(line, |octets| {
                is_alive() && (octets.is_empty() || outbox.put(life, Arrived::UpperTester(octets.to_vec())))
            });
            if is_alive() {
                outbox.put(life, Arrived::Ended);
            }
        });
        if let Some(link) = &self.link {
            let (line, lives) = (clone(link)?, Arc::clone(&self.lives));
            let mut reader = LinkReader::new(self.outbox.clone(), life);
            std::thread::spawn(move || read_all(line, |octets| lives.load(Ordering::Relaxed) && reader.take(octets)));
        }
        Ok(())
    }
}

/// Opens a serial device, which may take a moment to be there.
pub(super) fn open(path: &str, baud: u32) -> Result<TTYPort, SerialError> {
    let until = Instant::now() + COMES_BACK_WITHIN;
    loop {
        match serialport::new(path, baud).timeout(READS_FOR).open_native() {
            Ok(port) => return Ok(port),
            Err(source) if Instant::now() > until => return Err(SerialError::Open { path: path.to_owned(), source }),
            Err(_) => std::thread::sleep(LOOKS_EVERY),
        }
    }
}

/// Throws away what is in a line.
pub(super) fn drain(port: &mut TTYPort) -> Result<(), SerialError> {
    port.clear(ClearBuffer::All).map_err(|error| SerialError::Line(error.into()))?;
    let (begun, mut heard) = (Instant::now(), Instant::now());
    let mut buffer = [0; 4096];
    while heard.elapsed() < SILENCE {
        if begun.elapsed() > DRAINED_WITHIN {
            return Err(SerialError::Babbles);
        }
        match port.read(&mut buffer) {
            Ok(0) => return Err(SerialError::Gone),
            Ok(_) => heard = Instant::now(),
            Err(error) if error.kind() == ErrorKind::TimedOut => {}
            Err(error) => return Err(SerialError::Line(error)),
        }
    }
    Ok(())
}

impl Attached for SerialBoard {
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError> {
        self.started = Instant::now();
        self.start()?;
        Ok(self.listen(life)?)
    }

    fn power_off(&mut self) -> Result<(), ConnectionError> {
        if !self.lives.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        Ok(self.take_power()?)
    }

    fn reset(&mut self) -> Result<bool, ConnectionError> {
        match &self.serial.reset {
            Some(_) => Ok(self.pull_reset().map(|()| true)?),
            None => Ok(false),
        }
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        match &mut self.port {
            Some(port) => Ok(port.write_all(octets).map_err(SerialError::Line)?),
            None => Ok(()),
        }
    }

    fn tell(&mut self, message: Message) -> Result<(), ConnectionError> {
        let at = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let Some(link) = &mut self.link else { return Ok(()) };
        let octets = Stamped { at, message }.to_vec()?;
        Ok(link.write_all(&octets).map_err(SerialError::RadioLink)?)
    }

    fn ended(&mut self) -> Result<(), ConnectionError> {
        self.lives.store(false, Ordering::Relaxed);
        (self.port, self.link) = (None, None);
        Err(SerialError::Unplugged { path: self.serial.path.clone() }.into())
    }
}
