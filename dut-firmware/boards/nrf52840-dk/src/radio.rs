//! The 802.15.4 radio of the nRF52840 (product specification v1.7, section 6.20), driven by its interrupt: it filters, acknowledges
//! and measures; `protocols::mac` decides. Acknowledgements begin 192 us after the frame: the PPI starts the transmitter when
//! TIMER0 says so, whatever the processor does. While a page of flash is erased (85 ms) the processor stands still, and frames
//! are neither handed over nor acknowledged.

use core::cell::RefCell;

use critical_section::Mutex;
use embassy_nrf::interrupt::typelevel::Handler;
use embassy_nrf::interrupt::{self, InterruptExt};
use embassy_nrf::pac;
use embassy_nrf::pac::radio::vals::{self, State};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, Timer, with_timeout};
use node::TransmitStatus;
use protocols::Entropy;
use protocols::mac::Csma;
use protocols::mac::address_filter::{acknowledgement_number, filter};
use protocols::mac::timing::{ACK_WAIT, MAX_RETRIES, TURNAROUND};
use wire::Eui64;
use wire::ieee802154::{FCS_LENGTH, FrameControl, Header, MAX_PSDU, PanId};
use wire::reader::Reader;

use crate::clock;

const RADIO: pac::radio::Radio = pac::RADIO;
/// The PHY header, and the longest PSDU.
const BUFFER: usize = 1 + MAX_PSDU;
/// Addresses that a tester radio can have at once.
pub const ADDRESSES: usize = 8;
/// From TASKS_TXEN to the first symbol, with the fast ramp-up (6.20.15.8).
const RAMP_UP_US: u32 = 40;
/// Captures of TIMER0: when a frame began, when it ended, when the acknowledgement is due.
const BEGAN: usize = 0;
const ENDED: usize = 1;
const ACK_DUE: usize = 2;
/// PPI channels: the two captures, and the start of the transmitter.
const CAPTURE_BEGAN: usize = 0;
const CAPTURE_ENDED: usize = 1;
const START_ACK: usize = 2;
/// A transmission of the longest frame is over after this, its assessment included.
const SENT_WITHIN: Duration = Duration::from_millis(10);
/// The acknowledgement's own time on air (11 octets), and that of waking a task.
const ACK_ON_AIR: Duration = Duration::from_micros(352 + 200);

/// A frame off the air.
pub struct Heard {
    /// Microseconds since boot at its first symbol after the preamble.
    pub at: u64,
    /// dBm.
    pub rssi_dbm: i8,
    /// 0 to 255.
    pub lqi: u8,
    psdu: [u8; MAX_PSDU],
    length: usize,
}

impl Heard {
    /// Without FCS.
    pub fn psdu(&self) -> &[u8] {
        self.psdu.get(..self.length).unwrap_or_default()
    }
}

/// What the radio lets through.
#[derive(Clone, Copy)]
pub struct Filter {
    /// 11 to 26.
    pub channel: u8,
    pub pan_id: PanId,
    /// Whom frames are acknowledged for.
    pub addresses: [Option<Eui64>; ADDRESSES],
    /// Everything passes, and nothing is acknowledged.
    pub is_sniffer: bool,
}

/// What comes of a transmission.
enum Access {
    Sent,
    Busy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Off,
    Receiving,
    Acknowledging,
    /// Assessing the channel, then sending.
    Sending {
        wants_acknowledgement: Option<u8>,
    },
    AwaitingAcknowledgement {
        number: u8,
    },
}

struct Driver {
    phase: Phase,
    filter: Option<Filter>,
    received: [u8; BUFFER],
    sent: [u8; BUFFER],
    acknowledgement: [u8; 6],
    dropped: u32,
}

static DRIVER: Mutex<RefCell<Driver>> = Mutex::new(RefCell::new(Driver {
    phase: Phase::Off,
    filter: None,
    received: [0; BUFFER],
    sent: [0; BUFFER],
    acknowledgement: [0; 6],
    dropped: 0,
}));
static ACCESS: Signal<CriticalSectionRawMutex, Access> = Signal::new();
static ACKNOWLEDGED: Signal<CriticalSectionRawMutex, ()> = Signal::new();

/// Frames that passed the filter.
pub static HEARD: Channel<CriticalSectionRawMutex, Heard, 12> = Channel::new();

/// Frames that were heard and found no place in [`HEARD`].
pub fn dropped() -> u32 {
    critical_section::with(|token| DRIVER.borrow_ref(token).dropped)
}

/// Prepares the radio; it stays off.
pub fn start() {
    RADIO.power().write(|w| w.set_power(false));
    RADIO.power().write(|w| w.set_power(true));
    RADIO.mode().write(|w| w.set_mode(vals::Mode::Ieee802154250kbit));
    RADIO.modecnf0().modify(|w| w.set_ru(vals::Ru::Fast));
    RADIO.pcnf0().write(|w| {
        w.set_lflen(8);
        w.set_plen(vals::Plen::_32bitZero);
        w.set_crcinc(vals::Crcinc::Include);
    });
    RADIO.pcnf1().write(|w| {
        w.set_maxlen(MAX_PSDU as u8);
        w.set_endian(vals::Endian::Little);
    });
    // The FCS (IEEE 802.15.4-2006 7.2.1.9); it is not over the PHY header.
    RADIO.crccnf().write(|w| {
        w.set_len(vals::Len::Two);
        w.set_skipaddr(vals::Skipaddr::Ieee802154);
    });
    RADIO.crcpoly().write(|w| w.set_crcpoly(0x1_1021));
    RADIO.crcinit().write(|w| w.set_crcinit(0));
    RADIO.sfd().write(|w| w.set_sfd(0xa7));
    RADIO.ccactrl().write(|w| w.set_ccamode(vals::Ccamode::CarrierMode));
    RADIO.txpower().write(|w| w.set_txpower(vals::Txpower::_0dBm));
    wire_up(
        CAPTURE_BEGAN,
        RADIO.events_framestart().as_ptr() as u32,
        clock::TIMER.tasks_capture(BEGAN).as_ptr() as u32,
    );
    wire_up(CAPTURE_ENDED, RADIO.events_phyend().as_ptr() as u32, clock::TIMER.tasks_capture(ENDED).as_ptr() as u32);
    wire_up(START_ACK, clock::TIMER.events_compare(ACK_DUE).as_ptr() as u32, RADIO.tasks_txen().as_ptr() as u32);
    pac::PPI.chenset().write(|w| {
        w.set_ch(CAPTURE_BEGAN, true);
        w.set_ch(CAPTURE_ENDED, true);
    });
    RADIO.intenset().write(|w| {
        w.set_phyend(true);
        w.set_ccabusy(true);
    });
    interrupt::RADIO.set_priority(interrupt::Priority::P0);
    interrupt::RADIO.unpend();
    // SAFETY: the handler is bound in main.rs, and what it shares is behind a critical section.
    unsafe { interrupt::RADIO.enable() };
}

fn wire_up(channel: usize, event: u32, task: u32) {
    pac::PPI.ch(channel).eep().write_value(event);
    pac::PPI.ch(channel).tep().write_value(task);
}

/// Listens by this filter from now on; `None` turns the receiver off.
pub fn listen(filter: Option<Filter>) {
    critical_section::with(|token| DRIVER.borrow_ref_mut(token).listen(filter));
}

/// Sends a frame without FCS by CSMA-CA, and again while it is not acknowledged if it asks for that. One at a time.
pub async fn transmit(psdu: &[u8], entropy: &mut Entropy) -> TransmitStatus {
    for _ in 0..=MAX_RETRIES {
        let mut csma = Csma::default();
        loop {
            let pause = csma.back_off(entropy).as_micros() as u64;
            Timer::after_micros(pause).await;
            ACCESS.reset();
            ACKNOWLEDGED.reset();
            let begun = critical_section::with(|token| DRIVER.borrow_ref_mut(token).send(psdu));
            match if begun { with_timeout(SENT_WITHIN, ACCESS.wait()).await } else { Ok(Access::Busy) } {
                Ok(Access::Sent) => break,
                Ok(Access::Busy) if csma.is_busy() => {}
                Ok(Access::Busy) => return TransmitStatus::ChannelAccessFailure,
                // An event that was lost: begin anew with the receiver.
                Err(_) => {
                    critical_section::with(|token| DRIVER.borrow_ref_mut(token).resume());
                    return TransmitStatus::ChannelAccessFailure;
                }
            }
        }
        if acknowledgement_wanted(psdu).is_none() {
            return TransmitStatus::Success;
        }
        let wait = Duration::from_micros(ACK_WAIT.as_micros() as u64) + ACK_ON_AIR;
        if with_timeout(wait, ACKNOWLEDGED.wait()).await.is_ok() {
            return TransmitStatus::Success;
        }
        critical_section::with(|token| DRIVER.borrow_ref_mut(token).give_up());
    }
    TransmitStatus::NoAck
}

/// The sequence number that the sender of this frame waits for.
fn acknowledgement_wanted(psdu: &[u8]) -> Option<u8> {
    let [control, _, number, ..] = psdu else { return None };
    (control & 1 << 5 != 0).then_some(*number)
}

impl Driver {
    fn listen(&mut self, filter: Option<Filter>) {
        self.filter = filter;
        self.stop();
        self.phase = Phase::Off;
        if let Some(filter) = &self.filter {
            // Channel 11 is at 2405 MHz, the next ones 5 MHz apart each.
            let offset = 5 * (filter.channel.clamp(11, 26) - 10);
            RADIO.frequency().write(|w| w.set_frequency(offset));
        }
        self.resume();
    }

    /// To the state DISABLED, whatever goes on.
    fn stop(&mut self) {
        pac::PPI.chenclr().write(|w| w.set_ch(START_ACK, true));
        RADIO.shorts().write(|_| {});
        if RADIO.state().read().state() != State::Disabled {
            RADIO.tasks_ccastop().write_value(1);
            RADIO.tasks_disable().write_value(1);
            wait_until_disabled();
        }
        RADIO.events_phyend().write_value(0);
        RADIO.events_ccabusy().write_value(0);
        RADIO.events_framestart().write_value(0);
    }

    /// Receives, if there is a filter.
    fn resume(&mut self) {
        self.stop();
        if self.filter.is_none() {
            self.phase = Phase::Off;
            return;
        }
        if !matches!(self.phase, Phase::AwaitingAcknowledgement { .. }) {
            self.phase = Phase::Receiving;
        }
        RADIO.packetptr().write_value(self.received.as_mut_ptr() as u32);
        RADIO.shorts().write(|w| {
            w.set_rxready_start(true);
            w.set_phyend_disable(true);
            w.set_address_rssistart(true);
        });
        fence();
        RADIO.tasks_rxen().write_value(1);
    }

    /// Begins to assess the channel, and sends if it is clear. `false` if the radio is just acknowledging or receiving.
    fn send(&mut self, psdu: &[u8]) -> bool {
        let is_receiving = self.phase == Phase::Receiving && RADIO.events_framestart().read() != 0;
        let fits = psdu.len() + FCS_LENGTH <= MAX_PSDU;
        if self.phase == Phase::Acknowledging || is_receiving || !fits {
            return false;
        }
        self.stop();
        self.sent[0] = (psdu.len() + FCS_LENGTH) as u8;
        self.sent[1..=psdu.len()].copy_from_slice(psdu);
        self.phase = Phase::Sending { wants_acknowledgement: acknowledgement_wanted(psdu) };
        RADIO.packetptr().write_value(self.sent.as_ptr() as u32);
        RADIO.shorts().write(|w| {
            w.set_rxready_ccastart(true);
            w.set_ccaidle_txen(true);
            w.set_txready_start(true);
            w.set_ccabusy_disable(true);
            w.set_phyend_disable(true);
        });
        fence();
        RADIO.tasks_rxen().write_value(1);
        true
    }

    /// No acknowledgement came.
    fn give_up(&mut self) {
        if matches!(self.phase, Phase::AwaitingAcknowledgement { .. }) {
            self.phase = Phase::Receiving;
        }
    }

    fn on_interrupt(&mut self) {
        if RADIO.events_ccabusy().read() != 0 {
            RADIO.events_ccabusy().write_value(0);
            if matches!(self.phase, Phase::Sending { .. }) {
                self.phase = Phase::Receiving;
                self.resume();
                ACCESS.signal(Access::Busy);
            }
        }
        if RADIO.events_phyend().read() == 0 {
            return;
        }
        RADIO.events_phyend().write_value(0);
        RADIO.events_framestart().write_value(0);
        fence();
        match self.phase {
            Phase::Off => {}
            Phase::Sending { wants_acknowledgement } => {
                self.phase = match wants_acknowledgement {
                    Some(number) => Phase::AwaitingAcknowledgement { number },
                    None => Phase::Receiving,
                };
                self.resume();
                ACCESS.signal(Access::Sent);
            }
            Phase::Acknowledging => self.resume(),
            Phase::Receiving | Phase::AwaitingAcknowledgement { .. } => {
                let acknowledged = if RADIO.crcstatus().read().crcstatus() == vals::Crcstatus::CrcOk {
                    self.take_frame()
                } else {
                    None
                };
                match acknowledged {
                    Some(number) => self.acknowledge(number),
                    None => self.resume(),
                }
            }
        }
    }

    /// Takes the frame in the buffer; the sequence number to acknowledge.
    fn take_frame(&mut self) -> Option<u8> {
        let filter_now = self.filter.as_ref()?;
        let length = usize::from(self.received[0]).checked_sub(FCS_LENGTH).filter(|length| *length < MAX_PSDU)?;
        let psdu = self.received.get(1..=length)?;
        if let (Phase::AwaitingAcknowledgement { number }, Some(acknowledged)) =
            (self.phase, acknowledgement_number(psdu))
            && number == acknowledged
        {
            self.phase = Phase::Receiving;
            ACKNOWLEDGED.signal(());
        }
        let header: Option<(FrameControl, Header)> = Header::parse(&mut Reader::new(psdu)).ok();
        let is_ours = |address| filter_now.addresses.contains(&Some(address));
        let filtered = filter(header.as_ref(), filter_now.pan_id, is_ours);
        if !filter_now.is_sniffer && !filtered.passed {
            return None;
        }
        let mut heard = Heard {
            at: clock::us_of(clock::TIMER.cc(BEGAN).read()),
            rssi_dbm: (RADIO.rssisample().read().rssisample() as i8).wrapping_neg(),
            // The chip writes it where the FCS was; times four it is that of the standard (6.20.12.5).
            lqi: self.received.get(1 + length).map_or(0, |lqi| lqi.saturating_mul(4)),
            psdu: [0; MAX_PSDU],
            length,
        };
        heard.psdu.get_mut(..length)?.copy_from_slice(psdu);
        if HEARD.try_send(heard).is_err() {
            self.dropped = self.dropped.wrapping_add(1);
            // A frame that is lost here is not acknowledged: its sender tries again.
            return None;
        }
        filtered.acknowledge.filter(|_| !filter_now.is_sniffer)
    }

    /// Sends an acknowledgement when it is due (IEEE 802.15.4-2006 7.2.2.3, 7.5.6.4.2).
    fn acknowledge(&mut self, number: u8) {
        wait_until_disabled();
        // A frame of our own that waited for its acknowledgement does so no more: half duplex.
        self.phase = Phase::Acknowledging;
        self.acknowledgement = [5, 0x02, 0x00, number, 0, 0];
        RADIO.packetptr().write_value(self.acknowledgement.as_ptr() as u32);
        RADIO.shorts().write(|w| {
            w.set_txready_start(true);
            w.set_phyend_disable(true);
        });
        fence();
        let lead = TURNAROUND.as_micros() as u32 - RAMP_UP_US;
        let due = clock::TIMER.cc(ENDED).read().wrapping_add(lead);
        clock::TIMER.events_compare(ACK_DUE).write_value(0);
        // Wired before it is due: between the two the moment could pass, and the transmitter would never start.
        pac::PPI.chenset().write(|w| w.set_ch(START_ACK, true));
        clock::TIMER.cc(ACK_DUE).write_value(due);
        // Too late: the timer has passed it, and would start the transmitter in 71 minutes.
        let is_late = clock::ticks().wrapping_sub(due) < u32::MAX / 2;
        if is_late && clock::TIMER.events_compare(ACK_DUE).read() == 0 {
            self.resume();
        }
    }
}

fn wait_until_disabled() {
    while RADIO.state().read().state() != State::Disabled {}
}

/// The radio reads and writes memory by itself: what was written before is there, what is read after is new.
fn fence() {
    core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
    cortex_m::asm::dmb();
}

/// The handler of the radio's interrupt.
pub struct InterruptHandler;

impl Handler<interrupt::typelevel::RADIO> for InterruptHandler {
    unsafe fn on_interrupt() {
        critical_section::with(|token| DRIVER.borrow_ref_mut(token).on_interrupt());
    }
}
