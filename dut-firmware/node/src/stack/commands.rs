//! The commands of the upper tester that are about the stack.

use protocols::time::Instant;
use rand_core::Rng;
use wire::upper_tester::basic::Command as Basic;
use wire::upper_tester::life::Command as Life;
#[cfg(feature = "rpl")]
use wire::upper_tester::rpl::Command as Rpl;
use wire::upper_tester::{Arguments, Command, ErrorCode};

use super::Stack;
use super::admission::Class;
use super::input::Peer;
use super::kept::Route;
use super::tell::NONE;

impl Stack {
    /// Executes a command, if it is one of these.
    pub(crate) fn command(&mut self, now: Instant, command: &Command) -> Option<Result<Arguments, ErrorCode>> {
        Some(match command {
            #[cfg(feature = "rpl")]
            Command::Rpl(Rpl::Status) => Ok(self.routing_status()),
            Command::Basic(Basic::Link { neighbour }) => {
                let entry = self.neighbours.get(*neighbour);
                let until = entry.and_then(|entry| entry.mark).map(|mark| mark.until);
                Ok(Arguments::default()
                    .with("known", u8::from(entry.is_some()))
                    .with("secured", u8::from(until.is_some()))
                    .with("lifetime_s", until.map_or(0, |until| (until - now).as_secs())))
            }
            Command::Life(Life::Route { dest, via }) => {
                let route = Route { dest: *dest, via: *via };
                valid(self.site.is_some()).and_then(|()| done(self.kept.set_route(&mut self.flash, route)))
            }
            Command::Basic(Basic::Echo { dest, size }) => valid(self.running).and_then(|()| {
                let [high, low, ..] = self.entropy.next_u32().to_be_bytes();
                done(self.send_echo(*dest, *size, u16::from_be_bytes([high, low])))
            }),
            Command::Basic(Basic::Send { dest, port, data }) => valid(self.running).and_then(|()| {
                let local = self.source_for(*dest).ok_or(ErrorCode::Busy)?;
                let peer = Peer { address: *dest, port: *port, local };
                done(self.send_udp(peer, *port, data.clone(), Class::Application))
            }),
            _ => return None,
        })
    }

    /// The key to send with, for `status`.
    pub(crate) fn key_status(&self, arguments: Arguments) -> Arguments {
        match self.kept.transmit_key() {
            Some(key) => arguments.with("key_index", key.index).with("level", key.level.number()),
            None => arguments.with("key_index", NONE).with("level", NONE),
        }
    }

    /// How many neighbours there are, for `status`.
    pub(crate) fn neighbour_status(&self, arguments: Arguments) -> Arguments {
        arguments.with("neighbours", self.neighbours.len()).with("secured_links", self.neighbours.marked().len())
    }

    /// The addresses, for `status`.
    pub(crate) fn address_status(&self, arguments: Arguments) -> Arguments {
        let arguments = arguments.with("link_local", self.link_local());
        match self.global() {
            Some(global) => arguments.with("global", global),
            None => arguments.with("global", NONE),
        }
    }

    /// The counters, and between them those that `others` adds.
    pub(crate) fn counters(&self, others: impl FnOnce(Arguments) -> Arguments) -> Arguments {
        self.counters.arguments(Arguments::default(), others)
    }
}

fn valid(state: bool) -> Result<(), ErrorCode> {
    if state { Ok(()) } else { Err(ErrorCode::State) }
}

fn done(sent: bool) -> Result<Arguments, ErrorCode> {
    if sent { Ok(Arguments::default()) } else { Err(ErrorCode::Busy) }
}
