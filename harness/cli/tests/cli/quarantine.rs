//! Boards that nobody shall rely on for a while.

use crate::common::{Bundle, call};

const CASE: &str = "MAN-ANCHOR-01";

fn testbed(until: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bed.toml");
    let quarantine = format!("quarantine = {{ reason = \"antenna loose\", owner = \"lab 3\", until = {until} }}");
    let board = format!("[[board]]\nname = \"dut\"\nexec = [\"false\"]\nradio = true\n{quarantine}\n");
    std::fs::write(&path, format!("name = \"t\"\nbackend = \"mixed\"\n{board}")).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn no_case_uses_a_board_in_quarantine() {
    let (_folder, path) = testbed("2999-12-31");
    let run = Bundle::run(["--testbed", &path, CASE]);
    let manifest = run.manifest();
    let case = &manifest["cases"][0];
    assert_eq!((&case["verdict"], &case["blame"]), (&"error".into(), &"rack".into()), "{case}");
    let reason = "board `dut` is in quarantine until 2999-12-31: antenna loose (lab 3 looks after it)";
    assert!(case["reason"].as_str().unwrap().contains(reason), "{case}");
    run.outcome.expect(4);
}

#[test]
fn a_quarantine_that_has_ended_is_told() {
    let (_folder, path) = testbed("2020-02-29");
    let run = Bundle::run(["--testbed", &path, CASE]);
    let warnings = run.manifest()["warnings"].to_string();
    assert!(warnings.contains("the quarantine of `dut` ended on 2020-02-29 (antenna loose; lab 3)"), "{warnings}");
    // The board is used again, and is none.
    assert!(run.manifest()["cases"][0]["reason"].to_string().contains("its program has ended"), "{:?}", run.outcome);
}

#[test]
fn the_doctor_tells_of_both() {
    for (until, told) in [("2999-12-31", "no case uses it until then"), ("2020-02-29", "take it out of the file")] {
        let (_folder, path) = testbed(until);
        let outcome = call(["testbed", "doctor", "--testbed", &path]).expect(4);
        assert!(outcome.out.contains("BAD  quarantine") && outcome.out.contains(told), "{}", outcome.out);
    }
}
