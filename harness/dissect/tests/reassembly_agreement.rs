//! The device's reassembler and the dissector's take the same datagrams from the same fragments, be they repeated, in any
//! order, contradicting each other or malformed: what the judge says was delivered is what the device got.

use std::time::Duration;

use bootrack_dissect::{Dissector, Keys};
use proptest::prelude::*;
use protocols::lowpan::{Protection, Reassembler};
use protocols::time::Instant;
use wire::Eui64;
use wire::ieee802154::{Address, Content, Frame, Header, LinkAddress, PanId};
use wire::ipv6::{self, NextHeader};
use wire::reader::Reader;
use wire::sixlowpan::{Contexts, FragmentHeader};
use wire::writer::Writer;

const SOURCE: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 1]);
const DESTINATION: Eui64 = Eui64([2, 0, 0, 0, 0, 0, 0, 2]);

/// A fragment of a datagram of `size` octets: which part of it, and of which of several contents.
#[derive(Debug, Clone, Copy)]
struct Piece {
    tag: u16,
    size: u16,
    /// `None`: a first fragment.
    offset: Option<u8>,
    length: usize,
    content: u8,
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let size = prop_oneof![Just(80u16), Just(96)];
    let offset = prop_oneof![Just(None), (0..13u8).prop_map(Some)];
    let length = prop_oneof![Just(8usize), Just(16), Just(24), Just(32), Just(48), Just(56), Just(5), Just(0)];
    let piece = (1..3u16, size, offset, length, 0..2u8);
    let piece = piece.prop_map(|(tag, size, offset, length, content)| Piece { tag, size, offset, length, content });
    proptest::collection::vec(piece, 1..24)
}

/// The pieces of whole datagrams, one behind the other or mixed, of which some never come.
fn datagrams() -> impl Strategy<Value = Vec<Piece>> {
    let datagram = (1..3u16, prop_oneof![Just(80u16), Just(96)], 0..2u8, 0..16u8, any::<bool>());
    proptest::collection::vec(datagram, 1..6).prop_map(|all| {
        let mut pieces = Vec::new();
        for (tag, size, content, lost, is_reversed) in all {
            let piece = |offset, length| Piece { tag, size, offset, length, content };
            let rest = usize::from(size) - 64;
            let parts = [piece(None, 48), piece(Some(6), 16), piece(Some(8), rest), piece(Some(8), rest)];
            let mut parts: Vec<Piece> =
                parts.into_iter().enumerate().filter(|(at, _)| lost >> at & 1 == 0).map(|(_, part)| part).collect();
            if is_reversed {
                parts.reverse();
            }
            pieces.extend(parts);
        }
        pieces
    })
}

fn payload(piece: Piece) -> Vec<u8> {
    let Piece { tag: datagram_tag, size: datagram_size, offset, length, content } = piece;
    let (header, mut bytes) = match offset {
        Some(datagram_offset) => {
            let bytes = (0..length).map(|at| at as u8 ^ datagram_offset ^ content << 7).collect();
            (FragmentHeader::Next { datagram_size, datagram_tag, datagram_offset }, bytes)
        }
        None => {
            let link = |eui64| ipv6::link_local(LinkAddress::Extended(eui64));
            let header = ipv6::Header::new(link(SOURCE), link(DESTINATION), NextHeader::NONE, 64);
            let mut bytes = vec![0x41; 1 + ipv6::HEADER_LENGTH];
            header.emit(datagram_size - 40, &mut Writer::new(&mut bytes[1..])).unwrap();
            // The dispatch is none of the packet's octets.
            bytes.resize(1 + length.max(ipv6::HEADER_LENGTH), content);
            (FragmentHeader::First { datagram_size, datagram_tag }, bytes)
        }
    };
    let mut payload = vec![0; header.buffer_len()];
    header.emit(&mut Writer::new(&mut payload)).unwrap();
    payload.append(&mut bytes);
    payload
}

fn both_take_the_same(pieces: &[Piece]) -> Result<usize, TestCaseError> {
    let (mut reassembler, mut dissector) = (Reassembler::default(), Dissector::new(Keys::new()));
    let ends = [SOURCE, DESTINATION].map(LinkAddress::Extended);
    let mut delivered = 0;
    for (number, piece) in (1u8..).zip(pieces) {
        let payload = payload(*piece);
        let after = Duration::from_millis(number.into());
        let now = Instant::ZERO + after;
        let taken = reassembler.accept(now, &payload, ends[0], ends[1], Protection::Plain, &Contexts::default());
        let taken = taken.ok().flatten().map(|datagram| datagram.packet);
        let [source, destination] = [SOURCE, DESTINATION].map(|address| Address::Extended { pan: PanId(7), address });
        let frame = Frame::new(Header::new(destination, source, number), Content::Data(payload)).to_vec().unwrap();
        dissector.set_time(Some(after));
        let dissection = dissector.frame(number.into(), &frame, false);
        let shown =
            dissection.buffers().find(|buffer| buffer.name == "reassembled").map(|buffer| buffer.bytes.to_vec());
        // What a device passes up has the length that its header says, and none is of one fragment here.
        let is_packet = |bytes: &Vec<u8>| ipv6::Header::parse(&mut Reader::new(bytes)).is_ok();
        prop_assert_eq!(&taken, &shown.filter(is_packet), "after {} of {:?}", number, pieces);
        delivered += usize::from(taken.is_some());
    }
    Ok(delivered)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn of_any_fragments_both_take_the_same_datagrams(pieces in pieces()) {
        both_take_the_same(&pieces)?;
    }

    #[test]
    fn of_datagrams_under_the_same_tags_both_take_the_same_ones(pieces in datagrams()) {
        both_take_the_same(&pieces)?;
    }
}

#[test]
fn a_whole_datagram_is_taken_by_both() {
    let piece = |offset, length| Piece { tag: 1, size: 80, offset, length, content: 0 };
    let pieces = [piece(None, 48), piece(Some(6), 16), piece(Some(8), 16)];
    assert_eq!(both_take_the_same(&pieces).unwrap(), 1);
}
