//! A board in QEMU: the reference firmware of `dut-firmware/boards/mps2-an386` as a process, its two serial lines, and its memory
//! that outlives the power as a file. Power is the process: switching it off kills it, wherever it is.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Eui64;
use wire::radio_link::{Message, Stamped};

use super::error::NotReady;
use super::lines::{LinkReader, Process, SETPRIV, bound_to_this_process, read_all};
use super::{Arrived, Attached, ConnectionError, Outbox};

/// How a board is emulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qemu {
    /// QEMU's program for Arm.
    pub program: PathBuf,
    /// The firmware, an ELF file.
    pub firmware: PathBuf,
}

impl Qemu {
    /// Whether there is firmware to run.
    pub(super) fn check_ready(&self) -> Result<(), NotReady> {
        match self.firmware.is_file() {
            true => Ok(()),
            false => Err(NotReady::Firmware(self.firmware.clone())),
        }
    }
}

/// Why an emulator does not run, or its lines do not work.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// No folder can be made for it, or no file in that.
    #[error(transparent)]
    Folder(io::Error),
    /// The memory of the board cannot be written.
    #[error("memory of a board: {0}")]
    Memory(#[source] io::Error),
    /// A socket for it cannot be had.
    #[error("socket for QEMU: {0}")]
    Socket(#[source] io::Error),
    /// The system refuses what a line of it needs.
    #[error(transparent)]
    Line(io::Error),
    /// It is not started.
    #[error("`{SETPRIV}` does not start: {0}; it is part of util-linux")]
    Start(#[source] io::Error),
    /// It has ended at once, or does not connect.
    #[error("{} does not run: {complaint}", program.display())]
    DoesNotRun {
        /// QEMU's program.
        program: PathBuf,
        /// What it wrote to its standard error.
        complaint: String,
    },
    /// A board without power has no emulator.
    #[error("the board has no power")]
    NoPower,
    /// Its monitor takes no command.
    #[error("QEMU takes no command: {0}")]
    Command(#[source] io::Error),
    /// The board takes no line of UT/1.
    #[error("the upper tester's line: {0}")]
    UpperTester(#[source] io::Error),
    /// The board takes no message of the radio link.
    #[error("the radio link: {0}")]
    RadioLink(#[source] io::Error),
    /// It has ended: what it wrote to its standard error.
    #[error("its emulator has ended: {0}")]
    Ended(String),
}

/// Octets of the memory that outlives the power: all of the machine's PSRAM.
const MEMORY_OCTETS: u64 = 16 << 20;
/// Where a board finds its address and its entropy; see `memory.rs` of the firmware.
const MAGIC: &[u8; 4] = b"BTHW";
/// QEMU takes less than a tenth of a second to connect; a busy machine takes longer.
const CONNECTS_WITHIN: Duration = Duration::from_secs(20);
/// A serial line that takes nothing for so long is stuck.
const WRITES_WITHIN: Duration = Duration::from_secs(10);

/// A board that is a process of QEMU while it has power.
pub(super) struct EmulatedBoard {
    qemu: Qemu,
    folder: TempDir,
    outbox: Outbox,
    running: Option<Running>,
}

struct Running {
    process: Process,
    upper_tester: UnixStream,
    link: UnixStream,
    control: UnixStream,
    started: Instant,
}

impl EmulatedBoard {
    /// A board without power, whose memory holds its address and `entropy`.
    ///
    /// # Errors
    /// Why its files cannot be made, or there is no firmware.
    pub(super) fn new(qemu: &Qemu, eui64: Eui64, entropy: [u8; 32], outbox: Outbox) -> Result<Self, ConnectionError> {
        qemu.check_ready()?;
        let folder = tempfile::Builder::new().prefix("bootrack-board").tempdir().map_err(EmulatorError::Folder)?;
        let identity = [MAGIC, &eui64.0[..], &entropy].concat();
        let write = |path: PathBuf| -> io::Result<()> {
            let mut file = File::create(path)?;
            file.set_len(MEMORY_OCTETS)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&identity)
        };
        write(folder.path().join("memory")).map_err(EmulatorError::Memory)?;
        Ok(Self { qemu: qemu.clone(), folder, outbox, running: None })
    }

    /// Starts the threads that read its lines; they end with the lines.
    fn listen(&self, life: u64, running: &Running) -> Result<(), EmulatorError> {
        let upper_tester = running.upper_tester.try_clone().map_err(EmulatorError::Line)?;
        let link = running.link.try_clone().map_err(EmulatorError::Line)?;
        let outbox = self.outbox.clone();
        let mut reader = LinkReader::new(outbox.clone(), life);
        std::thread::spawn(move || {
            read_all(upper_tester, |octets| outbox.put(life, Arrived::UpperTester(octets.to_vec())));
            outbox.put(life, Arrived::Ended);
        });
        std::thread::spawn(move || read_all(link, |octets| reader.take(octets)));
        Ok(())
    }

    /// What its process complained about.
    fn last_words(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default().trim().to_owned()
    }
}

impl Attached for EmulatedBoard {
    fn power_on(&mut self, life: u64) -> Result<(), ConnectionError> {
        let path = |name: &str| self.folder.path().join(name);
        let listen = |name: &str| {
            let path = path(name);
            let _ = std::fs::remove_file(&path);
            UnixListener::bind(path).map_err(EmulatorError::Socket)
        };
        let listeners = [listen("upper-tester")?, listen("link")?, listen("control")?];
        let log = File::create(path("log")).map_err(EmulatorError::Folder)?;
        let socket = |id: &str, name: &str| format!("socket,id={id},path={}", path(name).display());
        let memory = format!("memory-backend-file,id=psram,size=16M,share=on,mem-path={}", path("memory").display());
        let program = &self.qemu.program;
        let mut command = bound_to_this_process(program);
        command
            .args(["-machine", "mps2-an386,memory-backend=psram", "-object", &memory])
            .args(["-display", "none", "-nodefaults", "-nic", "none", "-kernel"])
            .arg(&self.qemu.firmware)
            .args(["-chardev", &socket("upper", "upper-tester"), "-serial", "chardev:upper"])
            .args(["-chardev", &socket("link", "link"), "-serial", "chardev:link"])
            .args(["-chardev", &socket("control", "control"), "-mon", "chardev=control,mode=control"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = Process(command.spawn().map_err(EmulatorError::Start)?);
        let mut accept = |listener: &UnixListener| -> Result<UnixStream, EmulatorError> {
            listener.set_nonblocking(true).map_err(EmulatorError::Line)?;
            let until = Instant::now() + CONNECTS_WITHIN;
            loop {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let set = stream.set_nonblocking(false);
                        let set = set.and_then(|()| stream.set_write_timeout(Some(WRITES_WITHIN)));
                        return set.map(|()| stream).map_err(EmulatorError::Line);
                    }
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(EmulatorError::Line(error)),
                    Err(_) => {}
                }
                if process.ends_within(Duration::ZERO).is_some() || Instant::now() > until {
                    let (program, complaint) = (program.clone(), self.last_words());
                    return Err(EmulatorError::DoesNotRun { program, complaint });
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let [upper_tester, link, control] = &listeners;
        let (upper_tester, link, control) = (accept(upper_tester)?, accept(link)?, accept(control)?);
        let running = Running { process, upper_tester, link, control, started: Instant::now() };
        self.listen(life, &running)?;
        self.running = Some(running);
        Ok(())
    }

    fn power_off(&mut self) -> Result<(), ConnectionError> {
        self.running = None;
        Ok(())
    }

    /// QEMU's `system_reset`.
    fn reset(&mut self) -> Result<bool, ConnectionError> {
        let running = self.running.as_mut().ok_or(EmulatorError::NoPower)?;
        let commands = b"{\"execute\":\"qmp_capabilities\"}{\"execute\":\"system_reset\"}\n";
        running.control.write_all(commands).map_err(EmulatorError::Command)?;
        Ok(true)
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        match &mut self.running {
            Some(running) => Ok(running.upper_tester.write_all(octets).map_err(EmulatorError::UpperTester)?),
            None => Ok(()),
        }
    }

    fn tell(&mut self, message: Message) -> Result<(), ConnectionError> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let at = u64::try_from(running.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let octets = Stamped { at, message }.to_vec()?;
        Ok(running.link.write_all(&octets).map_err(EmulatorError::RadioLink)?)
    }

    fn ended(&mut self) -> Result<(), ConnectionError> {
        Err(EmulatorError::Ended(self.last_words()).into())
    }

    fn process_id(&self) -> Option<u32> {
        Some(self.running.as_ref()?.process.0.id())
    }
}
