//! A discrete-event queue: integer nanoseconds, and the order of insertion where times are equal.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use protocols::time::Instant;

/// Events by time; those of one time in the order in which they were put in.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    heap: BinaryHeap<Reverse<Entry<T>>>,
    count: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: Instant,
    number: u64,
    event: T,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }
}

impl<T> Queue<T> {
    /// Puts an event in.
    pub(crate) fn push(&mut self, at: Instant, event: T) {
        let number = self.number();
        self.heap.push(Reverse(Entry { at, number, event }));
    }

    /// The number that the next event would bear: for what stands in another queue, in one order with those of this one.
    pub(crate) fn number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// When the next event is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.first().map(|(at, _)| at)
    }

    /// Time and number of the next event.
    pub(crate) fn first(&self) -> Option<(Instant, u64)> {
        self.heap.peek().map(|Reverse(entry)| (entry.at, entry.number))
    }

    /// Takes the next event out if it is due by `now`.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<T> {
        (self.due()? <= now).then(|| self.heap.pop())?.map(|Reverse(entry)| entry.event)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_and_those_of_one_time_in_their_order() {
        let mut queue = Queue::default();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (3, 'b'), (5, 'e')] {
            queue.push(Instant(at), event);
        }
        assert_eq!(queue.pop(Instant(0)), None);
        assert_eq!(queue.due(), Some(Instant(1)));
        let order: String = std::iter::from_fn(|| queue.pop(Instant(5))).collect();
        assert_eq!(order, "abcde");
    }
}
