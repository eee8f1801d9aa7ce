//! Random times.

use core::time::Duration;

use protocols::Entropy;
use rand_core::Rng;

/// A random time below `most`, which is not zero.
pub(super) fn random_below(most: Duration, entropy: &mut Entropy) -> Duration {
    let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(entropy.next_u64() % most)
}
