//! Why a case, or a whole run, could not be played.

use record::BundleError;
use record::case_id::CaseIdError;
use testbeds::testbed::TopologyError;

use crate::stored_plan::PlanError;

/// Why a case could not be played, or its evidence not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The testbed has no rack for it.
    #[error(transparent)]
    Rack(#[from] TopologyError),
    /// The evidence could not be kept: evidence that cannot be kept is no evidence.
    #[error(transparent)]
    Evidence(#[from] BundleError),
    /// Its name makes no folder.
    #[error(transparent)]
    Name(#[from] CaseIdError),
}

/// Why a stored run could not be judged again, or shown.
#[derive(Debug, thiserror::Error)]
pub enum StoredRunError {
    /// Its plan is none.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file of it cannot be read or written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A report could not be made of it.
    #[error(transparent)]
    Report(#[from] reports::Error),
    /// The name of a case makes no folder.
    #[error(transparent)]
    Name(#[from] CaseIdError),
}
