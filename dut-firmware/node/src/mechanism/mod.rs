//! What stands on the stack beside the life of a device: the mechanism that keys it, exactly one in charge, and services,
//! which are what it does for others. A new one is a folder here, whose first line asks for its feature (`#![cfg(feature = ...)]`),
//! and a line below, in `registry.rs` and in `mutants.rs`.

pub(crate) mod selective;
#[cfg(test)]
pub(crate) mod tests;

use protocols::time::Instant;
use wire::upper_tester::{Arguments, Command, ErrorCode, Request};

use crate::life::Given;
use crate::section::Section;
use crate::selected::Selected;
use crate::stack::{Input, Stack};

/// What a command brought about.
pub(crate) type Executed = Result<Arguments, ErrorCode>;

/// What a mechanism or a service works with.
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) stack: &'a mut Stack,
    /// What manufacture and installation gave.
    pub(crate) given: &'a Given,
    /// Wall time at [`Instant::ZERO`] in seconds since 1970; 0 if it is not known.
    pub(crate) unix_time_at_zero: u64,
}

/// Whether an input was for whom it was handed to; then nobody else gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No,
}

/// What a device does for others, or to be keyed.
pub(crate) trait Service {
    /// What it is called in `features` of `hello`.
    const NAME: &'static str;
    /// What `hello` names besides, if it is there.
    const FEATURES: &'static [&'static str] = &[];
    /// What it keeps over a reset.
    type Kept: Section;
    /// The list of its mutants; `()` if it has none. A mechanism and its services may share one.
    type Mutant;

    /// Whether this build of it can do what a command asks for.
    fn covers(_: &Command) -> bool {
        true
    }

    /// Whether a command is its own: while another mechanism is in charge, the answer to it is `error code=state`.
    fn owns(_: &Command) -> bool {
        false
    }

    /// Boots with what it kept.
    fn boot(kept: Self::Kept, mutant: Selected<Self::Mutant>, cx: &mut Context<'_>) -> Self;

    /// What it keeps now.
    fn kept(&self) -> &Self::Kept;

    /// A factory reset takes all that it keeps, in a record that is being written.
    fn erase(&mut self);

    /// Takes what happened in the stack.
    fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Taken;

    /// Does what is due.
    fn poll(&mut self, cx: &mut Context<'_>);

    /// When `poll` has something to do.
    fn deadline(&self, stack: &Stack) -> Option<Instant>;

    /// Executes a command of its own; `None` if it is not one.
    fn command(&mut self, _: &mut Context<'_>, _: &Request) -> Option<Executed> {
        None
    }

    /// Adds what it tells in `status`.
    fn status(&self, arguments: Arguments, _: &Stack) -> Arguments {
        arguments
    }

    /// Adds its counters.
    fn counters(&self, arguments: Arguments) -> Arguments {
        arguments
    }

    /// Adds its counters as high as they get.
    #[cfg(test)]
    fn top_counters(arguments: Arguments) -> Arguments {
        arguments
    }

    /// So many octets wait in the stack: for who measures.
    fn note_buffers(&mut self, _: usize) {}
}

/// Who keys the device. It tells the stack by [`Stack::admit`] what the link lets in and out.
pub(crate) trait Mechanism: Service {
    /// Whether it has begun to ask for a key.
    fn is_joining(&self) -> bool;

    /// The device leaves its network: what neighbours ought to hear of.
    fn leave(&mut self, cx: &mut Context<'_>);
}
