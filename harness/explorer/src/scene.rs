//! What a walk is played in: the device's trust anchor, how it finds the commissioning tool, how it comes to its routes.

use std::fmt;

use crate::facts::Facts;
use crate::walk::Dice;

/// The trust anchor of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// A pre-shared key.
    #[default]
    Psk,
    /// A raw key pair.
    Rpk,
    /// A raw key pair, and the tool's key.
    RpkMutual,
    /// A certificate.
    Cert,
    /// A certificate, and the root of the tool's.
    CertMutual,
}

impl Anchor {
    /// The word of the procedures.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Psk => "psk",
            Self::Rpk => "rpk",
            Self::RpkMutual => "rpk-mutual",
            Self::Cert => "cert",
            Self::CertMutual => "cert-mutual",
        }
    }
}

/// How the device finds the commissioning tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Find {
    /// Its address is configured.
    #[default]
    Configured,
    /// It asks all nodes of the mesh.
    Multicast,
    /// It asks a DNS server.
    DnsSd,
    /// It asks a resource directory.
    Directory,
}

impl Find {
    /// The word of the procedures.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Multicast => "multicast",
            Self::DnsSd => "dns-sd",
            Self::Directory => "directory",
        }
    }
}

/// What a walk is played in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scene {
    /// The trust anchor.
    pub anchor: Anchor,
    /// How the tool is found.
    pub find: Find,
    /// Routes come by RPL.
    pub is_rpl: bool,
}

impl Scene {
    /// The simplest one half of the time, else one that the device claims to be made for.
    pub(crate) fn drawn(facts: &Facts, dice: &mut Dice) -> Self {
        let (draw, which) = (dice.below(12), dice.below(2));
        let anchor = match (draw, which) {
            (0, 0) if facts.claims("SEL_ANCHOR_RPK") => Anchor::Rpk,
            (0, 1) if facts.claims("SEL_ANCHOR_RPK") && facts.claims("SEL_CT_AUTH") => Anchor::RpkMutual,
            (1, 0) if facts.claims("SEL_ANCHOR_CERT") => Anchor::Cert,
            (1, 1) if facts.claims("SEL_ANCHOR_CERT") && facts.claims("SEL_CT_AUTH") => Anchor::CertMutual,
            _ => Anchor::Psk,
        };
        let find = match draw {
            2 if facts.claims("SEL_FIND_MULTICAST") => Find::Multicast,
            3 if facts.claims("SEL_FIND_DNS_SD") => Find::DnsSd,
            4 if facts.claims("SEL_FIND_DIRECTORY") => Find::Directory,
            _ => Find::Configured,
        };
        Self { anchor, find, is_rpl: draw == 5 && facts.claims("RPL_STORING") }
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "anchor {}, tool {}", self.anchor.word(), self.find.word())?;
        if self.is_rpl { f.write_str(", routes by RPL") } else { Ok(()) }
    }
}
