//! What an eavesdropper learnt of identities: a table for a case, and one for the run.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::input::Exposure;
use crate::text::{counted, line};

/// So many values of one kind are listed; of more only the number is told.
const MOST_VALUES: usize = 6;

/// One kind of identifier.
#[derive(Serialize)]
pub(super) struct Kind {
    name: String,
    /// Different values; in the table of a run, none.
    values: Vec<String>,
    more: usize,
    different: usize,
    /// How often one was shown; a frame that shows two counts twice.
    frames: u64,
    /// The first event that showed one; 0 in the table of a run.
    first: u64,
    /// In how many cases; empty in the table of a case.
    cases: String,
}

/// The table of one case.
pub(super) fn of_case(exposures: &[Exposure]) -> Vec<Kind> {
    kinds(exposures.iter())
        .into_iter()
        .map(|name| {
            let all: Vec<&Exposure> = exposures.iter().filter(|exposure| exposure.kind == name).collect();
            Kind {
                name: line(name),
                values: all.iter().take(MOST_VALUES).map(|exposure| line(&exposure.value)).collect(),
                more: all.len().saturating_sub(MOST_VALUES),
                different: all.len(),
                frames: all.iter().map(|exposure| exposure.count).sum(),
                first: all.iter().map(|exposure| exposure.first).min().unwrap_or_default(),
                cases: String::new(),
            }
        })
        .collect()
}

/// The table of a run.
pub(super) fn of_run(exposed: &[(String, Exposure)]) -> Vec<Kind> {
    kinds(exposed.iter().map(|(_, exposure)| exposure))
        .into_iter()
        .map(|name| {
            let all: Vec<&(String, Exposure)> = exposed.iter().filter(|(_, exposure)| exposure.kind == name).collect();
            let cases: BTreeSet<&str> = all.iter().map(|(case, _)| case.as_str()).collect();
            let different: BTreeSet<&str> = all.iter().map(|(_, exposure)| exposure.value.as_str()).collect();
            Kind {
                name: line(name),
                values: Vec::new(),
                more: 0,
                different: different.len(),
                frames: all.iter().map(|(_, exposure)| exposure.count).sum(),
                first: 0,
                cases: counted(cases.len(), "case", "cases"),
            }
        })
        .collect()
}

fn kinds<'a>(exposures: impl Iterator<Item = &'a Exposure>) -> BTreeSet<&'static str> {
    exposures.map(|exposure| exposure.kind).collect()
}
