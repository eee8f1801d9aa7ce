//! The clock of a board on the run's clock. A stamp arrives later than it was made, never earlier, so the board's clock is the line
//! that lies under all arrivals and nearest to them: a side of their lower convex hull.

use std::fmt;

/// Of so much of the board's time only the quickest arrival is kept.
const BUCKET_US: u64 = 250_000;
/// Buckets at most; then the oldest goes, and drift is that of the last minutes.
const BUCKETS: usize = 1024;
/// Less time tells nothing of drift.
const SHORTEST_SPAN_US: u64 = 2_000_000;
/// Fewer buckets tell nothing at all.
const FEWEST_BUCKETS: usize = 4;

/// Stamps of one life of a board, and when they arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct BoardClock {
    /// Of the stamps, in microseconds: 1 of the radio link, 1000 of the upper tester. The finest that the board has counts.
    resolution_us: u64,
    /// Stamp and arrival, the quickest of each bucket.
    quickest: Vec<(u64, u64)>,
    stamps: u64,
    backwards: u64,
    last: u64,
}

/// Where a board's clock is on the run's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockEstimate {
    /// The run's time at the board's zero, in microseconds. The true one is earlier by the least delay of a stamp.
    pub offset_us: f64,
    /// By how much the board's clock is fast, in parts per million.
    pub fast_ppm: f64,
    /// By how much that may be wrong.
    pub fast_within_ppm: f64,
    /// How far the quickest arrivals lie above the line, in the middle, and the resolution of the stamps, and how far the line moves
    /// without a single one of them: microseconds.
    pub within_us: f64,
    /// Stamps that were taken.
    pub stamps: u64,
    /// Stamps that were before the one ahead of them.
    pub backwards: u64,
}

impl fmt::Display for ClockEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset_us, fast_ppm, fast_within_ppm, within_us, stamps, .. } = self;
        write!(
            f,
            "its zero is {:.6} s of the run, fast by {fast_ppm:.0} ppm +- {fast_within_ppm:.0}, ",
            offset_us / 1e6
        )?;
        write!(f, "within {:.3} ms ({stamps} stamps)", within_us / 1e3)
    }
}

impl BoardClock {
    /// A stamp of the board, and when it arrived on the run's clock; both in microseconds. Whether it is worth a look: the
    /// number of stamps is a power of two.
    pub(crate) fn note(&mut self, stamp_us: u64, arrived_us: u64, resolution_us: u64) -> bool {
        if self.stamps > 0 && resolution_us > self.resolution_us {
            return false;
        }
        if self.stamps > 0 && resolution_us < self.resolution_us {
            *self = Self::default();
        }
        self.resolution_us = resolution_us;
        self.stamps += 1;
        if stamp_us < self.last {
            self.backwards += 1;
            return false;
        }
        self.last = stamp_us;
        let delay = |(stamp, arrived): (u64, u64)| i128::from(arrived) - i128::from(stamp);
        match self.quickest.last_mut().filter(|last| last.0 / BUCKET_US == stamp_us / BUCKET_US) {
            Some(last) if delay((stamp_us, arrived_us)) < delay(*last) => *last = (stamp_us, arrived_us),
            Some(_) => {}
            None => {
                if self.quickest.len() >= BUCKETS {
                    self.quickest.remove(0);
                }
                self.quickest.push((stamp_us, arrived_us));
            }
        }
        self.stamps.is_power_of_two()
    }

    /// The last stamp.
    pub(crate) fn last_us(&self) -> u64 {
        self.last
    }

    /// The line, once there is enough to lay it.
    pub(crate) fn estimate(&self) -> Option<ClockEstimate> {
        let (first, last) = (self.quickest.first()?, self.quickest.last()?);
        let span = last.0 - first.0;
        if self.quickest.len() < FEWEST_BUCKETS || span < SHORTEST_SPAN_US {
            return None;
        }
        // Above the stamp itself, so that what is left is small.
        let points: Vec<(f64, f64)> = self
            .quickest
            .iter()
            .map(|(stamp, arrived)| (*stamp as f64, (i128::from(*arrived) - i128::from(*stamp)) as f64))
            .collect();
        let (offset, slope) = line(&points)?;
        // How much hangs on a single arrival, which may have been late: the lines without each corner in turn.
        let middle = points.iter().map(|(stamp, _)| stamp).sum::<f64>() / points.len() as f64;
        let (mut turned, mut moved) = (0.0f64, 0.0f64);
        for corner in lower_hull(&points) {
            let others: Vec<(f64, f64)> = points.iter().copied().filter(|point| *point != corner).collect();
            let (other_offset, other_slope) = line(&others)?;
            turned = turned.max((other_slope - slope).abs());
            moved = moved.max((other_offset + other_slope * middle - offset - slope * middle).abs());
        }
        let mut above: Vec<f64> = points.iter().map(|(stamp, delay)| delay - (offset + slope * stamp)).collect();
        above.sort_unstable_by(f64::total_cmp);
        let within = above[above.len() / 2] + self.resolution_us as f64 + moved;
        Some(ClockEstimate {
            offset_us: offset,
            fast_ppm: -slope * 1e6,
            fast_within_ppm: turned * 1e6 + within / span as f64 * 1e6,
            within_us: within,
            stamps: self.stamps,
            backwards: self.backwards,
        })
    }
}

/// Where the line under all points, the nearest to them, is at zero, and its slope: the side of the hull below their middle.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let middle = points.iter().map(|(stamp, _)| stamp).sum::<f64>() / points.len() as f64;
    let hull = lower_hull(points);
    let side = hull.windows(2).find(|side| side[0].0 <= middle && middle <= side[1].0)?;
    let slope = (side[1].1 - side[0].1) / (side[1].0 - side[0].0);
    Some((side[0].1 - slope * side[0].0, slope))
}

/// The corners of the lower convex hull of points in the order of their first coordinate (Andrew's monotone chain).
fn lower_hull(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for point in points {
        while let [.., a, b] = hull[..]
            && (b.0 - a.0) * (point.1 - a.1) <= (b.1 - a.1) * (point.0 - a.0)
        {
            hull.pop();
        }
        hull.push(*point);
    }
    hull
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BoardClock;

    /// A board whose clock is fast by `ppm`, boots at `boot_us`, and stamps every 50 ms for `seconds`.
    fn clock(ppm: f64, boot_us: f64, seconds: u64, resolution_us: u64, delays: &[u32]) -> BoardClock {
        let mut clock = BoardClock::default();
        for (index, delay) in (0..seconds * 20).zip(delays.iter().cycle()) {
            let run_us = boot_us + index as f64 * 50_000.0;
            let stamp = ((run_us - boot_us) * (1.0 + ppm / 1e6)) as u64 / resolution_us * resolution_us;
            clock.note(stamp, (run_us + f64::from(*delay)) as u64, resolution_us);
        }
        clock
    }

    proptest! {
        #[test]
        fn a_clock_is_found_as_well_as_it_is_said(
            ppm in -5000.0f64..5000.0,
            boot in 0.0f64..1e9,
            seconds in 4u64..120,
            resolution in prop_oneof![Just(1u64), Just(1000)],
            delays in proptest::collection::vec(100u32..20_000, 97),
        ) {
            let found = clock(ppm, boot, seconds, resolution, &delays).estimate().unwrap();
            let least = f64::from(*delays.iter().min().unwrap());
            let span = seconds as f64 * 1e6;
            // What the delays of the two corners of the side differ by may turn the line, and no more.
            let error = (found.fast_ppm - ppm).abs();
            prop_assert!(error <= 2.0 * (20_000.0 + 1000.0) / span * 1e6 + 1.0, "{ppm} {found:?}");
            // At its zero the board is not later than said by more than its own delays, and never by less than nothing.
            prop_assert!(found.offset_us - boot > -21_000.0 && found.offset_us - boot < least + 22_000.0, "{boot} {found:?}");
            prop_assert_eq!(found.backwards, 0);
        }
    }

    #[test]
    fn steady_delays_give_the_drift_to_a_few_ppm() {
        let found = clock(40.0, 5e6, 60, 1, &[300, 420, 390, 1800, 305]).estimate().unwrap();
        assert!((found.fast_ppm - 40.0).abs() < 3.0, "{found:?}");
        assert!((found.offset_us - 5_000_300.0).abs() < 200.0, "{found:?}");
        assert!(found.within_us < 50.0, "{found:?}");
    }

    /// A board that says nothing for seconds after its boot, which was told late: the drift that seems to be there is not sure.
    #[test]
    fn what_hangs_on_one_late_arrival_is_not_sure() {
        let mut clock = BoardClock::default();
        for (stamp, delay) in [(0, 6300), (3_300_000, 100), (3_600_000, 130), (3_900_000, 100)] {
            clock.note(stamp, stamp + 1_000_000 + delay, 1);
        }
        let found = clock.estimate().unwrap();
        assert!(found.fast_ppm > 1000.0 && found.fast_within_ppm > found.fast_ppm, "{found:?}");
    }

    #[test]
    fn finer_stamps_count_alone_and_backward_ones_are_counted() {
        let mut clock = BoardClock::default();
        clock.note(1000, 5000, 1000);
        clock.note(2000, 5500, 1);
        assert_eq!(clock.quickest, [(2000, 5500)]);
        clock.note(3000, 7000, 1000);
        assert_eq!(clock.stamps, 1);
        clock.note(1500, 8000, 1);
        assert_eq!((clock.backwards, clock.stamps), (1, 2));
        assert_eq!(clock.estimate(), None, "too few");
    }
}
