//! The commands of the upper tester that are the selective bootstrap's own.

use wire::ieee802154::SecurityLevel;
use wire::upper_tester::life::Command as Life;
use wire::upper_tester::selective::Command as Own;
use wire::upper_tester::{Arguments, Command, ErrorCode, Request};

use super::{Context, DOMAIN, Executed, Mutant, Selective};
use crate::stack::NetworkKey;

impl Selective {
    /// Executes a command, if it is one of these.
    pub(super) fn execute(&mut self, cx: &mut Context<'_>, request: &Request) -> Option<Executed> {
        let done = match Command::from_request(request).ok()? {
            Command::Life(Life::Provision { key, index, level }) => {
                let level = SecurityLevel::from_bits(level);
                let key = NetworkKey { domain: DOMAIN, index, level, key, source: None };
                if cx.stack.kept().is_keyed() && !cx.stack.kept().keys().contains(&key) {
                    return Some(Err(ErrorCode::State));
                }
                self.mutant.is(Mutant::ProvisionIgnored) || self.install_key(cx, key)
            }
            Command::Selective(Own::Join) => {
                if !cx.stack.is_running() || !self.wants_to_join(cx.stack) {
                    return Some(Err(ErrorCode::State));
                }
                self.send_join_request(cx)
            }
            _ => return None,
        };
        Some(if done { Ok(Arguments::default()) } else { Err(ErrorCode::Busy) })
    }
}
