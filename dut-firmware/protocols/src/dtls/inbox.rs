//! Reassembly of handshake messages from fragments that may come late, twice, overlapping or out of order, and their
//! delivery in the order of `message_seq` (RFC 6347 4.2.2, 4.2.3). All of it is bounded.

use alloc::vec;
use alloc::vec::Vec;

use wire::dtls::{Fragment, message_bytes};
use wire::tls::HandshakeType;

use crate::tls::{Fault, Limits, Received};

/// How many messages ahead of the expected one are kept.
const AHEAD: u16 = 8;

/// A whole handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) msg_type: HandshakeType,
    pub(super) message_seq: u16,
    /// Of the records that it came in.
    pub(super) epoch: u16,
    pub(super) body: Vec<u8>,
}

impl Received for Message {
    fn msg_type(&self) -> HandshakeType {
        self.msg_type
    }

    fn body(&self) -> &[u8] {
        &self.body
    }

    fn is_protected(&self) -> bool {
        self.epoch > 0
    }

    fn octets(&self) -> Result<Vec<u8>, Fault> {
        message_bytes(self.msg_type, self.message_seq, &self.body).map_err(Fault::internal)
    }
}

/// What became of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Taken, or dropped because it contradicts what is there or is too far ahead.
    Kept,
    /// Of a message that was delivered before.
    Old,
    /// Of a message longer than this engine takes.
    TooLong,
}

/// A message in reassembly.
struct Partial {
    message: Message,
    /// Disjoint, sorted ranges of octets that were received.
    received: Vec<(usize, usize)>,
}

impl Partial {
    fn new(epoch: u16, fragment: &Fragment<'_>, length: usize) -> Self {
        let message = Message {
            msg_type: fragment.header.msg_type,
            message_seq: fragment.header.message_seq,
            epoch,
            body: vec![0; length],
        };
        Self { message, received: Vec::new() }
    }

    fn fits(&self, epoch: u16, fragment: &Fragment<'_>) -> bool {
        self.message.epoch == epoch
            && self.message.msg_type == fragment.header.msg_type
            && u32::try_from(self.message.body.len()) == Ok(fragment.header.length)
    }

    fn add(&mut self, fragment: &Fragment<'_>) {
        let Ok(start) = usize::try_from(fragment.header.fragment_offset) else { return };
        let end = start + fragment.body.len();
        let Some(place) = self.message.body.get_mut(start..end) else { return };
        place.copy_from_slice(fragment.body);
        if start == end {
            return;
        }
        let place = self.received.partition_point(|known| *known < (start, end));
        self.received.insert(place, (start, end));
        self.received.dedup_by(|next, previous| {
            let touches = next.0 <= previous.1;
            if touches {
                previous.1 = previous.1.max(next.1);
            }
            touches
        });
    }

    fn is_complete(&self) -> bool {
        let length = self.message.body.len();
        length == 0 || matches!(self.received.as_slice(), [(0, end)] if *end == length)
    }
}

/// Messages of one handshake, delivered in order.
pub(super) struct Inbox {
    /// Octets of the longest message that is taken.
    longest: usize,
    /// Octets of all messages in reassembly.
    most: usize,
    next: u16,
    waiting: Vec<Partial>,
}

impl Inbox {
    /// An inbox that expects `next` first.
    pub(super) fn expecting(next: u16, limits: &Limits) -> Self {
        Self { longest: limits.handshake_message, most: limits.reassembly, next, waiting: Vec::new() }
    }

    /// The `message_seq` that is delivered next.
    pub(super) fn next(&self) -> u16 {
        self.next
    }

    /// Takes a fragment that came in a record of `epoch`.
    pub(super) fn insert(&mut self, epoch: u16, fragment: &Fragment<'_>) -> Arrival {
        let message_seq = fragment.header.message_seq;
        if message_seq < self.next {
            return Arrival::Old;
        }
        let length = usize::try_from(fragment.header.length).unwrap_or(usize::MAX);
        if length > self.longest {
            return Arrival::TooLong;
        }
        if message_seq - self.next >= AHEAD {
            return Arrival::Kept;
        }
        // What anybody may have written makes room for what only the peer can have.
        self.waiting.retain(|partial| partial.message.message_seq != message_seq || partial.message.epoch >= epoch);
        let known = self.waiting.iter().position(|partial| partial.message.message_seq == message_seq);
        let at = match known {
            Some(at) => at,
            None => {
                // The expected message always finds room: what is ahead of it is dropped, and will come again.
                if self.buffered() + length > self.most {
                    if message_seq != self.next {
                        return Arrival::Kept;
                    }
                    self.waiting.clear();
                }
                self.waiting.push(Partial::new(epoch, fragment, length));
                self.waiting.len() - 1
            }
        };
        if let Some(partial) = self.waiting.get_mut(at).filter(|partial| partial.fits(epoch, fragment)) {
            partial.add(fragment);
        }
        Arrival::Kept
    }

    /// The next message, if it is complete.
    pub(super) fn take(&mut self) -> Option<Message> {
        let is_next = |partial: &Partial| partial.message.message_seq == self.next && partial.is_complete();
        let at = self.waiting.iter().position(is_next)?;
        self.next = self.next.checked_add(1)?;
        Some(self.waiting.swap_remove(at).message)
    }

    /// Octets of all messages in reassembly.
    pub(super) fn buffered(&self) -> usize {
        self.waiting.iter().map(|partial| partial.message.body.len()).sum()
    }
}

/// The two messages with which a client may begin, reassembled apart from the handshake that is under way: a client that
/// lost its state begins anew at `message_seq` 0 (RFC 6347 4.2.8).
#[derive(Default)]
pub(super) struct Hellos {
    slots: Vec<Partial>,
}

impl Hellos {
    const SLOTS: usize = 2;
    const MAX_HELLO: usize = 2048;

    /// Octets of the messages of which a piece is kept.
    pub(super) fn buffered(&self) -> usize {
        self.slots.iter().map(|slot| slot.message.body.len()).sum()
    }

    /// Whether no piece is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Takes a fragment of a ClientHello; returns the message when it is complete.
    pub(super) fn insert(&mut self, fragment: &Fragment<'_>) -> Option<Message> {
        let length = usize::try_from(fragment.header.length).ok().filter(|length| *length <= Self::MAX_HELLO)?;
        let message_seq = fragment.header.message_seq;
        // Another length under the same number is another client's beginning.
        self.slots.retain(|slot| slot.message.message_seq != message_seq || slot.fits(0, fragment));
        let at = match self.slots.iter().position(|slot| slot.message.message_seq == message_seq) {
            Some(at) => at,
            None => {
                if self.slots.len() >= Self::SLOTS {
                    self.slots.remove(0);
                }
                self.slots.push(Partial::new(0, fragment, length));
                self.slots.len() - 1
            }
        };
        let slot = self.slots.get_mut(at)?;
        slot.add(fragment);
        if slot.is_complete() { Some(self.slots.swap_remove(at).message) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;
    use wire::dtls::{Fragment, HandshakeHeader};
    use wire::tls::HandshakeType;

    use super::{AHEAD, Arrival, Hellos, Inbox};
    use crate::tls::Limits;

    const MAX_MESSAGE: usize = 4096;

    fn fragment(message_seq: u16, body: &[u8], start: usize, end: usize) -> Fragment<'_> {
        let u32 = |value: usize| u32::try_from(value).unwrap();
        let header = HandshakeHeader {
            msg_type: HandshakeType::ServerHello,
            length: u32(body.len()),
            message_seq,
            fragment_offset: u32(start),
            fragment_length: u32(end - start),
        };
        Fragment { header, body: &body[start..end] }
    }

    fn bodies(inbox: &mut Inbox) -> Vec<Vec<u8>> {
        core::iter::from_fn(|| inbox.take()).map(|message| message.body).collect()
    }

    proptest! {
        #[test]
        fn overlapping_fragments_in_any_order_make_the_message(
            body in prop::collection::vec(any::<u8>(), 1..200),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..30),
        ) {
            let mut inbox = Inbox::expecting(0, &Limits::default());
            let mut covered = vec![false; body.len()];
            for (a, b) in cuts {
                let (a, b) = (a.index(body.len() + 1), b.index(body.len() + 1));
                let (start, end) = (a.min(b), a.max(b));
                prop_assert_eq!(inbox.take(), None, "not before all of it is there");
                inbox.insert(0, &fragment(0, &body, start, end));
                covered[start..end].fill(true);
                if covered.iter().all(|octet| *octet) {
                    break;
                }
            }
            let is_complete = covered.iter().all(|octet| *octet);
            prop_assert_eq!(bodies(&mut inbox), if is_complete { vec![body] } else { vec![] });
        }
    }

    #[test]
    fn messages_come_out_in_their_order_and_once() {
        let mut inbox = Inbox::expecting(0, &Limits::default());
        for message_seq in [2, 0, 2, 1, 0] {
            let body = [u8::try_from(message_seq).unwrap(); 3];
            inbox.insert(0, &fragment(message_seq, &body, 0, 3));
        }
        assert_eq!(bodies(&mut inbox), [[0; 3], [1; 3], [2; 3]]);
        assert_eq!(inbox.insert(0, &fragment(1, &[1; 3], 0, 3)), Arrival::Old);
        assert_eq!(inbox.take(), None);
    }

    #[test]
    fn pieces_of_different_epochs_are_never_joined() {
        let mut inbox = Inbox::expecting(0, &Limits::default());
        inbox.insert(0, &fragment(0, b"abcd", 0, 2));
        inbox.insert(1, &fragment(0, b"abcd", 2, 4));
        assert_eq!(inbox.take(), None);
        // What is protected displaces what is not, and is not displaced by it.
        inbox.insert(0, &fragment(0, b"abcd", 0, 4));
        assert_eq!(inbox.take(), None);
        inbox.insert(1, &fragment(0, b"abcd", 0, 2));
        assert_eq!(inbox.take().map(|message| (message.epoch, message.body)), Some((1, b"abcd".to_vec())));
    }

    #[test]
    fn messages_far_ahead_and_pieces_of_many_hellos_take_no_memory() {
        let mut inbox = Inbox::expecting(0, &Limits::default());
        let mut hellos = Hellos::default();
        for message_seq in 1..1000 {
            inbox.insert(0, &fragment(message_seq, b"", 0, 0));
            assert_eq!(hellos.insert(&fragment(message_seq, b"hello", 0, 1)), None);
        }
        assert_eq!(inbox.waiting.len(), usize::from(AHEAD) - 1);
        assert_eq!(hellos.slots.len(), Hellos::SLOTS);
        let long = vec![0; Hellos::MAX_HELLO + 1];
        assert_eq!(hellos.insert(&fragment(1000, &long, 0, long.len())), None);
    }

    #[test]
    fn fragment_of_another_length_is_dropped() {
        let mut inbox = Inbox::expecting(0, &Limits::default());
        inbox.insert(0, &fragment(0, b"abcd", 0, 2));
        inbox.insert(0, &fragment(0, b"abcdef", 2, 6));
        assert_eq!(inbox.take(), None);
    }

    #[test]
    fn memory_is_bounded_and_the_expected_message_always_fits() {
        let mut inbox = Inbox::expecting(0, &Limits::default());
        let long = vec![7; MAX_MESSAGE];
        for message_seq in 1..=AHEAD + 5 {
            inbox.insert(0, &fragment(message_seq, &long, 0, 1));
        }
        assert!(inbox.buffered() <= 2 * MAX_MESSAGE);
        inbox.insert(0, &fragment(0, &long, 0, MAX_MESSAGE));
        assert_eq!(bodies(&mut inbox), [long]);
        let longer = vec![7; MAX_MESSAGE + 1];
        assert_eq!(inbox.insert(0, &fragment(1, &longer, 0, 1)), Arrival::TooLong);
    }

    #[test]
    fn hellos_of_two_clients_do_not_block_each_other() {
        let mut hellos = Hellos::default();
        assert_eq!(hellos.insert(&fragment(0, b"first client", 0, 5)), None);
        let other = hellos.insert(&fragment(0, b"second", 0, 6)).map(|message| message.body);
        assert_eq!(other, Some(b"second".to_vec()));
        assert_eq!(hellos.insert(&fragment(1, b"cookie", 0, 3)), None);
        let returned = hellos.insert(&fragment(1, b"cookie", 3, 6)).map(|message| message.body);
        assert_eq!(returned, Some(b"cookie".to_vec()));
    }
}
