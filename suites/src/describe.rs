//! A step in one line for people, as near to the suite's text as can be.

use crate::duration::show;
use crate::monitor::{Monitor, Rule, Template};
use crate::plan::{
    Answer, Change, Check, Command, Constraint, Deviation, Expect, Match, Never, Operand, Point, Send, StepKind,
};

/// One line about a step.
pub fn step(kind: &StepKind) -> String {
    match kind {
        StepKind::Do(it) => command(it),
        StepKind::Expect(it) => expect(it),
        StepKind::Unordered(all) => format!("in any order: {}", list(all, "; ")),
        StepKind::Alternatives(all) => format!("one of: {}", list(all, "; or ")),
        StepKind::Never(it) => never(it),
        StepKind::Check(Check { board, command, matches, .. }) => {
            format!("check {board} {command}{}", conditions(matches))
        }
        StepKind::Send(it) => send(it),
        StepKind::Deviate(it) => deviation(it),
        StepKind::Wait { duration } => format!("wait {}", show(*duration)),
        StepKind::Prompt { text } => format!("prompt: {text}"),
    }
}

fn list(all: &[Expect], separator: &str) -> String {
    all.iter().map(expect).collect::<Vec<_>>().join(separator)
}

fn command(command: &Command) -> String {
    let (text, answer) = match command {
        Command::Power { board, on: true } => return format!("power_on {board}"),
        Command::Power { board, on: false } => return format!("power_off {board}"),
        Command::Reset { board } => return format!("reset {board}"),
        Command::UpperTester { board, command, answer } => (format!("ut {board} {command}"), answer),
        Command::Machine { machine, order, answer, .. } => (format!("{machine} {order}"), answer),
    };
    match answer {
        Answer::Ok => text,
        Answer::Error(None) => format!("{text} (must be refused)"),
        Answer::Error(Some(code)) => format!("{text} (must be refused with code {code})"),
        Answer::Unimplemented => format!("{text} (must be answered `unimplemented`)"),
        Answer::Later => format!("{text} (not waited for)"),
    }
}

fn expect(expect: &Expect) -> String {
    let Expect { at, message, from, to, within, matches, search, count, .. } = expect;
    let times = if *count == 1 { String::new() } else { format!("{count} times ") };
    let search = if *search { "some " } else { "" };
    format!(
        "expect {times}{search}{message}{}{} within {}{}",
        point(*at),
        ends(from, to),
        show(*within),
        conditions(matches)
    )
}

fn never(never: &Never) -> String {
    let Never { at, message, from, to, during, matches, .. } = never;
    format!("never {message}{}{} during {}{}", point(*at), ends(from, to), show(*during), conditions(matches))
}

fn point(at: Point) -> &'static str {
    match at {
        Point::Air => "",
        Point::Backbone => " at the backbone",
        Point::UpperTester => " at the upper tester",
    }
}

fn ends(from: &Option<String>, to: &Option<String>) -> String {
    let from = from.as_ref().map(|name| format!(" from {name}")).unwrap_or_default();
    let to = to.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
    format!("{from}{to}")
}

/// What a monitor judges, on one line.
pub fn rule(monitor: &Monitor) -> String {
    let subject = monitor.subject();
    match &monitor.rule {
        Rule::Machine { .. } => subject,
        Rule::Template(Template { every, matches, unless }) => {
            let listed = |matches: &[Match]| conditions(matches).trim_start_matches(" where ").to_owned();
            let when = if every.when.is_empty() { String::new() } else { format!(" when {}", listed(&every.when)) };
            let unless = unless.as_ref().map(|excuse| format!(" unless {}", listed(&excuse.matches)));
            format!("every {subject}{when}: {}{}", listed(matches), unless.unwrap_or_default())
        }
    }
}

fn conditions(matches: &[Match]) -> String {
    if matches.is_empty() {
        return String::new();
    }
    let all: Vec<String> = matches.iter().map(|one| format!("{} {}", one.field, constraint(&one.constraint))).collect();
    format!(" where {}", all.join(", "))
}

/// A constraint in words.
pub fn constraint(it: &Constraint) -> String {
    match it {
        Constraint::Equals(value) => format!("= {}", operand(value)),
        Constraint::Not(inner) => format!("not {}", constraint(inner)),
        Constraint::Range { min: Some(min), max: Some(max) } => format!("in {} to {}", operand(min), operand(max)),
        Constraint::Range { min: Some(min), max: None } => format!("at least {}", operand(min)),
        Constraint::Range { min: None, max: Some(max) } => format!("at most {}", operand(max)),
        Constraint::Range { min: None, max: None } => "any number".to_owned(),
        Constraint::OneOf(values) => {
            format!("one of [{}]", values.iter().map(operand).collect::<Vec<_>>().join(", "))
        }
        Constraint::Present(true) => "present".to_owned(),
        Constraint::Present(false) => "absent".to_owned(),
        Constraint::Prefix { address, length } => format!("under {address}/{length}"),
        Constraint::Mask { mask, value } => format!("& {mask:#x} = {value:#x}"),
    }
}

/// An operand as a suite writes it.
pub fn operand(it: &Operand) -> String {
    match it {
        Operand::Number(number) => number.to_string(),
        Operand::Text(text) => format!("\"{text}\""),
        Operand::Reference { name, field, offset: 0 } => format!("${name}.{field}"),
        Operand::Reference { name, field, offset } => {
            let sign = if *offset < 0 { '-' } else { '+' };
            let size = offset.unsigned_abs();
            let size = if field == "time" { show(std::time::Duration::from_nanos(size)) } else { size.to_string() };
            format!("${name}.{field}{sign}{size}")
        }
    }
}

fn send(send: &Send) -> String {
    let Send { by, message, source, to, security_level, overrides, .. } = send;
    let level = security_level.map(|level| format!(" at security level {level}")).unwrap_or_default();
    let by = if by == source { String::new() } else { format!(" by {by}") };
    format!("send {message} from {source} to {to}{by}{level}{}", settings(overrides))
}

fn settings(overrides: &std::collections::BTreeMap<String, Operand>) -> String {
    if overrides.is_empty() {
        return String::new();
    }
    let all: Vec<String> = overrides.iter().map(|(field, value)| format!("{field} = {}", operand(value))).collect();
    format!(" with {}", all.join(", "))
}

fn deviation(deviation: &Deviation) -> String {
    let Deviation { machine, message, matches, change, times } = deviation;
    let change = match change {
        Change::Override(overrides) => format!("sends {message}{}", settings(overrides)),
        Change::Drop => format!("does not send {message}"),
        Change::Duplicate => format!("sends {message} twice"),
        Change::Delay { by } => format!("sends {message} {} later", show(*by)),
        Change::Reorder => format!("sends {message} after its next message"),
        Change::Corrupt { bit } => format!("flips bit {bit} of {message}"),
    };
    let times = match times {
        0 => "always".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    };
    format!("deviate: {machine} {change}{}, {times}", conditions(matches))
}
