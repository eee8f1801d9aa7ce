//! Unslotted CSMA-CA (IEEE 802.15.4-2006 7.5.1.4): one access to the channel.

use core::time::Duration;

use rand_core::Rng;

use super::timing::{MAX_BACKOFFS, MAX_BE, MIN_BE, UNIT_BACKOFF};

/// An access that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Csma {
    /// NB: how often the channel was busy.
    busy: u32,
    /// BE.
    exponent: u32,
}

impl Default for Csma {
    fn default() -> Self {
        Self { busy: 0, exponent: MIN_BE }
    }
}

impl Csma {
    /// How long to wait before the next assessment: 0 to 2^BE - 1 periods.
    pub fn back_off(&self, entropy: &mut impl Rng) -> Duration {
        UNIT_BACKOFF * (entropy.next_u32() & ((1 << self.exponent) - 1))
    }

    /// The channel was busy. Whether to try once more; otherwise the access has failed.
    pub fn is_busy(&mut self) -> bool {
        self.busy += 1;
        self.exponent = (self.exponent + 1).min(MAX_BE);
        self.busy <= MAX_BACKOFFS
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;

    use rand_core::SeedableRng;

    use super::Csma;
    use crate::Entropy;

    #[test]
    fn waits_grow_from_7_to_31_periods_and_the_fifth_busy_channel_is_the_last() {
        let mut entropy = Entropy::from_seed([7; 32]);
        let mut csma = Csma::default();
        let mut longest = Vec::new();
        loop {
            let waits = (0..2000).map(|_| csma.back_off(&mut entropy)).collect::<Vec<_>>();
            assert!(waits.iter().all(|wait| wait.as_micros() % 320 == 0));
            assert!(waits.contains(&Duration::ZERO));
            longest.push(waits.into_iter().max().unwrap().as_micros() / 320);
            if !csma.is_busy() {
                break;
            }
        }
        assert_eq!(longest, [7, 15, 31, 31, 31]);
    }
}
