//! The numbers of `PROFILE-SEL` and of the addressing plan that the draft leaves open.

use core::net::Ipv6Addr;
use core::time::Duration;

use wire::ieee802154::SecurityLevel;

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
/// Minimum security level taken (`PROFILE-SEL` 7).
pub(crate) const MINIMUM_LEVEL: SecurityLevel = SecurityLevel::EncMic32;
/// Hop limit of packets that no other rule covers.
pub(crate) const HOP_LIMIT: u8 = 64;
/// Largest datagram of a DTLS session in octets: six frames of a mesh at most.
pub(crate) const DTLS_MTU: usize = 512;
/// Prefix of the mesh, 64 bits, in context 0.
pub(crate) const MESH_PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xb007, 0, 0, 0, 0, 0, 0);
/// Prefix of the backbone, 64 bits.
pub(crate) const BACKBONE_PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0);
/// The 6LBR's address on the backbone.
pub(crate) const BACKBONE_ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 1);

/// Whether two addresses share their first 64 bits.
pub(crate) fn same_prefix(one: Ipv6Addr, other: Ipv6Addr) -> bool {
    one.to_bits() >> 64 == other.to_bits() >> 64
}
