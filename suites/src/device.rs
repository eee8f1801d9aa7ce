//! What the tester has to know of a device beyond its profile, as a plan holds it.

use serde::{Deserialize, Serialize};

/// What the tester has to know of the device beyond its profile. Of a case whose subject is not the device it is the profile's: a
/// reference device stands there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceFacts {
    /// The UDP port of its DTLS server.
    pub dtls_port: u16,
    /// What its PSK identity is.
    pub psk_identity: PskIdentity,
    /// Octets of its pre-shared keys.
    pub psk_octets: usize,
    /// Whether somebody has to press its button before it asks to join: whenever it has come up, the tester does.
    pub wants_button: bool,
}

/// What the PSK identity of a device is made of: its EUI-64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PskIdentity {
    /// 16 lower-case hex digits.
    #[default]
    Eui64HexLower,
    /// 16 upper-case hex digits.
    Eui64HexUpper,
    /// Its 8 octets.
    Eui64Octets,
}

impl DeviceFacts {
    /// Whether it is as the profile has it.
    pub fn is_profile(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for DeviceFacts {
    /// The profile's.
    fn default() -> Self {
        Self { dtls_port: 5684, psk_identity: PskIdentity::default(), psk_octets: 16, wants_button: false }
    }
}

impl PskIdentity {
    /// The word of the PIXIT, which is that of the tool's order `device` too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eui64HexLower => "eui64-hex-lower",
            Self::Eui64HexUpper => "eui64-hex-upper",
            Self::Eui64Octets => "eui64-octets",
        }
    }
}
