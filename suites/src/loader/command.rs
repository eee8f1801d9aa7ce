//! `do` steps: `power_on dut`, `reset dut`, `ut dut join key=value`, and orders of stations, such as `ct select $dut.eui64`.

use std::ops::Range;

use record::station::OrderInfo;

use crate::plan::{Answer, Command, Role};
use crate::scope::Scope;
use crate::tree::{Faults, Node, suggest};
use crate::vocabulary::UPPER_TESTER_COMMANDS;

/// A UT/1 line is no longer than this, its number included.
const LONGEST_COMMAND: usize = 500;

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
            let orders: Vec<Form> = kind.orders.iter().map(Form::of_order).collect();
            check_words(node, words, &orders, &format!("order for `{machine}`"), faults)?;
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

/// Checks the words of an upper-tester command and returns its text.
pub(crate) fn upper_tester_command(
    node: &Node,
    text: &str,
    words: &[(&str, Range<usize>)],
    faults: &mut Faults<'_>,
) -> Option<String> {
    let commands: Vec<Form> = UPPER_TESTER_COMMANDS
        .iter()
        // A device may be given half a command on purpose.
        .map(|word| Form { name: word.name, keys: word.keys.to_vec(), needs: Vec::new(), bare: word.bare })
        .collect();
    check_words(node, words, &commands, "upper-tester command", faults)?;
    let mut command = from_first(text, words)?;
    // From the end, so that the places of the others stay right.
    let first = words.first()?.1.start;
    for (word, place) in words.iter().rev() {
        if let Some(quoted) = quoted(word) {
            command.replace_range(place.start - first..place.end - first, &format!("{QUOTED}{}", spelled(quoted)));
        }
    }
    if command.len() > LONGEST_COMMAND || !command.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        let help = format!("at most {LONGEST_COMMAND} printable ASCII characters on one line");
        faults.add(&node.span, "the command does not fit a UT/1 line", help);
        return None;
    }
    Some(command)
}

fn from_first(text: &str, words: &[(&str, Range<usize>)]) -> Option<String> {
    text.get(words.first()?.1.start..).map(|text| text.trim_end().to_owned())
}

/// What may follow a word.
struct Form {
    name: &'static str,
    keys: Vec<&'static str>,
    needs: Vec<&'static str>,
    /// Bare arguments: least and most.
    bare: (usize, usize),
}

impl Form {
    fn of_order(order: &OrderInfo) -> Self {
        let (keys, needs) = (order.key_names(), order.needed_keys().collect());
        Self { name: order.name, keys, needs, bare: order.bare_range() }
    }
}

fn check_words(
    node: &Node,
    words: &[(&str, Range<usize>)],
    known: &[Form],
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
    let mut bare = 0;
    let mut seen: Vec<&str> = Vec::new();
    for (argument, place) in arguments {
        let place = node.part(place.clone(), faults.source);
        // A path may bear a query: it begins with a slash and is no `key=value`.
        match argument.split_once('=').filter(|_| !argument.starts_with('/')) {
            Some((key, value)) => {
                if !word.keys.contains(&key) {
                    let help = suggest(key, word.keys.iter().copied());
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
                if bare > word.bare.1 {
                    faults.add(&place, format!("`{argument}` is no argument of `{name}`"), "write `key=value`");
                }
            }
        }
    }
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

/// The argument that may stand in quotation marks, since a line for a shell has blanks.
const QUOTED: &str = "text=";

/// What stands between the quotation marks of `text="..."`.
fn quoted(word: &str) -> Option<&str> {
    word.strip_prefix(QUOTED)?.strip_prefix('"')?.strip_suffix('"')
}

/// Text as a value of UT/1; references in it stay what they are.
fn spelled(text: &str) -> String {
    wire::upper_tester::encode_text(text)
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
