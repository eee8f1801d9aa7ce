//! `bootrack pics new`: questions, answers, and the files that they make.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::common::{Outcome, bootrack, call_in};

/// Answers questions by these lines.
fn answered(folder: &Path, arguments: &[&str], lines: &str) -> Outcome {
    let mut command: Command = bootrack();
    command.current_dir(folder).args(["pics", "new"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who has heard enough closes the pipe before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    Outcome {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// How many questions there are.
fn symbols() -> usize {
    suites::built_in::pics().iter().map(|source| source.text.matches("[[symbol]]").count()).sum()
}

#[test]
fn answers_make_files_that_a_run_takes() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!("y\nn\n{}7m3\n16\n?\nselection\n", "y\n".repeat(symbols() - 2));
    let outcome = answered(folder.path(), &["mine.toml", "--pixit", "values.toml"], &lines).expect(0);
    for part in [
        &format!("1/{}  SEL_6LR (mandatory, SEL-5-3)", symbols()),
        "SEL_CT_AUTH (o.1, SEL-4-4)",
        &format!("mine.toml: {} yes, 1 no, 0 left open", symbols() - 1),
        "values.toml: 2 values that differ",
        "`7m3` is no number",
        "bootrack run --pics mine.toml --pixit values.toml",
    ] {
        assert!(outcome.out.contains(part), "no `{part}` in {}", outcome.out);
    }
    let values = fs::read_to_string(folder.path().join("values.toml")).unwrap();
    assert!(values.contains("\ntrigger = \"selection\"\n") && values.contains("\nhop_limit = 16\n"), "{values}");
    let files = ["--pics", "mine.toml", "--pixit", "values.toml"];
    call_in(folder.path(), ["check"].into_iter().chain(files)).expect(0);
    let explained = call_in(folder.path(), ["explain", "SEL-LBR-01"].into_iter().chain(files)).expect(0);
    assert!(explained.out.contains("SEL_6LBR"), "{}", explained.out);
}

#[test]
fn who_stops_in_the_middle_keeps_what_was_answered() {
    for end in ["q\n", ""] {
        let folder = tempfile::tempdir().unwrap();
        let outcome = answered(folder.path(), &[], &format!("n\nmaybe\n\n{end}")).expect(0);
        assert!(outcome.out.contains("`maybe` is no answer"), "{}", outcome.out);
        let told = format!("pics.toml: 0 yes, 1 no, {} left open", symbols() - 1);
        assert!(outcome.out.contains(&told), "{}", outcome.out);
        assert!(outcome.out.contains("SEL_6LR is mandatory"), "{}", outcome.out);
        let text = fs::read_to_string(folder.path().join("pics.toml")).unwrap();
        assert!(text.contains("\nSEL_6LR = false\n") && text.contains("\n# SEL_RELAY =\n"), "{text}");
        call_in(folder.path(), ["check", "--pics", "pics.toml"]).expect(0);
    }
}

#[test]
fn no_file_is_overwritten_and_none_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("there.toml"), "mine").unwrap();
    answered(folder.path(), &["new.toml", "--pixit", "there.toml"], "y\n")
        .expect(2)
        .complains(&["there.toml exists already", "name another file"]);
    answered(folder.path(), &["there.toml"], "y\n").expect(2).complains(&["there.toml exists already"]);
    answered(folder.path(), &["no/such/folder.toml"], "y\n").expect(2).complains(&["cannot write no/such/folder.toml"]);
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["there.toml"]);
    assert_eq!(fs::read_to_string(folder.path().join("there.toml")).unwrap(), "mine");
}
