//! Rows of parameters: the product of a case's lists, each row with a name made of its values, so that a row keeps its
//! name when others come or go.

use std::collections::{BTreeMap, BTreeSet};

use crate::loader::substitute::shown;
use crate::tree::{Faults, Node, Table, Value};

/// Lists multiply quickly.
const MOST_ROWS: usize = 512;

/// Parameters that the harness itself reads, with their least and greatest value.
const OWN: [(&str, i64, i64); 2] = [("channel", 11, 26), ("pan_id", 0, 0xfffe)];

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
        let Some(values) = entry.node.array(&what, faults) else { continue };
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
