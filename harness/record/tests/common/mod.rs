//! A manifest, a result and a first event to build bundles from.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;

use record::event::{EVENTS_SCHEMA, What};
use record::manifest::{Named, RUN_SCHEMA};
use record::{CaseResult, Octets, RunManifest, Verdict};

pub(crate) fn started(case: &str) -> What {
    What::CaseStarted { schema: EVENTS_SCHEMA.into(), case: case.into(), seed: Octets(vec![7; 32]) }
}

pub(crate) fn planned(id: &str) -> CaseResult {
    CaseResult {
        id: id.into(),
        suite: "sel".into(),
        phase: "bootstrap".into(),
        purpose: "A purpose.".into(),
        clauses: vec!["SEL-5.3.1-3".into()],
        oracle: None,
        table: None,
        verdict: Verdict::NotRun,
        blame: None,
        blamed: None,
        reason: "the run ended before it".into(),
        deciding_step: None,
        deciding_clauses: Vec::new(),
        evidence: Vec::new(),
        steps: Vec::new(),
        seed: "07".repeat(32),
        duration: 0,
        entry_state: None,
        exit_state: None,
        digests: BTreeMap::new(),
        own: None,
        violations: Vec::new(),
        watched: BTreeMap::new(),
        earlier_tries: Vec::new(),
    }
}

pub(crate) fn result(id: &str) -> CaseResult {
    CaseResult { verdict: Verdict::Pass, reason: String::new(), duration: 5, evidence: vec![2], ..planned(id) }
}

pub(crate) fn manifest(cases: &[&str]) -> RunManifest {
    let named = |name: &str| Named { name: name.into(), sha256: "00".repeat(32) };
    RunManifest {
        schema: RUN_SCHEMA.into(),
        id: "20261120T190000Z-s7".into(),
        started: "2026-11-20T19:00:00Z".into(),
        wall_seconds: None,
        version: "0.1.0".into(),
        command: vec!["run".into()],
        seed: 7,
        testbed: named("built-in virtual"),
        suites: vec![named("built-in sel")],
        pics: named("built-in pics"),
        pixit: named("built-in pixit"),
        pics_values: BTreeMap::from([("SEL_6LR".into(), true)]),
        pixit_values: BTreeMap::new(),
        device: BTreeMap::new(),
        tested: "the reference device on the virtual rack".to_owned(),
        mutant: None,
        fake: None,
        identity: BTreeMap::new(),
        warnings: Vec::new(),
        cases: cases.iter().map(|id| planned(id)).collect(),
    }
}
