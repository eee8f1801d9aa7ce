//! The queue in front of the radio: one frame at a time, in order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use protocols::time::Instant;
use wire::Eui64;

use crate::bounds;

/// A radio that reports nothing for this long has lost the frame.
const WATCHDOG: Duration = Duration::from_secs(2);

/// The queue.
#[derive(Debug, Default)]
pub(crate) struct TransmitQueue {
    waiting: VecDeque<(Vec<u8>, Option<Eui64>)>,
    in_flight: Option<(u32, Instant)>,
    /// To whom the frame in flight goes; `None` if to all.
    receiver: Option<Eui64>,
    next_handle: u32,
}

impl TransmitQueue {
    /// Whether `frames` more have room.
    pub(crate) fn has_room(&self, frames: usize) -> bool {
        self.waiting.len().saturating_add(frames) <= bounds::TRANSMIT_QUEUE
    }

    /// Appends a frame, without FCS, for one receiver or for all.
    pub(crate) fn push(&mut self, psdu: Vec<u8>, receiver: Option<Eui64>) {
        self.waiting.push_back((psdu, receiver));
    }

    /// The next frame to hand to the radio, if it is free.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(u32, Vec<u8>)> {
        if self.in_flight.is_some_and(|(_, since)| now < since + WATCHDOG) {
            return None;
        }
        self.in_flight = None;
        let (psdu, receiver) = self.waiting.pop_front()?;
        self.receiver = receiver;
        let handle = self.next_handle;
        self.next_handle = self.next_handle.wrapping_add(1);
        self.in_flight = Some((handle, now));
        Some((handle, psdu))
    }

    /// The radio is done with `handle`; to whom it was, if it was in flight and not to all.
    pub(crate) fn done(&mut self, handle: u32) -> Option<Eui64> {
        self.in_flight.filter(|(flying, _)| *flying == handle)?;
        self.in_flight = None;
        self.receiver.take()
    }

    /// Whether nothing waits and nothing flies.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_none()
    }

    /// When a lost frame is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.in_flight.map(|(_, since)| since + WATCHDOG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_leave_one_at_a_time_and_a_silent_radio_does_not_block_forever() {
        let mut queue = TransmitQueue::default();
        queue.push(Vec::from([1]), None);
        queue.push(Vec::from([2]), None);
        let (handle, psdu) = queue.next(Instant::ZERO).unwrap();
        assert_eq!(psdu, [1]);
        assert!(queue.next(Instant::ZERO).is_none());
        queue.done(handle.wrapping_add(1));
        assert!(queue.next(Instant::ZERO).is_none(), "that was another frame");
        assert_eq!(queue.next(Instant::ZERO + WATCHDOG).unwrap().1, [2]);
        assert!(!queue.is_idle());
    }
}
