//! An independent program judges what goes into the captures: tshark finds nothing wrong but what is wrong on purpose, and
//! with the bundle's own profile it sees through both layers of encryption.

use std::path::Path;
use std::process::Command;

use crate::common::{Bundle, has, side_by_side};
use crate::sample::sampled;

const ON_PURPOSE: &str = "made wrong on purpose";

/// tshark with the bundle's profile, as the README in it says.
fn tshark(run: &Bundle, capture: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.env("WIRESHARK_CONFIG_DIR", run.path.join("wireshark")).arg("-r").arg(capture).args(arguments);
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {err}");
    for line in err.lines() {
        // The profile is ours: whatever tshark has to say of it is our mistake. That it runs as root is not.
        assert!(line.trim().is_empty() || line.starts_with("Running as user \"root\""), "{command:?}: {err}");
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Cases whose records of DTLS a case writes, octet by octet: what is in them may be nothing that anybody reads.
const WRITTEN_BY_A_CASE: [&str; 3] = ["SES-", "CT-HELLO-", "CT-SRV-"];

#[test]
fn tshark_finds_nothing_wrong_but_what_was_made_wrong_on_purpose() {
    if !has("tshark", "--version") {
        return;
    }
    let run = Bundle::of_seed_one();
    let cases = sampled("tshark finds nothing wrong", &["SEL-SSR-07", "SEL-JOIN-01"]);
    let excused = std::sync::atomic::AtomicUsize::new(0);
    let packets = std::sync::atomic::AtomicUsize::new(0);
    side_by_side(&cases, |case| {
        #[rustfmt::skip]
        let arguments = [
            "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "occurrence=a",
            "-e", "frame.number", "-e", "frame.protocols", "-e", "wpan.fcs_ok", "-e", "udp.checksum.status",
            "-e", "icmpv6.checksum.status", "-e", "frame.comment", "-e", "_ws.expert.message",
            "-e", "icmpv6.checksum",
        ];
        // Checksums that were made wrong on purpose: a router passes such a packet on as it is.
        let mut passed_on = std::collections::BTreeSet::new();
        let listed = tshark(run, &run.file(case, "capture.pcapng"), &arguments);
        for line in listed.lines() {
            packets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let fields: Vec<&str> = line.split('\t').collect();
            let [_, protocols, fcs_ok, udp, icmpv6, comment, expert, checksum] = fields.as_slice() else {
                panic!("{case}: {line}")
            };
            let bad = |status: &str| status.split(',').any(|status| status == "0");
            let wrong = protocols.contains("_ws.malformed")
                || expert.contains("Malformed")
                || bad(fcs_ok)
                || bad(udp)
                || bad(icmpv6);
            let is_written =
                protocols.contains("dtls") && WRITTEN_BY_A_CASE.iter().any(|prefix| case.starts_with(prefix));
            let on_purpose = comment.contains(ON_PURPOSE) || is_written && !bad(fcs_ok) && !bad(udp);
            if wrong && on_purpose && bad(icmpv6) {
                passed_on.insert((*checksum).to_owned());
            }
            if wrong && (on_purpose || bad(icmpv6) && passed_on.contains(*checksum)) {
                excused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            } else {
                assert!(!wrong, "{case}: {line}");
            }
        }
    });
    let (packets, excused) = (packets.into_inner(), excused.into_inner());
    println!("{packets} packets in {} captures, {excused} wrong on purpose", cases.len());
    assert!(packets > 1000, "tshark saw {packets} packets");
    assert!(excused > 0, "no packet is wrong on purpose: the excuse is not tested");
}

#[test]
fn the_bundles_profile_shows_the_decrypted_transfer_of_the_key() {
    if !has("tshark", "--version") {
        return;
    }
    let case = "SEL-JOIN-01";
    let run = Bundle::run([case]);
    let capture = run.file(case, "capture.pcapng");
    let put = "coap.code == 3 && coap.opt.uri_path == \"coap-key2\"";
    let shown = tshark(&run, &capture, &["-Y", put, "-T", "fields", "-e", "frame.interface_name"]);
    for interface in ["sniffer", "backbone"] {
        assert!(shown.contains(interface), "no decrypted PUT at {interface}: {shown}");
    }
    let key = network_key(&run, case);
    let dump = tshark(&run, &capture, &["-Y", put, "-x"]);
    let octets = decrypted(&dump);
    let text = String::from_utf8_lossy(&octets);
    assert!(text.contains(&key), "{key} is not in {text}");
    assert!(text.contains('{') && text.contains('}'), "{text}");

    // What is not decrypted shows nothing: the profile and the secrets in the capture do the work.
    let bare = Command::new("tshark").arg("-r").arg(&capture).args(["-Y", "wpan.mic_ok || 6lowpan", "-V"]).output();
    assert!(!String::from_utf8_lossy(&bare.unwrap().stdout).contains(&key));
}

/// The network key as the log has it.
fn network_key(run: &Bundle, case: &str) -> String {
    let log = std::fs::read_to_string(run.file(case, "events.jsonl")).unwrap();
    let after = log.split("\"order\":\"network key=").nth(1).unwrap();
    after.split(' ').next().unwrap().to_owned()
}

/// The octets of all "Decrypted DTLS" sections of a hex dump.
fn decrypted(dump: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut inside = false;
    for line in dump.lines() {
        if line.ends_with(" bytes):") {
            inside = line.starts_with("Decrypted DTLS");
        } else if inside {
            let row = line.get(6..54).unwrap_or_default().split_whitespace();
            octets.extend(row.filter_map(|pair| u8::from_str_radix(pair, 16).ok()));
        }
    }
    octets
}
