//! The dissector over captures of foreign implementations, and over arbitrary octets.

use bootrack_dissect::{Dissection, Dissector, FieldKind, Keys, LinkType, NoteKind, UdpProtocol, Value, field};
use differential::captures::{CAPTURES, WITH_FCS, capture};
use differential::link_key;
use differential::tshark::DECODE_AS;
use proptest::prelude::*;
use rstest::rstest;
use wire::ieee802154::append_fcs;

fn dissect(name: &str, keys: Keys) -> Vec<Dissection> {
    let (link_type, frames) = capture(name);
    let mut dissector = dissector(keys);
    let link_type = LinkType(link_type);
    (1..).zip(&frames).map(|(number, frame)| dissector.packet(number, link_type, frame)).collect()
}

/// A dissector that knows the ports of the captures.
fn dissector(keys: Keys) -> Dissector {
    let mut dissector = Dissector::new(keys);
    dissector.set_heuristics(true);
    for (port, protocol) in DECODE_AS {
        dissector.decode_as(port, udp_protocol(protocol));
    }
    dissector
}

fn udp_protocol(name: &str) -> UdpProtocol {
    UdpProtocol::named(name).unwrap()
}

fn sec_keys() -> Keys {
    let mut keys = Keys::new();
    keys.add_link_key(1, link_key());
    keys
}

/// Every field is in the table, has a value of its kind that fits its width, and lies inside its buffer.
fn assert_fields_are_sound(dissection: &Dissection) {
    for layer in dissection.layers() {
        for found in layer.all_fields() {
            let (name, value) = (found.name(), found.value());
            let info = field(name).unwrap_or_else(|| panic!("{name} is not in the table"));
            let is_elsewhere = name == "link.secured" || layer.name == "quoted";
            assert!(info.layer == layer.name || is_elsewhere, "{name} in {}", layer.name);
            let fits = match (info.kind, &value) {
                (FieldKind::Uint { bits }, Value::Number(number)) => bits == 64 || *number < 1 << bits,
                (FieldKind::Bool, Value::Number(number)) => *number < 2,
                (FieldKind::Bytes, Value::Text(text)) => {
                    text.len() % 2 == 0 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
                }
                (FieldKind::Eui64, Value::Text(text)) => text.len() == 23,
                (FieldKind::Ipv6, Value::Text(text)) => text.parse::<std::net::Ipv6Addr>().is_ok(),
                (FieldKind::Text, Value::Text(_)) => true,
                _ => false,
            };
            assert!(fits, "{name} = {value:?} does not fit {:?}", info.kind);
            let bytes = dissection.buffer(found.buffer()).unwrap().bytes;
            assert!(found.offset() + found.length() <= bytes.len(), "{name} lies outside its buffer");
        }
    }
}

#[test]
fn foreign_captures_dissect_into_fields_of_the_table() {
    for name in CAPTURES {
        let dissections = dissect(name, sec_keys());
        assert!(!dissections.is_empty(), "{name}");
        dissections.iter().for_each(assert_fields_are_sound);
    }
}

/// All layers that a capture is made of, each with its count.
#[rstest]
#[case("coap.pcap", &[("dtls", 46)])]
#[case("dtls.pcap", &[("dtls", 39)])]
#[case("eapol-gpsk.pcap", &[("eapol", 8), ("eap", 7), ("icmpv6", 11)])]
#[case("ikev2-psk.pcap", &[("isakmp", 6), ("udpencap", 4)])]
#[case("pana-eap-psk.pcapng", &[("pana", 15), ("radius", 6), ("eap", 13)])]
#[case("radius-eap.pcap", &[("radius", 70), ("eap", 70), ("isakmp", 4)])]
#[case("tap.pcap", &[("wpan-tap", 17), ("wpan", 17), ("hip", 1), ("isakmp", 1), ("pana", 5), ("eap", 2), ("coap", 2)])]
#[case("zep.pcap", &[("zep", 17), ("wpan", 17), ("hip", 1), ("isakmp", 1), ("pana", 5), ("eap", 2), ("coap", 2)])]
fn every_layer_of_a_capture_is_found(#[case] name: &str, #[case] layers: &[(&str, usize)]) {
    let dissections = dissect(name, sec_keys());
    for (layer, count) in layers {
        let found = dissections.iter().flat_map(|dissection| dissection.layers()).filter(|found| found.name == *layer);
        assert_eq!(found.count(), *count, "{layer} in {name}");
    }
}

#[test]
fn the_same_frames_read_alike_in_four_encapsulations() {
    let fields = |name: &str| -> Vec<Vec<(String, Value)>> {
        let read = |dissection: &Dissection| {
            let layers = dissection.layers().skip_while(|layer| layer.name != "wpan");
            let fields = layers.flat_map(|layer| layer.all_fields().collect::<Vec<_>>());
            let fields = fields.filter(|field| !field.name().starts_with("wpan.fcs"));
            fields.map(|field| (field.name().to_owned(), field.value())).collect()
        };
        dissect(name, sec_keys()).iter().map(read).collect()
    };
    let frames = fields("fcs.pcap");
    for name in ["nofcs.pcap", "tap.pcap", "zep.pcap"] {
        assert_eq!(fields(name), frames, "{name}");
    }
}

#[test]
fn without_heuristics_and_without_a_word_of_the_user_an_odd_port_stays_closed() {
    let (_, frames) = capture("dtls.pcap");
    let mut dissector = Dissector::new(Keys::new());
    let closed = dissector.packet(1, LinkType::ETHERNET, &frames[0]);
    assert!(!closed.has_layer("dtls") && closed.notes.iter().all(|note| note.kind != NoteKind::Heuristic));
    dissector.set_heuristics(true);
    let guessed = dissector.packet(2, LinkType::ETHERNET, &frames[0]);
    assert!(guessed.has_layer("dtls") && guessed.has_note(NoteKind::Heuristic));
    let port = guessed.number("udp.dstport").unwrap() as u16;
    dissector.decode_as(port, udp_protocol("dtls"));
    let told = dissector.packet(3, LinkType::ETHERNET, &frames[0]);
    assert!(told.has_layer("dtls") && !told.has_note(NoteKind::Heuristic));
    dissector.decode_as(port, udp_protocol("radius"));
    assert!(dissector.packet(4, LinkType::ETHERNET, &frames[0]).has_layer("radius"));
}

#[test]
fn an_unknown_link_type_yields_a_note_and_no_layers() {
    let dissection = Dissector::new(Keys::new()).packet(1, LinkType(147), &[1, 2, 3]);
    assert_eq!(dissection.layers().count(), 0);
    assert!(dissection.has_note(NoteKind::Unsupported));
}

#[test]
fn frames_of_every_security_level_and_key_mode_are_decrypted() {
    let dissections = dissect("sec.pcap", sec_keys());
    let readable: Vec<bool> =
        dissections.iter().map(|dissection| dissection.is_message("icmpv6.echo_request")).collect();
    // Levels 1 to 7, level 5 with key identifier modes 0, 2 and 3; two frames under another key; one plain frame of version 2015.
    assert_eq!(readable, [[true; 10].as_slice(), &[false; 3]].concat());
    for dissection in &dissections[..10] {
        // Level 4 has no integrity code, so nothing was verified.
        assert_eq!(dissection.secured(), dissection.number("wpan.aux_sec.sec_level") != Some(4));
        assert_eq!(dissection.number("icmpv6.checksum.status"), Some(1));
    }
    for dissection in &dissections[10..12] {
        assert!(dissection.has_note(NoteKind::WrongKey));
        assert!(!dissection.secured());
    }
    assert!(dissections[12].has_note(NoteKind::Unsupported));
}

#[test]
fn without_keys_secured_frames_say_so() {
    for dissection in &dissect("sec.pcap", Keys::new())[..12] {
        assert!(dissection.has_note(NoteKind::NoKey));
        assert!(!dissection.has_layer("6lowpan"));
        assert!(!dissection.secured());
    }
}

#[test]
fn the_frame_that_completes_a_datagram_names_all_its_frames() {
    let dissections = dissect("thread-join.pcap", Keys::new());
    let whole = &dissections[30];
    assert_eq!(whole.sources, [23, 25, 27, 29, 31]);
    assert_eq!(whole.number("6lowpan.reassembled.length"), Some(475));
    assert_eq!(whole.number("udp.checksum.status"), Some(1));
    for number in [23, 25, 27, 29] {
        let part: &Dissection = &dissections[number - 1];
        assert!(part.has_note(NoteKind::FragmentIncomplete) && part.has_layer("6lowpan") && !part.has_layer("ipv6"));
        assert_eq!(part.sources, [number as u64]);
    }
}

#[test]
fn a_retried_fragment_is_marked_and_does_not_disturb_its_datagram() {
    let (_, frames) = capture("thread-join.pcap");
    let mut dissector = Dissector::new(Keys::new());
    let mut number = 0;
    let mut see = |frame: &[u8]| {
        number += 1;
        dissector.frame(number, frame, true)
    };
    for index in [22, 24, 26, 28] {
        see(&frames[index]);
        let retry = see(&frames[index]);
        assert!(retry.has_note(NoteKind::Retransmission) && !retry.has_layer("ipv6"));
    }
    let whole = see(&frames[30]);
    assert_eq!(whole.sources, [1, 3, 5, 7, 9]);
    assert!(whole.has_layer("udp"));
}

#[test]
fn a_frame_with_a_wrong_fcs_is_not_dissected_above_the_mac_header() {
    let (_, frames) = capture("fcs.pcap");
    let mut frame = frames[1].clone();
    *frame.last_mut().unwrap() ^= 1;
    let dissection = Dissector::new(Keys::new()).frame(1, &frame, true);
    assert!(dissection.has_note(NoteKind::BadFcs));
    assert_eq!(dissection.number("wpan.fcs_ok"), Some(0));
    assert!(dissection.field("wpan.src64").is_some() && !dissection.has_layer("6lowpan"));
}

proptest! {
    #[test]
    fn arbitrary_frames_never_panic(
        frames in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..130), any::<bool>()), 1..6),
    ) {
        let mut dissector = dissector(sec_keys());
        for (number, (frame, fcs)) in (0..).zip(frames) {
            assert_fields_are_sound(&dissector.frame(number, &frame, fcs));
            assert_fields_are_sound(&dissector.ipv6_packet(number, &frame));
            for link_type in LinkType::KNOWN {
                assert_fields_are_sound(&dissector.packet(number, link_type, &frame));
            }
        }
    }

    #[test]
    fn damaged_frames_of_captures_never_panic(
        name in prop::sample::select(CAPTURES.to_vec()),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let (link_type, mut frames) = capture(name);
        for (frame, at, octet) in damage {
            let frame = frame.index(frames.len());
            let at = at.index(frames[frame].len());
            frames[frame][at] = octet;
        }
        let mut dissector = dissector(sec_keys());
        for (number, mut frame) in (0..).zip(frames) {
            if link_type == WITH_FCS {
                // A right FCS lets the damage through to the upper layers.
                frame.truncate(frame.len() - 2);
                frame.truncate(frame.len() - cut.index(3));
                append_fcs(&mut frame);
            }
            assert_fields_are_sound(&dissector.packet(number, LinkType(link_type), &frame));
        }
    }
}
