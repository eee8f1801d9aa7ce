//! `bootrack explain`: one case in full, and why it is selected or not.

use authenticator::Registry;
use record::manifest::shown_oracle;
use suites::describe;
use suites::monitor::{Monitor, Rule, Template};
use suites::plan::{Case, Part, State};
use suites::{oracles, selection};

use crate::arguments::Explain;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::say;

/// A monitor in full: what it judges, and where it finds which wrong device.
fn explain_monitor(monitor: &Monitor, loaded: &Loaded) {
    say!("{}  (monitor)", monitor.id);
    say!("{}", monitor.purpose);
    say!("\nwhere     {}:{}", monitor.origin.file, monitor.origin.line);
    say!("judges    {}", describe::rule(monitor));
    if let Rule::Machine { name } = &monitor.rule {
        let what = engine::monitors::MACHINES.iter().find(|machine| machine.name == name).map(|machine| machine.what);
        say!("          {}", what.unwrap_or_default());
    }
    if let Rule::Template(Template { unless: Some(excuse), .. }) = &monitor.rule {
        say!("          does not apply if {}", excuse.because);
    }
    if monitor.is_of_profile() {
        say!("          a departure from the profile: it fails cases of the profile's suites only");
    }
    say!("\nclauses");
    for clause in monitor.clauses.iter().filter_map(|id| loaded.ledger.clause(id)) {
        say!("  {:<16} {}", clause.id, clause.text);
    }
    if !monitor.kills.is_empty() {
        say!("\nfinds     {} in {}", monitor.kills.join(", "), monitor.shown_in.join(", "));
    }
    let denied: Vec<&str> =
        monitor.pics.iter().filter(|symbol| loaded.pics.answer(symbol) == Some(false)).map(String::as_str).collect();
    match denied.as_slice() {
        [] => say!("\nit watches every case that has {} under test", monitor.iut.name()),
        symbols => say!("\nit watches nothing: the device does not claim {}", symbols.join(", ")),
    }
}

pub(crate) fn explain(arguments: &Explain) -> Result<Exit, Failure> {
    let loaded = inputs::load(&arguments.suites, arguments.pics.as_deref(), arguments.pixit.as_deref())?;
    let rows: Vec<&Case> =
        loaded.cases().filter(|case| case.id == arguments.case || case.base == arguments.case).collect();
    let Some(case) = rows.first() else {
        if let Some(monitor) = loaded.monitors.get(&arguments.case) {
            explain_monitor(monitor, &loaded);
            return Ok(Exit::Passed);
        }
        let ids: Vec<&str> = loaded.cases().map(|case| case.base.as_str()).collect();
        let near = input::nearest(&arguments.case, ids.iter().copied());
        return Err(Failure::usage_with_help(
            format!("no case `{}`", arguments.case),
            near.map_or_else(
                || "`bootrack list` shows every case".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ),
        ));
    };
    say!("{}  ({}, phase {})", case.base, case.suite, case.phase);
    say!("{}", case.purpose);
    say!("\nwhere     {}:{}", case.origin.file, case.origin.line);
    if !case.iut.is_device() {
        let title = Registry::default().kind(case.iut.name()).map_or("station", |kind| kind.info.title);
        say!("tests     the {title}; `dut` is a reference device");
    }
    say!("topology  {}", case.topology.text);
    if case.entry.is_some() || case.exit.is_some() {
        let word = |state: Option<State>| state.map_or("not declared", State::name);
        say!("states    {} at entry, {} at exit", word(case.entry), word(case.exit));
    }
    if rows.len() > 1 {
        say!("rows      {}", rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(" "));
    }
    say!("oracle    {}", shown_oracle(case.oracle.as_deref()));
    for oracle in case.oracle.iter().flatten().filter_map(|name| oracles::oracle(name)) {
        say!("  {}: {} ({}, {})", oracle.name, oracle.what, oracle.file, oracle.test);
    }
    say!("\nclauses");
    for id in &case.clauses {
        let Some(clause) = loaded.ledger.clause(id) else { continue };
        say!("  {id:<16} {}", clause.text);
        if let Some(reading) = &clause.reading {
            say!("  {:16} read so: {reading}", "");
        }
        if let Some(rest) = &clause.rest {
            say!("  {:16} no case shows yet: {rest}", "");
        }
    }
    for (part, title) in [(Part::Preamble, "preamble"), (Part::Body, "body"), (Part::Postamble, "postamble")] {
        let steps: Vec<_> = case.steps.iter().filter(|step| step.part == part).collect();
        if steps.is_empty() {
            continue;
        }
        say!("\n{title}");
        for (number, step) in steps.iter().enumerate() {
            let procedure = step.procedure.as_ref().map(|name| format!("  [{name}]")).unwrap_or_default();
            say!("  {:>3}. {}{procedure}", number + 1, step.text);
        }
    }
    if !case.kills.is_empty() {
        say!("\nkills     {}", case.kills.join(", "));
    }
    let watching = case.monitors.iter().filter(|monitor| monitor.iut == case.iut).count();
    if watching > 0 {
        say!("\nwatched   by {watching} monitors beside its steps (`bootrack list --monitors`)");
    }
    let explanation = selection::explain(case, &[], &loaded.pics, &loaded.proforma);
    say!("\n{}", if explanation.selected { "selected, because" } else { "not selected, because" });
    for ground in explanation.grounds {
        say!("  {ground}");
    }
    Ok(Exit::Passed)
}
