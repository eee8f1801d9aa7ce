//! A whole run: cases side by side, each on a rack of its own, each sealed into the bundle as soon as it has ended.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use authenticator::commissioning_tool::{Departure, Fake as FakeTool, Mutant as ToolMutant};
use record::bundle::Bundle;
use record::event::{Event, Observation, What};
use record::manifest::{CaseResult, DeviceState, Try};
use record::{Blame, CaseId, Verdict};
use suites::plan::{Case, Part, Role, State};
use testbeds::testbed::{self, BoardRequest, Device, RackRequest, Testbed};
use testbeds::virtual_rack::{Counters, Fake, VirtualRack};

use crate::judge::CaseVerdict;
use crate::machines::Machines;
use crate::runner::{CaseRun, Log, MemoryLog, run_case};
use crate::scenery;
use crate::seed;
use crate::stored_plan::PlannedCase;

/// What every case of a run shares.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The testbed.
    pub testbed: Testbed,
    /// The device.
    pub device: Device,
    /// What the commissioning tool does wrong, in cases that are about it.
    pub tool: Option<ToolMutant>,
}

impl Setting {
    /// A testbed and a device, with the reference commissioning tool.
    pub fn new(testbed: Testbed, device: Device) -> Self {
        Self { testbed, device, tool: None }
    }

    /// The device that stands at the place of `dut` in this case: where the tool is under test, the reference device.
    fn device_in(&self, case: &Case) -> Device {
        if case.iut.is_device() { self.device } else { Device::Reference }
    }

    /// What is wrong with the tool in this case: nothing where a device is under test. A fake takes the place of what is
    /// under test, whatever that is.
    fn tool_in(&self, case: &Case) -> Option<Departure> {
        let fake = match self.device {
            Device::Fake(Fake::Dead) => Some(FakeTool::Dead),
            Device::Fake(Fake::Babbling) => Some(FakeTool::Babbling),
            Device::Fake(Fake::Refusing) => Some(FakeTool::Refusing),
            Device::Fake(Fake::Liar) => Some(FakeTool::Liar),
            Device::Reference | Device::Mutant(_) => None,
        };
        let departure = fake.map(Departure::Fake).or(self.tool.map(Departure::Mutant));
        departure.filter(|_| !case.iut.is_device())
    }
}

/// Runs one case and keeps its log in memory only.
///
/// # Errors
/// One sentence if the testbed cannot play the case.
pub fn run_in_memory(planned: &PlannedCase, setting: &Setting) -> Result<CaseRun, String> {
    run_logged(planned, setting, &mut MemoryLog::default())
}

/// How often a case is played at most, on a rack that loses frames, until what comes of it cannot be that rack's doing.
pub const TRIES: usize = 5;

/// The same on a rack in real time, where somebody waits for it.
pub const TRIES_IN_REAL_TIME: usize = 2;

/// Runs one case as often as a campaign would, keeps the logs in memory only, and gives the last try and how many there were.
///
/// # Errors
/// One sentence if the testbed cannot play the case.
pub fn run_tries_in_memory(planned: &PlannedCase, setting: &Setting) -> Result<(CaseRun, usize), String> {
    let mut number = 1;
    loop {
        let this = planned.nth_try(number);
        let run = run_in_memory(&this, setting)?;
        if number >= most_tries(setting) || !is_doubtful(&this, &run.verdict) {
            return Ok((run, number));
        }
        number += 1;
    }
}

fn most_tries(setting: &Setting) -> usize {
    if setting.testbed.is_real_time() { TRIES_IN_REAL_TIME } else { TRIES }
}

/// Whether a verdict may be the doing of frames that the air lost: then another try may settle it.
fn is_doubtful(planned: &PlannedCase, verdict: &CaseVerdict) -> bool {
    planned.loses_frames() && verdict.verdict == Verdict::Inconclusive && verdict.blame == Some(Blame::Rack)
}

/// Runs one case into a log.
///
/// # Errors
/// One sentence if the testbed cannot play the case or the log cannot be kept.
pub fn run_logged(planned: &PlannedCase, setting: &Setting, log: &mut dyn Log) -> Result<CaseRun, String> {
    play(planned, setting, &mut rack_for(planned, setting)?, log)
}

/// Runs one case, keeps its log in memory only, and tells what its rack counted on the air.
///
/// # Errors
/// One sentence if the testbed cannot play the case.
pub fn run_counted(planned: &PlannedCase, setting: &Setting) -> Result<(CaseRun, Counters), String> {
    let mut rack = rack_for(planned, setting)?;
    let run = play(planned, setting, &mut rack, &mut MemoryLog::default())?;
    Ok((run, rack.counters()))
}

/// Plays a case on its rack, with machines of its own.
fn play(
    planned: &PlannedCase,
    setting: &Setting,
    rack: &mut VirtualRack,
    log: &mut dyn Log,
) -> Result<CaseRun, String> {
    let case_seed = planned.seed_octets();
    let tool = setting.tool_in(&planned.case);
    let second = setting.testbed.asks_second_engine;
    let machines = Machines::for_topology(&planned.case.topology, &case_seed, tool, second);
    run_case(&planned.case, &planned.environment, case_seed, rack, machines, log)
}

/// What a campaign leaves, beside the evidence in its bundle.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One result for each planned case, in the plan's order.
    pub results: Vec<CaseResult>,
    /// What the device's upper tester says of itself.
    pub device: BTreeMap<String, String>,
}

/// Runs all cases, `jobs` side by side, into the bundle. `ended` is told of each case as it ends, in whatever order.
/// Results come back in the order of the plan.
///
/// # Errors
/// The first failure to keep evidence; cases that had not begun stay `not_run`.
pub fn run_campaign(
    cases: &[PlannedCase],
    setting: &Setting,
    jobs: usize,
    bundle: &Bundle,
    ended: &(dyn Fn(&CaseResult) + Sync),
) -> Result<Outcome, String> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<Ended, String>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, cases.len().max(1)) {
            scope.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(planned) = cases.get(index) else { break };
                    let result = run_into_bundle(planned, setting, bundle);
                    match &result {
                        Ok((result, _)) => ended(result),
                        Err(_) => stopped.store(true, Ordering::Relaxed),
                    }
                    results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    let mut outcome = Outcome::default();
    for (_, ended) in results {
        let (result, device) = ended?;
        outcome.results.push(result);
        if outcome.device.is_empty() {
            outcome.device = device;
        }
    }
    Ok(outcome)
}

/// A case's result, and what its device said of itself.
type Ended = (CaseResult, BTreeMap<String, String>);

fn run_into_bundle(planned: &PlannedCase, setting: &Setting, bundle: &Bundle) -> Result<Ended, String> {
    let id = CaseId::new(&planned.case.id).map_err(|error| error.to_string())?;
    let mut writer = bundle.case(&id).map_err(|error| error.to_string())?;
    let mut rack = match rack_for(planned, setting) {
        Ok(rack) => rack,
        // A rack that cannot play the case leaves no evidence but this.
        Err(reason) => return Ok((unplayable(planned, &reason), BTreeMap::new())),
    };
    let mut earlier_tries = Vec::new();
    loop {
        let this = planned.nth_try(earlier_tries.len() + 1);
        let run = play(&this, setting, &mut rack, &mut writer)?;
        // Its boards are in the way of the next try's.
        drop(rack);
        if earlier_tries.len() + 1 < most_tries(setting)
            && is_doubtful(&this, &run.verdict)
            && let Ok(next) = rack_for(&planned.nth_try(earlier_tries.len() + 2), setting)
        {
            let decided_nothing = given_up(&this, &run);
            earlier_tries.push(writer.set_aside(decided_nothing).map_err(|error| error.to_string())?);
            rack = next;
            continue;
        }
        let result = CaseResult { earlier_tries, ..case_result(&this, &run.verdict, &run.events) };
        let sealed = writer.seal(result).map_err(|error| error.to_string())?;
        return Ok((sealed, device_identity(&run.events)));
    }
}

/// The stored form of a try that decided nothing.
fn given_up(planned: &PlannedCase, run: &CaseRun) -> Try {
    let CaseVerdict { verdict, blame, reason, deciding_step, evidence, .. } = run.verdict.clone();
    Try {
        verdict,
        blame,
        reason,
        deciding_step,
        evidence,
        seed: planned.seed.clone(),
        duration: run.events.last().map_or(0, |event| event.t),
        digests: BTreeMap::new(),
    }
}

/// The stored form of a verdict.
pub fn case_result(planned: &PlannedCase, verdict: &CaseVerdict, events: &[Event]) -> CaseResult {
    CaseResult {
        verdict: verdict.verdict,
        blame: verdict.blame,
        reason: verdict.reason.clone(),
        deciding_step: verdict.deciding_step,
        deciding_clauses: verdict.deciding_clauses.clone(),
        evidence: verdict.evidence.clone(),
        steps: verdict.steps.clone(),
        entry_state: state(planned.case.entry, Part::EntryState, planned, verdict, events),
        exit_state: state(planned.case.exit, Part::ExitState, planned, verdict, events),
        duration: events.last().map_or(0, |event| event.t),
        ..not_run(&planned.case, &planned.seed)
    }
}

/// A declared state of the device with what was read back in the step that the engine added for it.
fn state(
    declared: Option<State>,
    part: Part,
    planned: &PlannedCase,
    verdict: &CaseVerdict,
    events: &[Event],
) -> Option<DeviceState> {
    let step = planned.case.steps.iter().position(|step| step.part == part);
    let evidence = step.and_then(|step| verdict.steps.get(step)).map(|outcome| outcome.evidence.as_slice());
    let read = evidence.unwrap_or_default().iter().find_map(|number| {
        let event = events.iter().find(|event| event.n == *number)?;
        match &event.what {
            What::Observation(Observation::UpperTester { line, .. }) => {
                Some(line.split_whitespace().skip(3).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        }
    });
    declared.map(|state| DeviceState { declared: state.name().to_owned(), read: read.unwrap_or_default() })
}

/// A planned case before it has run.
pub fn not_run(case: &Case, seed: &str) -> CaseResult {
    CaseResult {
        id: case.id.clone(),
        suite: case.suite.clone(),
        phase: case.phase.clone(),
        purpose: case.purpose.clone(),
        clauses: case.clauses.clone(),
        verdict: Verdict::NotRun,
        blame: None,
        reason: "the run ended before this case".to_owned(),
        deciding_step: None,
        deciding_clauses: Vec::new(),
        evidence: Vec::new(),
        steps: Vec::new(),
        entry_state: None,
        exit_state: None,
        seed: seed.to_owned(),
        duration: 0,
        digests: BTreeMap::new(),
        earlier_tries: Vec::new(),
    }
}

fn unplayable(planned: &PlannedCase, reason: &str) -> CaseResult {
    CaseResult {
        verdict: Verdict::Error,
        blame: Some(Blame::Rack),
        reason: reason.to_owned(),
        ..not_run(&planned.case, &planned.seed)
    }
}

fn rack_for(planned: &PlannedCase, setting: &Setting) -> Result<VirtualRack, String> {
    let topology = &planned.case.topology;
    let request = RackRequest {
        boards: topology
            .boards
            .iter()
            .map(|board| BoardRequest { name: &board.name, role: role(board.role) })
            .collect(),
        links: &topology.links,
        device: setting.device_in(&planned.case),
        channel: scenery::channel(&planned.case),
        loss_percent: scenery::loss_percent(&planned.case),
        seed: seed::derive(&planned.seed_octets(), "rack"),
    };
    setting.testbed.rack_for(&request).map_err(|error| error.to_string())
}

fn role(role: Role) -> testbed::Role {
    match role {
        Role::CommissioningTool => testbed::Role::CommissioningTool,
        Role::BorderRouter => testbed::Role::BorderRouter,
        Role::Router => testbed::Role::Router,
        Role::TesterRadio => testbed::Role::TesterRadio,
    }
}

/// What the upper tester of `dut` says of itself in its answer to `hello`, by key; empty if it never answered.
pub fn device_identity(events: &[Event]) -> BTreeMap<String, String> {
    const TOLD: [&str; 8] = ["vendor", "firmware", "version", "hash", "protocol", "roles", "features", "eui64"];
    events
        .iter()
        .filter_map(|event| match &event.what {
            What::Observation(Observation::UpperTester { board, line }) if board == "dut" => {
                let dissection = dissect::upper_tester(event.n, line);
                dissection.field("ut.nonce").is_some().then_some(dissection)
            }
            _ => None,
        })
        .map(|hello| {
            TOLD.iter()
                .filter_map(|key| Some(((*key).to_owned(), hello.text(&format!("ut.{key}"))?.into_owned())))
                .collect()
        })
        .next()
        .unwrap_or_default()
}
