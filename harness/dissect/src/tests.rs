//! Table consistency; the rest is in the crate's `tests/` folder.

pub(crate) mod sealed;

use super::*;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use rstest::rstest;
use wire::icmpv6::{ErrorKind, Message};
use wire::ipv6::{ALL_NODES, Header, NextHeader, Packet};
use wire::{coap, udp};

#[test]
fn every_name_in_the_tables_is_unique_and_resolves() {
    let names: BTreeSet<&str> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(names.len(), FIELDS.len());
    let messages: BTreeSet<&str> = MESSAGES.iter().map(|message| message.name).collect();
    assert_eq!(messages.len(), MESSAGES.len());
    for message in MESSAGES {
        assert_eq!(super::message(message.name), Some(message));
        for (name, _) in message.matches {
            let info = field(name).unwrap();
            assert_eq!(info.layer, message.layer, "{name} of {}", message.name);
            assert!(matches!(info.kind, FieldKind::Uint { .. } | FieldKind::Bool));
        }
    }
}

#[rstest]
#[case("ut.anything_9", Some("ut.*"))]
#[case("ut.seq", Some("ut.seq"))]
#[case("ut.", None)]
#[case("ut.*", None)]
#[case("ut.Upper", None)]
#[case("wpan.nonsense", None)]
fn the_upper_tester_namespace_is_open_and_no_other_is(#[case] name: &str, #[case] entry: Option<&str>) {
    assert_eq!(field(name).map(|field| field.name), entry);
}

#[test]
fn upper_tester_lines_become_messages() {
    let reply = upper_tester(7, "< 3 ok state=ready");
    assert!(reply.is_message("ut.reply") && !reply.is_message("ut.event"));
    assert_eq!((reply.number("ut.seq"), reply.text("ut.status").as_deref()), (Some(3), Some("ok")));
    assert_eq!((reply.text("ut.state").as_deref(), &reply.sources[..]), (Some("ready"), &[7][..]));
    let event = upper_tester(8, "! secured t=120 key=1");
    assert!(event.is_message("ut.event"));
    assert_eq!(
        (event.text("ut.event").as_deref(), event.number("ut.t"), event.text("ut.key").as_deref()),
        (Some("secured"), Some(120), Some("1"))
    );
    let refused = upper_tester(9, "< 4 error code=busy");
    assert_eq!(
        (refused.text("ut.status").as_deref(), refused.text("ut.code").as_deref()),
        (Some("error"), Some("busy"))
    );
    let lists = upper_tester(11, "< 6 ok features=sel,psk roles=6lr text=a,b");
    let words = |name: &str| lists.fields(name).map(|field| field.value()).collect::<Vec<_>>();
    assert_eq!(words("ut.features"), [Value::Text("sel".into()), Value::Text("psk".into())]);
    assert_eq!((words("ut.roles").len(), words("ut.text")), (1, vec![Value::Text("a,b".into())]));
    let shell = upper_tester(10, "< 5 ok lines=2 text=100%25%20of%0ait");
    let lines: Vec<_> = shell.fields("ut.text").map(|field| field.value()).collect();
    assert_eq!(lines, [Value::Text("100% of".into()), Value::Text("it".into())]);
    for (value, text) in [("-", "-"), ("%zz", "%zz")] {
        let shell = upper_tester(11, &alloc::format!("< 6 ok text={value}"));
        assert_eq!(shell.text("ut.text").as_deref(), Some(text));
    }
    assert!(upper_tester(9, "nonsense").has_note(NoteKind::Malformed));
    assert!(!upper_tester(9, "> 1 reset").has_layer("ut"));
}

fn packet(next_header: NextHeader, payload: Vec<u8>) -> Vec<u8> {
    Packet { header: Header::new(ALL_NODES, ALL_NODES, next_header, 64), payload }.to_vec().unwrap()
}

fn error_about(invoking: Vec<u8>) -> Vec<u8> {
    let error = Message::Error { kind: ErrorKind::DestinationUnreachable, code: 4, parameter: 0, invoking };
    packet(NextHeader::ICMPV6, error.to_vec(ALL_NODES, ALL_NODES).unwrap())
}

#[test]
fn what_an_error_quotes_is_none_of_the_messages_that_were_sent() {
    let datagram = udp::Datagram { source_port: 40000, destination_port: coap::PORT, payload: vec![0x40, 1, 0, 7] };
    let request = packet(NextHeader::UDP, datagram.to_vec(ALL_NODES, ALL_NODES).unwrap());
    let mut dissector = Dissector::new(Keys::new());
    assert!(dissector.ipv6_packet(1, &request).is_message("coap.get"));
    let error = dissector.ipv6_packet(2, &error_about(request));
    assert!(error.is_message("icmpv6.destination_unreachable"));
    assert!(!error.is_message("coap.get") && !error.is_message("udp.datagram") && !error.has_layer("coap"));
    assert_eq!(
        (error.number("coap.mid"), error.number("udp.dstport"), error.number("ipv6.nxt")),
        (None, None, Some(58))
    );
    let quoted = error.layer("quoted").unwrap();
    assert_eq!(quoted.field("coap.mid").and_then(Field::number), Some(7));
    assert_eq!(error.fields("ipv6.nxt").filter_map(Field::number).collect::<Vec<_>>(), [58, 17]);
    assert!(error.notes.is_empty());
}

#[test]
fn errors_about_errors_are_followed_eight_deep() {
    let innermost = packet(NextHeader::NONE, Vec::new());
    let nested = (0..20).fold(innermost, |invoking, _| error_about(invoking));
    let dissection = Dissector::new(Keys::new()).ipv6_packet(1, &nested);
    assert_eq!(dissection.fields("icmpv6.type").count(), 9);
    assert_eq!(dissection.layers().filter(|layer| layer.name == "quoted").count(), 1);
}

#[test]
fn a_header_element_among_payload_elements_is_told() {
    // 2015, no sequence number, no addresses; header termination 1; a payload termination, once as it is and once with type 0.
    for (element, is_malformed) in [([0x00, 0xf8], false), ([0x00, 0x78], true)] {
        let frame = [&[0x01, 0x23, 0x00, 0x3f][..], &element].concat();
        let dissection = Dissector::new(Keys::new()).frame(1, &frame, false);
        assert_eq!(dissection.number("wpan.payload_ie.id"), Some(15), "{:?}", dissection.notes);
        assert_eq!(dissection.has_note(NoteKind::Malformed), is_malformed, "{:?}", dissection.notes);
    }
}

#[test]
fn an_empty_list_of_point_formats_is_told() {
    use wire::dtls::message_bytes;
    use wire::tls::{CipherSuite, ClientHello, Extension, ExtensionType, Handshake, ProtocolVersion};
    for (data, is_malformed) in [(vec![1, 0], false), (vec![0], true)] {
        let hello = Handshake::ClientHello(ClientHello {
            version: ProtocolVersion::DTLS_1_2,
            random: [7; 32],
            session_id: Vec::new(),
            cookie: Some(Vec::new()),
            cipher_suites: vec![CipherSuite::ECDHE_ECDSA_WITH_AES_128_CCM_8],
            compression_methods: vec![0],
            extensions: vec![Extension { extension_type: ExtensionType::EC_POINT_FORMATS, data }],
        });
        let mut body = Vec::new();
        hello.emit(&mut body).unwrap();
        let message = message_bytes(hello.msg_type(), 0, &body).unwrap();
        let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0];
        record.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
        record.extend(message);
        let datagram = udp::Datagram { source_port: 40000, destination_port: 5684, payload: record };
        let (source, destination) = ("fd00::1".parse().unwrap(), "fd00::2".parse().unwrap());
        let header = Header::new(source, destination, NextHeader::UDP, 64);
        let packet = Packet { header, payload: datagram.to_vec(source, destination).unwrap() }.to_vec().unwrap();
        let dissection = Dissector::new(Keys::new()).ipv6_packet(1, &packet);
        assert!(dissection.is_message("dtls.client_hello"), "{:?}", dissection.notes);
        assert_eq!(dissection.has_note(NoteKind::Malformed), is_malformed, "{:?}", dissection.notes);
    }
}

/// RFC 8754 section 2: Last Entry is the index of the last segment in the list, and TLVs may follow it.
#[test]
fn the_segments_of_a_segment_routing_header_end_at_the_last_entry() {
    for (last_entry, count, is_malformed) in [(0, 1, false), (1, 2, false), (2, 2, true)] {
        let mut content = vec![NextHeader::NONE.0, 5, 4, 1, last_entry, 0, 0, 0];
        content.extend([[0xfd; 16], [0xfc; 16]].concat());
        // A padding TLV of RFC 8754 section 2.1.1.2.
        content.extend([4, 6, 0, 0, 0, 0, 0, 0]);
        let dissection = Dissector::new(Keys::new()).ipv6_packet(1, &packet(NextHeader::ROUTING, content));
        assert_eq!(dissection.fields("ipv6.routing.srh.addr").count(), count, "{:?}", dissection.notes);
        assert_eq!(dissection.has_note(NoteKind::Malformed), is_malformed, "{:?}", dissection.notes);
    }
}

/// Receivers pass over such an option, and what follows it is read.
#[test]
fn an_option_of_another_length_than_its_type_has_is_told() {
    let mut content = vec![wire::ndp::ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    // A source link-layer address of three units, and an MTU of 1280.
    content.extend([1, 3]);
    content.extend([0; 22]);
    content.extend([5, 1, 0, 0, 0, 0, 5, 0]);
    let dissection = Dissector::new(Keys::new()).ipv6_packet(1, &packet(NextHeader::ICMPV6, content));
    assert!(dissection.has_note(NoteKind::Unknown) && !dissection.has_note(NoteKind::Malformed));
    assert_eq!((dissection.field("icmpv6.opt.linkaddr"), dissection.number("icmpv6.opt.mtu")), (None, Some(1280)));
}

/// What is written is read, and nothing else: of a kind of each form.
#[rstest]
#[case("link 1 000102030405060708090a0b0c0d0e0f")]
#[case("thread 000102030405060708090a0b0c0d0e0f")]
#[case("thread 000102030405060708090a0b0c0d0e0f 7")]
#[case("psk 61")]
fn a_line_of_a_key_file_is_written_as_it_is_read(#[case] line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let kind = secret_kind(words[0]).unwrap();
    let (session, secret) = kind.read(&words[1..]).unwrap();
    assert_eq!(kind.line(&session, &secret), line);
    assert!(Keys::new().add(kind.protocol, &session, &secret));
}

#[rstest]
#[case("link", &["256", "000102030405060708090a0b0c0d0e0f"])]
#[case("link", &["1", "0001"])]
#[case("link", &["000102030405060708090a0b0c0d0e0f"])]
#[case("psk", &["0", "61"])]
#[case("psk", &["6"])]
#[case("psk", &["é6"])]
#[case("dtls", &["00", "00"])]
fn what_does_not_fit_its_kind_is_no_line_of_a_key_file(#[case] kind: &str, #[case] words: &[&str]) {
    assert_eq!(secret_kind(kind).unwrap().read(words), None);
}

#[test]
fn every_kind_of_secret_has_a_word_of_its_own() {
    let words: BTreeSet<&str> = KINDS.iter().map(|kind| kind.protocol).collect();
    assert_eq!(words.len(), KINDS.len());
}
