//! The names that suites may use, from where they are defined: fields and messages in `wire`, mutants in `node`.

use node::Mutant;
use suites::vocabulary::{FieldKind, Vocabulary};
use wire::dissect;

/// Everything that a suite may refer to.
pub fn vocabulary() -> Vocabulary {
    Vocabulary {
        fields: dissect::FIELDS
            .iter()
            .filter(|field| !field.name.ends_with('*'))
            .map(|field| (field.name.to_owned(), kind(field.name, field.kind)))
            .collect(),
        messages: dissect::MESSAGES.iter().map(|message| message.name.to_owned()).collect(),
        mutants: Mutant::ALL.iter().map(|mutant| mutant.name().to_owned()).collect(),
    }
}

fn kind(name: &str, kind: dissect::FieldKind) -> FieldKind {
    match kind {
        // Whatever a device writes behind `key=`.
        _ if name.starts_with("ut.") => FieldKind::Any,
        dissect::FieldKind::Uint { .. } | dissect::FieldKind::Bool => FieldKind::Number,
        dissect::FieldKind::Bytes | dissect::FieldKind::Eui64 | dissect::FieldKind::Ipv6 | dissect::FieldKind::Text => {
            FieldKind::Text
        }
    }
}
