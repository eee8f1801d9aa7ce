//! How much a default router or a route is preferred (RFC 4191 section 2.1): two bits of a router advertisement, of a
//! route information option, and of RPL's route information option.

/// A preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RouterPreference {
    /// 01.
    High,
    /// 00.
    #[default]
    Medium,
    /// 11.
    Low,
    /// 10: not to be sent. A router counts as medium then, a route is ignored.
    Reserved,
}

impl RouterPreference {
    /// From the two lowest bits of `bits`; the others are ignored.
    pub fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Medium,
            1 => Self::High,
            2 => Self::Reserved,
            _ => Self::Low,
        }
    }

    /// The two bits.
    pub fn bits(self) -> u8 {
        match self {
            Self::Medium => 0,
            Self::High => 1,
            Self::Reserved => 2,
            Self::Low => 3,
        }
    }
}
