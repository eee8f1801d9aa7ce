//! MAC retries: frames that repeat the last one of their sender.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::ieee802154::LinkAddress;

/// Senders whose last frame is remembered.
const MAX_SENDERS: usize = 256;

/// The last frame of each sender; the sender that was met first gives way.
#[derive(Default)]
pub(super) struct LastFrames {
    /// Senders in the order in which they were met, from `oldest` on; each with the frame.
    slots: Vec<(LinkAddress, Vec<u8>)>,
    oldest: usize,
    by_sender: BTreeMap<LinkAddress, usize>,
}

impl LastFrames {
    /// Whether the last frame of this sender was the same one, which this one takes the place of. A sequence number
    /// comes back only after 255 others.
    pub(super) fn repeats(&mut self, source: LinkAddress, mpdu: &[u8]) -> bool {
        if let Some((_, last)) = self.by_sender.get(&source).and_then(|index| self.slots.get_mut(*index)) {
            let repeats = last == mpdu;
            if !repeats {
                last.clear();
                last.extend_from_slice(mpdu);
            }
            return repeats;
        }
        let index = if self.slots.len() < MAX_SENDERS {
            self.slots.push((source, mpdu.to_vec()));
            self.slots.len().saturating_sub(1)
        } else {
            let index = self.oldest;
            self.oldest = index.saturating_add(1) % MAX_SENDERS;
            if let Some((sender, last)) = self.slots.get_mut(index) {
                self.by_sender.remove(sender);
                *sender = source;
                last.clear();
                last.extend_from_slice(mpdu);
            }
            index
        };
        self.by_sender.insert(source, index);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ieee802154::ShortAddress;

    fn sender(number: usize) -> LinkAddress {
        LinkAddress::Short(ShortAddress(number as u16))
    }

    #[test]
    fn a_frame_repeats_only_the_last_one_of_its_sender() {
        let mut frames = LastFrames::default();
        let seen = [(1, b"a"), (2, b"a"), (1, b"a"), (1, b"b"), (1, b"a"), (2, b"a")];
        let repeats = seen.map(|(number, frame)| frames.repeats(sender(number), frame));
        assert_eq!(repeats, [false, false, true, false, false, true]);
    }

    #[test]
    fn the_sender_met_first_is_forgotten_for_a_new_one() {
        let mut frames = LastFrames::default();
        for number in 0..=MAX_SENDERS {
            assert!(!frames.repeats(sender(number), b"a"));
        }
        assert!(frames.repeats(sender(1), b"a"));
        assert!(frames.repeats(sender(MAX_SENDERS), b"a"));
        assert!(!frames.repeats(sender(0), b"a"));
        assert!(!frames.repeats(sender(1), b"a"));
        assert_eq!((frames.slots.len(), frames.by_sender.len()), (MAX_SENDERS, MAX_SENDERS));
    }
}
