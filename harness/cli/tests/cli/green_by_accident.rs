//! What must not be green by accident: a name that is misspelt, a board that no case has, a run whose device was never the
//! one that its reader thinks of.

use std::fs;

use rstest::rstest;

use crate::common::{Bundle, call_in};

#[rstest]
#[case::case_id(&["SEL-JSR-1"], "did you mean `SEL-JSR-01`?")]
#[case::row(&["SEL-JSR-01@channel=12"], "did you mean `SEL-JSR-01@channel=")]
#[case::among_others(&["SEL-JSR-01", "SEL-JION-01"], "did you mean `SEL-JOIN-01`?")]
#[case::suite(&["suite:profil"], "did you mean `suite:profile`?")]
#[case::suite_that_is_played_if_named(&["suite:scale"], "`--suite scale`")]
#[case::clause(&["clause:SEL-5.3.4-44"], "did you mean `clause:SEL-5.3.4-4`?")]
#[case::phase(&["phase:bootstap"], "did you mean `phase:bootstrap`?")]
#[case::phase_option(&["--phase", "bootstap"], "did you mean `bootstrap`?")]
#[case::mutant(&["--mutant", "psk-fixd"], "did you mean `psk-fixed`?")]
#[case::fake(&["--fake", "lair"], "'liar'")]
fn a_misspelt_name_is_exit_2_with_the_nearest(#[case] arguments: &[&str], #[case] help: &str) {
    let run = Bundle::run(arguments.iter().copied());
    assert!(!run.path.exists());
    let outcome = run.outcome.expect(2);
    assert!(outcome.err.contains(help), "{}", outcome.err);
}

#[test]
fn a_misspelt_suite_or_case_is_told_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    call_in(folder.path(), ["run", "--suite", "scal", "--out", "run"]).expect(2).complains(&["scal: cannot be read"]);
    call_in(folder.path(), ["explain", "SEL-JOIN-1"]).expect(2).complains(&["did you mean `SEL-JOIN-01`?"]);
    call_in(folder.path(), ["list", "SEL-JSR-01", "NO-SUCH"]).expect(2).complains(&["`NO-SUCH` matches no case"]);
    call_in(folder.path(), ["mutants", "psk-fixd"]).expect(2).complains(&["did you mean `psk-fixed`?"]);
}

/// A testbed with these lines behind its head.
fn testbed(lines: &str) -> String {
    format!("name = \"desk\"\nbackend = \"mixed\"\n{lines}")
}

const BOARD: &str = "[[board]]\nname = \"NAME\"\nexec = [\"/bin/cat\"]\nradio = true\n";

#[rstest]
#[case::board(testbed(&BOARD.replace("NAME", "dutt")), &["file.toml:4:8: ", "no case has a board `dutt`", "did you mean `dut`?"])]
#[case::far_off(testbed(&BOARD.replace("NAME", "thermometer")), &["file.toml:4:8: ", "`thermometer`", "the device under test is `dut`"])]
#[case::link("name = \"x\"\nbackend = \"virtual\"\n[[medium.link]]\nbetween = [\"dut\", \"ruoter\"]\ndelivery = 0.9\n".to_owned(), &["file.toml:4:19: ", "`ruoter`", "`router`"])]
#[case::sniffer("name = \"x\"\nbackend = \"virtual\"\n[sniffer]\nname = \"s\"\nposition = \"lbrr\"\n".to_owned(), &["file.toml:5:12: ", "`lbrr`", "`lbr`"])]
fn a_misspelt_board_of_a_testbed_is_exit_2_at_its_place(#[case] content: String, #[case] fragments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.toml"), content).unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01", "--testbed", "file.toml", "--out", "run"]).expect(2);
    assert!(!folder.path().join("run").exists());
    outcome.complains(fragments);
    call_in(folder.path(), ["check", "--testbed", "file.toml"]).expect(2).complains(fragments);
}

#[test]
fn boards_that_no_selected_case_has_are_no_test_of_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file.toml"), testbed(&BOARD.replace("NAME", "joiner"))).unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01", "--testbed", "file.toml", "--out", "run"]).expect(2);
    outcome.complains(&["no selected case has a board that the testbed connects: `joiner`"]);
}

#[rstest]
#[case::reference(&["SEL-JSR-01"], 0, "the reference device on the virtual rack: bootrack reference ")]
#[case::mutant(&["SEL-JSR-01", "--mutant", "jsr-code-two"], 1, "the reference device on the virtual rack, made wrong by mutant `jsr-code-two`")]
#[case::fake(&["SEL-JSR-01", "--fake", "dead"], 4, "the fake `dead` in the place of the device")]
#[case::tool(&["CT-SEL-01"], 0, "the reference commissioning tool")]
#[case::tool_mutant(&["CT-SEL-01", "--mutant", "ct-handshake-unselected"], 1, "the reference commissioning tool, made wrong by mutant")]
fn a_summary_names_what_was_tested(#[case] arguments: &[&str], #[case] code: i32, #[case] tested: &str) {
    let run = Bundle::run(arguments.iter().copied());
    let outcome = &run.outcome;
    assert_eq!(outcome.code, Some(code), "{}", outcome.err);
    assert!(outcome.out.contains(&format!("tested   {tested}")), "{}", outcome.out);
    let manifest = fs::read_to_string(run.path.join("run.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest["tested"].as_str().unwrap().starts_with(tested), "{}", manifest["tested"]);
    let junit = fs::read_to_string(run.path.join("junit.xml")).unwrap();
    assert!(junit.contains("<property name=\"tested\" value=\"the "), "{junit}");
    let html = fs::read_to_string(run.path.join("index.html")).unwrap();
    assert!(html.contains("<dt>Tested</dt>"), "no device is named");
}

#[test]
fn a_program_that_was_tested_is_named_and_so_is_a_device_that_is_not_connected() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("dut.toml"), testbed(&BOARD.replace("NAME", "dut"))).unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01@channel=11", "--testbed", "dut.toml", "--out", "a"]);
    assert!(
        outcome.out.contains("tested   board `dut`, the program /bin/cat: it has not said what it is"),
        "{}",
        outcome.out
    );
    fs::write(folder.path().join("lbr.toml"), testbed(&BOARD.replace("NAME", "lbr"))).unwrap();
    let outcome = call_in(folder.path(), ["run", "SEL-JSR-01@channel=11", "--testbed", "lbr.toml", "--out", "b"]);
    let told = "tested   the reference device on the virtual rack (the testbed connects `lbr`, no `dut`)";
    assert!(outcome.out.contains(told), "{}", outcome.out);
}
