//! The device's floors: who may know whom. Visibility cannot say it inside of one crate, so the sources are read.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

fn collect(path: &Path, files: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        files.push((path.to_owned(), fs::read_to_string(path).unwrap()));
    }
}

/// The mechanisms, by their folders.
fn mechanisms() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mechanism");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let names =
        entries.filter(|path| path.is_dir()).map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.collect()
}

/// The words of a line of code, without its comment; of prose too if `prose`.
fn words(line: &str, prose: bool) -> Vec<String> {
    let code = if prose { line } else { line.split("//").next().unwrap_or("") };
    let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

#[track_caller]
fn no_line(folder: &str, what: &str, is_wrong: impl Fn(&Path, &str) -> bool) {
    let mut wrong = Vec::new();
    for (path, text) in sources(folder) {
        let lines = text.lines().enumerate().filter(|(_, line)| is_wrong(&path, line));
        wrong.extend(lines.map(|(at, line)| format!("{}:{}: {line}", path.display(), at + 1)));
    }
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

fn goes_to(line: &str, modules: &[&str]) -> bool {
    let code = line.split("//").next().unwrap_or("");
    modules.iter().any(|module| code.contains(&format!("crate::{module}")))
}

/// Whether a path of `super`s leaves a folder of `src`.
fn leaves(folder: &str, path: &Path, line: &str) -> bool {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)).unwrap();
    let is_parent = path.file_name().is_some_and(|name| name == "mod.rs");
    let depth = inside.components().count() - usize::from(is_parent);
    line.contains(&"super::".repeat(depth + 1))
}

#[test]
fn there_is_a_mechanism_to_look_for() {
    assert!(mechanisms().contains(&"selective".to_owned()));
}

#[test]
fn the_stack_knows_nobody_above() {
    let above = ["device", "life", "mechanism", "mutants", "registry", "store"];
    no_line("stack", "the stack looks up", |path, line| goes_to(line, &above) || leaves("stack", path, line));
}

#[test]
fn the_stack_names_no_mechanism() {
    let mut names = mechanisms();
    // The codec of the selective bootstrap and its two messages.
    names.extend(["sel", "jsr", "ssr", "join", "joiner", "commissioning"].map(str::to_owned));
    let cites_a_clause = |line: &str| line.contains("PROFILE-SEL") || line.contains("\"SEL-");
    no_line("stack", "the stack names a mechanism", |path, line| {
        // A mutant cites the clause that it violates.
        let prose = path.file_name().is_none_or(|name| name != "mutants.rs") && !cites_a_clause(line);
        words(line, prose).iter().any(|word| names.contains(word)) && !cites_a_clause(line)
    });
}

#[test]
fn a_life_knows_no_mechanism() {
    let above = ["device", "mechanism", "mutants", "registry", "store"];
    no_line("life", "the life looks up", |_, line| goes_to(line, &above));
}

#[test]
fn a_mechanism_knows_no_other_one_and_nobody_above() {
    let above = ["device", "mutants", "registry", "store"];
    for mechanism in mechanisms() {
        let folder = format!("mechanism/{mechanism}");
        no_line(&folder, "a mechanism looks up", |_, line| goes_to(line, &above));
        for other in mechanisms().iter().filter(|other| **other != mechanism) {
            let paths = [format!("mechanism::{other}"), format!("super::{other}")];
            no_line(&folder, "a mechanism knows another", |_, line| paths.iter().any(|path| line.contains(path)));
        }
    }
}
