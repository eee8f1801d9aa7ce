//! A board in QEMU: the reference firmware of `dut-firmware/boards/mps2-an386` as a process, its two serial lines, and its memory
//! that outlives the power as a file.
//!
//! Each serial line has a thread that reads it and puts what arrives, with the moment, into the rack's inbox. Power is the
//! process: switching it off kills it, wherever it is.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Eui64;
use wire::radio_link::{Assembler, Message, Stamped};

/// How boards are emulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emulation {
    /// QEMU's program for Arm.
    pub program: PathBuf,
    /// The firmware, an ELF file.
    pub firmware: PathBuf,
    /// The boards of a topology that are emulated; the others are virtual.
    pub boards: Vec<String>,
}

impl Emulation {
    /// Whether there is firmware to run.
    pub(crate) fn check_ready(&self) -> Result<(), String> {
        match self.firmware.is_file() {
            true => Ok(()),
            false => Err(format!("there is no firmware at {}: ./ci/firmware builds it", self.firmware.display())),
        }
    }
}

/// Octets of the memory that outlives the power: all of the machine's PSRAM.
const MEMORY_OCTETS: u64 = 16 << 20;
/// Where a board finds its address and its entropy; see `memory.rs` of the firmware.
const MAGIC: &[u8; 4] = b"BTHW";
/// Starts a program that ends with its parent.
const SETPRIV: &str = "setpriv";
/// QEMU takes less than a tenth of a second to connect; a busy machine takes longer.
const CONNECTS_WITHIN: Duration = Duration::from_secs(20);
/// A serial line that takes nothing for so long is stuck.
const WRITES_WITHIN: Duration = Duration::from_secs(10);

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
    /// A message of the radio link.
    Link(Message),
    /// So many octets of the radio link belonged to no message.
    Noise(u64),
    /// The process has ended, or closed its lines.
    Ended,
}

/// A board that is a process of QEMU while it has power.
pub(crate) struct EmulatedBoard {
    board: usize,
    emulation: Emulation,
    folder: TempDir,
    inbox: Sender<Arrival>,
    running: Option<Running>,
}

struct Running {
    process: Child,
    upper_tester: UnixStream,
    link: UnixStream,
    control: UnixStream,
    started: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl EmulatedBoard {
    /// A board without power, whose memory holds its address and `entropy`.
    ///
    /// # Errors
    /// Why its files cannot be made, or there is no firmware.
    pub(crate) fn new(
        board: usize,
        emulation: &Emulation,
        eui64: Eui64,
        entropy: [u8; 32],
        inbox: Sender<Arrival>,
    ) -> Result<Self, String> {
        emulation.check_ready()?;
        let folder = tempfile::Builder::new().prefix("bootrack-board").tempdir().map_err(|error| error.to_string())?;
        let identity = [MAGIC, &eui64.0[..], &entropy].concat();
        let write = |path: PathBuf| -> std::io::Result<()> {
            let mut file = File::create(path)?;
            file.set_len(MEMORY_OCTETS)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&identity)
        };
        write(folder.path().join("memory")).map_err(|error| format!("memory of a board: {error}"))?;
        Ok(Self { board, emulation: emulation.clone(), folder, inbox, running: None })
    }

    /// Starts the process; what it sends from now on bears the number of this life.
    ///
    /// # Errors
    /// Why it does not start.
    pub(crate) fn power_on(&mut self, life: u64) -> Result<(), String> {
        let path = |name: &str| self.folder.path().join(name);
        let listen = |name: &str| {
            let path = path(name);
            let _ = std::fs::remove_file(&path);
            UnixListener::bind(path).map_err(|error| format!("socket for QEMU: {error}"))
        };
        let listeners = [listen("upper-tester")?, listen("link")?, listen("control")?];
        let log = File::create(path("log")).map_err(|error| error.to_string())?;
        let socket = |id: &str, name: &str| format!("socket,id={id},path={}", path(name).display());
        let memory = format!("memory-backend-file,id=psram,size=16M,share=on,mem-path={}", path("memory").display());
        let program = &self.emulation.program;
        // With this thread gone, however it goes, the process has nobody to end it.
        let mut command = Command::new(SETPRIV);
        command
            .args(["--pdeathsig", "KILL"])
            .arg(program)
            .args(["-machine", "mps2-an386,memory-backend=psram", "-object", &memory])
            .args(["-display", "none", "-nodefaults", "-nic", "none", "-kernel"])
            .arg(&self.emulation.firmware)
            .args(["-chardev", &socket("upper", "upper-tester"), "-serial", "chardev:upper"])
            .args(["-chardev", &socket("link", "link"), "-serial", "chardev:link"])
            .args(["-chardev", &socket("control", "control"), "-mon", "chardev=control,mode=control"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = command
            .spawn()
            .map_err(|error| format!("`{SETPRIV}` does not start: {error}; it is part of util-linux"))?;
        let mut accept = |listener: &UnixListener| -> Result<UnixStream, String> {
            listener.set_nonblocking(true).map_err(|error| error.to_string())?;
            let until = Instant::now() + CONNECTS_WITHIN;
            loop {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let set = stream.set_nonblocking(false);
                        let set = set.and_then(|()| stream.set_write_timeout(Some(WRITES_WITHIN)));
                        return set.map(|()| stream).map_err(|error| error.to_string());
                    }
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return Err(error.to_string()),
                    Err(_) => {}
                }
                let ended = process.try_wait().map_err(|error| error.to_string())?;
                if ended.is_some() || Instant::now() > until {
                    let _ = process.kill();
                    let _ = process.wait();
                    let program = program.display();
                    return Err(format!("{program} does not run: {}", self.last_words()));
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        };
        let mut streams = Vec::new();
        for listener in &listeners {
            streams.push(accept(listener)?);
        }
        let [upper_tester, link, control] =
            <[UnixStream; 3]>::try_from(streams).map_err(|_| "three lines".to_owned())?;
        let running = Running { process, upper_tester, link, control, started: Instant::now() };
        self.listen(life, &running)?;
        self.running = Some(running);
        Ok(())
    }

    /// Starts the threads that read its lines; they end with the lines.
    fn listen(&self, life: u64, running: &Running) -> Result<(), String> {
        let upper_tester = running.upper_tester.try_clone().map_err(|error| error.to_string())?;
        let link = running.link.try_clone().map_err(|error| error.to_string())?;
        let (board, inbox) = (self.board, self.inbox.clone());
        let send = move |what| inbox.send(Arrival { board, life, at: Instant::now(), what }).is_ok();
        let send_link = send.clone();
        std::thread::spawn(move || {
            read_all(upper_tester, |octets| send(Arrived::UpperTester(octets.to_vec())));
            send(Arrived::Ended);
        });
        std::thread::spawn(move || {
            let (mut assembler, mut skipped) = (Assembler::default(), 0);
            read_all(link, |octets| {
                for octet in octets {
                    if let Some(Stamped { message, .. }) = assembler.push(*octet)
                        && !send_link(Arrived::Link(message))
                    {
                        return false;
                    }
                }
                let noise = assembler.skipped() - std::mem::replace(&mut skipped, assembler.skipped());
                noise == 0 || send_link(Arrived::Noise(noise))
            });
        });
        Ok(())
    }

    /// The process, while it has power.
    pub(crate) fn process_id(&self) -> Option<u32> {
        Some(self.running.as_ref()?.process.id())
    }

    /// What its process complained about.
    pub(crate) fn last_words(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default().trim().to_owned()
    }

    /// Kills the process.
    pub(crate) fn power_off(&mut self) {
        self.running = None;
    }

    /// Pulls the reset line: QEMU's `system_reset`.
    ///
    /// # Errors
    /// Why it cannot.
    pub(crate) fn reset(&mut self) -> Result<(), String> {
        let running = self.running.as_mut().ok_or("the board has no power")?;
        let commands = b"{\"execute\":\"qmp_capabilities\"}{\"execute\":\"system_reset\"}\n";
        running.control.write_all(commands).map_err(|error| format!("QEMU takes no command: {error}"))
    }

    /// Octets to the upper tester.
    ///
    /// # Errors
    /// Why the line does not take them.
    pub(crate) fn say(&mut self, octets: &[u8]) -> Result<(), String> {
        match &mut self.running {
            Some(running) => {
                running.upper_tester.write_all(octets).map_err(|error| format!("the upper tester's line: {error}"))
            }
            None => Ok(()),
        }
    }

    /// A message to the radio link.
    ///
    /// # Errors
    /// Why the line does not take it.
    pub(crate) fn tell(&mut self, message: Message) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let at = u64::try_from(running.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let octets = Stamped { at, message }.to_vec().map_err(|error| error.to_string())?;
        running.link.write_all(&octets).map_err(|error| format!("the radio link: {error}"))
    }
}

fn read_all(mut stream: UnixStream, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(octets @ 1..) = stream.read(&mut buffer) {
        if !take(&buffer[..octets]) {
            break;
        }
    }
}
