//! What the connections have in common: threads that read lines, and files that boards complain into.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use wire::radio_link::{Assembler, Stamped};

use super::{Arrived, Outbox};

/// Starts a program that ends with its parent.
pub(super) const SETPRIV: &str = "setpriv";

/// A command that runs `program` and ends it with this process, however that ends.
pub(super) fn bound_to_this_process(program: &Path) -> Command {
    let mut command = Command::new(SETPRIV);
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command
}

/// Hands over what is read until the line ends or `take` wants no more. A line that is silent for the time that it is given is
/// not at its end.
pub(super) fn read_all(mut line: impl Read, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    loop {
        let octets = match line.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => &buffer[..length],
            Err(error)
                if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                &[]
            }
            Err(_) => return,
        };
        if !take(octets) {
            return;
        }
    }
}

/// Takes octets of a radio link.
pub(super) struct LinkReader {
    assembler: Assembler,
    skipped: u64,
    outbox: Outbox,
    life: u64,
}

impl LinkReader {
    pub(super) fn new(outbox: Outbox, life: u64) -> Self {
        Self { assembler: Assembler::default(), skipped: 0, outbox, life }
    }

    /// Puts the messages into the inbox; whether the rack is still there.
    pub(super) fn take(&mut self, octets: &[u8]) -> bool {
        for octet in octets {
            if let Some(Stamped { message, at }) = self.assembler.push(*octet)
                && !self.outbox.put(self.life, Arrived::Link(message, Some(at)))
            {
                return false;
            }
        }
        let noise = self.assembler.skipped() - std::mem::replace(&mut self.skipped, self.assembler.skipped());
        noise == 0 || self.outbox.put(self.life, Arrived::Noise(noise))
    }
}

/// A child that is killed when nobody needs it any more.
pub(super) struct Process(pub(super) Child);

impl Process {
    /// How it ended, if it does within so long.
    pub(super) fn ends_within(&mut self, most: Duration) -> Option<std::process::ExitStatus> {
        let until = Instant::now() + most;
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
                _ => return None,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
