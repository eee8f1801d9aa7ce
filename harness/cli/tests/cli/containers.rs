//! What people's captures look like: link types, ends of frames, compression, blocks, cut packets, key files
//! (`tests/inputs/README.md`). Each input gives what its row says here and, where tshark reads it too, what tshark reads.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use captures::{Item, Reader};
use differential::compare::{Comparison, compare_with, known_dissector};
use differential::tshark::has_tshark;
use dissect::{Captured, Dissection, LinkType, NoteKind};
use rstest::rstest;
use wire::ieee802154::Trailer;

use crate::common::{Outcome, bootrack, call, call_in};

fn input(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs").join(name)
}

fn foreign(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name)
}

fn dissect(path: &Path, arguments: &[&str]) -> Outcome {
    let all = [OsStr::new("dissect"), path.as_os_str()];
    call(all.into_iter().chain(arguments.iter().map(OsStr::new)))
}

/// The lines of `dissect --field`, columns with spaces between them, `-` for nothing.
fn values(path: &Path, fields: &[&str], more: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = fields.iter().flat_map(|field| ["--field", field]).chain(more.iter().copied()).collect();
    let column = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let row = |line: &str| line.split('\t').map(column).collect::<Vec<_>>().join(" ");
    dissect(path, &arguments).out.lines().map(row).collect()
}

/// What `dissect` prints as notes.
fn notes(path: &Path, more: &[&str]) -> Vec<String> {
    let out = dissect(path, more).out;
    out.lines().filter_map(|line| line.strip_prefix("  ! ")).map(str::to_owned).collect()
}

const FRAMES: [&str; 5] = ["wpan.frame_length", "wpan.fcs", "wpan.fcs_ok", "icmpv6.type", "icmpv6.checksum.status"];

/// Three frames of 195 and the same otherwise: a beacon request and two echo requests.
const WITH_FCS: [&str; 3] = ["8 34134 1 - -", "28 890 1 128 1", "28 17615 1 128 1"];
const WITHOUT_FCS: [&str; 3] = ["8 - - - -", "28 - - 128 1", "28 - - 128 1"];

#[rstest]
#[case("cooja-195.pcap", &[], &WITHOUT_FCS)]
#[case("c-195-cut20.pcap", &[], &["8 34134 1 - -", "28 - - 128 2", "28 - - 128 2"])]
#[case("ti-cc24xx-195.pcap", &["--fcs", "ti-cc24xx"], &["8 - 1 - -", "28 - 1 128 1", "28 - 1 128 1"])]
#[case("fcs-missing-195.pcap", &["--fcs", "none"], &WITHOUT_FCS)]
#[case("c-195-gz.pcap.gz", &[], &WITH_FCS)]
#[case("c-ng-opb.pcapng", &[], &WITH_FCS)]
#[case("c-ng-spb.pcapng", &[], &WITH_FCS)]
#[case("c-sll-113.pcap", &[], &WITH_FCS)]
#[case("c-sll2-276.pcap", &[], &WITH_FCS)]
#[case("eth-809a.pcap", &[], &WITH_FCS)]
#[case("c-215.pcap", &[], &WITH_FCS)]
#[case("zep-v2.pcap", &[], &["28 - 1 128 1"])]
#[case("zep-v3.pcap", &[], &["28 - 1 128 1"])]
#[case("tap-fcs-type-len4.pcap", &[], &["28 890 1 128 1"])]
#[case("sun-440-octets-230.pcap", &[], &["420 - - 128 1"])]
#[case("sun-fsk-440-octets-tap.pcap", &[], &["420 - 1 128 1"])]
// Controls.
#[case("c-230.pcap", &[], &WITHOUT_FCS)]
#[case("c-be-ns-195.pcap", &[], &WITH_FCS)]
#[case("c-be-us-195.pcap", &[], &WITH_FCS)]
#[case("c-le-ns-195.pcap", &[], &WITH_FCS)]
#[case("c-le-us-195.pcap", &[], &WITH_FCS)]
#[case("c-kuznetzov.pcap", &[], &WITH_FCS)]
#[case("c-snaplen0.pcap", &[], &WITH_FCS)]
#[case("c-ng-be.pcapng", &[], &WITH_FCS)]
#[case("c-ng-epb.pcapng", &[], &WITH_FCS)]
#[case("c-ng-tsresol-2pow.pcapng", &[], &WITH_FCS)]
#[case("c-ng-tsresol-crazy.pcapng", &[], &WITH_FCS)]
#[case("c-ng-tsresol9.pcapng", &[], &WITH_FCS)]
#[case("c-ng-idb-after.pcapng", &[], &["8 34134 1 - -", "28 - - 128 1"])]
#[case("c-ng-multi-if.pcapng", &[], &["8 34134 1 - -", "28 - - 128 1", "28 17615 1 128 1"])]
#[case("c-ng-bad-if.pcapng", &[], &["8 34134 1 - -", "- - - - -", "28 17615 1 128 1"])]
#[case("c-ng-unknown-block.pcapng", &[], &["28 890 1 128 1"])]
#[case("c-caplen-gt-orig.pcap", &[], &["28 890 1 128 1"])]
#[case("c-cut-last.pcap", &[], &["8 34134 1 - -", "28 890 1 128 1"])]
#[case("c-trailing-garbage.pcap", &[], &WITH_FCS)]
#[case("c-empty.pcap", &[], &[])]
#[case("c-huge-caplen.pcap", &[], &[])]
#[case("c-191.pcap", &[], &["- - - - -", "- - - - -", "- - - - -"])]
#[case("c-zero-frame.pcap", &[], &["- - - - -", "1 - - - -", "0 2051 0 - -"])]
#[case("c-zero-frame-230.pcap", &[], &["- - - - -", "1 - - - -", "2 - - - -"])]
#[case("c-tap.pcap", &[], &[
    "28 - - 128 1", "28 890 1 128 1", "28 - - 128 1", "28 890 1 128 1", "28 890 1 128 1", "28 890 1 128 1",
    "28 890 1 128 1",
    "- - - - -", "- - - - -",
])]
fn frames_are_read(#[case] name: &str, #[case] options: &[&str], #[case] expected: &[&str]) {
    assert_eq!(values(&input(name), &FRAMES, options), expected);
}

/// How reading ends, and what is said of it.
#[rstest]
#[case("c-cut-last.pcap", 2, &["the file ends within packet 3"])]
#[case("c-trailing-garbage.pcap", 2, &["the file ends within packet 4"])]
#[case("c-huge-caplen.pcap", 2, &["what follows packet 0 is no valid block"])]
#[case("c-empty.pcap", 0, &[])]
#[case("c-191.pcap", 0, &[])]
#[case("c-ng-bad-if.pcapng", 0, &[])]
fn an_end_too_early_is_told(#[case] name: &str, #[case] code: i32, #[case] told: &[&str]) {
    dissect(&input(name), &[]).expect(code).complains(told);
}

#[rstest]
#[case("sll-113-coap.pcap", &["1 meter 2048", "1 meter 34525"])]
#[case("null-0-coap.pcap", &["1 meter -", "1 meter -", "1 meter -"])]
#[case("raw-12-coap.pcap", &["1 meter -", "1 meter -"])]
fn coap_is_read_behind_what_systems_put_in_front(#[case] name: &str, #[case] expected: &[&str]) {
    assert_eq!(values(&input(name), &["coap.code", "coap.opt.uri_path", "sll.etype"], &[]), expected);
    assert_eq!(notes(&input(name), &[]), Vec::<String>::new());
}

#[rstest]
#[case("cooja-195.pcap", &["cut to 8 of 10 octets", "cut to 28 of 30 octets", "cut to 28 of 30 octets"])]
#[case("c-195-cut20.pcap", &["cut to 20 of 30 octets", "cut to 20 of 30 octets"])]
#[case("sun-440-octets-230.pcap", &[])]
#[case("sun-fsk-440-octets-tap.pcap", &[])]
#[case("zep-v3.pcap", &[])]
#[case("c-215.pcap", &[])]
#[case("tap-fcs-type-len4.pcap", &["the FCS type has more than one octet: the first one counts"])]
#[case("c-191.pcap", &["link type 191 is not known here"; 3])]
#[case("c-ng-bad-if.pcapng", &["its interface is not described in the file"])]
fn the_notes_are_these_and_no_others(#[case] name: &str, #[case] expected: &[&str]) {
    let found = notes(&input(name), &[]);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    assert!(found.iter().zip(expected).all(|(found, expected)| found.contains(expected)), "{found:?}");
}

#[test]
fn a_cut_packet_keeps_the_lengths_that_it_had() {
    let found = values(&input("c-195-cut20.pcap"), &["wpan.frame_length", "ipv6.plen"], &[]);
    assert_eq!(found, ["8 -", "28 16", "28 16"]);
}

#[test]
fn metadata_of_ti_radios_have_the_names_of_wireshark() {
    let fields = ["wpan.rssi", "wpan.correlation", "wpan.fcs_ok", "icmpv6.type"];
    let found = values(&input("ti-cc24xx-195.pcap"), &fields, &["--fcs", "ti-cc24xx"]);
    assert_eq!(found, ["-40 105 1 -", "-40 105 1 128", "-40 105 1 128"]);
}

/// Where every FCS is wrong, the option that could help is named, once.
#[rstest]
#[case("ti-cc24xx-195.pcap", &[], Some("`--fcs ti-cc24xx` reads them"))]
#[case("fcs-missing-195.pcap", &[], Some("`--fcs none` reads them"))]
#[case("c-le-us-195.pcap", &["--fcs", "32"], Some("all 3 frames have a wrong FCS"))]
#[case("ti-cc24xx-195.pcap", &["--fcs", "ti-cc24xx"], None)]
#[case("c-le-us-195.pcap", &[], None)]
#[case("cooja-195.pcap", &[], None)]
fn the_option_that_could_help_is_named(#[case] name: &str, #[case] options: &[&str], #[case] advice: Option<&str>) {
    let outcome = dissect(&input(name), options).expect(0);
    let told: Vec<&str> = outcome.err.lines().filter(|line| line.contains("wrong FCS")).collect();
    match advice {
        Some(advice) => assert!(told.len() == 1 && told[0].contains(advice), "{told:?}"),
        None => assert!(told.is_empty(), "{told:?}"),
    }
}

#[test]
fn an_fcs_of_32_bits_is_found_out_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut octets = fs::read(input("c-le-us-195.pcap")).unwrap();
    octets.truncate(24);
    for frame in [&[0x02, 0x00, 0x07, 0xff][..], &[0x02, 0x00, 0x08, 0xee]] {
        let mut psdu = frame.to_vec();
        psdu.extend(wire::ieee802154::fcs32(frame).to_le_bytes());
        let length = u32::try_from(psdu.len()).unwrap().to_le_bytes();
        octets.extend([&[0; 8][..], &length, &length, &psdu].concat());
    }
    let path = folder.path().join("fcs32.pcap");
    fs::write(&path, octets).unwrap();
    dissect(&path, &[]).expect(0).complains(&["their FCS has 32 bits: `--fcs 32` reads them"]);
    assert_eq!(values(&path, &["wpan.seq_no", "wpan.fcs_ok"], &["--fcs", "32"]), ["7 1", "8 1"]);
}

#[rstest]
#[case(&[0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd", "`zstd -d`")]
#[case(&[0x04, 0x22, 0x4d, 0x18], "is compressed with lz4", "`lz4 -d`")]
#[case(b"\xfd7zXZ\0", "is compressed with xz", "`xz -d`")]
#[case(b"BZh9", "is compressed with bzip2", "`bzip2 -d`")]
fn other_compressions_are_named_with_what_undoes_them(#[case] magic: &[u8], #[case] name: &str, #[case] tool: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), [magic, &[0; 40]].concat()).unwrap();
    call_in(folder.path(), ["dissect", "x"]).expect(2).complains(&[name, tool, "gzip is"]);
    call_in(folder.path(), ["sniff", "pcap:x"]).expect(4).complains(&[name, tool]);
}

#[test]
fn a_gzipped_capture_that_breaks_off_shows_what_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(input("c-195-gz.pcap.gz")).unwrap();
    for length in 12..whole.len() {
        fs::write(folder.path().join("x.gz"), &whole[..length]).unwrap();
        let outcome = call_in(folder.path(), ["dissect", "x.gz"]);
        assert!(outcome.code == Some(2) && !outcome.err.is_empty(), "{length}: {outcome:?}");
    }
}

#[rstest]
#[case("keylog-mixed.txt", "passed over 2 lines: secrets of a TLS key log")]
#[case("keys-thread-hash.txt", "")]
fn key_files_with_foreign_lines_are_taken(#[case] name: &str, #[case] told: &str) {
    let keys = input(name);
    let outcome = dissect(&input("c-le-us-195.pcap"), &["--keys", keys.to_str().unwrap()]).expect(0);
    assert!(outcome.err.contains(told), "{}", outcome.err);
    assert_eq!(told.is_empty(), outcome.err.is_empty(), "{}", outcome.err);
}

#[rstest]
#[case("CLIENT_RANDOM 44 55", "keys:1:1: is no key")]
#[case("LNK_1 0102", "keys:1:1: is no key")]
#[case("Client_random 4444 5555", "keys:1:1: is no key")]
#[case("\"0011\",\"0\",\"Thread hash\"", "keys:1:1: is no key")]
#[case("thread 0011", "keys:1:1: is no key")]
#[case("thread 00112233445566778899aabbccddeeff x", "keys:1:1: is no key")]
#[case("\"00112233445566778899aabbccddeeff\",\"0\",\"no hash\",\"more\"", "keys:1:1: is no key")]
fn lines_that_are_nothing_are_still_refused(#[case] line: &str, #[case] told: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys"), line).unwrap();
    let capture = input("c-le-us-195.pcap");
    let arguments = [OsStr::new("dissect"), capture.as_os_str(), OsStr::new("--keys"), OsStr::new("keys")];
    call_in(folder.path(), arguments).expect(2).complains(&[told]);
}

/// The network key of the captures `ot-*`, as Wireshark's table has it and in our words: their sequences are 0, 127 and 200.
#[rstest]
#[case("\"00112233445566778899aabbccddeeff\",\"0\",\"Thread hash\"\n", 21)]
#[case("thread 00112233445566778899aabbccddeeff\n", 21)]
// Those of the sequence 200, 199 and 201, and no others.
#[case("thread 00112233445566778899aabbccddeeff 200\n", 6)]
#[case("thread ffeeddccbbaa99887766554433221100\n", 0)]
fn the_keys_of_a_thread_network_come_of_its_network_key(#[case] key: &str, #[case] opened: usize) {
    let folder = tempfile::tempdir().unwrap();
    let addresses = "address 0xface 0x4800 ca:54:39:82:c0:1b:59:10\naddress 0xface 0x9400 d2:31:4c:20:a9:9c:6a:82\n\
                     address 0xface 0x9401 ca:54:39:82:c0:1b:59:10\n";
    fs::write(folder.path().join("keys"), [key, addresses].concat()).unwrap();
    let keys = folder.path().join("keys");
    let fields = ["wpan.aux_sec.key_index", "wpan.key_number", "link.secured"];
    let found = values(&foreign("ot-key-sequence.pcap"), &fields, &["--keys", keys.to_str().unwrap()]);
    let open: Vec<&String> = found.iter().filter(|row| row.ends_with(" 0 1")).collect();
    assert_eq!(open.len(), opened, "{found:?}");
    if opened == 21 {
        for index in ["1", "128", "73"] {
            assert!(open.iter().any(|row| row.starts_with(&format!("{index} "))), "{index}: {open:?}");
        }
    }
}

#[test]
fn a_clock_that_goes_back_is_said_once_and_the_order_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut octets = fs::read(input("c-le-us-195.pcap")).unwrap();
    // Seconds 0, 1, 2 become 5, 3, 1.
    for (offset, seconds) in [(24, 5_u32), (24 + 26, 3), (24 + 26 + 46, 1)] {
        octets[offset..offset + 4].copy_from_slice(&seconds.to_le_bytes());
    }
    let path = folder.path().join("back.pcap");
    fs::write(&path, octets).unwrap();
    assert_eq!(values(&path, &FRAMES, &[]), WITH_FCS);
    let told = notes(&path, &[]);
    assert!(told.len() == 1 && told[0].contains("the capture's clock goes back by 1.999000 s"), "{told:?}");
    let outcome = sniff(&fs::read(&path).unwrap(), &[]).expect(0).complains(&["3 frames, 0 lost"]);
    assert_eq!(outcome.out.matches("clock goes back").count(), 1, "{}", outcome.out);
}

/// `bootrack sniff pcap:-` with these octets on its standard input.
fn sniff(octets: &[u8], more: &[&str]) -> Outcome {
    use std::io::Write as _;
    let mut command = bootrack();
    command.args(["sniff", "pcap:-"]).args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Whoever has gone has what he wants.
    drop(child.stdin.take().unwrap().write_all(octets));
    let output = child.wait_with_output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[rstest]
#[case("c-ng-spb.pcapng", "3 frames, 0 lost", &["10 10", "30 30", "30 30"])]
#[case("c-ng-opb.pcapng", "3 frames, 0 lost", &["10 10", "30 30", "30 30"])]
#[case("c-195-gz.pcap.gz", "3 frames, 0 lost", &["10 10", "30 30", "30 30"])]
#[case("cooja-195.pcap", "3 frames, 0 lost", &["8 10", "28 30", "28 30"])]
#[case("c-195-cut20.pcap", "3 frames, 0 lost", &["10 10", "20 30", "20 30"])]
#[case("c-sll-113.pcap", "3 frames, 0 lost", &["26 26", "46 46", "46 46"])]
#[case("eth-809a.pcap", "3 frames, 0 lost", &["24 24", "44 44", "44 44"])]
#[case("c-215.pcap", "3 frames, 0 lost", &["16 16", "36 36", "36 36"])]
#[case("zep-v3.pcap", "1 frames, 0 lost", &["104 104"])]
#[case("raw-12-coap.pcap", "0 frames, 0 lost by the sniffer's count, 2 messages that were no frames", &[])]
#[case("c-191.pcap", "0 frames, 0 lost by the sniffer's count, 3 messages that were no frames", &[])]
#[case("c-ng-bad-if.pcapng", "2 frames, 0 lost by the sniffer's count, 1 messages that were no frames", &["10 10", "30 30"])]
fn sniff_writes_what_the_stream_has_with_the_lengths_that_it_had(
    #[case] name: &str,
    #[case] told: &str,
    #[case] lengths: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heard.pcapng");
    let octets = fs::read(input(name)).unwrap();
    sniff(&octets, &["--write", path.to_str().unwrap()]).expect(0).complains(&[told]);
    let mut found = Vec::new();
    read(&path, |packet, _| found.push(format!("{} {}", packet.bytes.len(), packet.original_length)));
    assert_eq!(found, lengths);
    // What was written reads as what was heard.
    if name != "c-ng-bad-if.pcapng" {
        let fields = ["wpan.seq_no", "wpan.fcs_ok", "icmpv6.type"];
        let heard: Vec<String> = values(&input(name), &fields, &[]).into_iter().take(lengths.len()).collect();
        assert_eq!(values(&path, &fields, &[]), heard);
    }
}

/// Drops that the obsolete Packet Block counts are losses.
#[test]
fn drops_of_obsolete_packet_blocks_are_counted() {
    let mut octets = fs::read(input("c-ng-opb.pcapng")).unwrap();
    // Of the second packet: behind the section header, the interface and the first packet.
    let second = 28 + 20 + 44;
    octets[second + 10..second + 12].copy_from_slice(&7_u16.to_le_bytes());
    sniff(&octets, &[]).expect(0).complains(&["3 frames, 7 lost"]);
}

/// Hands over the packets of a capture, and how each is dissected.
fn read(path: &Path, see: impl FnMut(&captures::Packet<'_>, Dissection)) {
    read_with(path, None, see);
}

fn read_with(path: &Path, trailer: Option<Trailer>, mut see: impl FnMut(&captures::Packet<'_>, Dissection)) {
    let mut dissector = known_dissector();
    dissector.set_trailer(trailer);
    let reader = Reader::new(fs::File::open(path).unwrap()).unwrap();
    reader.read(|item| {
        if let Item::Packet(packet) = item {
            let (number, bytes, original_length) = (packet.number, packet.bytes, packet.original_length);
            let link_type = LinkType(packet.link_type.unwrap());
            let mut dissection = Dissection::default();
            dissector.captured_into(&mut dissection, &Captured { number, link_type, bytes, original_length });
            see(&packet, dissection);
        }
        true
    });
}

/// What accuses a packet or its sender.
const ACCUSATIONS: [NoteKind; 6] = [
    NoteKind::Malformed,
    NoteKind::BadFcs,
    NoteKind::BadChecksum,
    NoteKind::WrongKey,
    NoteKind::FragmentConflict,
    NoteKind::MixedProtection,
];

/// The accusations in each packet of a capture of which so many octets are kept.
fn accusations(path: &Path, kept: impl Fn(usize) -> usize) -> Vec<Vec<(&'static str, String)>> {
    let mut dissector = known_dissector();
    let mut all = Vec::new();
    Reader::new(fs::File::open(path).unwrap()).unwrap().read(|item| {
        if let Item::Packet(packet) = item
            && let Some(link_type) = packet.link_type.map(LinkType)
        {
            let bytes = &packet.bytes[..kept(packet.bytes.len()).min(packet.bytes.len())];
            let original_length = packet.original_length.max(packet.bytes.len());
            let mut dissection = Dissection::default();
            dissector.set_time(packet.at.map(std::time::Duration::from_nanos));
            let captured = Captured { number: packet.number, link_type, bytes, original_length };
            dissector.captured_into(&mut dissection, &captured);
            let notes = dissection.notes.into_iter().filter(|note| ACCUSATIONS.contains(&note.kind));
            all.push(notes.map(|note| (note.layer, note.text.into_owned())).collect());
        }
        true
    });
    all
}

/// Every input, cut after so many octets as `tcpdump -s` does it, or by the last of them: fragments, blocks and sessions among
/// them, which make one packet out of many.
#[test]
fn inputs_are_accused_of_nothing_wherever_they_are_cut() {
    let mut count = 0;
    for entry in fs::read_dir(input("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Its link type says that the last octets are no payload, which only the FCS that they are not could refute.
        if !name.contains(".pcap") || name == "fcs-missing-195.pcap" {
            continue;
        }
        let whole = accusations(&path, |length| length);
        let check = |what: String, cut: Vec<Vec<_>>| {
            for (number, (whole, cut)) in (1..).zip(whole.iter().zip(cut)) {
                let new: Vec<_> = cut.into_iter().filter(|note| !whole.contains(note)).collect();
                assert!(new.is_empty(), "{name} {what}, packet {number}: {new:?}");
            }
        };
        for snap in (0..140).step_by(2) {
            check(format!("cut to {snap}"), accusations(&path, |_| snap));
        }
        for less in 1..16 {
            check(format!("without its last {less}"), accusations(&path, |length| length.saturating_sub(less)));
        }
        count += 1;
    }
    assert!(count >= 40, "{count} inputs");
}

/// The inputs that tshark reads to their end.
#[test]
fn tshark_reads_the_same_of_what_people_capture() {
    if !has_tshark() {
        return;
    }
    let cc24xx: &[&str] = &["-o", "wpan.fcs_format:TI CC24xx metadata"];
    let left_out = [
        "c-191.pcap",
        "c-cut-last",
        "c-huge",
        "c-trailing",
        "c-ng-bad-if",
        "c-ng-unknown",
        "c-empty",
        "c-caplen",
        // What is in packets, and when they belong together: `inputs_contents` holds them to what the RFCs say.
        "frag-",
        "retx-",
        "rfrag-",
        "iphc-",
        "dtls-",
        "coap-",
    ];
    let mut all = Comparison::default();
    let mut paths: Vec<PathBuf> = fs::read_dir(input("")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.contains(".pcap") || left_out.iter().any(|left_out| name.starts_with(left_out)) {
            continue;
        }
        let (trailer, options) = match name.as_str() {
            "ti-cc24xx-195.pcap" => (Some(Trailer::Cc24xx), cc24xx),
            // tshark has no option for it.
            "fcs-missing-195.pcap" => continue,
            _ => (None, &[][..]),
        };
        let mut dissections = Vec::new();
        read_with(&path, trailer, |_, dissection| dissections.push(dissection));
        let mut found = compare_with(&path, options, &dissections);
        found.differences.iter_mut().for_each(|difference| *difference = format!("{name}: {difference}"));
        all.add(found);
    }
    all.report("inputs from bug reports");
    for field in
        ["sll.etype", "sll.ltype", "sll.ifindex", "null.family", "wpan-nonask-phy.phr", "wpan.rssi", "zep.version"]
    {
        assert!(all.equal.contains_key(field), "{field} was never compared");
    }
}
