//! Who reads what a device's maker is asked: a question that nobody needs the answer of is a fault of `bootrack check`.
//!
//! A PICS symbol is read by the cases that need it, a PIXIT value by the suites that refer to it, or by the tester itself, which
//! takes it through one of the names below.

use std::collections::BTreeSet;

use input::{Fault, Source};

use crate::tree::{self, Faults, Value};

/// What is computed from the values, by the beginning of its name, and from which.
pub(crate) const DERIVED: &[(&str, &[&str])] = &[
    ("jsr_pause_", &["jsr_first_interval", "jsr_greatest_interval", "jsr_jitter_percent"]),
    ("jsr_last_pause_", &["jsr_first_interval", "jsr_greatest_interval", "jsr_jitter_percent"]),
    ("ssr_refresh_", &["ssr_lifetime"]),
    ("psk_hint", &["psk_identity"]),
];

/// A PIXIT value that the tester reads by itself, with what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// The value.
    pub value: &'static str,
    /// What the tester does with it: a fragment.
    pub what: &'static str,
}

macro_rules! readers {
    ($($name:ident $value:literal $what:literal)*) => {
        $(#[doc = concat!("`", $value, "`: ", $what, ".")] pub(crate) const $name: Reader = Reader { value: $value, what: $what };)*

        /// Every value that the tester reads by itself.
        pub const OF_THE_TESTER: &[Reader] = &[$($name,)*];
    };
}

readers! {
    JSR_WITHIN "jsr_within" "how long procedures and orders wait for a first join request"
    HANDSHAKE_WITHIN "handshake_within" "how long procedures and orders wait for a handshake"
    SSR_WITHIN "ssr_within" "how long procedures wait for a set secure request"
    SECURITY_LEVEL "security_level" "the level at which the network's key is handed out"
    TRIGGER "trigger" "how procedures install the device, and whether they press its button for a first join request"
    DTLS_PORT "dtls_port" "where the commissioning tool finds the device's server"
    PSK_IDENTITY "psk_identity" "by which identity the commissioning tool speaks to the device"
    PSK_OCTETS "psk_octets" "how long the pre-shared keys of the device are"
    JSR_GREATEST_INTERVAL "jsr_greatest_interval" "how long an order waits for the next join request"
    JSR_JITTER_PERCENT "jsr_jitter_percent" "how long an order waits for the next join request"
}

/// PICS symbols of these proformas that no case of these suites needs, each at its place.
pub fn symbols_without_case(proformas: &[Source], suites: &[Source]) -> Vec<Fault> {
    let mut needed = BTreeSet::new();
    for suite in suites {
        // A file that is no TOML is told when it is loaded.
        let Ok(table) = tree::parse(suite) else { continue };
        let mut ignored = Faults::new(suite);
        for case in table.tables("case", &mut ignored) {
            let symbols = case.get("pics").map(|node| node.texts("`pics`", &mut ignored)).unwrap_or_default();
            needed.extend(symbols.into_iter().map(|(symbol, _)| symbol));
        }
    }
    of_each(proformas, ("symbol", "symbol"), |symbol| {
        let help =
            "a case that needs the symbol names it in `pics = [...]`; else take the question out of the proforma";
        (!needed.contains(symbol)).then(|| (format!("no case needs the PICS symbol `{symbol}`"), help))
    })
}

/// PIXIT values of these definitions that neither these suites nor the tester read, each at its place.
pub fn values_without_reader(definitions: &[Source], suites: &[Source]) -> Vec<Fault> {
    let mut read: BTreeSet<String> = OF_THE_TESTER.iter().map(|reader| reader.value.to_owned()).collect();
    for suite in suites {
        let Ok(table) = tree::parse(suite) else { continue };
        table.map_texts(&mut |text, _| {
            read.extend(named(text).map(str::to_owned));
            Value::Text(text.to_owned())
        });
    }
    for (derived, values) in DERIVED {
        if read.iter().any(|name| name.starts_with(derived)) {
            read.extend(values.iter().map(|value| (*value).to_owned()));
        }
    }
    of_each(definitions, ("value", "name"), |value| {
        let help = "a suite reads it as `$pixit.NAME`, the tester by a line of `suites/src/readers.rs`; else take it out of the \
                    definitions";
        (!read.contains(value)).then(|| (format!("nothing reads the PIXIT value `{value}`"), help))
    })
}

/// The names behind `$pixit.` in a text.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split("$pixit.").skip(1).map(|rest| {
        let end =
            rest.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    })
}

/// What `judge` finds wrong with the text of `key` in each `[[table]]` of these files.
fn of_each(
    sources: &[Source],
    (tables, key): (&str, &str),
    judge: impl Fn(&str) -> Option<(String, &'static str)>,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    for source in sources {
        let Ok(table) = tree::parse(source) else { continue };
        let mut found = Faults::new(source);
        for entry in table.tables(tables, &mut Faults::new(source)) {
            if let Some(node) = entry.get(key)
                && let Value::Text(text) = &node.value
                && let Some((message, help)) = judge(text)
            {
                found.add(&node.span, message, help);
            }
        }
        faults.extend(found.into_sorted());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        let text = r#"$pixit.a_1+$pixit.b-50ms payload={"level":$pixit.level}"#;
        assert_eq!(named(text).collect::<Vec<_>>(), ["a_1", "b", "level"]);
        assert_eq!(named("$case.a").count(), 0);
    }
}
