//! Generated frames: the dissector and tshark read the same values in the same places.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

use std::io::Write;

use bootrack_differential::captures::{WITH_FCS, pcap};
use bootrack_differential::compare::{assert_no_differences, compare, dissect};
use bootrack_differential::excuses::{is_excused, lies_elsewhere};
use bootrack_differential::generate::Rng;
use bootrack_differential::session;
use bootrack_differential::tshark::{fields, has_tshark, positions};

/// Frames that are generated.
const FRAMES: usize = 3000;
/// DTLS handshakes among them.
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
    while frames.len() < FRAMES {
        frames.extend(rng.psdus());
    }
    frames
}

/// A capture of `frames` in a temporary file.
fn write(frames: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&pcap(WITH_FCS, frames)).unwrap();
    file
}

#[test]
fn generated_frames_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let frames = generated_frames();
    let file = write(&frames);
    let comparison = compare(file.path(), &dissect(&frames, true));
    comparison.report("generated frames");
    // A field that never occurred proves nothing.
    let never: Vec<&str> =
        fields().map(|field| field.name).filter(|name| !comparison.equal.contains_key(name)).collect();
    assert!(never.is_empty(), "never compared: {never:?}");
}

#[test]
fn fields_of_generated_frames_lie_where_tshark_reads_them() {
    if !has_tshark() {
        return;
    }
    let frames = generated_frames();
    let file = write(&frames);
    let theirs = positions(file.path());
    assert_eq!(theirs.len(), frames.len());
    let mut differences = Vec::new();
    for (index, (dissection, theirs)) in dissect(&frames, true).iter().zip(&theirs).enumerate() {
        let excused = |name| lies_elsewhere(name, dissection) || is_excused(name, dissection);
        for field in fields().filter(|field| !excused(field.name)) {
            let ours: Vec<(usize, usize)> =
                dissection.fields(field.name).map(|field| (field.offset(), field.length())).collect();
            let theirs = theirs.get(field.name).cloned().unwrap_or_default();
            if ours != theirs {
                differences.push(format!(
                    "frame {}: {} lies at {ours:?} here and {theirs:?} there",
                    index + 1,
                    field.name
                ));
            }
        }
    }
    assert_no_differences(&differences);
}
