//! Boards at the end of serial lines, and programs as boards, run by `bootrack` as a user would: with everything that may be wrong
//! with a cable, a supply or a testbed file. A program of its own, because it runs in real time.

#[allow(dead_code, reason = "the tests of `cli` use more of it")]
#[path = "../cli/common.rs"]
mod common;

mod bench;
mod device;
mod ether;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bench::{Bench, Fault};
use common::{Bundle, bootrack, call, has, read_json};
use device::reference_device;
use emulated_probe::EmulatedProbe;
use ether::Ether;
use rstest::rstest;

/// Two seconds: the device is manufactured, refuses a second anchor, and is secured over the air.
const CASE: &str = "MAN-ANCHOR-01";
const EUI64: &str = "02b0070000000001";

fn testbed(folder: &Path, boards: &str) -> PathBuf {
    let path = folder.join("bed.toml");
    std::fs::write(&path, format!("name = \"desk\"\nbackend = \"mixed\"\n{boards}")).unwrap();
    path
}

/// Verdict, blame and reason of the only case of a run.
fn ending(run: &Bundle) -> (String, String, String) {
    let case = &read_json(&run.path.join("run.json"))["cases"][0];
    let text = |key: &str| case[key].as_str().unwrap_or("-").to_owned();
    (text("verdict"), text("blame"), text("reason"))
}

fn run(boards: &str, cases: &[&str]) -> Bundle {
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), boards);
    Bundle::run([&["--testbed", testbed.to_str().unwrap()][..], cases].concat())
}

/// What a fault makes of a case: never `fail`, and `pass` only where nothing was lost.
#[rstest]
#[case::none(Fault::None, "pass", "-", "")]
#[case::garbage(Fault::Garbage, "error", "rack", "sent a broken line")]
#[case::half_lines(Fault::HalfLines, "error", "rack", "")]
#[case::dribble(Fault::Dribble, "error", "rack", "")]
#[case::silence(Fault::Silence, "error", "rack", "")]
#[case::dead(Fault::Dead, "error", "rack", "no `! booted` within 5 s, but 0 octets")]
#[case::unplugged(Fault::Unplug, "error", "rack", "is gone: unplugged?")]
#[case::brown_out(Fault::BrownOut, "inconclusive", "rack", "started anew though nobody asked it to")]
#[case::other_board(Fault::OtherBoard, "error", "rack", "are two cables swapped?")]
#[case::stale_log(Fault::StaleLog, "pass", "-", "")]
#[case::only_stale_log(Fault::OnlyStaleLog, "error", "rack", "no answer to `hello` within 2 s")]
#[case::babble(Fault::Babble, "error", "rack", "which nobody asks: an old log, or another board's line?")]
fn a_fault_of_a_serial_board_is_blamed_on_the_rack(
    #[case] fault: Fault,
    #[case] verdict: &str,
    #[case] blame: &str,
    #[case] reason: &str,
) {
    let bench = Bench::new(EUI64, fault);
    let run = run(&bench.table("dut", &bench), &[CASE]);
    let (is_verdict, is_blame, is_reason) = ending(&run);
    println!("{fault:?}: {is_verdict}, blame {is_blame}: {is_reason}");
    assert_eq!((is_verdict.as_str(), is_blame.as_str()), (verdict, blame), "{is_reason}");
    assert!(is_reason.contains(reason), "{is_reason}");
    run.outcome.expect(match verdict {
        "pass" => 0,
        "inconclusive" => 3,
        _ => 4,
    });
}

#[test]
fn two_boards_with_swapped_cables_are_told() {
    let (one, other) = (Bench::new(EUI64, Fault::None), Bench::new("02b0070000000002", Fault::None));
    let run = run(&format!("{}{}", one.table("dut", &other), other.table("lbr", &one)), &[CASE]);
    let (verdict, blame, reason) = ending(&run);
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"));
    // Whichever of them is looked at first.
    let told = ["02b0070000000001", "02b0070000000002"].map(|eui64| reason.contains(eui64));
    assert!(reason.contains("are two cables swapped?") && told == [true; 2], "{reason}");
}

/// A board whose radio is on the real air, beside a tester radio: the whole bootstrap goes through it, acknowledgements included.
/// What is lost there is tried again by the tester radio's owner as on any air, and told.
#[rstest]
#[case::sound(0)]
#[case::lossy(3)]
fn a_board_on_the_real_air_is_bootstrapped_through_a_tester_radio(#[case] losses: usize) {
    let bench = Bench::new(EUI64, Fault::None);
    let ether = Ether::new(&bench.radio_device(), losses);
    let table = bench.table("dut", &bench);
    let table: String =
        table.lines().filter(|line| !line.starts_with("radio")).map(|line| format!("{line}\n")).collect();
    let run = run(&format!("{table}air = {:?}\n", ether.tester_radio()), &[CASE]);
    let (verdict, _, reason) = ending(&run);
    assert_eq!(verdict, "pass", "{reason}");
    assert!(ether.acknowledged() > 5, "{} frames acknowledged", ether.acknowledged());
    let told = "was never acknowledged on the real air";
    let case = std::fs::read_dir(run.path.join("cases")).unwrap().next().unwrap().unwrap().path();
    let events = std::fs::read_to_string(case.join("events.jsonl")).unwrap();
    assert_eq!(events.contains(told), losses > 0);
}

/// A tester radio that starts anew in the middle of a case has forgotten what it was told.
#[test]
fn a_tester_radio_that_starts_anew_is_blamed_on_the_rack() {
    let bench = Bench::new(EUI64, Fault::None);
    let ether = Ether::new(&bench.radio_device(), 0);
    ether.restarts_after(10);
    let table = bench.table("dut", &bench);
    let table: String =
        table.lines().filter(|line| !line.starts_with("radio")).map(|line| format!("{line}\n")).collect();
    let (verdict, blame, reason) = ending(&run(&format!("{table}air = {:?}\n", ether.tester_radio()), &[CASE]));
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    assert!(reason.contains("the tester radio has started anew"), "{reason}");
}

/// A tester radio that is not there is the rack's fault.
#[test]
fn a_tester_radio_that_is_not_there_is_blamed_on_the_rack() {
    let bench = Bench::new(EUI64, Fault::None);
    let table = bench.table("dut", &bench);
    let (verdict, blame, reason) = ending(&run(&format!("{table}air = \"/dev/does-not-exist\"\n"), &[CASE]));
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    assert!(reason.contains("the tester radio: cannot open /dev/does-not-exist"), "{reason}");
}

/// Its clock by the stamps of the radio link; without one there are too few.
#[rstest]
#[case::sound("0", "true", "ok   clock", 0)]
#[case::unknown("0", "false", "ok   clock      nobody knows", 4)]
#[case::fast("20000", "true", "BAD  clock", 4)]
fn the_doctor_looks_at_the_clock_of_a_board(
    #[case] ppm: &str,
    #[case] radio: &str,
    #[case] told: &str,
    #[case] code: i32,
) {
    let program = reference_device();
    let words = format!("[\"env\", \"BOOTRACK_CLOCK_PPM={ppm}\", {program:?}]");
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &format!("[[board]]\nname = \"dut\"\nexec = {words}\nradio = {radio}\n"));
    let outcome = call(["testbed", "doctor", "--testbed", testbed.to_str().unwrap()]).expect(code);
    assert!(outcome.out.contains(told), "{}", outcome.out);
    if radio == "false" {
        return;
    }
    let line = outcome.out.lines().find(|line| line.contains(" clock ")).unwrap();
    let fast: f64 = line.split("fast by ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let ppm: f64 = ppm.parse().unwrap();
    assert!((fast - ppm).abs() < 2000.0, "{line}");
}

/// The ladder to its last rung: a board that is started, started once more, flashed anew, erased and flashed, and never answers.
#[test]
fn a_board_that_does_not_come_up_is_flashed_anew_by_its_probe() {
    let Some(probe) = probe() else { return };
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.hex");
    std::fs::write(&image, emulated_probe::image(b"here\n")).unwrap();
    let bench = Bench::new(EUI64, Fault::Dead);
    let table = bench.table("dut", &bench);
    let keys = format!(
        "probe = {{ selector = \"{}\", chip = \"nRF51822_xxAA\", id = \"1234567800000003\", firmware = {image:?} }}\n",
        probe.selector()
    );
    let run = run(&format!("{table}reset = \"probe\"\n{keys}"), &[CASE]);
    let (verdict, blame, reason) = ending(&run);
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    for rung in ["started: ", "started once more: ", "flashed anew: ", "erased and flashed: "] {
        assert!(reason.contains(rung), "{rung}: {reason}");
    }
}

/// A board whose probe is on another one is never written to.
#[test]
fn a_probe_on_another_board_is_blamed_on_the_rack() {
    let Some(probe) = probe() else { return };
    let bench = Bench::new(EUI64, Fault::None);
    let table = bench.table("dut", &bench);
    let keys = format!(
        "probe = {{ selector = \"{}\", chip = \"nRF51822_xxAA\", id = \"0000000000000001\" }}\n",
        probe.selector()
    );
    let (verdict, blame, reason) = ending(&run(&format!("{table}{keys}"), &[CASE]));
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    assert!(reason.contains("is the probe on another board?"), "{reason}");
}

/// A probe and its chip, unless there is no QEMU.
fn probe() -> Option<EmulatedProbe> {
    has("qemu-system-arm", "--version").then(|| EmulatedProbe::start().unwrap())
}

/// The store of a board outlives a case: the next one finds a new device all the same.
#[test]
fn a_board_is_new_for_every_case() {
    let bench = Bench::new(EUI64, Fault::None);
    let run = run(&bench.table("dut", &bench), &[CASE, "SEL-JSR-01@channel=11", "--repeat", "2"]);
    run.outcome.expect(0);
    assert_eq!(read_json(&run.path.join("run.json"))["device"]["eui64"], EUI64);
}

#[test]
fn cases_on_a_program_end_as_on_the_virtual_rack() {
    let program = reference_device();
    let cases = [CASE, "SEL-JSR-0*", "SEL-JOIN-*", "SEL-RPK-*"];
    let exec = run(&format!("[[board]]\nname = \"dut\"\nexec = [{program:?}]\nradio = true\n"), &cases);
    let virtual_rack = Bundle::run(cases);
    let verdicts = |run: &Bundle| {
        let manifest = read_json(&run.path.join("run.json"));
        let cases = manifest["cases"].as_array().unwrap().iter();
        cases.map(|case| (case["id"].to_string(), case["verdict"].to_string())).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&exec), verdicts(&virtual_rack));
    assert!(verdicts(&exec).len() > 5, "{:?}", verdicts(&exec));
}

/// A second opinion: the device meets a DTLS client that was not written together with it.
#[test]
fn a_device_is_bootstrapped_by_a_second_dtls_engine() {
    let program = reference_device();
    let board = format!("[ct]\ndtls = \"dtls\"\n[[board]]\nname = \"dut\"\nexec = [{program:?}]\nradio = true\n");
    let run = run(&board, &[CASE, "SEL-JOIN-*", "SEL-RPK-01"]);
    let manifest = read_json(&run.path.join("run.json"));
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.len() > 3 && cases.iter().all(|case| case["verdict"] == "pass"), "{}", run.outcome.said());
    let mut told = [false; 2];
    for case in std::fs::read_dir(run.path.join("cases")).unwrap() {
        let events = std::fs::read_to_string(case.unwrap().path().join("events.jsonl")).unwrap();
        told[0] |= events.contains("this session's DTLS is that of the crate `dtls`");
        // It has no raw public keys.
        told[1] |= events.contains("the second DTLS engine knows no such credential");
    }
    assert_eq!(told, [true; 2]);
}

#[rstest]
#[case::ends(&["sh", "-c", "exit 3"], "its program has ended: exit status: 3")]
#[case::is_killed(&["sh", "-c", "kill -9 $$"], "its program has ended: signal: 9 (SIGKILL)")]
#[case::closes_its_output(&["sh", "-c", "exec >&-; sleep 60"], "its program has closed its output and goes on")]
#[case::no_upper_tester(&["sleep", "60"], "")]
fn a_program_that_is_no_device_is_blamed_on_the_rack(#[case] words: &[&str], #[case] reason: &str) {
    let run = run(&format!("[[board]]\nname = \"dut\"\nexec = {words:?}\nradio = true\n"), &[CASE]);
    let (verdict, blame, is_reason) = ending(&run);
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{is_reason}");
    assert!(is_reason.contains(reason), "{is_reason}");
}

#[rstest]
#[case::sound(Fault::None, "checks, all well", 0)]
#[case::dead(Fault::Dead, "it does not come up", 4)]
#[case::other_board(Fault::OtherBoard, "are two cables swapped?", 4)]
#[case::silence(Fault::Silence, "no answer to `counters` within 2 s", 4)]
#[case::unplugged(Fault::Unplug, "is gone: unplugged?", 4)]
fn the_doctor_names_the_fault_of_a_serial_board(#[case] fault: Fault, #[case] told: &str, #[case] code: i32) {
    let bench = Bench::new(EUI64, fault);
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &bench.table("dut", &bench));
    let outcome = common::call(["testbed", "doctor", "--testbed", testbed.to_str().unwrap()]);
    assert!(outcome.out.contains(told), "{}", outcome.said());
    outcome.expect(code);
}

#[test]
fn discovery_writes_the_boards_that_answer_and_tells_what_is_missing() {
    let (board, silent) = (Bench::new(EUI64, Fault::None), Bench::new("02b0070000000002", Fault::Dead));
    board.switch_on();
    silent.switch_on();
    let folder = tempfile::tempdir().unwrap();
    let devices = folder.path().join("by-id");
    std::fs::create_dir(&devices).unwrap();
    for (name, bench) in [("usb-one", &board), ("usb-other", &silent)] {
        std::os::unix::fs::symlink(bench.device(), devices.join(name)).unwrap();
    }
    let file = folder.path().join("desk.toml");
    let discover = |arguments: &[&str]| {
        let devices = devices.to_str().unwrap();
        common::call([&["testbed", "discover", "--devices", devices][..], arguments].concat())
    };
    discover(&["--write", file.to_str().unwrap()]).expect(0).complains(&["1 of 2 serial devices are boards"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("serial = \"{}/usb-one\"\neui64 = \"{EUI64}\"", devices.display())), "{text}");
    assert!(text.contains("usb-other: no answer to `hello` within 2 s, but 0 octets"), "{text}");
    // It says itself what it lacks.
    let check = |file: &Path| common::call(["check", "--testbed", file.to_str().unwrap()]);
    check(&file).expect(2).complains(&["board `dut` can be neither reset nor switched"]);
    std::fs::write(&file, text.replace("# reset = \"rts\"", "reset = \"rts\"")).unwrap();
    check(&file).expect(0);
    discover(&["--write", file.to_str().unwrap()]).expect(2).complains(&["name a file that is not there yet"]);
    std::fs::remove_file(devices.join("usb-one")).unwrap();
    discover(&[]).expect(5).complains(&["0 of 1 serial devices are boards"]);
    common::call(["testbed", "discover", "--devices", "/does/not/exist"])
        .expect(2)
        .complains(&["`--devices` names another"]);
}

/// Two runs that want one board: the second is told who has it, or waits; a holder that is killed holds nothing.
#[test]
fn a_board_belongs_to_one_run_at_a_time() {
    let bench = Bench::new(EUI64, Fault::None);
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &bench.table("dut", &bench));
    let arguments = |out: &str, more: &[&str]| {
        let out = folder.path().join(out);
        let mut arguments = vec!["run".to_owned(), "--testbed".to_owned(), testbed.display().to_string()];
        arguments.extend(["--out".to_owned(), out.display().to_string(), CASE.to_owned()]);
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        arguments
    };
    let command = |arguments: Vec<String>| {
        let mut command = bootrack();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut first = command(arguments("first", &["--repeat", "50"])).spawn().unwrap();
    let (lock, until) = (folder.path().join("first/run.json"), std::time::Instant::now());
    while !lock.exists() && until.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let refused = common::call(arguments("second", &[]));
    let holder = format!("{} is in use by run ", bench.device());
    refused.expect(2).complains(&[&holder, &format!("(process {}", first.id()), "--wait-for-boards"]);
    assert!(!folder.path().join("second").exists(), "a run that never began leaves nothing");
    let waiting = command(arguments("third", &["--wait-for-boards", "60"])).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    first.kill().unwrap();
    first.wait().unwrap();
    let waited = waiting.wait_with_output().unwrap();
    assert!(waited.status.success(), "{}", String::from_utf8_lossy(&waited.stdout));
}

/// The device in C of the documentation, built as it says.
fn device_in_c(folder: &Path) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/ut1-device/device.c");
    let program = folder.join("ut1-device");
    let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-o"];
    let built = Command::new("cc").args(flags).arg(&program).arg(source).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program
}

#[test]
fn a_device_in_c_takes_its_first_steps_and_is_judged_by_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let program = device_in_c(folder.path());
    let board = format!("[[board]]\nname = \"dut\"\nexec = [{program:?}]\nradio = true\n");
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/ut1-device/suite.toml");
    let first_steps = run(&board, &["--suite", suite, "FIRST-*"]);
    first_steps.outcome.expect(0);
    let device = &read_json(&first_steps.path.join("run.json"))["device"];
    assert_eq!((device["vendor"].as_str(), device["firmware"].as_str()), (Some("example"), Some("ut1-device")));
    let began = std::time::Instant::now();
    let joins = run(&board, &["SEL-JOIN-01"]);
    // In real time, with the boards' start and end: it waits for the JSR, and for nothing longer than the case says.
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    let (verdict, blame, reason) = ending(&joins);
    assert_eq!((verdict.as_str(), blame.as_str()), ("fail", "device"));
    assert!(reason.contains("no sel.jsr from dut within 15s, though its stimulus was delivered"), "{reason}");
}

/// What UT/1 asks of every device, word by word.
#[rstest]
#[case::factory("> 1 status", "< 1 ok state=factory ")]
#[case::nonce("> 4294967295 hello nonce=00ff", "< 4294967295 ok nonce=00ff protocol=UT/1 ")]
#[case::odd_nonce("> 1 hello nonce=00f", "< 1 error code=argument")]
#[case::unknown("> 2 xyzzy a=1", "< 2 unimplemented")]
#[case::broken("> 3 ping a", "< 3 error code=argument")]
#[case::twice("> 3 manufacture anchor=psk anchor=psk", "< 3 error code=argument")]
#[case::unused("> 3 ping a=1", "< 3 error code=argument")]
#[case::state("> 4 install role=6lr channel=11 pan_id=0x0001 ct=fd00::1", "< 4 error code=state")]
#[case::range("> 4 install role=6lr channel=10 pan_id=0x0001 ct=fd00::1", "< 4 error code=argument")]
#[case::not_started("> 5 start", "< 5 error code=state")]
#[case::carriage_return("> 6 ping\r", "< 6 ok")]
#[case::no_number("> x ping\n> 7 ping", "< 7 ok")]
#[case::zeros("> 07 ping\n> 8 ping", "< 8 ok")]
#[case::too_large("> 4294967296 ping\n> 9 ping", "< 9 ok")]
#[case::log("ping\n> 9 ping", "< 9 ok")]
#[case::no_command("> 9", "< 9 error code=argument")]
fn the_device_in_c_speaks_ut_1(#[case] request: &str, #[case] answer: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut device = Command::new(device_in_c(folder.path()));
    device.env("BOOTRACK_EUI64", EUI64).env("BOOTRACK_STORE", folder.path()).env_remove("BOOTRACK_RADIO");
    let mut device = device.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // A line that is too long is none.
    let text = format!("> 1 {}\n{request}\n", "x".repeat(600));
    device.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let mut said = String::new();
    device.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    device.wait().unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "! booted t=0 state=factory");
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[1].starts_with(answer), "{said}");
}
