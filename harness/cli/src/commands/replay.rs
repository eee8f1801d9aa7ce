//! `bootrack replay`: one stored case again, from its seed; the evidence must be the same, byte for byte.

use engine::campaign::{self, Setting};
use engine::stored_plan::StoredPlan;
use record::event::Event;
use record::sha256_hex;
use testbeds::testbed::Device;

use crate::arguments::Replay;
use crate::commands::run;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::say;

pub(crate) fn replay(arguments: &Replay) -> Result<Exit, Failure> {
    let stored = inputs::open_run(&arguments.run)?;
    let plan = stored.plan().map_err(|error| Failure::Altered(error.to_string()))?;
    let plan = StoredPlan::from_json(plan).map_err(|error| Failure::Altered(error.to_string()))?;
    let Some(planned) = plan.case(&arguments.case) else {
        let rows: Vec<&str> = plan
            .cases
            .iter()
            .filter(|planned| planned.case.base == arguments.case)
            .map(|planned| planned.case.id.as_str())
            .collect();
        if !rows.is_empty() {
            return Err(Failure::usage_with_help(
                format!("case `{}` has rows", arguments.case),
                format!("name one of them: {}", rows.join(" ")),
            ));
        }
        let near = input::nearest(&arguments.case, plan.cases.iter().map(|planned| planned.case.id.as_str()));
        return Err(Failure::usage_with_help(
            format!("the run has no case `{}`", arguments.case),
            near.map_or_else(|| "name it with its row".to_owned(), |near| format!("did you mean `{near}`?")),
        ));
    };
    let manifest = &stored.manifest;
    let path = std::path::Path::new(&manifest.testbed.name);
    let built_in = manifest.testbed.name.starts_with("built-in ");
    let (testbed, source) = inputs::testbed((!built_in).then_some(path))?;
    if sha256_hex(source.text.as_bytes()) != manifest.testbed.sha256 {
        return Err(Failure::usage(format!("testbed `{}` is not the one of that run", manifest.testbed.name)));
    }
    if testbed.is_real_time() {
        return Err(Failure::usage_with_help(
            format!("testbed `{}` runs in real time, which does not come back", testbed.name),
            "`bootrack judge` judges what is stored again, `bootrack run` runs the case again",
        ));
    }
    let setting = match (&manifest.mutant, &manifest.fake) {
        (Some(name), _) => Setting::new(testbed, Device::Reference).with_mutant(run::mutant(name)?),
        (None, Some(name)) => {
            let fake = name.parse().map_err(|error| Failure::Altered(format!("run.json: {error}")))?;
            Setting::new(testbed, Device::Fake(fake))
        }
        (None, None) => Setting::new(testbed, Device::Reference),
    };
    let stored = stored
        .case(&planned.case.id)
        .zip(manifest.cases.iter().find(|case| case.id == planned.case.id))
        .ok_or_else(|| Failure::usage(format!("the run holds no evidence of `{}`", planned.case.id)))?;
    let (evidence, result) = stored;
    let mut exit = Exit::Passed;
    for number in 1..=result.earlier_tries.len() + 1 {
        let (what, evidence) = match number <= result.earlier_tries.len() {
            true => (format!("{}, try {number}", planned.case.id), evidence.earlier_try(number)),
            false => (planned.case.id.clone(), evidence.clone()),
        };
        let before = evidence.events().map_err(|error| Failure::Altered(error.to_string()))?;
        let again = campaign::run_in_memory(&planned.nth_try(number), &setting)
            .map_err(|error| Failure::Broken(error.to_string()))?;
        if !compare(&what, &before, &again.events) {
            exit = Exit::Differs;
        }
    }
    Ok(exit)
}

/// Says whether two logs are the same, and where they part.
fn compare(what: &str, before: &[Event], again: &[Event]) -> bool {
    match before.iter().zip(again).position(|(before, again)| before != again) {
        None if before.len() == again.len() => {
            say!("{what}: {} events, identical", before.len());
            true
        }
        None => {
            say!("{what}: {} events then, {} now", before.len(), again.len());
            false
        }
        Some(index) => {
            say!("{what}: event {} differs", index + 1);
            false
        }
    }
}
