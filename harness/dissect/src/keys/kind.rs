//! What kinds of secrets there are: how each is told and written down, and what other programs know it by.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use super::Keys;

/// A kind of secret that opens captured traffic.
///
/// Wherever a secret passes - the event of a station, a capture, Wireshark's configuration, a key file - it is a word for
/// its kind, the octets of a session and the octets of the secret.
pub struct SecretKind {
    /// The word for it in events and in key files, as `link`.
    pub protocol: &'static str,
    /// What says where the secret is for.
    pub session: Session,
    /// How many octets the secret may have.
    pub secret: RangeInclusive<usize>,
    /// For a person, within a sentence, as `link key`.
    pub what: &'static str,
    /// Of a person's word on a session: `client random`; empty where its number says enough.
    pub of: &'static str,
    /// What the properties of a case's boards and network are called that are secrets of this kind.
    pub properties: &'static [&'static str],
    /// Gives it to those who open what it protects; whether it was not known before. Only octets that fit come here.
    pub add: fn(&mut Keys, &Self, &[u8], &[u8]) -> bool,
    /// How Wireshark is told of it; `None`: not at all, and a key file beside the capture has it.
    pub wireshark: Option<Wireshark>,
}

/// What tells one secret of a kind from the others. The name is for a person who writes a key file.
#[derive(Debug, Clone)]
pub enum Session {
    /// Nothing: each is for all sessions.
    None,
    /// One octet, written in decimal: `KIND SESSION SECRET`.
    Number(&'static str),
    /// Four octets, most significant first, or none; written in decimal behind the secret: `KIND SECRET [SESSION]`.
    NumberOrNone(&'static str),
    /// That many octets, written in hex: `KIND SESSION SECRET`.
    Octets(&'static str, RangeInclusive<usize>),
}

/// How Wireshark and tshark are told of a secret.
#[derive(Clone, Copy)]
pub enum Wireshark {
    /// By a line of a TLS key log, which rides in the capture: this label, the session, the secret.
    KeyLog(&'static str),
    /// By a row of a table in a configuration folder.
    Table {
        /// The file's name.
        file: &'static str,
        /// Its first line, a comment.
        head: &'static str,
        /// A row, of session and secret.
        row: fn(&[u8], &[u8]) -> String,
    },
}

impl SecretKind {
    /// Whether session and secret have as many octets as they may.
    pub fn fits(&self, session: &[u8], secret: &[u8]) -> bool {
        let fits = match &self.session {
            Session::None => session.is_empty(),
            Session::Number(_) => session.len() == 1,
            Session::NumberOrNone(_) => matches!(session.len(), 0 | 4),
            Session::Octets(_, octets) => octets.contains(&session.len()),
        };
        fits && self.secret.contains(&secret.len())
    }

    /// Session and secret of a line of a key file, without its first word.
    pub fn read(&self, words: &[&str]) -> Option<(Vec<u8>, Vec<u8>)> {
        let (session, secret) = match (&self.session, words) {
            (Session::None | Session::NumberOrNone(_), [secret]) => (Vec::new(), octets(secret)?),
            (Session::Number(_), [number, secret]) => (Vec::from([number.parse::<u8>().ok()?]), octets(secret)?),
            (Session::NumberOrNone(_), [secret, number]) => {
                (number.parse::<u32>().ok()?.to_be_bytes().to_vec(), octets(secret)?)
            }
            (Session::Octets(..), [session, secret]) => (octets(session)?, octets(secret)?),
            _ => return None,
        };
        self.fits(&session, &secret).then_some((session, secret))
    }

    /// The line of a key file, without its end.
    pub fn line(&self, session: &[u8], secret: &[u8]) -> String {
        let (kind, secret, session) = (self.protocol, hex(secret), self.session_text(session));
        match &self.session {
            _ if session.is_empty() => format!("{kind} {secret}"),
            Session::NumberOrNone(_) => format!("{kind} {secret} {session}"),
            _ => format!("{kind} {session} {secret}"),
        }
    }

    /// The line of a TLS key log, without its end, if Wireshark takes it from there.
    pub fn key_log_line(&self, session: &[u8], secret: &[u8]) -> Option<String> {
        match self.wireshark {
            Some(Wireshark::KeyLog(label)) => Some(format!("{label} {} {}", hex(session), hex(secret))),
            _ => None,
        }
    }

    /// Session and secret of a line of a TLS key log, if its label is this kind's.
    pub fn read_key_log(&self, words: &[&str]) -> Option<(Vec<u8>, Vec<u8>)> {
        match (self.wireshark, words) {
            (Some(Wireshark::KeyLog(own)), [label, session, secret]) if own == *label => {
                let (session, secret) = (octets(session)?, octets(secret)?);
                self.fits(&session, &secret).then_some((session, secret))
            }
            _ => None,
        }
    }

    /// A session as a key file has it; empty if there is none.
    pub fn session_text(&self, session: &[u8]) -> String {
        match (&self.session, session) {
            (Session::Number(_), [number]) => number.to_string(),
            (Session::NumberOrNone(_), [a, b, c, d]) => u32::from_be_bytes([*a, *b, *c, *d]).to_string(),
            _ => hex(session),
        }
    }

    /// How a line of a key file is written, as `link INDEX 32-hex-digits`.
    pub fn form(&self) -> String {
        let digits = |octets: &RangeInclusive<usize>, name: &str| {
            if octets.start() == octets.end() {
                format!("{}-hex-digits", octets.start().saturating_mul(2))
            } else {
                name.to_string()
            }
        };
        let (kind, secret) = (self.protocol, digits(&self.secret, "HEX"));
        match &self.session {
            Session::None => format!("{kind} {secret}"),
            Session::Number(name) | Session::Octets(name, _) => format!("{kind} {name} {secret}"),
            Session::NumberOrNone(name) => format!("{kind} {secret} [{name}]"),
        }
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What pairs of hex digits say.
fn octets(text: &str) -> Option<Vec<u8>> {
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let pair = |pair: &[u8; 2]| {
        let [high, low] = *pair;
        u8::try_from(digit(high)? << 4 | digit(low)?).ok()
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if rest.is_empty() { pairs.iter().map(pair).collect() } else { None }
}
