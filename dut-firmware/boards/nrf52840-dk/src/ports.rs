//! The serial ports. Upper tester: the DK's UART (the virtual COM port of its debugger, 115200 baud) and the first port of
//! the chip's own USB, whichever is connected. Radio link (`wire::radio_link`): the second port of the USB.
//!
//! What the firmware says waits in a pipe. A USB port that nobody has opened loses it.

use embassy_futures::join::{join, join4};
use embassy_nrf::Peri;
#[cfg(not(feature = "dongle"))]
use embassy_nrf::buffered_uarte::BufferedUarte;
use embassy_nrf::peripherals::USBD;
use embassy_nrf::usb::Driver;
use embassy_nrf::usb::vbus_detect::HardwareVbusDetect;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::pipe::Pipe;
use embassy_usb::class::cdc_acm::{CdcAcmClass, Receiver, Sender, State};
use embassy_usb::{Builder, Config};
use static_cell::StaticCell;

use crate::Interrupts;

type Octets<const N: usize> = Pipe<CriticalSectionRawMutex, N>;

/// From the upper tester.
pub static COMMANDS: Octets<512> = Pipe::new();
/// To the upper tester over the UART.
#[cfg(not(feature = "dongle"))]
pub static ANSWERS_UART: Octets<2048> = Pipe::new();
/// To the upper tester over USB.
pub static ANSWERS_USB: Octets<2048> = Pipe::new();
/// From the other side of the radio link.
pub static LINK_IN: Octets<2048> = Pipe::new();
/// To it.
pub static LINK_OUT: Octets<4096> = Pipe::new();

/// Octets of a USB packet at full speed.
const PACKET: usize = 64;
/// pid.codes' test identifiers: for prototypes, not for sale (https://pid.codes/1209/0001/).
const VENDOR: u16 = 0x1209;
const PRODUCT: u16 = 0x0001;

type Usb = Driver<'static, HardwareVbusDetect>;

/// Answers to whoever listens. One that does not fit a USB port is lost if nobody empties it.
pub async fn answer(octets: &[u8]) {
    if ANSWERS_USB.free_capacity() >= octets.len() {
        ANSWERS_USB.write_all(octets).await;
    }
    #[cfg(not(feature = "dongle"))]
    ANSWERS_UART.write_all(octets).await;
}

/// One message of the radio link, whole or not at all; whether there was room.
pub async fn tell(octets: &[u8]) -> bool {
    let has_room = LINK_OUT.free_capacity() >= octets.len();
    if has_room {
        LINK_OUT.write_all(octets).await;
    }
    has_room
}

#[cfg(not(feature = "dongle"))]
#[embassy_executor::task]
pub async fn uart(uart: BufferedUarte<'static>) {
    let (mut rx, mut tx) = uart.split();
    let read = async {
        let mut octets = [0; PACKET];
        loop {
            // Noise on the line is the upper tester's to notice: it answers lines that are whole.
            if let Ok(length) = rx.read(&mut octets).await {
                COMMANDS.write_all(octets.get(..length).unwrap_or_default()).await;
            }
        }
    };
    let write = async {
        let mut octets = [0; PACKET];
        loop {
            let length = ANSWERS_UART.read(&mut octets).await;
            let mut left = octets.get(..length).unwrap_or_default();
            while let Ok(written @ 1..) = tx.write(left).await {
                left = left.get(written..).unwrap_or_default();
                if left.is_empty() {
                    break;
                }
            }
        }
    };
    join(read, write).await;
}

#[embassy_executor::task]
pub async fn usb(peripheral: Peri<'static, USBD>, serial_number: &'static str) {
    static DESCRIPTORS: StaticCell<[[u8; 256]; 2]> = StaticCell::new();
    static CONTROL: StaticCell<[u8; 64]> = StaticCell::new();
    static STATES: StaticCell<[State<'static>; 2]> = StaticCell::new();
    let driver = Driver::new(peripheral, Interrupts, HardwareVbusDetect::new(Interrupts));
    let mut config = Config::new(VENDOR, PRODUCT);
    config.manufacturer = Some("Bootrack");
    config.product = Some("Bootrack reference device");
    config.serial_number = Some(serial_number);
    let [configuration, bos] = DESCRIPTORS.init([[0; 256]; 2]);
    let control = CONTROL.init([0; 64]);
    let mut builder = Builder::new(driver, config, configuration, bos, &mut [], control);
    let [tester_state, link_state] = STATES.init([State::new(), State::new()]);
    let (tester_out, tester_in) = CdcAcmClass::new(&mut builder, tester_state, PACKET as u16).split();
    let (link_out, link_in) = CdcAcmClass::new(&mut builder, link_state, PACKET as u16).split();
    let mut device = builder.build();
    join(
        device.run(),
        join4(
            receive(tester_in, &COMMANDS),
            send(tester_out, &ANSWERS_USB),
            receive(link_in, &LINK_IN),
            send(link_out, &LINK_OUT),
        ),
    )
    .await;
}

async fn receive<const N: usize>(mut port: Receiver<'static, Usb>, pipe: &Octets<N>) {
    let mut octets = [0; PACKET];
    loop {
        port.wait_connection().await;
        while let Ok(length) = port.read_packet(&mut octets).await {
            pipe.write_all(octets.get(..length).unwrap_or_default()).await;
        }
    }
}

async fn send<const N: usize>(mut port: Sender<'static, Usb>, pipe: &Octets<N>) {
    let mut octets = [0; PACKET];
    loop {
        let length = pipe.read(&mut octets).await;
        // Without DTR nobody has opened the port.
        if !port.dtr() {
            continue;
        }
        let is_full = length == PACKET;
        let sent = port.write_packet(octets.get(..length).unwrap_or_default()).await;
        // A transfer that ends with a full packet is ended by an empty one.
        if sent.is_ok() && is_full && pipe.is_empty() {
            let _ = port.write_packet(&[]).await;
        }
    }
}
