//! The trickle timer (RFC 6206) that paces DIOs.

use core::time::Duration;

use protocols::Entropy;
use protocols::time::Instant;

use super::super::random::random_below;
use super::is_due;

/// A timer with its parameters: Imin, the doublings up to Imax, and k.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trickle {
    interval_min: Duration,
    doublings: u32,
    redundancy: u32,
    /// How often Imin was doubled.
    doubled: u32,
    begun: Instant,
    /// When this interval's message is sent, if that is still ahead.
    fires: Option<Instant>,
    /// Consistent messages heard in this interval.
    heard: u32,
}

impl Trickle {
    /// Begins with an interval of Imin (RFC 6206 section 4.2, step 1). A redundancy of 0 means infinity (section 6.5).
    pub(crate) fn new(
        now: Instant,
        interval_min: Duration,
        doublings: u32,
        redundancy: u32,
        entropy: &mut Entropy,
    ) -> Self {
        let redundancy = if redundancy == 0 { u32::MAX } else { redundancy };
        let doublings = doublings.min(20);
        let mut trickle = Self { interval_min, doublings, redundancy, doubled: 0, begun: now, fires: None, heard: 0 };
        trickle.begin(now, entropy);
        trickle
    }

    fn interval(&self) -> Duration {
        self.interval_min * (1 << self.doubled)
    }

    fn begin(&mut self, now: Instant, entropy: &mut Entropy) {
        let half = self.interval() / 2;
        let offset = half + random_below(half, entropy);
        (self.begun, self.heard, self.fires) = (now, 0, Some(now + offset));
    }

    /// A consistent message was heard (step 3).
    pub(crate) fn hear_consistent(&mut self) {
        self.heard = self.heard.saturating_add(1);
    }

    /// Something is not as it should be: back to Imin, unless the interval is that already (step 6).
    pub(crate) fn hear_inconsistent(&mut self, now: Instant, entropy: &mut Entropy) {
        if self.doubled > 0 {
            self.doubled = 0;
            self.begin(now, entropy);
        }
    }

    /// Whether a message is due now (steps 4 and 5).
    pub(crate) fn poll(&mut self, now: Instant, entropy: &mut Entropy) -> bool {
        let mut sends = false;
        if is_due(self.fires, now) {
            self.fires = None;
            sends = self.heard < self.redundancy;
        }
        if is_due(Some(self.begun + self.interval()), now) {
            self.doubled = (self.doubled + 1).min(self.doublings);
            self.begin(now, entropy);
        }
        sends
    }

    /// When `poll` has something to do.
    pub(crate) fn deadline(&self) -> Instant {
        self.fires.unwrap_or(self.begun + self.interval())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    /// The times in milliseconds at which a timer sends within `length` of time.
    fn sent(trickle: &mut Trickle, length: Duration, entropy: &mut Entropy) -> Vec<u128> {
        let mut times = Vec::new();
        loop {
            let now = trickle.deadline();
            if now > Instant::ZERO + length {
                return times;
            }
            if trickle.poll(now, entropy) {
                times.push(now.since(Instant::ZERO).as_millis());
            }
        }
    }

    proptest! {
        #[test]
        fn each_interval_sends_once_in_its_second_half_and_doubles_up_to_the_most(seed: u64, doublings in 0_u32..6) {
            let mut entropy = Entropy::seed_from_u64(seed);
            let mut trickle = Trickle::new(Instant::ZERO, Duration::from_millis(1000), doublings, 10, &mut entropy);
            let times = sent(&mut trickle, Duration::from_secs(600), &mut entropy);
            let (mut begun, mut interval) = (0, 1000);
            for at in times {
                prop_assert!((begun + interval / 2..begun + interval).contains(&at), "{at}: {begun} and {interval}");
                begun += interval;
                interval = (interval * 2).min(1000 << doublings);
            }
        }

        #[test]
        fn who_heard_enough_is_silent_for_this_interval(seed: u64, heard in 0_u32..4) {
            let mut entropy = Entropy::seed_from_u64(seed);
            let mut trickle = Trickle::new(Instant::ZERO, Duration::from_millis(1000), 0, 2, &mut entropy);
            (0..heard).for_each(|_| trickle.hear_consistent());
            let times = sent(&mut trickle, Duration::from_nanos(1_999_999_999), &mut entropy);
            prop_assert_eq!(times.len(), if heard < 2 { 2 } else { 1 });
        }
    }

    #[test]
    fn an_inconsistency_begins_anew_but_not_within_the_shortest_interval() {
        let mut entropy = Entropy::seed_from_u64(1);
        let mut trickle = Trickle::new(Instant::ZERO, Duration::from_millis(1000), 5, 0, &mut entropy);
        let fresh = trickle;
        trickle.hear_inconsistent(Instant::ZERO + Duration::from_millis(1), &mut entropy);
        assert_eq!(trickle, fresh);
        sent(&mut trickle, Duration::from_secs(40), &mut entropy);
        let now = Instant::ZERO + Duration::from_secs(41);
        trickle.hear_inconsistent(now, &mut entropy);
        assert!(trickle.deadline() < now + Duration::from_secs(1));
    }
}
