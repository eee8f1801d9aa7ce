//! Built-in procedures: what a preamble needs again and again, as Rust with typed arguments. A procedure expands to steps
//! and yields no verdict of its own: the judge takes a step that bears a procedure's name as preparation.

mod boards;
mod commissioning;
mod joining;
mod neighbour;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::pixit::Pixit;
use crate::plan::{PROFILE_LEVEL, Role, StepKind, Topology};
use crate::scope::{Scope, is_eui64};
use crate::tree::{Faults, Node, Table, Value, suggest};

/// A procedure that suites can `use`.
pub struct Procedure {
    /// Its name.
    pub name: &'static str,
    /// What it does, and in what state it leaves the boards.
    pub doc: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// Writes out the steps; the error is a message and what to do.
    pub(crate) expand: fn(&Topology, &Arguments) -> Expansion,
}

/// The steps, or why there are none: a message and what to do.
pub(crate) type Expansion = Result<Vec<StepKind>, (String, String)>;

/// An argument of a procedure.
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What it may be.
    pub kind: ArgumentKind,
    /// Its value if it is left out, in TOML; `None`: it must be given.
    pub default: Option<&'static str>,
}

/// What an argument may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A board with an upper tester: the 6LBR, a 6LR or the device.
    Board,
    /// A list of such boards, or one.
    Boards,
    /// A tester radio.
    TesterRadio,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// 16 hex digits, or a reference such as `$tester.eui64`.
    Eui64,
    /// Boards joined by `-`, or `shuffleN`.
    Order,
}

impl std::fmt::Display for ArgumentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Board => f.write_str("board"),
            Self::Boards => f.write_str("board or list of boards"),
            Self::TesterRadio => f.write_str("tester radio"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Eui64 => f.write_str("EUI-64"),
            Self::Order => f.write_str("boards joined by `-`, or `shuffleN`"),
        }
    }
}

/// Every procedure, by name.
pub const PROCEDURES: &[Procedure] = &[
    boards::PREPARE,
    boards::PREPARE_NETWORK,
    boards::MANUFACTURE,
    boards::INSTALL,
    boards::RUNNING,
    boards::PROVISIONED,
    boards::COME_BACK,
    boards::LOAD_IMAGE,
    joining::JOIN,
    joining::SECURE,
    joining::CLOSE_NETWORK,
    commissioning::COMMISSION,
    commissioning::REACH,
    neighbour::NEIGHBOUR,
];

/// The procedure of a name.
pub fn find(name: &str) -> Option<&'static Procedure> {
    PROCEDURES.iter().find(|procedure| procedure.name == name)
}

/// The values of a call's arguments, checked against the topology.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Arguments {
    boards: BTreeMap<&'static str, Vec<String>>,
    texts: BTreeMap<&'static str, String>,
    flags: BTreeMap<&'static str, bool>,
    liberties: Liberties,
}

/// What a device may do in its own way or time (PIXIT), as far as procedures rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Liberties {
    /// From power-on to the first join request.
    pub(crate) jsr_within: Duration,
    /// A whole handshake.
    pub(crate) handshake_within: Duration,
    /// From the key to the first set secure request.
    pub(crate) ssr_within: Duration,
    /// At which the device sends, and the least that it takes.
    pub(crate) security_level: u8,
}

impl Liberties {
    pub(crate) fn of(pixit: &Pixit) -> Self {
        let profile = Self::default();
        let level = pixit.number("security_level").and_then(|level| u8::try_from(level).ok());
        Self {
            jsr_within: pixit.duration("jsr_within").unwrap_or(profile.jsr_within),
            handshake_within: pixit.duration("handshake_within").unwrap_or(profile.handshake_within),
            ssr_within: pixit.duration("ssr_within").unwrap_or(profile.ssr_within),
            security_level: level.unwrap_or(profile.security_level),
        }
    }
}

impl Default for Liberties {
    /// The profile's.
    fn default() -> Self {
        Self {
            jsr_within: Duration::from_secs(15),
            handshake_within: Duration::from_secs(60),
            ssr_within: Duration::from_secs(5),
            security_level: PROFILE_LEVEL,
        }
    }
}

impl Arguments {
    pub(crate) fn boards(&self, name: &str) -> &[String] {
        self.boards.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn board(&self, name: &str) -> &str {
        self.boards(name).first().map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.flags.get(name).copied().unwrap_or_default()
    }

    pub(crate) fn liberties(&self) -> Liberties {
        self.liberties
    }
}

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
    let mut arguments = Arguments { liberties: Liberties::of(scope.pixit), ..Arguments::default() };
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

/// Short ways to write steps.
pub(crate) mod write {
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
}
