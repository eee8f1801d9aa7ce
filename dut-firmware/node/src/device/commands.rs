//! The commands of the upper tester (`wire::upper_tester` documents them): each goes to whose it is.

use alloc::string::String;

use protocols::time::Instant;
use wire::upper_tester::basic::Command as Basic;
use wire::upper_tester::life::Command as Life;
use wire::upper_tester::{Answer, Arguments, Command, CommandFault, ErrorCode, Installation, Line, Outcome, Request};

use super::{Device, FAREWELL};
use crate::life;
use crate::mechanism::{Context, Executed};
use crate::registry::{Charge, Services};
use crate::stack;

impl Device {
    /// Takes a line of the upper tester. What cannot be attributed to a sequence number is not answered.
    pub(super) fn receive_line(&mut self, now: Instant, text: &str) {
        let (seq, outcome) = match Line::parse(text) {
            Ok(Line::Request(request)) => {
                let seq = request.seq;
                let outcome = self.execute(now, request);
                // Events that a command brings about come before its answer.
                self.route(now);
                (seq, outcome)
            }
            Ok(_) => return,
            Err(_) => match Line::sequence_of_request(text) {
                Some(seq) => (seq, Outcome::Error(ErrorCode::Argument)),
                None => return,
            },
        };
        self.stack.tell.answer(now, Answer { seq, outcome });
    }

    fn execute(&mut self, now: Instant, request: Request) -> Outcome {
        let executed = match Command::from_request(&request) {
            Err(CommandFault::Argument(_)) => Some(Err(self.life.wrong_argument())),
            Ok(command) if !covers(&command) => None,
            Ok(command) => self.execute_known(now, &request, self.life.understood(command)),
            // Of a mechanism whose words `wire` does not know.
            Err(CommandFault::Unknown) => self.execute_above(now, &request),
        };
        match executed {
            Some(Ok(arguments)) => Outcome::Ok(arguments),
            Some(Err(code)) => Outcome::Error(code),
            None => Outcome::Unimplemented,
        }
    }

    fn execute_known(&mut self, now: Instant, request: &Request, command: Command) -> Option<Executed> {
        let done = Arguments::default();
        Some(match command {
            Command::Basic(Basic::Hello { nonce }) => Ok(self.hello(&nonce)),
            Command::Basic(Basic::Ping) => Ok(done),
            Command::Basic(Basic::Status) => Ok(self.status()),
            Command::Basic(Basic::Counters) => {
                Ok(self.stack.counters(|arguments| self.services.counters(self.charge.counters(arguments))))
            }
            Command::Life(Life::Install(site)) => {
                self.install(now, site, Installation::mechanism(request)).map(|()| done)
            }
            Command::Basic(Basic::Start) => {
                if self.life.given.installation.is_none() {
                    return Some(Err(ErrorCode::State));
                }
                if !self.stack.is_running() {
                    self.stack.start(now);
                } else if self.life.refuses_to_start() {
                    return Some(Err(ErrorCode::State));
                }
                Ok(done)
            }
            Command::Basic(Basic::Reset) => {
                self.stack.store_heard();
                self.reboot_by = Some(now);
                Ok(done)
            }
            Command::Life(Life::FactoryReset) => {
                self.factory_reset(now);
                Ok(done)
            }
            command => {
                let above = self.execute_above(now, request);
                return above.or_else(|| self.stack.command(now, &command)).or_else(|| match command {
                    Command::Life(command) => self.life.command(now, &mut self.stack, command),
                    // Of a mechanism that is there and has another one in charge.
                    command if Charge::owns(&command) => Some(Err(ErrorCode::State)),
                    _ => None,
                });
            }
        })
    }

    /// A command of the mechanism in charge, or of a service.
    fn execute_above(&mut self, now: Instant, request: &Request) -> Option<Executed> {
        let (charge, services, mut cx) = self.above(now);
        charge.command(&mut cx, request).or_else(|| services.command(&mut cx, request))
    }

    fn install(&mut self, now: Instant, site: Installation, mechanism: Option<&str>) -> Result<(), ErrorCode> {
        if mechanism.is_some_and(|name| !Charge::NAMES.contains(&name)) {
            return Err(ErrorCode::Argument);
        }
        self.life.install(&mut self.stack, site, mechanism.map(String::from))?;
        let Self { stack, charge, life, asleep, mutants, .. } = self;
        let mut cx = Context { now, stack, given: &life.given, unix_time_at_zero: life.unix_time_at_zero };
        charge.hand_over(life.given.mechanism.as_deref(), asleep, *mutants, &mut cx);
        Ok(())
    }

    /// Leaves the network, erases everything, and reboots as soon as the last frame has left.
    fn factory_reset(&mut self, now: Instant) {
        let (charge, _, mut cx) = self.above(now);
        charge.leave(&mut cx);
        self.stack.stop();
        let Self { stack, charge, services, life, asleep, .. } = self;
        life.erase(stack, || {
            charge.erase();
            services.erase();
            *asleep = crate::registry::Sections::default();
        });
        self.reboot_by = Some(now + FAREWELL);
    }

    fn hello(&self, nonce: &str) -> Arguments {
        let mut arguments = Arguments::default();
        let words: [(&str, &str); 6] = [
            ("nonce", nonce),
            ("protocol", "UT/1"),
            ("vendor", "bootrack"),
            ("firmware", "reference"),
            ("version", env!("CARGO_PKG_VERSION")),
            ("hash", env!("BOOTRACK_FIRMWARE_HASH")),
        ];
        for (key, value) in words {
            arguments.push(key, &value);
        }
        arguments.push("eui64", &self.stack.eui64());
        for (key, value) in
            [("roles", "6lr,6lbr"), ("features", &features()), ("state", self.life.introduced_as(self.state()))]
        {
            arguments.push(key, &value);
        }
        arguments
    }

    fn status(&self) -> Arguments {
        let arguments =
            Arguments::default().with("state", self.state()).with("secured", u8::from(self.stack.kept().is_keyed()));
        let arguments = self.charge.status(arguments, &self.stack);
        let arguments = self.services.status(arguments, &self.stack);
        let arguments = self.life.status(self.stack.neighbour_status(arguments));
        self.stack.address_status(arguments)
    }
}

/// The `features` of `hello`: who can key the device, what its life knows, and what each part can do besides.
fn features() -> String {
    let parts = [Charge::NAMES, Services::NAMES, life::FEATURES];
    let parts = parts.into_iter().chain(Charge::FEATURES.iter().copied()).chain([stack::FEATURES]);
    let mut names = String::new();
    for name in parts.flatten() {
        if !names.is_empty() {
            names.push(',');
        }
        names.push_str(name);
    }
    names
}

/// Whether the device can do what a command asks for. It answers `unimplemented` otherwise.
fn covers(command: &Command) -> bool {
    life::covers(command) && stack::covers(command) && Charge::covers(command) && Services::covers(command)
}

#[cfg(test)]
mod tests {
    use wire::upper_tester::table::{CommandInfo, KeyInfo, Kind, Required, command, features as known};

    use super::*;
    use crate::mechanism::Service;
    use crate::mechanism::tests::{Reflector, World};
    use crate::store::Store;

    /// A value of a kind.
    fn sample(kind: Kind) -> String {
        match kind {
            Kind::Words(words) => words[0].into(),
            Kind::Word | Kind::List | Kind::Text => "word".into(),
            Kind::Number { min, .. } => alloc::format!("{min}"),
            Kind::Flag => "0".into(),
            Kind::Eui64 => "0200000000000009".into(),
            Kind::Ipv6 => "fd00:c0::c7".into(),
            Kind::PanId => "0xb007".into(),
            Kind::Key => "0f".repeat(16),
            Kind::Hex { .. } => "0f".into(),
        }
    }

    /// The request that a row of the table means, with what it needs besides.
    fn asked(needed_by: &str) -> String {
        let (name, given) = needed_by.split_once(' ').unwrap_or((needed_by, ""));
        let (key, value) = given.split_once('=').unwrap_or((given, ""));
        let info: &CommandInfo = command(name).unwrap();
        let is_asked = |argument: &&KeyInfo| argument.name == key;
        let mut text = String::from(name);
        for argument in info.keys {
            // `ct=`, or `find=` in its place; a pre-shared key with the word for it.
            let is_replaced = argument.name == "ct" && key == "find";
            let is_needed = match argument.required {
                Required::Always => true,
                Required::Perhaps => false,
                Required::With(with) => with == given,
            };
            if is_asked(&argument) || is_needed && !is_replaced {
                let psk = "000102030405060708090a0b0c0d0e0f";
                let value = match argument.name {
                    own if own == key && !value.is_empty() => value.into(),
                    "psk" => psk.into(),
                    _ => sample(argument.kind),
                };
                text.push_str(&alloc::format!(" {}={value}", argument.name));
            }
        }
        text
    }

    #[test]
    fn what_hello_names_is_what_commands_find() {
        let names = features();
        for name in names.split(',').filter(|name| *name != Reflector::NAME) {
            assert!(known().any(|feature| feature.name == name), "{name} is in no table of UT/1");
        }
        let answer = |text: &str| World::boot(Store::default(), None).say(text);
        for feature in known() {
            let is_named = names.split(',').any(|name| name == feature.name);
            for needed in feature.needed_by {
                let (text, answer) = (asked(needed), answer(&asked(needed)));
                assert_ne!(answer, "error code=argument", "{text}");
                assert_eq!(answer != "unimplemented", is_named, "{text}: {answer}, and the feature {}", feature.name);
            }
        }
        assert_eq!(answer("vendor text=help"), "unimplemented");
    }
}
