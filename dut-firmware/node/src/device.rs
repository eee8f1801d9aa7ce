//! The device as its owner sees it.

use alloc::collections::VecDeque;

use protocols::time::Instant;
use wire::upper_tester::{Answer, Arguments, Line, LineAssembler, Outcome};

use crate::mutants::Selected;
use crate::{Hardware, Input, Mutant, Output, Store};

/// A device between two boots.
pub struct Device {
    hardware: Hardware,
    store: Store,
    mutant: Selected,
    assembler: LineAssembler,
    outputs: VecDeque<Output>,
}

impl Device {
    /// Boots with what the store holds; an installed device starts by itself.
    pub fn boot(hardware: Hardware, store: Store, now: Instant, mutant: Option<Mutant>) -> Self {
        let _ = now;
        let mutant = Selected::new(mutant);
        Self { hardware, store, mutant, assembler: LineAssembler::default(), outputs: VecDeque::new() }
    }

    /// Takes one input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        let _ = (now, self.mutant);
        if let Input::UpperTester(octets) = input {
            for line in self.assembler.extend(octets).into_iter().flatten() {
                let Ok(Line::Request(request)) = Line::parse(&line) else { continue };
                let outcome = match request.command.as_str() {
                    "ping" => Outcome::Ok(Arguments::default().with("eui64", self.hardware.eui64)),
                    _ => Outcome::Unimplemented,
                };
                if let Ok(line) = Line::Answer(Answer { seq: request.seq, outcome }).emit() {
                    self.outputs.push_back(Output::UpperTester(line));
                }
            }
        }
    }

    /// The next thing to do, what has become due included; to be called until it returns `None`.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        let _ = now;
        self.outputs.pop_front()
    }

    /// When `poll` must be called next, if nothing is handed in before.
    pub fn deadline(&self) -> Option<Instant> {
        None
    }

    /// Takes the store out: what is left when the power goes.
    pub fn into_store(self) -> Store {
        self.store
    }
}
