//! PICS: what a device claims to implement. A proforma asks, a user's file answers `[pics] SYMBOL = true`.

use std::collections::BTreeMap;

use input::{Fault, Source};

use crate::ledger::Ledger;
use crate::tree::{self, Faults, Table, Value, suggest};

/// A question of a proforma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// `SEL_6LR`.
    pub name: String,
    /// What is asked.
    pub question: String,
    /// The clause that it is about.
    pub clause: String,
    /// Whether a conforming device must say yes.
    pub mandatory: bool,
    /// The set that an optional symbol is one of, `o.1`: a conforming device says yes to at least one of its members.
    pub set: Option<String>,
    /// What the reference firmware answers.
    pub reference: bool,
}

/// Symbols of which a conforming device claims at least one (ISO/IEC 9646-7: `o.1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionSet {
    /// `o.1`, the status of its members.
    pub name: String,
    /// The clause that asks for one of them.
    pub clause: String,
    /// Why a device without any does not conform.
    pub text: String,
}

/// The questions of all specifications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proforma {
    symbols: Vec<Symbol>,
    sets: Vec<OptionSet>,
}

/// A device's answers. `None` for a symbol: not answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pics {
    answers: BTreeMap<String, bool>,
    /// Where the answers came from.
    pub source: String,
}

impl Proforma {
    /// Loads proformas; clauses must be in the ledger.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn load(sources: &[Source], ledger: &Ledger) -> Result<Self, Vec<Fault>> {
        let mut proforma = Self::default();
        let mut faults = Vec::new();
        for source in sources {
            match tree::parse(source) {
                Ok(table) => {
                    let mut found = Faults::new(source);
                    table.only(&["spec", "title", "set", "symbol"], "a PICS proforma", &mut found);
                    table.require_text("spec", "the proforma", &mut found);
                    table.require_text("title", "the proforma", &mut found);
                    for set in table.tables("set", &mut found) {
                        proforma.read_set(set, ledger, &mut found);
                    }
                    for symbol in table.tables("symbol", &mut found) {
                        proforma.read(symbol, ledger, &mut found);
                    }
                    for set in table.tables("set", &mut found) {
                        proforma.count(set, &mut found);
                    }
                    faults.extend(found.into_sorted());
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(proforma) } else { Err(faults) }
    }

    /// Every question, in the order of the files.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The question of a name.
    pub fn symbol(&self, name: &str) -> Option<&Symbol> {
        self.symbols.iter().find(|symbol| symbol.name == name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.symbols.iter().map(|symbol| symbol.name.as_str())
    }

    /// Every set of symbols of which at least one is claimed.
    pub fn sets(&self) -> &[OptionSet] {
        &self.sets
    }

    /// The members of a set, in the order of the files.
    pub fn members<'a>(&'a self, set: &'a OptionSet) -> impl Iterator<Item = &'a str> {
        self.symbols.iter().filter(|symbol| symbol.set.as_ref() == Some(&set.name)).map(|symbol| symbol.name.as_str())
    }

    /// What no conforming device answers, a sentence each: a mandatory symbol that is denied, a set that is denied as a
    /// whole. What is not answered is not denied.
    pub fn contradictions(&self, answers: &BTreeMap<String, bool>) -> Vec<String> {
        let denied = |name: &str| answers.get(name) == Some(&false);
        let mandatory = self.symbols.iter().filter(|symbol| symbol.mandatory && denied(&symbol.name));
        let mandatory = mandatory.map(|Symbol { name, clause, .. }| {
            format!("PICS symbol {name} is mandatory ({clause}), but the device denies it")
        });
        let sets = self.sets.iter().filter(|set| self.members(set).all(denied)).map(|set| {
            let members: Vec<&str> = self.members(set).collect();
            let OptionSet { clause, text, .. } = set;
            format!("PICS symbols {}: the device denies them all, and {text} ({clause})", members.join(", "))
        });
        mandatory.chain(sets).collect()
    }

    /// What the reference firmware answers.
    pub fn reference(&self) -> Pics {
        let answers = self.symbols.iter().map(|symbol| (symbol.name.clone(), symbol.reference)).collect();
        Pics { answers, source: "built-in answers of the reference firmware".to_owned() }
    }

    /// A user's file with these answers; the questions stand beside them, and what is not answered is a comment.
    pub fn file(&self, answers: &BTreeMap<String, bool>) -> String {
        let mut text =
            "# What the device implements (PICS). A line without answer is a comment: its cases are run.\n\n[pics]\n"
                .to_owned();
        for symbol in &self.symbols {
            let (Symbol { name, question, clause, .. }, status) = (symbol, symbol.status());
            text.push_str(&format!("# {question} ({status}, {clause})\n"));
            text.push_str(&match answers.get(name) {
                Some(answer) => format!("{name} = {answer}\n"),
                None => format!("# {name} =\n"),
            });
        }
        text
    }

    /// Reads a user's answers.
    ///
    /// # Errors
    /// All faults of the file: unknown keys, answers that are no truth values, symbols that no proforma asks for.
    pub fn answers(&self, source: &Source) -> Result<Pics, Vec<Fault>> {
        let table = tree::parse(source).map_err(|fault| vec![fault])?;
        let mut faults = Faults::new(source);
        table.only(&["pics"], "a PICS file", &mut faults);
        let mut pics = Pics { answers: BTreeMap::new(), source: source.name.clone() };
        let section = table
            .require("pics", "the PICS file", &mut faults)
            .and_then(|node| node.table("`pics`", &mut faults).cloned())
            .unwrap_or_default();
        for entry in &section.entries {
            if self.symbol(&entry.key).is_none() {
                let help = suggest(&entry.key, self.names());
                faults.add(&entry.key_span, format!("unknown PICS symbol `{}`", entry.key), help);
            } else if let Some(answer) = entry.node.boolean(&format!("`{}`", entry.key), &mut faults) {
                pics.answers.insert(entry.key.clone(), answer);
            }
        }
        if faults.is_empty() { Ok(pics) } else { Err(faults.into_sorted()) }
    }

    fn read(&mut self, table: &Table, ledger: &Ledger, faults: &mut Faults<'_>) {
        table.only(&["symbol", "question", "clause", "status", "reference"], "a PICS symbol", faults);
        let name = table.require_text("symbol", "a PICS symbol", faults).map(str::to_owned);
        let question = table.require_text("question", "a PICS symbol", faults).map(str::to_owned);
        let clause = clause(table, "a PICS symbol", ledger, faults);
        let status = table.require("status", "a PICS symbol", faults).and_then(|node| match &node.value {
            Value::Text(text) if text == "m" => Some((true, None)),
            Value::Text(text) if text == "o" => Some((false, None)),
            Value::Text(text) if self.sets.iter().any(|set| set.name == *text) => Some((false, Some(text.clone()))),
            _ => {
                let sets: Vec<&str> = self.sets.iter().map(|set| set.name.as_str()).collect();
                let help = format!("sets of this proforma, of which one is claimed: {}", sets.join(", "));
                let help = if sets.is_empty() { String::new() } else { help };
                faults.add(&node.span, "`status` is \"m\" (mandatory), \"o\" (optional) or the name of a set", help);
                None
            }
        });
        let reference =
            table.require("reference", "a PICS symbol", faults).and_then(|node| node.boolean("`reference`", faults));
        if let (Some(name), Some(question), Some(clause), Some((mandatory, set)), Some(reference)) =
            (name, question, clause, status, reference)
        {
            if self.symbol(&name).is_some() {
                faults.add(&table.span, format!("PICS symbol `{name}` stands twice"), "");
            }
            self.symbols.push(Symbol { name, question, clause, mandatory, set, reference });
        }
    }

    fn read_set(&mut self, table: &Table, ledger: &Ledger, faults: &mut Faults<'_>) {
        table.only(&["name", "clause", "text"], "a set of PICS symbols", faults);
        let node = table.require("name", "a set of PICS symbols", faults);
        let name = node.and_then(|node| {
            let name = node.text("`name`", faults)?;
            if !name.starts_with("o.") {
                faults.add(&node.span, format!("set `{name}` does not begin with `o.`"), "ISO/IEC 9646-7 writes o.1");
            }
            if self.sets.iter().any(|set| set.name == name) {
                faults.add(&node.span, format!("set `{name}` stands twice"), "");
            }
            Some(name.to_owned())
        });
        let clause = clause(table, "a set of PICS symbols", ledger, faults);
        let text = table.require_text("text", "a set of PICS symbols", faults).map(str::to_owned);
        if let (Some(name), Some(clause), Some(text)) = (name, clause, text) {
            self.sets.push(OptionSet { name, clause, text });
        }
    }

    /// Notes a set that leaves no choice.
    fn count(&self, table: &Table, faults: &mut Faults<'_>) {
        let Some(name) = table.get("name").and_then(|node| node.text("`name`", faults)) else { return };
        let Some(set) = self.sets.iter().find(|set| set.name == name) else { return };
        if self.members(set).count() < 2 {
            let help = format!("give two symbols or more the status \"{name}\"");
            faults.add(&table.span, format!("set `{name}` has fewer than two symbols"), help);
        }
    }
}

impl Symbol {
    /// For people: `mandatory`, `optional`, or `o.1`, one of a set.
    pub fn status(&self) -> &str {
        match (&self.set, self.mandatory) {
            (Some(set), _) => set,
            (None, true) => "mandatory",
            (None, false) => "optional",
        }
    }
}

/// The clause that an entry names; one that no ledger has is a fault.
fn clause(table: &Table, what: &str, ledger: &Ledger, faults: &mut Faults<'_>) -> Option<String> {
    let node = table.require("clause", what, faults)?;
    let id = node.text("`clause`", faults)?;
    if ledger.clause(id).is_none() {
        faults.add(&node.span, format!("unknown clause `{id}`"), suggest(id, ledger.ids().collect::<Vec<_>>()));
    }
    Some(id.to_owned())
}

impl Pics {
    /// The answer for a symbol, if it was given.
    pub fn answer(&self, symbol: &str) -> Option<bool> {
        self.answers.get(symbol).copied()
    }

    /// Every answer.
    pub fn answers(&self) -> &BTreeMap<String, bool> {
        &self.answers
    }

    /// Sets an answer.
    pub fn set(&mut self, symbol: &str, answer: bool) {
        self.answers.insert(symbol.to_owned(), answer);
    }
}
