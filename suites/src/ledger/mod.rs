//! The clause ledger: every normative statement of a specification, section by section to its end, and what became of it.

mod mechanism;
mod read;
mod sections;
pub mod tally;

use std::collections::BTreeMap;
use std::fmt;

use input::{Fault, Source};

pub use mechanism::{MECHANISMS, Mechanism, mechanism};
pub use sections::Section;

use crate::monitor::Monitors;
use crate::plan::Case;
use crate::tree::{self, Faults};

/// How the IDs of the profile's clauses begin: our readings, not the draft's words.
pub const PROFILE_PREFIX: &str = "PROFILE-";

/// How the IDs of the clauses of the upper tester's protocol begin: of the connection into a device, not of its network.
pub const UPPER_TESTER_PREFIX: &str = "UT1-";

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
    Later(Later),
}

impl Class {
    /// The name alone, as a ledger writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tested => "tested",
            Self::Untestable(_) => "untestable",
            Self::OutOfScope(_) => "out_of_scope",
            Self::Later(_) => "later",
        }
    }

    /// What it waits for, of a class `later`.
    pub fn later(&self) -> Option<&Later> {
        match self {
            Self::Later(later) => Some(later),
            _ => None,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tested => f.write_str("tested"),
            Self::Untestable(why) => write!(f, "untestable: {why}"),
            Self::OutOfScope(why) => write!(f, "out of scope: {why}"),
            Self::Later(later) => write!(f, "later: {later}"),
        }
    }
}

/// A mechanism that a statement, or a part of one, waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// The mechanism.
    pub mechanism: &'static Mechanism,
    /// What is to be shown with it, where that does not go without saying.
    pub why: Option<String>,
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mechanism.fmt(f)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, " ({why})"))
    }
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
    /// Of a tested statement: what of it no case shows yet.
    pub rest: Option<Later>,
    /// How we read it where it can be read otherwise, or says other than another statement.
    pub reading: Option<String>,
    /// Whose duty it is, if it is not the device's: what is under test in every case that cites it, by its name in a
    /// topology (`ct`).
    pub duty: Option<String>,
    /// Mutants that break it besides those that name it: wrong devices that fail at a step which cites it.
    pub broken_by: Vec<String>,
}

/// What a ledger is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specification {
    /// `SEL`: how its clauses begin.
    pub spec: String,
    /// Title, and the document.
    pub title: String,
    /// Its sections, in its order.
    pub sections: Vec<Section>,
}

/// All clauses of all specifications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    clauses: Vec<Clause>,
    specifications: Vec<Specification>,
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

    /// Every specification, in the order of the files.
    pub fn specifications(&self) -> &[Specification] {
        &self.specifications
    }

    /// The specification of a name.
    pub fn specification(&self, spec: &str) -> Option<&Specification> {
        self.specifications.iter().find(|known| known.spec == spec)
    }

    /// Clauses classed `tested` of a specification that no wrong device breaks: neither a mutant of theirs nor one that they name.
    pub fn without_mutant<'a>(&'a self, spec: &'a str, is_broken: impl Fn(&str) -> bool + 'a) -> Vec<&'a Clause> {
        let of_spec = self.clauses.iter().filter(|clause| clause.spec == spec && clause.class == Class::Tested);
        of_spec.filter(|clause| clause.broken_by.is_empty() && !is_broken(&clause.id)).collect()
    }

    /// Names of wrong devices in `broken_by` that there are none of, and those of clauses that no case tests: each a fault at the
    /// clause.
    pub fn unknown_mutants(&self, is_known: impl Fn(&str) -> bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        for clause in self.clauses.iter().filter(|clause| !clause.broken_by.is_empty()) {
            let Some(place) = self.places.get(&clause.id) else { continue };
            let mut told = |message: String, help: &str| {
                let mut fault = place.clone();
                fault.message = message;
                faults.push(fault.with_help(help.to_owned()));
            };
            if clause.class != Class::Tested {
                let message = format!("clause `{}` is broken by a mutant and not classed `tested`", clause.id);
                told(message, "class it `tested`, or take `broken_by` out");
            }
            for name in clause.broken_by.iter().filter(|name| !is_known(name)) {
                let message = format!("clause `{}` is broken by `{name}`, and there is no such mutant", clause.id);
                told(message, "`bootrack mutants` lists every mutant");
            }
        }
        faults
    }

    /// Clauses classed `tested` that no case cites, clauses classed otherwise that one does, and duties of another that a case
    /// with something else under test cites: each a fault at the clause.
    pub fn uncovered<'a>(&self, cases: impl IntoIterator<Item = &'a Case>, monitors: &'a Monitors) -> Vec<Fault> {
        let mut cited: BTreeMap<&str, Vec<Citing<'_>>> = BTreeMap::new();
        for case in cases {
            for clause in &case.clauses {
                cited.entry(clause).or_default().push(Citing { what: "case", id: &case.base, iut: case.iut.name() });
            }
        }
        for monitor in monitors.iter() {
            for clause in &monitor.clauses {
                let (id, iut) = (monitor.id.as_str(), monitor.iut.name());
                cited.entry(clause).or_default().push(Citing { what: "monitor", id, iut });
            }
        }
        self.clauses
            .iter()
            .filter_map(|clause| {
                let citing = cited.get(clause.id.as_str()).map_or(&[][..], Vec::as_slice);
                let (message, help) = fault_of(clause, citing)?;
                let mut fault = self.places.get(&clause.id)?.clone();
                fault.message = message;
                Some(fault.with_help(help))
            })
            .collect()
    }
}

/// A case or a monitor that cites a clause, and what is under test there.
struct Citing<'a> {
    what: &'static str,
    id: &'a str,
    iut: &'a str,
}

/// What is wrong between a clause and the cases that cite it, and the remedy.
fn fault_of(clause: &Clause, citing: &[Citing<'_>]) -> Option<(String, String)> {
    let id = &clause.id;
    match (&clause.class, citing.first()) {
        (Class::Tested, None) => Some((
            format!("clause `{id}` is classed `tested`, but no case and no monitor cites it"),
            "cite it, or give it another class".to_owned(),
        )),
        (Class::Untestable(_) | Class::OutOfScope(_) | Class::Later(_), Some(Citing { what, .. })) => Some((
            format!("a {what} cites clause `{id}`, which is not classed `tested`"),
            "class it `tested`, or cite another".to_owned(),
        )),
        _ => {
            let duty = clause.duty.as_ref()?;
            let Citing { what, id: case, iut: under_test } = citing.iter().find(|citing| citing.iut != duty)?;
            Some((
                format!("{what} `{case}` has `{under_test}` under test and cites clause `{id}`, a duty of `{duty}`"),
                format!(
                    "give the {what} {} = \"{duty}\", or cite a clause about what `{under_test}` does",
                    if *what == "case" { "iut" } else { "from" }
                ),
            ))
        }
    }
}
