//! `--repeat`: every attempt is a case of its own in the evidence, and mixed verdicts are told.

use std::collections::BTreeSet;
use std::fs;

use crate::common::{Bundle, links, text};

/// Seven frames of ten are lost: in some attempts the device gets its address in time to ask, in others it does not.
const LOSSY: &str = r#"
title = "A link that hardly deserves the name"
phase = "bootstrap"

[[case]]
id = "LOSSY-01"
purpose = "A device asks to be secured over a link that loses nearly everything."
clauses = ["SEL-5-3"]
topology = "line: ct lbr dut"
params = { loss = [70] }
  [[case.setup]]
  use = "prepare_network"
  [[case.setup]]
  use = "prepare"
  with = { board = "dut" }
  [[case.step]]
  do = "power_on dut"
  [[case.step]]
  expect = "sel.jsr"
  from = "dut"
  within = "4s"
"#;

#[test]
fn every_attempt_has_a_seed_and_evidence_of_its_own_and_the_first_is_the_case_as_ever() {
    let run = Bundle::run(["SEL-JSR-01", "SEL-SSR-01", "--repeat", "3"]);
    let outcome = &run.outcome;
    assert_eq!(outcome.code, Some(0), "{}", outcome.said());
    assert!(outcome.out.contains("3 cases in 9 attempts: 9 pass"), "{}", outcome.out);
    let ids = run.cases();
    assert_eq!(ids[..3], ["SEL-JSR-01@channel=11", "SEL-JSR-01@channel=11+2", "SEL-JSR-01@channel=11+3"]);
    let manifest = run.manifest();
    let seeds: BTreeSet<String> =
        manifest["cases"].as_array().unwrap().iter().map(|case| text(&case["seed"])).collect();
    assert_eq!(seeds.len(), 9);
    let once = Bundle::run(["SEL-SSR-01"]);
    for name in ["events.jsonl", "capture.pcapng"] {
        let (first, alone) = (run.file("SEL-SSR-01", name), once.file("SEL-SSR-01", name));
        assert_eq!(fs::read(first).unwrap(), fs::read(alone).unwrap(), "{name}");
    }
    let junit = fs::read_to_string(run.path.join("junit.xml")).unwrap();
    let page = fs::read_to_string(run.path.join("index.html")).unwrap();
    for id in ids {
        assert!(junit.contains(&format!("name=\"{id}\"")), "{id}");
        assert!(links(&page, &id), "{id}");
    }
    run.call("judge", &[]).expect(0);
    run.call("replay", &["SEL-SSR-01+2"]).expect(0);
}

#[test]
fn mixed_verdicts_are_told_and_do_not_count_as_passed() {
    let folder = tempfile::tempdir().unwrap();
    let suite = folder.path().join("lossy.toml");
    fs::write(&suite, LOSSY).unwrap();
    let run = Bundle::run(["--suite", suite.to_str().unwrap(), "--repeat", "8"]);
    let outcome = &run.outcome;
    assert_eq!(outcome.code, Some(3), "{}", outcome.said());
    assert!(outcome.out.contains("1 case in 8 attempts: "), "{}", outcome.out);
    // Nobody saw a multicast get lost: a device is not blamed for what may never have reached it.
    assert!(!outcome.out.contains(" fail "), "{}", outcome.out);
    let said = "LOSSY-01@loss=70 is mixed, ";
    assert!(outcome.err.contains(said), "{}", outcome.said());
    let manifest = run.manifest();
    assert!(manifest["warnings"].to_string().contains(said), "{manifest}");
    let page = fs::read_to_string(run.path.join("index.html")).unwrap();
    assert!(page.contains("is mixed"), "the report does not tell");
    run.call("judge", &[]).expect(0);
}
