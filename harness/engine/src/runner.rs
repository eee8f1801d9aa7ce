//! Runs one case: starts steps, carries actions to the rack and to the tester-side machines, and shows every event to the
//! judge, who alone says when a step is over.

use std::time::Duration;

use authenticator::Registry;
use authenticator::station::Briefing;
use protocols::time::Instant;
use record::event::{Action, Because, EVENTS_SCHEMA, Event, Key, Observation, What};
use record::{BundleError, Octets};
use suites::plan::{Board, Case, Command, Role, StepKind};
use testbeds::Rack;

use crate::environment::Environment;
use crate::error::RunError;
use crate::judge::{CaseVerdict, Judge, Progress, Want};
use crate::machines::{MachineEvent, Machines};
use crate::scenery;

/// A case whose log has more events than this is stopped: something runs away.
const EVENT_LIMIT: u64 = 2_000_000;

/// Where the events of a case go.
pub trait Log {
    /// Numbers and keeps the next event at `t` nanoseconds since the case began.
    ///
    /// # Errors
    /// Why the event could not be kept; the case ends at once.
    fn append(&mut self, t: u64, what: What) -> Result<Event, BundleError>;
}

impl Log for record::bundle::CaseWriter<'_> {
    fn append(&mut self, t: u64, what: What) -> Result<Event, BundleError> {
        Self::append(self, t, what)
    }
}

/// A log in memory only, for runs whose evidence nobody keeps (mutants).
#[derive(Debug, Default)]
pub struct MemoryLog {
    count: u64,
}

impl Log for MemoryLog {
    fn append(&mut self, t: u64, what: What) -> Result<Event, BundleError> {
        self.count += 1;
        Ok(Event { n: self.count, t, what })
    }
}

/// What is left of a run case.
#[derive(Debug, Clone)]
pub struct CaseRun {
    /// The whole log.
    pub events: Vec<Event>,
    /// The judge's word.
    pub verdict: CaseVerdict,
}

/// Runs `case` on `rack`, which must hold exactly the case's boards, all of them off.
///
/// # Errors
/// The log's own: evidence that cannot be kept is no evidence.
pub fn run_case(
    case: &Case,
    environment: &Environment,
    case_seed: [u8; 32],
    rack: &mut dyn Rack,
    registry: Registry,
    machines: Machines,
    log: &mut dyn Log,
) -> Result<CaseRun, RunError> {
    let mut runner = Runner {
        case,
        judge: Judge::new(case, environment),
        rack,
        registry,
        machines,
        log,
        events: Vec::new(),
        next_request: 1,
        told: Vec::new(),
        routes: Vec::new(),
        button_is_due: false,
        open_requests: 0,
        briefed: Vec::new(),
        halted: false,
        log_failure: None,
    };
    runner.run(case_seed, environment);
    match runner.log_failure {
        Some(error) => Err(error.into()),
        None => Ok(CaseRun { verdict: runner.judge.verdict(), events: runner.events }),
    }
}

struct Runner<'a> {
    case: &'a Case,
    judge: Judge<'a>,
    rack: &'a mut dyn Rack,
    registry: Registry,
    machines: Machines,
    log: &'a mut dyn Log,
    events: Vec<Event>,
    /// Number of the next upper-tester request; unique within the case, so that a stale answer can't count.
    next_request: u32,
    /// Orders to be told again when a device turns out to bear another address: station and order.
    told: Vec<(String, String)>,
    /// Routes that boards were told: board and command.
    routes: Vec<(String, String)>,
    /// The device has come up, and its button was not pressed yet.
    button_is_due: bool,
    /// Requests to the device that it has not answered since its boot.
    open_requests: u32,
    /// Orders that stations were given without a step.
    briefed: Vec<(String, String)>,
    halted: bool,
    log_failure: Option<BundleError>,
}

impl Runner<'_> {
    fn run(&mut self, case_seed: [u8; 32], environment: &Environment) {
        self.emit(What::CaseStarted {
            schema: EVENTS_SCHEMA.to_owned(),
            case: self.case.id.clone(),
            seed: Octets(case_seed.to_vec()),
        });
        // The network's key comes from the case, whoever hands it to the devices: the observer must know it.
        if let Some(key) = environment.get("network", "key").and_then(|text| hex::decode(text).ok()) {
            self.emit(What::KeyLearnt(Key::Link { index: scenery::KEY_INDEX, key: Octets(key) }));
        }
        self.brief_machines(environment);
        while !self.halted {
            self.drain_machines();
            match self.judge.progress() {
                Progress::Ended => break,
                Progress::Ready(step) => {
                    self.emit(What::StepStarted { step });
                    self.perform(step);
                }
                Progress::Wants(Want::Ping { board }) => self.ask(&board, "ping"),
                Progress::Waiting { step, deadline } => self.wait(step, deadline),
            }
            if self.events.len() as u64 > EVENT_LIMIT {
                self.fault("engine", format!("more than {EVENT_LIMIT} events in one case"));
            }
        }
        self.emit(What::CaseEnded);
    }

    /// Gives every station the orders with which its kind begins a case, kind by kind; later, those that it was not given yet.
    fn brief_machines(&mut self, environment: &Environment) {
        let property = |name: &str, field: &str| environment.get(name, field).unwrap_or_default().to_owned();
        let boards = &self.case.topology.boards;
        let named = |role: Role| boards.iter().filter(move |board| board.role == role).map(|board| board.name.clone());
        let devices: Vec<String> = named(Role::BorderRouter).chain(named(Role::Router)).collect();
        for kind in self.registry.kinds() {
            let stations = boards.iter().filter(|board| board.role.is_station());
            for Board { name, .. } in stations.filter(|board| kind.info.is_named(&board.name)) {
                let security_level = self.case.security_level;
                let briefing = Briefing { name, devices: &devices, security_level, property: &property };
                for order in (kind.brief)(&briefing) {
                    let given = (name.clone(), order);
                    if !self.briefed.contains(&given) {
                        self.order(name, &given.1, None);
                        self.briefed.push(given);
                    }
                }
            }
        }
    }

    fn wait(&mut self, step: usize, deadline: u64) {
        let machine_deadline = self.machines.deadline().map_or(u64::MAX, |instant| instant.0);
        let now = self.rack.now().0;
        let until = deadline.min(machine_deadline).max(now);
        match self.rack.next(Instant(until)) {
            Ok(Some(observation)) => self.observe(observation),
            Ok(None) => {
                self.drain_machines();
                if self.rack.now().0 >= deadline {
                    self.emit(What::DeadlineReached { step });
                }
            }
            Err(error) => self.fault("rack", error.to_string()),
        }
    }

    fn observe(&mut self, observation: Observation) {
        let now = self.rack.now();
        let known_as = match &observation {
            Observation::Address { board, .. } => self.judge.bindings().environment().get(board, "eui64"),
            _ => None,
        };
        let known_as = known_as.map(ToOwned::to_owned);
        self.emit(What::Observation(observation.clone()));
        if self.case.device.wants_button {
            self.look_at_button(&observation);
        }
        if let Some(again) = self.machines.observe(now, &observation) {
            self.act(again);
        }
        self.look_at_address(&observation);
        if let (Observation::Address { eui64: Some(address), .. }, Some(known_as)) = (&observation, known_as) {
            self.announce(&known_as, address);
        }
    }

    /// Tells the stations where the device is, once it has told it, if that is not where its EUI-64 puts it.
    fn look_at_address(&mut self, observation: &Observation) {
        let Observation::UpperTester { board, line } = observation else { return };
        if board == "dut" && line.contains("global=") {
            let environment = self.judge.bindings().environment().clone();
            self.brief_machines(&environment);
        }
    }

    /// Presses the button of the device whenever it has come up, or is to be keyed anew, and nobody else is asking it: who is secured
    /// answers that this is not the time.
    fn look_at_button(&mut self, observation: &Observation) {
        let Observation::UpperTester { board, line } = observation else { return };
        match wire::upper_tester::Line::parse(line) {
            _ if board != "dut" => return,
            Ok(wire::upper_tester::Line::Event(event)) => match event.name.as_str() {
                "booted" => (self.button_is_due, self.open_requests) = (false, 0),
                "address" => self.button_is_due |= event.arguments.get("global").is_some_and(|text| text != "-"),
                // Before it knows the tool it is busy.
                "unkeyed" | "tool_found" => self.button_is_due = true,
                _ => {}
            },
            Ok(wire::upper_tester::Line::Answer(_)) => self.open_requests = self.open_requests.saturating_sub(1),
            _ => {}
        }
        if self.button_is_due && self.open_requests == 0 {
            self.button_is_due = false;
            self.ask("dut", "join");
        }
    }

    /// Tells the stations whose orders were about a device that it is known by another address from now on, and the boards that
    /// were told a route to it.
    fn announce(&mut self, known_as: &str, address: &str) {
        let given: Vec<(String, String)> =
            self.told.iter().filter(|(_, order)| order.contains(known_as)).cloned().collect();
        for (station, order) in given {
            self.order(&station, &order.replacen(known_as, address, 1), None);
        }
        let routes: Vec<(String, String)> =
            self.routes.iter().filter(|(_, command)| command.contains(known_as)).cloned().collect();
        for (board, command) in routes {
            self.ask(&board, &command.replace(known_as, address));
        }
    }

    fn drain_machines(&mut self) {
        let now = self.rack.now();
        while let Some(event) = self.machines.poll(now) {
            match event {
                MachineEvent::Act(action) => self.act(action),
                MachineEvent::Saw(observation) => self.emit(What::Observation(observation)),
                MachineEvent::Learnt(key) => self.emit(What::KeyLearnt(key)),
            }
            if self.halted || self.events.len() as u64 > EVENT_LIMIT {
                break;
            }
        }
    }

    fn perform(&mut self, number: usize) {
        let Some(step) = self.case.steps.get(number) else { return };
        match &step.kind {
            StepKind::Do(Command::Power { board, on }) => self.act(Action::Power { board: board.clone(), on: *on }),
            StepKind::Do(Command::Reset { board }) => self.act(Action::Reset { board: board.clone() }),
            StepKind::Do(Command::UpperTester { board, command, .. }) => self.ask(board, command),
            StepKind::Do(Command::Machine { machine, order, .. }) => match self.judge.bindings().resolve_line(order) {
                Ok(order) => self.order(machine, &order, self.judge.order_time(number)),
                Err(unknown) => self.fault("suite", unknown.to_string()),
            },
            StepKind::Check(check) => self.ask(&check.board, &check.command),
            StepKind::Send(send) => match self.machines.craft(send, self.judge.bindings()) {
                Ok(actions) => actions.into_iter().for_each(|action| self.act(action)),
                Err(reason) => self.fault("suite", reason.to_string()),
            },
            StepKind::Deviate(deviation) => {
                if let Err(reason) = self.machines.deviate(deviation, self.judge.bindings()) {
                    self.fault("suite", reason.to_string());
                }
            }
            StepKind::Prompt { text } => {
                let action = Action::Prompt { text: text.clone() };
                self.emit(What::Action(action.clone()));
                if let Err(error) = self.rack.act(&action) {
                    self.fault("operator", error.to_string());
                }
            }
            StepKind::Expect(_)
            | StepKind::Unordered(_)
            | StepKind::Alternatives(_)
            | StepKind::Never(_)
            | StepKind::Wait { .. } => {}
        }
    }

    /// Sends a command to a board's upper tester under the next request number.
    fn ask(&mut self, board: &str, command: &str) {
        let command = match self.judge.bindings().resolve_line(command) {
            Ok(command) => command,
            Err(unknown) => return self.fault("suite", unknown.to_string()),
        };
        if command.starts_with("route ") {
            self.routes.push((board.to_owned(), command.clone()));
        }
        let line = format!("> {} {command}", self.next_request);
        self.next_request += 1;
        self.open_requests += u32::from(board == "dut");
        self.act(Action::UpperTester { board: board.to_owned(), line });
    }

    /// Hands an order to a machine, which gives it up after `within`.
    fn order(&mut self, machine: &str, order: &str, within: Option<Duration>) {
        let now = self.rack.now();
        if self.registry.kind(machine).is_some_and(|kind| kind.info.is_told_again(order)) {
            self.told.push((machine.to_owned(), order.to_owned()));
        }
        self.emit(What::Action(Action::Machine { machine: machine.to_owned(), order: order.to_owned() }));
        if !self.machines.order(now, machine, order, within) {
            self.emit(What::Observation(Observation::Order {
                machine: machine.to_owned(),
                order: order.to_owned(),
                refused: Some(format!("the tester has no machine `{machine}`")),
                because: Some(Because::Order),
            }));
        }
    }

    fn act(&mut self, action: Action) {
        self.emit(What::Action(action.clone()));
        if let Err(error) = self.rack.act(&action) {
            self.fault("rack", error.to_string());
        }
    }

    fn fault(&mut self, part: &str, reason: String) {
        self.emit(What::Observation(Observation::TesterFault { part: part.to_owned(), reason }));
        self.halted = true;
    }

    fn emit(&mut self, what: What) {
        match self.log.append(self.rack.now().0, what) {
            Ok(event) => {
                self.judge.see(&event);
                self.events.push(event);
                // What the judge read in a request opens the capture too.
                for key in self.judge.take_keys() {
                    self.emit(What::KeyLearnt(key));
                }
            }
            Err(error) => {
                self.halted = true;
                self.log_failure.get_or_insert(error);
            }
        }
    }
}
