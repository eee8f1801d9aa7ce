//! The commands of the upper tester that are about the life of a device.

use alloc::string::String;

use protocols::time::Instant;
use wire::upper_tester::life::Command as LifeCommand;
use wire::upper_tester::{Anchor, Arguments, ErrorCode, Installation};

use super::Life;
use super::anchor::TrustAnchor;
use super::hooks::Outlives;
use crate::bounds;
use crate::stack::{Site, Stack};

impl Life {
    /// Executes a command, if it is one of these.
    pub(crate) fn command(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        command: LifeCommand,
    ) -> Option<Result<Arguments, ErrorCode>> {
        let executed = match command {
            LifeCommand::Manufacture(anchor) => self.manufacture(stack, &anchor),
            LifeCommand::Credential { part, data } => valid(self.given.anchor.is_none())
                .and_then(|()| if self.parts.append(part, &data.0) { Ok(()) } else { Err(ErrorCode::Argument) }),
            LifeCommand::Clock { now: unix_time } => {
                self.unix_time_at_zero = unix_time.saturating_sub(now.since(Instant::ZERO).as_secs());
                Ok(())
            }
            LifeCommand::Image { data } => {
                if self.software.staged.len().saturating_add(data.len()) > bounds::IMAGE_OCTETS {
                    return Some(Err(ErrorCode::Busy));
                }
                self.software.staged.extend(data);
                Ok(())
            }
            LifeCommand::Update => self.update(stack),
            LifeCommand::Application(application) => {
                self.note_former_application();
                self.tasks.set_application(&mut stack.flash, application);
                self.software.restart_application();
                Ok(())
            }
            _ => return None,
        };
        Some(executed.map(|()| Arguments::default()))
    }

    fn manufacture(&mut self, stack: &mut Stack, anchor: &Anchor) -> Result<(), ErrorCode> {
        if self.goes_on_with_anchor() {
            return Ok(());
        }
        valid(self.may_take_anchor())?;
        let anchor = match anchor {
            Anchor::Psk(psk) if self.has_other_length(psk) => return Err(ErrorCode::Argument),
            Anchor::Psk(psk) => TrustAnchor::Psk(psk.clone()),
            Anchor::RawKey | Anchor::Certificate => {
                let pair = self.parts.take(*anchor == Anchor::Certificate);
                if pair.is_none() && self.says_that_misfits_fit() {
                    return Ok(());
                }
                TrustAnchor::KeyPair(pair.ok_or(ErrorCode::State)?)
            }
        };
        stack.flash.record(|| self.given.anchor = Some(anchor));
        Ok(())
    }

    /// Stores the site, and who is to key the device.
    pub(crate) fn install(
        &mut self,
        stack: &mut Stack,
        site: Installation,
        mechanism: Option<String>,
    ) -> Result<(), ErrorCode> {
        if self.goes_on_with_site() {
            return Ok(());
        }
        valid(!stack.is_running())?;
        stack.set_site(Some(Site::from(&site)));
        stack.flash.record(|| (self.given.installation, self.given.mechanism) = (Some(site), mechanism));
        Ok(())
    }

    /// Erases what is kept, and in the same record what `along` erases; but for what a mutant keeps.
    pub(crate) fn erase(&mut self, stack: &mut Stack, along: impl FnOnce()) {
        let outlives = Outlives::of(self, stack);
        stack.erase(|| {
            self.given = super::Given::default();
            self.tasks.erase();
            along();
        });
        outlives.put_back(self, stack);
    }

    /// What it runs, for `status`.
    pub(crate) fn status(&self, arguments: Arguments) -> Arguments {
        arguments
            .with("image", self.software.running)
            .with("application_s", self.tasks.application().map_or(0, |application| application.interval_s))
    }
}

fn valid(state: bool) -> Result<(), ErrorCode> {
    if state { Ok(()) } else { Err(ErrorCode::State) }
}
