//! A log and what the observer made of it, written by hand.

use bootrack_reports::PduSummary;
use record::Octets;
use record::event::{Action, Event, Observation, What};
use suites::plan::Point;

/// Builds a log and its PDUs side by side.
#[derive(Default)]
pub(super) struct Log {
    pub(super) now: u64,
    pub(super) events: Vec<Event>,
    pub(super) pdus: Vec<PduSummary>,
}

impl Log {
    pub(super) fn after(&mut self, microseconds: u64) -> &mut Self {
        self.now += microseconds * 1000;
        self
    }

    pub(super) fn event(&mut self, what: What) -> u64 {
        let n = self.events.len() as u64 + 1;
        self.events.push(Event { n, t: self.now, what });
        n
    }

    pub(super) fn step(&mut self, step: usize) -> u64 {
        self.event(What::StepStarted { step })
    }

    pub(super) fn ut(&mut self, board: &str, request: &str, answer: &str) -> u64 {
        self.after(800);
        self.event(What::Action(Action::UpperTester { board: board.into(), line: request.into() }));
        self.after(2_300);
        self.event(What::Observation(Observation::UpperTester { board: board.into(), line: answer.into() }))
    }

    pub(super) fn says(&mut self, board: &str, line: &str) -> u64 {
        self.after(500);
        self.event(What::Observation(Observation::UpperTester { board: board.into(), line: line.into() }))
    }

    pub(super) fn power(&mut self, board: &str, on: bool) -> u64 {
        self.event(What::Action(Action::Power { board: board.into(), on }))
    }

    pub(super) fn order(&mut self, order: &str) -> u64 {
        self.event(What::Action(Action::Machine { machine: "ct".into(), order: order.into() }))
    }

    pub(super) fn frame(&mut self, length: usize) -> u64 {
        self.after(1_400 + length as u64 * 32);
        let psdu: Vec<u8> = (0..length).map(|at| (at * 37 + self.events.len()) as u8).collect();
        self.event(What::Observation(Observation::Frame {
            sniffer: "sniffer".into(),
            channel: 26,
            psdu: Octets(psdu),
            rssi_dbm: -41,
        }))
    }

    /// A message of so many frames, each acknowledged.
    pub(super) fn air(
        &mut self,
        from: &str,
        to: &str,
        message: &str,
        info: &str,
        secured: bool,
        frames: usize,
    ) -> Vec<u64> {
        let mut events = Vec::new();
        for _ in 0..frames {
            events.push(self.frame(if frames > 1 { 96 } else { 71 }));
            if to != "all" {
                self.frame(5);
            }
        }
        self.pdus.push(PduSummary {
            events: events.clone(),
            time: self.now,
            point: Point::Air,
            from: from.into(),
            to: to.into(),
            message: shown(message),
            info: info.into(),
            secured,
            wrong_on_purpose: None,
        });
        events
    }

    pub(super) fn backbone(&mut self, from: &str, to: &str, message: &str, info: &str) -> u64 {
        self.after(700);
        let packet = Octets(vec![0x60; 88]);
        let what = if from == "ct" {
            What::Action(Action::Backbone { port: "ct".into(), packet, wrong_on_purpose: None })
        } else {
            What::Observation(Observation::Backbone { port: "ct".into(), packet })
        };
        let n = self.event(what);
        self.pdus.push(PduSummary {
            events: vec![n],
            time: self.now,
            point: Point::Backbone,
            from: from.into(),
            to: to.into(),
            message: shown(message),
            info: info.into(),
            secured: false,
            wrong_on_purpose: None,
        });
        n
    }
}

/// A name that a PDU can have: messages that the dissector knows, in a flight all but the first without their protocol.
///
/// # Panics
/// If it is none: a fixture invents no messages.
pub(super) fn shown(message: &str) -> String {
    for (index, name) in message.split(", ").enumerate() {
        let is_known =
            dissect::message(name).is_some() || index > 0 && dissect::message(&format!("dtls.{name}")).is_some();
        let is_opaque = matches!((index, name), (_, "encrypted") | (_, "dtls.handshake") | (1.., "handshake"));
        assert!(is_known || is_opaque, "no message is called `{name}`");
    }
    message.to_owned()
}
