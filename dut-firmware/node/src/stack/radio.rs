//! The queue in front of the radio: one frame at a time, in order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use protocols::time::Instant;
use wire::Eui64;

use crate::bounds;
use crate::liberties::Free;

/// A radio that reports nothing for this long has lost the frame.
const WATCHDOG: Duration = Duration::from_secs(2);

/// A frame that waits or flies.
#[derive(Debug, Clone)]
struct Waiting {
    psdu: Vec<u8>,
    /// `None` if it is for all.
    receiver: Option<Eui64>,
    /// How often it may be handed to the radio again.
    attempts_left: u8,
}

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct TransmitQueue {
    waiting: VecDeque<Waiting>,
    in_flight: Option<(u32, Instant)>,
    /// The frame in flight; its octets are kept only if it may have to be sent again.
    flying: Option<Waiting>,
    /// Nothing is sent before.
    pause_until: Option<Instant>,
    next_handle: u32,
}

/// What has become of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is not known, or it was for all.
    Unknown,
    /// It waits for another attempt.
    Again,
    /// Its receiver has it, or was not reached.
    Final(Eui64),
}

impl TransmitQueue {
    /// Whether `frames` more have room.
    pub(crate) fn has_room(&self, frames: usize) -> bool {
        self.waiting.len().saturating_add(frames) <= bounds::TRANSMIT_QUEUE
    }

    /// Appends a frame, without FCS, for one receiver or for all. A frame for one receiver that was not acknowledged is handed to
    /// the radio once more, whatever the radio tried itself: two that do not hear each other and answer the same frame collide as
    /// often as the radio repeats. A fragment twice more: with it the whole datagram is lost, and it stands in the way of others
    /// of its own flight.
    pub(crate) fn push(&mut self, psdu: Vec<u8>, receiver: Option<Eui64>, is_fragment: bool, free: Free) {
        let attempts_left = match receiver {
            None => 0,
            Some(_) if is_fragment => free.more_attempts().saturating_mul(2),
            Some(_) => free.more_attempts(),
        };
        self.waiting.push_back(Waiting { psdu, receiver, attempts_left });
    }

    /// The next frame to hand to the radio, if it is free.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(u32, Vec<u8>)> {
        let flies = self.in_flight.is_some_and(|(_, since)| now < since + WATCHDOG);
        if flies || self.pause_until.is_some_and(|until| now < until) {
            return None;
        }
        (self.in_flight, self.flying, self.pause_until) = (None, None, None);
        let mut frame = self.waiting.pop_front()?;
        let psdu = if frame.attempts_left > 0 { frame.psdu.clone() } else { core::mem::take(&mut frame.psdu) };
        self.flying = Some(frame);
        let handle = self.next_handle;
        self.next_handle = self.next_handle.wrapping_add(1);
        self.in_flight = Some((handle, now));
        Some((handle, psdu))
    }

    /// The radio is done with `handle`. The next frame leaves after `pause`: the same one, perhaps, if it was for one receiver and
    /// was not acknowledged.
    pub(crate) fn done(&mut self, now: Instant, handle: u32, acknowledged: bool, pause: Duration) -> Fate {
        if self.in_flight.is_none_or(|(flying, _)| flying != handle) {
            return Fate::Unknown;
        }
        self.in_flight = None;
        self.pause_until = (!pause.is_zero()).then(|| now + pause);
        match self.flying.take() {
            Some(frame) if !acknowledged && frame.attempts_left > 0 => {
                self.waiting.push_front(Waiting { attempts_left: frame.attempts_left - 1, ..frame });
                Fate::Again
            }
            frame => frame.and_then(|frame| frame.receiver).map_or(Fate::Unknown, Fate::Final),
        }
    }

    /// Octets of the frames that wait.
    pub(crate) fn buffered(&self) -> usize {
        self.waiting.iter().chain(&self.flying).map(|frame| frame.psdu.len()).sum()
    }

    /// Whether nothing waits and nothing flies.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_none()
    }

    /// When a lost frame is given up, or a pause is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let resumes = self.pause_until.filter(|_| !self.waiting.is_empty());
        self.in_flight.map(|(_, since)| since + WATCHDOG).or(resumes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_leave_one_at_a_time_and_a_silent_radio_does_not_block_forever() {
        let mut queue = TransmitQueue::default();
        queue.push(Vec::from([1]), None, false, Free::default());
        queue.push(Vec::from([2]), None, false, Free::default());
        let (handle, psdu) = queue.next(Instant::ZERO).unwrap();
        assert_eq!(psdu, [1]);
        assert!(queue.next(Instant::ZERO).is_none());
        assert_eq!(queue.done(Instant::ZERO, handle.wrapping_add(1), true, PAUSE), Fate::Unknown);
        assert!(queue.next(Instant::ZERO).is_none(), "that was another frame");
        assert_eq!(queue.next(Instant::ZERO + WATCHDOG).unwrap().1, [2]);
        assert!(!queue.is_idle());
    }
    const PAUSE: Duration = Duration::from_millis(20);

    #[test]
    fn a_fragment_gets_three_attempts_another_frame_for_one_two_and_one_for_all_a_single_one() {
        let receiver = Eui64([7; 8]);
        for (to, is_fragment, attempts) in [(Some(receiver), true, 3), (Some(receiver), false, 2), (None, true, 1)] {
            let mut queue = TransmitQueue::default();
            queue.push(Vec::from([1]), to, is_fragment, Free::default());
            queue.push(Vec::from([2]), to, is_fragment, Free::default());
            let mut now = Instant::ZERO;
            for attempt in 1..=attempts {
                let (handle, psdu) = queue.next(now).unwrap();
                assert_eq!(psdu, [1], "attempt {attempt}: the frame keeps its place");
                let fate = queue.done(now, handle, false, PAUSE);
                if attempt == attempts {
                    assert_eq!(fate, to.map_or(Fate::Unknown, Fate::Final));
                    break;
                }
                assert_eq!(fate, Fate::Again);
                assert!(queue.next(now).is_none(), "not before the pause is over");
                assert_eq!(queue.deadline(), Some(now + PAUSE));
                now = now + PAUSE;
            }
            let (handle, psdu) = queue.next(now).unwrap();
            assert_eq!(psdu, [2]);
            queue.done(now, handle, true, PAUSE);
            assert!(queue.is_idle());
        }
    }
}
