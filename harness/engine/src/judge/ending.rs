//! How a step ended, whose doing that is, and what it rests on.

use record::verdict::{Blame, NearestMiss, Verdict};

/// How a step ended.
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) blame: Blame,
    /// Who it is, where the blame alone does not say: a board, a station.
    pub(super) who: Option<String>,
    pub(super) reason: String,
    pub(super) seen: String,
    pub(super) evidence: Vec<u64>,
    pub(super) nearest_miss: Option<NearestMiss>,
    /// Something did not come.
    pub(super) is_absence: bool,
    /// Nothing that follows could be judged.
    pub(super) ends_case: bool,
    /// Expectations (indices into the step's) with the PDUs (indices) that met them.
    pub(super) met: Vec<(usize, usize)>,
}

impl Ending {
    pub(super) fn pass(seen: impl Into<String>, evidence: Vec<u64>) -> Self {
        Self {
            verdict: Verdict::Pass,
            blame: Blame::Device,
            who: None,
            reason: String::new(),
            seen: seen.into(),
            evidence,
            nearest_miss: None,
            is_absence: false,
            ends_case: false,
            met: Vec::new(),
        }
    }

    pub(super) fn other(verdict: Verdict, blame: Blame, reason: impl Into<String>, evidence: Vec<u64>) -> Self {
        let reason = reason.into();
        let seen = reason.clone();
        Self {
            verdict,
            blame,
            who: None,
            seen,
            reason,
            evidence,
            nearest_miss: None,
            is_absence: false,
            ends_case: false,
            met: Vec::new(),
        }
    }

    /// The same, and this is who it is.
    pub(super) fn by(self, who: &str) -> Self {
        Self { who: Some(who.to_owned()), ..self }
    }
}
