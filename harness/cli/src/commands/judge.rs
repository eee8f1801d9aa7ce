//! `bootrack judge`: the stored events, judged again.

use record::manifest::shown_blame;
use serde_json::json;

use crate::arguments::Judge;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn judge(arguments: &Judge) -> Result<Exit, Failure> {
    let mut run = inputs::open_run(&arguments.run)?;
    let damage: Vec<String> = run.damage.iter().map(ToString::to_string).collect();
    if arguments.ignore_digests {
        run.damage.clear();
    }
    let rejudged = engine::rejudge::rejudge(run).map_err(|error| Failure::Altered(error.to_string()))?;
    if arguments.json {
        let cases: Vec<_> = rejudged
            .cases
            .iter()
            .map(|case| {
                json!({
                    "id": case.id, "verdict": case.verdict, "blame": case.blame, "blamed": case.blamed,
                    "reason": case.reason,
                    "stored": case.stored, "reproduced": case.reproduced, "violations": case.violations,
                })
            })
            .collect();
        output::json(&json!({"schema": "bootrack-judge/1", "cases": cases, "damage": damage}));
    } else {
        let coloured = output::colours();
        for case in &rejudged.cases {
            let note = if case.reproduced { "" } else { "   DIFFERS from what is stored" };
            say!("{}  {}{note}", output::verdict(case.verdict, coloured), case.id);
            for violation in &case.violations {
                say!("{:>14}  monitor {}: {}", "", violation.monitor, violation.reason);
            }
            if !case.reproduced {
                let shown = |blame| shown_blame(blame, case.blamed.as_deref());
                let blame = case.blame.map_or_else(|| "none".to_owned(), shown);
                say!("{:>14}  stored {}, now blame {blame}: {}", "", case.stored, case.reason);
            }
        }
        for fault in &damage {
            output::tell!("altered: {fault}");
        }
        let reproduced = rejudged.cases.iter().filter(|case| case.reproduced).count();
        say!("\n{reproduced} of {} verdicts reproduced", rejudged.cases.len());
    }
    Ok(if rejudged.reproduced() { Exit::Passed } else { Exit::Differs })
}
