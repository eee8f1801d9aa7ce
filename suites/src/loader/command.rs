//! `do` steps: `power_on dut`, `reset dut`, `ut dut join key=value`, and orders of stations, such as `ct select $dut.eui64`.

use std::ops::Range;

use record::station::OrderInfo;

use crate::loader::line::{check_arguments, from_first, split};
use crate::loader::upper_tester::upper_tester_command;
use crate::plan::{Answer, Command, Role};
use crate::scope::Scope;
use crate::tree::{Faults, Node, suggest};

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
            if let Err((message, help)) = scope.board(board, Role::has_firmware, "board with a power switch") {
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
            if let Err((message, help)) = scope.board(board, Role::has_firmware, "board with an upper tester") {
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
            let kind = match (scope.vocabulary.stations.kind(machine), scope.role(machine)) {
                (Some(kind), Some(_)) => kind,
                (absent, _) => {
                    let machines = scope.boards(Role::is_station);
                    let known: Vec<&str> = ["power_on", "power_off", "reset", "ut"]
                        .into_iter()
                        .chain(machines.iter().map(String::as_str))
                        .collect();
                    let message = match absent.filter(|kind| !kind.is_prefix) {
                        Some(kind) => format!("no `{}` in the topology `{}`", kind.name, scope.topology.text),
                        None => format!("unknown command `{machine}`"),
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
            check_order(node, words, kind.orders, &format!("order for `{machine}`"), faults)?;
            let order = from_first(text, words)?;
            if let Some(Err(problem)) = scope.with_stand_ins(&order).map(|order| scope.tester.order(machine, &order)) {
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

/// Checks the words of an order by the table of its station.
fn check_order(
    node: &Node,
    words: &[(&str, Range<usize>)],
    known: &[OrderInfo],
    what: &str,
    faults: &mut Faults<'_>,
) -> Option<()> {
    let names = || known.iter().map(|order| order.name).collect::<Vec<_>>();
    let Some(((name, place), arguments)) = words.split_first() else {
        faults.add(&node.span, format!("the {what} is missing"), suggest("", names()));
        return None;
    };
    let Some(order) = known.iter().find(|order| order.name == *name) else {
        let help = suggest(name, names());
        faults.add(&node.part(place.clone(), faults.source), format!("unknown {what} `{name}`"), help);
        return None;
    };
    let (least, most) = order.bare_range();
    let (seen, bare) = check_arguments(node, name, arguments, (&order.key_names(), most), faults);
    if let Some(missing) = order.needed_keys().find(|needed| !seen.contains(needed)) {
        faults.add(&node.span, format!("`{name}` needs `{missing}=`"), "");
        return None;
    }
    if bare < least {
        let plural = if least == 1 { "" } else { "s" };
        faults.add(&node.span, format!("`{name}` takes {least} argument{plural}"), "");
        return None;
    }
    Some(())
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
