//! Transmission parameters (RFC 7252 4.8).

use core::time::Duration;

/// The parameters that may be set; the others follow from them (RFC 7252 4.8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransmissionParameters {
    /// Least wait for an acknowledgement.
    pub ack_timeout: Duration,
    /// `ACK_RANDOM_FACTOR` in thousandths; 1500 or more is demanded.
    pub ack_random_factor_thousandths: u32,
    /// How often a confirmable message is sent again.
    pub max_retransmit: u32,
    /// Longest time that a datagram takes through the network.
    pub max_latency: Duration,
    /// Time that a node takes from receiving a confirmable message to acknowledging it.
    pub processing_delay: Duration,
    /// `NSTART`: how many confirmable requests may be unacknowledged at once; more wait for their turn.
    pub nstart: usize,
}

impl Default for TransmissionParameters {
    /// 2 s, 1.5, 4, 100 s, 2 s, 1.
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(2),
            ack_random_factor_thousandths: 1500,
            max_retransmit: 4,
            max_latency: Duration::from_secs(100),
            processing_delay: Duration::from_secs(2),
            nstart: 1,
        }
    }
}

impl TransmissionParameters {
    /// From the first transmission of a confirmable message to its last: 45 s by default.
    pub fn max_transmit_span(&self) -> Duration {
        self.scaled((1u32 << self.max_retransmit.min(16)) - 1)
    }

    /// How long a message ID of a confirmable message must not be used again: 247 s by default.
    pub fn exchange_lifetime(&self) -> Duration {
        self.max_transmit_span() + 2 * self.max_latency + self.processing_delay
    }

    /// The same for a non-confirmable message: 145 s by default.
    pub fn non_lifetime(&self) -> Duration {
        self.max_transmit_span() + self.max_latency
    }

    pub(super) fn scaled(&self, times: u32) -> Duration {
        self.ack_timeout.saturating_mul(times).saturating_mul(self.ack_random_factor_thousandths) / 1000
    }
}
