//! A board that is a program: it speaks UT/1 on its standard input and output, and the radio link over a Unix socket if its radio
//! is on the rack's air. What it writes to its standard error is log.
//!
//! The program finds in its environment `BOOTRACK_BOARD` (the board's name), `BOOTRACK_EUI64` (16 hex digits), `BOOTRACK_STORE` (a
//! folder that outlives the power, empty as it comes from the factory), and, as the testbed file says, `BOOTRACK_RADIO` (the socket
//! of the radio link), `BOOTRACK_ZEP` or `PORT_OFFSET` (see `air`). It restarts itself by ending with status 0; any other end loses the board.

use std::io::{self, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Eui64;
use wire::radio_link::{Message, Stamped};

use super::air::{Bridge, BridgeError, OpenBridge, Protocol};
use super::error::{NotReady, RadioMissing};
use super::lines::{LinkReader, SETPRIV, bound_to_this_process, read_all};
use super::offset::{OffsetError, PortOffset};
use super::processes::Family;
use super::{Arrived, Attached, ConnectionError, Outbox, RadioPeer, Site};
use crate::probe::Chip;

/// A program to run as a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// The program, seen from where `bootrack` is called, or found in `PATH` if it has no slash.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it takes for its radio.
    pub radio: Radio,
    /// Its address, if it has one that it cannot change; else the rack tells it one.
    pub eui64: Option<Eui64>,
    /// The rack learns its addresses from what it says and sends.
    pub learns_addresses: bool,
    /// The chip that the program drives, if a debug probe is on it.
    pub chip: Option<Chip>,
}

/// The radio of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Radio {
    /// None on the rack's air.
    #[default]
    None,
    /// The radio link, over a socket.
    Link,
    /// An air bridge, for a stack that knows nothing of the radio link.
    Bridge(Bridge),
}

/// Why the program of a board does not run, or its lines do not work.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// No folder can be made for it.
    #[error(transparent)]
    Folder(io::Error),
    /// The store in its folder cannot be made.
    #[error("store of a board: {0}")]
    Store(#[source] io::Error),
    /// The socket of its radio link cannot be had.
    #[error("socket for the radio: {0}")]
    RadioSocket(#[source] io::Error),
    /// The socket of its radio link cannot be waited at.
    #[error(transparent)]
    RadioListener(io::Error),
    /// It is not started.
    #[error("`{SETPRIV}` does not start: {0}; it is part of util-linux")]
    Start(#[source] io::Error),
    /// It was started without its lines.
    #[error("a program without standard input and output")]
    NoLines,
    /// It takes no line of UT/1.
    #[error("the program's standard input: {0}")]
    StandardInput(#[source] io::Error),
    /// It takes no message of the radio link.
    #[error("the radio link: {0}")]
    RadioLink(#[source] io::Error),
    /// It has ended, and not to restart itself.
    #[error("its program has ended: {0}")]
    Ended(ExitStatus),
    /// It runs, and nobody can hear it any more.
    #[error("its program has closed its output and goes on")]
    Mute,
    /// The bridge to its radio.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// Its simulation of OpenThread has no place.
    #[error(transparent)]
    Offset(#[from] OffsetError),
}

/// How long a program that closed its output may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(2);
/// How often a listener that nobody connects to looks whether the board still has power.
const LOOKS_EVERY: Duration = Duration::from_millis(2);
/// A line that takes nothing for so long is stuck.
const WRITES_WITHIN: Duration = Duration::from_secs(10);

impl Exec {
    pub(super) fn check_ready(&self) -> Result<(), NotReady> {
        let is_found = |path: &Path| path.is_file();
        let found = match self.program.components().count() {
            1 => {
                let path = std::env::var_os("PATH").unwrap_or_default();
                std::env::split_paths(&path).any(|folder| is_found(&folder.join(&self.program)))
            }
            _ => is_found(&self.program),
        };
        if found { Ok(()) } else { Err(NotReady::Program(self.program.clone())) }
    }
}

/// A board that is a process while it has power.
pub(super) struct ExecBoard {
    name: String,
    exec: Exec,
    site: Site,
    folder: TempDir,
    outbox: Outbox,
    /// Of a simulation of OpenThread, from the first power-on on.
    offset: Option<PortOffset>,
    running: Option<Running>,
}

struct Running {
    family: Family,
    upper_tester: ChildStdin,
    bridge: Option<OpenBridge>,
    /// The board's end of the radio link, while it is connected.
    link: Arc<Mutex<Option<UnixStream>>>,
    /// Whether the board still has power: threads that wait for it look here.
    lives: Arc<AtomicBool>,
    started: Instant,
    life: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lives.store(false, Ordering::Relaxed);
    }
}

impl ExecBoard {
    pub(super) fn new(name: &str, exec: &Exec, site: Site, outbox: Outbox) -> Result<Self, ConnectionError> {
        exec.check_ready()?;
        let folder = tempfile::Builder::new().prefix("bootrack-board").tempdir().map_err(ProgramError::Folder)?;
        std::fs::create_dir(folder.path().join("store")).map_err(ProgramError::Store)?;
        let (name, exec) = (name.to_owned(), exec.clone());
        Ok(Self { name, exec, site, folder, outbox, offset: None, running: None })
    }

    /// A thread that waits for the program to connect to its radio, and reads the link then.
    fn listen(
        &self,
        listener: UnixListener,
        life: u64,
        link: Arc<Mutex<Option<UnixStream>>>,
        lives: Arc<AtomicBool>,
    ) -> Result<(), ProgramError> {
        listener.set_nonblocking(true).map_err(ProgramError::RadioListener)?;
        let mut reader = LinkReader::new(self.outbox.clone(), life);
        std::thread::spawn(move || {
            let stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(_) if lives.load(Ordering::Relaxed) => std::thread::sleep(LOOKS_EVERY),
                    Err(_) => return,
                }
            };
            let set = stream.set_nonblocking(false).and_then(|()| stream.set_write_timeout(Some(WRITES_WITHIN)));
            let Ok(writer) = set.and_then(|()| stream.try_clone()) else { return };
            *link.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
            read_all(stream, |octets| reader.take(octets));
            *link.lock().unwrap_or_else(PoisonError::into_inner) = None;
        });
        Ok(())
    }
}

impl Attached for ExecBoard {
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError> {
        let path = |name: &str| self.folder.path().join(name);
        let mut command = bound_to_this_process(&self.exec.program);
        command
            .args(&self.exec.arguments)
            .env("BOOTRACK_BOARD", &self.name)
            .env("BOOTRACK_EUI64", self.site.eui64.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let (link, lives) = (Arc::new(Mutex::new(None)), Arc::new(AtomicBool::new(true)));
        let bridge = match self.exec.radio {
            Radio::Bridge(bridge) => {
                if bridge.protocol == Protocol::OpenThread && self.offset.is_none() {
                    let holder = format!("board `{}` of process {}", self.name, std::process::id());
                    self.offset = Some(PortOffset::claim(&holder)?);
                }
                let (outbox, offset) = (self.outbox.clone(), self.offset.as_ref());
                let open = OpenBridge::open(bridge, &self.site, &path("store"), offset, outbox, life)?;
                command.env(open.environment.0, &open.environment.1);
                Some(open)
            }
            Radio::None | Radio::Link => None,
        };
        if self.exec.radio == Radio::Link {
            let socket = path("radio");
            let _ = std::fs::remove_file(&socket);
            let listener = UnixListener::bind(&socket).map_err(ProgramError::RadioSocket)?;
            command.env("BOOTRACK_RADIO", &socket);
            self.listen(listener, life, Arc::clone(&link), Arc::clone(&lives))?;
        }
        let mut family = Family::start(command, &path("store")).map_err(ProgramError::Start)?;
        let child = family.child();
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(ProgramError::NoLines.into());
        };
        let outbox = self.outbox.clone();
        std::thread::spawn(move || {
            read_all(stdout, |octets| outbox.put(life, Arrived::UpperTester(octets.to_vec())));
            outbox.put(life, Arrived::Ended);
        });
        let outbox = self.outbox.clone();
        std::thread::spawn(move || {
            let mut partial = Vec::new();
            read_all(stderr, |octets| {
                partial.extend_from_slice(octets);
                while let Some(end) = partial.iter().position(|octet| *octet == b'\n') {
                    let line: Vec<u8> = partial.drain(..=end).collect();
                    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                    if !outbox.put(life, Arrived::Link(Message::Log(line), None)) {
                        return false;
                    }
                }
                true
            });
        });
        self.running =
            Some(Running { family, upper_tester: stdin, bridge, link, lives, started: Instant::now(), life });
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), ConnectionError> {
        self.running = None;
        Ok(())
    }

    fn reset(&mut self) -> Result<bool, ConnectionError> {
        Ok(false)
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match running.upper_tester.write_all(octets).and_then(|()| running.upper_tester.flush()) {
            // That it has ended is told by its output.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written.map_err(ProgramError::StandardInput)?),
        }
    }

    fn tell(&mut self, message: Message) -> Result<(), ConnectionError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        if let Some(bridge) = &running.bridge {
            if let Some(owed) = bridge.tell(&message)? {
                self.outbox.put(running.life, Arrived::Fault(owed));
            }
            return Ok(());
        }
        let at = u64::try_from(running.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let octets = Stamped { at, message }.to_vec()?;
        let mut link = running.link.lock().unwrap_or_else(PoisonError::into_inner);
        match link.as_mut().map_or(Ok(()), |link| link.write_all(&octets)) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written.map_err(ProgramError::RadioLink)?),
        }
    }

    fn ended(&mut self) -> Result<(), ConnectionError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match running.family.program.ends_within(ENDS_WITHIN) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(ProgramError::Ended(status).into()),
            None => Err(ProgramError::Mute.into()),
        }
    }

    fn starts_chip(&self) -> bool {
        false
    }

    fn process_id(&self) -> Option<u32> {
        Some(self.running.as_ref()?.family.program.0.id())
    }

    fn radio_is_connected(&self) -> Result<(), RadioMissing> {
        let Some(running) = &self.running else { return Err(RadioMissing::NoPower) };
        match (&running.bridge, self.exec.radio) {
            (Some(bridge), _) => bridge.is_connected(),
            (None, Radio::Link) if running.link.lock().unwrap_or_else(PoisonError::into_inner).is_none() => {
                Err(RadioMissing::NotConnected)
            }
            (None, _) => Ok(()),
        }
    }

    fn radio_peer(&self) -> Option<RadioPeer> {
        let (address, strays) = self.running.as_ref()?.bridge.as_ref()?.peer();
        Some(RadioPeer { address, strays })
    }

    fn may_restart(&mut self) {
        if let Some(bridge) = self.running.as_ref().and_then(|running| running.bridge.as_ref()) {
            bridge.may_restart();
        }
    }
}
