//! Short ways to write steps.

use std::time::Duration;

use crate::plan::{Answer, Check, Command, Constraint, Expect, Match, Operand, Point, StepKind};

pub(crate) fn power(board: &str, on: bool) -> StepKind {
    StepKind::Do(Command::Power { board: board.to_owned(), on })
}

pub(crate) fn ut(board: &str, command: impl Into<String>) -> StepKind {
    StepKind::Do(Command::UpperTester { board: board.to_owned(), command: command.into(), answer: Answer::Ok })
}

pub(crate) fn order(machine: &str, order: impl Into<String>) -> StepKind {
    let (machine, order) = (machine.to_owned(), order.into());
    StepKind::Do(Command::Machine { machine, order, answer: Answer::Ok, within: None })
}

pub(crate) fn order_within(machine: &str, order: impl Into<String>, within: Duration) -> StepKind {
    let (machine, order) = (machine.to_owned(), order.into());
    StepKind::Do(Command::Machine { machine, order, answer: Answer::Ok, within: Some(within) })
}

pub(crate) fn is(field: &str, value: &str) -> Match {
    Match { field: field.to_owned(), constraint: Constraint::Equals(Operand::Text(value.to_owned())) }
}

pub(crate) fn refers(field: &str, name: &str, property: &str) -> Match {
    let operand = Operand::Reference { name: name.to_owned(), field: property.to_owned(), offset: 0 };
    Match { field: field.to_owned(), constraint: Constraint::Equals(operand) }
}

pub(crate) fn look(at: Point, message: &str, from: Option<&str>, within: Duration, matches: Vec<Match>) -> Expect {
    Expect {
        at,
        message: message.to_owned(),
        from: from.map(str::to_owned),
        to: None,
        within,
        matches,
        bind: None,
        search: true,
        count: 1,
    }
}

/// An event of a board's upper tester.
pub(crate) fn event(board: &str, name: &str, within: Duration, mut more: Vec<Match>) -> Expect {
    more.insert(0, is("ut.event", name));
    look(Point::UpperTester, "ut.event", Some(board), within, more)
}

/// One expectation, or several in any order.
pub(crate) fn all(mut expects: Vec<Expect>) -> Vec<StepKind> {
    match expects.len() {
        0 => Vec::new(),
        1 => vec![StepKind::Expect(expects.remove(0))],
        _ => vec![StepKind::Unordered(expects)],
    }
}

pub(crate) fn check(board: &str, command: impl Into<String>, matches: Vec<Match>) -> StepKind {
    StepKind::Check(Check { board: board.to_owned(), command: command.into(), matches, bind: None })
}
