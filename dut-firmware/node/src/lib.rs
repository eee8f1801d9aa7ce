//! The reference device: roles, lifecycle, bootstrap layer, store, upper tester, mutants.
//!
//! A [`Device`] is sans-IO and deterministic: it is driven by `handle`, `poll` and `deadline`, reads no clock and draws
//! randomness from the seed of its [`Hardware`] only. Its memory is bounded by [`bounds`].
//!
//! Three floors, each with a page of its own: `stack` (radio to UDP; it knows no mechanism and calls nobody above),
//! `life` (manufacture, installation, software, application), `mechanism` (who keys the device, and services beside it). `device`
//! routes between them; `registry` and `mutants` list what there is, a line each.
#![no_std]
#![cfg_attr(
    not(feature = "mechanism"),
    allow(dead_code, unused_imports, unused_variables, reason = "what the stack offers to mechanisms")
)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;

pub mod bounds;
pub mod store;

mod device;
mod flash;
mod interface;
#[cfg_attr(not(feature = "mutants"), allow(dead_code, unreachable_pub, reason = "nobody takes any"))]
mod liberties;
mod life;
mod link_messages;
mod mechanism;
mod mutants;
mod registry;
mod section;
mod selected;
mod slips;
mod stack;
#[cfg(feature = "mutants")]
pub mod variants;

pub use device::Device;
#[cfg(feature = "mutants")]
pub use flash::PowerLoss;
pub use interface::{Hardware, Input, Output, RadioConfig, TransmitStatus};
pub use life::{DEVICE_CLASS, SHIPPED_VERSION, anchor};
pub use mutants::{Mutant, UnknownMutant};
pub use stack::AHEAD_MAX;
pub use store::Store;
