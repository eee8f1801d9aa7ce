//! When JSRs go to the commissioning tool (`PROFILE-SEL` 4): from the moment the device has a global address, after 2 s,
//! 4 s, ... 120 s with 10 % jitter, paused during a handshake, never once a key is held.

use core::time::Duration;

use protocols::Entropy;
use protocols::time::Instant;
use rand_core::Rng;

use crate::liberties::Free;

/// The schedule of JSRs.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    next: Option<Instant>,
    interval: Option<Duration>,
    sent: u32,
    /// Which liberties it takes.
    free: Free,
}

impl Schedule {
    /// None yet; it takes these liberties.
    pub(crate) fn taking(free: Free) -> Self {
        Self { free, ..Self::default() }
    }

    /// Starts anew: one JSR now.
    pub(crate) fn start(&mut self, now: Instant) {
        (self.next, self.interval) = (Some(now + self.free.jsr_delay()), None);
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        (self.next, self.interval) = (None, None);
    }

    /// When the next JSR is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// JSRs sent since boot.
    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }

    /// A JSR left: plans the next one, or none with `repeat` false.
    pub(crate) fn sent_one(&mut self, now: Instant, entropy: &mut Entropy, repeat: bool) {
        self.sent = self.sent.saturating_add(1);
        let greatest = self.free.jsr_greatest();
        let interval = self.interval.map_or(self.free.jsr_first(), |interval| (interval * 2).min(greatest));
        self.interval = Some(interval);
        self.next = repeat.then(|| now + jittered(interval, self.free.jsr_jitter_percent(), entropy));
    }

    /// Twice the pause after that of the ceiling: what a mutant does.
    #[cfg(feature = "mutants")]
    pub(crate) fn raise_ceiling(&mut self, now: Instant) {
        if self.interval == Some(self.free.jsr_greatest()) {
            self.next = Some(now + self.free.jsr_greatest() * 2);
        }
    }

    /// Plans the next JSR after exactly `interval`: what mutants do.
    #[cfg(feature = "mutants")]
    pub(crate) fn force(&mut self, now: Instant, interval: Duration) {
        self.next = Some(now + interval);
    }
}

/// `interval` more or less up to so many percent of it.
fn jittered(interval: Duration, percent: u32, entropy: &mut Entropy) -> Duration {
    let most = interval * percent / 100;
    interval - most + most * 2 * entropy.next_u32() / u32::MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use rand_core::SeedableRng;

    #[test]
    fn intervals_double_from_2_to_120_s_within_a_tenth() {
        let mut entropy = Entropy::from_seed([7; 32]);
        let mut schedule = Schedule::default();
        schedule.start(Instant::ZERO);
        let mut now = Instant::ZERO;
        let mut intervals = Vec::new();
        for _ in 0..9 {
            schedule.sent_one(now, &mut entropy, true);
            let next = schedule.next().unwrap();
            intervals.push((next - now).as_millis());
            now = next;
        }
        for (interval, nominal) in intervals.iter().zip([2u128, 4, 8, 16, 32, 64, 120, 120, 120]) {
            assert!((nominal * 900..=nominal * 1100).contains(interval), "{interval} ms for {nominal} s");
        }
        assert!(intervals.iter().any(|interval| interval % 1000 != 0), "there is jitter");
        assert_eq!(schedule.sent(), 9);
    }
}
