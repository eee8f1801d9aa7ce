//! Generated frames: the dissector and tshark read the same values in the same places.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use bootrack_differential::captures::{WITH_FCS, WITHOUT_FCS, pcap};
use bootrack_differential::codecs;
use bootrack_differential::compare::{Comparison, assert_no_differences, compare, dissect, foreign};
use bootrack_differential::excuses::{self, excuse, lies_elsewhere};
use bootrack_differential::generate::Rng;
use bootrack_differential::session;
use bootrack_differential::tshark::{fields, has_tshark, positions};

/// Frames that are generated.
const FRAMES: usize = 5200;
/// Packets of each other link type that are generated.
const PACKETS: usize = 1100;
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

/// Packets of the other link types, a capture each.
fn generated_captures() -> Vec<(u32, Vec<Vec<u8>>)> {
    let mut captures = vec![(WITH_FCS, generated_frames())];
    let generators: [(u32, Generator); 4] =
        [(1, Rng::ethernet), (101, Rng::raw), (WITHOUT_FCS, Rng::mpdus), (283, Rng::taps)];
    for (link_type, generate) in generators {
        let mut rng = Rng::new(0xca97_0000 | u64::from(link_type));
        let mut packets = Vec::new();
        while packets.len() < PACKETS {
            packets.extend(generate(&mut rng));
        }
        captures.push((link_type, packets));
    }
    captures
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
    for (link_type, packets) in generated_captures() {
        for dissection in dissect(&packets, link_type) {
            codecs::compare(&dissection, &mut findings);
        }
    }
    println!("{} values are the same, of {} fields", findings.equal.values().sum::<usize>(), findings.equal.len());
    println!("parsed and refused by both: {:?}", findings.layers);
    assert_no_differences(&findings.differences);
    assert!(findings.equal.values().all(|count| *count > 0), "never compared: {:?}", findings.equal);
}
