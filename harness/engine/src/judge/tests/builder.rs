//! Builds small cases and the logs that a rack would have left of them.

use std::collections::BTreeMap;
use std::time::Duration;

use record::Octets;
use record::event::{Action, Because, EVENTS_SCHEMA, Event, Observation, TransmitStatus, What};
use suites::plan::{
    Answer, Board, Case, Command, Constraint, Expect, Match, Never, Operand, Origin, Part, Point, Role, Step, StepKind,
    Topology,
};

use crate::environment::Environment;
use crate::judge::{CaseVerdict, Judge};

pub(super) const SECOND: u64 = 1_000_000_000;
const DUT: u8 = 3;
const ROUTER: u8 = 2;
const TESTER: u8 = 4;
const RELAY: u8 = 5;

/// A case of these body steps with the boards `router`, `relay`, `dut` and `tester`.
pub(super) fn case(steps: Vec<StepKind>) -> Case {
    let boards = [
        ("ct", Role::BackboneStation),
        ("router", Role::Router),
        ("relay", Role::Router),
        ("dut", Role::Router),
        ("tester", Role::RadioStation),
    ];
    Case {
        id: "T-01".to_owned(),
        base: "T-01".to_owned(),
        suite: "t".to_owned(),
        phase: "bootstrap".to_owned(),
        purpose: "To test the judge.".to_owned(),
        clauses: vec!["T-1".to_owned()],
        pics: Vec::new(),
        topology: Topology {
            text: String::new(),
            boards: boards.map(|(name, role)| Board { name: name.to_owned(), role }).to_vec(),
            links: Vec::new(),
            routing: suites::plan::Routing::Tree,
        },
        params: BTreeMap::new(),
        kills: Vec::new(),
        oracle: None,
        table: None,
        iut: suites::plan::Iut::default(),
        entry: None,
        exit: None,
        security_level: suites::plan::PROFILE_LEVEL,
        device: suites::device::DeviceFacts::default(),
        steps: steps.into_iter().map(|kind| step(Part::Body, kind)).collect(),
        monitors: suites::monitor::Monitors::default(),
        origin: Origin { file: "t.toml".to_owned(), line: 1 },
    }
}

pub(super) fn step(part: Part, kind: StepKind) -> Step {
    Step { part, text: "step".to_owned(), clauses: Vec::new(), procedure: None, kind }
}

pub(super) fn environment() -> Environment {
    let mut environment = Environment::default();
    for (name, number) in [("router", ROUTER), ("relay", RELAY), ("dut", DUT), ("tester", TESTER)] {
        environment.set(name, "eui64", format!("70b3d5b0070000{number:02x}"));
    }
    environment
}

/// `do` of an upper-tester command to `board`.
pub(super) fn ask(board: &str) -> StepKind {
    StepKind::Do(Command::UpperTester { board: board.to_owned(), command: "join".to_owned(), answer: Answer::Ok })
}

/// An order to the commissioning tool.
pub(super) fn order(text: &str, answer: Answer) -> StepKind {
    StepKind::Do(Command::Machine { machine: "ct".to_owned(), order: text.to_owned(), answer, within: None })
}

/// `send` of the tester radio.
pub(super) fn send() -> StepKind {
    StepKind::Send(suites::plan::Send {
        by: "tester".to_owned(),
        message: "wpan.data".to_owned(),
        source: "tester".to_owned(),
        to: "dut".to_owned(),
        security_level: None,
        overrides: BTreeMap::new(),
        bind: None,
    })
}

/// An expectation of a frame from `from` on air within five seconds, by its MAC sequence number if one is given.
pub(super) fn frame_of(from: &str, sequence_number: Option<u64>) -> Expect {
    Expect {
        at: Point::Air,
        message: "wpan.data".to_owned(),
        from: Some(from.to_owned()),
        to: None,
        within: Duration::from_secs(5),
        matches: sequence_number.into_iter().map(|number| equals("wpan.seq_no", Operand::Number(number))).collect(),
        bind: None,
        search: false,
        count: 1,
    }
}

/// An expectation of an upper-tester event of the device within five seconds, as a suite writes it: the first event
/// of another name is passed over.
pub(super) fn event_of_dut(name: &str) -> Expect {
    Expect {
        at: Point::UpperTester,
        message: "ut.event".to_owned(),
        matches: vec![equals("ut.event", Operand::Text(name.to_owned()))],
        search: true,
        ..frame_of("dut", None)
    }
}

pub(super) fn equals(field: &str, operand: Operand) -> Match {
    Match { field: field.to_owned(), constraint: Constraint::Equals(operand) }
}

/// No data frame of the device for one second.
pub(super) fn never() -> StepKind {
    StepKind::Never(Never {
        at: Point::Air,
        message: "wpan.data".to_owned(),
        from: Some("dut".to_owned()),
        to: None,
        during: Duration::from_secs(1),
        matches: Vec::new(),
        alive: "dut".to_owned(),
    })
}

/// A log under construction: every event takes a millisecond unless told otherwise.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    now: u64,
    request: u32,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { events: Vec::new(), now: 0, request: 0 }.then(What::CaseStarted {
            schema: EVENTS_SCHEMA.to_owned(),
            case: "T-01".to_owned(),
            seed: Octets(vec![0; 32]),
        })
    }

    pub(super) fn then(mut self, what: What) -> Self {
        self.now += 1_000_000;
        let n = self.events.len() as u64 + 1;
        self.events.push(Event { n, t: self.now, what });
        self
    }

    /// Lets time pass before the next event.
    pub(super) fn after(mut self, duration: u64) -> Self {
        self.now += duration;
        self
    }

    pub(super) fn step(self, step: usize) -> Self {
        self.then(What::StepStarted { step })
    }

    pub(super) fn saw(self, observation: Observation) -> Self {
        self.then(What::Observation(observation))
    }

    pub(super) fn line(self, board: &str, line: &str) -> Self {
        self.saw(Observation::UpperTester { board: board.to_owned(), line: line.to_owned() })
    }

    pub(super) fn event(self, board: &str, name: &str) -> Self {
        self.line(board, &format!("! {name} t=1"))
    }

    /// A request to a board, and its answer.
    pub(super) fn exchange(mut self, board: &str, command: &str, answer: &str) -> Self {
        self.request += 1;
        let request = self.request;
        let line = format!("> {request} {command}");
        self.then(What::Action(Action::UpperTester { board: board.to_owned(), line }))
            .line(board, &format!("< {request} {answer}"))
    }

    /// Step `step` asks `board` to join; it says `ok`.
    pub(super) fn joined(self, step: usize, board: &str) -> Self {
        self.step(step).exchange(board, "join", "ok")
    }

    /// A data frame on air between two boards.
    pub(super) fn frame(self, from: &str, to: &str, sequence_number: u8) -> Self {
        self.psdu(with_fcs(mpdu(from, to, sequence_number)))
    }

    pub(super) fn psdu(self, psdu: Vec<u8>) -> Self {
        let psdu = Octets(psdu);
        self.saw(Observation::Frame { sniffer: "sniffer".to_owned(), channel: 26, psdu, rssi_dbm: -40 })
    }

    /// An acknowledgement on air.
    pub(super) fn ack(self, sequence_number: u8) -> Self {
        self.psdu(with_fcs(vec![0x02, 0x00, sequence_number]))
    }

    pub(super) fn inject(self, handle: u64, mpdu: Vec<u8>, wrong_on_purpose: Option<&str>) -> Self {
        self.then(What::Action(Action::Inject {
            radio: "tester".to_owned(),
            handle,
            psdu: Octets(mpdu),
            fcs: None,
            wrong_on_purpose: wrong_on_purpose.map(ToOwned::to_owned),
        }))
    }

    pub(super) fn transmitted(self, handle: u64, status: TransmitStatus) -> Self {
        self.saw(Observation::TransmitStatus { radio: "tester".to_owned(), handle, status })
    }

    /// Step `step` injects one frame to `to`, which acknowledges it.
    pub(super) fn sent(self, step: usize, to: &str) -> Self {
        let handle = 100 + step as u64;
        self.step(step).inject(handle, mpdu("tester", to, 77), None).transmitted(handle, TransmitStatus::Success)
    }

    pub(super) fn ordered(self, order: &str) -> Self {
        self.then(What::Action(Action::Machine { machine: "ct".to_owned(), order: order.to_owned() }))
    }

    pub(super) fn order_done(self, order: &str, refused: Option<&str>) -> Self {
        let refused = refused.map(ToOwned::to_owned);
        self.saw(Observation::Order { machine: "ct".to_owned(), order: order.to_owned(), refused, because: None })
    }

    /// As [`Log::order_done`], refused, and whose doing it is.
    pub(super) fn order_refused(self, order: &str, reason: &str, because: Because) -> Self {
        let (machine, refused) = ("ct".to_owned(), Some(reason.to_owned()));
        self.saw(Observation::Order { machine, order: order.to_owned(), refused, because: Some(because) })
    }

    pub(super) fn deadline(self, step: usize) -> Self {
        self.then(What::DeadlineReached { step })
    }

    /// The case ends; what the judge says of it.
    pub(super) fn verdict(self, case: &Case) -> CaseVerdict {
        self.verdict_in(case, &environment())
    }

    pub(super) fn verdict_in(self, case: &Case, environment: &Environment) -> CaseVerdict {
        judged_in(case, &self.ended().events, environment)
    }

    pub(super) fn ended(self) -> Self {
        self.then(What::CaseEnded)
    }
}

pub(super) fn judged(case: &Case, events: &[Event]) -> CaseVerdict {
    judged_in(case, events, &environment())
}

fn judged_in(case: &Case, events: &[Event], environment: &Environment) -> CaseVerdict {
    let mut judge = Judge::new(case, environment);
    events.iter().for_each(|event| judge.see(event));
    judge.verdict()
}

/// A data frame (intra-PAN, extended addresses, acknowledgement requested) that carries one octet of no known protocol.
pub(super) fn mpdu(from: &str, to: &str, sequence_number: u8) -> Vec<u8> {
    let address = |name: &str| {
        let number = match name {
            "router" => ROUTER,
            "relay" => RELAY,
            "dut" => DUT,
            _ => TESTER,
        };
        [number, 0, 0, 0x07, 0xb0, 0xd5, 0xb3, 0x70]
    };
    let mut mpdu = vec![0x61, 0xcc, sequence_number, 0x07, 0xb0];
    mpdu.extend(address(to));
    mpdu.extend(address(from));
    mpdu.push(0x00);
    mpdu
}

pub(super) fn with_fcs(mut mpdu: Vec<u8>) -> Vec<u8> {
    wire::ieee802154::append_fcs(&mut mpdu);
    mpdu
}
