//! What the device tells its owner and its upper tester, in order.

use alloc::collections::VecDeque;
use alloc::string::String;

use protocols::time::Instant;
use wire::upper_tester::{self, Answer, Arguments, Line};

use crate::interface::Output;
use crate::liberties::Free;
#[cfg(feature = "mutants")]
use crate::liberties::Told;

/// What a value that does not apply is written as.
pub(crate) const NONE: &str = "-";

/// Outputs that are no frames.
pub(crate) struct Tell {
    booted: Instant,
    outputs: VecDeque<Output>,
    /// Which liberties it takes.
    #[cfg(feature = "mutants")]
    free: Free,
    /// Answers that are not told yet.
    #[cfg(feature = "mutants")]
    late: VecDeque<(Instant, Line)>,
}

impl Tell {
    pub(crate) fn new(booted: Instant, free: Free) -> Self {
        #[cfg(not(feature = "mutants"))]
        let _ = free;
        Self {
            booted,
            outputs: VecDeque::new(),
            #[cfg(feature = "mutants")]
            free,
            #[cfg(feature = "mutants")]
            late: VecDeque::new(),
        }
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
        #[cfg(feature = "mutants")]
        if self.free.told() == Told::ToNobody {
            return;
        }
        self.output(Output::Log(text));
    }

    /// Reports an event to the upper tester.
    pub(crate) fn event(&mut self, now: Instant, name: &str, arguments: Arguments) {
        #[cfg(feature = "mutants")]
        if self.free.told() == Told::ToNobody && super::otherwise::FOR_PEOPLE.contains(&name) {
            return;
        }
        let time_ms = u64::try_from((now - self.booted).as_millis()).unwrap_or(u64::MAX);
        self.line(Line::Event(upper_tester::Event { name: name.into(), time_ms, arguments }));
    }

    /// Answers the upper tester.
    pub(crate) fn answer(&mut self, now: Instant, answer: Answer) {
        #[cfg(feature = "mutants")]
        if !self.free.told_after().is_zero() {
            return self.late.push_back((now + self.free.told_after(), Line::Answer(answer)));
        }
        let _ = now;
        self.line(Line::Answer(answer));
    }

    /// Tells the answers that are due.
    #[cfg(feature = "mutants")]
    pub(crate) fn tell_late(&mut self, now: Instant) {
        while let Some((_, line)) = self.late.pop_front_if(|(at, _)| *at <= now) {
            self.line(line);
        }
    }

    /// When the next answer is due that is late.
    #[cfg(feature = "mutants")]
    pub(crate) fn late(&self) -> Option<Instant> {
        self.late.front().map(|(at, _)| *at)
    }

    /// Sends a line to the upper tester.
    fn line(&mut self, line: Line) {
        #[cfg(feature = "mutants")]
        let line = super::otherwise::line(self.free.told(), line);
        #[cfg(feature = "mutants")]
        if let Some(lines) = super::otherwise::lines(self.free.told(), &line) {
            return lines.into_iter().for_each(|octets| self.output(Output::UpperTester(octets)));
        }
        match line.emit() {
            Ok(octets) => self.output(Output::UpperTester(octets)),
            Err(error) => self.log(alloc::format!("upper tester line not sent: {error}")),
        }
    }
}
