//! The timer of a confirmable message (RFC 7252 4.2).

use core::time::Duration;

use rand_core::Rng;

use super::TransmissionParameters;
use crate::Entropy;
use crate::time::Instant;

/// What a timer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Not yet.
    Running,
    /// Send again.
    Due,
    /// It was sent often enough.
    GiveUp,
}

/// Waits between `ACK_TIMEOUT` and `ACK_TIMEOUT` times `ACK_RANDOM_FACTOR`, then twice as long, and so on.
#[derive(Debug)]
pub(super) struct Retransmitter {
    wait: Duration,
    left: u32,
    deadline: Instant,
}

impl Retransmitter {
    /// The message was sent `now` for the first time.
    pub(super) fn start(now: Instant, parameters: &TransmissionParameters, entropy: &mut Entropy) -> Self {
        let spread = parameters.ack_random_factor_thousandths.saturating_sub(1000);
        let extra = parameters.ack_timeout.saturating_mul(spread) / 1000;
        let chance = u64::from(entropy.next_u32());
        let nanos = (u128::from(chance) * extra.as_nanos()) >> 32;
        let wait = parameters.ack_timeout + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Self { wait, left: parameters.max_retransmit, deadline: now + wait }
    }

    /// When it fires.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Looks at the timer; doubles it if it is due.
    pub(super) fn expire(&mut self, now: Instant) -> Expiry {
        if now < self.deadline {
            return Expiry::Running;
        }
        if self.left == 0 {
            return Expiry::GiveUp;
        }
        self.left -= 1;
        self.wait = self.wait.saturating_mul(2);
        self.deadline = now + self.wait;
        Expiry::Due
    }
}
