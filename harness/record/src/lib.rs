//! The evidence: what happened (events), what it means (verdicts), and the bundle on disk that holds both.
//!
//! Formats are versioned (`bootrack-run/1`, `bootrack-events/1`) and extended only by adding.

pub mod bundle;
pub mod capture;
pub mod case_id;
pub mod event;
mod files;
pub mod log;
pub mod manifest;
pub mod octets;
pub mod pcapng;
pub mod secrets;
pub mod station;
pub mod table;
pub mod verdict;

pub use bundle::{Bundle, BundleError, CaseWriter, StoredCase, StoredRun};
pub use capture::Capture;
pub use case_id::CaseId;
pub use event::{Action, Event, Observation, What};
pub use files::sha256_hex;
pub use log::{EventLog, LogError, LogReader, Sequence, read_events};
pub use manifest::{CaseResult, RunManifest};
pub use octets::Octets;
pub use secrets::Secrets;
pub use verdict::{Blame, Verdict};
