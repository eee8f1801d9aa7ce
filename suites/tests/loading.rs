//! What good suites become: steps, rows, bindings, procedures; and how cases are selected.

mod common;

use std::time::Duration;

use bootrack_suites::monitor::Monitors;
use bootrack_suites::pics::Proforma;
use bootrack_suites::plan::{Command, Constraint, Operand, Part, Point, Role, StepKind};
use bootrack_suites::selection::{Plan, Selector, explain};
use common::World;
use input::Source;

const EVERY_STEP: &str = include_str!("good/every-step.toml");

/// A suite with one case, whose body ends with a plain expectation.
fn suite(head: &str, steps: &str) -> String {
    format!(
        "title = \"t\"\nphase = \"bootstrap\"\n[[case]]\nid = \"T-01\"\npurpose = \"p\"\nclauses = [\"SEL-5-3\"]\n{head}\n{steps}\n\
         [[case.step]]\nexpect = \"sel.jsr\"\nfrom = \"dut\"\nwithin = \"5s\"\n"
    )
}

#[test]
fn every_kind_of_step_loads_to_the_plan_as_recorded() {
    let world = World::new();
    let cases = world.cases(EVERY_STEP);
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["EVERY-01@channel=11,code=sel.jsr", "EVERY-01@channel=26,code=sel.jsr"]);
    let own: Vec<String> = cases[0]
        .steps
        .iter()
        .filter(|step| step.procedure.is_none())
        .map(|step| format!("{:?} {} {:?}", step.part, step.text, step.clauses))
        .collect();
    insta::assert_snapshot!(own.join("\n"));
}

#[test]
fn the_suite_of_every_step_obeys_the_json_schema() {
    let value: serde_json::Value = toml::from_str(EVERY_STEP).unwrap();
    let validator = jsonschema::validator_for(&bootrack_suites::schema::suite()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn rows_are_the_product_of_the_parameters_in_the_order_of_the_file() {
    let world = World::new();
    let text = suite(
        "topology = \"line: ct lbr $case.far dut\"\nparams = { far = [\"a\", \"b\"], reboot = [true, false], gap = [\"1s\"] }",
        "[[case.setup]]\nwait = \"$case.gap\"\n[[case.setup]]\nprompt = \"reboot: $case.reboot\"",
    );
    let cases = world.cases(&text);
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "T-01@far=a,reboot=true,gap=1s",
            "T-01@far=a,reboot=false,gap=1s",
            "T-01@far=b,reboot=true,gap=1s",
            "T-01@far=b,reboot=false,gap=1s"
        ]
    );
    assert_eq!(cases[2].topology.boards[2].name, "b");
    assert_eq!(cases[1].params["reboot"], "false");
    assert_eq!(cases[0].steps[0].kind, StepKind::Wait { duration: Duration::from_secs(1) });
    assert!(cases.iter().all(|case| case.base == "T-01" && case.origin.line == 3));
}

#[test]
fn parameters_keep_their_type_and_take_offsets() {
    let world = World::new();
    let text = suite(
        "topology = \"line: lbr dut\"\nparams = { channel = [15], lifetime = [60] }",
        "[[case.step]]\nexpect = \"sel.ssr\"\nfrom = \"dut\"\nwithin = \"5s\"\n\
         where = { \"sel.registration_lifetime\" = { min = \"$case.lifetime\", max = \"$case.lifetime+1\" } }",
    );
    let case = &world.cases(&text)[0];
    let StepKind::Expect(expect) = &case.steps[0].kind else { panic!("{:?}", case.steps[0]) };
    let number = |number| Some(Operand::Number(number));
    assert_eq!(expect.matches[0].constraint, Constraint::Range { min: number(60), max: number(61) });
    assert_eq!((expect.at, expect.count, expect.search), (Point::Air, 1, false));
}

#[test]
fn a_pan_identifier_is_named_as_the_upper_tester_takes_it() {
    let world = World::new();
    let text = suite(
        "topology = \"line: lbr dut\"\nparams = { pan_id = [0xbeef, 7] }",
        "[[case.step]]\nexpect = \"sel.ssr\"\nfrom = \"dut\"\nwithin = \"5s\"\nwhere = { \"wpan.dst_pan\" = \"$case.pan_id\" }",
    );
    let cases = world.cases(&text);
    assert_eq!((cases[0].id.as_str(), cases[1].id.as_str()), ("T-01@pan_id=0xbeef", "T-01@pan_id=0x0007"));
    assert_eq!(cases[1].params["pan_id"], "0x0007");
    let StepKind::Expect(expect) = &cases[0].steps[0].kind else { panic!("{:?}", cases[0].steps[0]) };
    assert_eq!(expect.matches[0].constraint, Constraint::Equals(Operand::Number(0xbeef)));
}

#[test]
fn pixit_values_take_part_in_a_suite() {
    let mut world = World::new();
    let text = suite("topology = \"line: lbr dut\"", "[[case.setup]]\nwait = \"$pixit.jsr_first_interval\"");
    let waits = |world: &World| world.cases(&text)[0].steps[0].kind.clone();
    assert_eq!(waits(&world), StepKind::Wait { duration: Duration::from_secs(2) });
    let file = Source { name: "pixit.toml".into(), text: "[pixit]\njsr_first_interval = \"3s\"\n".into() };
    world.pixit = world.pixit.overridden(&file).unwrap();
    assert_eq!(waits(&world), StepKind::Wait { duration: Duration::from_secs(3) });
    assert_eq!(world.pixit.number("hop_limit"), Some(64));
    assert_eq!(world.pixit.duration("ssr_within"), Some(Duration::from_secs(5)));
}

#[test]
fn a_suites_own_procedures_may_use_each_other_and_are_judged_like_steps() {
    let world = World::new();
    let text = format!(
        "[[procedure]]\nname = \"outer\"\nargs = [\"who\"]\n[[procedure.step]]\nuse = \"inner\"\nwith = {{ board = \"$arg.who\" }}\n\
         [[procedure]]\nname = \"inner\"\nargs = [\"board\"]\n[[procedure.step]]\nexpect = \"sel.jsr\"\nfrom = \"$arg.board\"\nwithin = \"5s\"\n\
         where = {{ \"sel.eui64\" = \"$arg.board.eui64\" }}\n{}",
        ""
    );
    let case = suite("topology = \"line: lbr dut\"", "[[case.step]]\nuse = \"outer\"\nwith = { who = \"dut\" }");
    let (head, body) = case.split_once("[[case]]").unwrap();
    let cases = world.cases(&format!("{head}{text}[[case]]{body}"));
    let step = &cases[0].steps[0];
    assert_eq!((step.part, &step.procedure), (Part::Body, &None));
    assert_eq!(step.text, "expect sel.jsr from dut within 5s where sel.eui64 = $dut.eui64");
    assert_eq!(step.clauses, ["SEL-5-3"]);
}

#[test]
fn built_in_procedures_bear_their_name_and_no_clause() {
    let world = World::new();
    let text = suite(
        "topology = \"line: ct lbr router dut\"",
        "[[case.setup]]\nuse = \"prepare\"\nwith = { board = \"dut\" }",
    );
    let case = &world.cases(&text)[0];
    let of_procedure: Vec<_> = case.steps.iter().filter(|step| step.procedure.is_some()).collect();
    assert_eq!(of_procedure.len(), 4);
    assert!(of_procedure.iter().all(|step| step.clauses.is_empty() && step.part == Part::Preamble));
}

#[test]
fn every_procedure_expands_to_lines_that_a_suite_may_write() {
    let world = World::new();
    let topology = "topology = \"graph: ct-lbr lbr-router router-dut dut-tester dut-joiner\"";
    for (name, with) in [
        ("manufacture", "{ board = [\"dut\", \"router\"], anchor = \"psk\" }"),
        ("install", "{ board = \"dut\", trigger = \"selection\" }"),
        ("prepare", "{ board = \"joiner\" }"),
        ("prepare_network", "{ secured = [\"lbr\", \"router\"] }"),
        ("running", "{ board = \"dut\" }"),
        ("provisioned", "{ board = \"dut\", linked = [\"router\"] }"),
        ("come_back", "{ board = \"dut\", closed = true, marked_by = [\"router\"] }"),
        ("load_image", "{ board = \"dut\", image = \"forged\" }"),
        ("join", "{ board = \"dut\", linked = \"router\" }"),
        ("secure", "{ board = \"dut\" }"),
        ("close_network", "{ board = [\"dut\", \"router\"] }"),
        ("neighbour", "{ keyed = true, marked = true, eui64 = \"0011223344556677\" }"),
        ("neighbour", "{}"),
        ("commission", "{ order = \"joiner-router-dut-lbr\" }"),
        ("commission", "{ order = \"shuffle3\" }"),
        ("reach", "{ board = [\"dut\", \"lbr\"] }"),
    ] {
        let case = &world.cases(&suite(topology, &format!("[[case.setup]]\nuse = \"{name}\"\nwith = {with}")))[0];
        // What the procedure wrote, written by hand, must be taken too: its words, names and references are all known.
        let mut by_hand = String::new();
        for step in case.steps.iter().filter(|step| step.procedure.is_some()) {
            match &step.kind {
                StepKind::Do(_) => by_hand.push_str(&format!("[[case.setup]]\ndo = '{}'\n", step.text)),
                StepKind::Check(check) => {
                    by_hand.push_str(&format!(
                        "[[case.setup]]\ncheck = '{} {}'\nwhere = {{ 'ut.status' = 'ok' }}\n",
                        check.board, check.command
                    ));
                }
                _ => {}
            }
        }
        assert!(!by_hand.is_empty(), "{name}");
        world.cases(&suite(topology, &by_hand));
    }
    let tested = [
        "manufacture",
        "install",
        "prepare",
        "prepare_network",
        "running",
        "provisioned",
        "come_back",
        "load_image",
        "join",
        "secure",
        "close_network",
        "neighbour",
        "commission",
        "reach",
    ];
    for procedure in bootrack_suites::procedures::PROCEDURES {
        assert!(tested.contains(&procedure.name), "{}", procedure.name);
        assert!(!procedure.doc.is_empty());
    }
}

#[test]
fn a_border_router_can_be_the_device() {
    let world = World::new();
    let text = suite(
        "topology = \"line: ct dut router\"\ndut_role = \"6lbr\"",
        "[[case.setup]]\nuse = \"prepare\"\nwith = { board = \"dut\" }",
    );
    let case = &world.cases(&text)[0];
    assert_eq!(case.topology.boards[1].role, Role::BorderRouter);
    assert!(case.steps[2].text.starts_with("ut dut install role=6lbr"), "{}", case.steps[2].text);
    assert!(!case.steps[2].text.contains("parent="));
    assert_eq!(case.steps[3].text, "ut dut route dest=$router.eui64 via=$router.eui64");
}

#[test]
fn a_pixit_that_states_slower_times_is_what_cases_wait() {
    let mut world = World::new();
    let text = "[pixit]\njsr_first_interval = \"10s\"\njsr_greatest_interval = \"1m\"\nssr_within = \"20s\"\n\
                ssr_lifetime = 10\nhandshake_within = \"3m\"\nsecurity_level = 6\n";
    world.pixit = world.pixit.overridden(&Source { name: "pixit.toml".into(), text: text.into() }).unwrap();
    let suites = world.built_in();
    let case = |id: &str| suites.iter().flat_map(|suite| &suite.cases).find(|case| case.id == id).unwrap();
    let waits: Vec<u64> = case("PRO-JSR-02").steps.iter().filter_map(|step| awaited(&step.kind, "sel.jsr")).collect();
    assert_eq!(waits, [15_000, 16_050, 27_050, 49_050], "ms: 10, 20 and 40 s with 10 % of jitter");
    let join = case("SEL-JOIN-01");
    let ssr: Vec<u64> = join.steps.iter().filter_map(|step| awaited(&step.kind, "sel.ssr")).collect();
    assert_eq!(ssr.first(), Some(&20_000));
    assert_eq!(
        awaited(&join.steps.iter().find(|step| step.text.contains("coap.response")).unwrap().kind, "coap.response"),
        Some(180_000)
    );
    assert_eq!(join.security_level, 6);
    // No literal of the profile is left in a case that speaks of these messages of the device.
    for case in suites.iter().flat_map(|suite| &suite.cases).filter(|case| case.iut.is_device()) {
        for step in case.steps.iter().filter(|step| step.part == Part::Body && step.procedure.is_none()) {
            if let StepKind::Expect(expect) = &step.kind
                && expect.message == "sel.ssr"
                && expect.from.as_deref() == Some("dut")
                && case.id != "PRO-SSR-01"
            {
                assert!(expect.within.as_secs() >= 20, "{}: {}", case.id, step.text);
            }
        }
    }
}

/// Milliseconds that an expectation of a message waits.
fn awaited(kind: &StepKind, message: &str) -> Option<u64> {
    match kind {
        StepKind::Expect(expect) if expect.message == message => u64::try_from(expect.within.as_millis()).ok(),
        _ => None,
    }
}

fn select(world: &World, selectors: &[&str], pics: &str) -> Plan {
    let suites = world.built_in();
    let selectors: Vec<Selector> = selectors.iter().map(|text| text.parse().unwrap()).collect();
    let pics = world.proforma.answers(&Source { name: "pics.toml".into(), text: pics.into() }).unwrap();
    Plan::select(&suites, &selectors, &pics, &world.proforma)
}

const CLAIMS: &str = "[pics]\nSEL_6LR = true\nSEL_ANCHOR_PSK = true\n";

#[test]
fn selectors_choose_by_id_suite_phase_and_clause() {
    let world = World::new();
    let all = world.built_in().iter().map(|suite| suite.cases.len()).sum::<usize>();
    assert_eq!(select(&world, &[], CLAIMS).cases.len(), all);
    let bootstrap = select(&world, &["phase:bootstrap"], CLAIMS).cases;
    assert!(!bootstrap.is_empty() && bootstrap.len() < all && bootstrap.iter().all(|case| case.phase == "bootstrap"));
    let rows = select(&world, &["SEL-JSR-01"], CLAIMS).cases;
    assert!(rows.len() == 2 && rows.iter().all(|case| case.base == "SEL-JSR-01"));
    assert_eq!(select(&world, &["SEL-JSR-01@channel=26"], CLAIMS).cases.len(), 1);
    let profile = select(&world, &["suite:profile"], CLAIMS).cases;
    assert!(!profile.is_empty() && profile.iter().all(|case| case.suite == "profile"));
    let of_clause = select(&world, &["clause:SEL-5.3.3-1"], CLAIMS).cases;
    assert!(!of_clause.is_empty() && of_clause.iter().all(|case| case.clauses.iter().any(|id| id == "SEL-5.3.3-1")));
    let none = select(&world, &["NOPE-*"], CLAIMS);
    assert!(none.cases.is_empty());
    // One that matches nothing is told beside others that do.
    let some = select(&world, &["SEL-JSR-01", "NOPE-*"], CLAIMS);
    assert_eq!(some.idle, ["NOPE-*".parse().unwrap()]);
}

#[test]
fn a_denied_symbol_makes_a_case_not_applicable_with_the_reason() {
    let world = World::new();
    let plan = select(&world, &["SEL-JOIN-01"], "[pics]\nSEL_6LR = true\nSEL_ANCHOR_PSK = false\n");
    assert!(plan.cases.is_empty());
    let reason = &plan.not_applicable[0].reason;
    assert!(reason.starts_with("the device does not claim SEL_ANCHOR_PSK (Is a pre-shared key"), "{reason}");
}

#[test]
fn a_symbol_without_an_answer_selects_the_case_with_a_warning() {
    let world = World::new();
    let plan = select(&world, &["SEL-JOIN-01"], "[pics]\nSEL_6LR = true\n");
    assert_eq!(plan.cases.len(), 1);
    assert!(plan.warnings.iter().any(|warning| warning.contains("SEL_ANCHOR_PSK is not answered in pics.toml")));
}

#[test]
fn a_mandatory_symbol_that_is_denied_is_told() {
    let world = World::new();
    let plan = select(&world, &["SEL-JOIN-01"], "[pics]\nSEL_6LR = false\nSEL_ANCHOR_PSK = true\n");
    assert!(plan.cases.is_empty() && plan.not_applicable.len() == 1);
    assert!(plan.warnings.iter().any(|warning| warning.contains("SEL_6LR is mandatory")));
}

#[test]
fn a_set_of_symbols_that_is_denied_as_a_whole_is_told() {
    let world = World::new();
    let told = |pics: &str| {
        let warnings = select(&world, &["SEL-JSR-01"], pics).warnings;
        warnings.into_iter().filter(|warning| warning.contains("denies them all")).collect::<Vec<_>>()
    };
    let denied = "[pics]\nSEL_6LR = true\nSEL_ANCHOR_PSK = false\nSEL_CT_AUTH = false\n";
    // One that is claimed suffices, and so does one that is not answered: it may be claimed.
    assert!(told(denied).is_empty() && told(&format!("{denied}SEL_RESET = true\n")).is_empty());
    let told = told(&format!("{denied}SEL_RESET = false\n"));
    assert!(told.len() == 1, "{told:?}");
    for part in ["SEL_ANCHOR_PSK, SEL_CT_AUTH, SEL_RESET", "can be reset", "SEL-4-8"] {
        assert!(told[0].contains(part), "{told:?}");
    }
}

#[test]
fn a_proforma_with_sets_that_make_no_choice_is_refused() {
    let world = World::new();
    let text = r#"
spec = "SEL"
title = "Sets"

[[set]]
name = "o.1"
clause = "SEL-4-8"
text = "one is asked for"

[[set]]
name = "c.1"
clause = "SEL-4-9999"
text = "one is asked for"

[[symbol]]
symbol = "A"
question = "A?"
clause = "SEL-4-4"
status = "o.1"
reference = true

[[symbol]]
symbol = "B"
question = "B?"
clause = "SEL-4-4"
status = "o.2"
reference = true
"#;
    let source = Source { name: "pics.toml".to_owned(), text: text.to_owned() };
    let faults = Proforma::load(&[source], &world.ledger).unwrap_err();
    let faults: Vec<String> = faults.iter().map(|fault| fault.message.clone()).collect();
    assert_eq!(
        faults,
        [
            "set `o.1` has fewer than two symbols",
            "set `c.1` has fewer than two symbols",
            "set `c.1` does not begin with `o.`",
            "unknown clause `SEL-4-9999`",
            "`status` is \"m\" (mandatory), \"o\" (optional) or the name of a set",
        ]
    );
}

#[test]
fn the_reference_firmware_answers_every_symbol() {
    let world = World::new();
    let plan = Plan::select(&world.built_in(), &[], &world.proforma.reference(), &world.proforma);
    assert_eq!((plan.warnings, plan.not_applicable.len()), (Vec::<String>::new(), 0));
}

#[test]
fn an_explanation_names_selector_and_symbols() {
    let world = World::new();
    let suites = world.built_in();
    let case = suites.iter().flat_map(|suite| &suite.cases).find(|case| case.base == "SEL-JOIN-01").unwrap();
    let selectors = ["SEL-JOIN-*".parse().unwrap()];
    let mut pics = world.proforma.reference();
    let claimed = explain(case, &selectors, &pics, &world.proforma);
    assert!(claimed.selected && claimed.grounds[0] == "wanted by `SEL-JOIN-*`", "{claimed:?}");
    pics.set("SEL_6LR", false);
    let denied = explain(case, &selectors, &pics, &world.proforma);
    assert!(!denied.selected && denied.grounds.iter().any(|ground| ground.starts_with("PICS SEL_6LR is denied")));
    let unwanted = explain(case, &["X".parse().unwrap()], &world.proforma.reference(), &world.proforma);
    assert!(!unwanted.selected);
}

#[test]
fn the_ledger_tells_of_clauses_that_no_case_cites() {
    let world = World::new();
    let one_case = world.load_text(&suite("topology = \"line: lbr dut\"", "")).unwrap();
    let faults = world.ledger.uncovered(one_case.iter().flat_map(|suite| &suite.cases), &Monitors::default());
    assert!(!faults.iter().any(|fault| fault.message.contains("`SEL-5-3`")));
    let fault = faults.iter().find(|fault| fault.message.contains("`SEL-5-4`")).unwrap();
    assert!(fault.to_string().starts_with("built-in selective/clauses.toml:"), "{fault}");
    let cites_untestable = suite("topology = \"line: lbr dut\"", "").replace("SEL-5-3", "SEL-7-1");
    let citing = world.load_text(&cites_untestable).unwrap();
    let faults = world.ledger.uncovered(citing.iter().flat_map(|suite| &suite.cases), &Monitors::default());
    assert!(faults.iter().any(|fault| fault.message.contains("`SEL-7-1`, which is not classed `tested`")));
}

/// The command of the only `ut` step that `text` makes.
fn vendor(steps: &str) -> Result<String, String> {
    let world = World::new();
    let suites = world.load_text(&suite("topology = \"line: ct lbr dut\"", steps));
    let suites = suites.map_err(|faults| common::render_all(&faults))?;
    let command = suites[0].cases[0].steps.iter().find_map(|step| match &step.kind {
        StepKind::Do(Command::UpperTester { command, .. }) => Some(command.clone()),
        StepKind::Check(check) => Some(check.command.clone()),
        _ => None,
    });
    Ok(command.unwrap())
}

#[test]
fn a_line_for_a_shell_stands_in_quotation_marks() {
    for (step, command) in [
        (r#"do = 'ut dut vendor text="ping $dut.link_local 8"'"#, "vendor text=ping%20$dut.link_local%208"),
        (r#"do = 'ut dut vendor text="100%"'"#, "vendor text=100%25"),
        (r#"do = 'ut dut vendor text=state'"#, "vendor text=state"),
        (r#"do = 'ut dut vendor text=udp%20open'"#, "vendor text=udp%20open"),
        ("check = 'dut vendor text=\"udp open\"'\nbind = \"said\"", "vendor text=udp%20open"),
    ] {
        assert_eq!(vendor(&format!("[[case.step]]\n{step}")).unwrap(), command, "{step}");
    }
}

#[test]
fn a_line_for_a_shell_is_checked() {
    for (step, fault) in [
        (r#"do = 'ut dut vendor text="udp open'"#, "`open` is no argument of `vendor`"),
        (r#"do = 'ut dut vendor text="udp open" more'"#, "`more` is no argument of `vendor`"),
        (
            r#"do = 'ut dut vendor text="ping $nobody.eui64"'"#,
            "`nobody` is bound by no earlier step and names no board",
        ),
        (r#"do = 'ut dut vendor text="a" text="b"'"#, "`text` stands here twice"),
    ] {
        let told = vendor(&format!("[[case.step]]\n{step}")).unwrap_err();
        assert!(told.contains(fault), "{step}: {told}");
    }
}
