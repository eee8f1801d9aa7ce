//! The tester-side machines of one case: a commissioning tool on the backbone, an emulated neighbour at each tester radio;
//! and the crafting of single frames for `send` steps.

use std::collections::BTreeMap;
use std::net::Ipv6Addr;
use std::time::Duration;

use authenticator::commissioning_tool::Departure;
use authenticator::craft::{self, CraftRequest, Destination, Protection};
use authenticator::deviation::{Change, Rule};
use authenticator::{CommissioningTool, Deviating, Machine, MachineInput, MachineOutput, Neighbour};
use dissect::Value;
use protocols::Entropy;
use protocols::time::Instant;
use rand_core::SeedableRng as _;
use record::Octets;
use record::event::{Action, Key, Observation, TransmitStatus};
use suites::plan::{self, Constraint, Deviation, Operand, Role, Send, Topology};
use wire::Eui64;
use wire::ieee802154::FCS_LENGTH;

use crate::judge::Bindings;
use crate::scenery;
use crate::seed;

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

/// Every tester-side machine of a case, by name.
#[derive(Default)]
pub struct Machines {
    tools: BTreeMap<String, Deviating<CommissioningTool>>,
    neighbours: BTreeMap<String, Deviating<Neighbour>>,
    crafted: u64,
    /// Frames on their way, by radio and handle.
    in_flight: BTreeMap<(String, u64), InFlight>,
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
    /// The machines that a topology needs, each with a seed of its own; the commissioning tool departs as `tool` says, and asks
    /// a second DTLS engine if `asks_second_engine`.
    pub fn for_topology(
        topology: &Topology,
        case_seed: &[u8; 32],
        tool: Option<Departure>,
        asks_second_engine: bool,
    ) -> Self {
        let entropy = |name: &str| Entropy::from_seed(seed::derive(case_seed, &format!("machine {name}")));
        let named = |role: Role| topology.boards.iter().filter(move |board| board.role == role);
        Self {
            tools: named(Role::CommissioningTool)
                .map(|board| {
                    let machine = CommissioningTool::new(entropy(&board.name));
                    let machine = machine.departing(tool).with_second_engine(asks_second_engine);
                    (board.name.clone(), Deviating::new(machine))
                })
                .collect(),
            neighbours: named(Role::TesterRadio)
                .map(|board| (board.name.clone(), Deviating::new(Neighbour::new(entropy(&board.name)))))
                .collect(),
            crafted: 0,
            in_flight: BTreeMap::new(),
        }
    }

    /// Hands an order to a machine, which gives it up after `within`; false if there is none of that name.
    pub fn order(&mut self, now: Instant, machine: &str, order: &str, within: Option<Duration>) -> bool {
        match self.by_name(machine) {
            Some(machine) => {
                machine.handle(now, MachineInput::Order { line: order, within });
                true
            }
            None => false,
        }
    }

    /// Shows the machines what concerns them; what comes back is to be done at once.
    pub fn observe(&mut self, now: Instant, observation: &Observation) -> Option<Action> {
        match observation {
            Observation::Backbone { port, packet } => {
                if let Some(tool) = self.tools.get_mut(port) {
                    tool.handle(now, MachineInput::Backbone(&packet.0));
                }
            }
            Observation::Received { radio, psdu, .. } => {
                if let Some(neighbour) = self.neighbours.get_mut(radio) {
                    neighbour.handle(now, MachineInput::Received(&psdu.0));
                }
            }
            Observation::Frame { psdu, .. } => {
                let frame = psdu.0.get(..psdu.0.len().saturating_sub(FCS_LENGTH)).unwrap_or_default();
                for neighbour in self.neighbours.values_mut() {
                    neighbour.handle(now, MachineInput::Overheard(frame));
                }
            }
            Observation::TransmitStatus { radio, handle, status } => {
                return self.transmitted(now, radio, *handle, *status);
            }
            _ => {}
        }
        None
    }

    /// The next thing that a machine wants; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<MachineEvent> {
        for (name, tool) in &mut self.tools {
            if let Some(output) = tool.poll(now) {
                return Some(event(name, output));
            }
        }
        for (name, neighbour) in &mut self.neighbours {
            if let Some(output) = neighbour.poll(now) {
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

    /// When a machine must be polled next.
    pub fn deadline(&self) -> Option<Instant> {
        let tools = self.tools.values().filter_map(Machine::deadline);
        tools.chain(self.neighbours.values().filter_map(Machine::deadline)).min()
    }

    /// Adds a rule to a machine.
    ///
    /// # Errors
    /// One sentence: no such machine, or a rule that can never apply.
    pub fn deviate(&mut self, deviation: &Deviation, bindings: &Bindings) -> Result<(), String> {
        let rule = rule(deviation, bindings)?;
        let added = if let Some(tool) = self.tools.get_mut(&deviation.machine) {
            tool.deviate(rule)
        } else if let Some(neighbour) = self.neighbours.get_mut(&deviation.machine) {
            neighbour.deviate(rule)
        } else {
            return Err(format!("the tester has no machine `{}`", deviation.machine));
        };
        added.map_err(|error| error.to_string())
    }

    /// The actions of a `send` step.
    ///
    /// # Errors
    /// One sentence: no such radio, or a message that cannot be crafted.
    pub fn craft(&mut self, send: &Send, bindings: &Bindings) -> Result<Vec<Action>, String> {
        let neighbour =
            self.neighbours.get_mut(&send.by).ok_or_else(|| format!("the tester has no radio `{}`", send.by))?;
        let request = CraftRequest {
            message: send.message.clone(),
            source: eui64(&send.source, bindings)?,
            destination: destination(&send.to, bindings)?,
            pan_id: testbeds::testbed::PAN_ID,
            protection: send.security_level.map(|level| protection(level, bindings)).transpose()?,
            overrides: values(&send.overrides, bindings)?,
        };
        let counters = neighbour.machine_mut().counters_mut();
        let crafted = craft::craft(&request, counters).map_err(|error| error.to_string())?;
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
        if let (Some(handle), Some(neighbour)) = (frame.known_as, self.neighbours.get_mut(radio)) {
            neighbour.handle(now, MachineInput::TransmitDone { handle, status });
        }
        None
    }

    fn by_name(&mut self, name: &str) -> Option<&mut dyn Machine> {
        if let Some(tool) = self.tools.get_mut(name) {
            return Some(tool);
        }
        self.neighbours.get_mut(name).map(|neighbour| neighbour as &mut dyn Machine)
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

fn rule(deviation: &Deviation, bindings: &Bindings) -> Result<Rule, String> {
    let matches = deviation
        .matches
        .iter()
        .map(|wanted| match &wanted.constraint {
            Constraint::Equals(operand) => Ok((wanted.field.clone(), value(operand, bindings)?)),
            _ => Err(format!("a deviation can select by equality only, not by the constraint on `{}`", wanted.field)),
        })
        .collect::<Result<_, String>>()?;
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

fn values(operands: &BTreeMap<String, Operand>, bindings: &Bindings) -> Result<BTreeMap<String, craft::Value>, String> {
    operands.iter().map(|(name, operand)| Ok((name.clone(), value(operand, bindings)?))).collect()
}

fn value(operand: &Operand, bindings: &Bindings) -> Result<craft::Value, String> {
    match bindings.operand(operand) {
        Some(Value::Number(number)) => Ok(craft::Value::Number(number)),
        Some(Value::Text(text)) => Ok(craft::Value::Text(text)),
        None => Err(format!("{operand:?} stands for nothing here")),
    }
}

/// A board's EUI-64, or one written out.
fn eui64(name: &str, bindings: &Bindings) -> Result<Eui64, String> {
    let text = match bindings.get(name, "eui64") {
        Some(Value::Text(text)) => text,
        _ => bindings.resolve_line(name).map_err(|reference| format!("{reference} stands for nothing here"))?,
    };
    text.parse().map_err(|_| format!("`{name}` is neither a board nor an EUI-64"))
}

/// `all`, a board, an EUI-64 or an IPv6 address.
fn destination(name: &str, bindings: &Bindings) -> Result<Destination, String> {
    if name == "all" {
        return Ok(Destination::AllNodes);
    }
    if let Ok(eui64) = eui64(name, bindings) {
        return Ok(Destination::Neighbour(eui64));
    }
    let text = bindings.resolve_line(name).map_err(|reference| format!("{reference} stands for nothing here"))?;
    text.parse::<Ipv6Addr>()
        .map(|address| Destination::Address { address, next_hop: None })
        .map_err(|_| format!("`{name}` is no board, EUI-64 or IPv6 address"))
}

/// The network's key at this level.
fn protection(level: u8, bindings: &Bindings) -> Result<Protection, String> {
    let text = match bindings.get("network", "key") {
        Some(Value::Text(text)) => text,
        _ => return Err("the case has no network key".to_owned()),
    };
    let key = hex::decode(&text)
        .ok()
        .and_then(|octets| <[u8; 16]>::try_from(octets).ok())
        .ok_or("the network key is not 32 hex digits")?;
    Ok(Protection { level, key, index: scenery::KEY_INDEX, counter: None })
}
