//! `wire::ieee802154` beside the crate `dot15d4-frame` (0.1.2), which reads plain frames of all editions: both say the same of
//! headers, addresses and information elements, but for the differences that the tests here show, each with the section
//! of IEEE 802.15.4 that decides it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bootrack_wire::ieee802154::{
    Address, Content, Elements, Frame, FrameVersion, Header, HeaderElement, LinkAddress, NestedElement, PanId,
    PayloadElement, ShortAddress,
};
use bootrack_wire::{Error, Eui64};
use dot15d4_frame as theirs;
use proptest::prelude::*;
use rstest::rstest;

fn their_address(address: Address) -> theirs::Address {
    match address.link() {
        None => theirs::Address::Absent,
        Some(LinkAddress::Short(address)) => theirs::Address::Short(address.0.to_be_bytes()),
        Some(LinkAddress::Extended(address)) => theirs::Address::Extended(address.0),
    }
}

fn link_address() -> impl Strategy<Value = Option<LinkAddress>> {
    prop_oneof![
        Just(None),
        any::<u16>().prop_map(|address| Some(LinkAddress::Short(ShortAddress(address)))),
        any::<[u8; 8]>().prop_map(|address| Some(LinkAddress::Extended(Eui64(address)))),
    ]
}

/// Plain data frames of the 2006 and the 2015 edition with addresses; PAN identifiers as the edition compresses them.
fn frame() -> impl Strategy<Value = Frame> {
    let flags = any::<(bool, bool, bool, bool)>();
    (link_address(), link_address(), any::<(u16, u16, u8)>(), flags, proptest::collection::vec(any::<u8>(), 1..40))
        .prop_map(|(to, from, (pan, other, number), (is_2015, one_pan, pending, ack), payload)| {
            let place = |pan: u16, address: Option<LinkAddress>| {
                address.map_or(Address::Absent, |address| Address::new(PanId(pan), address))
            };
            // Two extended addresses of a 2015 frame are on one PAN (2015 table 7-2, rows 7 and 8).
            let is_extended = |address: Option<LinkAddress>| matches!(address, Some(LinkAddress::Extended(_)));
            let one_pan = one_pan || is_2015 && is_extended(to) && is_extended(from);
            let (destination, source) = (place(pan, to), place(if one_pan { pan } else { other }, from));
            let mut header = match is_2015 {
                true => Header::new_2015(destination, source, Some(number)),
                false => Header { version: FrameVersion::V2006, ..Header::new(destination, source, number) },
            };
            (header.frame_pending, header.ack_request) = (pending, ack);
            Frame::new(header, Content::Data(payload))
        })
}

proptest! {
    #[test]
    fn both_say_the_same_of_headers_and_payloads(frame in frame()) {
        let mpdu = frame.to_vec().unwrap();
        let read = theirs::Frame::new(&mpdu[..]).unwrap();
        let control = read.frame_control();
        prop_assert_eq!(control.frame_type(), theirs::FrameType::Data);
        prop_assert_eq!(control.frame_pending(), frame.header.frame_pending);
        prop_assert_eq!(control.ack_request(), frame.header.ack_request);
        prop_assert_eq!(control.pan_id_compression(), frame.header.pan_id_compression);
        prop_assert_eq!(read.sequence_number(), frame.header.sequence_number);
        let without_addresses = frame.header.destination == Address::Absent && frame.header.source == Address::Absent;
        if without_addresses && frame.header.version != FrameVersion::V2015 {
            // The next test.
            return Ok(());
        }
        let addressing = read.addressing().unwrap();
        prop_assert_eq!(addressing.dst_address(), Some(their_address(frame.header.destination)));
        prop_assert_eq!(addressing.src_address(), Some(their_address(frame.header.source)));
        prop_assert_eq!(addressing.dst_pan_id().map(PanId), frame.header.destination.pan());
        if let Some(pan) = addressing.src_pan_id() {
            prop_assert_eq!(Some(PanId(pan)), frame.header.source.pan());
        }
        let Content::Data(payload) = &frame.content else { panic!("a data frame") };
        prop_assert_eq!(read.payload(), Some(&payload[..]));
    }
}

/// 2015 section 7.4.2.7 (time correction) and 7.4.4 (nested elements), on an enhanced beacon with elements of both kinds.
#[test]
fn both_read_the_same_elements() {
    let time_correction = HeaderElement::TimeCorrection { microseconds: -3, is_negative: true };
    let nested = vec![
        NestedElement::TschSynchronization { absolute_slot_number: 0x12_3456_789a, join_metric: 7 },
        NestedElement::TschTimeslot { id: 1, template: None },
        NestedElement::ChannelHopping { sequence_id: 5, details: vec![] },
    ];
    let elements = Elements::terminated(vec![time_correction], vec![PayloadElement::Mlme(nested)], false);
    let source = Address::new(PanId(0xabcd), LinkAddress::Short(ShortAddress(1)));
    let header = Header::new_2015(Address::Absent, source, Some(9));
    let mpdu = Frame { header, elements, content: Content::EnhancedBeacon(vec![]) }.to_vec().unwrap();

    let read = theirs::Frame::new(&mpdu[..]).unwrap();
    let elements = read.information_elements().unwrap();
    let ids: Vec<theirs::HeaderElementId> =
        elements.header_information_elements().map(|element| element.element_id()).collect();
    assert_eq!(ids, [theirs::HeaderElementId::TimeCorrection, theirs::HeaderElementId::HeaderTermination1]);
    let first = elements.header_information_elements().next().unwrap();
    let correction = theirs::TimeCorrection::new(first.content()).unwrap();
    assert_eq!((correction.time_correction().as_us(), correction.nack()), (-3, true));
    let mlme = elements.payload_information_elements().next().unwrap();
    assert_eq!(mlme.group_id(), theirs::PayloadGroupId::Mlme);
    let nested: Vec<(bool, Vec<u8>)> =
        mlme.nested_information_elements().map(|element| (element.is_long(), element.content().to_vec())).collect();
    let octets = [vec![0x9a, 0x78, 0x56, 0x34, 0x12, 7], vec![1], vec![5]];
    assert_eq!(nested.iter().map(|(_, content)| content.clone()).collect::<Vec<_>>(), octets);
    assert_eq!(nested.iter().map(|(is_long, _)| *is_long).collect::<Vec<_>>(), [false, false, true]);
    let synchronization = theirs::TschSynchronization::new(&nested[0].1[..]).unwrap();
    assert_eq!(synchronization.absolute_slot_number(), 0x12_3456_789a);
}

/// Only acknowledgments are without any address (2006 sections 7.2.1.1.6 and 7.2.2.3). Of another frame without one the crate
/// gives no addressing fields at all; ours says that there are none, as it must of an acknowledgment.
#[test]
fn the_crate_gives_no_absent_addresses_of_a_2006_frame_and_ours_does() {
    let header = Header { version: FrameVersion::V2006, ..Header::new(Address::Absent, Address::Absent, 1) };
    let mpdu = Frame::new(header, Content::Data(vec![1, 2])).to_vec().unwrap();
    let read = theirs::Frame::new(&mpdu[..]).unwrap();
    assert_eq!(read.addressing().and_then(|addressing| addressing.dst_address()), None, "the crate has it by now");
    assert_eq!(Frame::parse(&mpdu).unwrap().header.destination, Address::Absent);
}

/// 2015 section 7.4.2.1: the length of a header element has seven bits, of which the crate takes six.
#[rstest]
#[case::even(4, 4)]
#[case::odd(5, 4)]
fn the_crate_drops_the_last_bit_of_a_length_and_ours_reads_all(#[case] length: usize, #[case] theirs_len: usize) {
    let element = HeaderElement::VendorSpecific { vendor: [1, 2, 3], content: vec![0xaa; length - 3] };
    let header = Header::new_2015(Address::Absent, Address::Absent, Some(1));
    let elements = Elements::terminated(vec![element.clone()], vec![], false);
    let mpdu = Frame { header, elements, content: Content::Data(vec![]) }.to_vec().unwrap();
    let head = theirs::HeaderInformationElement::new(&mpdu[3..]).unwrap();
    assert_eq!(head.len(), theirs_len);
    assert_eq!(Frame::parse(&mpdu).unwrap().elements.header, [element]);
}

/// 2015 section 7.4.3.1: the group ID of a payload element has four bits, its length eleven; the crate takes three and ten, so
/// that it has no payload termination (group ID 15).
#[test]
fn the_crate_drops_a_bit_of_group_ids_and_ours_reads_all() {
    let octets = [0x00, 0xf8];
    let element = theirs::PayloadInformationElement::new(&octets[..]).unwrap();
    assert_ne!(element.group_id(), theirs::PayloadGroupId::PayloadTermination, "the crate reads it by now");
    let read = PayloadElement::parse(&mut bootrack_wire::reader::Reader::new(&octets)).unwrap();
    assert_eq!(read, PayloadElement::Termination);
}

/// 2006 section 7.2.1: a frame that ends within its addressing fields is none.
#[test]
fn neither_reads_addresses_of_a_cut_header() {
    let mpdu = [0x41, 0x98, 0x07, 0x07];
    let read =
        || theirs::Frame::new(&mpdu[..]).ok().and_then(|frame| frame.addressing().map(|read| read.src_address()));
    let read = catch_unwind(AssertUnwindSafe(read));
    assert!(matches!(read, Ok(None) | Err(_)), "an address out of nothing: {read:?}");
    assert_eq!(Frame::parse(&mpdu), Err(Error::Truncated("destination PAN identifier")));
}
