//! What a reassembler does otherwise than it should: only for devices that are wrong on purpose, to test a test.

use alloc::vec::Vec;

use super::Protection;

/// By default it does everything as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Laxity {
    /// Once full it takes no other datagram before one of those under way is whole or its time is over.
    pub keeps_the_oldest: bool,
    /// To [`Self::keeps_the_oldest`] a secured datagram is as any other.
    pub ignores_security: bool,
    /// Fragments that overlap are written over what is there.
    pub takes_overlaps: bool,
}

impl Laxity {
    /// Whether a newcomer that is protected so takes the place of a plain datagram.
    pub(super) fn takes_the_place(self, protection: Protection) -> bool {
        protection.is_secured() && !self.ignores_security || !self.keeps_the_oldest
    }

    /// Gives up what was collected, since a fragment overlaps it; whether it did.
    pub(super) fn minds_overlaps(self, pieces: &mut Vec<(usize, usize)>) -> bool {
        if !self.takes_overlaps {
            pieces.clear();
        }
        !self.takes_overlaps
    }
}
