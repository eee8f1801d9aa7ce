//! Secrets: no key of a case, and no half of one, stands in clear in what a device makes: on the air, at the backbone, in an answer of
//! its upper tester or in its log (`SEL` 4, `SECC` 3.1).

use record::event::{Observation, What};
use suites::plan::{Case, DUT, Point};

use crate::environment::Environment;
use crate::monitors::sight::{Machine, Sight, Word, is_own};

/// Half of a secret of 16 octets tells more than its length.
const LEAST: usize = 8;

/// The secrets that nobody may read.
pub(crate) struct Secrets {
    /// What it is called, and the octets: whole, and each half.
    secrets: Vec<(String, Vec<u8>)>,
    /// PSDUs of the device's frames that have completed nothing yet, by event.
    frames: Vec<(u64, Vec<u8>)>,
}

/// So many frames may make up a datagram.
const MOST_FRAMES: usize = 64;

impl Secrets {
    pub(crate) fn make(_: &Case, environment: &Environment) -> Box<dyn Machine> {
        let mut secrets = Vec::new();
        for (name, fields) in &environment.properties {
            for (field, value) in fields {
                let is_secret = dissect::KINDS.iter().any(|kind| kind.properties.contains(&field.as_str()));
                let Some(octets) = hex::decode(value).ok().filter(|_| is_secret) else { continue };
                for half in octets.chunks(octets.len().div_ceil(2).max(LEAST)) {
                    // Zeros and the like stand in many packets.
                    if half.len() >= LEAST && half.windows(2).filter(|pair| pair[0] != pair[1]).count() >= LEAST / 2 {
                        secrets.push((format!("{name}.{field}"), half.to_vec()));
                    }
                }
            }
        }
        Box::new(Self { secrets, frames: Vec::new() })
    }

    /// As octets, or written in hex digits.
    fn in_octets(&self, octets: &[u8]) -> Option<&str> {
        let lower = octets.to_ascii_lowercase();
        let holds = |secret: &[u8]| {
            octets.windows(secret.len()).any(|window| window == secret)
                || lower.windows(2 * secret.len()).any(|window| is_hex_of(window, secret))
        };
        self.secrets.iter().find(|(_, secret)| holds(secret)).map(|(name, _)| name.as_str())
    }

    fn in_text(&self, line: &str) -> Option<&str> {
        let lower: String = line.chars().filter(|c| *c != ':' && *c != ' ').collect::<String>().to_ascii_lowercase();
        let holds = |secret: &[u8]| lower.contains(&hex::encode(secret));
        self.secrets.iter().find(|(_, secret)| holds(secret)).map(|(name, _)| name.as_str())
    }
}

/// Whether these octets are the lower-case hex digits of `secret`.
fn is_hex_of(digits: &[u8], secret: &[u8]) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = digits.chunks_exact(2).zip(secret);
    pairs.all(|(pair, octet)| pair == [DIGITS[usize::from(octet >> 4)], DIGITS[usize::from(octet & 15)]])
}

impl Machine for Secrets {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        // Nothing is known that would have to be kept.
        if self.secrets.is_empty() {
            return;
        }
        let n = sight.event.n;
        match &sight.event.what {
            What::Observation(Observation::Log { board, line } | Observation::UpperTester { board, line })
                if board == DUT =>
            {
                word.judge();
                if let Some(name) = self.in_text(line) {
                    let reason = format!("a line of the device's shows {name}, or a half of it");
                    word.violation(reason, [n]);
                }
            }
            What::Observation(Observation::Frame { psdu, .. }) => {
                let Some(pdu) = sight.sent_frame() else { return };
                self.frames.push((n, psdu.0.clone()));
                if self.frames.len() > MOST_FRAMES {
                    self.frames.remove(0);
                }
                // Who made it is known once it is whole; of what is sent on for others they may have said it in clear.
                if pdu.text("ipv6.src").is_none() || !is_own(pdu, sight.iut()) || sight.is_impersonated {
                    return;
                }
                word.judge();
                let parts = self.frames.iter().filter(|(event, _)| pdu.events.contains(event));
                let shown = parts.filter_map(|(event, psdu)| Some((*event, self.in_octets(psdu)?.to_owned()))).next();
                if let Some((event, name)) = shown {
                    word.violation(format!("a frame shows {name}, or a half of it, to whoever listens"), [event]);
                }
            }
            What::Observation(Observation::Backbone { packet, .. }) => {
                let own = sight.pdu.filter(|pdu| pdu.point == Point::Backbone && is_own(pdu, sight.iut()));
                if own.is_none() {
                    return;
                }
                word.judge();
                if let Some(name) = self.in_octets(&packet.0) {
                    word.violation(format!("a packet at the backbone shows {name}, or a half of it"), [n]);
                }
            }
            _ => {}
        }
    }
}
