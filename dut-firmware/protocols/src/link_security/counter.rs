//! The outgoing frame counter (IEEE 802.15.4-2006 section 7.5.8.2.1, `macFrameCounter`), persisted in blocks.

/// Frames between two writes to the store.
const BLOCK: u32 = 1024;

/// Counts outgoing secured frames and stops before 0xffffffff.
///
/// A counter value must never be used twice under one key, not even after a power cut. So the store holds a bound that
/// the counter stays below: whenever [`Self::take_bound_to_store`] yields one, write it before the next frame is sent.
/// After a reboot start with [`Self::from_stored`]: up to 1024 values are skipped, none is repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingCounter {
    next: u32,
    bound: u32,
}

impl OutgoingCounter {
    /// Continues at the bound that the store holds; 0 for a device that never sent a secured frame.
    pub fn from_stored(bound: u32) -> Self {
        Self { next: bound, bound }
    }

    /// A new bound if the counter has come within half a block of the last one: write it, at once.
    pub fn take_bound_to_store(&mut self) -> Option<u32> {
        if self.next.saturating_add(BLOCK / 2) < self.bound || self.bound == u32::MAX {
            return None;
        }
        self.bound = self.next.saturating_add(BLOCK);
        Some(self.bound)
    }

    /// Leaves a value out: that of a frame that was secured and never sent.
    #[cfg(feature = "mutants")]
    pub fn skip(&mut self) {
        self.take();
    }

    /// Uses up a value; `None` from 0xffffffff on.
    pub fn take(&mut self) -> Option<u32> {
        let value = self.next;
        (value != u32::MAX).then(|| {
            self.next = value.saturating_add(1);
            value
        })
    }
}
