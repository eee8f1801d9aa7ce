//! EUI-64 identifiers (IEEE; RFC 4291 appendix A), kept in canonical order: never a bare integer or byte array.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::{Error, Result};

/// An EUI-64 in canonical (big-endian) order, as printed on a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Eui64(pub [u8; 8]);

impl Eui64 {
    /// From the eight octets of an IEEE 802.15.4 MAC header, which carries them least significant first.
    pub fn from_mac_order(mut octets: [u8; 8]) -> Self {
        octets.reverse();
        Self(octets)
    }

    /// The eight octets as an IEEE 802.15.4 MAC header carries them.
    pub fn to_mac_order(self) -> [u8; 8] {
        let mut octets = self.0;
        octets.reverse();
        octets
    }

    /// The modified EUI-64 interface identifier: the universal/local bit flipped (RFC 4291 appendix A).
    pub fn interface_identifier(self) -> [u8; 8] {
        let [first, rest @ ..] = self.0;
        let mut identifier = [0; 8];
        for (to, from) in identifier.iter_mut().zip(core::iter::once(first ^ 0x02).chain(rest)) {
            *to = from;
        }
        identifier
    }

    /// As Wireshark prints it, and what a person reads of the tester: `70:b3:d5:b0:07:00:00:03`.
    pub fn with_colons(self) -> String {
        self.0.map(|octet| alloc::format!("{octet:02x}")).join(":")
    }

    /// The EUI-64 behind a modified interface identifier.
    pub fn from_interface_identifier(identifier: [u8; 8]) -> Self {
        Self(Self(identifier).interface_identifier())
    }
}

/// Sixteen lower-case hex digits without separators: the PSK identity of `PROFILE-SEL` 13.
impl fmt::Display for Eui64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Sixteen hex digits, optionally with `:` or `-` between octets.
impl FromStr for Eui64 {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut octets = [0u8; 8];
        let mut digits = text.chars().filter(|c| !matches!(c, ':' | '-'));
        for octet in &mut octets {
            let mut nibble =
                || digits.next().and_then(|c| c.to_digit(16)).ok_or(Error::Malformed("EUI-64 needs 16 hex digits"));
            let value = nibble()? << 4 | nibble()?;
            *octet = u8::try_from(value).map_err(|_| Error::Malformed("EUI-64 needs 16 hex digits"))?;
        }
        if digits.next().is_some() {
            return Err(Error::Malformed("EUI-64 needs 16 hex digits"));
        }
        Ok(Self(octets))
    }
}
