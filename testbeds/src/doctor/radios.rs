//! The doctor's look at the radios of boards outside of this process: whether they are connected, by which addresses they send,
//! whether their stacks acknowledge, and who else speaks at their bridges.

use std::time::Duration;

use super::{Examination, Report};
use crate::testbed::Testbed;

const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// Tells of boards that no case can use, for want of a radio.
pub(super) fn look_for_radios(report: &mut Report, testbed: &Testbed) {
    for name in testbed.without_radio.keys() {
        let found = "its table has none: no case can have it on the air";
        report.bad(name, "radio", found, "write `radio` into its table, or `air`: docs/testbed-files.md says which");
    }
}

impl Examination {
    /// Waits for the radio of a board whose stack runs.
    pub(super) fn look_at_radio(&mut self, board: &str) {
        if self.without_radio.iter().any(|name| name == board) {
            return;
        }
        const REMEDY: &str =
            "have its program connect, or its stack take BOOTRACK_ZEP or PORT_OFFSET: docs/your-own-device.md";
        loop {
            let Some(radio) = self.rack.radio(board) else { return };
            if radio.connected.is_ok() {
                let peer = radio.peer.and_then(|peer| peer.address);
                let peer = peer.map_or_else(String::new, |peer| format!(", its stack is at {peer}"));
                return self.report.good(board, "radio", format!("connected ({}){peer}", radio.radio));
            }
            // The rack gives up a board whose radio is not there in time.
            if let Some(Err(reason)) = self.wait(LOOKS_EVERY, |_| None::<()>) {
                return self.report.bad(board, "radio", reason.to_string(), REMEDY);
            }
        }
    }

    /// What has shown while frames went back and forth.
    pub(super) fn look_at_what_it_sent(&mut self, board: &str) {
        let Some(radio) = self.rack.radio(board) else { return };
        let addresses = radio.eui64s.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self.faults.iter().find(|(part, _)| part == board) {
            Some((_, reason)) => {
                let remedy = "give the stack the address of BOOTRACK_EUI64, write its own as `eui64`, or `addresses = \"learn\"`";
                self.report.bad(board, "address", reason.clone(), remedy);
            }
            None => self.report.good(board, "address", addresses),
        }
        match radio.own_acknowledgements {
            None => {}
            Some((0, late)) => {
                let found = format!(
                    "its stack acknowledged nothing in time ({late} acknowledgements were late, or for nothing)"
                );
                let remedy = "raise `acknowledges_within_ms`; for a stack that sends none: `acknowledges = \"medium\"`";
                self.report.bad(board, "acks", found, remedy);
            }
            Some((own, late)) => {
                self.report.good(board, "acks", format!("{own} of its own in time, {late} late or for nothing"));
            }
        }
        match radio.peer.map(|peer| peer.strays) {
            None => {}
            Some(0) => self.report.good(board, "strays", "nobody else sends to its bridge"),
            Some(strays) => {
                let found = format!("{strays} datagrams at its bridge were not its stack's");
                let remedy = "find who sends them; `peer` names the stack if it is not the first that speaks";
                self.report.bad(board, "strays", found, remedy);
            }
        }
    }
}
