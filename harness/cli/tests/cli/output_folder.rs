//! Where a run may leave its evidence, and what is said where it may not.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::common::{Bundle, Outcome, bootrack, call, call_in, finish, unwrapped};

#[test]
fn an_existing_output_folder_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    fs::create_dir(&there).unwrap();
    for content in [None, Some("mine")] {
        if let Some(content) = content {
            fs::write(there.join("note"), content).unwrap();
        }
        call_in(folder.path(), ["run", "SEL-JSR-01", "--out", "there"])
            .expect(2)
            .complains(&["there exists already", "--out"]);
        let left: Vec<_> = fs::read_dir(&there).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, content.map(|_| "note".into()).into_iter().collect::<Vec<std::ffi::OsString>>());
    }
    assert_eq!(fs::read_to_string(there.join("note")).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn a_file_in_the_way_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    call_in(folder.path(), ["run", "SEL-JSR-01", "--out", "file"]).expect(2).complains(&["file exists already"]);
    call_in(folder.path(), ["run", "SEL-JSR-01", "--out", "file/run"])
        .expect(2)
        .complains(&["a part of this path is a file, not a folder"]);
}

#[test]
fn without_out_the_run_goes_to_runs_and_latest_points_at_it() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        call_in(folder.path(), ["run", "SEL-JSR-01"]).expect(0);
    }
    call_in(folder.path(), ["judge", "runs/latest"]).expect(0);
    let entries: Vec<_> = fs::read_dir(folder.path().join("runs")).unwrap().collect();
    assert_eq!(entries.len(), 3, "two runs and `latest`");
    call_in(folder.path(), ["judge", "runs"]).expect(2).complains(&["not a run folder", "did you mean runs/latest?"]);
}

/// Whether this process may do everything.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[test]
fn a_folder_without_permission_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let run = closed.join("run");
    let outcome = if is_root() {
        // Root may write anywhere: become nobody, if the binary can be reached then.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let nobody = || {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_bootrack")]);
            command
        };
        if !nobody().arg("--version").output().is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: this is root, and cannot run the binary as nobody");
            return;
        }
        let mut command = nobody();
        command.args(["run", "SEL-JSR-01", "--out"]).arg(&run);
        finish(command)
    } else {
        call(["run".as_ref(), "SEL-JSR-01".as_ref(), "--out".as_ref(), run.as_os_str()])
    };
    outcome.expect(2).complains(&["permission denied", "closed/", "choose"]);
    assert_eq!(fs::read_dir(&closed).unwrap().count(), 0);
}

/// Runs a script in a mount namespace with a small file system at `$1`; `None` where that is not allowed.
fn on_a_small_disk(size: &str, place: &Path, script: &str) -> Option<Outcome> {
    let mount = format!("mount -t tmpfs -o size={size} none \"$1\"");
    let wrapped = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(if is_root() { "-m" } else { "-rm" }.split(' '));
        command.args(["sh", "-c", &format!("{mount} && {script}"), "sh"]).arg(place);
        command.arg(bootrack().get_program()).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
        command
    };
    if !wrapped("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: no small file system can be mounted here");
        return None;
    }
    Some(finish(wrapped(script)))
}

#[test]
fn a_full_disk_is_said_before_the_first_case() {
    let folder = tempfile::tempdir().unwrap();
    let Some(outcome) = on_a_small_disk("64k", folder.path(), "\"$2\" run --out \"$1/run\"") else { return };
    outcome.expect(2).complains(&["no space is left", "make room"]);
}

#[test]
fn a_disk_that_fills_up_in_the_middle_keeps_what_had_finished() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "{ \"$2\" run --jobs 1 --out \"$1/run\"; echo \"exit $?\"; \"$2\" judge \"$1/run\"; echo \"exit $?\"; }";
    let Some(outcome) = on_a_small_disk("36000k", folder.path(), script) else { return };
    // In the words of the system if it was the log that did not fit, else in ours.
    let outcome = outcome.complains(&["the run stopped", "the cases that ended before are in"]);
    assert!(unwrapped(&outcome.err).to_lowercase().contains("no space"), "{}", outcome.said());
    let exits: Vec<&str> = outcome.out.lines().filter(|line| line.starts_with("exit ")).collect();
    assert_eq!(exits, ["exit 4", "exit 0"], "{}", outcome.said());
    assert!(outcome.out.contains("pass  SEL-JSR-01@channel=11"), "{}", outcome.out);
    assert!(outcome.out.contains("not_run"), "{}", outcome.out);
}

#[test]
fn secrets_are_for_their_owner_only() {
    let run = Bundle::run(["SEL-JSR-01@channel=11"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in ["plan.json", "wireshark/ieee802154_keys"] {
        assert_eq!(mode(&run.path.join(name)), 0o600, "{name}");
    }
    for name in ["events.jsonl", "capture.pcapng"] {
        assert_eq!(mode(&run.file("SEL-JSR-01@channel=11", name)), 0o600, "{name}");
    }
}

/// What stands in a log directly before a secret in hexadecimal.
const BEFORE_SECRETS: [&str; 5] = [" psk=", " key=", " part=key data=", "\"key\":\"", "\"master_secret\":\""];

#[test]
fn no_secret_of_a_run_stands_in_a_file_that_others_may_read() {
    let run = Bundle::of_seed_one();
    let logs: Vec<String> =
        run.cases().iter().map(|case| fs::read_to_string(run.file(case, "events.jsonl")).unwrap()).collect();
    let suites = suites::built_in::all();
    let mut secrets = BTreeSet::new();
    for before in BEFORE_SECRETS {
        assert!(logs.iter().any(|log| log.contains(before)), "no log has `{before}`");
        for after in logs.iter().flat_map(|log| log.split(before).skip(1)) {
            let digits = after.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(after.len());
            // What a suite spells out, the key of zeros or one that a request brings, is nobody's secret.
            let hex = after.get(..digits).filter(|hex| hex.len() >= 32);
            secrets.extend(hex.filter(|hex| !suites.iter().any(|suite| suite.text.contains(hex))));
        }
    }

    let folders = run.cases().into_iter().map(|case| run.path.join("cases").join(case));
    let mut read = 0;
    for folder in folders.chain([run.path.clone(), run.path.join("wireshark")]) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
                let text = fs::read_to_string(entry.path()).unwrap();
                let words: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_hexdigit()).collect();
                assert_eq!(secrets.intersection(&words).next(), None, "{}", entry.path().display());
                read += 1;
            }
        }
    }
    assert!(read > run.cases().len(), "every case has a report, and only {read} files may be read");
}
