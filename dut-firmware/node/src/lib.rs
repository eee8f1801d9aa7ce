//! The reference device: roles, lifecycle, bootstrap layer, store, upper tester, mutants.
#![no_std]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

extern crate alloc;
