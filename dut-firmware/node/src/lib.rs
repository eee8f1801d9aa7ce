//! The reference device: roles, lifecycle, bootstrap layer, store, upper tester, mutants.
//!
//! A [`Device`] is sans-IO and deterministic: it is driven by `handle`, `poll` and `deadline`, reads no clock and draws
//! randomness from the seed of its [`Hardware`] only. Its memory is bounded by [`bounds`].
//!
//! Upwards, a frame passes `link` (address filter, link security, `bootstrap_layer`'s receive conditions, reassembly) and
//! `network` (delivery, `forwarding`, ICMPv6, UDP) to `discovery` (RFC 6775), `bootstrap` (JSR and SSR), `session` (DTLS
//! and CoAP, whose requests `key_resource` judges) or an event of the upper tester. Downwards, a packet passes
//! `forwarding`, the transmit rules of `bootstrap_layer`, fragmentation and link security to the queue of `radio`.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;

pub mod anchor;
pub mod bounds;
pub mod store;

mod bootstrap;
mod bootstrap_layer;
mod commands;
mod counter_writes;
mod counters;
mod device;
mod discovery;
mod features;
#[cfg(feature = "find")]
mod finder;
mod forwarding;
mod interface;
mod join_request;
mod json;
mod key_resource;
mod link;
mod link_messages;
mod mutants;
mod neighbours;
mod network;
mod plain_coap;
mod profile;
mod radio;
#[cfg(feature = "rpl")]
mod routing;
#[cfg(feature = "rpl")]
mod rpl;
#[cfg(feature = "find")]
mod search;
mod secure_request;
mod session;
mod software;
mod store_format;

pub use counter_writes::AHEAD_MAX;
pub use device::Device;
pub use interface::{Hardware, Input, Output, RadioConfig, TransmitStatus};
pub use mutants::{Mutant, UnknownMutant};
pub use software::{DEVICE_CLASS, SHIPPED_VERSION};
#[cfg(feature = "mutants")]
pub use store::PowerLoss;
pub use store::Store;
