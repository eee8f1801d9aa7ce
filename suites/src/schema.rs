//! The suite format as types that mirror the TOML, for its JSON Schema (`bootrack schema suite`). The loader reads the
//! TOML itself, for the sake of its messages; a test holds the two together.

use std::collections::BTreeMap;

use schemars::JsonSchema;

/// The JSON Schema of suite files.
pub fn suite() -> serde_json::Value {
    schemars::schema_for!(SuiteFile).to_value()
}

/// A suite: a head, procedures of its own, and cases.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct SuiteFile {
    /// Name; the file's stem if it is left out. Lower-case letters, digits, `-` and `_`.
    suite: Option<String>,
    /// One line about the suite.
    title: String,
    /// Phase of every case that names none.
    phase: Option<Phase>,
    /// Who outside judged the mechanism of every case that says nothing else, or `none`.
    oracle: Option<Oracles>,
    /// Procedures of this suite.
    procedure: Option<Vec<ProcedureTable>>,
    /// The cases.
    case: Vec<CaseTable>,
}

/// Phases of a thing's life.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[allow(dead_code)]
enum Phase {
    Manufacture,
    Bootstrap,
    Operation,
    Maintenance,
    #[schemars(rename = "re-bootstrap")]
    ReBootstrap,
    Recommissioning,
    Decommissioning,
}

/// Steps under a name, written out where they are used. `$arg.NAME` stands for an argument.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct ProcedureTable {
    /// Name, used by `use = "NAME"`.
    name: String,
    /// What it does.
    doc: Option<String>,
    /// Arguments, each to be given in `with`.
    args: Option<Vec<String>>,
    /// The steps.
    step: Vec<StepTable>,
}

/// A test case.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct CaseTable {
    /// Unique in all suites; a folder is named after it.
    #[schemars(regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"))]
    id: String,
    /// The test purpose, one sentence.
    purpose: String,
    /// Clause IDs that the case tests.
    #[schemars(length(min = 1))]
    clauses: Vec<String>,
    /// Phase of the thing's life.
    phase: Option<Phase>,
    /// PICS symbols that the device must claim for the case to apply.
    pics: Option<Vec<String>>,
    /// `line: ct lbr router dut`, `star: lbr | a b dut`, `graph: ct-lbr lbr-dut dut-tester` or `grid: 5x4`.
    topology: String,
    /// How the boards come to their routes: told by the testbed (`tree`), or by RPL.
    routing: Option<Routing>,
    /// Parameters, each a list; the case runs with every combination. `channel`, `pan_id` and `loss` (percent of the
    /// frames that each link loses) are the network's.
    params: Option<BTreeMap<String, Parameters>>,
    /// Mutants of the reference firmware that this case must find out.
    kills: Option<Vec<String>>,
    /// Who outside judged the mechanism that the verdict rests on, or `none`; as the suite says if left out.
    oracle: Option<Oracles>,
    /// The place of each row of the case in a table that it shares with others.
    table: Option<PlaceTable>,
    /// What is under test: `dut`, or a station of the tester such as `ct`; the device if left out.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9]*$"))]
    iut: Option<String>,
    /// Role of the device.
    dut_role: Option<DeviceRole>,
    /// State in which the preamble leaves the device; read back before the body.
    entry: Option<DeviceState>,
    /// State in which the body leaves the device; read back after it.
    exit: Option<DeviceState>,
    /// Preamble: if it fails, the case is inconclusive.
    setup: Option<Vec<StepTable>>,
    /// Body.
    step: Vec<StepTable>,
    /// Postamble.
    teardown: Option<Vec<StepTable>>,
}

/// A row of a table that several cases share.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct PlaceTable {
    /// The table's name.
    name: String,
    /// The case's row; `$case.NAME` stands for a parameter.
    row: String,
    /// Its column, likewise.
    column: String,
}

/// Who judged a mechanism.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Oracles {
    /// One name, or `none`.
    One(String),
    /// Names.
    Several(Vec<String>),
}

/// How boards come to their routes.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum Routing {
    /// Parents and routes are configured.
    Tree,
    /// RPL in storing mode.
    Rpl,
}

/// Role of the device under test.
#[derive(JsonSchema)]
#[allow(dead_code)]
enum DeviceRole {
    #[schemars(rename = "6lr")]
    Router,
    #[schemars(rename = "6lbr")]
    BorderRouter,
}

/// State in the life of the device under test.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[allow(dead_code)]
enum DeviceState {
    Off,
    Factory,
    Manufactured,
    Installed,
    Joining,
    Unsecured,
    Keyed,
    Secured,
    Closed,
}

/// Values of a parameter.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Parameters {
    /// One by one.
    List(Vec<Parameter>),
    /// Every order of at most five boards.
    Permutations(Permutations),
    /// `shuffle1`, `shuffle2`, ...: random orders for the procedure `commission`.
    Shuffles(Shuffles),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Permutations {
    /// At most five boards.
    #[schemars(length(min = 1, max = 5))]
    permutations: Vec<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct Shuffles {
    /// How many.
    #[schemars(range(min = 1, max = 256))]
    shuffles: u16,
}

/// Value of a parameter.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Parameter {
    Text(String),
    Number(i64),
    Flag(bool),
}

/// One step: exactly one of `use`, `do`, `expect`, `unordered`, `alt`, `never`, `check`, `send`, `deviate`, `wait`,
/// `prompt`.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum StepTable {
    Use(UseStep),
    Do(DoStep),
    Expect(ExpectStep),
    Unordered(UnorderedStep),
    Alt(AltStep),
    Never(NeverStep),
    Check(CheckStep),
    Send(SendStep),
    Deviate(DeviateStep),
    Wait(WaitStep),
    Prompt(PromptStep),
}

/// Run a procedure.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct UseStep {
    /// Name of a built-in procedure or of one of this suite.
    r#use: String,
    /// Arguments.
    with: Option<BTreeMap<String, serde_json::Value>>,
    /// Clauses that this step decides; must be among the case's.
    clauses: Option<Vec<String>>,
}

/// Act on a board or order a tester machine.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct DoStep {
    /// `power_on BOARD`, `power_off BOARD`, `reset BOARD`, `ut BOARD COMMAND key=value`, `ct ORDER`, `TESTER ORDER`.
    r#do: String,
    /// What must be answered: `ok` (default), `error`, `error:CODE`, `unimplemented`.
    answer: Option<String>,
    /// How long a tester machine may work on the order; without it what the PIXIT allows for such an order.
    within: Option<String>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// Point of control and observation.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code)]
enum PointName {
    Air,
    Backbone,
    Ut,
}

/// Wait for a PDU and judge it: the first of that name from that sender decides.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct ExpectStep {
    /// Message name.
    expect: String,
    /// Where to look; `air` if left out.
    at: Option<PointName>,
    /// Board that sends, or EUI-64.
    from: Option<String>,
    /// Board that receives, or EUI-64; on air only.
    to: Option<String>,
    /// How long to wait.
    within: Time,
    /// Constraints by field.
    r#where: Option<BTreeMap<String, ConstraintValue>>,
    /// Name by which later steps refer to the PDU.
    bind: Option<String>,
    /// Skip PDUs that do not match instead of failing at the first.
    search: Option<Truth>,
    /// How many matching PDUs.
    count: Option<Whole>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// An expectation inside `unordered` or `alt`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct InnerExpect {
    /// Message name.
    expect: String,
    /// Where to look.
    at: Option<PointName>,
    /// Board that sends, or EUI-64.
    from: Option<String>,
    /// Board that receives, or EUI-64.
    to: Option<String>,
    /// How long to wait; the step's `within` if left out.
    within: Option<Time>,
    /// Constraints by field.
    r#where: Option<BTreeMap<String, ConstraintValue>>,
    /// Name by which later steps refer to the PDU.
    bind: Option<String>,
    /// Skip PDUs that do not match.
    search: Option<Truth>,
    /// How many matching PDUs.
    count: Option<Whole>,
}

/// Several expectations, in any order.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct UnorderedStep {
    /// The expectations.
    #[schemars(length(min = 2))]
    unordered: Vec<InnerExpect>,
    /// How long to wait for those that say nothing else.
    within: Option<Time>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// One of several expectations.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct AltStep {
    /// The expectations.
    #[schemars(length(min = 2))]
    alt: Vec<InnerExpect>,
    /// How long to wait for those that say nothing else.
    within: Option<Time>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// No PDU may match during a time; the device's liveness is proven before and after.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct NeverStep {
    /// Message name.
    never: String,
    /// Where to look.
    at: Option<PointName>,
    /// Board that sends, or EUI-64.
    from: Option<String>,
    /// Board that receives, or EUI-64.
    to: Option<String>,
    /// For how long.
    during: Time,
    /// Constraints by field.
    r#where: Option<BTreeMap<String, ConstraintValue>>,
    /// Board whose liveness is proven; `dut` if left out.
    alive: Option<String>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// Ask a board's upper tester and judge the answer.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct CheckStep {
    /// `BOARD COMMAND key=value`.
    check: String,
    /// Constraints on `ut.*` fields.
    r#where: Option<BTreeMap<String, ConstraintValue>>,
    /// Name by which later steps refer to the answer.
    bind: Option<String>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// Craft a message and transmit it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct SendStep {
    /// Message name.
    send: String,
    /// Tester radio (or `ct`) that transmits; the only tester radio if left out.
    by: Option<String>,
    /// Board or EUI-64 that it claims to come from; `by` if left out.
    from: Option<String>,
    /// Board, EUI-64, IPv6 address, or `all`.
    to: String,
    /// Link-layer security level; plain if left out.
    level: Option<Whole>,
    /// Fields other than natural.
    set: Option<BTreeMap<String, Literal>>,
    /// Name by which later steps refer to the frame.
    bind: Option<String>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// Change what a tester machine sends from now on: exactly one of `set`, `drop`, `duplicate`, `delay`, `reorder`,
/// `corrupt`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct DeviateStep {
    /// Which message, by name.
    deviate: String,
    /// Tester machine; `ct` if left out.
    by: Option<String>,
    /// Constraints that select among these messages.
    r#where: Option<BTreeMap<String, ConstraintValue>>,
    /// How often; 1 if left out, 0: always.
    times: Option<Whole>,
    /// Send with these fields.
    set: Option<BTreeMap<String, Literal>>,
    /// Do not send.
    drop: Option<Truth>,
    /// Send twice.
    duplicate: Option<Truth>,
    /// Send later by this much.
    delay: Option<Time>,
    /// Send after the next message.
    reorder: Option<Truth>,
    /// Flip this bit of the protected message.
    corrupt: Option<Whole>,
    /// Clauses that this step decides.
    clauses: Option<Vec<String>>,
}

/// Let time pass.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct WaitStep {
    /// How long.
    wait: Time,
    /// Clauses.
    clauses: Option<Vec<String>>,
}

/// Ask an operator to do something by hand.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct PromptStep {
    /// What to do.
    prompt: String,
    /// Clauses.
    clauses: Option<Vec<String>>,
}

/// A number and a unit: `5s`, `200ms`, `1.5m`; or a `$case.` or `$pixit.` reference.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Time(#[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h)|.*\$(case|pixit|arg)\..+)$"))] String);

/// A whole number, or a `$case.`, `$pixit.` or `$arg.` reference to one.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Whole {
    Number(u64),
    Reference(KnownReference),
}

/// True or false, or a `$case.`, `$pixit.` or `$arg.` reference to it.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Truth {
    Flag(bool),
    Reference(KnownReference),
}

/// A reference that is replaced when the suite is loaded.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct KnownReference(#[schemars(regex(pattern = r"^\$(case|pixit|arg)\.[a-z0-9_.]+$"))] String);

/// A number, a text as `tshark -T fields` prints it, or a reference `$name.field` with an offset (`+2s`, `-1`).
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum Literal {
    Number(u64),
    Flag(bool),
    Text(String),
}

/// What a field must be: a literal, or one of `{ not }`, `{ min, max }`, `{ one_of }`, `{ present }`, `{ mask, value }`, `{ prefix }`.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[allow(dead_code)]
enum ConstraintValue {
    Literal(Literal),
    Table(ConstraintTable),
}

/// A constraint other than equality.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code)]
struct ConstraintTable {
    /// Anything but this.
    not: Option<Box<ConstraintValue>>,
    /// At least.
    min: Option<Literal>,
    /// At most.
    max: Option<Literal>,
    /// Any of these.
    #[schemars(length(min = 1))]
    one_of: Option<Vec<Literal>>,
    /// The field is there (or not).
    present: Option<Truth>,
    /// Bits looked at.
    mask: Option<Whole>,
    /// What they must be.
    value: Option<Whole>,
    /// An IPv6 prefix, as `fe80::/10`, that the address is under.
    prefix: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::loader::{CASE_KEYS, CONSTRAINT_KEYS, STEP_KINDS, SUITE_KEYS};

    fn keys(schema: &serde_json::Value, definition: &str) -> BTreeSet<String> {
        let object = if definition.is_empty() { schema } else { &schema["$defs"][definition] };
        object["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_knows_the_keys_that_the_loader_knows_and_no_other() {
        let schema = suite();
        let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(keys(&schema, ""), set(&SUITE_KEYS));
        assert_eq!(keys(&schema, "CaseTable"), set(&CASE_KEYS));
        assert_eq!(keys(&schema, "ConstraintTable"), set(&CONSTRAINT_KEYS));
        for (kind, others) in STEP_KINDS {
            let mut letters = kind.chars();
            let first = letters.next().unwrap().to_ascii_uppercase();
            let definition = format!("{first}{}Step", letters.as_str());
            let mut known = set(others);
            known.insert((*kind).to_owned());
            assert_eq!(keys(&schema, &definition), known, "{kind}");
        }
    }

    #[test]
    fn the_schema_knows_the_states_that_the_plan_knows() {
        let words = serde_json::to_value(crate::plan::State::ALL.map(crate::plan::State::name)).unwrap();
        assert_eq!(suite()["$defs"]["DeviceState"]["enum"], words);
    }

    #[test]
    fn every_key_of_the_schema_is_explained() {
        let schema = suite();
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                assert!(property.get("description").is_some(), "{name}.{key}");
            }
        }
    }
}
