//! What of `wire` and `dissect` the generated packets reach: regions as the compiler's coverage counts them, merged over all instances of a
//! function, against the list of what none reaches.
//!
//! A region is a piece of code that runs as a whole: an arm, an operand behind `&&`, and also each `?`, which counts as reached
//! once an error has left through it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Line and column, both from one.
type Place = (u64, u64);

/// The regions of a file, by where they begin and end, with how often each ran.
type Regions = BTreeMap<(Place, Place), u64>;

/// The folders whose sources are counted, from this crate's folder, and what their paths begin with in the list.
const FOLDERS: [(&str, &str); 2] = [("../../dut-firmware/wire/src/", ""), ("../dissect/src/", "dissect/")];

/// The path of a counted source as the list has it; of another none.
fn of_ours(path: &str) -> Option<String> {
    FOLDERS.iter().find_map(|(folder, prefix)| {
        let (_, below) = path.rsplit_once(folder.trim_start_matches("../"))?;
        Some(format!("{prefix}{below}"))
    })
}

/// Where the source lies that the list calls `path`, from this crate's folder.
pub fn source(path: &str) -> String {
    let (folder, prefix) = FOLDERS.iter().rev().find(|(_, prefix)| path.starts_with(prefix)).unwrap_or(&FOLDERS[0]);
    format!("{folder}{}", &path[prefix.len()..])
}

/// The regions of every counted file, by its path in the list.
///
/// # Panics
/// If it is not what `llvm-cov export` writes.
pub fn regions(export: &Value) -> BTreeMap<String, Regions> {
    /// The kind of a region that is code, not a gap or an expansion.
    const CODE: u64 = 0;
    let mut files: BTreeMap<String, Regions> = BTreeMap::new();
    let functions = export["data"][0]["functions"].as_array().expect("functions of an export");
    for function in functions {
        let path = function["filenames"][0].as_str().expect("the file of a function");
        let Some(path) = of_ours(path) else { continue };
        for region in function["regions"].as_array().expect("the regions of a function") {
            let numbers: Vec<u64> = region.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            let [line, column, end_line, end_column, count, file, _, kind] = numbers[..] else {
                panic!("a region of another form: {region}");
            };
            if kind == CODE && file == 0 {
                let region = ((line, column), (end_line, end_column));
                *files.entry(path.clone()).or_default().entry(region).or_insert(0) += count;
            }
        }
    }
    files
}

/// What no packet reached in one place, as the list names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreached {
    /// The path in the list: below `wire/src`, or `dissect/` and the path below `dissect/src`.
    pub path: String,
    /// The function around it.
    pub function: String,
    /// The line's text; what is not reached stands between ⟦ and ⟧, with … if it goes on in lines below.
    pub text: String,
}

/// A file with what is reached of it.
pub struct File {
    /// The path in the list: below `wire/src`, or `dissect/` and the path below `dissect/src`.
    pub path: String,
    /// All regions, and those that ran.
    pub regions: (usize, usize),
    /// Lines on which a region begins, and those of them on which one ran.
    pub lines: (usize, usize),
    /// What did not run, each with its line.
    pub unreached: Vec<(u64, Unreached)>,
    /// Functions of which nothing ran.
    pub uncalled: BTreeSet<String>,
}

/// Sums up the regions of a file with this text.
pub fn file(path: &str, text: &str, regions: &Regions) -> File {
    let source: Vec<&str> = text.lines().collect();
    let mut lines: BTreeMap<u64, bool> = BTreeMap::new();
    let mut functions: BTreeMap<String, bool> = BTreeMap::new();
    // Neighbours that did not run are one place: an arm of several lines, or a function. Each `?` is one of its own.
    let mut places: Vec<(Place, Place)> = Vec::new();
    let mut goes_on = false;
    for (&(start, end), &count) in regions {
        *lines.entry(start.0).or_default() |= count > 0;
        *functions.entry(function_at(&source, start.0)).or_default() |= count > 0;
        let is_question_mark = marked(line(&source, start.0), start, end).contains("⟦?⟧");
        match places.last_mut() {
            _ if count > 0 => goes_on = false,
            Some((first, last)) if goes_on && !is_question_mark && !begins_function(&source, start, *first) => {
                *last = end.max(*last);
            }
            _ => {
                places.push((start, end));
                goes_on = !is_question_mark;
            }
        }
    }
    let unreached = places.into_iter().map(|(start, end)| {
        let (function, text) = (function_at(&source, start.0), marked(line(&source, start.0), start, end));
        (start.0, Unreached { path: path.to_owned(), function, text })
    });
    File {
        path: path.to_owned(),
        regions: (regions.len(), regions.values().filter(|count| **count > 0).count()),
        lines: (lines.len(), lines.values().filter(|ran| **ran).count()),
        unreached: unreached.collect(),
        uncalled: functions.into_iter().filter(|(_, ran)| !ran).map(|(name, _)| name).collect(),
    }
}

fn line<'a>(source: &[&'a str], number: u64) -> &'a str {
    usize::try_from(number).ok().and_then(|number| source.get(number.checked_sub(1)?)).copied().unwrap_or_default()
}

/// Whether a region at `start` is where another function begins than the one of a region at `first`.
fn begins_function(source: &[&str], start: Place, first: Place) -> bool {
    start.0 != first.0 && declared(line(source, start.0)).is_some()
}

/// The function that a line declares.
fn declared(line: &str) -> Option<&str> {
    let (front, rest) = line.split_once("fn ")?;
    let is_declaration =
        front.split_whitespace().all(|word| matches!(word, "pub" | "const" | "async") || word.starts_with("pub("));
    is_declaration.then(|| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

/// The last function that is declared at a line or before it; every file declares its functions one after the other.
fn function_at(source: &[&str], number: u64) -> String {
    let before = (1..=number).rev().find_map(|number| declared(line(source, number)));
    before.unwrap_or_default().to_owned()
}

/// A line with marks around what lies between two places. Columns count octets.
fn marked(line: &str, start: Place, end: Place) -> String {
    let from = (start.1 as usize - 1).min(line.len());
    let (to, goes_on) = if end.0 == start.0 { ((end.1 as usize - 1).min(line.len()), "") } else { (line.len(), "…") };
    let [front, inner, rest] = [line.get(..from), line.get(from..to), line.get(to..)].map(Option::unwrap_or_default);
    format!("{front}⟦{inner}{goes_on}⟧{rest}").trim().to_owned()
}

/// The list of what no generated packet reaches.
pub struct List {
    entries: Vec<(String, Unreached)>,
}

/// What the list and a measurement do not agree about.
#[derive(Default)]
pub struct Disagreement {
    /// Unreached and not on the list: where.
    pub unlisted: Vec<(u64, Unreached)>,
    /// On the list and reached, or gone.
    pub reached: Vec<Unreached>,
    /// How many places each reason is good for.
    pub excused: BTreeMap<String, usize>,
}

impl List {
    /// Reads the list: a line `# REASON`, then lines `PATH | FUNCTION | TEXT` that it holds for.
    ///
    /// PATH and FUNCTION may be `*`: any. TEXT `*` is the whole function or file, none of which may be reached; TEXT `?` is
    /// every `?` of the function that is not.
    ///
    /// # Panics
    /// If a line has another form, or no reason before it.
    pub fn parse(text: &str) -> Self {
        let mut entries = Vec::new();
        let mut reason = None;
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(text) = line.strip_prefix("# ") {
                reason = Some(text.to_owned());
                continue;
            }
            let mut columns = line.splitn(3, " | ").map(str::to_owned);
            let (Some(path), Some(function), Some(text)) = (columns.next(), columns.next(), columns.next()) else {
                panic!("not PATH | FUNCTION | TEXT: {line}");
            };
            let reason = reason.clone().unwrap_or_else(|| panic!("no reason before {line}"));
            entries.push((reason, Unreached { path, function, text }));
        }
        Self { entries }
    }

    /// Holds the list to what was measured.
    pub fn compare(&self, files: &[File]) -> Disagreement {
        let mut found = Disagreement::default();
        let mut open: Vec<(u64, Unreached)> = files.iter().flat_map(|file| file.unreached.iter().cloned()).collect();
        for (reason, entry) in &self.entries {
            let before = open.len();
            match entry.text.as_str() {
                "*" => {
                    let is_whole =
                        files.iter().filter(|file| file.path == entry.path).all(|file| match &*entry.function {
                            "*" => file.regions.1 == 0,
                            function => file.uncalled.contains(function),
                        });
                    if is_whole {
                        open.retain(|(_, place)| !entry.is_around(place));
                    }
                }
                "?" => open.retain(|(_, place)| !(entry.is_around(place) && place.text.contains("⟦?⟧"))),
                _ => {
                    if let Some(at) = open.iter().position(|(_, place)| place == entry) {
                        open.remove(at);
                    }
                }
            }
            match before - open.len() {
                0 => found.reached.push(entry.clone()),
                count => *found.excused.entry(reason.clone()).or_insert(0) += count,
            }
        }
        found.unlisted = open;
        found
    }
}

impl Unreached {
    fn is_around(&self, place: &Self) -> bool {
        let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        fits(&self.path, &place.path) && fits(&self.function, &place.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "fn read(octet: u8) -> Result<u8> {\n    check(octet)?;\n    match octet {\n        0 => first(),\n    }\n}\n";

    fn measured(error: u64, arm: u64) -> File {
        let regions = [(((1, 1), (2, 17)), 3), (((2, 17), (2, 18)), error), (((4, 14), (4, 21)), arm)];
        file("a.rs", SOURCE, &regions.into_iter().collect())
    }

    #[test]
    fn a_place_is_named_by_its_function_and_its_line() {
        let texts: Vec<_> =
            measured(0, 0).unreached.into_iter().map(|(line, place)| (line, place.function, place.text)).collect();
        let named = |line, text: &str| (line, "read".to_owned(), text.to_owned());
        assert_eq!(texts, [named(2, "check(octet)⟦?⟧;"), named(4, "0 => ⟦first()⟧,")]);
    }

    #[test]
    fn what_is_not_on_the_list_and_what_should_not_be_are_told() {
        let list = List::parse("# Why.\na.rs | read | ?\na.rs | read | 0 => ⟦first()⟧,\n");
        let agreed = list.compare(&[measured(0, 0)]);
        assert!(agreed.unlisted.is_empty() && agreed.reached.is_empty());
        assert_eq!(agreed.excused["Why."], 2);
        assert_eq!(list.compare(&[measured(0, 1)]).reached.len(), 1);
        assert_eq!(List::parse("# Why.\na.rs | * | ?\n").compare(&[measured(0, 0)]).unlisted.len(), 1);
        let whole = List::parse("# Why.\na.rs | read | *\n");
        assert_eq!(whole.compare(&[measured(0, 0)]).reached.len(), 1);
    }
}
