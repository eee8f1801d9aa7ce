//! Wrong commissioning tools: single, deliberate departures from a clause, chosen at run time, so that a suite whose subject
//! is the tool can prove that it notices (`SEL` 5.3, 5.4, 8).

use std::fmt;

/// One departure of the tool from a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutant {
    /// Begins a handshake with whoever asks to be secured.
    HandshakeUnselected,
    /// Takes the first claimant for the selected device, whatever its EUI-64.
    KeyToFirstClaimant,
    /// Takes a claimant for the selected device by its address and not by the EUI-64 in the JSR.
    SelectsByAddress,
    /// Secures devices that are not in the manufacturer's list, with a key that it makes up.
    SecuresUnlisted,
    /// Sends the network key without DTLS.
    KeyWithoutDtls,
    /// Sends the network key in another media type.
    KeyMediaType,
    /// Sends the closing message without DTLS.
    CloseWithoutDtls,
    /// Closes one device and leaves out the others.
    CloseOneOnly,
    /// Uses the same sequence number for every close and re-opening.
    CloseSeqReused,
    /// Re-opens the network by closing it once more.
    OpenCloses,
    /// Discards a JSR whose hop limit is not 64.
    JsrHopLimitChecked,
    /// Discards a JSR whose Reserved field is not 0.
    JsrReservedChecked,
    /// Takes a JSR whose ICMPv6 checksum is wrong.
    JsrBadChecksumAccepted,
    /// Takes an SSR for a JSR.
    SsrTakenForJsr,
    /// Gives a selection up when the first handshake fails.
    GivesUpAfterFailure,
    /// Lets JSRs of invented devices push out those that came before.
    ForgetsUnderFlood,
    /// Never sends a flight of its handshake twice.
    NoRetransmission,
    /// Sends its PSK identity in upper case.
    IdentityUpperCase,
    /// Believes whatever raw public key it is shown.
    BelievesAnyKey,
    /// Believes whatever certificate it is shown.
    BelievesAnyCertificate,
    /// Offers TLS_PSK_WITH_AES_128_CCM_8 to devices with a raw public key.
    OffersPskOnly,
    /// Takes the certificate of another device of the same manufacturer.
    AcceptsOtherDevice,
    /// Judges certificates by a day in July 2020.
    ClockIgnored,
    /// Believes keys that were revoked.
    RevocationIgnored,
}

impl Mutant {
    /// Every mutant, in the order of the list.
    pub const ALL: &'static [Self] = &[
        Self::HandshakeUnselected,
        Self::KeyToFirstClaimant,
        Self::SelectsByAddress,
        Self::SecuresUnlisted,
        Self::KeyWithoutDtls,
        Self::KeyMediaType,
        Self::CloseWithoutDtls,
        Self::CloseOneOnly,
        Self::CloseSeqReused,
        Self::OpenCloses,
        Self::JsrHopLimitChecked,
        Self::JsrReservedChecked,
        Self::JsrBadChecksumAccepted,
        Self::SsrTakenForJsr,
        Self::GivesUpAfterFailure,
        Self::ForgetsUnderFlood,
        Self::NoRetransmission,
        Self::IdentityUpperCase,
        Self::BelievesAnyKey,
        Self::BelievesAnyCertificate,
        Self::OffersPskOnly,
        Self::AcceptsOtherDevice,
        Self::ClockIgnored,
        Self::RevocationIgnored,
    ];

    /// The name that suites and command lines use, in kebab case; all begin with `ct-`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The clause of the ledger that it violates.
    pub fn clause(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::HandshakeUnselected => ("ct-handshake-unselected", "SEL-8-10"),
            Self::KeyToFirstClaimant => ("ct-key-to-first-claimant", "SEL-4-2"),
            Self::SelectsByAddress => ("ct-selects-by-address", "SEL-5.3.1-19"),
            Self::SecuresUnlisted => ("ct-secures-unlisted", "SEL-4-3"),
            Self::KeyWithoutDtls => ("ct-key-without-dtls", "SEL-5-8"),
            Self::KeyMediaType => ("ct-key-media-type", "SEL-6-6"),
            Self::CloseWithoutDtls => ("ct-close-without-dtls", "SEL-8-5"),
            Self::CloseOneOnly => ("ct-close-one-only", "SEL-8-4"),
            Self::CloseSeqReused => ("ct-close-seq-reused", "SEL-8-9"),
            Self::OpenCloses => ("ct-open-closes", "SEL-8-6"),
            Self::JsrHopLimitChecked => ("ct-jsr-hop-limit-checked", "SEL-5.3.1-10"),
            Self::JsrReservedChecked => ("ct-jsr-reserved-checked", "SEL-5.3.1-17"),
            Self::JsrBadChecksumAccepted => ("ct-jsr-bad-checksum-accepted", "SEL-5.3.1-13"),
            Self::SsrTakenForJsr => ("ct-ssr-taken-for-jsr", "SEL-5.3.1-12"),
            Self::GivesUpAfterFailure => ("ct-gives-up-after-failure", "PROFILE-SEL-18"),
            Self::ForgetsUnderFlood => ("ct-forgets-under-flood", "PROFILE-SEL-18"),
            Self::NoRetransmission => ("ct-no-retransmission", "SEL-5.4-1"),
            Self::IdentityUpperCase => ("ct-identity-upper-case", "PROFILE-SEL-13a"),
            Self::BelievesAnyKey => ("ct-believes-any-key", "SEL-5.4-5"),
            Self::BelievesAnyCertificate => ("ct-believes-any-certificate", "SEL-5.4-8"),
            Self::OffersPskOnly => ("ct-offers-psk-only", "SEL-5.4-6"),
            Self::AcceptsOtherDevice => ("ct-accepts-other-device", "SEL-4-2"),
            Self::ClockIgnored => ("ct-clock-ignored", "SEL-5.4-8"),
            Self::RevocationIgnored => ("ct-revocation-ignored", "SEL-4-3"),
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
