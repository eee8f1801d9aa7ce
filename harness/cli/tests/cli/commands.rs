//! The small commands, and what a newcomer types first.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::common::{bootrack, call, call_in, every_case, has};
use crate::sample::sampled;

/// The subcommands that `--help` lists.
fn subcommands() -> Vec<String> {
    let help = call(["--help"]).expect(0).out;
    let listed = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_subcommand_explains_itself() {
    let names = subcommands();
    for wanted in
        ["run", "list", "explain", "check", "judge", "replay", "report", "compare", "mutants", "dissect", "pics"]
    {
        assert!(names.iter().any(|name| name == wanted), "{wanted} is not in {names:?}");
    }
    for name in names.iter().filter(|name| *name != "help") {
        let help = call([name.as_str(), "--help"]).expect(0);
        assert!(help.out.contains(&format!("Usage: bootrack {name}")), "{}", help.out);
        assert!(help.err.is_empty(), "{}", help.err);
        // An option without a word of help is of no help.
        let bare = help.out.lines().filter(|line| line.trim_start().starts_with("--")).find(|line| {
            let rest = line.trim().split_once("  ").map_or("", |(_, text)| text);
            let below = help.out.split(*line).nth(1).unwrap_or_default().lines().nth(1).unwrap_or_default();
            rest.is_empty() && below.trim().is_empty()
        });
        assert_eq!(bare, None, "{name}");
        call(["help", name]).expect(0);
    }
    let run = call(["run", "--help"]).out;
    assert!(run.contains("Exit code: 0 all passed"), "{run}");
}

#[test]
fn the_version_goes_to_stdout() {
    assert_eq!(call(["--version"]).expect(0).out, format!("bootrack {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn list_names_every_case_and_its_purpose() {
    let ids = every_case();
    assert!(ids.len() >= 15, "{ids:?}");
    let out = call(["list"]).expect(0).out;
    ids.iter().for_each(|id| assert!(out.contains(id.as_str()), "{id} is not listed"));
    let out = call(["list", "SEL-JSR-*", "clause:SEL-5.3.1-14"]).expect(0).out;
    assert!(out.contains("SEL-JSR-01@channel=11") && !out.contains("SEL-JOIN-01"), "{out}");
}

#[test]
fn list_json_is_one_object_with_its_schema_first() {
    let outcome = call(["list", "clause:SEL-5-5", "--json"]).expect(0);
    let first = outcome.out.trim_start_matches(['{', ' ', '\n']);
    assert!(first.starts_with("\"schema\": \"bootrack-list/1\""), "{}", outcome.out);
    let list = outcome.json();
    let cases = list["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        assert!(case["clauses"].as_array().unwrap().iter().any(|clause| clause == "SEL-5-5"), "{case}");
        for key in ["id", "suite", "phase", "purpose"] {
            assert!(case[key].as_str().is_some_and(|text| !text.is_empty()), "{case}");
        }
    }
}

#[test]
fn explain_shows_clauses_steps_and_why_a_case_is_selected() {
    let out = call(["explain", "SEL-JSR-01"]).expect(0).out;
    for fragment in [
        "topology  line: ct lbr router dut",
        "SEL-5.3.1-7",
        "IPv6 destination of a JSR",
        "preamble",
        "body",
        "expect sel.jsr from dut",
        "kills     jsr-status-nonzero",
        "selected, because",
        "PICS SEL_6LR is claimed",
    ] {
        assert!(out.contains(fragment), "`{fragment}` is not in:\n{out}");
    }
    for id in sampled("explain", &[]) {
        call(["explain", &id]).expect(0);
    }
}

#[test]
fn explain_says_which_pics_answer_leaves_a_case_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pics.toml"), "[pics]\nSEL_6LR = false\n").unwrap();
    let out = call_in(folder.path(), ["explain", "SEL-JSR-01", "--pics", "pics.toml"]).expect(0).out;
    assert!(out.contains("not selected, because"), "{out}");
    assert!(out.contains("SEL_6LR"), "{out}");
}

#[test]
fn the_built_in_files_are_in_order() {
    let out = call(["check"]).expect(0).out;
    assert!(out.contains("in order"), "{out}");
    let out = call(["check", "--clauses"]).expect(0).out;
    for spec in ["SEL", "PROFILE-SEL", "SECC", "SBOOT", "SURVEY", "EAPAPP"] {
        assert!(out.contains(&format!("\n{spec}: ")), "{spec} is missing: {out}");
    }
    for words in [" statements (", " tested", " later: ", "by level: ", "\nlater, by mechanism\n", " monitors "] {
        assert!(out.contains(words), "{words:?} is missing: {out}");
    }
    let json = call(["check", "--json"]).expect(0).json();
    assert_eq!(json["schema"], "bootrack-check/1");
    assert_eq!(json["rows"], every_case().len());
    assert!(json["clauses"]["SEL"]["tested"].as_u64().is_some_and(|count| count > 0), "{json}");
    assert!(json["levels"]["SEL"]["must"].as_u64().is_some_and(|count| count > 0), "{json}");
    assert!(json["later"]["SBOOT"]["pana"].as_u64().is_some_and(|count| count > 0), "{json}");
    assert!(json["sections"]["SBOOT"]["with_statements"].as_u64().is_some_and(|count| count > 0), "{json}");
}

#[test]
fn the_schema_of_suites_is_a_json_schema_that_takes_good_suites_and_no_bad_ones() {
    let schema = call(["schema", "suite"]).expect(0).json();
    assert!(jsonschema::meta::is_valid(&schema), "no JSON Schema");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let case = serde_json::json!({
        "id": "X-01", "purpose": "p", "clauses": ["SEL-5-3"], "topology": "line: lbr dut",
        "step": [{"expect": "sel.jsr", "from": "dut", "within": "5s"}],
    });
    let good = serde_json::json!({"title": "t", "phase": "bootstrap", "case": [case]});
    assert!(validator.is_valid(&good), "{:?}", validator.iter_errors(&good).map(|e| e.to_string()).collect::<Vec<_>>());
    let mut bad = good.clone();
    bad["case"][0]["purpse"] = "p".into();
    assert!(!validator.is_valid(&bad));
}

#[rstest]
#[case("bash", &["-n"])]
#[case("zsh", &["-n"])]
#[case("fish", &["--no-execute"])]
fn completions_are_scripts_that_their_shell_takes(#[case] shell: &str, #[case] syntax_only: &[&str]) {
    let script = call(["completions", shell]).expect(0).out;
    for word in ["bootrack", "dissect", "ignore-digests", "mutant"] {
        assert!(script.contains(word), "{word} is not completed by {shell}");
    }
    // Shells other than bash are on few machines; the script itself is checked above.
    if shell == "bash" && has("bash", "--version") {
        let mut child = Command::new(shell).args(syntax_only).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_reader_that_leaves_early_is_borne_with() {
    for arguments in [["list", "--json"].as_slice(), &["explain", "SEL-JOIN-01"], &["schema", "suite"]] {
        let mut command = bootrack();
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn bare_bootrack_shows_what_it_can_do() {
    let outcome = call([""; 0]).expect(2);
    assert!(outcome.err.contains("Usage: bootrack <COMMAND>") && outcome.err.contains("Run test cases"), "{outcome:?}");
}

#[rstest]
#[case::subcommand(&["rum"], 2, &["unrecognized subcommand 'rum'", "'run'", "--help"])]
#[case::seed(&["run", "--seed", "x"], 2, &["invalid value 'x' for '--seed <N>'", "--help"])]
#[case::jobs(&["run", "--jobs", "0"], 2, &["invalid value '0' for '--jobs <N>'", "1..=256"])]
#[case::option(&["run", "--sed", "7"], 2, &["unexpected argument '--sed'", "'--seed'"])]
#[case::case_id(&["explain", "SEL-JSR-1"], 2, &["no case `SEL-JSR-1`", "did you mean `SEL-JSR-01`?"])]
#[case::no_case(&["explain"], 2, &["<CASE>", "Usage: bootrack explain"])]
#[case::selector(&["run", "SEL-JSR-1"], 2, &["selector `SEL-JSR-1` matches no case", "did you mean `SEL-JSR-01`?", "bootrack list"])]
#[case::clause(&["list", "clause:SEL-99"], 2, &["selector `clause:SEL-99` matches no case", "bootrack list"])]
#[case::selector_kind(&["run", "suit:profile"], 2, &["`suit:profile` is no selector", "suite:profile"])]
#[case::phase(&["run", "--phase", "bootstrp"], 2, &["unknown phase `bootstrp`", "did you mean `bootstrap`?"])]
#[case::mutant(&["run", "--mutant", "jsr-staus-nonzero"], 2, &["unknown mutant", "did you mean `jsr-status-nonzero`?"])]
#[case::named_mutant(&["mutants", "nonsense"], 2, &["unknown mutant `nonsense`", "bootrack mutants"])]
#[case::fake(&["run", "--fake", "ded"], 2, &["invalid value 'ded'", "dead, babbling, refusing, liar", "'dead'"])]
#[case::mutant_of_a_fake(&["run", "--fake", "dead", "--mutant", "ssr-missing"], 2, &["cannot be used with"])]
#[case::schema(&["schema", "suit"], 2, &["invalid value 'suit'", "'suite'"])]
#[case::shell(&["completions", "bsh"], 2, &["invalid value 'bsh'", "bash"])]
#[case::no_run(&["judge"], 2, &["<RUN>", "Usage: bootrack judge"])]
fn a_newcomers_mistake_gets_a_helpful_answer(
    #[case] arguments: &[&str],
    #[case] code: i32,
    #[case] fragments: &[&str],
) {
    let folder = tempfile::tempdir().unwrap();
    let outcome = call_in(folder.path(), arguments).expect(code).complains(fragments);
    assert_eq!(outcome.out, "", "results only go to stdout");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a mistake leaves nothing behind");
}

#[test]
fn unbiased_mutants_need_the_sources_and_say_so() {
    // Tests of the command run in its own folder, not in the project's.
    let outcome = call(["mutants", "--unbiased"]).expect(2);
    assert!(outcome.err.contains("run it in the folder of the project"), "{}", outcome.err);
    call(["mutants", "--sample", "5"]).expect(2);
    call(["mutants", "--unbiased", "--full"]).expect(2);
}

#[test]
fn the_whole_matrix_of_mutants_names_the_cases_that_could_be_spared() {
    let some = ["SEL-JSR-01", "SEL-JOIN-01", "SEL-SSR-01"];
    let (text, list) = (
        call(["mutants", "--full", "jsr-status-nonzero", "ssr-plain"]).expect(0).out,
        call(["mutants", "--full", "--json", "jsr-status-nonzero", "ssr-plain"]).expect(0).json(),
    );
    let cases = list["cases"].as_array().unwrap();
    let kills = |case: &serde_json::Value, field: &str| case[field].as_array().unwrap().len();
    for id in some {
        assert!(cases.iter().any(|case| case["id"] == id), "{id} is not in the matrix");
    }
    assert!(cases.iter().any(|case| kills(case, "kills") > 0), "nothing kills what its own case must kill");
    let (_, spare) = text.split_once("kill nothing that another case of their suite does not:\n").unwrap();
    let told: Vec<&str> = spare.lines().take_while(|line| !line.is_empty()).collect();
    assert!(
        told.iter().all(|line| line.contains("only one that") || line.contains("others") || line.contains("no reason"))
    );
    let spare: Vec<&str> = told.iter().filter_map(|line| line.split_whitespace().next()).collect();
    let spared = cases.iter().filter(|case| kills(case, "kills_alone_in_suite") == 0);
    let wanted: Vec<&str> = spared.map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(spare, wanted);
    assert!(text.contains(&format!("{} of {} cases kill nothing", spare.len(), cases.len())), "{text}");
    for case in cases {
        assert!(kills(case, "kills_alone") <= kills(case, "kills"), "{case}");
    }
}

#[test]
fn the_suites_and_testbeds_of_live_stacks_are_good_ones() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/live-stacks");
    for stack in ["openthread", "riot"] {
        let (suite, testbed) = (format!("{folder}/{stack}-suite.toml"), format!("{folder}/{stack}.toml"));
        call(["check", suite.as_str(), "--testbed", testbed.as_str()]).expect(0);
        let steps =
            call(["explain", &format!("{}-RESET-01", if stack == "riot" { "RIOT" } else { "OT" }), "--suite", &suite]);
        assert!(steps.expect(0).out.contains("vendor text="));
    }
}
