//! How long a tester machine may work on an order: as long as the device may take for its part by its PIXIT, and no longer, so
//! that a case ends in its own time whatever the device does.

use std::time::Duration;

use crate::pixit::Pixit;
use crate::plan::{Answer, Command, Step, StepKind};
use crate::readers;

/// What a machine does by itself.
const OWN: Duration = Duration::from_secs(10);

/// What the radio of an emulated neighbour may take for a few frames.
const FRAMES: Duration = Duration::from_secs(60);

/// The longest exchange of CoAP: MAX_TRANSMIT_WAIT (RFC 7252 section 4.8.2).
const EXCHANGE: Duration = Duration::from_secs(93);

/// Between two echo requests of `reach`.
const ECHO: Duration = Duration::from_secs(3);

/// Most frames on the tape of a neighbour.
const TAPE: u32 = 256;

/// Between two messages of a flood or of a tape, unless the order says otherwise.
const PACE: Duration = Duration::from_millis(20);

/// Gives every order that is waited for, and that the suite gave no time, the time that such an order takes at most, in a case of
/// so many boards.
pub(super) fn give(steps: &mut [Step], pixit: &Pixit, boards: usize) {
    let times = Times::new(pixit, boards);
    let mut floods = Duration::ZERO;
    for step in steps {
        let StepKind::Do(Command::Machine { order, answer, within, .. }) = &mut step.kind else { continue };
        floods += flood(order);
        if within.is_none() && *answer != Answer::Later {
            *within = Some(times.of(order, step.procedure.as_deref(), floods));
        }
    }
}

struct Times {
    /// A DTLS handshake.
    handshake: Duration,
    /// From power-on to the first JSR.
    first_request: Duration,
    /// Between two JSRs.
    next_request: Duration,
    boards: u32,
}

impl Times {
    fn new(pixit: &Pixit, boards: usize) -> Self {
        let duration = |reader| pixit.duration_for(reader).unwrap_or(FRAMES);
        let jitter =
            pixit.number_for(readers::JSR_JITTER_PERCENT).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(0);
        Self {
            handshake: duration(readers::HANDSHAKE_WITHIN),
            first_request: duration(readers::JSR_WITHIN),
            next_request: duration(readers::JSR_GREATEST_INTERVAL).saturating_mul(100 + jitter) / 100,
            boards: u32::try_from(boards).unwrap_or(u32::MAX),
        }
    }

    fn of(&self, order: &str, procedure: Option<&str>, floods: Duration) -> Duration {
        let order = order.strip_prefix("tool ").unwrap_or(order);
        let word = order.split_whitespace().next().unwrap_or_default();
        let request = self.handshake.saturating_add(EXCHANGE);
        match (word, procedure) {
            // The JSR was seen at the tool.
            ("select", Some("join")) => self.handshake,
            // It was, or is the first.
            ("select", Some("secure")) => self.first_request.saturating_add(self.handshake),
            ("select", _) => self.next_request.saturating_add(self.handshake),
            ("connect", _) => self.handshake,
            ("request" | "plain", _) => request,
            // One device after the other, the ones that did not answer once more.
            ("close" | "open", _) => request.saturating_mul(self.boards.max(2)),
            ("reach", _) => ECHO.saturating_mul(number(order, "tries").unwrap_or(10)).saturating_add(OWN),
            ("announce" | "ssr" | "echo", _) => FRAMES,
            ("replay", _) => {
                let times = number(order, "times").unwrap_or(1).saturating_mul(TAPE);
                pace(order).saturating_mul(times).saturating_add(FRAMES)
            }
            ("flood-end", _) => floods.saturating_add(FRAMES),
            _ => OWN,
        }
    }
}

/// How long the flood of this order lasts; nothing, if it is none.
fn flood(order: &str) -> Duration {
    if !order.starts_with("flood ") {
        return Duration::ZERO;
    }
    pace(order).saturating_mul(number(order, "count").unwrap_or(0))
}

fn pace(order: &str) -> Duration {
    argument(order, "every").and_then(crate::duration::parse).unwrap_or(PACE)
}

fn number(order: &str, key: &str) -> Option<u32> {
    argument(order, key)?.parse().ok()
}

fn argument<'a>(order: &'a str, key: &str) -> Option<&'a str> {
    order.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> Times {
        Times {
            handshake: Duration::from_secs(60),
            first_request: Duration::from_secs(15),
            next_request: Duration::from_secs(132),
            boards: 3,
        }
    }

    #[test]
    fn an_order_takes_as_long_as_the_device_may_take() {
        let orders = [
            ("select $dut.eui64", Some("join"), 60),
            ("select $dut.eui64", Some("secure"), 75),
            ("select $dut.eui64", None, 192),
            ("tool connect $dut.eui64", None, 60),
            ("request $dut.eui64 GET /x", None, 153),
            ("close", None, 459),
            ("reach $dut.eui64 tries=4", None, 22),
            ("flood-end", None, 67),
            ("network key=00", None, 10),
        ];
        for (order, by, seconds) in orders {
            assert_eq!(times().of(order, by, Duration::from_secs(7)), Duration::from_secs(seconds), "{order}");
        }
    }

    #[test]
    fn a_flood_lasts_as_long_as_its_order_says() {
        assert_eq!(flood("flood jsr to=$dut.eui64 count=120 every=25ms"), Duration::from_secs(3));
        assert_eq!(flood("flood ns to=$dut.eui64 count=50"), Duration::from_secs(1));
        assert_eq!(flood("flood-end"), Duration::ZERO);
    }
}
