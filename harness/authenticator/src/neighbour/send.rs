//! What a neighbour sends: crafted messages with the rules on them, frame by frame to the radio.

use std::collections::BTreeMap;

use protocols::time::Instant;
use wire::Eui64;

use super::Neighbour;
use crate::craft::draft::Draft;
use crate::craft::{
    CraftError, CraftRequest, Crafted, CraftedFrame, Destination, Link, Protection, Value, craft, flip,
};
use crate::deviation::Decision;
use crate::machine::MachineOutput;

/// A message on its way to the radio.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    frames: Vec<CraftedFrame>,
    wrong_on_purpose: Option<String>,
    /// The order that waits for it.
    job: Option<u64>,
}

impl Outgoing {
    pub(super) fn new(frames: Vec<CraftedFrame>, wrong_on_purpose: Option<String>, job: Option<u64>) -> Self {
        Self { frames, wrong_on_purpose, job }
    }
}

impl Neighbour {
    /// Sends a message of its own.
    pub(super) fn transmit(
        &mut self,
        now: Instant,
        message: &str,
        destination: Destination,
        secured: bool,
        fields: &[(&str, Value)],
        job: Option<u64>,
    ) {
        let Some(source) = self.node.as_ref().map(|node| node.configuration.eui64) else { return };
        self.transmit_as(now, source, message, destination, secured, fields, job);
    }

    /// Sends a message in the name of `source`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn transmit_as(
        &mut self,
        now: Instant,
        source: Eui64,
        message: &str,
        destination: Destination,
        secured: bool,
        fields: &[(&str, Value)],
        job: Option<u64>,
    ) {
        let Some(node) = &self.node else { return };
        let configuration = &node.configuration;
        let key = configuration.key.filter(|_| secured);
        let (level, index) = (configuration.level, configuration.index);
        let mut request = CraftRequest {
            message: message.to_owned(),
            source,
            destination,
            pan_id: configuration.pan_id,
            protection: key.map(|key| Protection { level, key, index, counter: None }),
            overrides: fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect(),
        };
        // Crafted on spare counters first: the rules look at what would have been sent.
        let natural = craft(&request, &mut self.counters.clone());
        let draft = natural.ok().and_then(|natural| Draft::parse(&natural.packet).ok());
        let decision = self.rules.decide(&[message], |field| draft.as_ref()?.get(field));
        request.overrides.extend(decision.overrides.iter().map(|(_, field, value)| (field.clone(), value.clone())));
        let crafted = craft(&request, &mut self.counters);
        self.admit(now, crafted, &decision, job);
    }

    /// Sends somebody else's packet on.
    pub(super) fn transmit_packet(&mut self, now: Instant, packet: &[u8], next_hop: Eui64, secured: bool) {
        let Ok(mut draft) = Draft::parse(packet) else {
            self.statistics.malformed += 1;
            return;
        };
        let decision = self.rules.decide(&draft.names(), |field| draft.get(field));
        let crafted = self.carry(packet, &mut draft, &decision, next_hop, secured);
        self.admit(now, crafted, &decision, None);
    }

    fn carry(
        &mut self,
        packet: &[u8],
        draft: &mut Draft,
        decision: &Decision,
        next_hop: Eui64,
        secured: bool,
    ) -> Result<Crafted, CraftError> {
        let (mut packet, mut malformed) = (packet.to_vec(), None);
        for (message, field, value) in &decision.overrides {
            if !draft.set(message, field, value)? {
                return Err(CraftError::UnknownField { message: message.clone(), field: field.clone() });
            }
        }
        if !decision.overrides.is_empty() {
            (packet, malformed) = draft.encode()?;
        }
        let Some(node) = &self.node else { return Err(CraftError::UnknownMessage("ipv6.packet".to_owned())) };
        let configuration = &node.configuration;
        let (level, index) = (configuration.level, configuration.index);
        let key = configuration.key.filter(|_| secured);
        let request = CraftRequest {
            message: "ipv6.packet".to_owned(),
            source: configuration.eui64,
            destination: Destination::Neighbour(next_hop),
            pan_id: configuration.pan_id,
            protection: key.map(|key| Protection { level, key, index, counter: None }),
            overrides: BTreeMap::new(),
        };
        let (frames, wrong) = Link::new(&request, Some(next_hop)).carry(&packet, &mut self.counters)?;
        Ok(Crafted { frames, packet, wrong_on_purpose: malformed.or(wrong) })
    }

    fn admit(&mut self, now: Instant, crafted: Result<Crafted, CraftError>, decision: &Decision, job: Option<u64>) {
        let Crafted { mut frames, mut wrong_on_purpose, .. } = match crafted {
            Ok(crafted) => crafted,
            Err(error) => {
                self.outputs.push_back(MachineOutput::Fault(format!("frame not crafted: {error}")));
                return;
            }
        };
        if let (Some(frame), false) = (frames.first_mut(), decision.corrupt.is_empty()) {
            decision.corrupt.iter().for_each(|(_, bit)| flip(&mut frame.psdu, *bit));
            wrong_on_purpose.get_or_insert_with(|| "a bit of the frame is flipped".to_owned());
        }
        // What waits for another message may wait for ever: its order does not.
        let is_awaited = !decision.drop && !decision.reorder;
        let job = job.filter(|_| is_awaited);
        if let Some(job) = job.and_then(|job| self.jobs.get_mut(&job)) {
            job.waiting += 1 + decision.duplicates as usize;
        }
        self.gate.admit(now, Outgoing::new(frames, wrong_on_purpose, job), decision);
    }

    pub(super) fn hand_to_radio(&mut self, outgoing: Outgoing) {
        let Outgoing { frames, wrong_on_purpose, job } = outgoing;
        if let Some(job) = job.and_then(|job| self.jobs.get_mut(&job)) {
            job.waiting = job.waiting.saturating_sub(1);
        }
        for CraftedFrame { psdu, fcs } in frames {
            let handle = self.next_id();
            self.in_flight.insert(handle, job);
            if let Some(job) = job.and_then(|job| self.jobs.get_mut(&job)) {
                job.handles.insert(handle);
            }
            let wrong_on_purpose = wrong_on_purpose.clone();
            self.outputs.push_back(MachineOutput::Inject { handle, psdu, fcs, wrong_on_purpose });
        }
    }
}
