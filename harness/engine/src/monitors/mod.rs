//! Monitors at work beside a case: rules that are judged on everything that is done, not in one step. Sans-IO: they see
//! events, the PDUs that the observer made of them, and nothing else; a stored log brings the same violations again.
//!
//! What a monitor never speaks of, whatever it is about: what the device did not send itself, what a tester made wrong on purpose,
//! what was damaged on its way to the sniffer, repetitions by the MAC, and what cannot be read for lack of a key, since that is no
//! message of any name.

mod bench;
mod machines;
mod registry;
mod sight;
mod template;

pub(crate) use bench::Bench;
pub use registry::{MACHINES, MachineInfo, machine_names};

use input::Fault;
use suites::monitor::Monitors;
use suites::{Catalogue, built_in, load_monitors};

/// The built-in monitors.
///
/// # Errors
/// Every fault of their files.
pub fn built_in(catalogue: &Catalogue<'_>) -> Result<Monitors, Vec<Fault>> {
    load_monitors(&built_in::monitors(), &machine_names(), catalogue)
}
