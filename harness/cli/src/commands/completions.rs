//! `bootrack completions`: the script that teaches a shell our command line.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) fn completions(arguments: &Completions) -> Result<Exit, Failure> {
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "bootrack", &mut std::io::stdout());
    Ok(Exit::Passed)
}
