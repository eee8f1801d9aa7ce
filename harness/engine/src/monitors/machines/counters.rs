//! Frame counters (IEEE 802.15.4-2006 7.5.8.2.1, 7.6.2.4): under one key no counter is used twice, and they rise, over restarts
//! too. The nonce of a frame is its counter and its sender, so that a counter that comes again is a nonce that comes again.

use std::collections::{BTreeMap, HashMap};

use record::event::{Action, Observation, What};
use suites::plan::{Case, DUT};

use super::whole_hash;
use crate::environment::Environment;
use crate::judge::Pdu;
use crate::monitors::sight::{Machine, Sight, Word};

/// Frames that wait for their acknowledgement may be overtaken by so many others, for so long (nanoseconds).
const OVERTAKEN: (u64, u64) = (16, 1_000_000_000);

/// What the device has used under one key.
#[derive(Default)]
struct Used {
    /// Counter -> frame, with its event.
    frames: HashMap<u64, (u64, u64)>,
    /// The greatest counter, with event and time.
    greatest: Option<(u64, u64, u64)>,
}

/// Which key a frame was opened with: the number among those that are known, key identifier mode and index.
type KeyId = (u64, u64, u64);

/// Frame counters of the device.
#[derive(Default)]
pub(crate) struct FrameCounters {
    keys: BTreeMap<KeyId, Used>,
    /// Time of the last restart of the device.
    restarted: u64,
}

impl FrameCounters {
    pub(crate) fn make(_: &Case, _: &Environment) -> Box<dyn Machine> {
        Box::<Self>::default()
    }
}

impl Machine for FrameCounters {
    fn see(&mut self, sight: &Sight<'_>, word: &mut Word) {
        if is_restart(sight, DUT) {
            self.restarted = sight.event.t;
        }
        let Some(pdu) = sight.sent_frame() else { return };
        let Some(counter) = pdu.number("wpan.aux_sec.frame_counter") else { return };
        let Some(key) = key(pdu) else {
            word.pass_over();
            return;
        };
        let (event, time) = (pdu.completed(), pdu.time);
        let Used { frames, greatest } = self.keys.entry(key).or_default();
        // Fields of what a frame completes are not the frame's own: its integrity code tells it.
        let hash = pdu.text("wpan.mic").map_or_else(|| whole_hash(pdu), |mic| fnv(mic.as_bytes()));
        word.judge();
        if let Some((before, earlier)) = frames.get(&counter)
            && *before != hash
        {
            let reason =
                format!("another frame under the same key had frame counter {counter} before: its nonce comes again");
            word.violation(reason, [*earlier, event]);
        } else if let Some((most, earlier, at)) = *greatest
            && counter < most
        {
            let is_overtaken =
                most - counter <= OVERTAKEN.0 && time.saturating_sub(at) <= OVERTAKEN.1 && self.restarted <= at;
            if !is_overtaken {
                let reason = format!("frame counter {counter} comes after {most} under the same key");
                word.violation(reason, [earlier, event]);
            }
        }
        frames.entry(counter).or_insert((hash, event));
        if greatest.is_none_or(|(most, ..)| counter > most) {
            *greatest = Some((counter, event, time));
        }
    }
}

/// The key that opened a frame; `None` if nobody could.
fn key(pdu: &Pdu) -> Option<KeyId> {
    let number = |field: &str| pdu.number(field);
    let opened = number("wpan.key_number").filter(|_| pdu.secured())?;
    Some((opened, number("wpan.aux_sec.key_id_mode")?, number("wpan.aux_sec.key_index").unwrap_or_default()))
}

/// Whether this event starts `board` anew, or tells that it has started.
pub(super) fn is_restart(sight: &Sight<'_>, board: &str) -> bool {
    match &sight.event.what {
        What::Action(Action::Power { board: of, .. } | Action::Reset { board: of }) => of == board,
        What::Observation(Observation::UpperTester { board: of, line }) => of == board && line.starts_with("! booted"),
        _ => false,
    }
}

fn fnv(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}
