//! The sliding window against replayed records (RFC 6347 4.1.2.6).

/// Records that the window remembers below the highest one.
const WIDTH: u64 = 64;

/// Whether a sequence number was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Not seen.
    New,
    /// Seen.
    Duplicate,
    /// Left of the window: not known.
    TooOld,
}

/// The window of one epoch.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplayWindow {
    highest: Option<u64>,
    /// Bit n: `highest - n` was seen.
    seen: u64,
}

impl ReplayWindow {
    /// Looks a sequence number up; does not remember it.
    pub(super) fn check(&self, sequence_number: u64) -> Freshness {
        match self.highest {
            None => Freshness::New,
            Some(highest) if sequence_number > highest => Freshness::New,
            Some(highest) if highest - sequence_number >= WIDTH => Freshness::TooOld,
            Some(highest) if self.seen >> (highest - sequence_number) & 1 == 0 => Freshness::New,
            Some(_) => Freshness::Duplicate,
        }
    }

    /// Remembers a sequence number; only after its record was verified.
    pub(super) fn mark(&mut self, sequence_number: u64) {
        match self.highest {
            Some(highest) if sequence_number <= highest => {
                if highest - sequence_number < WIDTH {
                    self.seen |= 1 << (highest - sequence_number);
                }
            }
            highest => {
                let step = highest.map_or(WIDTH, |highest| sequence_number - highest);
                self.seen = if step >= WIDTH { 1 } else { self.seen << step | 1 };
                self.highest = Some(sequence_number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Freshness, ReplayWindow};
    use rstest::rstest;

    #[rstest]
    #[case::first(&[], 7, Freshness::New)]
    #[case::same(&[7], 7, Freshness::Duplicate)]
    #[case::newer(&[7], 8, Freshness::New)]
    #[case::older_unseen(&[7], 6, Freshness::New)]
    #[case::older_seen(&[6, 7], 6, Freshness::Duplicate)]
    #[case::last_in_window(&[70], 7, Freshness::New)]
    #[case::left_of_window(&[70], 6, Freshness::TooOld)]
    #[case::seen_at_edge(&[0, 63], 0, Freshness::Duplicate)]
    #[case::forgotten_by_a_jump(&[1, 1000], 999, Freshness::New)]
    #[case::greatest(&[0xffff_ffff_ffff], 0xffff_ffff_ffff, Freshness::Duplicate)]
    fn window_tells_new_from_seen(#[case] seen: &[u64], #[case] probe: u64, #[case] expected: Freshness) {
        let mut window = ReplayWindow::default();
        seen.iter().for_each(|sequence_number| window.mark(*sequence_number));
        assert_eq!(window.check(probe), expected);
    }
}
