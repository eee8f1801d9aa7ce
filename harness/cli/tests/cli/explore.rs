//! `bootrack explore`: walks, what they find, and the case that is left of it.

use std::fs;

use crate::common::{call, call_in};

#[test]
fn the_reference_device_departs_in_no_walk_and_the_same_seed_says_the_same() {
    let arguments = ["explore", "--walks", "3", "--steps", "12", "--seed", "5", "--json"];
    let said = call(arguments).expect(0).json();
    assert_eq!(said["schema"], "bootrack-explore/1");
    assert_eq!(said["passed"], 3);
    assert!(said["judged_steps"].as_u64().unwrap() > 60, "{said}");
    let again = call(arguments.iter().copied().chain(["--jobs", "1"])).expect(0).json();
    assert_eq!((&said["rules"], &said["judged_steps"]), (&again["rules"], &again["judged_steps"]));
}

#[test]
fn a_departure_is_a_case_that_run_fails_alone_and_the_reference_device_passes() {
    let folder = tempfile::tempdir().unwrap();
    let explore = ["explore", "--walks", "4", "--mutant", "tx-plain-on-secured-link", "--out", "found"];
    let outcome = call_in(folder.path(), explore).expect(1);
    assert!(outcome.out.contains("shows a departure") && outcome.out.contains("SEL-5.3.3-9"), "{}", outcome.out);
    let files: Vec<_> = fs::read_dir(folder.path().join("found")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        let file = file.to_str().unwrap();
        let run = ["run", "--suite", file, "--mutant", "tx-plain-on-secured-link", "--out"];
        let failed = call_in(folder.path(), run.into_iter().chain(["failed"])).expect(1);
        assert!(failed.out.contains("1 fail"), "{}", failed.out);
        call_in(folder.path(), ["run", "--suite", file, "--out", "passed"]).expect(0);
        fs::remove_dir_all(folder.path().join("failed")).unwrap();
        fs::remove_dir_all(folder.path().join("passed")).unwrap();
    }
}

#[test]
fn how_many_mutants_walks_find_is_told_with_the_case_of_each() {
    let said =
        call(["explore", "--mutants", "--walks", "6", "--json", "key-not-installed", "lbr-drops-jsr"]).expect(0).json();
    assert_eq!((&said["schema"], &said["found"]), (&"bootrack-explore-mutants/1".into(), &1.into()));
    assert_eq!(said["mutants"][0]["name"], "key-not-installed");
    assert!(said["mutants"][0]["departure"]["actions"].as_array().unwrap().len() <= 2, "{said}");
    assert!(said["mutants"][1]["departure"].is_null(), "the device is no 6LBR here: {said}");
    call(["explore", "key-not-installed"]).expect(2);
    call(["explore", "--mutant", "nonsense"]).expect(2).complains(&["unknown mutant `nonsense`"]);
}

#[test]
fn a_walk_can_be_read() {
    let said = call(["explore", "--walk", "2", "--steps", "5", "--print"]).expect(0).out;
    for wanted in ["suite = \"explored\"", "EXPLORED-1-2", "[[case.step]]", "  # "] {
        assert!(said.contains(wanted), "{said}");
    }
}
