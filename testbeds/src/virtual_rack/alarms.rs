//! The boards' alarm clocks: one each, so that setting one anew leaves nothing behind.

use std::collections::BTreeSet;

use protocols::time::Instant;

/// When a board wants to be woken: the time, and a number that orders what is due at one time.
type Alarm = (Instant, u64);

/// One alarm clock a board.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    set: Vec<Option<Alarm>>,
    order: BTreeSet<(Alarm, usize)>,
}

impl Alarms {
    /// Clocks for this many boards, none of them set.
    pub(crate) fn new(boards: usize) -> Self {
        Self { set: vec![None; boards], order: BTreeSet::new() }
    }

    /// When a board will be woken.
    pub(crate) fn at(&self, board: usize) -> Option<Instant> {
        self.set[board].map(|(at, _)| at)
    }

    /// Sets a clock; what it was set to before is void.
    pub(crate) fn set(&mut self, board: usize, at: Instant, number: u64) {
        self.clear(board);
        self.set[board] = Some((at, number));
        self.order.insert(((at, number), board));
    }

    /// Switches a clock off.
    pub(crate) fn clear(&mut self, board: usize) {
        if let Some(alarm) = self.set[board].take() {
            self.order.remove(&(alarm, board));
        }
    }

    /// The next alarm.
    pub(crate) fn first(&self) -> Option<Alarm> {
        self.order.first().map(|(alarm, _)| *alarm)
    }

    /// Takes the next alarm off: whose it is.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let (_, board) = self.order.pop_first()?;
        self.set[board] = None;
        Some(board)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_setting_of_a_clock_counts_and_equal_times_come_by_number() {
        let mut alarms = Alarms::new(3);
        alarms.set(0, Instant(5), 1);
        alarms.set(1, Instant(7), 2);
        alarms.set(0, Instant(7), 3);
        alarms.set(2, Instant(1), 4);
        alarms.clear(2);
        assert_eq!(alarms.at(0), Some(Instant(7)));
        assert_eq!(alarms.first(), Some((Instant(7), 2)));
        assert_eq!([alarms.pop(), alarms.pop(), alarms.pop()], [Some(1), Some(0), None]);
        assert_eq!(alarms.at(0), None);
    }
}
