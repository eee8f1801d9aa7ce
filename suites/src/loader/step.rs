//! Steps: each table of `setup`, `step` and `teardown` to steps of the plan; procedures are expanded here.

use std::time::Duration;

use record::station::{Attachment, StationInfo};

use crate::describe;
use crate::loader::command;
use crate::loader::defined::Defined;
use crate::loader::line::split;
use crate::loader::substitute::Known;
use crate::loader::template::{choice, duration_of, matches};
use crate::loader::upper_tester::upper_tester_command;
use crate::plan::{Answer, Case, Check, Command, Constraint, Expect, Iut, Never, Part, Point, Role, Step, StepKind};
use crate::procedures;
use crate::scope::{Bound, Scope, is_eui64};
use crate::tree::{Faults, Node, Table, Value, suggest};
use crate::values;

/// The keys of which a step has exactly one, and the others that each kind takes.
pub(crate) const STEP_KINDS: &[(&str, &[&str])] = &[
    ("use", &["with", "clauses"]),
    ("do", &["answer", "within", "clauses"]),
    ("expect", &["at", "from", "to", "within", "where", "bind", "search", "count", "clauses"]),
    ("unordered", &["within", "clauses"]),
    ("alt", &["within", "clauses"]),
    ("never", &["at", "from", "to", "during", "where", "alive", "clauses"]),
    ("check", &["where", "bind", "clauses"]),
    ("send", &["by", "from", "to", "level", "set", "bind", "clauses"]),
    ("deviate", &["by", "where", "times", "set", "drop", "duplicate", "delay", "reorder", "corrupt", "clauses"]),
    ("wait", &["clauses"]),
    ("prompt", &["clauses"]),
];

/// A case has no more steps than this: procedures that use each other may multiply.
const MOST_STEPS: usize = 10_000;

/// Reads the steps of one case's row.
pub(crate) struct Steps<'a, 'f, 's> {
    pub(crate) scope: Scope<'a>,
    pub(crate) faults: &'f mut Faults<'s>,
    pub(crate) defined: &'a Defined,
    pub(crate) known: &'f mut Known,
    /// The case's clauses.
    pub(crate) clauses: &'a [String],
    /// Board of the secured neighbours and other knowledge that procedures need.
    pub(crate) steps: Vec<Step>,
    /// Names of the suite's procedures that were used.
    pub(crate) used: &'f mut std::collections::BTreeSet<String>,
}

impl Steps<'_, '_, '_> {
    /// Reads one step's table and appends what it expands to.
    pub(crate) fn read(&mut self, table: &Table, part: Part) {
        if self.steps.len() >= MOST_STEPS {
            self.faults.add(&table.span, format!("the case has more than {MOST_STEPS} steps"), "");
            return;
        }
        let present: Vec<&(&str, &[&str])> = STEP_KINDS.iter().filter(|(key, _)| table.entry(key).is_some()).collect();
        let [(kind, others)] = present.as_slice() else {
            self.no_single_kind(table, &present);
            return;
        };
        let mut allowed = vec![*kind];
        allowed.extend(*others);
        table.only(&allowed, &format!("a step of kind `{kind}`"), self.faults);
        let clauses = self.step_clauses(table, part);
        if *kind == "use" {
            self.expand(table, part);
            return;
        }
        let Some(kind) = self.kind(kind, table) else { return };
        let text = describe::step(&kind);
        self.bind_names(&kind, table);
        self.steps.push(Step { part, text, clauses, procedure: None, kind });
    }

    fn no_single_kind(&mut self, table: &Table, present: &[&(&str, &[&str])]) {
        let kinds: Vec<&str> = STEP_KINDS.iter().map(|(kind, _)| *kind).collect();
        if let [_, second, ..] = present {
            let names: Vec<String> = present.iter().map(|(name, _)| format!("`{name}`")).collect();
            let span = table.entry(second.0).map_or_else(|| table.span.clone(), |entry| entry.key_span.clone());
            let help = "make two steps of it";
            self.faults.add(&span, format!("a step is of one kind, this one has {}", names.join(" and ")), help);
            return;
        }
        match table.entries.iter().find(|entry| input::nearest(&entry.key, kinds.iter().copied()).is_some()) {
            Some(entry) => {
                let help = suggest(&entry.key, kinds.iter().copied());
                self.faults.add(&entry.key_span, format!("unknown key `{}` in a step", entry.key), help);
            }
            None => {
                let help = format!("one of: {}", kinds.join(", "));
                self.faults.add(&table.span, "the step does not say what it is", help);
            }
        }
    }

    fn step_clauses(&mut self, table: &Table, part: Part) -> Vec<String> {
        let Some(node) = table.get("clauses") else {
            return if part == Part::Body { self.clauses.to_vec() } else { Vec::new() };
        };
        let listed = node.texts("`clauses`", self.faults);
        for (clause, span) in &listed {
            if !self.clauses.contains(clause) {
                let near = suggest(clause, self.clauses.iter().map(String::as_str));
                let help = if near.starts_with("did") { near } else { "add it to the case's `clauses`".to_owned() };
                self.faults.add(span, format!("`{clause}` is not among the case's clauses"), help);
            }
        }
        listed.into_iter().map(|(clause, _)| clause).collect()
    }

    fn kind(&mut self, kind: &str, table: &Table) -> Option<StepKind> {
        let node = table.get(kind)?;
        match kind {
            "do" => {
                let command = command::command(node, table.get("answer"), &self.scope, self.faults);
                command.and_then(|command| self.timed(command, table)).map(StepKind::Do)
            }
            "expect" => self.expect(node, table, None, true).map(StepKind::Expect),
            "unordered" => self.expects(node, table, kind).map(StepKind::Unordered),
            "alt" => self.expects(node, table, kind).map(StepKind::Alternatives),
            "never" => self.never(node, table).map(StepKind::Never),
            "check" => self.check(node, table).map(StepKind::Check),
            "send" => self.send(node, table).map(StepKind::Send),
            "deviate" => self.deviate(node, table).map(StepKind::Deviate),
            "wait" => duration_of(node, "`wait`", self.faults).map(|duration| StepKind::Wait { duration }),
            _ => node.text("`prompt`", self.faults).map(|text| StepKind::Prompt { text: text.to_owned() }),
        }
    }

    /// The command with the time that the step gives it.
    fn timed(&mut self, mut command: Command, table: &Table) -> Option<Command> {
        let Some(node) = table.get("within") else { return Some(command) };
        let given = duration_of(node, "`within`", self.faults)?;
        match &mut command {
            Command::Machine { answer: Answer::Later, .. } => {
                let help = "an order that is not waited for has no time";
                self.faults.add(&node.span, "`within` beside `answer = \"later\"`", help);
            }
            Command::Machine { within, .. } => *within = Some(given),
            _ => {
                let help = "`within` belongs to the orders of tester machines; an upper tester answers within 2 s";
                self.faults.add(&node.span, "this command has no `within`", help);
            }
        }
        Some(command)
    }

    /// One expectation; `must_be_met` unless it is one of several, of which another may be.
    fn expect(&mut self, node: &Node, table: &Table, within: Option<Duration>, must_be_met: bool) -> Option<Expect> {
        let at = self.point(table);
        let message = self.message(node, Some(at));
        let (from, to) = self.ends(table, at);
        let own = table.get("within").map(|node| duration_of(node, "`within`", self.faults));
        let within = match (own, within) {
            (Some(own), _) => own,
            (None, Some(outer)) => Some(outer),
            (None, None) => {
                let help = "say how long to wait, as in `within = \"5s\"`";
                self.faults.add(&node.span, "an `expect` has no `within`", help);
                None
            }
        };
        let matches = self.conditions(table);
        if let Some(message) = &message {
            self.check_conditions(table, message, Some(at), &matches, must_be_met);
        }
        let bind = self.bind(table);
        let search = table.get("search").is_some_and(|node| node.boolean("`search`", self.faults).unwrap_or(false));
        let count = table.get("count").map_or(Some(1), |node| node.integer("`count`", 1..=10_000, self.faults));
        Some(Expect {
            at,
            message: message?,
            from,
            to,
            within: within?,
            matches,
            bind,
            search,
            count: u32::try_from(count?).ok()?,
        })
    }

    fn expects(&mut self, node: &Node, table: &Table, kind: &str) -> Option<Vec<Expect>> {
        let within = table.get("within").and_then(|node| duration_of(node, "`within`", self.faults));
        let what = format!("`{kind}`");
        let elements = node.array(&what, self.faults)?.to_vec();
        if elements.len() < 2 {
            self.faults.add(&node.span, format!("{what} needs at least two expectations"), "use a plain `expect`");
        }
        let known = ["expect", "at", "from", "to", "within", "where", "bind", "search", "count"];
        let mut expects = Vec::new();
        for element in &elements {
            let Some(inner) = element.table(&format!("an element of {what}"), self.faults) else { continue };
            inner.only(&known, &format!("an element of {what}"), self.faults);
            let Some(message) = inner.require("expect", &format!("an element of {what}"), self.faults).cloned() else {
                continue;
            };
            let Some(expect) = self.expect(&message, inner, within, kind != "alt") else { continue };
            if expects.contains(&expect) {
                let help = match kind {
                    "alt" => "leave one of them out",
                    _ => "a message serves one expectation only: write `count = 2` if two must come",
                };
                self.faults.add(&message.span, format!("the same expectation stands in {what} twice"), help);
            }
            expects.push(expect);
        }
        (expects.len() == elements.len()).then_some(expects)
    }

    fn never(&mut self, node: &Node, table: &Table) -> Option<Never> {
        let at = self.point(table);
        let message = self.message(node, Some(at));
        let (from, to) = self.ends(table, at);
        let during = match table.get("during") {
            Some(node) => duration_of(node, "`during`", self.faults),
            None => {
                self.faults.add(&node.span, "a `never` has no `during`", "say for how long, as in `during = \"10s\"`");
                None
            }
        };
        let alive = match table.get("alive") {
            Some(node) => self.board(node, "`alive`", Role::has_firmware, "board with an upper tester"),
            None => Some("dut".to_owned()),
        };
        let matches = self.conditions(table);
        if let Some(message) = &message {
            self.check_conditions(table, message, Some(at), &matches, true);
        }
        Some(Never { at, message: message?, from, to, during: during?, matches, alive: alive? })
    }

    fn check(&mut self, node: &Node, table: &Table) -> Option<Check> {
        let text = node.text("`check`", self.faults)?;
        self.scope.check_references(node, text, self.faults);
        let words = split(text);
        let (board, place) = words.first()?.clone();
        if let Err((message, help)) = self.scope.board(board, Role::has_firmware, "board with an upper tester") {
            self.faults.add(&node.part(place, self.faults.source), message, help);
            return None;
        }
        let rest = words.get(1..).unwrap_or_default();
        let command = upper_tester_command(node, text, rest, self.faults)?;
        let matches = self.conditions(table);
        let bind = self.bind(table);
        if table.entry("where").is_none() && table.entry("bind").is_none() {
            self.faults.add(&node.span, "a `check` without `where` and `bind` checks nothing", "");
        }
        if let Some(wrong) = matches.iter().find(|one| !one.field.starts_with("ut.")) {
            let help = "fields of an upper tester's answer begin with `ut.`";
            self.faults.add(&node.span, format!("an answer has no field `{}`", wrong.field), help);
        }
        Some(Check { board: board.to_owned(), command, matches, bind })
    }

    fn point(&mut self, table: &Table) -> Point {
        let Some(node) = table.get("at") else { return Point::Air };
        match choice(node, &["air", "backbone", "ut"], "`at`", self.faults) {
            Some("backbone") => Point::Backbone,
            Some("ut") => Point::UpperTester,
            _ => Point::Air,
        }
    }

    pub(super) fn message(&mut self, node: &Node, at: Option<Point>) -> Option<String> {
        let name = node.text("a message name", self.faults)?;
        let messages = &self.scope.vocabulary.messages;
        if !messages.iter().any(|known| known == name) {
            let help = suggest(name, messages.iter().map(String::as_str));
            self.faults.add(&node.span, format!("unknown message `{name}`"), help);
            return None;
        }
        let of_upper_tester = name.starts_with("ut.");
        match at {
            Some(Point::UpperTester) if !of_upper_tester => {
                let help = "write `expect = \"ut.event\"`";
                self.faults.add(&node.span, format!("an upper tester sends no `{name}`"), help);
            }
            Some(Point::Air | Point::Backbone) | None if of_upper_tester => {
                self.faults.add(&node.span, format!("`{name}` is seen at the upper tester only"), "add `at = \"ut\"`");
            }
            _ => {}
        }
        Some(name.to_owned())
    }

    fn ends(&mut self, table: &Table, at: Point) -> (Option<String>, Option<String>) {
        let from = table.get("from").and_then(|node| self.end(node, "`from`", at));
        let to = table.get("to").and_then(|node| {
            if at == Point::Air {
                let to = self.end(node, "`to`", at);
                if to.is_some() && to == from {
                    self.faults.add(&node.span, "no frame goes from a board to itself", "name another receiver");
                }
                return to;
            }
            self.faults.add(&node.span, "`to` is a link-layer receiver: it has a meaning on air only", "");
            None
        });
        (from, to)
    }

    fn end(&mut self, node: &Node, what: &str, at: Point) -> Option<String> {
        match at {
            Point::Air => {
                let text = node.text(what, self.faults)?;
                if is_eui64(text) {
                    return Some(text.to_owned());
                }
                self.board(node, what, Role::has_radio, "board with a radio (nor an EUI-64 of 16 hex digits)")
            }
            Point::Backbone => self.board(
                node,
                what,
                Role::is_at_backbone,
                "backbone port (name the device by `where = { \"ipv6.src\" = ... }`)",
            ),
            Point::UpperTester => self.board(node, what, Role::has_firmware, "board with an upper tester"),
        }
    }

    pub(super) fn board(
        &mut self,
        node: &Node,
        what: &str,
        wanted: impl Fn(Role) -> bool,
        kind: &str,
    ) -> Option<String> {
        let name = node.text(what, self.faults)?;
        match self.scope.board(name, wanted, kind) {
            Ok(_) => Some(name.to_owned()),
            Err((message, help)) => {
                self.faults.add(&node.span, message, help);
                None
            }
        }
    }

    pub(super) fn conditions(&mut self, table: &Table) -> Vec<crate::plan::Match> {
        let Some(node) = table.get("where") else { return Vec::new() };
        let Some(fields) = node.table("`where`", self.faults) else { return Vec::new() };
        matches(fields, &self.scope, self.faults)
    }

    /// Notes fields that a message never has, and constraints that contradict what makes it that message.
    pub(super) fn check_conditions(
        &mut self,
        table: &Table,
        message: &str,
        at: Option<Point>,
        matches: &[crate::plan::Match],
        must_be_met: bool,
    ) {
        let Some(info) = dissect::MESSAGES.iter().find(|info| info.name == message) else { return };
        let Some(Value::Table(fields)) = table.get("where").map(|node| &node.value) else { return };
        for entry in &fields.entries {
            let Some(wanted) = matches.iter().find(|wanted| wanted.field == entry.key) else { continue };
            let absent = wanted.constraint == Constraint::Present(false);
            if let Some((message, help)) = values::field_problem(info, &entry.key, at).filter(|_| !absent) {
                self.faults.add(&entry.key_span, message, help);
            } else if let Some((field, number)) = values::contradiction(info, wanted).filter(|_| must_be_met) {
                let text = format!("no `{message}` meets this: each has `{field}` {number}");
                self.faults.add(&entry.node.span, text, "name another message, or leave the field out");
            }
        }
    }

    pub(super) fn bind(&mut self, table: &Table) -> Option<String> {
        let node = table.get("bind")?;
        let name = node.text("`bind`", self.faults)?;
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !good {
            let help = "lower-case letters, digits and `_`, a letter first";
            self.faults.add(&node.span, format!("`{name}` is no name to bind"), help);
            return None;
        }
        let taken = ["case", "network", "arg", "pixit"].contains(&name)
            || self.scope.vocabulary.stations.single(name).is_some()
            || self.scope.role(name).is_some();
        if taken || self.scope.bound.contains_key(name) {
            let why = if taken { "has another meaning" } else { "is bound already" };
            self.faults.add(&node.span, format!("`{name}` {why}"), "choose another name");
            return None;
        }
        Some(name.to_owned())
    }

    /// Makes the names that a step binds known to later steps. Of alternatives only a name that all of them bind.
    fn bind_names(&mut self, kind: &StepKind, table: &Table) {
        let bound = |at: Point| if at == Point::UpperTester { Bound::UpperTester } else { Bound::Pdu };
        let mut names: Vec<(String, Bound)> = Vec::new();
        match kind {
            StepKind::Expect(expect) => names.extend(expect.bind.clone().map(|name| (name, bound(expect.at)))),
            StepKind::Unordered(all) => {
                for expect in all {
                    if let Some(name) = &expect.bind {
                        if names.iter().any(|(earlier, _)| earlier == name) {
                            self.faults.add(&table.span, format!("two expectations bind `{name}`"), "");
                        }
                        names.push((name.clone(), bound(expect.at)));
                    }
                }
            }
            StepKind::Alternatives(all) => {
                if let Some(first) = all.first()
                    && let Some(name) = &first.bind
                    && all.iter().all(|expect| expect.bind.as_ref() == Some(name))
                {
                    names.push((name.clone(), bound(first.at)));
                }
            }
            StepKind::Check(check) => names.extend(check.bind.clone().map(|name| (name, Bound::UpperTester))),
            StepKind::Send(send) => names.extend(send.bind.clone().map(|name| (name, Bound::Pdu))),
            _ => {}
        }
        self.scope.bound.extend(names);
    }

    fn expand(&mut self, table: &Table, part: Part) {
        let Some(node) = table.get("use") else { return };
        let Some(name) = node.text("`use`", self.faults).map(str::to_owned) else { return };
        let arguments = match table.get("with") {
            Some(with) => match with.table("`with`", self.faults) {
                Some(with) => with.clone(),
                None => return,
            },
            None => Table { span: node.span.clone(), entries: Vec::new() },
        };
        if let Some(procedure) = self.defined.get(&name) {
            self.used.insert(name.clone());
            if procedure.cyclic {
                return;
            }
            let Some(values) = procedure.arguments(&name, &arguments, self.faults) else { return };
            let mut known = self.known.clone();
            known.set("arg", values);
            for step in &procedure.steps {
                let step = known.put_into(step);
                self.read(&step, part);
            }
            return;
        }
        let Some(procedure) = procedures::find(&name) else {
            let names: Vec<&str> =
                procedures::PROCEDURES.iter().map(|known| known.name).chain(self.defined.names()).collect();
            self.faults.add(&node.span, format!("unknown procedure `{name}`"), suggest(&name, names));
            return;
        };
        let Some(arguments) = procedures::read_arguments(procedure, &arguments, &self.scope, self.faults) else {
            return;
        };
        match (procedure.expand)(self.scope.topology, &arguments) {
            Ok(kinds) => {
                let absent = |station: &&StationInfo| {
                    self.scope.role(station.name).is_none() && kinds.iter().any(|kind| refers_to(station.name, kind))
                };
                if let Some(station) = self.scope.vocabulary.stations.kinds().find(absent).map(|kind| kind.name) {
                    let message = format!(
                        "procedure `{name}` needs the address of `{station}`, and the topology `{}` has none",
                        self.scope.topology.text
                    );
                    let help = format!("put `{station}` next to `lbr`: `line: {station} lbr dut`");
                    return self.faults.add(&node.span, message, help);
                }
                self.steps.extend(kinds.into_iter().map(|kind| Step {
                    part,
                    text: describe::step(&kind),
                    clauses: Vec::new(),
                    procedure: Some(name.clone()),
                    kind,
                }));
            }
            Err((message, help)) => self.faults.add(&node.span, message, help),
        }
    }
}

/// Whether an order or a command of a step bears a property of this station.
fn refers_to(station: &str, kind: &StepKind) -> bool {
    let reference = format!("${station}.");
    match kind {
        StepKind::Do(Command::UpperTester { command: text, .. } | Command::Machine { order: text, .. }) => {
            text.contains(&reference)
        }
        StepKind::Check(check) => check.command.contains(&reference),
        _ => false,
    }
}

/// Whether a step of the body awaits something of the implementation under test on the air or at the backbone.
pub(crate) fn awaits_the_iut(case: &Case) -> bool {
    let is_of_it = |expect: &Expect| is_of(&case.iut, expect);
    case.steps.iter().filter(|step| step.part == Part::Body && step.procedure.is_none()).any(|step| match &step.kind {
        StepKind::Expect(expect) => is_of_it(expect),
        StepKind::Unordered(all) => all.iter().any(is_of_it),
        StepKind::Alternatives(all) => all.iter().all(is_of_it),
        _ => false,
    })
}

/// What is wrong with a case that awaits nothing of its subject, and what to do. `station` is the kind of the subject, if it is one.
pub(crate) fn awaits_nothing(iut: &Iut, station: Option<&StationInfo>) -> (String, String) {
    let Some(station) = station else {
        let message = "the case awaits nothing of the device on air or at the backbone";
        let help = "its `step`s need an `expect` with `from = \"dut\"` on air, or at the backbone one that refers to `$dut`: \
                    silence and self-reports alone prove nothing";
        return (message.to_owned(), help.to_owned());
    };
    let (place, at) = match station.attachment {
        Attachment::Backbone => ("at the backbone", "with `at = \"backbone\"` and"),
        Attachment::Radio => ("on air", "with"),
    };
    let message = format!("the case awaits nothing of the {} {place}", station.title);
    let help = format!("its `step`s need an `expect` {at} `from = \"{}\"`: silence alone proves nothing", iut.name());
    (message, help)
}

fn is_of(iut: &Iut, expect: &Expect) -> bool {
    use crate::plan::{Constraint, Operand};
    let refers = expect.matches.iter().any(
        |one| matches!(&one.constraint, Constraint::Equals(Operand::Reference { name, .. }) if name == iut.name()),
    );
    match expect.at {
        Point::Air => expect.from.as_deref() == Some(iut.name()),
        Point::Backbone => expect.from.as_deref() == Some(iut.name()) || refers && iut.is_device(),
        Point::UpperTester => false,
    }
}
