//! The arguments of a procedure, from the `with` of a step.

use super::commissioning;
use super::kind::{Argument, ArgumentKind, Arguments, Procedure};
use crate::liberties::Liberties;
use crate::plan::Role;
use crate::scope::{Scope, is_eui64};
use crate::tree::{Faults, Node, Table, Value, suggest};

/// Reads a `with` table; `None` if anything in it is wrong.
pub(crate) fn read_arguments(
    procedure: &Procedure,
    with: &Table,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<Arguments> {
    let names: Vec<&str> = procedure.arguments.iter().map(|argument| argument.name).collect();
    let mut complete = true;
    for entry in with.entries.iter().filter(|entry| !names.contains(&entry.key.as_str())) {
        let message = format!("procedure `{}` has no argument `{}`", procedure.name, entry.key);
        faults.add(&entry.key_span, message, suggest(&entry.key, names.iter().copied()));
        complete = false;
    }
    let mut arguments = Arguments { liberties: Liberties::of(scope.pixit, scope.iut), ..Arguments::default() };
    for argument in procedure.arguments {
        let read = match (with.get(argument.name), argument.default) {
            (Some(node), _) => read(&mut arguments, argument, node, scope, faults),
            (None, Some("")) if argument.kind == ArgumentKind::Eui64 => Some(()),
            (None, Some(default)) => {
                let node = Node { span: with.span.clone(), value: default_value(argument.kind, default) };
                read(&mut arguments, argument, &node, scope, faults)
            }
            (None, None) => {
                let message = format!("procedure `{}` needs the argument `{}`", procedure.name, argument.name);
                faults.add(&with.span, message, format!("{}: {}", argument.kind, argument.doc));
                None
            }
        };
        complete &= read.is_some();
    }
    complete.then_some(arguments)
}

fn default_value(kind: ArgumentKind, text: &str) -> Value {
    match kind {
        ArgumentKind::Flag => Value::Boolean(text == "true"),
        ArgumentKind::Boards if text.is_empty() => Value::Array(Vec::new()),
        _ => Value::Text(text.to_owned()),
    }
}

fn read(
    arguments: &mut Arguments,
    argument: &Argument,
    node: &Node,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<()> {
    let what = format!("`{}`", argument.name);
    match argument.kind {
        ArgumentKind::Flag => {
            arguments.flags.insert(argument.name, node.boolean(&what, faults)?);
        }
        ArgumentKind::Board => {
            let name = board(node, &what, Role::has_firmware, "board with an upper tester", scope, faults)?;
            arguments.boards.insert(argument.name, vec![name]);
        }
        ArgumentKind::TesterRadio => {
            let name = board(node, &what, |role| role == Role::RadioStation, "tester radio", scope, faults)?;
            arguments.boards.insert(argument.name, vec![name]);
        }
        ArgumentKind::Boards => {
            let nodes: Vec<Node> = match &node.value {
                Value::Array(elements) => elements.clone(),
                _ => vec![node.clone()],
            };
            let mut names: Vec<String> = Vec::new();
            for node in &nodes {
                let name = board(node, &what, Role::has_firmware, "board with an upper tester", scope, faults)?;
                if names.contains(&name) {
                    faults.add(&node.span, format!("`{name}` stands here twice"), "");
                    return None;
                }
                names.push(name);
            }
            arguments.boards.insert(argument.name, names);
        }
        ArgumentKind::Choice(words) => {
            let text = node.text(&what, faults)?;
            if !words.contains(&text) {
                faults.add(&node.span, format!("{what}: unknown word `{text}`"), suggest(text, words.iter().copied()));
                return None;
            }
            arguments.texts.insert(argument.name, text.to_owned());
        }
        ArgumentKind::Order => {
            let text = node.text(&what, faults)?;
            if let Err((message, help)) = commissioning::order(scope.topology, text) {
                faults.add(&node.span, message, help);
                return None;
            }
            arguments.texts.insert(argument.name, text.to_owned());
        }
        ArgumentKind::Eui64 => {
            let text = node.text(&what, faults)?;
            if text.starts_with('$') {
                scope.check_references(node, text, faults);
            } else if !text.is_empty() && !is_eui64(text) {
                faults.add(&node.span, format!("`{text}` is no EUI-64"), "16 hex digits, or `$board.eui64`");
                return None;
            }
            arguments.texts.insert(argument.name, text.to_owned());
        }
    }
    Some(())
}

fn board(
    node: &Node,
    what: &str,
    wanted: impl Fn(Role) -> bool,
    kind: &str,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Option<String> {
    let name = node.text(what, faults)?;
    match scope.board(name, wanted, kind) {
        Ok(_) => Some(name.to_owned()),
        Err((message, help)) => {
            faults.add(&node.span, message, help);
            None
        }
    }
}
