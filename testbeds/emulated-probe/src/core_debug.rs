//! The debug registers of a Cortex-M0 (ARMv6-M architecture reference manual C1), put onto a gdb stub, and the memory around them.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use crate::gdb::Gdb;

const AIRCR: u32 = 0xe000_ed0c;
const DFSR: u32 = 0xe000_ed30;
const DHCSR: u32 = 0xe000_edf0;
const DCRSR: u32 = 0xe000_edf4;
const DCRDR: u32 = 0xe000_edf8;
const DEMCR: u32 = 0xe000_edfc;
const BP_CTRL: u32 = 0xe000_2000;
const BP_COMP0: u32 = 0xe000_2008;
/// Comparators of the breakpoint unit of a Cortex-M0.
const COMPARATORS: usize = 4;

/// Upper half of a write to DHCSR that counts.
const DBGKEY: u32 = 0xa05f;
/// Upper half of a write to AIRCR that counts, and its request for a reset.
const VECTKEY: u32 = 0x05fa;
const SYSRESETREQ: u32 = 1 << 2;
const C_DEBUGEN: u32 = 1;
const C_HALT: u32 = 1 << 1;
const C_STEP: u32 = 1 << 2;
const S_REGRDY: u32 = 1 << 16;
const S_HALT: u32 = 1 << 17;
const S_LOCKUP: u32 = 1 << 19;
const S_RESET_ST: u32 = 1 << 25;
const VC_CORERESET: u32 = 1;
const DFSR_HALTED: u32 = 1;
const DFSR_BKPT: u32 = 1 << 1;

/// Where the core finds its first instruction, and where flash ends.
const RESET_VECTOR: u32 = 4;
const FLASH_END: u32 = 0x0004_0000;

/// How long a look at a running core waits for it to stop.
const LOOK: Duration = Duration::from_millis(1);

pub(crate) struct CoreDebug {
    gdb: Gdb,
    is_running: bool,
    is_locked_up: bool,
    was_reset: bool,
    control: u32,
    data: u32,
    monitor: u32,
    fault_status: u32,
    is_breaking: bool,
    comparators: [u32; COMPARATORS],
    /// Breakpoints that the stub has now.
    set: BTreeSet<u32>,
}

impl CoreDebug {
    pub(crate) fn new(gdb: Gdb) -> Self {
        Self {
            gdb,
            is_running: false,
            is_locked_up: false,
            was_reset: true,
            control: 0,
            data: 0,
            monitor: 0,
            fault_status: 0,
            is_breaking: false,
            comparators: [0; COMPARATORS],
            set: BTreeSet::new(),
        }
    }

    /// Reads memory: debug registers by words, everything else as it is.
    pub(crate) fn read(&mut self, address: u32, octets: &mut [u8]) -> io::Result<()> {
        if let Ok(word) = <&mut [u8; 4]>::try_from(&mut *octets)
            && let Some(value) = self.read_register(address)?
        {
            *word = value.to_le_bytes();
            return Ok(());
        }
        self.while_stopped(|gdb| gdb.read(address, octets))
    }

    /// Writes memory.
    pub(crate) fn write(&mut self, address: u32, octets: &[u8]) -> io::Result<()> {
        if let Ok(word) = <[u8; 4]>::try_from(octets)
            && self.write_register(address, u32::from_le_bytes(word))?
        {
            return Ok(());
        }
        self.while_stopped(|gdb| gdb.write(address, octets))
    }

    /// A debugger reads and writes memory while the core runs; the stub cannot.
    fn while_stopped<T>(&mut self, act: impl FnOnce(&mut Gdb) -> io::Result<T>) -> io::Result<T> {
        self.look()?;
        if !self.is_running {
            return act(&mut self.gdb);
        }
        self.gdb.interrupt()?;
        let done = act(&mut self.gdb);
        self.gdb.resume()?;
        done
    }

    /// Notices that a running core has stopped by itself.
    fn look(&mut self) -> io::Result<()> {
        if self.is_running && self.gdb.has_stopped(LOOK)? {
            self.is_running = false;
            self.fault_status |= DFSR_BKPT;
            self.remove_breakpoints()?;
        }
        Ok(())
    }

    fn read_register(&mut self, address: u32) -> io::Result<Option<u32>> {
        Ok(Some(match address {
            DHCSR => {
                self.look()?;
                let halted = match (self.is_running, self.is_locked_up) {
                    (true, _) => 0,
                    (false, true) => S_LOCKUP,
                    (false, false) => S_HALT,
                };
                let reset = if std::mem::take(&mut self.was_reset) { S_RESET_ST } else { 0 };
                self.control | S_REGRDY | halted | reset
            }
            DCRDR => self.data,
            DEMCR => self.monitor,
            DFSR => self.fault_status,
            BP_CTRL => (COMPARATORS as u32) << 4 | u32::from(self.is_breaking),
            _ => match self.comparator(address) {
                Some(comparator) => *comparator,
                None => return Ok(None),
            },
        }))
    }

    fn comparator(&mut self, address: u32) -> Option<&mut u32> {
        let offset = address.checked_sub(BP_COMP0).filter(|offset| offset.is_multiple_of(4))?;
        self.comparators.get_mut(offset as usize / 4)
    }

    /// `false` if it is no register of the debugger's.
    fn write_register(&mut self, address: u32, value: u32) -> io::Result<bool> {
        match address {
            DHCSR if value >> 16 == DBGKEY => self.set_control(value & 0xffff)?,
            AIRCR if value >> 16 == VECTKEY && value & SYSRESETREQ != 0 => self.reset()?,
            DCRSR => self.transfer(value)?,
            DCRDR => self.data = value,
            DEMCR => self.monitor = value,
            DFSR => self.fault_status &= !value,
            BP_CTRL if value & 2 != 0 => self.is_breaking = value & 1 != 0,
            DHCSR | AIRCR | BP_CTRL => {}
            _ => match self.comparator(address) {
                Some(comparator) => *comparator = value,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn set_control(&mut self, control: u32) -> io::Result<()> {
        self.control = control;
        let halts = control & C_DEBUGEN != 0 && control & C_HALT != 0;
        self.look()?;
        if halts {
            self.is_locked_up = false;
        }
        if halts && self.is_running {
            self.gdb.interrupt()?;
            self.is_running = false;
            self.fault_status |= DFSR_HALTED;
            self.remove_breakpoints()?;
        } else if !halts && !self.is_running {
            if control & C_DEBUGEN != 0 && control & C_STEP != 0 {
                if !self.locks_up()? {
                    self.gdb.step()?;
                }
                self.fault_status |= DFSR_HALTED;
            } else {
                self.run()?;
            }
        }
        Ok(())
    }

    /// Whether the core would lock up if it went on, because its flash has no reset vector: QEMU does not survive that, so the
    /// core is left as it is.
    fn locks_up(&mut self) -> io::Result<bool> {
        let mut vector = [0; 4];
        self.gdb.read(RESET_VECTOR, &mut vector)?;
        let is_sound = u32::from_le_bytes(vector) & 1 == 1 && vector != [0xff; 4];
        Ok(!is_sound && self.gdb.register(15)? < FLASH_END)
    }

    fn run(&mut self) -> io::Result<()> {
        self.is_locked_up = self.locks_up()?;
        if !self.is_locked_up {
            self.set_breakpoints()?;
            self.gdb.resume()?;
            self.is_running = true;
        }
        Ok(())
    }

    /// The chip is reset; a core whose reset is caught stops before its first instruction.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        self.look()?;
        if self.is_running {
            self.gdb.interrupt()?;
            self.is_running = false;
            self.remove_breakpoints()?;
        }
        self.gdb.reset()?;
        (self.was_reset, self.is_locked_up) = (true, false);
        if self.control & C_DEBUGEN == 0 || self.monitor & VC_CORERESET == 0 {
            self.control &= !C_HALT;
            self.run()?;
        }
        Ok(())
    }

    /// Between DCRDR and a register of the core (C1.6.4).
    fn transfer(&mut self, selector: u32) -> io::Result<()> {
        let number = match selector & 0x7f {
            number @ 0..=15 => Some(number),
            16 => Some(25),
            // The one stack pointer that is in use before the firmware chooses: the stub of this QEMU has no other.
            17 => Some(13),
            _ => None,
        };
        let writes = selector & 1 << 16 != 0;
        match number {
            Some(number) if writes => self.gdb.set_register(number, self.data),
            Some(number) => {
                self.data = self.gdb.register(number)?;
                Ok(())
            }
            // PSP, CONTROL and PRIMASK: as they are after a reset.
            None => {
                self.data = if writes { self.data } else { 0 };
                Ok(())
            }
        }
    }

    /// Comparators, and what QEMU does not stop at by itself: a BKPT that the link register points to, at which a flash
    /// algorithm ends.
    fn set_breakpoints(&mut self) -> io::Result<()> {
        let mut wanted = BTreeSet::new();
        if self.is_breaking {
            for comparator in self.comparators.iter().filter(|comparator| **comparator & 1 != 0) {
                let word = comparator & 0x1fff_fffc;
                let (low, high) = (comparator >> 30 & 1 != 0, comparator >> 31 != 0);
                wanted.extend(low.then_some(word).into_iter().chain(high.then_some(word + 2)));
            }
        }
        let link = self.gdb.register(14)? & !1;
        let mut halfword = [0; 2];
        if self.gdb.read(link, &mut halfword).is_ok() && halfword[1] == 0xbe {
            wanted.insert(link);
        }
        for address in &wanted {
            self.gdb.set_breakpoint(*address, true)?;
        }
        self.set = wanted;
        Ok(())
    }

    fn remove_breakpoints(&mut self) -> io::Result<()> {
        for address in std::mem::take(&mut self.set) {
            self.gdb.set_breakpoint(address, false)?;
        }
        Ok(())
    }
}
