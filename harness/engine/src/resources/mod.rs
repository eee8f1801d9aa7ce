//! What a bootstrap costs (`SECC` 6): frames and their airtime, datagrams, times, and what the device says of its own work. A
//! summary for the report, made from a case's log; no verdict rests on it. `docs/resources.md` has the words for users.
//!
//! What counts as a bootstrap is a mechanism's to say: it has a file here, and a line in `MEASURES`.

mod energy;
mod frames;
mod selective;
mod work;

use record::event::Event;
use reports::Bootstrap;

use crate::judge::Pdu;
use crate::stored_plan::PlannedCase;

/// The bootstraps of one mechanism in a case's log, with all PDUs that the observer made of it.
type Measure = fn(&PlannedCase, &[Event], &[Pdu]) -> Vec<Bootstrap>;

/// A line for each mechanism.
const MEASURES: &[Measure] = &[
    // One a line.
    selective::bootstraps,
];

/// Every bootstrap of a case that ended with a key: one mechanism after the other, each in the order in which they began.
/// `pdus` are all that the observer made of `events`.
pub fn bootstraps(planned: &PlannedCase, events: &[Event], pdus: &[Pdu]) -> Vec<Bootstrap> {
    MEASURES.iter().flat_map(|measure| measure(planned, events, pdus)).collect()
}
