//! Loops over all cases take a sample of them, unless `BOOTRACK_ALL=1` wants all; a line on stderr says what was left out.
//!
//! In the sample is one row of each suite and phase, another one with each commit, and one row of every case that changed in its
//! suite's file since the commit `BOOTRACK_SINCE`, in the twelve hours before the commit if none is named, or has not been committed.
//! `BOOTRACK_SAMPLE=WORD` draws by another word than the commit's name. `BOOTRACK_CASES=PREFIX,PREFIX` takes the cases that begin so,
//! and no other: for who looks into one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::common::{Dice, call, text};

/// Of all cases of the built-in suites those that `who` looks at; `always` are among them.
pub(crate) fn sampled(who: &str, always: &[&str]) -> Vec<String> {
    let list = call(["list", "--json"]).expect(0).json();
    let cases: Vec<(String, String, String)> = list["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (text(&case["id"]), text(&case["suite"]), text(&case["phase"])))
        .collect();
    if let Some(prefixes) = environment("BOOTRACK_CASES") {
        let ids = cases.into_iter().map(|(id, ..)| id);
        return ids.filter(|id| prefixes.split(',').any(|prefix| id.starts_with(prefix))).collect();
    }
    if std::env::var_os("BOOTRACK_ALL").is_some_and(|value| value == "1") {
        return cases.into_iter().map(|(id, ..)| id).collect();
    }
    for id in always {
        assert!(cases.iter().any(|(known, ..)| known == id), "no case `{id}` to be in the sample");
    }
    let word = word();
    let changed = changed_cases();
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, suite, phase) in &cases {
        groups.entry((suite, phase)).or_default().push(id);
    }
    let mut chosen: BTreeSet<&str> = always.iter().copied().collect();
    for ((suite, phase), ids) in &groups {
        let dice = &mut Dice::new(&format!("{word} {suite} {phase}"));
        chosen.insert(ids[dice.below(ids.len())]);
        for rows in ids.chunk_by(|one, other| case_of(one) == case_of(other)) {
            let row = rows[dice.below(rows.len())];
            // Without the history nothing is known to be as it was.
            if changed.as_ref().is_none_or(|changed| changed.contains(case_of(row))) {
                chosen.insert(row);
            }
        }
    }
    let taken: Vec<String> =
        cases.iter().filter(|(id, ..)| chosen.contains(id.as_str())).map(|(id, ..)| id.clone()).collect();
    // Not `eprintln!`: that is kept back unless the test fails.
    let _ = writeln!(
        std::io::stderr(),
        "SAMPLED: {who}: {} of {} cases, BOOTRACK_SAMPLE={word}; BOOTRACK_ALL=1 takes all",
        taken.len(),
        cases.len()
    );
    assert!(taken.len() >= groups.len());
    taken
}

/// The case that a row belongs to.
fn case_of(id: &str) -> &str {
    id.split_once('@').map_or(id, |(case, _)| case)
}

/// What the sample is drawn by.
fn word() -> String {
    environment("BOOTRACK_SAMPLE")
        .or_else(|| git(&["rev-parse", "--short", "HEAD"]))
        .unwrap_or_else(|| "no-commit".to_owned())
}

/// The IDs of the cases whose text in the suites' files changed lately, or is new; none if that is not known.
fn changed_cases() -> Option<BTreeSet<String>> {
    let before = environment("BOOTRACK_SINCE").or_else(twelve_hours_before)?;
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let changes = git(&["-C", &root, "diff", "--name-status", "--no-renames", &before, "--", "suites"])?;
    let (mut old, mut new) = (BTreeSet::new(), BTreeSet::new());
    for line in changes.lines() {
        let Some((status, path)) = line.split_once('\t').filter(|(_, path)| path.ends_with(".toml")) else { continue };
        // A case may have moved to another file as it was.
        if status != "A" {
            let text = git(&["-C", &root, "show", &format!("{before}:{path}")])?;
            old.extend(cases_in(&text));
        }
        if status != "D" {
            let text = std::fs::read_to_string(Path::new(&root).join(path)).ok()?;
            new.extend(cases_in(&text));
        }
    }
    Some(new.difference(&old).map(|(id, _)| id.clone()).collect())
}

/// IDs and texts of the cases of a suite's file.
fn cases_in(suite: &str) -> impl Iterator<Item = (String, String)> {
    let mut blocks: Vec<String> = Vec::new();
    for line in suite.lines() {
        if line.trim() == "[[case]]" {
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut()
            && !line.trim().is_empty()
            && !line.starts_with('#')
        {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks.into_iter().filter_map(|block| {
        let id = block.lines().find_map(|line| line.strip_prefix("id = \"")?.strip_suffix('"'))?.to_owned();
        Some((id, block))
    })
}

/// A case whose text was not found in its file would never be said to have changed.
#[test]
fn the_text_of_every_case_is_found_in_its_suites_file() {
    let list = call(["list", "--json"]).expect(0).json();
    let cases = list["cases"].as_array().unwrap().iter().map(|case| case_of(case["id"].as_str().unwrap()).to_owned());
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let mut found = BTreeSet::new();
    for group in std::fs::read_dir(suites).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(group).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "toml") {
                found.extend(cases_in(&std::fs::read_to_string(path).unwrap()).map(|(id, _)| id));
            }
        }
    }
    let lost: BTreeSet<String> = cases.filter(|case| !found.contains(case)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(found.len() > 100, "{} cases", found.len());
}

/// The last commit that is twelve hours older than this one; none if the history was not fetched so far.
fn twelve_hours_before() -> Option<String> {
    let date: i64 = git(&["log", "-1", "--format=%ct"])?.parse().ok()?;
    git(&["rev-list", "-1", &format!("--before={}", date - 12 * 60 * 60), "HEAD"]).filter(|commit| !commit.is_empty())
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
