//! What comes from boards: messages of those outside of this process, and octets of serial lines, which become lines of UT/1 and
//! of logs.

use node::{Output, RadioConfig};
use record::event::Observation;
use wire::radio_link::Message;
use wire::upper_tester::Line;

use super::medium::Mode;
use super::{BoardKind, VirtualRack};
use crate::clock::BoardClock;
use crate::connection::{Arrival, Arrived};

/// Of the timestamps of the radio link, and of the `t` of UT/1's events.
const LINK_RESOLUTION_US: u64 = 1;
const UPPER_TESTER_RESOLUTION_US: u64 = 1000;
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
            Arrived::Link(message, stamp) => self.hear(board, message, stamp),
            Arrived::Noise(octets) => {
                self.tester_fault(board, format!("{octets} octets of its radio link belong to no message"));
            }
            Arrived::Transmit { handle, psdu, most_retries } => self.transmit(board, handle, psdu, most_retries),
            Arrived::Acknowledgement(mpdu) => self.acknowledges(board, &mpdu),
            Arrived::Fault(reason) => {
                let part = self.boards[board].name.clone();
                let reason = format!("board `{part}`: {reason}");
                self.observations.push_back(Observation::RackFault { part, reason });
            }
            Arrived::Lost(reason) => self.lose(board, reason),
            Arrived::Ended => match self.boards[board].ended() {
                Ok(()) => self.restart(board),
                Err(error) => self.lose(board, error.to_string()),
            },
        }
    }

    fn hear(&mut self, board: usize, message: Message, stamp: Option<u64>) {
        if message == Message::Booted {
            self.boards[board].clock = BoardClock::default();
        }
        if let Some(stamp_us) = stamp {
            self.note_clock(board, stamp_us, LINK_RESOLUTION_US);
        }
        match message {
            Message::Radio { channel, pan_id, eui64, receiver_on } => {
                self.carry_out(board, Output::Radio(RadioConfig { channel, pan_id, eui64, receiver_on }));
            }
            Message::Transmit { handle, psdu } => self.carry_out(board, Output::Transmit { handle, psdu }),
            Message::Backbone(packet) => self.carry_out(board, Output::Backbone(packet)),
            Message::Log(line) => self.carry_out(board, Output::Log(line)),
            // Its radio listens to nothing until the firmware says to what.
            Message::Booted | Message::Restarting => {
                self.configure(self.boards[board].radio, self.config.channel, Mode::Off);
            }
            // It has started anew, or will not before somebody switches it off and on.
            Message::Panicked(reason) => {
                let board = self.boards[board].name.clone();
                self.observations.push_back(Observation::Crashed { board, reason });
            }
            Message::Received { .. } | Message::Done { .. } | Message::Sniff { .. } | Message::Sniffed { .. } => {
                self.tester_fault(board, "its radio link says what no board of a rack may say".to_owned());
            }
        }
    }

    /// A stamp of the board that has arrived now. What is known of its clock is told after 8 stamps, 16, 32, ...
    fn note_clock(&mut self, board: usize, stamp_us: u64, resolution_us: u64) {
        let now_us = self.now.0 / 1000;
        let board = &mut self.boards[board];
        if board.clock.note(stamp_us, now_us, resolution_us)
            && let Some(estimate) = board.clock.estimate()
        {
            let line = format!("the rack: clock of `{}`: {estimate}", board.name);
            self.observations.push_back(Observation::Log { board: board.name.clone(), line });
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
            let parsed = match self.boards[board].kind {
                BoardKind::Attached(_) => Line::parse(&line).ok(),
                _ => None,
            };
            if let Some(parsed) = &parsed {
                self.answered(board, parsed);
            }
            if let Some(Line::Event(event)) = parsed {
                if event.name == "booted" && event.time_ms.saturating_mul(1000) < self.boards[board].clock.last_us() {
                    self.boards[board].clock = BoardClock::default();
                }
                self.note_clock(board, event.time_ms.saturating_mul(1000), UPPER_TESTER_RESOLUTION_US);
            }
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
