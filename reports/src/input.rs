//! What the caller hands in: the run as it is stored, the texts of the clauses, and the PDUs that the observer rebuilt.

use std::collections::BTreeMap;

use record::Event;
use record::manifest::{CaseResult, RunManifest};
use suites::plan::{Case, Point};

/// Clauses by ID.
pub type Clauses = BTreeMap<String, ClauseText>;

/// A clause of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseText {
    /// `must`, `should`, `may`, `stated` or `profile`.
    pub level: String,
    /// Paraphrase; empty if none is known.
    pub text: String,
    /// `tested`, or why it is not, e.g. `untestable: permits anything`.
    pub class: String,
}

/// A PDU that the observer rebuilt: all frames of one message, fragments and retries included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PduSummary {
    /// Numbers of the events that it was made of, in order.
    pub events: Vec<u64>,
    /// Nanoseconds since the case began.
    pub time: u64,
    /// Where it was seen.
    pub point: Point,
    /// Link-layer sender (air), port (backbone) or board (upper tester): a board's name, or an address.
    pub from: String,
    /// Receiver; `all` (or `*`) for a broadcast, empty if there is none.
    pub to: String,
    /// Message name, e.g. `sel.jsr`.
    pub message: String,
    /// What is worth knowing of it, one line.
    pub info: String,
    /// Protected at the link layer.
    pub secured: bool,
    /// Why it is wrong on purpose, if it is.
    pub wrong_on_purpose: Option<String>,
}

/// An identifier that a listener without keys heard in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// What it is and where it stands, e.g. `EUI-64 in a MAC header`.
    pub kind: &'static str,
    /// The identifier.
    pub value: String,
    /// Frames that showed it.
    pub count: u64,
    /// The event of the first of them.
    pub first: u64,
}

/// One case with its evidence.
#[derive(Debug, Clone)]
pub struct CaseInput<'a> {
    /// The stored result.
    pub result: &'a CaseResult,
    /// The case of the plan; without it the page shows no step texts.
    pub case: Option<&'a Case>,
    /// The log; empty if the case did not run or its log is lost.
    pub events: &'a [Event],
    /// The PDUs in it.
    pub pdus: Vec<PduSummary>,
    /// What an eavesdropper without keys learnt of identities.
    pub exposures: Vec<Exposure>,
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct RunInput<'a> {
    /// The stored manifest: the only source of verdicts.
    pub manifest: &'a RunManifest,
    /// Clauses of every ledger that the suites cite.
    pub clauses: Clauses,
    /// Evidence of the cases; a case of the manifest that is missing here gets a page without it.
    pub cases: Vec<CaseInput<'a>>,
}
