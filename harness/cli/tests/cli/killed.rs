//! `kill -9` at any moment leaves a bundle that can be read: what had finished is kept, the rest is `not_run`.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::common::{Bundle, Dice, bootrack, call, read_json, text};

const MOMENTS: usize = 20;

/// What is tested is the bundle: cases of several phases, some tens of them, are enough.
const CASES: [&str; 4] = ["SEL-RX-*", "ADV-FRAG-*", "RCM-*", "DEC-*"];

#[test]
fn a_run_that_is_killed_at_any_moment_can_be_read() {
    let reference = Bundle::run(CASES.iter().copied().chain(["--seed", "7", "--jobs", "1"]));
    let verdicts = reference.manifest()["cases"].clone();
    let planned = verdicts.as_array().unwrap();

    let mut dice = Dice::new("kill -9");
    let mut finished_in_all = 0;
    let mut cut_short = 0;
    for moment in 0..MOMENTS {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        // One moment in each twentieth of the run, told by the cases that have ended, and a little later.
        let ended = planned.len() * moment / MOMENTS;
        kill_after(&run, ended, Duration::from_micros(dice.below(20_000) as u64));
        if !run.exists() {
            call(["judge".as_ref(), run.as_os_str()]).expect(2).complains(&["no such file or folder"]);
            continue;
        }
        let finished = read_after_kill(&run, planned);
        assert!(finished >= ended, "{finished} cases kept, {ended} had ended");
        finished_in_all += finished;
        cut_short += usize::from(finished < planned.len());
    }
    println!("{cut_short} of {MOMENTS} runs cut short, {finished_in_all} finished cases kept");
    assert!(cut_short > MOMENTS / 2, "only {cut_short} runs were cut short");
}

/// Kills a run `later` than the moment at which so many of its cases have ended.
fn kill_after(run: &Path, ended: usize, later: Duration) {
    let mut command = bootrack();
    command.arg("run").args(CASES).args(["--seed", "7", "--jobs", "1", "--out"]).arg(run);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // A case that is still hidden has not ended: it counts from its rename on.
    let is_visible = |entry: &fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
    let sealed = || {
        let folders = fs::read_dir(run.join("cases")).map(|entries| entries.flatten().collect::<Vec<_>>());
        let folders = folders.unwrap_or_default();
        folders.iter().filter(|entry| is_visible(entry) && entry.path().join("result.json").exists()).count()
    };
    while sealed() < ended && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(later);
    // `Child::kill` is SIGKILL; a run that has ended by itself is as good.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Checks what `judge` and `report` make of the bundle; how many cases had finished.
fn read_after_kill(run: &Path, planned: &[serde_json::Value]) -> usize {
    let judged = call(["judge".as_ref(), run.as_os_str(), "--json".as_ref()]).expect(0).json();
    assert_eq!(judged["damage"].as_array().map(Vec::len), Some(0), "{}", judged["damage"]);
    let judged = judged["cases"].as_array().unwrap();
    assert_eq!(judged.len(), planned.len());
    let mut finished = 0;
    for (judged, planned) in judged.iter().zip(planned) {
        assert_eq!(judged["id"], planned["id"]);
        let result = run.join("cases").join(text(&planned["id"])).join("result.json");
        if result.exists() {
            finished += 1;
            assert_eq!(judged["verdict"], planned["verdict"], "{}", planned["id"]);
            assert_eq!(read_json(&result)["verdict"], planned["verdict"]);
        } else {
            assert_eq!(judged["verdict"], "not_run", "{}", planned["id"]);
        }
    }
    call(["report".as_ref(), run.as_os_str()]).expect(0);
    let junit = fs::read_to_string(run.join("junit.xml")).unwrap();
    assert_eq!(junit.matches("<testcase ").count(), planned.len());
    assert_eq!(junit.matches("type=\"not_run\"").count(), planned.len() - finished);
    // The page says where a long row ID may be broken.
    let index = fs::read_to_string(run.join("index.html")).unwrap();
    let index = index.replace("</span><wbr><span class=\"nb\">", "");
    planned.iter().for_each(|case| assert!(index.contains(case["id"].as_str().unwrap())));
    finished
}

#[test]
fn what_a_run_that_was_killed_at_once_leaves_is_no_run() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("run/cases")).unwrap();
    for command in ["judge", "report"] {
        call([command.as_ref(), folder.path().join("run").as_os_str()])
            .expect(2)
            .complains(&["not a run folder (it holds no run.json)", "name the folder of a run"]);
    }
}
