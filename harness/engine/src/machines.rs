//! The stations of one case, by name, whatever kinds they are of; and the crafting of single frames for `send` steps.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use authenticator::craft::{self, CraftError, CraftRequest, Destination, Protection};
use authenticator::deviation::{Change, Rule, RuleError};
use authenticator::station::Departure;
use authenticator::{Deviating, Machine, MachineInput, MachineOutput, Registry, Station};
use dissect::Value;
use mutation::Party;
use protocols::Entropy;
use protocols::time::Instant;
use rand_core::SeedableRng as _;
use record::Octets;
use record::event::{Action, Key, Observation, TransmitStatus};
use record::station::Attachment;
use suites::plan::{self, Case, Constraint, Deviation, Operand, Send};
use wire::Eui64;
use wire::ieee802154::FCS_LENGTH;

use crate::judge::{Bindings, UnknownReference};
use crate::scenery;
use crate::seed;

/// Why a step asks of the stations what none can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// No station of this name.
    #[error("the tester has no machine `{0}`")]
    NoStation(String),
    /// No station at a radio of this name.
    #[error("the tester has no radio `{0}`")]
    NoRadio(String),
    /// A deviation with another constraint than equality on this field.
    #[error("a deviation can select by equality only, not by the constraint on `{0}`")]
    NotByEquality(String),
    /// A reference to nothing.
    #[error(transparent)]
    Nothing(#[from] UnknownReference),
    /// Neither a board nor an EUI-64.
    #[error("`{0}` is neither a board nor an EUI-64")]
    NoEui64(String),
    /// Nothing that a frame may be sent to.
    #[error("`{0}` is no board, EUI-64 or IPv6 address")]
    NoDestination(String),
    /// A secured frame in a case without key.
    #[error("the case has no network key")]
    NoNetworkKey,
    /// A key of another length.
    #[error("the network key is not 32 hex digits")]
    BadNetworkKey,
    /// A rule that can never apply.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A message that cannot be crafted.
    #[error(transparent)]
    Craft(#[from] CraftError),
}

/// Handles of crafted frames start here, so that they never meet a machine's own.
const CRAFTED_HANDLES: u64 = 1 << 32;

/// Something that the machines want done or known.
#[derive(Debug)]
pub enum MachineEvent {
    /// Have the rack do this.
    Act(Action),
    /// Log this.
    Saw(Observation),
    /// Log this secret.
    Learnt(Key),
}

/// Every station of a case, by name.
#[derive(Default)]
pub struct Machines {
    stations: BTreeMap<String, Placed>,
    crafted: u64,
    /// Frames on their way, by radio and handle.
    in_flight: BTreeMap<(String, u64), InFlight>,
}

/// A station where it is attached.
struct Placed {
    attachment: Attachment,
    station: Deviating<Box<dyn Station>>,
    /// Unbiased mutants act in it, in a build that has them.
    is_tested: bool,
    /// It was a mutant, and crashed.
    is_crashed: bool,
}

impl Placed {
    fn handle(&mut self, now: Instant, input: MachineInput<'_>) {
        self.guarded((), |station| station.handle(now, input));
    }

    fn poll(&mut self, now: Instant) -> Option<MachineOutput> {
        self.guarded(None, |station| station.poll(now))
    }

    fn deadline(&mut self) -> Option<Instant> {
        self.guarded(None, |station| station.deadline())
    }

    /// Has the station run. A mutant that panics does nothing more: what it did is for the judge to see.
    fn guarded<T>(&mut self, silent: T, run: impl FnOnce(&mut Deviating<Box<dyn Station>>) -> T) -> T {
        if !self.is_tested || !mutation::is_chosen(Party::Station) {
            return run(&mut self.station);
        }
        if self.is_crashed {
            return silent;
        }
        let _running = mutation::enter(Party::Station, true);
        let done = catch_unwind(AssertUnwindSafe(|| run(&mut self.station)));
        done.unwrap_or_else(|_| {
            mutation::crashed();
            self.is_crashed = true;
            silent
        })
    }
}

/// A frame that a tester radio was given.
struct InFlight {
    action: Action,
    attempts: u32,
    /// The handle by which a machine knows it; `None` for a crafted frame.
    known_as: Option<u64>,
}

/// How often a frame is handed to a radio that finds no free channel.
const TRANSMIT_ATTEMPTS: u32 = 8;

impl Machines {
    /// The stations that a case needs, each with a seed of its own. The one under test departs as `departure` says; those that can
    /// ask another engine than ours if `asks_second_engine`.
    pub fn for_case(
        case: &Case,
        case_seed: &[u8; 32],
        registry: Registry,
        departure: Option<Departure>,
        asks_second_engine: bool,
    ) -> Self {
        let stations = case.topology.boards.iter().filter(|board| board.role.is_station()).filter_map(|board| {
            let kind = registry.kind(&board.name)?;
            let entropy = Entropy::from_seed(seed::derive(case_seed, &format!("machine {}", board.name)));
            let departure = departure.filter(|_| case.iut.name() == board.name);
            let is_tested = case.iut.name() == board.name;
            let _running = mutation::enter(Party::Station, is_tested);
            let station = Deviating::new(kind.station(entropy, departure, asks_second_engine));
            let placed = Placed { attachment: kind.info.attachment, station, is_tested, is_crashed: false };
            Some((board.name.clone(), placed))
        });
        Self { stations: stations.collect(), ..Self::default() }
    }

    /// Hands an order to a station, which gives it up after `within`; false if there is none of that name.
    pub fn order(&mut self, now: Instant, machine: &str, order: &str, within: Option<Duration>) -> bool {
        let is_there = self.stations.contains_key(machine);
        self.hand(now, machine, MachineInput::Order { line: order, within });
        is_there
    }

    fn hand(&mut self, now: Instant, name: &str, input: MachineInput<'_>) {
        if let Some(placed) = self.stations.get_mut(name) {
            placed.handle(now, input);
        }
    }

    /// Shows the stations what concerns them; what comes back is to be done at once.
    pub fn observe(&mut self, now: Instant, observation: &Observation) -> Option<Action> {
        match observation {
            Observation::Backbone { port, packet } => self.hand(now, port, MachineInput::Backbone(&packet.0)),
            Observation::Received { radio, psdu, .. } => self.hand(now, radio, MachineInput::Received(&psdu.0)),
            Observation::Frame { psdu, .. } => {
                let frame = psdu.0.get(..psdu.0.len().saturating_sub(FCS_LENGTH)).unwrap_or_default();
                for placed in self.stations.values_mut().filter(|placed| placed.attachment == Attachment::Radio) {
                    placed.handle(now, MachineInput::Overheard(frame));
                }
            }
            Observation::TransmitStatus { radio, handle, status } => {
                return self.transmitted(now, radio, *handle, *status);
            }
            _ => {}
        }
        None
    }

    /// The next thing that a station wants; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<MachineEvent> {
        for (name, placed) in &mut self.stations {
            if let Some(output) = placed.poll(now) {
                let event = event(name, output);
                if let MachineEvent::Act(action @ Action::Inject { handle, .. }) = &event {
                    let frame = InFlight { action: action.clone(), attempts: 1, known_as: Some(*handle) };
                    self.in_flight.insert((name.clone(), *handle), frame);
                }
                return Some(event);
            }
        }
        None
    }

    /// When a station must be polled next.
    pub fn deadline(&mut self) -> Option<Instant> {
        let awake = self.stations.values_mut().filter(|placed| !placed.is_crashed);
        awake.filter_map(Placed::deadline).min()
    }

    /// Adds a rule to a station.
    ///
    /// # Errors
    /// [`MachineError`]: no such station, or a rule that can never apply.
    pub fn deviate(&mut self, deviation: &Deviation, bindings: &Bindings) -> Result<(), MachineError> {
        let rule = rule(deviation, bindings)?;
        let placed = self.stations.get_mut(&deviation.machine);
        let placed = placed.ok_or_else(|| MachineError::NoStation(deviation.machine.clone()))?;
        Ok(placed.station.deviate(rule)?)
    }

    /// The actions of a `send` step.
    ///
    /// # Errors
    /// [`MachineError`]: no such radio, or a message that cannot be crafted.
    pub fn craft(&mut self, send: &Send, bindings: &Bindings) -> Result<Vec<Action>, MachineError> {
        let counters = self
            .stations
            .get_mut(&send.by)
            .and_then(|placed| placed.station.machine_mut().counters_mut())
            .ok_or_else(|| MachineError::NoRadio(send.by.clone()))?;
        let request = CraftRequest {
            message: send.message.clone(),
            source: eui64(&send.source, bindings)?,
            destination: destination(&send.to, bindings)?,
            pan_id: testbeds::testbed::PAN_ID,
            protection: send.security_level.map(|level| protection(level, bindings)).transpose()?,
            overrides: values(&send.overrides, bindings)?,
        };
        let crafted = craft::craft(&request, counters)?;
        let mut actions = Vec::new();
        for frame in crafted.frames {
            self.crafted += 1;
            let handle = CRAFTED_HANDLES + self.crafted;
            let action = Action::Inject {
                radio: send.by.clone(),
                handle,
                psdu: Octets(frame.psdu),
                fcs: frame.fcs,
                wrong_on_purpose: crafted.wrong_on_purpose.clone(),
            };
            let frame = InFlight { action: action.clone(), attempts: 1, known_as: None };
            self.in_flight.insert((send.by.clone(), handle), frame);
            actions.push(action);
        }
        Ok(actions)
    }

    /// Takes a transmit status. A frame that found no free channel was never on the air and is tried again; else the
    /// machine that sent it is told.
    fn transmitted(&mut self, now: Instant, radio: &str, handle: u64, status: TransmitStatus) -> Option<Action> {
        let mut frame = self.in_flight.remove(&(radio.to_owned(), handle))?;
        let again = match status {
            TransmitStatus::Success => false,
            TransmitStatus::ChannelAccessFailure => frame.attempts < TRANSMIT_ATTEMPTS,
            // As if macMaxFrameRetries were larger. A crafted frame is sent as the case says, no more.
            TransmitStatus::NoAck => frame.known_as.is_some() && frame.attempts < TRANSMIT_ATTEMPTS,
        };
        if again {
            self.crafted += 1;
            let next = CRAFTED_HANDLES + self.crafted;
            if let Action::Inject { handle, .. } = &mut frame.action {
                *handle = next;
            }
            let again = frame.action.clone();
            frame.attempts += 1;
            self.in_flight.insert((radio.to_owned(), next), frame);
            return Some(again);
        }
        if let Some(handle) = frame.known_as {
            self.hand(now, radio, MachineInput::TransmitDone { handle, status });
        }
        None
    }
}

fn event(machine: &str, output: MachineOutput) -> MachineEvent {
    let machine = machine.to_owned();
    match output {
        MachineOutput::Backbone { packet, wrong_on_purpose } => {
            MachineEvent::Act(Action::Backbone { port: machine, packet: Octets(packet), wrong_on_purpose })
        }
        MachineOutput::Inject { handle, psdu, fcs, wrong_on_purpose } => {
            MachineEvent::Act(Action::Inject { radio: machine, handle, psdu: Octets(psdu), fcs, wrong_on_purpose })
        }
        MachineOutput::Impersonate { eui64, pan_id } => MachineEvent::Act(Action::Impersonate {
            radio: machine,
            eui64: eui64.iter().map(ToString::to_string).collect(),
            pan_id,
        }),
        MachineOutput::KeyLearnt(key) => MachineEvent::Learnt(key),
        MachineOutput::Done { order } => {
            MachineEvent::Saw(Observation::Order { machine, order, refused: None, because: None })
        }
        MachineOutput::Refused { order, reason, because } => {
            MachineEvent::Saw(Observation::Order { machine, order, refused: Some(reason), because })
        }
        MachineOutput::Fault(reason) => MachineEvent::Saw(Observation::TesterFault { part: machine, reason }),
        MachineOutput::Log(line) => MachineEvent::Saw(Observation::Log { board: machine, line }),
    }
}

fn rule(deviation: &Deviation, bindings: &Bindings) -> Result<Rule, MachineError> {
    let matches = deviation
        .matches
        .iter()
        .map(|wanted| match &wanted.constraint {
            Constraint::Equals(operand) => Ok((wanted.field.clone(), value(operand, bindings)?)),
            _ => Err(MachineError::NotByEquality(wanted.field.clone())),
        })
        .collect::<Result<_, MachineError>>()?;
    let change = match &deviation.change {
        plan::Change::Override(fields) => Change::Override(values(fields, bindings)?),
        plan::Change::Drop => Change::Drop,
        plan::Change::Duplicate => Change::Duplicate,
        plan::Change::Delay { by } => Change::Delay(*by),
        plan::Change::Reorder => Change::Reorder,
        plan::Change::Corrupt { bit } => Change::Corrupt { bit: *bit },
    };
    Ok(Rule { message: deviation.message.clone(), matches, change, times: deviation.times })
}

fn values(
    operands: &BTreeMap<String, Operand>,
    bindings: &Bindings,
) -> Result<BTreeMap<String, craft::Value>, MachineError> {
    operands.iter().map(|(name, operand)| Ok((name.clone(), value(operand, bindings)?))).collect()
}

fn value(operand: &Operand, bindings: &Bindings) -> Result<craft::Value, MachineError> {
    match bindings.operand(operand) {
        Some(Value::Number(number)) => Ok(craft::Value::Number(number)),
        Some(Value::Text(text)) => Ok(craft::Value::Text(text)),
        None => Err(UnknownReference(format!("{operand:?}")).into()),
    }
}

/// A board's EUI-64, or one written out.
fn eui64(name: &str, bindings: &Bindings) -> Result<Eui64, MachineError> {
    let text = match bindings.get(name, "eui64") {
        Some(Value::Text(text)) => text,
        _ => bindings.resolve_line(name)?,
    };
    text.parse().map_err(|_| MachineError::NoEui64(name.to_owned()))
}

/// `all`, a board, an EUI-64 or an IPv6 address.
fn destination(name: &str, bindings: &Bindings) -> Result<Destination, MachineError> {
    if name == "all" {
        return Ok(Destination::AllNodes);
    }
    if let Ok(eui64) = eui64(name, bindings) {
        return Ok(Destination::Neighbour(eui64));
    }
    let text = bindings.resolve_line(name)?;
    text.parse::<Ipv6Addr>()
        .map(|address| Destination::Address { address, next_hop: None })
        .map_err(|_| MachineError::NoDestination(name.to_owned()))
}

/// The network's key at this level.
fn protection(level: u8, bindings: &Bindings) -> Result<Protection, MachineError> {
    let text = match bindings.get("network", "key") {
        Some(Value::Text(text)) => text,
        _ => return Err(MachineError::NoNetworkKey),
    };
    let key = hex::decode(&text)
        .ok()
        .and_then(|octets| <[u8; 16]>::try_from(octets).ok())
        .ok_or(MachineError::BadNetworkKey)?;
    Ok(Protection { level, key, index: scenery::KEY_INDEX, counter: None })
}
