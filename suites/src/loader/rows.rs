//! Rows of parameters: the product of a case's lists, each row with a name made of its values, so that a row keeps its
//! name when others come or go. A table in place of a list stands for orders: `{ permutations = ["a", "b"] }` for all of
//! them, `{ shuffles = 3 }` for `shuffle1` to `shuffle3`, which the procedure `commission` draws.

use std::collections::{BTreeMap, BTreeSet};

use crate::loader::substitute::shown;
use crate::tree::{Faults, Node, Table, Value};

/// Lists multiply quickly.
const MOST_ROWS: usize = 512;

/// Parameters that the harness itself reads, with their least and greatest value. `loss` is in percent.
const OWN: [(&str, i64, i64); 3] = [("channel", 11, 26), ("pan_id", 0, 0xfffe), ("loss", 0, 90)];

/// Six boards have 720 orders, more than [`MOST_ROWS`].
const MOST_PERMUTED: usize = 5;

/// One row: values in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row {
    pub(crate) values: Vec<(String, Value)>,
}

impl Row {
    /// `ID@channel=26,trigger=boot`, with characters that file names may bear.
    pub(crate) fn id(&self, base: &str) -> String {
        if self.values.is_empty() {
            return base.to_owned();
        }
        let values: Vec<String> = self.texts_in_order().map(|(name, text)| format!("{name}={}", safe(&text))).collect();
        format!("{base}@{}", values.join(","))
    }

    /// Values as text.
    pub(crate) fn texts(&self) -> BTreeMap<String, String> {
        self.texts_in_order().collect()
    }

    fn texts_in_order(&self) -> impl Iterator<Item = (String, String)> {
        self.values.iter().map(|(name, value)| {
            let text = match value {
                // As the upper tester's `install` takes it.
                Value::Integer(number) if name == "pan_id" => format!("{number:#06x}"),
                other => shown(other).unwrap_or_default(),
            };
            (name.clone(), text)
        })
    }
}

fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }).collect()
}

/// Reads `params`; a case without any has one row without values.
pub(crate) fn read(case: &Table, faults: &mut Faults<'_>) -> Vec<Row> {
    let mut rows = vec![Row::default()];
    let Some(params) = case.get("params").and_then(|node| node.table("`params`", faults)) else { return rows };
    for entry in &params.entries {
        let name = &entry.key;
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !good {
            let help = "lower-case letters, digits and `_`, a letter first";
            faults.add(&entry.key_span, format!("`{name}` is no name for a parameter"), help);
        }
        let what = format!("parameter `{name}`");
        let derived;
        let values = match &entry.node.value {
            Value::Table(orders) => match orders_of(&entry.node, orders, faults) {
                Some(orders) => {
                    derived = orders;
                    derived.as_slice()
                }
                None => continue,
            },
            _ => match entry.node.array(&what, faults) {
                Some(values) => values,
                None => continue,
            },
        };
        if values.is_empty() {
            faults.add(&entry.node.span, format!("{what} has no value: the case would have no row"), "");
            continue;
        }
        check(name, values, faults);
        if rows.len().saturating_mul(values.len()) > MOST_ROWS {
            faults.add(&entry.node.span, format!("the parameters make more than {MOST_ROWS} rows"), "");
            return rows;
        }
        rows = rows
            .iter()
            .flat_map(|row| {
                values.iter().map(|value| {
                    let mut longer = row.clone();
                    longer.values.push((name.clone(), value.value.clone()));
                    longer
                })
            })
            .collect();
    }
    rows
}

/// The orders that a table stands for, each as one text: names joined by `-`, or `shuffleN`.
fn orders_of(node: &Node, table: &Table, faults: &mut Faults<'_>) -> Option<Vec<Node>> {
    let help = "write `{ permutations = [\"a\", \"b\"] }` or `{ shuffles = 20 }`";
    let [entry] = table.entries.as_slice() else {
        faults.add(&node.span, "orders have one key", help);
        return None;
    };
    let text = |text: String| Node { span: entry.node.span.clone(), value: Value::Text(text) };
    match entry.key.as_str() {
        "permutations" => {
            let names: Vec<String> =
                entry.node.texts("`permutations`", faults).into_iter().map(|(name, _)| name).collect();
            if names.is_empty() || names.len() > MOST_PERMUTED {
                let message = format!("{} boards, not 1 to {MOST_PERMUTED}", names.len());
                faults.add(&entry.node.span, message, "use `{ shuffles = 20 }` for larger networks");
                return None;
            }
            Some(permutations(&names).into_iter().map(|order| text(order.join("-"))).collect())
        }
        "shuffles" => {
            let count = entry.node.integer("`shuffles`", 1..=256, faults)?;
            Some((1..=count).map(|number| text(format!("shuffle{number}"))).collect())
        }
        _ => {
            faults.add(&entry.key_span, format!("`{}` is no way to make orders", entry.key), help);
            None
        }
    }
}

/// All orders of `names`, in lexical order of their positions.
fn permutations(names: &[String]) -> Vec<Vec<String>> {
    if names.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in names.iter().enumerate() {
        let mut others = names.to_vec();
        others.remove(at);
        all.extend(permutations(&others).into_iter().map(|mut order| {
            order.insert(0, first.clone());
            order
        }));
    }
    all
}

fn check(name: &str, values: &[Node], faults: &mut Faults<'_>) {
    for (at, node) in values.iter().enumerate() {
        let what = format!("a value of parameter `{name}`");
        match &node.value {
            Value::Text(text) => {
                if text.is_empty() || text.len() > 60 {
                    faults.add(&node.span, format!("{what} has {} characters, not 1 to 60", text.len()), "");
                }
            }
            Value::Integer(_) | Value::Boolean(_) => {}
            _ => faults.add(&node.span, format!("{what} is text, an integer, or true or false"), ""),
        }
        if let Some((_, least, most)) = OWN.iter().find(|(own, _, _)| *own == name) {
            node.integer(&what, *least..=*most, faults);
        }
        if values[..at].iter().any(|earlier| earlier.value == node.value) {
            faults.add(&node.span, format!("{what} stands here twice"), "");
        }
    }
}

/// A parameter that nothing refers to makes rows that do not differ.
pub(crate) fn note_unused(case: &Table, used: &BTreeSet<String>, faults: &mut Faults<'_>) {
    let Some(Value::Table(params)) = case.get("params").map(|node| &node.value) else { return };
    for entry in &params.entries {
        let own = OWN.iter().any(|(own, _, _)| *own == entry.key);
        if !own && !used.contains(&format!("case.{}", entry.key)) {
            let help = format!("refer to it as `$case.{}`, or remove it", entry.key);
            faults.add(&entry.key_span, format!("nothing uses the parameter `{}`", entry.key), help);
        }
    }
}
