//! What statements may wait for: a clause classed `later` names one of these. A line for each, in the order of their coming;
//! a mechanism whose cases are there has no statement that waits, and its line goes.

use std::fmt;

/// A mechanism, or a way to look, that brings cases to statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mechanism {
    /// As a ledger writes it.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
}

/// All that a ledger may name.
pub const MECHANISMS: &[Mechanism] = &[
    of("monitors", "rules that are judged on everything a device does in every case, and the cases that they call for"),
    of("thread", "Thread commissioning: joiner, joiner router, border agent, commissioner"),
    of("dtls-relay", "DTLS relayed for a device that cannot be routed to yet"),
    of("pana", "EAP over PANA with relay elements and key wrap; EAP methods; RADIUS to the server that authenticates"),
    of("dot1x", "802.1X over IEEE 802.15.4 with relay authenticators"),
    of("eap-app", "keys of DTLS and IKEv2 for CoAP out of EAP"),
    of("ikev2", "IKEv2 with pre-shared keys, ESP and MOBIKE"),
    of("hip-dex", "HIP Diet Exchange, its mobility and its ESP"),
    of("cloud", "bootstrapping with the help of a server in the cloud"),
    of("pairing", "pairing that a user confirms"),
    of("cga-send", "cryptographically generated addresses and SEND"),
    of("groups", "group keys, and who comes and goes in a group"),
    of("domains", "security domains: of the moment and managed, side by side, and from one to another"),
    of("privacy", "what a device gives away of its identity and its whereabouts"),
    of("dos", "defences against floods and against who wears a device out"),
    of("sleepy", "devices that sleep"),
];

/// The mechanism of a name.
pub fn mechanism(name: &str) -> Option<&'static Mechanism> {
    MECHANISMS.iter().find(|mechanism| mechanism.name == name)
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn of(name: &'static str, what: &'static str) -> Mechanism {
    Mechanism { name, what }
}
