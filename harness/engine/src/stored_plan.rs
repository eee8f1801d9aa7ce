//! `plan.json`: every planned case with what its references stand for, so that a bundle can be judged by itself.

use authenticator::Registry;
use serde::{Deserialize, Serialize};
use suites::monitor::{Monitor, Monitors};
use suites::plan::Case;
use testbeds::testbed::Testbed;

use crate::environment::Environment;
use crate::scenery;
use crate::seed;

/// The version string of the format.
pub const PLAN_SCHEMA: &str = "bootrack-plan/1";

/// What is wrong with a stored plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no plan.
    #[error("plan.json: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("plan.json: schema `{0}` is not known here (known: {PLAN_SCHEMA})")]
    Schema(String),
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredPlan {
    /// [`PLAN_SCHEMA`].
    pub schema: String,
    /// In the run's order.
    pub cases: Vec<PlannedCase>,
    /// What is watched in all of them; none in plans of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub monitors: Vec<Monitor>,
}

/// A case as it is run and judged: entry checks included, references resolvable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedCase {
    /// The case.
    pub case: Case,
    /// What its references stand for.
    pub environment: Environment,
    /// Its seed: 64 hex digits.
    pub seed: String,
}

impl PlannedCase {
    /// Completes a loaded case for a run on a testbed with these stations.
    pub fn new(case: &Case, run_seed: u64, testbed: &Testbed, stations: Registry) -> Self {
        let case_seed = seed::case_seed(run_seed, &case.id);
        Self {
            case: crate::entry_check::with_entry_checks(case, &case_seed),
            environment: scenery::environment(case, &case_seed, testbed, stations),
            seed: hex::encode(case_seed),
        }
    }

    /// The `attempt`-th attempt at a case, from 1: an ID, and so a seed, of its own.
    pub fn attempt(case: &Case, run_seed: u64, attempt: u32, testbed: &Testbed, stations: Registry) -> Self {
        Self::new(
            &Case { id: record::case_id::of_attempt(&case.id, attempt), ..case.clone() },
            run_seed,
            testbed,
            stations,
        )
    }

    /// The case as it is played at its `number`-th try, from 1: the same boards and keys, other losses and times.
    pub fn nth_try(&self, number: usize) -> Self {
        let mut this = self.clone();
        if number > 1 {
            this.seed = hex::encode(seed::derive(&self.seed_octets(), &format!("try {number}")));
        }
        this
    }

    /// Whether frames may be lost on its air, by its own parameter or by the testbed.
    pub fn loses_frames(&self) -> bool {
        self.environment.air.loses_frames || scenery::loss_percent(&self.case) > 0
    }

    /// The seed's 32 octets; zeros if the stored text is no seed, which the digests would have told.
    pub fn seed_octets(&self) -> [u8; 32] {
        hex::decode(&self.seed).ok().and_then(|octets| octets.try_into().ok()).unwrap_or_default()
    }
}

impl StoredPlan {
    /// The plan of these cases.
    pub fn new(cases: Vec<PlannedCase>) -> Self {
        let monitors = cases.first().map(|planned| planned.case.monitors.iter().cloned().collect()).unwrap_or_default();
        Self { schema: PLAN_SCHEMA.to_owned(), cases, monitors }
    }

    /// Reads `plan.json`.
    ///
    /// # Errors
    /// [`PlanError`] with what is wrong with it.
    pub fn from_json(value: serde_json::Value) -> Result<Self, PlanError> {
        let mut plan: Self = serde_json::from_value(value)?;
        if plan.schema != PLAN_SCHEMA {
            return Err(PlanError::Schema(plan.schema));
        }
        let monitors = Monitors::new(plan.monitors.clone());
        plan.cases.iter_mut().for_each(|planned| planned.case.monitors = monitors.clone());
        Ok(plan)
    }

    /// The planned case with this ID.
    pub fn case(&self, id: &str) -> Option<&PlannedCase> {
        self.cases.iter().find(|planned| planned.case.id == id)
    }
}
