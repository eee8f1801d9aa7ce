//! `bootrack check`: are suites, PICS, PIXIT, testbeds and the clause ledger in order?

use std::collections::{BTreeMap, BTreeSet};

use engine::mutant::Mutant;
use explorer::RULES;
use input::Source;
use serde_json::json;
use suites::ledger::tally::Tally;
use suites::ledger::{Ledger, MECHANISMS, Mechanism, Specification};
use suites::{built_in, oracles, readers};

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
        let mut faults = loaded.ledger.uncovered(loaded.cases(), &loaded.monitors);
        let bases = loaded.cases().map(|case| case.base.as_str()).collect();
        faults.extend(suites::shown_nowhere(&built_in::monitors(), &bases));
        faults.extend(readers::symbols_without_case(&built_in::pics(), &built_in::all()));
        let readers_of_pixit: Vec<Source> = built_in::all().into_iter().chain(built_in::monitors()).collect();
        faults.extend(readers::values_without_reader(&built_in::pixit(), &readers_of_pixit));
        faults.extend(loaded.ledger.unknown_mutants(|name| Mutant::from_name(name).is_some()));
        faults.extend(oracles::cases_without_oracle(&built_in::all()));
        if !faults.is_empty() {
            return Err(faults.into());
        }
    }
    if arguments.monitors {
        return super::check_monitors::check(&loaded, testbed, arguments.json);
    }
    let rows = loaded.cases().count();
    let tallies: Vec<(&Specification, Tally)> =
        loaded.ledger.specifications().iter().map(|spec| (spec, loaded.ledger.tally(spec))).collect();
    if arguments.json {
        let by_spec = |count: fn(&Tally) -> serde_json::Value| -> BTreeMap<&str, serde_json::Value> {
            tallies.iter().map(|(spec, tally)| (spec.spec.as_str(), count(tally))).collect()
        };
        output::json(&json!({
            "schema": "bootrack-check/1", "suites": loaded.suites.len(), "rows": rows,
            "clauses": by_spec(|tally| json!(tally.classes)),
            "levels": by_spec(|tally| json!(tally.levels)),
            "later": by_spec(|tally| json!(tally.later)),
            "without_mutant": loaded
                .ledger
                .specifications()
                .iter()
                .map(|spec| (spec.spec.as_str(), without_mutant(&loaded.ledger, spec)))
                .collect::<BTreeMap<_, _>>(),
            "in_part": by_spec(|tally| json!(tally.in_part)),
            "sections": by_spec(|tally| {
                json!({ "with_statements": tally.sections, "without": tally.without_statements })
            }),
            "explorer": { "rules": RULES.len(), "clauses": rules_by_specification(&tallies) },
        }));
        return Ok(Exit::Passed);
    }
    say!("{} suites, {rows} cases with their rows: in order", loaded.suites.len());
    if arguments.clauses {
        for (spec, tally) in &tallies {
            show(spec, tally, &without_mutant(&loaded.ledger, spec));
        }
        show_waiting(&tallies);
        show_rules(&tallies);
    }
    Ok(Exit::Passed)
}

/// A specification's statements by class, by level, and of those that wait by mechanism.
fn show(spec: &Specification, tally: &Tally, without_mutant: &[&str]) {
    say!("\n{}: {} statements ({})", spec.spec, tally.statements, spec.title);
    for (class, count) in &tally.classes {
        let more = match *class {
            "later" => list(&tally.later),
            "tested" if !tally.in_part.is_empty() => {
                format!(
                    "{} of them in part; the rest waits: {}",
                    tally.in_part.values().sum::<usize>(),
                    list(&tally.in_part)
                )
            }
            _ => String::new(),
        };
        let colon = if more.is_empty() { "" } else { ": " };
        say!("  {count:>4} {class}{colon}{more}");
    }
    if tally.classes.contains_key("tested") {
        let which = if without_mutant.is_empty() { String::new() } else { format!(": {}", without_mutant.join(" ")) };
        say!("  {} tested without a mutant that breaks them{which}", without_mutant.len());
    }
    say!("  by level: {}", list(&tally.levels));
    let without = match tally.without_statements {
        0 => String::new(),
        count => format!(", {count} that have none"),
    };
    say!("  in {} sections{without}", tally.sections);
}

/// IDs of tested clauses that no wrong device breaks. That those which are named do break them is shown by `bootrack mutants`.
fn without_mutant<'a>(ledger: &'a Ledger, spec: &'a Specification) -> Vec<&'a str> {
    let is_broken = |id: &str| Mutant::all().any(|mutant| mutant.clause() == id);
    ledger.without_mutant(&spec.spec, is_broken).iter().map(|clause| clause.id.as_str()).collect()
}

/// What waits for each mechanism, over all specifications.
fn show_waiting(tallies: &[(&Specification, Tally)]) {
    say!("\nlater, by mechanism");
    for Mechanism { name, what } in MECHANISMS {
        let sum = |of: fn(&Tally) -> &BTreeMap<&'static str, usize>| -> usize {
            tallies.iter().filter_map(|(_, tally)| of(tally).get(name)).sum()
        };
        let in_part = match sum(|tally| &tally.in_part) {
            0 => String::new(),
            count => format!(" (and a part of {count} more)"),
        };
        say!("  {:>4} {name:<10} {what}{in_part}", sum(|tally| &tally.later));
    }
}

/// The explorer's rules, and how many clauses of each specification they rest on.
fn show_rules(tallies: &[(&Specification, Tally)]) {
    let by_spec = rules_by_specification(tallies);
    let counts: Vec<String> = by_spec.iter().map(|(spec, count)| format!("{count} of {spec}")).collect();
    say!(
        "\nexplorer: {} rules, which rest on {} clauses: {}",
        RULES.len(),
        by_spec.values().sum::<usize>(),
        counts.join(", ")
    );
}

/// How many clauses of each specification some rule of the explorer rests on.
fn rules_by_specification<'a>(tallies: &[(&'a Specification, Tally)]) -> BTreeMap<&'a str, usize> {
    let cited: BTreeSet<&str> = RULES.iter().flat_map(|rule| rule.clauses).copied().collect();
    let of = |spec: &str| cited.iter().filter(|clause| specification_of(clause) == spec).count();
    let counted = tallies.iter().map(|(spec, _)| (spec.spec.as_str(), of(&spec.spec)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// `PROFILE-SEL` of `PROFILE-SEL-7a`.
fn specification_of(clause: &str) -> &str {
    let number = clause.find(|c: char| c.is_ascii_digit()).unwrap_or(clause.len());
    clause[..number].trim_end_matches('-')
}

/// `3 pana, 2 thread`.
fn list(counts: &BTreeMap<&'static str, usize>) -> String {
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
