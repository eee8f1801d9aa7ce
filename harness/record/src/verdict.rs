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
