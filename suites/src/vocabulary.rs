//! The names that a suite may use: fields, messages, mutants, and what upper testers and tester machines understand.

use std::collections::BTreeMap;

use record::station::StationInfo;
use wire::upper_tester::table;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Unsigned numbers; offsets, ranges and masks make sense.
    Number,
    /// Text as `tshark -T fields` prints it: addresses, octets, strings.
    Text,
    /// Whatever a device writes: values of upper-tester lines.
    Any,
}

/// Names that are resolved when a suite is loaded. The engine hands in mutants, stations and what can be crafted, because suites know
/// no device and no tester.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// Field name -> kind of its values.
    pub fields: BTreeMap<String, FieldKind>,
    /// Message names.
    pub messages: Vec<String>,
    /// Mutant names.
    pub mutants: Vec<String>,
    /// The kinds of stations, with their orders and properties.
    pub stations: Stations,
    /// Messages that a `send` step can craft.
    pub crafted: &'static [&'static str],
}

/// The kinds of stations that a topology may name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stations(Vec<&'static StationInfo>);

impl Stations {
    /// These kinds.
    pub fn of(kinds: impl IntoIterator<Item = &'static StationInfo>) -> Self {
        Self(kinds.into_iter().collect())
    }

    /// Every kind.
    pub fn kinds(&self) -> impl Iterator<Item = &'static StationInfo> {
        self.0.iter().copied()
    }

    /// The kind that a topology means by this name.
    pub fn kind(&self, name: &str) -> Option<&'static StationInfo> {
        self.kinds().find(|kind| kind.is_named(name))
    }

    /// The kind with exactly this name, of which a topology has one at most.
    pub fn single(&self, name: &str) -> Option<&'static StationInfo> {
        self.kinds().find(|kind| !kind.is_prefix && kind.name == name)
    }
}

impl Vocabulary {
    /// The fields and messages of the dissector, with these mutants, these kinds of stations, and these messages that can be crafted.
    pub fn wire(
        mutants: impl IntoIterator<Item = impl Into<String>>,
        stations: impl IntoIterator<Item = &'static StationInfo>,
        crafted: &'static [&'static str],
    ) -> Self {
        let kind = |field: &dissect::FieldInfo| match field.kind {
            _ if field.layer == "ut" => FieldKind::Any,
            dissect::FieldKind::Uint { .. } | dissect::FieldKind::Bool => FieldKind::Number,
            _ => FieldKind::Text,
        };
        Self {
            fields: dissect::FIELDS
                .iter()
                .filter(|field| field.name != "ut.*")
                .map(|field| (field.name.to_owned(), kind(field)))
                .collect(),
            messages: dissect::MESSAGES.iter().map(|message| message.name.to_owned()).collect(),
            mutants: mutants.into_iter().map(Into::into).collect(),
            stations: Stations::of(stations),
            crafted,
        }
    }

    /// The kind of a field, if it exists. `ut.*` fields are [`upper_tester_keys`].
    pub fn field(&self, name: &str) -> Option<FieldKind> {
        let observed = OBSERVED_FIELDS.contains(&name).then_some(FieldKind::Text);
        self.fields.get(name).copied().or(observed).or_else(|| {
            let key = name.strip_prefix("ut.")?;
            table::told_keys().any(|told| told.name == key).then_some(FieldKind::Any)
        })
    }

    /// The kind of a name that may be set in a message that is sent.
    pub fn settable(&self, name: &str) -> Option<FieldKind> {
        let own = SETTABLE_FIELDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        own.or_else(|| self.field(name).filter(|_| !name.starts_with("ut.") && !OBSERVED_FIELDS.contains(&name)))
    }

    /// Every field name.
    pub fn field_names(&self) -> Vec<String> {
        let own = upper_tester_keys().map(|name| format!("ut.{name}"));
        let observed = OBSERVED_FIELDS.iter().map(|name| (*name).to_owned());
        let mut names: Vec<String> = self.fields.keys().cloned().chain(own).chain(observed).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// Every key of UT/1's answers and events, without `ut.`, each once: what the dissector itself says of a line, and what the table
/// of UT/1 has.
pub fn upper_tester_keys() -> impl Iterator<Item = &'static str> {
    let own = dissect::FIELDS.iter().filter_map(|field| field.name.strip_prefix("ut.")).filter(|name| *name != "*");
    let mut all: Vec<&str> = Vec::new();
    for key in own.chain(table::told_keys().map(|told| told.name)) {
        if !all.contains(&key) {
            all.push(key);
        }
    }
    all.into_iter()
}

/// Fields that are in no protocol: what the judge's observer says of a frame. `clear.secret` names a secret, such as `dut.psk`
/// or `network.key`, that a listener without keys could read in it.
pub const OBSERVED_FIELDS: &[&str] = &["clear.secret"];

/// Names that a tester machine understands in `set` (and in a deviation's `where`) besides the fields that are seen:
/// payloads as text, hex octets or a length to fill, and options by their plain name.
pub const SETTABLE_FIELDS: &[(&str, FieldKind)] = &[
    ("data", FieldKind::Any),
    ("data.len", FieldKind::Number),
    ("coap.payload", FieldKind::Any),
    ("coap.opt.accept", FieldKind::Number),
    ("coap.opt.content_format", FieldKind::Number),
    ("fragments", FieldKind::Text),
    ("icmpv6.length", FieldKind::Number),
    ("icmpv6.opt.linkaddr_eui64", FieldKind::Text),
    ("key", FieldKind::Text),
];

/// Phases of a thing's life.
pub const PHASES: &[&str] =
    &["manufacture", "bootstrap", "operation", "maintenance", "re-bootstrap", "recommissioning", "decommissioning"];
