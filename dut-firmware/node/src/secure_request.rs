//! When SSRs go to a neighbour (`SEL` 5.3.4, `PROFILE-SEL` 5 and 6): a series when the key arrives or the neighbour
//! appears, another at each refresh, and answers at a bounded rate.

use protocols::time::Instant;

use crate::profile::{SSR_ANSWER_INTERVAL, SSR_REFRESH, SSR_WAITS};

/// The SSRs exchanged with one neighbour.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    next: Option<Instant>,
    sent_in_series: usize,
    last_sent: Option<Instant>,
    last_answer: Option<Instant>,
}

impl Series {
    /// Starts a series now.
    pub(crate) fn start(&mut self, now: Instant) {
        (self.next, self.sent_in_series) = (Some(now), 0);
    }

    /// Ends all sending: the key is gone.
    pub(crate) fn stop(&mut self) {
        *self = Self::default();
    }

    /// When the next SSR is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Whether an SSR is due; if so, it counts as sent and the next one is planned.
    pub(crate) fn take_due(&mut self, now: Instant, repeat: bool) -> bool {
        if self.next.is_none_or(|next| next > now) {
            return false;
        }
        let wait = SSR_WAITS.get(self.sent_in_series).copied().filter(|_| repeat);
        // After the last of a series the refresh starts the next one.
        self.sent_in_series = if wait.is_some() { self.sent_in_series.saturating_add(1) } else { 0 };
        self.next = Some(now + wait.unwrap_or(SSR_REFRESH));
        self.last_sent = Some(now);
        true
    }

    /// The neighbour's SSR arrived: no repetition is needed before the refresh.
    pub(crate) fn heard(&mut self, now: Instant) {
        (self.next, self.sent_in_series) = (Some(now + SSR_REFRESH), 0);
    }

    /// Whether the neighbour's SSR is to be answered. Over an unmarked link the draft asks for an answer each time; over a
    /// marked one an SSR of ours within the last second is answer enough, which ends the exchange.
    pub(crate) fn take_answer(&mut self, now: Instant, marked: bool) -> bool {
        let recent = |sent: Option<Instant>| sent.is_some_and(|sent| now < sent + SSR_ANSWER_INTERVAL);
        if recent(self.last_answer) || marked && recent(self.last_sent) {
            return false;
        }
        (self.last_answer, self.last_sent) = (Some(now), Some(now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::time::Duration;

    fn at(milliseconds: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(milliseconds)
    }

    fn sent_until(series: &mut Series, end: Instant) -> Vec<u64> {
        let mut times = Vec::new();
        while let Some(next) = series.next().filter(|next| *next <= end) {
            assert!(series.take_due(next, true));
            times.push(next.0 / 1_000_000_000);
        }
        times
    }

    #[test]
    fn an_unanswered_series_is_repeated_after_1_2_and_4_s_and_at_each_refresh() {
        let mut series = Series::default();
        series.start(at(0));
        assert_eq!(sent_until(&mut series, at(2_000_000)), [0, 1, 3, 7, 1807, 1808, 1810, 1814]);
    }

    #[test]
    fn an_answer_ends_the_repetition_until_the_refresh() {
        let mut series = Series::default();
        series.start(at(0));
        assert!(series.take_due(at(0), true));
        series.heard(at(10));
        assert_eq!(sent_until(&mut series, at(1_799_000)), []);
    }

    #[test]
    fn answers_are_limited_to_one_a_second_and_an_own_ssr_answers_a_marked_link() {
        let mut series = Series::default();
        assert!(series.take_answer(at(0), false));
        assert!(!series.take_answer(at(999), true) && !series.take_answer(at(999), false));
        assert!(series.take_answer(at(1000), true));
        let mut initiator = Series::default();
        initiator.start(at(0));
        assert!(initiator.take_due(at(0), true));
        assert!(initiator.clone().take_answer(at(5), false), "5.3.4 read literally");
        assert!(!initiator.take_answer(at(5), true), "no loop");
    }
}
