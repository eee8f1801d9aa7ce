//! The commands of the upper tester (`wire::upper_tester` documents them).

use protocols::time::Instant;
use rand_core::Rng;
use wire::ieee802154::SecurityLevel;
use wire::upper_tester::basic::Command as Basic;
use wire::upper_tester::life::Command as Life;
use wire::upper_tester::rpl::Command as Rpl;
use wire::upper_tester::selective::Command as Selective;
use wire::upper_tester::{Anchor, Answer, Arguments, Command, CommandFault, ErrorCode, Line, Outcome};

use crate::anchor::TrustAnchor;
use crate::bounds;
use crate::device::Device;
use crate::features;
use crate::mutants::Mutant;
use crate::session::Peer;
use crate::store::{NetworkKey, Route};

/// What a value that does not apply is written as.
pub(crate) const NONE: &str = "-";

type Executed = Result<Arguments, ErrorCode>;

impl Device {
    /// Takes a line of the upper tester. What cannot be attributed to a sequence number is not answered.
    pub(crate) fn receive_line(&mut self, now: Instant, text: &str) {
        let (seq, outcome) = match Line::parse(text) {
            Ok(Line::Request(request)) => {
                let outcome = match Command::from_request(&request) {
                    Ok(command) if !features::cover(&command) => Outcome::Unimplemented,
                    Ok(command) => match self.execute(now, command) {
                        Ok(arguments) => Outcome::Ok(arguments),
                        Err(code) => Outcome::Error(code),
                    },
                    Err(CommandFault::Unknown) => Outcome::Unimplemented,
                    Err(CommandFault::Argument(_)) => Outcome::Error(ErrorCode::Argument),
                };
                (request.seq, outcome)
            }
            Ok(_) => return,
            Err(_) => match Line::sequence_of_request(text) {
                Some(seq) => (seq, Outcome::Error(ErrorCode::Argument)),
                None => return,
            },
        };
        self.emit_line(Line::Answer(Answer { seq, outcome }));
    }

    /// Executes a command; events that it brings about come before its answer.
    fn execute(&mut self, now: Instant, command: Command) -> Executed {
        let is_answered = matches!(command, Command::Basic(Basic::Ping | Basic::Hello { .. } | Basic::Status));
        if self.is_leaving() && !is_answered {
            return Err(ErrorCode::Busy);
        }
        match command {
            Command::Basic(command) => self.execute_basic(now, command),
            Command::Life(command) => self.execute_life(now, command),
            Command::Selective(Selective::Join) => {
                valid(self.running && self.wants_to_join())?;
                if self.send_join_request(now) { Ok(Arguments::default()) } else { Err(ErrorCode::Busy) }
            }
            #[cfg(feature = "rpl")]
            Command::Rpl(Rpl::Status) => Ok(self.routing_status()),
            // Not covered: answered before.
            #[cfg(not(feature = "rpl"))]
            Command::Rpl(Rpl::Status) => Err(ErrorCode::State),
        }
    }

    /// What every device understands.
    fn execute_basic(&mut self, now: Instant, command: Basic) -> Executed {
        let done = Arguments::default();
        match command {
            Basic::Hello { nonce } => Ok(self.hello(&nonce)),
            Basic::Ping => Ok(done),
            Basic::Status => Ok(self.status()),
            Basic::Counters => Ok(self.counters.arguments()),
            Basic::Link { neighbour } => {
                let entry = self.neighbours.get(neighbour);
                let until = entry.and_then(|entry| entry.secured_until);
                Ok(done
                    .with("known", u8::from(entry.is_some()))
                    .with("secured", u8::from(until.is_some()))
                    .with("lifetime_s", until.map_or(0, |until| (until - now).as_secs())))
            }
            Basic::Start => {
                valid(self.store.installation().is_some())?;
                if !self.running {
                    self.start(now);
                }
                Ok(done)
            }
            Basic::Echo { dest, size } => {
                valid(self.running)?;
                let [high, low, ..] = self.entropy.next_u32().to_be_bytes();
                let identifier = u16::from_be_bytes([high, low]);
                if self.send_echo(dest, size, identifier) { Ok(done) } else { Err(ErrorCode::Busy) }
            }
            Basic::Send { dest, port, data } => {
                valid(self.running)?;
                let local = self.source_for(dest).ok_or(ErrorCode::Busy)?;
                let peer = Peer { address: dest, port, local };
                if self.send_udp(peer, port, data) { Ok(done) } else { Err(ErrorCode::Busy) }
            }
            // Not covered: answered before.
            Basic::Vendor { .. } => Err(ErrorCode::State),
            Basic::Reset => {
                self.store_incoming(None);
                self.reboot(now, false);
                Ok(done)
            }
        }
    }

    /// Manufacture, installation, software, and back to the factory's state.
    fn execute_life(&mut self, now: Instant, command: Life) -> Executed {
        let done = Arguments::default();
        match command {
            Life::Manufacture(_) if self.store.anchor().is_some() && self.mutant.is(Mutant::ResetKeepsAnchor) => {
                Ok(done)
            }
            Life::Manufacture(anchor) => {
                valid(self.store.anchor().is_none() || self.mutant.is(Mutant::ManufactureOverwrites))?;
                self.store.set_anchor(match anchor {
                    Anchor::Psk(psk) => TrustAnchor::Psk(psk),
                    Anchor::RawKey | Anchor::Certificate => {
                        let pair = self.credential_parts.take(anchor == Anchor::Certificate);
                        TrustAnchor::KeyPair(pair.ok_or(ErrorCode::State)?)
                    }
                });
                Ok(done)
            }
            Life::Credential { part, data } => {
                valid(self.store.anchor().is_none())?;
                if self.credential_parts.append(part, &data.0) { Ok(done) } else { Err(ErrorCode::Argument) }
            }
            Life::Clock { now: unix_time } => {
                self.unix_time_at_zero = unix_time.saturating_sub(now.since(Instant::ZERO).as_secs());
                Ok(done)
            }
            Life::Install(installation) => {
                if self.mutant.is(Mutant::ResetKeepsSite) && self.store.installation().is_some() {
                    return Ok(done);
                }
                valid(!self.running)?;
                self.store.set_installation(installation);
                Ok(done)
            }
            Life::Route { dest, via } => {
                valid(self.store.installation().is_some())?;
                if self.store.set_route(Route { dest, via }) { Ok(done) } else { Err(ErrorCode::Busy) }
            }
            Life::Provision { key, index, level } => {
                let key = NetworkKey { index, level: SecurityLevel::from_bits(level), key, source: None };
                valid(!self.store.is_secured() || self.store.keys().contains(&key))?;
                if self.install_key(now, key) { Ok(done) } else { Err(ErrorCode::Busy) }
            }
            Life::Image { data } => {
                if self.software.staged.len().saturating_add(data.len()) > bounds::IMAGE_OCTETS {
                    return Err(ErrorCode::Busy);
                }
                self.software.staged.extend(data);
                Ok(done)
            }
            Life::Update => self.update().map(|()| done),
            Life::Application(application) => {
                self.former_application = self.store.application().cloned();
                self.store.set_application(application);
                self.software.restart_application();
                Ok(done)
            }
            Life::FactoryReset => {
                self.withdraw_links(now);
                self.running = false;
                self.erase_store();
                self.reboot(now, true);
                Ok(done)
            }
        }
    }

    /// Erases the store, but for what a mutant keeps.
    fn erase_store(&mut self) {
        let anchor = self.store.anchor().filter(|_| self.mutant.is(Mutant::ResetKeepsAnchor)).cloned();
        let key = self.store.transmit_key().filter(|_| self.mutant.is(Mutant::ResetKeepsKey)).cloned();
        let site = self.store.installation().filter(|_| self.mutant.is(Mutant::ResetKeepsSite)).cloned();
        let application = self.store.application().filter(|_| self.mutant.is(Mutant::ResetKeepsApplication)).cloned();
        self.store.erase();
        if application.is_some() {
            self.store.set_application(application);
        }
        if self.mutant.is(Mutant::ResetRestartsCounter) {
            self.store.set_frame_counter_bound(0);
        }
        if let Some(anchor) = anchor {
            self.store.set_anchor(anchor);
        }
        if let Some(key) = key {
            self.store.set_key(key);
        }
        if let Some(site) = site {
            self.store.set_installation(site);
        }
    }

    fn hello(&self, nonce: &str) -> Arguments {
        Arguments::default()
            .with("nonce", nonce)
            .with("protocol", "UT/1")
            .with("vendor", "bootrack")
            .with("firmware", "reference")
            .with("version", env!("CARGO_PKG_VERSION"))
            .with("hash", env!("BOOTRACK_FIRMWARE_HASH"))
            .with("eui64", self.eui64())
            .with("roles", "6lr,6lbr")
            .with("features", features::names())
            .with("state", self.state())
    }

    fn status(&self) -> Arguments {
        let key = self.store.transmit_key();
        let arguments = Arguments::default()
            .with("state", self.state())
            .with("secured", u8::from(self.store.is_secured()))
            .with("all_secured", u8::from(self.store.all_secured()));
        let arguments = match key {
            Some(key) => arguments.with("key_index", key.index).with("level", key.level.number()),
            None => arguments.with("key_index", NONE).with("level", NONE),
        };
        let arguments = match self.store.close_seq() {
            Some(seq) => arguments.with("close_seq", seq),
            None => arguments.with("close_seq", NONE),
        };
        let arguments = arguments
            .with("jsr_sent", self.join_requests.sent())
            .with("neighbours", self.neighbours.len())
            .with("secured_links", self.neighbours.secured().len())
            .with("image", self.software.running)
            .with("application_s", self.store.application().map_or(0, |application| application.interval_s))
            .with("link_local", self.discovery.link_local());
        match self.discovery.global() {
            Some(global) => arguments.with("global", global),
            None => arguments.with("global", NONE),
        }
    }

    /// The lifecycle state, as `wire::upper_tester` names it.
    pub(crate) fn state(&self) -> &'static str {
        if self.store.is_secured() {
            "secured"
        } else if self.join_requests.sent() > 0 {
            "joining"
        } else if self.store.installation().is_some() {
            "installed"
        } else if self.store.anchor().is_some() {
            "manufactured"
        } else {
            "factory"
        }
    }
}

fn valid(state: bool) -> Result<(), ErrorCode> {
    if state { Ok(()) } else { Err(ErrorCode::State) }
}
