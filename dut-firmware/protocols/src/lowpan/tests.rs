//! Fragments of another stack, every refusal, and the property that fragments in any order make up the packet.

use super::*;
use crate::time::Instant;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;
use proptest::prelude::*;
use rstest::rstest;
use wire::Error;
use wire::ieee802154::{
    Address, AuxSecurityHeader, Header, KeyIdentifier, LinkAddress, PanId, SecurityLevel, ShortAddress,
};
use wire::ipv6::{self, ExtensionHeader, Ipv6Option, NextHeader, OptionKind, OptionsHeader, Packet, with_extensions};
use wire::sixlowpan::Contexts;
use wire::udp::Datagram as Udp;

const SECURED: Protection = Protection::Secured { level: SecurityLevel::EncMic32, key_index: 1 };
const NOW: Instant = Instant::ZERO;

fn extended(text: &str) -> LinkAddress {
    LinkAddress::Extended(text.parse().unwrap())
}

fn source() -> LinkAddress {
    extended("4242424242420b1a")
}

fn destination() -> LinkAddress {
    extended("90fc48c2a441fc76")
}

fn packet(payload_len: usize) -> Vec<u8> {
    let (source, destination) = (ipv6::link_local(source()), ipv6::link_local(destination()));
    let payload = (0..payload_len).map(|index| index as u8).collect();
    let datagram = Udp { source_port: 5683, destination_port: 5683, payload };
    let header = ipv6::Header::new(source, destination, NextHeader::UDP, 64);
    Packet { header, payload: datagram.to_vec(source, destination).unwrap() }.to_vec().unwrap()
}

fn fragments(payload_len: usize, max_payload: usize, tag: u16) -> Vec<Vec<u8>> {
    Fragmenter::new(tag)
        .fragment(&packet(payload_len), source(), destination(), &Contexts::default(), max_payload)
        .unwrap()
}

fn accept(
    reassembler: &mut Reassembler,
    now: Instant,
    payload: &[u8],
    protection: Protection,
) -> Result<Option<Datagram>, ReassemblyRefusal> {
    reassembler.accept(now, payload, source(), destination(), protection, &Contexts::default())
}

#[test]
fn fragments_of_a_foreign_stack_are_reassembled() {
    let first = hex::decode(concat!(
        "c0b0008e6a3305252c3a8000e07100270002a2c22d6300000000d95e0c0000000000101112131415161718191a1b1c1d1e1f20212223",
        "2425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
    ))
    .unwrap();
    let next = hex::decode(
        "e0b0008e10505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f",
    )
    .unwrap();
    let mut reassembler = Reassembler::default();
    assert_eq!(accept(&mut reassembler, NOW, &first, Protection::Plain), Ok(None));
    let datagram = accept(&mut reassembler, NOW, &next, Protection::Plain).unwrap().unwrap();
    let packet = Packet::parse(&datagram.packet).unwrap();
    assert_eq!(packet.payload.len(), 136);
    assert_eq!(packet.header.source, ipv6::link_local(source()));
    assert_eq!(&packet.payload[..8], &hex::decode("8000e07100270002").unwrap());
    assert_eq!(packet.payload.last(), Some(&0x7f));
}

#[test]
fn a_small_packet_goes_unfragmented_and_passes_through() {
    let payloads = fragments(20, 80, 1);
    assert_eq!(payloads.len(), 1);
    let datagram = accept(&mut Reassembler::default(), NOW, &payloads[0], SECURED).unwrap().unwrap();
    assert_eq!((datagram.packet, datagram.protection), (packet(20), SECURED));
}

#[test]
fn the_payload_of_a_frame_is_what_its_headers_leave() {
    let source = Address::Extended { pan: PanId(1), address: wire::Eui64([1; 8]) };
    let destination = Address::Short { pan: PanId(1), address: ShortAddress(2) };
    let header = Header::new(destination, source, 0);
    assert_eq!(max_payload(&header, None), 127 - 2 - 15);
    let level = SecurityLevel::EncMic32;
    let security = AuxSecurityHeader::new(level, 0, KeyIdentifier::Index(1));
    assert_eq!(max_payload(&header, Some(&security)), 127 - 2 - 15 - 6 - 4);
}

#[test]
fn a_packet_above_the_mtu_is_refused() {
    let bytes = packet(LINK_MTU - 47);
    let result = Fragmenter::new(0).fragment(&bytes, source(), destination(), &Contexts::default(), 80);
    assert_eq!(result, Err(FragmentError::TooBig(1281)));
    assert_eq!(fragments(LINK_MTU - 48, 80, 0).iter().map(Vec::len).max(), Some(77));
}

#[rstest]
#[case(0)]
#[case(12)]
fn frames_too_small_for_any_fragment_are_refused(#[case] max_payload: usize) {
    let result = Fragmenter::new(0).fragment(&packet(100), source(), destination(), &Contexts::default(), max_payload);
    assert_eq!(result, Err(FragmentError::PayloadTooSmall(max_payload)));
}

#[test]
fn tags_differ_from_datagram_to_datagram() {
    let mut fragmenter = Fragmenter::new(0xffff);
    let mut tags = Vec::new();
    for _ in 0..2 {
        let payloads = fragmenter.fragment(&packet(200), source(), destination(), &Contexts::default(), 80).unwrap();
        tags.push(payloads[0][2..4].to_vec());
        assert!(payloads.iter().all(|payload| payload[2..4] == payloads[0][2..4]));
    }
    assert_eq!(tags, [[0xff, 0xff], [0, 0]]);
}

#[test]
fn an_incomplete_datagram_is_discarded_after_the_timeout() {
    let payloads = fragments(100, 80, 1);
    let mut reassembler = Reassembler::default();
    accept(&mut reassembler, NOW, &payloads[0], Protection::Plain).unwrap();
    assert_eq!(reassembler.deadline(), Some(NOW + REASSEMBLY_TIMEOUT));
    assert_eq!(reassembler.expire(NOW + (REASSEMBLY_TIMEOUT - Duration::from_nanos(1))), 0);
    assert_eq!(accept(&mut reassembler, NOW + REASSEMBLY_TIMEOUT, &payloads[1], Protection::Plain), Ok(None));
    assert_eq!(reassembler.pending(), 1);
}

#[test]
fn overlapping_fragments_discard_what_was_there_and_begin_anew() {
    let payloads = fragments(200, 80, 1);
    let mut reassembler = Reassembler::default();
    accept(&mut reassembler, NOW, &payloads[0], Protection::Plain).unwrap();
    accept(&mut reassembler, NOW, &payloads[1], Protection::Plain).unwrap();
    let mut shorter = payloads[1].clone();
    shorter.truncate(5 + 16);
    let later = NOW + Duration::from_secs(1);
    assert_eq!(accept(&mut reassembler, later, &shorter, Protection::Plain), Err(ReassemblyRefusal::Overlap));
    assert_eq!(reassembler.pending(), 1);
    assert_eq!(reassembler.deadline(), Some(later + REASSEMBLY_TIMEOUT));
    let mut altered = payloads[0].clone();
    *altered.last_mut().unwrap() ^= 1;
    accept(&mut reassembler, later, &altered, Protection::Plain).unwrap();
    assert_eq!(accept(&mut reassembler, later, &payloads[0], Protection::Plain), Err(ReassemblyRefusal::Overlap));
    let mut delivered = Vec::new();
    for payload in &payloads[1..] {
        delivered.extend(accept(&mut reassembler, later, payload, Protection::Plain).unwrap());
    }
    assert_eq!(delivered.len(), 1);
    assert_eq!(delivered[0].packet, packet(200));
}

/// What a sender that was started anew does: it uses the tag of a datagram that it never finished.
#[test]
fn a_datagram_under_the_tag_of_an_unfinished_one_is_put_together() {
    for (first, second) in [(200, 200), (200, 160), (160, 200)] {
        let unfinished = fragments(first, 80, 7);
        let mut other = packet(second);
        other[47] ^= 1;
        let payloads = Fragmenter::new(7).fragment(&other, source(), destination(), &Contexts::default(), 80).unwrap();
        for left in 1..unfinished.len() {
            let mut reassembler = Reassembler::default();
            for payload in &unfinished[..left] {
                accept(&mut reassembler, NOW, payload, SECURED).unwrap();
            }
            let taken = payloads.iter().map(|payload| accept(&mut reassembler, NOW, payload, SECURED));
            let delivered: Vec<Datagram> = taken.filter_map(|taken| taken.ok().flatten()).collect();
            assert_eq!(delivered.len(), 1, "{first} {second} {left}");
            assert_eq!(delivered[0].packet, other);
        }
    }
}

#[test]
fn a_plain_fragment_neither_joins_nor_disturbs_a_secured_datagram() {
    let payloads = fragments(100, 80, 1);
    assert_eq!(payloads.len(), 2);
    let mut reassembler = Reassembler::default();
    accept(&mut reassembler, NOW, &payloads[0], SECURED).unwrap();
    assert_eq!(accept(&mut reassembler, NOW, &payloads[1], Protection::Plain), Err(ReassemblyRefusal::MixedProtection));
    let datagram = accept(&mut reassembler, NOW, &payloads[1], SECURED).unwrap().unwrap();
    assert_eq!(datagram.packet, packet(100));
}

#[test]
fn a_secured_fragment_never_completes_a_plain_datagram() {
    let payloads = fragments(100, 80, 1);
    let mut reassembler = Reassembler::default();
    accept(&mut reassembler, NOW, &payloads[0], Protection::Plain).unwrap();
    assert_eq!(accept(&mut reassembler, NOW, &payloads[1], SECURED), Err(ReassemblyRefusal::MixedProtection));
    assert_eq!(reassembler.pending(), 0);
}

#[test]
fn a_flood_of_first_fragments_pushes_out_its_own_and_not_a_datagram_that_goes_on() {
    let mut reassembler = Reassembler::new(3);
    let honest = fragments(300, 80, 1);
    accept(&mut reassembler, NOW, &honest[0], Protection::Plain).unwrap();
    accept(&mut reassembler, NOW, &honest[1], Protection::Plain).unwrap();
    for tag in 100..200 {
        assert_eq!(accept(&mut reassembler, NOW, &fragments(100, 80, tag)[0], Protection::Plain), Ok(None));
        assert!(reassembler.pending() <= 3);
    }
    assert_eq!((reassembler.take_displaced(), reassembler.take_displaced()), (98, 0));
    let last = honest.len() - 1;
    for payload in &honest[2..last] {
        accept(&mut reassembler, NOW, payload, Protection::Plain).unwrap();
    }
    assert!(accept(&mut reassembler, NOW, &honest[last], Protection::Plain).unwrap().is_some());
}

#[test]
fn when_full_a_secured_datagram_is_displaced_by_nothing() {
    let mut reassembler = Reassembler::new(2);
    accept(&mut reassembler, NOW, &fragments(100, 80, 1)[0], SECURED).unwrap();
    accept(&mut reassembler, NOW, &fragments(100, 80, 2)[0], SECURED).unwrap();
    let third = &fragments(100, 80, 3)[0];
    assert_eq!(accept(&mut reassembler, NOW, third, Protection::Plain), Err(ReassemblyRefusal::Full));
    let mut reassembler = Reassembler::new(2);
    accept(&mut reassembler, NOW, &fragments(100, 80, 1)[0], Protection::Plain).unwrap();
    accept(&mut reassembler, NOW, &fragments(100, 80, 2)[0], SECURED).unwrap();
    assert_eq!(accept(&mut reassembler, NOW, third, SECURED), Ok(None));
    assert_eq!(accept(&mut reassembler, NOW, &fragments(100, 80, 4)[0], SECURED), Err(ReassemblyRefusal::Full));
    assert!(accept(&mut reassembler, NOW, &fragments(100, 80, 2)[1], SECURED).unwrap().is_some());
}

#[rstest]
#[case::too_big("e501000110aa", ReassemblyRefusal::TooBig(1281))]
#[case::beyond_end("e030000106aabbccddeeff0011", ReassemblyRefusal::BeyondEnd)]
#[case::at_offset_0("e030000100aabbccddeeff0011", Error::Malformed("subsequent fragment at offset 0").into())]
#[case::odd_length("e040000106aabb", Error::Malformed("fragment length is no multiple of eight").into())]
#[case::empty("e040000106", Error::Malformed("fragment length is no multiple of eight").into())]
#[case::mesh("b50001000241", Error::Unsupported("mesh or broadcast header").into())]
#[case::broadcast("500141", Error::Unsupported("mesh or broadcast header").into())]
#[case::not_lowpan("00", Error::Malformed("not a 6LoWPAN frame").into())]
fn wrong_fragments_are_refused(#[case] payload: &str, #[case] refusal: ReassemblyRefusal) {
    let mut reassembler = Reassembler::default();
    let payload = hex::decode(payload).unwrap();
    assert_eq!(accept(&mut reassembler, NOW, &payload, Protection::Plain), Err(refusal));
    assert_eq!(reassembler.pending(), 0);
}

/// RFC 7400: seventeen zeros an octet, behind an IPHC header whose addresses are elided and a UDP header with its ports.
#[test]
fn a_payload_that_expands_above_the_mtu_is_refused() {
    let head = hex::decode("7e33d016331633abcd").unwrap();
    let expanding = |octets| [head.clone(), vec![0x8f; octets]].concat();
    let mut reassembler = Reassembler::default();
    let mut refusal = |octets| accept(&mut reassembler, NOW, &expanding(octets), Protection::Plain);
    assert_eq!(refusal(73), Err(ReassemblyRefusal::TooBig(48 + 73 * 17)));
    assert!(matches!(refusal(72), Ok(Some(datagram)) if datagram.packet.len() == 48 + 72 * 17));
}

/// RFC 6282 section 2: what the first fragment cannot hold is not compressed.
#[test]
fn a_long_options_header_goes_uncompressed_in_small_frames() {
    let options = OptionsHeader::padded(
        NextHeader::NONE,
        vec![Ipv6Option::Unknown { kind: OptionKind(0x1e), data: vec![7; 100] }],
    );
    let (first, payload) =
        with_extensions(vec![ExtensionHeader::Destination(options)], NextHeader::UDP, &packet(40)[40..]).unwrap();
    let header = ipv6::Header::new(ipv6::link_local(source()), ipv6::link_local(destination()), first, 64);
    let bytes = Packet { header, payload }.to_vec().unwrap();
    let mut first_octets = Vec::new();
    for max_payload in [60, 127] {
        let payloads =
            Fragmenter::new(1).fragment(&bytes, source(), destination(), &Contexts::default(), max_payload).unwrap();
        first_octets.push(payloads[0][4]);
        let mut reassembler = Reassembler::default();
        let taken: Vec<_> =
            payloads.iter().filter_map(|payload| accept(&mut reassembler, NOW, payload, SECURED).unwrap()).collect();
        assert_eq!(taken[0].packet, bytes);
    }
    // NH is 0 in the first frames, 1 in the second ones.
    assert_eq!(first_octets, [0x7a, 0x7e]);
}

proptest! {
    #[test]
    fn fragments_in_any_order_with_repeats_make_up_the_packet(
        payload_len in 0..1232usize, max_payload in 50..110usize, seed: u64,
    ) {
        let payloads = fragments(payload_len, max_payload, 7);
        prop_assert!(payloads.iter().all(|payload| payload.len() <= max_payload));
        let mut order: Vec<usize> = (0..payloads.len()).chain(0..payloads.len()).collect();
        let mut state = seed | 1;
        for index in (1..order.len()).rev() {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            order.swap(index, (state >> 33) as usize % (index + 1));
        }
        let mut reassembler = Reassembler::default();
        let mut delivered = vec![];
        for index in order {
            if delivered.is_empty() {
                delivered.extend(accept(&mut reassembler, NOW, &payloads[index], SECURED).unwrap());
            }
        }
        prop_assert_eq!(&delivered[0].packet, &packet(payload_len));
    }

    #[test]
    fn any_payloads_are_taken_without_panic(
        payloads in proptest::collection::vec((0xc0..=0xe7u8, proptest::collection::vec(any::<u8>(), 0..60)), 1..12),
    ) {
        let mut reassembler = Reassembler::default();
        for (dispatch, rest) in payloads {
            let mut payload = vec![dispatch];
            payload.extend(rest);
            let _ = accept(&mut reassembler, NOW, &payload, Protection::Plain);
            prop_assert!(reassembler.pending() <= 4);
        }
    }
}

#[test]
fn a_late_copy_of_a_finished_datagram_occupies_nothing() {
    let payloads = fragments(100, 80, 1);
    let mut reassembler = Reassembler::default();
    accept(&mut reassembler, NOW, &payloads[0], SECURED).unwrap();
    assert!(accept(&mut reassembler, NOW, &payloads[1], SECURED).unwrap().is_some());
    assert_eq!(accept(&mut reassembler, NOW, &payloads[1], SECURED), Ok(None));
    assert_eq!(reassembler.pending(), 0);
}
