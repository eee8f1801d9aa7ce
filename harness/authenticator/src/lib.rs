//! The tester's own stations: the reference commissioning tool, emulated neighbours, the craft of single frames, and
//! scripted deviations from what any of them would send.
//!
//! Everything here is sans-IO: a [`Machine`] is driven by [`Machine::handle`], [`Machine::poll`] and
//! [`Machine::deadline`] and is deterministic in its seed.

pub mod commissioning_tool;
pub mod craft;
pub mod deviation;
pub mod machine;
pub mod neighbour;
pub mod profile;
mod words;

pub use commissioning_tool::CommissioningTool;
pub use deviation::Deviating;
pub use machine::{Machine, MachineInput, MachineOutput};
pub use neighbour::Neighbour;
