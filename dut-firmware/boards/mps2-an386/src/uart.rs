//! The CMSDK UARTs (Arm DDI 0479D section 4.3).

use alloc::vec::Vec;

use crate::register;

const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const INTERRUPTS: usize = 0x0c;
const DIVIDER: usize = 0x10;

const SEND_FULL: u32 = 1;
const RECEIVE_FULL: u32 = 1 << 1;
/// Sends, receives, and interrupts when an octet arrives.
const ENABLED: u32 = 1 | 1 << 1 | 1 << 3;
const RECEIVED: u32 = 1 << 1;

/// What a UART is for.
#[derive(Clone, Copy)]
pub enum Port {
    /// UART 0.
    UpperTester,
    /// UART 1.
    RadioLink,
}

/// An open UART.
pub struct Uart {
    base: usize,
    interrupt: u32,
}

impl Uart {
    /// Switches it on.
    pub fn open(port: Port) -> Self {
        let (base, interrupt) = match port {
            Port::UpperTester => (0x4000_4000, 0),
            Port::RadioLink => (0x4000_5000, 2),
        };
        let mut uart = Self { base, interrupt };
        uart.set(DIVIDER, 16);
        uart.set(CONTROL, ENABLED);
        // Some instances of QEMU's UART receive nothing until the data register has been read once.
        uart.get(0);
        crate::clock::wakes(uart.interrupt);
        uart
    }

    fn get(&self, offset: usize) -> u32 {
        register::get(self.base + offset)
    }

    fn set(&mut self, offset: usize, value: u32) {
        register::set(self.base + offset, value);
    }

    /// Whether an octet waits.
    pub fn has_octets(&self) -> bool {
        self.get(STATE) & RECEIVE_FULL != 0
    }

    /// The octets that wait.
    pub fn read(&mut self) -> Vec<u8> {
        self.set(INTERRUPTS, RECEIVED);
        crate::clock::seen(self.interrupt);
        let mut octets = Vec::new();
        while self.has_octets() {
            octets.push((self.get(0) & 0xff) as u8);
        }
        octets
    }

    /// Sends octets, and waits for room.
    pub fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            while self.get(STATE) & SEND_FULL != 0 {}
            self.set(0, u32::from(*octet));
        }
    }
}
