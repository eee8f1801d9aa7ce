//! Microseconds since boot: TIMER0 at 1 MHz, which the radio's events are captured with too.

use core::cell::Cell;

use critical_section::Mutex;
use embassy_nrf::pac;
use embassy_nrf::pac::timer::vals::{Bitmode, Mode};
use protocols::time::Instant;

/// The timer.
pub const TIMER: pac::timer::Timer = pac::TIMER0;
/// Its register that [`now_us`] captures in; the radio has the ones below.
const NOW: usize = 3;

/// The last reading, and the microseconds that it was.
static LAST: Mutex<Cell<(u32, u64)>> = Mutex::new(Cell::new((0, 0)));

/// Starts from zero. The prescaler divides 16 MHz by 2^4.
pub fn start() {
    TIMER.tasks_stop().write_value(1);
    TIMER.mode().write(|w| w.set_mode(Mode::Timer));
    TIMER.bitmode().write(|w| w.set_bitmode(Bitmode::_32bit));
    TIMER.prescaler().write(|w| w.set_prescaler(4));
    TIMER.tasks_clear().write_value(1);
    TIMER.tasks_start().write_value(1);
}

/// The timer's 32 bits.
pub fn ticks() -> u32 {
    critical_section::with(|_| {
        TIMER.tasks_capture(NOW).write_value(1);
        TIMER.cc(NOW).read()
    })
}

/// Microseconds since boot. To be called more often than every 71 minutes, when the timer begins again; the main loop does.
pub fn now_us() -> u64 {
    critical_section::with(|token| {
        let last = LAST.borrow(token);
        let ((before, us), now) = (last.get(), ticks());
        let us = us + u64::from(now.wrapping_sub(before));
        last.set((now, us));
        us
    })
}

/// The moment of a captured reading that is younger than 71 minutes.
pub fn us_of(captured: u32) -> u64 {
    critical_section::with(|_| now_us() - u64::from(ticks().wrapping_sub(captured)))
}

/// The same as the device counts it.
pub fn now() -> Instant {
    Instant(now_us() * 1000)
}
