//! Suites, ledgers, PICS and PIXIT that are part of the binary: used unless a file is named.

use input::Source;

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        vec![$(Source { name: concat!("built-in ", $name).to_owned(), text: include_str!(concat!("../", $name)).to_owned() }),*]
    };
}

/// The suites.
pub fn suites() -> Vec<Source> {
    sources![
        "manufacture.toml",
        "bootstrap.toml",
        "bootstrap-anchors.toml",
        "bootstrap-discovery.toml",
        "bootstrap-distance.toml",
        "bootstrap-roles.toml",
        "routing.toml",
        "commissioning-tool.toml",
        "profile.toml",
        "operation.toml",
        "maintenance.toml",
        "re-bootstrap.toml",
        "recommissioning.toml",
        "decommissioning.toml",
        "adversary.toml"
    ]
}

/// Suites that a run plays only when it names them: they are long, and prove less the second time.
pub fn all_named() -> Vec<Source> {
    sources!["orders.toml", "scale.toml"]
}

/// Every suite, those of [`all_named`] too.
pub fn all() -> Vec<Source> {
    suites().into_iter().chain(all_named()).collect()
}

/// The one of [`all_named`] that is called `name`.
pub fn named(name: &str) -> Option<Source> {
    all_named().into_iter().find(|source| source.name == format!("built-in {name}.toml"))
}

/// The clause ledgers.
pub fn clauses() -> Vec<Source> {
    sources!["clauses/SEL.toml", "clauses/PROFILE-SEL.toml", "clauses/SECC.toml", "clauses/SBOOT.toml"]
}

/// The PICS proformas.
pub fn pics() -> Vec<Source> {
    sources!["pics/SEL.toml", "pics/CT.toml"]
}

/// The PIXIT definitions.
pub fn pixit() -> Vec<Source> {
    sources!["pixit/SEL.toml"]
}
