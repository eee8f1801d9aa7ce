//! Maintenance and operation: the device takes an image, and runs its application.

use alloc::vec::Vec;

use protocols::time::Instant;
use wire::upper_tester::ErrorCode;

use super::software::judge;
use super::{Life, Mutant};
use crate::stack::{Class, Peer, Stack};

impl Life {
    /// Takes the staged image, which is to run from the next boot on.
    pub(super) fn update(&mut self, stack: &mut Stack) -> Result<(), ErrorCode> {
        let image = core::mem::take(&mut self.software.staged);
        let newest = self.tasks.software().unwrap_or(self.software.running);
        let version = judge(&image, newest, self.mutant)?;
        if self.mutant.is(Mutant::ImageNewerIgnored) {
            return Ok(());
        }
        self.tasks.set_software(&mut stack.flash, Some(version));
        if self.mutant.is(Mutant::UpdateLosesKeys) {
            let indices: Vec<u8> = stack.kept().keys().iter().map(|key| key.index).collect();
            for index in indices {
                stack.erase_key(index, || {});
            }
        }
        #[cfg(feature = "mutants")]
        if self.mutant.is(Mutant::UpdateRestartsCounter) {
            stack.restart_frame_counter();
        }
        Ok(())
    }

    /// Sends what the application has to send: in operation, so over secured links only.
    pub(super) fn run_application(&mut self, now: Instant, stack: &mut Stack, in_operation: bool) {
        let Some(application) = self.tasks.application().filter(|_| in_operation).cloned() else {
            self.software.restart_application();
            return;
        };
        let interval = core::time::Duration::from_secs(application.interval_s.into());
        let is_due = self.software.next.is_some_and(|next| next <= now) || self.sends_at_once();
        if self.software.next.is_none() || is_due {
            self.software.next = Some(now + interval);
        }
        if !is_due {
            return;
        }
        let former = self.former_application.clone().filter(|_| self.mutant.is(Mutant::ApplicationKept));
        for application in [Some(application), former].into_iter().flatten() {
            if let Some(local) = stack.source_for(application.dest) {
                let peer = Peer { address: application.dest, port: application.port, local };
                stack.send_udp(peer, application.port, application.data, Class::Application);
            }
        }
    }
}
