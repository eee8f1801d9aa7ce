//! `bootrack check --monitors`: plays every case against the reference device and counts what each monitor judged. A monitor that
//! judged nothing shows nothing; one that finds something in a right device is wrong; one that passes over much of what it
//! names says less than it seems to; and one that names no mutant that it alone finds (`bootrack mutants` plays it) may find nothing
//! that something else does not.

use engine::campaign::{Setting, run_in_memory};
use engine::stored_plan::PlannedCase;
use record::verdict::{Violation, Watched};
use serde_json::json;
use suites::monitor::Monitor;
use testbeds::testbed::{Device, Testbed};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs::Loaded;
use crate::output::{self, say};

/// Of a hundred PDUs that a monitor names it may pass over so many.
const MOST_PASSED_OVER: u64 = 10;

/// The seed of `run`.
const SEED: u64 = 7;

/// What a monitor had to do in all cases together.
struct Count<'a> {
    monitor: &'a Monitor,
    sum: Watched,
    cases: usize,
}

impl Count<'_> {
    /// What is wrong with it.
    fn fault(&self) -> Option<String> {
        let Watched { named, judged, violations } = self.sum;
        if judged == 0 {
            Some("judged nothing in all cases: it shows nothing".to_owned())
        } else if violations > 0 {
            Some(format!("{violations} violations of a right device"))
        } else if self.monitor.kills.is_empty() {
            Some("names no mutant that it alone finds (`kills`, `shown_in`): nothing shows what it is for".to_owned())
        } else if (named - judged) * 100 > named * MOST_PASSED_OVER {
            Some(format!("does not apply to {} of the {named} PDUs that it names", named - judged))
        } else {
            None
        }
    }
}

pub(super) fn check(loaded: &Loaded, testbed: Testbed, as_json: bool) -> Result<Exit, Failure> {
    let setting = Setting::new(testbed, Device::Reference);
    let plan = loaded.plan(&[]);
    let applicable = loaded.monitors.applicable(&loaded.pics);
    let mut counts: Vec<Count<'_>> =
        applicable.iter().map(|monitor| Count { monitor, sum: Watched::default(), cases: 0 }).collect();
    let mut found: Vec<(String, Violation)> = Vec::new();
    for case in &plan.cases {
        let planned = PlannedCase::new(case, SEED, &setting.testbed, setting.stations);
        let run = run_in_memory(&planned, &setting).map_err(|error| Failure::Broken(error.to_string()))?;
        for count in &mut counts {
            let Some(watched) = run.verdict.watched.get(&count.monitor.id) else { continue };
            count.sum.named += watched.named;
            count.sum.judged += watched.judged;
            count.sum.violations += watched.violations;
            count.cases += usize::from(watched.judged > 0);
        }
        found.extend(run.verdict.violations.into_iter().map(|violation| (case.id.clone(), violation)));
    }
    let faulty = counts.iter().filter(|count| count.fault().is_some()).count();
    if as_json {
        let entry = |count: &Count<'_>| {
            let Count { monitor, sum, cases } = count;
            json!({
                "id": monitor.id, "named": sum.named, "judged": sum.judged, "violations": sum.violations,
                "cases": cases, "fault": count.fault(),
            })
        };
        let monitors: Vec<_> = counts.iter().map(entry).collect();
        output::json(
            &json!({ "schema": "bootrack-check-monitors/1", "cases": plan.cases.len(), "monitors": monitors }),
        );
    } else {
        say!("{:<28} {:>7} {:>7} {:>7} {:>6}", "monitor", "named", "judged", "n/a", "cases");
        for count in &counts {
            let Watched { named, judged, .. } = count.sum;
            let fault = count.fault().map(|fault| format!("  {fault}")).unwrap_or_default();
            let not_applicable = named - judged;
            say!("{:<28} {named:>7} {judged:>7} {not_applicable:>7} {:>6}{fault}", count.monitor.id, count.cases);
        }
        for (case, violation) in &found {
            say!("\n{case}: monitor {}: {} (events {:?})", violation.monitor, violation.reason, violation.evidence);
        }
        say!("\n{} monitors over {} cases, {faulty} at fault", counts.len(), plan.cases.len());
    }
    Ok(if faulty == 0 { Exit::Passed } else { Exit::Failed })
}
