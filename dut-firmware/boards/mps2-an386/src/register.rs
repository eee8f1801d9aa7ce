//! Registers of the peripherals, by address.

use core::ptr;

/// Reads a register of a UART or of a timer.
pub fn get(address: usize) -> u32 {
    // SAFETY: this firmware asks for addresses of peripherals only.
    unsafe { ptr::read_volatile(address as *const u32) }
}

/// Writes a register of a UART, of a timer, or of the interrupt controller, of an interrupt that no handler takes.
pub fn set(address: usize, value: u32) {
    // SAFETY: as above; none of these registers has the processor write memory.
    unsafe { ptr::write_volatile(address as *mut u32, value) }
}
