//! Procedures that a suite defines itself: `[[procedure]]`, steps with `$arg.NAME` in them. They are written out where they
//! are used, so their steps are judged like steps written there.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::procedures;
use crate::tree::{Faults, Table, Value, suggest};

/// A suite's procedures by name.
#[derive(Debug, Default)]
pub(crate) struct Defined {
    all: BTreeMap<String, Procedure>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Procedure {
    name_span: Range<usize>,
    args: Vec<String>,
    pub(crate) steps: Vec<Table>,
    /// It uses itself, directly or not: it is never expanded.
    pub(crate) cyclic: bool,
}

impl Defined {
    /// Reads the `[[procedure]]` tables of a suite.
    pub(crate) fn read(tables: &[&Table], faults: &mut Faults<'_>) -> Self {
        let mut defined = Self::default();
        for table in tables {
            table.only(&["name", "doc", "args", "step"], "a procedure", faults);
            if let Some(doc) = table.get("doc") {
                doc.text("`doc`", faults);
            }
            let steps: Vec<Table> = table.tables("step", faults).into_iter().cloned().collect();
            let args = table.get("args").map(|node| node.texts("`args`", faults)).unwrap_or_default();
            for (at, (arg, span)) in args.iter().enumerate() {
                if !arg.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
                    faults.add(
                        span,
                        format!("`{arg}` is no name for an argument"),
                        "lower-case letters, digits and `_`",
                    );
                } else if args[..at].iter().any(|(earlier, _)| earlier == arg) {
                    faults.add(span, format!("`{arg}` stands here twice"), "");
                }
            }
            let Some(name) = table.require_text("name", "a procedure", faults).map(str::to_owned) else { continue };
            let name_span = table.get("name").map_or_else(|| table.span.clone(), |node| node.span.clone());
            if steps.is_empty() {
                faults.add(&name_span, format!("procedure `{name}` has no step"), "");
            }
            if procedures::find(&name).is_some() {
                faults.add(&name_span, format!("`{name}` is a built-in procedure"), "choose another name");
            } else if let Some(earlier) = defined.all.get(&name) {
                let line = faults.line(earlier.name_span.start);
                faults.add(&name_span, format!("procedure `{name}` stands in line {line} already"), "");
            } else {
                let args = args.into_iter().map(|(arg, _)| arg).collect();
                defined.all.insert(name, Procedure { name_span, args, steps, cyclic: false });
            }
        }
        defined.find_cycles(faults);
        defined
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Procedure> {
        self.all.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.all.keys().map(String::as_str)
    }

    /// A procedure that no case uses was never checked: that is said instead of passing it over.
    pub(crate) fn note_unused(&self, used: &std::collections::BTreeSet<String>, faults: &mut Faults<'_>) {
        for (name, procedure) in self.all.iter().filter(|(name, _)| !used.contains(*name)) {
            let help = "use it or remove it: its steps are checked where they are used";
            faults.add(&procedure.name_span, format!("no case uses procedure `{name}`"), help);
        }
    }

    fn find_cycles(&mut self, faults: &mut Faults<'_>) {
        let names: Vec<String> = self.all.keys().cloned().collect();
        let mut told: Vec<String> = Vec::new();
        for name in &names {
            let Some((chain, span)) = self.way_back(name) else { continue };
            if !told.contains(name) {
                let help = "a procedure may use others, but not itself by way of them";
                faults.add(&span, format!("procedures use each other in a circle: {}", chain.join(" -> ")), help);
                told.extend(chain);
            }
            if let Some(procedure) = self.all.get_mut(name) {
                procedure.cyclic = true;
            }
        }
    }

    /// The shortest chain of uses from a procedure back to itself, and the place of its first `use`.
    fn way_back(&self, start: &str) -> Option<(Vec<String>, Range<usize>)> {
        let mut queue = std::collections::VecDeque::from([(vec![start.to_owned()], None::<Range<usize>>)]);
        let mut seen: Vec<String> = Vec::new();
        while let Some((chain, first)) = queue.pop_front() {
            let procedure = chain.last().and_then(|name| self.all.get(name))?;
            for node in procedure.steps.iter().filter_map(|step| step.get("use")) {
                let Value::Text(next) = &node.value else { continue };
                let mut longer = chain.clone();
                longer.push(next.clone());
                let first = first.clone().or_else(|| Some(node.span.clone()));
                if next == start {
                    return first.map(|span| (longer, span));
                }
                if self.all.contains_key(next) && !seen.contains(next) {
                    seen.push(next.clone());
                    queue.push_back((longer, first));
                }
            }
        }
        None
    }
}

impl Procedure {
    /// The values of the arguments: every one that `args` lists, and no other.
    pub(crate) fn arguments(
        &self,
        name: &str,
        with: &Table,
        faults: &mut Faults<'_>,
    ) -> Option<BTreeMap<String, Value>> {
        let mut complete = true;
        for entry in with.entries.iter().filter(|entry| !self.args.contains(&entry.key)) {
            let help = suggest(&entry.key, self.args.iter().map(String::as_str));
            faults.add(&entry.key_span, format!("procedure `{name}` has no argument `{}`", entry.key), help);
            complete = false;
        }
        for arg in self.args.iter().filter(|arg| with.entry(arg).is_none()) {
            faults.add(&with.span, format!("procedure `{name}` needs the argument `{arg}`"), "");
            complete = false;
        }
        complete.then(|| with.entries.iter().map(|entry| (entry.key.clone(), entry.node.value.clone())).collect())
    }
}
