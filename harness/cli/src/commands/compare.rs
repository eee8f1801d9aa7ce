//! `bootrack compare`: what changed between two runs.

use std::collections::BTreeMap;

use record::Verdict;
use serde_json::json;

use crate::arguments::Compare;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn compare(arguments: &Compare) -> Result<Exit, Failure> {
    let before = verdicts(&arguments.a)?;
    let after = verdicts(&arguments.b)?;
    let mut changes = Vec::new();
    for id in before.keys().chain(after.keys().filter(|id| !before.contains_key(*id))) {
        let (old, new) = (before.get(id).copied(), after.get(id).copied());
        if old != new {
            changes.push((id.clone(), old, new));
        }
    }
    let worse = changes.iter().any(|(_, old, new)| *old == Some(Verdict::Pass) && *new != Some(Verdict::Pass));
    let name = |verdict: Option<Verdict>| verdict.map_or("absent", Verdict::name);
    if arguments.json {
        output::json(&json!({
            "schema": "bootrack-compare/1",
            "cases": changes
                .iter()
                .map(|(id, old, new)| json!({"id": id, "a": name(*old), "b": name(*new)}))
                .collect::<Vec<_>>(),
            "same": before.len().max(after.len()).saturating_sub(changes.len()),
        }));
    } else {
        for (id, old, new) in &changes {
            say!("{id}: {} -> {}", name(*old), name(*new));
        }
        say!("{} of {} cases differ", changes.len(), before.len().max(after.len()));
    }
    Ok(if worse { Exit::Failed } else { Exit::Passed })
}

fn verdicts(run: &std::path::Path) -> Result<BTreeMap<String, Verdict>, Failure> {
    let stored = inputs::open_run(run)?;
    Ok(stored.manifest.cases.into_iter().map(|case| (case.id, case.verdict)).collect())
}
