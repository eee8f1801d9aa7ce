//! Suites, ledgers, PICS and PIXIT that are part of the binary: used unless a file is named.
//!
//! What belongs to one mechanism lies in its folder, `life` is what every mechanism's device lives through, `drafts` holds the
//! ledgers of drafts that are about more than one mechanism. A file is a line here; suites are played in this order.

use input::Source;

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        vec![$(Source { name: concat!("built-in ", $name).to_owned(), text: include_str!(concat!("../", $name)).to_owned() }),*]
    };
}

/// The suites.
pub fn suites() -> Vec<Source> {
    sources! {
        "life/upper-tester.toml",
        "life/manufacture.toml",
        "selective/bootstrap.toml",
        "selective/bootstrap-anchors.toml",
        "selective/bootstrap-discovery.toml",
        "selective/bootstrap-distance.toml",
        "selective/bootstrap-roles.toml",
        "selective/bootstrap-statements.toml",
        "selective/bootstrap-conditions.toml",
        "selective/routing.toml",
        "life/rpl.toml",
        "life/neighbour-discovery.toml",
        "selective/commissioning-tool.toml",
        "selective/commissioning-tool-peers.toml",
        "selective/commissioning-tool-server.toml",
        "selective/profile.toml",
        "selective/key-resource.toml",
        "selective/survival.toml",
        "selective/sessions.toml",
        "life/operation.toml",
        "life/link.toml",
        "life/maintenance.toml",
        "life/re-bootstrap.toml",
        "life/recommissioning.toml",
        "life/decommissioning.toml",
        "selective/adversary.toml",
    }
}

/// Suites that a run plays only when it names them: they are long, and prove less the second time.
pub fn all_named() -> Vec<Source> {
    sources! {
        "selective/orders.toml",
        "selective/scale.toml",
    }
}

/// Every suite, those of [`all_named`] too.
pub fn all() -> Vec<Source> {
    suites().into_iter().chain(all_named()).collect()
}

/// The one of [`all_named`] that is called `name`.
pub fn named(name: &str) -> Option<Source> {
    all_named().into_iter().find(|source| source.name.ends_with(&format!("/{name}.toml")))
}

/// The monitors: what is judged on everything that is done, in every case.
pub fn monitors() -> Vec<Source> {
    sources! {
        "life/monitors.toml",
        "selective/monitors.toml",
    }
}

/// The clause ledgers.
pub fn clauses() -> Vec<Source> {
    sources! {
        "selective/clauses.toml",
        "selective/profile-clauses.toml",
        "drafts/SECC.toml",
        "drafts/SBOOT.toml",
        "drafts/SURVEY.toml",
        "drafts/EAPAPP.toml",
        "drafts/BASE.toml",
        "drafts/UT1.toml",
    }
}

/// The PICS proformas.
pub fn pics() -> Vec<Source> {
    sources! {
        "selective/pics.toml",
        "selective/pics-commissioning-tool.toml",
    }
}

/// The PIXIT definitions.
pub fn pixit() -> Vec<Source> {
    sources! {
        "selective/pixit.toml",
    }
}
