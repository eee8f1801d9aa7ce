//! The numbers of `PROFILE-SEL` that the draft leaves open.

use core::time::Duration;

/// Registration lifetime of the SSRs that this device sends, in units of 60 s (`PROFILE-SEL` 6).
pub(crate) const SSR_LIFETIME_UNITS: u16 = 60;
/// The unit of registration lifetimes.
pub(crate) const LIFETIME_UNIT: Duration = Duration::from_secs(60);
/// SSRs are refreshed at half of their lifetime.
pub(crate) const SSR_REFRESH: Duration = Duration::from_secs(30 * 60);
/// Waits between the SSRs of one series (`PROFILE-SEL` 5).
pub(crate) const SSR_WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// A neighbour's SSRs are answered at most once in this time.
pub(crate) const SSR_ANSWER_INTERVAL: Duration = Duration::from_secs(1);
/// Secured frames over a link that is not marked begin a new series if the last one ended so long ago.
pub(crate) const SSR_NUDGE_IDLE: Duration = Duration::from_secs(5);
/// First wait between two JSRs; doubled after each (`PROFILE-SEL` 4).
pub(crate) const JSR_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// Longest wait between two JSRs.
pub(crate) const JSR_INTERVAL_MAX: Duration = Duration::from_secs(120);
/// An idle DTLS session is dropped after this time (`PROFILE-SEL` 14).
pub(crate) const SESSION_IDLE: Duration = Duration::from_secs(60);
/// Largest datagram of a DTLS session in octets: six frames of a mesh at most.
pub(crate) const DTLS_MTU: usize = 512;
