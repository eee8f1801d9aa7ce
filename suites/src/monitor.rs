//! Monitors: rules that are judged on everything that whoever is under test does in every case, not in one step of one case.
//!
//! A monitor is data in a file of the suites (`[[monitor]]`): which PDUs it speaks of and what each of them has to be. What needs
//! memory is a machine of the engine's registry, named here; its purpose, its clauses and its PICS are data all the same.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::PROFILE_PREFIX;
use crate::loader::Suite;
use crate::pics::Pics;
use crate::plan::{Iut, Match, Origin, Point};

/// A rule about every PDU, or every state, of what is under test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Monitor {
    /// `MON-SSR-RESERVED`.
    pub id: String,
    /// What holds of a device that it says nothing about: one sentence.
    pub purpose: String,
    /// Clause IDs that a violation breaks.
    pub clauses: Vec<String>,
    /// PICS symbols that must be claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pics: Vec<String>,
    /// Whose doings it watches: it is silent in cases that have something else under test.
    pub iut: Iut,
    /// What it judges, and how.
    pub rule: Rule,
    /// Mutants that it must find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<String>,
    /// Cases (without their rows) in which it finds them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown_in: Vec<String>,
    /// Where it stands: file and line.
    pub origin: Origin,
}

impl Monitor {
    /// Whether it rests on our profile: then a violation fails cases of the profile's suites only.
    pub fn is_of_profile(&self) -> bool {
        self.clauses.iter().any(|clause| clause.starts_with(PROFILE_PREFIX))
    }

    /// What it looks at, for people: `sel.ssr from dut`.
    pub fn subject(&self) -> String {
        match &self.rule {
            Rule::Template(Template { every, .. }) => every.in_words(self.iut.name()),
            Rule::Machine { name } => format!("machine {name}"),
        }
    }
}

/// How a monitor judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// Each PDU by itself.
    Template(Template),
    /// With memory: a machine of the engine's registry.
    Machine {
        /// Its name there.
        name: String,
    },
}

/// A rule about each PDU by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Which PDUs it speaks of.
    pub every: Every,
    /// What each of them must meet: every occurrence of a field in the layer that makes it that message.
    pub matches: Vec<Match>,
    /// PDUs that it speaks of and does not judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Excuse>,
}

/// Which PDUs a monitor speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Every {
    /// Where they are seen.
    pub at: Point,
    /// Message name.
    pub message: String,
    /// Those too that are sent on for somebody else; else only what is under test has made itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
    /// Of those the ones that meet all of this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Match>,
}

impl Every {
    fn in_words(&self, who: &str) -> String {
        let at = match self.at {
            Point::Air => "",
            Point::Backbone => " at the backbone",
            Point::UpperTester => " at the upper tester",
        };
        let forwarded = if self.forwarded { ", forwarded ones too" } else { "" };
        format!("{} from {who}{at}{forwarded}", self.message)
    }
}

/// When a monitor does not apply, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Excuse {
    /// PDUs that meet all of this are not judged.
    pub matches: Vec<Match>,
    /// Why: a fragment of a sentence.
    pub because: String,
}

/// The name by which a monitor's templates refer to the PDU at hand: `$this.FIELD`.
pub const THIS: &str = "this";

/// The monitors of a run, shared by all of its cases.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Monitors(Arc<Vec<Monitor>>);

impl Monitors {
    /// These.
    pub fn new(monitors: Vec<Monitor>) -> Self {
        Self(Arc::new(monitors))
    }

    /// Every one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Monitor> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with this ID.
    pub fn get(&self, id: &str) -> Option<&Monitor> {
        self.iter().find(|monitor| monitor.id == id)
    }

    /// Has every case of these suites watched.
    pub fn watch(&self, suites: &mut [Suite]) {
        suites.iter_mut().flat_map(|suite| &mut suite.cases).for_each(|case| case.monitors = self.clone());
    }

    /// Those that a device with these PICS owes something to: a symbol that is not answered leaves its monitors in.
    #[must_use]
    pub fn applicable(&self, pics: &Pics) -> Self {
        let is_denied = |monitor: &Monitor| monitor.pics.iter().any(|symbol| pics.answer(symbol) == Some(false));
        if !self.iter().any(is_denied) {
            return self.clone();
        }
        Self::new(self.iter().filter(|monitor| !is_denied(monitor)).cloned().collect())
    }
}
