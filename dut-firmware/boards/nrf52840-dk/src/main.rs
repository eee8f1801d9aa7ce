//! The reference device on Nordic's nRF52840: DK (PCA10056) and dongle (PCA10059). **Builds and fits; untested on silicon.**
//!
//! | what | where |
//! |---|---|
//! | UT/1 | the DK's UART (P0.06, P0.08; 115200 baud), and the first port of the chip's USB |
//! | backbone, log, the radio lent as tester radio or sniffer (`wire::radio_link`) | the second port of the USB |
//! | log | defmt over RTT |
//! | store | the last 64 KiB of the image's flash (`bootrack-flash`) |
//!
//! The device runs in one task of the thread; the radio in its interrupt.
#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod fault;
mod identity;
mod ports;
mod radio;

use alloc::format;
use alloc::string::String;

use defmt_rtt as _;
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_futures::select::{Either5, select5};
use embassy_nrf::config::HfclkSource;
use embassy_nrf::nvmc::Nvmc;
use embassy_nrf::wdt::{HaltConfig, SleepConfig, Watchdog, WatchdogHandle};
use embassy_nrf::{bind_interrupts, peripherals, usb};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::Timer;
use embedded_alloc::LlffHeap;
use flash::{Found, Place};
use node::{Device, Hardware, Input, Output, RadioConfig, Store, TransmitStatus};
use protocols::Entropy;
use rand_core::SeedableRng;
use static_cell::StaticCell;
use wire::Eui64;
use wire::ieee802154::PanId;
use wire::radio_link::{Assembler, Message, Stamped};

use radio::Filter;

/// Octets of the heap: four times what a device under traffic takes (see docs/performance.md).
const HEAP_OCTETS: usize = 64 * 1024;

/// The main loop comes round at least this often, and feeds the watchdog.
const ROUND: embassy_time::Duration = embassy_time::Duration::from_secs(2);
/// It bites after this many periods of the 32 kHz clock: eight seconds.
const WATCHDOG_TICKS: u32 = 8 * 32_768;
/// What was said before a restart leaves the ports in this time.
const FAREWELL: embassy_time::Duration = embassy_time::Duration::from_millis(100);

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

bind_interrupts!(pub struct Interrupts {
    USBD => usb::InterruptHandler<peripherals::USBD>;
    RADIO => radio::InterruptHandler;
    CLOCK_POWER => usb::vbus_detect::InterruptHandler;
    #[cfg(not(feature = "dongle"))]
    UARTE0 => embassy_nrf::buffered_uarte::InterruptHandler<peripherals::UARTE0>;
});

unsafe extern "C" {
    // From build.rs: the ends of the store's flash.
    static __store_begin: u8;
    static __store_end: u8;
}

/// A frame to send, and for whom.
struct Job {
    handle: u32,
    psdu: alloc::vec::Vec<u8>,
    is_lent: bool,
}

static JOBS: Channel<CriticalSectionRawMutex, Job, 4> = Channel::new();
static DONE: Channel<CriticalSectionRawMutex, (u32, TransmitStatus, bool), 4> = Channel::new();

#[embassy_executor::task]
async fn transmitter(mut entropy: Entropy) {
    loop {
        let job = JOBS.receive().await;
        let status = radio::transmit(&job.psdu, &mut entropy).await;
        DONE.send((job.handle, status, job.is_lent)).await;
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) -> ! {
    static ARENA: StaticCell<[u8; HEAP_OCTETS]> = StaticCell::new();
    let arena = ARENA.init([0; HEAP_OCTETS]);
    // SAFETY: called once, before the first allocation; nothing else uses the arena.
    unsafe { HEAP.init(arena.as_mut_ptr() as usize, HEAP_OCTETS) };
    let last_words = fault::last();
    let mut config = embassy_nrf::config::Config::default();
    // The radio and the USB need the crystal.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let p = embassy_nrf::init(config);
    clock::start();
    radio::start();

    let mut watchdog = embassy_nrf::wdt::Config::default();
    watchdog.timeout_ticks = WATCHDOG_TICKS;
    watchdog.action_during_debug_halt = HaltConfig::Pause;
    watchdog.action_during_sleep = SleepConfig::Run;
    // Already running after a reset of the processor alone: then it is fed as it is.
    let watchdog = match Watchdog::try_new::<_, 1>(p.WDT, watchdog) {
        Ok((_, [handle])) => handle,
        // SAFETY: the one handle that any life of this firmware asks for.
        Err(_) => unsafe { WatchdogHandle::steal::<peripherals::WDT>(0) },
    };

    let eui64 = identity::eui64();
    let entropy_seed = identity::entropy_seed(p.RNG);
    static SERIAL_NUMBER: StaticCell<String> = StaticCell::new();
    let serial_number = SERIAL_NUMBER.init(format!("{eui64}"));
    spawner.spawn(ports::usb(p.USBD, serial_number).expect("one task"));
    #[cfg(not(feature = "dongle"))]
    {
        static BUFFERS: StaticCell<[[u8; 512]; 2]> = StaticCell::new();
        let [rx, tx] = BUFFERS.init([[0; 512]; 2]);
        let mut config = embassy_nrf::uarte::Config::default();
        config.baudrate = embassy_nrf::uarte::Baudrate::Baud115200;
        let uart = embassy_nrf::buffered_uarte::BufferedUarte::new(
            p.UARTE0,
            p.TIMER1,
            p.PPI_CH3,
            p.PPI_CH4,
            p.PPI_GROUP0,
            p.P0_08,
            p.P0_06,
            Interrupts,
            config,
            rx,
            tx,
        );
        spawner.spawn(ports::uart(uart).expect("one task"));
    }
    let mut transmitter_seed = entropy_seed;
    transmitter_seed.reverse();
    spawner.spawn(transmitter(Entropy::from_seed(transmitter_seed)).expect("one task"));

    // Their addresses are what the linker says; nothing is read through them.
    let range = &raw const __store_begin as u32..&raw const __store_end as u32;
    let opened = Place::open(BlockingAsync::new(Nvmc::new(p.NVMC)), range).await;
    let (place, found) = opened.expect("build.rs gives the store whole pages");
    let (store, damaged) = match found {
        Found::Store(store) => (*store, false),
        Found::Nothing => (Store::default(), false),
        Found::Damaged => (Store::default(), true),
    };
    let mut board = Board { place, written: store.writes(), assembler: Assembler::default(), lent: None, watchdog };
    board.tell(Message::Booted).await;
    if let Some(reason) = last_words {
        board.tell(Message::Panicked(reason)).await;
    }
    if damaged {
        board.log("the store is damaged: begun anew").await;
    }
    let device = Device::boot(Hardware { eui64, entropy_seed }, store, clock::now(), None);
    board.run(device).await
}

struct Board {
    place: Place<BlockingAsync<Nvmc<'static>>>,
    /// [`Store::writes`] of the store in flash.
    written: u64,
    assembler: Assembler,
    /// The filter of a radio that is lent to the other side of the radio link.
    lent: Option<Filter>,
    watchdog: WatchdogHandle,
}

impl Board {
    async fn run(&mut self, mut device: Device) -> ! {
        let mut commands = [0; 64];
        let mut link = [0; 64];
        loop {
            while let Some(output) = device.poll(clock::now()) {
                // What the device has decided is stored before anybody can see it.
                self.keep(&device).await;
                self.carry_out(output).await;
            }
            self.keep(&device).await;
            self.watchdog.pet();
            let wait = device.deadline().map_or(u64::MAX, |deadline| deadline.0.saturating_sub(clock::now().0) / 1000);
            let wait = embassy_time::Duration::from_micros(wait.min(ROUND.as_micros()));
            let happened = select5(
                radio::HEARD.receive(),
                DONE.receive(),
                ports::COMMANDS.read(&mut commands),
                ports::LINK_IN.read(&mut link),
                Timer::after(wait),
            );
            match happened.await {
                Either5::First(heard) => self.take_frame(&mut device, &heard).await,
                Either5::Second((handle, status, false)) => {
                    device.handle(clock::now(), Input::TransmitDone { handle, status });
                }
                Either5::Second((handle, status, true)) => {
                    self.tell(Message::Done { handle, status: status.into() }).await;
                }
                Either5::Third(length) => {
                    device.handle(clock::now(), Input::UpperTester(commands.get(..length).unwrap_or_default()));
                }
                Either5::Fourth(length) => {
                    for octet in link.get(..length).unwrap_or_default() {
                        if let Some(Stamped { message, .. }) = self.assembler.push(*octet) {
                            self.take_message(&mut device, message).await;
                        }
                    }
                }
                Either5::Fifth(()) => {}
            }
        }
    }

    async fn take_frame(&mut self, device: &mut Device, heard: &radio::Heard) {
        let (psdu, rssi_dbm) = (heard.psdu(), heard.rssi_dbm);
        let message = match &self.lent {
            None => return device.handle(clock::now(), Input::Frame { psdu, rssi_dbm }),
            Some(filter) if filter.is_sniffer => {
                Message::Sniffed { rssi_dbm, lqi: heard.lqi, dropped: radio::dropped(), psdu: psdu.to_vec() }
            }
            Some(_) => Message::Received { rssi_dbm, psdu: psdu.to_vec() },
        };
        self.tell_at(heard.at, message).await;
    }

    /// What the other side of the radio link says: packets of the backbone, or that it borrows the radio.
    async fn take_message(&mut self, device: &mut Device, message: Message) {
        match message {
            Message::Backbone(packet) => device.handle(clock::now(), Input::Backbone(&packet)),
            Message::Radio { channel, pan_id, eui64, receiver_on } => {
                self.lend(channel, pan_id, eui64, receiver_on).await;
            }
            Message::Transmit { handle, psdu } if self.lent.is_some() => {
                JOBS.send(Job { handle, psdu, is_lent: true }).await;
            }
            Message::Sniff { channel } => {
                let filter =
                    Filter { channel, pan_id: PanId::BROADCAST, addresses: [None; radio::ADDRESSES], is_sniffer: true };
                self.lent = (channel != 0).then_some(filter);
                radio::listen(self.lent);
            }
            // A medium's words to a board without a radio, and a board's own.
            _ => {}
        }
    }

    /// Imitates one address more, or one less.
    async fn lend(&mut self, channel: u8, pan_id: PanId, eui64: Eui64, receiver_on: bool) {
        let mut addresses = self.lent.map_or([None; radio::ADDRESSES], |filter| filter.addresses);
        let held = addresses.iter_mut().find(|address| **address == Some(eui64));
        match held {
            Some(address) if !receiver_on => *address = None,
            Some(_) => {}
            None if receiver_on => match addresses.iter_mut().find(|address| address.is_none()) {
                Some(free) => *free = Some(eui64),
                None => return self.log("this radio imitates no more addresses").await,
            },
            None => {}
        }
        self.lent = Some(Filter { channel, pan_id, addresses, is_sniffer: false });
        radio::listen(self.lent);
    }

    /// Writes the store if the device has written to it.
    async fn keep(&mut self, device: &Device) {
        if device.writes() == self.written {
            return;
        }
        match self.place.save(&device.store()).await {
            Ok(()) => self.written = device.writes(),
            // A device that goes on without its store would use frame counters twice after the next power cut.
            Err(error) => panic!("{error}"),
        }
    }

    async fn carry_out(&mut self, output: Output) {
        match output {
            // A radio that is lent stays where it is.
            Output::Radio(_) if self.lent.is_some() => {}
            Output::Radio(RadioConfig { channel, pan_id, eui64, receiver_on }) => {
                let mut addresses = [None; radio::ADDRESSES];
                if let Some(first) = addresses.first_mut() {
                    *first = Some(eui64);
                }
                radio::listen(receiver_on.then_some(Filter { channel, pan_id, addresses, is_sniffer: false }));
            }
            Output::Transmit { handle, psdu } => JOBS.send(Job { handle, psdu, is_lent: false }).await,
            Output::UpperTester(octets) => ports::answer(&octets).await,
            Output::Log(line) => self.log(&line).await,
            Output::Backbone(packet) => self.tell(Message::Backbone(packet)).await,
            Output::Reboot => {
                self.tell(Message::Restarting).await;
                Timer::after(FAREWELL).await;
                cortex_m::peripheral::SCB::sys_reset();
            }
        }
    }

    async fn log(&mut self, line: &str) {
        defmt::info!("{=str}", line);
        self.tell(Message::Log(line.into())).await;
    }

    async fn tell(&mut self, message: Message) {
        self.tell_at(clock::now_us(), message).await;
    }

    /// A message that finds no room is lost: nobody reads the port.
    async fn tell_at(&mut self, at: u64, message: Message) {
        if let Ok(octets) = (Stamped { at, message }).to_vec() {
            ports::tell(&octets).await;
        }
    }
}
