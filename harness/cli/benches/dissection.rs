//! Frames dissected a second, beside tshark on the same file of 200,000 frames: `bootrack dissect --field` and
//! `tshark -T fields -e` as whole programs that print the same fields with the same keys, then the dissector alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use benches::figure;
use benches::traffic::traffic;
use differential::captures::{WITH_FCS, pcap};
use differential::compare::dissector;
use differential::generate::CONTEXTS;
use differential::{PSK, link_key};
use dissect::Dissection;

const FRAMES: usize = 200_000;

/// Fields of several layers that both programs print.
const FIELDS: [&str; 8] = [
    "wpan.seq_no",
    "wpan.src64",
    "wpan.aux_sec.frame_counter",
    "6lowpan.frag.tag",
    "ipv6.src",
    "udp.dstport",
    "icmpv6.type",
    "coap.code",
];

/// Runs of each program.
const RUNS: usize = 3;

/// Times faster than tshark.
const AIM: f64 = 20.0;

/// Memory at most, in MB.
const MEMORY: f64 = 300.0;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("traffic.pcap");
    let keys = folder.path().join("keys");
    let traffic = traffic(FRAMES);
    fs::write(&capture, pcap(WITH_FCS, &traffic.frames)).unwrap();
    fs::write(&keys, format!("link 1 {}\npsk {PSK}\n{}", hex::encode(link_key()), contexts())).unwrap();
    println!("{} frames, {} octets:", traffic.frames.len(), fs::metadata(&capture).unwrap().len());
    for (kind, count) in &traffic.kinds {
        println!("  {count:>7} {kind}");
    }

    println!("whole programs that print {} fields:", FIELDS.len());
    let ours = folder.path().join("ours");
    // Each runs several times, and its best run counts; the first one reads the file into the system's cache.
    let best = |runs: Vec<Took>| Took {
        wall: runs.iter().map(|run| run.wall).min().unwrap(),
        processor: runs.iter().map(|run| run.processor).min().unwrap(),
        memory: runs.iter().map(|run| run.memory).fold(0.0, f64::max),
    };
    let show = |name: &str, took: &Took, aim: Option<&dyn std::fmt::Display>| {
        let rate = |time: Duration| FRAMES as f64 / time.as_secs_f64();
        figure(&format!("  {name}"), rate(took.wall), "frames/s", None);
        figure("    by its time on a processor", rate(took.processor), "frames/s", None);
        figure("    memory at the peak", took.memory, "MB", aim);
    };
    let us = best((0..RUNS).map(|_| run(bootrack(&capture, &keys), &ours)).collect());
    show("bootrack dissect --field ...", &us, Some(&MEMORY));
    if Command::new("tshark").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let theirs = folder.path().join("theirs");
        let them = best((0..RUNS).map(|_| run(tshark(&capture), &theirs)).collect());
        show("tshark -T fields -e ...", &them, None);
        figure("  times as fast", them.wall.as_secs_f64() / us.wall.as_secs_f64(), "", Some(&AIM));
        figure("    by time on a processor", them.processor.as_secs_f64() / us.processor.as_secs_f64(), "", Some(&AIM));
        agree(&ours, &theirs);
    } else {
        println!("  no tshark: nothing to compare with");
    }

    println!("the dissector alone, every field, one thread:");
    library(&traffic.frames);
}

/// The contexts that the frames were compressed with.
fn contexts() -> String {
    CONTEXTS.iter().map(|(id, prefix, length)| format!("context {id} {prefix}/{length}\n")).collect()
}

fn bootrack(capture: &Path, keys: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootrack"));
    command.arg("dissect").arg(capture).arg("--keys").arg(keys);
    for field in FIELDS {
        command.args(["--field", field]);
    }
    command
}

fn tshark(capture: &Path) -> Command {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-T", "fields", "-o", &format!("dtls.psk:{PSK}")]);
    command.args(["-o", &format!("uat:ieee802154_keys:\"{}\",\"1\",\"No hash\"", hex::encode(link_key()))]);
    for (id, prefix, length) in CONTEXTS {
        command.args(["-o", &format!("6lowpan.context{id}:{prefix}/{length}")]);
    }
    for field in FIELDS {
        command.args(["-e", field]);
    }
    command
}

/// What a program took.
struct Took {
    wall: Duration,
    /// Time on a processor: other work on the machine does not count.
    processor: Duration,
    /// Memory at the peak, in MB.
    memory: f64,
}

/// Runs a program into a file.
fn run(mut command: Command, output: &Path) -> Took {
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(File::create(output).unwrap());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let proc = Path::new("/proc").join(child.id().to_string());
    let (status, times) = (proc.join("status"), proc.join("schedstat"));
    let mut memory = 0.0;
    // Until it is waited for, a process that has ended says what it took, but not any more how much memory.
    while let Some(megabytes) = peak(&status) {
        memory = megabytes;
        std::thread::sleep(Duration::from_millis(2));
    }
    let wall = begun.elapsed();
    let times = fs::read_to_string(times).unwrap();
    let nanoseconds = times.split(' ').next().unwrap().parse().unwrap();
    assert!(child.wait().unwrap().success(), "{command:?}");
    Took { wall, processor: Duration::from_nanos(nanoseconds), memory }
}

/// VmHWM of a process, in MB.
fn peak(status: &Path) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Says in how many lines both programs printed the same values.
fn agree(ours: &Path, theirs: &Path) {
    let (ours, theirs) = (fs::read_to_string(ours).unwrap(), fs::read_to_string(theirs).unwrap());
    assert_eq!(ours.lines().count(), FRAMES);
    assert_eq!(theirs.lines().count(), FRAMES);
    let mut fields = BTreeSet::new();
    let mut same = 0;
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        let mut is_same = true;
        for (field, (ours, theirs)) in FIELDS.iter().zip(ours.split('\t').zip(theirs.split('\t'))) {
            if !ours.split(',').map(number).eq(theirs.split(',').map(number)) {
                is_same = false;
                if fields.insert(*field) {
                    println!("  {field}: {ours} here, {theirs} there");
                }
            }
        }
        same += usize::from(is_same);
    }
    println!("  {same} of {FRAMES} lines have the same values");
}

/// tshark writes some numbers in hex digits.
fn number(text: &str) -> String {
    let digits = text.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    digits.map_or_else(|| text.to_owned(), |number| number.to_string())
}

fn library(frames: &[Vec<u8>]) {
    let mut fastest = Duration::MAX;
    let mut fields = 0;
    for _ in 0..5 {
        let mut dissector = dissector();
        let mut dissection = Dissection::default();
        fields = 0;
        let begun = Instant::now();
        for (number, frame) in (1..).zip(frames) {
            dissector.frame_into(&mut dissection, number, frame, true);
            fields += black_box(&dissection).all_fields().count();
        }
        fastest = fastest.min(begun.elapsed());
    }
    let rate = frames.len() as f64 / fastest.as_secs_f64();
    figure("  frames", rate, "frames/s", None);
    figure("  fields a frame", fields as f64 / frames.len() as f64, "", None);
}
