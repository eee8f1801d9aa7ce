//! A board in QEMU: the reference firmware of `dut-firmware/boards/mps2-an386` as a process, its two serial lines, and its memory
//! that outlives the power as a file. Power is the process: switching it off kills it, wherever it is.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wire::Eui64;
use wire::radio_link::{Message, Stamped};

use super::lines::{LinkReader, Process, SETPRIV, bound_to_this_process, read_all};
use super::{Arrived, Attached, Outbox};

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
    pub(super) fn check_ready(&self) -> Result<(), String> {
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
    pub(super) fn new(qemu: &Qemu, eui64: Eui64, entropy: [u8; 32], outbox: Outbox) -> Result<Self, String> {
        qemu.check_ready()?;
        let folder = tempfile::Builder::new().prefix("bootrack-board").tempdir().map_err(|error| error.to_string())?;
        let identity = [MAGIC, &eui64.0[..], &entropy].concat();
        let write = |path: PathBuf| -> std::io::Result<()> {
            let mut file = File::create(path)?;
            file.set_len(MEMORY_OCTETS)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&identity)
        };
        write(folder.path().join("memory")).map_err(|error| format!("memory of a board: {error}"))?;
        Ok(Self { qemu: qemu.clone(), folder, outbox, running: None })
    }

    /// Starts the threads that read its lines; they end with the lines.
    fn listen(&self, life: u64, running: &Running) -> Result<(), String> {
        let upper_tester = running.upper_tester.try_clone().map_err(|error| error.to_string())?;
        let link = running.link.try_clone().map_err(|error| error.to_string())?;
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
    fn power_on(&mut self, life: u64) -> Result<(), String> {
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
        let process = command
            .spawn()
            .map_err(|error| format!("`{SETPRIV}` does not start: {error}; it is part of util-linux"))?;
        let mut process = Process(process);
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
                if process.ends_within(Duration::ZERO).is_some() || Instant::now() > until {
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

    fn power_off(&mut self) -> Result<(), String> {
        self.running = None;
        Ok(())
    }

    /// QEMU's `system_reset`.
    fn reset(&mut self) -> Result<bool, String> {
        let running = self.running.as_mut().ok_or("the board has no power")?;
        let commands = b"{\"execute\":\"qmp_capabilities\"}{\"execute\":\"system_reset\"}\n";
        running.control.write_all(commands).map_err(|error| format!("QEMU takes no command: {error}"))?;
        Ok(true)
    }

    fn say(&mut self, octets: &[u8]) -> Result<(), String> {
        match &mut self.running {
            Some(running) => {
                running.upper_tester.write_all(octets).map_err(|error| format!("the upper tester's line: {error}"))
            }
            None => Ok(()),
        }
    }

    fn tell(&mut self, message: Message) -> Result<(), String> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let at = u64::try_from(running.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let octets = Stamped { at, message }.to_vec().map_err(|error| error.to_string())?;
        running.link.write_all(&octets).map_err(|error| format!("the radio link: {error}"))
    }

    fn ended(&mut self) -> Result<(), String> {
        Err(format!("its emulator has ended: {}", self.last_words()))
    }

    fn process_id(&self) -> Option<u32> {
        Some(self.running.as_ref()?.process.0.id())
    }
}
