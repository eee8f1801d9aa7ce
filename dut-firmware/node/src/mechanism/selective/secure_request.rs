//! When SSRs go to a neighbour (`SEL` 5.3.4, `PROFILE-SEL` 5 and 6): a series when the key arrives or the neighbour
//! appears, another at each refresh, and answers, at most one a second.

use alloc::vec::Vec;
#[cfg(feature = "mutants")]
use core::time::Duration;

use protocols::time::Instant;
use wire::Eui64;

use super::profile::{LIFETIME_UNIT, SSR_WAITS};
use crate::liberties::Free;

/// The SSRs exchanged with one neighbour.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    next: Option<Instant>,
    sent_in_series: usize,
    #[cfg(feature = "mutants")]
    last_asked: Option<Instant>,
    last_sent: Option<Instant>,
    last_answer: Option<Instant>,
    /// An SSR came within a second of ours over the marked link: the third one of 5.3.4 read literally, most likely.
    concluded: bool,
    owed: Option<Instant>,
    /// Which liberties it takes.
    free: Free,
}

impl Series {
    /// SSRs are refreshed at half of their lifetime (`PROFILE-SEL` 6).
    fn refresh(&self) -> core::time::Duration {
        LIFETIME_UNIT * u32::from(self.free.ssr_lifetime_units()) / 2
    }

    /// Starts a series now.
    pub(crate) fn start(&mut self, now: Instant) {
        (self.next, self.sent_in_series) = (Some(now), 0);
    }

    /// Answers so much later: what a slow device does. Who asks again meanwhile does not put the answer off.
    #[cfg(feature = "mutants")]
    pub(crate) fn answer_later(&mut self, now: Instant, marked: bool, delay: Duration) {
        let owed = self.owed;
        if self.take_answer(now, marked) {
            self.owed = owed.or(Some(now + delay));
        }
    }

    /// When the next SSR is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        [self.next, self.owed].into_iter().flatten().min()
    }

    /// Whether an SSR is due; if so, it counts as sent and the next one is planned.
    pub(crate) fn take_due(&mut self, now: Instant, repeat: bool) -> bool {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (owed, in_series) = (due(self.owed), due(self.next));
        if in_series {
            let wait = SSR_WAITS.get(self.sent_in_series).copied().filter(|_| repeat);
            // After the last of a series the refresh starts the next one.
            self.sent_in_series = if wait.is_some() { self.sent_in_series.saturating_add(1) } else { 0 };
            self.next = Some(now + wait.unwrap_or(self.refresh()));
            #[cfg(feature = "mutants")]
            {
                self.last_asked = Some(now);
            }
        }
        if owed {
            (self.owed, self.last_answer) = (None, Some(now));
        }
        if owed || in_series {
            (self.last_sent, self.concluded) = (Some(now), false);
        }
        owed || in_series
    }

    /// The neighbour sends secured frames though the link is not marked here: it has marked it, and every answer to the
    /// last series was lost. Without another series each would refuse what the other sends until the refresh.
    pub(crate) fn nudge(&mut self, now: Instant) {
        let least = self.free.ssr_nudge_idle();
        let idle = self.next.is_some_and(|next| next > now + least);
        if idle && self.last_sent.is_none_or(|sent| sent + least <= now) {
            self.start(now);
        }
    }

    /// The neighbour's SSR arrived: no repetition is needed before the refresh.
    pub(crate) fn heard(&mut self, now: Instant) {
        (self.next, self.sent_in_series) = (Some(now + self.refresh()), 0);
    }

    /// No refresh will follow: what a mutant does.
    #[cfg(feature = "mutants")]
    pub(crate) fn stop_series(&mut self) {
        self.next = None;
    }

    /// Whether an SSR of this device that was no answer left within the last second: what a mutant goes by.
    #[cfg(feature = "mutants")]
    pub(crate) fn asked(&self, now: Instant) -> bool {
        self.last_asked.is_some_and(|asked| now < asked + self.free.ssr_answer_interval())
    }

    /// Whether the neighbour's SSR is answered now. Within a second of the last answer it is answered when that second is
    /// over, so that a lost answer heals; but the first one that follows an SSR of ours over a marked link concludes the
    /// exchange and is not answered at all, or two such devices would never stop.
    pub(crate) fn take_answer(&mut self, now: Instant, marked: bool) -> bool {
        let least = self.free.ssr_answer_interval();
        let until = |sent: Option<Instant>| sent.map(|sent| sent + least).filter(|until| now < *until);
        let wait = if marked { until(self.last_sent) } else { until(self.last_answer) };
        let Some(wait) = wait else {
            (self.last_answer, self.last_sent) = (Some(now), Some(now));
            (self.concluded, self.owed) = (false, None);
            return true;
        };
        if !marked || self.concluded {
            self.owed = Some(wait);
        }
        self.concluded = true;
        false
    }
}

/// The SSRs exchanged with each neighbour.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(Vec<(Eui64, Series)>, Free);

impl Exchanges {
    /// None yet; they take these liberties.
    pub(crate) fn taking(free: Free) -> Self {
        Self(Vec::new(), free)
    }

    /// Those with one neighbour.
    pub(crate) fn with(&mut self, neighbour: Eui64) -> &mut Series {
        let at = self.0.iter().position(|(known, _)| *known == neighbour).unwrap_or_else(|| {
            self.0.push((neighbour, Series { free: self.1, ..Series::default() }));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }

    /// Whether an SSR to the neighbour is due; see [`Series::take_due`].
    pub(crate) fn take_due(&mut self, neighbour: Eui64, now: Instant, repeat: bool) -> bool {
        let known = self.0.iter_mut().find(|(known, _)| *known == neighbour);
        known.is_some_and(|(_, series)| series.take_due(now, repeat))
    }

    /// The neighbour is not in the list any more.
    pub(crate) fn forget(&mut self, neighbour: Eui64) {
        self.0.retain(|(known, _)| *known != neighbour);
    }

    /// When the next SSR is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.iter().filter_map(|(_, series)| series.next()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn secured_frames_over_an_unmarked_link_begin_another_series_once_the_last_is_over() {
        let mut series = Series::default();
        series.start(at(0));
        assert_eq!(sent_until(&mut series, at(7_000)), [0, 1, 3, 7]);
        series.nudge(at(9_000));
        assert_eq!(sent_until(&mut series, at(11_000)), [], "the last answer may still come");
        series.nudge(at(13_000));
        series.nudge(at(13_100));
        assert_eq!(sent_until(&mut series, at(30_000)), [13, 14, 16, 20]);
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
    fn an_ssr_over_an_unmarked_link_is_answered_at_once_and_one_that_concludes_an_exchange_is_not() {
        let mut initiator = Series::default();
        initiator.start(at(0));
        assert!(initiator.take_due(at(0), true));
        assert!(initiator.clone().take_answer(at(5), false), "5.3.4 read literally");
        assert!(!initiator.take_answer(at(5), true), "no loop");
        initiator.heard(at(5));
        assert_eq!(initiator.next(), Some(at(5) + initiator.refresh()));
    }

    #[test]
    fn further_ssrs_within_a_second_are_answered_once_when_it_is_over() {
        let mut series = Series::default();
        assert!(series.take_answer(at(0), false));
        for milliseconds in [100, 200, 999] {
            assert!(!series.take_answer(at(milliseconds), true));
        }
        assert_eq!(series.next(), Some(at(1000)));
        assert!(series.take_due(at(1000), true));
        assert_eq!(series.next(), None);
        assert!(series.take_answer(at(2000), true));
    }
}
