//! All monitors of a case side by side: who sees what, and what each of them has found.

use std::collections::{BTreeMap, HashMap};

use dissect::MessageInfo;
use record::event::Event;
use record::verdict::{FieldMiss, Violation, Watched};
use suites::ledger::is_profile_suite;
use suites::monitor::{Every, Monitor, Rule, Template};
use suites::plan::{Case, Point};

use super::registry::machine;
use super::sight::{Found, Machine, Sight, Word, is_own, template_speaks_of};
use super::template;
use crate::environment::Environment;
use crate::judge::{Bindings, Pdu};

/// So many violations of a monitor are listed in a case; of more only their number is kept.
const MOST_LISTED: usize = 10;

/// The monitors of a case.
pub(crate) struct Bench<'a> {
    case: &'a Case,
    loses_frames: bool,
    templates: Vec<(usize, &'a Template, &'static MessageInfo)>,
    /// By message, which of `templates` speak of it.
    by_message: HashMap<&'static str, Vec<usize>>,
    machines: Vec<(usize, Box<dyn Machine>)>,
    watching: Vec<Watching<'a>>,
    is_impersonated: bool,
    /// A packet from a multicast address came to it, which it may send on.
    was_sent_multicast_source: bool,
    /// In the order in which they were found.
    violations: Vec<Violation>,
}

struct Watching<'a> {
    monitor: &'a Monitor,
    tally: Watched,
}

impl<'a> Bench<'a> {
    /// The monitors of what is under test here, none of which has seen anything.
    pub(crate) fn new(case: &'a Case, environment: &Environment) -> Self {
        let mut bench = Self {
            case,
            loses_frames: environment.air.loses_frames || case.params.get("loss").is_some_and(|percent| percent != "0"),
            templates: Vec::new(),
            by_message: HashMap::new(),
            machines: Vec::new(),
            watching: Vec::new(),
            is_impersonated: false,
            was_sent_multicast_source: false,
            violations: Vec::new(),
        };
        for monitor in case.monitors.iter().filter(|monitor| monitor.iut == case.iut) {
            let at = bench.watching.len();
            match &monitor.rule {
                Rule::Template(template) => {
                    let Some(message) = dissect::message(&template.every.message) else { continue };
                    bench.by_message.entry(message.name).or_default().push(bench.templates.len());
                    bench.templates.push((at, template, message));
                }
                Rule::Machine { name } => {
                    let Some(info) = machine(name) else { continue };
                    bench.machines.push((at, (info.make)(case, environment)));
                }
            }
            bench.watching.push(Watching { monitor, tally: Watched::default() });
        }
        bench
    }

    /// Takes the next event of the log, and the PDU that it completed.
    pub(crate) fn see(&mut self, event: &Event, pdu: Option<&Pdu>, bindings: &Bindings) {
        if self.watching.is_empty() {
            return;
        }
        if let Some(pdu) = pdu {
            self.note_impersonation(pdu);
            if pdu.from.as_deref() == Some(self.case.iut.name()) && template_speaks_of(pdu) {
                self.see_pdu(event, pdu, bindings);
            }
        }
        let sight = Sight {
            event,
            pdu,
            case: self.case,
            loses_frames: self.loses_frames,
            is_impersonated: self.is_impersonated,
        };
        for (at, machine) in &mut self.machines {
            let mut word = Word::default();
            machine.see(&sight, &mut word);
            let watching = &mut self.watching[*at];
            watching.tally.named += word.named;
            watching.tally.judged += word.judged;
            for Found { reason, evidence, fields } in word.found {
                note(watching, &mut self.violations, self.case, event.t, reason, evidence, fields);
            }
        }
    }

    /// A packet in the device's name that comes to it from elsewhere was sent by somebody else, and it may forward it.
    fn note_impersonation(&mut self, pdu: &Pdu) {
        let iut = self.case.iut.name();
        if self.case.iut.is_device()
            && pdu.from.as_deref() != Some(iut)
            && pdu.origin.as_deref() == Some(iut)
            && (pdu.wrong_on_purpose.is_some() || pdu.to.as_deref() == Some(iut))
        {
            self.is_impersonated = true;
        }
        self.was_sent_multicast_source |= pdu.from.as_deref() != Some(iut) && has_multicast_source(pdu);
    }

    fn see_pdu(&mut self, event: &Event, pdu: &Pdu, bindings: &Bindings) {
        for name in &pdu.messages {
            for index in self.by_message.get(name).map(Vec::as_slice).unwrap_or_default() {
                let (at, template, message) = self.templates[*index];
                // Whose address a multicast source is nobody can say: it is the sender's doing, unless it was handed such a packet.
                let is_wrong_source = has_multicast_source(pdu) && !self.was_sent_multicast_source;
                if !is_spoken_of(&template.every, message, pdu, self.case.iut.name(), is_wrong_source) {
                    continue;
                }
                let word = template::judge(template, message, pdu, bindings);
                let watching = &mut self.watching[at];
                if matches!(word, template::Word::Nothing) {
                    continue;
                }
                watching.tally.named += 1;
                if self.is_impersonated && is_packet(message) && !has_link_local_source(pdu) {
                    continue;
                }
                match word {
                    template::Word::Nothing | template::Word::Excused => {}
                    template::Word::Holds => watching.tally.judged += 1,
                    template::Word::Broken(fields) => {
                        watching.tally.judged += 1;
                        let reason = sentence(message, self.case.iut.name(), &fields);
                        let evidence = pdu.events.clone();
                        note(watching, &mut self.violations, self.case, event.t, reason, evidence, fields);
                    }
                }
            }
        }
    }

    /// What was found, in order.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }

    /// How much each monitor had to do, by its ID; those that had nothing are left out.
    pub(crate) fn watched(&self) -> BTreeMap<String, Watched> {
        let busy = self.watching.iter().filter(|watching| watching.tally.named > 0);
        busy.map(|watching| (watching.monitor.id.clone(), watching.tally)).collect()
    }
}

fn note(
    watching: &mut Watching<'_>,
    violations: &mut Vec<Violation>,
    case: &Case,
    time: u64,
    reason: String,
    evidence: Vec<u64>,
    fields: Vec<FieldMiss>,
) {
    watching.tally.violations += 1;
    let monitor = watching.monitor;
    if violations.iter().filter(|known| known.monitor == monitor.id).count() >= MOST_LISTED {
        return;
    }
    violations.push(Violation {
        monitor: monitor.id.clone(),
        clauses: monitor.clauses.clone(),
        reason,
        time,
        evidence,
        fields,
        decides: !monitor.is_of_profile() || is_profile_suite(&case.suite),
    });
}

/// Whether the message is a packet's, not a frame's: then its maker is told by its source address.
fn is_packet(message: &MessageInfo) -> bool {
    !matches!(message.layer, "wpan" | "6lowpan" | "ut")
}

fn is_spoken_of(every: &Every, message: &MessageInfo, pdu: &Pdu, iut: &str, is_wrong_source: bool) -> bool {
    let is_its = every.forwarded || !is_packet(message) || pdu.point != Point::Air || is_own(pdu, iut);
    pdu.point == every.at && (is_its || is_wrong_source)
}

fn has_multicast_source(pdu: &Pdu) -> bool {
    pdu.text("ipv6.src").is_some_and(|source| source.starts_with("ff"))
}

fn has_link_local_source(pdu: &Pdu) -> bool {
    pdu.text("ipv6.src").is_some_and(|source| source.starts_with("fe80:") || source == "::")
}

fn sentence(message: &MessageInfo, iut: &str, fields: &[FieldMiss]) -> String {
    let misses: Vec<String> =
        fields.iter().map(|miss| format!("{} is {}, expected {}", miss.field, miss.seen, miss.expected)).collect();
    format!("{} from {iut}: {}", message.name, misses.join("; "))
}
