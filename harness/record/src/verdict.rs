//! Verdicts (ISO/IEC 9646) and, apart from them, blame.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The verdict of a step, a case, or a run's planned case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every judged step was observed as it must be.
    Pass,
    /// The device did what it must not, or did not do what it must, and the tester proved it had the chance.
    Fail,
    /// Nothing can be said of the device.
    Inconclusive,
    /// The rack, the suite or the tester is at fault.
    Error,
    /// The device does not claim what the case tests.
    NotApplicable,
    /// Planned, but the run ended before it.
    NotRun,
}

impl Verdict {
    /// The name as it stands in JSON and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::NotApplicable => "not_applicable",
            Self::NotRun => "not_run",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose doing a verdict other than `pass` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The device under test.
    Device,
    /// The tester's own machines.
    Tester,
    /// Boards, radios, sniffers, cables, the medium.
    Rack,
    /// The suite's text.
    Suite,
}

impl Blame {
    /// The name as it stands in JSON and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Tester => "tester",
            Self::Rack => "rack",
            Self::Suite => "suite",
        }
    }
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the judge says of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepOutcome {
    /// Index into the case's steps, preamble included.
    pub step: usize,
    /// The step's verdict; `not_run` if the case ended before it.
    pub verdict: Verdict,
    /// One sentence.
    pub reason: String,
    /// What was expected, one line.
    pub expected: String,
    /// What was seen, one line.
    pub seen: String,
    /// Numbers of the events the verdict rests on.
    pub evidence: Vec<u64>,
    /// The PDU that came nearest to an expectation that was not met.
    pub nearest_miss: Option<NearestMiss>,
    /// Nanoseconds since the case began.
    pub started: Option<u64>,
    /// Nanoseconds since the case began.
    pub ended: Option<u64>,
}

/// A PDU that almost met an expectation, by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearestMiss {
    /// Events that the PDU was made of.
    pub evidence: Vec<u64>,
    /// The fields that differ.
    pub fields: Vec<FieldMiss>,
}

/// One field that differs from what was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMiss {
    /// Field name (Wireshark's filter name where there is one).
    pub field: String,
    /// The constraint in words.
    pub expected: String,
    /// The value, or `absent`.
    pub seen: String,
}

/// What a monitor found: a rule about everything that is done, broken at these events, whatever the case was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// The monitor's ID.
    pub monitor: String,
    /// The clauses that are broken.
    pub clauses: Vec<String>,
    /// One sentence.
    pub reason: String,
    /// Nanoseconds since the case began.
    pub time: u64,
    /// Numbers of the events that it rests on.
    pub evidence: Vec<u64>,
    /// The fields that differ, if it is about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldMiss>,
    /// Whether it makes the case a `fail`; one against a profile alone does so in the profile's own suites.
    pub decides: bool,
}

/// How much a monitor had to do in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// PDUs, or states, that it speaks of.
    pub named: u64,
    /// Of these the ones that it judged; it does not apply to the others.
    pub judged: u64,
    /// Violations, also those that are not listed since there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub violations: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What the steps of a case came to by themselves, where a monitor has made another verdict of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnOutcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Whose doing, unless `pass`.
    pub blame: Option<Blame>,
    /// Who that is, by name.
    pub blamed: Option<String>,
    /// One sentence; empty for `pass`.
    pub reason: String,
    /// The step that decided, unless `pass`.
    pub deciding_step: Option<usize>,
}
