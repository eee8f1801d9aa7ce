//! The time of a rack whose boards do not wait for it: events happen when the wall clock says so, and what boards send when it
//! arrives.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use protocols::time::Instant;

use crate::connection::Arrival;

/// A rack in real time looks at its clock this often at least.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The clock of a rack that does not make its own time, and what its boards sent.
pub(crate) struct RealTime {
    begun: std::time::Instant,
    inbox: Receiver<Arrival>,
    /// Arrived, and later than something that is due before it.
    next: Option<Arrival>,
}

/// What became of the time of a rack.
pub(crate) enum Passed {
    /// The clock moves to here.
    To(Instant),
    /// Nothing happens before the end of the wait.
    Until,
    /// Something arrived at this time.
    Arrived(Instant, Arrival),
    /// Not much: look again.
    Nothing,
}

impl RealTime {
    /// Time zero is now.
    pub(crate) fn new(inbox: Receiver<Arrival>) -> Self {
        Self { begun: std::time::Instant::now(), inbox, next: None }
    }

    fn since(&self, moment: std::time::Instant) -> Instant {
        Instant(u64::try_from(moment.saturating_duration_since(self.begun).as_nanos()).unwrap_or(u64::MAX))
    }

    /// The next thing to do, up to `until`: to move the clock to what is `due`, an arrival, or to wait.
    pub(crate) fn pass(&mut self, due: Option<Instant>, until: Instant) -> Passed {
        let arrival = self.next.take().or_else(|| self.inbox.try_recv().ok());
        let wall = self.since(std::time::Instant::now());
        let horizon = arrival.as_ref().map_or(wall, |arrival| self.since(arrival.at));
        let first = due.unwrap_or(until).min(until);
        if first <= horizon {
            self.next = arrival;
            return due.filter(|due| *due <= until).map_or(Passed::Until, Passed::To);
        }
        match arrival {
            Some(arrival) => Passed::Arrived(horizon, arrival),
            None => {
                let wait = Duration::from_nanos(first.0.saturating_sub(wall.0)).min(LONGEST_WAIT);
                self.next = self.inbox.recv_timeout(wait).ok();
                Passed::Nothing
            }
        }
    }
}
