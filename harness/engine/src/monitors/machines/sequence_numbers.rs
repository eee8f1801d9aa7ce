//! Sequence numbers of data frames (IEEE 802.15.4-2006 7.5.6.1): each frame has the number after that of the one before, so that a
//! receiver tells it from a repetition, and an acknowledgement says which it is for.

use record::Octets;
use record::event::{Event, Observation, What};
use suites::plan::{Case, DUT};

use super::counters::is_restart;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

const ACKNOWLEDGEMENT: u64 = 2;
/// So many frames in a row a sniffer may have missed, or a radio given up before they flew.
const MISSED: u64 = 16;

/// The frame of an event as it flew.
fn octets(event: &Event) -> Option<Octets> {
    match &event.what {
        What::Observation(Observation::Frame { psdu, .. }) => Some(psdu.clone()),
        _ => None,
    }
}

/// The number of the last data frame, what it was, and its event.
#[derive(Default)]
pub(crate) struct SequenceNumbers {
    last: Option<(u64, Option<Octets>, u64)>,
}

impl SequenceNumbers {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for SequenceNumbers {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, DUT) {
            self.last = None;
        }
        // Commands of the MAC, such as polls, are counted with data frames; an acknowledgement has the number of what it is for.
        let counted = |pdu: &&Pdu| pdu.number("wpan.frame_type").is_some_and(|kind| kind != ACKNOWLEDGEMENT);
        let Some(pdu) = sight.sent_frame().filter(counted) else { return };
        let Some(number) = pdu.number("wpan.seq_no") else { return };
        let (event, frame) = (pdu.completed(), octets(sight.event));
        word.judge();
        if let Some((before, what, earlier)) = &self.last {
            let ahead = number.wrapping_sub(*before) & 0xff;
            // The same frame once more, later than its MAC repeats it, is the queue's doing.
            if ahead > MISSED && !sight.loses_frames || ahead == 0 && *what != frame {
                word.violation(format!("sequence number {number} comes after {before}"), [*earlier, event]);
            }
        }
        self.last = Some((number, frame, event));
    }
}
