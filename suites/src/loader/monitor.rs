//! `[[monitor]]` tables to monitors.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use dissect::MESSAGES;
use input::{Fault, Source};

use super::Catalogue;
use super::substitute::Known;
use super::template::{choice, matches};
use crate::monitor::{Every, Excuse, Monitor, Monitors, Rule, THIS, Template};
use crate::plan::{Constraint, Iut, Match, Origin, Point, Role};
use crate::scope::{Bound, Scope};
use crate::topology;
use crate::tree::{self, Faults, Node, Table, Value, suggest};
use crate::values;

/// Keys of a file of monitors.
const FILE_KEYS: [&str; 2] = ["title", "monitor"];

/// Keys of a monitor.
pub(crate) const MONITOR_KEYS: [&str; 15] = [
    "id",
    "purpose",
    "clauses",
    "pics",
    "from",
    "every",
    "at",
    "forwarded",
    "when",
    "where",
    "unless",
    "because",
    "machine",
    "kills",
    "shown_in",
];

/// Whoever a monitor's templates may refer to; in a case without one of them the monitor does not apply.
const KNOWN_TO_ALL: &str = "graph: ct-lbr lbr-dut dut-tester";

/// Loads monitors; `machines` are the names of those that need memory.
///
/// # Errors
/// All faults of all files, in their order.
pub fn load_monitors(sources: &[Source], machines: &[&str], catalogue: &Catalogue<'_>) -> Result<Monitors, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut monitors: Vec<Monitor> = Vec::new();
    for source in sources {
        let table = match tree::parse(source) {
            Ok(table) => table,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let mut found = Faults::new(source);
        table.only(&FILE_KEYS, "a file of monitors", &mut found);
        table.require_text("title", "a file of monitors", &mut found);
        for table in table.tables("monitor", &mut found) {
            let Some(monitor) = read(table, machines, catalogue, &mut found) else { continue };
            if monitors.iter().any(|known| known.id == monitor.id) {
                found.add(
                    &table.span,
                    format!("monitor `{}` stands twice", monitor.id),
                    "every monitor has its own ID",
                );
            }
            monitors.push(monitor);
        }
        faults.extend(found.into_sorted());
    }
    if faults.is_empty() { Ok(Monitors::new(monitors)) } else { Err(faults) }
}

fn read(table: &Table, machines: &[&str], catalogue: &Catalogue<'_>, faults: &mut Faults<'_>) -> Option<Monitor> {
    let before = faults.count();
    table.only(&MONITOR_KEYS, "a monitor", faults);
    let mut known = Known::default();
    known.set("pixit", catalogue.pixit.texts());
    let table = &known.put_into(table);
    let id = table.require_text("id", "a monitor", faults).map(str::to_owned);
    if let (Some(id), Some(node)) = (&id, table.get("id"))
        && !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        faults.add(&node.span, format!("`{id}` is no monitor ID"), "letters, digits and `-`");
    }
    let purpose = table.require_text("purpose", "a monitor", faults).map(str::to_owned);
    let clauses = names(
        table,
        "clauses",
        "clause",
        faults,
        |name| catalogue.ledger.clause(name).is_some(),
        || catalogue.ledger.ids().map(str::to_owned).collect(),
    );
    if clauses.is_empty() {
        faults.add(&table.span, "the monitor cites no clause", "a violation breaks one: name it in `clauses`");
    }
    let pics = names(
        table,
        "pics",
        "PICS symbol",
        faults,
        |name| catalogue.pics.symbol(name).is_some(),
        || catalogue.pics.names().map(str::to_owned).collect(),
    );
    let mutants = &catalogue.vocabulary.mutants;
    let is_mutant = |name: &str| mutants.iter().any(|known| known == name);
    let kills = names(table, "kills", "mutant", faults, is_mutant, || mutants.clone());
    let shown_in = table.get("shown_in").map(|node| node.texts("`shown_in`", faults)).unwrap_or_default();
    if kills.is_empty() != shown_in.is_empty() {
        let help = "`kills` names mutants, `shown_in` the cases in which the monitor finds them";
        faults.add(&table.span, "`kills` and `shown_in` go together", help);
    }
    let iut = from(table, catalogue, faults);
    let rule = match table.get("machine") {
        Some(node) => {
            let name = node.text("`machine`", faults)?;
            if !machines.contains(&name) {
                let help = suggest(name, machines.iter().copied());
                faults.add(&node.span, format!("unknown machine `{name}`"), help);
            }
            for key in ["every", "at", "forwarded", "when", "where", "unless", "because"] {
                if let Some(entry) = table.entry(key) {
                    faults.add(&entry.key_span, format!("a machine knows by itself what it judges: no `{key}`"), "");
                }
            }
            Some(Rule::Machine { name: name.to_owned() })
        }
        None => template(table, &iut, catalogue, faults).map(Rule::Template),
    };
    if faults.count() > before {
        return None;
    }
    Some(Monitor {
        id: id?,
        purpose: purpose?,
        clauses,
        pics,
        iut,
        rule: rule?,
        kills,
        shown_in: shown_in.into_iter().map(|(name, _)| name).collect(),
        origin: Origin { file: faults.source.name.clone(), line: faults.line(table.span.start) },
    })
}

/// `dut`, or a station.
fn from(table: &Table, catalogue: &Catalogue<'_>, faults: &mut Faults<'_>) -> Iut {
    let Some(node) = table.require("from", "a monitor", faults) else { return Iut::default() };
    let Some(name) = node.text("`from`", faults) else { return Iut::default() };
    let iut = Iut::new(name);
    if !iut.is_device() && catalogue.vocabulary.stations.kind(name).is_none() {
        let known: Vec<&str> = std::iter::once(crate::plan::DUT)
            .chain(catalogue.vocabulary.stations.kinds().map(|kind| kind.name))
            .collect();
        faults.add(&node.span, format!("`from`: `{name}` can't be under test"), suggest(name, known));
    }
    iut
}

fn template(table: &Table, iut: &Iut, catalogue: &Catalogue<'_>, faults: &mut Faults<'_>) -> Option<Template> {
    let topology = topology::parse(KNOWN_TO_ALL, Role::Router, &catalogue.vocabulary.stations).ok()?;
    let scope = Scope {
        vocabulary: catalogue.vocabulary,
        tester: catalogue.tester,
        topology: &topology,
        params: Vec::new(),
        pixit: catalogue.pixit,
        iut,
        bound: BTreeMap::from([(THIS.to_owned(), Bound::Pdu)]),
    };
    let node = table.require("every", "a monitor", faults)?;
    let at = match table.get("at").map(|node| choice(node, &["air", "backbone", "ut"], "`at`", faults)) {
        Some(Some("backbone")) => Point::Backbone,
        Some(Some("ut")) => Point::UpperTester,
        _ if iut.is_device() => Point::Air,
        _ => Point::Backbone,
    };
    let message = node.text("a message name", faults)?.to_owned();
    if !catalogue.vocabulary.messages.contains(&message) {
        let help = suggest(&message, catalogue.vocabulary.messages.iter().map(String::as_str));
        faults.add(&node.span, format!("unknown message `{message}`"), help);
        return None;
    }
    let forwarded = table.get("forwarded").is_some_and(|node| node.boolean("`forwarded`", faults).unwrap_or(false));
    let mut read = |key: &str| conditions(table, key, &message, at, &scope, faults);
    let (when, wanted, unless) = (read("when"), read("where"), read("unless"));
    if wanted.is_empty() {
        faults.add(&table.span, "a monitor without `where` judges nothing", "say what every such message has to be");
    }
    let because = table.get("because").and_then(|node| node.text("`because`", faults)).map(str::to_owned);
    let unless = match (unless.is_empty(), because) {
        (true, None) => None,
        (false, Some(because)) => Some(Excuse { matches: unless, because }),
        _ => {
            let help = "`unless` says which PDUs are not judged, `because` why";
            faults.add(&table.span, "`unless` and `because` go together", help);
            None
        }
    };
    Some(Template { every: Every { at, message, forwarded, when }, matches: wanted, unless })
}

/// A table of constraints, with what can be told of it beforehand: fields that the message never has.
fn conditions(
    table: &Table,
    key: &str,
    message: &str,
    at: Point,
    scope: &Scope<'_>,
    faults: &mut Faults<'_>,
) -> Vec<Match> {
    let Some(fields) = table.get(key).and_then(|node| node.table(&format!("`{key}`"), faults)) else {
        return Vec::new();
    };
    let read = matches(fields, scope, faults);
    let Some(info) = MESSAGES.iter().find(|info| info.name == message) else { return read };
    for entry in &fields.entries {
        let is_absence =
            read.iter().any(|wanted| wanted.field == entry.key && wanted.constraint == Constraint::Present(false));
        if let Some((problem, help)) = values::field_problem(info, &entry.key, Some(at)).filter(|_| !is_absence) {
            faults.add(&entry.key_span, problem, help);
        }
    }
    read
}

/// The names of a list, each of which must be known.
fn names(
    table: &Table,
    key: &str,
    what: &str,
    faults: &mut Faults<'_>,
    is_known: impl Fn(&str) -> bool,
    all: impl Fn() -> Vec<String>,
) -> Vec<String> {
    let listed = table.get(key).map(|node| node.texts(&format!("`{key}`"), faults)).unwrap_or_default();
    for (name, span) in &listed {
        if !is_known(name) {
            let help = suggest(name, all().iter().map(String::as_str));
            faults.add(span, format!("unknown {what} `{name}`"), help);
        }
    }
    listed.into_iter().map(|(name, _)| name).collect()
}

/// Monitors whose `shown_in` names a case that there is not, each at its place.
pub fn shown_nowhere(sources: &[Source], bases: &BTreeSet<&str>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources {
        let Ok(table) = tree::parse(source) else { continue };
        let mut found = Faults::new(source);
        for monitor in table.tables("monitor", &mut found) {
            let Some(Node { value: Value::Array(cases), .. }) = monitor.get("shown_in") else { continue };
            let unknown: Vec<(&str, &Range<usize>)> = cases
                .iter()
                .filter_map(|node| match &node.value {
                    Value::Text(name) if !bases.contains(name.as_str()) => Some((name.as_str(), &node.span)),
                    _ => None,
                })
                .collect();
            for (name, span) in unknown {
                found.add(span, format!("no case `{name}`"), suggest(name, bases.iter().copied()));
            }
        }
        faults.extend(found.into_sorted());
    }
    faults
}
