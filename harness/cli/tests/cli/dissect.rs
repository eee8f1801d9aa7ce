//! `dissect` on captures from elsewhere and on captures that are broken.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::common::{Bundle, Outcome, call, call_in};

const ZEROS: &[u8] = &[0; 2048];

/// An IEEE 802.15.4 acknowledgement, sequence number 7, with its FCS.
const ACK: &[u8] = &[0x02, 0x00, 0x07, 0x75, 0x99];

/// A shared capture (tests/captures/README.md).
fn foreign(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

/// A pcap file, little-endian, microseconds.
fn pcap(link_type: u32, packets: &[&[u8]]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0]);
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(link_type.to_le_bytes());
    for packet in packets {
        file.extend([0; 8]);
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        file.extend(length);
        file.extend(length);
        file.extend_from_slice(packet);
    }
    file
}

/// Dissects a file with this content.
fn dissect(content: &[u8], arguments: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("capture.pcap"), content).unwrap();
    call_in(folder.path(), ["dissect", "capture.pcap"].iter().chain(arguments))
}

/// The frames of `--json`.
fn frames(outcome: &Outcome) -> Vec<Json> {
    let document = outcome.json();
    assert_eq!(document["schema"], "bootrack-dissect/1");
    document["frames"].as_array().unwrap().clone()
}

fn notes(frame: &Json) -> String {
    frame["notes"].to_string()
}

fn layers(frame: &Json) -> Vec<&str> {
    frame["layers"].as_array().unwrap().iter().map(|layer| layer["name"].as_str().unwrap()).collect()
}

/// The first value of a field in any layer.
fn field<'a>(frame: &'a Json, name: &str) -> Option<&'a Json> {
    let fields = frame["layers"].as_array()?.iter().flat_map(|layer| layer["fields"].as_array().unwrap());
    fields.into_iter().find(|field| field["name"] == name).map(|field| &field["value"])
}

#[test]
fn a_truncated_last_packet_is_said_and_the_others_are_shown() {
    let mut file = pcap(195, &[ACK, ACK]);
    file.truncate(file.len() - 2);
    let outcome = dissect(&file, &[]).expect(2).complains(&["capture.pcap", "the file ends within packet 2"]);
    assert!(outcome.out.contains("Frame 1: 5 octets") && outcome.out.contains("wpan.seq_no"), "{}", outcome.out);
    assert!(!outcome.out.contains("Frame 2"), "{}", outcome.out);
    let outcome = dissect(&file, &["--json"]).expect(2);
    assert_eq!(frames(&outcome).len(), 1);
    assert!(outcome.json()["broken_off"].as_str().unwrap().contains("packet 2"));
}

#[test]
fn an_unknown_link_type_is_named_with_the_known_ones() {
    let outcome = dissect(&pcap(147, &[ACK]), &[]).expect(0);
    assert!(
        outcome.out.contains(
            "link type 147 is not known here (known: 0, 1, 12, 101, 108, 113, 195, 215, 228, 229, 230, 276, 283)"
        ),
        "{}",
        outcome.out
    );
    assert!(notes(&frames(&dissect(&pcap(147, &[ACK]), &["--json"]).expect(0))[0]).contains("147"));
}

#[test]
fn frames_of_no_octets_and_of_more_than_any_phy_has_are_remarked_on() {
    for link_type in [195, 230] {
        let file = pcap(link_type, &[&[], ZEROS, ACK]);
        let outcome = dissect(&file, &["--json"]).expect(0);
        let frames = frames(&outcome);
        assert_eq!(frames.len(), 3);
        assert!(notes(&frames[0]).contains("no octets at all"), "{}", frames[0]);
        assert!(notes(&frames[1]).contains("more than a PSDU can have (2047)"), "{}", frames[1]);
        let text = dissect(&file, &[]).expect(0).out;
        assert!(text.contains("Frame 1: 0 octets") && text.contains("Frame 2: 2048 octets"), "{text}");
    }
    let frames = frames(&dissect(&pcap(195, &[ACK]), &["--json"]).expect(0));
    assert_eq!(field(&frames[0], "wpan.seq_no"), Some(&7.into()));
}

#[test]
fn no_octets_make_dissect_panic() {
    let mut dice = crate::common::Dice::new("dissect");
    let frames: Vec<Vec<u8>> = (0..200).map(|length| (0..length).map(|_| dice.below(256) as u8).collect()).collect();
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    for link_type in [0, 1, 12, 101, 108, 113, 195, 215, 228, 229, 230, 276, 283] {
        dissect(&pcap(link_type, &frames), &["--json"]).expect(0);
    }
}

#[test]
fn a_file_that_is_no_capture_is_refused() {
    dissect(b"", &[]).expect(2).complains(&["capture.pcap: is empty"]);
    dissect(b"no capture at all, only a line of text\n", &[]).expect(2).complains(&["is neither pcap nor pcapng"]);
    call(["dissect", "/no/such/file.pcap"]).expect(2).complains(&["/no/such/file.pcap: cannot be read"]);
}

#[test]
fn a_capture_without_packets_is_no_mistake() {
    assert!(frames(&dissect(&pcap(195, &[]), &["--json"]).expect(0)).is_empty());
}

#[test]
fn the_same_traffic_reads_alike_with_and_without_fcs() {
    let read = |name| frames(&call(["dissect".as_ref(), foreign(name).as_os_str(), "--json".as_ref()]).expect(0));
    let (with, without) = (read("fcs.pcap"), read("nofcs.pcap"));
    assert_eq!(with.len(), without.len());
    assert!(with.len() > 10);
    for (with, without) in with.iter().zip(&without) {
        assert_eq!(layers(with), layers(without));
        assert_eq!(field(with, "wpan.fcs_ok"), Some(&1.into()), "{}", with["number"]);
        assert_eq!(field(without, "wpan.fcs"), None);
    }
    assert!(with.iter().any(|frame| layers(frame).contains(&"udp")));
    assert!(with.iter().any(|frame| layers(frame).contains(&"icmpv6")));
}

#[test]
fn the_right_key_decrypts_and_a_wrong_one_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let capture = foreign("sec.pcap");
    let read = |key: &str| {
        fs::write(folder.path().join("keys"), format!("# a comment\nlink 1 {key}\n")).unwrap();
        let arguments =
            ["dissect".as_ref(), capture.as_os_str(), "--keys".as_ref(), "keys".as_ref(), "--json".as_ref()];
        frames(&call_in(folder.path(), arguments).expect(0))
    };
    let right = read("000102030405060708090a0b0c0d0e0f");
    let wrong = read("ff0102030405060708090a0b0c0d0e0f");
    // The first seven frames are levels 1 to 7 with key index 1; level 4 has no integrity code to check a key by.
    for (level, (right, wrong)) in (1..).zip(right.iter().zip(&wrong)).take(7) {
        assert_eq!(field(right, "wpan.aux_sec.sec_level"), Some(&level.into()));
        if level == 4 {
            continue;
        }
        assert_eq!(field(right, "icmpv6.type"), Some(&128.into()), "level {level}: {right}");
        assert_eq!(field(right, "icmpv6.checksum.status"), Some(&1.into()), "level {level}");
        assert!(notes(wrong).contains("matches under no known key"), "level {level}: {wrong}");
        assert_eq!(field(wrong, "icmpv6.type"), None, "level {level}");
    }
}

#[test]
fn a_bad_key_file_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["dissect".into(), foreign("sec.pcap").into_os_string(), "--keys".into(), "keys".into()];
    call_in(folder.path(), &arguments).expect(2).complains(&["keys: cannot be read"]);
    fs::write(folder.path().join("keys"), "# fine\nlink 1 0102\nlink one 000102030405060708090a0b0c0d0e0f\n").unwrap();
    call_in(folder.path(), &arguments).expect(2).complains(&[
        "keys:2:1: is no key",
        "keys:3:1: is no key",
        "32-hex-digits",
    ]);
}

#[test]
fn our_own_captures_dissect_with_the_secrets_they_carry() {
    let case = "SEL-JOIN-01";
    let run = Bundle::run([case]);
    let log = fs::read_to_string(run.file(case, "events.jsonl")).unwrap();
    let key = log.split("\"link\":{\"index\":1,\"key\":\"").nth(1).unwrap().split('"').next().unwrap();
    let keys = run.path.join("keys");
    fs::write(&keys, format!("link 1 {key}\n")).unwrap();
    let capture = run.file(case, "capture.pcapng");
    let frames = frames(
        &call(["dissect".as_ref(), capture.as_os_str(), "--keys".as_ref(), keys.as_os_str(), "--json".as_ref()])
            .expect(0),
    );
    let puts: Vec<&Json> = frames.iter().filter(|frame| field(frame, "coap.code") == Some(&3.into())).collect();
    assert!(!puts.is_empty(), "no decrypted PUT among {} frames", frames.len());
    for put in puts {
        assert_eq!(field(put, "coap.opt.uri_path"), Some(&"coap-key2".into()), "{put}");
        let fields = put["layers"].as_array().unwrap().iter().flat_map(|layer| layer["fields"].as_array().unwrap());
        let coap = fields.into_iter().find(|field| field["name"] == "coap.code").unwrap();
        assert_ne!(coap["buffer"], "frame", "{put}");
    }
}

/// Frames of a shared capture, with the ports that its protocols have there.
fn read(name: &str, arguments: &[&str]) -> Outcome {
    let capture = foreign(name);
    let ports = ["--decode-as", "udp.port==18120,radius", "--decode-as", "udp.port==21812,radius"];
    let mut all: Vec<&std::ffi::OsStr> = vec!["dissect".as_ref(), capture.as_os_str()];
    all.extend(ports.iter().chain(arguments).map(|argument| std::ffi::OsStr::new(*argument)));
    call(all).expect(0)
}

#[rstest::rstest]
#[case("coap.pcap", 40, &["eth", "ip", "udp", "dtls"])]
#[case("dtls.pcap", 33, &["eth", "ip", "udp", "dtls"])]
#[case("eapol-gpsk.pcap", 19, &["eth", "eapol", "eap", "ipv6", "icmpv6"])]
#[case("fcs.pcap", 17, &["wpan", "6lowpan", "ipv6", "udp", "coap", "icmpv6", "sel", "pana", "eap", "hip", "isakmp"])]
#[case("ikev2-psk.pcap", 6, &["eth", "ip", "udp", "udpencap", "isakmp"])]
#[case("nofcs.pcap", 17, &["wpan", "6lowpan", "ipv6", "udp", "coap", "icmpv6", "sel", "pana", "eap", "hip", "isakmp"])]
#[case("pana-eap-psk.pcapng", 21, &["eth", "ip", "udp", "pana", "radius", "eap"])]
#[case("radius-eap.pcap", 70, &["eth", "ip", "udp", "radius", "eap", "isakmp"])]
#[case("sec.pcap", 13, &["wpan"])]
#[case("tap.pcap", 17, &["wpan-tap", "wpan", "6lowpan", "ipv6", "udp", "coap", "pana", "eap", "hip", "isakmp"])]
#[case("thread-join.pcap", 80, &["wpan", "6lowpan", "ipv6", "udp", "dtls"])]
#[case("zep.pcap", 17, &["eth", "ip", "udp", "zep", "wpan", "6lowpan", "ipv6", "coap", "pana", "eap", "hip", "isakmp"])]
fn every_foreign_capture_shows_all_its_layers(#[case] name: &str, #[case] count: usize, #[case] expected: &[&str]) {
    let frames = frames(&read(name, &["--json"]));
    assert_eq!(frames.len(), count);
    for layer in expected {
        assert!(frames.iter().any(|frame| layers(frame).contains(layer)), "no {layer} in {name}");
    }
    let text = read(name, &[]).out;
    assert_eq!(text.lines().filter(|line| line.starts_with("Frame ")).count(), count);
    // No octet of a frame may command the terminal.
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
}

#[test]
fn a_frame_begins_with_a_line_that_sums_it_up() {
    let line = |name: &str, number: usize| {
        let start = format!("Frame {number}: ");
        let text = read(name, &[]).out;
        text.lines().find(|line| line.starts_with(&start)).unwrap().to_owned()
    };
    let zep = "Frame 1: 129 octets · fe80::1 → fe80::2 · eth/ip/udp/zep/wpan/6lowpan/ipv6/udp/coap · CoAP GET";
    assert_eq!(line("zep.pcap", 1), zep);
    let ike = "Frame 3: 318 octets · 10.77.0.1 → 10.77.0.2 · eth/ip/udp/udpencap/isakmp · IKEv2 IKE_AUTH";
    assert_eq!(line("ikev2-psk.pcap", 3), ike);
    let pana = "Frame 2: 82 octets · 127.0.0.1 → 127.0.0.1 · eth/ip/udp/pana · PANA authentication request";
    assert_eq!(line("pana-eap-psk.pcapng", 2), pana);
    // A relayed message is a layer of its own.
    let relay =
        "Frame 8: 128 octets · fe80::1 → fe80::2 · wpan-tap/wpan/6lowpan/ipv6/udp/pana×2 · PANA client initiation";
    assert_eq!(line("tap.pcap", 8), relay);
}

#[test]
fn a_form_that_decides_is_said_and_a_port_that_is_told_needs_none() {
    let guessed = frames(&call(["dissect".as_ref(), foreign("dtls.pcap").as_os_str(), "--json".as_ref()]).expect(0));
    assert!(notes(&guessed[0]).contains("taken for DTLS by its form"), "{}", guessed[0]);
    let told = frames(&read(
        "dtls.pcap",
        &["--decode-as", "udp.port==4433,dtls", "--decode-as", "udp.port==4435,dtls", "--json"],
    ));
    assert!(layers(&told[0]).contains(&"dtls"));
    assert!(!notes(&told[0]).contains("form"), "{}", told[0]);
    // Without a word of the user this port says nothing.
    let capture = foreign("radius-eap.pcap");
    let closed = frames(&call(["dissect".as_ref(), capture.as_os_str(), "--json".as_ref()]).expect(0));
    assert_eq!(layers(&closed[0]), ["eth", "ip", "udp"]);
}

#[rstest::rstest]
#[case("udp.port==70000,radius", "`70000` is no port")]
#[case("tcp.port==7,radius", "only UDP ports can be told")]
#[case("udp.port==7,http", "`http` is none of coap, dns, dtls, hip, isakmp, mdns, pana, radius, zep")]
#[case("radius", "write `udp.port==N,PROTOCOL`")]
fn a_bad_decode_as_is_refused_with_the_reason(#[case] value: &str, #[case] reason: &str) {
    call(["dissect", "x.pcap", "--decode-as", value]).expect(2).complains(&[reason]);
}

#[test]
fn secured_frames_open_at_every_level_and_key_mode_and_two_wrong_keys_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::write(&keys, "link 1 000102030405060708090a0b0c0d0e0f\n").unwrap();
    let frames = frames(&read("sec.pcap", &["--keys", keys.to_str().unwrap(), "--json"]));
    for (index, (level, mode)) in
        [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (5, 0), (5, 2), (5, 3)].into_iter().enumerate()
    {
        let frame = &frames[index];
        assert_eq!(field(frame, "wpan.aux_sec.sec_level"), Some(&level.into()));
        assert_eq!(field(frame, "wpan.aux_sec.key_id_mode"), Some(&mode.into()));
        assert_eq!(field(frame, "icmpv6.checksum.status"), Some(&1.into()), "{frame}");
    }
    for frame in &frames[10..12] {
        assert!(notes(frame).contains("the integrity code matches under no known key"), "{frame}");
        assert_eq!(field(frame, "icmpv6.type"), None);
    }
}

#[test]
fn fields_are_printed_in_columns_a_line_per_frame() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys"), "link 1 000102030405060708090a0b0c0d0e0f\ncontext 0 fd00:b007::/64\n")
        .unwrap();
    let capture = foreign("sec.pcap");
    let read = |fields: &[&str]| {
        let mut arguments = vec!["dissect".into(), capture.clone().into_os_string(), "--keys".into(), "keys".into()];
        for field in fields {
            arguments.extend(["--field".into(), field.into()]);
        }
        call_in(folder.path(), arguments)
    };
    let out = read(&["wpan.aux_sec.sec_level", "icmpv6.type", "wpan.aux_sec.sec_level", "ut.key"]).expect(0).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 13);
    assert_eq!(&lines[..2], ["1\t128\t1\t", "2\t128\t2\t"], "{out}");
    // A key that is not known leaves the columns of what it hides empty.
    assert_eq!(lines[10].split('\t').nth(1), Some(""), "{out}");
    read(&["wpan.nonsense"]).expect(2).complains(&["there is no field `wpan.nonsense`", "field-names.md"]);
}
