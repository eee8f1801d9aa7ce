//! Generated frames: the dissector and tshark read the same values in the same places.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use bootrack_differential::captures::{WITH_FCS, WITHOUT_FCS, pcap, pcap_cut};
use bootrack_differential::carried::{carried, compare_readers};
use bootrack_differential::codecs;
use bootrack_differential::compare::{
    Comparison, assert_no_differences, compare, compare_captured, compare_cut, compare_found, compare_special,
    compare_without_keys, dissect, dissect_cut, dissect_without_keys, foreign,
};
use bootrack_differential::excuses::{self, excuse, lies_elsewhere};
use bootrack_differential::generate::Rng;
use bootrack_differential::session;
use bootrack_differential::tshark::{fields, has_tshark, positions};
use dissect::NoteKind;

/// Frames that are generated.
const FRAMES: usize = 5200;
/// Packets of each other link type that are generated.
const PACKETS: usize = 1100;
/// Packets of each link type whose contents end too early.
const CUT_PACKETS: usize = 4000;
/// Packets of each link type that a capture cut.
const CAPTURE_CUT_PACKETS: usize = 1500;
/// Packets of each link type in whose contents an octet is another one.
const CHANGED_PACKETS: usize = 20000;
/// DTLS handshakes among the frames.
const SESSIONS: usize = 40;

fn generated_frames() -> Vec<Vec<u8>> {
    let mut rng = Rng::new(0xb007_7ac4);
    let mut frames = Vec::new();
    for name in ["psk", "psk-ems", "psk", "ecdhe"] {
        frames.extend(rng.session(&session(name).datagrams));
    }
    for _ in 0..SESSIONS {
        let datagrams = rng.handshake();
        frames.extend(rng.session(&datagrams));
    }
    // From a seed of their own: what is generated above does not change them.
    frames.extend(Rng::new(0x0802_1504).mac_frames());
    while frames.len() < FRAMES {
        frames.extend(rng.psdus());
    }
    frames
}

/// Makes a packet or several that belong together.
type Generator = fn(&mut Rng) -> Vec<Vec<u8>>;

/// The link types besides that of the frames.
const GENERATORS: [(u32, Generator); 4] =
    [(1, Rng::ethernet), (101, Rng::raw), (WITHOUT_FCS, Rng::mpdus), (283, Rng::taps)];

/// What else has its own front, each of which is followed by what the others are followed by.
const FRONTS: [(u32, Generator); 5] =
    [(0, Rng::loopback), (1, Rng::control4), (113, Rng::cooked), (215, Rng::phy_frames), (276, Rng::cooked_2)];

/// Packets of each of them.
const FRONT_PACKETS: usize = 400;

/// Packets of the other link types, a capture each.
fn generated_captures() -> Vec<(u32, Vec<Vec<u8>>)> {
    let mut captures = vec![(WITH_FCS, generated_frames())];
    captures.extend(GENERATORS.map(|(link_type, generate)| {
        let rng = Rng::new(0xca97_0000 | u64::from(link_type));
        (link_type, generated_packets(rng, generate, PACKETS))
    }));
    captures.extend(FRONTS.map(|(link_type, generate)| {
        let rng = Rng::new(0xf407_0000 | u64::from(link_type));
        (link_type, generated_packets(rng, generate, FRONT_PACKETS))
    }));
    captures
}

/// Packets that chance does not bring.
fn special_captures() -> Vec<(u32, Vec<Vec<u8>>)> {
    let generators: [(u32, Generator); 4] = [
        (WITH_FCS, Rng::special_frames),
        (101, Rng::special_packets),
        (1, Rng::special_ethernet),
        (283, Rng::special_taps),
    ];
    generators.map(|(link_type, generate)| (link_type, generate(&mut Rng::new(0x5bec_1a15)))).to_vec()
}

/// Packets whose contents end too early, a capture for each link type.
fn cut_captures() -> Vec<(u32, Vec<Vec<u8>>)> {
    let generators = GENERATORS.into_iter().chain([(WITH_FCS, Rng::frames as Generator)]);
    let capture = |(link_type, generate)| {
        let rng = Rng::cutting(0xc077_0000 | u64::from(link_type));
        (link_type, generated_packets(rng, generate, CUT_PACKETS))
    };
    generators.map(capture).collect()
}

/// Packets in whose contents an octet is another one. Only our own two readers are held to each other here: what Wireshark
/// makes of each of them is not known to be right.
fn changed_captures() -> Vec<(u32, Vec<Vec<u8>>)> {
    let generators =
        GENERATORS.into_iter().chain([(WITH_FCS, Rng::frames as Generator), (101, Rng::handshake_packets)]);
    let capture = |(link_type, generate)| {
        let rng = Rng::changing(0xc4a6_0000 | u64::from(link_type));
        (link_type, generated_packets(rng, generate, CHANGED_PACKETS))
    };
    generators.map(capture).collect()
}

/// What the fuzzer found on its search for what the packets above do not reach: inputs of the target `readers`.
fn found_inputs() -> Vec<Vec<u8>> {
    include_str!("../../../fuzz/corpus/readers.hex").lines().map(|line| hex::decode(line).unwrap()).collect()
}

fn generated_packets(mut rng: Rng, generate: Generator, most: usize) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while packets.len() < most {
        packets.extend(generate(&mut rng));
    }
    packets
}

/// A capture of packets in a temporary file.
fn write(link_type: u32, packets: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pcap(link_type, packets)).unwrap();
    file
}

#[test]
fn generated_frames_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    let mut messages = 0;
    for (link_type, packets) in generated_captures() {
        let file = write(link_type, &packets);
        let dissections = dissect(&packets, link_type);
        let comparison = compare(file.path(), &dissections);
        comparison.report(&format!("generated packets of link type {link_type}"));
        all.add(comparison);
        let decrypted = dissections.iter().filter(|dissection| dissection.number("dtls.decrypted") == Some(1));
        messages += decrypted.filter(|dissection| dissection.has_layer("coap")).count();
    }
    all.report("generated packets");
    all.report_excuses();
    // An excuse that nothing differs for hides what may differ one day.
    let needed = [foreign().excused, all.excused];
    let is_idle = |reason: &&str| needed.iter().all(|excused| !excused.contains_key(reason));
    let idle: Vec<&str> = excuses::all().map(|excuse| excuse.reason).filter(is_idle).collect();
    assert!(idle.is_empty(), "nothing differs for these reasons: {idle:?}");
    println!("{messages} of them hold CoAP under DTLS");
    assert!(messages >= 6, "too little was decrypted");
    // A field that never occurred proves nothing.
    let never: Vec<&str> = fields().map(|field| field.name).filter(|name| !all.equal.contains_key(name)).collect();
    assert!(never.is_empty(), "never compared: {never:?}");
}

#[test]
fn generated_packets_that_end_too_early_are_read_the_same_up_to_there() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    for (link_type, packets) in cut_captures() {
        let file = write(link_type, &packets);
        let comparison = compare_cut(file.path(), &dissect(&packets, link_type));
        comparison.report(&format!("cut packets of link type {link_type}"));
        all.add(comparison);
    }
    all.report("cut packets");
    all.report_excuses();
}

/// `tcpdump -s`, and sniffers that leave out the FCS.
#[test]
fn packets_that_a_capture_cut_are_read_the_same_up_to_there() {
    if !has_tshark() {
        return;
    }
    let generators = GENERATORS.into_iter().chain(FRONTS).chain([(WITH_FCS, Rng::frames as Generator)]);
    let mut all = Comparison::default();
    for (link_type, generate) in generators {
        let mut rng = Rng::new(0x5a9_0000 | u64::from(link_type));
        let packets = generated_packets(Rng::new(0x5a9_0000 | u64::from(link_type)), generate, CAPTURE_CUT_PACKETS);
        let captured: Vec<usize> = packets
            .iter()
            .map(|packet| match rng.below(4) {
                0 => packet.len(),
                1 => packet.len().saturating_sub(2),
                _ => rng.below(packet.len() as u64 + 1) as usize,
            })
            .collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&pcap_cut(link_type, &packets, &captured)).unwrap();
        let comparison = compare_captured(file.path(), &dissect_cut(&packets, link_type, &captured));
        comparison.report(&format!("packets of link type {link_type} that a capture cut"));
        all.add(comparison);
    }
    all.report("packets that a capture cut");
    all.report_excuses();
}

#[test]
fn special_packets_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    for (link_type, packets) in special_captures() {
        let file = write(link_type, &packets);
        all.add(compare_special(file.path(), &dissect(&packets, link_type)));
    }
    all.report("special packets");
    all.report_excuses();
}

#[test]
fn generated_packets_without_keys_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut rng = Rng::new(0x0c1e_a200);
    let mut frames = Vec::new();
    for _ in 0..SESSIONS {
        let datagrams = rng.handshake();
        frames.extend(rng.session(&datagrams));
    }
    let file = write(WITH_FCS, &frames);
    let dissections = dissect_without_keys(&frames, WITH_FCS);
    compare_without_keys(file.path(), &dissections).report("generated packets without keys");
    assert!(dissections.iter().any(|dissection| dissection.has_note(NoteKind::NoKey)));
}

#[test]
fn fields_of_generated_frames_lie_where_tshark_reads_them() {
    if !has_tshark() {
        return;
    }
    let (mut differences, mut equal, mut excused) = (Vec::new(), 0, BTreeMap::new());
    for (link_type, packets) in generated_captures() {
        let file = write(link_type, &packets);
        let theirs = positions(file.path());
        assert_eq!(theirs.len(), packets.len());
        for (index, (dissection, mut theirs)) in dissect(&packets, link_type).iter().zip(theirs).enumerate() {
            // The versions of IPv6 headers, which come behind those of IPv4, have both names there.
            let second = theirs.get("ipv6.version").map_or(0, Vec::len);
            let versions = theirs.entry("ip.version".to_owned()).or_default();
            versions.truncate(versions.len().saturating_sub(second));
            let mut places: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
            // Behind a TAP pseudo-header Wireshark counts from the frame.
            let shift = dissection.number("wpan-tap.length").unwrap_or(0) as usize;
            for field in dissection.all_fields() {
                let is_behind = field.buffer() == 0 && !field.name().starts_with("wpan-tap.");
                let offset = field.offset().saturating_sub(if is_behind { shift } else { 0 });
                places.entry(field.name()).or_default().push((offset, field.length()));
            }
            for field in fields() {
                let ours = places.remove(field.name).unwrap_or_default();
                let theirs = theirs.get(field.name).cloned().unwrap_or_default();
                if ours == theirs {
                    equal += ours.len();
                } else if let Some(excuse) = lies_elsewhere(field.name, dissection).or(excuse(field.name, dissection)) {
                    *excused.entry(excuse.reason).or_insert(0) += 1;
                } else {
                    differences.push(format!(
                        "link type {link_type}, frame {}: {} lies at {ours:?} here and {theirs:?} there",
                        index + 1,
                        field.name
                    ));
                }
            }
        }
    }
    println!("{equal} fields lie where tshark reads them");
    excused.iter().for_each(|(reason, count)| println!("- {reason}: {count}"));
    let reasons = excuses::of_positions().map(|excuse| excuse.reason);
    let idle: Vec<&str> = reasons.filter(|reason| !excused.contains_key(reason)).collect();
    assert!(idle.is_empty(), "nothing lies elsewhere for these reasons: {idle:?}");
    assert_no_differences(&differences);
}

#[test]
fn codecs_read_of_generated_packets_what_the_dissector_reads() {
    let mut findings = codecs::Findings::default();
    let captures = generated_captures().into_iter().chain(special_captures());
    for (link_type, packets) in captures.chain(cut_captures()).chain(changed_captures()) {
        for dissection in dissect(&packets, link_type) {
            codecs::compare(&dissection, &mut findings);
        }
        findings.next_capture();
    }
    for (number, input) in (0..).zip(found_inputs()) {
        compare_readers(&input, number, &mut findings);
    }
    println!("{} values are the same, of {} fields", findings.equal.values().sum::<usize>(), findings.equal.len());
    println!("parsed and refused by both: {:?}", findings.layers);
    assert_no_differences(&findings.differences);
    assert!(findings.equal.values().all(|count| *count > 0), "never compared: {:?}", findings.equal);
}

/// The packets of the found inputs, a capture for each link type.
fn found_captures() -> BTreeMap<u32, Vec<Vec<u8>>> {
    let mut captures: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
    for (number, input) in (0..).zip(found_inputs()) {
        for (link_type, packet) in carried(&input, number) {
            captures.entry(link_type.0).or_default().push(packet);
        }
    }
    captures
}

#[test]
fn found_packets_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let mut all = Comparison::default();
    for (link_type, packets) in found_captures() {
        let file = write(link_type, &packets);
        all.add(compare_found(file.path(), &dissect(&packets, link_type)));
    }
    all.report("found packets");
    all.report_excuses();
    let idle: Vec<&str> =
        excuses::of_found().map(|history| history.reason).filter(|reason| !all.excused.contains_key(reason)).collect();
    assert!(idle.is_empty(), "nothing differs for these reasons: {idle:?}");
}
