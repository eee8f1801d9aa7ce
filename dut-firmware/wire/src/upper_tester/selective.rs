//! The selective bootstrap (`SEL`, `PROFILE-SEL`) at the upper tester.

use core::net::Ipv6Addr;

use super::table::{EventInfo, FeatureInfo, KeyInfo, Kind, Mechanism, counter, perhaps, told};
use super::when::RUNNING_NOT_SECURED;

const NAME: &str = "selective";
const UNSECURED: &[&str] = &["factory", "manufactured", "installed", "joining"];
const LEVEL: Kind = Kind::Number { min: 1, max: 7 };
const INDEX: Kind = Kind::Number { min: 1, max: 255 };

commands! {
    "selective";
    /// A JSR now.
    Join = "join" RUNNING_NOT_SECURED => &[], "sends a JSR now; `busy` while there is no global address";
}

/// How a device finds the commissioning tool (`SEL` 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Find {
    /// It asks all CoAP nodes of the mesh.
    Multicast,
    /// It asks this DNS server for the service.
    DnsSd(Ipv6Addr),
    /// It looks it up in this resource directory.
    ResourceDirectory(Ipv6Addr),
}

impl Find {
    /// The word behind `find=`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Multicast => "multicast",
            Self::DnsSd(_) => "dns-sd",
            Self::ResourceDirectory(_) => "directory",
        }
    }

    /// Whom it asks, if that is not everybody.
    pub const fn server(self) -> Option<Ipv6Addr> {
        match self {
            Self::Multicast => None,
            Self::DnsSd(server) | Self::ResourceDirectory(server) => Some(server),
        }
    }
}

/// What makes a device send its first JSR (`PROFILE-SEL` 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Trigger {
    /// Power-on.
    #[default]
    Boot,
    /// Being selected: the `join` command stands for the button.
    Selection,
}

impl Trigger {
    /// The words on the wire.
    pub const WORDS: &[&str] = &["boot", "selection"];

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Selection => "selection",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Boot, Self::Selection].into_iter().find(|trigger| trigger.name() == name)
    }
}

const fn event(name: &'static str, keys: &'static [KeyInfo], doc: &'static str) -> EventInfo {
    EventInfo { name, mechanism: NAME, keys, usually: &[], states: &[], brings: None, doc }
}

/// Its part of UT/1.
pub const SELECTIVE: Mechanism = Mechanism {
    name: NAME,
    doc: "the selective bootstrap",
    states: &[],
    commands: COMMANDS,
    events: &[
        EventInfo {
            usually: &[("join", 0), ("start", 2000)],
            states: UNSECURED,
            brings: Some("joining"),
            ..event("jsr_sent", &[told("count", Kind::NUMBER)], "a JSR was handed to the radio")
        },
        event("tool_found", &[told("address", Kind::Ipv6)], "the commissioning tool was found, see `install`"),
        EventInfo {
            usually: &[("start", 2900)],
            states: UNSECURED,
            ..event(
                "session",
                &[told("peer", Kind::Ipv6), told("state", Kind::Words(&["established", "closed"]))],
                "a DTLS session with the commissioning tool",
            )
        },
        EventInfo {
            usually: &[("start", 3100)],
            states: UNSECURED,
            brings: Some("secured"),
            ..event("keyed", &[told("index", INDEX), told("level", LEVEL)], "a network key was installed")
        },
        event("unkeyed", &[told("index", INDEX)], "a network key was erased"),
        event(
            "cost",
            &[
                told("aes_blocks", Kind::NUMBER),
                told("sha256_blocks", Kind::NUMBER),
                told("point_multiplications", Kind::NUMBER),
                told("buffer_octets", Kind::NUMBER),
            ],
            "after `keyed`, if a DTLS session brought the key: what that session has cost, see [what a bootstrap costs](resources.md)",
        ),
        EventInfo {
            usually: &[("start", 3200)],
            ..event("link_secured", &[told("neighbour", Kind::Eui64)], "the mark of a link was set")
        },
        event("link_unsecured", &[told("neighbour", Kind::Eui64)], "the mark of a link was taken away"),
        EventInfo {
            usually: &[("start", 8000)],
            ..event(
                "all_secured",
                &[told("value", Kind::Flag), told("seq", Kind::NUMBER)],
                "ALL_SECURED was set, by a close or a re-opening of this sequence number",
            )
        },
    ],
    features: &[
        FeatureInfo { name: "sel", needed_by: &[], doc: "is bootstrapped selectively" },
        FeatureInfo { name: "psk", needed_by: &["manufacture anchor=psk"], doc: "pre-shared keys as trust anchor" },
        FeatureInfo { name: "rpk", needed_by: &["manufacture anchor=rpk"], doc: "raw public keys as trust anchor" },
        FeatureInfo { name: "cert", needed_by: &["manufacture anchor=cert"], doc: "certificates as trust anchor" },
        FeatureInfo { name: "find", needed_by: &["install find="], doc: "finds the commissioning tool" },
    ],
    adds: &[
        (
            "status",
            &[
                perhaps("all_secured", Kind::Flag),
                perhaps("close_seq", Kind::NUMBER),
                perhaps("jsr_sent", Kind::NUMBER),
            ],
        ),
        (
            "counters",
            &[
                counter("refused_unsecured", "plain packets refused by conditions 1 and 3 of SEL 5.3.3"),
                counter("refused_secured", "secured packets refused because the device holds no key"),
                counter(
                    "refused_ssr",
                    "SSRs that were plain, not link-local, or whose EUI-64 is not their link-layer source",
                ),
                counter("dropped_unmarked", "not sent: ALL_SECURED is true and the link is unmarked"),
            ],
        ),
    ],
};
