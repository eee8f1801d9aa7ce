//! `bootrack report`: the reports of a stored run, written again.

use authenticator::Registry;
use suites::built_in;
use suites::ledger::Ledger;

use crate::arguments::Report;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, say};

pub(crate) fn report(arguments: &Report) -> Result<Exit, Failure> {
    let run = inputs::open_run(&arguments.run)?;
    for fault in &run.damage {
        output::tell!("altered: {fault}");
    }
    let ledger = Ledger::load(&built_in::clauses())?;
    engine::render::render(&run, &inputs::clause_texts(&ledger), Registry::default())
        .map_err(|error| Failure::Broken(error.to_string()))?;
    say!("{}", arguments.run.join("index.html").display());
    say!("{}", arguments.run.join("junit.xml").display());
    Ok(if run.damage.is_empty() { Exit::Passed } else { Exit::Differs })
}
