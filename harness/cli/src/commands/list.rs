//! `bootrack list`: the cases of a selection.

use serde_json::json;
use suites::plan::Case;

use crate::arguments::List;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn list(arguments: &List) -> Result<Exit, Failure> {
    let (_, plan) = inputs::plan(&arguments.planning)?;
    if arguments.json {
        let entry = |case: &Case| {
            json!({
                "id": case.id, "suite": case.suite, "phase": case.phase, "clauses": case.clauses,
                "purpose": case.purpose,
            })
        };
        output::json(&json!({
            "schema": "bootrack-list/1",
            "cases": plan.cases.iter().map(entry).collect::<Vec<_>>(),
            "not_applicable": plan
                .not_applicable
                .iter()
                .map(|left_out| json!({"id": left_out.case.id, "reason": left_out.reason}))
                .collect::<Vec<_>>(),
        }));
        return Ok(Exit::Passed);
    }
    let mut suite = "";
    for case in &plan.cases {
        if case.suite != suite {
            suite = &case.suite;
            say!("{suite} ({}):", case.phase);
        }
        say!("  {:<28} {}", case.id, case.purpose);
    }
    for left_out in &plan.not_applicable {
        say!("  {:<28} not applicable: {}", left_out.case.id, left_out.reason);
    }
    for warning in &plan.warnings {
        output::tell!("warning: {warning}");
    }
    let bases: std::collections::BTreeSet<&str> = plan.cases.iter().map(|case| case.base.as_str()).collect();
    say!("{} cases in {} rows", bases.len(), plan.cases.len());
    Ok(Exit::Passed)
}
