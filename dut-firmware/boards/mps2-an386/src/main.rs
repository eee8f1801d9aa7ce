//! The reference device on QEMU's `mps2-an386`: UT/1 on UART 0, the radio and the backbone on UART 1 (`wire::radio_link`), the
//! store in memory that is a file of the host.
//!
//! One loop, no interrupt handlers: the interrupts of the UARTs and of a timer are enabled in the interrupt controller and
//! masked in the processor, so that they end its sleep and nothing else.
#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod memory;
mod register;
mod uart;

use alloc::format;
use alloc::vec::Vec;
use core::panic::PanicInfo;

use embedded_alloc::LlffHeap;
use node::{Device, Hardware, Input, Output};
use protocols::time::Instant;
use wire::radio_link::{Assembler, Message, Stamped};

use clock::Clock;
use memory::Memory;
use uart::Uart;

/// Octets of the heap: several times what the device takes at most (see docs/performance.md).
const HEAP_OCTETS: usize = 128 * 1024;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

#[cortex_m_rt::entry]
fn main() -> ! {
    cortex_m::interrupt::disable();
    static mut ARENA: [u8; HEAP_OCTETS] = [0; HEAP_OCTETS];
    // SAFETY: called once, before the first allocation; nothing else uses the arena.
    unsafe { HEAP.init(&raw mut ARENA as usize, HEAP_OCTETS) };
    let mut board = Board {
        clock: Clock::start(),
        upper_tester: Uart::open(uart::Port::UpperTester),
        link: Uart::open(uart::Port::RadioLink),
        assembler: Assembler::default(),
        memory: Memory::open(),
    };
    let (eui64, entropy_seed) = board.memory.identity();
    let (store, damaged) = board.memory.load();
    let now = board.clock.now();
    board.tell(now, Message::Booted);
    if damaged {
        board.tell(now, Message::Log(format!("the store is damaged: begun anew")));
    }
    let mut written = store.writes();
    let mut device = Device::boot(Hardware { eui64, entropy_seed }, store, now, None);
    loop {
        let now = board.clock.now();
        let octets = board.upper_tester.read();
        if !octets.is_empty() {
            device.handle(now, Input::UpperTester(&octets));
        }
        for message in board.heard() {
            if let Some(input) = Input::of_link(&message) {
                device.handle(now, input);
            }
        }
        while let Some(output) = device.poll(now) {
            // What the device has decided is stored before anybody can see it.
            board.keep(&device, &mut written);
            board.carry_out(now, output);
        }
        board.keep(&device, &mut written);
        if !board.upper_tester.has_octets() && !board.link.has_octets() {
            board.clock.sleep_until(device.deadline());
        }
    }
}

struct Board {
    clock: Clock,
    upper_tester: Uart,
    link: Uart,
    assembler: Assembler,
    memory: Memory,
}

impl Board {
    /// The messages that have arrived on the radio link.
    fn heard(&mut self) -> Vec<Message> {
        let octets = self.link.read();
        let assembler = &mut self.assembler;
        octets.into_iter().filter_map(|octet| Some(assembler.push(octet)?.message)).collect()
    }

    /// Writes the store if the device has written to it since `written`.
    fn keep(&mut self, device: &Device, written: &mut u64) {
        if device.writes() != *written {
            *written = device.writes();
            self.memory.save(&device.store());
        }
    }

    fn tell(&mut self, now: Instant, message: Message) {
        tell(&mut self.link, now, message);
    }

    fn carry_out(&mut self, now: Instant, output: Output) {
        match output.into_link() {
            Ok(message) => self.tell(now, message),
            Err(Output::UpperTester(octets)) => self.upper_tester.write(&octets),
            Err(_) => {
                self.tell(now, Message::Restarting);
                cortex_m::peripheral::SCB::sys_reset();
            }
        }
    }
}

fn tell(link: &mut Uart, now: Instant, message: Message) {
    // The device makes no message that is too long: its frames are PSDUs, its packets at most 1280 octets.
    if let Ok(octets) = (Stamped { at: now.0 / 1000, message }).to_vec() {
        link.write(&octets);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut link = Uart::open(uart::Port::RadioLink);
    tell(&mut link, Instant::ZERO, Message::Panicked(format!("{info}")));
    loop {
        cortex_m::asm::wfi();
    }
}
