//! Debug probes: `probe-rs` identifies, flashes, verifies and resets a chip in QEMU, and what the chip logs is evidence.
//!
//! The probe is `bootrack-emulated-probe`: everything from the testbed file to `probe-rs`, and the flash algorithm on the core, is
//! what a board on the desk would meet; the wires are not. Without QEMU these tests are left out with a line on stderr; with the
//! environment variable `CI` set they fail.

use std::path::{Path, PathBuf};

use emulated_probe::{EmulatedProbe, image};

#[allow(dead_code, reason = "the tests of `cli` use more of it")]
#[path = "cli/common.rs"]
mod common;
#[path = "serial/device.rs"]
mod device;

use common::{Outcome, call, has};
use device::reference_device;

/// What FICR of the emulated chip says.
const ID: &str = "1234567800000003";

fn has_qemu() -> bool {
    has("qemu-system-arm", "--version")
}

/// A folder with a testbed whose `dut` is a program beside the chip.
struct Desk {
    folder: tempfile::TempDir,
    probe: EmulatedProbe,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), probe: EmulatedProbe::start().unwrap() };
        desk.write_image("the chip is there\n");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_image(&self, log: &str) {
        std::fs::write(self.path("image.hex"), image(log.as_bytes())).unwrap();
    }

    /// A testbed file with these keys of `probe`.
    fn testbed(&self, probe: &str) -> PathBuf {
        let (path, device) = (self.path("desk.toml"), reference_device());
        let selector = self.probe.selector();
        let board = format!("[[board]]\nname = \"dut\"\nexec = [{device:?}]\nradio = true\n");
        let probe = format!("probe = {{ selector = \"{selector}\", chip = \"nRF51822_xxAA\", {probe} }}\n");
        std::fs::write(&path, format!("name = \"desk\"\nbackend = \"mixed\"\n\n{board}{probe}")).unwrap();
        path
    }

    /// The testbed file as it should be.
    fn right(&self) -> PathBuf {
        self.testbed(&format!("id = \"{ID}\", firmware = {:?}", self.path("image.hex")))
    }
}

#[track_caller]
fn flash(testbed: &Path, more: &[&str]) -> Outcome {
    let mut arguments = vec!["testbed", "flash", "--testbed", testbed.to_str().unwrap()];
    arguments.extend(more);
    call(arguments)
}

#[test]
fn chip_is_flashed_and_verified_and_only_what_differs() {
    if !has_qemu() {
        return;
    }
    let desk = Desk::new();
    let testbed = desk.right();
    let first = flash(&testbed, &[]).expect(0);
    assert!(first.out.contains("written and read back"), "{}", first.out);
    let second = flash(&testbed, &[]).expect(0);
    assert!(second.out.contains("already"), "{}", second.out);
    desk.write_image("another build\n");
    let third = flash(&testbed, &["dut", "--json"]).expect(0).json();
    assert_eq!(third["boards"][0]["outcome"], "flashed");
    assert_eq!(flash(&testbed, &["--json"]).expect(0).json()["boards"][0]["outcome"], "up-to-date");
    assert_eq!(flash(&testbed, &["--json", "--erase"]).expect(0).json()["boards"][0]["outcome"], "flashed");
    assert_eq!(flash(&testbed, &["--json", "--force"]).expect(0).json()["boards"][0]["outcome"], "flashed");
}

#[test]
fn nothing_is_written_to_a_chip_that_is_not_the_one_of_the_file() {
    if !has_qemu() {
        return;
    }
    let desk = Desk::new();
    let firmware = format!("firmware = {:?}", desk.path("image.hex"));
    let unnamed = flash(&desk.testbed(&firmware), &[]).expect(4);
    assert!(unnamed.out.contains(&format!("`id = \"{ID}\"`")), "{}", unnamed.out);
    let other = flash(&desk.testbed(&format!("id = \"00000000deadbeef\", {firmware}")), &[]).expect(4);
    assert!(other.out.contains("is the probe on another board?"), "{}", other.out);
    // A chip that was flashed would hold the image.
    let written = flash(&desk.right(), &["--json"]).expect(0).json();
    assert_eq!(written["boards"][0]["outcome"], "flashed");
}

#[test]
fn what_cannot_be_flashed_is_told_with_what_to_do() {
    if !has_qemu() {
        return;
    }
    let desk = Desk::new();
    let id = format!("id = \"{ID}\"");
    let without = flash(&desk.testbed(&id), &[]).expect(4);
    assert!(without.out.contains("names no `firmware`"), "{}", without.out);
    let missing = flash(&desk.testbed(&format!("{id}, firmware = \"nowhere.elf\"")), &[]).expect(4);
    assert!(missing.out.contains("nowhere.elf: ") && missing.out.contains("./ci/firmware"), "{}", missing.out);
    std::fs::write(desk.path("image.hex"), "no hex at all\n").unwrap();
    let broken = flash(&desk.right(), &[]).expect(4);
    assert!(broken.out.contains("image.hex: "), "{}", broken.out);
    // Beyond the 256 KiB of the chip.
    std::fs::write(desk.path("image.hex"), ":020000040010EA\n:0400000001020304F2\n:00000001FF\n").unwrap();
    let outside = flash(&desk.right(), &[]).expect(4);
    assert!(outside.out.contains("BAD"), "{}", outside.out);
    let unknown = flash(&desk.right(), &["lbr"]).expect(2);
    assert!(unknown.err.contains("no board `lbr` with a `probe`"), "{}", unknown.err);
    let selector = desk.probe.selector();
    let text = std::fs::read_to_string(desk.right()).unwrap();
    for (wrong, told) in [
        (text.replace(&selector, "1d50:6018"), "names no single probe"),
        (text.replace(&selector, "1d50:6018:127.0.0.1:1"), "plug the probe in"),
        (text.replace("nRF51822_xxAA", "nRF51822_xxZZ"), "knows no chip"),
        (text.replace(ID, "12345"), "is no number of a chip"),
    ] {
        std::fs::write(desk.path("wrong.toml"), wrong).unwrap();
        let outcome = flash(&desk.path("wrong.toml"), &[]);
        assert!(matches!(outcome.code, Some(2 | 4)), "{told}: {outcome:?}");
        assert!(outcome.said().contains(told), "{told}: {}", outcome.said());
    }
}

#[test]
fn log_of_the_chip_is_evidence_of_the_case() {
    if !has_qemu() {
        return;
    }
    let desk = Desk::new();
    let testbed = desk.right();
    flash(&testbed, &[]).expect(0);
    let out = desk.path("run");
    let run = ["run", "MAN-ANCHOR-01", "--testbed", testbed.to_str().unwrap(), "--out", out.to_str().unwrap()];
    call(run).expect(0);
    let mut records = String::new();
    for entry in std::fs::read_dir(out.join("cases")).unwrap() {
        let events = entry.unwrap().path().join("events.jsonl");
        records += &std::fs::read_to_string(events).unwrap_or_default();
    }
    let lines = records.lines().filter(|line| line.contains("the chip is there")).count();
    assert_eq!(lines, 1, "one line for one life: {records}");
}

#[test]
fn doctor_looks_at_chip_and_firmware() {
    if !has_qemu() {
        return;
    }
    let desk = Desk::new();
    let testbed = desk.right();
    let doctor = |testbed: &Path| call(["testbed", "doctor", "--testbed", testbed.to_str().unwrap()]);
    let erased = doctor(&testbed).expect(4);
    assert!(erased.out.contains("BAD  firmware") && erased.out.contains("-> bootrack testbed flash"), "{}", erased.out);
    flash(&testbed, &[]).expect(0);
    let sound = doctor(&testbed).expect(0);
    assert!(sound.out.contains(&format!("nRF51822_xxAA {ID}")) && sound.out.contains("ok   firmware"), "{}", sound.out);
    let other = doctor(&desk.testbed("id = \"00000000deadbeef\"")).expect(4);
    assert!(other.out.contains("BAD  chip") && other.out.contains("debug cable"), "{}", other.out);
}
