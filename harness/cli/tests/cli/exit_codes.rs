//! Exit codes are API: each is provoked here. (Their precedence is tested beside them.)

use std::fs;

use crate::common::{Bundle, call_in};

/// A case that can only be inconclusive: it waits for a device that nobody has switched on.
const INCONCLUSIVE: &str = r#"
title = "A device that is left in the dark"
phase = "bootstrap"

[[case]]
id = "DARK-01"
purpose = "Nothing is asked of the device, so its silence says nothing."
clauses = ["SEL-5-3"]
topology = "line: ct lbr dut"
  [[case.setup]]
  do = "power_on lbr"
  [[case.step]]
  expect = "sel.jsr"
  from = "dut"
  within = "1s"
"#;

#[test]
fn exit_0_all_passed() {
    let run = Bundle::run(["SEL-JSR-01"]);
    let outcome = run.outcome.expect(0);
    assert!(outcome.out.contains("2 cases: 2 pass") && outcome.out.contains("virtual time"), "{}", outcome.out);
}

#[test]
fn exit_1_a_case_failed() {
    let run = Bundle::run(["SEL-JSR-01", "--mutant", "jsr-status-nonzero"]);
    let outcome = run.outcome.expect(1);
    assert!(outcome.out.contains("device: sel.jsr from dut: sel.status is 1, expected 0"), "{}", outcome.out);
}

#[test]
fn exit_2_wrong_usage() {
    Bundle::run(["--mutant", "no-such"]).outcome.expect(2);
    let run = Bundle::run(["NO-SUCH-*"]);
    assert!(!run.path.exists(), "nothing was selected, so nothing is left");
    run.outcome.expect(2).complains(&["selector `NO-SUCH-*` matches no case"]);
}

#[test]
fn exit_3_inconclusive() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dark.toml"), INCONCLUSIVE).unwrap();
    let outcome = call_in(folder.path(), ["run", "--suite", "dark.toml", "--out", "run"]).expect(3);
    assert!(outcome.out.contains("nothing proves that its stimulus was delivered"), "{}", outcome.out);
    call_in(folder.path(), ["judge", "run"]).expect(0);
}

#[test]
fn exit_4_error() {
    Bundle::run(["SEL-JSR-01", "--fake", "dead"]).outcome.expect(4);
}

#[test]
fn exit_5_nothing_selected_or_nothing_applicable() {
    let run = Bundle::run(["SEL-JSR-01", "--phase", "decommissioning"]);
    assert!(!run.path.exists(), "nothing was selected, so nothing is left");
    run.outcome.expect(5).complains(&["nothing is selected by SEL-JSR-01"]);
    // Of a clause that is known and that no case tests there is nothing to run.
    Bundle::run(["clause:SEL-5.3-6"]).outcome.expect(5).complains(&["selector `clause:SEL-5.3-6` matches no case"]);

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pics.toml"), "[pics]\nSEL_6LR = false\n").unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01", "--pics", "pics.toml", "--out", "run"]).expect(5);
    assert!(outcome.out.contains("not_applicable") && outcome.out.contains("SEL_6LR"), "{}", outcome.out);
}

#[test]
fn exit_6_the_evidence_does_not_bear_the_verdict() {
    let run = Bundle::run(["SEL-JSR-01@channel=11"]);
    let path = run.file("SEL-JSR-01@channel=11", "capture.pcapng");
    let mut capture = fs::read(&path).unwrap();
    *capture.last_mut().unwrap() ^= 1;
    fs::write(&path, capture).unwrap();
    run.call("judge", &[]).expect(6);
}
