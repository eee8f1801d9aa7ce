//! The tester's own stations (the reference commissioning tool, emulated neighbours: [`registry::KINDS`]), the craft of single
//! frames, and scripted deviations from what any of them would send.
//!
//! Everything here is sans-IO: a [`Machine`] is driven by [`Machine::handle`], [`Machine::poll`] and
//! [`Machine::deadline`] and is deterministic in its seed.

pub mod craft;
pub mod deviation;
pub mod dtls_client;
pub mod dtls_server;
mod dtls_writing;
mod fake;
pub mod host;
pub mod machine;
mod manner;
pub mod neighbour;
pub mod profile;
pub mod registry;
pub mod selective;
pub mod station;
pub mod words;

pub use deviation::Deviating;
pub use machine::{Machine, MachineInput, MachineOutput};
pub use neighbour::Neighbour;
pub use registry::Registry;
pub use selective::CommissioningTool;
pub use station::{Kind, Station};
