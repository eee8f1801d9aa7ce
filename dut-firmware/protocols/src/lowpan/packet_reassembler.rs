//! From IPv6 fragments back to packets (RFC 8200 section 4.5): bounded in packets, octets and time; a packet with
//! overlapping fragments is discarded with all that is still to come of it (RFC 5722).

use alloc::vec::Vec;
use core::time::Duration;

use wire::Error;
use wire::ipv6::{Ipv6Addr, Reassembly, extensions};

use crate::time::Instant;

/// Time that a packet may take to complete after its first fragment came (RFC 8200 section 4.5).
pub const PACKET_REASSEMBLY_TIMEOUT: Duration = Duration::from_secs(60);

/// Octets of the largest packet that is put together: what every node has to take (RFC 8200 section 5).
pub const MAX_REASSEMBLED: usize = 1500;

/// Why a packet was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketRefusal {
    /// It is malformed, or it contradicts other fragments, which were discarded with it.
    #[error(transparent)]
    Malformed(#[from] Error),
    /// Another fragment of this packet was refused.
    #[error("fragments of this packet were discarded")]
    Discarded,
    /// Too many packets are being put together.
    #[error("no room for another packet")]
    Full,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    source: Ipv6Addr,
    destination: Ipv6Addr,
    identification: u32,
}

#[derive(Debug)]
struct Partial {
    key: Key,
    deadline: Instant,
    /// `None` once a fragment was refused.
    reassembly: Option<Reassembly>,
}

/// Puts IPv6 fragments together; packets without fragment header pass through it.
#[derive(Debug)]
pub struct PacketReassembler {
    capacity: usize,
    partials: Vec<Partial>,
}

/// Four packets at once.
impl Default for PacketReassembler {
    fn default() -> Self {
        Self::new(4)
    }
}

impl PacketReassembler {
    /// At most `capacity` packets at once.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, partials: Vec::new() }
    }

    /// Packets that are incomplete or known to be discarded.
    pub fn pending(&self) -> usize {
        self.partials.len()
    }

    /// When the next one of them will be forgotten.
    pub fn deadline(&self) -> Option<Instant> {
        self.partials.iter().map(|partial| partial.deadline).min()
    }

    /// Forgets packets whose time is over; how many.
    pub fn expire(&mut self, now: Instant) -> usize {
        let before = self.partials.len();
        self.partials.retain(|partial| now < partial.deadline);
        before.saturating_sub(self.partials.len())
    }

    /// Takes a packet; it, if it is whole, or the packet that it completes.
    pub fn accept(&mut self, now: Instant, packet: &[u8]) -> Result<Option<Vec<u8>>, PacketRefusal> {
        self.expire(now);
        let found = extensions(packet)?;
        let Some(fragment) = found.fragment else { return Ok(Some(packet.to_vec())) };
        if fragment.header.is_atomic() {
            // Such a packet has nothing to do with others of its identification (RFC 6946).
            return Ok(Reassembly::default().accept(packet, MAX_REASSEMBLED)?);
        }
        let (header, _) = wire::ipv6::Header::parse(&mut wire::reader::Reader::new(packet))?;
        let identification = fragment.header.identification;
        let key = Key { source: header.source, destination: header.destination, identification };
        let index = match self.partials.iter().position(|partial| partial.key == key) {
            Some(index) => index,
            None if self.partials.len() >= self.capacity => return Err(PacketRefusal::Full),
            None => {
                let reassembly = Some(Reassembly::default());
                self.partials.push(Partial { key, deadline: now + PACKET_REASSEMBLY_TIMEOUT, reassembly });
                self.partials.len().saturating_sub(1)
            }
        };
        let Some(partial) = self.partials.get_mut(index) else { return Ok(None) };
        let Some(reassembly) = &mut partial.reassembly else { return Err(PacketRefusal::Discarded) };
        match reassembly.accept(packet, MAX_REASSEMBLED) {
            Ok(None) => Ok(None),
            Ok(Some(whole)) => {
                self.partials.remove(index);
                Ok(Some(whole))
            }
            Err(error) => {
                partial.reassembly = None;
                Err(error.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;
    use wire::ipv6::{ExtensionHeader, FragmentHeader, Header, NextHeader, Packet, with_extensions};

    const NOW: Instant = Instant::ZERO;

    fn header(next_header: NextHeader) -> Header {
        Header::new("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap(), next_header, 64)
    }

    fn whole(length: usize) -> Vec<u8> {
        let payload = (0..length).map(|index| index as u8).collect();
        Packet { header: header(NextHeader::UDP), payload }.to_vec().unwrap()
    }

    /// The fragment of `whole(length)` from `start` to `end`.
    fn fragment(length: usize, start: usize, end: usize, identification: u32) -> Vec<u8> {
        let (offset, more) = ((start / 8) as u16, end < length);
        let fragment = FragmentHeader { next_header: NextHeader::NONE, offset, more, identification };
        let payload = &whole(length)[40..][start..end];
        let (first, payload) =
            with_extensions(vec![ExtensionHeader::Fragment(fragment)], NextHeader::UDP, payload).unwrap();
        Packet { header: header(first), payload }.to_vec().unwrap()
    }

    #[test]
    fn packets_without_fragment_header_pass_through_and_atomic_ones_lose_theirs() {
        let mut reassembler = PacketReassembler::default();
        assert_eq!(reassembler.accept(NOW, &whole(20)), Ok(Some(whole(20))));
        assert_eq!(reassembler.accept(NOW, &fragment(20, 0, 20, 1)), Ok(Some(whole(20))));
        assert_eq!(reassembler.pending(), 0);
    }

    #[test]
    fn an_overlap_discards_the_packet_with_what_is_still_to_come() {
        let mut reassembler = PacketReassembler::default();
        assert_eq!(reassembler.accept(NOW, &fragment(100, 0, 40, 1)), Ok(None));
        let overlap = reassembler.accept(NOW, &fragment(100, 32, 80, 1));
        assert_eq!(overlap, Err(Error::Malformed("IPv6 fragment overlaps another one").into()));
        assert_eq!(reassembler.accept(NOW, &fragment(100, 40, 100, 1)), Err(PacketRefusal::Discarded));
        assert_eq!(reassembler.accept(NOW, &fragment(100, 0, 40, 2)), Ok(None));
        assert_eq!(reassembler.accept(NOW, &fragment(100, 40, 100, 2)), Ok(Some(whole(100))));
    }

    #[test]
    fn an_incomplete_packet_is_forgotten_after_the_timeout() {
        let mut reassembler = PacketReassembler::default();
        reassembler.accept(NOW, &fragment(100, 0, 40, 1)).unwrap();
        assert_eq!(reassembler.deadline(), Some(NOW + PACKET_REASSEMBLY_TIMEOUT));
        assert_eq!(reassembler.expire(NOW + PACKET_REASSEMBLY_TIMEOUT), 1);
        assert_eq!(reassembler.pending(), 0);
    }

    #[test]
    fn no_more_packets_than_there_is_room_for_are_kept() {
        let mut reassembler = PacketReassembler::new(1);
        reassembler.accept(NOW, &fragment(100, 0, 40, 1)).unwrap();
        assert_eq!(reassembler.accept(NOW, &fragment(100, 0, 40, 2)), Err(PacketRefusal::Full));
        let too_long = fragment(1600, 1504, 1600, 1);
        let refused = Error::Malformed("IPv6 fragment reaches over the end of its packet");
        assert_eq!(reassembler.accept(NOW, &too_long), Err(refused.into()));
    }

    proptest! {
        #[test]
        fn fragments_in_any_order_make_up_the_packet(
            length in 1..600usize, units in 1..10usize, order in proptest::collection::vec(any::<u16>(), 600),
        ) {
            let mut pieces: Vec<(u16, Vec<u8>)> = (0..length)
                .step_by(units * 8)
                .zip(order)
                .map(|(start, key)| (key, fragment(length, start, length.min(start + units * 8), 5)))
                .collect();
            pieces.sort();
            let mut reassembler = PacketReassembler::default();
            let (last, before) = pieces.split_last().unwrap();
            for (_, piece) in before {
                prop_assert_eq!(reassembler.accept(NOW, piece), Ok(None));
            }
            prop_assert_eq!(reassembler.accept(NOW, &last.1), Ok(Some(whole(length))));
            prop_assert_eq!(reassembler.pending(), 0);
        }
    }
}
