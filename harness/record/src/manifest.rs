//! `run.json` and `cases/<case>/result.json`: what ran, on what, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::Place;
use crate::verdict::{Blame, OwnOutcome, StepOutcome, Verdict, Violation, Watched};

/// The version string of the bundle format.
pub const RUN_SCHEMA: &str = "bootrack-run/1";

/// `run.json`: written at the start with every planned case, and again at the end with their results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// [`RUN_SCHEMA`].
    pub schema: String,
    /// Run ID; the folder's name unless it was renamed.
    pub id: String,
    /// Wall-clock start, RFC 3339, UTC.
    pub started: String,
    /// Wall-clock seconds of the whole run; absent while it runs or if it was killed.
    pub wall_seconds: Option<String>,
    /// `bootrack` version.
    pub version: String,
    /// The command line's selection and switches, for the report's head.
    pub command: Vec<String>,
    /// Run seed.
    pub seed: u64,
    /// Testbed name and the SHA-256 of its file.
    pub testbed: Named,
    /// Every suite file used: name and SHA-256.
    pub suites: Vec<Named>,
    /// PICS file: name and SHA-256.
    pub pics: Named,
    /// PIXIT file: name and SHA-256.
    pub pixit: Named,
    /// PICS symbols and what the device claims of them.
    pub pics_values: BTreeMap<String, bool>,
    /// PIXIT values as text.
    pub pixit_values: BTreeMap<String, String>,
    /// What is under test: `firmware`, `version`, `hash`, `roles`, ... as its upper tester's `hello` says.
    pub device: BTreeMap<String, String>,
    /// What was tested, in a sentence: which board, reached how, or the reference device; empty in runs of older versions.
    #[serde(default)]
    pub tested: String,
    /// The mutant switched on in the node `dut`, if any.
    pub mutant: Option<String>,
    /// The fake that stands in for the device, if any.
    pub fake: Option<String>,
    /// Operator, laboratory, equipment: free text by key.
    pub identity: BTreeMap<String, String>,
    /// Warnings of the plan (e.g. a PICS symbol with no answer).
    pub warnings: Vec<String>,
    /// Every planned case, in order; `not_run` until it has ended.
    pub cases: Vec<CaseResult>,
}

/// A file or a built-in by name, with the digest of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// File name, or `built-in NAME`.
    pub name: String,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// A state of the device that a case declares, and what was read back of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceState {
    /// The state as the case declares it: `installed`, `secured`, ...
    pub declared: String,
    /// What the upper tester answered to `status`, as `key=value` words; empty if it was not asked: the device was off, or
    /// the case ended before.
    pub read: String,
}

impl DeviceState {
    /// The state as read back, in the words of the declaration: `closed` is `secured` with ALL_SECURED true. `None` if it
    /// was not read.
    pub fn read_state(&self) -> Option<&str> {
        let word = |key: &str| self.read.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        match (word("state")?, word("all_secured")) {
            ("secured", Some("1")) => Some("closed"),
            (state, _) => Some(state),
        }
    }

    /// Whether what was read is what was declared.
    pub fn holds(&self) -> bool {
        match (self.declared.as_str(), self.read_state()) {
            ("off", None) => true,
            ("unsecured", Some(read)) => matches!(read, "installed" | "joining"),
            (declared, read) => read == Some(declared),
        }
    }
}

/// One planned case and what came of it; also `cases/<case>/result.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseResult {
    /// Case ID with its parameter row (`SEL-JSR-01` or `SEL-JSR-01@channel=26`), path-safe.
    pub id: String,
    /// Suite name.
    pub suite: String,
    /// Life-cycle phase.
    pub phase: String,
    /// Test purpose, one sentence.
    pub purpose: String,
    /// Clause IDs.
    pub clauses: Vec<String>,
    /// Who outside of the project judged the mechanism that the verdict rests on, by name; nobody, if it is empty. Absent if the suite
    /// does not say, and in bundles of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oracle: Option<Vec<String>>,
    /// The table that it shares with other cases, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Place>,
    /// The verdict.
    pub verdict: Verdict,
    /// Whose doing, unless `pass`, `not_applicable` or `not_run`.
    pub blame: Option<Blame>,
    /// Who that is, by name: what is under test (`dut`, or a station such as `ct`), another board or station, the sniffer; else the
    /// word of the blame. Absent in bundles of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blamed: Option<String>,
    /// One sentence; empty for `pass`.
    pub reason: String,
    /// The step that decided, unless `pass`.
    pub deciding_step: Option<usize>,
    /// Clauses that the deciding step cites.
    pub deciding_clauses: Vec<String>,
    /// Numbers of the events that the verdict rests on.
    pub evidence: Vec<u64>,
    /// One outcome a step.
    pub steps: Vec<StepOutcome>,
    /// What the steps came to by themselves, where a monitor made the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnOutcome>,
    /// What monitors found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// How much each monitor had to do, by its ID; those that had nothing are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub watched: BTreeMap<String, Watched>,
    /// The state of the device before the body, if the case declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_state: Option<DeviceState>,
    /// The state of the device after the body, if the case declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_state: Option<DeviceState>,
    /// Case seed: 64 hex digits.
    pub seed: String,
    /// Virtual (or board) nanoseconds from the first to the last event.
    pub duration: u64,
    /// SHA-256 of each evidence file of the case, by file name.
    pub digests: BTreeMap<String, String>,
    /// Tries at the case before the one that all of this is about, the first first: what they came to may have been the doing
    /// of a rack that loses frames. Each left evidence of its own, in `try-1`, `try-2`, ...
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_tries: Vec<Try>,
}

impl CaseResult {
    /// Whose doing, with the name where the word alone does not say who that is: `device (ct)`.
    pub fn shown_blame(&self) -> Option<String> {
        self.blame.map(|blame| shown_blame(blame, self.blamed.as_deref()))
    }

    /// Who outside judged its mechanism, in words: names, `none`, or `not stated`.
    pub fn shown_oracle(&self) -> String {
        shown_oracle(self.oracle.as_deref())
    }

    /// How often the case was played to come to its verdict; 0 if it was not.
    pub fn tries(&self) -> usize {
        self.earlier_tries.len() + usize::from(!self.digests.is_empty())
    }
}

/// Who outside judged the mechanism of a case, in words: names, `none`, or `not stated`.
pub fn shown_oracle(oracle: Option<&[String]>) -> String {
    match oracle {
        None => "not stated".to_owned(),
        Some([]) => "none".to_owned(),
        Some(names) => names.join(", "),
    }
}

/// Whose doing, with the name where the word alone does not say who that is: `device (ct)`, `rack (sniffer)`; `device` alone is
/// the device under test.
pub fn shown_blame(blame: Blame, blamed: Option<&str>) -> String {
    match blamed {
        Some(who) if who != blame.name() && !(blame == Blame::Device && who == "dut") => format!("{blame} ({who})"),
        _ => blame.name().to_owned(),
    }
}

/// A try at a case that decided nothing, and after which the case was played again from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Try {
    /// What the judge said of it.
    pub verdict: Verdict,
    /// Whose doing.
    pub blame: Option<Blame>,
    /// Who that is, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blamed: Option<String>,
    /// One sentence.
    pub reason: String,
    /// The step that decided.
    pub deciding_step: Option<usize>,
    /// Numbers of the events, of the try's own log, that this rests on.
    pub evidence: Vec<u64>,
    /// The try's seed: 64 hex digits.
    pub seed: String,
    /// Virtual (or board) nanoseconds from the first to the last event.
    pub duration: u64,
    /// SHA-256 of each evidence file of the try, by file name.
    pub digests: BTreeMap<String, String>,
}
