//! `do` steps: `power_on dut`, `reset dut`, `ut dut join key=value`, `ct select $dut.eui64`, `tester announce to=$dut.eui64`.

use std::ops::Range;

use crate::loader::scope::{Scope, has_upper_tester};
use crate::loader::upper_tester::{QUOTED, upper_tester_command};
use crate::plan::{Answer, Command, Role};
use crate::tree::{Faults, Node, suggest};
use crate::vocabulary::{COMMISSIONING_TOOL_ORDERS, NEIGHBOUR_ORDERS, Word};

/// What an unknown first word is told.
const DO_HELP: &str = "write `power_on BOARD`, `power_off BOARD`, `reset BOARD`, `ut BOARD COMMAND ...`, `ct ORDER ...` or \
                       `TESTER ORDER ...`";

/// Reads a `do` text and its `answer`.
pub(crate) fn command(
    node: &Node,
    answer: Option<&Node>,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Command> {
    let text = node.text("`do`", faults)?;
    scope.check_references(node, text, faults);
    let words = split(text);
    let (verb, verb_place) = words.first()?.clone();
    let expected = match answer {
        Some(node) => answer_of(node, faults)?,
        None => Answer::Ok,
    };
    let refuses_answer = |faults: &mut Faults<'_>| {
        if let Some(answer) = answer {
            let help = "`answer` belongs to `ut` commands and to orders of tester machines";
            faults.add(&answer.span, format!("`{verb}` has no answer"), help);
        }
    };
    match verb {
        "power_on" | "power_off" | "reset" => {
            refuses_answer(faults);
            let [_, (board, place)] = words.as_slice() else {
                faults.add(&node.span, format!("`{verb}` takes one board"), DO_HELP);
                return None;
            };
            if let Err((message, help)) = scope.board(board, has_upper_tester, "board with a power switch") {
                faults.add(&node.part(place.clone(), faults.source), message, help);
                return None;
            }
            let board = (*board).to_owned();
            Some(match verb {
                "reset" => Command::Reset { board },
                verb => Command::Power { board, on: verb == "power_on" },
            })
        }
        "ut" => {
            let Some((board, place)) = words.get(1) else {
                faults.add(&node.span, "`ut` takes a board and a command", DO_HELP);
                return None;
            };
            if let Err((message, help)) = scope.board(board, has_upper_tester, "board with an upper tester") {
                faults.add(&node.part(place.clone(), faults.source), message, help);
                return None;
            }
            if let (Answer::Later, Some(answer)) = (&expected, answer) {
                faults.add(&answer.span, "an upper tester's answer is always waited for", "\"later\" is for orders");
            }
            let command = upper_tester_command(node, text, words.get(2..).unwrap_or_default(), faults)?;
            Some(Command::UpperTester { board: (*board).to_owned(), command, answer: expected })
        }
        machine => {
            let orders = match (machine, scope.role(machine)) {
                ("ct", Some(_)) => COMMISSIONING_TOOL_ORDERS,
                (_, Some(Role::TesterRadio)) => NEIGHBOUR_ORDERS,
                _ => {
                    let machines = scope.boards(|role| matches!(role, Role::CommissioningTool | Role::TesterRadio));
                    let known: Vec<&str> = ["power_on", "power_off", "reset", "ut"]
                        .into_iter()
                        .chain(machines.iter().map(String::as_str))
                        .collect();
                    let message = match machine {
                        "ct" => format!("no `ct` in the topology `{}`", scope.topology.text),
                        _ => format!("unknown command `{machine}`"),
                    };
                    let near = suggest(machine, known.iter().copied());
                    let help = if near.starts_with("did") { near } else { DO_HELP.to_owned() };
                    faults.add(&node.part(verb_place, faults.source), message, help);
                    return None;
                }
            };
            if let Answer::Error(Some(_)) | Answer::Unimplemented = expected
                && let Some(answer) = answer
            {
                faults.add(
                    &answer.span,
                    "an order of a tester machine is done or refused",
                    "write \"ok\", \"error\" or \"later\"",
                );
            }
            let words = words.get(1..).unwrap_or_default();
            check_words(node, words, orders, &format!("order for `{machine}`"), faults)?;
            let order = from_first(text, words)?;
            let role = scope.role(machine)?;
            if let Some(Err(problem)) = scope.with_stand_ins(&order).map(|order| scope.tester.order(role, &order)) {
                let place =
                    words.first().map_or_else(|| 0..text.len(), |(_, place)| place.start..text.trim_end().len());
                let message = format!("`{machine}` cannot carry this out: {problem}");
                let help = "docs/suite-format.md lists the orders and their arguments";
                faults.add(&node.part(place, faults.source), message, help);
            }
            Some(Command::Machine { machine: machine.to_owned(), order, answer: expected, within: None })
        }
    }
}

pub(super) fn from_first(text: &str, words: &[(&str, Range<usize>)]) -> Option<String> {
    text.get(words.first()?.1.start..).map(|text| text.trim_end().to_owned())
}

fn check_words(
    node: &Node,
    words: &[(&str, Range<usize>)],
    known: &[Word],
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<()> {
    let Some(((name, place), arguments)) = words.split_first() else {
        faults.add(&node.span, format!("the {what} is missing"), suggest("", known.iter().map(|word| word.name)));
        return None;
    };
    let Some(word) = known.iter().find(|word| word.name == *name) else {
        let help = suggest(name, known.iter().map(|word| word.name));
        faults.add(&node.part(place.clone(), faults.source), format!("unknown {what} `{name}`"), help);
        return None;
    };
    let (seen, bare) = check_arguments(node, name, arguments, (word.keys, word.bare.1), faults);
    if let Some(missing) = word.needs.iter().find(|needed| !seen.contains(*needed)) {
        faults.add(&node.span, format!("`{name}` needs `{missing}=`"), "");
        return None;
    }
    if bare < word.bare.0 {
        let count = word.bare.0;
        faults.add(&node.span, format!("`{name}` takes {count} argument{}", if count == 1 { "" } else { "s" }), "");
        return None;
    }
    Some(())
}

/// Checks the arguments of a command or order that takes these keys and at most so many bare ones: those that stand there.
pub(super) fn check_arguments<'w>(
    node: &Node,
    name: &str,
    arguments: &[(&'w str, Range<usize>)],
    (keys, most_bare): (&[&str], usize),
    faults: &mut Faults<'_>,
) -> (Vec<&'w str>, usize) {
    let mut bare = 0;
    let mut seen: Vec<&str> = Vec::new();
    for (argument, place) in arguments {
        let place = node.part(place.clone(), faults.source);
        // A path may bear a query: it begins with a slash and is no `key=value`.
        match argument.split_once('=').filter(|_| !argument.starts_with('/')) {
            Some((key, value)) => {
                if !keys.contains(&key) {
                    let help = suggest(key, keys.iter().copied());
                    faults.add(&place, format!("`{name}` has no argument `{key}`"), help);
                } else if seen.contains(&key) {
                    faults.add(&place, format!("`{key}` stands here twice"), "");
                } else if value.is_empty() {
                    faults.add(&place, format!("`{key}` has no value"), "");
                }
                seen.push(key);
                if key == "payload" {
                    break;
                }
            }
            _ => {
                bare += 1;
                if bare > most_bare {
                    faults.add(&place, format!("`{argument}` is no argument of `{name}`"), "write `key=value`");
                }
            }
        }
    }
    (seen, bare)
}

fn answer_of(node: &Node, faults: &mut Faults<'_>) -> Option<Answer> {
    let text = node.text("`answer`", faults)?;
    match text {
        "ok" => Some(Answer::Ok),
        "error" => Some(Answer::Error(None)),
        "unimplemented" => Some(Answer::Unimplemented),
        "later" => Some(Answer::Later),
        _ => match text.strip_prefix("error:") {
            Some(code) if !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                Some(Answer::Error(Some(code.to_owned())))
            }
            _ => {
                let help = "write \"ok\", \"error\", \"error:CODE\", \"unimplemented\" or \"later\"";
                faults.add(&node.span, format!("`{text}` is no answer"), help);
                None
            }
        },
    }
}

/// Words of a text with their places. A word that begins with `text="` goes to the next quotation mark.
pub(crate) fn split(text: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut position = 0;
    while let Some(rest) = text.get(position..) {
        let Some(skipped) = rest.find(|c: char| !c.is_whitespace()) else { break };
        let start = position + skipped;
        let word = text.get(start..).unwrap_or_default();
        let closing = word.strip_prefix(QUOTED).and_then(|value| value.strip_prefix('"')?.find('"'));
        let from = closing.map_or(0, |closing| QUOTED.len() + 1 + closing);
        let length =
            word.get(from..).and_then(|rest| rest.find(char::is_whitespace)).map_or(word.len(), |end| from + end);
        position = start + length;
        found.push((word.get(..length).unwrap_or_default(), start..position));
    }
    found
}
