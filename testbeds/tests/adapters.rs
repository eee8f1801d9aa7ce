//! The adapters of `docs/examples/live-stacks`, each against a shell that replays a recorded session of the real stack: as it was, split
//! into octets, late, with log lines in between, and with noise and answers that nobody asked for. What they say in UT/1 is that of
//! the recorded conversation (`tests/shells/*.ut1`), and a stack that ends is a lost board.
//!
//! Without python3 the tests are left out with a line on stderr; with the environment variable `CI` set they fail.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use bootrack_testbeds::Rack;
use bootrack_testbeds::testbed::{Attachment, BoardRequest, Device, RackRequest, Testbed};
use input::Source;
use record::event::{Action, Observation};
use rstest::rstest;
use tempfile::TempDir;
use wire::upper_tester::{Line, Outcome};

/// The longest that an adapter may take for a line: a device attaches after some looks, and a busy machine has its own ideas.
const SAYS_WITHIN: Duration = Duration::from_secs(20);
/// How long one waits for a line that must not come.
const SILENT_FOR: Duration = Duration::from_millis(300);

fn shells() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/shells"))
}

fn adapter(stack: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/live-stacks")).join(stack).with_extension("py")
}

/// Whether there is a python3; in CI there is.
fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "python3 is needed in CI");
    if !found {
        eprintln!("skipped: no python3");
    }
    found
}

/// An adapter with a scripted shell behind it.
struct Adapter {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    _store: TempDir,
}

impl Adapter {
    fn start(stack: &str, environment: &[(&str, &str)]) -> Self {
        let store = tempfile::tempdir().unwrap();
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(adapter(stack))
            .args(["python3", "-B"])
            .arg(shells().join("scripted_shell.py"))
            .arg(shells().join(stack).with_extension("session"))
            .env("BOOTRACK_EUI64", "70b3d5b007000004")
            .env("BOOTRACK_STORE", store.path())
            .env("BOOTRACK_ZEP", "127.0.0.1:17754")
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let line = line.unwrap();
                assert!(!line.bytes().any(|octet| octet.is_ascii_control()), "{line:?}");
                // What a shell says is log, whatever it begins with.
                if line.starts_with(['<', '!']) && sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { child, stdin, lines, _store: store }
    }

    fn write(&mut self, octets: &[u8]) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(octets).unwrap();
        stdin.flush().unwrap();
    }

    /// The next line of UT/1, its times and hash masked.
    fn line(&self) -> String {
        let line = self.lines.recv_timeout(SAYS_WITHIN).unwrap();
        Line::parse(&line).unwrap();
        masked(&line)
    }

    fn ask(&mut self, line: &str) -> String {
        self.write(format!("{line}\n").as_bytes());
        self.line()
    }

    /// How it ends, and what it says of it.
    fn end(mut self) -> (Option<i32>, String) {
        let complaint = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (self.child.wait().unwrap().code(), complaint)
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn masked(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.split_once('=') {
        Some(("t", _)) => "t=T",
        Some(("hash", hash)) if hash.len() == 64 => "hash=HASH",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[rstest]
fn an_adapter_says_what_it_said_to_the_real_stack(
    #[values("openthread", "riot")] stack: &str,
    #[values("", "split", "late", "log", "wrong", "split,late,log,wrong")] how: &str,
) {
    if !has_python() {
        return;
    }
    let conversation = std::fs::read_to_string(shells().join(stack).with_extension("ut1")).unwrap();
    let mut adapter = Adapter::start(stack, &[("SHELL_HOW", how)]);
    // What is said between two requests may come in another order: an event is told when the shell tells of it.
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut expected: BTreeSet<String> = BTreeSet::new();
    for line in conversation.lines() {
        if line.starts_with('>') {
            assert_eq!(std::mem::take(&mut told), std::mem::take(&mut expected), "before `{line}`");
            adapter.write(format!("{line}\n").as_bytes());
        } else {
            told.insert(adapter.line());
            expected.insert(line.to_owned());
        }
    }
    assert_eq!(told, expected);
    assert_eq!(adapter.lines.recv_timeout(SILENT_FOR), Err(RecvTimeoutError::Timeout));
    drop(adapter.stdin.take());
    assert_eq!(adapter.end(), (Some(0), String::new()));
}

#[rstest]
fn a_request_is_judged_as_ut1_says(#[values("openthread", "riot")] stack: &str) {
    if !has_python() {
        return;
    }
    let mut adapter = Adapter::start(stack, &[]);
    assert_eq!(adapter.line(), "! booted t=T state=factory");
    for (seq, request) in [
        "hello",
        "hello nonce=0",
        "hello nonce=00 nonce=00",
        "hello nonce=",
        "status more=1",
        "install role=6ln channel=26 pan_id=0xb007 ct=fd00:c0::c7",
        "install role=6lr channel=27 pan_id=0xb007 ct=fd00:c0::c7",
        "install role=6lr channel=26 pan_id=b007 ct=fd00:c0::c7",
        "install role=6lr channel=26 pan_id=0xffff ct=fd00:c0::c7",
        "install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7 trigger=later",
        "vendor",
        "vendor text=-",
        "vendor text=a%0ab",
        "vendor text=a%",
        "link neighbour=70b3",
        &format!("vendor text={}", "x".repeat(161)),
        &format!("vendor text={}", "x".repeat(600)),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(adapter.ask(&format!("> {seq} {request}")), format!("< {seq} error code=argument"), "{request}");
    }
    // What bears no number gets no answer; a request may come in pieces, and with a CR.
    for octets in [&b"> x ping\n> 07 ping\n> 4294967296 ping\nping\n\n\xff\xfe\n> 42 "[..], b"xyz", b"zy\r", b"\n"] {
        adapter.write(octets);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(adapter.line(), "< 42 unimplemented");
    for command in
        ["manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f", "rpl", "update", "credential part=key data=-"]
    {
        assert_eq!(adapter.ask(&format!("> 43 {command}")), "< 43 unimplemented", "{command}");
    }
    for command in ["echo dest=fe80::1", "send dest=fe80::1 port=1 data=00", "start"] {
        assert_eq!(adapter.ask(&format!("> 44 {command}")), "< 44 error code=state", "{command}");
    }
}

#[rstest]
fn a_stack_that_ends_takes_its_adapter_with_it(
    #[values("openthread", "riot")] stack: &str,
    #[values("0", "1")] status: &str,
    #[values("", "split")] how: &str,
) {
    if !has_python() {
        return;
    }
    let environment = [("SHELL_ENDS", "xyzzy"), ("SHELL_STATUS", status), ("SHELL_HOW", how)];
    let mut adapter = Adapter::start(stack, &environment);
    assert_eq!(adapter.line(), "! booted t=T state=factory");
    adapter.write(b"> 1 vendor text=xyzzy\n");
    // No answer: what the device would have said is not known.
    assert_eq!(adapter.lines.recv_timeout(SAYS_WITHIN), Err(RecvTimeoutError::Disconnected));
    assert_eq!(adapter.end(), (Some(3), format!("the stack is lost: it has ended with status {status}\n")));
}

#[rstest]
fn a_riot_that_panics_is_lost_though_its_process_lives(
    #[values("drivers/netdev.c:365 => FAILED ASSERTION.", "*** RIOT kernel panic:")] panic: &str,
) {
    if !has_python() {
        return;
    }
    let mut adapter = Adapter::start("riot", &[("SHELL_ENDS", "xyzzy"), ("SHELL_PANICS", panic)]);
    assert_eq!(adapter.line(), "! booted t=T state=factory");
    adapter.write(b"> 1 vendor text=xyzzy\n");
    assert_eq!(adapter.lines.recv_timeout(SAYS_WITHIN), Err(RecvTimeoutError::Disconnected));
    assert_eq!(adapter.end(), (Some(3), format!("the stack is lost: {panic}\n")));
}

#[rstest]
fn a_stack_that_is_not_there_is_told(#[values("openthread", "riot")] stack: &str) {
    if !has_python() {
        return;
    }
    let child = Command::new("python3")
        .arg("-B")
        .arg(adapter(stack))
        .arg("no-such-stack")
        .env("BOOTRACK_EUI64", "70b3d5b007000004")
        .env("BOOTRACK_ZEP", "127.0.0.1:17754")
        .output()
        .unwrap();
    let complaint = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.code(), Some(3));
    assert!(complaint.starts_with("the stack is lost: ") && complaint.contains("no-such-stack"), "{complaint}");
}

/// A rack whose device is an adapter with a scripted shell that ends at a command.
fn rack(stack: &str, folder: &Path) -> bootrack_testbeds::VirtualRack {
    let shell = format!(
        "SHELL_ENDS=xyzzy BOOTRACK_EUI64=70b3d5b007000004 exec python3 -B {} python3 -B {} {}",
        adapter(stack).display(),
        shells().join("scripted_shell.py").display(),
        shells().join(stack).with_extension("session").display()
    );
    let script = folder.join("board");
    std::fs::write(&script, shell).unwrap();
    let radio = if stack == "riot" { "zep" } else { "openthread" };
    let text = format!(
        "name = \"t\"\nbackend = \"mixed\"\n[[board]]\nname = \"dut\"\nexec = [\"sh\", {:?}]\nradio = \"{radio}\"\n",
        script.display().to_string()
    );
    let testbed = Testbed::load(&Source { name: "t".to_owned(), text }).unwrap();
    let boards = vec![BoardRequest { name: "dut", attachment: Attachment::Board { is_at_backbone: false } }];
    let request =
        RackRequest { boards, links: &[], device: Device::Reference, channel: 26, loss_percent: 0, seed: [7; 32] };
    testbed.rack_for(&request).unwrap()
}

#[rstest]
fn the_rack_loses_a_board_whose_stack_ends(#[values("openthread", "riot")] stack: &str) {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut rack = rack(stack, folder.path());
    rack.act(&Action::Power { board: "dut".to_owned(), on: true }).unwrap();
    let say = |line: &str| Action::UpperTester { board: "dut".to_owned(), line: line.to_owned() };
    let (mut asked, begun) = (false, Instant::now());
    let (mut said, mut complaints) = (Vec::new(), Vec::new());
    while begun.elapsed() < SAYS_WITHIN {
        match rack.next(rack.now() + Duration::from_millis(10)).unwrap() {
            Some(Observation::UpperTester { line, .. }) => {
                let parsed = Line::parse(&line).unwrap();
                if let Line::Answer(answer) = &parsed {
                    assert_eq!(answer.outcome, Outcome::Unimplemented);
                    rack.act(&say("> 2 vendor text=xyzzy")).unwrap();
                } else if !std::mem::replace(&mut asked, true) {
                    rack.act(&say("> 1 xyzzy")).unwrap();
                }
                said.push(parsed);
            }
            Some(Observation::Log { line, .. }) => complaints.push(line),
            Some(Observation::BoardLost { board, reason }) => {
                assert_eq!((board.as_str(), said.len()), ("dut", 2));
                assert!(reason.contains("exit status: 3"), "{reason}");
                assert!(complaints.iter().any(|line| line.starts_with("the stack is lost: ")), "{complaints:?}");
                return;
            }
            _ => {}
        }
    }
    panic!("the board is not lost: {said:?}, {complaints:?}");
}
