//! The remote protocol of the Black Magic Probe: `!` command `#`, answered by `&`, a letter, hexadecimal digits and `#`.
//!
//! Numbers of registers are answered in the order of their octets in memory, as the firmware does.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

use crate::debug_port::DebugPort;

/// What `!HC#` is answered: high-level commands without versions of their own.
const VERSION: u32 = 0;

/// Serves one connection to its end.
pub(crate) fn serve(connection: &TcpStream, port: &mut DebugPort) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut octets = BufReader::new(connection).bytes();
    let mut wire = Wire::default();
    let mut writer = connection;
    loop {
        let mut command = Vec::new();
        loop {
            match octets.next().transpose()? {
                None => return Ok(()),
                Some(b'!') => command.clear(),
                Some(b'#') => break,
                Some(octet) => command.push(octet),
            }
        }
        let command = String::from_utf8_lossy(&command).into_owned();
        // A lone `#` asks for nothing.
        if command.is_empty() || command == "+" {
            continue;
        }
        let answer = match answer(&command, port, &mut wire) {
            Ok(answer) => answer,
            Err(error) => {
                eprintln!("emulated probe: {command}: {error}");
                "E1".to_owned()
            }
        };
        writer.write_all(format!("&{answer}#").as_bytes())?;
    }
}

/// Digits of a command, taken from the front.
struct Digits<'a>(&'a str);

impl Digits<'_> {
    fn number(&mut self, digits: usize) -> io::Result<u32> {
        let (front, rest) = self.0.split_at_checked(digits).ok_or_else(too_short)?;
        self.0 = rest;
        u32::from_str_radix(front, 16).map_err(io::Error::other)
    }

    fn octets(&mut self, count: usize) -> io::Result<Vec<u8>> {
        (0..count).map(|_| self.number(2).map(|octet| octet as u8)).collect()
    }
}

fn too_short() -> io::Error {
    io::Error::other("the command is too short")
}

fn answer(command: &str, port: &mut DebugPort, wire: &mut Wire) -> io::Result<String> {
    let (name, rest) = command.split_at_checked(2).ok_or_else(too_short)?;
    let mut digits = Digits(rest);
    let register = |value: u32| format!("K{:08x}", value.swap_bytes());
    Ok(match name {
        "GA" => "KEmulated probe".to_owned(),
        "HC" => format!("K{VERSION}"),
        "GV" => "K33".to_owned(),
        "Gf" => "K1000".to_owned(),
        "GZ" => {
            // Asserted, the reset line holds the chip; released, it starts.
            let is_held = std::mem::replace(&mut wire.holds_reset, rest == "1");
            if is_held && rest == "0" {
                port.core.reset()?;
            }
            "K0".to_owned()
        }
        "GF" | "GP" | "GE" | "SS" => "K0".to_owned(),
        "So" | "SO" => {
            let count = digits.number(2)?;
            let bits = u64::from_str_radix(digits.0, 16).map_err(io::Error::other)?;
            wire.take(bits, count, port)?;
            "K0".to_owned()
        }
        "Si" | "SI" => {
            let count = digits.number(2)?;
            format!("K{:x}", wire.give(count))
        }
        "Hd" => {
            digits.number(2)?;
            let address = digits.number(4)?;
            register(port.read_dp(address as u8))
        }
        "Ha" => {
            let (which, address) = (digits.number(2)?, digits.number(4)?);
            register(port.read_ap(which as u8, address as u8)?)
        }
        "HA" => {
            let (which, address, value) = (digits.number(2)?, digits.number(4)?, digits.number(8)?);
            port.write_ap(which as u8, address as u8, value)?;
            "K0".to_owned()
        }
        "HL" => {
            let (reads, address, value) = (digits.number(2)? != 0, digits.number(4)?, digits.number(8)?);
            let value = port.access(reads, address as u16, value)?;
            if reads { register(value) } else { "K0".to_owned() }
        }
        "HM" => {
            let (_, _, address, length) = (digits.number(2)?, digits.number(8)?, digits.number(8)?, digits.number(8)?);
            let mut octets = vec![0; length as usize];
            port.core.read(address, &mut octets)?;
            let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("K{digits}")
        }
        "Hm" => {
            let (_, _, _, address, length) =
                (digits.number(2)?, digits.number(8)?, digits.number(2)?, digits.number(8)?, digits.number(8)?);
            let octets = digits.octets(length as usize)?;
            port.core.write(address, &octets)?;
            "K0".to_owned()
        }
        _ => return Err(io::Error::other("a command that it does not know")),
    })
}

/// The two wires, bit by bit: the host resets the line, and reads or writes a register (IHI 0031, B4.2). The turnarounds are
/// the probe's business.
#[derive(Default)]
struct Wire {
    /// The reset line is asserted.
    holds_reset: bool,
    phase: Phase,
    /// Bits of the phase so far, the first of them lowest, and how many.
    held: u64,
    count: u32,
    /// What the host is to be given: bit 0 first.
    pending: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Until the line is reset: 50 ones.
    #[default]
    Lost,
    /// Zeros, until a one begins a request.
    Idle,
    /// A request of eight bits.
    Request,
    /// 32 bits for a register of an access port or the debug port, and their parity.
    Data { is_ap: bool, register: u8 },
}

/// The acknowledgement OK, bit 0 first.
const OK: u64 = 0b001;
/// Ones in a row that reset the line.
const LINE_RESET: u32 = 50;

impl Wire {
    /// Bits that the host drives.
    fn take(&mut self, bits: u64, count: u32, port: &mut DebugPort) -> io::Result<()> {
        self.pending = 0;
        (0..count).try_for_each(|bit| self.take_bit(bits >> bit & 1, port))
    }

    fn take_bit(&mut self, bit: u64, port: &mut DebugPort) -> io::Result<()> {
        match self.phase {
            Phase::Lost if bit == 1 => self.count += 1,
            Phase::Lost => {
                let is_reset = self.count >= LINE_RESET;
                self.enter(if is_reset { Phase::Idle } else { Phase::Lost });
            }
            Phase::Idle if bit == 0 => {}
            Phase::Idle => {
                self.enter(Phase::Request);
                self.hold(bit);
            }
            Phase::Request => {
                self.hold(bit);
                if self.count == 8 {
                    self.request(self.held, port)?;
                }
            }
            Phase::Data { is_ap, register } => {
                self.hold(bit);
                if self.count == 33 {
                    let value = self.held as u32;
                    let parity = (self.held >> 32) as u32;
                    self.enter(Phase::Idle);
                    // A chip answers wrong parity by a fault of the next transfer; the host never sends it.
                    if parity != value.count_ones() & 1 {
                        return Err(io::Error::other("parity of data on the wire"));
                    }
                    port.access(false, u16::from(is_ap) << 8 | u16::from(register), value)?;
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, phase: Phase) {
        (self.phase, self.held, self.count) = (phase, 0, 0);
    }

    fn hold(&mut self, bit: u64) {
        self.held |= bit << self.count;
        self.count += 1;
    }

    /// Start, APnDP, RnW, A\[2:3\], parity, stop, park.
    fn request(&mut self, bits: u64, port: &mut DebugPort) -> io::Result<()> {
        let parity = (bits >> 1 & 0xf).count_ones() & 1;
        if bits & 0b1100_0000 != 0b1000_0000 || (bits >> 5 & 1) as u32 != parity {
            let ones = if bits == 0xff { 8 } else { 0 };
            self.enter(Phase::Lost);
            self.count = ones;
            return Ok(());
        }
        let (is_ap, reads, register) = (bits & 2 != 0, bits & 4 != 0, (bits >> 1 & 0xc) as u8);
        if reads {
            let value = port.access(true, u16::from(is_ap) << 8 | u16::from(register), 0)?;
            self.pending = OK | u64::from(value) << 3 | u64::from(value.count_ones() & 1) << 35;
            self.enter(Phase::Idle);
        } else {
            self.pending = OK;
            self.enter(Phase::Data { is_ap, register });
        }
        Ok(())
    }

    /// Bits that the host samples.
    fn give(&mut self, count: u32) -> u64 {
        let bits = self.pending & ((1 << count) - 1);
        self.pending = self.pending.checked_shr(count).unwrap_or(0);
        bits
    }
}
