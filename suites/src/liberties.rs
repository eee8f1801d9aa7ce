//! What a device may do in its own way or time (PIXIT), as far as procedures, the plan of a case and the tester rest on it.

use std::time::Duration;

use crate::device::{DeviceFacts, PskIdentity};
use crate::pixit::Pixit;
use crate::plan::{Iut, PROFILE_LEVEL};
use crate::readers;

/// When an unsecured device sends its first join request (`PROFILE-SEL` 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Trigger {
    /// By itself, once it runs.
    #[default]
    Boot,
    /// When it is told to: `join` of its upper tester stands for the button.
    Selection,
}

/// What procedures rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Liberties {
    /// From power-on to the first join request.
    pub(crate) jsr_within: Duration,
    /// A whole handshake.
    pub(crate) handshake_within: Duration,
    /// From the key to the first set secure request.
    pub(crate) ssr_within: Duration,
    /// At which the device sends, and the least that it takes.
    pub(crate) security_level: u8,
    /// What makes the device send its first join request.
    pub(crate) trigger: Trigger,
}

impl DeviceFacts {
    /// Those of a PIXIT, in a case about `iut`; `is_told` says whether the case itself presses the button.
    pub(crate) fn of(pixit: &Pixit, iut: &Iut, is_told: bool) -> Self {
        let profile = Self::default();
        if !iut.is_device() {
            return profile;
        }
        let number = |reader| pixit.number_for(reader);
        Self {
            dtls_port: number(readers::DTLS_PORT).and_then(|port| port.try_into().ok()).unwrap_or(profile.dtls_port),
            psk_identity: match pixit.word_for(readers::PSK_IDENTITY) {
                Some("eui64-hex-upper") => PskIdentity::Eui64HexUpper,
                Some("eui64-octets") => PskIdentity::Eui64Octets,
                _ => PskIdentity::Eui64HexLower,
            },
            psk_octets: number(readers::PSK_OCTETS)
                .and_then(|octets| octets.try_into().ok())
                .unwrap_or(profile.psk_octets),
            wants_button: Trigger::of(pixit) == Trigger::Selection && !is_told,
        }
    }
}

impl Trigger {
    fn of(pixit: &Pixit) -> Self {
        match pixit.word_for(readers::TRIGGER) {
            Some("selection") => Self::Selection,
            _ => Self::Boot,
        }
    }

    /// The word of the PIXIT and of UT/1.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Selection => "selection",
        }
    }
}

impl Liberties {
    /// Those of a PIXIT, in a case about `iut`.
    pub(crate) fn of(pixit: &Pixit, iut: &Iut) -> Self {
        let profile = Self::default();
        let level = pixit.number_for(readers::SECURITY_LEVEL).and_then(|level| u8::try_from(level).ok());
        Self {
            jsr_within: pixit.duration_for(readers::JSR_WITHIN).unwrap_or(profile.jsr_within),
            handshake_within: pixit.duration_for(readers::HANDSHAKE_WITHIN).unwrap_or(profile.handshake_within),
            ssr_within: pixit.duration_for(readers::SSR_WITHIN).unwrap_or(profile.ssr_within),
            security_level: level.unwrap_or(profile.security_level),
            trigger: if iut.is_device() { Trigger::of(pixit) } else { profile.trigger },
        }
    }
}

impl Default for Liberties {
    /// The profile's.
    fn default() -> Self {
        Self {
            jsr_within: Duration::from_secs(15),
            handshake_within: Duration::from_secs(60),
            ssr_within: Duration::from_secs(5),
            security_level: PROFILE_LEVEL,
            trigger: Trigger::default(),
        }
    }
}
