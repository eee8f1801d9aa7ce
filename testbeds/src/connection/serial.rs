//! A board at the end of a serial line: UT/1 on it, and perhaps the radio link on a second one.
//!
//! The store of such a board outlives the case, so a board is brought to the state `factory` before each one; see `prepare`.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serialport::{SerialPort, TTYPort};
use wire::Eui64;
use wire::radio_link::{Message, Stamped};

use super::lines::{LinkReader, read_all};
use super::{Arrived, Attached, Outbox, hook, prepare};
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

/// How long a line may take to be there: boards that have their power by USB come back with it.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked for.
const LOOKS_EVERY: Duration = Duration::from_millis(50);
/// A reader that hears nothing looks this often whether the board still has power.
const READS_FOR: Duration = Duration::from_millis(50);
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
    /// A board in state `factory`, without power, or as near to that as its hooks can bring it.
    ///
    /// # Errors
    /// What was tried, and what is in the way.
    pub(super) fn new(name: &str, serial: &Serial, probe: Option<SharedProbe>, outbox: Outbox) -> Result<Self, String> {
        let lives = Arc::new(AtomicBool::new(false));
        let mut board =
            Self { serial: serial.clone(), probe, outbox, port: None, link: None, lives, started: Instant::now() };
        prepare::bring_to_factory(&mut board)
            .map_err(|reason| format!("board `{name}` at {}: {reason}", serial.path))?;
        if board.can_take_power() {
            board.take_power()?;
        }
        Ok(board)
    }

    pub(super) fn serial(&self) -> &Serial {
        &self.serial
    }

    /// Whether it can be without power, or held in reset.
    fn can_take_power(&self) -> bool {
        self.serial.power.is_some() || matches!(self.serial.reset, Some(Reset::Dtr | Reset::Rts | Reset::Probe))
    }

    fn take_power(&mut self) -> Result<(), String> {
        match (&self.serial.power, &self.serial.reset) {
            (Some(power), _) => hook::run(&power.off),
            (None, Some(Reset::Dtr | Reset::Rts)) => self.hold_in_reset(true),
            (None, Some(Reset::Probe)) => self.by_probe(Probe::hold),
            _ => Err("its power cannot be taken: the testbed file gives it no `power`".to_owned()),
        }
    }

    /// Gives it power, or pulls its reset line: it boots after this. What is in its lines before that is of an earlier life.
    pub(super) fn start(&mut self) -> Result<(), String> {
        // Its line may have gone with the power.
        if self.port.as_mut().is_some_and(|port| prepare::drain(port).is_err()) {
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
                    prepare::drain(self.port()?)?;
                }
                self.pull_reset()
            }
        }
    }

    /// As [`Self::start`], whether it has power or not.
    pub(super) fn start_afresh(&mut self) -> Result<(), String> {
        if let Some(power) = &self.serial.power {
            hook::run(&power.off)?;
            std::thread::sleep(PULSE);
        }
        self.start()
    }

    pub(super) fn pull_reset(&mut self) -> Result<(), String> {
        match &self.serial.reset {
            Some(Reset::Command(words)) => hook::run(words),
            Some(Reset::Dtr | Reset::Rts) => {
                self.hold_in_reset(true)?;
                std::thread::sleep(PULSE);
                self.hold_in_reset(false)
            }
            Some(Reset::Probe) => self.by_probe(Probe::start),
            None => Err("it cannot be reset: the testbed file gives it no `reset`".to_owned()),
        }
    }

    fn by_probe(&self, act: impl FnOnce(&mut Probe) -> Result<(), ProbeError>) -> Result<(), String> {
        let probe = self.probe.as_ref().ok_or("the testbed file gives it no `probe`")?;
        probe.with(act)
    }

    /// Writes its firmware anew, if the testbed file says which it is and there is a probe to write it by; `false` otherwise.
    pub(super) fn reflash(&self, erases_all: bool) -> Result<bool, String> {
        let has_firmware = self.serial.chip.as_ref().is_some_and(|chip| chip.firmware.is_some());
        if has_firmware {
            self.by_probe(|probe| probe.flash(erases_all))?;
        }
        Ok(has_firmware)
    }

    fn hold_in_reset(&mut self, held: bool) -> Result<(), String> {
        let Some(port) = &mut self.port else { return Ok(()) };
        let set = match &self.serial.reset {
            Some(Reset::Dtr) => port.write_data_terminal_ready(held),
            Some(Reset::Rts) => port.write_request_to_send(held),
            _ => Ok(()),
        };
        set.map_err(|error| format!("its reset line: {error}"))
    }

    /// Opens its lines, unless they are.
    pub(super) fn open(&mut self) -> Result<(), String> {
        let baud = self.serial.baud;
        if self.port.is_none() {
            self.port = Some(open(&self.serial.path, baud)?);
        }
        if let (Some(path), None) = (&self.serial.radio, &self.link) {
            self.link = Some(open(path, baud)?);
        }
        Ok(())
    }

    pub(super) fn port(&mut self) -> Result<&mut TTYPort, String> {
        self.port.as_mut().ok_or_else(|| "its line is not open".to_owned())
    }

    /// Starts the threads that read its lines.
    fn listen(&mut self, life: u64) -> Result<(), String> {
        self.lives = Arc::new(AtomicBool::new(true));
        let clone = |port: &TTYPort| port.try_clone_native().map_err(|error| error.to_string());
        let port = self.port.as_ref().ok_or("its line is not open")?;
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
pub(super) fn open(path: &str, baud: u32) -> Result<TTYPort, String> {
    let until = Instant::now() + COMES_BACK_WITHIN;
    loop {
        match serialport::new(path, baud).timeout(READS_FOR).open_native() {
            Ok(port) => return Ok(port),
            Err(error) if Instant::now() > until => return Err(format!("cannot open {path}: {error}")),
            Err(_) => std::thread::sleep(LOOKS_EVERY),
        }
    }
}

impl Attached for SerialBoard {
    fn power_on(&mut self, life: u64) -> Result<(), String> {
        self.started = Instant::now();
        self.start()?;
        self.listen(life)
    }

    fn power_off(&mut self) -> Result<(), String> {
        if !self.lives.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        self.take_power()
    }

    fn reset(&mut self) -> Result<bool, String> {
        match &self.serial.reset {
            Some(_) => self.pull_reset().map(|()| true),
            None => Ok(false),
        }
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), String> {
        match &mut self.port {
            Some(port) => port.write_all(octets).map_err(|error| format!("its serial line: {error}")),
            None => Ok(()),
        }
    }

    fn tell(&mut self, message: Message) -> Result<(), String> {
        let at = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let Some(link) = &mut self.link else { return Ok(()) };
        let octets = Stamped { at, message }.to_vec().map_err(|error| error.to_string())?;
        link.write_all(&octets).map_err(|error| format!("its radio link: {error}"))
    }

    fn ended(&mut self) -> Result<(), String> {
        self.lives.store(false, Ordering::Relaxed);
        (self.port, self.link) = (None, None);
        Err(format!("its serial line {} is gone: unplugged?", self.serial.path))
    }
}
