//! A Black Magic Probe on TCP with an emulated nRF51822 behind it: what `probe-rs` opens, QEMU's `microbit` executes.
//!
//! `probe-rs` speaks the probe's remote protocol (`remote.c` of the Black Magic firmware, version "0 with high-level commands")
//! to [`EmulatedProbe::selector`]. The wire protocol, the debug port and the access port are imitated here, and the debug
//! registers of the core are put onto QEMU's gdb stub: halting, stepping, registers, breakpoints, reset. Everything else, the
//! flash controller and the flash algorithm that runs on the core included, is QEMU's.
//!
//! | what | real | imitated |
//! |---|---|---|
//! | `probe-rs`: selector, attach, flash loader, verification, RTT | yes | |
//! | SWD on two wires, the probe's firmware, USB | | yes |
//! | DP, MEM-AP, DHCSR, DCRSR, DCRDR, DEMCR, DFSR, AIRCR, BPU | | yes |
//! | Cortex-M0, NVMC, FICR, flash, RAM | | by QEMU |

mod core_debug;
mod debug_port;
mod gdb;
mod image;
mod remote;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use core_debug::CoreDebug;
use debug_port::DebugPort;
use gdb::Gdb;
pub use image::image;

/// VID and PID of the Black Magic Probe.
const USB_IDS: &str = "1d50:6018";
/// QEMU opens its gdb stub within this time, on a busy machine too.
const START: Duration = Duration::from_secs(20);

/// A probe and its chip. Both end with it.
pub struct EmulatedProbe {
    qemu: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl EmulatedProbe {
    /// Starts a chip whose flash is erased, its core halted, and listens for `probe-rs`.
    ///
    /// # Errors
    /// If QEMU cannot be started, or no socket be opened.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("gdb");
        let qemu = Command::new("qemu-system-arm")
            .args(["-M", "microbit", "-S", "-display", "none", "-nodefaults", "-serial", "none"])
            .arg("-chardev")
            .arg(format!("socket,id=gdb,path={},server=on,wait=off", socket.display()))
            .args(["-gdb", "chardev:gdb"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let mut this = Self { qemu, port, _folder: folder };
        let gdb = this.connect(&socket)?;
        thread::spawn(move || serve(&listener, gdb));
        Ok(this)
    }

    fn connect(&mut self, socket: &Path) -> io::Result<Gdb> {
        let begun = Instant::now();
        loop {
            match Gdb::connect(socket) {
                Ok(gdb) => return Ok(gdb),
                Err(error) if begun.elapsed() > START || self.qemu.try_wait()?.is_some() => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// How `probe-rs` finds it: `VID:PID:SERIAL`, where the serial number is an address.
    pub fn selector(&self) -> String {
        format!("{USB_IDS}:127.0.0.1:{}", self.port)
    }
}

impl Drop for EmulatedProbe {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// One connection after the other; the chip goes on in between.
fn serve(listener: &TcpListener, gdb: Gdb) {
    let mut port = DebugPort::new(CoreDebug::new(gdb));
    for connection in listener.incoming().flatten() {
        if let Err(error) = remote::serve(&connection, &mut port)
            && error.kind() != io::ErrorKind::UnexpectedEof
        {
            eprintln!("emulated probe: {error}");
        }
    }
}
