//! Stored evidence judged again: reproduced if it is whole, refused by name if it is not, and worth nothing without what
//! decided.

use std::fs;
use std::path::Path;

use engine::judge::Judge;
use engine::stored_plan::StoredPlan;
use record::event::{Event, What};
use suites::plan::{Command, Part, StepKind};

use crate::common::{Bundle, Dice, read_json, side_by_side};
use crate::sample::sampled;

/// What judging a bundle again came to.
struct Judged {
    /// The exit code of `judge`: 0, or 6.
    code: i32,
    /// What is told of it.
    said: String,
}

/// Judges a bundle again as `bootrack judge` does, by a process of its own or, which takes a tenth of the time, in this one.
fn judged(run: &Bundle, by_process: bool, ignore_digests: bool) -> Judged {
    if by_process {
        let outcome = run.call("judge", if ignore_digests { &["--ignore-digests"] } else { &[] });
        return Judged { code: outcome.code.unwrap_or(-1), said: outcome.said() };
    }
    let mut stored = record::bundle::Bundle::open(&run.path).unwrap();
    let said: Vec<String> = stored.damage.iter().map(ToString::to_string).collect();
    if ignore_digests {
        stored.damage.clear();
    }
    match engine::rejudge::rejudge(stored) {
        Ok(judged) => Judged { code: if judged.reproduced() { 0 } else { 6 }, said: said.join("\n") },
        Err(reason) => Judged { code: 6, said: reason.to_string() },
    }
}

/// Judges, expects exit 6, and expects the altered file's name in what is said.
#[track_caller]
fn refused(run: &Bundle, by_process: bool, case: &str, what: &str) {
    let judged = judged(run, by_process, false);
    assert_eq!(judged.code, 6, "{what} of {case}: {}", judged.said);
    let name = format!("cases/{case}/events.jsonl");
    assert!(judged.said.contains(&name), "{what}: {name} is not named in {}", judged.said);
}

#[test]
fn a_fresh_run_is_reproduced() {
    let run = Bundle::of_seed_one();
    let cases = run.cases().len();
    assert!(cases >= 15, "{cases} cases");
    let outcome = run.call("judge", &[]).expect(0);
    assert!(outcome.out.contains(&format!("{cases} of {cases} verdicts reproduced")), "{}", outcome.out);
    let judged = run.call("judge", &["--json"]).expect(0).json();
    assert_eq!(judged["schema"], "bootrack-judge/1");
    let manifest = run.manifest();
    for (judged, stored) in judged["cases"].as_array().unwrap().iter().zip(manifest["cases"].as_array().unwrap()) {
        for key in ["id", "verdict", "blame", "reason"] {
            assert_eq!(judged[key], stored[key]);
        }
    }
}

#[test]
fn any_alteration_of_any_log_is_refused_by_name() {
    let cases: Vec<(usize, String)> = sampled("altered logs", &[]).into_iter().enumerate().collect();
    side_by_side(&cases, |(number, case)| {
        let by_process = number % 12 == 0;
        let ignoring = |run: &Bundle| judged(run, by_process, true);
        let run = Bundle::run([case.as_str()]);
        let path = run.file(case, "events.jsonl");
        let whole = fs::read(&path).unwrap();
        let mut dice = Dice::new(case);

        let mut flipped = whole.clone();
        let place = dice.below(whole.len());
        flipped[place] ^= 1 << dice.below(8);
        fs::write(&path, &flipped).unwrap();
        refused(&run, by_process, case, &format!("a flipped bit in octet {place}"));
        // Even without its digest an altered log is at most another verdict, never a crash.
        let judged_so = ignoring(&run);
        assert!(matches!(judged_so.code, 0 | 6), "{case}, octet {place}: {}", judged_so.said);

        let end = dice.below(whole.len());
        fs::write(&path, &whole[..end]).unwrap();
        refused(&run, by_process, case, "the beginning alone");
        let judged_so = ignoring(&run);
        assert_eq!(judged_so.code, 6, "{case}, {end} octets: {}", judged_so.said);

        let mut lines: Vec<&[u8]> = whole.split_inclusive(|octet| *octet == b'\n').collect();
        let gone = lines.remove(dice.below(lines.len()));
        fs::write(&path, lines.concat()).unwrap();
        refused(&run, by_process, case, "a removed line");
        assert_eq!(ignoring(&run).code, 6, "{case}");

        fs::write(&path, [whole.as_slice(), gone].concat()).unwrap();
        refused(&run, by_process, case, "an appended line");
        assert_eq!(ignoring(&run).code, 6, "{case}");

        fs::remove_file(&path).unwrap();
        refused(&run, by_process, case, "the absence");

        fs::write(&path, &whole).unwrap();
        assert_eq!(judged(&run, by_process, false).code, 0, "{case}");
    });
}

#[test]
fn an_altered_capture_result_manifest_or_plan_is_refused_by_name() {
    let run = Bundle::run(["SEL-JSR-01", "--seed", "3"]);
    let case = run.cases()[0].clone();
    for name in [format!("cases/{case}/capture.pcapng"), format!("cases/{case}/result.json"), "plan.json".to_owned()] {
        let path = run.path.join(&name);
        let whole = fs::read(&path).unwrap();
        // A space more is still JSON, and still not what was sealed.
        fs::write(&path, [whole.as_slice(), b" "].concat()).unwrap();
        let outcome = run.call("judge", &[]).expect(6);
        assert!(outcome.said().contains(&name), "{name} is not named in {}", outcome.said());
        fs::write(&path, whole).unwrap();
    }
    let path = run.path.join("run.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"pass\"", "\"fail\"", 1)).unwrap();
    let outcome = run.call("judge", &[]).expect(6);
    assert!(outcome.said().contains("run.json"), "{}", outcome.said());
}

#[test]
fn a_stored_verdict_that_the_events_do_not_bear_out_differs() {
    let run = Bundle::run(["SEL-JSR-01", "--mutant", "jsr-status-nonzero"]);
    let case = run.cases()[0].clone();
    for path in [run.path.join("run.json"), run.file(&case, "result.json")] {
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("\"verdict\": \"fail\"", "\"verdict\": \"pass\"", 1)).unwrap();
    }
    let outcome = run.call("judge", &["--ignore-digests"]).expect(6);
    assert!(outcome.out.contains("DIFFERS"), "{}", outcome.out);
    assert!(outcome.out.contains("sel.status is 1, expected 0"), "{}", outcome.out);
}

fn read_log(path: &Path) -> Vec<Event> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write_log(path: &Path, events: impl Iterator<Item = Event>) {
    let lines = events.zip(1..).map(|(event, n)| serde_json::to_string(&Event { n, ..event }).unwrap() + "\n");
    fs::write(path, lines.collect::<String>()).unwrap();
}

/// The engine's own tests do this for every case; here one bundle goes through the command line.
#[test]
fn without_the_observations_of_a_deciding_step_a_stored_case_is_no_longer_pass() {
    let case = "SEL-JOIN-01";
    let run = Bundle::run([case]);
    let path = run.file(case, "events.jsonl");
    let plan = StoredPlan::from_json(read_json(&run.path.join("plan.json"))).unwrap();
    let planned = plan.case(case).unwrap();
    let events = read_log(&path);
    let mut judge = Judge::new(&planned.case, &planned.environment);
    events.iter().for_each(|event| judge.see(event));

    write_log(&path, events.iter().cloned());
    run.call("judge", &["--ignore-digests"]).expect(0);

    let mut deciding = 0;
    for (index, step) in planned.case.steps.iter().enumerate() {
        let acts = matches!(
            step.kind,
            StepKind::Wait { .. } | StepKind::Send(_) | StepKind::Deviate(_) | StepKind::Do(Command::Power { .. })
        );
        if step.part != Part::Body || acts {
            continue;
        }
        deciding += 1;
        let unwanted = judge.satisfying_events(index);
        let kept =
            events.iter().filter(|event| !(matches!(event.what, What::Observation(_)) && unwanted.contains(&event.n)));
        write_log(&path, kept.cloned());
        let judged = run.call("judge", &["--ignore-digests", "--json"]).expect(6).json();
        assert_ne!(judged["cases"][0]["verdict"], "pass", "step {}: {}", index + 1, step.text);
    }
    assert!(deciding >= 10, "{deciding} deciding steps");
}
