//! `bootrack testbed doctor`: what it says of a sound testbed, and that it names each fault with what to do about it.

use std::path::Path;

use rstest::rstest;

use crate::common::{Outcome, call};

fn doctor(folder: &Path, testbed: &str, more: &[&str]) -> Outcome {
    let path = folder.join("bed.toml");
    std::fs::write(&path, format!("name = \"t\"\n{testbed}")).unwrap();
    call([&["testbed", "doctor", "--testbed", path.to_str().unwrap()][..], more].concat())
}

#[test]
fn a_sound_testbed_is_told_board_by_board() {
    let outcome = call(["testbed", "doctor"]);
    for told in [
        "channel 26 is silent while every board is off",
        "identity   70b3d5b007000003, bootrack reference",
        "it runs as 6lbr on channel 26",
        "`dut` acknowledges its frames",
        "frames of `dut`",
        "28 checks, all well",
    ] {
        assert!(outcome.out.contains(told), "{}", outcome.said());
    }
    let json = call(["testbed", "doctor", "--json", "--channel", "11"]);
    let findings = json.json()["findings"].as_array().unwrap().clone();
    assert!(findings.len() == 28 && findings.iter().all(|finding| finding["good"] == true), "{}", json.said());
    json.expect(0);
    outcome.expect(0);
}

#[rstest]
#[case::dead("backend = \"virtual\"\n", &["--fake", "dead"], "no `! booted` within 5 s", "look at its supply")]
#[case::babbling("backend = \"virtual\"\n", &["--fake", "babbling"], "no answer to `hello` within 2 s", "try the line by hand")]
#[case::refusing("backend = \"virtual\"\n", &["--fake", "refusing"], "it answers `error` to `status`, refused", "upper-tester.md")]
#[case::liar("backend = \"virtual\"\n", &["--fake", "liar"], "`dut` does not acknowledge its frames", "look at antennas")]
#[case::link(
    "backend = \"virtual\"\n[[medium.link]]\nbetween = [\"lbr\", \"dut\"]\ndelivery = 0.0\n",
    &[],
    "`dut` does not acknowledge its frames",
    "set them nearer"
)]
#[case::tester(
    "backend = \"virtual\"\n[[medium.link]]\nbetween = [\"tester\", \"router\"]\ndelivery = 0.0\n",
    &[],
    "`router` does not acknowledge its frames",
    "set them nearer"
)]
#[case::sniffer("backend = \"virtual\"\n[sniffer]\nchannel = 11\n", &[], "heard nothing of `dut`", "on their channel")]
#[case::no_program(
    "backend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"/does/not/exist\"]\n",
    &[],
    "there is no program /does/not/exist",
    "mend the path"
)]
#[case::no_firmware(
    "backend = \"qemu\"\n[qemu]\nfirmware = \"/does/not/exist\"\nboards = [\"dut\"]\n",
    &[],
    "there is no firmware at /does/not/exist",
    "build it"
)]
#[case::no_device(
    "backend = \"mixed\"\n[[board]]\nname = \"dut\"\nserial = \"/dev/does-not-exist\"\neui64 = \"0200000000000001\"\nreset = \"rts\"\n",
    &[],
    "/dev/does-not-exist: No such file or directory",
    "plug the board in"
)]
#[case::program_that_ends("backend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"false\"]\n", &[], "`dut` is lost", "look at its supply")]
fn a_fault_is_named_with_what_to_do(
    #[case] testbed: &str,
    #[case] more: &[&str],
    #[case] found: &str,
    #[case] remedy: &str,
) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = doctor(folder.path(), testbed, more);
    let lines: Vec<&str> = outcome.out.lines().collect();
    let is_told = |pair: &[&str]| pair[0].contains("BAD") && pair[0].contains(found) && pair[1].contains(remedy);
    assert!(lines.windows(2).any(is_told), "{}", outcome.said());
    outcome.expect(4);
}

/// A sniffer that loses one frame in twenty and says so: what it has seen proves nothing for or against a device.
#[test]
fn cases_under_a_sniffer_that_loses_frames_are_errors_of_the_rack() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bed.toml");
    std::fs::write(&path, "name = \"t\"\nbackend = \"virtual\"\n[sniffer]\nloss_percent = 5\n").unwrap();
    let run = crate::common::Bundle::run(["--testbed", path.to_str().unwrap(), "SEL-JOIN-*", "SEL-KEY-*"]);
    let manifest = run.manifest();
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        assert_eq!((case["verdict"].as_str(), case["blame"].as_str()), (Some("error"), Some("rack")), "{case}");
        assert!(case["reason"].as_str().unwrap().contains("missed frames: its drop counter says 1 more"), "{case}");
    }
    run.outcome.expect(4);
}
