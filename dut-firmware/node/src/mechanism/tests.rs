//! A service for tests, as a mechanism's author would write one, driven through a whole device: it sends back what comes to a
//! port, once it was told to, and keeps how often.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::Ipv6Addr;
use core::ops::RangeInclusive;
use core::time::Duration;

use protocols::time::Instant;
use wire::reader::Reader;
use wire::upper_tester::{Arguments, ErrorCode, Request};
use wire::{Eui64, Result};

use super::{Context, Executed, Service, Taken};
use crate::registry::{Charge, Services};
use crate::section::Section;
use crate::selected::Selected;
use crate::stack::{Class, Input, Peer, Stack, counters};
use crate::{Device, Hardware, Input as FromBoard, Output, Store, TransmitStatus};

const PORT: u16 = 4242;
const PAUSE: Duration = Duration::from_millis(100);

protocols::mutants! {
    ReflectorMute "reflector-mute" "TEST-1" "Sends nothing back."
}

counters! {
    reflected "Datagrams sent back."
}

/// How often it sent something back.
#[derive(Clone, Default)]
pub(crate) struct Kept(u32);

impl Section for Kept {
    const KINDS: &'static [RangeInclusive<u8>] = &[0xf0..=0xff];

    fn encode(&self, record: &mut dyn FnMut(u8, &[u8])) {
        if self.0 > 0 {
            record(0xf0, &self.0.to_be_bytes());
        }
    }

    fn decode(&mut self, _: u8, value: &mut Reader<'_>) -> Result<()> {
        self.0 = value.u32_be("reflections")?;
        Ok(())
    }
}

/// The service.
pub(crate) struct Reflector {
    mutant: Selected<Mutant>,
    kept: Kept,
    counters: Counters,
    is_on: bool,
    waiting: Vec<(Instant, Peer, Vec<u8>)>,
}

impl Service for Reflector {
    const NAME: &'static str = "reflector";
    type Kept = Kept;
    type Mutant = Mutant;

    fn boot(kept: Kept, mutant: Selected<Mutant>, _: &mut Context<'_>) -> Self {
        Self { mutant, kept, counters: Counters::default(), is_on: false, waiting: Vec::new() }
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }

    fn erase(&mut self) {
        self.kept = Kept::default();
    }

    fn handle(&mut self, cx: &mut Context<'_>, input: &Input) -> Taken {
        match input {
            Input::Udp { peer, port: PORT, payload } if self.is_on => {
                self.waiting.push((cx.now + PAUSE, *peer, payload.clone()));
                Taken::Yes
            }
            _ => Taken::No,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        for (at, peer, payload) in core::mem::take(&mut self.waiting) {
            if at > cx.now {
                self.waiting.push((at, peer, payload));
            } else if !self.mutant.is(Mutant::ReflectorMute) {
                cx.stack.send_udp(peer, PORT, payload, Class::Other);
                crate::stack::count(&mut self.counters.reflected);
                cx.stack.flash.record(|| self.kept.0 += 1);
                cx.stack.tell.event(cx.now, "reflected", Arguments::default().with("to", peer.address));
            }
        }
    }

    fn deadline(&self, _: &Stack) -> Option<Instant> {
        self.waiting.iter().map(|(at, ..)| *at).min()
    }

    fn command(&mut self, _: &mut Context<'_>, request: &Request) -> Option<Executed> {
        let on = (request.command == "reflect").then(|| request.arguments.get("on"))?;
        self.is_on = on == Some("1");
        Some(if on.is_some() { Ok(Arguments::default()) } else { Err(ErrorCode::Argument) })
    }

    fn status(&self, arguments: Arguments, _: &Stack) -> Arguments {
        arguments.with("reflected", self.kept.0)
    }

    fn counters(&self, arguments: Arguments) -> Arguments {
        self.counters.arguments(arguments, |arguments| arguments)
    }

    fn top_counters(arguments: Arguments) -> Arguments {
        Counters::top().arguments(arguments, |arguments| arguments)
    }
}

/// A 6LBR, which has a backbone to talk over and needs no other device.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) device: Device,
    /// What went over the backbone.
    pub(crate) packets: Vec<Vec<u8>>,
}

impl World {
    pub(crate) fn boot(store: Store, mutant: Option<crate::Mutant>) -> Self {
        let hardware = Hardware { eui64: Eui64([2, 0, 0, 0, 0, 0, 0, 1]), entropy_seed: [1; 32] };
        let now = Instant::ZERO;
        Self { now, device: Device::boot(hardware, store, now, mutant), packets: Vec::new() }
    }

    fn started(mutant: Option<crate::Mutant>) -> Self {
        let mut world = Self::boot(Store::default(), mutant);
        world.say("manufacture anchor=psk psk=000102030405060708090a0b0c0d0e0f");
        world.say("install role=6lbr channel=26 pan_id=0xb007 ct=fd00:c0::c7 trigger=selection");
        world.say("start");
        world
    }

    /// What the device says to a command.
    pub(crate) fn say(&mut self, command: &str) -> String {
        let line = alloc::format!("> 7 {command}\n");
        self.device.handle(self.now, FromBoard::UpperTester(line.as_bytes()));
        let said = self.run(Duration::ZERO);
        said.lines().find_map(|line| line.strip_prefix("< 7 ")).unwrap_or("nothing").into()
    }

    /// Lets time go by; what was said meanwhile.
    pub(crate) fn run(&mut self, time: Duration) -> String {
        let (end, mut said) = (self.now + time, String::new());
        loop {
            while let Some(output) = self.device.poll(self.now) {
                match output {
                    Output::UpperTester(octets) => said.push_str(core::str::from_utf8(&octets).unwrap()),
                    Output::Backbone(packet) => self.packets.push(packet),
                    Output::Transmit { handle, .. } => {
                        let status = TransmitStatus::Success;
                        self.device.handle(self.now, FromBoard::TransmitDone { handle, status });
                    }
                    _ => {}
                }
            }
            match self.device.deadline().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
        }
        self.now = end;
        said
    }

    /// A datagram from the backbone to the service.
    fn send(&mut self, payload: &[u8]) {
        let (from, to) = (Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 9), Ipv6Addr::new(0xfd00, 0xc0, 0, 0, 0, 0, 0, 1));
        let datagram = wire::udp::Datagram { source_port: 99, destination_port: PORT, payload: payload.to_vec() };
        let payload = datagram.to_vec(from, to).unwrap();
        let header = wire::ipv6::Header::new(from, to, wire::ipv6::NextHeader::UDP, 64);
        let packet = wire::ipv6::Packet { header, payload }.to_vec().unwrap();
        self.device.handle(self.now, FromBoard::Backbone(&packet));
    }
}

#[test]
fn a_service_is_driven_beside_the_mechanism_that_keys_the_device() {
    let mut world = World::started(None);
    assert!(world.say("hello nonce=00").contains("reflector,"), "its name is among the features");
    world.send(b"before");
    assert!(world.run(PAUSE * 2).contains("! received"), "nobody took it: the upper tester sees it");
    assert_eq!(world.say("reflect"), "error code=argument");
    assert_eq!(world.say("reflect on=1"), "ok");
    world.packets.clear();
    world.send(b"hello");
    assert!(world.run(PAUSE / 2).is_empty() && world.packets.is_empty(), "not yet");
    let said = world.run(PAUSE);
    assert!(said.contains("! reflected") && said.contains("to=fd00:c0::9"), "its deadline counts: {said}");
    assert!(world.packets[0].ends_with(b"hello"));
    assert!(world.say("status").contains(" reflected=1 neighbours=0"));
    assert!(world.say("counters").contains(" reflected=1 refused_no_key=0"));
    assert_eq!(world.say("unheard"), "unimplemented");
}

#[test]
fn what_a_service_keeps_survives_a_reset_and_no_factory_reset() {
    let mut world = World::started(None);
    world.say("reflect on=1");
    world.send(b"hello");
    world.run(PAUSE);
    let store = Store::decode(&world.device.store().encode()).unwrap();
    let mut world = World::boot(store, None);
    assert!(world.say("status").contains("reflected=1"));
    world.say("factory_reset");
    let mut world = World::boot(world.device.into_store(), None);
    assert!(world.say("status").contains("reflected=0"));
}

#[cfg(feature = "mutants")]
#[test]
fn a_mutant_of_a_service_is_one_of_the_device() {
    let mutant: crate::Mutant = "reflector-mute".parse().unwrap();
    assert!(crate::Mutant::ALL.contains(&mutant) && mutant.clause() == "TEST-1");
    let mut world = World::started(Some(mutant));
    world.say("reflect on=1");
    world.send(b"hello");
    assert!(world.run(PAUSE * 2).is_empty());
}

/// The mechanism in charge adds its counters, and each service; the service of this test only if `own`.
fn told(own: bool) -> Vec<Arguments> {
    let services = |arguments| {
        let others = Services::TOPS.iter().filter(|(name, _)| own || *name != Reflector::NAME);
        others.fold(arguments, |arguments, (_, top)| top(arguments))
    };
    let charges = Charge::TOPS.iter().map(|top| crate::stack::top_counters(|arguments| services(top(arguments))));
    charges.chain([crate::stack::top_counters(services)]).collect()
}

#[test]
fn all_counters_at_their_top_fit_into_a_line() {
    use wire::upper_tester::{Answer, Line};
    for arguments in told(true) {
        assert!(Line::Answer(Answer::ok(u32::MAX, arguments)).emit().is_ok());
    }
}

#[test]
fn each_counter_stands_in_the_table_of_ut_1() {
    let known = wire::upper_tester::table::command("counters").map(wire::upper_tester::table::answers).unwrap();
    for (name, _) in told(false).iter().flat_map(Arguments::iter) {
        assert!(known.clone().any(|key| key.name == name), "{name}");
    }
}

#[cfg(feature = "selective")]
#[test]
fn installation_may_say_who_keys_the_device() {
    let site = "install role=6lr channel=26 pan_id=0xb007 ct=fd00:c0::c7";
    let mut world = World::boot(Store::default(), None);
    assert_eq!(world.say(&alloc::format!("{site} mechanism=nobody-knows")), "error code=argument");
    assert_eq!(world.say(&alloc::format!("{site} mechanism=sel")), "ok");
    let mut world = World::boot(world.device.into_store(), None);
    assert!(world.say("status").contains("state=installed") && world.say("status").contains("jsr_sent="));
}
