//! Every bound of a device in one place: no input makes it hold more than this.
//!
//! | what | bound | when it is full |
//! |---|---|---|
//! | neighbours | [`NEIGHBOURS`] | the unsecured one heard least recently goes; a secured one never (`PROFILE-SEL` 8) |
//! | registrations of RFC 6775 | [`REGISTRATIONS`] | NA with status 2, neighbour cache full |
//! | downward routes | [`ROUTES`] | `route` is refused with `busy` |
//! | neighbours' frame counters | [`NEIGHBOURS`] | secured frames of a newcomer are refused; none is forgotten |
//! | network keys | [`KEYS`] | the PUT is refused with 5.03 |
//! | frames waiting for the radio | [`TRANSMIT_QUEUE`] | the datagram that does not fit is dropped as a whole |
//! | octets of an IPv6 packet | [`PACKET_OCTETS`] | dropped |
//! | reassemblies | those of `protocols::lowpan` | |
//! | DTLS sessions | one, besides one ClientHello under way | other peers are ignored |
//! | key object | [`JSON_OCTETS`] octets, two levels | 4.13, 4.00 |
//! | software image on its way | [`IMAGE_OCTETS`] | `image` is refused with `busy` |
//! | upper tester line | `wire::upper_tester::MAX_LINE` | the line is dropped |
//! | outputs not polled yet | a few per input | an owner polls until `None` after each input |

/// Entries of the neighbour list.
pub const NEIGHBOURS: usize = 32;
/// Registered addresses of other nodes.
pub const REGISTRATIONS: usize = 32;
/// Downward host routes.
pub const ROUTES: usize = 256;
/// Network link keys.
pub const KEYS: usize = 4;
/// Frames that wait for the radio.
pub const TRANSMIT_QUEUE: usize = 96;
/// Longest IPv6 packet, header included: the minimum MTU of IPv6.
pub const PACKET_OCTETS: usize = 1280;
/// Longest key object.
pub const JSON_OCTETS: usize = 512;
/// Octets of one part of a key pair: a certificate.
pub const CREDENTIAL_OCTETS: usize = 1024;
/// Octets of a software image with its header and signature.
pub const IMAGE_OCTETS: usize = 4096;
/// Keys that are believed no more.
pub const REVOKED: usize = 8;
