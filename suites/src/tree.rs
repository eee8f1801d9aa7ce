//! A TOML file as a tree in which every key and value knows its place, with the helpers by which the loaders read it and
//! collect all that is wrong instead of stopping at the first.

use std::ops::Range;

use input::{Fault, Source, nearest};
use toml_edit::{Document, Item, TableLike};

/// A value and its place (octet offsets into the file).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What TOML knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    Table(Table),
}

/// A table in file order. `span` is what a message about the whole table underlines: its header line, or the braces.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    pub(crate) span: Range<usize>,
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

/// Collects what is wrong in one file.
#[derive(Debug)]
pub(crate) struct Faults<'a> {
    pub(crate) source: &'a Source,
    list: Vec<Fault>,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, list: Vec::new() }
    }

    /// Notes a fault; the same fault at the same place (a case's rows repeat it) is noted once.
    pub(crate) fn add(&mut self, span: &Range<usize>, message: impl Into<String>, help: impl Into<String>) {
        let help = help.into();
        let mut fault = self.source.fault(span.clone(), message);
        if !help.is_empty() {
            fault = fault.with_help(help);
        }
        if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }

    /// How many were noted.
    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All faults in the order of the file.
    pub(crate) fn into_sorted(mut self) -> Vec<Fault> {
        self.list.sort_by_key(|fault| fault.span.as_ref().map_or(0, |span| span.start));
        self.list
    }

    /// Line of an octet offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.source.text.get(..offset).map_or(1, |before| before.matches('\n').count() + 1)
    }
}

/// `did you mean ...`, or the list of what is known if nothing is near and the list is short enough to help.
pub(crate) fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let all: Vec<&str> = known.into_iter().collect();
    match all.len() {
        0 => "there is none".to_owned(),
        1..=24 => format!("known: {}", all.join(", ")),
        n => {
            // Names with dots come in families: show the one that was meant.
            let family = name.rsplit_once('.').map_or(name, |(family, _)| family);
            let of_family: Vec<&str> = all
                .into_iter()
                .filter(|known| known.rsplit_once('.').is_some_and(|(head, _)| head == family))
                .collect();
            match of_family.len() {
                1..=24 => format!("known: {}", of_family.join(", ")),
                _ => format!("none of the {n} known names is near it"),
            }
        }
    }
}

/// Parses a whole file.
pub(crate) fn parse(source: &Source) -> Result<Table, Fault> {
    let document = Document::parse(source.text.as_str()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().trim().replace('\n', ", ");
        source.fault(span, format!("is no TOML: {message}"))
    })?;
    Ok(table(document.as_table(), 0..0, source))
}

fn table(from: &dyn TableLike, span: Range<usize>, source: &Source) -> Table {
    let entries = from
        .iter()
        .filter_map(|(name, item)| {
            let key_span = from.get_key_value(name).and_then(|(key, _)| key.span()).unwrap_or_default();
            let node = node(item, &key_span, source)?;
            Some(Entry { key: name.to_owned(), key_span, node })
        })
        .collect();
    Table { span, entries }
}

fn node(item: &Item, key_span: &Range<usize>, source: &Source) -> Option<Node> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(value_node(value, source)),
        Item::Table(inner) => {
            let span = inner.span().map_or_else(|| key_span.clone(), |span| first_line(span, source));
            Some(Node { span: span.clone(), value: Value::Table(table(inner, span, source)) })
        }
        Item::ArrayOfTables(tables) => {
            let elements: Vec<Node> = tables
                .iter()
                .map(|inner| {
                    let span = inner.span().map_or_else(|| key_span.clone(), |span| first_line(span, source));
                    Node { span: span.clone(), value: Value::Table(table(inner, span, source)) }
                })
                .collect();
            let span = elements.first().map_or_else(|| key_span.clone(), |first| first.span.clone());
            Some(Node { span, value: Value::Array(elements) })
        }
    }
}

fn value_node(value: &toml_edit::Value, source: &Source) -> Node {
    let span = value.span().unwrap_or_default();
    let value = match value {
        toml_edit::Value::String(text) => Value::Text(text.value().clone()),
        toml_edit::Value::Integer(number) => Value::Integer(*number.value()),
        toml_edit::Value::Float(number) => Value::Float(*number.value()),
        toml_edit::Value::Boolean(flag) => Value::Boolean(*flag.value()),
        toml_edit::Value::Datetime(time) => Value::Datetime(time.value().to_string()),
        toml_edit::Value::Array(array) => {
            Value::Array(array.iter().map(|element| value_node(element, source)).collect())
        }
        toml_edit::Value::InlineTable(inner) => Value::Table(table(inner, span.clone(), source)),
    };
    Node { span, value }
}

fn first_line(span: Range<usize>, source: &Source) -> Range<usize> {
    let line = source.text.get(span.clone()).and_then(|text| text.lines().next()).map_or(0, str::len);
    span.start..span.start + line.max(1)
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Boolean(_) => "true or false",
            Self::Datetime(_) => "a date",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    /// The text, or a fault.
    pub(crate) fn text(&self, what: &str, faults: &mut Faults<'_>) -> Option<&str> {
        match &self.value {
            Value::Text(text) if text.trim().is_empty() => {
                faults.add(&self.span, format!("{what} is empty"), "");
                None
            }
            Value::Text(text) => Some(text),
            other => {
                faults.add(&self.span, format!("{what} must be text, not {}", other.kind()), "put it in quotes");
                None
            }
        }
    }

    /// The truth value, or a fault.
    pub(crate) fn boolean(&self, what: &str, faults: &mut Faults<'_>) -> Option<bool> {
        if let Value::Boolean(flag) = self.value {
            return Some(flag);
        }
        faults.add(&self.span, format!("{what} must be true or false, not {}", self.value.kind()), "");
        None
    }

    /// An integer within `range`, or a fault.
    pub(crate) fn integer(
        &self,
        what: &str,
        range: std::ops::RangeInclusive<i64>,
        faults: &mut Faults<'_>,
    ) -> Option<i64> {
        match self.value {
            Value::Integer(number) if range.contains(&number) => Some(number),
            Value::Integer(number) => {
                faults.add(&self.span, format!("{what} is {number}, outside {} to {}", range.start(), range.end()), "");
                None
            }
            ref other => {
                faults.add(&self.span, format!("{what} must be an integer, not {}", other.kind()), "");
                None
            }
        }
    }

    /// The elements, or a fault.
    pub(crate) fn array(&self, what: &str, faults: &mut Faults<'_>) -> Option<&[Node]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            other => {
                faults.add(&self.span, format!("{what} must be a list, not {}", other.kind()), "");
                None
            }
        }
    }

    /// The table, or a fault.
    pub(crate) fn table(&self, what: &str, faults: &mut Faults<'_>) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            other => {
                faults.add(&self.span, format!("{what} must be a table, not {}", other.kind()), "");
                None
            }
        }
    }

    /// A list of texts with their places.
    pub(crate) fn texts(&self, what: &str, faults: &mut Faults<'_>) -> Vec<(String, Range<usize>)> {
        let element = format!("an element of {what}");
        self.array(what, faults)
            .map(<[Node]>::to_vec)
            .unwrap_or_default()
            .iter()
            .filter_map(|node| Some((node.text(&element, faults)?.to_owned(), node.span.clone())))
            .collect()
    }

    /// The place of `part` of a text value; the whole value if the text was written with escapes.
    pub(crate) fn part(&self, part: Range<usize>, source: &Source) -> Range<usize> {
        if let (Value::Text(text), Some(written)) = (&self.value, source.text.get(self.span.clone()))
            && written.len() == text.len() + 2
            && written.get(1..written.len() - 1) == Some(text.as_str())
        {
            return self.span.start + 1 + part.start..self.span.start + 1 + part.end;
        }
        self.span.clone()
    }

    /// A copy in which every text went through `change`; places stay.
    pub(crate) fn map_texts(&self, change: &mut dyn FnMut(&str, &Range<usize>) -> Value) -> Node {
        let value = match &self.value {
            Value::Text(text) => change(text, &self.span),
            Value::Array(elements) => Value::Array(elements.iter().map(|node| node.map_texts(change)).collect()),
            Value::Table(table) => Value::Table(table.map_texts(change)),
            other => other.clone(),
        };
        Node { span: self.span.clone(), value }
    }
}

impl Table {
    /// A table of one entry that stands in no file.
    pub(crate) fn of(key: &str, value: Value) -> Self {
        let entry = Entry { key: key.to_owned(), key_span: 0..0, node: Node { span: 0..0, value } };
        Self { span: 0..0, entries: vec![entry] }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Notes every key that is not in `known`.
    pub(crate) fn only(&self, known: &[&str], what: &str, faults: &mut Faults<'_>) {
        for entry in self.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            faults.add(
                &entry.key_span,
                format!("unknown key `{}` in {what}", entry.key),
                suggest(&entry.key, known.iter().copied()),
            );
        }
    }

    /// The node of a key that must be there.
    pub(crate) fn require(&self, key: &str, what: &str, faults: &mut Faults<'_>) -> Option<&Node> {
        let found = self.get(key);
        if found.is_none() {
            faults.add(&self.span, format!("{what} has no `{key}`"), "");
        }
        found
    }

    /// The text of a key that must be there.
    pub(crate) fn require_text(&self, key: &str, what: &str, faults: &mut Faults<'_>) -> Option<&str> {
        self.require(key, what, faults)?.text(&format!("`{key}`"), faults)
    }

    /// The tables of a `[[key]]`, or none.
    pub(crate) fn tables(&self, key: &str, faults: &mut Faults<'_>) -> Vec<&Table> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let what = format!("`{key}`");
        let element = format!("an element of `{key}`");
        node.array(&what, faults)
            .unwrap_or_default()
            .iter()
            .filter_map(|element_node| element_node.table(&element, faults))
            .collect()
    }

    pub(crate) fn map_texts(&self, change: &mut dyn FnMut(&str, &Range<usize>) -> Value) -> Table {
        Table {
            span: self.span.clone(),
            entries: self
                .entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span.clone(),
                    node: entry.node.map_texts(change),
                })
                .collect(),
        }
    }
}
