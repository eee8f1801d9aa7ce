//! Holds our list against that of `cargo-mutants`, a program of others: every place and operator that it names has to be among ours.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::workspace::{Error, Mutants};

/// A mutant of `cargo mutants --list --json`, as far as we ask.
#[derive(Debug, Deserialize)]
struct Theirs {
    file: String,
    name: String,
    genre: String,
    replacement: String,
    span: Span,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: Position,
}

#[derive(Debug, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

/// What the comparison says.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Mutants that it names.
    pub theirs: usize,
    /// Of these, in code that no board has: lists and hooks of the named mutants.
    pub foreign: usize,
    /// Of the others, those that are among ours; one that the compiler refuses counts, it would refuse theirs too.
    pub found: usize,
    /// Those that are not, by their name.
    pub missing: Vec<String>,
}

/// Compares; `list` is what `cargo mutants --list --json` prints, of `bootrack-node` say.
///
/// # Errors
/// [`Error::List`].
pub fn compare(mutants: &Mutants, list: &str) -> Result<Comparison, Error> {
    let theirs: Vec<Theirs> = serde_json::from_str(list).map_err(Error::List)?;
    let ours: BTreeSet<(String, usize, usize, String)> = mutants
        .listed()
        .map(|(entry, token)| {
            let kind = kind(&entry.class, &entry.operator, token);
            (entry.file, entry.line, entry.column, kind)
        })
        .chain(
            mutants
                .definitions()
                .iter()
                .map(|(file, line, column, operator)| (file.clone(), *line, *column, format!("operator {operator}"))),
        )
        .collect();
    let mut comparison = Comparison { theirs: theirs.len(), ..Comparison::default() };
    for their in theirs {
        let Position { line, column } = their.span.start;
        if mutants.is_foreign(&their.file, line, column) {
            comparison.foreign += 1;
            continue;
        }
        let wanted = match their.genre.as_str() {
            "FnValue" => format!("return {}", plain(&their.replacement)),
            "BinaryOperator" => format!("operator {}", their.replacement),
            "UnaryOperator" => "negation".to_owned(),
            "MatchArmGuard" => format!("guard {}", their.replacement),
            "MatchArm" => "arm".to_owned(),
            "StructField" => "field".to_owned(),
            other => other.to_owned(),
        };
        if ours.contains(&(their.file, line, column, wanted)) {
            comparison.found += 1;
        } else {
            comparison.missing.push(their.name);
        }
    }
    Ok(comparison)
}

fn kind(class: &str, operator: &str, token: &str) -> String {
    match (class, operator) {
        ("return", _) => format!("return {}", plain(token)),
        ("statement", "arm dropped") => "arm".to_owned(),
        ("statement", "field dropped") => "field".to_owned(),
        (_, "guard always holds") => "guard true".to_owned(),
        (_, "guard never holds") => "guard false".to_owned(),
        (_, "negation removed") => "negation".to_owned(),
        (_, "comparison moved" | "and for or" | "operator replaced") => format!("operator {token}"),
        (_, other) => other.to_owned(),
    }
}

/// A value without the paths to `alloc` and `core`, which `cargo-mutants` writes otherwise.
fn plain(value: &str) -> String {
    [
        "::mutation::",
        "alloc::boxed::",
        "alloc::vec::",
        "alloc::string::",
        "alloc::",
        "::core::iter::",
        "::std::iter::",
        " ",
    ]
    .iter()
    .fold(value.to_owned(), |text, path| text.replace(path, ""))
}
