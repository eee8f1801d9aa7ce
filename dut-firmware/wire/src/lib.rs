//! Bytes to typed values and back, a module per protocol.
//!
//! No I/O, no clock, no randomness. Every protocol module holds a plain `Repr` with `parse` and `emit`; lengths are
//! checked once and no input panics.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

extern crate alloc;

pub mod ccm;
pub mod coap;
pub mod dns;
pub mod dtls;
pub mod eap;
pub mod eapol;
pub mod ethernet;
pub mod eui64;
pub mod hip;
pub mod icmpv6;
pub mod ieee802154;
pub mod ikev2;
pub mod ipv4;
pub mod ipv6;
pub mod ndp;
pub mod pana;
pub mod radio_link;
pub mod radius;
pub mod reader;
pub mod rpl;
pub mod sel;
pub mod sixlowpan;
pub mod software_image;
pub mod tap;
pub mod tls;
pub mod udp;
pub mod upper_tester;
pub mod writer;
pub mod zep;

/// Whether frames other than data frames are compiled in.
pub(crate) const FRAMES: bool = cfg!(feature = "frames");
/// Whether multicast listener discovery is compiled in.
pub(crate) const MLD: bool = cfg!(feature = "mld");
/// Whether RPL is compiled in.
pub(crate) const RPL: bool = cfg!(feature = "rpl");

mod error;

pub use error::{Error, Result};
pub use eui64::Eui64;
