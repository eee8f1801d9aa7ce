//! QEMU's gdb stub: the remote serial protocol of GDB, as far as a probe needs it.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Octets of memory in one packet.
const CHUNK: usize = 512;
/// An answer comes within this time.
const ANSWER: Duration = Duration::from_secs(10);

pub(crate) struct Gdb {
    stream: UnixStream,
    held: Vec<u8>,
}

fn wrong(answer: &str) -> io::Error {
    io::Error::other(format!("gdb stub: {answer}"))
}

impl Gdb {
    pub(crate) fn connect(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        let mut gdb = Self { stream, held: Vec::new() };
        gdb.ask("qSupported")?;
        // Single registers can be asked for once the stub has said which there are.
        gdb.ask("qXfer:features:read:target.xml:0,fff")?;
        gdb.ask("?")?;
        Ok(gdb)
    }

    /// Sends a packet.
    fn send(&mut self, content: &str) -> io::Result<()> {
        let sum = content.bytes().fold(0u8, u8::wrapping_add);
        self.stream.write_all(format!("${content}#{sum:02x}").as_bytes())
    }

    /// The next packet, if one arrives within `patience`; it is acknowledged.
    fn receive(&mut self, patience: Duration) -> io::Result<Option<String>> {
        // A timeout of zero would be none.
        self.stream.set_read_timeout(Some(patience.max(Duration::from_micros(100))))?;
        loop {
            if let Some(start) = self.held.iter().position(|octet| *octet == b'$')
                && let Some(length) = self.held[start..].iter().position(|octet| *octet == b'#')
                && self.held.len() >= start + length + 3
            {
                let packet = String::from_utf8_lossy(&self.held[start + 1..start + length]).into_owned();
                self.held.drain(..start + length + 3);
                self.stream.write_all(b"+")?;
                return Ok(Some(packet));
            }
            let mut octets = [0; 4096];
            match self.stream.read(&mut octets) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.held.extend_from_slice(&octets[..length]),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn ask(&mut self, content: &str) -> io::Result<String> {
        self.send(content)?;
        self.receive(ANSWER)?.ok_or_else(|| wrong("no answer"))
    }

    fn order(&mut self, content: &str) -> io::Result<()> {
        match self.ask(content)?.as_str() {
            "OK" => Ok(()),
            other => Err(wrong(other)),
        }
    }

    pub(crate) fn read(&mut self, address: u32, octets: &mut [u8]) -> io::Result<()> {
        for (chunk, at) in octets.chunks_mut(CHUNK).zip((address..).step_by(CHUNK)) {
            let answer = self.ask(&format!("m{at:x},{:x}", chunk.len()))?;
            if answer.len() != chunk.len() * 2 {
                return Err(wrong(&answer));
            }
            for (octet, digits) in chunk.iter_mut().zip(answer.as_bytes().chunks(2)) {
                *octet = std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .ok_or_else(|| wrong(&answer))?;
            }
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, address: u32, octets: &[u8]) -> io::Result<()> {
        for (chunk, at) in octets.chunks(CHUNK).zip((address..).step_by(CHUNK)) {
            let digits: String = chunk.iter().map(|octet| format!("{octet:02x}")).collect();
            self.order(&format!("M{at:x},{:x}:{digits}", chunk.len()))?;
        }
        Ok(())
    }

    /// A register: 0 to 15, or 25 for xPSR.
    pub(crate) fn register(&mut self, number: u32) -> io::Result<u32> {
        let answer = self.ask(&format!("p{number:x}"))?;
        u32::from_str_radix(&answer, 16).map(u32::swap_bytes).map_err(|_| wrong(&answer))
    }

    pub(crate) fn set_register(&mut self, number: u32, value: u32) -> io::Result<()> {
        self.order(&format!("P{number:x}={:08x}", value.swap_bytes()))
    }

    /// A hardware breakpoint at a halfword.
    pub(crate) fn set_breakpoint(&mut self, address: u32, is_set: bool) -> io::Result<()> {
        self.order(&format!("{}1,{address:x},2", if is_set { 'Z' } else { 'z' }))
    }

    /// The core runs from now on.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.send("c")
    }

    /// Executes one instruction.
    pub(crate) fn step(&mut self) -> io::Result<()> {
        self.ask("s").map(|_| ())
    }

    /// Whether the running core has stopped within `patience`.
    pub(crate) fn has_stopped(&mut self, patience: Duration) -> io::Result<bool> {
        Ok(self.receive(patience)?.is_some())
    }

    /// Stops the running core.
    pub(crate) fn interrupt(&mut self) -> io::Result<()> {
        self.stream.write_all(&[3])?;
        self.receive(ANSWER)?.map(|_| ()).ok_or_else(|| wrong("the core does not stop"))
    }

    /// Resets the whole machine; the core is stopped before and after.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        let order: String = "system_reset".bytes().map(|octet| format!("{octet:02x}")).collect();
        self.send(&format!("qRcmd,{order}"))?;
        // Lines of console output come before the OK.
        while let Some(answer) = self.receive(ANSWER)? {
            match answer.as_str() {
                "OK" => return Ok(()),
                line if line.starts_with('O') => {}
                other => return Err(wrong(other)),
            }
        }
        Err(wrong("no answer to a reset"))
    }
}
