//! The `bootrack` command: parses arguments, runs one subcommand, prints results on stdout and everything else on stderr.

mod arguments;
mod captures;
mod commands;
mod exit;
mod failure;
mod inputs;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

use crate::arguments::{Arguments, Command, Testbed, TestbedCommand};
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // `--help` and `--version` are errors to clap, but no failures.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Passed };
            drop(error.print());
            return exit.into();
        }
    };
    output::install_diagnostics();
    let result = match arguments.command {
        Command::Run(run) => commands::run::run(&run),
        Command::List(list) => commands::list::list(&list),
        Command::Explain(explain) => commands::explain::explain(&explain),
        Command::Check(check) => commands::check::check(&check),
        Command::Judge(judge) => commands::judge::judge(&judge),
        Command::Replay(replay) => commands::replay::replay(&replay),
        Command::Report(report) => commands::report::report(&report),
        Command::Compare(compare) => commands::compare::compare(&compare),
        Command::Mutants(mutants) => commands::mutants::mutants(&mutants),
        Command::Variants(variants) => commands::variants::variants(&variants),
        Command::Explore(explore) => commands::explore::explore(&explore),
        Command::Dissect(dissect) => commands::dissect::dissect(&dissect),
        Command::Testbed(Testbed { command }) => match command {
            TestbedCommand::Discover(discover) => commands::discover::discover(&discover),
            TestbedCommand::Doctor(doctor) => commands::doctor::doctor(&doctor),
            TestbedCommand::Flash(flash) => commands::flash::flash(&flash),
        },
        Command::Sniff(sniff) => commands::sniff::sniff(&sniff),
        Command::Pics(pics) => commands::pics::pics(&pics),
        Command::Schema(schema) => commands::schema::schema(&schema),
        Command::Completions(completions) => commands::completions::completions(&completions),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let exit = failure.exit();
            output::failure(failure);
            exit.into()
        }
    }
}
