//! What the model has to know of a device besides the clauses: its PICS and PIXIT.

use std::collections::BTreeMap;

use suites::pics::Pics;
use suites::pixit::{Pixit, PixitValue};

use crate::script::Span;

/// What a device's PICS and PIXIT say, as far as the model rests on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// It asks to be secured by itself.
    pub(crate) asks_by_itself: bool,
    /// Milliseconds of the values that the model adds up.
    ssr_within: u64,
    ssr_answer_interval: u64,
    jsr_within: u64,
    jsr_greatest_interval: u64,
    handshake_within: u64,
    session_idle: u64,
    /// The lifetime that it asks for, in units of 60 s.
    pub(crate) ssr_lifetime: u64,
    claims: BTreeMap<String, bool>,
}

impl Facts {
    /// The facts of a device with these answers.
    pub fn new(pics: &Pics, pixit: &Pixit) -> Self {
        let ms =
            |name: &str| pixit.duration(name).map_or(0, |value| u64::try_from(value.as_millis()).unwrap_or(u64::MAX));
        Self {
            asks_by_itself: pixit.value("trigger").map(PixitValue::to_string).as_deref() != Some("selection"),
            ssr_within: ms("ssr_within"),
            ssr_answer_interval: ms("ssr_answer_interval"),
            jsr_within: ms("jsr_within"),
            jsr_greatest_interval: ms("jsr_greatest_interval"),
            handshake_within: ms("handshake_within"),
            session_idle: ms("session_idle"),
            ssr_lifetime: pixit.number("ssr_lifetime").unwrap_or(60),
            claims: pics.answers().clone(),
        }
    }

    /// Whether the device claims a symbol of the PICS, or leaves it open, as a case would be run.
    pub(crate) fn claims(&self, symbol: &str) -> bool {
        self.claims.get(symbol).copied().unwrap_or(true)
    }

    pub(crate) fn ssr_within(&self) -> Span {
        Span { text: "$pixit.ssr_within".to_owned(), ms: self.ssr_within }
    }

    pub(crate) fn ssr_answer_interval(&self) -> Span {
        Span { text: "$pixit.ssr_answer_interval".to_owned(), ms: self.ssr_answer_interval }
    }

    pub(crate) fn jsr_within(&self) -> Span {
        Span { text: "$pixit.jsr_within".to_owned(), ms: self.jsr_within }
    }

    pub(crate) fn jsr_greatest_interval(&self) -> Span {
        Span { text: "$pixit.jsr_greatest_interval".to_owned(), ms: self.jsr_greatest_interval }
    }

    pub(crate) fn handshake_within(&self) -> Span {
        Span { text: "$pixit.handshake_within".to_owned(), ms: self.handshake_within }
    }

    pub(crate) fn session_idle(&self) -> Span {
        Span { text: "$pixit.session_idle".to_owned(), ms: self.session_idle }
    }
}
