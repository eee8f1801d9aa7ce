//! Where a file can be mutated, and how: what [`crate::walk`] finds and [`crate::render`] writes.

use std::ops::Range;

/// One mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// The class of the operator: `condition`, `comparison`, `constant`, `arithmetic`, `statement` or `return`.
    pub class: &'static str,
    /// The operator.
    pub operator: &'static str,
    /// Where it acts: an offset into the file, in octets.
    pub at: usize,
    /// What stands there, on one line.
    pub before: String,
    /// What stands there instead, on one line.
    pub after: String,
    /// The source text that the place is given instead: an operator, a value or nothing, as [`Form`] says.
    pub code: String,
    /// The operator or the value that is new, without what stays.
    pub token: String,
}

/// How a place is written so that its mutants can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Nothing to choose: a loop or a function that may run away is counted.
    Tick,
    /// A comparison of two operands; each mutant is another operator.
    Compare {
        /// The left operand.
        left: Range<usize>,
        /// As written.
        operator: String,
        /// The right operand.
        right: Range<usize>,
    },
    /// Arithmetic on two operands; each mutant is another operator.
    Arithmetic {
        /// The left operand.
        left: Range<usize>,
        /// As written.
        operator: String,
        /// The right operand.
        right: Range<usize>,
    },
    /// A value; each mutant is another one.
    Value,
    /// A condition; each mutant is an expression on `__c`.
    Condition,
    /// `&&` or `||`; one mutant.
    Branch {
        /// The left operand.
        left: Range<usize>,
        /// The right operand.
        right: Range<usize>,
        /// `&&`.
        is_and: bool,
    },
    /// `!` or `-` before an operand; one mutant, without.
    Unary {
        /// As written.
        operator: char,
        /// What stands behind it.
        operand: Range<usize>,
    },
    /// A statement. Each mutant is another one, or nothing.
    Statement,
    /// A condition, or a guard, that may hold `let`; one mutant: it never holds.
    Never {
        /// Whether it does.
        has_let: bool,
    },
    /// Behind the pattern of an arm without a guard; one mutant: the arm is not there.
    Arm,
    /// At the beginning of a function; each mutant is the value that it returns at once.
    Return,
    /// The body of a function that returns a `bool` at its end only; each mutant is another value.
    Body,
    /// The body of a function that returns an iterator at its end only; each mutant is another one.
    Iterator,
    /// The value of a field beside `..BASE`; one mutant: that of the base.
    Field {
        /// What the other fields are of.
        base: Range<usize>,
        /// The field.
        member: String,
        /// It is named as its value.
        is_short: bool,
    },
}

/// A place with its mutants; the order is theirs in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What is written anew, in octets of the file; empty where something is put in.
    pub range: Range<usize>,
    /// How.
    pub form: Form,
    /// Its mutants.
    pub mutations: Vec<Mutation>,
    /// The function that it is in.
    pub function: String,
}

/// What a walk over a file found.
#[derive(Debug, Default)]
pub struct Found {
    /// The places.
    pub places: Vec<Place>,
    /// What was passed over because no board has it, in octets of the file.
    pub foreign: Vec<Range<usize>>,
    /// Mutants that no compiler takes: `let` under `||`, an arm that leaves a match not exhaustive. They are listed, not built.
    pub impossible: Vec<Mutation>,
}
