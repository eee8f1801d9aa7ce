//! PIXIT: values that the tests need to know about a device. Each has a type, a default, and a range; a user's file
//! overrides them: `[pixit] jsr_first_interval = "2s"`.

use std::collections::BTreeMap;
use std::time::Duration;

use input::{Fault, Source};

use crate::duration;
use crate::readers::{self, Reader};
use crate::tree::{self, Faults, Node, Table, Value, suggest};

/// How much later than it should a message may be on the air, and how much earlier it seems: the channel was busy.
const SLACK: Duration = Duration::from_millis(50);

/// The same of pauses of minutes.
const LONG_SLACK: Duration = Duration::from_secs(1);

/// The type of a value, with its limits (inclusive).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind {
    /// A duration.
    Duration {
        /// Least.
        min: Duration,
        /// Greatest.
        max: Duration,
    },
    /// A number.
    Number {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// One of these words.
    Choice(Vec<String>),
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PixitValue {
    /// A duration.
    Duration(Duration),
    /// A number.
    Number(u64),
    /// A word.
    Word(String),
}

impl std::fmt::Display for PixitValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Duration(duration) => f.write_str(&duration::show(*duration)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// `jsr_first_interval`.
    pub name: String,
    /// What it means.
    pub doc: String,
    /// Where it comes from: a clause ID.
    pub clause: String,
    /// Type and limits.
    pub kind: ValueKind,
    /// The profile's value.
    pub default: PixitValue,
}

/// Definitions and the values in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pixit {
    definitions: Vec<Definition>,
    values: BTreeMap<String, PixitValue>,
    /// Where values other than defaults came from.
    pub source: Option<String>,
}

impl Pixit {
    /// Loads definitions; the values are their defaults.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn load(sources: &[Source]) -> Result<Self, Vec<Fault>> {
        let mut pixit = Self::default();
        let mut faults = Vec::new();
        for source in sources {
            match tree::parse(source) {
                Ok(table) => {
                    let mut found = Faults::new(source);
                    table.only(&["spec", "title", "value"], "a PIXIT definition", &mut found);
                    table.require_text("spec", "the PIXIT definition", &mut found);
                    table.require_text("title", "the PIXIT definition", &mut found);
                    for value in table.tables("value", &mut found) {
                        if let Some(definition) = definition(value, &mut found) {
                            if pixit.value(&definition.name).is_some() {
                                let message = format!("PIXIT value `{}` stands twice", definition.name);
                                found.add(&value.span, message, "");
                            }
                            pixit.values.insert(definition.name.clone(), definition.default.clone());
                            pixit.definitions.push(definition);
                        }
                    }
                    faults.extend(found.into_sorted());
                }
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(pixit) } else { Err(faults) }
    }

    /// The same with the values of a user's file.
    ///
    /// # Errors
    /// All faults of the file: unknown keys, wrong types, values out of range.
    pub fn overridden(&self, source: &Source) -> Result<Self, Vec<Fault>> {
        let table = tree::parse(source).map_err(|fault| vec![fault])?;
        let mut faults = Faults::new(source);
        table.only(&["pixit"], "a PIXIT file", &mut faults);
        let mut pixit = self.clone();
        pixit.source = Some(source.name.clone());
        let section = table
            .require("pixit", "the PIXIT file", &mut faults)
            .and_then(|node| node.table("`pixit`", &mut faults).cloned())
            .unwrap_or_default();
        for entry in &section.entries {
            let Some(definition) = self.definitions.iter().find(|definition| definition.name == entry.key) else {
                let help = suggest(&entry.key, self.definitions.iter().map(|definition| definition.name.as_str()));
                faults.add(&entry.key_span, format!("unknown PIXIT value `{}`", entry.key), help);
                continue;
            };
            let what = format!("`{}`", entry.key);
            if let Some(value) = value(&entry.node, &definition.kind, &what, &mut faults) {
                pixit.values.insert(entry.key.clone(), value);
            }
        }
        if let (Some(first), Some(greatest)) =
            (pixit.duration("jsr_first_interval"), pixit.duration("jsr_greatest_interval"))
            && first > greatest
            && let Some(entry) = section.entries.iter().find(|entry| entry.key.starts_with("jsr_"))
        {
            let (first, greatest) = (duration::show(first), duration::show(greatest));
            let message = format!("`jsr_first_interval` is {first}, more than `jsr_greatest_interval`, {greatest}");
            faults.add(&entry.key_span, message, "a pause that doubles begins below its greatest value");
        }
        if faults.is_empty() { Ok(pixit) } else { Err(faults.into_sorted()) }
    }

    /// A user's file with these values, as TOML; the profile's values stand there as comments.
    pub fn file(&self, values: &BTreeMap<String, String>) -> String {
        let mut text =
            "# What the tests need to know of the device (PIXIT). A comment is the profile's value.\n\n[pixit]\n"
                .to_owned();
        for Definition { name, doc, clause, default, .. } in &self.definitions {
            text.push_str(&format!("# {doc} ({clause})\n"));
            text.push_str(&match values.get(name) {
                Some(value) => format!("{name} = {value}\n"),
                None => format!("# {name} = {default}\n"),
            });
        }
        text
    }

    /// Every definition, in the order of the files.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Every value in force.
    pub fn values(&self) -> &BTreeMap<String, PixitValue> {
        &self.values
    }

    /// A value in force.
    pub fn value(&self, name: &str) -> Option<&PixitValue> {
        self.values.get(name)
    }

    /// A duration in force; `None` if there is no such value or it is no duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.values.get(name)? {
            PixitValue::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    /// A number in force; `None` if there is no such value or it is no number.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.values.get(name)? {
            PixitValue::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A duration that the tester reads by itself.
    pub(crate) fn duration_for(&self, reader: Reader) -> Option<Duration> {
        self.duration(reader.value)
    }

    /// A number that the tester reads by itself.
    pub(crate) fn number_for(&self, reader: Reader) -> Option<u64> {
        self.number(reader.value)
    }

    /// A word that the tester reads by itself.
    pub(crate) fn word_for(&self, reader: Reader) -> Option<&str> {
        match self.values.get(reader.value)? {
            PixitValue::Word(word) => Some(word),
            _ => None,
        }
    }

    /// What suites may refer to: the values, and what is computed from them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.texts().into_keys().collect()
    }

    /// What is computed from the values, by name: a suite has no arithmetic but sums.
    pub fn derived(&self) -> BTreeMap<&'static str, Duration> {
        let mut derived = BTreeMap::new();
        if let (Some(first), Some(greatest), Some(jitter)) = (
            self.duration("jsr_first_interval"),
            self.duration("jsr_greatest_interval"),
            self.number("jsr_jitter_percent"),
        ) {
            let jitter = u32::try_from(jitter).unwrap_or(100).min(100);
            let least = |pause: Duration, slack: Duration| (pause * (100 - jitter) / 100).saturating_sub(slack);
            let most = |pause: Duration, slack: Duration| pause.saturating_mul(100 + jitter) / 100 + slack;
            let pause = |doublings: u32| first.saturating_mul(1 << doublings).min(greatest);
            for (doublings, names) in [
                ["jsr_pause_1_least", "jsr_pause_1_most"],
                ["jsr_pause_2_least", "jsr_pause_2_most"],
                ["jsr_pause_3_least", "jsr_pause_3_most"],
                ["jsr_pause_4_least", "jsr_pause_4_most"],
                ["jsr_pause_5_least", "jsr_pause_5_most"],
            ]
            .into_iter()
            .enumerate()
            {
                let pause = pause(u32::try_from(doublings).unwrap_or(0));
                derived.insert(names[0], least(pause, SLACK));
                derived.insert(names[1], most(pause, SLACK));
            }
            derived.insert("jsr_last_pause_least", least(greatest, LONG_SLACK));
            derived.insert("jsr_last_pause_most", most(greatest, LONG_SLACK));
            let shorter = (0..24).map(pause).take_while(|pause| *pause < greatest);
            derived.insert("jsr_last_pause_after", most(shorter.sum(), LONG_SLACK));
        }
        if let Some(lifetime) = self.number("ssr_lifetime") {
            let half = Duration::from_secs(lifetime.saturating_mul(30));
            derived.insert("ssr_refresh_least", half * 5 / 6);
            derived.insert("ssr_refresh_most", half + Duration::from_secs(60));
        }
        derived
    }

    /// What the text of a PSK identity hint is: made of the device's EUI-64, in the case that was stated; octets are no text.
    fn psk_hint(&self) -> Option<Value> {
        Some(match self.word_for(readers::PSK_IDENTITY)? {
            "eui64-hex-upper" => Value::Text("$dut.psk_identity".to_owned()),
            "eui64-octets" => Value::Table(Table::of("present", Value::Boolean(false))),
            _ => Value::Text("$dut.eui64".to_owned()),
        })
    }

    /// As a suite's text takes them.
    pub(crate) fn texts(&self) -> BTreeMap<String, Value> {
        let text = |value: &PixitValue| match value {
            PixitValue::Number(number) => i64::try_from(*number).map_or(Value::Integer(i64::MAX), Value::Integer),
            other => Value::Text(other.to_string()),
        };
        let values = self.values.iter().map(|(name, value)| (name.clone(), text(value)));
        let derived = self.derived().into_iter();
        let derived = derived.map(|(name, value)| (name.to_owned(), Value::Text(duration::show(value))));
        values.chain(derived).chain(self.psk_hint().map(|hint| ("psk_hint".to_owned(), hint))).collect()
    }
}

fn definition(table: &Table, faults: &mut Faults<'_>) -> Option<Definition> {
    let known = ["name", "doc", "clause", "type", "min", "max", "choices", "default"];
    table.only(&known, "a PIXIT value", faults);
    let name = table.require_text("name", "a PIXIT value", faults).map(str::to_owned);
    let doc = table.require_text("doc", "a PIXIT value", faults).map(str::to_owned);
    let clause = table.require_text("clause", "a PIXIT value", faults).map(str::to_owned);
    let kind_node = table.require("type", "a PIXIT value", faults)?;
    let kind = match kind_node.text("`type`", faults)? {
        "duration" => {
            let any = ValueKind::Duration { min: Duration::ZERO, max: Duration::MAX };
            let limit = |key: &str, faults: &mut Faults<'_>| match value(
                table.require(key, "a PIXIT value", faults)?,
                &any,
                "a limit",
                faults,
            ) {
                Some(PixitValue::Duration(limit)) => Some(limit),
                _ => None,
            };
            ValueKind::Duration { min: limit("min", faults)?, max: limit("max", faults)? }
        }
        "number" => {
            let limit = |key: &str, faults: &mut Faults<'_>| {
                let node = table.require(key, "a PIXIT value", faults)?;
                node.integer("a limit", 0..=i64::MAX, faults).and_then(|limit| u64::try_from(limit).ok())
            };
            ValueKind::Number { min: limit("min", faults)?, max: limit("max", faults)? }
        }
        "choice" => {
            let node = table.require("choices", "a PIXIT value", faults)?;
            ValueKind::Choice(node.texts("`choices`", faults).into_iter().map(|(word, _)| word).collect())
        }
        other => {
            let help = suggest(other, ["duration", "number", "choice"]);
            faults.add(&kind_node.span, format!("unknown type `{other}`"), help);
            return None;
        }
    };
    let default = value(table.require("default", "a PIXIT value", faults)?, &kind, "the default", faults);
    Some(Definition { name: name?, doc: doc?, clause: clause?, kind, default: default? })
}

fn value(node: &Node, kind: &ValueKind, what: &str, faults: &mut Faults<'_>) -> Option<PixitValue> {
    match kind {
        ValueKind::Number { min, max } => {
            let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
            let number = node.integer(what, limit(*min)..=limit(*max), faults)?;
            u64::try_from(number).ok().map(PixitValue::Number)
        }
        ValueKind::Duration { min, max } => {
            if let Value::Integer(_) | Value::Float(_) = node.value {
                faults.add(&node.span, format!("{what} has no unit"), duration::DURATION_HELP);
                return None;
            }
            let text = node.text(what, faults)?;
            let Some(read) = duration::parse(text) else {
                faults.add(&node.span, format!("{what}: `{text}` is no duration"), duration::DURATION_HELP);
                return None;
            };
            if read < *min || read > *max {
                let range = format!("{} to {}", duration::show(*min), duration::show(*max));
                faults.add(&node.span, format!("{what} is {text}, outside {range}"), "");
                return None;
            }
            Some(PixitValue::Duration(read))
        }
        ValueKind::Choice(words) => {
            let text = node.text(what, faults)?;
            if !words.iter().any(|word| word == text) {
                let help = suggest(text, words.iter().map(String::as_str));
                faults.add(&node.span, format!("{what}: unknown word `{text}`"), help);
                return None;
            }
            Some(PixitValue::Word(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::built_in;
    use crate::readers::DERIVED;

    #[test]
    fn what_is_derived_says_of_which_values_it_is() {
        let pixit = Pixit::load(&built_in::pixit()).unwrap();
        for name in pixit.names().iter().filter(|name| pixit.value(name).is_none()) {
            assert!(DERIVED.iter().any(|(derived, _)| name.starts_with(derived)), "{name}");
        }
        for value in DERIVED.iter().flat_map(|(_, values)| *values) {
            let mut less = pixit.clone();
            less.values.remove(*value);
            assert!(less.names().len() + 1 < pixit.names().len(), "nothing is computed from {value}");
        }
    }
}
