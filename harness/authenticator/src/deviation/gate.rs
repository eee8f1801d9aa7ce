//! Where finished messages wait, are doubled, or disappear.

use std::collections::VecDeque;

use protocols::time::Instant;

use super::book::Decision;

/// A queue of messages on their way out.
#[derive(Debug, Clone)]
pub(crate) struct Gate<T> {
    ready: VecDeque<T>,
    delayed: Vec<(Instant, T)>,
    /// To be sent behind the next message.
    behind: Vec<T>,
}

impl<T> Default for Gate<T> {
    fn default() -> Self {
        Self { ready: VecDeque::new(), delayed: Vec::new(), behind: Vec::new() }
    }
}

impl<T: Clone> Gate<T> {
    /// Takes a message in, as `decision` wants it.
    pub(crate) fn admit(&mut self, now: Instant, message: T, decision: &Decision) {
        if decision.drop {
            return;
        }
        for _ in 0..=decision.duplicates {
            if !decision.delay.is_zero() {
                self.delayed.push((now + decision.delay, message.clone()));
            } else if decision.reorder {
                self.behind.push(message.clone());
            } else {
                self.ready.push_back(message.clone());
            }
        }
        if decision.delay.is_zero() && !decision.reorder {
            self.ready.extend(self.behind.drain(..));
        }
    }

    /// The next message that may go.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<T> {
        if let Some(message) = self.ready.pop_front() {
            return Some(message);
        }
        let first = self.delayed.iter().map(|(due, _)| *due).min().filter(|due| *due <= now)?;
        let at = self.delayed.iter().position(|(due, _)| *due == first)?;
        let (_, message) = self.delayed.remove(at);
        self.ready.extend(self.behind.drain(..));
        Some(message)
    }

    /// When the next delayed message may go.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.delayed.iter().map(|(due, _)| *due).min()
    }
}
