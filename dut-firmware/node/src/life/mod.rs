//! The life cycle of a device (`SECC` 3, `SBOOT` 5.1): what manufacture and installation give it, its software and its
//! application. It stands on the stack and knows no mechanism.

pub mod anchor;
mod commands;
mod features;
mod given;
mod hooks;
mod mutants;
mod running;
mod software;
mod tasks;

pub(crate) use features::{FEATURES, covers};
pub(crate) use given::Given;
pub(crate) use mutants::Mutant;
pub use software::{DEVICE_CLASS, SHIPPED_VERSION};
pub(crate) use tasks::Tasks;

use anchor::Parts;
use protocols::time::Instant;
use software::Software;
use wire::upper_tester::Application;

use crate::flash::Flash;
use crate::selected::Selected;
use crate::stack::Stack;

/// The life of a device between two boots.
pub(crate) struct Life {
    mutant: Selected<Mutant>,
    pub(crate) given: Given,
    pub(crate) tasks: Tasks,
    parts: Parts,
    software: Software,
    /// The application before the last one: only for a mutant that goes on with it.
    former_application: Option<Application>,
    /// Wall time at [`Instant::ZERO`] in seconds since 1970; 0 until the upper tester sets the clock.
    pub(crate) unix_time_at_zero: u64,
}

impl Life {
    /// Boots with what was given and what there is to do.
    pub(crate) fn boot(flash: &mut Flash, given: Given, mut tasks: Tasks, mutant: Selected<Mutant>) -> Self {
        let given = hooks::remembered(given, mutant);
        let image = tasks.software().unwrap_or(SHIPPED_VERSION);
        if mutant.is(Mutant::UpdateNotKept) && tasks.software().is_some() {
            tasks.set_software(flash, None);
        }
        if mutant.is(Mutant::ApplicationLostOnReboot) && tasks.application().is_some() {
            tasks.set_application(flash, None);
        }
        Self {
            mutant,
            given,
            tasks,
            parts: Parts::default(),
            software: Software::new(image),
            former_application: None,
            unix_time_at_zero: 0,
        }
    }

    /// Does what is due: sends what the application has to send.
    pub(crate) fn poll(&mut self, now: Instant, stack: &mut Stack, is_leaving: bool) {
        let in_operation = stack.kept().is_keyed() || self.mutant.is(Mutant::ApplicationUnsecured);
        self.run_application(now, stack, in_operation && !is_leaving);
    }

    /// When it has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.software.deadline()
    }
}
