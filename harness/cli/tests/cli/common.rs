//! Starting `bootrack`, and looking at what it leaves.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tempfile::TempDir;

/// The command, with nothing of the caller's environment that changes its output.
pub(crate) fn bootrack() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bootrack"));
    command.env("NO_COLOR", "1").env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// What came of one call.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
    /// Both streams: where a person looks.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.out, self.err)
    }

    /// This exit code and no other.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Each fragment stands somewhere on stderr, whatever the line breaks.
    #[track_caller]
    pub(crate) fn complains(self, fragments: &[&str]) -> Self {
        let text = unwrapped(&self.err);
        for fragment in fragments {
            assert!(text.contains(fragment), "`{fragment}` is not in:\n{}", self.err);
        }
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// A diagnostic without the line breaks that the terminal's width makes.
pub(crate) fn unwrapped(text: &str) -> String {
    text.lines().map(|line| line.trim_start_matches([' ', '│', '×'])).collect::<Vec<_>>().join(" ")
}

/// Runs to the end. A panic is never an answer.
#[track_caller]
pub(crate) fn finish(mut command: Command) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let outcome = Outcome { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
    assert!(!outcome.err.contains("panicked at"), "{command:?}: {}", outcome.err);
    outcome
}

/// Runs `bootrack` with these arguments.
#[track_caller]
pub(crate) fn call<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    let mut command = bootrack();
    command.args(arguments);
    finish(command)
}

/// Runs `bootrack` in a folder, so that messages name files as they were given.
#[track_caller]
pub(crate) fn call_in<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Outcome {
    let mut command = bootrack();
    command.current_dir(folder).args(arguments);
    finish(command)
}

/// A bundle in a folder of its own, removed with this value.
pub(crate) struct Bundle {
    _folder: Option<TempDir>,
    pub(crate) path: PathBuf,
    pub(crate) outcome: Outcome,
}

impl Bundle {
    /// `bootrack run` with these arguments.
    #[track_caller]
    pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let mut command = bootrack();
        command.arg("run").args(arguments).arg("--out").arg(&path);
        let outcome = finish(command);
        Self { _folder: Some(folder), path, outcome }
    }

    /// The whole run of the built-in suites with seed 1, which passes: one for all tests of this process, to be read only.
    pub(crate) fn of_seed_one() -> &'static Self {
        static RUN: OnceLock<Bundle> = OnceLock::new();
        RUN.get_or_init(|| Self::shared("1"))
    }

    /// The whole run of the built-in suites with seed 7, as [`Bundle::of_seed_one`].
    pub(crate) fn of_seed_seven() -> &'static Self {
        static RUN: OnceLock<Bundle> = OnceLock::new();
        RUN.get_or_init(|| Self::shared("7"))
    }

    /// A whole run, with two jobs, in a folder that stays when the process has ended: nothing can remove it before. The next
    /// process removes it.
    fn shared(seed: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared-runs");
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let process = name.split('-').next().unwrap_or_default();
            if !Path::new("/proc").join(process).exists() {
                // Another process may be at it.
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let path = folder.join(format!("{}-seed-{seed}", std::process::id()));
        let mut command = bootrack();
        command.args(["run", "--seed", seed, "--jobs", "2", "--out"]).arg(&path);
        let outcome = finish(command);
        assert_eq!(outcome.code, Some(0), "{}", outcome.said());
        Self { _folder: None, path, outcome }
    }

    /// `run.json`.
    pub(crate) fn manifest(&self) -> Json {
        read_json(&self.path.join("run.json"))
    }

    /// The IDs of all cases, in the run's order.
    pub(crate) fn cases(&self) -> Vec<String> {
        self.manifest()["cases"].as_array().unwrap().iter().map(|case| text(&case["id"])).collect()
    }

    /// A file of a case.
    pub(crate) fn file(&self, case: &str, name: &str) -> PathBuf {
        self.path.join("cases").join(case).join(name)
    }

    /// `bootrack COMMAND` on this run.
    #[track_caller]
    pub(crate) fn call(&self, command: &str, arguments: &[&str]) -> Outcome {
        call([OsStr::new(command), self.path.as_os_str()].into_iter().chain(arguments.iter().map(OsStr::new)))
    }
}

/// The IDs of all cases of the built-in suites, rows included.
pub(crate) fn every_case() -> Vec<String> {
    let list = call(["list", "--json"]).expect(0).json();
    list["cases"].as_array().unwrap().iter().map(|case| text(&case["id"])).collect()
}

pub(crate) fn read_json(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A JSON value that must be a string.
#[track_caller]
pub(crate) fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

/// Does `work` for each item on two threads; the machine that runs the tests has other things to do.
pub(crate) fn side_by_side<T: Sync>(items: &[T], work: impl Fn(&T) + Sync) {
    let half = items.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        for part in items.chunks(half) {
            scope.spawn(|| part.iter().for_each(&work));
        }
    });
}

/// Whether a run's overview links the page of a case, in whichever way the characters of a URL are escaped.
pub(crate) fn links(overview: &str, case: &str) -> bool {
    let linked = overview.split("href=\"cases/").skip(1).filter_map(|rest| rest.split_once("/index.html\""));
    linked.map(|(name, _)| unescaped(name)).any(|name| name == case)
}

/// A part of a URL's path without its percent encoding (RFC 3986 2.1).
fn unescaped(part: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = part.as_bytes();
    while let [first, more @ ..] = rest {
        let escaped = match (first, more) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        octets.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(octets).unwrap()
}

/// Random enough to pick places, and the same in every run (a linear congruential generator after Knuth).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: &str) -> Self {
        Self(
            seed.bytes()
                .fold(0x9e37_79b9_7f4a_7c15, |state, octet| (state ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)),
        )
    }

    /// Below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// Whether a program that a test needs is there. Without it the test is left out, visibly; in CI it must be there.
pub(crate) fn has(program: &str, argument: &str) -> bool {
    let there = Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{program} is missing, and CI must not leave tests out");
        eprintln!("SKIPPED: {program} is missing");
    }
    there
}
