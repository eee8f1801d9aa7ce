//! JUnit, HTML and ladder diagrams of a run; never recomputes a verdict.
//!
//! Everything here is a pure function from what `record` stored (and the clause texts and PDU summaries that the caller
//! adds) to text. Secrets do not leave the evidence: keys that stand in lines of text are withheld, and control
//! characters that a device sent are shown, not passed on.

pub mod html;
pub mod input;
pub mod junit;
pub mod ladder;
pub mod resources;
mod summary;
mod text;

pub use input::{Bootstrap, CaseInput, ClauseText, Clauses, DeviceWork, Exposure, PduSummary, RunInput};

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A case ID that can't name a folder.
    #[error(transparent)]
    CaseId(#[from] record::case_id::CaseIdError),
    /// The JUnit writer refused.
    #[error("failed to write the JUnit file")]
    JUnit(#[from] quick_junit::SerializeError),
    /// The writer of comma-separated values refused: a bug of this crate.
    #[error("failed to write the resources")]
    Csv(#[from] csv::Error),
    /// A template is wrong or lacks a value: a bug of this crate.
    #[error("failed to render the page")]
    Template(#[from] tera::Error),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
