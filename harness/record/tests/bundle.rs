//! The bundle on disk: what is refused when it is written, what survives a kill, and what is found when it is read.

extern crate bootrack_record as record;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use record::event::What;
use record::{Bundle, BundleError, CaseId, CaseResult, LogError, RunManifest, Verdict};
use serde_json::json;

mod common;

use common::{manifest, result, started};

fn id(text: &str) -> CaseId {
    CaseId::new(text).unwrap()
}

fn seal(bundle: &Bundle, case: &str) -> CaseResult {
    let mut writer = bundle.case(&id(case)).unwrap();
    writer.append(0, started(case)).unwrap();
    writer.append(5, What::CaseEnded).unwrap();
    writer.seal(result(case)).unwrap()
}

/// A finished run of two sealed cases and one that did not run.
fn finished() -> (tempfile::TempDir, PathBuf, RunManifest) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("runs/r1");
    let mut manifest = manifest(&["A-01", "A-02@channel=11", "A-03"]);
    let bundle = Bundle::create(&run, &manifest, &json!({ "cases": 3 })).unwrap();
    for index in [0, 1] {
        let sealed = seal(&bundle, &manifest.cases[index].id.clone());
        manifest.cases[index] = sealed;
    }
    manifest.wall_seconds = Some("1.5".into());
    bundle.finish(&manifest).unwrap();
    (folder, run, manifest)
}

fn damage(run: &Path) -> Vec<String> {
    Bundle::open(run).unwrap().damage.iter().map(ToString::to_string).collect()
}

#[test]
fn a_finished_run_is_read_as_it_was_written() {
    let (_folder, run, manifest) = finished();
    let stored = Bundle::open(&run).unwrap();
    assert_eq!(stored.manifest, manifest);
    assert!(stored.damage.is_empty(), "{:?}", stored.damage);
    assert_eq!(stored.plan().unwrap(), json!({ "cases": 3 }));
    assert_eq!(stored.case("A-01").unwrap().events().unwrap().len(), 2);
    assert!(stored.case("A-02@channel=11").unwrap().capture().is_file());
    assert!(stored.case("A-03").is_none());
    assert!(stored.case("../A-01").is_none());
    let verdicts: Vec<Verdict> = stored.manifest.cases.iter().map(|case| case.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Pass, Verdict::NotRun]);
}

#[test]
fn sha256sum_agrees_with_every_digest() {
    let (_folder, run, _) = finished();
    let sums = fs::read_to_string(run.join("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 2 + 2 * 3);
    let output =
        std::process::Command::new("sha256sum").args(["-c", "--strict", "SHA256SUMS"]).current_dir(&run).output();
    match output {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "sha256sum is needed in CI");
            eprintln!("skipped: sha256sum is not installed");
        }
    }
}

#[test]
fn files_that_bear_secrets_are_readable_by_their_owner_only() {
    let (_folder, run, _) = finished();
    for name in ["plan.json", "wireshark/ieee802154_keys", "cases/A-01/events.jsonl", "cases/A-01/capture.pcapng"] {
        let mode = fs::metadata(run.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn an_output_folder_that_exists_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = Bundle::create(folder.path(), &manifest(&[]), &json!(null)).unwrap_err();
    assert!(matches!(&error, BundleError::Exists { path } if path == folder.path()));
    assert!(error.to_string().contains("exists already: name another output folder"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_in_the_way_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs");
    fs::write(&file, "x").unwrap();
    for run in [file.join("r1"), file.join("deeper/r1")] {
        let error = Bundle::create(&run, &manifest(&[]), &json!(null)).unwrap_err();
        assert!(matches!(error, BundleError::NotAFolder { .. }), "{error:?}");
        assert!(error.to_string().contains("runs") && error.to_string().contains("is a file, not a folder"), "{error}");
    }
    let error = Bundle::create(&file, &manifest(&[]), &json!(null)).unwrap_err();
    assert!(matches!(error, BundleError::Exists { .. }), "{error}");
}

#[test]
fn a_folder_that_must_not_be_written_to_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(folder.path().join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write anywhere");
        return;
    }
    let error = Bundle::create(&folder.path().join("r1"), &manifest(&[]), &json!(null)).unwrap_err();
    assert!(matches!(error, BundleError::NoPermission { .. }), "{error}");
    assert!(error.to_string().contains("choose a folder that you may write to"), "{error}");
}

#[test]
fn bad_duplicate_unplanned_and_repeated_cases_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("r1");
    let error = Bundle::create(&run, &manifest(&["../x"]), &json!(null)).unwrap_err();
    assert!(matches!(error, BundleError::BadCaseId(_)), "{error}");
    let error = Bundle::create(&run, &manifest(&["A", "A"]), &json!(null)).unwrap_err();
    assert!(matches!(error, BundleError::DuplicateCase { .. }), "{error}");
    assert!(!run.exists(), "nothing was written");
    let bundle = Bundle::create(&run, &manifest(&["A"]), &json!(null)).unwrap();
    assert!(matches!(bundle.case(&id("B")), Err(BundleError::NotPlanned { .. })));
    seal(&bundle, "A");
    assert!(matches!(bundle.case(&id("A")), Err(BundleError::SealedAlready { .. })));
}

#[test]
fn a_log_that_is_not_ended_and_a_result_of_another_case_are_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::create(&folder.path().join("r1"), &manifest(&["A", "B"]), &json!(null)).unwrap();
    let mut writer = bundle.case(&id("A")).unwrap();
    writer.append(0, started("A")).unwrap();
    let error = writer.seal(result("A")).unwrap_err();
    assert!(matches!(error, BundleError::Log(LogError::Unended { .. })), "{error}");
    let writer = bundle.case(&id("A")).unwrap();
    assert!(matches!(writer.seal(result("B")), Err(BundleError::WrongCase { .. })));
    let left = fs::read_dir(bundle.folder().join("cases")).unwrap().count();
    assert_eq!(left, 0, "what was not sealed leaves nothing");
}

/// Stops the clock inside a run: everything that a kill leaves is in the copy, and nothing that a clean end would tidy up.
fn killed_copy(run: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(run).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            killed_copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_run_killed_in_the_middle_of_a_case_has_the_sealed_ones_and_the_others_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Bundle::create(&folder.path().join("r1"), &manifest(&["A", "B", "C"]), &json!(["plan"])).unwrap();
    seal(&bundle, "A");
    let mut writer = bundle.case(&id("B")).unwrap();
    writer.append(0, started("B")).unwrap();
    let killed = folder.path().join("killed");
    killed_copy(bundle.folder(), &killed);
    // Also as if run.json had just been written anew, and a line of the open log had been cut.
    fs::write(killed.join(".run.json.1-1.tmp"), "{\"schema\"").unwrap();
    let hidden: Vec<PathBuf> = fs::read_dir(killed.join("cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(".B."))
        .collect();
    assert_eq!(hidden.len(), 1, "the open case is hidden");
    fs::write(hidden[0].join("events.jsonl"), "{\"n\":1").unwrap();

    let stored = Bundle::open(&killed).unwrap();
    assert!(stored.damage.is_empty(), "{:?}", stored.damage);
    let verdicts: Vec<Verdict> = stored.manifest.cases.iter().map(|case| case.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::NotRun, Verdict::NotRun]);
    assert_eq!(stored.manifest.wall_seconds, None);
    assert_eq!(stored.plan().unwrap(), json!(["plan"]));
    assert!(stored.case("B").is_none());
}

#[test]
fn a_run_killed_between_its_manifest_and_its_digests_is_whole() {
    let (_folder, run, _) = finished();
    let sums = fs::read_to_string(run.join("SHA256SUMS")).unwrap();
    fs::write(run.join("SHA256SUMS"), sums.lines().next().unwrap().to_owned() + "\n").unwrap();
    assert_eq!(damage(&run), Vec::<String>::new());
}

#[test]
fn altered_evidence_is_named_by_its_file() {
    for name in
        ["cases/A-01/events.jsonl", "cases/A-01/capture.pcapng", "cases/A-01/result.json", "plan.json", "run.json"]
    {
        let (_folder, run, _) = finished();
        let path = run.join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes.push(b'\n');
        fs::write(&path, bytes).unwrap();
        let damage = damage(&run);
        assert_eq!(damage.len(), 1, "{damage:?}");
        assert!(damage[0].contains(name) && damage[0].contains("altered after it was sealed"), "{damage:?}");
    }
}

#[test]
fn missing_evidence_is_named_by_its_file() {
    for name in ["cases/A-01/events.jsonl", "cases/A-01/capture.pcapng", "cases/A-01/result.json", "plan.json"] {
        let (_folder, run, _) = finished();
        fs::remove_file(run.join(name)).unwrap();
        let damage = damage(&run);
        assert!(damage.iter().any(|line| line.contains(name) && line.contains("missing")), "{damage:?}");
    }
    let (_folder, run, _) = finished();
    fs::remove_dir_all(run.join("cases/A-01")).unwrap();
    assert!(damage(&run).iter().any(|line| line.contains("cases/A-01: missing")));
    let (_folder, run, _) = finished();
    fs::remove_file(run.join("SHA256SUMS")).unwrap();
    assert!(damage(&run).iter().any(|line| line.contains("SHA256SUMS: missing")));
}

#[test]
fn a_verdict_changed_in_a_result_is_found_even_with_the_digests_recomputed() {
    let (_folder, run, _) = finished();
    let path = run.join("cases/A-01/result.json");
    let text = fs::read_to_string(&path).unwrap().replace("\"pass\"", "\"fail\"");
    fs::write(&path, &text).unwrap();
    fs::write(run.join("SHA256SUMS"), "").unwrap();
    let damage = damage(&run);
    assert!(damage.iter().any(|line| line.contains("differs from what run.json says")), "{damage:?}");
    assert!(damage.iter().any(|line| line.contains("no digest of plan.json")), "{damage:?}");
}

#[test]
fn what_is_no_run_is_told_from_a_run_with_a_broken_manifest() {
    let (folder, run, _) = finished();
    let open = |path: &Path| Bundle::open(path).unwrap_err();
    assert!(matches!(open(&folder.path().join("nothing")), BundleError::NotThere { .. }));
    assert!(matches!(open(&run.join("cases")), BundleError::NotARun { run_inside: None, .. }));
    assert!(matches!(open(&run.join("plan.json")), BundleError::NotARun { .. }));
    let path = run.join("run.json");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = open(&run);
    assert!(matches!(error, BundleError::Truncated { .. }), "{error}");
    assert!(error.to_string().contains("run.json: cut short after"), "{error}");
    fs::write(&path, "").unwrap();
    assert!(matches!(open(&run), BundleError::Truncated { length: 0, .. }));
    fs::write(&path, "]").unwrap();
    assert!(matches!(open(&run), BundleError::Invalid { .. }));
    fs::write(&path, "{}").unwrap();
    assert!(open(&run).to_string().contains("it has no `schema`"));
    fs::write(&path, whole.replace("\"wall_seconds\"", "\"wall\"")).unwrap();
    assert!(open(&run).to_string().contains("unknown field `wall`"), "{}", open(&run));
    fs::write(&path, whole.replace("bootrack-run/1", "bootrack-run/2")).unwrap();
    let error = open(&run);
    assert!(matches!(&error, BundleError::UnknownSchema { found, .. } if found == "bootrack-run/2"), "{error}");
    fs::write(&path, whole.replace("\"A-03\"", "\"../x\"")).unwrap();
    assert!(open(&run).to_string().contains("is no case ID"), "{}", open(&run));
}

#[test]
fn latest_points_at_the_newest_run_and_nothing_else_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for name in ["r1", "r2"] {
        let bundle = Bundle::create(&runs.join(name), &manifest(&["A"]), &json!(null)).unwrap();
        bundle.link_latest().unwrap();
        assert_eq!(fs::read_link(runs.join("latest")).unwrap(), Path::new(name));
    }
    assert_eq!(Bundle::open(&runs.join("latest")).unwrap().manifest.cases.len(), 1);
    let error = Bundle::open(&runs).unwrap_err();
    assert!(error.to_string().contains("did you mean"), "{error}");
    fs::remove_file(runs.join("latest")).unwrap();
    fs::create_dir(runs.join("latest")).unwrap();
    let bundle = Bundle::create(&runs.join("r3"), &manifest(&["A"]), &json!(null)).unwrap();
    assert!(matches!(bundle.link_latest(), Err(BundleError::LatestIsNoLink { .. })));
}

#[test]
fn reports_are_no_evidence_and_may_be_written_again() {
    let (_folder, run, _) = finished();
    for text in ["first", "second"] {
        Bundle::write_report(&run, "junit.xml", text.as_bytes()).unwrap();
        Bundle::write_case_page(&run, &id("A-01"), text.as_bytes()).unwrap();
        Bundle::write_case_page(&run, &id("A-03"), text.as_bytes()).unwrap();
    }
    assert_eq!(fs::read_to_string(run.join("cases/A-01/index.html")).unwrap(), "second");
    assert!(!run.join("cases/A-03").exists());
    assert_eq!(damage(&run), Vec::<String>::new());
}

#[test]
fn cases_are_written_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..8).map(|n| format!("A-{n}")).collect();
    let ids: Vec<&str> = names.iter().map(String::as_str).collect();
    let bundle = Bundle::create(&folder.path().join("r1"), &manifest(&ids), &json!(null)).unwrap();
    std::thread::scope(|scope| {
        for case in &ids {
            scope.spawn(|| seal(&bundle, case));
        }
    });
    let stored = Bundle::open(bundle.folder()).unwrap();
    assert!(stored.manifest.cases.iter().all(|case| case.verdict == Verdict::Pass));
    assert!(stored.damage.is_empty());
}
