//! The steps that the engine puts before every case: each upper tester's self-test, a nonsense command included, and the
//! proof that the board is in the entry state (factory). Only after them a verdict can count.

use suites::plan::{Answer, Case, Check, Command, Constraint, Match, Operand, Part, Role, Step, StepKind};

use crate::seed;

/// A command that no upper tester can know.
const NONSENSE: &str = "xyzzy";

/// The case with its entry checks.
pub fn with_entry_checks(case: &Case, case_seed: &[u8; 32]) -> Case {
    let mut steps = Vec::new();
    for board in &case.topology.boards {
        if matches!(board.role, Role::BorderRouter | Role::Router) {
            let nonce = hex::encode(&seed::derive(case_seed, &format!("hello {}", board.name))[..8]);
            checks_of(&board.name, &nonce, &mut steps);
        }
    }
    steps.extend(case.steps.iter().cloned());
    Case { steps, ..case.clone() }
}

fn checks_of(board: &str, nonce: &str, steps: &mut Vec<Step>) {
    let equals =
        |field: &str, operand: Operand| Match { field: field.to_owned(), constraint: Constraint::Equals(operand) };
    let text = |text: &str| Operand::Text(text.to_owned());
    let own_eui64 = Operand::Reference { name: board.to_owned(), field: "eui64".to_owned(), offset: 0 };
    let mut step = |text: String, kind: StepKind| {
        steps.push(Step {
            part: Part::EntryCheck,
            text,
            clauses: Vec::new(),
            procedure: Some("entry_check".to_owned()),
            kind,
        });
    };
    let power = |on: bool| StepKind::Do(Command::Power { board: board.to_owned(), on });
    step(format!("power_on {board}"), power(true));
    step(
        format!("{board} introduces itself and echoes a fresh nonce"),
        StepKind::Check(Check {
            board: board.to_owned(),
            command: format!("hello nonce={nonce}"),
            matches: vec![
                equals("ut.nonce", text(nonce)),
                equals("ut.protocol", text("UT/1")),
                equals("ut.eui64", own_eui64),
            ],
            bind: None,
        }),
    );
    step(
        format!("{board} says `unimplemented` to nonsense"),
        StepKind::Do(Command::UpperTester {
            board: board.to_owned(),
            command: NONSENSE.to_owned(),
            answer: Answer::Unimplemented,
        }),
    );
    step(
        format!("{board} is in its factory state"),
        StepKind::Check(Check {
            board: board.to_owned(),
            command: "status".to_owned(),
            matches: vec![equals("ut.state", text("factory")), equals("ut.secured", Operand::Number(0))],
            bind: None,
        }),
    );
    step(format!("power_off {board}"), power(false));
}
