//! `bootrack list`: the cases of a selection.

use record::table::{self, Table};
use serde_json::json;
use suites::describe;
use suites::monitor::{Monitor, Rule};
use suites::plan::Case;

use crate::arguments::List;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, say};

/// The monitors that watch every case.
fn monitors(loaded: &Loaded, as_json: bool) -> Exit {
    let applicable = loaded.monitors.applicable(&loaded.pics);
    let applies = |monitor: &Monitor| applicable.get(&monitor.id).is_some();
    if as_json {
        let entry = |monitor: &Monitor| {
            json!({
                "id": monitor.id, "purpose": monitor.purpose, "clauses": monitor.clauses, "pics": monitor.pics,
                "from": monitor.iut.name(), "rule": describe::rule(monitor), "applies": applies(monitor),
                "of_profile": monitor.is_of_profile(),
            })
        };
        let all: Vec<_> = loaded.monitors.iter().map(entry).collect();
        output::json(&json!({ "schema": "bootrack-monitors/1", "monitors": all }));
        return Exit::Passed;
    }
    for monitor in loaded.monitors.iter() {
        let note = if applies(monitor) { "" } else { " (not applicable by the PICS)" };
        say!("  {:<28} {}{note}", monitor.id, monitor.purpose);
    }
    let machines = loaded.monitors.iter().filter(|monitor| matches!(monitor.rule, Rule::Machine { .. })).count();
    let all = loaded.monitors.iter().len();
    say!("{all} monitors, {} as data and {machines} as machines", all - machines);
    Exit::Passed
}

pub(crate) fn list(arguments: &List) -> Result<Exit, Failure> {
    let (loaded, plan) = inputs::plan(&arguments.planning)?;
    if arguments.monitors {
        return Ok(monitors(&loaded, arguments.json));
    }
    let tables = table::tables(plan.cases.iter().map(|case| (case.id.as_str(), case.table.as_ref())));
    if arguments.json {
        let entry = |case: &Case| {
            json!({
                "id": case.id, "suite": case.suite, "phase": case.phase, "clauses": case.clauses,
                "purpose": case.purpose, "oracle": case.oracle,
            })
        };
        output::json(&json!({
            "schema": "bootrack-list/1",
            "tables": tables.iter().map(|table| shown(table, &plan.cases)).collect::<Vec<_>>(),
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
    // A line of values is seen in the list above.
    tables.iter().filter(|table| table.rows.len() > 1).for_each(print);
    let bases: std::collections::BTreeSet<&str> = plan.cases.iter().map(|case| case.base.as_str()).collect();
    say!("{} cases in {} rows", bases.len(), plan.cases.len());
    Ok(Exit::Passed)
}

/// A table as JSON: a row has the ID of a case, or null, for each column.
fn shown(table: &Table, cases: &[Case]) -> serde_json::Value {
    let ids = |cells: &[Option<usize>]| -> Vec<Option<&str>> {
        cells.iter().map(|cell| cell.and_then(|at| cases.get(at)).map(|case| case.id.as_str())).collect()
    };
    let rows: Vec<_> = table.rows.iter().map(|(row, cells)| json!({ "row": row, "cases": ids(cells) })).collect();
    json!({ "name": table.name, "columns": table.columns, "rows": rows })
}

/// A table for people: columns by number, and in each row the numbers of those that it has a case for.
fn print(table: &Table) {
    let (rows, columns) = (table.rows.len(), table.columns.len());
    say!("table {}: {rows} x {columns}, {} cases", table.name, table.cells());
    let heads: Vec<String> = (1..).zip(&table.columns).map(|(number, head)| format!("{number} {head}")).collect();
    say!("  columns: {}", heads.join(", "));
    for (row, cells) in &table.rows {
        let cells: Vec<String> = (1..)
            .zip(cells)
            .map(|(number, cell): (usize, _)| match cell {
                Some(_) => format!("{number:>2}"),
                None => " .".to_owned(),
            })
            .collect();
        say!("  {row:<40} {}", cells.join(" "));
    }
}
