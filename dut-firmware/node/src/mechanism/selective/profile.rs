//! The numbers of `PROFILE-SEL` that the draft leaves open.

use core::time::Duration;

/// The unit of registration lifetimes.
pub(crate) const LIFETIME_UNIT: Duration = Duration::from_secs(60);
/// Waits between the SSRs of one series (`PROFILE-SEL` 5).
pub(crate) const SSR_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
