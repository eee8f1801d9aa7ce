//! Reads one ledger file.

use super::mechanism::{MECHANISMS, mechanism};
use super::sections::{self, is_numbered};
use super::{Class, Clause, LEVELS, Later, Ledger, Specification};
use crate::tree::{Entry, Faults, Node, Table, Value, suggest};

const KINDS: [&str; 4] = ["tested", "untestable", "out_of_scope", "later"];

impl Ledger {
    pub(super) fn read(&mut self, table: &Table, faults: &mut Faults<'_>) {
        table.only(&["spec", "title", "sections", "clause"], "a ledger", faults);
        let spec = table.require("spec", "the ledger", faults);
        let spec = spec.and_then(|node| Some((node.text("`spec`", faults)?.to_owned(), node)));
        let title = table.require_text("title", "the ledger", faults).map(str::to_owned);
        let listed = sections::read(table, faults);
        let clauses = table.tables("clause", faults);
        if clauses.is_empty() && table.entry("clause").is_none() {
            faults.add(&table.span, "the ledger has no clause", "a clause begins with `[[clause]]`");
        }
        if let Some((name, node)) = &spec
            && self.specification(name).is_some()
        {
            let help = "a specification has one ledger: put its clauses there";
            faults.add(&node.span, format!("the ledger of {name} stands twice"), help);
        }
        let spec = spec.map(|(name, _)| name).unwrap_or_default();
        // Of every clause, whatever else is wrong with it: a fault is told once.
        let cited: Vec<(&str, &Node)> = clauses
            .iter()
            .filter_map(|clause| clause.get("section"))
            .filter_map(|node| match &node.value {
                Value::Text(section) if !section.trim().is_empty() => Some((section.as_str(), node)),
                _ => None,
            })
            .collect();
        sections::compare(&spec, &listed, &cited, faults);
        let clauses: Vec<Clause> =
            clauses.into_iter().filter_map(|table| self.clause_of(table, &spec, faults)).collect();
        self.clauses.extend(clauses);
        let sections = listed.into_iter().map(|listed| listed.section).collect();
        self.specifications.push(Specification { spec, title: title.unwrap_or_default(), sections });
    }

    fn clause_of(&mut self, table: &Table, spec: &str, faults: &mut Faults<'_>) -> Option<Clause> {
        table.only(
            &["id", "section", "level", "text", "class", "rest", "reading", "duty", "broken_by"],
            "a clause",
            faults,
        );
        let id_node = table.require("id", "a clause", faults);
        let id = id_node.and_then(|node| node.text("`id`", faults)).map(str::to_owned);
        let section = table.require_text("section", "a clause", faults).map(str::to_owned);
        let level = table.require("level", "a clause", faults).and_then(|node| {
            let text = node.text("`level`", faults)?;
            let found = LEVELS.iter().find(|(name, _)| *name == text).map(|(_, level)| *level);
            if found.is_none() {
                let help = suggest(text, LEVELS.iter().map(|(name, _)| *name));
                faults.add(&node.span, format!("unknown level `{text}`"), help);
            }
            found
        });
        let text = table.require_text("text", "a clause", faults).map(str::to_owned);
        let class = match table.get("class") {
            Some(node) => class(node, faults),
            None => {
                let help =
                    "\"tested\", { untestable = \"why\" }, { out_of_scope = \"why\" } or { later = \"mechanism\" }";
                faults.add(&table.span, "the clause has no class", help);
                None
            }
        };
        let rest = table.get("rest").and_then(|node| rest(node, class.as_ref(), faults));
        let reading = table.get("reading").and_then(|node| node.text("`reading`", faults)).map(str::to_owned);
        let broken_by = table.get("broken_by").map(|node| node.texts("`broken_by`", faults)).unwrap_or_default();
        let duty = table.get("duty").and_then(|node| node.text("`duty`", faults)).map(str::to_owned);
        let (id, node) = (id?, id_node?);
        let begin = match &section {
            Some(section) if is_numbered(section) => format!("{spec}-{section}-"),
            _ => format!("{spec}-"),
        };
        if !id.starts_with(&begin) {
            let help = format!("an ID is the specification, the section if it has a number, and a number: `{begin}1`");
            faults.add(&node.span, format!("clause `{id}` does not begin with `{begin}`"), help);
        }
        if let Some(first) = self.places.get(&id) {
            let line = first.line_column().map_or(1, |(line, _)| line);
            let help = format!("the first is at {}:{line}", first.file);
            faults.add(&node.span, format!("clause `{id}` stands twice"), help);
            return None;
        }
        self.places.insert(id.clone(), faults.source.fault(node.span.clone(), ""));
        let (section, level, text, class) = (section?, level?, text?, class?);
        let broken_by = broken_by.into_iter().map(|(name, _)| name).collect();
        Some(Clause { id, spec: spec.to_owned(), section, level, text, class, rest, reading, duty, broken_by })
    }
}

fn class(node: &Node, faults: &mut Faults<'_>) -> Option<Class> {
    match &node.value {
        Value::Text(text) if text == "tested" => Some(Class::Tested),
        Value::Text(text) if text == "later" => {
            faults.add(&node.span, "`later` without a mechanism", later_help());
            None
        }
        Value::Text(text) if KINDS.contains(&text.as_str()) => {
            faults.add(&node.span, format!("`{text}` without a reason"), format!("write {{ {text} = \"...\" }}"));
            None
        }
        Value::Text(text) => {
            faults.add(&node.span, format!("unknown class `{text}`"), suggest(text, KINDS));
            None
        }
        Value::Table(table) if table.get("later").is_some() => later(table, faults).map(Class::Later),
        Value::Table(table) => {
            table.only(&KINDS[1..], "a class", faults);
            let [Entry { key, node: why, .. }] = table.entries.as_slice() else {
                faults.add(&node.span, "a class is one of its kinds", "");
                return None;
            };
            let why = why.text("the reason", faults)?.to_owned();
            match key.as_str() {
                "untestable" => Some(Class::Untestable(why)),
                "out_of_scope" => Some(Class::OutOfScope(why)),
                _ => None,
            }
        }
        _ => {
            faults.add(&node.span, "a class is a word or a table with its reason", "");
            None
        }
    }
}

/// What of a tested statement no case shows yet: `{ later = "mechanism", why = "what it is" }`.
fn rest(node: &Node, class: Option<&Class>, faults: &mut Faults<'_>) -> Option<Later> {
    if class.is_some_and(|class| *class != Class::Tested) {
        faults.add(&node.span, "`rest` of a clause that is not `tested`", "its class says already what became of it");
        return None;
    }
    let table = node.table("`rest`", faults)?;
    if table.get("later").is_none() {
        faults.add(&node.span, "`rest` without a mechanism", later_help());
        return None;
    }
    let later = later(table, faults)?;
    if later.why.is_none() {
        faults.add(&node.span, "`rest` does not say what no case shows yet", "add why = \"...\"");
    }
    Some(later)
}

fn later(table: &Table, faults: &mut Faults<'_>) -> Option<Later> {
    table.only(&["later", "why"], "a class `later`", faults);
    let why = table.get("why").and_then(|node| node.text("`why`", faults)).map(str::to_owned);
    let node = table.get("later")?;
    let name = node.text("the mechanism", faults)?;
    let Some(mechanism) = mechanism(name) else {
        let help = suggest(name, MECHANISMS.iter().map(|mechanism| mechanism.name));
        faults.add(&node.span, format!("unknown mechanism `{name}`"), help);
        return None;
    };
    Some(Later { mechanism, why })
}

fn later_help() -> String {
    let names: Vec<&str> = MECHANISMS.iter().map(|mechanism| mechanism.name).collect();
    format!("write {{ later = \"mechanism\" }}, one of {}", names.join(", "))
}
