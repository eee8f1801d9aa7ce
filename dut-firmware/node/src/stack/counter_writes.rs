//! When the frame counters of neighbours are written to the store (`PROFILE-SEL` 12, IEEE 802.15.4-2006 section 7.5.8.2.3): before
//! anything is made of the frame, so that none is taken again after a power cut, and yet seldom enough for flash.
//!
//! As long as the budget lasts every counter is written as it is. Beyond it the store runs ahead of the neighbour: some of its
//! next frames need no write, and after a power cut it is those that are refused, about as many as came between two writes.
//! A frame that was taken is never taken again; the price of a cut in the middle of a flood is a moment of deafness.

use core::time::Duration;

use protocols::time::Instant;

/// Writes that may come together: those of a whole bootstrap.
const BURST: u32 = 64;

/// From then on one write in this time for each counter as it is, and about as many that run ahead.
const REFILL: Duration = Duration::from_secs(30);

/// The store is never further ahead than this.
pub const AHEAD_MAX: u32 = 256;

/// What may still be written.
#[derive(Debug, Clone)]
pub(crate) struct CounterWrites {
    left: u32,
    refilled: Instant,
    /// How far ahead the next write beyond the budget goes.
    ahead: u32,
}

impl CounterWrites {
    /// A full budget.
    pub(crate) fn new(now: Instant) -> Self {
        Self { left: BURST, refilled: now, ahead: 1 }
    }

    /// What to write now that `expected` is the lowest counter still to be taken and the store holds `stored`; `None` if
    /// that is enough.
    pub(crate) fn due(&mut self, now: Instant, expected: u32, stored: Option<u32>) -> Option<u32> {
        if stored == Some(expected) {
            return None;
        }
        self.refill(now);
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            self.ahead = (self.ahead / 2).max(1);
            return Some(expected);
        }
        if stored.is_some_and(|stored| stored > expected) {
            return None;
        }
        let due = expected.saturating_add(self.ahead);
        self.ahead = self.ahead.saturating_mul(2).min(AHEAD_MAX);
        Some(due)
    }

    fn refill(&mut self, now: Instant) {
        let periods = now.since(self.refilled).as_secs() / REFILL.as_secs();
        let periods = u32::try_from(periods).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(periods).min(BURST);
        self.refilled = self.refilled + REFILL * periods;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// Takes `count` frames, one in each `interval`; how often the store was written, and how far it was ahead at most after
    /// the first thousand frames.
    fn receive(count: u32, interval: Duration) -> (u32, u32) {
        let mut writes = CounterWrites::new(Instant::ZERO);
        let (mut stored, mut written, mut most) = (None, 0, 0);
        for counter in 0..count {
            let expected = counter + 1;
            if let Some(due) = writes.due(Instant::ZERO + interval * counter, expected, stored) {
                (stored, written) = (Some(due), written + 1);
            }
            let bound = stored.expect("the first counter is written");
            assert!(bound >= expected, "counter {counter} would be taken again after a cut: {bound}");
            most = most.max(if counter > 1000 { bound - expected } else { 0 });
        }
        (written, most)
    }

    #[test]
    fn a_bootstrap_is_written_as_it_is() {
        let mut writes = CounterWrites::new(Instant::ZERO);
        for counter in 0..BURST {
            assert_eq!(writes.due(Instant::ZERO, counter + 1, Some(counter)), Some(counter + 1));
        }
        assert_eq!(writes.due(Instant::ZERO, 65, Some(65)), None, "it is written already");
    }

    /// Traffic without an end: what flash has to bear, and for how long a neighbour is not heard after a cut.
    #[rstest]
    #[case::every_minute(Duration::from_secs(60), 1.0, 0)]
    #[case::ten_seconds(Duration::from_secs(10), 0.70, 4)]
    #[case::a_second(Duration::from_secs(1), 0.08, 60)]
    #[case::ten_a_second(Duration::from_millis(100), 0.015, AHEAD_MAX)]
    #[case::a_thousand_a_second(Duration::from_millis(1), 0.006, AHEAD_MAX)]
    fn wear_and_deafness_are_bounded(#[case] interval: Duration, #[case] a_frame: f64, #[case] ahead: u32) {
        let (written, most) = receive(40_000, interval);
        let share = f64::from(written) / 40_000.0;
        assert!(share <= a_frame && most <= ahead, "{written} writes, {most} ahead");
    }

    #[test]
    fn after_a_flood_the_store_is_right_again() {
        let mut writes = CounterWrites::new(Instant::ZERO);
        let mut stored = None;
        for counter in 0..10_000 {
            stored = writes.due(Instant::ZERO, counter + 1, stored).or(stored);
        }
        assert!(stored.is_some_and(|stored| stored > 10_000));
        assert_eq!(writes.due(Instant::ZERO + REFILL, 10_001, stored), Some(10_001));
    }
}
