//! A case whose verdict may be the doing of links that lose frames is tried again, and every try is kept.

use std::fs;
use std::io::Write as _;

use crate::common::{Bundle, call, text};

/// One link of the case is hardly one.
const BED: &str = r#"
name = "one bad link"
backend = "virtual"

[[medium.link]]
between = ["dut", "router"]
delivery = 0.4
"#;

#[test]
fn every_try_is_kept_shown_judged_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let bed = folder.path().join("bad-link.toml");
    fs::write(&bed, BED).unwrap();
    let bed = bed.to_str().unwrap();
    let run = Bundle::run(["SEL-J*", "--testbed", bed, "--repeat", "3"]);
    let manifest = run.manifest();
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.iter().all(|case| matches!(text(&case["verdict"]).as_str(), "pass" | "inconclusive")), "{cases:#?}");
    let tries = |case: &serde_json::Value| case["earlier_tries"].as_array().map_or(0, Vec::len);
    let tried_again: Vec<_> = cases.iter().filter(|case| tries(case) > 0).collect();
    assert!(!tried_again.is_empty());
    for case in &tried_again {
        for earlier in case["earlier_tries"].as_array().unwrap() {
            assert_eq!(
                (text(&earlier["verdict"]).as_str(), text(&earlier["blame"]).as_str()),
                ("inconclusive", "rack")
            );
        }
    }
    let all: usize = cases.iter().map(tries).sum();
    assert!(run.outcome.out.contains("tried again"), "{}", run.outcome.out);
    assert_eq!(run.outcome.out.matches("decided nothing: ").count(), all, "{}", run.outcome.out);
    assert!(manifest["warnings"].to_string().contains("tried again"), "{}", manifest["warnings"]);
    let (junit, page) = ("junit.xml", "index.html");
    let read = |name: &str| fs::read_to_string(run.path.join(name)).unwrap();
    assert!(read(junit).contains("try 1: inconclusive, rack: ") && read(page).contains("tried again"));
    assert!(read("SHA256SUMS").contains("/try-1/events.jsonl"));

    let judged = run.call("judge", &[]).expect(0);
    assert!(judged.out.contains(&format!("{0} of {0} verdicts reproduced", cases.len() + all)), "{}", judged.out);
    let id = text(&tried_again[0]["id"]);
    assert!(fs::read_to_string(run.file(&id, "index.html")).unwrap().contains("in try-1"));
    let replayed = run.call("replay", &[&id]).expect(0);
    assert!(replayed.out.contains(&format!("{id}, try 1: ")), "{}", replayed.out);

    let log = run.file(&id, "try-1").join("events.jsonl");
    fs::OpenOptions::new().append(true).open(log).unwrap().write_all(b"x\n").unwrap();
    run.call("judge", &[]).expect(6).complains(&["altered: ", "try-1/events.jsonl"]);
}

/// On links that lose nothing a case is played once, whatever comes of it, and nothing is said of tries.
#[test]
fn a_case_that_loses_nothing_is_played_once() {
    let run = Bundle::run(["SEL-JSR-01", "--mutant", "jsr-reserved-nonzero", "--json"]);
    let manifest = fs::read_to_string(run.path.join("run.json")).unwrap();
    assert!(!manifest.contains("earlier_tries"), "{manifest}");
    assert_eq!(run.outcome.json()["cases"][0]["tries"], 1);
    assert!(!fs::read_to_string(run.path.join("plan.json")).unwrap().contains("loses_frames"));
}

#[test]
fn mutants_are_tried_on_a_testbed_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let bed = folder.path().join("lossy.toml");
    fs::write(&bed, "name = \"lossy\"\nbackend = \"virtual\"\n\n[medium]\ndelivery = 0.95\n").unwrap();
    let bed = bed.to_str().unwrap();
    let outcome =
        call(["mutants", "jsr-reserved-nonzero", "jsr-bad-checksum", "--testbed", bed, "--repeat", "3"]).expect(0);
    assert!(outcome.out.contains("2 of 2 mutants killed"), "{}", outcome.out);
}
