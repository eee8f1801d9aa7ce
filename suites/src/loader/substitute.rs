//! Values that are known when a suite is loaded: `$case.PARAMETER`, `$arg.ARGUMENT`, `$pixit.VALUE`. They are put in place
//! before a step is read, so that they may stand anywhere: in a topology, a message name, a duration.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{self, Offset};
use crate::tree::{Node, Table, Value};

/// Known values by the name before the dot, then the name behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    values: BTreeMap<String, BTreeMap<String, Value>>,
    /// `name.field` of every value that was put in place.
    pub(crate) used: BTreeSet<String>,
}

impl Known {
    pub(crate) fn set(&mut self, name: &str, values: BTreeMap<String, Value>) {
        self.values.insert(name.to_owned(), values);
    }

    fn get(&mut self, name: &str, field: &str) -> Option<Value> {
        let value = self.values.get(name)?.get(field)?.clone();
        self.used.insert(format!("{name}.{field}"));
        Some(value)
    }

    /// A copy of the table with every known value in place.
    pub(crate) fn put_into(&mut self, table: &Table) -> Table {
        table.map_texts(&mut |text, _| self.replace(text))
    }

    /// The same for one node.
    pub(crate) fn put_into_node(&mut self, node: &Node) -> Node {
        node.map_texts(&mut |text, _| self.replace(text))
    }

    fn replace(&mut self, text: &str) -> Value {
        if let Some(Ok((found, offset))) = reference::whole(text)
            && let Some(value) = self.get(&found.name, &found.field)
        {
            match (&value, offset) {
                (_, None) => return value,
                (Value::Integer(number), Some(Offset::Number(more))) => {
                    return Value::Integer(number.saturating_add(more));
                }
                _ => {}
            }
        }
        let mut replaced = String::with_capacity(text.len());
        let mut rest = 0;
        for found in reference::scan(text).into_iter().flatten() {
            let value = self.get(&found.name, &found.field).as_ref().and_then(shown).or_else(|| {
                // `$arg.board.eui64`: the argument names a board, and the reference is to that board's property.
                let (name, property) = found.field.split_once('.')?;
                let value = self.get(&found.name, name).as_ref().and_then(shown)?;
                Some(format!("${value}.{property}"))
            });
            if let Some(value) = value {
                replaced.push_str(text.get(rest..found.place.start).unwrap_or_default());
                replaced.push_str(&value);
                rest = found.place.end;
            }
        }
        replaced.push_str(text.get(rest..).unwrap_or_default());
        Value::Text(replaced)
    }
}

/// A scalar as text; `None` for lists and tables, which cannot stand inside a text.
pub(crate) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Datetime(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Array(_) | Value::Table(_) => None,
    }
}
