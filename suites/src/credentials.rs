//! What a suite may say of keys and certificates: the names that references use for them. The engine makes what a case
//! refers to (`SEL` 5.4).

/// Those who vouch: `$manufacturer.certificate` for devices, `$owner.certificate` for commissioning tools, and a stranger for
/// nobody that counts.
pub const AUTHORITIES: [&str; 3] = ["manufacturer", "owner", "stranger"];

/// Properties of an authority.
///
/// `issuing` is the certificate of whoever issues under the root. The others are of the same name and key: one that has expired, one
/// whose key may sign revocation lists but no certificates, and one that says that it is no authority.
pub const AUTHORITY_PROPERTIES: [&str; 5] =
    ["certificate", "issuing", "issuing_expired", "issuing_of_lists", "issuing_no_authority"];

/// A certificate fits into so many lines of the upper tester; `$dut.certificate.0` is its first piece.
pub const PIECES: usize = 4;

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It was valid until 2021.
    Expired,
    /// It will be valid from 2090.
    NotYetValid,
    /// It signed itself.
    SelfSigned,
    /// The stranger vouches for it.
    Foreign,
    /// It bears the EUI-64 of another device.
    OtherDevice,
    /// Its key may agree on keys, and sign nothing.
    SignsNothing,
    /// Nothing: it has names beside its subject (RFC 5280 4.2.1.6), and its key usage is not critical.
    Named,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Expired,
        Self::NotYetValid,
        Self::SelfSigned,
        Self::Foreign,
        Self::OtherDevice,
        Self::SignsNothing,
        Self::Named,
    ];

    /// The property of a board that is this certificate.
    pub fn field(self) -> &'static str {
        match self {
            Self::None => "certificate",
            Self::Expired => "certificate_expired",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::SelfSigned => "certificate_self_signed",
            Self::Foreign => "certificate_foreign",
            Self::OtherDevice => "certificate_of_another",
            Self::SignsNothing => "certificate_signs_nothing",
            Self::Named => "certificate_named",
        }
    }

    /// The word that procedures use.
    pub fn word(self) -> &'static str {
        self.field().strip_prefix("certificate_").unwrap_or("good")
    }
}

/// What procedures call the flaws.
pub(crate) const FLAW_WORDS: &[&str] =
    &["good", "expired", "not_yet_valid", "self_signed", "foreign", "of_another", "signs_nothing", "named"];

/// Every property that has to do with the key of a board or of the commissioning tool.
pub const KEY_PROPERTIES: [&str; 11] = [
    "private_key",
    "public_key",
    "key_hash",
    "certificate",
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_self_signed",
    "certificate_foreign",
    "certificate_of_another",
    "certificate_signs_nothing",
    "certificate_named",
];

/// A property without the number of a piece behind it.
pub(crate) fn whole(field: &str) -> &str {
    match field.rsplit_once('.') {
        Some((whole, piece)) if piece.parse().is_ok_and(|piece: usize| piece < PIECES) => whole,
        _ => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_has_a_property_and_a_piece_is_one_of_it() {
        assert!(Flaw::ALL.iter().all(|flaw| KEY_PROPERTIES.contains(&flaw.field())));
        assert_eq!(whole("certificate_expired.3"), "certificate_expired");
        assert_eq!(whole("certificate.4"), "certificate.4");
        assert_eq!(whole("eui64"), "eui64");
        assert_eq!(Flaw::ALL.map(Flaw::word), FLAW_WORDS);
    }
}
