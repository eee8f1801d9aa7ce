//! Names by hand, the example of RFC 6763, and properties over every message.

use super::*;
use crate::Error;
use crate::ipv6::Ipv6Addr;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use rstest::rstest;

#[test]
fn pointers_are_followed_as_in_the_example_of_rfc1035() {
    // RFC 1035 section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
    let mut message = vec![0; 93];
    message[20..32].copy_from_slice(b"\x01F\x03ISI\x04ARPA\0");
    message[40..46].copy_from_slice(b"\x03FOO\xc0\x14");
    message[64..66].copy_from_slice(&[0xc0, 26]);
    let name = |offset| Name::parse(&message, offset).map(|(name, end)| (name.to_string(), end));
    assert_eq!(name(20), Ok(("F.ISI.ARPA".into(), 32)));
    assert_eq!(name(40), Ok(("FOO.F.ISI.ARPA".into(), 46)));
    assert_eq!(name(64), Ok(("ARPA".into(), 66)));
    assert_eq!(name(92), Ok((".".into(), 93)));
}

#[rstest]
#[case::to_itself(b"\xc0\x00", 0)]
#[case::forwards(b"\xc0\x02\x00", 0)]
#[case::to_the_labels_before_it(b"\x01a\xc0\x00", 0)]
#[case::in_a_circle(b"\x01a\xc0\x04\x01b\xc0\x00", 4)]
fn a_pointer_that_does_not_lead_backwards_is_refused(#[case] message: &[u8], #[case] offset: usize) {
    let error = Error::Malformed("pointer in a name that does not lead to before it");
    assert_eq!(Name::parse(message, offset).unwrap_err(), error);
}

#[rstest]
#[case::reserved_label_type(b"\x40", Error::Malformed("label type that is neither a length nor a pointer"))]
#[case::no_end(b"\x01a", Error::Truncated("name"))]
#[case::short_label(b"\x03ab", Error::Truncated("label"))]
fn what_is_no_name_is_refused(#[case] octets: &[u8], #[case] error: Error) {
    assert_eq!(Name::parse(octets, 0).unwrap_err(), error);
}

#[test]
fn a_name_has_255_octets_at_most_also_by_way_of_pointers() {
    let label: &[u8] = &[b'a'; 63];
    let longest = Name::from_labels([label, label, label, &label[..61]]).unwrap();
    assert_eq!(longest.wire_len(), MAXIMUM_LENGTH);
    assert!(Name::from_labels([label, label, label, &label[..62]]).is_err());
    let message = [longest.as_wire(), b"\x01b\xc0\x00"].concat();
    assert_eq!(Name::parse(&message, 255).unwrap_err(), Error::Malformed("name above 255 octets"));
}

#[test]
fn an_instance_name_keeps_its_dots_and_its_utf8() {
    let name = Name::from_labels(["Dr. Who's Büro".as_bytes(), b"_http", b"_tcp", b"local"]).unwrap();
    let text = name.to_string();
    assert_eq!(text, "Dr\\. Who's B\\195\\188ro._http._tcp.local");
    assert_eq!(text.parse(), Ok(name));
}

#[test]
fn names_compare_without_regard_to_case() {
    let (one, other): (Name, Name) = ("Printer.Local".parse().unwrap(), "printer.local.".parse().unwrap());
    assert!(one.eq_ignore_case(&other) && one != other);
}

#[test]
fn a_name_that_comes_again_is_a_pointer() {
    let name: Name = "_bootrack-ct._udp.local".parse().unwrap();
    let instance: Name = "ct1._bootrack-ct._udp.local".parse().unwrap();
    let record = Record {
        name: name.clone(),
        class: CLASS_IN,
        cache_flush: false,
        time_to_live: 120,
        data: RecordData::Pointer(instance),
    };
    let message = Message {
        id: 0,
        flags: Flags { response: true, authoritative: true, ..Flags::default() },
        questions: Vec::new(),
        answers: vec![record],
        authorities: Vec::new(),
        additionals: Vec::new(),
    };
    let bytes = message.to_vec().unwrap();
    let name_len = name.wire_len();
    assert_eq!(&bytes[12 + name_len + 8..], b"\x00\x06\x03ct1\xc0\x0c");
    assert_eq!(Message::parse(&bytes), Ok(message));
}

#[test]
fn data_that_is_none_of_its_type_is_kept() {
    let bytes = b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x01a\0\0\x1c\0\x01\0\0\0\x05\0\x03abc";
    let message = Message::parse(bytes).unwrap();
    let other = RecordData::Other { record_type: RecordType::AAAA, data: b"abc".to_vec() };
    assert_eq!(message.answers[0].data, other);
    assert_eq!(message.to_vec().unwrap(), bytes);
}

fn name() -> impl Strategy<Value = Name> {
    let label = proptest::collection::vec(prop::sample::select(b"ab.\\\x00\xff".to_vec()), 1..5);
    proptest::collection::vec(label, 0..6)
        .prop_map(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap())
}

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn data() -> impl Strategy<Value = RecordData> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(RecordData::A),
        any::<u128>().prop_map(|bits| RecordData::Aaaa(Ipv6Addr::from_bits(bits))),
        name().prop_map(RecordData::NameServer),
        name().prop_map(RecordData::CanonicalName),
        name().prop_map(RecordData::Pointer),
        (name(), name(), any::<[u32; 5]>()).prop_map(
            |(primary, mailbox, [serial, refresh, retry, expire, minimum])| {
                let authority = StartOfAuthority { primary, mailbox, serial, refresh, retry, expire, minimum };
                RecordData::StartOfAuthority(authority)
            }
        ),
        proptest::collection::vec(octets(20), 0..4).prop_map(RecordData::Text),
        (any::<[u16; 3]>(), name()).prop_map(|([priority, weight, port], target)| RecordData::Service {
            priority,
            weight,
            port,
            target
        }),
        proptest::collection::vec((any::<u16>(), octets(9)), 0..3).prop_map(|options| {
            RecordData::Options(options.into_iter().map(|(code, data)| EdnsOption { code, data }).collect())
        }),
        (256..=u16::MAX, octets(20))
            .prop_map(|(record_type, data)| RecordData::Other { record_type: RecordType(record_type), data }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (name(), 0..0x8000u16, any::<(bool, u32)>(), data()).prop_map(|(name, class, (cache_flush, time_to_live), data)| {
        Record { name, class, cache_flush, time_to_live, data }
    })
}

fn message() -> impl Strategy<Value = Message> {
    let question =
        (name(), any::<u16>(), 0..0x8000u16, any::<bool>()).prop_map(|(name, record_type, class, unicast_response)| {
            Question { name, record_type: RecordType(record_type), class, unicast_response }
        });
    let records = || proptest::collection::vec(record(), 0..4);
    (any::<(u16, u16)>(), proptest::collection::vec(question, 0..3), records(), records(), records()).prop_map(
        |((id, flags), questions, answers, authorities, additionals)| Message {
            id,
            // Any operation but that which has no sections.
            flags: Some(Flags::from_bits(flags)).filter(|flags| flags.opcode != STATEFUL).unwrap_or_default(),
            questions,
            answers,
            authorities,
            additionals,
        },
    )
}

#[test]
fn a_stateful_operation_is_neither_read_nor_written() {
    let unsupported = Error::Unsupported("DNS stateful operations");
    assert_eq!(Message::parse(b"\0\0\x30\0\0\0\0\0\0\0\0\0"), Err(unsupported));
    assert_eq!(Flags { opcode: STATEFUL, ..Flags::default() }.bits(), Err(unsupported));
}

proptest! {
    #[test]
    fn every_message_survives_emit_and_parse_and_stays_in_its_buffer(message in message()) {
        let bytes = message.to_vec().unwrap();
        prop_assert_eq!(&Message::parse(&bytes).unwrap(), &message);
        let mut buffer = vec![0xaa; bytes.len() + 1];
        prop_assert_eq!(message.emit(&mut buffer), Ok(bytes.len()));
        prop_assert_eq!(buffer[bytes.len()], 0xaa);
        prop_assert_eq!(message.emit(&mut buffer[..bytes.len() - 1]), Err(Error::NoRoom("DNS message")));
    }

    #[test]
    fn every_name_survives_text(name in name()) {
        prop_assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn any_bytes_parse_without_panic_and_what_parses_is_emitted_alike(
        counts in any::<[bool; 4]>(), rest in octets(80),
    ) {
        let mut bytes = vec![0, 0, 0x84, 0];
        counts.into_iter().for_each(|some| bytes.extend([0, u8::from(some)]));
        bytes.extend(rest);
        let Ok(message) = Message::parse(&bytes) else { return Ok(()) };
        // Data with a name that is none may become one where it comes to lie.
        let unread = |record: &Record| {
            matches!(record.data, RecordData::Other { record_type: RecordType(2 | 5 | 6 | 12 | 33), .. })
        };
        if !message.answers.iter().chain(&message.authorities).chain(&message.additionals).any(unread) {
            prop_assert_eq!(Message::parse(&message.to_vec().unwrap()), Ok(message));
        }
    }
}
