//! What is made of a stored run: reports, comparisons, replays.

use std::fs;
use std::process::Command;

use crate::common::{Bundle, call, has, links, text};

#[test]
fn the_overview_links_every_case_and_every_page_is_there() {
    let run = Bundle::of_seed_one();
    let index = fs::read_to_string(run.path.join("index.html")).unwrap();
    for case in run.cases() {
        assert!(links(&index, &case), "{case} is not linked");
        let page = fs::read_to_string(run.file(&case, "index.html")).unwrap();
        assert!(page.contains(&case), "the page of {case} does not name it");
        for remote in ["src=\"http", "href=\"http", "@import", "url(http"] {
            assert!(!page.contains(remote), "{case}: the page needs the network ({remote})");
        }
    }
}

#[test]
fn junit_is_well_formed_and_tells_failure_from_error() {
    let run = Bundle::run(["SEL-JSR-*", "SEL-JOIN-*", "--mutant", "jsr-status-nonzero"]);
    assert_eq!(run.outcome.code, Some(1));
    let path = run.path.join("junit.xml");
    let junit = fs::read_to_string(&path).unwrap();
    let manifest = run.manifest();
    let cases = manifest["cases"].as_array().unwrap();
    let count = |verdicts: &[&str]| {
        cases.iter().filter(|case| verdicts.iter().any(|verdict| case["verdict"] == *verdict)).count()
    };
    assert_eq!(junit.matches("<testcase ").count(), cases.len());
    assert_eq!(junit.matches("<failure").count(), count(&["fail"]));
    assert_eq!(junit.matches("<error").count(), count(&["error", "inconclusive", "not_run"]));
    assert!(junit.contains("sel.status is 1, expected 0"), "{junit}");
    if has("xmllint", "--version") {
        let output = Command::new("xmllint").arg("--noout").arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn report_writes_the_reports_again_and_alters_no_evidence() {
    let run = Bundle::run(["SEL-JSR-01"]);
    let names = ["junit.xml", "index.html", "cases/SEL-JSR-01@channel=11/index.html"];
    let before = names.map(|name| fs::read(run.path.join(name)).unwrap());
    names.iter().for_each(|name| fs::remove_file(run.path.join(name)).unwrap());
    let outcome = run.call("report", &[]).expect(0);
    assert!(outcome.out.contains("index.html") && outcome.out.contains("junit.xml"), "{}", outcome.out);
    let after = names.map(|name| fs::read(run.path.join(name)).unwrap());
    assert!(before == after, "the reports are not the same again");
    run.call("judge", &[]).expect(0);
}

#[test]
fn compare_names_what_changed() {
    let good = Bundle::run(["SEL-JSR-01"]);
    let bad = Bundle::run(["SEL-JSR-01", "--mutant", "jsr-status-nonzero"]);
    let compare = |a: &Bundle, b: &Bundle, json: bool| {
        let paths = ["compare".as_ref(), a.path.as_os_str(), b.path.as_os_str()];
        call(paths.into_iter().chain(json.then_some("--json".as_ref())))
    };
    let same = compare(&good, &good, false).expect(0);
    assert!(same.out.contains("0 of 2 cases differ"), "{}", same.out);
    let worse = compare(&good, &bad, false).expect(1);
    assert!(worse.out.contains("SEL-JSR-01@channel=11: pass -> fail"), "{}", worse.out);
    // What got better is a difference, but no reason to fail.
    compare(&bad, &good, false).expect(0);
    let json = compare(&good, &bad, true).expect(1).json();
    assert_eq!(json["schema"], "bootrack-compare/1");
    assert_eq!(text(&json["cases"][0]["b"]), "fail");
    call(["compare".as_ref(), good.path.as_os_str(), "/no/such/run".as_ref()]).expect(2).complains(&["/no/such/run"]);
}

#[test]
fn replay_finds_the_same_bytes_again() {
    for arguments in [&["--seed", "9"][..], &["--fake", "liar"], &["--mutant", "jsr-status-nonzero"]] {
        let run = Bundle::run(["SEL-JSR-01"].iter().chain(arguments));
        let outcome = run.call("replay", &["SEL-JSR-01@channel=26"]).expect(0);
        assert!(outcome.out.contains("identical"), "{}", outcome.out);
    }
    let run = Bundle::run(["SEL-JSR-01"]);
    run.call("replay", &["SEL-JSR-01@channel=27"])
        .expect(2)
        .complains(&["the run has no case", "did you mean `SEL-JSR-01@channel=2"]);
    let path = run.file("SEL-JSR-01@channel=26", "events.jsonl");
    let log = fs::read_to_string(&path).unwrap();
    let altered = log.replacen("\"seed\":\"", "\"seed\":\"00", 1);
    assert!(altered != log);
    fs::write(&path, altered).unwrap();
    let outcome = run.call("replay", &["SEL-JSR-01@channel=26"]).expect(6);
    assert!(outcome.out.contains("differs"), "{}", outcome.out);
}

#[test]
fn a_folder_that_is_no_run_is_refused_by_every_command_that_reads_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().as_os_str();
    let calls: [&[&std::ffi::OsStr]; 4] = [
        &["judge".as_ref(), path],
        &["report".as_ref(), path],
        &["replay".as_ref(), path, "SEL-JSR-01".as_ref()],
        &["compare".as_ref(), path, path],
    ];
    for arguments in calls {
        call(arguments).expect(2).complains(&["not a run folder (it holds no run.json)", "runs/latest"]);
    }
}

#[test]
fn a_manifest_that_is_cut_short_altered_or_of_another_version_is_refused() {
    let run = Bundle::run(["SEL-JSR-01"]);
    let path = run.path.join("run.json");
    let whole = fs::read_to_string(&path).unwrap();
    for (content, fragment) in [
        (&whole[..whole.len() / 2], "run.json: cut short after"),
        ("", "run.json: cut short after 0 octets"),
        ("[]", "run.json: not valid"),
        ("{\"schema\": \"bootrack-run/2\"}", "bundle format `bootrack-run/2` is unknown to this version"),
        ("\u{7f}ELF", "run.json: not valid"),
    ] {
        fs::write(&path, content).unwrap();
        for command in ["judge", "report"] {
            run.call(command, &[]).expect(2).complains(&[fragment]);
        }
    }
}
