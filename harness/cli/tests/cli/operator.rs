//! Cases that ask an operator to do something: a person at the terminal, or a program that stands for one.

use rstest::rstest;

use crate::common::Bundle;

#[rstest]
#[case::done("operator = [\"test\", \"-n\"]\n", "pass", "")]
#[case::not_done("operator = [\"test\", \"-z\"]\n", "error", "`test -z press the button` failed: exit status: 1")]
#[case::no_program("operator = [\"/does/not/exist\"]\n", "error", "does not start")]
#[case::no_terminal("operator = \"terminal\"\n", "error", "there is no terminal to ask at")]
#[case::nobody("", "error", "the testbed has no operator")]
fn a_prompt_is_answered_by_the_operator_of_the_testbed(#[case] key: &str, #[case] verdict: &str, #[case] reason: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (testbed, suite) = (folder.path().join("bed.toml"), folder.path().join("suite.toml"));
    std::fs::write(&testbed, format!("name = \"t\"\nbackend = \"virtual\"\n{key}")).unwrap();
    let steps = include_str!("../../../../docs/examples/ut1-device/suite.toml");
    let body = "  [[case.step]]\n  do = \"power_on dut\"\n";
    let prompt = format!("  [[case.step]]\n  prompt = \"press the button\"\n{body}");
    std::fs::write(&suite, steps.replacen(body, &prompt, 1)).unwrap();
    let run = Bundle::run(["--testbed", testbed.to_str().unwrap(), "--suite", suite.to_str().unwrap(), "FIRST-RS-01"]);
    let manifest = run.manifest();
    let case = &manifest["cases"][0];
    assert_eq!(case["verdict"], verdict, "{}", run.outcome.said());
    assert!(case["reason"].as_str().unwrap_or_default().contains(reason), "{case}");
    run.outcome.expect(if verdict == "pass" { 0 } else { 4 });
}
