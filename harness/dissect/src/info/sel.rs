//! JSR and SSR (`SEL` 5.3).

use alloc::borrow::ToOwned;
use alloc::format;

use super::Info;

pub(super) const INFO: Info = Info {
    words: |facts, words| {
        let Some(eui64) = facts.text("sel.eui64") else { return };
        let name = facts.names.of_eui64(eui64).map(|name| format!("of {name}"));
        words.push(format!("EUI-64 {}", name.unwrap_or_else(|| eui64.to_owned())));
        // Units of 60 s (SEL 5.3.1).
        let lifetime = facts.number("sel.registration_lifetime").filter(|it| *it > 0);
        words.extend(lifetime.map(|it| format!("lifetime {it} min")));
        for (field, name) in [("sel.status", "status"), ("sel.reserved", "reserved")] {
            words.extend(facts.number(field).filter(|value| *value > 0).map(|value| format!("{name} {value}")));
        }
    },
    ..Info::NONE
};
