//! A serial wire debug port, version 1, and the one access port behind it (ADIv5, Arm IHI 0031): what a Cortex-M0 has.

use std::io;

use crate::core_debug::CoreDebug;

/// SW-DP of a Cortex-M0, version 1 (B2.2.5).
const DPIDR: u32 = 0x0bb1_1477;
/// AHB-AP of a Cortex-M0 (C2.6.6).
const IDR: u32 = 0x0477_0021;
/// Where the ROM table of an nRF51 is, format and presence bits included (C2.6.1).
const BASE: u32 = 0xf000_0003;
/// CSW: 32 bits, no increment, enabled (C2.6.4).
const CSW_RESET: u32 = 0x0300_0042;

pub(crate) struct DebugPort {
    pub(crate) core: CoreDebug,
    control: u32,
    select: u32,
    read_buffer: u32,
    csw: u32,
    tar: u32,
}

impl DebugPort {
    pub(crate) fn new(core: CoreDebug) -> Self {
        Self { core, control: 0, select: 0, read_buffer: 0, csw: CSW_RESET, tar: 0 }
    }

    /// A register of the debug port.
    pub(crate) fn read_dp(&mut self, address: u8) -> u32 {
        match address & 0xc {
            0x0 => DPIDR,
            // The power-up requests are acknowledged at once: bits 28 and 30 by 29 and 31.
            0x4 => self.control | (self.control & 0x5000_0000) << 1,
            0xc => self.read_buffer,
            // RESEND.
            _ => self.read_buffer,
        }
    }

    pub(crate) fn write_dp(&mut self, address: u8, value: u32) {
        match address & 0xc {
            0x4 => self.control = value & 0x5fff_ff0f,
            0x8 => self.select = value,
            // ABORT: no transfer is ever under way.
            _ => {}
        }
    }

    /// A register of an access port by its whole address; there is one such port.
    pub(crate) fn read_ap(&mut self, port: u8, address: u8) -> io::Result<u32> {
        let value = match (port, address) {
            (0, 0x00) => self.csw,
            (0, 0x04) => self.tar,
            (0, 0x0c) => {
                let mut word = [0; 4];
                self.core.read(self.tar & !3, &mut word)?;
                self.increment();
                u32::from_le_bytes(word)
            }
            (0, 0xf8) => BASE,
            (0, 0xfc) => IDR,
            _ => 0,
        };
        self.read_buffer = value;
        Ok(value)
    }

    pub(crate) fn write_ap(&mut self, port: u8, address: u8, value: u32) -> io::Result<()> {
        match (port, address) {
            // DeviceEn stays.
            (0, 0x00) => self.csw = value | 0x40,
            (0, 0x04) => self.tar = value,
            (0, 0x0c) => {
                self.core.write(self.tar & !3, &value.to_le_bytes())?;
                self.increment();
            }
            _ => {}
        }
        Ok(())
    }

    fn increment(&mut self) {
        if self.csw & 0x30 == 0x10 {
            self.tar = self.tar.wrapping_add(4);
        }
    }

    /// The register that a low-level access means: bit 0 of `address` says access port, SELECT which one and which bank.
    pub(crate) fn access(&mut self, reads: bool, address: u16, value: u32) -> io::Result<u32> {
        let register = address as u8 & 0xc;
        let is_ap = address & 0x100 != 0;
        let (port, bank) = ((self.select >> 24) as u8, self.select as u8 & 0xf0);
        match (is_ap, reads) {
            (false, true) => Ok(self.read_dp(register)),
            (false, false) => {
                self.write_dp(register, value);
                Ok(0)
            }
            (true, true) => self.read_ap(port, bank | register),
            (true, false) => self.write_ap(port, bank | register, value).map(|()| 0),
        }
    }
}
