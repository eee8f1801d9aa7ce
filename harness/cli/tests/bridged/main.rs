//! Radios of boards outside of this process, run by `bootrack` as a user would: stacks behind air bridges, and programs whose radio
//! is missing, gone, or not what the testbed file says. A program of its own, because it runs in real time.
//!
//! The stack is the example `bridged_device`: the reference device with a MAC of its own.

#[allow(dead_code, reason = "the tests of `cli` use more of it")]
#[path = "../cli/common.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Bundle, bootrack, call, read_json};
use rstest::rstest;

/// A bootstrap from the anchor to secured links: seconds.
const JOIN: &str = "SEL-JOIN-01";
/// The address that the rack gives `dut` in `line: ct lbr router dut`, and another.
const OTHER: &str = "02b00700000000aa";

fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(program.is_file(), "{} is missing: cargo builds it with the tests", program.display());
    program
}

fn testbed(folder: &Path, boards: &str) -> PathBuf {
    let path = folder.join("bed.toml");
    std::fs::write(&path, format!("name = \"bridged\"\nbackend = \"mixed\"\n{boards}")).unwrap();
    path
}

/// The table of a `dut` that is the stack behind a bridge.
fn stack(kind: &str, settings: &[&str], keys: &str) -> String {
    let program = example("bridged_device");
    let words: Vec<String> =
        ["env"].iter().chain(settings).map(|word| (*word).to_owned()).chain([program.display().to_string()]).collect();
    format!("[[board]]\nname = \"dut\"\nexec = {words:?}\nradio = \"{kind}\"\n{keys}\n")
}

fn run(boards: &str, cases: &[&str]) -> Bundle {
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), boards);
    Bundle::run([&["--testbed", testbed.to_str().unwrap()][..], cases].concat())
}

/// Verdict, blame and reason of the only case of a run, which the judge finds again in the log.
fn ending(run: &Bundle) -> (String, String, String) {
    let case = &read_json(&run.path.join("run.json"))["cases"][0];
    let text = |key: &str| case[key].as_str().unwrap_or("-").to_owned();
    run.call("judge", &[]).expect(0);
    (text("verdict"), text("blame"), text("reason"))
}

fn events(run: &Bundle) -> String {
    let case = std::fs::read_dir(run.path.join("cases")).unwrap().next().unwrap().unwrap().path();
    std::fs::read_to_string(case.join("events.jsonl")).unwrap()
}

/// A right device behind each bridge passes, whoever acknowledges.
#[rstest]
#[case::zep("zep", &[], "")]
#[case::openthread("openthread", &[], "")]
#[case::zep_by_the_medium("zep", &["STACK_IS_MUTE=1"], "acknowledges = \"medium\"")]
#[case::openthread_by_the_medium("openthread", &["STACK_IS_MUTE=1"], "acknowledges = \"medium\"")]
fn a_device_behind_a_bridge_is_bootstrapped(#[case] kind: &str, #[case] settings: &[&str], #[case] keys: &str) {
    let run = run(&stack(kind, settings, keys), &[JOIN]);
    let (verdict, _, reason) = ending(&run);
    assert_eq!(verdict, "pass", "{reason}");
}

/// What a stack does not acknowledge has not reached it, whatever its upper tester says: nothing is the device's fault.
#[rstest]
#[case::zep("zep")]
#[case::openthread("openthread")]
fn a_stack_that_hears_and_acknowledges_nothing_is_never_failed(#[case] kind: &str) {
    let run = run(&stack(kind, &["STACK_IS_DEAF=1"], ""), &[JOIN]);
    let (verdict, blame, reason) = ending(&run);
    println!("{verdict}, {blame}: {reason}");
    assert!(verdict == "inconclusive" || verdict == "error", "{verdict}: {reason}");
    assert_ne!(blame, "device", "{reason}");
}

/// The adapter lives and says `ok` to everything, and the stack behind it is dead: soon after its first frames, or before them.
#[rstest]
#[case::zep("zep", "0.5")]
#[case::openthread("openthread", "0.5")]
#[case::zep_by_the_medium("zep\"\nacknowledges = \"medium", "0.5")]
#[case::zep_at_once("zep", "0.1")]
fn a_stack_that_is_killed_under_a_living_adapter_is_an_error_of_the_rack(#[case] kind: &str, #[case] after: &str) {
    let folder = tempfile::tempdir().unwrap();
    let adapter = folder.path().join("adapter");
    // It hands lines through as long as the stack lives; then it lies. It is killed once it has a site, in its third life.
    let script = r#"
coproc STACK { exec "$1" 2>&2; }
exec 3<&"${STACK[0]}" 4>&"${STACK[1]}"
stack=$STACK_PID
cat <&3 &
[ -e "$BOOTRACK_STORE/store" ] && (sleep "$AFTER"; kill -9 $stack) &
while read -r line; do
    if kill -0 $stack 2>/dev/null; then echo "$line" >&4; else
        set -- $line
        echo "< $2 ok state=joining secured=0 all_secured=0"
    fi
done
"#;
    std::fs::write(&adapter, script).unwrap();
    let device = example("bridged_device");
    let words = [
        "env".to_owned(),
        format!("AFTER={after}"),
        "bash".to_owned(),
        adapter.display().to_string(),
        device.display().to_string(),
    ];
    let begun = Instant::now();
    let run = run(&format!("[[board]]\nname = \"dut\"\nexec = {words:?}\nradio = \"{kind}\"\n"), &[JOIN]);
    let (verdict, blame, reason) = ending(&run);
    println!("{verdict}, {blame}: {reason}");
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    // How far it came depends on the machine: the one who is killed at once may have sent a datagram, or none.
    let gone = reason.contains("is gone: its stack is gone: nobody is at 127.0.0.1:");
    let never = after == "0.1" && reason.contains("is not connected after 10s: no ZEP datagram of its stack has come");
    assert!(reason.contains("board `dut` is lost: its radio") && (gone || never), "{reason}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

/// A program that runs by its upper tester and never connects its radio.
#[rstest]
#[case::link(
    "radio = true",
    "its radio (radio = true) is not connected after 10s: nobody is connected to its socket BOOTRACK_RADIO"
)]
#[case::zep(
    "radio = \"zep\"",
    "its radio (radio = \"zep\") is not connected after 10s: no ZEP datagram of its stack has come"
)]
#[case::openthread(
    "radio = \"openthread\"",
    "its radio (radio = \"openthread\") is not connected after 10s: no node of its simulation is at the ports "
)]
fn a_program_that_never_connects_its_radio_is_an_error_of_the_rack(#[case] radio: &str, #[case] told: &str) {
    let program = example("reference_device");
    let words = ["env", "-u", "BOOTRACK_RADIO", program.to_str().unwrap()];
    let begun = Instant::now();
    let run = run(&format!("[[board]]\nname = \"dut\"\nexec = {words:?}\n{radio}\n"), &[JOIN]);
    let (verdict, blame, reason) = ending(&run);
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    assert!(reason.contains(&format!("board `dut` is lost: {told}")), "{reason}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    run.outcome.expect(4);
}

/// The file shows it: nothing runs.
#[rstest]
#[case::program("exec = [\"true\"]\n", "radio = true if its program connects to BOOTRACK_RADIO")]
#[case::refused("exec = [\"true\"]\nradio = false\n", "radio = true if its program connects to BOOTRACK_RADIO")]
#[case::serial(
    "serial = \"/dev/null\"\neui64 = \"0200000000000001\"\nreset = \"rts\"\n",
    "the device of its radio link"
)]
fn a_board_without_a_radio_on_which_a_case_needs_the_air_is_a_mistake_in_the_file(
    #[case] keys: &str,
    #[case] help: &str,
) {
    let run = run(&format!("[[board]]\nname = \"dut\"\n{keys}"), &[JOIN]);
    assert!(!run.path.exists());
    let told = ["board `dut` has no radio, and SEL-JOIN-01 needs it on the air", "bed.toml:4:8", help];
    run.outcome.expect(2).complains(&told);
    // Another board's radio is not this one's; a case without the board needs nothing of it.
    let device = stack("zep", &[], "");
    let others = self::run(&format!("{device}[[board]]\nname = \"router\"\n{keys}"), &["MAN-ANCHOR-01"]);
    others.outcome.expect(0);
}

/// A device that sends by another address than the one that the rack has for it.
#[test]
fn another_address_is_an_error_of_the_rack_and_names_both() {
    let settings = [&format!("STACK_EUI64={OTHER}")[..], "STACK_HIDES_IT=1"];
    let run = run(&stack("zep", &settings, ""), &[JOIN]);
    let (verdict, blame, reason) = ending(&run);
    assert_eq!((verdict.as_str(), blame.as_str()), ("error", "rack"), "{reason}");
    let told =
        format!("board `dut` sends as {OTHER} by its radio (radio = \"zep\"), and the rack gave it 70b3d5b007000");
    assert!(reason.starts_with(&told), "{reason}");
}

/// The same device is judged under its own address where the file says so: by its `hello`, or by its radio alone. It may be written
/// down as well. Whatever the rack has learnt stands in the log.
#[rstest]
#[case::by_hello(&[], "addresses = \"learn\"", "hello")]
#[case::by_radio(&["STACK_HIDES_IT=1"], "addresses = \"learn\"", "radio")]
#[case::written_down(&[], "eui64 = \"02b00700000000aa\"", "")]
fn another_address_can_be_judged(#[case] settings: &[&str], #[case] keys: &str, #[case] by: &str) {
    let address = format!("STACK_EUI64={OTHER}");
    let settings = [&[address.as_str()][..], settings].concat();
    let run = run(&stack("zep", &settings, keys), &[JOIN, "SEL-JSR-01@channel=11"]);
    let manifest = run.manifest();
    for case in manifest["cases"].as_array().unwrap() {
        assert_eq!(case["verdict"], "pass", "{case}");
    }
    run.call("judge", &[]).expect(0);
    let learnt = format!("\"address\":{{\"board\":\"dut\",\"eui64\":\"{OTHER}\",\"short\":null,\"by\":\"{by}\"}}");
    assert_eq!(events(&run).contains(&learnt), !by.is_empty());
    run.outcome.expect(0);
}

/// Two runs beside each other on OpenThread's simulation, and a third network that somebody started by hand.
#[test]
fn two_runs_on_one_machine_never_share_an_air() {
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &stack("openthread", &[], ""));
    let start = |out: &str| {
        let mut command = bootrack();
        command.args(["run", "--testbed", testbed.to_str().unwrap(), JOIN, "--out"]).arg(folder.path().join(out));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let runs: Vec<_> = ["one", "other"].map(start).into_iter().map(|run| run.wait_with_output().unwrap()).collect();
    for run in runs {
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    }
}

/// A shell that starts others in the background, some of them in groups of their own: its power is theirs, even if the run is killed.
#[rstest]
#[case::ends(false)]
#[case::is_killed(true)]
fn no_child_of_a_board_s_program_outlives_its_power(#[case] is_killed: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mark = format!("BOOTRACK_ORPHAN={}", folder.path().display());
    let device = example("bridged_device");
    let script = format!("sleep 300 & setsid sleep 300 & (setsid sleep 300 &); {}", device.display());
    let words = ["env", &mark, "bash", "-c", &script];
    let board = format!("[[board]]\nname = \"dut\"\nexec = {words:?}\nradio = \"zep\"\n");
    let testbed = testbed(folder.path(), &board);
    let count = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
        environments.filter(|lines| lines.split(|octet| *octet == 0).any(|line| line == mark.as_bytes())).count()
    };
    let mut command = bootrack();
    command.args(["run", "--testbed", testbed.to_str().unwrap(), JOIN, "--out"]).arg(folder.path().join("run"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let within = |holds: &dyn Fn() -> bool| {
        (0..400).any(|_| {
            holds() || {
                std::thread::sleep(Duration::from_millis(50));
                false
            }
        })
    };
    assert!(within(&|| count() >= 4), "{} processes", count());
    if is_killed {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    assert_eq!(status.success(), !is_killed);
    assert!(within(&|| count() == 0), "{} processes are left", count());
}

/// What a technician is told of each.
#[rstest]
#[case::sound("zep", &[], "", "ok   acks", 0)]
#[case::sound_simulation("openthread", &[], "", "ok   strays     nobody else sends to its bridge", 0)]
#[case::mute("zep", &["STACK_IS_MUTE=1"], "", "BAD  acks       its stack acknowledged nothing in time", 4)]
#[case::address("zep", &["STACK_EUI64=02b00700000000aa", "STACK_HIDES_IT=1"], "", "BAD  address    board `dut` sends as 02b00700000000aa", 4)]
#[case::learnt("zep", &["STACK_EUI64=02b00700000000aa"], "addresses = \"learn\"", "02b00700000000aa", 0)]
fn the_doctor_looks_at_radios(
    #[case] kind: &str,
    #[case] settings: &[&str],
    #[case] keys: &str,
    #[case] told: &str,
    #[case] code: i32,
) {
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &stack(kind, settings, keys));
    let outcome = call(["testbed", "doctor", "--testbed", testbed.to_str().unwrap()]).expect(code);
    assert!(outcome.out.contains(told), "{}", outcome.out);
    let connected = format!("ok   radio      connected (radio = \"{kind}\")");
    assert!(outcome.out.contains(&connected), "{}", outcome.out);
}

/// Of a board without a radio, and of one that never connects it.
#[rstest]
#[case::none("", "BAD  radio      its table has none: no case can have it on the air")]
#[case::never(
    "radio = true",
    "BAD  radio      `dut` is lost: its radio (radio = true) is not connected after 10s: nobody is connected to its socket"
)]
fn the_doctor_misses_a_radio(#[case] radio: &str, #[case] told: &str) {
    let program = example("reference_device");
    let words = ["env", "-u", "BOOTRACK_RADIO", program.to_str().unwrap()];
    let folder = tempfile::tempdir().unwrap();
    let testbed = testbed(folder.path(), &format!("[[board]]\nname = \"dut\"\nexec = {words:?}\n{radio}\n"));
    let outcome = call(["testbed", "doctor", "--testbed", testbed.to_str().unwrap()]).expect(4);
    assert!(outcome.out.contains(told), "{}", outcome.out);
}
