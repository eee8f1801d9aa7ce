//! The judge: the only place where verdicts are made. Sans-IO: it sees events and the plan, nothing else; it never reads a
//! clock and never looks at stored verdicts, so a stored log gives the same verdict again.

mod active;
mod carried_keys;
mod case_verdict;
mod conversation;
mod decision;
mod delivery;
mod eavesdropper;
mod ending;
mod endings;
mod expectation;
mod finished_order;
#[allow(clippy::module_inception, reason = "the type's own file")]
mod judge;
mod losses;
mod lost_frames;
mod matching;
mod observer;
mod order_endings;
mod pdu;
mod phases;
pub(crate) mod shown;
pub(crate) mod template;
mod times;

pub use case_verdict::CaseVerdict;
pub(crate) use eavesdropper::keyless_dissector;
pub use judge::{Judge, Progress, Want};
pub use observer::Observer;
pub use pdu::Pdu;
pub use template::{Bindings, UnknownReference};

#[cfg(test)]
mod tests;
