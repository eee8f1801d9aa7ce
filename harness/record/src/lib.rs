//! The evidence: what happened (events), what it means (verdicts), and the bundle on disk that holds both.
//!
//! Formats are versioned (`bootrack-run/1`, `bootrack-events/1`) and extended only by adding.

pub mod event;
pub mod manifest;
pub mod octets;
pub mod verdict;

pub use event::{Action, Event, Observation, What};
pub use manifest::{CaseResult, RunManifest};
pub use octets::Octets;
pub use verdict::{Blame, Verdict};
