//! Loops over all cases take a sample of them, unless `BOOTRACK_ALL=1` wants all; a line on stderr says what was left out.
//!
//! In the sample is one row of each suite and phase, another one with each commit, and one row of every case of a suite whose file
//! changed since the commit `BOOTRACK_SINCE`, in the twelve hours before the commit if none is named, or has not been committed.
//! `BOOTRACK_SAMPLE=WORD` draws by another word than the commit's name.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
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
    if std::env::var_os("BOOTRACK_ALL").is_some_and(|value| value == "1") {
        return cases.into_iter().map(|(id, ..)| id).collect();
    }
    for id in always {
        assert!(cases.iter().any(|(known, ..)| known == id), "no case `{id}` to be in the sample");
    }
    let word = word();
    let changed = changed_suites();
    let mut groups: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for (id, suite, phase) in &cases {
        groups.entry((suite, phase)).or_default().push(id);
    }
    let mut chosen: BTreeSet<&str> = always.iter().copied().collect();
    for ((suite, phase), ids) in &groups {
        let dice = &mut Dice::new(&format!("{word} {suite} {phase}"));
        chosen.insert(ids[dice.below(ids.len())]);
        // Without the history nothing is known to be as it was.
        if changed.as_ref().is_none_or(|changed| changed.contains(*suite)) {
            for rows in ids.chunk_by(|one, other| case_of(one) == case_of(other)) {
                chosen.insert(rows[dice.below(rows.len())]);
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

/// The names of the suites whose files changed lately; none if that is not known.
fn changed_suites() -> Option<BTreeSet<String>> {
    let before = environment("BOOTRACK_SINCE").or_else(twelve_hours_before)?;
    let root = git(&["rev-parse", "--show-toplevel"])?;
    let changes = git(&["-C", &root, "diff", "--name-status", "--find-renames", &before, "--", "suites"])?;
    // A file that moved as it was did not change.
    let changed = changes.lines().filter(|line| !line.starts_with("R100"));
    let suites = changed.filter_map(|line| line.rsplit(['/', '\t']).next()?.strip_suffix(".toml"));
    Some(suites.map(str::to_owned).collect())
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
