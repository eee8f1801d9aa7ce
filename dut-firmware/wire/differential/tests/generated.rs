//! Generated frames: the dissector and tshark read the same values in the same places.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

use std::io::Write;

use bootrack_differential::captures::{WITH_FCS, WITHOUT_FCS, pcap};
use bootrack_differential::compare::{Comparison, assert_no_differences, compare, dissect};
use bootrack_differential::excuses::{is_excused, lies_elsewhere};
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
    frames.extend(rng.mac_frames());
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
    let mut differences = Vec::new();
    for (link_type, packets) in generated_captures() {
        let file = write(link_type, &packets);
        let theirs = positions(file.path());
        assert_eq!(theirs.len(), packets.len());
        for (index, (dissection, theirs)) in dissect(&packets, link_type).iter().zip(&theirs).enumerate() {
            let excused = |name| lies_elsewhere(name, dissection) || is_excused(name, dissection);
            for field in fields().filter(|field| !excused(field.name)) {
                let ours: Vec<(usize, usize)> =
                    dissection.fields(field.name).map(|field| (field.offset(), field.length())).collect();
                let theirs = theirs.get(field.name).cloned().unwrap_or_default();
                if ours != theirs {
                    differences.push(format!(
                        "link type {link_type}, frame {}: {} lies at {ours:?} here and {theirs:?} there",
                        index + 1,
                        field.name
                    ));
                }
            }
        }
    }
    assert_no_differences(&differences);
}
