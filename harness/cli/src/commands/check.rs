//! `bootrack check`: are suites, PICS, PIXIT, testbeds and the clause ledger in order?

use std::collections::BTreeMap;

use serde_json::json;

use crate::arguments::Check;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn check(arguments: &Check) -> Result<Exit, Failure> {
    let loaded = inputs::load(&arguments.paths, arguments.pics.as_deref(), arguments.pixit.as_deref())?;
    let (testbed, testbed_source) = inputs::testbed(arguments.testbed.as_deref())?;
    inputs::check_boards(&testbed, &testbed_source, &loaded)?;
    // The ledger speaks of the built-in suites; a file of one's own need not cover it.
    if arguments.paths.is_empty() {
        let uncovered = loaded.ledger.uncovered(&loaded.suites);
        if !uncovered.is_empty() {
            return Err(uncovered.into());
        }
    }
    let rows = loaded.cases().count();
    let mut specs: BTreeMap<&str, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for clause in loaded.ledger.clauses() {
        *specs.entry(&clause.spec).or_default().entry(inputs::class_name(&clause.class)).or_default() += 1;
    }
    if arguments.json {
        output::json(&json!({
            "schema": "bootrack-check/1", "suites": loaded.suites.len(), "rows": rows, "clauses": specs,
        }));
        return Ok(Exit::Passed);
    }
    say!("{} suites, {rows} cases with their rows: in order", loaded.suites.len());
    if arguments.clauses {
        for (spec, classes) in &specs {
            let total: usize = classes.values().sum();
            let title = loaded.ledger.title(spec).unwrap_or("");
            say!("\n{spec}: {total} statements ({title})");
            for (class, count) in classes {
                say!("  {count:>4} {class}");
            }
        }
    }
    Ok(Exit::Passed)
}
