//! The judge: the only place where verdicts are made. Sans-IO: it sees events and the plan, nothing else; it never reads a
//! clock and never looks at stored verdicts, so a stored log gives the same verdict again.

mod decision;
mod delivery;
mod expectation;
mod observer;
mod template;

pub use decision::{CaseVerdict, Judge, Progress, Want};
pub use observer::{Observer, Pdu};
pub use template::Bindings;
