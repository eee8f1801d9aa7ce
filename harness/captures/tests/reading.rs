//! Streams that are captures and streams that are not: neither panics, and what is in them comes out.

use bootrack_captures::{End, Item, NoCapture, Reader};
use proptest::prelude::*;
use rstest::rstest;

/// Numbers in the byte order of a section.
struct Order {
    is_big: bool,
}

impl Order {
    fn u16(&self, value: u16) -> [u8; 2] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(&self, value: u32) -> [u8; 4] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// A section with one interface of link type 195, its resolution and its offset.
    fn section(&self, resolution: u8, offset: i64) -> Vec<u8> {
        let offset = if self.is_big { offset.to_be_bytes() } else { offset.to_le_bytes() };
        let mut octets = [self.u32(0x0a0d_0d0a), self.u32(28), self.u32(0x1a2b_3c4d)].concat();
        octets.extend([self.u16(1), self.u16(0)].concat());
        octets.extend([0xff; 8]);
        octets.extend([self.u32(28), self.u32(1), self.u32(44)].concat());
        octets.extend([self.u16(195), self.u16(0), self.u16(0), self.u16(0), self.u16(9), self.u16(1)].concat());
        octets.extend([resolution, 0, 0, 0]);
        octets.extend([self.u16(14), self.u16(8)].concat());
        octets.extend(offset);
        octets.extend([self.u16(0), self.u16(0)].concat());
        octets.extend(self.u32(44));
        octets
    }

    /// A packet in an obsolete Packet Block.
    fn packet(&self, drops: u16, ticks: u64, packet: &[u8], original: u32) -> Vec<u8> {
        let mut padded = packet.to_vec();
        padded.resize(packet.len().next_multiple_of(4), 0);
        let total = self.u32(32 + padded.len() as u32);
        let mut block = [self.u32(2), total].concat();
        block.extend([self.u16(0), self.u16(drops)].concat());
        for word in [(ticks >> 32) as u32, (ticks & 0xffff_ffff) as u32, packet.len() as u32, original] {
            block.extend(self.u32(word));
        }
        block.extend(padded);
        block.extend(total);
        block
    }
}

const LITTLE: Order = Order { is_big: false };

/// Time, octets and original length of a packet.
type Read = (Option<u64>, Vec<u8>, usize);

/// What a stream has: packets, losses, and how it ends.
fn read(octets: &[u8]) -> Result<(Vec<Read>, u64, End), NoCapture> {
    let (mut packets, mut lost) = (Vec::new(), 0);
    let end = Reader::new(octets)?.read(|item| {
        match item {
            Item::Packet(packet) => packets.push((packet.at, packet.bytes.to_vec(), packet.original_length)),
            Item::Lost(count) => lost += count,
            Item::KeyLog(_) => {}
        }
        true
    });
    Ok((packets, lost, end))
}

#[rstest]
#[case(6, 0, 1_500_000, 1_500_000_000)]
#[case(9, 0, 1_500_000_000, 1_500_000_000)]
#[case(0, 0, 7, 7_000_000_000)]
#[case(0x80 | 20, 0, 1_572_864, 1_500_000_000)]
#[case(0x80 | 127, 0, u64::MAX, 0)]
#[case(39, 0, u64::MAX, 0)]
#[case(0, 0, u64::MAX, u64::MAX)]
#[case(6, 100, 0, 100_000_000_000)]
// Before 1970 there is nothing.
#[case(6, -100, 1, 0)]
#[case(0, i64::MIN, 0, 0)]
#[case(0, i64::MAX, u64::MAX, u64::MAX)]
fn time_stamps_of_every_resolution_are_read_in_both_byte_orders(
    #[values(false, true)] is_big: bool,
    #[case] resolution: u8,
    #[case] offset: i64,
    #[case] ticks: u64,
    #[case] nanoseconds: u64,
) {
    let order = Order { is_big };
    let octets = [order.section(resolution, offset), order.packet(3, ticks, &[1, 2, 3, 4, 5], 9)].concat();
    let (packets, lost, end) = read(&octets).unwrap();
    assert_eq!(packets, [(Some(nanoseconds), vec![1, 2, 3, 4, 5], 9)]);
    assert_eq!((lost, end), (3, End { packets: 1, broken_off: None }));
}

#[test]
fn a_packet_block_that_is_too_short_for_its_packet_ends_the_reading() {
    let mut block = LITTLE.packet(0, 0, &[1, 2, 3, 4], 4);
    block[20] = 200;
    let (packets, _, end) = read(&[LITTLE.section(6, 0), block].concat()).unwrap();
    assert_eq!((packets.len(), end.packets), (0, 0));
    assert_eq!(end.broken_off.as_deref(), Some("after packet 0: a Packet Block is too short for its packet"));
}

#[test]
fn drops_that_are_not_known_are_no_losses_and_who_wants_no_more_gets_no_more() {
    let block = LITTLE.packet(u16::MAX, 0, &[1], 1);
    let octets = [LITTLE.section(6, 0), block.clone(), block].concat();
    let mut seen = 0;
    let end = Reader::new(&octets[..]).unwrap().read(|item| {
        assert!(matches!(item, Item::Packet(_)), "{item:?}");
        seen += 1;
        false
    });
    assert_eq!((seen, end.packets), (1, 1));
}

#[test]
fn nothing_is_no_capture_and_neither_is_nothing_that_was_compressed() {
    assert!(matches!(read(b""), Err(NoCapture::Empty)));
    assert!(matches!(read(b"no capture, but long enough to be looked at"), Err(NoCapture::Unknown)));
    let empty = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(matches!(read(&empty), Err(NoCapture::Empty)));
    assert!(matches!(read(&[0x1f, 0x8b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(NoCapture::Io(_))));
}

proptest! {
    #[test]
    fn no_octets_panic(
        start in 0..4usize,
        octets in proptest::collection::vec(any::<u8>(), 0..200),
        resolution in any::<u8>(),
        offset in any::<i64>(),
    ) {
        let head = match start {
            0 => Vec::new(),
            1 => vec![0x1f, 0x8b, 8, 0],
            2 => Order { is_big: true }.section(resolution, offset),
            _ => [LITTLE.section(resolution, offset), vec![2, 0, 0, 0, 64, 0, 0, 0]].concat(),
        };
        let _ = read(&[head, octets].concat());
    }
}
