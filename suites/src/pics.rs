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
    /// What the reference firmware answers.
    pub reference: bool,
}

/// The questions of all specifications.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proforma {
    symbols: Vec<Symbol>,
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
                    table.only(&["spec", "title", "symbol"], "a PICS proforma", &mut found);
                    table.require_text("spec", "the proforma", &mut found);
                    table.require_text("title", "the proforma", &mut found);
                    for symbol in table.tables("symbol", &mut found) {
                        proforma.read(symbol, ledger, &mut found);
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
        for Symbol { name, question, clause, mandatory, .. } in &self.symbols {
            let status = if *mandatory { "mandatory" } else { "optional" };
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
        let clause = table.require("clause", "a PICS symbol", faults).and_then(|node| {
            let id = node.text("`clause`", faults)?;
            if ledger.clause(id).is_none() {
                faults.add(&node.span, format!("unknown clause `{id}`"), suggest(id, ledger.ids().collect::<Vec<_>>()));
            }
            Some(id.to_owned())
        });
        let mandatory = table.require("status", "a PICS symbol", faults).and_then(|node| match &node.value {
            Value::Text(text) if text == "m" => Some(true),
            Value::Text(text) if text == "o" => Some(false),
            _ => {
                faults.add(&node.span, "`status` is \"m\" (mandatory) or \"o\" (optional)", "");
                None
            }
        });
        let reference =
            table.require("reference", "a PICS symbol", faults).and_then(|node| node.boolean("`reference`", faults));
        if let (Some(name), Some(question), Some(clause), Some(mandatory), Some(reference)) =
            (name, question, clause, mandatory, reference)
        {
            if self.symbol(&name).is_some() {
                faults.add(&table.span, format!("PICS symbol `{name}` stands twice"), "");
            }
            self.symbols.push(Symbol { name, question, clause, mandatory, reference });
        }
    }
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
