//! Sans-IO protocol engines. Each is driven by `handle(now, input)`, `poll(now)` and `deadline()`; none reads a clock or
//! a source of randomness: both are handed in.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;

pub mod coap;
pub mod credentials;
pub mod dtls;
pub mod liberties;
pub mod link_security;
pub mod lowpan;
pub mod mac;
mod mutants;
pub mod time;
pub mod tls;
pub mod work;

/// The deterministic random bit generator every machine owns; a board seeds it from its hardware source, the virtual rack
/// from the case seed.
pub type Entropy = rand_chacha::ChaCha12Rng;
