//! Cases on Cortex-M code in QEMU: `ci/firmware` builds it. A program of its own: in real time nothing else should take the
//! processors away.
//!
//! Without QEMU or the firmware these tests are left out with a line on stderr; with the environment variable `CI` set they
//! fail.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

#[allow(dead_code, reason = "the tests of `cli` use more of it")]
#[path = "cli/common.rs"]
mod common;

use common::{Bundle, bootrack, call, has, read_json};

fn firmware() -> Option<PathBuf> {
    let firmware = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/firmware/mps2-an386.elf"));
    if !has("qemu-system-arm", "--version") {
        return None;
    }
    if !firmware.is_file() {
        assert!(std::env::var_os("CI").is_none(), "the firmware is missing, and CI must not leave tests out");
        eprintln!("SKIPPED: no firmware for QEMU; ./ci/firmware builds it");
        return None;
    }
    Some(firmware)
}

/// A testbed file that emulates these boards.
fn testbed(folder: &Path, firmware: &Path, boards: &[&str]) -> PathBuf {
    let path = folder.join("qemu.toml");
    let text = format!(
        "name = \"qemu\"\nbackend = \"qemu\"\njobs = 16\n[qemu]\nfirmware = {firmware:?}\nboards = {boards:?}\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// The verdict of each case of a run.
fn verdicts(folder: &Path) -> BTreeMap<String, String> {
    let manifest = read_json(&folder.join("run.json"));
    let cases = manifest["cases"].as_array().unwrap().iter();
    cases.map(|case| (case["id"].as_str().unwrap().to_owned(), case["verdict"].as_str().unwrap().to_owned())).collect()
}

/// Cases with each kind of anchor and of both messages of the bootstrap that take seconds: real ones. Those that take minutes are
/// for a nightly run of `testbeds/qemu.toml`.
const CASES: [&str; 12] = [
    "MAN-ANCHOR-01",
    "SEL-JSR-*",
    "SEL-JOIN-*",
    "SEL-KEY-*",
    "SEL-RX-*",
    "SEL-RPK-*",
    "SEL-CERT-*",
    "SEL-SSR-08",
    "PRO-KEY-*",
    "PRO-PSK-*",
    "PRO-MSG-*",
    "ADV-CT-*",
];

#[test]
fn verdicts_on_a_cortex_m_in_qemu_are_those_of_the_virtual_rack() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &firmware, &["dut"]);
    let emulated = Bundle::run([&["--testbed", testbed.to_str().unwrap()][..], &CASES].concat());
    let virtual_rack = Bundle::run(CASES);
    let verdicts = verdicts(&emulated.path);
    assert_eq!(verdicts, self::verdicts(&virtual_rack.path), "{}", emulated.outcome.said());
    assert!(verdicts.len() >= 50, "{verdicts:?}");
    emulated.outcome.expect(0);
    // The evidence of real time is evidence like any other.
    call([OsStr::new("judge"), emulated.path.as_os_str()]).expect(0);
    let again = call([OsStr::new("replay"), emulated.path.as_os_str(), OsStr::new("SEL-JSR-01@channel=11")]);
    again.expect(2).complains(&["runs in real time", "`bootrack judge` judges what is stored again"]);
}

#[test]
fn five_boards_in_qemu_are_commissioned_in_a_random_order_beside_a_virtual_border_router() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &firmware, &["a", "b", "c", "d", "dut"]);
    let arguments = ["--testbed", testbed.to_str().unwrap(), "--suite", "orders", "ORD-LINE-01@loss=0*shuffle1"];
    let run = Bundle::run(arguments);
    assert_eq!(run.cases().len(), 1, "{}", run.outcome.said());
    run.outcome.expect(0);
}

#[test]
fn a_testbed_without_its_firmware_says_how_to_build_it_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), Path::new("nowhere.elf"), &["dut"]);
    let run = Bundle::run(["--testbed", testbed.to_str().unwrap()]);
    assert!(!run.path.exists());
    run.outcome.expect(2).complains(&["there is no firmware at nowhere.elf", "./ci/firmware builds it"]);
}

#[test]
fn no_emulator_outlives_a_run_that_is_killed() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    // Its name is in the command line of its emulators, and of no others.
    let copy = folder.path().join("killed.elf");
    std::fs::copy(&firmware, &copy).unwrap();
    let emulators = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
        lines.filter(|line| line.windows(10).any(|part| part == b"killed.elf")).count()
    };
    let within_seconds = |seconds: u64, holds: &dyn Fn() -> bool| {
        (0..seconds * 20).any(|_| {
            holds() || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }
        })
    };
    let path = testbed(folder.path(), &copy, &["dut"]);
    let out = folder.path().join("run");
    let mut run = bootrack();
    run.arg("run").arg("--testbed").arg(path).arg("PRO-JSR-06").arg("--out").arg(&out);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert!(within_seconds(20, &|| emulators() > 0), "no emulator was ever there");
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(within_seconds(20, &|| emulators() == 0), "an emulator outlives its run");
    assert_eq!(verdicts(&out), BTreeMap::from([("PRO-JSR-06".to_owned(), "not_run".to_owned())]));
}

#[test]
fn an_emulator_that_is_missing_or_ends_is_blamed_on_the_rack() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = testbed(folder.path(), &firmware, &["dut"]);
    let text = std::fs::read_to_string(&path).unwrap();
    let no_firmware = folder.path().join("no-firmware.elf");
    std::fs::write(&no_firmware, "no ELF file").unwrap();
    let broken = [
        (format!("{text}program = \"qemu-nowhere\"\n"), "qemu-nowhere does not run"),
        (text.replace(&format!("{firmware:?}"), &format!("{no_firmware:?}")), "emulator"),
    ];
    for (text, reason) in broken {
        std::fs::write(&path, text).unwrap();
        let run = Bundle::run(["--testbed", path.to_str().unwrap(), "SEL-JSR-01@channel=11"]);
        let case = &run.manifest()["cases"][0];
        assert_eq!((&case["verdict"], &case["blame"]), (&"error".into(), &"rack".into()));
        assert!(case["reason"].as_str().unwrap().contains(reason), "{case}");
        run.outcome.expect(4);
    }
}

#[test]
fn a_mutant_is_for_the_host_only() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &firmware, &["dut"]);
    let run = Bundle::run([
        "--testbed",
        testbed.to_str().unwrap(),
        "--mutant",
        "jsr-status-nonzero",
        "SEL-JSR-01@channel=11",
    ]);
    let manifest = run.manifest();
    assert_eq!(manifest["cases"][0]["blame"], "rack");
    assert!(manifest["cases"][0]["reason"].as_str().unwrap().contains("compiled for the host only"));
    run.outcome.expect(4);
}

#[test]
fn the_doctor_finds_a_rack_of_emulated_boards_sound_and_names_what_is_missing() {
    let Some(firmware) = firmware() else { return };
    let folder = tempfile::tempdir().unwrap();
    let doctor = |firmware: &Path| {
        let testbed = testbed(folder.path(), firmware, &["dut", "router"]);
        call([OsStr::new("testbed"), OsStr::new("doctor"), OsStr::new("--testbed"), testbed.as_os_str()])
    };
    let sound = doctor(&firmware);
    assert!(sound.out.contains("34 checks, all well"), "{}", sound.said());
    sound.expect(0);
    // No program for the processor: it stops at its first instruction.
    let empty = folder.path().join("empty.elf");
    std::fs::write(&empty, b"\x7fELF").unwrap();
    let broken = doctor(&empty);
    assert!(broken.out.contains("BAD  power"), "{}", broken.said());
    broken.expect(4);
}
