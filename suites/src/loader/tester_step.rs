//! Steps by which the tester itself sends, or sends otherwise than it would: `send` and `deviate`.

use std::collections::BTreeMap;

use crate::loader::step::Steps;
use crate::loader::template::{duration_of, matches_to_send, settings};
use crate::plan::{Change, Constraint, Deviation, Match, Operand, Role, Send};
use crate::scope::is_eui64;
use crate::tester::Inability;
use crate::tree::{Faults, Node, Table, Value};

impl Steps<'_, '_, '_> {
    pub(super) fn send(&mut self, node: &Node, table: &Table) -> Option<Send> {
        let message = self.message(node, None).filter(|message| {
            let crafted = self.scope.vocabulary.crafted.contains(&message.as_str());
            if !crafted {
                let help = format!("one of: {}", self.scope.vocabulary.crafted.join(", "));
                self.faults.add(&node.span, format!("no `{message}` can be crafted"), help);
            }
            crafted
        });
        let testers = self.scope.boards(|role| role == Role::RadioStation);
        let by = match (table.get("by"), testers.as_slice()) {
            (Some(node), _) => self.board(node, "`by`", |role| role == Role::RadioStation, "tester radio"),
            (None, [only]) => Some(only.clone()),
            (None, []) => {
                let help = "put a tester radio into the topology: a name that begins with `tester`";
                self.faults.add(&node.span, "nothing here can send: the topology has no tester radio", help);
                None
            }
            (None, _) => {
                let help = format!("one of: {}", testers.join(", "));
                self.faults.add(&node.span, "which tester radio sends is not said: `by` is missing", help);
                None
            }
        };
        let source = match table.get("from") {
            Some(node) => self.address(node, "`from`", false),
            None => by.clone(),
        };
        let to = match table.require("to", "a `send`", self.faults).cloned() {
            Some(node) => self.address(&node, "`to`", true),
            None => None,
        };
        let level = table.get("level").map(|node| node.integer("`level`", 1..=7, self.faults));
        let overrides = match table.get("set") {
            Some(node) => match node.table("`set`", self.faults) {
                Some(fields) => settings(fields, &self.scope, self.faults),
                None => BTreeMap::new(),
            },
            None => BTreeMap::new(),
        };
        let bind = self.bind(table);
        let send = Send {
            by: by?,
            message: message?,
            source: source?,
            to: to?,
            security_level: level.flatten().and_then(|level| u8::try_from(level).ok()),
            overrides,
            bind,
        };
        if let Err(inability) = self.scope.tester.craft(&self.sketch(&send)) {
            self.note(inability, node, table);
        }
        Some(send)
    }

    /// What is sent with stand-ins for its references; a field that refers to a message not yet seen is left out.
    fn sketch(&self, send: &Send) -> Send {
        let board = |name: &str| match self.scope.role(name) {
            Some(_) => self.scope.stand_in(name, "eui64"),
            None => name.to_owned(),
        };
        Send {
            source: board(&send.source),
            to: board(&send.to),
            overrides: self.literals(&send.overrides),
            ..send.clone()
        }
    }

    fn literals(&self, overrides: &BTreeMap<String, Operand>) -> BTreeMap<String, Operand> {
        let literal = |operand: &Operand| match operand {
            Operand::Reference { name, field, offset: 0 } if !self.scope.bound.contains_key(name) => {
                Some(Operand::Text(self.scope.stand_in(name, field)))
            }
            Operand::Reference { .. } => None,
            literal => Some(literal.clone()),
        };
        overrides.iter().filter_map(|(field, operand)| Some((field.clone(), literal(operand)?))).collect()
    }

    /// Notes what a machine cannot do: at the field that it fails at, or else at the step.
    fn note(&mut self, inability: Inability, node: &Node, table: &Table) {
        let Inability { field, message, help } = inability;
        let fields = ["set", "where"].into_iter().filter_map(|key| match table.get(key).map(|node| &node.value) {
            Some(Value::Table(fields)) => Some(fields),
            _ => None,
        });
        let entry = fields.flat_map(|fields| &fields.entries).find(|entry| Some(&entry.key) == field.as_ref());
        let span = entry.map_or(&node.span, |entry| &entry.key_span).clone();
        self.faults.add(&span, message, help);
    }

    pub(super) fn deviate(&mut self, node: &Node, table: &Table) -> Option<Deviation> {
        let message = self.message(node, None);
        let at_backbone = self.scope.boards(|role| role == Role::BackboneStation);
        let machine = match table.get("by") {
            Some(node) => self.board(node, "`by`", Role::is_station, "tester machine"),
            None if at_backbone.len() == 1 => at_backbone.first().cloned(),
            None => {
                self.faults.add(&node.span, "which tester machine deviates is not said: `by` is missing", "");
                None
            }
        };
        let times = table.get("times").map_or(Some(1), |node| node.integer("`times`", 0..=100_000, self.faults));
        let changes = ["set", "drop", "duplicate", "delay", "reorder", "corrupt"];
        let present: Vec<&str> = changes.into_iter().filter(|key| table.entry(key).is_some()).collect();
        let [change] = present.as_slice() else {
            let help = format!("exactly one of: {}", changes.join(", "));
            self.faults.add(&node.span, format!("a deviation makes one change, this one {}", present.len()), help);
            return None;
        };
        let value = table.get(change)?;
        let flag = |change_to: Change, faults: &mut Faults<'_>| match value.boolean(&format!("`{change}`"), faults) {
            Some(true) => Some(change_to),
            Some(false) => {
                faults.add(&value.span, format!("`{change} = false` changes nothing"), "leave the step out");
                None
            }
            None => None,
        };
        let change = match *change {
            "set" => {
                let fields = value.table("`set`", self.faults)?;
                if fields.entries.is_empty() {
                    self.faults.add(&value.span, "`set` is empty: it changes nothing", "");
                }
                Some(Change::Override(settings(fields, &self.scope, self.faults)))
            }
            "drop" => flag(Change::Drop, self.faults),
            "duplicate" => flag(Change::Duplicate, self.faults),
            "reorder" => flag(Change::Reorder, self.faults),
            "delay" => duration_of(value, "`delay`", self.faults).map(|by| Change::Delay { by }),
            _ => value
                .integer("`corrupt`", 0..=10_239, self.faults)
                .and_then(|bit| u32::try_from(bit).ok())
                .map(|bit| Change::Corrupt { bit }),
        };
        let matches = match table.get("where").and_then(|node| node.table("`where`", self.faults)) {
            Some(fields) => matches_to_send(fields, &self.scope, self.faults),
            None => Vec::new(),
        };
        if let Some(message) = &message {
            self.check_conditions(table, message, None, &matches, true);
        }
        let deviation = Deviation {
            machine: machine?,
            message: message?,
            matches,
            change: change?,
            times: u32::try_from(times?).ok()?,
        };
        let matches = deviation.matches.iter().filter_map(|wanted| match &wanted.constraint {
            Constraint::Equals(operand) => {
                let literal = self.literals(&BTreeMap::from([(wanted.field.clone(), operand.clone())]));
                let constraint = Constraint::Equals(literal.into_values().next()?);
                Some(Match { field: wanted.field.clone(), constraint })
            }
            _ => Some(wanted.clone()),
        });
        let change = match &deviation.change {
            Change::Override(fields) => Change::Override(self.literals(fields)),
            change => change.clone(),
        };
        let sketch = Deviation { matches: matches.collect(), change, ..deviation.clone() };
        if let Err(inability) = self.scope.tester.deviate(&sketch) {
            self.note(inability, node, table);
        }
        Some(deviation)
    }

    /// A board, an EUI-64, and as a destination also an IPv6 address or `all`.
    fn address(&mut self, node: &Node, what: &str, destination: bool) -> Option<String> {
        let text = node.text(what, self.faults)?;
        let other = destination && (text == "all" || text.parse::<std::net::Ipv6Addr>().is_ok());
        if other || is_eui64(text) {
            return Some(text.to_owned());
        }
        self.board(node, what, |_| true, "board")
    }
}
