//! `bootrack-mutate`: writes the device's sources anew, builds all mutants at once, and says where the program is.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use bootrack_mutate::compare::compare;
use bootrack_mutate::workspace::{Error, Mutants, Wanted, build, keep_refused};

const USAGE: &str = "usage: bootrack-mutate [--root DIR] [--profile NAME] [--small] [--keep-refused]
       bootrack-mutate [--root DIR] --compare < LIST     LIST is what `cargo mutants --list --json` prints";

fn main() -> ExitCode {
    let mut wanted = Wanted { root: PathBuf::from("."), profile: "ci".to_owned(), small: false };
    let (mut keeps_refused, mut compares) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--small" => wanted.small = true,
            "--keep-refused" => keeps_refused = true,
            "--compare" => compares = true,
            "--root" => wanted.root = arguments.next().map_or_else(|| wanted.root.clone(), PathBuf::from),
            "--profile" => wanted.profile = arguments.next().unwrap_or_else(|| wanted.profile.clone()),
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    wanted.root = std::path::absolute(&wanted.root).unwrap_or_else(|_| wanted.root.clone());
    let done = if compares { told_comparison(&wanted) } else { built(&wanted, keeps_refused) };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(4)
    })
}

fn built(wanted: &Wanted, keeps_refused: bool) -> Result<ExitCode, Error> {
    let built = build(wanted, &mut |line| eprintln!("{line}"))?;
    if keeps_refused {
        keep_refused(&wanted.root, &built)?;
    }
    println!("{}", built.program.display());
    Ok(ExitCode::SUCCESS)
}

/// Exit code 1 if a mutant of the list is not among ours.
fn told_comparison(wanted: &Wanted) -> Result<ExitCode, Error> {
    let mut list = String::new();
    let read = std::io::stdin().read_to_string(&mut list);
    read.map_err(|error| Error::File { path: PathBuf::from("the standard input"), error })?;
    let comparison = compare(&Mutants::find(&wanted.root)?, &list)?;
    comparison.missing.iter().for_each(|name| println!("not among ours: {name}"));
    println!(
        "{} mutants of cargo-mutants: {} in code that no board has, {} of {} others among ours",
        comparison.theirs,
        comparison.foreign,
        comparison.found,
        comparison.theirs - comparison.foreign
    );
    Ok(if comparison.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
