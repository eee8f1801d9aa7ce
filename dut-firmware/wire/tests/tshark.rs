//! Our dissector and tshark over the same frames: every field that both know has the same values.
//!
//! Without tshark the comparison is skipped with a line on stderr; with the environment variable `CI` set it fails.

mod common;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bootrack_wire::dissect::{Dissection, Dissector, FIELDS, FieldInfo, FieldKind, Keys, Value};
use common::generate::{CONTEXTS, Rng};
use common::{PSK, WITH_FCS, WITHOUT_FCS, capture, capture_path, link_key, pcap, session};

/// Frames that the differential test generates.
const FRAMES: usize = 3000;

fn fields() -> impl Iterator<Item = &'static FieldInfo> {
    FIELDS.iter().filter(|field| field.wireshark)
}

/// Whether tshark is there; its absence is an error in CI.
fn has_tshark() -> bool {
    let found = Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "tshark is needed in CI");
        eprintln!("skipped: no tshark");
    }
    found
}

/// tshark over a file, with the keys and contexts that our dissector has too.
fn command(path: &Path) -> Command {
    let key: String = hex::encode(link_key());
    let mut command = Command::new("tshark");
    command.arg("-r").arg(path);
    command.arg("-o").arg(format!("uat:ieee802154_keys:\"{key}\",\"1\",\"No hash\""));
    command.args(["-o", "udp.check_checksum:TRUE", "-o", &format!("dtls.psk:{PSK}")]);
    for (id, prefix, length) in CONTEXTS {
        command.arg("-o").arg(format!("6lowpan.context{id}:{prefix}/{length}"));
    }
    command
}

fn run(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Per frame, per field in the order of [`fields`], its values as tshark prints them.
fn tshark(path: &Path) -> Vec<Vec<Vec<String>>> {
    let mut command = command(path);
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;"]);
    for field in fields() {
        command.args(["-e", field.name]);
    }
    let text = run(command);
    let values = |cell: &str| cell.split(';').filter(|value| !value.is_empty()).map(str::to_owned).collect();
    text.lines().map(|line| line.split('\t').map(values).collect()).collect()
}

/// Per frame, where tshark read the occurrences of each field: offset and length.
fn positions(path: &Path) -> Vec<BTreeMap<String, Vec<(usize, usize)>>> {
    let mut command = command(path);
    command.args(["-T", "pdml"]);
    let text = run(command);
    let attribute = |line: &str, name: &str| -> Option<String> {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let mut frames: Vec<BTreeMap<String, Vec<(usize, usize)>>> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("<packet>") {
            frames.push(BTreeMap::new());
        } else if line.starts_with("<field ") {
            let found = (attribute(line, "name"), attribute(line, "pos"), attribute(line, "size"));
            if let (Some(name), Some(offset), Some(length)) = found {
                let position = (offset.parse().unwrap(), length.parse().unwrap());
                frames.last_mut().unwrap().entry(name).or_default().push(position);
            }
        }
    }
    frames
}

/// What tshark printed, as our dissector would say it.
fn normalized(kind: FieldKind, text: &str) -> Value {
    match kind {
        FieldKind::Uint { .. } | FieldKind::Bool => {
            let number = match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            };
            number.map_or_else(|| Value::Text(format!("not a number: {text}")), Value::Number)
        }
        _ => Value::Text(text.to_owned()),
    }
}

fn ours(dissection: &Dissection, field: &FieldInfo) -> Vec<Value> {
    dissection.fields(field.name).map(|field| field.value.clone()).collect()
}

/// Compares all frames; a list of differences, and how many values were equal by field.
fn compare(path: &Path, dissections: &[Dissection]) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    let theirs = tshark(path);
    assert_eq!(theirs.len(), dissections.len());
    let (mut differences, mut equal) = (Vec::new(), BTreeMap::new());
    for (index, (dissection, cells)) in dissections.iter().zip(&theirs).enumerate() {
        for (field, cell) in fields().zip(cells) {
            let theirs: Vec<Value> = cell.iter().map(|text| normalized(field.kind, text)).collect();
            let ours = ours(dissection, field);
            if is_excused(field.name, dissection) {
                continue;
            }
            if ours == theirs && ours.is_empty() {
                continue;
            }
            if ours == theirs {
                *equal.entry(field.name).or_insert(0) += ours.len();
            } else {
                let names: Vec<&str> = dissection.layers.iter().map(|layer| layer.name).collect();
                differences.push(format!(
                    "frame {}, {names:?}: {} is {ours:?} here and {theirs:?} there; notes {:?}",
                    index + 1,
                    field.name,
                    dissection.notes
                ));
            }
        }
    }
    (differences, equal)
}

/// Where Wireshark has its own way, with the reason.
fn is_excused(field: &str, dissection: &Dissection) -> bool {
    // Mesh link establishment on port 19788 carries auxiliary security headers of its own under the same names.
    let is_mle = dissection.number("udp.dstport") == Some(19788);
    // Wireshark says that a frame without FCS has a right one; we do not claim what nobody checked.
    if field == "wpan.fcs_ok" && dissection.field("wpan.fcs").is_none() {
        return true;
    }
    // We try every key on a frame with an implicit one; Wireshark wants to be told.
    if dissection.number("wpan.aux_sec.key_id_mode") == Some(0) && !field.starts_with("wpan.") {
        return true;
    }
    // Frames of 2015 are noted as unsupported behind their frame control field.
    let is_2015 = dissection.number("wpan.version") == Some(2);
    is_2015 || is_mle && (field.starts_with("wpan.aux_sec.") || field == "wpan.mic")
}

fn dissector() -> Dissector {
    let mut keys = Keys::new();
    keys.add_link_key(1, link_key());
    keys.add_psk(&hex::decode(PSK).unwrap());
    let mut dissector = Dissector::new(keys);
    for (id, prefix, length) in CONTEXTS {
        dissector.set_context(id, prefix.parse().unwrap(), length);
    }
    dissector
}

fn dissect(frames: &[Vec<u8>], fcs: bool) -> Vec<Dissection> {
    let mut dissector = dissector();
    // Where the Thread joiner of a capture has its DTLS.
    dissector.add_dtls_port(1000);
    (1..).zip(frames).map(|(number, frame)| dissector.frame(number, frame, fcs)).collect()
}

fn assert_no_differences(differences: &[String]) {
    let shown: Vec<&str> = differences.iter().take(40).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), shown.join("\n"));
}

fn generated_frames() -> Vec<Vec<u8>> {
    let mut rng = Rng::new(0xb007_7ac4);
    let mut frames = Vec::new();
    for name in ["psk", "psk-ems", "psk"] {
        frames.extend(rng.session(&session(name).datagrams));
    }
    while frames.len() < FRAMES {
        frames.extend(rng.psdus());
    }
    frames
}

/// A capture of `frames` in a temporary file.
fn write(purpose: &str, frames: &[Vec<u8>]) -> PathBuf {
    let file = std::env::temp_dir().join(format!("bootrack-wire-{purpose}-{}.pcap", std::process::id()));
    std::fs::File::create(&file).unwrap().write_all(&pcap(WITH_FCS, frames)).unwrap();
    file
}

#[test]
fn generated_frames_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    let frames = generated_frames();
    let file = write("values", &frames);
    let (differences, equal) = compare(&file, &dissect(&frames, true));
    std::fs::remove_file(&file).unwrap();
    assert_no_differences(&differences);
    // A field that never occurred proves nothing.
    let never: Vec<&str> = fields().map(|field| field.name).filter(|name| !equal.contains_key(name)).collect();
    assert!(never.is_empty(), "never compared: {never:?}");
}

#[test]
fn foreign_captures_have_the_same_values_here_and_in_tshark() {
    if !has_tshark() {
        return;
    }
    for name in ["thread-join.pcap", "fcs.pcap", "nofcs.pcap", "sec.pcap"] {
        let (link_type, frames) = capture(name);
        assert!(matches!(link_type, WITH_FCS | WITHOUT_FCS));
        let (differences, _) = compare(&capture_path(name), &dissect(&frames, link_type == WITH_FCS));
        assert_no_differences(&differences);
    }
}

#[test]
fn fields_of_generated_frames_lie_where_tshark_reads_them() {
    if !has_tshark() {
        return;
    }
    let frames = generated_frames();
    let file = write("positions", &frames);
    let theirs = positions(&file);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(theirs.len(), frames.len());
    let mut differences = Vec::new();
    for (index, (dissection, theirs)) in dissect(&frames, true).iter().zip(&theirs).enumerate() {
        for field in fields().filter(|field| !lies_elsewhere(field.name)) {
            let ours: Vec<(usize, usize)> =
                dissection.fields(field.name).map(|field| (field.offset, field.length)).collect();
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

/// Where Wireshark marks other octets than those that the field was read from, with the reason.
fn lies_elsewhere(field: &str) -> bool {
    match field {
        // A derived field without octets; with a Block option Wireshark has it in a buffer of its own.
        "coap.payload_length" => true,
        // In an option without a value (block 0, no more, size 16) Wireshark marks the octet before it.
        "coap.opt.block_mflag" | "coap.opt.block_size" => true,
        _ => false,
    }
}
