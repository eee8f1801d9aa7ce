//! What comes from boards: messages of those outside of this process, and octets of serial lines, which become lines of UT/1 and
//! of logs.

use node::{Output, RadioConfig};
use record::event::Observation;
use wire::radio_link::Message;

use super::medium::Mode;
use super::{BoardKind, VirtualRack};
use crate::connection::{Arrival, Arrived};

/// A serial line without an end is cut here.
const LONGEST_LINE: usize = 4096;

impl VirtualRack {
    /// What a board outside of this process sent.
    pub(super) fn arrived(&mut self, Arrival { board, life, what, .. }: Arrival) {
        if self.boards[board].epoch != life {
            return;
        }
        match what {
            Arrived::UpperTester(octets) => self.line(board, &octets),
            Arrived::Link(message) => match message {
                Message::Radio { channel, pan_id, eui64, receiver_on } => {
                    self.carry_out(board, Output::Radio(RadioConfig { channel, pan_id, eui64, receiver_on }));
                }
                Message::Transmit { handle, psdu } => self.carry_out(board, Output::Transmit { handle, psdu }),
                Message::Backbone(packet) => self.carry_out(board, Output::Backbone(packet)),
                Message::Log(line) => self.carry_out(board, Output::Log(line)),
                // Its radio listens to nothing until the firmware says to what.
                Message::Booted | Message::Restarting => {
                    self.medium.configure(self.boards[board].radio, self.config.channel, Mode::Off);
                }
                Message::Panicked(reason) => self.lose(board, format!("its firmware panicked: {reason}")),
                Message::Received { .. } | Message::Done { .. } | Message::Sniff { .. } | Message::Sniffed { .. } => {
                    self.tester_fault(board, "its radio link says what no board of a rack may say".to_owned());
                }
            },
            Arrived::Noise(octets) => {
                self.tester_fault(board, format!("{octets} octets of its radio link belong to no message"));
            }
            Arrived::Ended => match self.boards[board].ended() {
                Ok(()) => self.restart(board),
                Err(reason) => self.lose(board, reason),
            },
        }
    }

    fn tester_fault(&mut self, board: usize, reason: String) {
        let part = self.boards[board].name.clone();
        self.observations.push_back(Observation::TesterFault { part, reason });
    }

    /// Octets at the tester's end of a board's serial line. Lines of UT/1 begin with `<` or `!`; everything else is log.
    pub(super) fn line(&mut self, board: usize, octets: &[u8]) {
        for octet in octets {
            let partial = &mut self.boards[board].partial;
            if *octet != b'\n' {
                partial.push(*octet);
                if partial.len() < LONGEST_LINE {
                    continue;
                }
            }
            let mut line = std::mem::take(partial);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            // What no log has either is noise: it may have been a line of UT/1.
            let is_noise = matches!(self.boards[board].kind, BoardKind::Attached(_)) && !is_text(&line);
            let line = String::from_utf8_lossy(&line).into_owned();
            let board = self.boards[board].name.clone();
            let observation = match line.as_bytes().first() {
                Some(_) if is_noise => Observation::UpperTester { board, line },
                Some(b'<' | b'!') => Observation::UpperTester { board, line },
                _ => Observation::Log { board, line },
            };
            self.observations.push_back(observation);
        }
    }
}

/// Whether octets are a line that a program may have written: UTF-8, with tabs and colours at most.
fn is_text(line: &[u8]) -> bool {
    std::str::from_utf8(line)
        .is_ok_and(|line| line.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\x1b' | '\r')))
}
