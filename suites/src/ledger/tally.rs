//! How many statements a specification has, and what became of them.

use std::collections::BTreeMap;

use super::{Clause, Ledger, Specification};

/// Counts of one specification's statements.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// All of them.
    pub statements: usize,
    /// By class, as [`super::Class::name`] names it.
    pub classes: BTreeMap<&'static str, usize>,
    /// By level, as [`super::Level::name`] names it.
    pub levels: BTreeMap<&'static str, usize>,
    /// Those classed `later`, by mechanism.
    pub later: BTreeMap<&'static str, usize>,
    /// Those classed `tested` of which a part waits, by the mechanism that it waits for.
    pub in_part: BTreeMap<&'static str, usize>,
    /// Sections that have statements.
    pub sections: usize,
    /// Sections that have none, each for a reason.
    pub without_statements: usize,
}

impl Tally {
    fn add(&mut self, clause: &Clause) {
        self.statements += 1;
        *self.classes.entry(clause.class.name()).or_default() += 1;
        *self.levels.entry(clause.level.name()).or_default() += 1;
        if let Some(later) = clause.class.later() {
            *self.later.entry(later.mechanism.name).or_default() += 1;
        }
        if let Some(rest) = &clause.rest {
            *self.in_part.entry(rest.mechanism.name).or_default() += 1;
        }
    }
}

impl Ledger {
    /// Counts of one specification.
    pub fn tally(&self, of: &Specification) -> Tally {
        let mut tally = Tally {
            without_statements: of.sections.iter().filter(|section| section.none.is_some()).count(),
            ..Tally::default()
        };
        tally.sections = of.sections.len() - tally.without_statements;
        for clause in self.clauses().iter().filter(|clause| clause.spec == of.spec) {
            tally.add(clause);
        }
        tally
    }
}
