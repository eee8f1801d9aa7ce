//! Survivors that a person has looked at, and whether what was written of them is true.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use mutation::Entry;
use node::variants::Variant;
use serde::Deserialize;

use super::Outcome;

/// Where the project's own lists are, in its folder: a file an area of the sources.
pub const FOLDER: &str = "harness/engine/data/survivors";

/// At most this part of all mutants may be excused, in percent.
pub const EXCUSED_MAX_PERCENT: usize = 25;

/// The runs on which an excuse is looked at.
pub const SEEDS: [u64; 2] = [1, 7];

/// What a person said of a survivor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No input makes a difference.
    Equivalent,
    /// Nobody outside of the device can see it.
    Unobservable,
    /// It can be seen, and is right.
    Allowed,
    /// A case or a monitor is owed.
    Missing,
}

impl Verdict {
    /// The word in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Unobservable => "unobservable",
            Self::Allowed => "allowed",
            Self::Missing => "missing",
        }
    }

    /// Whether the mutant leaves the denominator.
    pub fn excuses(self) -> bool {
        self != Self::Missing
    }

    /// Whether the evidence must be that of the reference, octet for octet.
    pub fn claims_identity(self) -> bool {
        matches!(self, Self::Equivalent | Self::Unobservable)
    }
}

/// One survivor.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// As [`Entry::key`] has it; if it ends with `*`, all survivors whose key begins so.
    pub key: String,
    /// What was said.
    pub verdict: Verdict,
    /// Why; of one that is allowed, the sentence that allows it.
    pub reason: String,
    /// The right device that it is, of one that is allowed.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Survivor {
    /// How the keys begin of which it speaks, if it speaks of several.
    fn group(&self) -> Option<&str> {
        self.key.strip_suffix('*')
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    survivor: Vec<Survivor>,
}

/// A list of survivors by their keys.
#[derive(Debug, Clone, Default)]
pub struct Triage {
    survivors: BTreeMap<String, Survivor>,
    /// Entries that are wrong by themselves.
    pub faults: Vec<String>,
}

impl Triage {
    /// Reads all lists of a folder.
    ///
    /// # Errors
    /// What the file system says, with the path.
    pub fn read_folder(folder: &Path) -> io::Result<Self> {
        let at = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let entries = std::fs::read_dir(folder).map_err(|error| at(folder, error))?;
        let paths: io::Result<BTreeSet<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut triage = Self::default();
        for path in paths?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "toml")) {
            triage.add(&std::fs::read_to_string(&path).map_err(|error| at(&path, error))?, &path.display().to_string());
        }
        Ok(triage)
    }

    /// Adds a list, which is called so in what is said of it.
    fn add(&mut self, text: &str, name: &str) {
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                self.faults.push(format!("{name}: {error}"));
                return;
            }
        };
        for survivor in file.survivor {
            let key = survivor.key.clone();
            if survivor.reason.trim().is_empty() {
                self.faults.push(format!("{name}: {key}: no reason is given"));
            }
            if (survivor.verdict == Verdict::Allowed) != survivor.variant.is_some() {
                self.faults.push(format!("{name}: {key}: `variant` goes with `allowed`, and with nothing else"));
            }
            if let Some(variant) = &survivor.variant
                && Variant::from_name(variant).is_none()
            {
                self.faults.push(format!("{name}: {key}: there is no variant `{variant}`"));
            }
            if self.survivors.insert(key.clone(), survivor).is_some() {
                self.faults.push(format!("{name}: {key}: stands there twice"));
            }
        }
    }

    /// What was said of a mutant: by its own key, or by the longest beginning of it.
    pub fn of(&self, entry: &Entry) -> Option<&Survivor> {
        let key = entry.key();
        let covers = |survivor: &&Survivor| survivor.group().is_some_and(|beginning| key.starts_with(beginning));
        let of_group = || self.survivors.values().filter(covers).max_by_key(|survivor| survivor.key.len());
        self.survivors.get(&key).or_else(of_group)
    }

    /// Entries that are no mutants of this build.
    pub fn stale<'a>(&'a self, table: &'a [Entry]) -> impl Iterator<Item = &'a str> {
        let known: BTreeSet<String> = table.iter().map(Entry::key).collect();
        let is_known = move |survivor: &Survivor| match survivor.group() {
            None => known.contains(&survivor.key),
            Some(beginning) => known.range(beginning.to_owned()..).next().is_some_and(|key| key.starts_with(beginning)),
        };
        self.survivors.values().filter(move |survivor| !is_known(survivor)).map(|survivor| survivor.key.as_str())
    }

    /// What speaks against an entry, after the mutant was played on this seed.
    pub fn objection(survivor: &Survivor, outcome: &Outcome, seed: u64) -> Option<String> {
        let key = &survivor.key;
        if let Some(kill) = &outcome.killed_by {
            if survivor.group().is_some() {
                // A group speaks of its survivors.
                return None;
            }
            return Some(format!("{key}: {} kills it on seed {seed}", kill.case));
        }
        if !survivor.verdict.claims_identity() {
            return None;
        }
        let name = survivor.verdict.name();
        if outcome.reached_by == 0 {
            return Some(format!("{key}: no case comes by on seed {seed}, so nobody knows whether it is {name}"));
        }
        let differing = outcome.played - outcome.identical;
        (differing > 0).then(|| format!("{key}: {differing} cases leave other evidence on seed {seed}: not {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survivor(verdict: Verdict) -> Survivor {
        Survivor { key: "k".to_owned(), verdict, reason: "r".to_owned(), variant: None }
    }

    fn outcome(reached_by: usize, played: usize, identical: usize) -> Outcome {
        Outcome { reached_by, differs_in: played, played, identical, ..Outcome::default() }
    }

    #[test]
    fn an_excuse_is_refused_that_the_evidence_contradicts() {
        let equivalent = survivor(Verdict::Equivalent);
        assert!(Triage::objection(&equivalent, &outcome(5, 3, 3), 1).is_none());
        assert!(Triage::objection(&equivalent, &outcome(5, 3, 2), 1).is_some());
        assert!(Triage::objection(&equivalent, &outcome(0, 0, 0), 1).is_some());
        assert!(Triage::objection(&survivor(Verdict::Allowed), &outcome(5, 3, 2), 1).is_none());
        let kill = super::super::Kill { case: "X".to_owned(), clauses: Vec::new(), reason: String::new() };
        let killed = Outcome { killed_by: Some(kill), ..outcome(5, 3, 2) };
        assert!(Triage::objection(&survivor(Verdict::Missing), &killed, 1).is_some());
        let group = Survivor { key: "k*".to_owned(), ..survivor(Verdict::Equivalent) };
        assert!(Triage::objection(&group, &killed, 1).is_none());
        assert!(Triage::objection(&group, &outcome(5, 3, 2), 1).is_some());
    }

    #[test]
    fn a_list_says_why_and_each_mutant_once() {
        let entry = |verdict: &str, more: &str| format!("[[survivor]]\nkey = \"a\"\nverdict = \"{verdict}\"\n{more}\n");
        let faults = |text: &str| {
            let mut triage = Triage::default();
            triage.add(text, "a list");
            triage.faults.len()
        };
        assert_eq!(faults(&entry("missing", "reason = \"x\"")), 0);
        assert_eq!(faults(&entry("missing", "reason = \" \"")), 1);
        assert_eq!(faults(&entry("allowed", "reason = \"x\"")), 1);
        assert_eq!(faults(&entry("allowed", "reason = \"x\"\nvariant = \"json-spaced\"")), 0);
        assert_eq!(faults(&entry("allowed", "reason = \"x\"\nvariant = \"unheard-of\"")), 1);
        assert_eq!(faults(&entry("unheard-of", "reason = \"x\"")), 1);
        assert_eq!(faults(&entry("missing", "reason = \"x\"").repeat(2)), 1);
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/survivors");
        let own = Triage::read_folder(&own).unwrap();
        assert!(own.faults.is_empty(), "{:#?}", own.faults);
    }
}
