//! Values of fields, as a suite writes them, turned into what the layers take.

use std::fmt;
use std::net::Ipv6Addr;

use wire::Eui64;

use super::{CraftError, Value};

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value {
    fn bad(&self, field: &str, expected: &'static str) -> CraftError {
        CraftError::BadValue { field: field.to_owned(), value: self.to_string(), expected }
    }

    /// A number, decimal or with `0x`, if it is written as one; `true` and `false` are 1 and 0.
    pub(crate) fn as_number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => match (text.as_str(), text.strip_prefix("0x")) {
                ("true" | "True", _) => Some(1),
                ("false" | "False", _) => Some(0),
                (_, Some(digits)) => u64::from_str_radix(digits, 16).ok(),
                (decimal, None) => decimal.parse().ok(),
            },
        }
    }

    /// Octets, if it is written as pairs of hex digits, with or without `:` between them or `0x` before them.
    pub(crate) fn as_octets(&self) -> Option<Vec<u8>> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => {
                let digits: String = text.strip_prefix("0x").unwrap_or(text).chars().filter(|c| *c != ':').collect();
                hex::decode(digits).ok()
            }
        }
    }

    pub(crate) fn number<T: TryFrom<u64>>(&self, field: &str, expected: &'static str) -> Result<T, CraftError> {
        let number = self.as_number().ok_or_else(|| self.bad(field, expected))?;
        T::try_from(number).map_err(|_| self.bad(field, expected))
    }

    pub(crate) fn u8(&self, field: &str) -> Result<u8, CraftError> {
        self.number(field, "a number from 0 to 255")
    }

    pub(crate) fn u16(&self, field: &str) -> Result<u16, CraftError> {
        self.number(field, "a number from 0 to 65535")
    }

    pub(crate) fn u32(&self, field: &str) -> Result<u32, CraftError> {
        self.number(field, "a number from 0 to 4294967295")
    }

    pub(crate) fn eui64(&self, field: &str) -> Result<Eui64, CraftError> {
        match self {
            Self::Number(number) => Ok(Eui64(number.to_be_bytes())),
            Self::Text(text) => text.parse().map_err(|_| self.bad(field, "16 hex digits")),
        }
    }

    pub(crate) fn address(&self, field: &str) -> Result<Ipv6Addr, CraftError> {
        self.to_string().parse().map_err(|_| self.bad(field, "an IPv6 address"))
    }

    pub(crate) fn key(&self, field: &str) -> Result<[u8; 16], CraftError> {
        // A key must not reach an error message.
        let wrong = || CraftError::BadValue {
            field: field.to_owned(),
            value: "(hidden)".to_owned(),
            expected: "32 hex digits",
        };
        self.as_octets().and_then(|octets| octets.try_into().ok()).ok_or_else(wrong)
    }

    pub(crate) fn octets(&self, field: &str) -> Result<Vec<u8>, CraftError> {
        self.as_octets().ok_or_else(|| self.bad(field, "pairs of hex digits"))
    }

    /// Payload: pairs of hex digits are octets, any other text is UTF-8.
    pub(crate) fn payload(&self) -> Vec<u8> {
        self.as_octets().unwrap_or_else(|| self.to_string().into_bytes())
    }

    /// A checksum: `corrupt` is the natural value with some bits flipped.
    pub(crate) fn checksum(&self, field: &str, natural: u16) -> Result<u16, CraftError> {
        match self {
            Self::Text(text) if text == "corrupt" => Ok(natural ^ 0x5555),
            _ => self.number(field, "a number from 0 to 65535, or `corrupt`"),
        }
    }

    /// Whether two values say the same: as numbers if both are, else as text without regard to case and `:`.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.as_number(), other.as_number()) {
            return a == b;
        }
        let plain = |value: &Self| value.to_string().replace(':', "").to_ascii_lowercase();
        self == other || plain(self) == plain(other)
    }
}

/// `length` octets 00, 01, 02 ...: a payload that shows where it was cut or shifted.
pub(crate) fn counting(length: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(length).collect()
}
