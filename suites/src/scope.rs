//! What `$name.field` may stand for at a place in a case: boards, stations, the case, the network, and names that earlier steps
//! bound.

use std::collections::BTreeMap;
use std::ops::Range;

use record::station::{Attachment, PropertyValue, StationInfo};

use crate::credentials::{self, AUTHORITIES, AUTHORITY_PROPERTIES, KEY_PROPERTIES};
use crate::images::IMAGE_PROPERTIES;
use crate::pixit::Pixit;
use crate::plan::{Iut, Role, Topology};
use crate::reference;
use crate::tester::{self, Tester};
use crate::tree::{Faults, Node, suggest};
use crate::values::Values;
use crate::vocabulary::{FieldKind, SETTABLE_FIELDS, Vocabulary};

/// What the values of a field or a reference are, times apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Field(FieldKind),
    Time,
}

/// What a name was bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A PDU on air or on the backbone.
    Pdu,
    /// A line of an upper tester.
    UpperTester,
}

/// A problem with a name, and what to do.
pub(crate) type Problem = (String, String);

/// Everything that a name may mean here.
pub(crate) struct Scope<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) tester: &'a dyn Tester,
    pub(crate) topology: &'a Topology,
    /// The case's parameters, to be offered when a name is misspelt.
    pub(crate) params: Vec<String>,
    /// PIXIT values: for the same, and for what procedures wait.
    pub(crate) pixit: &'a Pixit,
    /// What the case is about.
    pub(crate) iut: &'a Iut,
    /// Names bound by earlier steps.
    pub(crate) bound: BTreeMap<String, Bound>,
}

impl Scope<'_> {
    /// Role of a board.
    pub(crate) fn role(&self, name: &str) -> Option<Role> {
        self.topology.boards.iter().find(|board| board.name == name).map(|board| board.role)
    }

    /// Names of the boards for which `wanted` holds.
    pub(crate) fn boards(&self, wanted: impl Fn(Role) -> bool) -> Vec<String> {
        self.topology.boards.iter().filter(|board| wanted(board.role)).map(|board| board.name.clone()).collect()
    }

    /// The role of a board that must be in the topology and for which `wanted` must hold.
    pub(crate) fn board(&self, name: &str, wanted: impl Fn(Role) -> bool, what: &str) -> Result<Role, Problem> {
        if name.starts_with('$') {
            return Err((format!("`{name}` does not name a board"), String::new()));
        }
        let fitting = self.boards(&wanted);
        match self.role(name) {
            Some(role) if wanted(role) => Ok(role),
            Some(_) => Err((format!("`{name}` is no {what}"), suggest_here(name, &fitting))),
            None => Err((
                format!("no board `{name}` in the topology `{}`", self.topology.text),
                suggest_here(name, &fitting),
            )),
        }
    }

    /// The kind of a field of a PDU or an answer.
    pub(crate) fn field(&self, name: &str) -> Result<Kind, Problem> {
        if name == "time" {
            return Ok(Kind::Time);
        }
        self.vocabulary.field(name).map(Kind::Field).ok_or_else(|| {
            let names = self.vocabulary.field_names();
            (format!("unknown field `{name}`"), suggest(name, names.iter().map(String::as_str)))
        })
    }

    /// The kind of a field of a message that a tester machine sends.
    pub(crate) fn settable(&self, name: &str) -> Result<Kind, Problem> {
        self.vocabulary.settable(name).map(Kind::Field).ok_or_else(|| {
            let seen = self.vocabulary.field_names();
            let names: Vec<&str> = SETTABLE_FIELDS
                .iter()
                .map(|(name, _)| *name)
                .chain(seen.iter().map(String::as_str).filter(|name| !name.starts_with("ut.")))
                .collect();
            (format!("`{name}` is no field of a message that is sent"), suggest(name, names))
        })
    }

    /// The kind of `$name.field`.
    pub(crate) fn reference(&self, name: &str, field: &str) -> Result<Kind, Problem> {
        let property = |known: &[&str]| -> Result<Kind, Problem> {
            if known.contains(&field) {
                Ok(Kind::Field(FieldKind::Text))
            } else {
                Err((format!("`{name}` has no property `{field}`"), suggest(field, known.iter().copied())))
            }
        };
        let key_property = |known: &[&str]| -> Result<Kind, Problem> {
            let known: Vec<&str> = known.iter().chain(&KEY_PROPERTIES).chain(&IMAGE_PROPERTIES).copied().collect();
            if known.contains(&credentials::whole(field)) { Ok(Kind::Field(FieldKind::Text)) } else { property(&known) }
        };
        match name {
            authority if AUTHORITIES.contains(&authority) => {
                return if AUTHORITY_PROPERTIES.contains(&credentials::whole(field)) {
                    Ok(Kind::Field(FieldKind::Text))
                } else {
                    property(&AUTHORITY_PROPERTIES)
                };
            }
            "network" => return property(&["key", "second_key", "prefix"]),
            "case" => {
                let known: Vec<&str> =
                    ["channel", "pan_id", "today"].into_iter().chain(self.params.iter().map(String::as_str)).collect();
                return if known.contains(&field) {
                    Ok(Kind::Field(FieldKind::Any))
                } else {
                    Err((format!("the case has no parameter `{field}`"), suggest(field, known)))
                };
            }
            "pixit" => {
                let help = suggest(field, self.pixit.names().iter().map(String::as_str));
                return Err((format!("unknown PIXIT value `{field}`"), help));
            }
            "arg" => {
                let help = "`$arg.NAME` is known inside a `[[procedure]]` that lists NAME in its `args`";
                return Err((format!("unknown argument `{field}`"), help.to_owned()));
            }
            _ => {}
        }
        let station = self.vocabulary.stations.kind(name);
        let own = station.map(|kind| kind.properties).unwrap_or_default().iter().map(|property| property.name);
        match self.role(name) {
            None if self.vocabulary.stations.single(name).is_some() => return Err(self.no_station(name, field)),
            Some(Role::BackboneStation) => return key_property(&own.collect::<Vec<_>>()),
            Some(Role::RadioStation) => {
                return property(
                    &["eui64", "link_local", "global", "solicited_node"].into_iter().chain(own).collect::<Vec<_>>(),
                );
            }
            Some(_) => {
                return key_property(&[
                    "eui64",
                    "link_local",
                    "global",
                    "solicited_node",
                    "psk",
                    "second_psk",
                    "psk_identity",
                ]);
            }
            None => {}
        }
        match self.bound.get(name) {
            Some(bound) => {
                let kind = self.field(field)?;
                let of_upper_tester = field.starts_with("ut.");
                match bound {
                    _ if kind == Kind::Time => Ok(kind),
                    Bound::Pdu if of_upper_tester => {
                        Err((format!("`{name}` is a PDU: it has no `{field}`"), String::new()))
                    }
                    Bound::UpperTester if !of_upper_tester => {
                        let help = "its fields begin with `ut.`".to_owned();
                        Err((format!("`{name}` is a line of an upper tester: it has no `{field}`"), help))
                    }
                    _ => Ok(kind),
                }
            }
            None => {
                let known: Vec<String> = self
                    .bound
                    .keys()
                    .cloned()
                    .chain(self.topology.boards.iter().map(|board| board.name.clone()))
                    .chain(["case", "network"].map(str::to_owned))
                    .collect();
                Err((
                    format!("`{name}` is bound by no earlier step and names no board"),
                    suggest(name, known.iter().map(String::as_str)),
                ))
            }
        }
    }

    /// What the values of `$name.field` are.
    pub(crate) fn values(&self, name: &str, field: &str) -> Values {
        if self.bound.contains_key(name) {
            return Values::of(field);
        }
        match self.station_property(name, field) {
            Some(PropertyValue::Address(_)) => Values::Ipv6,
            Some(PropertyValue::Secret(_)) => Values::Octets,
            None => Values::of_property(field),
        }
    }

    fn station_property(&self, name: &str, field: &str) -> Option<PropertyValue> {
        Some(self.vocabulary.stations.kind(name)?.property(field)?.value)
    }

    /// A stand-in for a property: a value of the same form.
    pub(crate) fn stand_in(&self, name: &str, field: &str) -> String {
        match self.station_property(name, field) {
            Some(PropertyValue::Address(address)) => address.to_string(),
            Some(PropertyValue::Secret(octets)) => "00".repeat(octets),
            None => tester::stand_in(name, field),
        }
    }

    /// A text with a stand-in for each reference; `None` if one is to a message that was not seen yet.
    pub(crate) fn with_stand_ins(&self, text: &str) -> Option<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = 0;
        for found in reference::scan(text).into_iter().flatten() {
            if self.bound.contains_key(&found.name) {
                return None;
            }
            replaced.push_str(text.get(rest..found.place.start)?);
            replaced.push_str(&self.stand_in(&found.name, &found.field));
            rest = found.place.end;
        }
        replaced.push_str(text.get(rest..)?);
        Some(replaced)
    }

    fn no_station(&self, name: &str, field: &str) -> Problem {
        let help = match self.vocabulary.stations.single(name).map(|kind: &StationInfo| kind.attachment) {
            Some(Attachment::Backbone) => format!("put `{name}` next to `lbr`: `line: {name} lbr dut`"),
            _ => format!("put `{name}` next to `dut`: `line: lbr dut {name}`"),
        };
        (format!("`${name}.{field}` stands for nothing: the topology `{}` has no `{name}`", self.topology.text), help)
    }

    /// Notes every reference in a text that stands for nothing.
    pub(crate) fn check_references(&self, node: &Node, text: &str, faults: &mut Faults<'_>) {
        for found in reference::scan(text) {
            match found {
                Ok(found) => {
                    if let Err((message, help)) = self.reference(&found.name, &found.field) {
                        faults.add(&node.part(found.place, faults.source), message, help);
                    }
                }
                Err(place) => {
                    let place: Range<usize> = node.part(place, faults.source);
                    faults.add(&place, "`$` begins no reference", "a reference is written `$name.field`");
                }
            }
        }
    }
}

fn suggest_here(name: &str, fitting: &[String]) -> String {
    suggest(name, fitting.iter().map(String::as_str))
}

/// 16 hex digits.
pub(crate) fn is_eui64(text: &str) -> bool {
    text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit())
}
