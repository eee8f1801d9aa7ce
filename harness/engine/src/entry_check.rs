//! The steps that the engine adds to a case: before it each upper tester's self-test, a nonsense command included, and the
//! proof that the board is as the factory left it; around its body the declared states of the device, read back. Only
//! after the first of them a verdict can count.

use suites::plan::{Answer, Case, Check, Command, Constraint, Match, Operand, Part, State, Step, StepKind};

use wire::upper_tester::table::NONSENSE;

use crate::seed;

/// The case with its entry checks.
pub fn with_entry_checks(case: &Case, case_seed: &[u8; 32]) -> Case {
    let mut steps = Vec::new();
    for board in &case.topology.boards {
        if board.role.has_firmware() {
            let nonce = hex::encode(&seed::derive(case_seed, &format!("hello {}", board.name))[..8]);
            checks_of(&board.name, &nonce, &mut steps);
        }
    }
    let body = case.steps.iter().position(|step| matches!(step.part, Part::Body)).unwrap_or(case.steps.len());
    let postamble = case.steps.iter().position(|step| step.part == Part::Postamble).unwrap_or(case.steps.len());
    let (preamble, rest) = case.steps.split_at(body.min(postamble));
    let (body, postamble) = rest.split_at(postamble.saturating_sub(preamble.len()));
    steps.extend_from_slice(preamble);
    steps.extend(case.entry.and_then(|state| read_back(Part::EntryState, state, &[])));
    steps.extend_from_slice(body);
    steps.extend(case.exit.and_then(|state| read_back(Part::ExitState, state, &case.clauses)));
    steps.extend_from_slice(postamble);
    Case { steps, ..case.clone() }
}

/// Reads the state of the device back; of a device without power there is nothing to read.
fn read_back(part: Part, state: State, clauses: &[String]) -> Option<Step> {
    let (words, all_secured): (&[State], _) = match &state {
        State::Off => return None,
        State::Unsecured => (&[State::Installed, State::Joining], None),
        State::Keyed => (&[State::Secured], None),
        State::Secured => (&[State::Secured], Some(0)),
        State::Closed => (&[State::Secured], Some(1)),
        other => (std::slice::from_ref(other), None),
    };
    let words = words.iter().map(|word| Operand::Text(word.name().to_owned())).collect();
    let mut matches = vec![Match { field: "ut.state".to_owned(), constraint: Constraint::OneOf(words) }];
    matches.extend(all_secured.map(|value| Match {
        field: "ut.all_secured".to_owned(),
        constraint: Constraint::Equals(Operand::Number(value)),
    }));
    let which = if part == Part::EntryState { "entry" } else { "exit" };
    Some(Step {
        part,
        text: format!("{which} state of dut: {state}"),
        clauses: clauses.to_vec(),
        procedure: None,
        kind: StepKind::Check(Check { board: "dut".to_owned(), command: "status".to_owned(), matches, bind: None }),
    })
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
