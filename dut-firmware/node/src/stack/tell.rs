//! What the device tells its owner and its upper tester, in order.

use alloc::collections::VecDeque;
use alloc::string::String;

use protocols::time::Instant;
use wire::upper_tester::{self, Arguments, Line};

use crate::interface::Output;

/// What a value that does not apply is written as.
pub(crate) const NONE: &str = "-";

/// Outputs that are no frames.
pub(crate) struct Tell {
    booted: Instant,
    outputs: VecDeque<Output>,
}

impl Tell {
    pub(crate) fn new(booted: Instant) -> Self {
        Self { booted, outputs: VecDeque::new() }
    }

    /// Queues an output that is no frame.
    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    /// The next output.
    pub(crate) fn next(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// A line for a person.
    pub(crate) fn log(&mut self, text: String) {
        self.output(Output::Log(text));
    }

    /// Reports an event to the upper tester.
    pub(crate) fn event(&mut self, now: Instant, name: &str, arguments: Arguments) {
        let time_ms = u64::try_from((now - self.booted).as_millis()).unwrap_or(u64::MAX);
        self.line(Line::Event(upper_tester::Event { name: name.into(), time_ms, arguments }));
    }

    /// Sends a line to the upper tester.
    pub(crate) fn line(&mut self, line: Line) {
        match line.emit() {
            Ok(octets) => self.output(Output::UpperTester(octets)),
            Err(error) => self.log(alloc::format!("upper tester line not sent: {error}")),
        }
    }
}
