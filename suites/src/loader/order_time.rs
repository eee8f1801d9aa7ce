//! How long a tester machine may work on an order: as long as the device may take for its part by its PIXIT, and no longer, so
//! that a case ends in its own time whatever the device does.

use std::time::Duration;

use record::station::{OrderInfo, OrderTime, Span};

use crate::pixit::Pixit;
use crate::plan::{Answer, Command, Step, StepKind};
use crate::vocabulary::Stations;

/// What a station does by itself.
const OWN: Duration = Duration::from_secs(10);

/// What the radio of a station may take for a few frames.
const FRAMES: Duration = Duration::from_secs(60);

/// Gives every order that is waited for, and that the suite gave no time, the time that such an order takes at most, in a case of
/// so many boards.
pub(super) fn give(steps: &mut [Step], stations: &Stations, pixit: &Pixit, boards: usize) {
    let times = Times { pixit, boards: u32::try_from(boards).unwrap_or(u32::MAX) };
    let mut goes_on = Duration::ZERO;
    for step in steps {
        let StepKind::Do(Command::Machine { machine, order, answer, within }) = &mut step.kind else { continue };
        let Some(station) = stations.kind(machine) else { continue };
        let Some(info) = order.split_whitespace().next().and_then(|word| station.order(word)) else { continue };
        goes_on += beside(info, order);
        if within.is_none() && *answer != Answer::Later {
            *within = Some(times.of(info, order, goes_on));
        }
    }
}

struct Times<'a> {
    pixit: &'a Pixit,
    boards: u32,
}

impl Times<'_> {
    fn of(&self, info: &OrderInfo, order: &str, goes_on: Duration) -> Duration {
        if let Some((inner, order)) = inner(info, order) {
            return self.of(inner, order, goes_on);
        }
        match info.time {
            OrderTime::Own | OrderTime::Paced { goes_on: true, .. } => OWN,
            OrderTime::Frames => FRAMES,
            OrderTime::Of(spans) => self.sum(spans),
            // One device after the other, the ones that did not answer once more.
            OrderTime::OfEachBoard(spans) => self.sum(spans).saturating_mul(self.boards.max(2)),
            OrderTime::Each { key, takes } => takes.saturating_mul(number(info, order, key)).saturating_add(OWN),
            OrderTime::Paced { key, messages, .. } => paced(info, order, key, messages).saturating_add(FRAMES),
            OrderTime::AllThatGoesOn => goes_on.saturating_add(FRAMES),
        }
    }

    fn sum(&self, spans: &[Span]) -> Duration {
        let duration = |name: &str| self.pixit.duration(name).unwrap_or(FRAMES);
        let span = |span: &Span| match span {
            Span::Pixit(name) => duration(name),
            Span::Jittered(name, percent) => {
                let percent = self.pixit.number(percent).and_then(|percent| u32::try_from(percent).ok()).unwrap_or(0);
                duration(name).saturating_mul(100 + percent) / 100
            }
            Span::Time(time) => *time,
        };
        spans.iter().map(span).fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// The order that another station is to carry out.
fn inner<'o>(info: &OrderInfo, order: &'o str) -> Option<(&'static OrderInfo, &'o str)> {
    let (_, order) = order.split_once(' ')?;
    let word = order.split_whitespace().next()?;
    Some((info.inner?.iter().find(|inner| inner.name == word)?, order))
}

/// How long what this order begins goes on beside the orders after it.
fn beside(info: &OrderInfo, order: &str) -> Duration {
    match info.time {
        OrderTime::Paced { key, messages, goes_on: true } => paced(info, order, key, messages),
        _ => Duration::ZERO,
    }
}

fn paced(info: &OrderInfo, order: &str, key: &str, messages: u32) -> Duration {
    let pace = text(info, order, "every").and_then(crate::duration::parse).unwrap_or_default();
    pace.saturating_mul(number(info, order, key).saturating_mul(messages))
}

fn number(info: &OrderInfo, order: &str, key: &str) -> u32 {
    text(info, order, key).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The value of a key, or its default.
fn text<'o>(info: &OrderInfo, order: &'o str, key: &str) -> Option<&'o str> {
    let given = order.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    given.or_else(|| info.keys.iter().find(|known| known.name == key)?.default)
}

#[cfg(test)]
mod tests {
    use authenticator::registry::KINDS;

    use super::*;

    fn info(order: &str) -> &'static OrderInfo {
        let word = order.split_whitespace().next().unwrap_or_default();
        KINDS.iter().find_map(|kind| kind.info.order(word)).unwrap_or_else(|| panic!("no order {word}"))
    }

    #[test]
    fn an_order_takes_as_long_as_the_device_may_take() {
        let pixit = Pixit::load(&crate::built_in::pixit()).unwrap();
        let of = |name: &str| pixit.duration(name).unwrap();
        let (handshake, next) = (of("handshake_within"), of("jsr_greatest_interval"));
        let jitter = u32::try_from(pixit.number("jsr_jitter_percent").unwrap()).unwrap();
        let seconds = Duration::from_secs;
        let orders = [
            ("select $dut.eui64", next * (100 + jitter) / 100 + handshake),
            ("tool connect $dut.eui64", handshake),
            ("request $dut.eui64 GET /x", handshake + seconds(93)),
            ("close", (handshake + seconds(93)) * 3),
            ("reach $dut.eui64 tries=4", seconds(22)),
            ("reach $dut.eui64", seconds(40)),
            ("replay times=2", seconds(60) + Duration::from_millis(20) * 512),
            ("flood-end", seconds(67)),
            ("network key=00", seconds(10)),
        ];
        let times = Times { pixit: &pixit, boards: 3 };
        for (order, time) in orders {
            assert_eq!(times.of(info(order), order, seconds(7)), time, "{order}");
        }
    }

    #[test]
    fn a_flood_lasts_as_long_as_its_order_says() {
        let lasts = |order: &str| beside(info(order), order);
        assert_eq!(lasts("flood jsr to=$dut.eui64 count=120 every=25ms"), Duration::from_secs(3));
        assert_eq!(lasts("flood ns to=$dut.eui64 count=50"), Duration::from_secs(1));
        assert_eq!(lasts("flood-end"), Duration::ZERO);
    }

    #[test]
    fn the_times_that_orders_rest_on_are_values_of_the_pixit_that_the_tester_is_known_to_read() {
        let pixit = Pixit::load(&crate::built_in::pixit()).unwrap();
        let is_read = |name: &str| crate::readers::OF_THE_TESTER.iter().any(|reader| reader.value == name);
        for order in KINDS.iter().flat_map(|kind| kind.info.orders) {
            let (OrderTime::Of(spans) | OrderTime::OfEachBoard(spans)) = order.time else { continue };
            for span in spans {
                match span {
                    Span::Pixit(name) => {
                        assert!(pixit.duration(name).is_some() && is_read(name), "{}: {name}", order.name);
                    }
                    Span::Jittered(name, percent) => {
                        assert!(pixit.duration(name).is_some() && is_read(name), "{}: {name}", order.name);
                        assert!(pixit.number(percent).is_some() && is_read(percent), "{}: {percent}", order.name);
                    }
                    Span::Time(time) => assert!(!time.is_zero()),
                }
            }
        }
    }
}
