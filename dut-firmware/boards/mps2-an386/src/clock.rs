//! Time from CMSDK timer 0, which runs freely, and sleep until timer 1 or an octet ends it (Arm DDI 0479D section 4.2).

use protocols::time::Instant;

use crate::register::{get, set};

const TIMER_0: usize = 0x4000_0000;
const TIMER_1: usize = 0x4000_1000;
const CONTROL: usize = 0x00;
const VALUE: usize = 0x04;
const RELOAD: usize = 0x08;
const INTERRUPTS: usize = 0x0c;

const ENABLE: u32 = 1;
const INTERRUPT: u32 = 1 << 3;
/// Interrupt of timer 1.
const TIMER_1_INTERRUPT: u32 = 9;

/// At 25 MHz.
const NANOSECONDS_A_TICK: u64 = 40;
/// Timer 0 counts down from here and begins again; it must be looked at more often: it takes 171 seconds.
const FULL: u32 = u32::MAX;
/// A sleep ends after this many ticks at the latest: a minute.
const LONGEST_SLEEP: u64 = 60 * 25_000_000;

const NVIC_ENABLE: usize = 0xe000_e100;
const NVIC_CLEAR: usize = 0xe000_e280;

/// Time since the board booted.
pub struct Clock {
    last: u32,
    ticks: u64,
}

/// An interrupt ends sleep from now on.
pub fn wakes(interrupt: u32) {
    set(NVIC_ENABLE, 1 << interrupt);
}

/// The interrupt is dealt with.
pub fn seen(interrupt: u32) {
    set(NVIC_CLEAR, 1 << interrupt);
}

impl Clock {
    /// Starts from zero.
    pub fn start() -> Self {
        set(TIMER_0 + CONTROL, 0);
        set(TIMER_0 + RELOAD, FULL);
        set(TIMER_0 + VALUE, FULL);
        set(TIMER_0 + CONTROL, ENABLE);
        wakes(TIMER_1_INTERRUPT);
        Self { last: get(TIMER_0 + VALUE), ticks: 0 }
    }

    /// Nanoseconds since [`Self::start`].
    pub fn now(&mut self) -> Instant {
        let value = get(TIMER_0 + VALUE);
        self.ticks += u64::from(self.last.wrapping_sub(value));
        self.last = value;
        Instant(self.ticks * NANOSECONDS_A_TICK)
    }

    /// Sleeps until a moment, or until an octet arrives.
    pub fn sleep_until(&mut self, deadline: Option<Instant>) {
        let now = self.now();
        let left = deadline.map_or(u64::MAX, |deadline| deadline.0.saturating_sub(now.0) / NANOSECONDS_A_TICK);
        if left == 0 {
            return;
        }
        set(TIMER_1 + CONTROL, 0);
        set(TIMER_1 + INTERRUPTS, 1);
        seen(TIMER_1_INTERRUPT);
        set(TIMER_1 + RELOAD, left.min(LONGEST_SLEEP) as u32);
        set(TIMER_1 + VALUE, left.min(LONGEST_SLEEP) as u32);
        set(TIMER_1 + CONTROL, ENABLE | INTERRUPT);
        cortex_m::asm::dsb();
        cortex_m::asm::wfi();
        set(TIMER_1 + CONTROL, 0);
        set(TIMER_1 + INTERRUPTS, 1);
        seen(TIMER_1_INTERRUPT);
    }
}
