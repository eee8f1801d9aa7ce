//! The clause ledger: every normative statement of a specification, and what became of it.

use std::collections::{BTreeMap, BTreeSet};

use input::{Fault, Source};

use crate::loader::Suite;
use crate::tree::{self, Faults, Node, Table, Value, suggest};

/// How the IDs of the profile's clauses begin: our readings, not the draft's words.
pub const PROFILE_PREFIX: &str = "PROFILE-";

/// Whether a suite tests what is the profile's alone: `profile`, or a mechanism's `profile-...`.
pub fn is_profile_suite(suite: &str) -> bool {
    suite == "profile" || suite.starts_with("profile-")
}

/// How binding a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// MUST, SHALL, REQUIRED.
    Must,
    /// SHOULD, RECOMMENDED.
    Should,
    /// MAY, OPTIONAL.
    May,
    /// Said as a fact or a rule without such a word.
    Stated,
    /// Our profile's reading.
    Profile,
}

const LEVELS: [(&str, Level); 5] = [
    ("must", Level::Must),
    ("should", Level::Should),
    ("may", Level::May),
    ("stated", Level::Stated),
    ("profile", Level::Profile),
];

impl Level {
    /// As a ledger writes it.
    pub fn name(self) -> &'static str {
        LEVELS.iter().find(|(_, level)| *level == self).map_or("stated", |(name, _)| name)
    }
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// At least one case cites it.
    Tested,
    /// No test can decide it, and why.
    Untestable(String),
    /// Not for this harness, and why.
    OutOfScope(String),
    /// A coming mechanism brings its cases.
    Later(String),
}

/// One normative statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// `SEL-5.3.1-3`.
    pub id: String,
    /// `SEL`.
    pub spec: String,
    /// Section as the specification numbers it.
    pub section: String,
    /// How binding.
    pub level: Level,
    /// Our paraphrase.
    pub text: String,
    /// What became of it.
    pub class: Class,
}

/// All clauses of all specifications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    clauses: Vec<Clause>,
    titles: BTreeMap<String, String>,
    places: BTreeMap<String, Fault>,
}

impl Ledger {
    /// Loads ledgers.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn load(sources: &[Source]) -> Result<Self, Vec<Fault>> {
        let mut ledger = Self::default();
        let mut faults = Vec::new();
        for source in sources {
            match tree::parse(source) {
                Ok(table) => {
                    let mut found = Faults::new(source);
                    ledger.read(&table, &mut found);
                    faults.extend(found.into_sorted());
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(ledger) } else { Err(faults) }
    }

    /// Every clause, in the order of the files.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The clause of an ID.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.places.contains_key(id).then(|| self.clauses.iter().find(|clause| clause.id == id)).flatten()
    }

    /// Every ID, in the order of the files.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.clauses.iter().map(|clause| clause.id.as_str())
    }

    /// Title of a specification.
    pub fn title(&self, spec: &str) -> Option<&str> {
        self.titles.get(spec).map(String::as_str)
    }

    /// Clauses classed `tested` that no case cites, and clauses classed otherwise that one does: each a fault at the
    /// clause.
    pub fn uncovered(&self, suites: &[Suite]) -> Vec<Fault> {
        let cited: BTreeSet<&str> =
            suites.iter().flat_map(|suite| &suite.cases).flat_map(|case| &case.clauses).map(String::as_str).collect();
        self.clauses
            .iter()
            .filter_map(|clause| {
                let (message, help) = match (&clause.class, cited.contains(clause.id.as_str())) {
                    (Class::Tested, false) => (
                        format!("clause `{}` is classed `tested`, but no case cites it", clause.id),
                        "cite it, or give it another class",
                    ),
                    (Class::Untestable(_) | Class::OutOfScope(_) | Class::Later(_), true) => (
                        format!("a case cites clause `{}`, which is not classed `tested`", clause.id),
                        "class it `tested`, or cite another",
                    ),
                    _ => return None,
                };
                let mut fault = self.places.get(&clause.id)?.clone();
                fault.message = message;
                Some(fault.with_help(help))
            })
            .collect()
    }

    fn read(&mut self, table: &Table, faults: &mut Faults<'_>) {
        table.only(&["spec", "title", "clause"], "a ledger", faults);
        let spec = table.require_text("spec", "the ledger", faults).map(str::to_owned);
        let title = table.require_text("title", "the ledger", faults).map(str::to_owned);
        let clauses = table.tables("clause", faults);
        if clauses.is_empty() && table.entry("clause").is_none() {
            faults.add(&table.span, "the ledger has no clause", "a clause begins with `[[clause]]`");
        }
        let spec = spec.unwrap_or_default();
        if let Some(title) = title {
            self.titles.insert(spec.clone(), title);
        }
        for table in clauses {
            if let Some(clause) = self.clause_of(table, &spec, faults) {
                self.clauses.push(clause);
            }
        }
    }

    fn clause_of(&mut self, table: &Table, spec: &str, faults: &mut Faults<'_>) -> Option<Clause> {
        table.only(&["id", "section", "level", "text", "class"], "a clause", faults);
        let id_node = table.require("id", "a clause", faults);
        let id = id_node.and_then(|node| node.text("`id`", faults)).map(str::to_owned);
        let section = table.require_text("section", "a clause", faults).map(str::to_owned);
        let level = table.require("level", "a clause", faults).and_then(|node| {
            let text = node.text("`level`", faults)?;
            let found = LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level);
            if found.is_none() {
                let help = suggest(text, LEVELS.iter().map(|(name, _)| *name));
                faults.add(&node.span, format!("unknown level `{text}`"), help);
            }
            found
        });
        let text = table.require_text("text", "a clause", faults).map(str::to_owned);
        let class = match table.get("class") {
            Some(node) => class(node, faults),
            None => {
                let help =
                    "\"tested\", { untestable = \"why\" }, { out_of_scope = \"why\" } or { later = \"mechanism\" }";
                faults.add(&table.span, "the clause has no class", help);
                None
            }
        };
        let (id, node) = (id?, id_node?);
        if !id.starts_with(&format!("{spec}-")) {
            faults.add(&node.span, format!("clause `{id}` does not begin with `{spec}-`"), "");
        }
        if let Some(first) = self.places.get(&id) {
            let line = first.line_column().map_or(1, |(line, _)| line);
            let help = format!("the first is at {}:{line}", first.file);
            faults.add(&node.span, format!("clause `{id}` stands twice"), help);
            return None;
        }
        self.places.insert(id.clone(), faults.source.fault(node.span.clone(), ""));
        Some(Clause { id, spec: spec.to_owned(), section: section?, level: level?, text: text?, class: class? })
    }
}

fn class(node: &Node, faults: &mut Faults<'_>) -> Option<Class> {
    let kinds = ["tested", "untestable", "out_of_scope", "later"];
    match &node.value {
        Value::Text(text) if text == "tested" => Some(Class::Tested),
        Value::Text(text) if kinds.contains(&text.as_str()) => {
            faults.add(&node.span, format!("`{text}` without a reason"), format!("write {{ {text} = \"...\" }}"));
            None
        }
        Value::Text(text) => {
            faults.add(&node.span, format!("unknown class `{text}`"), suggest(text, kinds));
            None
        }
        Value::Table(table) => {
            table.only(&kinds[1..], "a class", faults);
            let [entry] = table.entries.as_slice() else {
                faults.add(&node.span, "a class is one of its kinds", "");
                return None;
            };
            let why = entry.node.text("the reason", faults)?.to_owned();
            match entry.key.as_str() {
                "untestable" => Some(Class::Untestable(why)),
                "out_of_scope" => Some(Class::OutOfScope(why)),
                "later" => Some(Class::Later(why)),
                _ => None,
            }
        }
        _ => {
            faults.add(&node.span, "a class is a word or a table with its reason", "");
            None
        }
    }
}
