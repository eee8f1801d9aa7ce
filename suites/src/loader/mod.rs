//! Suite files to cases: everything in them is resolved, and everything that is wrong with them is told at once.

mod command;
mod defined;
mod line;
pub(crate) mod monitor;
mod order_time;
mod rows;
pub(crate) mod step;
mod substitute;
mod template;
mod tester_step;
mod upper_tester;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use input::{Fault, Source};
use record::table::Place;

use crate::device::DeviceFacts;
use crate::ledger::Ledger;
use crate::liberties::Liberties;
use crate::monitor::Monitors;
use crate::oracles::{self, NONE, ORACLES};
use crate::pics::Proforma;
use crate::pixit::Pixit;
use crate::plan::{Case, DUT, Iut, Origin, Part, Role, Routing, State, Topology};
use crate::scope::Scope;
use crate::tester::Tester;
use crate::topology;
use crate::tree::{self, Faults, Node, Table, Value, suggest};
use crate::vocabulary::{PHASES, Vocabulary};

use defined::Defined;
use step::Steps;
use substitute::Known;

#[cfg(test)]
pub(crate) use step::STEP_KINDS;
#[cfg(test)]
pub(crate) use template::CONSTRAINT_KEYS;

/// Keys of a suite file.
pub(crate) const SUITE_KEYS: [&str; 6] = ["suite", "title", "phase", "oracle", "procedure", "case"];

/// Keys of a case.
pub(crate) const CASE_KEYS: [&str; 18] = [
    "id", "purpose", "clauses", "phase", "pics", "topology", "routing", "params", "kills", "oracle", "table", "iut",
    "dut_role", "entry", "exit", "setup", "step", "teardown",
];

/// What a suite may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue<'a> {
    /// Fields, messages, mutants.
    pub vocabulary: &'a Vocabulary,
    /// Clauses.
    pub ledger: &'a Ledger,
    /// PICS symbols.
    pub pics: &'a Proforma,
    /// PIXIT values, put in place of `$pixit.NAME`.
    pub pixit: &'a Pixit,
    /// What the tester's machines can do.
    pub tester: &'a dyn Tester,
}

/// A suite that was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub title: String,
    /// The file it came from.
    pub file: String,
    /// Its cases, a row each, in the order of the file.
    pub cases: Vec<Case>,
}

/// A case ID and where it stands.
struct Declared {
    id: String,
    file: usize,
    span: Range<usize>,
}

/// Loads suites.
///
/// # Errors
/// All faults of all files, in their order.
pub fn load(sources: &[Source], catalogue: &Catalogue<'_>) -> Result<Vec<Suite>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut suites = Vec::new();
    let mut declared: Vec<Declared> = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let table = match tree::parse(source) {
            Ok(table) => table,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        let mut found = Faults::new(source);
        let (suite, ids) = read_suite(&table, catalogue, &mut found);
        for (id, span) in ids {
            if let Some(first) = declared.iter().find(|other| other.id == id) {
                let place = sources[first.file].fault(first.span.clone(), "");
                let (line, column) = place.line_column().unwrap_or((1, 1));
                let help = format!("the first is at {}:{line}:{column}; every case has its own ID", place.file);
                found.add(&span, format!("case ID `{id}` stands twice"), help);
            } else {
                declared.push(Declared { id, file, span });
            }
        }
        if found.is_empty() {
            suites.extend(suite);
        }
        faults.extend(found.into_sorted());
    }
    if faults.is_empty() { Ok(suites) } else { Err(faults) }
}

/// One file. Cases that have faults are left out; the faults say why.
fn read_suite(
    table: &Table,
    catalogue: &Catalogue<'_>,
    faults: &mut Faults<'_>,
) -> (Option<Suite>, Vec<(String, Range<usize>)>) {
    table.only(&SUITE_KEYS, "a suite", faults);
    let stem = std::path::Path::new(&faults.source.name)
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("suite")
        .to_owned();
    let name = match table.get("suite") {
        Some(node) => node.text("`suite`", faults).map(|name| checked_name(name, node, faults)),
        None => Some(stem),
    };
    let title = table.require_text("title", "the suite", faults).map(str::to_owned);
    // A phase that is misspelt is told once, not again for every case.
    let phase = table.get("phase").map(|node| phase(node, faults).unwrap_or_default());
    let oracle = oracle(table, faults);
    let procedures = table.tables("procedure", faults);
    let defined = Defined::read(&procedures, faults);
    let mut used = BTreeSet::new();
    let mut cases = Vec::new();
    let mut ids = Vec::new();
    let tables = table.tables("case", faults);
    if tables.is_empty() && table.entry("case").is_none() {
        faults.add(&table.span, "the suite has no case", "a case begins with `[[case]]`");
    }
    let suite = name.clone().unwrap_or_default();
    for table in tables {
        let mut reader = CaseReader {
            catalogue,
            suite: &suite,
            phase: phase.as_deref(),
            oracle: oracle.as_deref(),
            defined: &defined,
            used: &mut used,
            faults: &mut *faults,
        };
        let (rows, id) = reader.read(table);
        cases.extend(rows);
        ids.extend(id);
    }
    defined.note_unused(&used, faults);
    let suite = name.zip(title).map(|(name, title)| Suite { name, title, file: faults.source.name.clone(), cases });
    (suite, ids)
}

fn checked_name(name: &str, node: &Node, faults: &mut Faults<'_>) -> String {
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_') {
        let help = "lower-case letters, digits, `-` and `_`";
        faults.add(&node.span, format!("`{name}` is no name for a suite"), help);
    }
    name.to_owned()
}

fn phase(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = node.text("`phase`", faults)?;
    if !PHASES.contains(&text) {
        faults.add(&node.span, format!("unknown phase `{text}`"), suggest(text, PHASES.iter().copied()));
        return None;
    }
    Some(text.to_owned())
}

/// `oracle = "none"`, a name, or a list of names; `None` if it is not there.
fn oracle(table: &Table, faults: &mut Faults<'_>) -> Option<Vec<String>> {
    let node = table.get("oracle")?;
    let listed = match &node.value {
        Value::Array(_) => node.texts("`oracle`", faults),
        _ => vec![(node.text("`oracle`", faults)?.to_owned(), node.span.clone())],
    };
    if let [(word, _)] = listed.as_slice()
        && word == NONE
    {
        return Some(Vec::new());
    }
    if listed.is_empty() && matches!(&node.value, Value::Array(all) if all.is_empty()) {
        faults.add(
            &node.span,
            "`oracle` names nobody",
            format!("if nobody outside judged it, say `oracle = \"{NONE}\"`"),
        );
    }
    let mut names: Vec<String> = Vec::new();
    for (name, span) in listed {
        if name == NONE {
            faults.add(&span, format!("`{NONE}` stands beside others"), "name who judged it, or nobody");
        } else if oracles::oracle(&name).is_none() {
            let help = suggest(&name, ORACLES.iter().map(|oracle| oracle.name));
            faults.add(&span, format!("unknown oracle `{name}`"), help);
        } else if names.contains(&name) {
            faults.add(&span, format!("`{name}` stands here twice"), "");
        }
        names.push(name);
    }
    Some(names)
}

/// What the cases of one file share.
struct CaseReader<'a, 'f, 's> {
    catalogue: &'a Catalogue<'a>,
    suite: &'a str,
    phase: Option<&'a str>,
    oracle: Option<&'a [String]>,
    defined: &'a Defined,
    used: &'f mut BTreeSet<String>,
    faults: &'f mut Faults<'s>,
}

impl CaseReader<'_, '_, '_> {
    /// One `[[case]]` to its rows, and its ID.
    fn read(&mut self, table: &Table) -> (Vec<Case>, Option<(String, Range<usize>)>) {
        let before = self.faults.count();
        table.only(&CASE_KEYS, "a case", self.faults);
        let id = self.id(table);
        let purpose = table.require_text("purpose", "a case", self.faults).map(str::to_owned);
        let clauses = self.clauses(table);
        let phase = match (table.get("phase"), self.phase) {
            (Some(node), _) => phase(node, self.faults),
            (None, Some(phase)) => Some(phase.to_owned()),
            (None, None) => {
                let help = format!("give the case or the suite one of: {}", PHASES.join(", "));
                self.faults.add(&table.span, "the case has no `phase`", help);
                None
            }
        };
        let pics = self.pics(table);
        let kills = self.kills(table);
        let oracle = match oracle(table, self.faults) {
            None => self.oracle.map(<[String]>::to_vec),
            own => own,
        };
        let dut_role = match table.get("dut_role") {
            Some(node) => match template::choice(node, &["6lr", "6lbr"], "`dut_role`", self.faults) {
                Some("6lbr") => Role::BorderRouter,
                _ => Role::Router,
            },
            None => Role::Router,
        };
        let iut = self.iut(table);
        let routing =
            match table.get("routing").map(|node| template::choice(node, &["tree", "rpl"], "`routing`", self.faults)) {
                Some(Some("rpl")) => Routing::Rpl,
                _ => Routing::Tree,
            };
        let entry = self.state(table, "entry");
        let exit = self.state(table, "exit");
        let rows = rows::read(table, self.faults);
        table.require("topology", "a case", self.faults);
        let liberties = Liberties::of(self.catalogue.pixit, &iut);
        let mut used_params = BTreeSet::new();
        let mut cases = Vec::new();
        let mut names = BTreeSet::new();
        let (base, id_span) = id.clone().unwrap_or_default();
        for row in &rows {
            let name = row.id(&base);
            if !names.insert(name.clone()) {
                let help = "values differ only in characters that no file name may bear";
                self.faults.add(&id_span, format!("two rows have the ID `{name}`"), help);
            }
            let mut known = Known::default();
            known.set("case", row.values.iter().cloned().collect());
            known.set("pixit", self.catalogue.pixit.texts());
            let Some(topology) = self.topology(table, dut_role, &mut known) else {
                used_params.extend(known.used);
                continue;
            };
            let topology = Topology { routing, ..topology };
            let place = table.get("table").and_then(|node| self.place(&known.put_into_node(node)));
            let scope = Scope {
                vocabulary: self.catalogue.vocabulary,
                tester: self.catalogue.tester,
                topology: &topology,
                params: row.values.iter().map(|(name, _)| name.clone()).collect(),
                pixit: self.catalogue.pixit,
                iut: &iut,
                bound: BTreeMap::new(),
            };
            let mut steps = Steps {
                scope,
                faults: &mut *self.faults,
                defined: self.defined,
                known: &mut known,
                clauses: &clauses,
                steps: Vec::new(),
                used: &mut *self.used,
            };
            let mut is_told = false;
            for (key, part) in [("setup", Part::Preamble), ("step", Part::Body), ("teardown", Part::Postamble)] {
                for step in table.tables(key, steps.faults) {
                    let step = steps.known.put_into(step);
                    is_told |= tells_when_to_join(&step);
                    steps.read(&step, part);
                }
            }
            let mut steps = steps.steps;
            let stations = &self.catalogue.vocabulary.stations;
            order_time::give(&mut steps, stations, self.catalogue.pixit, topology.boards.len());
            used_params.extend(known.used);
            let case = Case {
                id: name,
                base: base.clone(),
                suite: self.suite.to_owned(),
                phase: phase.clone().unwrap_or_default(),
                purpose: purpose.clone().unwrap_or_default(),
                clauses: clauses.clone(),
                pics: pics.clone(),
                topology,
                params: row.texts(),
                kills: kills.clone(),
                oracle: oracle.clone(),
                table: place,
                iut: iut.clone(),
                entry,
                exit,
                security_level: liberties.security_level,
                device: DeviceFacts::of(self.catalogue.pixit, &iut, is_told),
                steps,
                monitors: Monitors::default(),
                origin: Origin { file: self.faults.source.name.clone(), line: self.faults.line(table.span.start) },
            };
            // Where a step could not be read, what the case awaits is not known.
            if self.faults.count() == before && !step::awaits_the_iut(&case) {
                let span = table.entry("id").map_or_else(|| table.span.clone(), |entry| entry.node.span.clone());
                let station = self.catalogue.vocabulary.stations.kind(iut.name());
                let (message, help) = step::awaits_nothing(&iut, station);
                self.faults.add(&span, message, help);
            }
            cases.push(case);
        }
        if self.faults.count() == before {
            rows::note_unused(table, &used_params, self.faults);
        }
        (cases, id)
    }

    fn id(&mut self, table: &Table) -> Option<(String, Range<usize>)> {
        let node = table.require("id", "a case", self.faults)?;
        let id = node.text("`id`", self.faults)?;
        let good = id.starts_with(|c: char| c.is_ascii_alphanumeric())
            && id.len() <= 80
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !good {
            let help = "letters, digits, `-`, `_` and `.`, at most 80: it becomes a folder's name";
            self.faults.add(&node.span, format!("`{id}` is no case ID"), help);
        }
        Some((id.to_owned(), node.span.clone()))
    }

    fn clauses(&mut self, table: &Table) -> Vec<String> {
        let Some(node) = table.require("clauses", "a case", self.faults) else { return Vec::new() };
        let listed = node.texts("`clauses`", self.faults);
        if listed.is_empty() && matches!(&node.value, Value::Array(all) if all.is_empty()) {
            let help = "a verdict rests on a clause: name it";
            self.faults.add(&node.span, "the case tests no clause", help);
        }
        self.names(
            &listed,
            "clause",
            |name| self.catalogue.ledger.clause(name).is_some(),
            || self.catalogue.ledger.ids().map(str::to_owned).collect(),
        )
    }

    fn pics(&mut self, table: &Table) -> Vec<String> {
        let Some(node) = table.get("pics") else { return Vec::new() };
        let listed = node.texts("`pics`", self.faults);
        self.names(
            &listed,
            "PICS symbol",
            |name| self.catalogue.pics.symbol(name).is_some(),
            || self.catalogue.pics.names().map(str::to_owned).collect(),
        )
    }

    fn kills(&mut self, table: &Table) -> Vec<String> {
        let Some(node) = table.get("kills") else { return Vec::new() };
        let listed = node.texts("`kills`", self.faults);
        let mutants = &self.catalogue.vocabulary.mutants;
        self.names(&listed, "mutant", |name| mutants.iter().any(|known| known == name), || mutants.clone())
    }

    /// `{ name = "survival", row = "second key", column = "$case.event" }`.
    fn place(&mut self, node: &Node) -> Option<Place> {
        let place = node.table("`table`", self.faults)?;
        place.only(&["name", "row", "column"], "`table`", self.faults);
        let mut text = |key| place.require_text(key, "`table`", self.faults).map(str::to_owned);
        let (name, row, column) = (text("name"), text("row"), text("column"));
        Some(Place { name: name?, row: row?, column: column? })
    }

    /// `dut`, or a station.
    fn iut(&mut self, table: &Table) -> Iut {
        let stations = &self.catalogue.vocabulary.stations;
        let kinds: Vec<&str> = std::iter::once(DUT).chain(stations.kinds().map(|kind| kind.name)).collect();
        let Some(node) = table.get("iut") else { return Iut::default() };
        let Some(name) = node.text("`iut`", self.faults) else { return Iut::default() };
        if name != DUT && stations.kind(name).is_none() {
            self.faults.add(&node.span, format!("`iut`: unknown word `{name}`"), suggest(name, kinds));
            return Iut::default();
        }
        Iut::new(name)
    }

    fn state(&mut self, table: &Table, key: &str) -> Option<State> {
        let names = State::ALL.map(State::name);
        template::choice(table.get(key)?, &names, &format!("`{key}`"), self.faults).and_then(State::from_name)
    }

    /// Notes unknown and repeated names of a list.
    fn names(
        &mut self,
        listed: &[(String, Range<usize>)],
        what: &str,
        known: impl Fn(&str) -> bool,
        all: impl Fn() -> Vec<String>,
    ) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, span) in listed {
            if !known(name) {
                let help = suggest(name, all().iter().map(String::as_str));
                self.faults.add(span, format!("unknown {what} `{name}`"), help);
            } else if names.contains(name) {
                self.faults.add(span, format!("`{name}` stands here twice"), "");
            }
            names.push(name.clone());
        }
        names
    }

    fn topology(&mut self, table: &Table, dut_role: Role, known: &mut Known) -> Option<crate::plan::Topology> {
        let node = known.put_into_node(table.get("topology")?);
        let text = node.text("`topology`", self.faults)?;
        match topology::parse(text, dut_role, &self.catalogue.vocabulary.stations) {
            Ok(topology) => Some(topology),
            Err(all) => {
                for fault in all {
                    self.faults.add(&node.part(fault.place, self.faults.source), fault.message, fault.help);
                }
                None
            }
        }
    }
}

/// Whether a step has a procedure install the device so that the case itself tells it when to join.
fn tells_when_to_join(step: &Table) -> bool {
    let trigger = step.get("with").and_then(|with| match &with.value {
        Value::Table(with) => with.get("trigger"),
        _ => None,
    });
    trigger.is_some_and(|trigger| trigger.value == Value::Text("selection".to_owned()))
}
