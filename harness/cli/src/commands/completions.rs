//! `bootrack completions`: the script that teaches a shell our command line.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;

pub(crate) fn completions(arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "bootrack", &mut script);
    output::write(&script);
    Ok(Exit::Passed)
}
