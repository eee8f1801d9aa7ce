//! `bootrack pics new`: asks the questions of the proformas, one after the other, and writes the answers to files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write as _};
use std::path::Path;

use input::Source;
use suites::built_in;
use suites::ledger::Ledger;
use suites::pics::{Proforma, Symbol};
use suites::pixit::{Definition, Pixit, ValueKind};

use crate::arguments::{Pics, PicsCommand, PicsNew};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::say;

pub(crate) fn pics(arguments: &Pics) -> Result<Exit, Failure> {
    match &arguments.command {
        PicsCommand::New(new) => ask_all(new),
    }
}

fn ask_all(arguments: &PicsNew) -> Result<Exit, Failure> {
    let ledger = Ledger::load(&built_in::clauses()).map_err(Failure::Input)?;
    let proforma = Proforma::load(&built_in::pics(), &ledger).map_err(Failure::Input)?;
    let pixit = Pixit::load(&built_in::pixit()).map_err(Failure::Input)?;
    let files = [Some(arguments.file.as_path()), arguments.pixit.as_deref()];
    let files: Vec<&Path> = files.into_iter().flatten().collect();
    if arguments.pixit.as_deref() == Some(&arguments.file) {
        return Err(Failure::usage("claims and values go to two files"));
    }
    for (at, file) in files.iter().enumerate() {
        if let Err(failure) = reserve(file) {
            // What was made for nothing goes again.
            files.iter().take(at).for_each(|made| drop(fs::remove_file(made)));
            return Err(failure);
        }
    }
    let mut dialogue = Dialogue { input: io::stdin().lock(), ended: false };
    say!(
        "What does the device implement? y or n; Enter leaves a question open, and its cases are run; ? shows the clause; q ends."
    );
    let mut answers = BTreeMap::new();
    for (number, symbol) in proforma.symbols().iter().enumerate() {
        let head = format!("{}/{}  {}", number + 1, proforma.symbols().len(), symbol.name);
        if let Some(answer) = dialogue.claim(&head, symbol, &ledger) {
            answers.insert(symbol.name.clone(), answer);
            // After each answer: who gives up in the middle loses nothing.
            write(&arguments.file, &proforma.file(&answers))?;
        }
        if dialogue.ended {
            break;
        }
    }
    write(&arguments.file, &proforma.file(&answers))?;
    let mut values = BTreeMap::new();
    if let Some(file) = &arguments.pixit {
        if !dialogue.ended {
            say!(
                "\nWhat do the tests need to know of it? Enter keeps the value in brackets; ? shows the clause; q ends."
            );
        }
        for (number, definition) in pixit.definitions().iter().enumerate() {
            if dialogue.ended {
                break;
            }
            let head = format!("{}/{}  {}", number + 1, pixit.definitions().len(), definition.name);
            if let Some(value) = dialogue.value(&head, definition, &pixit, &ledger) {
                values.insert(definition.name.clone(), value);
                write(file, &pixit.file(&values))?;
            }
        }
        write(file, &pixit.file(&values))?;
    }
    conclude(arguments, &proforma, &answers, values.len());
    Ok(Exit::Passed)
}

fn conclude(arguments: &PicsNew, proforma: &Proforma, answers: &BTreeMap<String, bool>, values: usize) {
    let claimed = answers.values().filter(|answer| **answer).count();
    let open = proforma.symbols().len() - answers.len();
    say!("\n{}: {claimed} yes, {} no, {open} left open", arguments.file.display(), answers.len() - claimed);
    for contradiction in proforma.contradictions(answers) {
        say!("  {contradiction}: it does not conform");
    }
    let mut command = format!("bootrack run --pics {}", arguments.file.display());
    if let Some(file) = &arguments.pixit {
        say!("{}: {values} values that differ from the profile's", file.display());
        command = format!("{command} --pixit {}", file.display());
    }
    say!("next: {command}");
}

/// Makes an empty file, which must not be there.
fn reserve(file: &Path) -> Result<(), Failure> {
    match fs::File::create_new(file) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::usage_with_help(
            format!("{} exists already", file.display()),
            "name another file, or move this one away: answers are not overwritten",
        )),
        Err(error) => Err(cannot_write(file, &error)),
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &io::Error) -> Failure {
    Failure::usage_with_help(
        format!("cannot write {}: {error}", file.display()),
        "choose a place in a folder that exists and that you may write to",
    )
}

/// Questions on stdout, answers from stdin, a line each: for a person and for a script.
struct Dialogue<R> {
    input: R,
    /// No more answers will come.
    ended: bool,
}

impl<R: BufRead> Dialogue<R> {
    /// The next line without blanks around it; `None` at the end.
    fn line(&mut self, prompt: &str) -> Option<String> {
        print!("{prompt} ");
        // A prompt that nobody can see is no reason to lose answers.
        let _ = io::stdout().flush();
        let mut line = String::new();
        let is_over = !self.input.read_line(&mut line).is_ok_and(|octets| octets > 0);
        let line = line.trim();
        if is_over || line.eq_ignore_ascii_case("q") {
            self.ended = true;
            return None;
        }
        Some(line.to_owned())
    }

    fn claim(&mut self, head: &str, symbol: &Symbol, ledger: &Ledger) -> Option<bool> {
        say!("\n{head} ({}, {})\n{}", symbol.status(), symbol.clause, symbol.question);
        loop {
            match self.line("[y/n/?]")?.to_ascii_lowercase().as_str() {
                "" => return None,
                "y" | "yes" => return Some(true),
                "n" | "no" => return Some(false),
                "?" => show_clause(&symbol.clause, ledger),
                other => say!("`{other}` is no answer: y, n, ? or q, or Enter to leave it open"),
            }
        }
    }

    /// A value as it stands in the file, if it is another than the profile's.
    fn value(&mut self, head: &str, definition: &Definition, pixit: &Pixit, ledger: &Ledger) -> Option<String> {
        say!("\n{head} ({})\n{} {}", definition.clause, definition.doc, allowed(&definition.kind));
        loop {
            let answer = self.line(&format!("[{}]", definition.default))?;
            if answer.is_empty() || answer == definition.default.to_string() {
                return None;
            }
            if answer == "?" {
                show_clause(&definition.clause, ledger);
                continue;
            }
            let literal = match definition.kind {
                ValueKind::Number { .. } if answer.parse::<u64>().is_err() => {
                    say!("`{answer}` is no number");
                    continue;
                }
                ValueKind::Number { .. } => answer.clone(),
                ValueKind::Duration { .. } | ValueKind::Choice(_) => format!("\"{}\"", answer.escape_default()),
            };
            let text = format!("[pixit]\n{} = {literal}\n", definition.name);
            match pixit.overridden(&Source { name: "answer".to_owned(), text }) {
                Ok(_) => return Some(literal),
                Err(faults) => faults.iter().for_each(|fault| say!("{}", fault.message)),
            }
        }
    }
}

fn allowed(kind: &ValueKind) -> String {
    match kind {
        ValueKind::Number { min, max } => format!("({min} to {max})"),
        ValueKind::Duration { min, max } => {
            format!("({} to {})", suites::duration::show(*min), suites::duration::show(*max))
        }
        ValueKind::Choice(words) => format!("({})", words.join(" or ")),
    }
}

fn show_clause(id: &str, ledger: &Ledger) {
    match ledger.clause(id) {
        Some(clause) => say!("{id}, {} section {}: {}", clause.spec, clause.section, clause.text),
        None => say!("{id}"),
    }
}
