//! MAC retries: frames that repeat the last one of their sender, while the sender may still repeat it (IEEE 802.15.4-2015
//! section 6.7.4.3). The same octets later, or after a restart, are another message.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use wire::ieee802154::LinkAddress;

/// Senders whose last frame is remembered.
const MAX_SENDERS: usize = 256;

/// aUnitBackoffPeriod of 20 symbols, in microseconds at 2.4 GHz (16 us a symbol), as everything below.
const BACKOFF_PERIOD_US: u64 = 320;
/// macAckWaitDuration: 54 symbols.
const ACK_WAIT_US: u64 = 864;
/// The most back-offs of a try: macMaxCsmaBackoffs is 5 at most, so that there are six.
const MOST_BACKOFFS: u64 = 6;
/// The longest back-off: 2^macMaxBe - 1 periods, and macMaxBe is 8 at most.
const LONGEST_BACKOFF: u64 = 255;
/// A clear channel assessment (8 symbols) and the turnaround behind it (12 symbols).
const ASSESSMENT_US: u64 = 128 + 192;
/// SHR, PHR and 127 octets of PSDU.
const LONGEST_FRAME_US: u64 = 133 * 32;
/// What a queue in front of the radio may wait before it hands a frame to the radio again that was not acknowledged.
const QUEUE_PAUSE_US: u64 = 30_000;

/// From a frame that asks for an acknowledgement to its next copy, at most: the wait for the acknowledgement, the longest
/// way to the channel that the MAC's parameters allow, the frame itself, and a pause of the queue. An acknowledgement in
/// sight of the capture does not end it, since the sender may not have heard it.
pub(super) const RETRY_WITHIN: Duration = Duration::from_micros(
    ACK_WAIT_US
        + MOST_BACKOFFS * (LONGEST_BACKOFF * BACKOFF_PERIOD_US + ASSESSMENT_US)
        + LONGEST_FRAME_US
        + QUEUE_PAUSE_US,
);

/// From a frame that asks for none to its next copy, at most. The MAC sends such a frame once; a duty-cycled layer below
/// it repeats it back to back until every neighbour has been awake, for a cycle of 125 ms as ContikiMAC's default has it.
pub(super) const STROBE_WITHIN: Duration = Duration::from_millis(125);

/// A strobe as a whole: two cycles of a layer that wakes twice a second, the slowest in use.
pub(super) const STROBE: Duration = Duration::from_millis(1000);

/// Copies of a frame that asks for an acknowledgement: macMaxFrameRetries is 7 at most, which makes eight, and a queue in front
/// of the radio hands a fragment to it three times. More of the same is a sender that says something again and again.
pub(super) const MOST_COPIES: u32 = 24;

/// How long a frame may wait for its receiver to ask for it: macTransactionPersistenceTime is 500 unit periods (960 symbols)
/// by default (section 6.7.3). Each time it asks, the frame may be sent to it again.
pub(super) const TRANSACTION: Duration = Duration::from_micros(500 * 960 * 16);

/// The last frame of each sender; the sender that was met first gives way.
#[derive(Default)]
pub(super) struct LastFrames {
    /// Senders in the order in which they were met, from `oldest` on.
    slots: Vec<Last>,
    oldest: usize,
    by_sender: BTreeMap<LinkAddress, usize>,
}

struct Last {
    sender: LinkAddress,
    receiver: Option<LinkAddress>,
    /// Whether the receiver has asked for frames since.
    is_asked_for: bool,
    /// Empty if the sender has been restarted since.
    mpdu: Vec<u8>,
    time: Option<Duration>,
    /// Time of its first copy, and how many have come.
    first: Option<Duration>,
    copies: u32,
}

impl LastFrames {
    /// Whether the last frame of this sender was the same one, and so short a time ago that this one is its repetition;
    /// it takes the place of the last one. Where no times are known, the octets alone decide, and how often they came. A clock
    /// that is put back says of two frames what it would if it had been put forward.
    pub(super) fn repeats(
        &mut self,
        (source, receiver): (LinkAddress, Option<LinkAddress>),
        mpdu: &[u8],
        asks_for_ack: bool,
        time: Option<Duration>,
    ) -> bool {
        if let Some(last) = self.by_sender.get(&source).and_then(|index| self.slots.get_mut(*index)) {
            let is_asked_for = asks_for_ack && core::mem::take(&mut last.is_asked_for);
            // From the copy before, and from the first one.
            let (within, in_all) = match (asks_for_ack, is_asked_for) {
                (true, true) => (TRANSACTION, Some(TRANSACTION.saturating_add(RETRY_WITHIN))),
                (true, false) => (RETRY_WITHIN, None),
                (false, _) => (STROBE_WITHIN, Some(STROBE)),
            };
            let is_within = |since: Option<Duration>, span: Duration| match (since, time) {
                (Some(before), Some(now)) => now.abs_diff(before) <= span,
                _ => true,
            };
            let is_near = is_within(last.time, within) && in_all.is_none_or(|span| is_within(last.first, span));
            let is_same = last.mpdu == mpdu;
            let repeats = is_same && is_near && (!asks_for_ack || last.copies < MOST_COPIES);
            (last.receiver, last.time) = (receiver, time);
            (last.first, last.copies) = if repeats { (last.first, last.copies.saturating_add(1)) } else { (time, 1) };
            if !is_same {
                last.mpdu.clear();
                last.mpdu.extend_from_slice(mpdu);
            }
            return repeats;
        }
        let (mpdu, first) = (mpdu.to_vec(), time);
        let last = Last { sender: source, receiver, is_asked_for: false, mpdu, time, first, copies: 1 };
        let index = if self.slots.len() < MAX_SENDERS {
            self.slots.push(last);
            self.slots.len().saturating_sub(1)
        } else {
            let index = self.oldest;
            self.oldest = index.saturating_add(1) % MAX_SENDERS;
            if let Some(slot) = self.slots.get_mut(index) {
                self.by_sender.remove(&slot.sender);
                *slot = last;
            }
            index
        };
        self.by_sender.insert(source, index);
        false
    }

    /// A sleepy node asks for what waits for it (a data request command).
    pub(super) fn asked_for(&mut self, receiver: LinkAddress) {
        for last in self.slots.iter_mut().filter(|last| last.receiver == Some(receiver)) {
            last.is_asked_for = true;
        }
    }

    /// The sender has been started anew at `time`: what it sent before is not repeated by what it sends from now on.
    pub(super) fn restarted(&mut self, sender: LinkAddress, time: Option<Duration>) {
        let Some(last) = self.by_sender.get(&sender).and_then(|index| self.slots.get_mut(*index)) else { return };
        if last.time.zip(time).is_none_or(|(before, start)| before < start) {
            last.mpdu.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use wire::ieee802154::ShortAddress;

    fn sender(number: usize) -> LinkAddress {
        LinkAddress::Short(ShortAddress(number as u16))
    }

    /// From this sender to node 9.
    fn to(number: usize) -> (LinkAddress, Option<LinkAddress>) {
        (sender(number), Some(sender(9)))
    }

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A sender that is stuck says something again and again, and each time it counts.
    #[rstest]
    #[case::strobe(false, 60, 600, 1000 / 60 + 1)]
    #[case::unicast(true, 500, 240, 24)]
    fn a_chain_of_copies_ends(#[case] asks: bool, #[case] every: u64, #[case] copies: u64, #[case] most: usize) {
        let mut frames = LastFrames::default();
        let times = (0..copies).map(|number| Some(ms(number * every)));
        let messages: Vec<bool> = times.map(|time| !frames.repeats(to(1), b"a", asks, time)).collect();
        let begins: Vec<usize> = (0..messages.len()).filter(|at| messages[*at]).collect();
        assert!(begins.len() > 1 && begins.windows(2).all(|pair| pair[1] - pair[0] == most), "{begins:?}");
    }

    #[test]
    fn a_frame_repeats_only_the_last_one_of_its_sender() {
        let mut frames = LastFrames::default();
        let seen = [(1, b"a"), (2, b"a"), (1, b"a"), (1, b"b"), (1, b"a"), (2, b"a")];
        let repeats = seen.map(|(number, frame)| frames.repeats(to(number), frame, true, None));
        assert_eq!(repeats, [false, false, true, false, false, true]);
    }

    #[test]
    fn the_sender_met_first_is_forgotten_for_a_new_one() {
        let mut frames = LastFrames::default();
        for number in 0..=MAX_SENDERS {
            assert!(!frames.repeats(to(number), b"a", true, None));
        }
        assert!(frames.repeats(to(1), b"a", true, None));
        assert!(frames.repeats(to(MAX_SENDERS), b"a", true, None));
        assert!(!frames.repeats(to(0), b"a", true, None));
        assert!(!frames.repeats(to(1), b"a", true, None));
        assert_eq!((frames.slots.len(), frames.by_sender.len()), (MAX_SENDERS, MAX_SENDERS));
    }

    #[test]
    fn the_longest_pause_before_a_retry_is_that_of_the_largest_parameters_and_of_the_queue() {
        assert_eq!(RETRY_WITHIN, Duration::from_micros(526_640));
    }

    #[rstest]
    #[case::a_strobe(false, ms(10), true)]
    #[case::a_second_broadcast(false, ms(5100), false)]
    #[case::a_broadcast_behind_a_cycle(false, ms(126), false)]
    #[case::a_retry(true, ms(3), true)]
    #[case::a_retry_of_the_queue(true, ms(90), true)]
    #[case::a_second_message(true, ms(600), false)]
    fn time_tells_a_repetition_from_a_message(#[case] asks: bool, #[case] after: Duration, #[case] repeats: bool) {
        for (first, second) in [(ms(7000), ms(7000) + after), (ms(7000), ms(7000) - after)] {
            let mut frames = LastFrames::default();
            assert!(!frames.repeats(to(1), b"a", asks, Some(first)));
            assert_eq!(frames.repeats(to(1), b"a", asks, Some(second)), repeats);
        }
    }

    #[test]
    fn each_copy_begins_the_time_anew() {
        let mut frames = LastFrames::default();
        let times = [0, 100, 200, 300, 500].map(|time| frames.repeats(to(1), b"a", false, Some(ms(time))));
        assert_eq!(times, [false, true, true, true, false]);
    }

    /// IEEE 802.15.4-2015 section 6.7.3: a frame that waits for a sleepy node is sent each time that it asks.
    #[test]
    fn a_frame_that_was_asked_for_again_is_the_same_one() {
        for (asker, after, repeats) in [(9, 5000, true), (8, 5000, false), (9, 8000, false)] {
            let mut frames = LastFrames::default();
            frames.repeats(to(1), b"a", true, Some(ms(0)));
            frames.asked_for(sender(asker));
            assert_eq!(frames.repeats(to(1), b"a", true, Some(ms(after))), repeats, "{asker} after {after} ms");
            assert!(!frames.repeats(to(1), b"a", true, Some(ms(after + 600))), "asked for once");
        }
    }

    #[test]
    fn nothing_is_repeated_over_a_restart() {
        let mut frames = LastFrames::default();
        frames.repeats(to(1), b"a", true, Some(ms(1)));
        frames.repeats(to(2), b"a", true, Some(ms(1)));
        frames.restarted(sender(1), Some(ms(2)));
        assert!(!frames.repeats(to(1), b"a", true, Some(ms(3))));
        assert!(frames.repeats(to(2), b"a", true, Some(ms(3))));
        // A start that is told late: the frame came behind it.
        frames.restarted(sender(1), Some(ms(2)));
        assert!(frames.repeats(to(1), b"a", true, Some(ms(4))));
        frames.restarted(sender(7), None);
    }
}
