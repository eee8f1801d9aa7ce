//! What the tester's machines can do, for the loader of suites: each is asked itself, so that the loader's answer is the one
//! that a run would give.

use authenticator::craft::{self, CounterState, CraftError, CraftRequest, Destination, Protection};
use authenticator::deviation::{self, Rule, RuleError};
use authenticator::{Deviating, Registry};
use protocols::Entropy;
use rand_core::SeedableRng as _;
use suites::plan::{self, Constraint, Deviation, Operand, Send};
use suites::tester::{Inability, Tester};

use crate::scenery;

/// The stations of these kinds.
#[derive(Debug, Clone, Copy, Default)]
pub struct TesterMachines(pub Registry);

impl Tester for TesterMachines {
    fn craft(&self, send: &Send) -> Result<(), Inability> {
        let request = CraftRequest {
            message: send.message.clone(),
            source: send.source.parse().map_err(|_| unable(format!("`{}` is no EUI-64", send.source)))?,
            destination: destination(&send.to)?,
            pan_id: testbeds::testbed::PAN_ID,
            protection: send.security_level.map(protection),
            overrides: send
                .overrides
                .iter()
                .filter_map(|(field, value)| Some((field.clone(), literal(value)?)))
                .collect(),
        };
        match craft::craft(&request, &mut CounterState::default()) {
            Ok(_) => Ok(()),
            Err(error) => Err(of_craft(&error)),
        }
    }

    fn deviate(&self, deviation: &Deviation) -> Result<(), Inability> {
        let mut matches = Vec::new();
        for wanted in &deviation.matches {
            let Constraint::Equals(operand) = &wanted.constraint else {
                return Err(Inability {
                    field: Some(wanted.field.clone()),
                    message: "a deviation selects its messages by equal fields only".to_owned(),
                    help: format!("write `\"{}\" = ...`", wanted.field),
                });
            };
            matches.extend(literal(operand).map(|value| (wanted.field.clone(), value)));
        }
        let change = match &deviation.change {
            plan::Change::Override(fields) => {
                let fields = fields.iter().filter_map(|(field, value)| Some((field.clone(), literal(value)?)));
                deviation::Change::Override(fields.collect())
            }
            plan::Change::Drop => deviation::Change::Drop,
            plan::Change::Duplicate => deviation::Change::Duplicate,
            plan::Change::Delay { by } => deviation::Change::Delay(*by),
            plan::Change::Reorder => deviation::Change::Reorder,
            plan::Change::Corrupt { bit } => deviation::Change::Corrupt { bit: *bit },
        };
        let rule = Rule { message: deviation.message.clone(), matches, change, times: deviation.times };
        let entropy = Entropy::from_seed([0; 32]);
        let kind = self.0.kind(&deviation.machine);
        let kind = kind.ok_or_else(|| unable(format!("the tester has no machine `{}`", deviation.machine)))?;
        Deviating::new(kind.station(entropy, None, false)).deviate(rule).map_err(|error| {
            let field = match &error {
                RuleError::UnknownField { field, .. } => Some(field.clone()),
                RuleError::UnknownMessage(_) => None,
            };
            let help = match &error {
                RuleError::UnknownMessage(_) => "name a message that it sends, or another machine by `by`",
                RuleError::UnknownField { .. } => "name a field of the message as the machine hands it out",
            };
            Inability { field, message: error.to_string(), help: help.to_owned() }
        })
    }

    // The trait's: what is wrong is a fragment that goes into a diagnostic as it is.
    fn order(&self, station: &str, order: &str) -> Result<(), String> {
        let kind = self.0.kind(station).ok_or_else(|| format!("the tester has no machine `{station}`"))?;
        (kind.check)(order)
    }
}

fn literal(operand: &Operand) -> Option<craft::Value> {
    match operand {
        Operand::Number(number) => Some(craft::Value::Number(*number)),
        Operand::Text(text) => Some(craft::Value::Text(text.clone())),
        Operand::Reference { .. } => None,
    }
}

fn destination(to: &str) -> Result<Destination, Inability> {
    if to == "all" {
        return Ok(Destination::AllNodes);
    }
    if let Ok(eui64) = to.parse() {
        return Ok(Destination::Neighbour(eui64));
    }
    let address = to.parse().map_err(|_| unable(format!("`{to}` is no destination")))?;
    Ok(Destination::Address { address, next_hop: None })
}

fn protection(level: u8) -> Protection {
    Protection { level, key: [0; 16], index: scenery::KEY_INDEX, counter: None }
}

fn unable(message: String) -> Inability {
    Inability { field: None, message, help: String::new() }
}

fn of_craft(error: &CraftError) -> Inability {
    let (field, message, help) = match error {
        CraftError::UnknownMessage(message) => (None, format!("no `{message}` can be crafted"), String::new()),
        CraftError::UnknownField { message, field } => {
            let known = craft::fields(message).unwrap_or_default();
            let near = input::nearest(field, known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a `{message}` takes: {}", known.join(", ")),
            };
            (Some(field.clone()), format!("`{field}` cannot be set in a `{message}`"), help)
        }
        CraftError::BadValue { field, value, expected } => {
            (Some(field.clone()), format!("`{field}` cannot be `{value}`"), format!("it takes {expected}"))
        }
        CraftError::NeedsProtection(field) => {
            let message = format!("`{field}` is of link security, and the frame is plain");
            (Some(field.clone()), message, "add `level = 5`".to_owned())
        }
        CraftError::NoNextHop(address) => {
            let help = "send to a board, an EUI-64 or `all`, and set `ipv6.dst`".to_owned();
            (None, format!("no neighbour is known by whom to reach {address}"), help)
        }
        CraftError::Encoding(_) => {
            let help = "a datagram has at most 2047 octets (RFC 4944 section 5.3), a frame 127".to_owned();
            (None, format!("the message {error}"), help)
        }
        CraftError::FrameCounterExhausted(_) => (None, error.to_string(), String::new()),
    };
    Inability { field, message, help }
}
