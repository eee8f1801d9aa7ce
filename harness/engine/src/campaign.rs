//! A whole run: cases side by side, each on a rack of its own, each sealed into the bundle as soon as it has ended.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use authenticator::Registry;
use authenticator::station::{Departure, Fake as FakeStation};
use node::variants::Variant;
use record::bundle::Bundle;
use record::event::{Event, Observation, What};
use record::manifest::{CaseResult, DeviceState, Try};
use record::{Blame, CaseId, Verdict};
use suites::plan::{Case, Part, Role, State};
use testbeds::testbed::{Attachment, BoardRequest, Device, RackRequest, Testbed, TopologyError};
use testbeds::virtual_rack::{Counters, Fake, VirtualRack};

use crate::error::RunError;
use crate::judge::CaseVerdict;
use crate::machines::Machines;
use crate::mutant::Mutant;
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
    /// The kinds of stations that there are.
    pub stations: Registry,
    /// What a station does wrong, in cases that are about it.
    pub station_mutant: Option<Mutant>,
}

impl Setting {
    /// A testbed and a device, with stations as they should be.
    pub fn new(testbed: Testbed, device: Device) -> Self {
        Self { testbed, device, stations: Registry::default(), station_mutant: None }
    }

    /// The same with this mutant in it.
    #[must_use]
    pub fn with_mutant(&self, mutant: Mutant) -> Self {
        if let Some(variant) = mutant.variant() {
            return self.with_variant(variant);
        }
        match (mutant.of_firmware(), self.device) {
            (Some(mutant), Device::Variant(variant, _)) => {
                Self { device: Device::Variant(variant, Some(mutant)), ..self.clone() }
            }
            (Some(mutant), _) => Self { device: Device::Mutant(mutant), ..self.clone() },
            (None, _) => Self { station_mutant: Some(mutant), ..self.clone() },
        }
    }

    /// The same with a device that is right and different, which a mutant may join.
    #[must_use]
    pub fn with_variant(&self, variant: &'static Variant) -> Self {
        Self { device: Device::Variant(variant, None), ..self.clone() }
    }

    /// The device that stands at the place of `dut` in this case: where a station is under test, the reference device.
    fn device_in(&self, case: &Case) -> Device {
        if case.iut.is_device() { self.device } else { Device::Reference }
    }

    /// What is wrong with the station under test in this case: nothing where a device is. A fake takes the place of what is under
    /// test, whatever that is.
    fn departure_in(&self, case: &Case) -> Option<Departure> {
        let fake = match self.device {
            Device::Fake(Fake::Dead) => Some(FakeStation::Dead),
            Device::Fake(Fake::Babbling) => Some(FakeStation::Babbling),
            Device::Fake(Fake::Refusing) => Some(FakeStation::Refusing),
            Device::Fake(Fake::Liar) => Some(FakeStation::Liar),
            Device::Reference | Device::Mutant(_) | Device::Variant(..) => None,
        };
        let mutant = self.station_mutant.filter(|mutant| mutant.concerns(case)).and_then(Mutant::of_station);
        let departure = fake.map(Departure::Fake).or(mutant.map(Departure::Mutant));
        departure.filter(|_| !case.iut.is_device())
    }
}

/// Runs one case and keeps its log in memory only.
///
/// # Errors
/// [`RunError`] if the testbed cannot play the case.
pub fn run_in_memory(planned: &PlannedCase, setting: &Setting) -> Result<CaseRun, RunError> {
    run_logged(planned, setting, &mut MemoryLog::default())
}

/// How often a case is played at most, on a rack that loses frames, until what comes of it cannot be that rack's doing.
pub const TRIES: usize = 5;

/// The same on a rack in real time, where somebody waits for it.
pub const TRIES_IN_REAL_TIME: usize = 2;

/// Runs one case as often as a campaign would, keeps the logs in memory only, and gives the last try and how many there were.
///
/// # Errors
/// [`RunError`] if the testbed cannot play the case.
pub fn run_tries_in_memory(planned: &PlannedCase, setting: &Setting) -> Result<(CaseRun, usize), RunError> {
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
/// [`RunError`] if the testbed cannot play the case or the log cannot be kept.
pub fn run_logged(planned: &PlannedCase, setting: &Setting, log: &mut dyn Log) -> Result<CaseRun, RunError> {
    play(planned, setting, &mut rack_for(planned, setting)?, log)
}

/// Runs one case, keeps its log in memory only, and tells what its rack counted on the air.
///
/// # Errors
/// [`RunError`] if the testbed cannot play the case.
pub fn run_counted(planned: &PlannedCase, setting: &Setting) -> Result<(CaseRun, Counters), RunError> {
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
) -> Result<CaseRun, RunError> {
    let case_seed = planned.seed_octets();
    let departure = setting.departure_in(&planned.case);
    let second = setting.testbed.asks_second_engine;
    let machines = Machines::for_case(&planned.case, &case_seed, setting.stations, departure, second);
    run_case(&planned.case, &planned.environment, case_seed, rack, setting.stations, machines, log)
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
) -> Result<Outcome, RunError> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let results: Mutex<Vec<(usize, Result<Ended, RunError>)>> = Mutex::new(Vec::new());
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

fn run_into_bundle(planned: &PlannedCase, setting: &Setting, bundle: &Bundle) -> Result<Ended, RunError> {
    let id = CaseId::new(&planned.case.id)?;
    let mut writer = bundle.case(&id)?;
    let mut rack = match rack_for(planned, setting) {
        Ok(rack) => rack,
        // A rack that cannot play the case leaves no evidence but this.
        Err(error) => return Ok((unplayable(planned, error.board(), &error.to_string()), BTreeMap::new())),
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
            earlier_tries.push(writer.set_aside(decided_nothing)?);
            rack = next;
            continue;
        }
        let result = CaseResult { earlier_tries, ..case_result(&this, &run.verdict, &run.events) };
        let sealed = writer.seal(result)?;
        return Ok((sealed, device_identity(&run.events)));
    }
}

/// The stored form of a try that decided nothing.
fn given_up(planned: &PlannedCase, run: &CaseRun) -> Try {
    let CaseVerdict { verdict, blame, blamed, reason, deciding_step, evidence, .. } = run.verdict.clone();
    Try {
        verdict,
        blame,
        blamed,
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
        blamed: verdict.blamed.clone(),
        reason: verdict.reason.clone(),
        deciding_step: verdict.deciding_step,
        deciding_clauses: verdict.deciding_clauses.clone(),
        evidence: verdict.evidence.clone(),
        steps: verdict.steps.clone(),
        own: verdict.own.clone(),
        violations: verdict.violations.clone(),
        watched: verdict.watched.clone(),
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
        oracle: case.oracle.clone(),
        table: case.table.clone(),
        verdict: Verdict::NotRun,
        blame: None,
        blamed: None,
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
        own: None,
        violations: Vec::new(),
        watched: BTreeMap::new(),
        earlier_tries: Vec::new(),
    }
}

fn unplayable(planned: &PlannedCase, blamed: Option<&str>, reason: &str) -> CaseResult {
    CaseResult {
        verdict: Verdict::Error,
        blame: Some(Blame::Rack),
        blamed: Some(blamed.unwrap_or(Blame::Rack.name()).to_owned()),
        reason: reason.to_owned(),
        ..not_run(&planned.case, &planned.seed)
    }
}

fn rack_for(planned: &PlannedCase, setting: &Setting) -> Result<VirtualRack, TopologyError> {
    let topology = &planned.case.topology;
    let request = RackRequest {
        boards: topology
            .boards
            .iter()
            .map(|board| BoardRequest { name: &board.name, attachment: attachment(board.role) })
            .collect(),
        links: &topology.links,
        device: setting.device_in(&planned.case),
        channel: scenery::channel(&planned.case),
        loss_percent: scenery::loss_percent(&planned.case),
        seed: seed::derive(&planned.seed_octets(), "rack"),
    };
    setting.testbed.rack_for(&request)
}

fn attachment(role: Role) -> Attachment {
    match role {
        Role::BackboneStation => Attachment::Port,
        Role::RadioStation => Attachment::Radio,
        Role::BorderRouter => Attachment::Board { is_at_backbone: true },
        Role::Router => Attachment::Board { is_at_backbone: false },
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
