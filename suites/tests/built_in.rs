//! The built-in suites, ledgers, PICS and PIXIT load and fit together.

mod common;

use bootrack_suites::ledger::{Later, Ledger, MECHANISMS};
use bootrack_suites::plan::{Answer, Case, Command, Part, StepKind};
use bootrack_suites::{built_in, oracles};
use common::World;
use input::Source;

#[test]
fn the_built_in_suites_load_without_a_fault() {
    let world = World::new();
    let suites = world.built_in();
    assert!(suites.iter().map(|suite| suite.cases.len()).sum::<usize>() >= 3);
    for case in suites.iter().flat_map(|suite| &suite.cases) {
        assert!(case.steps.iter().any(|step| step.part == Part::Body), "{}", case.id);
        assert!(case.entry.is_some() && case.exit.is_some(), "{} declares no entry or no exit state", case.id);
        assert!(case.id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.@=,".contains(c)), "{}", case.id);
        for step in &case.steps {
            assert!(!step.text.is_empty(), "{}", case.id);
        }
    }
}

#[test]
fn a_case_of_the_plan_survives_json() {
    let world = World::new();
    for case in world.built_in().iter().flat_map(|suite| &suite.cases) {
        let json = serde_json::to_string(case).unwrap();
        assert_eq!(&serde_json::from_str::<bootrack_suites::plan::Case>(&json).unwrap(), case);
    }
}

#[test]
fn the_plan_of_a_join_is_as_recorded() {
    let world = World::new();
    let suites = world.built_in();
    let case = suites.iter().flat_map(|suite| &suite.cases).find(|case| case.base == "SEL-JOIN-01").unwrap();
    let lines: Vec<String> = case
        .steps
        .iter()
        .map(|step| {
            let procedure = step.procedure.as_ref().map(|name| format!(" [{name}]")).unwrap_or_default();
            format!("{:?}{procedure} {}", step.part, step.text)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_case_that_gives_the_device_its_key_by_the_wire_asks_whether_it_takes_one() {
    let world = World::new();
    let suites = world.load(&built_in::all()).unwrap();
    let mut wired = 0;
    for case in suites.iter().flat_map(|suite| &suite.cases) {
        let is_wired = case.steps.iter().any(|step| match &step.kind {
            StepKind::Do(Command::UpperTester { board, command, answer: Answer::Ok }) => {
                board == "dut" && command.starts_with("provision ")
            }
            _ => false,
        });
        wired += usize::from(is_wired);
        // SBOOT-2.1-10: a node of higher security may never take it.
        assert!(!is_wired || case.pics.iter().any(|symbol| symbol == "SEL_WIRED"), "{}", case.id);
    }
    assert!(wired >= 50, "{wired}");
}

#[test]
fn every_case_about_a_duty_of_the_tool_has_the_tool_under_test() {
    let world = World::new();
    let suites = world.load(&built_in::all()).unwrap();
    let mut cases: Vec<Case> = suites.into_iter().flat_map(|suite| suite.cases).collect();
    assert_eq!(
        world.ledger.uncovered(&cases, &world.monitors()).iter().map(|fault| &fault.message).collect::<Vec<_>>(),
        [""; 0]
    );
    let case = cases.iter_mut().find(|case| case.base == "SEL-CLOSE-01").unwrap();
    case.clauses.push("SEL-5.3.2-13".to_owned());
    let faults = world.ledger.uncovered(&cases, &world.monitors());
    assert!(faults.len() == 1 && faults[0].line_column().is_some(), "{faults:?}");
    let told = "case `SEL-CLOSE-01` has `dut` under test and cites clause `SEL-5.3.2-13`, a duty of `ct`";
    assert_eq!(faults[0].message, told);
}

#[test]
fn references_that_procedures_write_stand_for_something() {
    let world = World::new();
    for case in world.built_in().iter().flat_map(|suite| &suite.cases) {
        for step in &case.steps {
            let text = match &step.kind {
                StepKind::Do(command) => format!("{command:?}"),
                _ => continue,
            };
            for (at, _) in text.match_indices('$') {
                let word: String =
                    text[at + 1..].chars().take_while(|c| c.is_ascii_alphanumeric() || "._".contains(*c)).collect();
                let name = word.split('.').next().unwrap();
                let known = ["case", "ct", "network"].contains(&name)
                    || bootrack_suites::credentials::AUTHORITIES.contains(&name)
                    || case.topology.boards.iter().any(|board| board.name == name);
                assert!(known, "{}: {text}", case.id);
            }
        }
    }
}

#[test]
fn every_clause_has_a_class_and_a_paraphrase() {
    let world = World::new();
    assert!(world.ledger.clauses().len() >= 150);
    for number in 1..=18 {
        assert!(world.ledger.clause(&format!("PROFILE-SEL-{number}")).is_some(), "profile {number}");
    }
}

#[test]
fn every_ledger_goes_through_its_document_to_the_end() {
    let world = World::new();
    let specifications = world.ledger.specifications();
    for (spec, sections, first, last) in [
        ("SEL", 22, "Abstract", "11.2"),
        ("SECC", 25, "1", "10"),
        ("SBOOT", 43, "1", "B.7"),
        ("SURVEY", 7, "1", "7"),
        ("EAPAPP", 15, "1", "7.2"),
    ] {
        let known = world.ledger.specification(spec).unwrap_or_else(|| panic!("{spec} has no ledger"));
        let numbers: Vec<&str> = known.sections.iter().map(|section| section.number.as_str()).collect();
        assert_eq!((numbers.len(), numbers[0], numbers[numbers.len() - 1]), (sections, first, last), "{spec}");
        let tally = world.ledger.tally(known);
        assert!(tally.statements >= tally.sections && tally.sections > 0, "{spec}: {tally:?}");
        assert_eq!(tally.classes.values().sum::<usize>(), tally.statements, "{spec}");
        assert_eq!(tally.levels.values().sum::<usize>(), tally.statements, "{spec}");
        assert_eq!(tally.later.values().sum::<usize>(), tally.classes.get("later").copied().unwrap_or(0), "{spec}");
    }
    let all: usize = specifications.iter().map(|spec| world.ledger.tally(spec).statements).sum();
    assert_eq!(all, world.ledger.clauses().len());
}

#[test]
fn a_ledger_that_loses_the_statements_of_a_section_is_refused_with_its_place() {
    for source in built_in::clauses() {
        let ledger = Ledger::load(std::slice::from_ref(&source)).unwrap();
        let [of] = ledger.specifications() else { panic!("{} is not one ledger", source.name) };
        for section in of.sections.iter().filter(|section| section.none.is_none()) {
            let begin = format!("section = \"{}\"\n", section.number);
            let text = source.text.replace(&begin, "section = \"?\"\n");
            let faults = Ledger::load(&[Source { name: source.name.clone(), text }]).unwrap_err();
            let message = format!("section {} of {}, {}, has no statement", section.number, of.spec, section.title);
            let fault = faults.iter().find(|fault| fault.message == message).unwrap_or_else(|| panic!("{message}"));
            let line = fault.line_column().unwrap().0;
            let title = source.text.lines().nth(line - 1).unwrap();
            assert!(title.contains(&section.title) && fault.help.is_some(), "{fault:?}");
        }
    }
}

#[test]
fn a_mechanism_that_nothing_waits_for_is_not_in_the_list() {
    let ledger = World::new().ledger;
    for mechanism in MECHANISMS {
        let waits = |later: Option<&Later>| later.is_some_and(|later| later.mechanism == mechanism);
        assert!(
            ledger.clauses().iter().any(|clause| waits(clause.class.later()) || waits(clause.rest.as_ref())),
            "no statement waits for `{mechanism}` any more: take its line out of ledger/mechanism.rs"
        );
    }
    let names: std::collections::BTreeSet<_> = MECHANISMS.iter().map(|mechanism| mechanism.name).collect();
    assert_eq!(names.len(), MECHANISMS.len(), "a mechanism stands twice");
}

#[test]
fn a_second_ledger_of_a_specification_is_refused() {
    let source = built_in::clauses().into_iter().next().unwrap();
    let faults = Ledger::load(&[source.clone(), source]).unwrap_err();
    assert!(faults.iter().any(|fault| fault.message == "the ledger of SEL stands twice"), "{faults:?}");
}

#[test]
fn pixit_definitions_name_known_clauses() {
    let world = World::new();
    for definition in world.pixit.definitions() {
        assert!(world.ledger.clause(&definition.clause).is_some(), "{}", definition.name);
    }
}

#[test]
fn the_built_in_suites_obey_the_json_schema() {
    let schema = bootrack_suites::schema::suite();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for source in built_in::suites().into_iter().chain(built_in::all_named()) {
        let value: serde_json::Value = toml::from_str(&source.text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", source.name);
    }
}

#[test]
fn the_json_schema_refuses_what_the_loader_refuses() {
    let validator = jsonschema::validator_for(&bootrack_suites::schema::suite()).unwrap();
    let source =
        built_in::suites().into_iter().find(|source| source.name == "built-in selective/bootstrap.toml").unwrap();
    let good: serde_json::Value = toml::from_str(&source.text).unwrap();
    let changes: [fn(&mut serde_json::Value); 5] = [
        |suite| suite["titel"] = "x".into(),
        |suite| suite["case"][0]["id"] = "a/b".into(),
        |suite| suite["case"][0]["step"][0]["expect"] = "sel.jsr".into(),
        |suite| suite["case"][0]["step"][1]["within"] = 5.into(),
        |suite| suite["case"][0]["clauses"] = serde_json::json!([]),
    ];
    for change in changes {
        let mut bad = good.clone();
        change(&mut bad);
        assert!(!validator.is_valid(&bad), "{bad:#}");
    }
}

#[test]
fn every_oracle_is_a_test_that_there_is_and_that_a_case_names() {
    let world = World::new();
    let suites = world.load(&built_in::all()).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let named: std::collections::BTreeSet<&str> = suites
        .iter()
        .flat_map(|suite| &suite.cases)
        .flat_map(|case| case.oracle.as_ref().expect("every case of ours says who judged it"))
        .map(String::as_str)
        .collect();
    for oracle in oracles::ORACLES {
        assert!(named.contains(oracle.name), "no case names `{}`", oracle.name);
        let text =
            std::fs::read_to_string(root.join(oracle.file)).unwrap_or_else(|error| panic!("{}: {error}", oracle.file));
        assert!(text.contains(&format!("fn {}(", oracle.test)), "{} has no test `{}`", oracle.file, oracle.test);
    }
}

#[test]
fn a_built_in_case_without_an_oracle_is_a_fault_at_its_place() {
    assert_eq!(oracles::cases_without_oracle(&built_in::all()), []);
    let silent = "suite = \"s\"\n[[case]]\nid = \"A\"\noracle = \"none\"\n[[case]]\nid = \"B\"\n";
    let faults = oracles::cases_without_oracle(&[Source { name: "s.toml".to_owned(), text: silent.to_owned() }]);
    assert_eq!(faults.iter().map(|fault| fault.line_column().unwrap().0).collect::<Vec<_>>(), [5]);
}
