//! The sliding window against replayed records (RFC 6347 4.1.2.6).

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

/// The window of one epoch: the highest record and the 63 below it.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplayWindow {
    /// One more than the highest sequence number that was seen; 0 if none was.
    end: u64,
    /// Bit n: `end - 1 - n` was seen.
    seen: u64,
}

impl ReplayWindow {
    /// Looks a sequence number up; does not remember it.
    pub(super) fn check(&self, sequence_number: u64) -> Freshness {
        match self.age(sequence_number).map(|age| self.seen.checked_shr(age)) {
            None => Freshness::New,
            Some(None) => Freshness::TooOld,
            Some(Some(seen)) if seen & 1 == 0 => Freshness::New,
            Some(Some(_)) => Freshness::Duplicate,
        }
    }

    /// Remembers a sequence number; only after its record was verified.
    pub(super) fn mark(&mut self, sequence_number: u64) {
        if let Some(age) = self.age(sequence_number) {
            self.seen |= 1u64.checked_shl(age).unwrap_or_default();
        } else {
            let end = sequence_number.saturating_add(1);
            self.seen = self.seen.checked_shl(bits(end.saturating_sub(self.end))).unwrap_or_default() | 1;
            self.end = end;
        }
    }

    /// How far below the highest one; `None` above it.
    fn age(&self, sequence_number: u64) -> Option<u32> {
        self.end.checked_sub(sequence_number)?.checked_sub(1).map(bits)
    }
}

/// By how much a window is moved: what is far too much is too much.
fn bits(records: u64) -> u32 {
    u32::try_from(records).unwrap_or(u32::MAX)
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
