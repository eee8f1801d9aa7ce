//! `bootrack monitor`: over captures of other people's stacks it finds nothing, and says how much it judged; of faults put into copies
//! of them it finds each at its frame.

use std::path::{Path, PathBuf};

use captures::{Item, Reader};
use dissect::{Captured, Dissection, Dissector, Keys, LinkType};
use rstest::rstest;

use crate::common::call;

const COAPS: &str = "riot-coaps-psk-zep.pcapng";
const MESH: &str = "riot-rpl-6lond-frag-zep.pcapng";
const ONE: &str = "02:00:00:00:00:00:00:01";
const TWO: &str = "02:00:00:00:00:00:00:02";
const THREE: &str = "02:00:00:00:00:00:00:03";

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

/// What each monitor judged.
fn judged(name: &str, dut: &str, more: &[&str]) -> Vec<(String, u64)> {
    let path = capture(name);
    let arguments = ["monitor", path.to_str().unwrap(), "--dut", dut, "--json"];
    let json = call(arguments.iter().chain(more)).expect(0).json();
    assert_eq!(json["violations"].as_array().map(Vec::len), Some(0), "{name}: {}", json["violations"]);
    let monitors = json["monitors"].as_array().unwrap().iter();
    let counts =
        monitors.map(|monitor| (monitor["id"].as_str().unwrap().to_owned(), monitor["judged"].as_u64().unwrap()));
    counts.filter(|(_, judged)| *judged > 0).collect()
}

#[rstest]
#[case::coaps_client(COAPS, ONE, &[
    ("MON-MAC-RESERVED", 12), ("MON-MAC-BROADCAST-ACK", 4), ("MON-6LO-UDP-CHECKSUM", 8), ("MON-IP-SOURCE", 12),
    ("MON-UDP-CHECKSUM", 8), ("MON-ND-RS", 4), ("MON-ND-SLLAO-RS", 4), ("MON-DTLS-DATA", 2), ("MON-DTLS-CCS", 1),
    ("MON-COAP-HEADER", 1), ("MON-COAP-REQUEST", 1), ("MON-MAC-SEQUENCE", 12), ("MON-FORM", 12), ("MON-DTLS-NONCE", 2), ("MON-COAP-MID", 1),
])]
#[case::coaps_server(COAPS, TWO, &[
    ("MON-MAC-RESERVED", 8), ("MON-MAC-BROADCAST-ACK", 2), ("MON-6LO-UDP-CHECKSUM", 6), ("MON-IP-SOURCE", 8),
    ("MON-UDP-CHECKSUM", 6), ("MON-ND-RS", 2), ("MON-ND-SLLAO-RS", 2), ("MON-DTLS-SERVER-HELLO", 1), ("MON-DTLS-COOKIE", 1),
    ("MON-DTLS-DATA", 1), ("MON-DTLS-CCS", 1), ("MON-MAC-SEQUENCE", 8), ("MON-FORM", 8), ("MON-DTLS-RANDOM", 1), ("MON-DTLS-COOKIE-BOUND", 1),
    ("MON-DTLS-NONCE", 1), ("MON-DTLS-SUITE", 1),
])]
#[case::mesh_root(MESH, ONE, &[
    ("MON-MAC-RESERVED", 74), ("MON-MAC-BROADCAST-ACK", 16), ("MON-6LO-DATAGRAM-SIZE", 51), ("MON-IP-SOURCE", 32),
    ("MON-ICMP-ECHO-REQUEST", 12), ("MON-ND-RS", 5), ("MON-ND-SLLAO-RS", 5), ("MON-RPL-DIS", 2), ("MON-RPL-DIO", 9), ("MON-RPL-DAO-ACK", 4), ("MON-RPL-PACE", 9), ("MON-MAC-SEQUENCE", 74), ("MON-6LO-TAG", 8), ("MON-6LO-ALIKE", 9),
    ("MON-FORM", 74),
])]
#[case::mesh_router(MESH, TWO, &[
    ("MON-MAC-RESERVED", 49), ("MON-MAC-BROADCAST-ACK", 15), ("MON-6LO-DATAGRAM-SIZE", 29), ("MON-IP-SOURCE", 27),
    ("MON-ICMP-CHECKSUM-ECHO", 10), ("MON-ND-RS", 4), ("MON-ND-SLLAO-RS", 4), ("MON-RPL-DIS", 1), ("MON-RPL-DIO", 10), ("MON-RPL-DAO", 2), ("MON-RPL-PACE", 10), ("MON-MAC-SEQUENCE", 49), ("MON-6LO-TAG", 6), ("MON-6LO-ALIKE", 7),
    ("MON-FORM", 49),
])]
#[case::mesh_leaf(MESH, THREE, &[
    ("MON-MAC-RESERVED", 18), ("MON-MAC-BROADCAST-ACK", 17), ("MON-IP-SOURCE", 18), ("MON-ND-RS", 5), ("MON-ND-SLLAO-RS", 5),
    ("MON-RPL-DIS", 1), ("MON-RPL-DIO", 11), ("MON-RPL-DAO", 1), ("MON-RPL-PACE", 11), ("MON-MAC-SEQUENCE", 18), ("MON-FORM", 18),
])]
#[case::hello("riot-zep-hello.pcapng", ONE, &[
    ("MON-MAC-RESERVED", 3), ("MON-MAC-BROADCAST-ACK", 3), ("MON-IP-SOURCE", 3), ("MON-ND-RS", 2), ("MON-ND-SLLAO-RS", 2),
    ("MON-RPL-DIS", 1), ("MON-MAC-SEQUENCE", 3), ("MON-FORM", 3),
])]
fn stacks_of_others_break_no_rule_and_are_judged_so_often(
    #[case] name: &str,
    #[case] dut: &str,
    #[case] table: &[(&str, u64)],
) {
    let expected: Vec<(String, u64)> = table.iter().map(|(id, count)| ((*id).to_owned(), *count)).collect();
    assert_eq!(judged(name, dut, &[]), expected);
}

#[rstest]
#[case("ot-coaps-psk.pcap", "8a:4f:9c:e1:38:d1:67:ae", 75)]
#[case("ot-mle-router-frag.pcap", "ae:be:4c:65:3e:ae:6a:c1", 82)]
#[case("ot-key-sequence.pcap", "d2:31:4c:20:a9:9c:6a:82", 101)]
#[case("ot-sed-indirect-tap.pcap", "c6:f8:7b:e2:70:db:68:8a", 82)]
#[case("ot-scan-two-networks.pcap", "7a:1d:28:77:33:8a:bd:d5", 77)]
fn open_thread_breaks_no_rule(#[case] name: &str, #[case] dut: &str, #[case] judgements: u64) {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    std::fs::write(&keys, "thread 00112233445566778899aabbccddeeff\n").unwrap();
    let sum: u64 = judged(name, dut, &["--keys", keys.to_str().unwrap()]).iter().map(|(_, judged)| judged).sum();
    assert_eq!(sum, judgements);
}

#[test]
fn a_capture_without_the_device_and_a_file_that_is_no_capture_have_their_exit_codes() {
    let path = capture(COAPS);
    call(["monitor", path.to_str().unwrap(), "--dut", "02:00:00:00:00:00:00:09"]).expect(5);
    call(["monitor", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--dut", ONE]).expect(2);
}

/// A packet of a capture, with its link type and its time.
type Frame = (u32, u64, Vec<u8>);

fn frames(name: &str) -> Vec<Frame> {
    let octets = std::fs::read(capture(name)).unwrap();
    let mut frames = Vec::new();
    Reader::new(std::io::Cursor::new(octets)).unwrap().read(|item| {
        if let Item::Packet(packet) = item {
            frames.push((packet.link_type.unwrap(), packet.at.unwrap_or_default(), packet.bytes.to_vec()));
        }
        true
    });
    frames
}

/// What the dissector makes of the `number`-th of them.
fn dissected(frames: &[Frame], number: usize) -> Dissection {
    let mut dissector = Dissector::new(Keys::new());
    let mut dissection = Dissection::default();
    for (index, (link_type, at, bytes)) in frames.iter().enumerate().take(number) {
        dissector.set_time(Some(std::time::Duration::from_nanos(*at)));
        let captured =
            Captured { number: index as u64 + 1, link_type: LinkType(*link_type), bytes, original_length: bytes.len() };
        dissector.captured_into(&mut dissection, &captured);
    }
    dissection
}

/// Where the frame begins and ends in its packet, without FCS.
fn bounds(dissection: &Dissection) -> (usize, usize) {
    let start = dissection.field("wpan.fcf").unwrap().offset();
    (start, start + usize::try_from(dissection.number("wpan.frame_length").unwrap()).unwrap())
}

/// Where a field of the frame stands in its packet: what was decompressed ends as the frame does.
fn place(dissection: &Dissection, name: &str) -> usize {
    let (start, end) = bounds(dissection);
    let field = dissection.fields(name).find(|field| field.buffer() != 0 || field.offset() >= start);
    let field = field.unwrap_or_else(|| panic!("no {name}"));
    match field.buffer() {
        0 => field.offset(),
        buffer => end - (dissection.buffer(buffer).unwrap().bytes.len() - field.offset()),
    }
}

fn write(frames: &[Frame], path: &Path) {
    let mut file: Vec<u8> = Vec::new();
    file.extend(0xa1b2_3c4d_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]);
    file.extend(frames[0].0.to_le_bytes());
    for (_, at, bytes) in frames {
        let (seconds, rest) = (u32::try_from(at / 1_000_000_000).unwrap(), u32::try_from(at % 1_000_000_000).unwrap());
        let length = u32::try_from(bytes.len()).unwrap();
        for word in [seconds, rest, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(bytes);
    }
    std::fs::write(path, file).unwrap();
}

/// A field's octets in another frame of the capture, in place of those in this one.
enum Change {
    /// The octet at this distance from the field's first, with these bits flipped.
    Flip(&'static str, usize, u8),
    /// This octet instead of the field's first.
    Set(&'static str, u8),
    /// So many octets of this field as that frame has them.
    As(&'static str, usize, usize),
}

#[rstest]
#[case::reserved_bit(COAPS, ONE, 1, Change::Flip("wpan.fcf", 0, 0x80), "MON-MAC-RESERVED")]
#[case::broadcast_asks_for_an_acknowledgement(
    COAPS,
    TWO,
    2,
    Change::Flip("wpan.fcf", 0, 0x20),
    "MON-MAC-BROADCAST-ACK"
)]
#[case::solicitation_with_hop_limit_64(COAPS, ONE, 4, Change::Flip("6lowpan.iphc.hlim", 0, 1), "MON-ND-RS")]
#[case::solicitation_with_a_code(COAPS, TWO, 3, Change::Flip("icmpv6.code", 0, 1), "MON-ND-RS")]
#[case::solicitation_with_reserved_bits(COAPS, ONE, 35, Change::Flip("icmpv6.reserved", 3, 1), "MON-ND-RS")]
#[case::solicitation_with_a_wrong_checksum(MESH, TWO, 8, Change::Flip("icmpv6.checksum", 1, 4), "MON-ND-RS")]
#[case::another_link_layer_address(
    MESH,
    THREE,
    5,
    Change::Flip("icmpv6.opt.src_linkaddr_eui64", 7, 4),
    "MON-ND-SLLAO-RS"
)]
#[case::wrong_udp_checksum(COAPS, ONE, 5, Change::Flip("6lowpan.udp.checksum", 0, 1), "MON-UDP-CHECKSUM")]
#[case::wrong_udp_checksum_of_a_server(COAPS, TWO, 7, Change::Flip("6lowpan.udp.checksum", 1, 8), "MON-UDP-CHECKSUM")]
#[case::compression_selected(COAPS, TWO, 11, Change::Flip("dtls.handshake.comp_method", 0, 1), "MON-DTLS-SERVER-HELLO")]
#[case::another_version_selected(COAPS, TWO, 11, Change::Flip("dtls.handshake.version", 1, 2), "MON-DTLS-SERVER-HELLO")]
#[case::another_suite_selected(COAPS, TWO, 11, Change::Flip("dtls.handshake.ciphersuite", 1, 1), "MON-DTLS-SUITE")]
#[case::data_of_epoch_0(COAPS, ONE, 25, Change::Flip("dtls.record.epoch", 1, 1), "MON-DTLS-DATA")]
#[case::data_of_another_version(COAPS, TWO, 27, Change::Flip("dtls.record.version", 1, 2), "MON-DTLS-DATA")]
#[case::change_of_cipher_in_epoch_1(COAPS, TWO, 21, Change::Flip("dtls.record.epoch", 1, 1), "MON-DTLS-CCS")]
#[case::reused_nonce(COAPS, ONE, 29, Change::As("dtls.app_data", 8, 25), "MON-DTLS-NONCE")]
#[case::request_that_is_an_acknowledgement(COAPS, ONE, 36, Change::Flip("coap.type", 0, 0x20), "MON-COAP-REQUEST")]
#[case::echo_request_with_a_code(MESH, ONE, 68, Change::Flip("icmpv6.code", 0, 1), "MON-ICMP-ECHO-REQUEST")]
#[case::echo_reply_with_a_wrong_checksum(
    MESH,
    TWO,
    70,
    Change::Flip("icmpv6.checksum", 0, 1),
    "MON-ICMP-CHECKSUM-ECHO"
)]
#[case::option_without_length(MESH, ONE, 9, Change::Set("icmpv6.opt.length", 0), "MON-FORM")]
fn a_fault_put_into_a_copy_is_found_at_its_frame(
    #[case] name: &str,
    #[case] dut: &str,
    #[case] number: usize,
    #[case] change: Change,
    #[case] monitor: &str,
) {
    let mut all = frames(name);
    let dissection = dissected(&all, number);
    let (start, end) = bounds(&dissection);
    match change {
        Change::Flip(field, distance, bits) => all[number - 1].2[place(&dissection, field) + distance] ^= bits,
        Change::Set(field, octet) => all[number - 1].2[place(&dissection, field)] = octet,
        Change::As(field, octets, other) => {
            let from = place(&dissected(&all, other), field);
            let taken = all[other - 1].2[from..from + octets].to_vec();
            let to = place(&dissection, field);
            all[number - 1].2[to..to + octets].copy_from_slice(&taken);
        }
    }
    if dissection.field("wpan.fcs").is_some() {
        let fcs = wire::ieee802154::fcs(&all[number - 1].2[start..end]).to_le_bytes();
        all[number - 1].2[end..end + 2].copy_from_slice(&fcs);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faulty.pcap");
    write(&all, &path);
    let outcome = call(["monitor", path.to_str().unwrap(), "--dut", dut, "--profile", "--json"]).expect(1);
    let json = outcome.json();
    let violations = json["violations"].as_array().unwrap();
    let number = number as u64;
    let is_found = violations.iter().any(|violation| {
        violation["monitor"] == monitor
            && violation["evidence"].as_array().unwrap().iter().any(|frame| *frame == number)
    });
    assert!(is_found, "{monitor} at frame {number}: {violations:?}");
    assert!(
        violations.iter().all(|violation| violation["evidence"]
            .as_array()
            .unwrap()
            .iter()
            .any(|frame| *frame == number)),
        "{violations:?}"
    );
}
