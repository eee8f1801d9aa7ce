//! Information elements: octets by hand from IEEE 802.15.4-2015 section 7.4 and IEEE 802.15.9, termination rules,
//! properties.

use super::*;
use crate::reader::Reader;
use crate::writer::Writer;

fn emitted(length: usize, emit: impl FnOnce(&mut Writer<'_>) -> crate::Result<()>) -> Vec<u8> {
    let mut bytes = vec![0; length];
    emit(&mut Writer::new(&mut bytes)).unwrap();
    bytes
}

#[rstest]
#[case::csl("040d01000200", HeaderElement::Csl { phase: 1, period: 2, rendezvous_time: None })]
#[case::csl_of_a_wakeup_frame("060d010002000300", HeaderElement::Csl { phase: 1, period: 2, rendezvous_time: Some(3) })]
#[case::rit("840d01020300", HeaderElement::Rit {
    time_to_first_listen: 1, number_of_repeat_listen: 2, repeat_listen_interval: 3,
})]
#[case::rendezvous_time("820e0300", HeaderElement::RendezvousTime { rendezvous_time: 3, wakeup_interval: None })]
#[case::latest("020fff07", HeaderElement::TimeCorrection { microseconds: 2047, is_negative: false })]
#[case::earliest("020f0088", HeaderElement::TimeCorrection { microseconds: -2048, is_negative: true })]
#[case::reserved_bits("020f0010", HeaderElement::Opaque { id: 0x1e, content: vec![0, 0x10] })]
#[case::termination_1("003f", HeaderElement::Termination1)]
#[case::termination_2("803f", HeaderElement::Termination2)]
#[case::dsme("020eabcd", HeaderElement::Opaque { id: 0x1c, content: vec![0xab, 0xcd] })]
fn header_elements_are_read_and_written(#[case] octets: &str, #[case] element: HeaderElement) {
    assert_eq!(HeaderElement::parse(&mut Reader::new(&hex(octets))).unwrap(), element);
    assert_eq!(::hex::encode(emitted(element.buffer_len(), |writer| element.emit(writer))), octets);
}

#[rstest]
#[case::synchronization("061a010203040506", NestedElement::TschSynchronization {
    absolute_slot_number: 0x05_0403_0201, join_metric: 6,
})]
#[case::timeslot_by_id("011c00", NestedElement::TschTimeslot { id: 0, template: None })]
#[case::slotframe("0a1b010165000100000000001f".get(..24).unwrap(), NestedElement::TschSlotframeAndLink(vec![Slotframe {
    handle: 1, size: 101, links: vec![SlotframeLink { timeslot: 0, channel_offset: 0, options: 0 }],
}]))]
#[case::hopping("01c800", NestedElement::ChannelHopping { sequence_id: 0, details: vec![] })]
#[case::filter("021e0280", NestedElement::EnhancedBeaconFilter(BeaconFilter {
    permit_joining_on: false, minimum_link_quality: Some(0x80), response_percentage: None, attributes: vec![],
}))]
fn nested_elements_are_read_and_written(#[case] octets: &str, #[case] element: NestedElement) {
    assert_eq!(NestedElement::parse(&mut Reader::new(&hex(octets))).unwrap(), element);
    assert_eq!(::hex::encode(emitted(element.buffer_len(), |writer| element.emit(writer))), octets);
}

#[rstest]
#[case::full("08010001ab", Mpx::FullFrame { transaction_id: 1, multiplex_id: 1, frame: vec![1, 0xab] })]
#[case::compressed("0901ab", Mpx::FullFrameCompressed { multiplex_id: 1, frame: vec![1, 0xab] })]
#[case::first("0a000001010001", Mpx::FirstFragment {
    transaction_id: 1, total_size: 256, multiplex_id: 1, fragment: vec![1],
})]
#[case::next("0a01ab", Mpx::NextFragment { transaction_id: 1, number: 1, is_last: false, fragment: vec![0xab] })]
#[case::last("0c02ab", Mpx::NextFragment { transaction_id: 1, number: 2, is_last: true, fragment: vec![0xab] })]
#[case::abort("0e", Mpx::Abort { transaction_id: 1, total_size: None })]
#[case::abort_with_size("0e0004", Mpx::Abort { transaction_id: 1, total_size: Some(1024) })]
fn mpx_transfer_types_are_read_and_written(#[case] octets: &str, #[case] mpx: Mpx) {
    assert_eq!(Mpx::parse(&hex(octets)).unwrap(), mpx);
    assert_eq!(::hex::encode(emitted(mpx.buffer_len(), |writer| mpx.emit(writer))), octets);
}

/// IEEE 802.15.4-2015 table 7-6.
#[rstest]
#[case::header_elements_alone("012207040d01000200", true)]
#[case::header_elements_and_payload("012207040d01000200803f6162", true)]
#[case::header_and_payload_elements("012207040d01000200003f0080", true)]
#[case::payload_elements_alone("012207003f0080", true)]
#[case::payload_elements_and_payload("012207003f008000f86162", true)]
#[case::no_elements_although_the_header_says_so("012207", false)]
#[case::no_payload_elements_behind_termination_1("012207003f", false)]
#[case::a_cut_element("012207040d0100", false)]
#[case::a_header_element_among_payload_elements("012207003f040d01000200", false)]
#[case::a_payload_element_among_header_elements("0122070080", false)]
#[case::a_termination_with_content("012207813f00", false)]
fn element_lists_end_as_the_table_says(#[case] octets: &str, #[case] is_frame: bool) {
    match Frame::parse(&hex(octets)) {
        Ok(frame) => assert_eq!((::hex::encode(frame.to_vec().unwrap()).as_str(), is_frame), (octets, true)),
        Err(error) => assert!(!is_frame, "{error}"),
    }
}

#[test]
fn elements_that_a_reader_would_not_find_are_not_sent() {
    let csl = HeaderElement::Csl { phase: 0, period: 0, rendezvous_time: None };
    let esdu = PayloadElement::Esdu(vec![]);
    let lists = [
        (vec![csl.clone()], vec![], b"ab".as_slice()),
        (vec![HeaderElement::Termination2, csl.clone()], vec![], b""),
        (vec![csl.clone()], vec![esdu.clone()], b""),
        (vec![HeaderElement::Termination1], vec![], b""),
        (vec![HeaderElement::Termination1], vec![esdu.clone()], b"ab"),
        (vec![HeaderElement::Termination1], vec![PayloadElement::Termination, esdu.clone()], b""),
        (vec![], vec![esdu], b""),
    ];
    for (header_elements, payload, content) in lists {
        let header = Header::new_2015(Address::Absent, Address::Absent, Some(1));
        let elements = Elements { header: header_elements, payload };
        let frame = Frame { header, elements, content: Content::Data(content.to_vec()) };
        assert!(matches!(frame.to_vec(), Err(Error::Malformed(_))), "{frame:?}");
        let old = Header { version: FrameVersion::V2006, ..header };
        assert!(matches!(Frame { header: old, ..frame }.to_vec(), Err(Error::Malformed(_))));
    }
}

#[test]
fn fragments_of_a_key_management_message_come_together_again() {
    let message: Vec<u8> = (0..=255).chain(0..44).collect();
    let fragments = Mpx::fragments(3, KMP_MULTIPLEX_ID, &message, 90).unwrap();
    assert_eq!(fragments.len(), 4);
    let Mpx::FirstFragment { total_size, multiplex_id, fragment, .. } = &fragments[0] else { panic!("no start") };
    let mut assembler = MpxAssembler::new(*total_size, *multiplex_id, fragment);
    let accept = |assembler: &mut MpxAssembler, mpx: &Mpx| match mpx {
        Mpx::NextFragment { number, is_last, fragment, .. } => assembler.accept(*number, *is_last, fragment),
        _ => panic!("not a next fragment"),
    };
    assert_eq!(accept(&mut assembler, &fragments[1]), MpxProgress::Incomplete);
    assert_eq!(accept(&mut assembler, &fragments[1]), MpxProgress::Repeated);
    assert_eq!(accept(&mut assembler.clone(), &fragments[3]), MpxProgress::Conflict);
    assert_eq!(accept(&mut assembler, &fragments[2]), MpxProgress::Incomplete);
    assert_eq!(accept(&mut assembler, &fragments[3]), MpxProgress::Complete(KMP_MULTIPLEX_ID, message));
}

proptest! {
    #[test]
    fn header_elements_survive(element in strategy::header_element()) {
        let bytes = emitted(element.buffer_len(), |writer| element.emit(writer));
        prop_assert_eq!(HeaderElement::parse(&mut Reader::new(&bytes)).unwrap(), element);
    }

    #[test]
    fn payload_elements_survive(element in strategy::payload_element()) {
        let bytes = emitted(element.buffer_len(), |writer| element.emit(writer));
        prop_assert_eq!(PayloadElement::parse(&mut Reader::new(&bytes)).unwrap(), element);
    }

    #[test]
    fn nested_elements_survive(element in strategy::nested_element()) {
        let bytes = emitted(element.buffer_len(), |writer| element.emit(writer));
        prop_assert_eq!(NestedElement::parse(&mut Reader::new(&bytes)).unwrap(), element);
    }

    #[test]
    fn commands_survive(command in strategy::command()) {
        let bytes = emitted(command.buffer_len(), |writer| command.emit(writer));
        prop_assert_eq!(Command::parse(&bytes).unwrap(), command);
    }

    #[test]
    fn what_parses_is_written_as_it_was_read(bytes in proptest::collection::vec(any::<u8>(), 2..60), kind in 0..3u8) {
        // Header elements are authenticated as sent, so none may change on the way through its type.
        let mut reader = Reader::new(&bytes);
        let (again, length) = match kind {
            0 => match HeaderElement::parse(&mut reader) {
                Ok(element) => (emitted(element.buffer_len(), |writer| element.emit(writer)), element.buffer_len()),
                Err(_) => return Ok(()),
            },
            1 => match PayloadElement::parse(&mut reader) {
                Ok(element) => (emitted(element.buffer_len(), |writer| element.emit(writer)), element.buffer_len()),
                Err(_) => return Ok(()),
            },
            _ => match NestedElement::parse(&mut reader) {
                Ok(element) => (emitted(element.buffer_len(), |writer| element.emit(writer)), element.buffer_len()),
                Err(_) => return Ok(()),
            },
        };
        prop_assert_eq!(&again[..], &bytes[..length]);
    }
}
