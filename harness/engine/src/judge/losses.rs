//! Verdicts where links lose frames: what may not have arrived (`lost_frames`) may be why a device is silent, or says another thing
//! than it should.

use record::verdict::{Blame, FieldMiss, Verdict};
use suites::plan::{Command, Part, Step, StepKind};

use super::decision::Decision;
use super::ending::Ending;
use super::judge::Judge;

/// Since which events frames count that may not have arrived.
#[derive(Debug, Clone, Copy)]
struct Scope {
    /// For one receiver.
    for_one: u64,
    /// For all, from others than what is under test.
    for_all: u64,
    /// For all, from what is under test.
    own: u64,
}

/// No frame counts.
const NEVER: u64 = u64::MAX;

impl Judge<'_> {
    /// Whether frames may be lost although nothing disturbs them.
    pub(super) fn loses_frames(&self) -> bool {
        self.air.loses_frames || self.case.params.get("loss").is_some_and(|percent| percent != "0")
    }

    /// An ending as it counts where links lose frames: a `fail` that a lost frame may explain is none.
    pub(super) fn weighed(&self, step: &Step, ending: Ending) -> Ending {
        if !self.loses_frames() && self.air.missed.is_empty() {
            return ending;
        }
        let is_order = matches!(step.kind, StepKind::Do(Command::Machine { .. }));
        let lost = match (ending.verdict, ending.blame) {
            (Verdict::Error, Blame::Tester) if is_order => self.lost(Scope { for_one: 0, for_all: 0, own: 0 }),
            (Verdict::Fail, _) if matches!(step.part, Part::Body | Part::ExitState) => self.explains(step, &ending),
            _ => None,
        };
        match lost {
            Some(event) => {
                let reason = in_doubt(&ending.reason, event);
                let mut weaker = Ending::other(Verdict::Inconclusive, Blame::Rack, reason, ending.evidence);
                weaker.evidence.push(event);
                (weaker.seen, weaker.nearest_miss) = (ending.seen, ending.nearest_miss);
                weaker
            }
            None => ending,
        }
    }

    /// The first frame whose loss may explain a `fail`.
    fn explains(&self, step: &Step, ending: &Ending) -> Option<u64> {
        let since = self.stimulus.since;
        if ending.is_absence {
            return self.lost(Scope { for_one: 0, for_all: since.min(self.body_began), own: since });
        }
        let fields = ending.nearest_miss.as_ref().map(|miss| miss.fields.as_slice()).unwrap_or_default();
        // Of alternatives one says, by a field that cannot be, what must not come first: a loss may turn what does.
        let is_choice = matches!(step.kind, StepKind::Alternatives(_));
        if !is_choice && fields.iter().any(is_of_form) {
            return None;
        }
        self.lost(Scope { for_one: 0, for_all: since.min(self.body_began), own: NEVER })
    }

    /// A decision as it counts where links lose frames: nobody but the rack is to blame for what says nothing of the device.
    pub(super) fn blamed(&self, mut decision: Decision) -> Decision {
        let is_open =
            decision.verdict == Verdict::Inconclusive && matches!(decision.blame, Blame::Device | Blame::Tester);
        if is_open
            && self.loses_frames()
            && let Some(event) = self.lost(Scope { for_one: 0, for_all: 0, own: 0 })
        {
            (decision.blame, decision.who) = (Blame::Rack, None);
            decision.reason = in_doubt(&decision.reason, event);
        }
        decision
    }

    /// A frame for one receiver that may not have arrived, since event `since`, on links that lose frames or to a sniffer that
    /// does.
    pub(super) fn lost_for_one(&self, since: u64) -> Option<u64> {
        if self.loses_frames() || !self.air.missed.is_empty() {
            self.lost(Scope { for_one: since, for_all: NEVER, own: NEVER })
        } else {
            None
        }
    }

    fn lost(&self, scope: Scope) -> Option<u64> {
        let loses_frames = self.loses_frames();
        self.losses.first(self.last.1, |frame| {
            let since = match &frame.to {
                Some(to) if !self.is_radio(to) => return false,
                // Nothing is lost but to the sniffer.
                Some(to) if *to != frame.from && !loses_frames => return false,
                Some(_) => scope.for_one,
                None if !loses_frames => return false,
                None if frame.from == self.iut() => scope.own,
                None => scope.for_all,
            };
            frame.event >= since && self.is_radio(&frame.from)
        })
    }

    fn is_radio(&self, name: &str) -> bool {
        let mut boards = self.case.topology.boards.iter();
        boards.any(|board| board.name == name && board.role.has_radio())
    }
}

fn in_doubt(what: &str, event: u64) -> String {
    format!("{what}; but frames get lost here, and the one at event {event}, or one before it, may not have arrived")
}

/// Whether a field is of a message's own form, which its sender makes whatever it heard or did not hear before.
fn is_of_form(miss: &FieldMiss) -> bool {
    let field = miss.field.as_str();
    let is_named = matches!(field, "icmpv6.code" | "ipv6.hlim")
        || [".checksum.status", ".reserved"].iter().any(|end| field.ends_with(end));
    miss.seen != "absent" && is_named
}
