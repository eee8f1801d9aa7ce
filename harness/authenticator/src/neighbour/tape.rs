//! Recording frames off the air and sending them once more, octet by octet: what an attacker can do who holds no key.

use std::time::Duration;

use protocols::time::Instant;
use wire::Eui64;
use wire::ieee802154::{FrameType, LinkAddress, Mpdu};

use super::Neighbour;
use super::send::Outgoing;
use crate::craft::CraftedFrame;
use crate::deviation::Decision;
use crate::machine::Refusal;

/// Most frames on the tape.
pub(super) const MOST_FRAMES: usize = 256;

/// Which frames are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordOrder {
    pub(super) from: Eui64,
    pub(super) to: Option<Eui64>,
    /// No more than these.
    pub(super) count: usize,
}

/// How the tape is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReplayOrder {
    pub(super) reversed: bool,
    pub(super) times: u32,
    pub(super) every: Duration,
}

/// The frames that were recorded, without FCS, in their order on the air.
#[derive(Debug, Default)]
pub(super) struct Tape {
    recording: Option<RecordOrder>,
    frames: Vec<Vec<u8>>,
}

impl Tape {
    /// Begins anew.
    pub(super) fn record(&mut self, order: RecordOrder) {
        (self.recording, self.frames) = (Some(order), Vec::new());
    }

    /// Ends the recording.
    pub(super) fn stop(&mut self) {
        self.recording = None;
    }

    /// Takes a frame of the sniffer. A repetition by the sender's MAC is the same frame.
    pub(super) fn overhear(&mut self, psdu: &[u8]) {
        let Some(RecordOrder { from, to, count }) = self.recording else { return };
        if self.frames.len() >= count.min(MOST_FRAMES) || self.frames.last().is_some_and(|last| last == psdu) {
            return;
        }
        let Ok(mpdu) = Mpdu::parse(psdu) else { return };
        let frame_type = match &mpdu {
            Mpdu::Plain(frame) => frame.content.frame_type(),
            Mpdu::Secured(frame) => frame.frame_type,
        };
        let header = mpdu.header();
        let destination = header.destination.link();
        let is_wanted = frame_type == FrameType::Data
            && header.source.extended() == Some(from)
            && to.is_none_or(|to| destination == Some(LinkAddress::Extended(to)));
        if is_wanted {
            self.frames.push(psdu.to_vec());
        }
    }
}

impl Neighbour {
    /// Plays the tape; recording ends.
    pub(super) fn replay(
        &mut self,
        now: Instant,
        order: ReplayOrder,
        line: &str,
        ends: Option<Instant>,
    ) -> Result<(), Refusal> {
        self.tape.stop();
        if self.tape.frames.is_empty() {
            // The device may have said nothing that could be.
            return Err(Refusal::unclear("nothing was recorded"));
        }
        let mut frames = self.tape.frames.clone();
        if order.reversed {
            frames.reverse();
        }
        let job = self.begin(line, ends);
        let all = (0..order.times).flat_map(|_| frames.iter());
        for (position, psdu) in (0u32..).zip(all) {
            let frame = CraftedFrame { psdu: psdu.clone(), fcs: None };
            let outgoing = Outgoing::new(vec![frame], None, Some(job));
            if let Some(job) = self.jobs.get_mut(&job) {
                job.waiting += 1;
            }
            self.gate.admit(now, outgoing, &Decision { delay: order.every * position, ..Decision::default() });
        }
        Ok(())
    }
}
