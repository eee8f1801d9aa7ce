//! RPL in storing mode (RFC 6550) at the upper tester.

use super::table::{EventInfo, FeatureInfo, KeyInfo, Kind, Mechanism, told};
use super::when::ALWAYS;

const RANK: KeyInfo = told("rank", Kind::Number { min: 0, max: 65535 });
const PARENT: KeyInfo = told("parent", Kind::Eui64);

commands! {
    "rpl";
    /// What RPL has brought about: rank, parent, DODAGID, number of routes.
    Status = "rpl" ALWAYS => &[RANK, PARENT, told("dodag", Kind::Ipv6), told("routes", Kind::NUMBER)],
        "asks what RPL has brought about: rank (65535 outside of a DODAG), parent, DODAGID and number of downward routes; \
         `-` for what there is not";
}

/// Its part of UT/1.
pub const RPL: Mechanism = Mechanism {
    name: "rpl",
    doc: "routes by RPL",
    states: &[],
    commands: COMMANDS,
    events: &[EventInfo {
        name: "rpl_parent",
        mechanism: "rpl",
        keys: &[PARENT, RANK],
        usually: &[],
        states: &[],
        brings: None,
        doc: "RPL chose another parent",
    }],
    features: &[FeatureInfo {
        name: "rpl",
        needed_by: &["rpl", "install routing=rpl"],
        doc: "routes by RPL in storing mode (RFC 6550, OF0)",
    }],
    adds: &[],
};
