//! The build of all mutants: a copy of the project below `target/unbiased`, the device's sources in it written anew, built once.
//!
//! Untouched crates keep their times, so that the copy shares what is built with the project itself; crates that differ bear another
//! version, so that neither overwrites the other's. A mutant that the compiler refuses is struck, and the build begins again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mutation::Entry;

use crate::constants::Constants;
use crate::hooks::is_foreign;
use crate::places::{Found, Mutation, Place};
use crate::render::{Numbered, Rendered, render};
use crate::scope::FOLDERS;
use crate::walk::places;

/// What is copied, from the root of the project.
const COPIED: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "benches", "docs", "dut-firmware", "harness", "reports", "suites"];
const ALSO_COPIED: [&str; 1] = ["testbeds"];
/// The version that crates of the copy bear that differ from the project's.
const VERSION: &str = "0.1.0-unbiased";
/// Where the table stands that the build has in it.
const TABLE: &str = "harness/engine/data/unbiased.tsv";
/// Mutants that the compiler refused before, so that nobody waits for it to say so again.
const REFUSED: &str = "harness/mutate/data/refused.txt";
/// A build is begun anew so often at most.
const ROUNDS_MAX: usize = 40;

/// Why there is no build.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The sources are not there.
    #[error("{0} is not the project: it has no dut-firmware/node")]
    NoProject(PathBuf),
    /// A file that cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A source that is not Rust.
    #[error("{path}: {error}")]
    Source {
        /// Which.
        path: PathBuf,
        /// Why.
        error: syn::Error,
    },
    /// What another program listed cannot be read.
    #[error("the list of cargo-mutants: {0}")]
    List(serde_json::Error),
    /// Cargo could not be started.
    #[error("cargo: {0}")]
    Cargo(io::Error),
    /// The compiler refuses something that is no mutant.
    #[error("the build fails, and no mutant is the reason:\n{0}")]
    Compiler(String),
}

/// A file of the device with its places.
struct Source {
    /// From the root of the project.
    path: String,
    text: String,
    /// Where its lines begin.
    lines: Vec<usize>,
    places: Vec<Place>,
    /// The keys of the mutants of each place.
    keys: Vec<Vec<String>>,
    foreign: Vec<Range<usize>>,
    impossible: Vec<Mutation>,
}

/// All mutants, before the compiler has seen them.
pub struct Mutants {
    sources: Vec<Source>,
    /// Operators in the definitions of constants, each with where it stands and what it becomes, at every use.
    definitions: Vec<(String, usize, usize, &'static str)>,
}

/// A build.
#[derive(Debug)]
pub struct Built {
    /// The program.
    pub program: PathBuf,
    /// The mutants in it.
    pub table: Vec<Entry>,
    /// Keys of those that the compiler refused.
    pub refused: BTreeSet<String>,
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |error| Error::File { path, error }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(file_error(path))
}

/// Writes a file unless it says that already: a build then has nothing to do.
fn write(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text).map_err(file_error(path))
}

/// The files below a folder, by their path from it, in order.
fn files(folder: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        for entry in fs::read_dir(&here).map_err(file_error(&here))? {
            let name = below.join(entry.map_err(file_error(&here))?.file_name());
            if folder.join(&name).is_dir() {
                if name.file_name().is_none_or(|name| name != "target") {
                    folders.push(name);
                }
            } else {
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

impl Mutants {
    /// Reads the device's sources of the project at `root`.
    ///
    /// # Errors
    /// [`Error`].
    pub fn find(root: &Path) -> Result<Self, Error> {
        if !root.join("dut-firmware/node/Cargo.toml").is_file() {
            return Err(Error::NoProject(root.to_path_buf()));
        }
        let mut constants = Constants::default();
        let (mut parsed, mut hosts) = (Vec::new(), Vec::new());
        for folder in FOLDERS {
            let source_folder = root.join(folder.crate_folder).join("src");
            for file in files(&source_folder)?.into_iter().filter(|file| file.ends_with(".rs")) {
                let path = source_folder.join(&file);
                let text = read(&path)?;
                let tree = syn::parse_file(&text).map_err(|error| Error::Source { path, error })?;
                constants.read(&format!("{}/src/{file}", folder.crate_folder), &text, &tree);
                let path = format!("{}/src/{file}", folder.crate_folder);
                hosts.extend(host_modules(&path, &tree));
                if folder.reason_without(&file).is_none() {
                    parsed.push((path, text, tree));
                }
            }
        }
        parsed.retain(|(path, ..)| !hosts.iter().any(|module| is_of(path, module)));
        let mut sources = Vec::new();
        for (path, text, tree) in parsed {
            let Found { places, foreign, impossible } = places(&text, &tree, &constants);
            let lines = lines_of(&text);
            let mut source = Source { path, text, lines, places, keys: Vec::new(), foreign, impossible };
            source.keys = keys(&source);
            sources.push(source);
        }
        let definitions = constants.all_others().filter_map(|other| {
            let source = sources.iter().find(|source: &&Source| source.path == other.file)?;
            let (line, column) = position(&source.text, &source.lines, other.at);
            Some((other.file.clone(), line, column, other.operator))
        });
        let definitions = definitions.collect();
        Ok(Self { sources, definitions })
    }

    /// The keys of all.
    fn keys(&self) -> BTreeSet<&str> {
        self.sources.iter().flat_map(|source| source.keys.iter().flatten().map(String::as_str)).collect()
    }

    /// The table of those that are not refused, in the order of their numbers.
    pub fn table(&self, refused: &BTreeSet<String>) -> Vec<Entry> {
        let mut table = Vec::new();
        for source in &self.sources {
            for (place, keys) in source.places.iter().zip(&source.keys) {
                for (index, key) in keys.iter().enumerate().filter(|(_, key)| !refused.contains(*key)) {
                    let ordinal = key.rsplit(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
                    let number = u32::try_from(table.len() + 1).unwrap_or(u32::MAX);
                    let mutation = &place.mutations[index];
                    table.push(entry(source, &place.function, mutation, number, ordinal));
                }
            }
        }
        table
    }

    /// Each with where it stands and what it is: file, line and column, class, operator, and what is new there.
    pub fn listed(&self) -> impl Iterator<Item = (Entry, &str)> {
        self.sources.iter().flat_map(|source| {
            let built = source.places.iter().flat_map(|place| &place.mutations);
            built.chain(&source.impossible).map(|mutation| (entry(source, "", mutation, 0, 0), mutation.token.as_str()))
        })
    }

    /// Operators in the definitions of constants: file, line and column, and what is new there.
    pub fn definitions(&self) -> &[(String, usize, usize, &'static str)] {
        &self.definitions
    }

    /// Whether a place in a file, by line and column from 1, is passed over because no board has it.
    pub fn is_foreign(&self, file: &str, line: usize, column: usize) -> bool {
        let Some(source) = self.sources.iter().find(|source| source.path == file) else { return true };
        let begin: usize = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let at = begin + column.saturating_sub(1);
        source.foreign.iter().any(|range| range.contains(&at))
    }

    /// The text of each file written anew, by its path from the root of the project.
    pub fn texts(&self, refused: &BTreeSet<String>) -> BTreeMap<String, String> {
        let paths = self.sources.iter().map(|source| source.path.clone());
        paths.zip(self.render(refused)).map(|(path, rendered)| (path, rendered.text)).collect()
    }

    /// The files written anew.
    fn render(&self, refused: &BTreeSet<String>) -> Vec<Rendered> {
        let mut base = 1;
        let mut all = Vec::new();
        for source in &self.sources {
            let mut numbered = Vec::new();
            for (place, keys) in source.places.iter().zip(&source.keys) {
                let alive: Vec<usize> = (0..keys.len()).filter(|&index| !refused.contains(&keys[index])).collect();
                let count = u32::try_from(alive.len()).unwrap_or(0);
                numbered.push(Numbered { place, alive, base });
                base += count;
            }
            all.push(render(&source.text, &numbered));
        }
        all
    }
}

/// The modules in files of their own that a file declares for tests, or for named mutants and variants, which no board has:
/// their paths without `.rs`.
fn host_modules(path: &str, tree: &syn::File) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder,
        _ => path.strip_suffix(".rs").unwrap_or(path),
    };
    let declared = tree.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() && is_foreign(&module.attrs) => Some(&module.ident),
        _ => None,
    });
    declared.map(|name| format!("{folder}/{name}")).collect()
}

/// Whether a file is a module's, or of one below it.
fn is_of(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn entry(source: &Source, function: &str, mutation: &Mutation, number: u32, ordinal: usize) -> Entry {
    let (line, column) = position(&source.text, &source.lines, mutation.at);
    Entry {
        number,
        file: source.path.clone(),
        line,
        column,
        class: mutation.class.to_owned(),
        operator: mutation.operator.to_owned(),
        function: function.to_owned(),
        before: mutation.before.clone(),
        after: mutation.after.clone(),
        ordinal,
    }
}

/// The keys of the mutants of each place: those that are alike are counted.
fn keys(source: &Source) -> Vec<Vec<String>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut keys = Vec::new();
    for place in &source.places {
        let mut of_place = Vec::new();
        for mutation in &place.mutations {
            let mut entry = entry(source, &place.function, mutation, 0, 0);
            let alike = seen.entry(entry.key()).or_default();
            entry.ordinal = *alike;
            *alike += 1;
            of_place.push(entry.key());
        }
        keys.push(of_place);
    }
    keys
}

/// Line and column of an octet, from 1; `lines` are where lines begin.
fn position(text: &str, lines: &[usize], at: usize) -> (usize, usize) {
    let line = lines.partition_point(|begin| *begin <= at).max(1);
    let begin = lines.get(line - 1).copied().unwrap_or(0);
    (line, text.get(begin..at).unwrap_or_default().chars().count() + 1)
}

/// Where lines begin.
fn lines_of(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

/// What is built, and how.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The root of the project.
    pub root: PathBuf,
    /// The cargo profile.
    pub profile: String,
    /// Whether debug probes and the second engine are left out.
    pub small: bool,
}

/// Copies the project, writes the device anew, and builds it.
///
/// # Errors
/// [`Error`].
pub fn build(wanted: &Wanted, tell: &mut dyn FnMut(&str)) -> Result<Built, Error> {
    let root = &wanted.root;
    let mutants = Mutants::find(root)?;
    let copy = root.join("target/unbiased/workspace");
    let written: BTreeSet<&str> = mutants.sources.iter().map(|source| source.path.as_str()).collect();
    for name in COPIED.iter().chain(&ALSO_COPIED) {
        copy_tree(root, &copy, name, &written)?;
    }
    manifests(root, &copy)?;
    let known = mutants.keys();
    let lines = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let refused_here = root.join("target/unbiased/refused.txt");
    let before = lines(&root.join(REFUSED)) + &lines(&refused_here);
    let mut refused: BTreeSet<String> = before.lines().filter(|key| known.contains(key)).map(str::to_owned).collect();
    for round in 1..=ROUNDS_MAX {
        let table = mutants.table(&refused);
        let rendered = mutants.render(&refused);
        for (source, rendered) in mutants.sources.iter().zip(&rendered) {
            write(&copy.join(&source.path), &rendered.text)?;
        }
        let lines: String = table.iter().map(|entry| entry.to_line() + "\n").collect();
        write(&copy.join(TABLE), &lines)?;
        tell(&format!("round {round}: {} mutants, {} refused", table.len(), refused.len()));
        let faults = compile(wanted, &copy)?;
        if faults.is_empty() {
            let profile = if wanted.profile == "dev" { "debug" } else { &wanted.profile };
            let program = root.join("target").join(profile).join("bootrack-unbiased");
            return Ok(Built { program, table, refused });
        }
        let before = refused.len();
        let mut unexplained = String::new();
        for fault in &faults {
            match whose(fault, &mutants, &rendered) {
                Some(keys) => refused.extend(keys),
                None => unexplained.push_str(&fault.text),
            }
        }
        if refused.len() == before {
            return Err(Error::Compiler(unexplained));
        }
        write(&refused_here, &refused.iter().map(|key| format!("{key}\n")).collect::<String>())?;
    }
    Err(Error::Compiler(format!("after {ROUNDS_MAX} rounds")))
}

/// Writes down which mutants the compiler refuses, for those who build after us.
///
/// # Errors
/// [`Error`].
pub fn keep_refused(root: &Path, built: &Built) -> Result<(), Error> {
    let text: String = built.refused.iter().map(|key| format!("{key}\n")).collect();
    write(&root.join(REFUSED), &text)
}

fn copy_tree(root: &Path, copy: &Path, name: &str, written: &BTreeSet<&str>) -> Result<(), Error> {
    let from = root.join(name);
    let all = if from.is_dir() {
        files(&from)?.iter().map(|file| format!("{name}/{file}")).collect()
    } else {
        vec![name.to_owned()]
    };
    for file in
        all.iter().filter(|file| !written.contains(file.as_str()) && *file != TABLE && !file.ends_with("Cargo.toml"))
    {
        if file == "Cargo.lock" {
            continue;
        }
        copy_file(&root.join(file), &copy.join(file))?;
    }
    // What is no longer there would be found by the compiler.
    if copy.join(name).is_dir() {
        let there: BTreeSet<&String> = all.iter().collect();
        for file in files(&copy.join(name))?.iter().map(|file| format!("{name}/{file}")) {
            if !there.contains(&file) {
                fs::remove_file(copy.join(&file)).map_err(file_error(&copy.join(&file)))?;
            }
        }
    }
    for file in all.iter().filter(|file| written.contains(file.as_str()) || *file == TABLE) {
        let to = copy.join(file);
        let folder = to.parent().unwrap_or(copy);
        fs::create_dir_all(folder).map_err(file_error(folder))?;
    }
    Ok(())
}

/// Copies a file with its time, unless it is there.
fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let told = fs::metadata(from).map_err(file_error(from))?;
    let modified = told.modified().map_err(file_error(from))?;
    if let Ok(there) = fs::metadata(to)
        && there.len() == told.len()
        && there.modified().is_ok_and(|time| time == modified)
    {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).map_err(file_error(folder))?;
    fs::copy(from, to).map_err(file_error(to))?;
    let file = fs::File::options().write(true).open(to).map_err(file_error(to))?;
    file.set_modified(modified).map_err(file_error(to))
}

/// The manifests of the copy: what is written anew asks the crate of the run-time selection, and bears another version.
fn manifests(root: &Path, copy: &Path) -> Result<(), Error> {
    let mut all = vec!["Cargo.toml".to_owned()];
    for name in COPIED.iter().chain(&ALSO_COPIED).filter(|name| root.join(name).is_dir()) {
        all.extend(
            files(&root.join(name))?
                .iter()
                .filter(|file| file.ends_with("Cargo.toml"))
                .map(|file| format!("{name}/{file}")),
        );
    }
    for file in all {
        let text = read(&root.join(&file))?;
        let folder = file.trim_end_matches("/Cargo.toml");
        let other = if FOLDERS.iter().any(|of| of.crate_folder == folder) {
            let text = text.replace("\nversion.workspace = true", &format!("\nversion = \"{VERSION}\""));
            let text = text.replace("[lints]\nworkspace = true", ALLOWED);
            text.replace(
                "\n[dependencies]\n",
                "\n[dependencies]\nmutation = { package = \"bootrack-mutation\", path = \"../../harness/mutation\" }\n",
            )
        } else if folder == "harness/mutation" {
            text.replace("\nversion.workspace = true", &format!("\nversion = \"{VERSION}\""))
        } else if folder == "harness/cli" {
            text.replace("[[bin]]\nname = \"bootrack\"", "[[bin]]\nname = \"bootrack-unbiased\"")
        } else {
            copy_file(&root.join(&file), &copy.join(&file))?;
            continue;
        };
        let to = copy.join(&file);
        let parent = to.parent().unwrap_or(copy);
        fs::create_dir_all(parent).map_err(file_error(parent))?;
        write(&to, &other)?;
    }
    if !copy.join("Cargo.lock").is_file() {
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).map_err(file_error(copy))?;
    }
    Ok(())
}

/// What a mutant may do that a person may not.
const ALLOWED: &str = "[lints.rust]\nwarnings = \"allow\"\narithmetic_overflow = \"allow\"\noverflowing_literals = \"allow\"\n\
                       unconditional_panic = \"allow\"\nunconditional_recursion = \"allow\"";

/// An error of the compiler.
struct Fault {
    /// As the compiler tells it.
    text: String,
    /// Files of the copy and octets, the most important ones first.
    spans: Vec<(String, Range<usize>)>,
}

/// Builds the copy; the faults, if there are any.
fn compile(wanted: &Wanted, copy: &Path) -> Result<Vec<Fault>, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(copy).args(["build", "--offline", "--package", "bootrack", "--message-format=json"]);
    command.args(["--profile", &wanted.profile]).env("CARGO_TARGET_DIR", wanted.root.join("target"));
    if wanted.small {
        command.arg("--no-default-features");
    }
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(Error::Cargo)?;
    let mut faults = Vec::new();
    if let Some(output) = child.stdout.take() {
        for line in io::BufReader::new(output).lines() {
            let line = line.map_err(Error::Cargo)?;
            let Ok(value) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if value["reason"] == "compiler-message" && value["message"]["level"] == "error" {
                let spans = spans(&value["message"]);
                let text = value["message"]["rendered"].as_str().unwrap_or_default().to_owned();
                if !text.contains("aborting due to") {
                    faults.push(Fault { text, spans });
                }
            }
        }
    }
    let status = child.wait().map_err(Error::Cargo)?;
    if !status.success() && faults.is_empty() {
        return Err(Error::Compiler(format!("cargo ended with {status}")));
    }
    Ok(faults)
}

fn spans(message: &serde_json::Value) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let of = |message: &serde_json::Value, primary: bool, found: &mut Vec<(String, Range<usize>)>| {
        for span in message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == primary) {
            let mut span = span;
            // Where a macro was expanded, not what it says.
            while span["expansion"]["span"].is_object() {
                span = &span["expansion"]["span"];
            }
            let octet = |name: &str| span[name].as_u64().and_then(|octet| usize::try_from(octet).ok()).unwrap_or(0);
            let file = span["file_name"].as_str().unwrap_or_default().to_owned();
            found.push((file, octet("byte_start")..octet("byte_end")));
        }
    };
    of(message, true, &mut found);
    of(message, false, &mut found);
    for child in message["children"].as_array().into_iter().flatten() {
        of(child, true, &mut found);
    }
    found
}

/// The keys of the mutants that a fault is about: those that the first of its spans names which names one. Empty if they are refused
/// already: one mutant makes several faults.
fn whose(fault: &Fault, mutants: &Mutants, rendered: &[Rendered]) -> Option<Vec<String>> {
    let in_source = |file: &str| mutants.sources.iter().position(|source| file.ends_with(&source.path));
    let spans: Vec<(usize, &Range<usize>)> =
        fault.spans.iter().filter_map(|(file, octets)| Some((in_source(file)?, octets))).collect();
    for (source, octets) in &spans {
        let contains = |range: &Range<usize>| range.start <= octets.start && octets.end <= range.end;
        let Rendered { owned, of_places, .. } = &rendered[*source];
        let key = |place: usize, which: usize| mutants.sources[*source].keys[place][which].clone();
        let inside = owned.iter().filter(|(range, ..)| contains(range)).min_by_key(|(range, ..)| range.len());
        let around = of_places.iter().filter(|(range, _)| contains(range)).min_by_key(|(range, _)| range.len());
        match (inside, around) {
            // The alternative itself, unless a place inside of it is meant.
            (Some((range, place, which)), around) if around.is_none_or(|(other, _)| range.len() <= other.len()) => {
                return Some(vec![key(*place, *which)]);
            }
            // The whole of a choice is wrong because of one of its alternatives: all that are alive.
            (_, Some((_, place))) => {
                let alive: BTreeSet<usize> =
                    owned.iter().filter(|(_, of, _)| of == place).map(|(_, _, which)| *which).collect();
                let all: Vec<usize> = match alive.is_empty() {
                    true => (0..mutants.sources[*source].keys[*place].len()).collect(),
                    false => alive.into_iter().collect(),
                };
                if !all.is_empty() {
                    return Some(all.into_iter().map(|which| key(*place, which)).collect());
                }
            }
            _ => {}
        }
    }
    None
}
