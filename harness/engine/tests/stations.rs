//! A station is a constant and a line in the registry: here one that no file of the program knows is planned, briefed, ordered,
//! asked over UDP, put under test, made wrong and blamed.

use std::collections::VecDeque;
use std::net::Ipv6Addr;

use authenticator::deviation::{Hooks, Rule, RuleError};
use authenticator::host::{Arrival, Host};
use authenticator::registry::KINDS;
use authenticator::station::{Briefing, Kind, Making, MutantInfo, Station};
use authenticator::{Machine, MachineInput, MachineOutput, Registry, words};
use bootrack_engine as engine;
use engine::campaign::{Setting, case_result, run_in_memory};
use engine::mutant::Mutant;
use engine::mutation::run_mutants;
use engine::stored_plan::PlannedCase;
use engine::tester::TesterMachines;
use protocols::Entropy;
use protocols::time::Instant;
use record::station::{Argument, ArgumentKind, Attachment, OrderInfo, Property, PropertyValue, StationInfo};
use record::{Blame, Verdict};
use suites::ledger::Ledger;
use suites::pics::Proforma;
use suites::pixit::Pixit;
use suites::vocabulary::Vocabulary;
use suites::{Catalogue, built_in};
use testbeds::testbed::{Device, Testbed};
use testbeds::virtual_rack::Fake;

const ADDRESS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 0xaa);
const PORT: u16 = 716;

const ORDERS: &[OrderInfo] = &[
    OrderInfo::new("secret", "what it was told before").keys(&[Argument::needed("is", ArgumentKind::Key(16))]),
    OrderInfo::new("serve", "answers with these octets from now on")
        .keys(&[Argument::needed("with", ArgumentKind::Octets), Argument::or("times", ArgumentKind::Number(9), "1")]),
];

const PAA: Kind = Kind {
    info: StationInfo {
        name: "paa",
        is_prefix: false,
        title: "authentication agent",
        attachment: Attachment::Backbone,
        orders: ORDERS,
        properties: &[
            Property { name: "address", value: PropertyValue::Address(ADDRESS) },
            Property { name: "shared", value: PropertyValue::Secret(16) },
        ],
        hooked: &[],
    },
    mutants: &[MutantInfo { name: "paa-deaf", clause: "SEL-4-1", description: "Answers nobody." }],
    brief: |briefing: &Briefing<'_>| vec![format!("secret is={}", (briefing.property)(briefing.name, "shared"))],
    check: |line| words::read(ORDERS, line).map(drop),
    make: |_: Entropy, making: &Making| Box::new(Agent::new(making.mutant)),
};

static STATIONS: &[Kind] = &[KINDS[0], KINDS[1], PAA];

struct Agent {
    host: Host<()>,
    outputs: VecDeque<MachineOutput>,
    is_deaf: bool,
    answer: Option<Vec<u8>>,
}

impl Agent {
    fn new(mutant: Option<MutantInfo>) -> Self {
        let mut host = Host::new(ADDRESS);
        host.bind((ADDRESS, PORT), ());
        Self { host, outputs: VecDeque::new(), is_deaf: mutant.is_some(), answer: None }
    }
}

impl Machine for Agent {
    fn handle(&mut self, _now: Instant, input: MachineInput<'_>) {
        match input {
            MachineInput::Order { line, .. } => {
                let given = words::read(ORDERS, line).expect("the suite was checked");
                if given.info.name == "serve" {
                    self.answer = given.maybe("with").expect("octets");
                }
                self.outputs.push_back(MachineOutput::Done { order: line.to_owned() });
            }
            MachineInput::Backbone(packet) => {
                let arrival = self.host.receive(packet, &mut self.outputs);
                let (Some(Arrival::Udp { service: Some(()), from, to, .. }), Some(answer)) = (arrival, &self.answer)
                else {
                    return;
                };
                if !self.is_deaf {
                    self.outputs.push_back(self.host.answer(to, from, answer.clone()));
                }
            }
            MachineInput::Received(_) | MachineInput::Overheard(_) | MachineInput::TransmitDone { .. } => {}
        }
    }

    fn poll(&mut self, _now: Instant) -> Option<MachineOutput> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        None
    }
}

impl Hooks for Agent {
    fn hook(&mut self, _rule: &Rule) -> Result<bool, RuleError> {
        Ok(false)
    }
}

impl Station for Agent {}

const SUITE: &str = r#"
suite = "stations"
title = "A station that a test brings along"
phase = "operation"

[[case]]
id = "PAA-01"
purpose = "The agent answers at its port what it was ordered to."
clauses = ["SEL-4-1"]
iut = "paa"
topology = "star: ct paa lbr | dut"
kills = ["paa-deaf"]
  [[case.setup]]
  use = "prepare_network"
  with = { secured = ["lbr"] }
  [[case.setup]]
  use = "provisioned"
  with = { board = "dut", linked = ["lbr"] }
  [[case.step]]
  do = "paa serve with=68656c6c6f"
  [[case.step]]
  do = "ut dut send dest=$paa.address port=716 data=6b6e6f636b"
  [[case.step]]
  expect = "udp.datagram"
  at = "backbone"
  from = "paa"
  within = "10s"
  where = { "ipv6.src" = "$paa.address", "ipv6.dst" = "$dut.global", "udp.srcport" = 716 }
"#;

fn load(text: &str) -> Result<Vec<suites::Suite>, String> {
    let registry = Registry::of(STATIONS);
    let vocabulary =
        Vocabulary::wire(Mutant::with(registry).map(Mutant::name), registry.infos(), authenticator::craft::MESSAGES);
    let ledger = Ledger::load(&built_in::clauses()).unwrap();
    let proforma = Proforma::load(&built_in::pics(), &ledger).unwrap();
    let pixit = Pixit::load(&built_in::pixit()).unwrap();
    let tester = &TesterMachines(registry);
    let catalogue = Catalogue { vocabulary: &vocabulary, ledger: &ledger, pics: &proforma, pixit: &pixit, tester };
    let source = input::Source { name: "stations.toml".to_owned(), text: text.to_owned() };
    suites::load(&[source], &catalogue).map_err(|faults| faults.iter().map(|fault| format!("{fault:?}\n")).collect())
}

fn world() -> (Setting, PlannedCase) {
    let testbed = Testbed::load(&Testbed::built_in()).unwrap();
    let setting = Setting { stations: Registry::of(STATIONS), ..Setting::new(testbed, Device::Reference) };
    let suites = load(SUITE).unwrap_or_else(|faults| panic!("{faults}"));
    let planned = PlannedCase::new(&suites[0].cases[0], 1, &setting.testbed, setting.stations);
    (setting, planned)
}

#[test]
fn a_station_that_a_test_brings_along_is_briefed_ordered_asked_and_judged() {
    let (setting, planned) = world();
    let run = run_in_memory(&planned, &setting).unwrap();
    assert_eq!((run.verdict.verdict, &run.verdict.blamed), (Verdict::Pass, &None), "{}", run.verdict.reason);
    let shared = planned.environment.get("paa", "shared").expect("a secret of the case");
    let events = format!("{:?}", run.events);
    assert!(events.contains(&format!("secret is={shared}")) && events.contains("serve with=68656c6c6f"));
}

#[test]
fn a_station_that_fails_is_blamed_by_its_name() {
    let (setting, planned) = world();
    let mutant = Mutant::with(setting.stations).find(|mutant| mutant.name() == "paa-deaf").unwrap();
    let run = run_in_memory(&planned, &setting.with_mutant(mutant)).unwrap();
    assert_eq!(
        (run.verdict.verdict, run.verdict.blame),
        (Verdict::Fail, Some(Blame::Device)),
        "{}",
        run.verdict.reason
    );
    let result = case_result(&planned, &run.verdict, &run.events);
    assert_eq!((result.blamed.as_deref(), result.shown_blame().as_deref()), (Some("paa"), Some("device (paa)")));
    let trials = run_mutants(&[mutant], &[planned], &setting, 1, false, &|_| {}).unwrap();
    assert!(trials.len() == 1 && trials[0].killed && trials[0].named, "{trials:?}");
}

#[test]
fn no_fake_in_the_place_of_a_station_passes() {
    let (setting, planned) = world();
    for fake in [Fake::Dead, Fake::Babbling, Fake::Refusing, Fake::Liar] {
        let run = run_in_memory(&planned, &Setting { device: Device::Fake(fake), ..setting.clone() }).unwrap();
        assert_ne!(run.verdict.verdict, Verdict::Pass, "{fake:?}");
    }
}

#[test]
fn its_orders_and_properties_are_checked_by_its_table() {
    for (right, wrong, told) in [
        ("paa serve with", "paa serv with", "unknown order for `paa` `serv`"),
        ("serve with=68656c6c6f", "serve with=68656c6c6f as=x", "`serve` has no argument `as`"),
        ("serve with=68656c6c6f", "serve times=1", "`serve` needs `with=`"),
        ("serve with=68656c6c6f", "serve with=hello", "`paa` cannot carry this out: a key needs pairs of hex digits"),
        ("$paa.address port", "$paa.adress port", "`paa` has no property `adress`"),
        ("iut = \"paa\"", "iut = \"pa\"", "`iut`: unknown word `pa`"),
        ("star: ct paa lbr | dut", "graph: paa-dut ct-lbr lbr-dut", "the PAA has no radio"),
        ("star: ct paa lbr | dut", "line: ct lbr dut", "no `paa` in the topology"),
        ("from = \"paa\"", "from = \"lbr\"", "the case awaits nothing of the authentication agent at the backbone"),
    ] {
        assert!(SUITE.contains(right), "{right}");
        let faults = load(&SUITE.replace(right, wrong)).expect_err(wrong);
        assert!(faults.contains(told), "{wrong}: {faults}");
    }
}
